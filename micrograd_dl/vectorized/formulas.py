"""The course's formulas on matrices (sections 4 and 5), written out by hand: each beside its derivative.

Columns are examples: Z, A, dZ and dA are ``(n[l], m)``. Results go into arrays that are given, and a number
stands in an array of its own: both save the time in which NumPy would make one. Whoever calls them lets
overflow pass: e^-z is inf for z far below 0.

To add an activation or a loss, write one class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.nn.losses import Loss

Array: TypeAlias = NDArray[Any]

# The number 1 as an array of each type.
ONE = {np.dtype(name): np.ones((), name) for name in ("float64", "float32")}


# --- activations --------------------------------------------------------------------------------------------


class Activation(ABC):
    """One activation's two formulas."""

    @staticmethod
    @abstractmethod
    def A(Z: Array, out: Array) -> None:
        """``A = g(Z)``, into `out`."""

    @staticmethod
    @abstractmethod
    def dZ(dA: Array, Z: Array, A: Array, scratch: Array) -> None:
        """``dZ = dA * g'(Z)``, in place of dA; `scratch` is an array of the same shape to work in."""


class Linear(Activation):
    """``a = z``, with the slope 1."""

    @staticmethod
    def A(Z: Array, out: Array) -> None:
        np.copyto(out, Z)

    @staticmethod
    def dZ(dA: Array, Z: Array, A: Array, scratch: Array) -> None:
        pass


class Sigmoid(Activation):
    """``a = 1 / (1 + e^-z)``, with the slope a (1 - a)."""

    @staticmethod
    def A(Z: Array, out: Array) -> None:
        one = ONE[Z.dtype]
        np.negative(Z, out)
        np.exp(out, out)  # inf for z far below 0, and 1 / inf is the right 0
        np.add(out, one, out)
        np.divide(one, out, out)

    @staticmethod
    def dZ(dA: Array, Z: Array, A: Array, scratch: Array) -> None:
        np.subtract(ONE[Z.dtype], A, scratch)
        np.multiply(scratch, A, scratch)
        np.multiply(dA, scratch, dA)


class Tanh(Activation):
    """``a = tanh(z)``, with the slope 1 - a^2."""

    @staticmethod
    def A(Z: Array, out: Array) -> None:
        np.tanh(Z, out)

    @staticmethod
    def dZ(dA: Array, Z: Array, A: Array, scratch: Array) -> None:
        np.multiply(A, A, scratch)
        np.subtract(ONE[Z.dtype], scratch, scratch)
        np.multiply(dA, scratch, dA)


class Relu(Activation):
    """``a = max(0, z)``, with the slope 1 for z >= 0, else 0."""

    @staticmethod
    def A(Z: Array, out: Array) -> None:
        np.maximum(Z, 0, out=out)

    @staticmethod
    def dZ(dA: Array, Z: Array, A: Array, scratch: Array) -> None:
        np.greater_equal(Z, 0, scratch)
        np.multiply(dA, scratch, dA)


class LeakyRelu(Activation):
    """``a = max(0.01 z, z)``, with the slope 1 for z >= 0, else 0.01."""

    @staticmethod
    def A(Z: Array, out: Array) -> None:
        np.multiply(Z, Z.dtype.type(0.01), out)
        np.maximum(Z, out, out=out)

    @staticmethod
    def dZ(dA: Array, Z: Array, A: Array, scratch: Array) -> None:
        np.greater_equal(Z, 0, scratch)
        np.maximum(scratch, scratch.dtype.type(0.01), out=scratch)
        np.multiply(dA, scratch, dA)


class Mish(Activation):
    """``a = z t`` with ``t = tanh(softplus(z))``, and the slope ``t + z (1 - t^2) sigma(z)``."""

    @staticmethod
    def A(Z: Array, out: Array) -> None:
        np.tanh(np.logaddexp(0, Z), out)
        np.multiply(Z, out, out)

    @staticmethod
    def dZ(dA: Array, Z: Array, A: Array, scratch: Array) -> None:
        t = np.tanh(np.logaddexp(0, Z))
        Sigmoid.A(Z, scratch)
        np.multiply(scratch, Z * (1 - t * t), scratch)
        np.add(scratch, t, scratch)
        np.multiply(dA, scratch, dA)


class Softmax(Activation):
    """``a_i = e^z_i / sum of e^z_j``; z - max(z) gives the same and does not overflow."""

    @staticmethod
    def A(Z: Array, out: Array) -> None:
        np.subtract(Z, Z.max(axis=0, keepdims=True), out)
        np.exp(out, out)
        np.divide(out, out.sum(axis=0, keepdims=True), out)

    @staticmethod
    def dZ(dA: Array, Z: Array, A: Array, scratch: Array) -> None:
        raise ValueError("there is no formula for the slope of softmax by itself: use CrossEntropy.dZ")


ACTIVATIONS: dict[str, type[Activation]] = {
    "linear": Linear,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": Relu,
    "leaky_relu": LeakyRelu,
    "mish": Mish,
    "softmax": Softmax,
}


# --- losses -------------------------------------------------------------------------------------------------


class OutputLoss(ABC):
    """The derivative of one loss, and a faster way to the loss itself where there is one."""

    @staticmethod
    @abstractmethod
    def dZ(g: type[Activation], Z: Array, A: Array, Y: Array, out: Array, scratch: Array) -> None:
        """dZ[L] of one example's loss, a column each, into `out`; not yet divided by m."""

    @staticmethod
    def total(loss: Loss, Z: Array, A: Array, Y: Array, scratch: Array) -> float:
        """The sum of the losses of the examples; here, as :mod:`~micrograd_dl.nn.losses` has them."""
        return float(np.sum(loss.of(list(Z), list(A), list(Y))))


class Logistic(OutputLoss):
    """``L = softplus(z) - y z``; da/dz cancels: dZ = A - Y."""

    @staticmethod
    def dZ(g: type[Activation], Z: Array, A: Array, Y: Array, out: Array, scratch: Array) -> None:
        np.subtract(A, Y, out)

    @staticmethod
    def total(loss: Loss, Z: Array, A: Array, Y: Array, scratch: Array) -> float:
        """Softplus(z) is ``max(z, 0) + log(1 + e^-|z|)``."""
        np.absolute(Z, scratch)
        np.negative(scratch, scratch)
        np.exp(scratch, scratch)
        np.log1p(scratch, scratch)
        np.add(scratch, np.maximum(Z, 0), scratch)
        np.subtract(scratch, np.multiply(Y, Z), scratch)
        return float(np.add.reduce(scratch, axis=None))


class CrossEntropy(OutputLoss):
    """``L = log(sum of e^z) - z of the class``; dZ = A - Y."""

    @staticmethod
    def dZ(g: type[Activation], Z: Array, A: Array, Y: Array, out: Array, scratch: Array) -> None:
        np.subtract(A, Y, out)

    @staticmethod
    def total(loss: Loss, Z: Array, A: Array, Y: Array, scratch: Array) -> float:
        """The largest a is ``e^0 / sum of e^(z - max)``."""
        np.multiply(Y, Z, out=scratch)
        of_class = scratch.sum(axis=0)
        return float((Z.max(axis=0) - np.log(A.max(axis=0)) - of_class).sum())


class Squared(OutputLoss):
    """``L = (a - y)^2 / 2``; dA = A - Y."""

    @staticmethod
    def dZ(g: type[Activation], Z: Array, A: Array, Y: Array, out: Array, scratch: Array) -> None:
        np.subtract(A, Y, out)
        g.dZ(out, Z, A, scratch)


class MaxMargin(OutputLoss):
    """``L = max(0, 1 - y a)``; dA = -y where 1 - y a >= 0."""

    @staticmethod
    def dZ(g: type[Activation], Z: Array, A: Array, Y: Array, out: Array, scratch: Array) -> None:
        np.multiply(Y, A, scratch)
        np.less_equal(scratch, 1, scratch)
        np.multiply(Y, scratch, out)
        np.negative(out, out)
        g.dZ(out, Z, A, scratch)


class Huber(OutputLoss):
    """``L = (a - y)^2 / 2`` within 1 of y, its tangent beyond; dA = a - y, held between -1 and 1."""

    @staticmethod
    def dZ(g: type[Activation], Z: Array, A: Array, Y: Array, out: Array, scratch: Array) -> None:
        np.clip(np.subtract(A, Y, out), -1, 1, out)
        g.dZ(out, Z, A, scratch)


LOSSES: dict[str, type[OutputLoss]] = {
    "logistic": Logistic,
    "cross_entropy": CrossEntropy,
    "squared": Squared,
    "max_margin": MaxMargin,
    "huber": Huber,
}


# --- regularisers -------------------------------------------------------------------------------------------


class Regulariser(ABC):
    """The derivative of one regulariser."""

    @staticmethod
    @abstractmethod
    def slope(W: Array) -> Array:
        """The derivative of the penalty by each weight; not yet times lambda/(2m)."""


class L2(Regulariser):
    """Of w^2, 2 w."""

    @staticmethod
    def slope(W: Array) -> Array:
        return 2 * W


class L1(Regulariser):
    """Of |w|, its sign."""

    @staticmethod
    def slope(W: Array) -> Array:
        signs: Array = np.sign(W)
        return signs


REGULARISERS: dict[str, type[Regulariser]] = {"l2": L2, "l1": L1}


def formulas_of(name: str, table: dict[str, Any]) -> Any:
    """The formulas of that name.

    Raises:
        ValueError: there are none.
    """
    if name not in table:
        raise ValueError(
            f"there are no formulas for {name!r}: add a class to micrograd_dl.vectorized.formulas"
        )
    return table[name]
