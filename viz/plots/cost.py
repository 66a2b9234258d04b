"""The cost of a training, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from micrograd_dl.foundation.text import plural
from micrograd_dl.training.fitting import History

from ..style import QUIET
from .figures import COLOURS, brief, drawing, last_finite, log_scale, name_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_LOG_FROM = 30  # a scale is logarithmic if the largest number is at least this many times the smallest


def cost_curve(history: History) -> Figure:
    """The cost by epoch, in training and on the dev set, with the best epoch marked; below it the accuracy.

    The best epoch has the lowest cost, on the dev set if there is one. The title says what happened.

    Args:
        history: what `fit` returned.

    Raises:
        ValueError: there is no epoch or no finite cost.
        TypeError: it is not a History.
        ModuleNotFoundError: Matplotlib is not installed.
    """
    if not isinstance(history, History):
        raise TypeError(f"a History is drawn here, what fit returned, not {type(history).__name__}")
    if not any(map(math.isfinite, history.cost)):
        what = "finite cost" if history.cost else "epochs"
        raise ValueError(f"the history has no {what}: there is nothing to draw")
    panels: list[tuple[Sequence[float], Sequence[float], Callable[[float], str]]]
    panels = [(history.cost, history.dev_cost, brief)]
    if any(map(math.isfinite, (*history.accuracy, *history.dev_accuracy))):
        panels.append((history.accuracy, history.dev_accuracy, _percent))
    finite = [x for x in (*history.cost, *history.dev_cost) if math.isfinite(x)]
    log = min(finite) > 0 and max(finite) >= _LOG_FROM * min(finite)
    with drawing(_title(history)) as figure:
        from matplotlib.ticker import PercentFormatter

        heights = [3, 2][: len(panels)]
        grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)
        axes: list[Axes] = list(grid[:, 0])
        for ax, (train, dev, shown) in zip(axes, panels, strict=True):
            name_lines(ax, _draw(ax, {"training": train, "dev": dev}, shown))
            ax.locator_params(axis="y", nbins=5)
        axes[0].set_ylabel("cost J\n(log scale)" if log else "cost J")
        if log:
            log_scale(axes[0])
        for ax in axes[1:]:
            ax.set_ylabel("accuracy")
            ax.set_ylim(top=min(ax.get_ylim()[1], 1.01))
            ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        epochs = len(history)
        axes[-1].set(xlabel="epoch", xlim=(1, epochs) if epochs > 1 else (0.5, 1.5))
        axes[-1].locator_params(axis="x", nbins=10, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
        _mark_best(axes, history)
    return figure


def _draw(ax: Axes, curves: Mapping[str, Sequence[float]], shown: Callable[[float], str]) -> list[Line2D]:
    """The curves of one panel, those that have finite numbers, each labelled with its last."""
    return [
        ax.plot(
            range(1, len(values) + 1),
            values,
            color=colour,
            marker="o" if len(values) == 1 else None,
            label=f"{name}: {shown(last_finite(values))}",
        )[0]
        for (name, values), colour in zip(curves.items(), COLOURS, strict=False)
        if any(map(math.isfinite, values))
    ]


def _has_dev(history: History) -> bool:
    return any(map(math.isfinite, history.dev_cost))


def _best(history: History) -> tuple[float, int]:
    """The lowest cost, on the dev set if there is one, and its epoch, from 1."""
    costs = history.dev_cost if _has_dev(history) else history.cost
    return min((x, epoch) for epoch, x in enumerate(costs, 1) if math.isfinite(x))


def _percent(x: float) -> str:
    """With two digits after the point, as in the text beside it; but 100 % is without fault."""
    rounded = round(100 * x, 2)
    return f"{99.99 if rounded == 100 > 100 * x else rounded:g} %"


def _title(history: History) -> str:
    lowest, epoch = _best(history)
    if _has_dev(history):
        return f"The dev cost is lowest in epoch {epoch} of {len(history)}: {brief(lowest)}"
    finite = [x for x in history.cost if math.isfinite(x)]
    return f"The cost goes from {brief(finite[0])} to {brief(finite[-1])} in {plural(len(history), 'epoch')}"


def _mark_best(axes: Sequence[Axes], history: History) -> None:
    """A dot at the lowest cost, and a vertical line through all panels."""
    lowest, epoch = _best(history)
    colour = COLOURS[_has_dev(history)]
    axes[0].plot(epoch, lowest, "o", color=colour, ms=9, mec="white", clip_on=False, zorder=5)
    for ax in axes:
        ax.axvline(epoch, color=QUIET, linewidth=1, linestyle=(0, (4, 3)), zorder=1, clip_on=False)
    look: dict[str, Any] = {
        "xycoords": ("data", "axes fraction"),
        "textcoords": "offset points",
        "color": QUIET,
    }
    left = epoch < sum(axes[0].get_xlim()) / 2
    align = "left" if left else "right"
    axes[0].annotate(f"best: epoch {epoch}", (epoch, 1), (-3 if left else 3, 4), ha=align, **look)
