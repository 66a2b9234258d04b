"""Built-in sets of examples: toy ones made from a seed, and two real ones that scikit-learn has.

Each is a Dataset, which unpacks into its two arrays; columns are examples. Of the toy ones that are random,
`m` is the number of examples, `noise` a standard deviation, and `seed` decides the noise and the order. A
ValueError is raised if there are fewer examples than classes, or one of these numbers is not possible.

>>> X, Y = moons(200, noise=0.1)
>>> X.shape, Y.shape
((2, 200), (1, 200))
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.data.dataset import Dataset
from micrograd_dl.foundation.lookup import look_up
from micrograd_dl.foundation.numbers import from_zero, to_seed, to_whole
from micrograd_dl.foundation.text import install_hint
from micrograd_dl.nn.network import Array


def moons(m: int = 200, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Two half-moons that reach into each other, ``X (2, m)``, as scikit-learn's `make_moons` has them."""
    upper, lower = (np.linspace(0, np.pi, n) for n in _sizes(m, 2))
    arcs = [_polar(1, upper), np.array([[1.0], [0.5]]) - _polar(1, lower)]
    return _mixed(arcs, noise, seed, name="moons", classes=("upper", "lower"))


def circles(m: int = 200, noise: float = 0.05, factor: float = 0.5, seed: int = 0) -> Dataset:
    """A circle of radius 1 and one of radius `factor`, between 0 and 1, inside it: ``X (2, m)``."""
    if not 0 < factor < 1:
        raise ValueError(f"the inner circle's factor is a number between 0 and 1, not {factor!r}")
    angles = [np.linspace(0, 2 * np.pi, n, endpoint=False) for n in _sizes(m, 2)]
    rings = [_polar(1, angles[0]), _polar(factor, angles[1])]
    return _mixed(rings, noise, seed, name="circles", classes=("outer", "inner"))


def blobs(m: int = 300, classes: int = 3, noise: float = 1.0, seed: int = 0) -> Dataset:
    """Normal clouds around centres spaced evenly on a circle of radius 4, one a class: ``X (2, m)``."""
    sizes = _sizes(m, classes)
    clouds = [_polar(4, np.full(n, 2 * np.pi * c / classes)) for c, n in enumerate(sizes)]
    return _mixed(clouds, noise, seed, name="blobs")


def spirals(
    m: int = 300, classes: int = 3, noise: float = 0.02, turns: float = 0.75, seed: int = 0
) -> Dataset:
    """Arms that wind `turns` times around the origin, from radius 0.1 to 1, one a class: ``X (2, m)``."""
    along = [np.linspace(0.1, 1, n) for n in _sizes(m, classes)]
    arms = [_polar(r, 2 * np.pi * (c / classes + turns * r)) for c, r in enumerate(along)]
    return _mixed(arms, noise, seed, name="spirals")


def flower(m: int = 400, noise: float = 0.2, seed: int = 0) -> Dataset:
    """The course's planar flower, ``X (2, m)``: on the rose ``r = 4 sin 4t``, four petals red and four blue.

    The noise is added to angle and radius.
    """
    noise = from_zero(noise, "the noise")
    rng = np.random.default_rng(to_seed(seed))
    halves = []
    for half, n in enumerate(_sizes(m, 2)):
        t = np.linspace(half * np.pi, (half + 1) * np.pi, n) + noise * rng.standard_normal(n)
        halves.append(_polar(4 * np.sin(4 * t) + noise * rng.standard_normal(n), t))
    return _mixed(halves, 0, rng, name="flower", classes=("red", "blue"))


def xor() -> Dataset:
    """The four rows of the truth table of "one or the other, but not both": ``X (2, 4)``.

    >>> print(*xor())
    [[0. 0. 1. 1.]
     [0. 1. 0. 1.]] [[0 1 1 0]]
    """
    return replace(parity(2), classes=("0", "1"), features=(), target="xor", name="xor")


def parity(bits: int = 3) -> Dataset:
    """Every row of n bits, ``X (bits, 2 ** bits)``, counting upwards, and whether its ones are odd."""
    bits = to_whole(bits, 1, "bits")
    if bits > 16:
        raise ValueError(f"parity is of 1 to 16 bits, because all 2 ** bits rows are made; not {bits!r}")
    X = np.arange(2**bits) >> np.arange(bits)[::-1, np.newaxis] & 1
    names = tuple(f"b{j}" for j in range(1, bits + 1))
    Y = X.sum(axis=0, keepdims=True) % 2
    return Dataset(X, Y, ("even", "odd"), features=names, target="parity", name=f"parity of {bits} bits")


def house_prices(m: int = 50, noise: float = 20.0, seed: int = 0) -> Dataset:
    """Prices in thousands by size in square feet, ``X (1, m)`` and numbers ``Y (1, m)``: a ReLU and noise.

    The price is ``max(0, 0.2 size - 100 + noise)`` for sizes from 200 to 3000.
    """
    noise = from_zero(noise, "the noise")
    [n] = _sizes(m, 1)
    size = np.linspace(200, 3000, n)[np.newaxis]
    price = 0.2 * size - 100 + noise * np.random.default_rng(to_seed(seed)).standard_normal((1, n))
    return Dataset(size, np.maximum(0, price), features=("size",), target="price", name="house prices")


def digits() -> Dataset:
    """The 1,797 handwritten digits of scikit-learn: ``X (64, 1797)``, brightnesses 0 to 1, row by row."""
    return _of_scikit_learn("digits", "digit", largest=16)


def iris() -> Dataset:
    """Fisher's 150 irises of three species, from scikit-learn: ``X (4, 150)`` in centimetres."""
    return _of_scikit_learn("iris", "species")


def _of_scikit_learn(name: str, target: str, largest: float = 1) -> Dataset:
    try:
        bunch = getattr(importlib.import_module("sklearn.datasets"), f"load_{name}")()
    except ModuleNotFoundError as error:
        problem = f"the set {name} comes with scikit-learn ({error}): {install_hint('data')}"
        raise ModuleNotFoundError(problem, name=error.name) from error
    classes = tuple(map(str, bunch.target_names))
    features = tuple(re.sub("_(.*)_", r" \1,", feature) for feature in bunch.feature_names)  # pixel_0_7
    return Dataset(bunch.data.T / largest, bunch.target[np.newaxis], classes, features, target, name)


DATASETS: dict[str, Callable[..., Dataset]] = {
    make.__name__: make
    for make in (moons, circles, blobs, spirals, flower, xor, parity, house_prices, digits, iris)
}


def dataset(name: str, **options: object) -> Dataset:
    """The built-in set of that name; `options` are its function's own, such as ``m`` and ``seed``.

    ValueError if there is none, ModuleNotFoundError if it needs scikit-learn and there is none.

    >>> dataset("house-prices", m=10)
    Dataset(house prices; X (1, 10): size; Y (1, 10): price from 0 to 474.692)
    """
    return look_up(name.replace("-", "_"), DATASETS, "built-in set")(**options)


def _mixed(
    groups: Sequence[Array],
    noise: float,
    seed: int | np.random.Generator,
    *,
    name: str,
    classes: Sequence[str] = (),
) -> Dataset:
    """The columns of each group as one class, with noise added, in random order."""
    noise = from_zero(noise, "the noise")
    rng = seed if isinstance(seed, np.random.Generator) else np.random.default_rng(to_seed(seed))
    X = np.hstack(groups)
    X = X + noise * rng.standard_normal(X.shape)
    Y = np.repeat(np.arange(len(groups)), [group.shape[1] for group in groups])[np.newaxis]
    names = tuple(classes) or tuple(str(c) for c in range(len(groups)))
    order = rng.permutation(X.shape[1])
    return Dataset(X[:, order], Y[:, order], names, name=name)


def _polar(radius: ArrayLike, angle: Array) -> Array:
    return np.vstack([radius * np.cos(angle), radius * np.sin(angle)])


def _sizes(m: int, groups: int) -> list[int]:
    """`m` shared out as evenly as can be."""
    m, groups = to_whole(m, 0, "m"), to_whole(groups, 0, "classes")
    if groups < 1 or m < groups:
        raise ValueError(f"each of {groups} classes takes at least one example, and m is {m!r}")
    return [m // groups + (g < m % groups) for g in range(groups)]
