"""The gradient check calls right gradients right, wrong ones wrong, and says what it cannot judge."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import evaluate, grad
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.gradcheck.differences import GOOD, SUSPICIOUS
from micrograd_dl.gradcheck.graphs import check
from micrograd_dl.gradcheck.verdict import EPSILON, Component, distance
from micrograd_dl.testing import Graph, graphs

apply = Value.apply_operation

RIGHT, CLOSER, BUG, NOTHING = (
    "backprop is right",
    "look closer: the two differ by more than rounding should",
    "there is a bug: the two are different",
    "nothing could be judged here",
)


def course() -> tuple[Value, Value, Value, Value]:
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    return 3 * (a + b * c), a, b, c


def with_derivative(operation: Operation, factor: float, offset: float = 0.0) -> Operation:
    """The operation with every derivative wrong in the same manner."""

    def wrong(rule: Callable[..., float]) -> Callable[..., float]:
        return lambda out, *operands: factor * rule(out, *operands) + offset

    if isinstance(operation.derivatives, tuple):
        return replace(operation, derivatives=tuple(map(wrong, operation.derivatives)))
    every = operation.derivatives
    return replace(operation, derivatives=lambda out, *x: [factor * d + offset for d in every(out, *x)])


# The distance


@pytest.mark.parametrize(
    ("approximate", "exact", "expected"),
    [
        ([], [], 0.0),
        ([0.0, 0.0], [0.0, -0.0], 0.0),
        ([3.0], [3.0], 0.0),
        ([1.0], [-1.0], 1.0),
        ([0.0], [5.0], 1.0),
        ([3.0, 0.0], [0.0, 4.0], 5 / 7),
        ([1.0, 1.0], [1.0, 0.0], 1 / (math.sqrt(2) + 1)),
        ([1e200, 0.0], [0.0, 1e200], math.sqrt(2) / 2),
        ([1.5e308, 1.5e308], [-1.5e308, -1.5e308], 1.0),
        ([5e-324], [0.0], 1.0),
        ([1e-200], [3e-200], 0.5),
    ],
)
def test_distance(approximate: list[float], exact: list[float], expected: float) -> None:
    assert distance(approximate, exact) == pytest.approx(expected, rel=1e-15)
    assert distance(exact, approximate) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_the_distance_of_what_is_not_finite_is_nan(odd: float) -> None:
    for other in (0.0, 1.0, math.inf, math.nan):
        assert math.isnan(distance([odd, 1.0], [other, 1.0]))
        assert math.isnan(distance([1.0, other], [1.0, odd]))


def test_the_distance_of_vectors_of_two_lengths_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        distance([1.0], [1.0, 2.0])


# The course's example


def test_the_courses_check() -> None:
    J, a, b, c = course()
    found = check(J)
    assert (found.ok, found.unjudged, found.verdict, found.epsilon) == (True, False, RIGHT, EPSILON)
    assert [(x.leaf, x.analytic, x.step) for x in sorted(found.components, key=lambda x: x.analytic)] == [
        (a, 3, 1e-7),
        (b, 6, 1e-7),
        (c, 9, 1e-7),
    ]
    assert 0 < found.distance < GOOD
    by_hand = [(3 * (5 + EPSILON + 6) - 3 * (5 - EPSILON + 6)) / (5 + EPSILON - (5 - EPSILON))]
    assert [x.numerical for x in found.components if x.leaf is a] == by_hand


def test_in_words() -> None:
    J, *_ = course()
    first, *rest = str(check(J)).splitlines()
    assert first.startswith("distance ")
    assert first.endswith("e-09 (step 1e-07): backprop is right")
    assert sorted(rest) == [
        "  dJ/da  numerical            3   backprop            3",
        "  dJ/db  numerical            6   backprop            6",
        "  dJ/dc  numerical            9   backprop            9",
    ]
    assert repr(check(J)) == str(check(J))


def test_another_step() -> None:
    x = Value(2.0, "x")
    found = check(x * x, epsilon=0.5)
    assert (found.epsilon, found.components[0].step, found.components[0].numerical) == (0.5, 0.5, 4)


@pytest.mark.parametrize("epsilon", [0.0, -1e-7, math.nan, math.inf])
def test_a_step_that_is_none(epsilon: float) -> None:
    J, *_ = course()
    with pytest.raises(ValueError, match="derivative is above 0 and finite, such as 1e-7; not "):
        check(J, epsilon)


@pytest.mark.parametrize("epsilon", [Decimal("0.5"), Fraction(1, 2)])
def test_a_step_is_any_real_number(epsilon: Any) -> None:
    x = Value(2.0, "x")
    assert check(x * x, epsilon).components == check(x * x, 0.5).components


def test_what_cannot_be_checked() -> None:
    with pytest.raises(TypeError, match="a Value is wanted here"):
        check(3.0)  # type: ignore[arg-type]  # that it is refused is what is tested
    J, a, *_ = course()
    a.data = 6
    with pytest.raises(RuntimeError, match="recompute"):
        check(J)


def test_nothing_is_written() -> None:
    J, *_ = course()
    before = [(node.data, node.grad) for node in topological_order(J)]
    check(J)
    assert [(node.data, node.grad) for node in topological_order(J)] == before


def test_without_leaves_there_is_nothing_wrong() -> None:
    found = check(Value.constant(3))
    assert (found.ok, found.components, found.distance) == (True, (), 0)


# No false alarms


@given(graphs())
def test_random_graphs_are_right(graph: Graph) -> None:
    found = check(graph.root)
    # Where a base is 0 the exponent must be a whole number, which it is not beside the point.
    assert found.ok or found.undefined, found
    assert {*found.undefined, *(c.leaf for c in found.components)} == set(graph.leaves)


@given(graphs(max_results=6), st.sampled_from([1e-8, 1e-3, 1e3, 1e8]), st.sampled_from([0.0, 1.0, -1e3, 1e6]))
def test_random_graphs_of_any_size_are_not_called_wrong(graph: Graph, scale: float, offset: float) -> None:
    found = check(graph.root * scale + offset)
    assert found.ok or found.unjudged, found


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: 1e6 + x, 1.0),
        (lambda x: 1e9 + x, 1.0),
        (lambda x: 1e-8 * x, 1.0),
        (lambda x: 1e-200 * x, 1.0),
        (lambda x: 1e200 * x, 1.0),
        (lambda x: x + 1, 1e10),
        (lambda x: x * x, 1e10),
        (lambda x: x.sin(), 1e10),
        (lambda x: (x + 1e8) - 1e8, 1.0),
        (lambda x: ops.sum(1e8, x, -1e8), 1.0),
        (lambda x: x**3, 1e-5),
        (lambda x: x**3, 1e-100),
        (lambda x: 1 / x, 1e-5),
        (lambda x: 1 / x, 1e-12),
        (lambda x: x.log(), 1e-6),
        (lambda x: x.log(), 1e-9),
        (lambda x: x.sqrt(), 1e-8),
        (lambda x: (1e6 * x).sin(), 0.3),
        (lambda x: (1e4 * x).exp(), 1e-3),
        (lambda x: x.relu(), 5e-8),
        (lambda x: x.tanh(), 20.0),
        (lambda x: x.sigmoid(), -40.0),
        (lambda x: x * 0, 1.0),
        (lambda x: x * x, 0.0),
        (lambda x: x**3, 0.0),
        (lambda x: x**5, 0.0),
        (lambda x: x.sin(), math.pi / 2),
        (lambda x: 1e-3 * x.exp() + 1e6, 0.0),
        (lambda x: 1e300 * x * 1e5, 1.0),
        (lambda x: 1e300 * x * 1e7 + 1e308, 1.0),
        (lambda x: 5 - x * 0 + 1e9, 1.0),
    ],
)
def test_difficult_points_are_judged_and_right(f: Callable[[Value], Value], at: float) -> None:
    found = check(f(Value(at, "x")))
    assert found.ok, found


def test_another_step_where_the_courses_does_not_do() -> None:
    [c] = check(1 / Value(1e-6, "x")).components
    assert c.step < EPSILON
    [c] = check(1e6 + Value(1.0, "x")).components
    assert c.step > EPSILON
    shown = str(check(1e6 + Value(1.0, "x"))).splitlines()[1]
    assert shown == f"  dJ/dx  numerical            1   backprop            1   (step {c.step:.0e})"


# Bugs


def test_a_planted_bug_is_found_and_the_worst_component_comes_first() -> None:
    wrong = with_derivative(ops.exp, 2)
    x, y, z = Value(0.5, "x"), Value(0.1, "y"), Value(0.7, "z")
    found = check(apply(wrong, (x,)) + apply(wrong, (y,)) + z)
    assert (found.verdict, found.ok) == (BUG, False)
    assert [c.leaf for c in found.components] == [x, y, z]
    assert found.components[0].numerical == pytest.approx(math.exp(0.5))
    assert found.components[0].analytic == 2 * math.exp(0.5)
    lines = str(found).splitlines()
    assert lines[0].endswith(BUG)
    assert lines[1].startswith("  dJ/dx  numerical      1.64872   backprop      3.29744")


def test_a_small_error_is_looked_at_closer() -> None:
    x = Value(0.5, "x")
    found = check(apply(with_derivative(ops.exp, 1 + 1e-4), (x,)))
    assert (found.verdict, found.ok) == (CLOSER, False)
    assert GOOD < found.distance < SUSPICIOUS


@pytest.mark.parametrize(
    ("far", "verdict"), [(1e-7, RIGHT), (1.01e-7, CLOSER), (1e-3, CLOSER), (1.01e-3, BUG)]
)
def test_the_thresholds(far: float, verdict: str) -> None:
    J, *_ = course()
    assert replace(check(J), distance=far).verdict == verdict


def test_a_small_derivative_that_is_missing_is_found() -> None:
    x = Value(8.0, "x")
    assert check(apply(with_derivative(ops.tanh, 0), (x,))).verdict == BUG


def test_a_missing_derivative_is_found_beside_a_large_number() -> None:
    x, y = Value(1e10, "x"), Value(1.0, "y")
    found = check(x + apply(with_derivative(ops.tanh, 0), (y,)))
    assert found.verdict == BUG
    assert found.components[0].leaf is y


def test_a_derivative_that_is_not_a_number_is_a_bug() -> None:
    x, y = Value(0.5, "x"), Value(0.25, "y")
    found = check(y * 3 + apply(with_derivative(ops.exp, math.nan), (x,)))
    assert found.verdict == BUG
    assert [c.leaf for c in found.components] == [x, y]
    found = check(y * 3 + apply(with_derivative(ops.exp, math.inf), (x,)))
    assert found.verdict == BUG
    assert found.components[0].leaf is x


@given(graphs(), st.data(), st.sampled_from([(0.0, 0.0), (-1.0, 0.0), (2.0, 0.0), (1.0, 0.5)]))
def test_a_bug_planted_in_a_random_graph_is_found(
    graph: Graph, data: st.DataObject, error: tuple[float, float]
) -> None:
    at = data.draw(st.sampled_from(range(len(graph.program))))
    operation, references = graph.program[at]
    program = [
        *graph.program[:at],
        (with_derivative(operation, *error), references),
        *graph.program[at + 1 :],
    ]
    wrong = Graph(graph.numbers, program)
    right, claimed = grad(graph.root, graph.leaves), grad(wrong.root, wrong.leaves)
    apart = [abs(x - y) for x, y in zip(right, claimed, strict=True)]
    assume(distance(right, claimed) > 0.01)
    assume(max(apart) > 1e-6)  # less drowns in the rounding of a result of the size of 1
    found = check(wrong.root)
    assume(not found.undefined)  # where a base is 0, see above
    assert found.verdict == BUG, found
    assert apart[wrong.leaves.index(found.components[0].leaf)] == pytest.approx(max(apart), rel=1e-2)


# What cannot be judged


def test_kinks_are_set_apart() -> None:
    x, y = Value(0.0, "x"), Value(2.0, "y")
    found = check(x.relu() + y * y)
    assert (found.kinks, [c.leaf for c in found.components], found.ok) == ((x,), [y], True)
    assert str(found).splitlines()[-1] == "Not judged, a kink lies within the step: x"
    found = check(x.relu())
    assert (found.unjudged, found.ok, found.verdict, found.distance) == (True, False, NOTHING, 0)


def test_a_kink_beside_the_point_is_no_hindrance() -> None:
    for at in (5e-8, -5e-8, 1e-6):
        assert check(Value(at, "x").relu()).kinks == ()


def test_undefined_is_set_apart() -> None:
    x, y, z = Value(0.0, "x"), Value(2.0, "y"), Value(3.0, "z")
    found = check(x.sqrt() + y / z)
    assert (found.undefined, {c.leaf for c in found.components}) == ((x,), {y, z})
    assert found.verdict == "backprop is right where it could be judged"
    assert str(found).splitlines()[-2:] == [
        "Not judged, undefined or infinite beside the point: x",
        "  dJ/dx: backprop inf",
    ]
    found = check(x.sqrt())
    assert (found.unjudged, found.ok, found.verdict) == (True, False, NOTHING)


def test_infinite_results_are_set_apart() -> None:
    for at in (1000.0, math.inf, math.nan):
        x = Value(at, "x")
        found = check((x * 1).exp())
        assert (found.undefined, found.verdict) == ((x,), NOTHING)


def test_what_rounding_hides_is_set_apart() -> None:
    x = Value(1.0, "x")
    found = check(1e17 + x)
    assert (found.hidden, found.components, found.verdict, found.ok) == ((x,), (), NOTHING, False)
    *_, why, numbers = str(found).splitlines()
    assert why == "Not judged, rounding hides the derivative: x"
    assert re.fullmatch(r"  dJ/dx: numerical 0, give or take \de\+02; backprop 1", numbers)
    y = Value(1e30, "y")
    found = check(x * 1e3 + y)
    assert (found.hidden, [c.leaf for c in found.components], found.ok) == ((x,), [y], True)


def test_a_wrong_derivative_beyond_rounding_is_not_hidden() -> None:
    x = Value(1.0, "x")
    found = check(1e17 + apply(with_derivative(ops.tanh, 1e9), (x,)))
    assert found.verdict == BUG


def test_long_lists_are_cut() -> None:
    leaves = [Value(float(i), f"a{i}") for i in range(12)]
    lines = str(check(ops.sum(*leaves))).splitlines()
    assert len(lines) == 1 + 10 + 1
    assert lines[-1] == "  ... and 2 more that differ less"
    assert "more" not in str(check(ops.sum(*leaves[:10])))
    kinks = [Value(0.0, f"a{i}") for i in range(12)]
    last = str(check(ops.sum(*(x.relu() for x in kinks)))).splitlines()[-1]
    assert (
        last == f"Not judged, a kink lies within the step: {', '.join(f'a{i}' for i in range(10))} and 2 more"
    )
    last = str(check(ops.sum(*(x.relu() for x in kinks[:10])))).splitlines()[-1]
    assert last.endswith(" a8, a9")


def test_names_of_all_lengths_stand_in_a_column() -> None:
    leaves = [Value(1.0, "x"), Value(2.0, "weight")]
    lines = str(check(leaves[0] * leaves[1])).splitlines()[1:]
    assert len({line.index("numerical") for line in lines}) == 1
    assert any(line.startswith("  dJ/dx       numerical") for line in lines)


# A component


@pytest.mark.parametrize(
    ("numerical", "doubt", "agrees"),
    [
        (2.0, 0.0, True),
        (2.0, 2e-3, True),
        (2.0, 2.1e-3, False),
        (2 + 1.9e-7, 0.0, True),
        (2 - 2.1e-7, 0.0, False),
        (math.nan, 0.0, False),
    ],
)
def test_what_agrees_beyond_doubt(numerical: float, doubt: float, agrees: bool) -> None:
    assert Component(Value(0), numerical, 2.0, 1e-7, doubt).agrees == agrees
    assert Component(Value(0), -numerical, -2.0, 1e-7, doubt).agrees == agrees


@pytest.mark.parametrize(
    ("numerical", "doubt", "contradicts"),
    [
        (2.0, 0.0, False),
        (2.0039, 0.0, False),
        (2.0041, 0.0, True),
        (2.1, 0.1, False),
        (2.1, 0.09, True),
        (-2.0, 3.0, True),
        (-2.0, 4.0, False),
    ],
)
def test_what_contradicts_beyond_doubt(numerical: float, doubt: float, contradicts: bool) -> None:
    assert Component(Value(0), numerical, 2.0, 1e-7, doubt).contradicts == contradicts
    assert Component(Value(0), -numerical, -2.0, 1e-7, doubt).contradicts == contradicts


def test_what_is_not_a_number_contradicts() -> None:
    assert Component(Value(0), 2.0, math.nan, 1e-7, 0.0).contradicts
    assert Component(Value(0), 2.0, math.inf, 1e-7, 0.0).contradicts


def test_zero_does_not_agree_with_itself_while_in_doubt() -> None:
    assert Component(Value(0), 0.0, 0.0, 1e-7, 0.0).agrees
    assert not Component(Value(0), 0.0, 0.0, 1e-7, 1e-9).agrees


@pytest.mark.parametrize(
    ("numerical", "doubt", "allowing"),
    [(3.0, 0.0, 3.0), (3.0, 0.5, 2.5), (3.0, 2.0, 2.0), (1.0, 0.5, 1.5), (1.0, 2.0, 2.0), (2.0, 0.0, 2.0)],
)
def test_doubt_is_not_held_against_backprop(numerical: float, doubt: float, allowing: float) -> None:
    component = Component(Value(0), numerical, 2.0, 1e-7, doubt)
    assert component.allowing == allowing
    assert component.apart == abs(numerical - 2)


def test_a_check_of_many_leaves_needs_two_evaluations_a_leaf(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(order: Sequence[Value], given: Mapping[Value, float]) -> dict[Value, float]:
        calls.append(given)
        return evaluate(order, given)

    monkeypatch.setattr("micrograd_dl.gradcheck.graphs.evaluate", counted)
    assert check(ops.sum(*(Value(i, f"a{i}") for i in range(20)))).ok
    assert len(calls) == 40
