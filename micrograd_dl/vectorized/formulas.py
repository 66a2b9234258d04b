"""The course's formulas on matrices (sections 4, 5 and 7), by hand: each function beside its derivative.

Columns are examples: Z, A, dZ and dA are ``(n[l], m)``, Y is ``(n_y, m)``. The caller silences overflow:
``e^-z`` is inf for z far below 0, and ``1 / inf`` is the right 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from micrograd_dl.nn.activations import ACTIVATIONS, Activation, rules_on_arrays
from micrograd_dl.nn.losses import LOSSES, Loss
from micrograd_dl.nn.network import Array


class ActivationFormulas(NamedTuple):
    """``A = g(Z)`` and the slope ``g'(Z)``, which is written with Z or A, whichever is shorter."""

    g: Callable[[Array], Any]
    slope: Callable[[Array, Array], Any]


class LossFormulas(NamedTuple):
    """The loss summed over all examples, and dZ of each example's loss, both at the output layer."""

    total: Callable[[Array, Array, Array], Any]
    dZ: Callable[[Array, Array, Array, Callable[[Array, Array], Any]], Array]


def sigmoid(Z: Array) -> Any:
    return 1 / (1 + np.exp(-Z))


def leaky_relu(Z: Array) -> Any:
    return np.maximum(0.01 * Z, Z)


def leaky_slope(positive: Array, A: Array) -> Any:
    return np.maximum(positive.astype(A.dtype), 0.01)


def mish_slope(Z: Array, A: Array) -> Any:
    t = np.tanh(np.logaddexp(0, Z))
    return t + Z * (1 - t**2) * sigmoid(Z)


def softmax(Z: Array) -> Any:
    """``e^z_i / sum of e^z_j``; subtracting the largest z changes nothing and does not overflow."""
    e = np.exp(Z - Z.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)


def no_slope(Z: Array, A: Array) -> Any:
    raise ValueError("softmax has no slope by itself: its loss, cross_entropy, gives dZ = A - Y")


# ReLU has a kink at 0, where the course takes the right-hand slope, 1. The entries named "left" take the
# left-hand one, as PyTorch does, and are used by a network with `slope_at_kink="left"`.
ACTIVATION_FORMULAS: dict[str, ActivationFormulas] = {
    "linear": ActivationFormulas(lambda Z: Z, lambda Z, A: 1),
    "sigmoid": ActivationFormulas(sigmoid, lambda Z, A: A * (1 - A)),
    "tanh": ActivationFormulas(np.tanh, lambda Z, A: 1 - A**2),
    "relu": ActivationFormulas(lambda Z: np.maximum(Z, 0), lambda Z, A: Z >= 0),
    "relu left": ActivationFormulas(lambda Z: np.maximum(Z, 0), lambda Z, A: Z > 0),
    "leaky_relu": ActivationFormulas(leaky_relu, lambda Z, A: leaky_slope(Z >= 0, A)),
    "leaky_relu left": ActivationFormulas(leaky_relu, lambda Z, A: leaky_slope(Z > 0, A)),
    "mish": ActivationFormulas(lambda Z: Z * np.tanh(np.logaddexp(0, Z)), mish_slope),
    "softmax": ActivationFormulas(softmax, no_slope),
}


def logistic(Z: Array, A: Array, Y: Array) -> Any:
    """``-(y log a + (1 - y) log(1 - a))`` from z: ``log(1 + e^z) - y z``, which never takes a log of 0."""
    return np.sum(np.maximum(Z, 0) + np.log1p(np.exp(-np.abs(Z))) - Y * Z)


def cross_entropy(Z: Array, A: Array, Y: Array) -> Any:
    """``-sum of y_i log a_i`` from z: ``log(sum of e^z_j) - sum of y_i z_i``."""
    # a_max = e^z_max / sum of e^z_j, so log(sum of e^z_j) = z_max - log a_max; and a_max is never 0.
    return np.sum(Z.max(axis=0) - np.log(A.max(axis=0)) - np.sum(Y * Z, axis=0))


def max_margin(Z: Array, A: Array, Y: Array) -> Any:
    return np.sum(np.maximum(1 - Y * A, 0))


def huber(Z: Array, A: Array, Y: Array) -> Any:
    """``(a - y)^2 / 2`` within 1 of y, and the tangent to it beyond."""
    error = np.abs(A - Y)
    near = np.minimum(error, 1)
    return np.sum(near * (error - near / 2))


LOSS_FORMULAS: dict[str, LossFormulas] = {
    # dA = -Y/A + (1 - Y)/(1 - A), times g' = A (1 - A), is A - Y; softmax and cross-entropy give the same.
    "logistic": LossFormulas(logistic, lambda Z, A, Y, slope: A - Y),
    "cross_entropy": LossFormulas(cross_entropy, lambda Z, A, Y, slope: A - Y),
    "squared": LossFormulas(
        lambda Z, A, Y: np.sum((A - Y) ** 2) / 2, lambda Z, A, Y, slope: (A - Y) * slope(Z, A)
    ),
    "max_margin": LossFormulas(max_margin, lambda Z, A, Y, slope: -Y * (Y * A <= 1) * slope(Z, A)),
    "max_margin left": LossFormulas(max_margin, lambda Z, A, Y, slope: -Y * (Y * A < 1) * slope(Z, A)),
    "huber": LossFormulas(huber, lambda Z, A, Y, slope: np.clip(A - Y, -1, 1) * slope(Z, A)),
}

# The derivative of each penalty by the weights, before it is multiplied by lambda / (2m).
PENALTY_SLOPES: dict[str, Callable[[Array], Array]] = {"l2": lambda W: 2 * W, "l1": np.sign}


def formulas_of(g: str) -> ActivationFormulas:
    """Those by hand; of another operation of the table, its own rules."""
    return ACTIVATION_FORMULAS.get(g) or ActivationFormulas(*rules_on_arrays(g))


def entry_of(one: Activation | Loss, slope_at_kink: str) -> str:
    """The key of `one` in its table, "relu" or "relu left"; ValueError if the table has none for it."""
    name, left = one.name, f"{one.name} left"
    table: Any = LOSS_FORMULAS if isinstance(one, Loss) else ACTIVATION_FORMULAS
    built_in: Any = LOSSES if isinstance(one, Loss) else ACTIVATIONS
    is_known = name in table and built_in.get(name, one) is one
    if not is_known and (isinstance(one, Loss) or one.operation is None):
        where = "the tables of micrograd_dl.vectorized.formulas, under a name of its own"
        raise ValueError(f"there are no formulas for this {name!r}: add them to {where}")
    return left if slope_at_kink == "left" and left in table else name
