"""Graphs that are long, wide or both: nothing recurses, and all is freed without the garbage collector."""

from __future__ import annotations

import gc
import inspect
import sys
import weakref
from collections.abc import Iterator

import pytest

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.foundation.recorded import require_recorded
from micrograd_dl.notation.forward import evaluate, recompute
from micrograd_dl.notation.steps import steps

MILLION = 1_000_000


@pytest.fixture
def without_collector() -> Iterator[None]:
    """What is freed in these tests is freed by counting references alone."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def count_values() -> int:
    return sum(type(thing) is Value for thing in gc.get_objects())


def chain(x: Value, length: int) -> Value:
    node = x
    for _ in range(length):
        node = node + x
    return node


@pytest.mark.usefixtures("without_collector")
def test_a_million_additions() -> None:
    before = count_values()
    x = Value(1.0)
    head = chain(x, MILLION)
    middle = head
    for _ in range(MILLION // 2):
        middle = middle.operands[0]
    assert head.data == MILLION + 1
    assert count_values() == before + MILLION + 1
    head.backward()
    assert x.grad == MILLION + 1
    assert middle.grad == 1.0
    freed = [weakref.ref(head), weakref.ref(middle), weakref.ref(head.operands[0])]
    del head, middle
    assert [node() for node in freed] == [None, None, None]
    assert count_values() == before + 1


@pytest.mark.usefixtures("without_collector")
def test_a_derivative_as_a_graph_is_freed_too() -> None:
    before = count_values()
    x = Value(1.5, "x")
    J = x
    for _ in range(2_000):
        J = (J * 0.5).tanh() + x
    J.label = "J"
    [first] = grad(J, [x], create_graph=True)
    [second] = grad(first, [x], create_graph=True)
    second.backward()
    assert count_values() > before + 20_000
    del J, first, second
    assert count_values() == before + 1


@pytest.mark.usefixtures("without_collector")
def test_a_single_node_with_many_operands() -> None:
    before = count_values()
    x = [Value(float(i)) for i in range(100_000)]
    J = ops.sum(*x)
    J.backward()
    assert J.data == 4_999_950_000.0
    assert all(leaf.grad == 1.0 for leaf in x)
    del J, x
    assert count_values() == before


def test_nothing_recurses() -> None:
    """Everything that walks a graph works with hardly any stack."""
    x = Value(1.0, "x")
    head = chain(x, 5_000)
    order = topological_order(head)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth_of_stack() + 60)
    try:
        head.backward()
        require_recorded(order)
        recompute(head)
        assert topological_order(head) == order
        assert evaluate(order, {x: 2.0})[head] == 10_002.0
        assert grad(head, [x]) == [5_001.0]
        assert grad(head, [x], create_graph=True)[0].data == 5_001.0
        assert sum(1 for _ in steps(head)) == 5_000 + 1 + 10_000
        assert len(Trace(head)) == 15_001
    finally:
        sys.setrecursionlimit(limit)


def depth_of_stack() -> int:
    depth, frame = 0, inspect.currentframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    return depth
