"""Functions by name serve numbers, arrays and Values; the four on sequences take them as users have them."""

from __future__ import annotations

import copy
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from micrograd_dl.engine import functions, ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.kink_side import slope_at_kink


@pytest.mark.parametrize("name", ops.TABLE)
def test_every_operation_of_the_table_is_there(name: str) -> None:
    found = getattr(functions, name)
    if isinstance(found, types.FunctionType):
        assert name in {"sum", "dot", "affine", "logsumexp"}
    else:
        assert found is ops.TABLE[name]


def test_what_is_not_in_the_table_is_no_function() -> None:
    with pytest.raises(AttributeError, match=r"^there is no function 'cube'; the table has add, sub, mul, "):
        getattr(functions, "cube")  # noqa: B009 - type checkers know that there is none


def test_a_new_entry_of_the_table_is_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    text: Callable[..., str] = str
    cube = Operation("cube", "³", 1, lambda x: x**3, (lambda out, x: 3 * x * x,), text, text)
    monkeypatch.setitem(ops.TABLE, "cube", cube)
    found: Any = functions
    result = found.cube(Value(2.0))
    assert found.cube is cube
    assert (result.data, result.slopes) == (8, (12,))


def test_one_function_for_numbers_arrays_and_values() -> None:
    for x in (0.5, -1.0):
        assert functions.tanh(x) == math.tanh(x)
        assert functions.tanh(Value(x)).data == math.tanh(x)
        assert functions.tanh(np.array([[x, x]])) == pytest.approx(np.full((1, 2), math.tanh(x)))
    assert functions.maximum(1, Value(2.0)).data == 2
    assert functions.maximum(1, 2) == 2


Call = Callable[[list[Any]], Any]
CALLS: list[tuple[Call, Operation, float]] = [
    (lambda v: functions.sum(v), ops.sum, 1 + 2 + 3 + 4),
    (lambda v: functions.logsumexp(v), ops.logsumexp, math.log(sum(math.exp(x) for x in (1, 2, 3, 4)))),
    (lambda v: functions.dot(v[:2], v[2:]), ops.dot, 1 * 3 + 2 * 4),
    (lambda v: functions.affine(v[:2], v[1:3], v[3]), ops.affine, 1 * 2 + 2 * 3 + 4),
]
of_sequences = pytest.mark.parametrize(("call", "operation", "expected"), CALLS)


@of_sequences
def test_sequences_of_numbers(call: Call, operation: Operation, expected: float) -> None:
    assert call([1.0, 2.0, 3.0, 4.0]) == pytest.approx(expected)
    assert isinstance(call([1.0, 2.0, 3.0, 4.0]), float), operation


@of_sequences
def test_sequences_of_values_make_one_node(call: Call, operation: Operation, expected: float) -> None:
    values = [Value(x) for x in (1, 2, 3, 4)]
    node = call(values)
    assert node.op is operation
    assert node.data == pytest.approx(expected)
    assert set(node.operands) == set(values)


@of_sequences
def test_sequences_of_arrays(call: Call, operation: Operation, expected: float) -> None:
    columns = [np.full((3, 1), float(x)) for x in (1, 2, 3, 4)]
    assert call(columns) == pytest.approx(np.full((3, 1), expected)), operation


def test_operands_are_paired_weight_by_weight() -> None:
    w, x, b = [Value(2), Value(3)], [Value(5), Value(7)], Value(11)
    assert functions.dot(w, x).operands == (w[0], x[0], w[1], x[1])
    assert functions.affine(w, x, b).operands == (w[0], x[0], w[1], x[1], b)


def test_numbers_and_values_mix_and_sums_take_any_iterable() -> None:
    node = functions.affine((Value(2), -1), (3, 4), 0.5)
    assert node.data == 2.5
    assert [parent.is_constant for parent in node.operands] == [False, True, True, True, True]
    assert functions.sum(v for v in [Value(1), Value(2)]).data == 3
    assert functions.logsumexp(iter([0.0])) == 0


@pytest.mark.parametrize(
    "call",
    [lambda: functions.sum([]), lambda: functions.dot([], []), lambda: functions.logsumexp([]), ops.sum],
)
def test_nothing_is_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"^(sum|dot|logsumexp) takes at least 1 operand, got 0$"):
        call()


@pytest.mark.parametrize(
    ("call", "name"),
    [(lambda: functions.dot([1], [2, 3]), "dot"), (lambda: functions.affine([1], [2, 3], 4), "affine")],
)
def test_unequal_lengths_are_refused(call: Callable[[], Any], name: str) -> None:
    with pytest.raises(
        ValueError, match=f"{name} takes as many weights as inputs, not 1 weights and 2 inputs"
    ):
        call()


def test_units_of_a_layer_are_those_one_by_one() -> None:
    w = [[Value(1.0), Value(-2.0)], [Value(0.5), Value(3.0)]]
    x, b = [Value(2.0), Value(1.0)], [Value(0.0)] * 2
    cases: list[tuple[list[Any], list[Any]]] = [
        (x, b), ([2.0, 1.0], b), ([2.0, x[1]], b), (x, [0.0, 0.0]),
    ]  # fmt: skip
    for inputs, biases in cases:
        units = functions.affine_of_units(w, inputs, biases)
        alone = [functions.affine(row, inputs, bias) for row, bias in zip(w, biases, strict=True)]
        assert [(z.data, z.op, z.slopes) for z in units] == [(z.data, z.op, z.slopes) for z in alone]
    with pytest.raises(ValueError, match="as many weights as inputs, not 2 weights and 1 inputs"):
        functions.affine_of_units(w, x[:1], b)
    with pytest.raises(ValueError, match="zip"):
        functions.affine_of_units(w, x, b[:1])


def test_each_operand_by_itself() -> None:
    x = [Value(-1.0), 2.0, Value(0.0)]
    for side in ("right", "left"):
        with slope_at_kink(side):
            nodes, alone = ops.relu.each(x), [ops.relu(each) for each in x]
        assert nodes[1] == alone[1] == 2.0
        for node, other in ((nodes[0], alone[0]), (nodes[2], alone[2])):
            assert (node.op, node.data, node.slopes) == (other.op, other.data, other.slopes)


def test_a_rule_that_is_wrong_itself_is_not_hidden() -> None:
    text: Callable[..., str] = str
    broken = Operation("broken", "b", 1, lambda x: x + "1", (lambda out, x: 1.0,), text, text)
    with pytest.raises(TypeError, match="unsupported operand"):
        broken(Value(1.0))
    assert copy.copy(broken).name == "broken"
    with pytest.raises(ZeroDivisionError):
        grad(ops.log_for_power(x := Value(0.0)), [x], create_graph=True)
