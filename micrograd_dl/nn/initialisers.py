"""Initial weights of a layer (course, section 6): functions ``(rng, n_out, n_in) -> (n_out, n_in) array``.

Initialisers that scale with a layer's size are named after their authors and chosen by their variance:
``1 / n_in`` (Xavier, for sigmoid and tanh), ``2 / n_in`` (He, for ReLU) or ``2 / (n_in + n_out)`` (Glorot,
Xavier's own compromise between forward and backward pass), normal or uniform.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.foundation.numbers import to_float
from micrograd_dl.nn.activations import Activation

Weights: TypeAlias = NDArray[np.float64]
Initialiser: TypeAlias = Callable[[np.random.Generator, int, int], Weights]


def zeros(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """All weights 0. The units of a layer then stay identical, so this suits logistic regression only."""
    return np.zeros((n_out, n_in))


@dataclass(frozen=True)
class constant:  # noqa: N801 - written as the other initialisers are
    """All weights one number. The units of a layer then stay identical, as with `zeros`.

    >>> constant(0.5)(np.random.default_rng(0), 1, 2)
    array([[0.5, 0.5]])
    """

    value: float

    def __post_init__(self) -> None:
        to_float(self.value, "the constant")

    @property
    def __name__(self) -> str:
        return f"constant({self.value:g})"

    def __call__(self, rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
        """Weights ``(n_out, n_in)``."""
        return np.full((n_out, n_in), self.value, float)


def small(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """``0.01 * randn``."""
    return 0.01 * rng.standard_normal((n_out, n_in))


def uniform(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """Uniform between -1 and 1, as in micrograd."""
    return rng.uniform(-1.0, 1.0, (n_out, n_in))


def xavier(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """Normal with the variance ``1 / n_in``, for sigmoid and tanh."""
    return math.sqrt(1 / n_in) * rng.standard_normal((n_out, n_in))


def he(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """Normal with the variance ``2 / n_in``, for ReLU."""
    return math.sqrt(2 / n_in) * rng.standard_normal((n_out, n_in))


def glorot(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """Normal with the variance ``2 / (n_in + n_out)``."""
    return math.sqrt(2 / (n_in + n_out)) * rng.standard_normal((n_out, n_in))


def xavier_uniform(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """Uniform with the variance ``1 / n_in``. Between -r and r the variance is ``r^2 / 3``."""
    return math.sqrt(3 / n_in) * uniform(rng, n_out, n_in)


def he_uniform(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """Uniform with the variance ``2 / n_in``."""
    return math.sqrt(6 / n_in) * uniform(rng, n_out, n_in)


def glorot_uniform(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """Uniform with the variance ``2 / (n_in + n_out)``."""
    return math.sqrt(6 / (n_in + n_out)) * uniform(rng, n_out, n_in)


def orthogonal(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """Rows of length 1 at right angles to each other; columns, if there are more rows than columns.

    A square one changes no length. All orthogonal matrices are equally likely.
    """
    tall = rng.standard_normal((max(n_out, n_in), min(n_out, n_in)))
    Q, R = np.linalg.qr(tall)
    Q *= np.where(np.diagonal(R) < 0, -1.0, 1.0)  # otherwise LAPACK would choose the signs
    return Q if n_out >= n_in else np.ascontiguousarray(Q.T)


_ALL = (zeros, small, uniform, xavier, he, glorot, xavier_uniform, he_uniform, glorot_uniform, orthogonal)
InitialiserName: TypeAlias = Literal[
    "zeros", "small", "uniform", "xavier", "he", "glorot", "xavier_uniform", "he_uniform", "glorot_uniform",
    "orthogonal",
]  # fmt: skip
INITIALISERS: dict[str, Initialiser] = {f.__name__: f for f in _ALL}


def default_initialiser(activation: Activation) -> Initialiser:
    """He's for ReLU and leaky ReLU, Xavier's for other activations."""
    return he if activation.squared_gain == 2.0 else xavier
