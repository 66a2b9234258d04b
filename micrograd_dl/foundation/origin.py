"""Where a node was created: a line of a program or of a notebook, or a span of a parsed expression."""

from __future__ import annotations

import linecache
import re
import sys
from dataclasses import dataclass
from functools import cache
from itertools import islice
from types import CodeType, FrameType
from typing import Any


@dataclass(frozen=True, slots=True)
class Origin:
    """The place that created a node."""

    file: str  # the file's name as Python knows it, or "<expression>"
    line: int  # from 1
    column: int = 0  # where on that line the operation begins, from 0
    end: int = 0  # where it ends; both are 0 if unknown
    text: str = ""  # the line; empty where the source cannot be had, as at the prompt before Python 3.13
    cell: str = ""  # what made it in a notebook, "cell 3" or "a cell" (those of marimo have no numbers)

    @property
    def fragment(self) -> str:
        """The part of the line that made the node, or the whole line where that is unknown."""
        return self.text[self.column : self.end] or self.text.strip()

    def __str__(self) -> str:
        where = f"{self.cell}, line {self.line}" if self.cell else f"{self.file}:{self.line}"
        return f"{where}: {self.fragment}" if self.fragment else where


@dataclass(frozen=True, slots=True)
class TextSpan:
    """The characters ``text[start:end]`` of an expression: what the parser leaves on the nodes it makes."""

    text: str
    start: int
    end: int


def set_origin(node: Any, text: str, start: int, end: int) -> None:
    """Say that ``text[start:end]`` of an expression made `node`."""
    node._where, node._at = TextSpan(text, start, end), 0


def note_origin(node: Any) -> None:
    """Note on a new node the innermost code outside this package as what made it."""
    frame = outside(sys._getframe(1))
    node._where, node._at = frame.f_code, frame.f_lasti


def outside(frame: FrameType) -> FrameType:
    """The innermost frame outside this package, which makes nodes; or the outermost if all are inside."""
    while is_inside(frame.f_globals.get("__package__")) and frame.f_back is not None:
        frame = frame.f_back
    return frame


@cache
def is_inside(package: str | None) -> bool:
    """Whether the code of a package of that name is this package's own."""
    return f"{package}.".startswith("micrograd_dl.")


def resolve(where: CodeType | TextSpan | None, instruction: int) -> Origin | None:
    """The origin of a node from what it noted when it was made: code and instruction, or a span of text."""
    if not isinstance(where, TextSpan):
        return None if where is None else _in_code(where, instruction)
    before, rest = where.text[: where.start], where.text[where.start :]
    column = len(before) - (before.rfind("\n") + 1)
    line = before[len(before) - column :] + rest.partition("\n")[0]
    end = min(column + where.end - where.start, len(line))
    return Origin("<expression>", before.count("\n") + 1, column, end, line)


def _in_code(code: CodeType, instruction: int) -> Origin:
    # Instructions are two bytes each; co_positions gives one position an instruction.
    line, end_line, column, end = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    file, number, cell = code.co_filename, line or code.co_firstlineno, _cell(code.co_filename)
    text = linecache.getline(file, number).rstrip("\n")
    # A notebook of marimo that runs as a program has the columns of its cells as they were before they were
    # indented in the file: they name other characters there.
    moved = "marimo" in sys.modules and not cell and text[:1].isspace()
    if not text or column is None or end is None or moved:
        return Origin(file, number, text=text, cell=cell)
    # Python counts columns in bytes of UTF-8.
    encoded = text.encode()
    start = len(encoded[:column].decode(errors="replace"))
    stop = len(encoded[:end].decode(errors="replace")) if end_line == line else len(text)
    return Origin(file, number, start, stop, text, cell)


def _cell(file: str) -> str:
    """The cell of a notebook that Python knows as `file`: by the number of its last run."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    found = shell.compile.format_code_name(file) if shell else None  # such as ("Cell", "In[3]")
    if found and (count := re.search(r"\d+", found[1])):
        return f"cell {count[0]}"
    return "a cell" if "__marimo__cell_" in file else ""
