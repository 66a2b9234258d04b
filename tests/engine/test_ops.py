"""The table of operations: what it decides at the edges, for every entry alike and for each by name."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from micrograd_dl import slope_at_kink
from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.forward import recompute

INF, NAN = math.inf, math.nan
every_operation = pytest.mark.parametrize("operation", TABLE.values(), ids=list(TABLE))

KINKED = [operation for operation in TABLE.values() if operation.kink is not None]

EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, -0.5, 710.0, -710.0, 1e-320, 1e308, -1e308]
EDGES += [math.inf, -math.inf, math.nan]


def points(operation: Operation, numbers: list[float]) -> Iterator[tuple[float, ...]]:
    """Every tuple of `numbers` that the operation may take; of any number of operands, up to three."""
    for count in [operation.arity] if operation.arity is not None else [1, 2, 3]:
        if operation.arity is not None or takes(operation, count):
            yield from product(numbers, repeat=count)


def takes(operation: Operation, count: int) -> bool:
    try:
        operation(*[1.0] * count)
    except ValueError:
        return False
    return True


def is_defined(operation: Operation, point: tuple[float, ...]) -> bool:
    return operation.defined is None or bool(operation.defined(*point))


def outcome(operation: Operation, point: tuple[float, ...]) -> float | ValueError | ZeroDivisionError:
    try:
        return operation.evaluate(point)
    except (ValueError, ZeroDivisionError) as error:
        return error


def same(x: float, y: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y))


def test_the_table_is_complete() -> None:
    """What the course and its exercises ask for by name."""
    wanted = "add sub mul div neg pow exp log sqrt tanh sigmoid relu leaky_relu softplus sin cos abs"
    assert set(f"{wanted} maximum minimum sum dot affine logsumexp".split()) <= set(TABLE)


@every_operation
def test_an_entry_is_complete(operation: Operation) -> None:
    assert operation.name.isidentifier()
    assert operation.symbol
    assert operation.meaning
    assert bool(operation.requirement) or operation.defined is None
    assert len(operation.derivatives) == (operation.arity or 0)
    assert (operation.all_derivatives is None) == (operation.arity is not None)


@every_operation
def test_what_is_undefined_is_refused_and_nothing_else_is(operation: Operation) -> None:
    for point in points(operation, EDGES):
        result = outcome(operation, point)
        if isinstance(result, float):
            assert is_defined(operation, point) or math.isnan(result), point
        else:
            assert not is_defined(operation, point), point
            assert f"{operation.name} needs {operation.requirement}" in str(result)
            for name, x in zip(operation.operand_names(len(point)), point, strict=True):
                assert f"{name} = {x:.17g}" in str(result)


@every_operation
def test_a_value_is_refused_where_a_float_is_and_the_message_names_it(operation: Operation) -> None:
    for point in points(operation, EDGES):
        expected = outcome(operation, point)
        if not isinstance(expected, float):
            labels = ["height", "width", "depth"][: len(point)]
            with pytest.raises(type(expected), match=f"{operation.name} needs ") as error:
                operation(*map(Value, point, labels))
            for label, x in zip(labels, point, strict=True):
                assert f"{label} = {x:.17g}" in str(error.value)


@every_operation
def test_local_derivatives_are_numbers_wherever_the_operation_is_defined(operation: Operation) -> None:
    for point in points(operation, EDGES):
        if is_defined(operation, point):
            out = operation.evaluate(point)
            for index in range(len(point)):
                assert isinstance(operation.local(index, out, point), float)


@every_operation
def test_nan_passes_through(operation: Operation) -> None:
    for point in points(operation, [math.nan, 0.0, 1.5, -2.0, math.inf]):
        if any(map(math.isnan, point)) and is_defined(operation, point):
            # IEEE 754: x ** 0 and 1 ** y are 1, whatever the other is.
            decided = operation is ops.pow and (point[1] == 0 or point[0] == 1)
            decided |= operation is ops.power_slope and point[1] in (0, 1)
            decided |= operation.name == "hypot" and math.inf in point
            decided |= operation.name == "where" and not math.isnan(point[0])  # the other is not taken
            assert math.isnan(operation.evaluate(point)) or decided


@every_operation
def test_arrays_decide_as_floats_do(operation: Operation) -> None:
    for point in points(operation, EDGES):
        arrays = [np.array([[x]]) for x in point]
        expected = outcome(operation, point)
        if isinstance(expected, float):
            [[result]] = np.broadcast_to(operation(*arrays), (1, 1)).tolist()
            assert same(result, expected) or result == pytest.approx(expected, rel=1e-15), point
        else:
            with pytest.raises(type(expected)) as refused:
                operation(*arrays)
            assert str(refused.value) == str(expected)


RESULTS: dict[str, dict[tuple[float, ...], Any]] = {
    "exp": {(1000.0,): INF, (-1000.0,): 0.0},
    "mul": {(1e308, 10.0): INF},
    "pow": {(10.0, 400.0): INF, (-10.0, 400.0): INF, (-10.0, 401.0): -INF,
        (10.0, 401.0): INF, (-1e-200, -3.0): -INF, (-1e-200, -2.0): INF, (0.0, 0.0): 1.0,
        (-2.0, 3.0): -8.0, (-2.0, -1.0): -0.5, (0.0, 3.0): 0.0, (-INF, 0.5): INF},
    "sqrt": {(0.0,): 0.0},
    "sigmoid": {(-800.0,): 0.0, (800.0,): 1.0, (0.0,): 0.5, (-40.0,): math.exp(-40.0)},
    "softplus": {(800.0,): 800.0, (-800.0,): 0.0, (0.0,): math.log(2.0), (-40.0,): math.exp(-40.0)},
    "relu": {(-3.0,): 0.0, (3.0,): 3.0},
    "leaky_relu": {(-3.0,): -0.03, (3.0,): 3.0},
    "abs": {(-3.0,): 3.0},
    "maximum": {(1.0, 2.0): 2.0, (2.0, 1.0): 2.0},
    "minimum": {(1.0, 2.0): 1.0, (2.0, 1.0): 1.0},
    "sum": {(0.1, 0.2, 0.3): 0.1 + 0.2 + 0.3, (1e16, 1.0, -1e16): 0.0},
    "dot": {(1.0, 2.0, 3.0, 4.0): 14.0},
    "affine": {(1.0, 2.0, 3.0, 4.0, 5.0): 19.0, (5.0,): 5.0},
    "logsumexp": {(1000.0, 1000.0): 1000.0 + math.log(2.0), (-1000.0, -1000.0): -1000.0 + math.log(2.0),
        (3.0,): 3.0, (-INF, 1.0): 1.0, (-INF, -INF): -INF, (INF, 1.0): INF},
    "at_least": {(1.0, 1.0): 1.0, (1.0, 2.0): 0.0, (2.0, 1.0): 1.0},
    "above": {(1.0, 1.0): 0.0, (1.0, 2.0): 0.0, (2.0, 1.0): 1.0},
    "sign": {(-0.5,): -1.0, (0.0,): 0.0, (0.5,): 1.0},
    "log_for_power": {(math.e,): 1.0, (0.0,): 0.0},
    "power_slope": {(2.0, 3.0): 12.0, (0.0, 1.0): 1.0, (0.0, -1.0): 0.0, (0.0, 0.5): INF,
        (0.0, -0.5): -INF, (5e-324, 0.0): 0.0, (NAN, 0.0): 0.0},
    "log1p": {(1e-20,): 1e-20, (INF,): INF},
    "expm1": {(1e-20,): 1e-20, (1000.0,): INF, (-1000.0,): -1.0, (709.78,): math.expm1(709.78)},
    "asin": {(1.0,): math.pi / 2, (-1.0,): -math.pi / 2},
    "acos": {(1.0,): 0.0, (-1.0,): math.pi},
    "atan": {(INF,): math.pi / 2},
    "sinh": {(1e-20,): 1e-20, (1000.0,): INF, (-1000.0,): -INF, (710.4,): math.sinh(710.4)},
    "cosh": {(1000.0,): INF, (-1000.0,): INF},
    "erf": {(INF,): 1.0, (-INF,): -1.0},
    "erfc": {(30.0,): 0.0, (-30.0,): 2.0, (10.0,): math.erfc(10.0)},
    "silu": {(0.0,): 0.0, (800.0,): 800.0, (-800.0,): 0.0},
    "gelu": {(0.0,): 0.0, (800.0,): 800.0, (-800.0,): 0.0},
    "softsign": {(1.0,): 0.5, (-1.0,): -0.5, (1e308,): 1.0},
    "elu": {(3.0,): 3.0, (-1e-20,): -1e-20, (-800.0,): -1.0, (1000.0,): 1000.0},
    "hard_tanh": {(-1.5,): -1.0, (0.5,): 0.5, (INF,): 1.0},
    "square": {(-3.0,): 9.0, (1e200,): INF},
    "reciprocal": {(4.0,): 0.25, (-INF,): 0.0},
    "hypot": {(3.0, -4.0): 5.0, (3 * 2.0**600, 4 * 2.0**600): 5 * 2.0**600,
        (3 * 2.0**-600, 4 * 2.0**-600): 5 * 2.0**-600, (INF, NAN): INF},
    "clip": {(5.0, 0.0, 1.0): 1.0, (-5.0, 0.0, 1.0): 0.0, (0.5, 0.0, 1.0): 0.5, (0.5, 1.0, 0.0): 0.0},
    "where": {(1.0, 2.0, 3.0): 2.0, (0.0, 2.0, 3.0): 3.0, (-1.0, 2.0, NAN): 2.0, (-0.0, NAN, 3.0): 3.0},
}  # fmt: skip


@pytest.mark.parametrize("name", RESULTS)
def test_decided_results(name: str) -> None:
    for point, expected in RESULTS[name].items():
        assert TABLE[name](*point) == expected, point
        found = TABLE[name](*[np.array([[x]]) for x in point]).item()
        assert found == pytest.approx(expected, rel=1e-15), point


def test_the_slope_of_a_power_by_its_exponent_is_nan_below_0() -> None:
    """No refusal: whoever writes x ** 2 at x = -1 does not ask for that slope."""
    assert math.isnan(ops.log_for_power(-1.0))
    assert math.isnan(ops.power_slope(-1.0, 0.5))
    assert np.isnan(ops.log_for_power(np.array([[-1.0]]))).all()
    assert math.isnan(ops.pow.local(1, 4.0, [-2.0, 2.0]))
    x = Value(-2.0)
    (x**2).backward()
    assert x.grad == -4.0


SLOPES: dict[str, dict[tuple[float, ...], Any]] = {
    "relu": {(-0.0,): [1.0]},
    "leaky_relu": {(0.0,): [1.0], (-1.0,): [0.01], (1.0,): [1.0]},
    "abs": {(0.0,): [0.0], (-2.0,): [-1.0]},
    "maximum": {(1.0, 1.0): [0.0, 1.0], (2.0, 1.0): [1.0, 0.0]},
    "minimum": {(1.0, 1.0): [0.0, 1.0], (2.0, 1.0): [0.0, 1.0], (1.0, 2.0): [1.0, 0.0]},
    "sign": {(0.0,): [0.0]},
    "at_least": {(1.0, 1.0): [0.0, 0.0]},
    "sqrt": {(0.0,): [INF]},
    "pow": {(0.0, 0.0): [0.0, 0.0], (0.0, 1.0): [1.0, 0.0], (0.0, 2.0): [0.0, 0.0],
        (0.0, 0.5): [INF, 0.0], (-3.0, 0.0): [0.0, NAN], (-3.0, 2.0): [-6.0, NAN]},
    "log_for_power": {(0.0,): [INF]},
    "sigmoid": {(-800.0,): [0.0]},
    "softplus": {(800.0,): [1.0]},
    "logsumexp": {(1000.0, 1000.0): [0.5, 0.5], (1e16, 1e16): [0.5, 0.5]},
    "power_slope": {(0.0, 3.0): [0.0, 0.0], (0.0, 2.0): [2.0, 0.0]},
    "affine": {(2.0, 3.0, 5.0): [3.0, 2.0, 1.0], (5.0,): [1.0]},
    "dot": {(2.0, 3.0, 5.0, 7.0): [3.0, 2.0, 7.0, 5.0]},
    "asin": {(1.0,): [INF], (-1.0,): [INF], (1 - 2.0**-40,): [1 / math.sqrt(2.0**-39 - 2.0**-80)]},
    "acos": {(1.0,): [-INF], (-1.0,): [-INF]},
    "expm1": {(-40.0,): [math.exp(-40.0)]},
    "silu": {(800.0,): [1.0], (-800.0,): [0.0], (0.0,): [0.5]},
    "gelu": {(800.0,): [1.0], (-800.0,): [0.0], (0.0,): [0.5]},
    "elu": {(0.0,): [1.0], (-40.0,): [math.exp(-40.0)]},
    "hard_tanh": {(-1.0,): [1.0], (1.0,): [0.0], (0.0,): [1.0], (2.0,): [0.0]},
    "reciprocal": {(-INF,): [0.0]},
    "hypot": {(0.0, 0.0): [0.0, 0.0], (3e200, 4e200): [0.6, 0.8], (0.0, 5e-324): [0.0, 1.0]},
    "clip": {(0.0, 0.0, 1.0): [1.0, 0.0, 0.0], (1.0, 0.0, 1.0): [0.0, 0.0, 1.0],
        (2.0, 0.0, 1.0): [0.0, 0.0, 1.0], (-1.0, 0.0, 1.0): [0.0, 1.0, 0.0],
        (0.5, 0.0, 1.0): [1.0, 0.0, 0.0], (0.5, 1.0, 0.0): [0.0, 0.0, 1.0]},
    "where": {(1.0, 2.0, 3.0): [0.0, 1.0, 0.0], (0.0, 2.0, 3.0): [0.0, 0.0, 1.0]},
}  # fmt: skip


@pytest.mark.parametrize("name", SLOPES)
def test_decided_slopes(name: str) -> None:
    for point, expected in SLOPES[name].items():
        out = TABLE[name].evaluate(point)
        slopes = [TABLE[name].local(index, out, point) for index in range(len(point))]
        assert slopes == pytest.approx(expected, rel=1e-13, nan_ok=True), point
        assert list(TABLE[name](*map(Value, point)).slopes) == pytest.approx(expected, nan_ok=True), point


def test_small_whole_exponents_have_the_slopes_of_pencil_and_paper() -> None:
    # x ** 2 * inf at infinity would be wrong: 2 * x is inf, as it should be.
    assert ops.pow.local(0, math.inf, [1e200, 2.0]) == 2e200
    assert ops.pow.local(0, 27.0, [3.0, 3.0]) == 27.0
    x = Value(3.0)
    by_x = [ops.pow.slopes(x**y, [x, y], [True, False])[0] for y in (0.0, 1.0, 2.0, 3.0)]
    assert by_x[:2] == [0.0, 1.0]
    assert [type(slope) for slope in by_x[:2]] == [float, float]  # no graphs
    assert by_x[2].op is ops.mul
    assert by_x[2].operands[1] is x
    assert by_x[3].operands[1].op is ops.pow


def test_the_slope_at_a_kink_can_be_pytorchs() -> None:
    x = Value(0.0)
    right = x.relu()
    with slope_at_kink("left"):
        left, leaky = x.relu(), ops.leaky_relu(x)
        recompute(right)  # keeps what it was recorded with
        assert (right.slopes, left.slopes, leaky.slopes) == ((1.0,), (0.0,), (0.01,))
        assert [Value(z).relu().slopes[0] for z in (-1.0, 1.0)] == [0.0, 1.0]
        assert math.isnan(Value(math.nan).relu().slopes[0])
    recompute(left)
    assert (left.slopes, x.relu().slopes) == ((0.0,), (1.0,))
    for node, slope in ((right, 1.0), (left, 0.0), (leaky, 0.01)):
        assert grad(node, [x])[0] == grad(node.expand(), [x])[0] == slope
        assert grad(node, [x], create_graph=True)[0].data == slope
        assert copy.copy(node.op) is node.op
        assert pickle.loads(pickle.dumps(node.op)) is node.op


@pytest.mark.parametrize("side", ["middle", "", None, 1])
def test_there_is_no_other_slope(side: Any) -> None:
    with pytest.raises(ValueError, match=rf"^slope_at_kink is .*, not {side!r}$"), slope_at_kink(side):
        pass


@pytest.mark.parametrize("operation", KINKED, ids=lambda operation: operation.name)
def test_a_kink_is_where_the_slope_or_the_result_jumps(operation: Operation) -> None:
    assert operation.kink is not None
    for point in points(operation, [0.0, 1.0, -1.0, 2.0]):
        jumps = False
        for i, x in enumerate(point):
            below, above = ((*point[:i], x + h, *point[i + 1 :]) for h in (-1e-9, 1e-9))
            if is_defined(operation, below) and is_defined(operation, above):
                results = [operation.evaluate(side) for side in (below, above)]
                slopes = [operation.local(i, *at) for at in zip(results, (below, above), strict=True)]
                jumps |= abs(slopes[0] - slopes[1]) > 1e-6 or abs(results[0] - results[1]) > 0.5
        assert jumps == (operation.kink(*point) == 0), point
