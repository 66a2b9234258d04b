"""Datasets: examples as the columns of X, with their targets in Y."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.data.targets import targets_of
from micrograd_dl.foundation.html import table
from micrograd_dl.foundation.lookup import look_up
from micrograd_dl.foundation.text import plural
from micrograd_dl.nn.frames import features_of, is_frame
from micrograd_dl.nn.losses import LOSSES, Loss
from micrograd_dl.nn.network import Array, one_hot

_IMAGES = ": make columns of images with data.preparation.images_to_columns"


_MOST_FEATURES = 20  # in a notebook's table


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dataset:
    """m examples and their targets; the arrays cannot be written to.

    Attributes:
        X: ``(n_x, m)``, finite numbers; float64, or float32 if it came so. Of a data frame rows are examples,
            and texts are categories, each with a feature such as ``colour=red``, 1 or 0.
        Y: classes as their indices 0, 1, ... in `classes`, ``(1, m)``; or numbers, ``(n_y, m)``. A column of
            a frame is classes if it is texts, or whole numbers of at most 20 values, each there twice.
        classes: the names of the classes, two at least; empty if Y is numbers.
        features: a name for each row of X; by default x1, x2, ...
        target: the name of the quantity in Y.
        name: the name of the whole.

    Raises:
        ValueError: a shape is wrong, a number is not finite, or names and arrays do not fit.

    >>> Dataset([[50.0, 80.0]], [[150.0, 240.0]], features=("size",), target="price", name="flats")
    Dataset(flats; X (1, 2): size; Y (1, 2): price from 150 to 240)
    """

    X: Array
    Y: Array
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    target: str = "y"
    name: str = "data"

    def __post_init__(self) -> None:
        X, Y, features, classes, target = (
            self.X,
            self.Y,
            tuple(self.features),
            tuple(self.classes),
            self.target,
        )
        if is_frame(X):
            X, names = features_of(X)
            features = features or names
        if is_frame(Y):
            Y, names, name = targets_of(Y)
            classes, target = classes or names, name if name and target == "y" else target
        X, Y = require_columns("X", X), require_columns("Y", Y)
        if X.shape[1] != Y.shape[1]:
            advice = ": transpose X with X.T" if X.shape[0] == Y.shape[1] else ""
            raise ValueError(f"columns are examples, and X {X.shape} and Y {Y.shape} differ in them{advice}")
        features = features or tuple(f"x{j}" for j in range(1, X.shape[0] + 1))
        if len(features) != X.shape[0] or len(set(features)) != len(features):
            count = plural(X.shape[0], "different name")
            raise ValueError(f"features are the rows of X, with {count}, not {_listed(features)}")
        if classes:
            _require_indices(Y, classes)
            Y = Y.astype(np.intp)
        found = {"X": X.view(), "Y": Y.view(), "classes": classes, "features": features, "target": target}
        for name, x in found.items():
            object.__setattr__(self, name, x)
        self.X.flags.writeable = self.Y.flags.writeable = False  # the caller's own arrays stay writable

    def __reduce__(self) -> Any:  # arrays of a copy cannot be written to either
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    @property
    def kind(self) -> Literal["classes", "numbers"]:
        """The kind of targets in Y."""
        return "classes" if self.classes else "numbers"

    @property
    def m(self) -> int:
        """The number of examples."""
        return int(self.X.shape[1])

    def __iter__(self) -> Iterator[Array]:
        """X, then Y: ``X, Y = data``."""
        yield self.X
        yield self.Y

    def take(self, examples: ArrayLike) -> Dataset:
        """The examples with these indices, in this order."""
        index = np.asarray(examples)
        return replace(self, X=self.X[:, index], Y=self.Y[:, index])

    def targets(self, loss: str | Loss) -> Array:
        """Y as the loss takes it, ``(n_y, m)`` of floats; ValueError if it cannot have such targets.

        One-hot columns for cross-entropy; for the others one row: 0 or 1, for max-margin -1 or 1. Numbers
        are for squared error and Huber's, as they are.

        >>> bits = Dataset([[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]], classes=("0", "1"))
        >>> bits.targets("logistic"), bits.targets("max_margin")
        (array([[0., 1., 1., 0.]]), array([[-1.,  1.,  1., -1.]]))
        """
        name = loss.name if isinstance(loss, Loss) else loss
        of_classes = look_up(name, LOSSES, "loss").decide is not None
        if not self.classes and of_classes:
            raise ValueError(f"the loss {name} is for classes, and {self.target} is numbers: take squared")
        if name == "cross_entropy":
            return one_hot(self.Y, len(self.classes))
        if len(self.classes) > 2:
            count, advice = len(self.classes), "take cross_entropy, with the output activation softmax"
            raise ValueError(f"the loss {name} is for two classes, and there are {count}: {advice}")
        return (2 * self.Y - 1 if name == "max_margin" else self.Y).astype(float)

    def __repr__(self) -> str:
        X = f"X {self.X.shape}: {_listed(self.features)}"
        return f"{type(self).__name__}({self.name}; {X}; Y {self.Y.shape}: {self._targets()})"

    def _targets(self) -> str:
        """The targets in words."""
        if not self.classes:
            return f"{self.target} from {self.Y.min():g} to {self.Y.max():g}"
        counts = np.bincount(self.Y[0], minlength=len(self.classes))
        names = _listed([f"{name}: {n}" for name, n in zip(self.classes, counts, strict=True)])
        return f"{len(self.classes)} classes ({names})"

    def _repr_html_(self) -> str:
        rows = [
            (name, *(f"{x:.4g}" for x in (values.mean(), values.std(), values.min(), values.max())))
            for name, values in zip(self.features[:_MOST_FEATURES], self.X, strict=False)
        ]
        more = len(self.features) - len(rows)
        notes = [f"... and {plural(more, 'feature')} more" if more else "", f"Target: {self._targets()}"]
        columns = ("feature", "mean", "deviation", "least", "largest")
        return table(columns, rows, f"{self.name}: {plural(self.m, 'example')}", notes)


def require_columns(name: str, given: ArrayLike) -> Array:
    """As an array ``(n, m)`` of finite floats; ValueError if it is none."""
    array = np.asarray(given)
    if array.ndim != 2 or array.size == 0:
        advice = {1: f": reshape it with {name}.reshape(1, -1)", 3: _IMAGES, 4: _IMAGES}.get(array.ndim, "")
        raise ValueError(f"{name} has rows, and a column an example: (n, m), not {array.shape}{advice}")
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} holds {array.dtype}, not numbers: convert it with {name}.astype(float)")
    # In C order: columns taken by an index come in Fortran order, whose rows are slow to add up.
    array = np.ascontiguousarray(array, dtype=np.float32 if array.dtype == np.float32 else float)
    if not (finite := np.isfinite(array)).all():
        i, j = np.argwhere(~finite)[0]
        raise ValueError(f"{name}[{i}, {j}] is {array[i, j]}: mend or leave out example {j}")
    return array


def _require_indices(Y: Array, classes: tuple[str, ...]) -> None:
    if len(classes) < 2:
        raise ValueError(f"there is one class only, {classes[0]!r}: two at least are there to be told apart")
    if len(set(classes)) != len(classes):
        raise ValueError(f"classes have different names, not {_listed(classes)}")
    if Y.shape[0] != 1:
        raise ValueError(f"Y holds a class's index, (1, m), not {Y.shape}: Y.argmax(axis=0, keepdims=True)?")
    if (wrong := Y[~np.isin(Y, np.arange(len(classes)))]).size:
        raise ValueError(f"Y holds indices of classes, 0 to {len(classes) - 1}, not {wrong[0]:g}")


def _listed(items: Sequence[str], most: int = 10) -> str:
    """The items, or the first three and the last of them."""
    return ", ".join(items if len(items) <= most else (*items[:3], "...", items[-1]))
