"""Preparation of data for training: splitting, normalising, making columns, cutting into mini-batches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.data.dataset import Dataset, require_columns
from micrograd_dl.foundation.numbers import above_zero, to_seed, to_whole
from micrograd_dl.foundation.text import plural
from micrograd_dl.nn.network import Array

_PARTS = {2: ("train", "test"), 3: ("train", "dev", "test")}


def split(data: Dataset, fractions: Sequence[float] = (0.6, 0.2, 0.2), seed: int = 0) -> tuple[Dataset, ...]:
    """A dataset in parts: train, dev and test, or with two fractions train and test.

    Examples keep their order, and classes about the proportions of the whole. The same seed splits in the
    same way. ValueError if the fractions are not above 0 with the sum 1, or a part would be empty.

    >>> from micrograd_dl.data.built_in import moons
    >>> [part.m for part in split(moons(100))]
    [60, 20, 20]
    """
    names, m = _PARTS.get(len(fractions), ()), data.m
    if not names or not all(f > 0 for f in fractions) or not math.isclose(sum(fractions), 1):
        raise ValueError(f"the parts are two or three fractions above 0, whose sum is 1, not {fractions}")
    exact = np.array(fractions) / sum(fractions) * m
    sizes = np.floor(exact).astype(int)
    sizes[np.argsort(sizes - exact, kind="stable")[: m - sizes.sum()]] += 1  # what lost most by rounding down
    if not sizes.all():
        examples, name = plural(m, "example"), names[int(np.argmin(sizes))]
        raise ValueError(f"of {examples} none is left for the {name} part: take more examples or fewer parts")
    order = np.random.default_rng(to_seed(seed)).permutation(m)
    if data.classes:
        order = evenly_mixed(order, data.Y[0])
    parts = np.split(order, np.cumsum(sizes)[:-1])
    return tuple(
        replace(data.take(np.sort(part)), name=f"{data.name}, {name}")
        for part, name in zip(parts, names, strict=True)
    )


def evenly_mixed(order: Array, classes: Array) -> Array:
    """The indices reordered so that every stretch of them has the classes in the proportions of the whole.

    The i-th of the n examples of a class, from 0, is put at (i + 1/2) / n of the way.
    """
    way = np.empty(len(order))
    for c in np.unique(classes):
        places = np.flatnonzero(classes[order] == c)
        way[places] = (np.arange(len(places)) + 0.5) / len(places)
    return order[np.argsort(way, kind="stable")]  # where two are even, chance has put one first


@dataclass(frozen=True, slots=True, eq=False)
class Normaliser:
    """Features moved and scaled to mean 0 and standard deviation 1 in the training set.

    Fit it to the training set, and apply it to every set. `mean` and `deviation` are ``(n_x, 1)``; ValueError
    if they are not, or a deviation is not above 0. A constant feature becomes 0; its deviation is 1.

    >>> normaliser = Normaliser.fit([[1.0, 3.0], [7.0, 7.0]])
    >>> normaliser.apply([[5.0], [8.0]])
    array([[3.],
           [1.]])
    """

    mean: Array
    deviation: Array

    def __post_init__(self) -> None:
        mean, deviation = np.array(self.mean, dtype=float), np.array(self.deviation, dtype=float)
        if mean.shape != deviation.shape or mean.shape[1:] != (1,):
            shapes = f"{mean.shape} and {deviation.shape}"
            raise ValueError(f"mean and deviation are columns (n_x, 1), not {shapes}")
        if not (np.isfinite(mean).all() and np.isfinite(deviation).all() and (deviation > 0).all()):
            raise ValueError("means are finite and deviations above 0, these are not: numbers were too large")
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "deviation", deviation)

    @classmethod
    def fit(cls, X: ArrayLike) -> Normaliser:
        """Fitted to the training set ``X (n_x, m)``; ValueError if a number is not finite, or too large."""
        X = require_columns("X", X).astype(float)
        constant = X.min(axis=1, keepdims=True) == X.max(axis=1, keepdims=True)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused above
            # The mean of a constant is rounded, and may be a hair beside it.
            mean = np.where(constant, X[:, :1], X.mean(axis=1, keepdims=True))
            off = X - mean
            # In units of the widest, so that no square overflows or vanishes.
            widest = np.where(constant, 1.0, np.abs(off).max(axis=1, keepdims=True))
            deviation = widest * np.sqrt(np.mean((off / widest) ** 2, axis=1, keepdims=True))
        return cls(mean, np.where(constant, 1.0, deviation))

    def apply(self, X: ArrayLike) -> Array:
        """``(X - mean) / deviation``; ValueError unless X is ``(n_x, m)``."""
        return (self._require(X) - self.mean) / self.deviation

    def undo(self, X: ArrayLike) -> Array:
        """Undo `apply`; ValueError unless X is ``(n_x, m)``."""
        return self._require(X) * self.deviation + self.mean

    def _require(self, given: ArrayLike) -> Array:
        X, n_x = np.asarray(given), len(self.mean)
        if X.ndim != 2 or X.shape[0] != n_x:
            advice = "transpose it with X.T" if X.shape[1:] == (n_x,) else "columns are examples"
            raise ValueError(f"X is {X.shape}, ({n_x}, m) is wanted, as in the training set: {advice}")
        return X


def images_to_columns(images: ArrayLike, largest: float = 255) -> Array:
    """Images ``(m, h, w, c)`` of c colours, or grey ``(m, h, w)``, as columns ``(h*w*c, m)`` from 0 to 1.

    Pixels go row by row, and are divided by `largest`, full brightness. ValueError if one is not between 0
    and `largest`, or the images seem to be divided already.

    >>> images_to_columns([[[0, 51], [102, 255]]]).T
    array([[0. , 0.2, 0.4, 1. ]])
    """
    array = require_images(images)
    if array.ndim == 3 and array.shape[2] in (3, 4):
        colour, grey = "one in colour, images[np.newaxis]", f"{len(array)} in grey, images[..., np.newaxis]"
        raise ValueError(f"images {array.shape} may be {colour}, or {grey}: say which, by four axes")
    largest = above_zero(largest, "the largest brightness")
    low, high = array.min(), array.max()
    if not (low >= 0 and high <= largest):
        raise ValueError(f"brightnesses are from 0 to {largest:g}, not from {low} to {high}: set largest")
    if array.dtype.kind == "f" and 0 < high <= 1 < largest:
        raise ValueError(f"the largest of these is {high}, so they seem divided already: set largest to 1")
    columns: Array = np.divide(columns_of(array), largest, order="C", dtype=float)
    return columns


def require_images(images: ArrayLike) -> Array:
    """As an array; ValueError unless it is ``(m, h, w)`` or ``(m, h, w, c)`` of numbers."""
    array = np.asarray(images)
    if array.ndim not in (3, 4) or array.size == 0 or array.dtype.kind not in "fiu":
        problem = f"images are numbers (m, h, w), or (m, h, w, c) in colour, not {array.dtype} {array.shape}"
        raise ValueError(f"{problem}: columns_to_images makes them of columns")
    return array


def columns_of(images: Array) -> Array:
    """Images ``(m, h, w)`` or ``(m, h, w, c)`` as the columns of `images_to_columns`, with their numbers."""
    return np.ascontiguousarray(images.reshape(len(images), -1).T)


def columns_to_images(X: ArrayLike, shape: Sequence[int]) -> Array:
    """Columns ``(h*w*c, m)``, as `images_to_columns` makes them, as images of `shape`, ``(h, w[, c])``."""
    columns = np.asarray(X)
    if len(shape) not in (2, 3) or columns.ndim != 2 or columns.shape[0] != math.prod(shape):
        wanted = "columns of images (h, w) or (h, w, c) are (h*w*c, m)"
        raise ValueError(f"{wanted}: {columns.shape} are not of {tuple(shape)}")
    return columns.T.reshape(-1, *shape)


def minibatches(m: int, batch_size: int, rng: np.random.Generator) -> Iterator[Array]:
    """The column indices of one epoch's mini-batches: 0 to m - 1, shuffled, `batch_size` at a time.

    The last one may be short. From ``batch_size = m`` on there is one batch, in order, and nothing is drawn.

    >>> [batch.tolist() for batch in minibatches(5, 2, np.random.default_rng(1))]
    [[4, 0], [1, 2], [3]]
    """
    m, batch_size = to_whole(m, 1, "m"), to_whole(batch_size, 1, "batch_size")
    order = rng.permutation(m) if batch_size < m else np.arange(m)
    return (order[start : start + batch_size] for start in range(0, m, batch_size))
