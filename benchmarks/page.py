"""The tables of a page, from the file of results: ``python -m benchmarks.page FILE.json PAGE.md``.

Each table stands below a comment that says what it shows: ``<!-- SECTION: TASK; WHAT -->``.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.charts import PICTURES
from benchmarks.records import Record, load, preparations, ratios, table, trainings

PLACE = re.compile(r"(<!-- (eager|replay|columns|demo): (.+?); (.+?) -->\n)((?:\|.*\n)*)")
RATIO = "times as long as "


def lines(section: str, task: str, what: str, records: Sequence[Record]) -> Iterable[str]:
    """One table: ``s to prepare``, ``the whole training``, ``times as long as SOMEBODY``, or times.

    Raises:
        ValueError: nothing of that task was measured.
    """
    those = [r for r in records if (r.section, r.task) == (section, task)]
    if not those:
        raise ValueError(f"there is no result of {section}: {task}: measure it, or take its table out")
    if what == "s to prepare":
        return preparations(those)
    if what == "the whole training":
        return trainings(those)
    across = PICTURES[section][0]
    if what.startswith(RATIO):
        return ratios(those, across, what.removeprefix(RATIO))
    return table(those, across, what)


def written(text: str, records: Sequence[Record]) -> str:
    """The text of a page with the tables that the records give."""

    def place(found: re.Match[str]) -> str:
        comment, section, task, what, _ = found.groups()
        return comment + "".join(f"{line}\n" for line in lines(section, task, what, records))

    return PLACE.sub(place, text)


def main() -> None:
    """Write the tables into the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("file", type=Path, help="as `python -m benchmarks --save` writes it")
    parser.add_argument("page", type=Path, help="a page in Markdown with such comments")
    arguments = parser.parse_args()
    text = arguments.page.read_text("utf-8")
    arguments.page.write_text(written(text, load(arguments.file)), "utf-8")
    print(f"{len(PLACE.findall(text))} tables of {arguments.page} are those of {arguments.file}.")


if __name__ == "__main__":
    main()
