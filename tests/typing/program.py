"""A user's program, in the README's manner, and the types that a type checker is to see in it."""

from __future__ import annotations

from typing import assert_type

import numpy as np
from numpy.typing import NDArray

from micrograd_dl import (
    Trace,
    Value,
    affine,
    check,
    dot,
    exp,
    gelu,
    grad,
    hessian,
    hvp,
    hypot,
    jacobian,
    jvp,
    log,
    logsumexp,
    maximum,
    mean,
    nn,
    norm,
    parse,
    relu,
    softmax,
    to_source,
    value_and_grad,
    vectorized,
    vjp,
    where,
    why,
)
from micrograd_dl.compare import compare
from micrograd_dl.compiled import compile_graph
from micrograd_dl.data import moons
from micrograd_dl.gradcheck.models import check_gradients
from micrograd_dl.optim import Adam
from micrograd_dl.training import fit


def values() -> None:
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    J = 3 * (a + b * c)
    J.backward()
    assert_type(J, Value)
    assert_type(a.grad, float)
    trace = Trace(J)
    print(trace.until("db"), trace.grad("b"), trace.check().verdict, trace.paths("b"))
    print(check(J).verdict, why(J, b), to_source(J))
    assert_type(parse("a * b", a=1, b=2), Value)


def functions(x: Value, number: float, column: NDArray[np.float64]) -> None:
    assert_type(exp(x), Value)
    assert_type(x.exp(), Value)
    assert_type(x.erf() + hypot(x, 1.0) * where(1.0, x, 0.0), Value)
    assert_type(gelu(number) + mean([number]), float)
    assert_type(softmax([x, 1.0]), list[Value])
    assert_type(norm([column]), NDArray[np.float64])
    assert_type(exp(1.0), float)
    assert_type(exp(number), float)
    assert_type(exp(column), NDArray[np.float64])
    assert_type(log(x) * 2, Value)
    assert_type(maximum(x, 0), Value)
    assert_type(maximum(0.0, x), Value)
    assert_type(maximum(0.0, number), float)
    assert_type(maximum(column, 0.0), NDArray[np.float64])
    assert_type(dot([x, x], [1.0, 2.0]), Value)
    assert_type(dot([number], [2.0]), float)
    assert_type(affine([x], [x], 1), Value)
    assert_type(logsumexp([x, number]), Value)
    assert_type(relu(x).tanh().exp(), Value)
    assert_type(x.maximum(2) ** 2 / 3 - 1, Value)


def derivatives(x: Value) -> None:
    assert_type(grad(x**5, [x]), list[float])
    [first] = grad(x**5, [x], create_graph=True)
    assert_type(first, Value)
    [second] = grad(first, [x], create_graph=True)
    print(first.data, second.data)


def transforms(column: NDArray[np.float64]) -> None:
    def f(x: Value) -> Value:
        return x * exp(-x)

    def norm(x: NDArray[np.object_]) -> Value:
        total: Value = x @ x
        return total

    def twice(x: NDArray[np.object_]) -> NDArray[np.object_]:
        doubled: NDArray[np.object_] = 2 * x
        return doubled

    def ratio(w: list[Value]) -> Value:
        return w[0] / w[1]

    assert_type(value_and_grad(f)(2.0), tuple[float, float])
    assert_type(value_and_grad(norm)(column), tuple[float, NDArray[np.float64]])
    assert_type(value_and_grad(ratio)([2.0, 3.0]), tuple[float, list[float]])
    assert_type(hessian(f)(2.0), float)
    assert_type(jacobian(twice)(column), NDArray[np.float64])
    assert_type(hessian(norm)(column), NDArray[np.float64])
    assert_type(jvp(f, (2.0,), (1.0,)), tuple[float, float])
    value, pull_back = vjp(f, 2.0)
    print(value, pull_back(1.0), hvp(norm, (column,), (column,)), jacobian(f, argnums=0)(1.0))


def networks() -> None:
    X, Y = moons(100)
    scalar = nn.MLP(2, [8, 1], ["tanh", "sigmoid"], seed=1)
    matrices = vectorized.MLP(2, [8, 1], ["tanh", "sigmoid"], seed=1)
    print(compare(scalar, matrices, X, Y).equal)
    history = fit(matrices, X, Y, epochs=3, optimiser=Adam(matrices.parameters(), 0.05))
    print(
        history.cost[-1], matrices.accuracy(X, Y) > 0.4, check_gradients(scalar, X[:, :3], Y[:, :3]).verdict
    )


def replay() -> None:
    x, w = Value(1, "x"), Value(2, "w")
    f = compile_graph((w * x).tanh(), inputs=[x])
    value, gradient = f([[0.5, 1.0]])
    print(value, gradient)


def main() -> None:
    values()
    functions(Value(1.0), 2.0, np.ones(3))
    derivatives(Value(2, "x"))
    transforms(np.ones(3))
    networks()
    replay()


if __name__ == "__main__":
    main()
