"""The graph that a question is about."""

from __future__ import annotations

from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.numbers import number
from micrograd_dl.output.number_like import require_value
from micrograd_dl.output.recorded import require_recorded


def recorded_graph(root: Value, node: Value) -> tuple[list[Value], Notation]:
    """The nodes of the graph in order, and its notation, with a name for `node` if it takes no part."""
    require_value(root)
    require_value(node)
    if node.is_constant:
        raise ValueError(
            f"{number(node.data)} is a constant, which has no derivative: make it a variable with Value(...)"
        )
    order = topological_order(root)
    require_recorded(order)
    known = set(order)
    return order, Notation([n for n in topological_order(node) if n not in known] + order)
