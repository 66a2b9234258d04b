"""What `check` says of a graph: in numbers and in words, what it cannot judge, and of how many leaves."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from micrograd_dl.engine import ops
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.gradcheck.graphs import check
from micrograd_dl.gradcheck.numerical import EPSILON
from micrograd_dl.gradcheck.report import GOOD, SUSPICIOUS, Obstacle, distance
from micrograd_dl.notation.expression import parse

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


@pytest.mark.parametrize(
    ("approximate", "exact", "expected"),
    [
        ([], [], 0.0), ([0.0, 0.0], [0.0, -0.0], 0.0), ([3.0], [3.0], 0.0), ([1.0], [-1.0], 1.0),
        ([0.0], [5.0], 1.0), ([3.0, 0.0], [0.0, 4.0], 5 / 7),
        ([1.0, 1.0], [1.0, 0.0], 1 / (math.sqrt(2) + 1)), ([5e-324], [0.0], 1.0), ([1e-200], [3e-200], 0.5),
        ([1e200, 0.0], [0.0, 1e200], math.sqrt(2) / 2), ([1.5e308] * 2, [-1.5e308] * 2, 1.0),
    ],
)  # fmt: skip
def test_distance(approximate: list[float], exact: list[float], expected: float) -> None:
    assert distance(approximate, exact) == pytest.approx(expected, rel=1e-15)
    assert distance(exact, approximate) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_the_distance_of_what_is_not_finite_is_nan(odd: float) -> None:
    for other in (0.0, 1.0, math.inf, math.nan):
        assert math.isnan(distance([odd, 1.0], [other, 1.0]))
        assert math.isnan(distance([1.0, other], [1.0, odd]))


def test_the_courses_check() -> None:
    J, a, b, c = course()
    found = check(J)
    assert (found.ok, found.unjudged, found.verdict, found.epsilon) == (True, False, RIGHT, EPSILON)
    assert {x.leaf: (x.analytic, x.step) for x in found.components} == {
        a: (3, 1e-7),
        b: (6, 1e-7),
        c: (9, 1e-7),
    }
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


@pytest.mark.parametrize("epsilon", [0.5, Decimal("0.5"), Fraction(1, 2)])
def test_a_step_is_any_real_number(epsilon: Any) -> None:
    x = Value(2.0, "x")
    found = check(x * x, epsilon)
    assert (found.epsilon, found.components[0].step, found.components[0].numerical) == (0.5, 0.5, 4)


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


def test_another_step_where_the_courses_does_not_do() -> None:
    [c] = check(1 / Value(1e-6, "x")).components
    assert c.step < EPSILON
    [c] = check(1e6 + Value(1.0, "x")).components
    assert c.step > EPSILON
    shown = str(check(1e6 + Value(1.0, "x"))).splitlines()[1]
    assert shown == f"  dJ/dx  numerical            1   backprop            1   (step {c.step:.0e})"


def test_a_bug_is_found_and_the_worst_component_comes_first() -> None:
    wrong = replace(ops.exp, derivatives=(lambda out, x: 2 * out,))
    x, y, z = Value(0.5, "x"), Value(0.1, "y"), Value(0.7, "z")
    found = check(apply(wrong, (x,)) + apply(wrong, (y,)) + z)
    assert (found.verdict, found.ok) == (BUG, False)
    assert [c.leaf for c in found.components] == [x, y, z]
    assert found.components[0].numerical == pytest.approx(math.exp(0.5))
    assert found.components[0].analytic == 2 * math.exp(0.5)
    assert str(found).splitlines()[1].startswith("  dJ/dx  numerical      1.64872   backprop      3.29744")


@pytest.mark.parametrize(
    ("far", "verdict"), [(1e-7, RIGHT), (1.01e-7, CLOSER), (1e-3, CLOSER), (1.01e-3, BUG)]
)
def test_the_thresholds(far: float, verdict: str) -> None:
    J, *_ = course()
    assert (GOOD, SUSPICIOUS) == (1e-7, 1e-3)
    assert replace(check(J), distance=far).verdict == verdict


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


@pytest.mark.parametrize(
    ("text", "point", "why", "numbers"),
    [
        ("x*x", {"x": 1e-160}, "rounding hides the derivative: dJ/dx", "backprop 2e-160"),
        ("x*x*x", {"x": 1e-120}, "rounding hides the derivative: dJ/dx", "take 2e-202; backprop 3e-240"),
        ("sin(1e12*x)", {"x": 0.3}, "rounding hides the derivative: dJ/dx", ""),
        ("sin(1e300*x)", {"x": 0.3}, "rounding hides the derivative: dJ/dx", ""),
        ("x/y", {"x": 1e300, "y": 1e-300}, "undefined or infinite beside the point: dJ/dx, dJ/dy", ""),
        ("1/x - y", {"x": math.inf, "y": 1.0}, "undefined or infinite beside the point: dJ/dx", ""),
        ("x**y", {"x": -2.0, "y": 2.0}, "undefined or infinite beside the point: dJ/dy", "backprop nan"),
        ("sqrt(x*x + y*y)", {"x": 0.0, "y": 0.0}, "backprop gives no number: dJ/dx, dJ/dy", "inf * 0 = nan"),
        ("sqrt(relu(x))", {"x": -1.0}, "backprop gives no number: dJ/dx", "inf * 0 = nan   (dx: 0 -> nan)"),
        ("x*1e-300*1e200*1e200", {"x": 1e-300}, "backprop gives no number: dJ/dx", "(du: 0 -> inf)"),
        ("log(z/1)", {"z": 5e-324}, "backprop gives no number: dJ/dz", "1 * inf = inf   (du: 0 -> inf)"),
        ("sqrt(abs(x)) + y", {"x": 0.0, "y": 1.0}, "backprop gives no number: dJ/dx", "nan"),
    ],
)
def test_why_it_was_not_judged(text: str, point: dict[str, float], why: str, numbers: str) -> None:
    found = check(parse(text, **point))
    assert found.verdict in (NOTHING, HALF)
    assert not found.complete
    assert f"Not judged, {why}" in str(found).splitlines()
    assert numbers in str(found).splitlines()[-1]


def test_long_lists_are_cut() -> None:
    leaves = [Value(float(i), "a" * (i + 1)) for i in range(12)]
    lines = str(check(ops.sum(*leaves))).splitlines()
    assert len(lines) == 1 + 10 + 1
    assert len({line.index("numerical") for line in lines[1:-1]}) == 1  # names of all lengths, in a column
    assert lines[-1] == "  ... and 2 more that differ less"
    kinks = [Value(0.0, f"a{i}").relu() for i in range(12)]
    last = str(check(ops.sum(*kinks))).splitlines()[-1]
    names = ", ".join(f"dJ/da{i}" for i in range(10))
    assert last == f"Not judged, a kink lies within the step: {names} and 2 more"


@pytest.mark.parametrize("slope", [1.0, 1.5])
def test_of_a_large_sum_a_sample_is_checked(slope: float) -> None:
    calls: list[int] = []

    def forward(*x: float) -> float:
        calls.append(len(x))
        return float(ops.sum.forward(*x))

    wrong = replace(ops.sum, forward=forward, all_derivatives=lambda out, *x: (slope,) * len(x))
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
