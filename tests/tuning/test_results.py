"""Results on the disk, whatever happens to the file."""

from __future__ import annotations

import errno
import json
import math
import os
from pathlib import Path

import pytest

from micrograd_dl.tuning.results import Results, Verdict

ABOUT = {"seed": 0, "space": {"a": "Range"}}
ENTRIES = {
    (1, 1, 1): Verdict(0.1, 0.2, 5),
    (1, 2, 1): Verdict(math.inf, math.inf, 5, "it diverged\nin epoch 2"),
    (2, 1, 3): Verdict(1e-17, 1 / 3, 7),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "t.jsonl"
    results = Results(path, ABOUT)
    for key, verdict in ENTRIES.items():
        results.add(key, verdict, {"hidden": (16, 8)})
    return path


def test_what_is_written_is_read(path: Path) -> None:
    assert Results(path, ABOUT).verdicts == ENTRIES
    _, first, second, _ = [json.loads(line) for line in path.read_text().splitlines()]
    assert first == {
        "round": 1, "trial": 1, "rung": 1, "error": 0.1, "loss": 0.2, "epochs": 5, "problem": "",
        "options": {"hidden": [16, 8]},
    }  # fmt: skip
    assert second["error"] is None


def test_a_line_cut_short_anywhere_is_dropped(path: Path) -> None:
    content = path.read_bytes()
    last = content.rstrip(b"\n").rindex(b"\n") + 1
    for end in range(last, len(content)):
        path.write_bytes(content[:end])
        results = Results(path, ABOUT)
        assert results.verdicts == dict(list(ENTRIES.items())[:2])
        results.add((2, 1, 3), ENTRIES[2, 1, 3], {"hidden": (16, 8)})
        assert path.read_bytes() == content


def test_a_file_cut_short_in_its_first_line_is_begun_anew(path: Path) -> None:
    first = path.read_bytes().partition(b"\n")[0]
    for end in range(0, len(first), 5):
        path.write_bytes(first[:end])
        assert Results(path, ABOUT).verdicts == {}
        assert path.read_bytes() == first + b"\n"


def test_a_full_disk_is_said_with_the_name_of_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    results = Results(path, ABOUT)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*t.jsonl'"):
        results.add((3, 1, 1), Verdict(0, 0, 1), {})


def test_another_search_is_refused_and_its_file_left(path: Path) -> None:
    content = path.read_bytes()
    with pytest.raises(ValueError, match=r"t.jsonl holds another search: its seed is 0, not 1; search as"):
        Results(path, {**ABOUT, "seed": 1})
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "content", ["x,y\n1,2\n", "[1]\n", '{"format": "other"}\n', "no end of line", "\xff\n"]
)
def test_a_file_of_another_kind_is_refused_and_left(content: str, path: Path) -> None:
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match="does not hold the results of a search: give another name"):
        Results(path, ABOUT)
    assert path.read_text(encoding="latin-1") == content


@pytest.mark.parametrize(
    "line", ["{}", "nonsense", "[]", '{"round": 1, "trial": 1, "rung": 1, "error": "x"}']
)
def test_a_damaged_line_in_the_middle_is_named(line: str, path: Path) -> None:
    lines = path.read_text().splitlines()
    lines[2] = line
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match=r"t.jsonl, line 3: it is not the result of a trial: delete"):
        Results(path, ABOUT)
