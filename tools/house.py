"""How large the house is, held to what it may be: ``python -m tools.house``.

Prints a line for every number and exits with 1 if one of them is over its limit.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent


def files(*places: str) -> list[Path]:
    """The Python files in these folders and below, and those named."""
    found = [ROOT / place for place in places]
    return sorted(path for place in found for path in ([place] if place.is_file() else place.rglob("*.py")))


def lines(paths: Iterable[Path]) -> int:
    """The number of lines, blank ones and comments included."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def measured() -> list[tuple[str, int, int]]:
    """What is measured, its number, and the most that it may be."""
    shortcuts = files("micrograd_dl/engine/shortcuts.py")
    engine = [path for path in files("micrograd_dl/engine") if path not in shortcuts]
    product = files("micrograd_dl", "viz")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return [
        ("lines of the engine, its table included", lines(engine), 1_000),
        ("files of the engine", len(engine), 7),
        ("lines of the engine's shortcuts", lines(shortcuts), 250),
        ("lines of vectorized/", lines(files("micrograd_dl/vectorized")), 500),
        (
            "rooms: folders of micrograd_dl/ and viz/",
            len({path.parent for path in product} - {ROOT / "micrograd_dl"}),
            20,
        ),
        ("lines of micrograd_dl/ and viz/", lines(product), 17_000),
        ("lines of tests/", lines(files("tests")), 17_000),
        ("words of README.md", len(readme.split()), 700),
        ("pictures in README.md", len(re.findall(r"!\[", readme)), 3),
    ]


def main() -> int:
    """Print the table."""
    over = 0
    for what, number, most in measured():
        over += number > most
        print(f"{what:<45} {number:>7,} of at most {most:>7,}{'' if number <= most else '   TOO LARGE'}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
