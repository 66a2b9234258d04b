"""The graph that a question is about."""

from __future__ import annotations

from micrograd_dl.engine.gradients import require_value
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.forward import recorded_order
from micrograd_dl.notation.numbers import number


def recorded_graph(root: Value, node: Value) -> tuple[list[Value], Notation]:
    """The nodes of the graph in order, and its notation, with a name for `node` if it takes no part."""
    require_value(node)
    order = recorded_order(root)
    if node.is_constant:
        shown = number(node.data)
        raise ValueError(
            f"{shown} is a constant, which has no derivative: make it a variable with Value(...)"
        )
    known = set(order)
    return order, Notation([n for n in topological_order(node) if n not in known] + order)
