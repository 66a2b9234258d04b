"""A network as circles and lines: its units, its weights as widths and colours, its biases as fillings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from micrograd_dl.foundation.text import plural
from micrograd_dl.nn.network import Array, Network

from ..style import INK, QUIET
from .figures import COLOURS, Colour, brief, drawing, names, settle, tint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NOTHING = "#bdbdbd"  # the line of a weight that is 0
_MOST_UNITS, _MOST_LAYERS = 12, 9  # beyond these, some in the middle are left out
_MOST_NUMBERS = 9  # weights between two layers that can have their numbers on their lines
_WIDEST_GAP = 190.0  # pixels between the middles of two units
_FOOT = 140  # pixels below the units, for captions and key
_LETTER = 11  # pixels that a letter of a name takes at most
_POINT = 0.72  # points in a pixel


class _Column(NamedTuple):
    """A layer as it is drawn, the input being layer 0; or, if `l` is None, layers that are left out."""

    l: int | None
    x: float  # where it stands, in pixels
    y: dict[int, float]  # where each unit that is drawn stands, by its index
    dots: float | None  # where dots stand for the units or layers that are left out


_Weight: TypeAlias = tuple[float, tuple[float, float], tuple[float, float]]  # and the ends of its line


class _Scale(NamedTuple):
    """The scale of widths and colours: the distance of units in pixels, the largest |weight| and |bias|."""

    gap: float
    w: float
    b: float

    @property
    def radius(self) -> float:
        return min(0.36 * self.gap, 34)

    def width(self, w: float) -> float:
        """The width of a weight's line, in points."""
        return 0.5 + (min(7.0, 0.1 * self.gap) - 0.5) * (abs(w) / self.w if self.w else 0)

    def line(self, w: float) -> Colour:
        return tint(COLOURS[w < 0], 0.2 + 0.8 * abs(w) / self.w) if w else _NOTHING

    def fill(self, b: float) -> Colour:
        """Pale enough for the number on it to be read."""
        return tint(COLOURS[b < 0], 0.6 * abs(b) / self.b) if b else "#ffffff"


def network_diagram(model: Network, *, inputs: Sequence[str] = (), outputs: Sequence[str] = ()) -> Figure:
    """The units of a network layer by layer, and the weights between them.

    A line is as wide as its weight is large, blue if it is positive, orange if it is negative; the filling of
    a circle shows its bias likewise. Their numbers are written if there is room. Of a layer of many units the
    first and the last are drawn, and the picture says how many there are; likewise of many layers.

    Args:
        model: a network of any kind.
        inputs, outputs: a name for each, such as those of the features and of the classes.

    Raises:
        ValueError: the number of names is wrong, or a parameter is NaN or infinite.
    """
    n, layers = model.shape, model.layers_data()
    for l, arrays in enumerate(layers, 1):
        for name, array in zip("Wb", arrays, strict=True):
            for i, j in np.argwhere(~np.isfinite(array))[:1]:
                entry = f"{name}{l}[{i + 1},{j + 1}]"
                raise ValueError(f"{entry} is {array[i, j]}, and only finite numbers can be drawn")
    left, right = (
        names(given, [f"{letter}{j}" for j in range(1, count + 1)] if count > 1 else [letter], what)
        for given, letter, count, what in ((inputs, "x", n[0], "inputs"), (outputs, "ŷ", n[-1], "outputs"))
    )
    sizes = "-".join("…" if l is None else str(n[l]) for l in first_and_last(len(n), _MOST_LAYERS))
    count = sum(array.size for array in model.named().values())
    with drawing(f"The network {sizes} has {count:,} parameters") as figure:
        ax = figure.add_subplot()
        ax.set_axis_off()
        settle(figure)
        width, height = ax.get_window_extent().size
        ax.set(xlim=(0, width), ylim=(0, height), autoscale_on=False)  # from here on in pixels
        gap = min((height - _FOOT) / max(len(first_and_last(size, _MOST_UNITS)) for size in n), _WIDEST_GAP)
        ends = 70 + _LETTER * max(map(len, left)), width - 70 - _LETTER * max(map(len, right))
        columns = list(_columns(n, gap, ends, (height + _FOOT) / 2))
        weights = [_weights(layers, before, after) for before, after in pairwise(columns)]
        biases = [[float(layers[c.l - 1][1][i, 0]) for i in c.y] if c.l else [] for c in columns]
        largest_w = max(abs(w) for lines in weights for w, _, _ in lines)
        scale = _Scale(gap, largest_w, max(abs(b) for own in biases for b in own))
        _draw_weights(ax, weights, scale)
        for column, own in zip(columns, biases, strict=True):
            _draw_units(ax, column, own, scale)
            for k, text in enumerate(_caption(model, column)):
                ax.text(column.x, _FOOT - 30 - 25 * k, text, ha="center")
        beside = scale.radius + 10
        for i, y in columns[0].y.items():
            ax.text(columns[0].x - beside, y, left[i], ha="right", va="center")
        for i, y in columns[-1].y.items():
            ax.text(columns[-1].x + beside, y, right[i], ha="left", va="center")
        _draw_key(ax, scale)
    return figure


def first_and_last(n: int, most: int) -> list[int | None]:
    """The indices of n things; if they are too many, the first and the last with None between them.

    >>> first_and_last(3, most=5), first_and_last(9, most=5)
    ([0, 1, 2], [0, 1, 2, None, 8])
    """
    if n <= most:
        return list(range(n))
    last = (most - 1) // 3
    return [*range(most - 1 - last), None, *range(n - last, n)]


def _columns(n: Sequence[int], gap: float, ends: tuple[float, float], middle: float) -> Iterator[_Column]:
    """The layers from left to right, units equally spaced about the middle."""
    layers = first_and_last(len(n), _MOST_LAYERS)
    for l, x in zip(layers, np.linspace(*ends, len(layers)), strict=True):
        units = [None] if l is None else first_and_last(n[l], _MOST_UNITS)
        places = {i: middle + ((len(units) - 1) / 2 - k) * gap for k, i in enumerate(units)}
        yield _Column(l, float(x), {i: y for i, y in places.items() if i is not None}, places.get(None))


def _weights(layers: Sequence[tuple[Array, Array]], before: _Column, after: _Column) -> list[_Weight]:
    """The weights between two columns; none if one of them stands for layers that are left out."""
    if not after.l:
        return []
    W = layers[after.l - 1][0]
    return [
        (float(W[i, j]), (before.x, start), (after.x, end))
        for i, end in after.y.items()
        for j, start in before.y.items()
    ]


def _draw_weights(ax: Axes, weights: Sequence[Sequence[_Weight]], scale: _Scale) -> None:
    """The lines; and where there is room between all layers, a number on each."""
    from matplotlib.collections import LineCollection

    lines = sorted((line for own in weights for line in own), key=lambda line: abs(line[0]))  # largest on top
    look = {"linewidths": [scale.width(w) for w, *_ in lines], "colors": [scale.line(w) for w, *_ in lines]}
    ax.add_collection(LineCollection([ends for _, *ends in lines], **look, zorder=1))
    # At this part of their way, the lines between two layers are at equal distances from each other.
    parts = [1 / (len({end for _, _, end in own}) + 1) for own in weights]
    distance = lines[0][2][0] - lines[0][1][0]
    if max(map(len, weights)) > _MOST_NUMBERS or min(parts) < max(30 / scale.gap, 90 / distance):
        return
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    for own, part in zip(weights, parts, strict=True):
        for w, begin, end in own:
            x, y = ((1 - part) * start + part * stop for start, stop in zip(begin, end, strict=True))
            ax.text(x, y, brief(w, 2), ha="center", va="center", bbox=paper, zorder=2)


def _draw_units(ax: Axes, column: _Column, biases: Sequence[float], scale: _Scale) -> None:
    heights = list(column.y.values())
    fills = [scale.fill(b) for b in biases] or ["#ffffff"] * len(heights)
    size = (2 * scale.radius * _POINT) ** 2
    ax.scatter([column.x] * len(heights), heights, s=size, c=fills, edgecolors=INK, linewidths=1.3, zorder=3)
    for b, y in zip(biases if scale.radius >= 25 else (), heights, strict=False):
        size = 13 if len(brief(b, 2)) < 6 else 10
        ax.text(column.x, y, brief(b, 2), zorder=4, ha="center", va="center", fontsize=size)
    if column.dots is not None:
        for step in (-0.2 * scale.gap, 0, 0.2 * scale.gap):
            across, up = (step, 0) if column.l is None else (0, step)
            ax.plot(column.x + across, column.dots + up, "o", color=QUIET, markersize=4, zorder=3)


def _caption(model: Network, column: _Column) -> list[str]:
    """The lines below a column."""
    if column.l is None:
        return [f"{len(model.shape) - _MOST_LAYERS + 1} layers", "(not shown)"]
    count, drawn = model.shape[column.l], len(column.y)
    name, what = "input", plural(count, "feature")
    if column.l:
        name, what = f"layer {column.l}", f"{count:,} {model.activations[column.l - 1].name}"
    return [name, what] + [f"({drawn} shown)"] * (drawn < count)


def _draw_key(ax: Axes, scale: _Scale) -> None:
    """The largest numbers that are drawn, with their widths and colours."""
    from matplotlib.lines import Line2D

    weights, biases = ([x] if x == 0 else [x, -x] for x in (scale.w, scale.b))
    lines = [
        Line2D([], [], color=scale.line(w), lw=scale.width(w), label=f"weight {brief(w)}") for w in weights
    ]
    circle: dict[str, Any] = {"ls": "none", "marker": "o", "ms": 15, "mec": INK}
    circles = [Line2D([], [], mfc=scale.fill(b), label=f"bias {brief(b)}", **circle) for b in biases]
    ax.legend(handles=lines + circles, loc="lower center", ncols=4, borderaxespad=0, columnspacing=3)
