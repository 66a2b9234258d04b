"""The command ``lesson``: run a lesson of the course, a program of its own under ``examples/``."""

from __future__ import annotations

import argparse
import ast
import re
import sys
import textwrap
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from micrograd_dl.cli.parser import Parser
from micrograd_dl.cli.terminal import write
from micrograd_dl.foundation.lookup import look_up


class Lesson(NamedTuple):
    """A lesson, as its file describes it: its docstring has a paragraph for each."""

    path: Path
    about: str
    setup: str  # what is computed
    because: str  # why the result is as it is
    next: str  # the lesson after it; the last has none
    has_picture: bool  # whether it has a function `picture`

    @property
    def section(self) -> int:
        """The section of the course; lessons without one come last."""
        match = re.search(r"course, sections? (\d+)", self.about)
        return int(match[1]) if match else _BEYOND


_BEYOND = 100
# The first section of each level.
_LEVELS = {
    2: "First steps",
    5: "Training deep networks",
    9: "Searching and tuning",
    _BEYOND: "Beyond the course",
}


def lessons() -> dict[str, Lesson]:
    """All lessons by name, in order: the files of ``examples/``, of a checkout or the installed package."""
    package = Path(__file__).parents[1]
    installed = package / "examples"
    folder = installed if installed.is_dir() else package.parent / "examples"
    found = {path.stem: _read(path) for path in sorted(folder.glob("*.py"))}
    [name] = found.keys() - {
        lesson.next for lesson in found.values()
    }  # the first, which none has as its next
    in_order = {}
    while name:
        in_order[name] = found[name]
        name = found[name].next
    return in_order


def _read(path: Path) -> Lesson:
    tree = ast.parse(path.read_bytes())
    about, *paragraphs = (" ".join(text.split()) for text in (ast.get_docstring(tree) or "").split("\n\n"))
    said = {"Because": "", "Next": ""}
    setup = []
    for text in paragraphs:
        kind, _, rest = text.partition(": ")
        if kind in said:
            said[kind] = rest
        else:
            setup.append(text)
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    has_picture = "picture" in functions
    return Lesson(path, about.rstrip("."), " ".join(setup), said["Because"], said["Next"], has_picture)


def load_lesson(name: str) -> ModuleType:
    """The module of a lesson."""
    loader = SourceFileLoader(f"lesson_{name}", str(lessons()[name].path))
    module = ModuleType(loader.name)
    loader.exec_module(module)
    return module


def add_options(parser: Parser) -> None:
    """Add the command's options and its help."""
    parser.description = "Run a lesson of the course. Without NAME, the lessons are listed."
    parser.add_argument("name", metavar="NAME", nargs="?", help="of the lesson")
    parser.add_argument("-o", "--output", metavar="FILE", help="save its picture, a .png, .svg or .pdf")
    parser.add_argument("--source", action="store_true", help="show its program instead of running it")
    parser.add_argument("--edit", action="store_true", help="copy its program into the current folder")


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
    from micrograd_dl.viz import plots

    if options.name is None:
        if options.output is not None or options.source or options.edit:
            raise ValueError("say which lesson it is: lesson NAME -o FILE, --source or --edit")
        _list()
        return 0
    name = options.name.replace("-", "_")
    lesson = look_up(name, lessons(), "lesson")
    if options.source:
        write(lesson.path.read_text(encoding="utf-8").rstrip())
        return 0
    if options.edit:
        copy = Path(f"{name}.py")
        with copy.open("x", encoding="utf-8") as file:  # what is there is not overwritten
            file.write(lesson.path.read_text(encoding="utf-8"))
        write(f"Change {copy} as you like, and run it: {Path(sys.executable).name} {copy}")
        return 0
    if options.output is not None:
        if not lesson.has_picture:
            raise ValueError(f"the lesson {name} has no picture: leave out -o")
        plots.require_picture(options.output)
    module = load_lesson(name)
    write(textwrap.fill(f"{lesson.about}.", 100), textwrap.fill(lesson.setup, 100), "")
    module.main()
    if options.output is not None:
        write(f"\nThe picture is in {plots.save(module.picture(), options.output)}.")
    write("", textwrap.fill(f"Because: {lesson.because}", 100))
    if lesson.next:
        write(f"Next: micrograd-dl lesson {lesson.next}")
    return 0


def _list() -> None:
    write("The lessons, in order; -o FILE saves the [picture] of those that have one:")
    levels = dict(_LEVELS)
    for name, lesson in lessons().items():
        for first in [section for section in levels if section <= lesson.section]:
            write("", levels.pop(first))
        text = f"{lesson.about}{' [picture]' * lesson.has_picture}"
        write(textwrap.fill(text, 80, initial_indent=f"  {name:<20} ", subsequent_indent=" " * 23))
