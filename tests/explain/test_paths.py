"""A gradient as the sum over paths of the products of local derivatives along them."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.paths import paths
from micrograd_dl.testing import Graph, graphs


def course() -> tuple[Value, Value, Value, Value]:
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    return 3 * (a + b * c), a, b, c


def test_paths_of_the_course() -> None:
    J, _, b, _ = course()
    found = paths(J, b)
    assert str(found).splitlines() == [
        "dJ/db = 6, the sum over 1 path:",
        "  J -> v -> u -> b:  dJ/dv * dv/du * du/db = 3 * 1 * 2 = 6",
        "Their sum is 6, which is what backprop gives.",
    ]
    assert [path.slopes for path in found.largest] == [(3, 1, 2)]


def test_paths_largest_first() -> None:
    x = Value(3, "x")
    found = paths(x + -5 * x + x * x, x)
    assert str(found).splitlines() == [
        "dJ/dx = 2, the sum over 4 paths:",
        "  J -> v -> u -> x:  dJ/dv * dv/du * ∂u/∂x = 1 * 1 * -5 = -5",
        "  J -> p -> x:  dJ/dp * ∂p/∂x[1] = 1 * 3 = 3",
        "  J -> p -> x:  dJ/dp * ∂p/∂x[2] = 1 * 3 = 3",
        "  J -> v -> x:  dJ/dv * ∂v/∂x = 1 * 1 = 1",
        "Their sum is 2, which is what backprop gives.",
    ]


def test_no_path() -> None:
    J, *_ = course()
    found = paths(J, Value(1, "other"))
    assert (found.count, found.total, found.gradient, found.largest) == (0, 0, 0, ())
    assert str(found) == "dJ/dother = 0: no path leads from J to other"
    assert found.agrees


def test_a_limit() -> None:
    x = Value(3, "x")
    J = x * x + 7 * x
    assert [path.product for path in paths(J, x, limit=1).largest] == [7]
    assert str(paths(J, x, limit=1)).splitlines()[2] == "  ... and 2 more"
    wrong: list[Any] = [-1, 2.5, "10"]
    for limit in wrong:
        with pytest.raises(ValueError, match="the number of paths to list is a whole number from 0 up, not "):
            paths(J, x, limit)


def test_astronomically_many_paths_are_counted_exactly() -> None:
    x = Value(1, "x")
    y = y_19 = x
    for i in range(1_000):
        y = y + y
        y_19 = y if i < 19 else y_19
    found = paths(y / 2.0**1000, x)
    assert found.count == 2**1000
    assert found.total == found.gradient == 1
    assert len(found.largest) == 10
    assert f"the sum over {2**19:,} paths:" in str(paths(y_19, x))
    lines = str(found).splitlines()
    assert lines[0] == "dJ/dx = 1, the sum over about 10^301 paths:"
    assert lines[1].endswith(" -> x:  1001 factors = 9.33264e-302")


def test_counts_are_forgotten_after_their_last_use() -> None:
    x = Value(1, "x")
    y = x
    for _ in range(20_000):  # all counts together would have 200 million bits
        y = y + y
    tracemalloc.start()
    found = paths(y, x, limit=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.count == 2**20_000
    assert peak < 15e6


@given(graphs())
def test_the_sum_over_all_paths_is_the_gradient(graph: Graph) -> None:
    for leaf in graph.leaves:
        assert paths(graph.root, leaf, limit=1).agrees


def test_infinite_and_undefined_products_come_first() -> None:
    x = Value(0.0, "x")
    found = paths(x.sqrt() + 5 * x, x, limit=1)
    assert found.count == 2
    assert found.largest[0].product == found.total == found.gradient == math.inf
    assert found.agrees
    found = paths(0 * x.sqrt() + 5 * x, x, limit=1)
    assert math.isnan(found.largest[0].product)
    assert math.isnan(found.total)
    assert found.agrees


def test_a_disagreement_is_said() -> None:
    x = Value(1e-300, "x")
    found = paths(1e-200 * (1e200 * (1e200 * x)), x)  # overflows from one side, not from the other
    assert not found.agrees
    assert str(found).splitlines()[-1] == "Their sum is inf, but backprop gives 1e+200."


@pytest.mark.parametrize(
    ("total", "magnitude", "gradient", "agree"),
    [
        (1.0, 1.0, 1.0 + 0.9e-9, True), (1.0, 1.0, 1.0 + 1.1e-9, False), (0.0, 1e9, 0.9, True),
        (0.0, 1e9, 1.1, False), (1e-300, 1e-300, 2e-300, False), (math.inf, math.inf, math.inf, True),
        (math.inf, math.inf, 1.0, False), (0.0, math.inf, 1.0, False),
        (math.nan, math.nan, math.nan, True), (math.nan, math.nan, 1.0, False),
        (1.0, 1.0, math.nan, False),
    ],
)  # fmt: skip
def test_agreement_is_up_to_the_rounding_of_the_terms(
    total: float, magnitude: float, gradient: float, agree: bool
) -> None:
    J, a, *_ = course()
    assert replace(paths(J, a), total=total, magnitude=magnitude, gradient=gradient).agrees == agree


def all_paths(root: Value, node: Value) -> Iterator[tuple[tuple[Value, int], ...]]:
    """Every path from root to node, by brute force."""
    if root is node:
        yield ()
        return
    for index, parent in enumerate(root.operands):
        for rest in all_paths(parent, node):
            yield ((root, index), *rest)


@given(graphs(max_results=6), st.data())
def test_paths_are_those_of_brute_force(graph: Graph, data: st.DataObject) -> None:
    nodes = [node for node in topological_order(graph.root) if not node.is_constant]
    node = data.draw(st.sampled_from(nodes))
    every = list(all_paths(graph.root, node))
    products = [math.prod((user.slopes[i] for user, i in path), start=1.0) for path in every]
    limit = data.draw(st.integers(0, len(every) + 1))
    found = paths(graph.root, node, limit)
    assert found.count == len(every)
    assert {path.edges for path in found.largest} <= set(every)
    assert len({path.edges for path in found.largest}) == min(limit, len(every))
    for path in found.largest:
        assert path.product == math.prod((user.slopes[i] for user, i in path.edges), start=1.0)
        assert path.slopes == tuple(user.slopes[i] for user, i in path.edges)
    sizes = [abs(path.product) for path in found.largest]
    assert sizes == sorted(map(abs, products), reverse=True)[:limit]
    scale = math.fsum(map(abs, products))
    assert found.total == pytest.approx(math.fsum(products), rel=1e-9, abs=1e-12 * scale)
    assert found.magnitude == pytest.approx(scale)
    assert found.gradient == grad(graph.root, [node])[0]
    assert found.agrees
