"""Compiled graphs give what the engine gives, or the same errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from micrograd_dl import compiled, functions, ops
from micrograd_dl.backprop import grad
from micrograd_dl.compiled import CompiledGraph, compile_graph
from micrograd_dl.compiled.schedule import CODES
from micrograd_dl.compiled.tape import LINEAR, MEAN
from micrograd_dl.functions import affine
from micrograd_dl.operation import Operation
from micrograd_dl.ops import TABLE
from micrograd_dl.order import topological_order
from micrograd_dl.recording import recompute
from micrograd_dl.testing import Graph, graphs
from micrograd_dl.value import Value

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
    X = np.array(points)[:, :count].T
    operands = [Value(float(x), f"x{i}") for i, x in enumerate(X[:, 0])]
    root = operation(*operands) * 1.0
    if varying:
        copies = [Value(0.0, f"w{i}") for i in range(count)]  # so that there are derivatives by parameters
        root = operation(*(x + w for x, w in zip(operands, copies, strict=True)))
        assert_same(root, operands, copies, X, runner)
    else:
        for column in X.T:
            found = compile_graph(root, [operands], runner=runner)(column)
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


def test_the_slope_at_a_kink_is_that_of_the_table(runner: Any) -> None:
    z = Value(0.0, "z")
    assert compile_graph(z.relu(), [], runner=runner)().gradient.tolist() == [1.0]
    ops.set_slope_at_kink("left")
    try:
        assert compile_graph(z.relu(), [], runner=runner)().gradient.tolist() == [0.0]
    finally:
        ops.set_slope_at_kink("right")


def test_the_slope_at_a_kink_is_that_of_the_recording(runner: Any) -> None:
    """For whatever the graph is run on later."""
    x, w = Value(1.0, "x"), Value(0.0, "w")
    f = compile_graph((x * w).relu(), [x], runner=runner)
    assert f([[1.0, 2.0]]).gradient.tolist() == [1.5]
    ops.set_slope_at_kink("left")
    try:
        assert f(1.0).gradient.tolist() == [1.0]
        assert ops.slope_at_kink() == "left"
        model, other = (compiled.MLP(2, [3, 1], seed=1, runner=runner) for _ in range(2))
    finally:
        ops.set_slope_at_kink("right")
    X, Y = np.zeros((2, 2)), np.ones((1, 2))
    other.cost_and_grad(X, Y)
    assert [db.tolist() for db in model.record(X, Y).db] == [db.tolist() for _, db in other.layers_grad()]
    assert not other.layers_grad()[0][1].any()


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


def test_overflow_is_an_infinity(runner: Any) -> None:
    x = Value(1.0, "x")
    assert compile_graph(x.exp(), [x], [], runner=runner)([[1000.0, 0.0]]).value == math.inf


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
    with pytest.raises(ValueError, match=r"no derivative by u alone: another node computes the same"):
        f()
    identity = functions.sum([u])  # this is no other one: all of its uses are uses of u
    f = compile_graph(u * 2 + identity, [], derivatives=[u], runner="numpy")
    assert f.outputs(np.array([2.0, 3.0])).item() == 3.0


# --- what is fused ------------------------------------------------------------------------------------------


def operations(root: Value, inputs: Sequence[Any] = ()) -> list[str]:
    """The names of the operations of the program on numbers, forward and backward."""
    f = compile_graph(root, inputs, runner="numpy")
    f.prepare(*[False] * len(inputs))
    (variant,) = f._variants.values()
    program = variant.runner.program
    return [g.operation.name for g in (*program.before, *program.each, *program.after) for _ in range(len(g))]


def test_a_weighted_sum_written_out_is_one_operation() -> None:
    w, x = [Value(0.5) for _ in range(3)], [Value(2.0) for _ in range(3)]
    total = Value(1.0)
    for wi, xi in zip(w, x, strict=True):
        total = total + wi * xi
    assert operations(total) == ["linear"]  # its derivatives are numbers that are there already
    assert operations(affine(w, x, Value(1.0))) == ["linear"]


def test_what_is_computed_twice_is_computed_once() -> None:
    a, b = Value(2.0), Value(3.0)
    assert operations((a * b).tanh() + (b * a).tanh()).count("tanh") == 1


def test_constants_are_folded() -> None:
    x = Value(2.0)
    two = Value.constant(1.0) + Value.constant(1.0)
    assert operations((two.exp() * 3.0) * x) == ["mul"]


def test_nothing_is_computed_for_a_derivative_that_nobody_wants() -> None:
    x, w = Value(2.0, "x"), Value(3.0, "w")
    assert operations(x.exp() * w, [x]) == ["exp", "mul"]


def test_a_square_is_a_product() -> None:
    x = Value(3.0)
    assert "pow" not in operations(x**2)


def test_two_codes_are_enough_for_sums() -> None:
    assert set(CODES) >= {LINEAR, MEAN, *TABLE.values()}


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


# --- what may be given --------------------------------------------------------------------------------------


def test_numbers_beside_columns_are_shared(runner: Any) -> None:
    x, scale, w = Value(1.0, "x"), Value(1.0, "scale"), Value(2.0, "w")
    f = compile_graph(w * x * scale + w * w, [x, scale], [w], runner=runner)
    value, gradient = f([[1.0, 2.0, 3.0]], 10.0)
    assert value == pytest.approx(2 * 2 * 10 + 4)
    assert gradient == pytest.approx([2 * 10 + 4])


def test_the_present_data_of_the_parameters_is_taken(runner: Any) -> None:
    x, w = Value(1.0), Value(2.0)
    f = compile_graph(x * w, [x], runner=runner)
    w.data = 5.0
    assert f(3.0).value == 15.0
    assert f.at(np.array([7.0]), 3.0).value == 21.0
    assert (w.data, w.grad) == (5.0, 0.0), "a call changes nothing"


def test_outputs(runner: Any) -> None:
    x, w = Value(1.0, "x"), Value(2.0, "w")
    z = w * x + 1.0
    a = z.tanh()
    f = compile_graph(a * a, [x], [w], outputs=[z, a, w * w], runner=runner)
    found = f.outputs(np.array([2.0]), [[0.0, 1.0]])
    assert found == pytest.approx(np.array([[1.0, 3.0], [math.tanh(1), math.tanh(3)], [4.0, 4.0]]))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (([1.0, 2.0],), r"input 1 \(x\) is \(2,\): give a number, or a row with reshape\(1, -1\)"),
        ((1.0, 2.0), "this graph takes 1 input, not 2"),
        (([[1.0], [2.0]],), r"input 1 \(x\) is \(2, 1\), \(1,\) or \(1, m\) is wanted"),
        ((np.empty((1, 0)),), r"is \(1, 0\)"),
    ],
)
def test_shapes_are_asked_for_at_the_door(runner: Any, inputs: Any, message: str) -> None:
    x, w = Value(1.0, "x"), Value(2.0, "w")
    f = compile_graph(x * w, [x], [w], runner=runner)
    with pytest.raises(ValueError, match=message):
        f(*inputs)


def test_what_is_no_number_is_refused(runner: Any) -> None:
    x: Any = Value(1.0, "x")
    f = compile_graph(x * x, [x], runner=runner)
    with pytest.raises(TypeError, match=r"input 1 \(x\) holds <U1, not numbers"):
        f("3")
    with pytest.raises(TypeError, match="inputs is a list"):
        compile_graph(x * x, x, runner=runner)


def test_rows_of_different_lengths_are_refused_by_name(runner: Any) -> None:
    x, y = Value(1.0, "x"), Value(2.0, "y")
    f = compile_graph(x * y, [[x, y]], [], runner=runner)
    with pytest.raises(ValueError, match=r"input 1 \(x, ...\) has rows of different lengths"):
        f([[1.0, 2.0], [1.0]])
    with pytest.raises(ValueError, match="this graph takes 1 input: say of each whether it is columns"):
        f.listing()


def test_examples_of_two_inputs_have_to_be_as_many() -> None:
    x, y = Value(1.0, "x"), Value(2.0, "y")
    f = compile_graph(x * y, [x, [y]], [], runner="numpy")
    with pytest.raises(ValueError, match=r"input 2 \(y, ...\) has 3 examples, another input has 2"):
        f([[1.0, 2.0]], [[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match=r"theta is \(1,\), \(0,\) is wanted"):
        f.at(np.zeros(1), 1.0, [1.0])


def test_every_leaf_has_to_be_named() -> None:
    x, w, b = Value(1.0, "x"), Value(2.0, "w"), Value(3.0, "b")
    J = w * x + b
    with pytest.raises(ValueError, match="1 leaf neither an input nor a parameter: b"):
        compile_graph(J, [x], [w])
    with pytest.raises(ValueError, match="is given twice"):
        compile_graph(J, [x], [x, w, b])
    with pytest.raises(TypeError, match="is computed or a constant"):
        compile_graph(J, [x, J], [w, b])
    three: Any = 3.0
    with pytest.raises(TypeError, match="a Value is wanted"):
        compile_graph(three, [x])


def test_an_unknown_runner_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(1.0)
    cuda: Any = "cuda"
    with pytest.raises(ValueError, match="a runner is one of numpy, numba, not 'cuda'"):
        compile_graph(x * x, [x], runner=cuda)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert compile_graph(x * x, [x]).runner == "numpy"
    with pytest.raises(ImportError, match=r"pip install 'micrograd-dl\[fast\]'"):
        compile_graph(x * x, [x], runner="numba")


def test_it_says_what_it_is(runner: Any) -> None:
    x, w = Value(1.0, "x"), Value(1.0, "w")
    J = x * w
    J.label = "J"
    assert repr(compile_graph(J, [x], runner=runner)) == (
        f"<J of 1 input and 1 parameter, replayed by {runner}>"
    )


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


# --- comparisons --------------------------------------------------------------------------------------------


def replayed(f: CompiledGraph, *numbers: float) -> float | None:
    """The value, or None where a comparison came out otherwise."""
    try:
        return f(*numbers).value
    except ValueError as error:
        if "came out otherwise" not in str(error):
            raise
        return None


def branching(x: Value, w: Value) -> Value:
    return x * w if x > 0 else -x * w


def test_a_comparison_that_comes_out_otherwise_is_refused(runner: Any) -> None:
    x, w = Value(2.0, "x"), Value(3.0, "w")
    f = compile_graph(lambda x: branching(x, w), [x], [w], runner=runner)
    assert f([[1.0, 2.0]]).value == 4.5
    with pytest.raises(
        ValueError, match=r"x > 0 \(.*test_graph.py:\d+: .*came out otherwise .*\(example 1, counted from 0\)"
    ):
        f([[1.0, -2.0, 3.0]])


def test_the_comparison_is_told_even_where_the_path_itself_is_undefined(runner: Any) -> None:
    x = Value(2.0, "x")
    f = compile_graph(lambda x: x.log() if x > 0 else x, [x], [], runner=runner)
    with pytest.raises(ValueError, match="x > 0"):
        f(-1.0)


def test_a_comparison_may_itself_be_undefined(runner: Any) -> None:
    x = Value(2.0, "x")
    f = compile_graph(lambda x: x if x.log() > 0 else -x, [x], [], runner=runner)
    with pytest.raises(ValueError, match=r"log\(x\) is not defined at x = -1"):
        f(-1.0)


def test_a_sum_that_is_zero_only_in_another_order_is_told(runner: Any) -> None:
    """What the engine divides by is the rounding of a sum; the program's order leaves nothing of it."""
    a, b, c = Value(0.1, "a"), Value(0.2, "b"), Value(0.3, "c")
    f = compile_graph(1.0 / ((a + b) + c - (a + (b + c))), [[a, b, c]], [], runner=runner)
    rng = np.random.default_rng(0)
    told = 0
    for _ in range(200):
        x, y, z = rng.uniform(0.1, 1.0, 3).tolist()
        if ((x + y) + z) - (x + (y + z)) == 0:
            continue
        try:
            f([x, y, z])
        except RuntimeError as error:
            told += "at the edge of where it is defined" in str(error)
    assert told


@pytest.mark.parametrize(
    "ask",
    [
        lambda x, y: x < y, lambda x, y: x <= y, lambda x, y: x > y, lambda x, y: x >= y, lambda x, y: y > x,
        lambda x, y: x > 0.5, lambda x, y: bool(x), lambda x, y: x and y, lambda x, y: max(x, y),
    ],
)  # fmt: skip
def test_every_comparison_is_noted(runner: Any, ask: Any) -> None:
    """Whatever is asked: a replay gives the answer of the branch that was recorded, or refuses."""
    points = [(1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (0.0, 1.0), (math.nan, 1.0), (1.0, math.nan), (-0.0, 0.0)]

    def program(x: Value, y: Value) -> Value:
        return x * 2.0 + y if ask(x, y) else y - x

    for recorded in points:
        f = compile_graph(program, [Value(recorded[0]), Value(recorded[1])], runner=runner)
        for other in points:
            expected = program(Value(other[0]), Value(other[1])).data
            found = replayed(f, *other)
            assert found is None or found == pytest.approx(expected, nan_ok=True), (recorded, other)
            assert found is not None or other != recorded


def test_a_number_that_left_the_graph_has_to_stay(runner: Any) -> None:
    x, n = Value(2.0, "x"), Value(3.0, "n")
    f = compile_graph(lambda x, n: sum([x] * int(n), Value.constant(0.0)), [x, n], [], runner=runner)
    assert f(5.0, 3.0).value == 15.0
    with pytest.raises(ValueError, match="n is 3"):
        f(5.0, 4.0)
