"""The cost of a training, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from micrograd_dl.training.fitting import History

from ..style import QUIET
from .figures import COLOURS, End, brief, drawing, label_ends, last_finite, log_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOG_FROM = 30  # a scale is logarithmic if the largest number is at least so many times the smallest


class _Curve(NamedTuple):
    """A quantity, epoch by epoch; `label` is what to write at its right end."""

    values: Sequence[float]
    colour: str
    label: str


def cost_curve(history: History) -> Figure:
    """The cost by epoch, in training and on the dev set, with the best epoch marked; below it the accuracy.

    The best epoch is that of the lowest cost, on the dev set if there is one. The title says what happened.

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
    epochs = len(history)
    cost = _curves(history.cost, history.dev_cost, brief)
    log = _spans_decades(cost)
    panels = [("cost J\n(log scale)" if log else "cost J", cost)]
    if accuracy := _curves(_percents(history.accuracy), _percents(history.dev_accuracy), _percent):
        panels.append(("accuracy (%)", accuracy))
    with drawing(_title(history)) as figure:
        heights = [3, 2][: len(panels)]
        grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)
        axes: list[Axes] = list(grid[:, 0])
        ends = []
        for ax, (name, curves) in zip(axes, panels, strict=True):
            ends.append(_draw(ax, curves, epochs))
            ax.set_ylabel(name)
            log_scale(ax) if log and ax is axes[0] else ax.locator_params(axis="y", nbins=5)
        for ax in axes[1:]:
            ax.set_ylim(top=min(ax.get_ylim()[1], 101))
        axes[-1].set(xlabel="epoch", xlim=(1, epochs) if epochs > 1 else (0.5, 1.5))
        axes[-1].locator_params(axis="x", nbins=10, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
        _mark_best(axes, history)
        label_ends(figure, list(zip(axes, ends, strict=True)))
    return figure


# --- what there is to show of a training ----------------------------------------------------------------


def _curves(train: Sequence[float], dev: Sequence[float], shown: Callable[[float], str]) -> list[_Curve]:
    """The curves of a quantity in training and on the dev set, as far as there are finite numbers."""
    return [
        _Curve(values, colour, f"{label}: {shown(last_finite(values))}")
        for values, colour, label in zip((train, dev), COLOURS, ("training", "dev"), strict=False)
        if any(map(math.isfinite, values))
    ]


def _spans_decades(curves: Sequence[_Curve]) -> bool:
    numbers = [x for curve in curves for x in curve.values if math.isfinite(x)]
    return min(numbers) > 0 and max(numbers) >= _LOG_FROM * min(numbers)


def _has_dev(history: History) -> bool:
    return any(map(math.isfinite, history.dev_cost))


def _best(history: History) -> tuple[float, int]:
    """The lowest cost, on the dev set if there is one, and its epoch, from 1."""
    costs = history.dev_cost if _has_dev(history) else history.cost
    return min((x, epoch) for epoch, x in enumerate(costs, 1) if math.isfinite(x))


def _percents(parts: Sequence[float]) -> list[float]:
    return [100 * x for x in parts]


def _percent(x: float) -> str:
    """With two digits after the point, as in the text beside it; but 100 % is without fault."""
    rounded = round(x, 2)
    return f"{99.99 if rounded == 100 > x else rounded:g} %"


def _title(history: History) -> str:
    lowest, epoch = _best(history)
    if _has_dev(history):
        last = len(history.dev_cost)
        if epoch == last:
            return f"The dev cost is lowest in the last epoch, {epoch}: {brief(lowest)}"
        end = f"after epoch {last} it is {brief(last_finite(history.dev_cost))}"
        return f"The dev cost is lowest in epoch {epoch}, at {brief(lowest)}; {end}"
    finite = [x for x in history.cost if math.isfinite(x)]
    if len(finite) == 1:
        return f"The cost is {brief(lowest)} in epoch {epoch}"
    first, last_one = brief(finite[0]), brief(finite[-1])
    if first == last_one:
        return f"The cost is {first} in the first epoch and in the last, {len(history.cost)}"
    moves = "falls" if finite[-1] < finite[0] else "rises"
    return f"The cost {moves} from {first} to {last_one} in {len(history.cost)} epochs"


# --- drawing it -----------------------------------------------------------------------------------------


def _draw(ax: Axes, curves: Sequence[_Curve], epochs: int) -> list[End]:
    """The curves of one panel; returns what to write where they end."""
    for values, colour, _ in curves:
        n = len(values)
        ax.plot(range(1, n + 1), values, color=colour, marker="o" if n == 1 else None)
        if n < epochs:  # from where it ends to its label
            ax.hlines(last_finite(values), n, epochs, color=colour, linewidth=1, linestyle=":")
    return [(last_finite(values), label, colour) for values, colour, label in curves]


def _mark_best(axes: Sequence[Axes], history: History) -> None:
    """A dot at the lowest cost, and a vertical line through all panels."""
    lowest, epoch = _best(history)
    colour = COLOURS[_has_dev(history)]
    axes[0].plot(epoch, lowest, "o", color=colour, ms=9, mec="white", clip_on=False, zorder=5)
    for ax in axes:
        ax.axvline(epoch, color=QUIET, linewidth=1, linestyle=(0, (4, 3)), zorder=1, clip_on=False)
    left = epoch < sum(axes[0].get_xlim()) / 2
    axes[0].annotate(
        f"best: epoch {epoch}",
        xy=(epoch, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if left else 3, 4),
        textcoords="offset points",
        ha="left" if left else "right",
        color=QUIET,
    )
