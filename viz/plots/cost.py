"""The cost of a training, or of several, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from micrograd_dl.training.fitting import History

from ..scene import QUIET
from .figures import COLOURS, LONGEST_NAME, End, brief, drawing, label_ends, last_finite, log_scale, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_LABELS = 4  # trainings whose labels have room in a low panel
_LOG_FROM = 30  # a scale is logarithmic if the largest number is at least so many times the smallest


class _Curve(NamedTuple):
    """A quantity of one training, epoch by epoch; `label` is what to write at its right end, if anything."""

    values: Sequence[float]
    colour: str
    style: str
    label: str


def cost_curve(
    history: History | Mapping[str, History],
    *,
    title: str | None = None,
) -> Figure:
    """The cost by epoch, in training and on the dev set, with the best epoch marked; below it the accuracy.

    The best epoch is that of the lowest cost, on the dev set if there is one.

    Args:
        history: what `fit` returned; or several trainings to compare, each under a name. With several, curves
            of dev sets are dashed.
        title: by default what happened, in a sentence.

    Raises:
        ValueError: there is no epoch or no finite cost, or there are more trainings than colours.
        TypeError: something is not a History.
        ModuleNotFoundError: Matplotlib is not installed.
    """
    histories = _histories(history)
    epochs = max(map(len, histories.values()))
    cost = _curves(histories, "cost", brief)
    log = _spans_decades(cost)
    notes = ["log scale"] * log + ["dashed: dev set"] * any(curve.style == "--" for curve in cost)
    panels = [(f"cost J\n({', '.join(notes)})" if notes else "cost J", cost)]
    if accuracy := _curves(histories, "accuracy", _percent, scale=100):
        panels.append(("accuracy (%)", accuracy))
    with drawing(_title(histories) if title is None else title) as figure:
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
        _mark_best(axes, histories)
        # Where there is no room for all labels, those of the cost say whose colours these are.
        labelled = len(panels) if len(histories) <= _MOST_LABELS else 1
        label_ends(figure, list(zip(axes, ends[:labelled], strict=False)))
    return figure


# --- what there is to show of a training ----------------------------------------------------------------


def _histories(given: History | Mapping[str, History]) -> dict[str, History]:
    histories = dict(given) if isinstance(given, Mapping) else {"": given}
    if not 1 <= len(histories) <= len(COLOURS):
        raise ValueError(f"1 to {len(COLOURS)} trainings can be told apart in one plot, not {len(histories)}")
    for name, h in histories.items():
        which = f" of {name}" if name else ""
        if not isinstance(h, History):
            raise TypeError(f"the history{which} is a History, what fit returned, not {type(h).__name__}")
        if not any(map(math.isfinite, h.cost)):
            what = "finite cost" if h.cost else "epochs"
            raise ValueError(f"the history{which} has no {what}: there is nothing to draw")
    return histories


def _curves(
    histories: Mapping[str, History], what: str, shown: Callable[[float], str], scale: float = 1
) -> list[_Curve]:
    """The curves of a quantity in training and, if it is also there with ``dev_`` before its name, on dev."""
    curves = []
    for (name, h), colour in zip(histories.items(), COLOURS, strict=False):
        train, dev = ([scale * x for x in getattr(h, which, ())] for which in (what, f"dev_{what}"))
        name = plain(name, LONGEST_NAME)
        if len(histories) == 1:
            pair = (train, colour, "-", "training"), (dev, COLOURS[1], "-", "dev")
        else:
            pair = (train, colour, "-", "" if dev else name), (dev, colour, "--", name)
        for values, own, style, label in pair:
            if any(map(math.isfinite, values)):
                curves.append(_Curve(values, own, style, label and f"{label}: {shown(last_finite(values))}"))
    return curves


def _spans_decades(curves: Sequence[_Curve]) -> bool:
    numbers = [x for curve in curves for x in curve.values if math.isfinite(x)]
    return min(numbers) > 0 and max(numbers) >= _LOG_FROM * min(numbers)


def _judged_costs(histories: Mapping[str, History]) -> tuple[str, list[list[float]]]:
    """The costs by which these are judged: those on dev if all have them."""
    dev = all(any(map(math.isfinite, h.dev_cost)) for h in histories.values())
    return "dev cost" if dev else "cost", [h.dev_cost if dev else h.cost for h in histories.values()]


def _best(costs: Sequence[float]) -> tuple[float, int]:
    """The lowest cost, and its epoch, from 1."""
    return min((x, epoch) for epoch, x in enumerate(costs, 1) if math.isfinite(x))


def _percent(x: float) -> str:
    """With two digits after the point, as in the text beside it; but 100 % is without fault."""
    rounded = round(x, 2)
    return f"{99.99 if rounded == 100 > x else rounded:g} %"


def _title(histories: Mapping[str, History]) -> str:
    what, costs = _judged_costs(histories)
    (lowest, epoch), name = min(zip(map(_best, costs), histories, strict=True))
    if len(histories) > 1:
        return f"{name} reaches the lowest {what}: {brief(lowest)}, in epoch {epoch}"
    [judged] = costs
    if what == "dev cost" and epoch < len(judged):
        end = f"after epoch {len(judged)} it is {brief(last_finite(judged))}"
        return f"The dev cost is lowest in epoch {epoch}, at {brief(lowest)}; {end}"
    if what == "dev cost":
        return f"The dev cost is lowest in the last epoch, {epoch}: {brief(lowest)}"
    finite = [x for x in judged if math.isfinite(x)]
    if len(finite) == 1:
        return f"The cost is {brief(lowest)} in epoch {epoch}"
    first, last = brief(finite[0]), brief(finite[-1])
    if first == last:
        return f"The cost is {first} in the first epoch and in the last, {len(judged)}"
    moves = "falls" if finite[-1] < finite[0] else "rises"
    return f"The cost {moves} from {first} to {last} in {len(judged)} epochs"


# --- drawing it -----------------------------------------------------------------------------------------


def _draw(ax: Axes, curves: Sequence[_Curve], epochs: int) -> list[End]:
    """The curves of one panel; returns what to write where they end."""
    for values, colour, style, label in curves:
        n = len(values)
        ax.plot(range(1, n + 1), values, style, color=colour, marker="o" if n == 1 else None)
        if label and n < epochs:  # from where it ends to its label
            ax.hlines(last_finite(values), n, epochs, color=colour, linewidth=1, linestyle=":")
    return [(last_finite(curve.values), curve.label, curve.colour) for curve in curves if curve.label]


def _mark_best(axes: Sequence[Axes], histories: Mapping[str, History]) -> None:
    """A dot at the lowest cost of each training; for a single one, a vertical line through all panels too."""
    what, judged = _judged_costs(histories)
    for costs, colour in zip(judged, COLOURS, strict=False):
        lowest, epoch = _best(costs)
        if len(judged) == 1 and what == "dev cost":
            colour = COLOURS[1]
        axes[0].plot(epoch, lowest, "o", color=colour, ms=9, mec="white", clip_on=False, zorder=5)
    if len(judged) == 1:
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
