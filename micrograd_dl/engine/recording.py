"""Whether a graph still is what its forward pass recorded, and recording that pass again."""

from __future__ import annotations

import math
from collections.abc import Sequence

from micrograd_dl.engine.operation import Operation, names_of, numbers_of, readable, shortened
from micrograd_dl.engine.ops import CONSTANT
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value, apply


def recompute(root: Value) -> None:
    """Run the forward pass again over the recorded graph, after the data of leaves was changed.

    Every interior node gets its new data and new local derivatives; gradients are left as they are. Nothing
    is written if an operation is undefined at the new data.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> x.data = 4.0
    >>> recompute(y)
    >>> y.data
    16.0
    """
    order = [node for node in topological_order(root) if node._a is not None]
    before = [(node.data, node._da, node._db) for node in order]
    try:
        for node in order:
            assert node.op is not None
            again = apply(node.op, node.operands)
            node.data, node._da, node._db = again.data, again._da, again._db
    except BaseException:  # Ctrl-C too
        for node, (data, da, db) in zip(order, before, strict=True):
            node.data, node._da, node._db = data, da, db
        raise


def require_recorded(order: Sequence[Value]) -> None:
    """Raise RuntimeError unless every node still follows from its operands' data as it was recorded.

    Whatever shows or rebuilds the forward pass asks this first: else it would mix numbers of two passes.
    """
    for node in order:
        if node.op is None or node.op is CONSTANT:
            continue
        if not _is_recorded(node, node.op):
            placeholders = node.op.operand_names(len(node.operands))
            names = [name or x for name, x in zip(names_of(node.operands), placeholders, strict=True)]
            formula = shortened(node.op.written(names))
            current = numbers_of(names, [p.data for p in node.operands])
            label = readable(node.label) if node.label else "a node"
            raise RuntimeError(
                f"{label} = {formula} = {node.data:.17g} was not recorded at {current}: "
                "data (or the slope at a kink) has been changed since. Call recompute(root), or build the "
                "expression again."
            )


def _is_recorded(node: Value, operation: Operation) -> bool:
    """Whether the node's data and its derivatives by variables follow from the data of its operands."""
    try:
        again = apply(operation, node.operands)
    except (ValueError, ZeroDivisionError):
        return False
    edges = zip(node.operands, node.slopes, again.slopes, strict=True)
    return same_number(again.data, node.data) and all(
        same_number(old, new) for p, old, new in edges if p.op is not CONSTANT
    )


def same_number(x: float, y: float) -> bool:
    """Whether two results are one: NaN is NaN."""
    return x == y or (math.isnan(x) and math.isnan(y))
