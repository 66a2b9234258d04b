"""value_and_grad, jacobian, hessian, jvp, vjp and hvp: numbers, forms, compositions and refusals."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from micrograd_dl import GraphCutWarning, Value, exp, grad, log, relu, sin, slope_at_kink, tanh, transforms
from micrograd_dl.testing import Graph, graphs

# As Any: forms are mixed freely here, and types are tested in tests/typing.
value_and_grad, jacobian, hessian, jvp, vjp, hvp = (
    getattr(transforms, name) for name in ("value_and_grad", "jacobian", "hessian", "jvp", "vjp", "hvp")
)


def results(graph: Graph) -> Callable[[list[Any]], list[Any]]:
    """The computation of a graph on a list, as a function with several results."""

    def f(x: list[Any]) -> list[Any]:
        nodes = list(x)
        for operation, references in graph.program:
            nodes.append(operation(*(nodes[r] if isinstance(r, int) else r for r in references)))
        return nodes[-3:]

    return f


def close(ours: Any, expected: Any, tolerance: float) -> bool:
    size = max(1.0, float(np.max(np.abs(expected))))
    return np.shape(ours) == np.shape(expected) and np.allclose(ours, expected, tolerance, tolerance * size)


@given(graphs())
def test_products_are_those_of_the_jacobian_and_the_hessian(graph: Graph) -> None:
    f, x = results(graph), list(graph.numbers)
    J = np.array(jacobian(f)(x))
    tangent, weights = [1.0 + i for i in range(len(x))], [2.0 - i for i in range(len(J))]
    value, along = jvp(f, (x,), (tangent,))
    assert value == f(x)
    assert close(along, J @ tangent, 1e-12)
    value, pull_back = vjp(f, x)
    assert value == f(x)
    assert close(pull_back(weights), [weights @ J], 1e-12)
    value, gradient = value_and_grad(lambda x: f(x)[-1])(x)
    assert (value, gradient) == (f(x)[-1], list(J[-1]))
    assert gradient == grad(graph.root, graph.leaves)
    H = np.array(hessian(lambda x: f(x)[-1])(x))
    assert close(H, H.T, 1e-10)
    assert close(hvp(lambda x: f(x)[-1], (x,), (tangent,)), [H @ tangent], 1e-10)


@given(graphs(max_results=6))
def test_against_differences(graph: Graph) -> None:
    f, x, h = results(graph), np.array(graph.numbers), 1e-5
    J = np.array(jacobian(f)(list(x)))
    H = np.array(hessian(f)(list(x)))
    for i, move in enumerate(np.eye(len(x)) * h):
        up, down = list(x + move), list(x - move)
        slopes = np.subtract(f(up), f(down)) / (2 * h)
        curvature = np.subtract(jacobian(f)(up), jacobian(f)(down)) / (2 * h)
        scale = 1.0 + np.abs(J).max() + np.abs(H).max()
        third = np.abs(np.subtract(np.add(jacobian(f)(up), jacobian(f)(down)), 2 * J)).max() / h
        assert np.allclose(slopes, J[:, i], rtol=1e-4, atol=1e-4 * scale)
        assert np.allclose(curvature, H[:, :, i], rtol=1e-3, atol=1e-3 * (scale + third))


def test_arrays_come_as_arrays_of_values_and_give_arrays() -> None:
    A = np.array([[1.0, 2.0, 0.5], [-1.0, 0.0, 3.0]])
    x = np.array([1, 2, 3])  # whole numbers are numbers
    value, gradient = value_and_grad(lambda x: (np.tanh(x) * x).sum())(x)
    assert gradient == pytest.approx(np.tanh(x) + x * (1 - np.tanh(x) ** 2))
    assert value == pytest.approx((np.tanh(x) * x).sum())
    for f in (lambda x: A @ x, lambda x: [row @ x for row in A]):
        assert np.array_equal(jacobian(f)(x), A)
    J = jacobian(lambda A, x: A @ x, argnums=(0, 1))(A, x)
    assert J[0].shape == (2, 2, 3)
    assert J[1].shape == (2, 3)
    assert J[0].dtype == np.float64
    assert np.array_equal(hessian(lambda x: (x @ x) / 2)(x), np.eye(3))
    value, pull_back = vjp(lambda A: A @ x, A)
    assert np.array_equal(value, A @ x)
    [product] = pull_back(np.array([1.0, -1.0]))
    assert np.array_equal(product, np.outer([1.0, -1.0], x))
    assert np.array_equal(jvp(lambda x: 2 * x, (x,), (np.ones(3),))[1], [2, 2, 2])
    assert np.array_equal(value_and_grad(lambda x: 0.0)(np.empty((0, 2)))[1], np.empty((0, 2)))
    assert value_and_grad(lambda x: x * x)(np.array(3.0)) == (9.0, 6.0)


def test_lists_tuples_and_dictionaries_keep_their_form() -> None:
    parameters = {"w": [[1.0, 2.0], [3.0, 4.0]], "b": (0.5,)}

    def f(p: Any, x: float) -> Any:
        return {"z": p["w"][0][0] * x + p["b"][0], "a": (p["w"][1][1] ** 2, 7)}

    by_w = [[0.0, 0.0], [0.0, 0.0]]
    assert jacobian(f)(parameters, 3.0) == {
        "z": {"w": [[3.0, 0.0], [0.0, 0.0]], "b": (1.0,)},
        "a": ({"w": [[0.0, 0.0], [0.0, 8.0]], "b": (0.0,)}, {"w": by_w, "b": (0.0,)}),
    }
    value, slopes = jvp(f, [parameters, 3.0], [{"w": by_w, "b": (2.0,)}, 1.0])
    assert value == {"z": 3.5, "a": (16.0, 7.0)}
    assert slopes == {"z": 3.0, "a": (0.0, 0.0)}


def test_arguments_are_chosen_by_position_and_the_rest_is_passed_on() -> None:
    def f(x: Any, y: Any, *, power: int, name: str = "") -> Any:
        assert name == "any"
        return x**power * y

    assert value_and_grad(f)(2.0, 3, power=3, name="any") == (24.0, 36.0)
    assert value_and_grad(f, -1)(2.0, 3, power=3, name="any") == (24.0, 8.0)
    assert value_and_grad(f, argnums=[1, 0])(2.0, 3, power=3, name="any") == (24.0, (8.0, 36.0))
    assert value_and_grad(exp)(0.0) == (1.0, 1.0)
    assert value_and_grad(f).__name__ == "f"


def test_what_does_not_depend_on_the_argument_has_the_derivative_0() -> None:
    assert value_and_grad(lambda x: 1)(2.0) == (1.0, 0.0)
    assert value_and_grad(lambda x: Value.constant(3))(2.0) == (3.0, 0.0)
    assert value_and_grad(lambda x: x)(2.0) == (2.0, 1.0)
    assert hessian(lambda x: 3 * x)(2.0) == 0.0
    assert jvp(lambda x: [x, 5.0], (2.0,), (3.0,)) == ([2.0, 5.0], [3.0, 0.0])
    assert jvp(lambda x: 5.0, (2.0,), (3.0,)) == (5.0, 0.0)
    assert vjp(lambda x: [5.0], 2.0)[1]([1.0]) == (0.0,)
    assert hvp(lambda x: 5.0, (2.0,), (1.0,)) == (0.0,)


def test_they_compose_to_any_order() -> None:
    def slope(f: Any) -> Any:
        return lambda x: value_and_grad(f)(x)[1]

    expected = [sin(0.5), math.cos(0.5), -sin(0.5), -math.cos(0.5), sin(0.5)]
    f: Any = sin
    for derivative in expected:
        assert f(0.5) == pytest.approx(derivative, rel=1e-15)
        f = slope(f)
    assert jvp(lambda x: jvp(exp, (x,), (1.0,))[1], (1.0,), (2.0,))[1] == pytest.approx(2 * math.e)
    assert vjp(lambda x: jacobian(tanh)(x), 0.5)[1](1.0)[0] == pytest.approx(hessian(tanh)(0.5))


def test_inner_and_outer_variables_are_told_apart() -> None:
    def inner(x: Any) -> Any:
        return x * value_and_grad(lambda y: x + y)(x)[1]  # 1, not 2

    assert value_and_grad(inner)(3.0) == (3.0, 1.0)
    # The inner function meets the outer variable only where it closes over it.
    assert jvp(lambda x: value_and_grad(lambda y: x * y * y)(2.0)[1], (3.0,), (1.0,)) == (12.0, 4.0)
    assert jvp(lambda x: jvp(lambda y: x * y * y, (2.0,), (1.0,))[1], (3.0,), (1.0,)) == (12.0, 4.0)


def test_a_value_gives_values() -> None:
    x = Value(2.0, "x")
    value, slope = value_and_grad(lambda x: x**3)(x)
    assert (value.data, slope.data) == (8.0, 12.0)
    slope.backward()
    assert x.grad == 12.0


def test_kinks_and_edges_are_the_engine_s() -> None:
    assert value_and_grad(relu)(0.0)[1] == 1.0
    with slope_at_kink("left"):
        assert value_and_grad(relu)(0.0)[1] == 0.0
    with pytest.raises(ValueError, match="log needs an operand above 0"):
        value_and_grad(log)(-1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(GraphCutWarning):
            value_and_grad(lambda x: math.exp(x))(1.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: value_and_grad(lambda x: [x])(1.0),
            TypeError,
            "the function gives [a number]: see jacobian",
        ),
        (lambda: value_and_grad(lambda x: x)(np.ones(2)), TypeError, "gives an array of shape (2,): see"),
        (
            lambda: hvp(lambda x: (x, x), (1.0,), (1.0,)),
            TypeError,
            "gives (a number, a number): see jacobian",
        ),
        (lambda: value_and_grad(lambda x: None)(1.0), TypeError, "a function may have forgotten its return"),
        (lambda: jacobian(lambda x: [x, "2"])(1.0), TypeError, "takes a real number, not the str '2'"),
        (lambda: value_and_grad(lambda x: x)("text"), TypeError, "takes a real number, not the str 'text'"),
        (lambda: value_and_grad(exp)(np.array(["a"])), TypeError, "takes a real number, not the str_"),
        (lambda: value_and_grad(exp, 1)(1.0), ValueError, "argnums=1 asks for an argument that is not there"),
        (lambda: jvp(exp, (1.0,), ([1.0],)), ValueError, "of the primals, (a number), not ([a number])"),
        (lambda: jvp(exp, (1.0,), (1.0, 2.0)), ValueError, "(a number), not (a number, a number)"),
        (
            lambda: jvp(np.sum, (np.ones(2),), (np.ones(3),)),
            ValueError,
            "(an array of shape (2,)), not (an array of shape (3,))",
        ),
        (lambda: jvp(exp, 1.0, 1.0), TypeError, "primals are a tuple with an entry for each argument, not"),
        (lambda: hvp(exp, (1.0,), np.ones(1)), TypeError, "tangents are a tuple with an entry for each"),
        (
            lambda: vjp(lambda p: p["a"], {"a": 1.0})[1]({"b": 1.0}),
            ValueError,
            "cotangents are to have the form of the value, a number, not {b: a number}",
        ),
    ],
)
def test_refusals(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)
