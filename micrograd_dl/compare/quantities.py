"""Every quantity of one pass of two networks, and how far the two differ beside what rounding explains."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.nn.network import Array, Network, Pass
from micrograd_dl.nn.normalisation import EPSILON

_EPS = float(np.finfo(float).eps)
_STEP = 1e-10  # relative: the parameters are perturbed by it
_LEVEL = 1e-3  # a slope such as 1 - a^2 is rounded as a number of some 1e-3, however small it is


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One quantity of both networks.

    `difference` is the largest between entries, relative to the largest entry, or to the size by which the
    array is rounded where that is larger: the sums behind a derivative may cancel.
    """

    what: str  # J, Z, Z_norm, A, dgamma, dbeta, dZ, dW or db
    l: int  # its layer; 0 for J
    here: Array
    there: Array
    difference: float
    at: tuple[int, ...]  # the index of the entry that differs most

    @property
    def name(self) -> str:
        """Such as ``dW1``."""
        return f"{self.what}{self.l}" if self.l else self.what

    @property
    def entry(self) -> str:
        """The entry that differs most, counted from 1: ``dW1[2,1]``; ``Z1, unit 2, example 3``."""
        if self.what in ("Z", "Z_norm", "A", "dZ"):
            return f"{self.name}, unit {self.at[0] + 1}, example {self.at[1] + 1}"
        place = self.at if self.what == "dW" else self.at[:1]
        return f"{self.name}[{','.join(str(i + 1) for i in place)}]" if place else self.name


def rows_of(model: Network, here: Pass, there: Pass, X: ArrayLike, Y: ArrayLike) -> list[Row]:
    """Every quantity, in the order of computation: forward, the cost, then backward."""
    sizes = _sizes(model, here, X, Y)
    return [
        _row(what, l, x, y, sizes[what, l])
        for (what, l), x in _quantities(here, model).items()
        for y in [np.array(there.cost) if what == "J" else getattr(there, what)[l - 1]]
    ]


def _quantities(numbers: Pass, model: Network) -> dict[tuple[str, int], Array]:
    kinds = list(enumerate(model.normalisations, 1))
    forward = [(what, l) for l, kind in kinds for what in (("Z", "Z_norm", "A") if kind else ("Z", "A"))]
    backward = []
    for l, kind in reversed(kinds):  # batch normalisation has no bias beside it
        names = [*(("dgamma", "dbeta") if kind else ()), "dZ", "dW", *(() if kind == "batch" else ("db",))]
        backward += [(what, l) for what in names]
    return {
        (what, l): getattr(numbers, what)[l - 1] if l else np.array(numbers.cost)
        for what, l in [*forward, ("J", 0), *backward]
    }


def _row(what: str, l: int, here: Array, there: Array, size: float) -> Row:
    with np.errstate(invalid="ignore"):
        apart = np.where((here == there) | (np.isnan(here) & np.isnan(there)), 0.0, np.abs(here - there))
    at = np.unravel_index(np.argmax(np.where(np.isnan(apart), np.inf, apart)), apart.shape)
    finite = [float(np.abs(x[np.isfinite(x)]).max(initial=0.0)) for x in (here, there)]
    scale = max(*finite, size if np.isfinite(size) else 0.0, 1e-300)
    difference = float(apart[at] / scale) if apart[at] else 0.0
    difference = np.inf if np.isnan(difference) else difference
    return Row(what, l, here, there, difference, tuple(int(i) for i in at))


@np.errstate(all="ignore")
def _sizes(model: Network, numbers: Pass, X: ArrayLike, Y: ArrayLike) -> dict[tuple[str, int], float]:
    """The size by which each quantity is rounded: that of the terms of its sum, or of earlier rounding.

    Earlier rounding is measured: the more a quantity moves with the parameters, the more it moves with that.
    """
    found = _quantities(numbers, model)
    sizes = dict.fromkeys(found, 0.0)
    near, named, rng = deepcopy(model), model.named(), np.random.default_rng(0)
    before = 0.0
    for W, b, l, A in _layers(model, numbers, X):
        added = np.abs(W) @ np.maximum(A, before) + np.abs(b)
        sizes["Z", l], before = float(added.max()), 0.0
        if model.normalisations[l - 1] is not None:  # of a nearly constant unit it leaves little but rounding
            sizes["Z_norm", l] = float((added / _deviation(model, numbers, l)).max())
            before = sizes["A", l] = sizes["Z_norm", l] * float(np.abs(named[f"gamma{l}"]).max())
    for _ in range(2):
        near.set_named({name: x * (1 + _STEP * rng.choice([-1, 1], x.shape)) for name, x in named.items()})
        for key, moved in _quantities(near.record(X, Y), model).items():
            sizes[key] = max(sizes[key], float(np.abs(moved - found[key]).max() / _STEP))
    # A level activation or a normalisation leaves so little of derivatives that all layers before it may have
    # only rounding: `level` is how much larger the numbers behind it were.
    level, dA = 1.0, np.abs(numbers.A[-1]) + 1
    for W, _, l, A in reversed(_layers(model, numbers, X)):
        dZ = np.abs(numbers.dZ[l - 1])
        if model.normalisations[l - 1] is not None:
            axis = 1 if model.normalisations[l - 1] == "batch" else 0
            Z, s = np.abs(numbers.Z[l - 1]), _deviation(model, numbers, l)
            dA = dA / _LEVEL  # the sums cancel whatever the activation
            sizes["dbeta", l] = level * float(dA.mean(axis=1).max())
            scaled = dA * (Z + Z.mean(axis, keepdims=True)) / s
            sizes["dgamma", l] = level * float(scaled.mean(axis=1).max())
            dA = dA * np.abs(named[f"gamma{l}"]) / s
        size = max(level * float(dZ.max()), float(dA.max()))
        dZ = np.maximum(dZ, _EPS * size)  # where it is 0, the other network may have rounded it to this
        level = size / max(float(dZ.max()), 1e-300)
        for what, terms in (("dZ", 1.0), ("dW", float(A.mean(axis=1).max())), ("db", 1.0)):
            sizes[what, l] = max(sizes.get((what, l), 0.0), size * terms)
        dA = _LEVEL * np.abs(W).T @ dZ
    return sizes


def _deviation(model: Network, numbers: Pass, l: int) -> Array:
    """The standard deviation by which a normalisation divides."""
    axis = 1 if model.normalisations[l - 1] == "batch" else 0
    deviation: Array = np.sqrt(numbers.Z[l - 1].var(axis, keepdims=True) + EPSILON)
    return deviation


def _layers(model: Network, numbers: Pass, X: ArrayLike) -> list[tuple[Array, Array, int, Array]]:
    """W, b, l and the magnitudes of A_prev of each layer."""
    layers = enumerate(zip(model.layers_data(), [np.asarray(X), *numbers.A], strict=False), 1)
    return [(W, b, l, np.abs(A)) for l, ((W, b), A) in layers]
