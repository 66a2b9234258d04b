"""Log-log plots of what was measured: ``python -m benchmarks.charts FILE.json FOLDER``.

One picture a section: nanoseconds a node over the size of the graph, or over the number of columns.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.records import NUMBA, NUMPY, Record, load, number

# section -> what is across, the labels of both axes
PICTURES = {
    "eager": ("nodes", "nodes of the graph", "ns a node: build, backpropagate, free"),
    "replay": ("nodes", "nodes of the graph", "ns a node: forward and backward"),
    "columns": ("columns", "columns m", "ns a node and column: forward, backward, update"),
}
COLOURS = {
    "micrograd_dl, fused neurons": "#c1121f",
    "micrograd_dl, node by node": "#e8590c",
    NUMBA: "#c1121f",
    NUMPY: "#e8590c",
    "micrograd_dl.vectorized": "#8f5b00",
    "two tuples a node (microGPT)": "#2b8a3e",
    "micrograd": "#000000",
    "PyTorch, 0-dimensional": "#7048e8",
    "PyTorch, eager": "#7048e8",
    "MyGrad": "#868e96",
    "autograd (HIPS)": "#495057",
    "CasADi, SX": "#1971c2",
    "C, gcc -O1": "#000000",
    "JAX, jit": "#2b8a3e",
    "NumPy by hand": "#1971c2",
}


def draw(axes: Any, title: str, records: Sequence[Record], across: str) -> None:
    """The lines of one task, and their names beside them, the slowest at the largest size on top."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    lines: dict[str, list[tuple[int, float]]] = {}
    for r in sorted(records, key=lambda r: getattr(r, across)):
        lines.setdefault(r.contestant, []).append((getattr(r, across), r.median))
    for name, points in sorted(lines.items(), key=lambda line: -line[1][-1][1]):
        colour, bold = COLOURS.get(name, "#868e96"), name.startswith("micrograd_dl")
        axes.plot(*zip(*points, strict=True), "o-", color=colour, lw=2.4 if bold else 1.4, ms=4, label=name)
    axes.set(xscale="log", yscale="log", title=title)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: number(y)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(color="#dee2e6", lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, borderaxespad=0)


def picture(section: str, records: Sequence[Record], path: Path) -> None:
    """A PNG: one pair of axes for each task that has several sizes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across, x_label, y_label = PICTURES[section]
    tasks: dict[str, list[Record]] = {}
    for r in records:
        tasks.setdefault(r.task, []).append(r)
    tasks = {task: rs for task, rs in tasks.items() if len({getattr(r, across) for r in rs}) > 1}
    figure = Figure(figsize=(9, 5.2 * len(tasks)), dpi=110)
    FigureCanvasAgg(figure)
    for axes, (task, those) in zip(
        figure.subplots(len(tasks), squeeze=False)[:, 0], tasks.items(), strict=True
    ):
        draw(axes, task, those, across)
        axes.set(xlabel=x_label, ylabel=y_label)
    high = figure.get_figheight()
    figure.subplots_adjust(left=0.11, right=0.69, top=1 - 0.4 / high, bottom=0.6 / high)
    figure.savefig(path)


def main() -> None:
    """Draw every section that the file has."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.charts", description=__doc__)
    parser.add_argument("file", type=Path, help="as `python -m benchmarks --save` writes it")
    parser.add_argument("folder", type=Path, help="where the pictures are put")
    arguments = parser.parse_args()
    records = load(arguments.file)
    if not records:
        parser.error(f"there are no results in {arguments.file}: `python -m benchmarks --save` writes them")
    for section in PICTURES:
        if those := [r for r in records if r.section == section]:
            path = arguments.folder / f"speed_{section}.png"
            picture(section, those, path)
            print(path)


if __name__ == "__main__":
    main()
