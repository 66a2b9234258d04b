"""What docs/course.md names is there: files, names, lessons, commands, tests; no lesson is left out.

The tests that it names are looked up, not run.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from micrograd_dl.cli.lesson import lessons
from micrograd_dl.cli.main import main

COURSE = Path(__file__).parent.parent / "docs" / "course.md"
LINK = re.compile(r"\[`?([^\]`]+)`?\]\(([^)#]+)\)")
# A link and what follows it up to the next one: `names` in that file, or `::tests` of it.
LINK_AND_MORE = re.compile(LINK.pattern + r"([^\[]*)")


class Row(NamedTuple):
    """A row of a table; its cells as Markdown."""

    says: str
    where: str
    example: str
    test: str


def rows(text: str) -> list[Row]:
    """Every row but the headings; an escaped `|` does not end a cell."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [Row(*found) for found in cells if found[0] != "the course says"]


ROWS = rows(COURSE.read_text(encoding="utf-8"))
each_row = pytest.mark.parametrize("row", ROWS, ids=[row.says[:60] for row in ROWS])


@cache
def linked(path: str) -> str:
    """The text of a file that is linked to."""
    return (COURSE.parent / path).read_text(encoding="utf-8")


@cache
def functions_of(path: str) -> set[str]:
    return {node.name for node in ast.parse(linked(path)).body if isinstance(node, ast.FunctionDef)}


@cache
def is_command(name: str) -> bool:
    try:
        return main([name, "--help"]) == 0
    except SystemExit as end:
        return end.code == 0


@each_row
def test_a_row_names_files_names_examples_and_tests_that_are_there(row: Row) -> None:
    assert row.says
    assert LINK.search(row.where), "it says where it lives"
    assert re.search(r"\w", row.example), "it says which example shows it"
    assert "::test_" in row.test, "it says which test proves it"
    for _, path in LINK.findall(row.where + row.example + row.test):
        assert (COURSE.parent / path).is_file(), f"there is no {path}"
    for name, path, more in LINK_AND_MORE.findall(row.where):
        assert path.endswith(f"/{name}"), f"{name} is a link to {path}"
        for word in re.findall(r"`(\w+)`", more):
            assert re.search(rf"\b{word}\b", linked(path)), f"{path} has no {word}"
    for name, path, more in LINK_AND_MORE.findall(row.test):
        file, _, first = name.partition("::")
        assert path.endswith(f"/{file}"), f"{name} is a link to {path}"
        for test in (first, *re.findall(r"`::(\w+)`", more)):
            assert test in functions_of(path), f"{path} has no {test}"
    for name, path in LINK.findall(row.example):
        if name.startswith("lesson "):
            lesson = name.removeprefix("lesson ")
            assert lesson in lessons()
            assert path == f"../examples/{lesson}.py"
    for command in re.findall(r"`micrograd-dl (\w+)", row.example):
        assert is_command(command), f"there is no command {command}"


@pytest.mark.parametrize("lesson", lessons())
def test_every_lesson_has_a_row(lesson: str) -> None:
    assert any(f"[`lesson {lesson}`]" in row.example for row in ROWS), f"no row shows the lesson {lesson}"


def test_cells_and_links_are_read() -> None:
    text = "# Title\n\n| the course says | b | c | d |\n|---|---|---|---|\n| `\\|W\\|` | a | b | c |\n"
    assert rows(text) == [Row("`\\|W\\|`", "a", "b", "c")]
    text = "[`a.py`](../a.py) `f`, `g`, [`t.py::test_x`](../t.py), `::test_y`"
    found = [("a.py", "../a.py", " `f`, `g`, "), ("t.py::test_x", "../t.py", ", `::test_y`")]
    assert LINK_AND_MORE.findall(text) == found
