"""Graphs as expressions of SymPy: the same numbers, and derivatives that simplify to ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl import (
    Value,
    exp,
    grad,
    log,
    logsumexp,
    maximum,
    relu,
    sigmoid,
    sin,
    slope_at_kink,
    softplus,
    sqrt,
)
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.testing import operands

sympy: Any = pytest.importorskip("sympy", reason="to_sympy needs SymPy, in the extra sympy")
to_sympy = pytest.importorskip("micrograd_dl.interop.algebra", reason="needs SymPy").to_sympy

X, Y = sympy.symbols("x y", real=True)


@pytest.mark.parametrize("operation", TABLE.values(), ids=lambda operation: operation.name)
@given(data=st.data())
def test_operations(operation: Operation, data: st.DataObject) -> None:
    leaves = [Value(x, f"x{i}") for i, x in enumerate(data.draw(operands(operation)), 1)]
    root = operation(*leaves)
    expression = to_sympy(root)
    numbers = {sympy.Symbol(leaf.label, real=True): sympy.Float(leaf.data, 40) for leaf in leaves}

    def at(x: Any) -> float:
        return float(sympy.N(x.subs(numbers), 30))

    assert root.data == pytest.approx(at(expression), rel=1e-12, abs=1e-14)
    derivatives = [at(expression.diff(symbol)) for symbol in numbers]
    assert grad(root, leaves) == pytest.approx(derivatives, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: 3 * (x + y * x),
        lambda x, y: x**3 / (y * y + 1),
        lambda x, y: (x * y).tanh() ** 2,
        lambda x, y: sigmoid(x * y) + softplus(x),
        lambda x, y: sin(x) * exp(-y) + log(x * x + 2),
        lambda x, y: sqrt(x * x + y * y + 1),
        lambda x, y: logsumexp([x, y, 0.5]),
        lambda x, y: abs(x) + relu(y),
        lambda x, y: maximum(x, y) * x,
    ],
)  # fmt: skip
def test_derivatives_simplify_to_ours(f: Callable[..., Value]) -> None:
    x, y = Value(0.5, "x"), Value(1.25, "y")
    J = f(x, y)
    for symbol, ours in zip((X, Y), grad(J, [x, y], create_graph=True), strict=True):
        assert sympy.simplify(to_sympy(J).diff(symbol) - to_sympy(ours)) == 0


def test_numbers_are_taken_as_they_are_written() -> None:
    x = Value(2.0, "x")
    assert to_sympy(0.1 * x + 3.0) == X / 10 + 3
    assert to_sympy(Value.constant(0.25)) == sympy.Rational(1, 4)
    assert to_sympy(maximum(x, -float("inf"))).subs(X, 1) == 1


@pytest.mark.parametrize(("side", "slope"), [("right", 1), ("left", 0)])
def test_at_a_kink_the_slope_is_that_of_the_graph(side: str, slope: int) -> None:
    with slope_at_kink(side):
        assert to_sympy(relu(Value(0.0, "x"))).diff(X).subs(X, 0) == slope


def test_an_operation_without_a_counterpart_is_refused_by_name() -> None:
    cube = Operation("cube", "^3", 1, lambda x: x**3, (lambda out, x: 3 * x * x,), str, str)
    with pytest.raises(ValueError, match="SymPy has no counterpart of the operation cube"):
        to_sympy(cube(Value(2.0)))
