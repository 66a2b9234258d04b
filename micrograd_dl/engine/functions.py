"""Functions of numbers, arrays and Values: the operations of the table by name, and sequences as operands.

``functions.exp``, ``functions.tanh`` and so on are the entries of the table themselves, and serve a float, a
NumPy array and a Value alike. The functions below take sequences, as their users have them.

>>> from micrograd_dl.engine.functions import affine, exp
>>> from micrograd_dl.engine.value import Value
>>> exp(0.0), exp(Value(0.0)).data
(1.0, 1.0)
>>> z = affine([Value(2), Value(-1)], [3, 4], 0.5)
>>> z.data, z.op.name, len(z.operands)
(2.5, 'affine', 5)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation


def __getattr__(name: str) -> Operation:
    if name in ops.TABLE:
        return ops.TABLE[name]
    raise AttributeError(f"there is no function {name!r}; the table has {', '.join(ops.TABLE)}")


def sum(x: Iterable[Any]) -> Any:
    """``x1 + x2 + ...`` as one node, added from left to right.

    Raises:
        ValueError: there is nothing to add.
    """
    return ops.sum.on(some([*x], "sum"))


def logsumexp(z: Iterable[Any]) -> Any:
    """``log(e^z1 + e^z2 + ...)`` as one node, stable for every z.

    Raises:
        ValueError: `z` is empty.
    """
    return ops.logsumexp.on(some([*z], "logsumexp"))


def dot(w: Sequence[Any], x: Sequence[Any]) -> Any:
    """``w1 x1 + w2 x2 + ...`` as one node.

    Raises:
        ValueError: the lengths differ, or both are 0.
    """
    return ops.dot.on(paired(w, x, "dot"))


def affine(w: Sequence[Any], x: Sequence[Any], b: Any) -> Any:
    """``w1 x1 + w2 x2 + ... + b``, a neuron's z, as one node.

    Raises:
        ValueError: the lengths of `w` and `x` differ, or both are 0.
    """
    return ops.affine.on([*paired(w, x, "affine"), b])


def affine_of_units(weights: Sequence[Sequence[Any]], x: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    """z of each unit of a layer: `affine` of its row of weights, the same inputs, and its bias."""
    return [affine(row, x, bias) for row, bias in zip(weights, b, strict=True)]


def paired(w: Sequence[Any], x: Sequence[Any], name: str) -> list[Any]:
    """w1, x1, w2, x2, ...: the operands of the function of that name."""
    if len(w) != len(x):
        raise ValueError(f"{name} takes as many weights as inputs, not {len(w)} weights and {len(x)} inputs")
    operands = [None] * 2 * len(w)
    operands[::2], operands[1::2] = w, x
    return some(operands, name)


def some(operands: list[Any], name: str) -> list[Any]:
    """The operands, if there are any."""
    if not operands:
        raise ValueError(f"{name} of nothing: give it at least one number or Value")
    return operands
