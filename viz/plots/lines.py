"""Quantities over one variable: weighted averages over time, errors over the size of the training set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from viz.plots.figures import COLOURS, LONGEST_NAME, End, brief, drawing, label_ends, log_scale, plain
from viz.style import QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def line_plot(
    x: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    *,
    title: str,
    xlabel: str = "",
    ylabel: str = "",
    points: Sequence[float] = (),
    marks: bool = False,
    log_x: bool = False,
    log_y: bool = False,
) -> Figure:
    """Lines, each with its name at its right end.

    Args:
        x: where each line has its numbers.
        lines: by name.
        title: what the picture shows, in a sentence.
        xlabel, ylabel: of the axes.
        points: something with as many numbers, drawn as small points behind the lines.
        marks: mark each number on its line.
        log_x, log_y: which scale is logarithmic; of x, a 0 has its place on a stretch that is linear.

    Raises:
        ValueError: there is nothing to draw, more lines than colours, or a line of another length than x.
        ModuleNotFoundError: Matplotlib is not installed.
    """
    if not 1 <= len(lines) <= len(COLOURS):
        raise ValueError(f"1 to {len(COLOURS)} lines can be told apart in one plot, not {len(lines)}")
    for name, values in {**lines, **({"points": points} if len(points) else {})}.items():
        if len(values) != len(x) or not any(map(math.isfinite, values)):
            raise ValueError(
                f"{name} has one number for each x, {len(x)} of them, of which one at least is finite; "
                f"not {len(values)}"
            )
    with drawing(title) as figure:
        ax = figure.subplots()
        if len(points):
            ax.plot(x, points, "o", color=QUIET, alpha=0.4, markersize=3.5)
        for values, colour in zip(lines.values(), COLOURS, strict=False):
            ax.plot(x, values, "-o" if marks else "-", color=colour)
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ax.margins(x=0.0)
        if log_x:
            _log_x(ax, x)
        if log_y:
            log_scale(ax)
        ends = [
            End(next(y for y in reversed(values) if math.isfinite(y)), plain(name, LONGEST_NAME), colour)
            for (name, values), colour in zip(lines.items(), COLOURS, strict=False)
        ]
        label_ends(figure, [(ax, ends)])
    return figure


def _log_x(ax: Axes, x: Sequence[float]) -> None:
    """A logarithmic scale, with 0 at its left if it occurs."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    smallest = min((t for t in x if t > 0), default=1.0)
    ax.set_xscale("symlog" if min(x) <= 0 else "log", **({"linthresh": smallest} if min(x) <= 0 else {}))
    ax.xaxis.set_major_locator(FixedLocator(list(x)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda t, _: brief(t)))
