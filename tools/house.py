"""How large the house is, held to what it may be: ``python -m tools.house``.

Prints a line for every number and exits with 1 if one of them is over its limit.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


def files(*places: str) -> list[Path]:
    """The Python files in these folders and below, and those named."""
    found = [ROOT / place for place in places]
    return sorted(path for place in found for path in ([place] if place.is_file() else place.rglob("*.py")))


def lines(paths: Iterable[Path]) -> int:
    """The number of lines, blank ones and comments included."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


class Measure(NamedTuple):
    """A number, the most that it may be, and the goal where that is lower."""

    what: str
    number: int
    most: int
    goal: int | None = None


def measured() -> list[Measure]:
    """Everything that is measured. Where a goal is not reached, what was reached may not be lost again."""
    shortcuts = files("micrograd_dl/engine/shortcuts.py")
    engine = [path for path in files("micrograd_dl/engine") if path not in shortcuts]
    product = files("micrograd_dl", "viz")
    rooms = {path.parent for path in product} - {ROOT / "micrograd_dl"}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return [
        Measure("lines of the engine, its table included", lines(engine), 1_000),
        Measure("files of the engine", len(engine), 7),
        Measure("lines of the engine's shortcuts", lines(shortcuts), 310, goal=250),
        Measure(
            "lines of foundation/, below the engine",
            lines(files("micrograd_dl/foundation")),
            1_320,
            goal=1_300,
        ),
        Measure("lines of vectorized/", lines(files("micrograd_dl/vectorized")), 511, goal=500),
        Measure("rooms: folders of micrograd_dl/ and viz/", len(rooms), 20),
        Measure("lines of micrograd_dl/ and viz/", lines(product), 25_900, goal=17_000),
        Measure("lines of tests/", lines(files("tests")), 25_000, goal=17_000),
        Measure("words of README.md", len(readme.split()), 700),
        Measure("pictures in README.md", len(re.findall(r"!\[", readme)), 3),
    ]


def main() -> int:
    """Print the table."""
    over = 0
    for what, number, most, goal in measured():
        over += number > most
        rest = (
            "   TOO LARGE" if number > most else f"; the goal is {goal:,}" if goal and number > goal else ""
        )
        print(f"{what:<45} {number:>7,} of at most {most:>6,}{rest}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
