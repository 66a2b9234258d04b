"""The command ``lesson``: run a lesson of the course, a program of its own under ``examples/``."""

from __future__ import annotations

import argparse
import ast
import importlib.util
import re
import textwrap
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from micrograd_dl.cli.parser import Parser
from micrograd_dl.cli.terminal import write
from micrograd_dl.output.files import require_place
from micrograd_dl.output.lookup import did_you_mean


class Lesson(NamedTuple):
    """A lesson, as its file describes it."""

    path: Path
    about: str  # the first line of its docstring
    has_picture: bool  # whether it has a function `picture`


def lessons() -> dict[str, Lesson]:
    """All lessons by name: the files of ``examples/``, of a checkout or, if installed, in the package."""
    package = Path(__file__).parents[1]
    installed = package / "examples"
    folder = installed if installed.is_dir() else package.parent / "examples"
    found = {path.stem: _read(path) for path in sorted(folder.glob("*.py"))}

    def section(name: str) -> int:
        """Of the course; lessons of none come last."""
        match = re.search(r"course, sections? (\d+)", found[name].about)
        return int(match[1]) if match else 100

    return {name: found[name] for name in sorted(found, key=section)}


def _read(path: Path) -> Lesson:
    tree = ast.parse(path.read_bytes())
    about = (ast.get_docstring(tree) or "").partition("\n")[0].rstrip(".")
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return Lesson(path, about, "picture" in functions)


def load_lesson(name: str) -> ModuleType:
    """The module of a lesson."""
    spec = importlib.util.spec_from_file_location(f"lesson_{name}", lessons()[name].path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lesson_list() -> str:
    """What each lesson is about."""
    lines = []
    for name, lesson in lessons().items():
        text = f"{lesson.about}{' [picture]' * lesson.has_picture}"
        lines += textwrap.wrap(text, 80, initial_indent=f"  {name:<20} ", subsequent_indent=" " * 23)
    return "\n".join(["The lessons; -o FILE saves the [picture] of those that have one:", *lines])


def add_options(parser: Parser) -> None:
    """Add the command's options and its help."""
    parser.description = "Run a lesson of the course. Without NAME, the lessons are listed."
    parser.add_argument("name", metavar="NAME", nargs="?", help="of the lesson")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="save its picture, such as xor.png, .svg or .pdf"
    )


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
    if options.name is None:
        if options.output is not None:
            raise ValueError("say which lesson the picture is of: lesson NAME -o FILE")
        write(lesson_list())
        return 0
    name = options.name.replace("-", "_")
    if name not in (known := lessons()):
        near = did_you_mean(name, known) or f": choose one of {', '.join(known)}"
        raise ValueError(f"there is no lesson {name}{near}")
    if options.output is not None:
        if not known[name].has_picture:
            raise ValueError(f"the lesson {name} has no picture: leave out -o")
        require_picture(options.output)
    lesson = load_lesson(name)
    lesson.main()
    if options.output is not None:
        from micrograd_dl.viz import plots

        write(f"\nThe picture is in {plots.save(lesson.picture(), options.output)}.")
    return 0


def require_picture(path: str) -> None:
    """Raise ValueError, OSError or ModuleNotFoundError if no picture of that name could be saved."""
    from micrograd_dl.viz import plots

    if Path(path).suffix.lower() not in (".svg", ".png", ".pdf"):
        raise ValueError(f"a figure is saved as .svg, .png or .pdf, not as {path!r}")
    require_place(path)
    plots.require_matplotlib()
