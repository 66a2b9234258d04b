"""The stream of steps, ``grad`` and ``evaluate``: what they yield, and that nothing is written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import evaluate, grad, require_value
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.steps import Contribute, Evaluate, Seed, Step, steps, steps_in
from micrograd_dl.testing import Graph, graphs, numbers


def course() -> tuple[Value, Value, Value, Value, Value, Value]:
    """The example of the course: J = 3v, v = a + u, u = bc."""
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    u = b * c
    v = a + u
    J = 3 * v
    u.label, v.label, J.label = "u", "v", "J"
    return a, b, c, u, v, J


def state(root: Value) -> list[tuple[Any, ...]]:
    order = topological_order(root)
    return [(node.data, node.grad, node.label, node.op, node.operands, node.slopes) for node in order]


def contributions(root: Value, seed: float = 1.0) -> list[Contribute]:
    return [step for step in steps(root, seed) if isinstance(step, Contribute)]


# --- steps --------------------------------------------------------------------------------------------------


def test_the_steps_of_the_course() -> None:
    a, b, c, u, v, J = course()
    found = list(steps(J))
    three = J.operands[0]
    assert [step.node for step in found if isinstance(step, Evaluate)] == [u, v, J]
    assert [step.operands for step in found if isinstance(step, Evaluate)] == [
        (3.0, 2.0),
        (5.0, 6.0),
        (3.0, 11.0),
    ]
    assert [step.value for step in found if isinstance(step, Evaluate)] == [6.0, 11.0, 33.0]
    assert isinstance(found[3], Seed)
    assert (found[3].node, found[3].gradient) == (J, 1.0)
    edges = [(s.node, s.index, s.operand, s.upstream, s.local, s.contribution) for s in contributions(J)]
    assert edges == [
        (J, 1, v, 1.0, 3.0, 3.0),
        (v, 0, a, 3.0, 1.0, 3.0),
        (v, 1, u, 3.0, 1.0, 3.0),
        (u, 0, b, 3.0, 2.0, 6.0),
        (u, 1, c, 3.0, 3.0, 9.0),
    ]
    assert all(three not in (s.operand, s.node) for s in contributions(J))


def test_the_terms_of_a_gradient_are_counted() -> None:
    x = Value(3.0, "x")
    J = x * x + x
    found = [(s.before, s.contribution, s.after, s.term, s.terms) for s in contributions(J) if s.operand is x]
    assert found == [(0.0, 1.0, 1.0, 1, 3), (1.0, 3.0, 4.0, 2, 3), (4.0, 3.0, 7.0, 3, 3)]
    assert [(s.index, s.term) for s in contributions(x * x)] == [(0, 1), (1, 2)]


def test_the_seed() -> None:
    _, b, _, _, _, J = course()
    found = list(steps(J, seed=2))
    assert [step.gradient for step in found if isinstance(step, Seed)] == [2.0]
    assert [s.after for s in contributions(J, 0.5) if s.operand is b] == [3.0]


def test_a_walk_of_a_single_node() -> None:
    for node in (Value(3.0), Value.constant(3.0)):
        [seed] = steps(node)
        assert isinstance(seed, Seed)


@given(graphs(), st.sampled_from([1.0, -2.0, 0.3]))
def test_the_stream_is_backward_bit_for_bit(graph: Graph, seed: float) -> None:
    found = list(steps(graph.root, seed))
    graph.root.backward(seed)
    totals = {graph.root: seed}
    for step in found:
        if isinstance(step, Evaluate):
            assert step.value == step.node.data
            assert step.operands == tuple(parent.data for parent in step.node.operands)
        elif isinstance(step, Contribute):
            assert step.operand is step.node.operands[step.index]
            assert step.upstream == totals[step.node] == step.node.grad
            assert step.local == step.node.slopes[step.index]
            assert step.contribution == step.upstream * step.local
            assert step.before == totals.get(step.operand, 0.0)
            assert step.after == step.before + step.contribution
            totals[step.operand] = step.after
    for node in topological_order(graph.root):
        assert totals.get(node, 0.0) == node.grad


@given(graphs())
def test_every_edge_once_and_in_order(graph: Graph) -> None:
    order = topological_order(graph.root)
    place = {node: i for i, node in enumerate(order)}
    found = list(steps(graph.root))
    evaluated = [place[step.node] for step in found if isinstance(step, Evaluate)]
    assert evaluated == sorted(evaluated) == [place[node] for node in order if node.operands]
    walked = [(place[s.node], s.index) for s in found if isinstance(s, Contribute)]
    assert walked == sorted(walked, key=lambda edge: (-edge[0], edge[1]))
    assert len(set(walked)) == sum(not p.is_constant for node in order for p in node.operands)
    last_terms = {s.operand: (s.term, s.terms) for s in found if isinstance(s, Contribute)}
    assert all(term == terms for term, terms in last_terms.values())


@given(graphs())
def test_nothing_is_written(graph: Graph) -> None:
    before = state(graph.root)
    list(steps(graph.root))
    grad(graph.root, graph.leaves)
    evaluate(
        topological_order(graph.root), dict.fromkeys(graph.leaves, 1.0) if graph.numbers == (1.0,) else {}
    )
    assert state(graph.root) == before


def test_a_stream_that_is_left_halfway_has_written_nothing() -> None:
    *_, J = course()
    before = state(J)
    walk = steps(J)
    for _ in range(6):
        next(walk)
    assert state(J) == before


@pytest.mark.parametrize("walk", [lambda root: list(steps(root)), lambda root: grad(root, [])])
@pytest.mark.parametrize("wrong", [3.0, None, "J", np.ones(1)])
def test_only_values_are_walked(walk: Callable[[Any], object], wrong: object) -> None:
    with pytest.raises(TypeError, match=rf"^a Value is wanted here, not the {type(wrong).__name__} "):
        walk(wrong)


def test_what_is_shown_of_a_wrong_root_is_short() -> None:
    with pytest.raises(TypeError) as error:
        require_value("x" * 1000)
    assert len(str(error.value)) < 110


@pytest.mark.parametrize("wrong", ["1", None, [1.0]])
def test_a_seed_is_a_number(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^the seed of backprop takes a real number"):
        list(steps(Value(1.0), wrong))
    with pytest.raises(TypeError, match=r"^the seed of grad\(\) takes a real number"):
        grad(Value(1.0), [], seed=wrong)


def test_steps_of_a_graph_at_hand() -> None:
    *_, J = course()
    order = topological_order(J)
    assert [*steps_in(order, Notation(order))] == [*steps(J)]


# --- steps as facts and as sentences ------------------------------------------------------------------------


def one_of_each() -> Iterator[Step]:
    *_, J = course()
    found = list(steps(J))
    yield from (found[0], found[3], found[-2])


def test_a_step_cannot_be_changed() -> None:
    step: Any
    for step in one_of_each():
        with pytest.raises(FrozenInstanceError):
            step.node = Value(1.0)
        assert not hasattr(step, "__dict__")
        assert fields(step)[-1].name == "notation"


def test_steps_of_the_same_facts_are_equal() -> None:
    *_, J = course()
    assert list(steps(J)) == list(steps(J))
    assert list(steps(J)) != list(steps(J, seed=2.0))


def test_sentences() -> None:
    *_, J = course()
    assert [str(step) for step in steps(J)] == [
        "u = b * c = 3 * 2 = 6",
        "v = a + u = 5 + 6 = 11",
        "J = 3 * v = 3 * 11 = 33",
        "dJ = dJ/dJ = 1",
        "dv += dJ/dJ * dJ/dv = 1 * 3 = 3   (dv: 0 -> 3)",
        "da += dJ/dv * dv/da = 3 * 1 = 3   (da: 0 -> 3)",
        "du += dJ/dv * dv/du = 3 * 1 = 3   (du: 0 -> 3)",
        "db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)",
        "dc += dJ/du * du/dc = 3 * 3 = 9   (dc: 0 -> 9)",
    ]
    assert [repr(step) for step in steps(J)] == [str(step) for step in steps(J)]


def test_sentences_with_negative_numbers_and_uses() -> None:
    x = Value(-2.0, "x")
    J = x * x
    J.label = "J"
    assert [str(step) for step in steps(J, seed=-1.0)] == [
        "J = x * x = -2 * -2 = 4",
        "dJ = dL/dJ = -1",
        "dx += dL/dJ * ∂J/∂x[1] = -1 * -2 = 2   (dx: 0 -> 2)",
        "dx += dL/dJ * ∂J/∂x[2] = -1 * -2 = 2   (dx: 2 -> 4)",
    ]


def test_a_sentence_does_not_say_the_same_number_twice() -> None:
    x = Value(2.0, "x")
    J = ops.sum(x)
    J.label = "J"
    assert str(next(steps(J))) == "J = x = 2"


def test_the_short_name_of_a_gradient_is_left_out_where_it_is_taken() -> None:
    dJ = Value(2.0, "dJ")
    J = dJ * 3
    J.label = "J"
    assert str(list(steps(J))[1]) == "dJ/dJ = 1"


def test_latex() -> None:
    evaluate_, seed, contribute = one_of_each()
    assert evaluate_.latex() == r"u = b \cdot c = 3 \cdot 2 = 6"
    assert seed.latex() == r"\frac{dJ}{dJ} = 1"
    assert contribute.latex() == (
        r"\frac{dJ}{db} \mathrel{+}= \frac{dJ}{du} \cdot \frac{du}{db} = 3 \cdot 2 = 6"
    )
    for step in (evaluate_, seed, contribute):
        assert step._repr_latex_() == rf"$\displaystyle {step.latex()}$"
    x = Value(-2.0, "x")
    minus = list(steps(x * 1.5e-7 * x))[-1]
    assert minus.latex().endswith(r"-2 \cdot (1.5 \cdot 10^{-7}) = -3 \cdot 10^{-7}")
    negative = list(steps(x * -3))[-1]
    assert negative.latex().endswith(r"1 \cdot (-3) = -3")


# --- grad ---------------------------------------------------------------------------------------------------


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


def test_grad_of_a_pass_whose_data_were_changed_is_that_of_the_recorded_pass() -> None:
    x = Value(3.0)
    y = x * x
    x.data = 100.0
    assert grad(y, [x]) == [6.0]


def test_nothing_times_infinity_is_no_number_in_every_pass() -> None:
    x = Value(0.0)
    J = x.sqrt() * 0
    assert math.isnan(grad(J, [x])[0])
    assert math.isnan(contributions(J)[-1].contribution)
    J.backward()
    assert math.isnan(x.grad)


def test_a_derivative_is_labelled_if_both_that_it_speaks_of_are() -> None:
    for root, variable, label in (("J", "x", "dJ/dx"), ("J", "", ""), ("", "x", "")):
        x = Value(2.0, variable)
        J = x * x * x
        J.label = root
        assert grad(J, [x], create_graph=True)[0].label == label


# --- evaluate -----------------------------------------------------------------------------------------------


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


def test_an_undefined_point_is_named_as_where_the_graph_is_recorded() -> None:
    width, height = Value(1.0, "width"), Value(2.0, "height")
    order = topological_order(height / width)
    with pytest.raises(ZeroDivisionError, match=r"^height / width is not defined at height = 2, width = 0:"):
        evaluate(order, {width: 0.0})
    nameless = topological_order(height / Value(1.0))
    with pytest.raises(ZeroDivisionError, match=r"^height / 0 is not defined at height = 2:"):
        evaluate(nameless, {nameless[1]: 0.0})
    with pytest.raises(ZeroDivisionError, match=r"^1 / width is not defined at width = 0:"):
        evaluate(topological_order(1 / width), {width: 0.0})


def test_nan_and_infinities_are_evaluated() -> None:
    x = Value(1.0)
    order = topological_order(x * 2 + 1)
    assert evaluate(order, {x: math.inf})[order[-1]] == math.inf
    assert math.isnan(evaluate(order, {x: math.nan})[order[-1]])
