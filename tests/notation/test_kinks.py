"""At a kink, steps and reasons say so, and which slope was taken."""

from __future__ import annotations

import pytest

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.steps import Contribute, steps

TIE = "x = y = 3 is a kink: the slope of the {}"
KINKED = [operation for operation in ops.TABLE.values() if operation.kink]


def notes(J: Value) -> list[str]:
    """What the steps say of kinks, in their order."""
    return [remark for s in steps(J) if isinstance(s, Contribute) for remark in s.remarks()[1:]]


@pytest.mark.parametrize(
    ("operation", "operands", "expected"),
    [
        (ops.relu, [0.0], ["x = 0 is a kink: the slope of the right side, 1"]),
        (ops.relu, [-0.0], ["x = 0 is a kink: the slope of the right side, 1"]),
        (ops.leaky_relu, [0.0], ["x = 0 is a kink: the slope of the right side, 1"]),
        (ops.abs, [0.0], ["x = 0 is a kink: the slope 0, between -1 and 1"]),
        (ops.sign, [0.0], ["x = 0 is a jump: the slope of both sides, 0"]),
        (ops.maximum, [3.0, 3.0], [TIE.format("left side, 0"), TIE.format("right side, 1")]),
        (ops.minimum, [3.0, 3.0], [TIE.format("right side, 0"), TIE.format("left side, 1")]),
        (ops.at_least, [0.0, 0.0], ["x = y = 0 is a jump: the slope of both sides, 0"] * 2),
    ],
)  # fmt: skip
def test_the_slope_that_is_taken(operation: Operation, operands: list[float], expected: list[str]) -> None:
    values = [Value(x, name) for x, name in zip(operands, "xy", strict=False)]
    assert notes(operation(*values)) == [f"{note}, is taken" for note in expected]


def test_of_repeated_operands_there_is_no_kink() -> None:
    z = Value(0.0, "z")
    assert notes(ops.maximum(z, z)) == []  # it is z itself


@pytest.mark.parametrize("operation", KINKED, ids=repr)
def test_every_kink_of_the_table_is_said_and_nothing_beside_it(operation: Operation) -> None:
    for x in (-1.0, 0.0, 2.0):
        operands = [Value(x, "x"), Value(0.0, "y"), Value(2.0, "z")][: operation.arity]
        try:
            J = operation(*operands)
        except (ValueError, ZeroDivisionError):
            continue
        assert operation.kink is not None
        assert bool(notes(J)) == (operation.kink(*(p.data for p in operands)) == 0)
