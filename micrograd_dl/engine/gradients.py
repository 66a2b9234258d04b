"""Derivatives of any order, as numbers and as graphs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, overload

from micrograd_dl.engine.order import chain_rule, topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.number_like import conversion_refused, require_value
from micrograd_dl.foundation.numbers import to_float
from micrograd_dl.foundation.recorded import require_recorded
from micrograd_dl.foundation.tracebacks import door


@overload
def grad(root: Value, variables: Iterable[Value], *, seed: float = 1.0) -> list[float]: ...
@overload
def grad(
    root: Value, variables: Iterable[Value], create_graph: Literal[True], seed: float = 1.0
) -> list[Value]: ...
@overload
def grad(
    root: Value, variables: Iterable[Value], create_graph: bool = False, seed: float = 1.0
) -> list[float] | list[Value]: ...
@door
def grad(root: Value, variables: Iterable[Value], create_graph: bool = False, seed: float = 1.0) -> Any:
    """The derivatives of `root` by each of `variables`; nothing is written to the graph.

    Args:
        root: the result.
        variables: the nodes to differentiate by; the derivative by one that `root` does not depend on is 0.
        create_graph: give Values, whose graph is the derivative, rather than floats. They can be drawn,
            stepped through and differentiated again.
        seed: the derivative of the final result by `root`.

    Raises:
        TypeError: `root` or a variable is not a Value; or, with `create_graph`, the derivative rule of an
            operation leaves the graph.
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
    start = to_float(seed, "the seed of grad()")
    if create_graph:
        require_recorded(order)
        terms = chain_rule(order, start, slope_graphs, product, total)
    else:
        terms = chain_rule(order, start)
    # The last term of an operand leaves its derivative in `after`.
    totals = {root: start} | {term.node.operands[term.which]: term.after for term in terms}
    found = [totals.get(variable, 0.0) for variable in variables]
    if not create_graph:
        return found
    recorded = set(order)  # a derivative may be a node of the graph itself, whose label is the user's
    return [d if d in recorded else _as_value(d, root, x) for d, x in zip(found, variables, strict=True)]


def slope_graphs(node: Value) -> Sequence[Any]:
    """The local derivatives as graphs: the same rules, given Values, so that each slope is recorded.

    A slope that does not depend on the operands stays a float.
    """
    operation: Any = node.op
    operands = [p.data if p.is_constant else p for p in node.operands]
    with conversion_refused(f"the derivative rule of {operation.name}"):
        return [*operation.slopes(node, operands, [not p.is_constant for p in node.operands])]


def product(x: Any, y: Any) -> Any:
    """x * y, without a node where a Value is multiplied by the number 1 or 0."""
    for number, value in ((x, y), (y, x)):
        if isinstance(value, Value) and not isinstance(number, Value) and number in (0.0, 1.0):
            return value if number else 0.0
    return x * y


def total(x: Any, y: Any) -> Any:
    """x + y, without a node where the number 0 is added to a Value."""
    for number, value in ((x, y), (y, x)):
        if isinstance(value, Value) and not isinstance(number, Value) and number == 0.0:
            return value
    return x + y


def _as_value(derivative: Any, root: Value, variable: Value) -> Value:
    """A derivative as a Value: a number becomes a constant, a new node is labelled by what it is."""
    if not isinstance(derivative, Value):
        return Value.constant(derivative)
    if not derivative.label and root.label and variable.label:
        derivative.label = f"d{root.label}/d{variable.label}"
    return derivative
