"""The trials of a search of hyperparameters, each a line across parallel axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from micrograd_dl.foundation.text import plural
from micrograd_dl.tuning.search import Found
from micrograd_dl.tuning.space import Choice, Range, value_text

from ..style import QUIET
from .figures import COLOURS, LOG_FROM, Colour, brief, drawing, plain, require_kind, tint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FAR, _BEST = COLOURS[:2]
_BEST_TEXT = "#bf5400"  # vermilion as dark as small letters need it
_LONGEST = 14  # characters of a name or a value
_MOST_AXES, _ROOMY = 12, 8  # with more axes than are roomy, letters are smaller
_NOTES = {"linear": "linear", "log": "log", "log-from-1": "log of 1 − x"}
_REGION: dict[str, Any] = {"color": "#d9d9d9", "linewidth": 11}  # where the last round searched


@dataclass(frozen=True, slots=True)
class _Axis:
    """One vertical axis: its scale, and the value of each trial; an error that is missing is at the top."""

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

    def marks(self) -> Iterable[Any]:
        """The values to be written: all values of a choice, or the ends and quarters of a range."""
        if isinstance(self.scale, Choice):
            return self.scale.values
        return dict.fromkeys(self.scale.at(quarter / 4) for quarter in range(5))

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
    """
    require_kind(found, Found, "tune")
    title = _title(found, error)
    axes = _axes(found, error)
    if len(axes) > _MOST_AXES:
        raise ValueError(f"{_MOST_AXES - 2} hyperparameters fit into a picture, not {len(axes) - 2}")
    with drawing(title) as figure:
        ax = figure.subplots()
        ax.set(xlim=(-0.45, len(axes) - 0.5), ylim=(-0.04, 1.04), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        for k in reversed(range(len(found.trials))):  # the best in front
            path = [axis.part(k) for axis in axes]
            ax.plot(range(len(axes)), path, solid_joinstyle="round", **_look(found, k))
        for x, axis in enumerate(axes):
            _draw_axis(ax, x, axis, found)
        _draw_key(ax, found)
        for text in ax.texts:
            text.set_fontsize(13 * min(1.0, _ROOMY / len(axes)))
    return figure


def _axes(found: Found, error: str) -> list[_Axis]:
    """An axis for each hyperparameter that varies, then both measures; the last is the one that judged."""
    space = found.space
    differ = [name for name, where in space.items() if isinstance(where, Range) or len(where.values) > 1]
    axes = [_Axis(name, space[name], [t.options[name] for t in found.trials]) for name in differ or space]
    for what in ("error", "loss") if found.plan.by == "loss" else ("loss", "error"):
        values = [math.inf if t.verdict.problem else float(getattr(t.verdict, what)) for t in found.trials]
        finite = [x for x in values if math.isfinite(x)]
        low, high = min(finite, default=0.0), max(finite, default=1.0)
        scale = Range(low, high, "log") if 0 < LOG_FROM * low <= high else Range(0.0, high or 1.0)
        name = f"dev {error if what == 'error' else what}"
        axes.append(_Axis(name, scale, [x if math.isfinite(x) else None for x in values], True))
    return axes


def _title(found: Found, error: str) -> str:
    best = found.best
    if best.verdict.problem:
        return "Every trial diverged"
    judged = [f"dev {error} {brief(best.verdict.error)}", f"dev loss {brief(best.verdict.loss)}"]
    numbers = ", ".join(judged if found.plan.by == "error" else reversed(judged))
    return f"Of {plural(len(found.trials), 'trial')}, {best.name} is the best: {numbers}"


def _look(found: Found, k: int) -> dict[str, Any]:
    """How the line of a trial is drawn: the paler the sooner it ended."""
    trial = found.trials[k]
    colour: Colour = tint(_FAR, 0.25 + 0.6 * (trial.rung - 1) / max(1, found.plan.rungs - 1))
    look: dict[str, Any] = {"color": colour, "linewidth": 1.0 + 0.5 * trial.rung, "zorder": 2}
    if trial.verdict.problem:
        look |= {"color": QUIET, "linestyle": ":"}
    return look | {"color": _BEST, "linewidth": 3.5, "zorder": 3} if k == 0 else look


def _draw_axis(ax: Axes, x: int, axis: _Axis, found: Found) -> None:
    """An axis with its name, its marks at its left, and at its right the value of the best trial."""

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
    for value in axis.marks():
        part = axis.scale.part(value)
        ax.hlines(part, x - 0.02, x + 0.02, color=QUIET, linewidth=1, zorder=4)
        write(axis.written(value), part, (-7, 0), "right")
    if (best := axis.values[0]) is not None or not axis.measured:
        ax.plot(x, axis.part(0), "o", color=_BEST, ms=8, mec="white", zorder=6)
        write(axis.written(best), axis.part(0), (9, 9), "left", color=_BEST_TEXT, weight="bold")


def _draw_key(ax: Axes, found: Found) -> None:
    """A key to the lines, below them."""
    from matplotlib.lines import Line2D

    entries: dict[str, dict[str, Any]] = {f"the best, {found.best.name}": _look(found, 0)}
    for rung, (_, epochs) in reversed(list(enumerate(found.plan.ladder(), 1))):
        trials = enumerate(found.trials)
        if here := [k for k, t in trials if k and t.rung == rung and not t.verdict.problem]:
            text = f"{plural(len(here), 'other')} to rung {rung}, {plural(epochs, 'epoch')}"
            entries[text] = _look(found, here[0])
    if diverged := [k for k, t in enumerate(found.trials) if t.verdict.problem]:
        entries[f"{len(diverged)} diverged"] = _look(found, diverged[-1])
    if (last := max(t.round for t in found.trials)) > 1:
        entries[f"where round {last} searched"] = _REGION
    lines = [Line2D([], [], label=text, **look) for text, look in entries.items()]
    ax.legend(handles=lines, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, handlelength=1.8)
