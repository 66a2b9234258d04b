"""The forward pass over a recorded graph once more, at other numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value, record
from micrograd_dl.output.written import names_of


def evaluate(order: Sequence[Value], given: Mapping[Value, float]) -> dict[Value, float]:
    """The data of every node if the nodes in `given`, leaves or not, had these numbers; nothing is written.

    Raises:
        ValueError, ZeroDivisionError: an operation is undefined there.
    """
    values: dict[Value, float] = {}
    for node in order:
        values[node] = given.get(node, node.data)
        if node.op is not None and node.operands and node not in given:
            operands = [values[p] for p in node.operands]
            try:
                values[node] = node.op.forward(*operands)
            except (ValueError, ZeroDivisionError) as error:
                raise node.op.refusal(error, operands, names_of(node.operands)) from None
    return values


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
