"""Derivatives of any order, and the forward pass at other numbers; nothing here writes to the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from micrograd_dl.engine.coerce import to_float
from micrograd_dl.engine.operation import names_of
from micrograd_dl.engine.ops import CONSTANT
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.recording import require_recorded
from micrograd_dl.engine.value import Value


def grad(root: Value, variables: Iterable[Value], create_graph: bool = False, seed: float = 1.0) -> list[Any]:
    """The derivatives of `root` by each of `variables`; nothing is written to the graph.

    Args:
        root: the result.
        variables: the nodes to differentiate by; the derivative by one that `root` does not depend on is 0.
        create_graph: give Values, whose graph is the derivative, rather than floats. They can be drawn,
            stepped through and differentiated again.
        seed: the derivative of the final result by `root`.

    Raises:
        TypeError: `root` or a variable is not a Value.
        RuntimeError: with `create_graph`, if data was changed after the forward pass was recorded.

    >>> x = Value(2, "x")
    >>> [first] = grad(x**5, [x], create_graph=True)
    >>> [second] = grad(first, [x], create_graph=True)
    >>> first.data, second.data  # 5 x^4, 20 x^3
    (80.0, 160.0)
    """
    require_value(root)
    if isinstance(variables, Value):
        raise TypeError("grad takes a list of variables: grad(J, [x]) rather than grad(J, x)")
    variables = list(variables)
    for variable in variables:
        require_value(variable)
    order = topological_order(root)
    totals: dict[Value, Any] = {root: to_float(seed, "the seed of grad()")}
    if create_graph:
        require_recorded(order)
    for node, index, *_, after in chain_rule(
        order, totals[root], _slope_graphs if create_graph else recorded_slopes
    ):
        totals[node.operands[index]] = after
    found = [totals.get(variable, 0.0) for variable in variables]
    if not create_graph:
        return found
    recorded = set(order)  # a derivative may be a node of the graph itself, whose label is the user's
    return [d if d in recorded else _as_value(d, root, x) for d, x in zip(found, variables, strict=True)]


def evaluate(order: Sequence[Value], given: Mapping[Value, float]) -> dict[Value, float]:
    """The data of every node if the nodes in `given` had these numbers instead; nothing is written.

    Args:
        order: the graph's nodes in topological order.
        given: numbers for some nodes, leaves or not.

    Raises:
        ValueError, ZeroDivisionError: an operation is undefined there.
    """
    values: dict[Value, float] = {}
    for node in order:
        if node in given:
            values[node] = given[node]
        elif node.op is None or node.op is CONSTANT:
            values[node] = node.data
        else:
            operands = [values[p] for p in node.operands]
            try:
                values[node] = node.op.forward(*operands)
            except (ValueError, ZeroDivisionError) as error:
                raise node.op.refusal(error, operands, names_of(node.operands)) from None
    return values


def require_value(node: object) -> None:
    """Raise TypeError unless `node` is a Value."""
    if not isinstance(node, Value):
        raise TypeError(f"a Value is wanted here, not the {type(node).__name__} {node!r:.60}")


def chain_rule(
    order: Sequence[Value], seed: Any, slopes: Callable[[Value], Sequence[Any]]
) -> Iterator[tuple[Any, ...]]:
    """Every term, on floats or on Values: (node, index, upstream, local, contribution, before, after).

    A node's own derivative is complete when its turn comes, since all that uses it came before.
    """
    totals = {order[-1]: seed}
    for node in reversed(order):
        if node not in totals:
            continue  # a constant: no derivative is asked for
        upstream, locals_ = totals[node], slopes(node)
        for index, parent in enumerate(node.operands):
            if parent.op is CONSTANT:
                continue
            local = locals_[index]
            contribution = _product(upstream, local)
            before = totals.get(parent, 0.0)
            after = totals[parent] = _total(before, contribution)
            yield node, index, upstream, local, contribution, before, after


def recorded_slopes(node: Value) -> Sequence[float]:
    """The local derivatives as the forward pass recorded them."""
    return node.slopes


def _slope_graphs(node: Value) -> Sequence[Any]:
    """The local derivatives as Values; a float where one is the same number whatever the operands."""
    if node.op is None:
        return ()
    operands = [p.data if p.op is CONSTANT else p for p in node.operands]
    return node.op.slopes(node, operands, [p.op is not CONSTANT for p in node.operands])


def _product(x: Any, y: Any) -> Any:
    """x * y, without a node for what is plain: a factor 1 or 0 beside a Value."""
    for one, other in ((x, y), (y, x)):
        if isinstance(other, Value) and one in (0.0, 1.0):
            return other if one else 0.0
    return x * y


def _total(x: Any, y: Any) -> Any:
    """x + y, without a node for a 0 beside a Value."""
    for zero, other in ((x, y), (y, x)):
        if isinstance(other, Value) and zero == 0.0:
            return other
    return x + y


def _as_value(derivative: Any, root: Value, variable: Value) -> Value:
    """A derivative as a Value: a number becomes a constant, a new node is labelled by what it is."""
    if not isinstance(derivative, Value):
        return Value.constant(derivative)
    if not derivative.label and root.label and variable.label:
        derivative.label = f"d{root.label}/d{variable.label}"
    return derivative
