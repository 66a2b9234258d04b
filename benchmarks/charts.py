"""Log-log plots of what was measured: nanoseconds a node over the size of the graph, or over m."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.records import Record
from viz.plots.figures import log_scale, name_lines

# section -> what is across, the labels of both axes
PICTURES = {
    "eager": ("nodes", "nodes of the graph", "ns a node: build, backpropagate, free"),
    "replay": ("nodes", "nodes of the graph", "ns a node: forward and backward"),
    "columns": ("columns", "columns m", "ns a node and column: forward, backward, update"),
}


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
