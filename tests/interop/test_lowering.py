"""The program of a graph: its steps, its names, and what has no counterpart."""

from __future__ import annotations

import pytest

from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE, leaky_relu, sigmoid
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.kink_side import slope_at_kink
from micrograd_dl.interop.lowering import lower
from micrograd_dl.testing import Graph


def own(name: str, **fields: object) -> Operation:
    derivatives = (lambda out, x: 3 * x * x,)
    return Operation(name, "^3", 1, lambda x: x**3, derivatives, str, str, **fields)  # type: ignore[arg-type]


def test_steps_are_operations_by_name() -> None:
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    program = lower(3 * (a + b * c), {"add", "mul"}, "Numbers")
    assert program.leaves == {"a": 5.0, "b": 3.0, "c": 2.0}
    assert program.steps == (("mul", (1, 2)), ("add", (0, 3)), ("mul", (3.0, 4)))
    assert (program.name, program.result) == ("J", 5)


def test_what_the_library_lacks_is_written_by_its_definition() -> None:
    program = lower(sigmoid(Value(5, "a")), {"neg", "add", "exp", "div"}, "Numbers")
    assert program.steps == (("neg", (0,)), ("exp", (1,)), ("add", (1.0, 2)), ("div", (1.0, 3)))


@pytest.mark.parametrize(("side", "operands"), [("right", (1, 0)), ("left", (0, 1))])
def test_a_definition_is_that_of_the_recorded_side(side: str, operands: tuple[int, int]) -> None:
    with slope_at_kink(side):
        J = leaky_relu(Value(5, "a"))
    # The operation of the other side has the same name, and is not taken for it.
    program = lower(J, {"mul", "maximum", *(["leaky_relu"] if side == "left" else [])}, "Numbers")
    assert program.steps == (("mul", (0.01, 0)), ("maximum", operands))


def test_inputs_are_leaves_and_the_others_keep_their_numbers() -> None:
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    program = lower(3 * (a + b * c), {"add", "mul"}, "Numbers", [a])
    assert program.leaves == {"a": 5.0}
    assert program.steps == (("mul", (3.0, 2.0)), ("add", (0, 1)), ("mul", (3.0, 2)))
    assert program.varies
    assert not lower(b * c, {"mul"}, "Numbers", []).varies
    for wrong in (a, b * c):
        with pytest.raises(ValueError, match="is no leaf of the graph of J"):
            lower(b * c, {"mul"}, "Numbers", [wrong])


def test_names_are_identifiers_and_none_is_reserved() -> None:
    J = Value(1.0, "W1[1,2]") + Value(2.0, "lambda") + Value(3.0, "type")
    J.label = "W1_1_2"
    program = lower(J, {"add"}, "Numbers", reserved=["type"])
    assert [*program.leaves] == ["W1_1_2", "lambda_", "type_"]
    assert program.name == "W1_1_2_"


def test_an_operation_without_a_counterpart_is_refused_by_name() -> None:
    J = own("cube")(Value(2.0))
    with pytest.raises(
        ValueError, match="Numbers has no counterpart of the operation cube: give it a definition"
    ):
        lower(J, {"mul"}, "Numbers")
    with pytest.raises(ValueError, match="of the operation tanh"):  # the user's own, not the table's
        lower(own("tanh")(Value(2.0)), {"tanh"}, "Numbers")
    defined = own("cube", definition=lambda x: x * x * x)
    assert lower(defined(Value(2.0)), {"mul"}, "Numbers").steps == (("mul", (0, 0)), ("mul", (1, 0)))


def test_a_long_chain_is_lowered() -> None:
    J = Graph([0.5], [(TABLE["tanh"], (i,)) for i in range(20_000)]).root
    assert len(lower(J, {"tanh"}, "Numbers").steps) == 20_000
