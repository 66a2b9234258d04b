"""The course's formulas on matrices (sections 4 and 5), written out by hand; results go into given arrays.

Columns are examples: Z, A, dZ and dA are ``(n[l], m)``. ``out`` may be the input itself. Whoever calls them
lets overflow pass: e^-z is inf for z far below 0.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micrograd_dl import losses
from micrograd_dl.losses import Loss

Array: TypeAlias = NDArray[Any]


def activate(name: str, Z: Array, out: Array) -> Array:
    """``A = g(Z)``."""
    match name:
        case "linear":
            np.copyto(out, Z)
        case "sigmoid":
            np.negative(Z, out=out)
            np.exp(out, out=out)  # inf for z far below 0, and 1 / inf is the right 0
            out += 1
            np.reciprocal(out, out=out)
        case "tanh":
            np.tanh(Z, out=out)
        case "relu":
            np.maximum(Z, 0, out=out)
        case "leaky_relu":
            np.multiply(Z, Z.dtype.type(0.01), out=out)
            np.maximum(Z, out, out=out)
        case "softmax":
            np.subtract(Z, Z.max(axis=0, keepdims=True), out=out)
            np.exp(out, out=out)
            out /= out.sum(axis=0, keepdims=True)
        case _:
            raise ValueError(
                f"there is no formula for the activation {name!r}: add it to activate and to dZ_from_dA"
            )
    return out


def dZ_from_dA(name: str, dA: Array, Z: Array, A: Array, scratch: Array) -> Array:
    """``dZ = dA * g'(Z)``, in place of dA; `scratch` is an array of the same shape to work in."""
    match name:
        case "linear":
            return dA
        case "sigmoid":  # a (1 - a)
            np.subtract(1, A, out=scratch)
            scratch *= A
        case "tanh":  # 1 - a^2
            np.multiply(A, A, out=scratch)
            np.subtract(1, scratch, out=scratch)
        case "relu":  # 1 for z >= 0
            np.greater_equal(Z, 0, out=scratch)
        case "leaky_relu":  # 1 for z >= 0, else 0.01
            np.greater_equal(Z, 0, out=scratch)
            np.maximum(scratch, scratch.dtype.type(0.01), out=scratch)
        case _:
            raise ValueError(f"there is no formula for the slope of {name!r} by itself")
    dA *= scratch
    return dA


def output_dZ(loss: str, activation: str, Z: Array, A: Array, Y: Array, out: Array, scratch: Array) -> Array:
    """dZ[L] of one example's loss, a column each; not yet divided by m."""
    match loss:
        case "logistic" | "cross_entropy":  # da/dz cancels: dZ = A - Y
            return np.subtract(A, Y, out=out)
        case "squared":
            return dZ_from_dA(activation, np.subtract(A, Y, out=out), Z, A, scratch)
        case "max_margin":  # of max(0, 1 - y a): -y where 1 - y a >= 0
            np.multiply(Y, A, out=scratch)
            np.less_equal(scratch, 1, out=scratch)
            np.multiply(Y, scratch, out=out)
            return dZ_from_dA(activation, np.negative(out, out=out), Z, A, scratch)
    raise ValueError(f"there is no formula for the derivative of the loss {loss!r}: add it to output_dZ")


def total_loss(loss: Loss, Z: Array, A: Array, Y: Array, scratch: Array) -> float | None:
    """The sum of the losses of the examples, where there is a faster way than :mod:`~micrograd_dl.losses`.

    It works in `scratch`, of the shape of Z, instead of allocating an array for every operation.
    """
    if loss is losses.logistic:  # softplus(z) - y z, where softplus(z) = max(z, 0) + log(1 + e^-|z|)
        np.abs(Z, out=scratch)
        np.negative(scratch, out=scratch)
        np.exp(scratch, out=scratch)
        np.log1p(scratch, out=scratch)
        scratch += np.maximum(Z, 0)
        scratch -= Y * Z
        return float(scratch.sum())
    if (
        loss is losses.cross_entropy
    ):  # log(sum of e^z) - z of the class; the largest a is e^0 / sum of e^(z - max)
        np.multiply(Y, Z, out=scratch)
        of_class = scratch.sum(axis=0)
        return float((Z.max(axis=0) - np.log(A.max(axis=0)) - of_class).sum())
    return None
