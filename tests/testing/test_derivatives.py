"""A derivative of one's own: right ones never alarm, and one wrong entry is found and named."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import micrograd_dl as mg
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.value import Value
from micrograd_dl.testing import (
    Graph,
    assert_gradients_match,
    check_gradient,
    check_layer,
    graphs,
)

Array = Any
A = np.array([[2.0, 1.0, -0.5], [1.0, 3.0, 0.25], [-0.5, 0.25, 1.5]])


def evaluated(graph: Graph) -> tuple[Callable[..., float], Callable[..., list[float]]]:
    """A random graph as a function of floats, and its gradient, both without Values in sight."""

    def f(*x: float) -> float:
        return float(graph(*map(Value, x)).data)

    def gradient(*x: float) -> list[float]:
        leaves = [*map(Value, x)]
        return grad(graph(*leaves), leaves)

    return f, gradient


@given(graphs())
def test_a_right_gradient_of_a_random_function_never_alarms(graph: Graph) -> None:
    f, gradient = evaluated(graph)
    assert not check_gradient(f, gradient, *graph.numbers).wrong


@given(graphs(), st.data())
def test_a_wrong_entry_of_a_random_gradient_is_named(graph: Graph, data: st.DataObject) -> None:
    f, gradient = evaluated(graph)
    before = check_gradient(f, gradient, *graph.numbers)
    if not before.components:
        return
    one = data.draw(st.sampled_from(before.components))
    size = max(abs(x.analytic) for x in before.components)

    def wrong(*x: float) -> list[float]:
        found = gradient(*x)
        found[one.leaf[0]] += 0.01 * size or 1.0
        return found

    after = check_gradient(f, wrong, *graph.numbers)
    assert [x.symbol for x in after.wrong] in ([one.symbol], [])
    if not after.wrong:  # it may be that the function is too rough for so small a difference
        assert one.symbol in [x.symbol for x in after.not_judged]


def layer(x: Array, W: Array, b: Array) -> tuple[Array, tuple[Array, ...]]:
    out = np.tanh(W @ x + b)
    return out, (x, W, out)


def layer_backward(upstream: Array, cache: tuple[Array, ...]) -> tuple[Array, ...]:
    x, W, out = cache
    dz = upstream * (1 - out**2)
    return W.T @ dz, dz @ x.T, dz.sum(axis=1, keepdims=True)


sizes = st.tuples(*[st.integers(1, 4)] * 3)


def point_of(size: tuple[int, ...], seed: int) -> list[Array]:
    rng = np.random.default_rng(seed)
    inputs, outputs, m = size
    return [rng.normal(size=shape) for shape in ((inputs, m), (outputs, inputs), (outputs, 1))]


@given(sizes, st.integers(0, 100))
def test_a_right_layer_never_alarms(size: tuple[int, ...], seed: int) -> None:
    point = point_of(size, seed)
    found = check_layer(layer, layer_backward, *point)
    assert found.ok, str(found)
    assert len(found.components) == sum(x.size for x in point)
    assert not found.unchecked


@given(sizes, st.integers(0, 100), st.integers(0, 2), st.data())
def test_one_wrong_entry_of_a_layer_is_named(
    size: tuple[int, ...], seed: int, which: int, data: st.DataObject
) -> None:
    point = point_of(size, seed)
    place = tuple(data.draw(st.integers(0, n - 1)) for n in point[which].shape)

    def wrong(upstream: Array, cache: tuple[Array, ...]) -> tuple[Array, ...]:
        found = layer_backward(upstream, cache)
        found[which][place] += 1e-3
        return found

    found = check_layer(layer, wrong, *point)
    assert [x.symbol for x in found.wrong] == [f"{'xWb'[which]}[{', '.join(map(str, place))}]"]


def test_the_message_has_argument_index_numbers_and_evidence() -> None:
    def my_gradient(x: Array, c: float) -> tuple[Array, float]:
        return c * (2 * A @ x + [0, 0, 0.5]), x @ A @ x

    found = check_gradient(lambda x, c: c * (x @ A @ x), my_gradient, np.array([1.0, 2.0, 3.0]), c=0.5)
    assert not found.ok
    head, line = str(found).splitlines()
    assert head == "my_gradient is wrong by 1 of 4 derivatives of f(x=[1.0, 2.0, 3.0], c=0.5):"
    assert re.fullmatch(
        r"  by x\[2\]: numerical 4.5\d*, give or take \de-\d\d \(step .*\); yours is 4.75", line
    )


@pytest.mark.parametrize(
    ("f", "gradient", "args", "symbol"),
    [
        (lambda x: x**2, lambda x: 2 * x, [3], "x"),
        (lambda x: x[0] * x[1][1], lambda x: [x[1][1], [0, x[0]]], [[2.0, [3.0, 4.0]]], "x[1][1]"),
        (lambda x: x[0] * x[1], lambda x: (x[1], x[0]), [(2.0, 3.0)], "x[1]"),
        (lambda x: x[0] * x[1], lambda x: np.array([x[1], x[0]]), [[2.0, 3.0]], "x[1]"),
        (lambda x, y: x * y, lambda x, y: np.array([y, x]), [2.0, 3.0], "y"),
        (lambda x, y: x * y, lambda x, y: {"y": x, "x": y}, [2.0, 3.0], "y"),
        (lambda x, y: x * y, lambda x, y: {"dy": x, "dx": y}, [2.0, 3.0], "y"),
        (lambda x, y: (x * y).sum(), lambda x, y: (y, x), [np.ones((1, 2)), np.full((1, 2), 3.0)], "y[0, 1]"),
        (lambda x, y: x[y].sum(), lambda x, y: (np.array([1.0, 0, 1]), None), [np.ones(3), [0, 2]], ""),
        (lambda x, kind: x if kind == "id" else 0, lambda x, kind: 1.0, [2.0, "id"], "x"),
        (lambda x: x.sum(), lambda x: [np.ones(2)], [np.ones(2)], "x[1]"),
        (lambda x: x.item(), lambda x: 1.0, [np.ones((1, 1))], "x[0, 0]"),
        (lambda x: float(x), lambda x: np.ones(()), [np.float32(2)], "x"),
        (lambda p: p["W"] @ p["W"], lambda p: {"dW": 2 * p["W"]}, [{"W": np.ones(2)}], "p['W'][1]"),
    ],
)  # fmt: skip
def test_arguments_and_derivatives_of_many_forms(f: Any, gradient: Any, args: list[Any], symbol: str) -> None:
    found = check_gradient(f, gradient, *args)
    assert not found.wrong, str(found)
    assert symbol in [x.symbol for x in found.components] or not symbol


def test_a_derivative_that_is_not_given_is_said() -> None:
    for gradient in (lambda x, y: {"x": y}, lambda x, y: (y, None)):
        found = check_gradient(lambda x, y: x * y, gradient, 2.0, 3.0)
        assert found.ok
        assert found.unchecked == "no derivative by y is given"
    assert assert_gradients_match(lambda x, y: x * y, 2.0, y=3.0, gradient=gradient) == found.unchecked


@pytest.mark.parametrize(
    ("f", "gradient", "x", "why"),
    [
        (lambda x: max(x, 0.0), lambda x: 1.0, 0.0, "a kink lies within the step"),
        (abs, lambda x: 1.0, 0.0, "a kink lies within the step"),
        (math.sqrt, lambda x: math.inf, 0.0, "undefined or infinite beside the point"),
        (lambda x: math.nan, lambda x: 1.0, 0.0, "undefined or infinite beside the point"),
        (
            lambda x: math.sin(1e12 * x),
            lambda x: 1e12 * math.cos(1e12 * x),
            0.3,
            "rounding hides the derivat",
        ),
        (lambda x: x - math.floor(x), lambda x: 1.0, 2.0, ""),
    ],
)
def test_what_cannot_be_judged_is_said(f: Any, gradient: Any, x: float, why: str) -> None:
    found = check_gradient(f, gradient, x)
    assert not found.wrong
    assert not found.ok
    assert "could not be judged" in str(found)
    assert re.search(f"(x|x1) was not judged: {why}", found.unchecked)
    assert assert_gradients_match(f, x, gradient=gradient) == found.unchecked


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e9))
@example(0.0, 1e9)
def test_rounding_noise_never_alarms(x: float, noise: float) -> None:
    assert not check_gradient(lambda x: (x + noise) - noise + x * x, lambda x: 1 + 2 * x, x).wrong


@given(st.floats(-1e-3, 1e-3))
def test_a_kink_nearby_never_alarms(x: float) -> None:
    found = check_gradient(lambda x: max(x, 0.2 * x), lambda x: 1.0 if x >= 0 else 0.2, x)
    assert not found.wrong


def test_a_small_entry_beside_large_ones_is_judged_by_its_own_size() -> None:
    found = check_gradient(lambda x, y: 1e6 * x + 1e-3 * y, lambda x, y: (1e6, 1.1e-3), 2.0, 3.0)
    assert [x.symbol for x in found.wrong] == ["y"]


def test_large_arrays_are_checked_together_and_a_wrong_entry_is_found() -> None:
    rng = np.random.default_rng(0)
    X, c = rng.normal(size=(30, 40)), rng.normal(size=(30, 40))

    def wrong(X: Array) -> Array:
        found = np.cos(X) * c
        found[17, 23] += 1e-3
        return found

    right = check_gradient(lambda X: (np.sin(X) * c).sum(), lambda X: np.cos(X) * c, X, most=5)
    assert right.ok, str(right)
    assert len(right.components) == 6
    assert right.unchecked == "5 of the 1,200 entries of X were checked one by one"
    found = check_gradient(lambda X: (np.sin(X) * c).sum(), wrong, X, most=5)
    assert [x.symbol for x in found.wrong] == ["X[17, 23]"]


def test_many_wrong_entries_are_cut_short() -> None:
    lines = str(check_gradient(lambda x: (x**2).sum(), lambda x: x**3, np.arange(1.0, 30.0))).splitlines()
    assert lines[0] == "the gradient is wrong by 29 of 29 derivatives of f(x):"
    assert lines[11] == "  ... and 19 more"


# What may be wrong


@pytest.mark.parametrize(
    ("backward", "hint"),
    [
        (lambda d, c: (c[1].T @ d, d @ c[0].T / 5, d.sum(1, keepdims=True)), "by W is 0.2 times what it"),
        (lambda d, c: (c[1].T @ d, (d @ c[0].T).T, d.sum(1, keepdims=True)), "derivative by W is transposed"),
        (lambda d, c: (c[1] @ d, d @ c[0].T, -d.sum(1, keepdims=True)), "by b is -1 times what it should be"),
    ],
)
def test_factors_and_transposed_matrices_are_named(backward: Any, hint: str) -> None:
    rng = np.random.default_rng(0)
    X, W, b = rng.normal(size=(3, 5)), rng.normal(size=(3, 3)), rng.normal(size=(3, 1))
    assert hint in str(check_layer(lambda X, W, b: (W @ X + b, (X, W)), backward, X, W, b))


@pytest.mark.parametrize(
    ("f", "gradient", "hint"),
    [
        (lambda x: mg.tanh(2 * x), lambda x: 2 - 2 * (2 * x) ** 2, "the rule of tanh takes its operand for"),
        (lambda x: 3 / x, lambda x: 3 / x**2, "a local derivative of div has the wrong sign"),
        (lambda x: x**3, lambda x: x**2, "is the factor n missing?"),
        (lambda x: 3 * mg.exp(x), lambda x: 3.0, "the local derivative of exp is not a factor"),
    ],
)  # fmt: skip
def test_the_operation_whose_rule_is_wrong_is_named(f: Any, gradient: Any, hint: str) -> None:
    text = str(check_gradient(f, gradient, 0.75))
    assert "the same numbers come from this mistake: " in text
    assert hint in text


def test_a_layer_of_values_is_explained_too() -> None:
    def forward(w: list[Any], x: list[Any]) -> list[Any]:
        return [mg.tanh(a * b) for a, b in zip(w, x, strict=True)]

    def backward(upstream: list[float], w: list[float], x: list[float]) -> list[list[float]]:
        return [
            [u * b for u, b in zip(upstream, x, strict=True)],
            [u * a for u, a in zip(upstream, w, strict=True)],
        ]

    text = str(check_layer(forward, backward, [0.5, 0.7], [1.1, -0.6]))
    assert "by w[0]: numerical" in text
    assert "the local derivative of tanh is not a factor of what it passes on" in text


# Refused


class Dropout:
    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def __call__(self, x: float) -> float:
        return x * self.rng.random()


@pytest.mark.parametrize(
    ("f", "gradient", "args", "error", "why"),
    [
        (Dropout(), lambda x: 1.0, [1.0], ValueError, "Dropout gives another result each"),
        (lambda x: x, Dropout(), [1.0], ValueError, "Dropout gives other derivatives each time"),
        (lambda x: x, lambda x: None, [1.0], ValueError, "the gradient gives no derivative"),
        (lambda x, y: x, lambda x, y: 1.0, [1.0, 2], ValueError, "a float; wanted is a tuple of 2"),
        (lambda x, y: x, lambda x, y: (1.0,) * 3, [1.0, 2], ValueError, "gives 3 derivatives; wanted is"),
        (np.sum, lambda x: np.ones((3, 2)), [np.ones((2, 3))], ValueError, "is it transposed"),
        (np.sum, lambda x: np.ones(5), [np.ones((2, 3))], ValueError, r"\(5,\), and a has \(2, 3\)$"),
        (sum, lambda x: [1.0], [[1.0, 2.0]], ValueError, "has 1 elements, and iterable has 2"),
        (lambda x: 2 * x, lambda x: 1.0, [np.ones(2)], TypeError, r"\(2,\) of float64, not a number"),
        (np.sum, lambda x: x, [np.arange(3)], TypeError, r"a is a ndarray of shape \(3,\) of int"),
        (lambda x: x, lambda x: 1j, [1.0], TypeError, "the derivative by x is complex"),
        (lambda x: "a", lambda x: 1.0, [1.0], TypeError, "returns a str, not a number"),
        (lambda x: 1.0, lambda x: 1.0, ["a"], TypeError, "has no argument that is a number or an array"),
        (lambda x, y: x, lambda x, y: (1.0, 1.0), [1.0, "a"], TypeError, "y is a str, not of"),
        (lambda x: x, None, [1.0], TypeError, "give its gradient, or tensors of"),
    ],
)  # fmt: skip
def test_what_cannot_be_checked_is_refused(f: Any, gradient: Any, args: Any, error: Any, why: str) -> None:
    with pytest.raises(error, match=why):
        check_gradient(f, gradient, *args)


@pytest.mark.parametrize("options", [{"rtol": -1}, {"atol": math.nan}, {"most": 0}, {"seed": 0.5}])
def test_options_are_refused(options: Any) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        check_gradient(math.sin, math.cos, 1.0, **options)


def test_tolerances() -> None:
    assert check_gradient(math.sin, lambda x: 1.0005 * math.cos(x), 1.0).wrong
    assert not check_gradient(math.sin, lambda x: 1.0005 * math.cos(x), 1.0, rtol=1e-3).wrong
    assert not check_gradient(math.sin, lambda x: 1.0005 * math.cos(x), 1.0, atol=1e-3).wrong


def test_the_assertion() -> None:
    assert assert_gradients_match(math.sin, 0.5, gradient=math.cos) is None
    with pytest.raises(
        AssertionError, match=r"^cos is wrong by 1 of 1 derivative of exp\(x.?=0.5\):\n  by x"
    ):
        assert_gradients_match(math.exp, 0.5, gradient=math.cos)
    with pytest.raises(ValueError, match="not both"):
        assert_gradients_match(math.sin, 0.5, gradient=math.cos, against=math.sin)


# PyTorch and JAX


def torch_functions() -> tuple[Any, Any, Any]:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Right(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return torch.tanh(x)

        @staticmethod
        def backward(ctx: Any, upstream: Any) -> Any:
            (x,) = ctx.saved_tensors
            return upstream * (1 - torch.tanh(x) ** 2)

    class Wrong(Right):
        @staticmethod
        def backward(ctx: Any, upstream: Any) -> Any:
            (x,) = ctx.saved_tensors
            return upstream * (1 - x**2)

    return torch, Right.apply, Wrong.apply


@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_torch_functions(kind: str) -> None:
    torch, right, wrong = torch_functions()
    x = torch.tensor([0.3, -0.9], dtype=getattr(torch, kind))
    for f, is_right in ((right, True), (wrong, False)):
        assert check_layer(f, None, x).ok == is_right
        assert check_gradient(lambda x, f=f: f(x).sum(), None, x).ok == is_right

        def gradient(x: Any, f: Any = f) -> Any:
            return torch.autograd.grad(f(x := x.detach().requires_grad_()).sum(), x)

        assert check_gradient(lambda x, f=f: f(x).sum(), gradient, x).ok == is_right
    with pytest.raises(AssertionError, match=r"the backward pass of f is wrong by 2 of 2 derivatives"):
        assert_gradients_match(lambda x: wrong(x).sum(), x)
    assert assert_gradients_match(lambda x: right(x).sum(), x) is None
    with pytest.raises(TypeError, match="no backward pass to its arguments"):
        check_gradient(lambda x: x.detach().sum(), None, x)


def test_against_a_torch_function_its_backward_pass_is_checked() -> None:
    torch, right, wrong = torch_functions()
    assert assert_gradients_match(Value.tanh, 0.44, against=lambda x: right(torch.as_tensor(x))) is None
    with pytest.raises(AssertionError, match=r"expected 0.8288\d*, got 0.8064 by against"):
        assert_gradients_match(Value.tanh, 0.44, against=lambda x: wrong(torch.as_tensor(x)))
    for cut in (
        lambda x: wrong(torch.tensor(float(x), requires_grad=True)),
        lambda x: torch.tensor(float(x)),
    ):
        with pytest.raises(TypeError, match="own backward pass would not be checked"):
            assert_gradients_match(Value.tanh, 0.44, against=cut)
    assert (
        assert_gradients_match(
            Value.tanh, 0.44, against=lambda x: torch.tanh(torch.tensor(x, dtype=torch.double)).item()
        )
        is None
    )


def test_jax_functions() -> None:
    jax = pytest.importorskip("jax", reason="JAX is not installed")

    def tanh(slope: Callable[[Any], Any]) -> Any:
        @jax.custom_vjp  # type: ignore[untyped-decorator]
        def f(x: Any) -> Any:
            return jax.numpy.tanh(x)

        f.defvjp(lambda x: (jax.numpy.tanh(x), x), lambda x, upstream: (upstream * slope(x),))
        return f

    x = jax.numpy.array([0.3, -0.9])
    for f, is_right in (
        (tanh(lambda x: 1 - jax.numpy.tanh(x) ** 2), True),
        (tanh(lambda x: 1 - x**2), False),
    ):
        assert check_layer(f, None, x).ok == is_right
        assert (
            check_gradient(lambda x, f=f: f(x).sum(), jax.grad(lambda x, f=f: f(x).sum()), x).ok == is_right
        )
        assert check_gradient(f, jax.grad(f), 0.3).ok == is_right
        if is_right:
            assert assert_gradients_match(Value.tanh, 0.44, against=f) is None
        else:
            with pytest.raises(AssertionError, match="by against"):
                assert_gradients_match(Value.tanh, 0.44, against=f)
