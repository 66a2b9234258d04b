"""The operations of the table by name, for floats, arrays and Values; and those that take sequences.

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
from itertools import chain
from typing import Any

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation


def __getattr__(name: str) -> Operation:
    if name in ops.TABLE:
        return ops.TABLE[name]
    raise AttributeError(f"there is no function {name!r}; the table has {', '.join(ops.TABLE)}")


def sum(x: Iterable[Any]) -> Any:
    """``x1 + x2 + ...`` as one node, added from left to right; ValueError if there is nothing to add."""
    return ops.sum.on([*x])


def logsumexp(z: Iterable[Any]) -> Any:
    """``log(e^z1 + e^z2 + ...)`` as one node, stable for every z; ValueError if there is none."""
    return ops.logsumexp.on([*z])


def dot(w: Sequence[Any], x: Sequence[Any]) -> Any:
    """``w1 x1 + w2 x2 + ...`` as one node; ValueError if the lengths differ or are 0."""
    require_pairs("dot", w, x)
    return ops.dot.on(woven(w, x))


def affine(w: Sequence[Any], x: Sequence[Any], b: Any) -> Any:
    """``w1 x1 + w2 x2 + ... + b``, a neuron's z, as one node; ValueError if the lengths differ."""
    require_pairs("affine", w, x)
    return ops.affine.on(woven([*w, b], x))


def affine_of_units(weights: Sequence[Sequence[Any]], x: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    """z of each unit of a layer: `affine` of its row of weights, the same inputs, its bias; all Values."""
    return [affine(row, x, bias) for row, bias in zip(weights, b, strict=True)]


def require_pairs(name: str, w: Sequence[Any], x: Sequence[Any]) -> None:
    """Raise ValueError unless there are as many weights as inputs."""
    if len(w) != len(x):
        raise ValueError(f"{name} takes as many weights as inputs, not {len(w)} weights and {len(x)} inputs")


def woven(first: Sequence[Any], second: Sequence[Any]) -> tuple[Any, ...]:
    """One of the first, one of the second, and so on; then the rest of the first."""
    return (*chain.from_iterable(zip(first, second, strict=False)), *first[len(second) :])
