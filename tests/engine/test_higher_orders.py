"""Derivatives of derivatives, as graphs: exact, labelled, and no larger than needed."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import pytest
from hypothesis import given

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.number_like import observed
from micrograd_dl.notation.forward import recompute
from micrograd_dl.notation.steps import steps
from micrograd_dl.testing import Graph, assert_gradients_match, graphs

ORDERS = 5


def derivatives(f: Callable[[Value], Value], x: float) -> list[float]:
    """f and its first five derivatives at x."""
    variable = Value(x)
    found = [f(variable)]
    for _ in range(ORDERS):
        found += grad(found[-1], [variable], create_graph=True)
    return [value.data for value in found]


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


@given(graphs())
def test_a_derivative_as_a_graph_can_be_recomputed_elsewhere_and_walked(graph: Graph) -> None:
    [derivative] = grad(graph.root, graph.leaves[:1], create_graph=True)
    before = derivative.data
    recompute(derivative)
    assert derivative.data == before
    assert len(list(steps(derivative))) >= 1


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
    with pytest.raises(
        TypeError, match=r"the derivative rule of sine turns a Value into a plain number"
    ) as error:
        grad(y, [x], create_graph=True)
    assert str(error.value).endswith(
        "(by math or float), so it has no graph: write it with the functions of micrograd_dl, such as exp"
    )
    branching = Operation(
        "rectifier", "r", 1, lambda x: max(x, 0.0), (lambda out, x: 1.0 if x > 0 else 0.0,), text, text
    )
    assert grad(branching(x), [x], create_graph=True)[0].data == 1.0
    asked: list[tuple[object, ...]] = []
    with observed(lambda *question: asked.append(question)):
        grad(branching(x), [x], create_graph=True)
    assert asked == [(">", x, 0, True)]
