"""Where a network of two inputs decides for which class, over the examples it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl import nn, vectorized
from micrograd_dl.nn.activations import ACTIVATIONS
from micrograd_dl.nn.network import Array, Network

from ..style import INK, QUIET
from .figures import COLOURS, LONGEST_NAME, brief, drawing, names, settle, tint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from micrograd_dl.data.preparation import Normaliser

# Orange comes early: it is told from blue more easily than vermilion is, and carries a paler shade.
_HUES = dict(zip(("blue", "red", "green", "pink", "sky", "orange", "black", "yellow"), COLOURS, strict=True))
_IN_TURN = [_HUES[name] for name in ("blue", "orange", "green", "red", "pink", "sky", "black", "yellow")]
_MARKERS = "o^sDvPX"  # 7 markers and 8 colours: 56 classes have a look of their own
_LISTED = 9  # classes in the legend, which ends above the key of the shades
_COLUMNS, _ROWS = 384, 240  # of the grid on which the network is computed
_PARTS = 45  # in which that is done, for the sake of memory
_BOUNDARY: dict[str, Any] = {"colors": INK, "linewidths": 2.2, "linestyles": "-"}
_MARGIN: dict[str, Any] = {"colors": QUIET, "linewidths": 1.4, "linestyles": "--"}


def decision_boundary(
    model: Network,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    features: Sequence[str] = (),
    classes: Sequence[str] = (),
    normaliser: Normaliser | None = None,
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

    Raises:
        ValueError: the model has other than two inputs or does not predict classes, a shape is wrong, X or Y
            holds what it may not, or the number of names is wrong.
        ModuleNotFoundError: Matplotlib is not installed.
    """
    view = Classifier(model, normaliser)
    points, index = view.examples(X, Y)
    axis_names = names(features, ["x1", "x2"], "features", 2 * LONGEST_NAME)
    class_names = names(classes, [str(c) for c in range(view.classes)], "classes")
    view.colours = _class_colours(class_names)
    wrong = view.predicted(view.outputs(points)) != index
    with drawing(_title(wrong)) as figure:
        ax = figure.add_subplot()
        ax.set(xlabel=axis_names[0], ylabel=axis_names[1])
        ax.grid(visible=False)
        _draw_examples(ax, view, points, index, wrong)
        _draw_legend(ax, view, class_names, index, wrong)
        _draw_key(ax, view, class_names[1])
        ax.margins(0.1)
        spans = np.ptp(points, axis=1)
        if spans.max() <= 2 * spans.min():
            ax.set_aspect("equal", adjustable="datalim")  # one scale for both
        settle(figure)
        _draw_regions(ax, view)
    return figure


# --- what the network says ------------------------------------------------------------------------------


def can_be_drawn(model: Network) -> bool:
    """Whether the network takes two features and predicts classes."""
    softmax = model.loss.name == "cross_entropy"
    return (
        model.shape[0] == 2
        and model.loss.name in ("logistic", "max_margin", "cross_entropy")
        and (model.shape[-1] == 1) != softmax
    )


class Classifier:
    """The network as a map from points, in the user's units, to classes."""

    def __init__(self, model: Network, normaliser: Normaliser | None) -> None:
        n_x, n_y, self.loss = model.shape[0], model.shape[-1], model.loss.name
        if n_x != 2:
            raise ValueError(
                f"a decision boundary is drawn over two features, and this network takes {n_x}: train one on "
                "two of them, such as X[[0, 1]]"
            )
        self.softmax = self.loss == "cross_entropy"
        if not can_be_drawn(model):
            raise ValueError(
                "a decision boundary is of classes: one output with the loss logistic or max_margin, or "
                f"softmax over two or more; this network has {n_y} with the loss {self.loss}"
            )
        self.classes = n_y if self.softmax else 2
        self.colours: Sequence[str] = ()
        self._model = _as_matrices(model)
        self._normaliser = normaliser

    def examples(self, X: ArrayLike, Y: ArrayLike) -> tuple[Array, Array]:
        """X as an array, and the index of each example's class, ``(m,)``."""
        points, targets = np.asarray(X), np.asarray(Y)
        prepared, _ = self._model.require_examples(self._prepared(points))
        if not np.isfinite(points).all():
            raise ValueError(f"X holds {points[~np.isfinite(points)][0]}: remove or replace that example")
        if targets.shape == (1, points.shape[1]) and np.isin(targets, np.arange(self.classes)).all():
            return points, targets[0].astype(int)
        if targets.ndim == 2 and targets.shape[0] == 1 and targets.shape[1] != points.shape[1]:
            raise ValueError(
                f"X {points.shape} and Y {targets.shape} have as many columns as there are examples"
            )
        _, targets = self._model.require_examples(prepared, targets)
        return points, self.predicted(targets)

    def outputs(self, points: Array) -> Array:
        """``A[L] (n_y, k)`` for ``(2, k)``."""
        parts = np.array_split(self._prepared(points), min(_PARTS, points.shape[1]), axis=1)
        return np.hstack([self._model.forward(part) for part in parts])

    def predicted(self, A: Array) -> Array:
        """The index of the class, ``(k,)``."""
        return np.asarray(self._by_class(A).argmax(axis=0))

    def leads(self, A: Array) -> list[Array]:
        """For each class but the first, by how much it leads over the best other one; 0 on its boundary."""
        scores = self._by_class(A)
        return [scores[c] - np.delete(scores, c, axis=0).max(axis=0) for c in range(1, self.classes)]

    def sureness(self, A: Array) -> Array:
        """How sure the network is, ``(k,)``: 0 to 1, by the probability or the score of max-margin."""
        if self.loss == "max_margin":
            return np.asarray(np.minimum(np.abs(A[0]), 1))
        P = A.max(axis=0) if self.softmax else np.maximum(A[0], 1 - A[0])
        return np.asarray((P * self.classes - 1) / (self.classes - 1))

    def shade(self, A: Array) -> Array:
        """The colour of each point, ``(k, 3)``: full where the network is sure, else pale."""
        palest = np.array([tint(colour, 0.08) for colour in self.colours])[self.predicted(A)]
        fullest = np.array([tint(colour, 0.45) for colour in self.colours])[self.predicted(A)]
        return np.asarray(palest + self.sureness(A)[:, np.newaxis] * (fullest - palest))

    def _by_class(self, A: Array) -> Array:
        """A score for each class, ``(classes, k)``.

        Scores of probabilities are their logarithms: a steep boundary would be flat in probabilities
        everywhere but in the one cell of the grid that it goes through.
        """
        if self.loss == "max_margin":
            return np.vstack([-A, A]) / 2
        P = A if self.softmax else np.vstack([1 - A, A])
        return np.asarray(np.log(np.maximum(P, np.finfo(A.dtype).tiny)))

    def _prepared(self, points: Array) -> Array:
        return points if self._normaliser is None else self._normaliser.apply(points)


def _as_matrices(model: Network) -> Network:
    """A network of Values as one of matrices, which computes the same, but quickly on many points.

    Matrices know no activations but the built-in ones: with others the model itself is taken.
    """
    if not (isinstance(model, nn.MLP) and all(ACTIVATIONS.get(g.name) is g for g in model.activations)):
        return model
    names, kinds = [g.name for g in model.activations], model.normalisations[:-1]
    copy = vectorized.MLP(model.shape[0], model.shape[1:], names, model.loss, normalisation=kinds)
    copy.copy_from(model)
    return copy


# --- drawing it -----------------------------------------------------------------------------------------


def _title(wrong: Array) -> str:
    m, count = len(wrong), int(wrong.sum())
    if count == 0:
        every = f"All {m:,} examples are" if m > 1 else "The example is"
        return f"{every} on the right side of the boundary"
    return f"{count:,} of {m:,} examples {'is' if count == 1 else 'are'} on the wrong side of the boundary"


def _class_colours(names: Sequence[str]) -> list[str]:
    """A colour for each class, as different as so many can be.

    >>> _class_colours(["cat", "blue"]) == [_HUES["orange"], _HUES["blue"]]
    True
    """
    named = [_HUES.get(name.lower()) for name in names]
    others = cycle([colour for colour in _IN_TURN if colour not in named] or _IN_TURN)
    return [colour or next(others) for colour in named]


def _draw_examples(ax: Axes, view: Classifier, points: Array, index: Array, wrong: Array) -> None:
    m = points.shape[1]
    size = min(max(12_000 / m, 12), 150)
    look: dict[str, Any] = {"edgecolors": "white", "linewidths": 0.7 if m < 1_000 else 0.3}
    look["rasterized"] = m > 5_000  # as vectors, a file of many is slow
    for c, colour in enumerate(view.colours):
        for which in (~wrong, wrong):  # the latter on top
            x, y = points[:, (index == c) & which]
            ax.scatter(x, y, s=size, color=colour, marker=_MARKERS[c % len(_MARKERS)], **look)
    x, y = points[:, wrong]
    ax.scatter(x, y, s=3.2 * size, facecolors="none", edgecolors=INK, linewidths=1.4)


def _draw_legend(ax: Axes, view: Classifier, names: Sequence[str], index: Array, wrong: Array) -> None:
    from matplotlib.lines import Line2D

    def add(label: str, **look: Any) -> None:
        handles.append(Line2D([], [], **{"ls": "none", "label": label, **look}))

    handles: list[Line2D] = []
    listed = view.classes if view.classes <= _LISTED else _LISTED - 1
    for c in range(listed):
        look = {"color": view.colours[c], "marker": _MARKERS[c % len(_MARKERS)], "ms": 9, "mec": "white"}
        add(f"{names[c]} ({(index == c).sum():,})", **look)
    if listed < view.classes:
        add(f"and {view.classes - listed} more")
    if wrong.any():
        add(f"on the wrong side ({wrong.sum():,})", marker="o", ms=13, mfc="none", mec=INK, mew=1.4)
    for label, line in [("boundary", _BOUNDARY), ("margin, a = ±1", _MARGIN)][
        : 1 + (view.loss == "max_margin")
    ]:
        add(label, color=line["colors"], lw=line["linewidths"], ls=line["linestyles"])
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0)


def _draw_regions(ax: Axes, view: Classifier) -> None:
    """A pixel of the image shows what the network says in its middle."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    xs = left + (right - left) * (np.arange(_COLUMNS) + 0.5) / _COLUMNS
    ys = bottom + (top - bottom) * (np.arange(_ROWS) + 0.5) / _ROWS
    A = view.outputs(np.vstack([grid.ravel() for grid in np.meshgrid(xs, ys)]))
    image, extent = view.shade(A).reshape(_ROWS, _COLUMNS, 3), (left, right, bottom, top)
    ax.imshow(image, extent=extent, origin="lower", aspect="auto", interpolation="bilinear", zorder=-1)
    contours = [(lead, 0.0, _BOUNDARY) for lead in view.leads(A)]
    if view.loss == "max_margin":
        contours += [(A[0], margin, _MARGIN) for margin in (-1.0, 1.0)]
    for values, level, look in contours:
        if values.min() < level < values.max():
            ax.contour(xs, ys, values.reshape(_ROWS, _COLUMNS), levels=[level], zorder=0, **look)


def _draw_key(ax: Axes, view: Classifier, positive: str) -> None:
    """What the shades mean, as a bar beside the axes."""
    steps = np.linspace(0, 1, 256)[np.newaxis]
    if view.softmax:
        low, high, ticks, what = 1 / view.classes, 1.0, [1 / view.classes, 1.0], "P(predicted class)"
        shades = np.repeat(1 - 0.65 * (0.08 + 0.37 * steps.T), 3, axis=1)
    elif view.loss == "logistic":
        low, high, ticks, what = 0.0, 1.0, [0.0, 0.5, 1.0], f"P({positive})"
        shades = view.shade(steps)
    else:
        low, high, ticks, what = -1.5, 1.5, [-1.0, 0.0, 1.0], "score a"
        shades = view.shade(low + (high - low) * steps)
    key = ax.inset_axes((1.02, 0, 0.03, 0.4))
    key.imshow(shades[:, np.newaxis], extent=(0, 1, low, high), origin="lower", aspect="auto")
    key.set(xticks=[], yticks=ticks, yticklabels=[brief(tick, 2) for tick in ticks])
    key.yaxis.tick_right()
    key.grid(visible=False)
    key.set_title(what, loc="left", fontsize=13, pad=10)
