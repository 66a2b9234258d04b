"""Initial weights of a layer (course, section 6): functions ``(rng, n_out, n_in) -> (n_out, n_in) array``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.activations import Activation

Weights: TypeAlias = NDArray[np.float64]
Initialiser: TypeAlias = Callable[[np.random.Generator, int, int], Weights]


def zeros(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """All 0: the units of a layer stay the same for ever. Right for logistic regression only."""
    return np.zeros((n_out, n_in))


def small(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """``0.01 * randn``."""
    return 0.01 * rng.standard_normal((n_out, n_in))


def xavier(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """Normal with the variance ``1 / n_in``, for sigmoid and tanh."""
    return math.sqrt(1 / n_in) * rng.standard_normal((n_out, n_in))


def he(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """Normal with the variance ``2 / n_in``, for ReLU."""
    return math.sqrt(2 / n_in) * rng.standard_normal((n_out, n_in))


def glorot(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """Normal with the variance ``2 / (n_in + n_out)``."""
    return math.sqrt(2 / (n_in + n_out)) * rng.standard_normal((n_out, n_in))


def uniform(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """Uniform between -1 and 1, as micrograd has it."""
    return rng.uniform(-1.0, 1.0, (n_out, n_in))


def default_initialiser(activation: Activation) -> Initialiser:
    """He's for ReLU and its kind, Xavier's for the rest."""
    return he if activation.fan_in == 2.0 else xavier
