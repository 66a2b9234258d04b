"""The tables and pictures of docs/performance.md, from the file of results: ``python -m benchmarks.page``.

Each table stands below a comment that says what it shows: ``<!-- SECTION: TASK; WHAT -->``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.charts import PICTURES, picture
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


def main(docs: Path = Path("docs")) -> None:
    """Write the tables into the page, and the pictures beside it."""
    records = load(docs / "speed.json")
    page = docs / "performance.md"
    page.write_text(written(page.read_text("utf-8"), records), "utf-8")
    for section in PICTURES:
        if those := [r for r in records if r.section == section]:
            picture(section, those, docs / f"speed_{section}.png")


if __name__ == "__main__":
    main()
