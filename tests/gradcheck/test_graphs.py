"""The gradient check calls right gradients right, wrong ones wrong, and says what it cannot judge."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.gradcheck.graphs import check
from micrograd_dl.gradcheck.judge import EPSILON
from micrograd_dl.gradcheck.report import GOOD, SUSPICIOUS, Component, Obstacle, distance
from micrograd_dl.testing import Graph, graphs

apply = Value.apply_operation

RIGHT, CLOSER, BUG, NOTHING = (
    "backprop is right",
    "look closer: the two differ by more than rounding should",
    "there is a bug: the two are different",
    "nothing could be judged here",
)
HALF = "backprop is right where it could be judged (1 of 2 derivatives)"


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


# --- the distance -------------------------------------------------------------------------------------------


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


# --- the course's example -----------------------------------------------------------------------------------


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


# --- no false alarms ----------------------------------------------------------------------------------------


@given(graphs())
def test_random_graphs_are_right(graph: Graph) -> None:
    found = check(graph.root)
    # Where a base is 0 the exponent must be a whole number, which it is not beside the point.
    assert found.ok or found.not_judged_for(Obstacle.UNDEFINED), found
    assert {*found.not_judged_for(Obstacle.UNDEFINED), *(c.leaf for c in found.components)} == set(
        graph.leaves
    )


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


# --- bugs ---------------------------------------------------------------------------------------------------


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
    assume(not found.not_judged_for(Obstacle.UNDEFINED))  # where a base is 0, see above
    assert found.verdict == BUG, found
    assert apart[wrong.leaves.index(found.components[0].leaf)] == pytest.approx(max(apart), rel=1e-2)


# --- what cannot be judged ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "at", "why", "last"),
    [
        (Value.relu, 0.0, Obstacle.KINK, "Not judged, a kink lies within the step: dJ/dx"),
        (Value.sqrt, 0.0, Obstacle.UNDEFINED, "  dJ/dx: backprop inf"),
        (lambda x: (x * 1).exp(), 1000.0, Obstacle.UNDEFINED, "  dJ/dx: backprop inf"),
        (lambda x: x * 1, math.inf, Obstacle.UNDEFINED, ""),
        (lambda x: x * 1, math.nan, Obstacle.UNDEFINED, ""),
        (lambda x: 1e17 + x, 1.0, Obstacle.HIDDEN, r"  dJ/dx: numerical 0, give or take \de\+02; backprop 1"),
    ],
)
def test_what_cannot_be_judged_is_set_apart(
    f: Callable[[Value], Value], at: float, why: Obstacle, last: str
) -> None:
    x, y = Value(at, "x"), Value(2.0, "y")
    found = check(f(x))
    assert (found.not_judged_for(why), found.components) == ((x,), ())
    assert (found.unjudged, found.ok, found.complete, found.verdict) == (True, False, False, NOTHING)
    assert re.search(last, str(found).splitlines()[-1])
    if math.isfinite(f(x).data) and why != Obstacle.HIDDEN:
        found = check(f(x) + y * y)
        assert (found.ok, found.verdict) == (True, HALF)
        assert [c.leaf for c in found.components] == [y]
        assert found.complete == (why == Obstacle.KINK)  # there the slope is a convention


def test_a_kink_beside_the_point_is_no_hindrance() -> None:
    for at in (5e-8, -5e-8, 1e-6):
        assert check(Value(at, "x").relu()).verdict == RIGHT


def test_a_wrong_derivative_beyond_rounding_is_not_hidden() -> None:
    x = Value(1.0, "x")
    found = check(1e17 + apply(with_derivative(ops.tanh, 1e9), (x,)))
    assert found.verdict == BUG


def test_long_lists_are_cut() -> None:
    leaves = [Value(float(i), f"a{i}") for i in range(12)]
    lines = str(check(ops.sum(*leaves))).splitlines()
    assert len(lines) == 1 + 10 + 1
    assert lines[-1] == "  ... and 2 more that differ less"
    kinks = [Value(0.0, f"a{i}").relu() for i in range(12)]
    last = str(check(ops.sum(*kinks))).splitlines()[-1]
    names = ", ".join(f"dJ/da{i}" for i in range(10))
    assert last == f"Not judged, a kink lies within the step: {names} and 2 more"
    assert "more" not in str(check(ops.sum(*leaves[:10])))


def test_names_of_all_lengths_stand_in_a_column() -> None:
    leaves = [Value(1.0, "x"), Value(2.0, "weight")]
    lines = str(check(leaves[0] * leaves[1])).splitlines()[1:]
    assert len({line.index("numerical") for line in lines}) == 1
    assert any(line.startswith("  dJ/dx       numerical") for line in lines)


# --- a component --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numerical", "uncertainty", "is_right"),
    [
        (2.0, 0.0, True),
        (2.0, 2e-3, True),
        (2.0, 2.1e-3, False),
        (2 + 1.9e-7, 0.0, True),
        (2 - 2.1e-7, 0.0, False),
        (math.nan, 0.0, False),
    ],
)
def test_what_agrees_beyond_doubt(numerical: float, uncertainty: float, is_right: bool) -> None:
    assert Component(Value(0), "dJ/dx", numerical, 2.0, 1e-7, uncertainty).is_right == is_right
    assert Component(Value(0), "dJ/dx", -numerical, -2.0, 1e-7, uncertainty).is_right == is_right


def test_zero_does_not_agree_with_itself_while_in_doubt() -> None:
    assert Component(Value(0), "dJ/dx", 0.0, 0.0, 1e-7, 0.0).is_right
    assert not Component(Value(0), "dJ/dx", 0.0, 0.0, 1e-7, 1e-9).is_right


@pytest.mark.parametrize(
    ("numerical", "uncertainty", "nearest"),
    [(3.0, 0.0, 3.0), (3.0, 0.5, 2.5), (3.0, 2.0, 2.0), (1.0, 0.5, 1.5), (1.0, 2.0, 2.0), (2.0, 0.0, 2.0)],
)
def test_uncertainty_is_not_held_against_backprop(
    numerical: float, uncertainty: float, nearest: float
) -> None:
    component = Component(Value(0), "dJ/dx", numerical, 2.0, 1e-7, uncertainty)
    assert component.nearest == nearest
    assert component.difference == abs(numerical - 2)


# --- large graphs -------------------------------------------------------------------------------------------


def counted(operation: Operation) -> tuple[Operation, list[int]]:
    """The operation, and how many operands each of its evaluations has had."""
    calls: list[int] = []

    def forward(*operands: float) -> float:
        calls.append(len(operands))
        return float(operation.forward(*operands))

    return replace(operation, forward=forward), calls


def test_a_leaf_takes_two_evaluations_of_what_depends_on_it() -> None:
    double, calls = counted(ops.mul)
    leaves = [Value(i, f"a{i}") for i in range(20)]
    J = ops.sum(*(apply(double, (leaf, Value.constant(2))) for leaf in leaves))
    before = len(calls)
    assert check(J).verdict == RIGHT
    measuring = 20 * 5  # whether the graph is still as recorded, and how far rounding goes
    assert len(calls) - before == 20 * 2 + measuring


@pytest.mark.parametrize("slope", [1.0, 1.5])
def test_of_a_large_sum_a_sample_is_checked(slope: float) -> None:
    total, calls = counted(ops.sum)
    wrong = replace(total, derivatives=lambda out, *x: (slope,) * len(x))
    n = 3000
    J = apply(wrong, [Value(math.sin(i), f"a{i}") for i in range(n)])
    found = check(J)
    count = len(found.components)
    assert 0 < count < n
    assert sum(calls) < 20_000_000  # all leaves would take more than 50,000,000 operands
    assert not found.complete
    where = f"backprop is right where it could be judged ({count} of 3,000 derivatives)"
    assert found.verdict == (where if slope == 1 else BUG)
    assert str(found).splitlines()[-1] == (
        f"Only {count} of 3,000 derivatives were checked, drawn at random since all would take long "
        "(most=3000 checks them all)."
    )


def test_a_sample_of_leaves() -> None:
    leaves = [Value(i, f"a{i}") for i in range(30)]
    J = ops.sum(*leaves)
    some, others = ({c.leaf for c in check(J, most=5, seed=seed).components} for seed in (0, 1))
    assert len(some) == len(others) == 5
    assert some != others
    note = "Only 5 of 30 derivatives were checked, drawn at random."
    assert str(check(J, most=5)).splitlines()[-1] == note
    assert check(J, most=40).verdict == RIGHT
    with pytest.raises(ValueError, match="most is a whole number from 1 up, not 0"):
        check(J, most=0)
