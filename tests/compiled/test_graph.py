"""Compiled graphs give what the engine gives, or the same errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from micrograd_dl.compiled import compile_graph
from micrograd_dl.engine import functions, ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.kink_side import slope_at_kink
from micrograd_dl.notation.forward import recompute
from micrograd_dl.testing import Graph, graphs

once_a_runner = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def eager(root: Value, inputs: Sequence[Value], parameters: Sequence[Value], X: Any) -> tuple[Any, Any, Any]:
    """The mean of the values and gradients of the examples by the engine, and the size of their terms."""
    before = [v.data for v in inputs]
    values, gradients = [], []
    for column in np.asarray(X).T.tolist():
        for v, x in zip(inputs, column, strict=True):
            v.data = x
        recompute(root)
        values.append(root.data)
        gradients.append(grad(root, parameters))
    for v, x in zip(inputs, before, strict=True):
        v.data = x
    recompute(root)
    found = np.array([[value, *gradient] for value, gradient in zip(values, gradients, strict=True)])
    mean = found.mean(axis=0)
    return mean[0], mean[1:], np.abs(found).mean(axis=0) + magnitude(root)


def magnitude(root: Value) -> float:
    """How large the numbers of a graph get: rounding goes by them where a sum cancels."""
    order = topological_order(root)
    slopes = [abs(d) for d in grad(root, order)] if len(order) < 200 else [0.0]
    return max(max(abs(v.data) for v in order), *slopes) ** 2 * 1e-2


def assert_same(root: Value, inputs: list[Value], parameters: list[Value], X: Any, runner: Any) -> None:
    value, gradient, scale = eager(root, inputs, parameters, X)
    replay = compile_graph(root, [inputs] if inputs else [], parameters, runner=runner)(
        *([X] if inputs else [])
    )
    difference = np.abs(np.array([replay.value, *replay.gradient]) - [value, *gradient])
    assert (difference <= 1e-12 * np.maximum(scale, 1)).all(), (difference, scale)


# --- the same numbers ---------------------------------------------------------------------------------------


@once_a_runner
@given(graphs())
def test_one_example(runner: Any, graph: Graph) -> None:
    root = graph.root
    leaves = [node for node in topological_order(root) if node.is_leaf]
    value, gradient = compile_graph(root, [], runner=runner)()
    expected = grad(root, leaves)
    scale = max(1.0, magnitude(root), abs(root.data), *map(abs, expected))
    assert value == pytest.approx(root.data, rel=1e-12, abs=1e-12 * scale)
    assert gradient == pytest.approx(expected, rel=1e-12, abs=1e-12 * scale)


@once_a_runner
@given(graphs(max_leaves=4), st.data())
def test_many_examples(runner: Any, graph: Graph, data: st.DataObject) -> None:
    """Some leaves are inputs, the rest parameters; the numbers stay near those the graph is smooth at."""
    leaves = [node for node in topological_order(graph.root) if node.is_leaf]
    is_input = data.draw(st.lists(st.booleans(), min_size=len(leaves), max_size=len(leaves)))
    inputs = [v for v, given in zip(leaves, is_input, strict=True) if given]
    parameters = [v for v in leaves if v not in inputs]
    m = data.draw(st.sampled_from([2, 3, 127, 128, 129, 300]))
    rng = np.random.default_rng(data.draw(st.integers(0, 100)))
    centre = np.array([[v.data] for v in inputs]).reshape(-1, 1)
    X = centre * (1 + 1e-6 * rng.standard_normal((len(inputs), m)))
    assert_same(graph.root, inputs, parameters, X if inputs else np.empty((0, 1)), runner)


@pytest.mark.parametrize("operation", [*TABLE.values()], ids=repr)
@pytest.mark.parametrize("varying", [False, True])
def test_every_operation_of_the_table(runner: Any, operation: Operation, varying: bool) -> None:
    """Its number and its derivatives, on numbers and on columns, as the rules of the table have them."""
    count = operation.arity or (3 if operation in (ops.affine, ops.sum, ops.logsumexp) else 4)
    points = [[0.3, 1.7, 0.8, 2.1], [1.2, 0.4, 2.5, 0.1], [2.2, 2.2, 0.6, 1.9], [5.0, 0.25, 3.0, 40.0]]
    if operation.defined is None:
        points += [[-x for x in point] for point in points]
    elif operation.arity is not None:
        points = [p for p in [*points, [0.6, 0.5, 0.4, 0.7]] if operation.defined(*p[:count])]
    X = np.array(points)[:, :count].T
    operands = [Value(float(x), f"x{i}") for i, x in enumerate(X[:, 0])]
    root = operation(*operands) * 1.0
    if varying:
        copies = [Value(0.0, f"w{i}") for i in range(count)]  # so that there are derivatives by parameters
        root = operation(*(x + w for x, w in zip(operands, copies, strict=True)))
        assert_same(root, operands, copies, X, runner)
    else:
        f = compile_graph(root, [operands], runner=runner)
        for column in X.T:
            found = f(column)
            for v, x in zip(operands, column.tolist(), strict=True):
                v.data = x
            recompute(root)
            assert found.value == pytest.approx(root.data, rel=1e-14)


@pytest.mark.parametrize("operation", [*TABLE.values()], ids=repr)
def test_the_edges_of_every_operation(runner: Any, operation: Operation) -> None:
    """Zeros, infinities and NaN: the same number as the table, or an error where it has one."""
    if operation.arity is None:
        return
    edges = [0.0, -0.0, 1.0, -2.0, math.inf, -math.inf, math.nan, 1000.0, -1000.0]
    for values in np.array(np.meshgrid(*[edges] * operation.arity)).reshape(operation.arity, -1).T.tolist():
        operands = [Value(1.0, f"x{i}") for i in range(operation.arity)]
        f = compile_graph(operation(*operands), operands, runner=runner)
        try:
            expected = operation.evaluate(values)
        except (ValueError, ZeroDivisionError) as error:
            with pytest.raises(type(error)):
                f(*values)
            continue
        assert f(*values).value == pytest.approx(expected, nan_ok=True), values


def test_the_slope_at_a_kink_is_that_of_the_recording(runner: Any) -> None:
    """Whatever is chosen when the graph is compiled, or run."""
    x, w = Value(1.0, "x"), Value(0.0, "w")
    right = compile_graph((x * w).relu(), [x], [w], runner=runner)
    with slope_at_kink("left"):
        left = compile_graph((x * w).relu(), [x], [w], runner=runner)
        assert right(2.0).gradient.tolist() == [2.0]
    assert left(2.0).gradient.tolist() == [0.0]
    assert [f([[1.0, 2.0]]).gradient.tolist() for f in (right, left)] == [[1.5], [0.0]]


def test_a_vertical_tangent_has_the_slope_inf(runner: Any) -> None:
    x = Value(4.0, "x")
    for root in (x.sqrt(), x**0.5):
        f = compile_graph(root, [], [x], runner=runner)
        value, gradient = f.at(np.array([0.0]))
        assert (value, *gradient) == (0.0, math.inf)


def test_upstream_through_a_relu_at_the_edges(runner: Any) -> None:
    """As the engine has it: the slope is 1 at 0 and NaN at NaN, and inf times 0 is NaN."""
    w, x = Value(1.0, "w"), Value(1.0, "x")
    J = w * (x.relu() * w)
    numbers = np.array([2.0, 0.0, -0.0, -1.0, math.inf, -math.inf, math.nan])
    f = compile_graph(J, [x], [w], outputs=[], derivatives=[x], runner=runner)
    for upstream in (3.0, math.inf):
        expected = []
        for number in numbers:
            w.data, x.data = upstream, float(number)
            recompute(J)
            expected.append(grad(J, [x])[0])
        theta = np.array([upstream])
        np.testing.assert_array_equal(f.outputs(theta, numbers[None])[0], expected)
        one_by_one = [f.outputs(theta, float(number))[0, 0] for number in numbers]
        np.testing.assert_array_equal(one_by_one, expected)


@pytest.mark.parametrize("m", [3, 128, 130])
def test_an_infinite_mean_is_not_mixed_with_what_fills_a_block(runner: Any, m: int) -> None:
    x, w = Value(1.0, "x"), Value(1.0, "w")
    value, gradient = compile_graph((w * x).exp(), [x], runner=runner)(np.full((1, m), 1000.0))
    assert (value, *gradient) == (math.inf, math.inf)


@pytest.mark.parametrize("gradient", [True, False])
def test_derivatives_by_any_node(runner: Any, gradient: bool) -> None:
    """Also by an input, and by what no parameter leads to."""
    w, x = Value(2.0, "w"), Value(3.0, "x")
    u = x.exp()
    J = w * u.tanh() + x * x
    f = compile_graph(J, [x], [w], derivatives=[x, u], gradient=gradient, runner=runner)
    for number in (0.5, -1.0):
        x.data = number
        recompute(J)
        expected = grad(J, [x, u])
        theta = np.array([2.0])
        assert f.outputs(theta, [[number, 1.0]])[:, 0] == pytest.approx(expected, rel=1e-14)
        assert f.outputs(theta, number)[:, 0] == pytest.approx(expected, rel=1e-14)


def test_a_derivative_by_one_of_two_that_are_computed_once_is_refused() -> None:
    a, b = Value(2.0, "a"), Value(3.0, "b")
    u, v = (a * b).tanh(), (b * a).tanh()
    u.label = "u"
    f = compile_graph(u + 2 * v, [], derivatives=[u], runner="numpy")
    with pytest.raises(ValueError, match=r"u and another node are identical and were merged"):
        f()
    identity = functions.sum([u])  # this is no other one: all of its uses are uses of u
    f = compile_graph(u * 2 + identity, [], derivatives=[u], runner="numpy")
    assert f.outputs(np.array([2.0, 3.0])).item() == 3.0


def test_a_graph_without_operations() -> None:
    x = Value(3.0)
    value, gradient = compile_graph(x, [])()
    assert (value, *gradient) == (3.0, 1.0)


# --- large graphs -------------------------------------------------------------------------------------------


def test_a_long_chain_is_not_recursive(runner: Any) -> None:
    x = Value(1.0, "x")
    y = x
    for _ in range(3000):
        y = (y + 0.001).tanh()
    f = compile_graph(y, [], runner=runner)
    assert f().value == pytest.approx(y.data, rel=1e-12)
    assert f().gradient == pytest.approx(grad(y, [x]), rel=1e-9)


def test_a_long_sum_takes_linear_time() -> None:
    terms = [Value(1.0) for _ in range(50_000)]
    left = right = Value(0.0)
    for term in terms:
        left, right = left + term, term + right
    for root in (left, right):
        assert compile_graph(root, [], runner="numpy")().value == 50_000


# --- the same errors ----------------------------------------------------------------------------------------


def test_an_undefined_operation_is_the_engines_error_with_the_example(runner: Any) -> None:
    x, w = Value(1.0, "x"), Value(2.0, "w")
    f = compile_graph((w * x).log() + 1 / x, [x], [w], runner=runner)
    with pytest.raises(
        ValueError, match=r"log\(.*needs an operand above 0.*\(example 130, counted from 0\)$"
    ):
        f(np.where(np.arange(200) == 130, -1.0, 1.0)[None])
    y = w / x
    g = compile_graph(y, [x], [w], runner=runner)
    with pytest.raises(ZeroDivisionError, match=r"w / x is not defined at w = 2, x = 0: .*that is not 0$"):
        g(0.0)


def test_an_infinity_that_comes_in_is_no_error(runner: Any) -> None:
    x = Value(1.0, "x")
    f = compile_graph(x.log(), [x], [], runner=runner)
    assert f([[math.inf, 1.0]]).value == math.inf
    assert math.isnan(f([[math.nan, 1.0]]).value)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_stays_out_of_sums_it_is_not_in(number: float, runner: Any) -> None:
    """As a product of matrices it would be 0 times an infinity, which is NaN."""
    a, b, c, *w = [Value(1.0) for _ in range(7)]
    with_b, without = w[0] * a + w[1] * b, w[2] * a + w[3] * c
    quotient = with_b / a  # where it is not finite, Numba asks the other runner
    f = compile_graph(without, [a, b, c], w, outputs=[with_b, without, quotient], runner=runner)
    found = f.outputs(np.ones(4), [[1.0, 2.0]], [[number, 3.0]], [[1.0, 4.0]])
    np.testing.assert_array_equal(found, [[number, 5.0], [2.0, 6.0], [number, 2.5]])
