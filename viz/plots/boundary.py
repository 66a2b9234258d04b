"""Where a network of two inputs decides for which class, over the examples it was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl import nn, vectorized
from micrograd_dl.nn.activations import ACTIVATIONS
from micrograd_dl.nn.network import Array, Network

from ..style import INK, QUIET
from .figures import COLOURS, LONGEST_NAME, Colour, brief, drawing, lay_out, plain, rgb

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Orange is told from blue more easily than vermilion is, and carries a paler shade.
_BLUE, _RED, _GREEN, _PINK, _SKY, _ORANGE, _BLACK, _YELLOW = COLOURS
_COLOURS = (_BLUE, _ORANGE, _GREEN, _RED, _PINK, _SKY, _BLACK, _YELLOW)
# A class that is called after a colour has it.
_NAMED = {
    "blue": _BLUE,
    "red": _RED,
    "green": _GREEN,
    "pink": _PINK,
    "orange": _ORANGE,
    "black": _BLACK,
    "yellow": _YELLOW,
}
_MARKERS = "o^sDvPX"  # 7 markers and 8 colours: 56 classes have a look of their own
_LISTED = 9  # classes in the legend, which ends above the key of the shades
_COLUMNS, _ROWS = 384, 240  # of the grid on which the network is computed
_CHUNK = 2048  # examples at a time, for the sake of memory
# How much of its colour a region has, from where the network is unsure to where it is sure.
_PALEST, _FULLEST = 0.08, 0.45
_BOUNDARY: dict[str, Any] = {"color": INK, "linewidth": 2.2, "linestyle": "-"}
_MARGIN: dict[str, Any] = {"color": QUIET, "linewidth": 1.4, "linestyle": "--"}


class Preparation(Protocol):
    """What is done to X before the network gets it, such as a Normaliser."""

    def apply(self, X: ArrayLike) -> Array:
        """X as the network takes it, in the same shape."""


def decision_boundary(
    model: Network,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    features: Sequence[str] = (),
    classes: Sequence[str] = (),
    normaliser: Preparation | None = None,
    title: str | None = None,
) -> Figure:
    """The plane of two features in regions, one a class, with the examples on it; wrong ones are ringed.

    The surer the network is, the fuller is a region's colour: by the probability of the class, or for
    max-margin by the score, up to the margin. A class that is called after a colour has that colour.

    Args:
        model: of two inputs, for classes: one output with the logistic or the max-margin loss, or softmax.
        X: ``(2, m)``.
        Y: targets as the model takes them, ``(n_y, m)``, or indices of classes, ``(1, m)``.
        features: the names of the two, with their units.
        classes: their names.
        normaliser: what the model's inputs were prepared with; X is then as it was before, in original units.
        title: by default how many examples are on the wrong side.

    Raises:
        ValueError: the model has other than two inputs or does not predict classes, a shape is wrong, X or Y
            holds what it may not, or the number of names is wrong.
        ModuleNotFoundError: Matplotlib is not installed.
    """
    view = _View(model, normaliser, classes)
    points, index = view.examples(X, Y)
    feature_names = _names(features, ["x1", "x2"], "features")
    wrong = view.predicted(view.outputs(points)) != index
    with drawing(_title(wrong) if title is None else title) as figure:
        ax = figure.add_subplot()
        ax.set(xlabel=feature_names[0], ylabel=feature_names[1])
        ax.grid(visible=False)
        _draw_examples(ax, view, points, index, wrong)
        _draw_legend(ax, view, index, wrong)
        _draw_key(ax, view)
        lay_out(figure)
        box = ax.get_window_extent()
        _set_limits(ax, points, box.width / box.height)
        _draw_regions(ax, view)
    return figure


# --- what the network says ------------------------------------------------------------------------------


class _View:
    """The network as a map from points, in the user's units, to classes."""

    def __init__(self, model: Network, normaliser: Preparation | None, names: Sequence[str]) -> None:
        n_x, n_y = model.shape[0], model.shape[-1]
        if n_x != 2:
            raise ValueError(
                f"a decision boundary is drawn over two features, and this network takes {n_x}: train one on "
                "two of them, such as X[[0, 1]]"
            )
        self.loss = model.loss.name
        self.softmax = self.loss == "cross_entropy"
        if self.loss not in ("logistic", "max_margin", "cross_entropy") or (n_y == 1) == self.softmax:
            raise ValueError(
                "a decision boundary is of classes: one output with the loss logistic or max_margin, or "
                f"softmax over two or more; this network has {n_y} with the loss {self.loss}"
            )
        self.classes = n_y if self.softmax else 2
        self.names = _names(names, [str(c) for c in range(self.classes)], "classes")
        self.colours = _class_colours(self.names)
        self._model = _as_matrices(model)
        self._normaliser = normaliser

    def examples(self, X: ArrayLike, Y: ArrayLike) -> tuple[Array, Array]:
        """X as an array, and the index of each example's class, ``(m,)``.

        Raises:
            ValueError: a shape is wrong, or one of them holds what it may not.
        """
        points, targets = np.asarray(X), np.asarray(Y)
        self._model.require_examples(self._prepared(points))
        if not np.isfinite(points).all():
            raise ValueError(f"X holds {points[~np.isfinite(points)][0]}: remove or replace that example")
        if not (targets.ndim == 2 and targets.shape[0] == 1):
            _, one_hot = self._model.require_examples(self._prepared(points), targets)
            return points, one_hot.argmax(axis=0)
        if targets.shape[1] != points.shape[1]:
            raise ValueError(
                f"X {points.shape} and Y {targets.shape} have as many columns as there are examples"
            )
        index = targets[0]
        if self.loss == "max_margin" and (index == -1).any():
            index = np.where(index == 1, 1, np.where(index == -1, 0, -1))
        if not np.isin(index, np.arange(self.classes)).all():
            seen = targets[0, ~np.isin(index, np.arange(self.classes))][0]
            raise ValueError(
                f"Y holds {seen:g}: it is the targets that the model takes ({self._model.loss.targets}), or "
                f"classes as 0 to {self.classes - 1}"
            )
        return points, index.astype(int)

    def outputs(self, points: Array) -> Array:
        """``A[L] (n_y, k)`` for ``(2, k)``."""
        X = self._prepared(points)
        return np.hstack([self._model.forward(X[:, k : k + _CHUNK]) for k in range(0, X.shape[1], _CHUNK)])

    def predicted(self, A: Array) -> Array:
        """The index of the class, ``(k,)``."""
        if self.softmax:
            return np.asarray(A.argmax(axis=0))
        return np.asarray(A[0] >= self.threshold).astype(int)

    @property
    def threshold(self) -> float:
        """The output from which on the class is 1, of a network with one output."""
        return 0.5 if self.loss == "logistic" else 0.0

    def sureness(self, A: Array) -> Array:
        """From 0, where it might as well be another class, to 1, ``(k,)``."""
        if self.loss == "max_margin":
            return np.asarray(np.minimum(np.abs(A[0]), 1))
        P = A.max(axis=0) if self.softmax else np.maximum(A[0], 1 - A[0])
        return np.asarray((P * self.classes - 1) / (self.classes - 1))

    def leads(self, A: Array) -> list[Array]:
        """For each class but the first, by how much it leads over the best other one; 0 on its boundary.

        They are logarithms of ratios of probabilities: differences would be flat everywhere but in the one
        cell of the grid that a steep boundary goes through.
        """
        if self.loss == "max_margin":
            return [A[0]]
        tiny = np.finfo(A.dtype).tiny
        P = np.log(np.maximum(A if self.softmax else np.vstack([1 - A, A]), tiny))
        return [P[c] - np.delete(P, c, axis=0).max(axis=0) for c in range(1, self.classes)]

    def shade(self, A: Array) -> Array:
        """The colour of each point, ``(k, 3)``."""
        colours = np.array([rgb(colour) for colour in self.colours])
        return _tinted(colours[self.predicted(A)], self.sureness(A))

    def _prepared(self, points: Array) -> Array:
        return points if self._normaliser is None else self._normaliser.apply(points)


def _as_matrices(model: Network) -> Network:
    """A copy that computes the same, but quickly on many points, and keeps their arrays to itself.

    The model itself where there is none, as matrices know no activations but the built-in ones.
    """
    built_in = all(ACTIVATIONS.get(g.name) is g for g in model.activations)
    if not (built_in and isinstance(model, nn.MLP | vectorized.MLP)):
        return model
    names = [g.name for g in model.activations]
    dtype = getattr(model, "dtype", float)
    kinds = model.normalisations[:-1]
    copy = vectorized.MLP(
        model.shape[0], model.shape[1:], names, model.loss, normalisation=kinds, dtype=dtype
    )
    copy.copy_from(model)
    return copy


# --- drawing it -----------------------------------------------------------------------------------------


def _names(given: Sequence[str], default: Sequence[str], what: str) -> list[str]:
    if given and len(given) != len(default):
        raise ValueError(f"{len(default)} {what} take as many names, not {len(given)}: {', '.join(given)}")
    return [
        plain(name, 2 * LONGEST_NAME if what == "features" else LONGEST_NAME) for name in given or default
    ]


def _title(wrong: Array) -> str:
    m, count = len(wrong), int(wrong.sum())
    if count == 0:
        every = f"All {m:,} examples are" if m > 1 else "The example is"
        return f"{every} on the right side of the boundary"
    return f"{count:,} of {m:,} examples {'is' if count == 1 else 'are'} on the wrong side of the boundary"


def _class_colours(names: Sequence[str]) -> list[Colour]:
    """A colour for each class, as different as so many can be.

    >>> _class_colours(["cat", "blue"]) == [_ORANGE, _BLUE]
    True
    """
    named = [_NAMED.get(name.lower()) for name in names]
    others = cycle([colour for colour in _COLOURS if colour not in named] or _COLOURS)
    return [colour or next(others) for colour in named]


def _marker(c: int) -> str:
    return _MARKERS[c % len(_MARKERS)]


def _tinted(colours: Array, strength: Array) -> Array:
    """Colours ``(k, 3)`` on white, from pale to full by a strength ``(k,)`` from 0 to 1."""
    part = _PALEST + (_FULLEST - _PALEST) * strength
    return np.asarray(1 - part[:, np.newaxis] * (1 - colours))


def _draw_examples(ax: Axes, view: _View, points: Array, index: Array, wrong: Array) -> None:
    m = points.shape[1]
    size = min(max(12_000 / m, 12), 150)
    look = {
        "linewidths": 0.7 if m < 1_000 else 0.3,
        "rasterized": m > 5_000,
    }  # as vectors, such a file is slow
    for c, colour in enumerate(view.colours):
        for which in (~wrong, wrong):  # the latter on top
            x, y = points[:, (index == c) & which]
            ax.scatter(x, y, size, color=colour, marker=_marker(c), edgecolors="white", zorder=3, **look)
    x, y = points[:, wrong]
    ax.scatter(x, y, 3.2 * size, facecolors="none", edgecolors=INK, linewidths=1.4, zorder=4)


def _draw_legend(ax: Axes, view: _View, index: Array, wrong: Array) -> None:
    from matplotlib.lines import Line2D

    handles, labels = [], []
    listed = view.classes if view.classes <= _LISTED else _LISTED - 1
    for c, (name, colour) in enumerate(zip(view.names[:listed], view.colours[:listed], strict=True)):
        handles.append(Line2D([], [], color=colour, marker=_marker(c), ms=9, mec="white", ls="none"))
        labels.append(f"{name} ({(index == c).sum():,})")
    if listed < view.classes:
        handles.append(Line2D([], [], ls="none"))
        labels.append(f"and {view.classes - listed} more")
    if wrong.any():
        handles.append(Line2D([], [], marker="o", ms=13, mfc="none", mec=INK, mew=1.4, ls="none"))
        labels.append(f"on the wrong side ({wrong.sum():,})")
    handles.append(Line2D([], [], **_BOUNDARY))
    labels.append("boundary")
    if view.loss == "max_margin":
        handles.append(Line2D([], [], **_MARGIN))
        labels.append("margin, a = ±1")
    ax.legend(handles, labels, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, borderaxespad=0)


def _set_limits(ax: Axes, points: Array, shape: float) -> None:
    """Room around the examples; and one scale for both axes, if their shape (width / height) allows it."""
    low, high = points.min(axis=1), points.max(axis=1)
    middle, span = (low + high) / 2, high - low
    span = 1.2 * np.where(span > 0, span, np.maximum(1, np.abs(middle)))
    unit = span / [shape, 1.0]
    if unit.max() <= 2 * unit.min():
        span = unit.max() * np.array([shape, 1.0])
    ax.set_xlim(middle[0] - span[0] / 2, middle[0] + span[0] / 2)
    ax.set_ylim(middle[1] - span[1] / 2, middle[1] + span[1] / 2)


def _draw_regions(ax: Axes, view: _View) -> None:
    extent = (*ax.get_xlim(), *ax.get_ylim())
    xs, ys = _cells(extent[:2], _COLUMNS), _cells(extent[2:], _ROWS)
    A = view.outputs(np.vstack([grid.ravel() for grid in np.meshgrid(xs, ys)]))
    image = view.shade(A).reshape(_ROWS, _COLUMNS, 3)
    ax.imshow(image, extent=extent, origin="lower", aspect="auto", interpolation="bilinear", zorder=0)
    for lead in view.leads(A):
        _contour(ax, xs, ys, lead, 0, _BOUNDARY)
    if view.loss == "max_margin":
        for margin in (-1, 1):
            _contour(ax, xs, ys, A[0], margin, _MARGIN)


def _cells(ends: tuple[float, float], count: int) -> Array:
    """The middles of so many cells between two ends: a pixel of an image shows its middle."""
    edges = np.linspace(*ends, count + 1)
    return np.asarray((edges[:-1] + edges[1:]) / 2)


def _contour(ax: Axes, xs: Array, ys: Array, values: Array, level: float, look: Mapping[str, Any]) -> None:
    if values.min() < level < values.max():
        colour, width, style = look["color"], look["linewidth"], look["linestyle"]
        grid = values.reshape(len(ys), len(xs))
        ax.contour(xs, ys, grid, levels=[level], colors=colour, linewidths=width, linestyles=style, zorder=2)


def _draw_key(ax: Axes, view: _View) -> None:
    """What the shades mean, as a bar beside the axes."""
    key = ax.inset_axes((1.02, 0, 0.03, 0.4))
    steps = np.linspace(0, 1, 256)
    if view.softmax:
        low, high, ticks, what = 1 / view.classes, 1.0, [1 / view.classes, 1.0], "P(predicted class)"
        shades = _tinted(np.full((256, 3), 0.35), steps)
    elif view.loss == "logistic":
        low, high, ticks, what = 0.0, 1.0, [0.0, 0.5, 1.0], f"P({view.names[1]})"
        shades = view.shade(steps[np.newaxis])
    else:
        low, high, ticks, what = -1.5, 1.5, [-1.0, 0.0, 1.0], "score a"
        shades = view.shade(low + (high - low) * steps[np.newaxis])
    key.imshow(shades[:, np.newaxis], extent=(0, 1, low, high), origin="lower", aspect="auto")
    key.set(xticks=[], yticks=ticks, yticklabels=[brief(tick, 2) for tick in ticks])
    key.yaxis.tick_right()
    key.grid(visible=False)
    key.set_title(what, loc="left", fontsize=13, pad=10)
