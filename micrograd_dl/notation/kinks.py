"""Kinks: where the slope of an operation jumps, so that a side has to be taken."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.numbers import number


def is_at_kink(operation: Operation | None, operands: Sequence[float]) -> bool:
    """Whether the slope of an operation jumps at these operands.

    >>> from micrograd_dl.engine import ops
    >>> is_at_kink(ops.relu, [0.0]), is_at_kink(ops.relu, [1.0]), is_at_kink(ops.tanh, [0.0])
    (True, False, False)
    """
    return operation is not None and operation.kink is not None and bool(operation.kink(*operands) == 0)


def kinks_between(
    order: Sequence[Value], here: Mapping[Value, float], there: Mapping[Value, float]
) -> tuple[Value, ...]:
    """The nodes of `order` that have a kink between two evaluations, or at one of them only.

    Nodes that an evaluation does not have are taken to be at their recorded data.
    """
    found = []
    for node in order:
        if node.op is None or node.op.kink is None:
            continue
        x, y = (node.op.kink(*[values.get(p, p.data) for p in node.operands]) for values in (here, there))
        if x != y and (x <= 0 <= y or y <= 0 <= x):  # False where one is NaN
            found.append(node)
    return tuple(found)


def slope_taken(node: Value, index: int, operands: Sequence[float], slope: float) -> str:
    """Which slope was taken for an operand at a kink, in words; empty if it cannot leave the kink."""
    left, right = (_slope_beside(node, index, operands, towards) for towards in (-math.inf, math.inf))
    if left is None or right is None:
        return ""
    shown = number(slope)
    if left == right == slope:
        return f"a jump: the slope of both sides, {shown}, is taken"
    if slope in (left, right):
        return f"a kink: the slope of the {'right' if slope == right else 'left'} side, {shown}, is taken"
    return f"a kink: the slope {shown}, between {number(left)} and {number(right)}, is taken"


def _slope_beside(node: Value, index: int, operands: Sequence[float], towards: float) -> float | None:
    """The slope at the next double on one side: NaN where it is undefined, None where the kink goes on."""
    assert node.op is not None
    moved = [
        math.nextafter(x, towards) if operand is node.operands[index] else x
        for operand, x in zip(node.operands, operands, strict=True)
    ]
    if is_at_kink(node.op, moved):  # as of maximum(x, x)
        return None
    try:
        beside: Value = node.op(*map(Value, moved))
    except (ValueError, ArithmeticError):
        return math.nan
    return beside.slopes[index]
