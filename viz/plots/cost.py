"""The cost of a training, or of several, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from micrograd_dl.training.fitting import History

from ..style import QUIET
from .figures import COLOURS, LONGEST_NAME, Colour, End, brief, drawing, label_ends, log_scale, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_LABELS = 4  # trainings whose labels have room in a low panel
_LOG_FROM = 30  # a scale is logarithmic if the largest number is at least so many times the smallest


@dataclass(frozen=True, slots=True)
class _Line:
    """A quantity of one training, epoch by epoch; `end` is what to write at its right end, if anything."""

    values: Sequence[float]
    colour: Colour
    style: str
    end: str


@dataclass(frozen=True, slots=True)
class _Panel:
    """Lines on one vertical axis, whose numbers are `most` at most; `height` is relative to other panels."""

    name: str
    lines: Sequence[_Line]
    log: bool
    height: int
    most: float = math.inf


def cost_curve(
    history: History | Mapping[str, History],
    *,
    gradient_norm: bool = False,
    log: bool | None = None,
    title: str | None = None,
) -> Figure:
    """The cost by epoch, in training and on the dev set, with the best epoch marked; below it the accuracy.

    The best epoch is that of the lowest cost, on the dev set if there is one.

    Args:
        history: what `fit` returned; or several trainings to compare, each under a name. With several, curves
            of dev sets are dashed.
        gradient_norm: show the length of the gradient too.
        log: whether the scale of the cost is logarithmic; by default if the costs ask for it.
        title: by default what happened, in a sentence.

    Raises:
        ValueError: there is no epoch or no finite cost, there are more trainings than colours, or a
            logarithmic scale is asked for that cannot show the costs.
        TypeError: something is not a History.
        ModuleNotFoundError: Matplotlib is not installed.
    """
    histories = _histories(history)
    panels = _panels(histories, log, gradient_norm)
    epochs = max(map(len, histories.values()))
    with drawing(_title(histories) if title is None else title) as figure:
        grid = figure.add_gridspec(len(panels), 1, height_ratios=[panel.height for panel in panels])
        axes: list[Axes] = []
        for row, panel in enumerate(panels):
            axes.append(figure.add_subplot(grid[row], sharex=axes[0] if axes else None))
            _draw_panel(axes[-1], panel, epochs)
            axes[-1].tick_params(labelbottom=row == len(panels) - 1)
        _scale_epochs(axes[-1], epochs)
        _mark_best(axes, histories)
        # Where there is no room for all labels, those of the cost say whose colours these are.
        labelled = panels if len(histories) <= _MOST_LABELS else panels[:1]
        label_ends(figure, [(ax, _ends(panel)) for ax, panel in zip(axes, labelled, strict=False)])
    return figure


# --- what there is to show of a training ----------------------------------------------------------------


def _histories(given: History | Mapping[str, History]) -> dict[str, History]:
    histories = dict(given) if isinstance(given, Mapping) else {"": given}
    if not histories:
        raise ValueError("there is no history to draw: pass what fit returned")
    if len(histories) > len(COLOURS):
        raise ValueError(f"{len(COLOURS)} trainings can be told apart in one plot, not {len(histories)}")
    for name, h in histories.items():
        which = f" of {name}" if name else ""
        if not isinstance(h, History):
            raise TypeError(f"the history{which} is a History, what fit returned, not {type(h).__name__}")
        if not any(map(math.isfinite, h.cost)):
            what = "finite cost" if h.cost else "epochs"
            raise ValueError(f"the history{which} has no {what}: there is nothing to draw")
    return histories


def _panels(histories: Mapping[str, History], log: bool | None, gradient_norm: bool) -> list[_Panel]:
    cost = _lines(histories, "cost", brief)
    lowest = min(x for line in cost for x in line.values if math.isfinite(x))
    if log and lowest <= 0:
        raise ValueError(f"a logarithmic scale has no place for a cost of {lowest:g}: leave out log=True")
    logarithmic = _asks_for_log(cost) if log is None else log
    notes = ["log scale"] * logarithmic + ["dashed: dev set"] * any(line.style == "--" for line in cost)
    name = f"cost J\n({', '.join(notes)})" if notes else "cost J"
    accuracy = _lines(histories, "accuracy", _percent, scale=100)
    norms = _lines(histories, "gradient_norm", brief) if gradient_norm else []
    panels = [
        _Panel(name, cost, logarithmic, 3),
        _Panel("accuracy (%)", accuracy, False, 2, most=100),
        _Panel("length of\nthe gradient", norms, _asks_for_log(norms), 2),
    ]
    return [panel for panel in panels if panel.lines]


def _lines(
    histories: Mapping[str, History], what: str, shown: Callable[[float], str], scale: float = 1
) -> list[_Line]:
    """The lines of a quantity in training and, if it is also there with ``dev_`` before its name, on dev."""
    lines = []
    for (name, h), colour in zip(histories.items(), COLOURS, strict=False):
        train, dev = ([scale * x for x in getattr(h, which, ())] for which in (what, f"dev_{what}"))
        name = plain(name, LONGEST_NAME)
        if len(histories) == 1:
            curves = (("training", train, colour, "-"), ("dev", dev, COLOURS[1], "-"))
        else:
            curves = (("" if dev else name, train, colour, "-"), (name, dev, colour, "--"))
        for label, values, its_colour, style in curves:
            if any(map(math.isfinite, values)):
                end = f"{label}: {shown(_last(values))}" if label else ""
                lines.append(_Line(values, its_colour, style, end))
    return lines


def _judged(histories: Mapping[str, History]) -> str:
    """The cost by which the epochs of all these are judged."""
    return "dev_cost" if all(any(map(math.isfinite, h.dev_cost)) for h in histories.values()) else "cost"


def _best(costs: Sequence[float]) -> tuple[int, float]:
    """The epoch, from 1, of the lowest cost, and that cost."""
    epoch = min((k for k, x in enumerate(costs) if math.isfinite(x)), key=lambda k: costs[k])
    return epoch + 1, costs[epoch]


def _last(values: Sequence[float]) -> float:
    """The last one that is finite."""
    return next(x for x in reversed(values) if math.isfinite(x))


def _asks_for_log(lines: Sequence[_Line]) -> bool:
    finite = [x for line in lines for x in line.values if math.isfinite(x)]
    return bool(finite and min(finite) > 0 and max(finite) >= _LOG_FROM * min(finite))


def _percent(x: float) -> str:
    """With two digits after the point, as in the text beside it; but 100 % is without fault."""
    rounded = round(x, 2)
    return f"{99.99 if rounded == 100 > x else rounded:g} %"


def _title(histories: Mapping[str, History]) -> str:
    judged = _judged(histories)
    name, h = min(histories.items(), key=lambda item: _best(getattr(item[1], judged))[1])
    epoch, lowest = _best(getattr(h, judged))
    if len(histories) > 1:
        which = "dev cost" if judged == "dev_cost" else "cost"
        return f"{name} reaches the lowest {which}: {brief(lowest)}, in epoch {epoch}"
    if judged == "dev_cost" and epoch < len(h.dev_cost):
        end = brief(_last(h.dev_cost))
        return (
            f"The dev cost is lowest in epoch {epoch}, at {brief(lowest)}; after epoch {len(h)} it is {end}"
        )
    if judged == "dev_cost":
        return f"The dev cost is lowest in the last epoch, {epoch}: {brief(lowest)}"
    finite = [x for x in h.cost if math.isfinite(x)]
    if len(finite) == 1:
        return f"The cost is {brief(lowest)} in epoch {epoch}"
    first, last = brief(finite[0]), brief(finite[-1])
    if first == last:
        return f"The cost is {first} in the first epoch and in the last, {len(h)}"
    moves = "falls" if finite[-1] < finite[0] else "rises"
    return f"The cost {moves} from {first} to {last} in {len(h)} epochs"


# --- drawing it -----------------------------------------------------------------------------------------


def _draw_panel(ax: Axes, panel: _Panel, epochs: int) -> None:
    for line in panel.lines:
        n = len(line.values)
        ax.plot(range(1, n + 1), line.values, line.style, color=line.colour, marker="o" if n == 1 else None)
        if line.end and n < epochs:  # from where it ends to its label
            ax.hlines(_last(line.values), n, epochs, color=line.colour, linewidth=1, linestyle=":")
    ax.set_ylabel(panel.name)
    if panel.log:
        log_scale(ax)
        return
    ax.locator_params(axis="y", nbins=5)
    low, high = ax.get_ylim()
    if high > panel.most:
        ax.set_ylim(low, panel.most + 0.03 * (panel.most - low))


def _ends(panel: _Panel) -> list[End]:
    return [End(_last(line.values), line.end, line.colour) for line in panel.lines if line.end]


def _scale_epochs(ax: Axes, epochs: int) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_xlim((1, epochs) if epochs > 1 else (0.5, 1.5))
    ax.xaxis.set_major_locator(MaxNLocator(10, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    ax.set_xlabel("epoch")


def _mark_best(axes: Sequence[Axes], histories: Mapping[str, History]) -> None:
    """A dot at the lowest cost of each training; for a single one, a vertical line through all panels too."""
    judged = _judged(histories)
    for h, colour in zip(histories.values(), COLOURS, strict=False):
        epoch, lowest = _best(getattr(h, judged))
        if len(histories) == 1:
            colour = COLOURS[1] if judged == "dev_cost" else colour
            _mark_epoch(axes, epoch)
        axes[0].plot(epoch, lowest, "o", color=colour, ms=9, mec="white", clip_on=False, zorder=5)


def _mark_epoch(axes: Sequence[Axes], epoch: int) -> None:
    for ax in axes:
        ax.axvline(epoch, color=QUIET, linewidth=1, linestyle=(0, (4, 3)), zorder=1, clip_on=False)
    low, high = axes[0].get_xlim()
    left = epoch < (low + high) / 2
    axes[0].annotate(
        f"best: epoch {epoch}",
        xy=(epoch, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if left else 3, 4),
        textcoords="offset points",
        ha="left" if left else "right",
        color=QUIET,
    )
