"""Tables, ratios, the file of results and the plots."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import page
from benchmarks.records import Record, load, preparations, ratios, record, save, table, trainings

RECORDS = [
    record("eager", "MLP loss", "micrograd", (100, 1), [2e-4, 3e-4, 1e-4], note="†"),
    record("eager", "MLP loss", "micrograd", (1000, 1), [2e-2], preparation=0.25),
    record("eager", "MLP loss", "ours", (100, 1), [1e-5]),
    record("eager", "chain", "ours", (10, 1), [1e-5]),
]


def test_tables() -> None:
    assert list(table(RECORDS[:3], "nodes", "ns")) == [
        "| ns | 100 | 1,000 |",
        "|---|--:|--:|",
        "| micrograd | 2,000 (1,000 to 3,000) † | 20,000 |",
        "| ours | 100 |  |",
    ]
    assert list(ratios(RECORDS[:3], "nodes", "ours"))[2:] == ["| micrograd | 20 |  |"]
    assert list(preparations(RECORDS[:3]))[2:] == ["| micrograd | 0 | 0.25 |", "| ours | 0 |  |"]


def test_the_file_keeps_what_is_not_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    assert load(path) == []
    save(path, RECORDS)
    again = record("eager", "chain", "ours", (10, 1), [2e-5])
    save(path, [again])
    assert load(path) == [RECORDS[0], RECORDS[2], RECORDS[1], again]  # by size, then as they were measured


def test_whoever_was_stopped_this_time_is_not_compared_with_the_last(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    slow, fast = (record("eager", "chain", name, (10, 1), [1e-5]) for name in ("slow", "fast"))
    save(path, [slow, fast])
    save(path, [fast])
    assert load(path) == [fast]


def test_a_page_has_its_tables_and_pictures_from_the_file(tmp_path: Path) -> None:
    demo = Record("demo", "moons", "ours", 1, 1, 1e9, 2e9, 3e9)
    save(tmp_path / "speed.json", [*RECORDS, demo])
    text = "Times:\n\n{}\nand prose; | no table |\n"
    shown = {
        "<!-- eager: MLP loss; ns a node -->": table(RECORDS[:3], "nodes", "ns a node"),
        "<!-- eager: MLP loss; times as long as ours -->": ratios(RECORDS[:3], "nodes", "ours"),
        "<!-- eager: MLP loss; s to prepare -->": preparations(RECORDS[:3]),
        "<!-- demo: moons; the whole training -->": trainings([demo]),
    }
    path = tmp_path / "performance.md"
    path.write_text(text.format("\n\n".join(f"{comment}\n| old |\n| older |" for comment in shown) + "\n"))
    wanted = "\n\n".join("\n".join([comment, *lines]) for comment, lines in shown.items())
    for _ in range(2):  # the second time nothing changes
        page.main(tmp_path)
        assert path.read_text() == text.format(wanted + "\n")
    assert [path.name for path in tmp_path.glob("*.png")] == ["speed_eager.png"]  # of sections with sizes
    assert (tmp_path / "speed_eager.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="no result of eager: a tree: measure it, or take its table out"):
        page.written("<!-- eager: a tree; ns a node -->\n", RECORDS)


def test_the_tables_of_docs_are_those_of_the_file() -> None:
    docs = Path(__file__).parents[2] / "docs"
    text = (docs / "performance.md").read_text("utf-8")
    assert page.written(text, load(docs / "speed.json")) == text
