"""The trials of a search of hyperparameters, each a line across parallel axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from micrograd_dl.output.text import plural
from micrograd_dl.tuning.search import Found, Trial
from micrograd_dl.tuning.space import SCALES, Choice, Range, value_text

from ..style import QUIET
from .figures import COLOURS, FOR_TEXT, Colour, brief, drawing, plain, tint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FAR, _BEST = COLOURS[:2]
_LOG_FROM = 30  # a scale of errors is logarithmic if the largest number is so many times the smallest
_NEAR = 0.035  # marks that are nearer to each other, as a part of the axis, would overlap
_LONGEST = 14  # characters of a name or a value
_MOST_AXES, _ROOMY = 12, 8  # with more axes than are roomy, letters are smaller
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

    def written(self, value: Any) -> str:
        if isinstance(self.scale, Choice) or value is None:
            return plain(value_text(value), _LONGEST)
        return f"{value:g}" if self.scale.scale == "log-from-1" else brief(value)  # 0.9996 is not 1


def parallel_coordinates(found: Found, *, error: str = "error") -> Figure:
    """Every trial as a line: through its hyperparameters, each on the scale it was searched on, to its error.

    The best trial stands out, with its values; the others are the darker the further they came. A broad part
    of an axis is where the last round searched. A trial that diverged is dotted and ends at the top.

    Args:
        found: what `tune` returned.
        error: what the error is, such as ``"RMSE"`` where numbers are predicted.

    Raises:
        ValueError: no trial was finished, or there are more hyperparameters than a picture has room for.
        TypeError: it is no result of a search.
        ModuleNotFoundError: Matplotlib is not installed.
    """
    if not isinstance(found, Found):
        raise TypeError(f"parallel coordinates show what tune returned, not {type(found).__name__}")
    title = _title(found, error)
    axes = _axes(found, error)
    if len(axes) > _MOST_AXES:
        raise ValueError(f"{_MOST_AXES - 2} hyperparameters fit into a picture, not {len(axes) - 2}")
    with drawing(title) as figure:
        ax = figure.subplots()
        ax.set(xlim=(-0.45, len(axes) - 0.5), ylim=(-0.04, 1.04), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        for k in reversed(range(len(found.trials))):  # the best in front
            _draw_trial(ax, found, axes, k)
        for x, axis in enumerate(axes):
            following = axes[x + 1].part(0) if x + 1 < len(axes) else axis.part(0)
            _draw_axis(ax, x, axis, found, following)
        _draw_key(ax, found)
        for text in ax.texts:
            text.set_fontsize(13 * min(1.0, _ROOMY / len(axes)))
    return figure


def _axes(found: Found, error: str) -> list[_Axis]:
    """Those of the hyperparameters, then of what was measured: what was judged is the last.

    What is fixed has no axis, unless all are.
    """
    space = found.space
    differ = [name for name, where in space.items() if isinstance(where, Range) or len(where.values) > 1]
    axes = [
        _Axis(name, space[name], [trial.options[name] for trial in found.trials]) for name in differ or space
    ]
    for what in ("error", "loss") if found.plan.by == "loss" else ("loss", "error"):
        values = [math.inf if t.verdict.problem else float(getattr(t.verdict, what)) for t in found.trials]
        scale = _measured([x for x in values if math.isfinite(x)])
        name = f"dev {error if what == 'error' else what}"
        axes.append(_Axis(name, scale, [x if math.isfinite(x) else None for x in values], True))
    return axes


def _measured(values: Sequence[float]) -> Range:
    """Round ends around numbers that were measured."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low > 0 and high >= _LOG_FROM * low:
        return Range(10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high)), "log")
    step = 10.0 ** math.floor(math.log10(high)) / 2 if high > 0 else 1.0
    return Range(0.0, step * math.ceil(high / step) if high > 0 else step)


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
    return tint(_FAR, 0.25 + 0.6 * (trial.rung - 1) / max(1, found.plan.rungs - 1))


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


def _draw_axis(ax: Axes, x: int, axis: _Axis, found: Found, following: float) -> None:
    """An axis with its name, its marks at its left, and at its right the value of the best trial.

    That value is clear of the best trial's line, which goes on to `following`.
    """

    def write(text: str, part: float, offset: tuple[float, float], align: str, **look: Any) -> None:
        # Lines pass behind it.
        paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.8}
        look |= {"ha": align, "va": "center", "bbox": paper, "zorder": 5}
        ax.annotate(text, (x, part), xytext=offset, textcoords="offset points", **look)

    ax.vlines(x, 0, 1, color=QUIET, linewidth=1.2, zorder=4)
    last = max(trial.round for trial in found.trials)
    if last > 1 and not axis.measured:
        parts = [axis.part(k) for k, trial in enumerate(found.trials) if trial.round == last]
        ax.vlines(x, min(parts), max(parts), **_REGION, zorder=1)
    write(plain(axis.name, _LONGEST), 1, (0, 39), "center", weight="bold")
    write(axis.note, 1, (0, 22), "center", color=QUIET)
    for part, value in _marks(axis.scale):
        ax.hlines(part, x - 0.02, x + 0.02, color=QUIET, linewidth=1, zorder=4)
        # Beyond the ends, where a line that comes from the left is clear of it.
        up = 0 if x == 0 else 8 if part == 1 else -8 if part == 0 else 0
        write(axis.written(value), part, (-7, up), "right")
    if (best := axis.values[0]) is not None or not axis.measured:
        part = axis.part(0)
        up = 9 if following < part else -9 if following > part else 0
        ax.plot(x, part, "o", color=_BEST, ms=8, mec="white", zorder=6)
        write(axis.written(best), part, (9, up), "left", color=FOR_TEXT[_BEST], weight="bold")


def _draw_key(ax: Axes, found: Found) -> None:
    """What the lines mean, below them."""
    from matplotlib.lines import Line2D

    def add(colour: Colour, width: float, text: str, style: Literal["-", ":"] = "-") -> None:
        lines.append(Line2D([], [], color=colour, linewidth=width, linestyle=style, label=text))

    lines: list[Line2D] = []
    add(_BEST, 3.5, f"the best, {found.best.name}")
    for rung, (_, epochs) in reversed(list(enumerate(found.plan.ladder(), 1))):
        if here := [t for t in found.trials[1:] if t.rung == rung and not t.verdict.problem]:
            text = f"{plural(len(here), 'other')} to rung {rung}, {plural(epochs, 'epoch')}"
            add(_colour(here[0], found), 2.5, text)
    if diverged := sum(bool(t.verdict.problem) for t in found.trials):
        add(QUIET, 1.5, f"{diverged} diverged", ":")
    if (last := max(t.round for t in found.trials)) > 1:
        add(_REGION["color"], _REGION["linewidth"], f"where round {last} searched")
    ax.legend(handles=lines, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, handlelength=1.8)


def _marks(where: Range | Choice) -> Iterator[tuple[float, Any]]:
    """Where an axis has marks, and of what: the ends and round numbers, apart from each other."""
    if isinstance(where, Choice):
        yield from ((where.part(x), x) for x in where.values)
        return
    parts: list[float] = []
    for x in (where.low, where.high, *_round_numbers(where)):
        part = where.part(x)
        if all(abs(part - other) >= _NEAR for other in parts):
            parts.append(part)
            yield part, x


def _round_numbers(where: Range) -> Iterable[float]:
    from matplotlib.ticker import MaxNLocator

    if where.scale == "linear":
        ticks = MaxNLocator(5, steps=[1, 2, 5, 10], integer=where.whole).tick_values(where.low, where.high)
        numbers = [float(x) for x in ticks]
    else:
        first, last = (SCALES[where.scale].place(x) for x in (where.low, where.high))
        factors = (1,) if last - first > 2.2 else (1, 2, 5)
        numbers = [f * 10.0**k for k in range(math.floor(first) - 9, math.ceil(last) + 9) for f in factors]
        if where.scale == "log-from-1":
            numbers = [round(1 - x, 15) for x in numbers]
    return [x for x in numbers if where.low <= x <= where.high]
