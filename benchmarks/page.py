"""The tables and pictures of docs/performance.md, from the file of results: ``python -m benchmarks.page``.

Each table stands below a comment that says what it shows: ``<!-- SECTION: TASK; WHAT -->``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.records import Record, load, preparations, ratios, table, trainings
from viz.plots.figures import log_scale, name_lines

# section -> what is across, the labels of both axes
PICTURES = {
    "eager": ("nodes", "nodes of the graph", "ns a node: build, backpropagate, free"),
    "replay": ("nodes", "nodes of the graph", "ns a node: forward and backward"),
    "columns": ("columns", "columns m", "ns a node and column: forward, backward, update"),
}
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


def draw(axes: Any, title: str, records: Sequence[Record], across: str) -> None:
    """The lines of one task."""
    points: dict[str, list[tuple[int, float]]] = {}
    for r in sorted(records, key=lambda r: getattr(r, across)):
        points.setdefault(r.contestant, []).append((getattr(r, across), r.median))
    drawn = []
    for name in dict.fromkeys(r.contestant for r in records):
        width = 2.4 if name.startswith("micrograd_dl") else 1.4
        drawn += axes.plot(*zip(*points[name], strict=True), "o-", lw=width, ms=4, label=name)
    axes.set(xscale="log", title=title)
    axes.grid(color="#dee2e6", lw=0.6)
    log_scale(axes)
    name_lines(axes, drawn)


def picture(section: str, records: Sequence[Record], path: Path) -> None:
    """A PNG: one pair of axes for each task that has several sizes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across, x_label, y_label = PICTURES[section]
    tasks: dict[str, list[Record]] = {}
    for r in records:
        tasks.setdefault(r.task, []).append(r)
    tasks = {task: rs for task, rs in tasks.items() if len({getattr(r, across) for r in rs}) > 1}
    figure = Figure(figsize=(9, 5.2 * len(tasks)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(tasks), squeeze=False)[:, 0]
    for axes, (task, those) in zip(panels, tasks.items(), strict=True):
        draw(axes, task, those, across)
        axes.set(xlabel=x_label, ylabel=y_label)
    figure.savefig(path)


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
