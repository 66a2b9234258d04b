"""Functions of numbers, arrays and Values: the operations of the table by name, and sequences as operands.

``functions.exp``, ``functions.tanh`` and so on are the entries of the table themselves, and serve a float, a
NumPy array and a Value alike. The four functions below take sequences, as their users have them.

>>> from micrograd_dl.engine.value import Value
>>> exp(0.0), tanh(Value(0.0)).data
(1.0, 0.0)
>>> z = affine([Value(2), Value(-1)], [3, 4], 0.5)
>>> z.data, z.op.name, len(z.operands)
(2.5, 'affine', 5)
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from types import FrameType
from typing import Any

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import (
    abs,
    at_least,
    cos,
    exp,
    leaky_relu,
    log,
    maximum,
    minimum,
    relu,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    tanh,
)
from micrograd_dl.engine.value import Value, nary

__all__ = [
    "abs",
    "affine",
    "at_least",
    "cos",
    "dot",
    "exp",
    "leaky_relu",
    "log",
    "logsumexp",
    "maximum",
    "minimum",
    "relu",
    "sigmoid",
    "sign",
    "sin",
    "softplus",
    "sqrt",
    "sum",
    "tanh",
]


def __getattr__(name: str) -> Operation:
    """An operation that is new in the table is a function here without further ado."""
    if name in ops.TABLE:
        return ops.TABLE[name]
    raise AttributeError(
        f"micrograd_dl.engine.functions has no {name!r}; the table has {', '.join(ops.TABLE)}"
    )


def sum(x: Iterable[Any]) -> Any:
    """``x1 + x2 + ...`` as one node, added from left to right.

    Raises:
        ValueError: there is nothing to add.
    """
    return _applied(ops.sum, _some(x, "sum"), sys._getframe(1))


def logsumexp(z: Iterable[Any]) -> Any:
    """``log(e^z1 + e^z2 + ...)`` as one node, stable for every z.

    Raises:
        ValueError: `z` is empty.
    """
    return _applied(ops.logsumexp, _some(z, "logsumexp"), sys._getframe(1))


def dot(w: Sequence[Any], x: Sequence[Any]) -> Any:
    """``w1 x1 + w2 x2 + ...`` as one node.

    Raises:
        ValueError: the lengths differ, or both are 0.
    """
    return _applied(ops.dot, _pairs(w, x, [], "dot"), sys._getframe(1))


def affine(w: Sequence[Any], x: Sequence[Any], b: Any) -> Any:
    """``w1 x1 + w2 x2 + ... + b``, a neuron's z, as one node.

    Raises:
        ValueError: the lengths of `w` and `x` differ, or both are 0.
    """
    return _applied(ops.affine, _pairs(w, x, [b], "affine"), sys._getframe(1))


def _applied(operation: Operation, operands: list[Any], frame: FrameType) -> Any:
    """The operation, on behalf of `frame`; of Values at once, since the sums of a network are most of it."""
    if type(operands[0]) is Value:
        return nary(operation, tuple(operands), frame)
    return operation.on(operands)


def _some(x: Iterable[Any], name: str) -> list[Any]:
    operands = list(x)
    if not operands:
        raise _nothing(name)
    return operands


def _pairs(w: Sequence[Any], x: Sequence[Any], last: list[Any], name: str) -> list[Any]:
    """w1, x1, w2, x2, ..., and then what is in `last`."""
    if len(w) != len(x):
        raise ValueError(f"{name} takes as many weights as inputs, not {len(w)} weights and {len(x)} inputs")
    end = 2 * len(w)
    if not end:
        raise _nothing(name)
    operands: list[Any] = [None] * end + last
    operands[:end:2], operands[1:end:2] = w, x
    return operands


def _nothing(name: str) -> ValueError:
    return ValueError(f"{name} of nothing: give it at least one number or Value")
