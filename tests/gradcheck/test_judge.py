"""Right gradients are never called wrong, at numbers of any size; wrong gradients are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.gradcheck.graphs import check
from micrograd_dl.gradcheck.judge import Curve, estimate, steps
from micrograd_dl.gradcheck.report import Check, Component, Obstacle, distance
from micrograd_dl.notation.expression import parse
from micrograd_dl.testing import Graph, graphs

apply = Value.apply_operation

RIGHT, CLOSER, BUG, NOTHING = "backprop is right", "look closer", "there is a bug", "nothing could be judged"
PARTLY = RIGHT + " where it could be judged (1 of 2 derivatives)"


def with_rule(operation: Operation, change: Callable[[float], float]) -> Operation:
    """The operation with every derivative changed."""
    rules = operation.derivatives
    if isinstance(rules, tuple):

        def changed(rule: Callable[..., float]) -> Callable[..., float]:
            return lambda out, *operands: change(rule(out, *operands))

        return replace(operation, derivatives=tuple(map(changed, rules)))
    return replace(operation, derivatives=lambda out, *x: [change(d) for d in rules(out, *x)])


def sine_of_a_square(x: float) -> Check:
    leaf = Value(x, "x")
    return check((leaf * leaf).sin())


# --- right gradients that differences cannot follow ---------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "point", "why"),
    [
        ("x*x", {"x": 1e-160}, "rounding hides the derivative: dJ/dx"),
        ("x*x*x", {"x": 1e-120}, "rounding hides the derivative: dJ/dx"),
        ("x/y", {"x": 1e300, "y": 1e-300}, "undefined or infinite beside the point: dJ/dx, dJ/dy"),
        ("sqrt(x*x + y*y)", {"x": 0.0, "y": 0.0}, "backprop gives no number: dJ/dx, dJ/dy"),
        ("sqrt(relu(x))", {"x": -1.0}, "backprop gives no number: dJ/dx"),
        ("sin(1e12*x)", {"x": 0.3}, "rounding hides the derivative: dJ/dx"),
        ("sin(1e17*x)", {"x": 0.3}, "rounding hides the derivative: dJ/dx"),
        ("sin(1e300*x)", {"x": 0.3}, "rounding hides the derivative: dJ/dx"),
        ("1/x - y", {"x": math.inf, "y": 1.0}, "undefined or infinite beside the point: dJ/dx"),
    ],
)
def test_what_differences_cannot_follow_is_not_judged_and_said_why(
    text: str, point: dict[str, float], why: str
) -> None:
    found = check(parse(text, **point))
    assert found.verdict.startswith((NOTHING, PARTLY))
    assert not found.complete
    assert f"Not judged, {why}" in str(found).splitlines()


@pytest.mark.parametrize(
    ("text", "point", "last"),
    [
        ("x*x*x", {"x": 1e-120}, "numerical 0, give or take 2e-202; backprop 3e-240"),
        ("sqrt(relu(x))", {"x": -1.0}, "dx += dJ/du * du/dx = inf * 0 = nan   (dx: 0 -> nan)"),
        ("x**y", {"x": -2.0, "y": 2.0}, "backprop nan"),
        ("x * 1e-300 * 1e200 * 1e200", {"x": 1e-300}, "1e+200 * 1e+200 = inf   (du: 0 -> inf)"),
        ("log(z/1)", {"z": 5e-324}, "1 * inf = inf   (du: 0 -> inf)"),
    ],
)
def test_the_numbers_of_what_was_not_judged(text: str, point: dict[str, float], last: str) -> None:
    assert str(check(parse(text, **point))).splitlines()[-1].endswith(last)


def test_nan_at_a_kink_is_no_convention() -> None:
    x, y = Value(0.0, "x"), Value(1.0, "y")
    found = check(abs(x).sqrt() + y)
    assert found.not_judged_for(Obstacle.NO_NUMBER) == (x,)
    assert (found.complete, found.verdict) == (False, PARTLY)
    assert check(abs(x) + y).complete


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: 1 / x * 1e-300, 1e-160),  # the slope of 1 / x is beyond the largest number
        (lambda x: x * 1e160 * 1e-200 * 1e-200, 1e100),  # what underflows on the way of backprop
        # Beside x the root is a straight line to each side; only within 1e-150 of 0 is it what it is.
        *[(lambda x: (x * x + 1e-300).sqrt() + 1, at) for at in (1e-150, -3e-150, 2e-151)],
        *[(f, 5e-324) for f in (Value.log, Value.sqrt, Value.sin, lambda z: 1 / z, lambda z: z**-1.5)],
    ],
)
def test_numbers_at_the_ends_of_the_range_are_no_bug(f: Callable[[Value], Value], at: float) -> None:
    assert check(f(Value(at, "x"))).verdict.startswith((RIGHT, NOTHING))


@given(st.floats(1e3, 1e6))
def test_a_fast_swing_is_never_called_wrong(x: float) -> None:
    assert sine_of_a_square(x).verdict.startswith((RIGHT, NOTHING))


@given(st.floats(-160, 160), st.floats(-160, 160), st.sampled_from(["x*y", "x/y", "x*x*y", "sin(x)*y"]))
def test_sizes_of_all_kinds_are_never_called_wrong(x: float, y: float, text: str) -> None:
    found = check(parse(text, x=10.0**x, y=10.0**y))
    assert found.verdict.startswith((RIGHT, NOTHING)), found


NUMBERS = st.one_of(
    st.floats(-4, 4),
    st.integers(-3, 3).map(float),
    st.tuples(st.sampled_from([-1.0, 1.0]), st.floats(-160, 160)).map(lambda x: x[0] * 10.0 ** x[1]),
)


@st.composite
def wild_graphs(draw: st.DrawFn) -> Value:
    """A result of any operations on numbers of any size, wherever they happen to be defined."""
    nodes: list[Value] = [
        Value(x, f"x{i}") for i, x in enumerate(draw(st.lists(NUMBERS, min_size=1, max_size=3)))
    ]
    for operation in draw(st.lists(st.sampled_from(list(TABLE.values())), min_size=1, max_size=6)):
        count = operation.arity or (4 if operation is ops.dot else 3)
        operands = [
            draw(st.one_of(st.sampled_from(nodes), st.sampled_from(nodes), NUMBERS)) for _ in range(count)
        ]
        try:
            result = operation(*operands)
        except (ValueError, ZeroDivisionError):
            continue
        if isinstance(result, Value) and math.isfinite(result.data):
            nodes.append(result)
    return nodes[-1]


@given(wild_graphs())
def test_a_right_graph_is_never_called_wrong(root: Value) -> None:
    found = check(root)
    assert found.verdict.startswith((RIGHT, NOTHING)), found
    if found.verdict == RIGHT:
        assert all(math.isfinite(c.analytic) for c in found.components)


# --- wrong gradients ----------------------------------------------------------------------------------------

CHANGES: dict[str, Callable[[float], float]] = {
    "twice": lambda d: 2 * d,
    "forgotten": lambda d: 0.0,
    "the sign": lambda d: -d,
    "a little": lambda d: d * (1 + 1e-4),
    "a term more": lambda d: d + 0.5 * (1 + abs(d)),
}


@given(graphs(), st.data(), st.sampled_from(list(CHANGES)))
def test_a_wrong_rule_in_a_random_graph_is_never_called_right(
    graph: Graph, data: st.DataObject, change: str
) -> None:
    at = data.draw(st.sampled_from(range(len(graph.program))))
    operation, references = graph.program[at]
    program = list(graph.program)
    program[at] = (with_rule(operation, CHANGES[change]), references)
    wrong = Graph(graph.numbers, program)
    right, claimed = grad(graph.root, graph.leaves), grad(wrong.root, wrong.leaves)
    far = distance(right, claimed)
    assume(max(abs(x - y) for x, y in zip(right, claimed, strict=True)) > 1e-6)
    assume(far > 2e-6)
    found = check(wrong.root)
    assume(
        not found.not_judged_for(Obstacle.UNDEFINED)
    )  # where a base is 0 the exponent must be whole, and is not beside
    assert not found.ok, found
    assert not found.not_judged, found
    if far > 2e-3:
        assert found.verdict.startswith(BUG), found


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("exp", 1e-3), ("exp", 30.0), ("sin", 0.3), ("sin", 100.0), ("sin", 1e6), ("tanh", 2.0),
        ("sigmoid", -40.0), ("log", 1e-150), ("log", 1e150), ("sqrt", 1e-150), ("sqrt", 1e150),
        ("neg", 1e160), ("neg", 1e-160), ("relu", 1e-160), ("relu", 1e160), ("softplus", 5.0),
        ("abs", -1e-30),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_found_at_numbers_of_every_size(name: str, at: float, change: str) -> None:
    wrong = with_rule(TABLE[name], CHANGES[change])
    found = check(apply(wrong, (Value(at, "x"),)))
    assert found.verdict.startswith(CLOSER if change == "a little" else BUG), found
    assert check(apply(TABLE[name], (Value(at, "x"),))).verdict == RIGHT


def test_a_wrong_rule_is_found_beside_a_fast_swing() -> None:
    x = Value(5e3, "x")
    found = check(apply(with_rule(ops.sin, lambda d: 1.01 * d), (x * x,)))
    assert found.verdict.startswith(BUG)
    assert sine_of_a_square(5e3).verdict == RIGHT


def test_nan_that_a_rule_makes_up_is_a_bug_and_nan_of_a_pole_is_not() -> None:
    x = Value(0.5, "x")
    for odd in (math.nan, math.inf):
        assert check(apply(with_rule(ops.exp, lambda d, odd=odd: odd), (x,))).verdict.startswith(BUG)  # type: ignore[misc]  # a default binds it
    assert check((x * 0).sqrt() + x).verdict.startswith((NOTHING, RIGHT))


# --- the estimate itself ------------------------------------------------------------------------------------


class Function(Curve):
    def __init__(self, f: Callable[[float], float], x: float, noise: float = 0.0) -> None:
        super().__init__("x", "dJ/dx", x, 0.0)
        self.f, self.noise = f, noise

    def sample(self, x: float) -> Any:
        return [self.f(x)], [self.noise + 2e-16 * abs(self.f(x))]


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (math.exp, 1.0, math.e),
        (math.sin, 0.3, math.cos(0.3)),
        (lambda x: x**5, 0.0, 0.0),
        (lambda x: 3.0, 1.0, 0.0),
    ],
)
def test_an_estimate_is_as_good_as_it_says(f: Callable[[float], float], x: float, slope: float) -> None:
    found = estimate(Function(f, x), 0.01)
    assert isinstance(found, Component)
    assert abs(found.numerical - slope) <= found.uncertainty <= 1e-9


def test_noise_is_in_the_doubt() -> None:
    found = estimate(Function(math.exp, 1.0, 1e-6), 0.01)
    assert isinstance(found, Component)
    assert 1e-6 / 0.01 <= found.uncertainty < 1e-2


@pytest.mark.parametrize(
    ("f", "x", "why"),
    [
        (lambda x: math.sin(1e9 * x), 0.3, "contradict"),
        (abs, 0.0, "contradict"),
        (lambda x: abs(x) ** 0.5, 0.0, "contradict"),
        (lambda x: 1 / x, 1e-5, "contradict"),
        (lambda x: float(x > 0), 1e-9, "contradict"),
        (math.log, 0.001, "undefined"),
        (lambda x: x, math.nan, "undefined"),
        (lambda x: x, 1e16, "rounding"),
    ],
)
def test_what_is_in_the_way_of_an_estimate(f: Callable[[float], float], x: float, why: str) -> None:
    found = estimate(Function(f, x), 0.01)
    assert isinstance(found, Obstacle)
    assert why in found


def test_where_the_curvatures_to_both_sides_differ_there_is_a_slope() -> None:
    found = estimate(Function(lambda x: max(x, 0.0) ** 2, 0.0), 0.01)
    assert isinstance(found, Component)
    assert abs(found.numerical) <= found.uncertainty < 1e-9


@pytest.mark.parametrize("x", [0.0, 1.0, 1e-160, 1e160, -1e10, math.inf, math.nan])
def test_steps_are_finite_and_above_0(x: float) -> None:
    some: list[Any] = list(steps(x, 1e-7, 14))
    assert some
    assert all(0 < step < math.inf for step in some)
