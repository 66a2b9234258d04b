"""Data that is changed after the forward pass: noticed, and recomputed on request."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.nudge import nudge
from micrograd_dl.explain.paths import paths
from micrograd_dl.explain.trace import Trace
from micrograd_dl.explain.why import why
from micrograd_dl.foundation.recorded import require_recorded
from micrograd_dl.gradcheck.graphs import check
from micrograd_dl.notation.forward import recompute
from micrograd_dl.notation.source import to_source
from micrograd_dl.notation.steps import steps
from micrograd_dl.testing import Graph, graphs, numbers


def snapshot(root: Value) -> list[Any]:
    return [(node.data, node.grad, node.slopes) for node in topological_order(root)]


@given(graphs(), st.data())
def test_a_recomputed_graph_is_the_graph_built_anew(graph: Graph, data: st.DataObject) -> None:
    moved = [data.draw(numbers()) for _ in graph.leaves]
    try:
        twin = Graph(moved, graph.program)
    except (ValueError, ZeroDivisionError):
        assume(False)
    for leaf, x in zip(graph.leaves, moved, strict=True):
        leaf.data = x
    recompute(graph.root)
    assert repr(without_constants(graph.root)) == repr(without_constants(twin.root))  # NaN is NaN
    graph.root.backward()
    twin.root.backward()
    assert repr([leaf.grad for leaf in graph.leaves]) == repr([leaf.grad for leaf in twin.leaves])


def without_constants(root: Value) -> list[Any]:
    return [
        (node.data, [slope for p, slope in zip(node.operands, node.slopes, strict=True) if not p.is_constant])
        for node in topological_order(root)
    ]


def test_gradients_are_left_as_they_are() -> None:
    x = Value(3.0)
    y = x * x
    y.backward()
    x.data = 5.0
    recompute(y)
    assert (y.data, x.grad, y.grad) == (25.0, 6.0, 1.0)
    y.backward()
    assert x.grad == 6.0 + 10.0


@pytest.mark.parametrize(
    ("spoil", "bad", "error"),
    [
        (lambda x: x.log(), -1.0, ValueError),
        (lambda x: 1 / x, 0.0, ZeroDivisionError),
        (lambda x: x**0.5, -2.0, ValueError),
    ],
)
def test_nothing_is_written_if_the_new_data_are_undefined(
    spoil: Callable[[Value], Value], bad: float, error: type[Exception]
) -> None:
    x = Value(2.0, "x")
    J = (x * x + ops.sum(x, x).exp()) * spoil(x) * x
    J.backward()
    before = snapshot(J)
    x.data = bad
    with pytest.raises(error, match="x = "):
        recompute(J)
    x.data = 2.0
    assert snapshot(J) == before
    require_recorded(topological_order(J))


@given(graphs())
def test_a_graph_is_recorded_when_it_is_made_and_when_it_went_backward(graph: Graph) -> None:
    order = topological_order(graph.root)
    require_recorded(order)
    graph.root.backward()
    require_recorded(order)
    recompute(graph.root)
    require_recorded(order)


def test_nan_is_recorded_as_nan() -> None:
    x = Value(math.nan)
    y = x * x + Value(math.inf) * 0
    require_recorded(topological_order(y))
    x.data = 1.0
    with pytest.raises(RuntimeError):
        require_recorded(topological_order(y))


def test_a_changed_leaf() -> None:
    b, c = Value(3.0, "b"), Value(2.0, "c")
    u = b * c
    u.label = "u"
    J = u + 1
    b.data = 0.1
    with pytest.raises(RuntimeError) as error:
        require_recorded(topological_order(J))
    assert str(error.value) == (
        "u = b * c = 6 was not recorded at b = 0.10000000000000001, c = 2: data has been changed since. "
        "Call recompute(root), or build the expression again."
    )


def test_what_has_no_name_is_a_node_and_gradients_are_not_asked() -> None:
    x = Value(3.0)
    y = x * x
    x.grad = None  # type: ignore[assignment]  # as PyTorch's users write it
    require_recorded([x, y])
    x.data = 5.0
    with pytest.raises(RuntimeError, match=r"^a node = x \* y = 9 was not recorded at x = 5, y = 5: "):
        require_recorded([x, y])


def test_a_change_that_shows_in_the_derivatives_only() -> None:
    x, y = Value(0.0), Value(2.0)
    for J in (x * y, y * x, ops.sum(x, x) * y, ops.dot(x, y)):
        y.data = 5.0
        with pytest.raises(RuntimeError, match="was not recorded"):
            require_recorded(topological_order(J))
        y.data = 2.0
        require_recorded(topological_order(J))


def test_data_at_which_the_operation_is_undefined() -> None:
    x = Value(2.0, "x")
    y = x.log()
    x.data = -1.0
    with pytest.raises(RuntimeError, match=r"log\(x\) = 0\.69314718055994529 was not recorded at x = -1:"):
        require_recorded([x, y])
    z = 1 / x
    x.data = 0.0
    with pytest.raises(RuntimeError, match=r"1 / x = -1 was not recorded at x = 0:"):
        require_recorded([x, z])


@pytest.mark.parametrize(
    "show",
    [
        lambda J, x: grad(J, [x], create_graph=True),
        lambda J, _: to_source(J),
        lambda J, _: list(steps(J)),
        lambda J, _: Trace(J),
        lambda J, x: why(J, x),
        lambda J, x: paths(J, x),
        lambda J, x: nudge(J, x),
        lambda J, _: check(J),
    ],
)
def test_whatever_shows_the_pass_again_notices_changed_data(show: Callable[[Value, Value], Any]) -> None:
    x = Value(2.0, "x")
    J = x * x + 1
    show(J, x)
    x.data = 3.0
    with pytest.raises(RuntimeError, match="data has been changed since"):
        show(J, x)
    recompute(J)
    show(J, x)
