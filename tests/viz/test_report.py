"""The report of a training: which pictures it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from micrograd_dl.data.built_in import blobs, house_prices, moons
from micrograd_dl.training.experiment import train
from viz.report import write_report

PNG = b"\x89PNG"


@pytest.mark.parametrize("data", [moons(60), blobs(60, classes=3)])
def test_two_features_and_classes(data: object, tmp_path: Path) -> None:
    written = write_report(train(data, [4], epochs=3), tmp_path / "a" / "report")  # type: ignore[arg-type]  # a Dataset
    assert [path.name for path in written] == ["cost.png", "network.png", "boundary.png"]
    assert all(path.read_bytes()[:4] == PNG for path in written)


def test_numbers_have_no_boundary(tmp_path: Path) -> None:
    for name in ("boundary.png", "notes.txt"):  # of an earlier report, and the user's own
        (tmp_path / name).touch()
    written = write_report(train(house_prices(), [3], epochs=3), tmp_path)
    assert [path.name for path in written] == ["cost.png", "network.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cost.png", "network.png", "notes.txt"]
