"""Derivatives of derivatives, as graphs: exact, labelled, and no larger than needed."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import grad, recompute
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value, comparison_observer
from micrograd_dl.notation.steps import steps
from micrograd_dl.testing import Graph, assert_gradients_match, graphs, numbers

ORDERS = 5


def derivatives(f: Callable[[Value], Value], x: float) -> list[float]:
    """f and its first five derivatives at x."""
    variable = Value(x)
    found = [f(variable)]
    for _ in range(ORDERS):
        found += grad(found[-1], [variable], create_graph=True)
    return [value.data for value in found]


# --- against exact results ----------------------------------------------------------------------------------


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=8), st.integers(-16, 16))
def test_polynomials(coefficients: list[int], eighths: int) -> None:
    """In eighths every intermediate result is a double, so that nothing is rounded."""

    def horner(x: Value) -> Value:
        total = x * 0
        for c in reversed(coefficients):
            total = total * x + c
        return total

    def powers(x: Value) -> Value:
        return sum((c * x**k for k, c in enumerate(coefficients)), x * 0)

    at = Fraction(eighths, 8)
    exact = [
        sum((c * math.perm(k, n) * at ** (k - n) for k, c in enumerate(coefficients) if k >= n), Fraction(0))
        for n in range(ORDERS + 1)
    ]
    assert derivatives(horner, eighths / 8) == exact
    assert derivatives(powers, eighths / 8) == exact


@given(numbers(-2, 2), st.sampled_from([1.0, -1.0, 2.0, 0.5]))
def test_sines_and_exponentials(x: float, k: float) -> None:
    close = pytest.approx
    sines = [k**n * math.sin(k * x + n * math.pi / 2) for n in range(ORDERS + 1)]
    cosines = [k**n * math.cos(k * x + n * math.pi / 2) for n in range(ORDERS + 1)]
    exponentials = [k**n * math.exp(k * x) for n in range(ORDERS + 1)]
    products = [(x + n) * math.exp(x) for n in range(ORDERS + 1)]
    assert derivatives(lambda v: (k * v).sin(), x) == close(sines, rel=1e-13, abs=1e-13)
    assert derivatives(lambda v: (k * v).cos(), x) == close(cosines, rel=1e-13, abs=1e-13)
    assert derivatives(lambda v: (k * v).exp(), x) == close(exponentials, rel=1e-13)
    assert derivatives(lambda v: v * v.exp(), x) == close(products, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (lambda v: v.log(), mpmath.log),
        (lambda v: v.sqrt(), mpmath.sqrt),
        (lambda v: 1 / v, lambda x: 1 / x),
        (lambda v: v.tanh(), mpmath.tanh),
        (lambda v: v.sigmoid(), lambda x: 1 / (1 + mpmath.exp(-x))),
        (lambda v: v.softplus(), lambda x: mpmath.log(1 + mpmath.exp(x))),
        (lambda v: v**2.5, lambda x: x ** mpmath.mpf(2.5)),
        (lambda v: v**-3, lambda x: x**-3),
        (lambda v: 2**v, lambda x: 2**x),
        (lambda v: v**v, lambda x: x**x),
        (lambda v: (v * v).sin() / v.exp(), lambda x: mpmath.sin(x * x) / mpmath.exp(x)),
        (
            lambda v: ops.logsumexp(v, 2 * v, 1.0),
            lambda x: mpmath.log(mpmath.exp(x) + mpmath.exp(2 * x) + mpmath.e),
        ),
        (lambda v: ops.dot(v, v, v, v.exp()), lambda x: x * x + x * mpmath.exp(x)),
        (lambda v: ops.affine(v, v, v), lambda x: x * x + x),
        (lambda v: ops.sum(v, v, v * v), lambda x: 2 * x + x * x),
    ],
)
@pytest.mark.parametrize("x", [0.75, 1.25])
def test_to_the_fifth_order_against_50_digits(
    f: Callable[[Value], Value], exact: Callable[[object], object], x: float
) -> None:
    with mpmath.workdps(50):
        expected = [float(mpmath.diff(exact, mpmath.mpf(x), n)) for n in range(ORDERS + 1)]
    assert derivatives(f, x) == pytest.approx(expected, rel=1e-11, abs=1e-11)


def test_mixed_derivatives() -> None:
    x, y = Value(3.0), Value(2.0)
    f = x**2 * y**3
    [fx, fy] = grad(f, [x, y], create_graph=True)
    assert grad(fx, [x, y]) == [2 * 8.0, 2 * 3.0 * 3 * 4.0]
    assert grad(fy, [x, y]) == [2 * 3.0 * 3 * 4.0, 9.0 * 6 * 2.0]


@given(graphs(max_results=6))
def test_the_second_derivatives_of_a_graph_are_symmetric(graph: Graph) -> None:
    first = grad(graph.root, graph.leaves, create_graph=True)
    hessian = [grad(derivative, graph.leaves) for derivative in first]
    for i, row in enumerate(hessian):
        for j, entry in enumerate(row):
            scale = 1 + max(abs(x) for line in hessian for x in line)
            assert entry == pytest.approx(hessian[j][i], rel=1e-9, abs=1e-9 * scale)


@given(graphs(max_results=6))
def test_the_second_derivatives_of_a_graph_against_differences(graph: Graph) -> None:
    def slope(*x: Value) -> Value:
        """A sum of all first derivatives, so that one check sees them all."""
        total: Value = ops.sum(*grad(graph(*x), x, create_graph=True))
        return total

    assert_gradients_match(slope, *graph.numbers, rtol=1e-5, atol=1e-6)


# --- the graph of a derivative ------------------------------------------------------------------------------


@given(graphs(), st.sampled_from([1.0, 0.5, -2.0]))
def test_a_derivative_as_a_graph_has_the_same_number(graph: Graph, seed: float) -> None:
    plain = grad(graph.root, graph.leaves, seed=seed)
    built = grad(graph.root, graph.leaves, create_graph=True, seed=seed)
    assert all(isinstance(derivative, Value) for derivative in built)
    assert [derivative.data for derivative in built] == pytest.approx(plain, rel=1e-12, abs=1e-12)


@given(graphs())
def test_a_derivative_as_a_graph_can_be_recomputed_elsewhere_and_walked(graph: Graph) -> None:
    [derivative] = grad(graph.root, graph.leaves[:1], create_graph=True)
    before = derivative.data
    recompute(derivative)
    assert derivative.data == before
    assert len(list(steps(derivative))) >= 1


@given(graphs())
def test_nothing_is_written_to_the_graph(graph: Graph) -> None:
    order = topological_order(graph.root)
    before = [(node.data, node.grad, node.label, node.op, node.operands, node.slopes) for node in order]
    graph.root.label = "J"
    grad(graph.root, order, create_graph=True)
    graph.root.label = ""
    assert [(n.data, n.grad, n.label, n.op, n.operands, n.slopes) for n in order] == before


def test_a_derivative_is_labelled_by_what_it_is() -> None:
    x, nameless = Value(3.0, "x"), Value(1.0)
    J = x**3 * nameless
    assert grad(J, [x], create_graph=True)[0].label == ""
    J.label = "J"
    by_x, by_nameless = grad(J, [x, nameless], create_graph=True)
    assert (by_x.label, by_nameless.label) == ("dJ/dx", "")
    assert grad(by_x, [x], create_graph=True)[0].label == "ddJ/dx/dx"


def test_a_derivative_that_is_a_node_of_the_graph_keeps_the_label_it_has() -> None:
    a, b, c = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c")
    u = a + b
    J = u * c
    J.label = "J"
    by_c, by_u = grad(J, [c, u], create_graph=True)
    assert by_c is u
    assert by_u is c
    assert (u.label, c.label) == ("", "c")


def test_two_variables_may_have_one_derivative() -> None:
    a, b = Value(1.0, "a"), Value(2.0, "b")
    J = (a + b) ** 3
    J.label = "J"
    by_a, by_b = grad(J, [a, b], create_graph=True)
    assert by_a is by_b
    assert by_a.label == "dJ/da"


def test_plain_numbers_stay_plain() -> None:
    """A factor 1, a summand 0 and what only depends on constants make no nodes."""
    x, y = Value(3.0), Value(2.0)
    for J, expected in ((x + y, 1.0), (x - 5, 1.0), (3 * x, 3.0), (x / 2, 0.5), (-x, -1.0), (x * 1 + y, 1.0)):
        [derivative] = grad(J, [x], create_graph=True)
        assert derivative.is_constant
        assert derivative.data == expected
    [by_x] = grad(x * y, [x], create_graph=True)
    assert by_x is y
    [square] = grad(x**2, [x], create_graph=True)
    assert square.op is ops.mul
    assert [parent.data for parent in square.operands] == [2.0, 3.0]
    [step] = grad(TABLE["sign"](x) * y, [x], create_graph=True)
    assert (step.is_constant, step.data) == (True, 0.0)


def test_a_seed_other_than_1_is_a_factor() -> None:
    x = Value(3.0)
    [derivative] = grad(x * x * x, [x], create_graph=True, seed=2.0)
    assert derivative.data == 54.0
    assert grad(derivative, [x]) == [36.0]


def test_by_what_it_does_not_depend_on_and_by_constants() -> None:
    x, stranger = Value(3.0), Value(1.0)
    J = 2 * x
    found = grad(J, [stranger, J.operands[0], J], create_graph=True)
    assert [(d.is_constant, d.data) for d in found] == [(True, 0.0), (True, 0.0), (True, 1.0)]


def test_an_exponent_that_is_a_number_and_one_that_is_a_value() -> None:
    x = Value(0.0)
    assert derivatives(lambda v: v**2, 0.0) == [0.0, 0.0, 2.0, 0.0, 0.0, 0.0]
    assert derivatives(lambda v: v**0, 0.0) == [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert derivatives(lambda v: v**1, 0.0) == [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert derivatives(lambda v: (-2.0 + v) ** 3, 0.0) == [-8.0, 12.0, -12.0, 6.0, 0.0, 0.0]
    y = Value(2.0)
    [by_x, by_y] = grad(x**y, [x, y], create_graph=True)
    assert (by_x.data, by_y.data) == (0.0, 0.0)


def test_a_slope_that_is_infinite_is_so_by_every_route() -> None:
    x = Value(0.0, "x")
    assert grad(x.sqrt(), [x]) == [math.inf]
    [slope] = grad(x.sqrt(), [x], create_graph=True)
    assert slope.data == math.inf
    assert grad(slope, [x]) == [-math.inf]


@pytest.mark.parametrize("base", [math.nan, 5e-324, 0.0, -2.0, math.inf])
def test_the_slope_of_a_power_with_the_exponent_0_is_0_by_every_route(base: float) -> None:
    x, y = Value(base, "x"), Value(0.0, "y")
    for J in (x**y, x**0):
        assert grad(J, [x]) == [0.0]
        assert grad(J, [x], create_graph=True)[0].data == 0.0
        J.backward()
        assert x.grad == 0.0


def test_a_rule_that_leaves_the_graph_is_refused_by_name() -> None:
    text: Callable[..., str] = str
    sine = Operation("sine", "sin", 1, math.sin, (lambda out, x: math.cos(x),), text, text)
    x = Value(1.0)
    y = sine(x)
    assert grad(y, [x]) == [math.cos(1.0)]
    with pytest.raises(TypeError, match=r"the derivative rule of sine turns a Value into a plain number"):
        grad(y, [x], create_graph=True)
    branching = Operation(
        "rectifier", "r", 1, lambda x: max(x, 0.0), (lambda out, x: 1.0 if x > 0 else 0.0,), text, text
    )
    assert grad(branching(x), [x], create_graph=True)[0].data == 1.0
    asked: list[str] = []
    token = comparison_observer.set(lambda relation, *_: asked.append(relation))
    try:
        grad(branching(x), [x], create_graph=True)
    finally:
        comparison_observer.reset(token)
    assert asked == [">"]
