"""The trials of a search of hyperparameters, each a line across parallel axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from micrograd_dl.output.text import plural
from micrograd_dl.tuning.search import Found, Trial
from micrograd_dl.tuning.space import SCALES, Choice, Range, shown

from ..style import QUIET
from .figures import COLOURS, Colour, brief, drawing, for_text, lay_out, mixed, on_axis, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

_BEST, _FAR = COLOURS[1], COLOURS[0]
_LOG_FROM = (
    30  # a scale of what was measured is logarithmic if the largest number is so many times the smallest
)
_NEAR = 0.035  # marks that are nearer to each other, as a part of the axis, would overlap
_LONGEST = 14  # characters of a name or a value
_MOST_AXES, _ROOMY = 12, 8  # with more axes than are roomy, letters are smaller
_FONT = 13
_CLEAR = 4  # pixels between the mark at an end of an axis and the best trial's line
_NOTES = {"linear": "linear", "log": "log", "log-from-1": "log of 1 − x"}
_REGION: dict[str, Any] = {"color": "#d9d9d9", "linewidth": 11}  # where the last round searched


@dataclass(frozen=True, slots=True)
class _Axis:
    """One vertical axis: what is on it, its scale, and the value of each trial; no error is at the top."""

    name: str
    scale: Range | Choice
    values: Sequence[Any]
    measured: bool = False

    @property
    def note(self) -> str:
        if self.measured:
            return "low is good"
        return "choice" if isinstance(self.scale, Choice) else _NOTES[self.scale.scale]

    def part(self, trial: int) -> float:
        value = self.values[trial]
        return 1.0 if value is None and self.measured else self.scale.part(value)


def parallel_coordinates(found: Found, *, title: str | None = None, error: str = "error") -> Figure:
    """Every trial as a line: through its hyperparameters, each on the scale it was searched on, to its error.

    The best trial stands out, with its values; the others are the darker the further they came. A broad part
    of an axis is where the last round searched. A trial that diverged is dotted and ends at the top.

    Args:
        found: what `tune` returned.
        title: by default which trial is the best, and how good it is.
        error: what the error is, such as ``"RMSE"`` where numbers are predicted.

    Raises:
        ValueError: no trial was finished, or there are more hyperparameters than a picture has room for.
        TypeError: it is no result of a search.
        ModuleNotFoundError: Matplotlib is not installed.
    """
    if not isinstance(found, Found):
        raise TypeError(f"parallel coordinates show what tune returned, not {type(found).__name__}")
    _ = found.best
    axes = _axes(found, error)
    if len(axes) > _MOST_AXES:
        raise ValueError(f"{_MOST_AXES - 2} hyperparameters fit into a picture, not {len(axes) - 2}")
    with drawing(_title(found, error) if title is None else title) as figure:
        ax = figure.subplots()
        ax.set(xlim=(-0.45, len(axes) - 0.5), ylim=(-0.04, 1.04), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        for k in reversed(range(len(found.trials))):  # the best in front
            _draw_trial(ax, found, axes, k)
        ends = [label for x, axis in enumerate(axes) for label in _draw_axis(ax, x, axis, found)]
        _draw_best(ax, axes)
        _explain(ax, found)
        for text in ax.texts:
            text.set_fontsize(_FONT * min(1.0, _ROOMY / len(axes)))
        _clear_ends(figure, ax, axes, ends)
    return figure


def _axes(found: Found, error: str) -> list[_Axis]:
    """Those of the hyperparameters, then of what was measured: what was judged is the last.

    What is fixed has no axis, unless all are.
    """
    differ = [
        name for name, where in found.space.items() if isinstance(where, Range) or len(where.values) > 1
    ]
    axes = [
        _Axis(name, where, [trial.options[name] for trial in found.trials])
        for name, where in found.space.items()
        if name in differ or not differ
    ]
    for what in ("error", "loss") if found.plan.by == "loss" else ("loss", "error"):
        values = [None if t.verdict.problem else float(getattr(t.verdict, what)) for t in found.trials]
        values = [x if x is not None and math.isfinite(x) else None for x in values]
        name = f"dev {error if what == 'error' else what}"
        axes.append(_Axis(name, _measured([x for x in values if x is not None]), values, True))
    return axes


def _measured(values: Sequence[float]) -> Range:
    """Round ends around numbers that were measured."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low > 0 and high >= _LOG_FROM * low:
        ends = _power(low, math.floor), _power(high, math.ceil)
        return Range(*ends, "log")
    step = _power(high, math.floor) / 2 if high > 0 else 1.0
    return Range(0.0, step * math.ceil(high / step) if high > 0 else step)


def _power(x: float, rounded: Any) -> float:
    return float(10.0 ** rounded(math.log10(x)))


def _title(found: Found, error: str) -> str:
    best = found.best
    if best.verdict.problem:
        return "Every trial diverged"
    judged = [f"dev {error} {brief(best.verdict.error)}", f"dev loss {brief(best.verdict.loss)}"]
    first, second = judged if found.plan.by == "error" else reversed(judged)
    if len(found.trials) == 1:
        return f"One trial: {first}, {second}"
    return f"Of {len(found.trials)} trials, {best.name} is the best: {first}, {second}"


# --- drawing it -----------------------------------------------------------------------------------------


def _colour(trial: Trial, found: Found) -> Colour:
    """The paler the sooner it ended."""
    return mixed("#ffffff", _FAR, 0.25 + 0.6 * (trial.rung - 1) / max(1, found.plan.rungs - 1))


def _draw_trial(ax: Axes, found: Found, axes: Sequence[_Axis], k: int) -> None:
    trial = found.trials[k]
    diverged = bool(trial.verdict.problem)
    ax.plot(
        range(len(axes)),
        [axis.part(k) for axis in axes],
        color=_BEST if k == 0 else QUIET if diverged else _colour(trial, found),
        linestyle=":" if diverged else "-",
        linewidth=3.5 if k == 0 else 1.0 + 0.5 * trial.rung,
        solid_joinstyle="round",
        zorder=3 if k == 0 else 2,
    )


def _draw_axis(ax: Axes, x: int, axis: _Axis, found: Found) -> list[Annotation]:
    """Returns the marks at its two ends."""
    ends = []
    ax.vlines(x, 0, 1, color=QUIET, linewidth=1.2, zorder=4)
    last = max(trial.round for trial in found.trials)
    if last > 1 and not axis.measured:
        parts = [axis.part(k) for k, trial in enumerate(found.trials) if trial.round == last]
        ax.vlines(x, min(parts), max(parts), **_REGION, zorder=1)
    ax.annotate(
        plain(axis.name, _LONGEST),
        (x, 1),
        xytext=(0, 34),
        textcoords="offset points",
        ha="center",
        weight="bold",
    )
    ax.annotate(axis.note, (x, 1), xytext=(0, 17), textcoords="offset points", ha="center", color=QUIET)
    for part, text in _marks(axis.scale):
        ax.hlines(part, x - 0.02, x + 0.02, color=QUIET, linewidth=1, zorder=4)
        label = ax.annotate(
            plain(text, _LONGEST),
            (x, part),
            xytext=(-7, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            zorder=5,
        )
        # A line passes behind it.
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.9, "pad": 0.8})
        if part in (0, 1):
            ends.append(label)
    return ends


def _clear_ends(figure: Figure, ax: Axes, axes: Sequence[_Axis], labels: Iterable[Annotation]) -> None:
    """Move marks at the ends of axes outwards if the best trial's line would run through them."""
    lay_out(figure)
    for label in labels:
        x, part = label.xy
        if not x:
            continue  # no line comes from the left
        start, end = (ax.transData.transform((k, axes[k].part(0))) for k in (round(x) - 1, round(x)))
        box = label.get_window_extent()
        heights = np.interp([box.x0, box.x1], [start[0], end[0]], [start[1], end[1]])
        if min(heights) < box.y1 + _CLEAR and max(heights) > box.y0 - _CLEAR:
            inner = max(heights) - box.y0 if part else box.y1 - min(heights)
            up = min(inner + _CLEAR, box.height) * 72 / figure.dpi
            label.xyann = (label.xyann[0], up if part else -up)


def _draw_best(ax: Axes, axes: Sequence[_Axis]) -> None:
    """The values of the best trial, at the right of each axis and clear of the line that goes on from it."""
    for x, axis in enumerate(axes):
        following = axes[min(x + 1, len(axes) - 1)].part(0) - axis.part(0)
        up = 0 if x == len(axes) - 1 else 9 if following <= 0 else -9
        value = axis.values[0]
        if value is None:
            continue
        text = brief(value) if isinstance(value, float) else shown(value)
        if isinstance(axis.scale, Range) and axis.scale.scale == "log-from-1":
            text = f"{value:g}"  # brief would round 0.9996 to 1
        ax.plot(x, axis.part(0), "o", color=_BEST, ms=8, mec="white", zorder=6)
        label = ax.annotate(
            plain(text, _LONGEST),
            (x, axis.part(0)),
            xytext=(9, up),
            textcoords="offset points",
            ha="left",
            va="center",
            color=for_text(_BEST),
            weight="bold",
            zorder=6,
        )
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0})


def _explain(ax: Axes, found: Found) -> None:
    """What the lines mean, below them."""
    from matplotlib.lines import Line2D

    def line(colour: Colour, text: str, width: float = 2.5, style: Literal["-", ":"] = "-") -> Line2D:
        return Line2D([], [], color=colour, linewidth=width, linestyle=style, label=text)

    lines = [line(_BEST, f"the best, {found.best.name}", 3.5)]
    for rung, (_, epochs) in reversed(list(enumerate(found.plan.ladder(), 1))):
        if here := [t for t in found.trials[1:] if t.rung == rung and not t.verdict.problem]:
            text = f"{plural(len(here), 'other')} to rung {rung}, {plural(epochs, 'epoch')}"
            lines.append(line(_colour(here[0], found), text))
    if diverged := sum(bool(t.verdict.problem) for t in found.trials):
        lines.append(line(QUIET, f"{diverged} diverged", 1.5, ":"))
    if (last := max(t.round for t in found.trials)) > 1:
        lines.append(Line2D([], [], **_REGION, label=f"where round {last} searched"))
    ax.legend(
        handles=lines, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, frameon=False, handlelength=1.8
    )


# --- marks on an axis -----------------------------------------------------------------------------------


def _marks(where: Range | Choice) -> list[tuple[float, str]]:
    """Where an axis has marks, and what they say: round numbers and the ends, apart from each other."""
    if isinstance(where, Choice):
        return [(where.part(x), shown(x)) for x in where.values]
    places = [(1.0, where.high), (0.0, where.low)]
    for x in _round_numbers(where):
        if all(abs(where.part(x) - part) >= _NEAR for part, _ in places):
            places.append((where.part(x), x))
    if where.scale == "log-from-1":
        return [(part, f"{x:g}") for part, x in places]
    if where.scale == "log":
        return [(part, on_axis(x, where.low, where.high)) for part, x in places]
    return [(part, brief(x)) for part, x in places]


def _round_numbers(where: Range) -> Iterable[float]:
    if where.scale == "linear":
        from matplotlib.ticker import MaxNLocator

        step = [1, 2, 5, 10]
        numbers: Iterable[float] = MaxNLocator(5, steps=step, integer=where.whole).tick_values(
            where.low, where.high
        )
    else:
        first, last = (SCALES[where.scale].place(x) for x in (where.low, where.high))
        factors = (1,) if last - first > 2.2 else (1, 2, 5)
        powers = [f * 10.0**k for k in range(math.floor(first) - 9, math.ceil(last) + 9) for f in factors]
        numbers = powers if where.scale == "log" else [round(1 - x, 15) for x in powers]
    return [x for x in numbers if where.low <= x <= where.high]
