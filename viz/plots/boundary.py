"""Where a network of two inputs decides for which class, over the examples it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl import nn, vectorized
from micrograd_dl.foundation.text import plural
from micrograd_dl.nn.activations import ACTIVATIONS
from micrograd_dl.nn.network import Array, Network

from ..style import INK, QUIET
from .figures import BESIDE, COLOURS, LONGEST_NAME, brief, drawing, names, settle, tint

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from micrograd_dl.data.preparation import Normaliser

# Orange comes early: it is told from blue more easily than vermilion is, and carries a paler shade.
_HUES = dict(zip(("blue", "red", "green", "pink", "sky", "orange", "black", "yellow"), COLOURS, strict=True))
_IN_TURN = [_HUES[name] for name in ("blue", "orange", "green", "red", "pink", "sky", "black", "yellow")]
_MARKERS = "o^sDvPX"  # 7 markers and 8 colours: 56 classes have a look of their own
_LISTED = 9  # classes in the legend, which ends above the key of the shades
_COLUMNS, _ROWS = 384, 240  # the grid on which the network is computed
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
        model: a classifier of two inputs: one output with the logistic or the max-margin loss, or softmax.
        X: ``(2, m)``.
        Y: targets as the model takes them, ``(n_y, m)``, or indices of classes, ``(1, m)``.
        features: the names of the two, with their units.
        classes: their names.
        normaliser: what the model's inputs were prepared with; X is then as it was before, in original units.

    Raises:
        ValueError: the model has other than two inputs or does not predict classes; or a shape, an entry of X
            or Y, or the number of names is wrong.
    """
    view = Classifier(model, normaliser)
    points, index = view.examples(X, Y)
    axis_names = names(features, ["x1", "x2"], "features", 2 * LONGEST_NAME)
    class_names = names(classes, [str(c) for c in range(view.classes)], "classes")
    colours = _class_colours(class_names)
    wrong = view.outputs(points).argmax(axis=0) != index
    m, count = len(wrong), int(wrong.sum())
    title = f"All {m:,} examples are on the right side of the boundary"
    if count:
        title = (
            f"{count:,} of {m:,} examples {'is' if count == 1 else 'are'} on the wrong side of the boundary"
        )
    with drawing(title) as figure:
        ax = figure.add_subplot()
        ax.set(xlabel=axis_names[0], ylabel=axis_names[1])
        ax.grid(visible=False)
        _draw_examples(ax, view, points, index, wrong, class_names, colours)
        _draw_key(ax, view, class_names[1], colours)
        ax.margins(0.1)
        spans = np.ptp(points, axis=1)
        if spans.max() <= 2 * spans.min():
            ax.set_aspect("equal", adjustable="datalim")  # one scale for both
        settle(figure)
        _draw_regions(ax, view, colours)
    return figure


def can_be_drawn(model: Network) -> bool:
    """Whether the network takes two features and predicts classes."""
    softmax = model.loss.name == "cross_entropy"
    known = model.loss.name in ("logistic", "max_margin", "cross_entropy")
    return known and model.shape[0] == 2 and (model.shape[-1] == 1) != softmax


class Classifier:
    """The network as a map from points, in the user's units, to a score for each class."""

    def __init__(self, model: Network, normaliser: Normaliser | None) -> None:
        n_x, n_y, self.loss = model.shape[0], model.shape[-1], model.loss.name
        if not can_be_drawn(model):
            raise ValueError(
                "a decision boundary is drawn over two features, such as X[[0, 1]], and of classes: one "
                "output with the loss logistic or max_margin, or softmax over two or more; this network has "
                f"{plural(n_x, 'input')} and {plural(n_y, 'output')} with the loss {self.loss}"
            )
        self.classes = n_y if self.loss == "cross_entropy" else 2
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
        _, targets = self._model.require_examples(prepared, targets)
        return points, self.by_class(targets).argmax(axis=0)

    def outputs(self, points: Array) -> Array:
        """For ``(2, k)`` the probability of each class, or for max-margin its score, ``(classes, k)``."""
        parts = np.array_split(self._prepared(points), min(_PARTS, points.shape[1]), axis=1)
        return self.by_class(np.hstack([self._model.forward(part) for part in parts]))

    def by_class(self, A: Array) -> Array:
        """The network's output, or the target, for each class."""
        if self.loss == "cross_entropy":
            return A
        return np.vstack([-A, A] if self.loss == "max_margin" else [1 - A, A])

    def _prepared(self, points: Array) -> Array:
        return points if self._normaliser is None else self._normaliser.apply(points)

    def leads(self, outputs: Array) -> list[Array]:
        """For each class but the first, by how much it leads over the best other one; 0 on its boundary.

        Probabilities are compared by their logarithms: across a steep boundary they are flat.
        """
        if self.loss != "max_margin":
            outputs = np.log(np.maximum(outputs, np.finfo(outputs.dtype).tiny))
        return [outputs[c] - np.delete(outputs, c, axis=0).max(axis=0) for c in range(1, self.classes)]

    def sureness(self, outputs: Array) -> Array:
        """From 0 to 1, ``(k,)``: by the probability of the class, or for max-margin the score."""
        largest, chance = outputs.max(axis=0), 1 / self.classes
        sure = np.minimum(largest, 1) if self.loss == "max_margin" else (largest - chance) / (1 - chance)
        return np.asarray(sure)

    def shade(self, outputs: Array, colours: Sequence[str]) -> Array:
        """The colour of each point, ``(k, 3)``: full where the network is sure, else pale."""
        sure = self.sureness(outputs)
        palest, fullest = (np.array([tint(colour, part) for colour in colours]) for part in (0.08, 0.45))
        which = outputs.argmax(axis=0)
        return np.asarray(palest[which] + sure[:, np.newaxis] * (fullest - palest)[which])


def _as_matrices(model: Network) -> Network:
    """A network of Values as one of matrices, fast on many points, if its activations are built-in."""
    if not (isinstance(model, nn.MLP) and all(ACTIVATIONS.get(g.name) is g for g in model.activations)):
        return model
    names, kinds = [g.name for g in model.activations], model.normalisations[:-1]
    copy = vectorized.MLP(model.shape[0], model.shape[1:], names, model.loss, normalisation=kinds)
    copy.copy_from(model)
    return copy


def _class_colours(names: Sequence[str]) -> list[str]:
    """A colour for each class, as different as possible.

    >>> _class_colours(["cat", "blue"]) == [_HUES["orange"], _HUES["blue"]]
    True
    """
    named = [_HUES.get(name.lower()) for name in names]
    others = cycle([colour for colour in _IN_TURN if colour not in named] or _IN_TURN)
    return [colour or next(others) for colour in named]


def _draw_examples(
    ax: Axes,
    view: Classifier,
    points: Array,
    index: Array,
    wrong: Array,
    names: Sequence[str],
    colours: Sequence[str],
) -> None:
    """The examples, and a legend of them and of the lines that are going to be drawn."""
    from matplotlib.lines import Line2D

    m = points.shape[1]
    size = min(max(12_000 / m, 12), 150)
    edge = 0.7 if m < 1_000 else 0.3
    # As vectors, a file of many is slow.
    look: dict[str, Any] = {"edgecolors": "white", "linewidths": edge, "rasterized": m > 5_000}
    handles: list[Artist] = []
    for c, colour in enumerate(colours):
        x, y = points[:, index == c]
        marker, label = _MARKERS[c % len(_MARKERS)], f"{names[c]} ({len(x):,})"
        handles.append(ax.scatter(x, y, s=size, color=colour, marker=marker, label=label, **look))
    if view.classes > _LISTED:
        more = f"and {view.classes - _LISTED + 1} more"
        handles[_LISTED - 1 :] = [Line2D([], [], ls="none", label=more)]
    if wrong.any():
        ring: dict[str, Any] = {"facecolors": "none", "edgecolors": INK, "linewidths": 1.4, "s": 3.2 * size}
        handles.append(ax.scatter(*points[:, wrong], label=f"on the wrong side ({wrong.sum():,})", **ring))
    lines = {"boundary": _BOUNDARY} | ({"margin, a = ±1": _MARGIN} if view.loss == "max_margin" else {})
    for label, line in lines.items():
        line_look = {"color": line["colors"], "lw": line["linewidths"], "ls": line["linestyles"]}
        handles.append(Line2D([], [], label=label, **line_look))
    ax.legend(handles=handles, markerscale=(80 / size) ** 0.5, **BESIDE)


def _draw_regions(ax: Axes, view: Classifier, colours: Sequence[str]) -> None:
    """A pixel of the image shows what the network says in its middle."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    xs = left + (right - left) * (np.arange(_COLUMNS) + 0.5) / _COLUMNS
    ys = bottom + (top - bottom) * (np.arange(_ROWS) + 0.5) / _ROWS
    outputs = view.outputs(np.vstack([grid.ravel() for grid in np.meshgrid(xs, ys)]))
    image, extent = view.shade(outputs, colours).reshape(_ROWS, _COLUMNS, 3), (left, right, bottom, top)
    ax.imshow(image, extent=extent, origin="lower", aspect="auto", interpolation="bilinear", zorder=-1)
    contours = [(lead, 0.0, _BOUNDARY) for lead in view.leads(outputs)]
    if view.loss == "max_margin":
        contours += [(outputs[1], margin, _MARGIN) for margin in (-1.0, 1.0)]
    for values, level, look in contours:
        if values.min() < level < values.max():
            ax.contour(xs, ys, values.reshape(_ROWS, _COLUMNS), levels=[level], zorder=0, **look)


def _draw_key(ax: Axes, view: Classifier, positive: str, colours: Sequence[str]) -> None:
    """A bar beside the axes that explains the shades."""
    steps = np.linspace(0, 1, 256)[np.newaxis]
    if view.loss == "cross_entropy":
        low, high, ticks, what = 1 / view.classes, 1.0, [1 / view.classes, 1.0], "P(predicted class)"
        shades = np.repeat(1 - 0.65 * (0.08 + 0.37 * steps.T), 3, axis=1)
    else:
        margin = view.loss == "max_margin"
        low, high, ticks = (-1.5, 1.5, [-1.0, 0.0, 1.0]) if margin else (0.0, 1.0, [0.0, 0.5, 1.0])
        what = "score a" if margin else f"P({positive})"
        shades = view.shade(view.by_class(low + (high - low) * steps), colours)
    key = ax.inset_axes((1.02, 0, 0.03, 0.4))
    key.imshow(shades[:, np.newaxis], extent=(0, 1, low, high), origin="lower", aspect="auto")
    key.set(xticks=[], yticks=ticks, yticklabels=[brief(tick, 2) for tick in ticks])
    key.yaxis.tick_right()
    key.grid(visible=False)
    key.set_title(what, loc="left", fontsize=13, pad=10)
