"""The report of a training: which pictures it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from micrograd_dl.data.built_in import blobs, house_prices, moons
from micrograd_dl.training.experiment import train
from micrograd_dl.training.options import TrainingOptions
from viz.plots.report import not_of_this, write_report

PNG = b"\x89PNG"


@pytest.mark.parametrize("data", [moons(60), blobs(60, classes=3)])
def test_two_features_and_classes(data: object, tmp_path: Path) -> None:
    written = write_report(train(data, TrainingOptions(hidden=(4,), epochs=3)), tmp_path / "a" / "report")  # type: ignore[arg-type]  # a Dataset
    assert [path.name for path in written] == ["cost.png", "network.png", "boundary.png"]
    assert all(path.read_bytes()[:4] == PNG for path in written)


def test_what_is_not_drawn_is_not_touched(tmp_path: Path) -> None:
    """Numbers have no boundary; one that is there is of an earlier report, or the user's own."""
    for name in ("cost.png", "boundary.png", "notes.txt"):
        (tmp_path / name).write_text("precious")
    written = write_report(train(house_prices(), TrainingOptions(hidden=(3,), epochs=3)), tmp_path)
    assert [path.name for path in written] == ["cost.png", "network.png", "curve.png"]
    assert all(path.read_bytes()[:4] == PNG for path in written)
    assert (tmp_path / "boundary.png").read_text() == (tmp_path / "notes.txt").read_text() == "precious"
    assert not_of_this(written) == [tmp_path / "boundary.png"]
    (tmp_path / "boundary.png").unlink()
    assert not_of_this(written) == []
