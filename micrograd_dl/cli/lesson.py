"""The command ``lesson``: run a lesson of the course, a program of its own under ``examples/``."""

from __future__ import annotations

import argparse
import ast
import re
import textwrap
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from micrograd_dl.cli.parser import Parser
from micrograd_dl.cli.terminal import write
from micrograd_dl.foundation.lookup import look_up


class Lesson(NamedTuple):
    """A lesson, as its file describes it."""

    path: Path
    about: str  # the first line of its docstring
    has_picture: bool  # whether it has a function `picture`


def lessons() -> dict[str, Lesson]:
    """All lessons by name: the files of ``examples/``, in a checkout or in the installed package."""
    package = Path(__file__).parents[1]
    installed = package / "examples"
    folder = installed if installed.is_dir() else package.parent / "examples"
    found = []
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_bytes())
        about = (ast.get_docstring(tree) or "").partition("\n")[0].rstrip(".")
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        section = re.search(r"course, sections? (\d+)", about)  # lessons without one come last
        found.append((int(section[1]) if section else 100, Lesson(path, about, "picture" in functions)))
    return {lesson.path.stem: lesson for _, lesson in sorted(found, key=lambda item: item[0])}


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


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
    from micrograd_dl.viz import plots

    if options.name is None:
        if options.output is not None:
            raise ValueError("say which lesson the picture is of: lesson NAME -o FILE")
        write("The lessons; -o FILE saves the [picture] of those that have one:")
        for name, (_, about, has_picture) in lessons().items():
            text = about + " [picture]" * has_picture
            write(textwrap.fill(text, 80, initial_indent=f"  {name:<20} ", subsequent_indent=" " * 23))
        return 0
    name = options.name.replace("-", "_")
    found = look_up(name, lessons(), "lesson")
    if options.output is not None:
        if not found.has_picture:
            raise ValueError(f"the lesson {name} has no picture: leave out -o")
        plots.require_picture(options.output)
    module = load_lesson(name)
    module.main()
    if options.output is not None:
        write(f"\nThe picture is in {plots.save(module.picture(), options.output)}.")
    return 0
