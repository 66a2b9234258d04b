"""``grad`` and ``evaluate``: their numbers, and that nothing is written to the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.forward import evaluate
from micrograd_dl.testing import Graph, graphs, numbers


def course() -> tuple[Value, Value, Value, Value, Value, Value]:
    """The example of the course: J = 3v, v = a + u, u = bc."""
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    u = b * c
    v = a + u
    J = 3 * v
    u.label, v.label, J.label = "u", "v", "J"
    return a, b, c, u, v, J


@given(graphs())
def test_nothing_is_written(graph: Graph) -> None:
    order = topological_order(graph.root)
    before = [(node.data, node.grad, node.label, node.op, node.operands, node.slopes) for node in order]
    grad(graph.root, graph.leaves)
    evaluate(order, dict(zip(graph.leaves, graph.numbers, strict=True)))
    assert [(n.data, n.grad, n.label, n.op, n.operands, n.slopes) for n in order] == before


@pytest.mark.parametrize("wrong", [None, "J", np.ones(1), "x" * 1000])
def test_only_values_have_derivatives_and_a_seed_is_a_number(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^a Value is wanted here, not the ") as error:
        grad(wrong, [])
    assert len(str(error.value)) < 110
    with pytest.raises(TypeError, match=r"^the seed of grad\(\) takes a real number"):
        grad(Value(1.0), [], seed=wrong)


@given(graphs(), st.sampled_from([1.0, -2.0, 0.3]))
def test_grad_is_backward(graph: Graph, seed: float) -> None:
    order = [node for node in topological_order(graph.root) if not node.is_constant]
    found = grad(graph.root, order, seed=seed)
    graph.root.backward(seed)
    assert found == [node.grad for node in order]


def test_grad_by_anything() -> None:
    a, _, _, u, _, J = course()
    stranger, three = Value(1.0), J.operands[0]
    assert grad(J, [u, J, a, a, stranger, three]) == [3.0, 1.0, 3.0, 3.0, 0.0, 0.0]
    assert grad(J, ()) == []
    assert grad(J, (x for x in (a, u))) == [3.0, 3.0]
    assert grad(a, [a, u]) == [1.0, 0.0]


def test_grad_wants_a_list_of_values() -> None:
    x = Value(2.0)
    no_list: Any = x
    mixed: list[Any] = [x, "x"]
    with pytest.raises(
        TypeError, match=r"^grad takes a list of variables: grad\(J, \[x\]\) rather than grad\(J, x\)"
    ):
        grad(x * x, no_list)
    with pytest.raises(TypeError, match=r"^a Value is wanted here, not the str 'x'"):
        grad(x * x, mixed)


@given(graphs(), st.data())
def test_evaluating_is_building_anew(graph: Graph, data: st.DataObject) -> None:
    moved = [data.draw(numbers()) for _ in graph.leaves]
    order = topological_order(graph.root)
    try:
        expected = graph(*moved)
    except (ValueError, ZeroDivisionError) as error:
        with pytest.raises(type(error)):
            evaluate(order, dict(zip(graph.leaves, moved, strict=True)))
        return
    found = evaluate(order, dict(zip(graph.leaves, moved, strict=True)))
    assert repr(found[graph.root]) == repr(expected)  # NaN is NaN
    assert list(found) == order


def test_a_result_can_be_given_too() -> None:
    a, b, _, u, v, J = course()
    found = evaluate(topological_order(J), {u: 10.0, a: 1.0})
    assert (found[v], found[J], found[b]) == (11.0, 33.0, 3.0)
    assert evaluate(topological_order(J), {})[J] == 33.0
