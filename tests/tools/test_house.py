"""The table of the house counts what it says."""

from __future__ import annotations

import pytest

from tools import house
from tools.house import Measure


def test_lines_are_counted() -> None:
    here = house.files("tests/tools/test_house.py")
    assert [path.name for path in here] == ["test_house.py"]
    assert house.lines(here) == len(here[0].read_text(encoding="utf-8").splitlines())


def test_a_number_over_its_limit_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(house, "measured", lambda: [Measure("rooms", 20, 20), Measure("files", 8, 7)])
    assert house.main() == 1
    rooms, files = capsys.readouterr().out.splitlines()
    assert "TOO LARGE" in files
    assert "TOO LARGE" not in rooms
