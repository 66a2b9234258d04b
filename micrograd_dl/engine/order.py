"""The order in which a graph is computed, and the sweep backwards through it; nothing is recursive."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

Node = TypeVar("Node")  # a Value, which need not be known here


def topological_order(root: Node) -> list[Node]:
    """Every node that `root` depends on, operands before results, left before right, `root` last.

    >>> from micrograd_dl.engine.value import Value
    >>> a, b = Value(1, "a"), Value(2, "b")
    >>> [node.label for node in topological_order(a * b + a)]
    ['a', 'b', '', '']
    """
    order: list[Any] = []
    seen: set[Any] = set()
    path: list[Any] = [root]  # a stack
    while path:
        node = path.pop()
        if node is None:  # all operands of the node below it are done
            order.append(path.pop())
        elif node not in seen:  # first visit: push it again, followed by None, then its operands
            seen.add(node)
            path += (node, None, *reversed(node.operands))
    return order


class Contribution(NamedTuple):
    """One term of the chain rule: what flows back from `node` to its operand number `which`.

    Attributes:
        upstream: the derivative of the result by `node`, which is complete.
        local: the derivative of `node` by the operand.
        contribution: their product.
        before, after: the derivative of the result by the operand, without this term and with it.
    """

    node: Any
    which: int
    upstream: Any
    local: Any
    contribution: Any
    before: Any
    after: Any


def chain_rule(
    order: Sequence[Any],
    seed: Any,
    slopes: Callable[[Any], Sequence[Any]] = lambda node: node.slopes,
    times: Callable[[Any, Any], Any] = operator.mul,
    plus: Callable[[Any, Any], Any] = operator.add,
) -> Iterator[Contribution]:
    """Every term of the chain rule, from the result to the leaves; nothing is written to the graph.

    `Value.backward()` has the same loop, without the record of each term. A node's own derivative is complete
    when its turn comes, since the nodes that use it came before.

    Args:
        order: the nodes in topological order.
        seed: the derivative of the final result by the last of them.
        slopes: gives the local derivatives of a node; by default the recorded ones.
        times, plus: the arithmetic.
    """
    totals = {order[-1]: seed}
    for node in reversed(order):
        if node.is_constant or not node.operands:
            continue
        upstream = totals[node]
        for index, (operand, local) in enumerate(zip(node.operands, slopes(node), strict=True)):
            if not operand.is_constant:
                contribution = times(upstream, local)
                before = totals.get(operand, 0.0)
                totals[operand] = after = plus(before, contribution)
                yield Contribution(node, index, upstream, local, contribution, before, after)
