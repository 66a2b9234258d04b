"""Backprop on random graphs, against everything that can compute a derivative without it.

The witnesses are central differences, the sum over all paths, and graphs of simpler operations; 50 digits are
in `test_ops_rules`.
"""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given

from micrograd_dl import grad, paths, topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.testing import Graph, assert_gradients_match, graphs


def sizes(graph: Graph) -> list[float]:
    """For each leaf the sum over all paths of the absolute products, more than which no terms can cancel."""
    found = []
    for leaf in graph.leaves:
        reach = {leaf: 1.0}
        for node in topological_order(graph.root):
            if node is not leaf:
                edges = zip(node.operands, node.slopes, strict=True)
                reach[node] = sum(abs(slope) * reach[parent] for parent, slope in edges)
        found.append(1.0 + reach[graph.root])
    return found


@given(graphs())
def test_against_differences(graph: Graph) -> None:
    assert_gradients_match(graph, *graph.numbers)


@given(graphs())
def test_against_the_sum_over_paths(graph: Graph) -> None:
    for leaf in graph.leaves:
        assert paths(graph.root, leaf, limit=1).agrees


@given(graphs())
def test_the_gradient_of_an_expanded_graph(graph: Graph) -> None:
    """Every node that can be is replaced by its definition."""
    nodes: list[Any] = [Value(x) for x in graph.numbers]
    leaves = list(nodes)
    for operation, operands in graph.program:
        node = operation(*(nodes[x] if isinstance(x, int) else x for x in operands))
        nodes.append(node.expand())
    for got, exact, size in zip(
        grad(nodes[-1], leaves), grad(graph.root, graph.leaves), sizes(graph), strict=True
    ):
        assert math.isclose(exact, got, rel_tol=1e-10, abs_tol=1e-10 * size)
