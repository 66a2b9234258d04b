"""A network as circles and lines: its units, its weights as widths and colours, its biases as fillings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from micrograd_dl.nn.network import Array, Network

from ..style import INK, QUIET
from .figures import COLOURS, LONGEST_NAME, Colour, brief, drawing, mixed, plain, settle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Layers: TypeAlias = Sequence[tuple[Array, Array]]

_POSITIVE, _NEGATIVE = COLOURS[0], COLOURS[1]
_NOTHING = "#bdbdbd"  # the line of a weight that is 0
_FULLEST = 0.6  # how much of its colour the circle with the largest bias has: its number must be readable
_MOST_UNITS, _MOST_LAYERS = 12, 9  # of more, some in the middle are left out
_MOST_NUMBERS = 9  # weights between two layers that can have their numbers on their lines
_WIDEST_GAP = 190.0  # pixels between the middles of two units
_FOOT = 140  # pixels below the units, for captions and key
_LETTER = 11  # pixels that a letter of a name takes at most
_POINT = 0.72  # of a pixel


@dataclass(frozen=True, slots=True)
class _Column:
    """A layer as it is drawn, the input being layer 0; or, if `l` is None, layers that are left out.

    Attributes:
        x: where it stands, in pixels.
        units: the index of each unit that is drawn, from the top, and None where some are left out.
        y: where each of them stands.
    """

    l: int | None
    x: float
    units: Sequence[int | None]
    y: Sequence[float]

    def places(self) -> dict[int, float]:
        """The height of each unit that is drawn."""
        return {i: y for i, y in zip(self.units, self.y, strict=True) if i is not None}


@dataclass(frozen=True, slots=True)
class _Weight:
    """A weight that is drawn, and the ends of its line."""

    w: float
    begin: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Scale:
    """The sizes of what is drawn, in pixels, and the largest numbers among it.

    Attributes:
        gap: between the middles of two units.
        w, b: the largest |weight| and |bias|.
    """

    gap: float
    w: float
    b: float

    @property
    def radius(self) -> float:
        """Of a circle."""
        return min(0.36 * self.gap, 34)

    def width(self, w: float) -> float:
        """Of the line of a weight, in points."""
        return 0.5 + (min(7.0, 0.1 * self.gap) - 0.5) * (abs(w) / self.w if self.w else 0)

    def line(self, w: float) -> Colour:
        """The colour of the line of a weight."""
        return _shade(w, 1 - 0.8 * (1 - abs(w) / self.w)) if w else _NOTHING

    def fill(self, b: float) -> Colour:
        """The colour of a circle with that bias."""
        return _shade(b, _FULLEST * abs(b) / self.b) if b else "#ffffff"


def _shade(x: float, part: float) -> Colour:
    return mixed("#ffffff", _POSITIVE if x > 0 else _NEGATIVE, part)


def network_diagram(
    model: Network, *, inputs: Sequence[str] = (), outputs: Sequence[str] = (), title: str | None = None
) -> Figure:
    """The units of a network layer by layer, and the weights between them.

    A line is as wide as its weight is large, blue if it is positive, orange if it is negative; the filling of
    a circle shows its bias likewise. Their numbers are written if there is room. Of a layer of many units the
    first and the last are drawn, and the picture says how many there are; likewise of many layers.

    Args:
        model: of either backend.
        inputs: a name for each input.
        outputs: a name for each output, such as those of the classes.
        title: by default the numbers of units and of parameters.

    Raises:
        ValueError: the number of names is wrong, or a parameter is NaN or infinite.
        ModuleNotFoundError: Matplotlib is not installed.
    """
    n, layers = model.shape, model.layers_data()
    _require_finite(layers)
    names = _names(inputs, n[0], "inputs", "x"), _names(outputs, n[-1], "outputs", "ŷ")
    with drawing(_title(model) if title is None else title) as figure:
        ax = figure.add_subplot()
        ax.set_axis_off()
        settle(figure)
        box = ax.get_window_extent()
        ax.set(xlim=(0, box.width), ylim=(0, box.height), autoscale_on=False)  # from here on in pixels
        columns = _columns(n, names, box.width, box.height)
        scale = _scale(columns, layers)
        _draw_weights(ax, columns, layers, scale)
        _draw_units(ax, columns, layers, scale)
        _draw_texts(ax, columns, model, names, scale)
        _draw_key(ax, scale)
    return figure


# --- what is drawn, and where ---------------------------------------------------------------------------


def shown(n: int, most: int) -> list[int | None]:
    """The indices of n things; if these are too many, of the first and the last, with None between them.

    >>> shown(3, most=5), shown(9, most=5)
    ([0, 1, 2], [0, 1, 2, None, 8])
    """
    if n <= most:
        return list(range(n))
    last = (most - 1) // 3
    return [*range(most - 1 - last), None, *range(n - last, n)]


def _require_finite(layers: Layers) -> None:
    for l, arrays in enumerate(layers, 1):
        for name, array in zip(("W", "b"), arrays, strict=True):
            if not np.isfinite(array).all():
                i, j = (int(k) for k in np.argwhere(~np.isfinite(array))[0])
                raise ValueError(
                    f"{name}[{l}][{i}, {j}] is {array[i, j]}, and only finite numbers can be drawn"
                )


def _names(given: Sequence[str], count: int, what: str, letter: str) -> list[str]:
    if given and len(given) != count:
        raise ValueError(f"{count} {what} take as many names, not {len(given)}")
    default = [f"{letter}{j}" for j in range(1, count + 1)] if count > 1 else [letter]
    return [plain(name, LONGEST_NAME) for name in given] or default


def _title(model: Network) -> str:
    n = model.shape
    sizes = "-".join("…" if l is None else str(n[l]) for l in shown(len(n), _MOST_LAYERS))
    return f"The network {sizes} has {sum(array.size for array in model.named().values()):,} parameters"


def _columns(
    n: Sequence[int], names: tuple[Sequence[str], Sequence[str]], width: float, height: float
) -> list[_Column]:
    """The layers from left to right between the names, units equally spaced about the middle."""
    layers = shown(len(n), _MOST_LAYERS)
    units = [[None] if l is None else shown(n[l], _MOST_UNITS) for l in layers]
    gap = min((height - _FOOT) / max(map(len, units)), _WIDEST_GAP)
    middle = (height + _FOOT) / 2
    left, right = (70 + _LETTER * max(map(len, side)) for side in names)
    columns = []
    for l, x, own in zip(layers, np.linspace(left, width - right, len(layers)), units, strict=True):
        top = middle + (len(own) - 1) / 2 * gap
        columns.append(_Column(l, float(x), own, [top - k * gap for k in range(len(own))]))
    return columns


def _weights(before: _Column, after: _Column, layers: Layers) -> list[_Weight]:
    """The weights between two columns; none if one of them is a gap."""
    if before.l is None or after.l is None:
        return []
    W = layers[after.l - 1][0]
    return [
        _Weight(float(W[i, j]), (before.x, start), (after.x, end))
        for i, end in after.places().items()
        for j, start in before.places().items()
    ]


def _all_weights(columns: Sequence[_Column], layers: Layers) -> list[_Weight]:
    return [weight for before, after in pairwise(columns) for weight in _weights(before, after, layers)]


def _biases(column: _Column, layers: Layers) -> list[float]:
    """The bias of each unit that is drawn; none for the input and for a gap."""
    return [float(layers[column.l - 1][1][i, 0]) for i in column.places()] if column.l else []


def _scale(columns: Sequence[_Column], layers: Layers) -> _Scale:
    gaps = [column.y[0] - column.y[1] for column in columns if len(column.y) > 1]
    w = max(abs(weight.w) for weight in _all_weights(columns, layers))
    b = max(abs(b) for column in columns for b in _biases(column, layers))
    return _Scale(gaps[0] if gaps else _WIDEST_GAP, w, b)


# --- drawing it -----------------------------------------------------------------------------------------


def _draw_weights(ax: Axes, columns: Sequence[_Column], layers: Layers, scale: _Scale) -> None:
    from matplotlib.collections import LineCollection

    lines = sorted(_all_weights(columns, layers), key=lambda line: abs(line.w))  # the largest on top
    ax.add_collection(
        LineCollection(
            [(line.begin, line.end) for line in lines],
            linewidths=[scale.width(line.w) for line in lines],
            colors=[scale.line(line.w) for line in lines],
            zorder=1,
        )
    )
    if not all(_has_room(before, after, scale) for before, after in pairwise(columns)):
        return
    for before, after in pairwise(columns):
        # At this part of their way, the lines between two layers are at equal distances from each other.
        part = 1 / (len(after.units) + 1)
        for line in _weights(before, after, layers):
            x, y = ((1 - part) * p + part * q for p, q in zip(line.begin, line.end, strict=True))
            paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
            ax.text(x, y, brief(line.w, 2), ha="center", va="center", fontsize=13, bbox=paper, zorder=2)


def _has_room(before: _Column, after: _Column, scale: _Scale) -> bool:
    """Whether each weight between two layers can have its number on its line."""
    parts = len(after.units) + 1
    few = len(before.units) * len(after.units) <= _MOST_NUMBERS
    return few and scale.gap / parts >= 30 and after.x - before.x >= 90 * parts


def _draw_units(ax: Axes, columns: Sequence[_Column], layers: Layers, scale: _Scale) -> None:
    for column in columns:
        heights = list(column.places().values())
        biases = _biases(column, layers)
        fills = [scale.fill(b) for b in biases] or ["#ffffff"] * len(heights)
        size = (2 * scale.radius * _POINT) ** 2
        ax.scatter([column.x] * len(heights), heights, size, fills, edgecolors=INK, linewidths=1.3, zorder=3)
        for b, y in zip(biases, heights, strict=False):
            number = brief(b, 2)
            if scale.radius >= 25:
                fontsize = 13 if len(number) < 6 else 10
                ax.text(column.x, y, number, ha="center", va="center", fontsize=fontsize, zorder=4)
        if None in column.units:
            middle = column.y[column.units.index(None)]
            for step in (-0.2 * scale.gap, 0, 0.2 * scale.gap):
                dot = (column.x + step, middle) if column.l is None else (column.x, middle + step)
                ax.plot(*dot, "o", color=QUIET, markersize=4, zorder=3)


def _draw_texts(
    ax: Axes,
    columns: Sequence[_Column],
    model: Network,
    names: tuple[Sequence[str], Sequence[str]],
    scale: _Scale,
) -> None:
    """The names of inputs and outputs beside them, and what each column is below it."""
    for column, side, own in ((columns[0], -1, names[0]), (columns[-1], 1, names[1])):
        for i, y in column.places().items():
            x = column.x + side * (scale.radius + 10)
            ax.text(x, y, own[i], ha="right" if side < 0 else "left", va="center")
    for column in columns:
        for k, line in enumerate(_caption(model, column)):
            ax.text(column.x, _FOOT - 30 - 25 * k, line, ha="center")


def _caption(model: Network, column: _Column) -> list[str]:
    """The lines below a column."""
    if column.l is None:
        return [f"{len(model.shape) - _MOST_LAYERS + 1} layers", "(not shown)"]
    count, drawn = model.shape[column.l], len(column.places())
    name = "input" if column.l == 0 else f"layer {column.l}"
    kind = "features" if column.l == 0 else model.activations[column.l - 1].name
    kind = "feature" if column.l == 0 and count == 1 else kind
    return [name, f"{count:,} {kind}"] + ([f"({drawn} shown)"] if drawn < count else [])


def _draw_key(ax: Axes, scale: _Scale) -> None:
    """The largest numbers that are drawn, with their widths and colours."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=scale.line(w), lw=scale.width(w), label=f"weight {brief(w)}")
        for w in ((scale.w, -scale.w) if scale.w else (0.0,))
    ] + [
        Line2D([], [], ls="none", marker="o", ms=15, mfc=scale.fill(b), mec=INK, label=f"bias {brief(b)}")
        for b in ((scale.b, -scale.b) if scale.b else (0.0,))
    ]
    ax.legend(handles=handles, loc="lower center", ncols=4, frameon=False, borderaxespad=0, columnspacing=3)
