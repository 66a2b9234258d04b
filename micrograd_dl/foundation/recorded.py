"""Noticing data that was changed after the forward pass was recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from micrograd_dl.foundation.numbers import require_numbers
from micrograd_dl.foundation.written import names_of, numbers_of, readable, without_middle


def require_recorded(order: Sequence[Any]) -> None:
    """Raise RuntimeError unless every node still follows from its operands' data as it was recorded.

    Otherwise the numbers of two passes would be mixed. TypeError if `data` is not a number.
    """
    require_numbers(order, "data")
    for node in order:
        if not node.operands or _is_recorded(node):
            continue
        placeholders = node.op.operand_names(len(node.operands))
        names = [name or x for name, x in zip(names_of(node.operands), placeholders, strict=True)]
        formula = without_middle(node.op.written(names))
        current = numbers_of(names, [p.data for p in node.operands])
        label = readable(node.label) if node.label else "a node"
        raise RuntimeError(
            f"{label} = {formula} = {node.data:.17g} was not recorded at {current}: "
            "data has been changed since. Call recompute(root), or build the expression again."
        )


def same_number(x: float, y: float) -> bool:
    """Whether two results are one: NaN is NaN."""
    return x == y or (math.isnan(x) and math.isnan(y))


def _is_recorded(node: Any) -> bool:
    """Whether the node's data and its derivatives by variables follow from the data of its operands."""
    values = [p.data for p in node.operands]
    by_variables = [not p.is_constant for p in node.operands]
    try:
        data = node.op.forward(*values)
        slopes = node.op.slopes(data, values, by_variables)
    except (ValueError, ZeroDivisionError):
        return False
    edges = zip(by_variables, node.slopes, slopes, strict=True)
    return same_number(data, node.data) and all(
        not wanted or same_number(old, new) for wanted, old, new in edges
    )
