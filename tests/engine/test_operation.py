"""The form of an entry of the table: calling it, writing it, and the errors it raises."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import pydoc
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import CONSTANT, TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.undefined import undefined

every_operation = pytest.mark.parametrize("operation", TABLE.values(), ids=list(TABLE))

HALVES = Operation(
    "halves",
    "h",
    None,
    forward=lambda *x: x[0] / 2.0,
    derivatives=(),
    all_derivatives=lambda out, *x: [0.5, *[0.0] * (len(x) - 1)],
    text=lambda *x: f"halves({', '.join(x)})",
    latex=lambda *x: "h",
)


def test_numbers_of_any_kind_give_a_float() -> None:
    for result in (ops.add(1, 2), ops.add(Fraction(1), np.float32(2)), ops.add(np.int8(1), True)):
        assert type(result) is float
    assert ops.add(np.int8(127), np.int8(127)) == 254.0
    assert ops.mul(np.float64(1e308), np.float64(10)) == math.inf


@pytest.mark.parametrize("wrong", ["1", None, 1j, [1.0]])
def test_what_is_not_a_number_is_refused_by_the_name_of_the_operation(wrong: object) -> None:
    with pytest.raises(TypeError, match="add takes a real number, not the"):
        ops.add(wrong, 1.0)


def test_whatever_answers_to_apply_operation_is_asked() -> None:
    class Recorder:
        @staticmethod
        def apply_operation(operation: Operation, operands: tuple[Any, ...]) -> Any:
            return operation, operands

    recorder = Recorder()
    assert ops.add(1.0, recorder) == (ops.add, (1.0, recorder))
    assert ops.add(recorder, np.ones((1, 1)))[0] is ops.add


@pytest.mark.parametrize(
    ("operation", "count", "message"),
    [
        (ops.add, 1, "add takes 2 operands, got 1"),
        (ops.add, 3, "add takes 2 operands, got 3"),
        (ops.exp, 0, "exp takes 1 operand, got 0"),
    ],
)
def test_a_wrong_number_of_operands(operation: Operation, count: int, message: str) -> None:
    for number in (1.0, Value(1.0)):
        with pytest.raises(TypeError) as error:
            operation(*[number] * count)
        assert str(error.value) == message


def test_arrays_broadcast() -> None:
    column, row = np.array([[1.0], [2.0]]), np.array([[10.0, 20.0]])
    assert ops.add(column, row).tolist() == [[11.0, 21.0], [12.0, 22.0]]
    assert ops.maximum(column, 1.5).tolist() == [[1.5], [2.0]]
    assert ops.exp(np.array(0.0)) == 1.0


def test_arrays_of_whole_numbers_are_taken_as_doubles() -> None:
    assert ops.pow(np.array([[2, 4]]), -1).tolist() == [[0.5, 0.25]]
    assert ops.add(np.array([[127]], dtype=np.int8), np.array([[127]], dtype=np.int8)).tolist() == [[254.0]]
    assert ops.sub(np.array([[0]], dtype=np.uint8), 1).tolist() == [[-1.0]]
    assert ops.sub(np.array([[True]]), np.array([[True]])).dtype == np.float64


@pytest.mark.parametrize(
    ("wrong", "dtype"),
    [([1 + 1j], "complex128"), ([Value(1)], "object"), (["1"], "<U1")],
)
def test_arrays_of_what_is_no_real_number_are_refused(wrong: list[Any], dtype: str) -> None:
    for operation, operands in ((ops.exp, (np.array(wrong),)), (ops.add, (np.array(wrong), 1.0))):
        with pytest.raises(TypeError, match=f"takes arrays of real numbers, not of {dtype}: "):
            operation(*operands)


def test_an_array_with_an_undefined_entry_is_refused_like_that_entry() -> None:
    with pytest.raises(ZeroDivisionError, match=r"x / y is not defined at x = 2, y = 0: div needs a divisor"):
        ops.div(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]]))
    with pytest.raises(ValueError, match=r"log\(x\) is not defined at x = -3: log needs"):
        ops.log(np.array([[1.0], [-3.0]]))
    with pytest.raises(ZeroDivisionError, match="y = 0"):
        ops.div(np.array([[math.inf, 1.0]]), np.array([[math.inf, 0.0]]))
    with pytest.raises(ValueError, match="dot needs an even number of operands"):
        ops.dot(np.ones((1, 2)), 1.0, 1.0)


def test_arrays_whose_shapes_do_not_fit_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"add goes .* the shapes \(1, 2\) and \(1, 3\) do not fit: axes are of"
    ):
        ops.add(np.ones((1, 2)), np.ones((1, 3)))


def test_all_derivatives_at_once_or_only_those_that_are_wanted() -> None:
    assert list(ops.sub.slopes(-1.0, [1.0, 2.0])) == [1.0, -1.0]
    assert list(ops.sub.slopes(-1.0, [1.0, 2.0], [False, True])) == [0.0, -1.0]
    assert list(HALVES.slopes(1.0, [2.0, 3.0])) == [0.5, 0.0]


def test_representations() -> None:
    assert repr(ops.add) == "<operation add: x + y>"
    assert repr(ops.sum) == "<operation sum: x + y>"
    assert repr(ops.exp) == "<operation exp: exp(x)>"
    assert repr(CONSTANT) == "<operation constant: >"


def test_an_error_speaks_of_the_operands_by_their_names() -> None:
    with pytest.raises(ZeroDivisionError) as error:
        Value(1, "height") / Value(0, "width")
    assert str(error.value) == (
        "height / width is not defined at height = 1, width = 0: div needs a divisor that is not 0"
    )
    assert error.value.__suppress_context__


def test_an_error_tells_operands_of_one_name_apart_and_an_operand_used_twice_is_named_once() -> None:
    with pytest.raises(ZeroDivisionError, match="a / a is not defined at a = 1, a = 0: "):
        Value(1, "a") / Value(0, "a")
    zero = Value(0, "a")
    with pytest.raises(ZeroDivisionError, match="a / a is not defined at a = 0: "):
        zero / zero


def test_what_has_no_name_is_a_number_in_an_error() -> None:
    """Not a placeholder, which could be the name of another operand: here y is 3."""
    x, y = Value(2, "x"), Value(3, "y")
    with pytest.raises(ZeroDivisionError, match=r"^x / 0 is not defined at x = 2: "):
        x / (y - 3)
    with pytest.raises(ValueError, match=r"^\(-6\) \*\* 0.5 is not defined: pow needs"):
        (y - 9) ** 0.5
    with pytest.raises(ValueError, match=r"^log\(0\) is not defined: log needs"):
        (y - 3).log()


def test_a_label_in_an_error_is_short_and_on_one_line() -> None:
    with pytest.raises(ValueError, match=r"^log\(`two\\nlines`\) is not defined at `two\\nlines` = -1: "):
        Value(-1, "two\nlines").log()
    with pytest.raises(ValueError, match=r"^log\(`x{57}\.\.\.`\) is not defined at ") as error:
        Value(-1, "x" * 10_000).log()
    assert len(str(error.value)) < 300


def test_an_error_is_short_of_many_operands() -> None:
    with pytest.raises(
        ValueError, match=r"x19 = 1, x20 = 1 and 9,981 more: dot needs an even number"
    ) as error:
        ops.dot(*[1.0] * 10_001)
    assert len(str(error.value)) < 600


def test_an_error_without_a_requirement() -> None:
    assert (HALVES.requirement, HALVES.meaning) == ("", "")
    refusal = undefined(HALVES, ValueError(), [1.0, 2.0])
    assert str(refusal) == "halves(x, y) is not defined at x = 1, y = 2: halves needs other operands"
    assert type(refusal) is ValueError
    assert type(undefined(HALVES, ZeroDivisionError(), [1.0])) is ZeroDivisionError


@pytest.mark.parametrize("operation", [*TABLE.values(), CONSTANT], ids=[*TABLE, "constant"])
def test_a_copy_is_the_operation_itself(operation: Operation) -> None:
    assert copy.copy(operation) is operation
    assert copy.deepcopy([operation])[0] is operation
    assert pickle.loads(pickle.dumps(operation)) is operation


def test_help_signature_and_completion_say_what_it_is() -> None:
    shown = pydoc.plain(pydoc.render_doc(ops.log))
    assert "log(x): the natural logarithm of x; it needs an operand above 0" in shown
    assert "Of a Value it is a Value; of a number, a float" in shown
    assert str(inspect.signature(ops.maximum)) == "(x, y, /)"
    assert str(inspect.signature(ops.sum)) == "(*x)"
    assert ops.exp.__name__ == "exp"  # type: ignore[attr-defined]  # as of every function
    assert (Operation.__doc__ or "").startswith("One entry of the table")
