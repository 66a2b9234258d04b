"""The forward pass of a recorded graph: whether it still holds, and the same at other numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value, record
from micrograd_dl.foundation.number_like import require_value
from micrograd_dl.foundation.recorded import require_recorded
from micrograd_dl.foundation.undefined import undefined
from micrograd_dl.foundation.written import names_of


def recorded_order(root: Value) -> list[Value]:
    """The nodes of a graph in topological order, `root` last.

    TypeError if `root` is not a Value; RuntimeError if data was changed since the forward pass was recorded.
    """
    require_value(root)
    order = topological_order(root)
    require_recorded(order)
    return order


def evaluate(order: Sequence[Value], given: Mapping[Value, float]) -> dict[Value, float]:
    """The data of the nodes in `order` if those in `given` had these numbers; nothing is written.

    Other operands have their own data. ValueError or ZeroDivisionError where an operation is undefined.
    """
    values: dict[Value, float] = {}
    for node in order:
        values[node] = given.get(node, node.data)
        if node.op is not None and node.operands and node not in given:
            operands = [values.get(p, p.data) for p in node.operands]
            try:
                values[node] = node.op.forward(*operands)
            except (ValueError, ZeroDivisionError) as error:
                raise undefined(node.op, error, operands, names_of(node.operands)) from None
    return values


def recompute(root: Value) -> None:
    """Run the forward pass again over the recorded graph, after the data of leaves was changed.

    Every interior node gets new data and local derivatives; gradients stay. Nothing is written if an
    operation is undefined.
    """
    order = [node for node in topological_order(root) if node.operands]
    before = [(node.data, node.slopes) for node in order]
    try:
        for node in order:
            assert node.op is not None
            again = record(node.op, *node.operands)
            node.data, node.slopes = again.data, again.slopes
    except BaseException:  # Ctrl-C too
        for node, (data, slopes) in zip(order, before, strict=True):
            node.data, node.slopes = data, slopes
        raise
