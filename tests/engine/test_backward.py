"""Backpropagation by ``backward()``: whose gradient becomes what, once and twice, from any node."""

from __future__ import annotations

import contextlib
import math
import sys
import weakref
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine import ops
from micrograd_dl.engine.order import chain_rule, topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.testing import Graph, graphs, numbers

seeds = st.floats(-4, 4)


def interior(graph: Graph) -> list[Value]:
    return [node for node in topological_order(graph.root) if node.operands]


def test_the_example_of_the_course() -> None:
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    u = b * c
    v = a + u
    J = 3 * v
    J.backward()
    assert (u.data, v.data, J.data) == (6.0, 11.0, 33.0)
    assert (J.grad, v.grad, a.grad, u.grad, b.grad, c.grad) == (1.0, 3.0, 3.0, 3.0, 6.0, 9.0)


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda x: x * x, 6.0),
        (lambda x: x + x, 2.0),
        (lambda x: x - x, 0.0),
        (lambda x: x / x, 0.0),
        (lambda x: x**x, 27.0 * (1 + math.log(3.0))),
        (lambda x: -x, -1.0),
        (lambda x: (x + 1) * (x + 2), 9.0),
        (lambda x: ops.sum(x, x, x), 3.0),
        (lambda x: ops.dot(x, x, x, 2), 8.0),
        (lambda x: ops.affine(x, 2, x), 3.0),
        (lambda x: ops.logsumexp(x, x), 1.0),
        (lambda x: x.maximum(x), 1.0),
    ],
)
def test_an_operand_that_is_used_more_than_once(build: Callable[[Value], Value], expected: float) -> None:
    x = Value(3.0)
    build(x).backward()
    assert x.grad == pytest.approx(expected, rel=1e-15)


@given(graphs())
def test_a_second_pass_doubles_leaves_and_leaves_the_rest(graph: Graph) -> None:
    graph.root.backward()
    once = [leaf.grad for leaf in graph.leaves]
    between = [node.grad for node in interior(graph)]
    graph.root.backward()
    # Up to rounding: the terms of the second pass are added to the total of the first, one by one.
    doubled = [2 * gradient for gradient in once]
    assert [leaf.grad for leaf in graph.leaves] == pytest.approx(doubled, rel=1e-12, abs=1e-12)
    assert [node.grad for node in interior(graph)] == between


def test_gradients_of_several_results_add_up_on_leaves() -> None:
    x = Value(3.0)
    shared = x * x
    first, second = shared * 2, shared + 1
    first.backward()
    second.backward()
    assert x.grad == 12.0 + 6.0
    assert shared.grad == 1.0  # of the last pass
    assert (first.grad, second.grad) == (1.0, 1.0)


def test_a_pass_from_the_middle_leaves_what_is_above_alone() -> None:
    x = Value(3.0)
    middle = x * x
    top = middle * 2
    top.grad = 99.0
    middle.backward()
    assert (x.grad, middle.grad, top.grad) == (6.0, 1.0, 99.0)


@given(graphs(), st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, -8.0]))
def test_gradients_are_in_proportion_to_the_seed(graph: Graph, seed: float) -> None:
    """Exactly so: each seed is a power of two."""
    graph.root.backward()
    once = [node.grad for node in (*graph.leaves, *interior(graph))]
    for leaf in graph.leaves:
        leaf.zero_grad()
    graph.root.backward(seed)
    assert [node.grad for node in (*graph.leaves, *interior(graph))] == [seed * x for x in once]


@pytest.mark.parametrize("seed", [2, Fraction(2), Decimal(2), np.float32(2), np.int8(2)])
def test_a_seed_may_be_any_number(seed: Any) -> None:
    x = Value(3.0)
    (x * x).backward(seed)
    assert x.grad == 12.0
    assert type(x.grad) is float


@pytest.mark.parametrize("seed", ["1", None, Value(1.0), np.ones(1)])
def test_a_seed_is_a_number(seed: Any) -> None:
    x = Value(3.0)
    y = x * x
    with pytest.raises(TypeError, match=r"^the seed of backward\(\) takes a real number"):
        y.backward(seed)
    assert (x.grad, y.grad) == (0.0, 0.0)


def test_constants_keep_the_gradient_0() -> None:
    c = Value.constant(3.0)
    x = Value(2.0)
    results = [c * x, x * c, c + x, c - x, x**c, c**x, x.maximum(c), c * c]
    for J in (*results, ops.affine(c, x, c), ops.sum(c, c, x)):
        J.backward()
        J.backward()
        assert c.grad == 0.0
        assert all(node.grad == 0.0 for node in topological_order(J) if node.is_constant)
    c.backward()
    assert c.grad == 0.0


@given(graphs(), numbers())
def test_data_changed_after_the_pass_does_not_matter(graph: Graph, other: float) -> None:
    twin = Graph(graph.numbers, graph.program)
    twin.root.backward()
    for node in topological_order(graph.root):
        node.data = other
    graph.root.backward()
    assert [leaf.grad for leaf in graph.leaves] == [leaf.grad for leaf in twin.leaves]


def test_infinite_and_undefined_slopes_pass_through() -> None:
    x = Value(0.0)
    x.sqrt().backward()
    assert x.grad == math.inf
    y = Value(0.0)
    (y.sqrt() * 0).backward()
    assert math.isnan(y.grad)
    z = Value(math.inf)
    (z - z).backward()
    assert z.grad == 0.0
    overflow = Value(1000.0)
    overflow.exp().backward()
    assert overflow.grad == math.inf


@given(graphs(), st.integers(1, 200))
def test_an_interrupted_pass_followed_by_a_whole_one(graph: Graph, lines: int) -> None:
    """Ctrl-C after so many lines of the engine, at whichever it then is."""
    left, tracer = iter(range(lines)), sys.gettrace()

    def interrupt(frame: Any, *_: Any) -> Any:
        if frame.f_globals["__name__"].startswith("micrograd_dl.engine") and next(left, None) is None:
            raise KeyboardInterrupt
        return interrupt

    def gradients() -> str:
        for leaf in graph.leaves:
            leaf.zero_grad()
        graph.root.backward()
        return repr([node.grad for node in topological_order(graph.root)])

    whole = gradients()
    sys.settrace(interrupt)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            graph.root.backward()
    finally:
        sys.settrace(tracer)
    assert gradients() == whole


@given(graphs())
def test_nodes_that_take_no_part_are_left_alone(graph: Graph) -> None:
    others = [Value(2.0), *[graph.root * leaf for leaf in graph.leaves], graph.root + 1]
    for other in others:
        other.grad = 5.0
    graph.root.backward()
    assert {other.grad for other in others} == {5.0}


def test_an_abandoned_walk_frees_its_memory() -> None:
    x = Value(2.0)
    root = x * x + x
    walk = chain_rule(topological_order(root), 1.0)
    next(walk)
    freed = weakref.ref(root)
    del root
    assert freed() is not None
    del walk
    assert freed() is None


def test_a_leaf_that_goes_backward_twice_adds_up() -> None:
    x = Value(3.0)
    x.backward()
    x.backward(0.5)
    assert x.grad == 1.5
