"""``assert_gradients_match``: what it lets pass, what it finds, and how it says so."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.expression import parse
from micrograd_dl.testing import Graph, assert_gradients_match, graphs, numbers, operands

apply = Value.apply_operation


def complaint(f: Callable[..., Any], *args: float, **options: Any) -> str:
    with pytest.raises(AssertionError) as error:
        assert_gradients_match(f, *args, **options)
    return str(error.value)


def wrongly(operation: Operation, factor: float) -> Operation:
    """The operation with a first derivative that is so many times too large."""
    first, *others = operation.derivatives
    return replace(operation, derivatives=(lambda out, *x: factor * first(out, *x), *others))


@given(graphs())
def test_right_gradients_pass(graph: Graph) -> None:
    assert_gradients_match(graph, *graph.numbers)


@pytest.mark.parametrize(
    "text",
    [
        "x @ x=3", "x*1e9 @ x=3", "x*1e-9 @ x=3", "x*x @ x=1e6", "x*x @ x=1e-6", "exp(x) @ x=20",
        "1/x @ x=0.01", "sin(1000*x) @ x=0.3", "relu(x) @ x=1e-5", "log(x) @ x=1e-4", "x*0 @ x=1",
        "x*0 + 2*y @ x=1 y=2", "logsumexp(x, y, x) @ x=700 y=-700",
    ],
)  # fmt: skip
def test_right_gradients_of_every_size_pass(text: str) -> None:
    formula, _, point = text.partition("@")
    names = [name for name, _ in (pair.split("=") for pair in point.split())]
    values = [float(x) for _, x in (pair.split("=") for pair in point.split())]

    def f(*x: Value) -> Value:
        return parse(formula, **dict(zip(names, x, strict=True)))

    assert assert_gradients_match(f, *values) is None


@pytest.mark.parametrize(
    ("f", "args", "why"),
    [
        (lambda x: x.relu(), [0.0], "a kink lies within the step"),
        (lambda x, y: x.relu() + y, [0.0, 1.0], "a kink lies within the step"),
        (lambda x: x.maximum(1.0), [1.0], "a kink lies within the step"),
        (lambda x: apply(wrongly(ops.relu, 5.0), [x]), [0.0], "a kink lies within the step"),
        (lambda x, y: y + x.sqrt(), [0.0, 1.0], "undefined or infinite beside the point"),
        (lambda x: x * 1, [math.inf], "undefined or infinite beside the point"),
        (lambda x: x * x, [math.nan], "undefined or infinite beside the point"),
        (lambda x: (1e12 * x).sin(), [0.3], "rounding hides the derivative"),
        (lambda x: x.exp(), [709.7827], ""),
    ],
)
def test_what_cannot_be_judged_is_passed_over_and_said(
    f: Callable[..., Value], args: list[float], why: str
) -> None:
    reason = assert_gradients_match(f, *args)
    assert reason is not None
    assert reason.startswith(f"x was not judged: {why}")
    assert "\n" not in reason


def test_what_was_not_judged_is_said_beside_what_is_wrong() -> None:
    text = complaint(lambda x, y: x.relu() + y.data * y, 0.0, 1.0)
    assert text.splitlines()[1].startswith("  by y ")
    assert text.splitlines()[-1] == "  x was not judged: a kink lies within the step"


def test_a_function_that_decides_by_the_number_is_judged() -> None:
    for x, is_judged in ((1e-3, True), (-1e-3, True), (0.0, False)):
        said = assert_gradients_match(lambda x: x * 3 if x > 0 else x.exp() - 1, x)
        assert (said is None) == is_judged


@pytest.mark.parametrize("factor", [0.0, -1.0, 0.99999, 1.00001, 2.0, math.inf, math.nan])
@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "sin", "mul", "div", "pow"])
def test_a_wrong_rule_is_found(name: str, factor: float) -> None:
    point = [0.7, 1.3][: TABLE[name].arity]
    wrong = wrongly(TABLE[name], factor)
    assert "expected" in complaint(lambda *x: apply(wrong, x), *point)
    assert_gradients_match(lambda *x: apply(wrongly(TABLE[name], 1.0), x), *point)


def test_the_operation_whose_rule_is_wrong_is_named() -> None:
    wrong = wrongly(ops.exp, 2.0)
    text = complaint(lambda x, y: (x * y).tanh() + apply(wrong, [x * 1]), 0.7, 1.3)
    assert re.search(
        r"the rule of exp is wrong: at x = 0.7, its derivative by x is 2.01\d*, and by the rule 4.02", text
    )
    assert "the rule of" not in complaint(lambda x, *y: sum([*y, x * x.data], Value(0)), *[1.0] * 9)


@given(operands(ops.exp))
def test_a_slightly_wrong_rule_is_found_anywhere(x: tuple[float, ...]) -> None:
    wrong = wrongly(ops.exp, 1 + 1e-5)
    complaint(lambda x: apply(wrong, [x]), *x)


def test_a_wrong_rule_in_a_random_graph_is_found_and_shrinks_to_it() -> None:
    wrong = wrongly(ops.tanh, 1.5)
    some = [wrong, ops.add, ops.mul, ops.exp, ops.sin]

    def fails(graph: Graph) -> bool:
        try:
            assert_gradients_match(graph, *graph.numbers)
        except AssertionError:
            return True
        return False

    patient = settings(settings(), max_examples=2_000, derandomize=True, database=None)
    graph = find(graphs(some), fails, settings=patient)
    assert [operation for operation, _ in graph.program] == [wrong]


def test_a_number_that_slips_out_of_the_graph_is_found() -> None:
    text = complaint(lambda x, y: x * y.data, 3, 2)
    assert text.splitlines() == [
        "backprop and central differences disagree on f(x=3.0, y=2.0) = 6.0:",
        "  by y (argument 2 of 2): expected 3, got 0 (step 0.0131)",
        "    y takes no part in the graph that was recorded: is .data or float() used on the way?",
    ]
    text = complaint(lambda x: x * x.data, 3)
    assert "expected 6, got 3" in text
    assert "takes no part" not in text


def test_many_complaints_are_cut_short() -> None:
    lines = complaint(lambda *w: Value(sum(x.data * x.data for x in w)), *[1.0] * 12).splitlines()
    assert len(lines) == 1 + 2 * 10 + 1
    assert lines[-1] == "  ... and 2 more"


@pytest.mark.parametrize(
    ("f", "call"),
    [
        (lambda x, y: x * y.data, "f(x=1.0, y=2.0)"),
        (lambda *x: x[0] * x[1].data, "f(x1=1.0, x2=2.0)"),
        (lambda a, *rest: a * rest[0].data, "f(a=1.0, rest1=2.0)"),
        (lambda a, b=0, *, c=1: a * b.data * c, "f(a=1.0, b=2.0)"),
        (Graph([1.0, 2.0], [(wrongly(ops.mul, 2.0), [0, 1])]), "Graph(x1=1.0, x2=2.0)"),
    ],
)
def test_arguments_are_called_by_their_names(f: Callable[..., Any], call: str) -> None:
    assert f"disagree on {call} = 2.0:" in complaint(f, 1, 2)


@given(numbers())
def test_the_same_function_by_other_means(x: float) -> None:
    assert_gradients_match(lambda x: x.sigmoid(), x, against=lambda x: 1 / (1 + math.exp(-x)))
    assert_gradients_match(lambda x: x.tanh(), x, against=lambda x: 2 * Value(2 * x).sigmoid() - 1)


def test_another_result_and_another_slope_are_found() -> None:
    text = complaint(lambda x: x * 2, 3, against=lambda x: x * 2.5)
    assert text == "f(x=3.0): expected the result 7.5, got 6.0"
    text = complaint(lambda x: x * 2, 3, against=lambda x: 6 + (x - 3) * 5)
    assert re.search(r"by x \(argument 1 of 1\): expected 5, got 2 ", text)


def test_the_derivatives_of_the_other_function_are_checked_too() -> None:
    """As a function of another library with a backward of its own: 1.136 for 0.823."""
    right, wrong = 1 - math.tanh(0.44) ** 2, 1.136
    assert_gradients_match(Value.tanh, 0.44, against=lambda x: (math.tanh(x), [right]))
    text = complaint(Value.tanh, 0.44, against=lambda x: (math.tanh(x), [wrong]))
    assert re.search(r"by self \(argument 1 of 1\): expected 0.8288\d*, got 1.136 by against ", text)
    with pytest.raises(ValueError, match="against gives 2 derivatives, of 1 arguments"):
        assert_gradients_match(Value.tanh, 0.44, against=lambda x: (math.tanh(x), [wrong, 1]))

    class Tensor(float):
        requires_grad = True

    with pytest.raises(TypeError, match="against returns a Tensor whose own backward pass would not be che"):
        assert_gradients_match(Value.tanh, 0.44, against=lambda x: Tensor(math.tanh(x)))


def test_two_results_that_are_no_numbers_are_the_same() -> None:
    assert_gradients_match(lambda x: x * 1, math.nan, against=lambda x: x)
    complaint(lambda x: x * 1, math.nan, against=lambda x: 1.0)
    complaint(lambda x: x * 1, 1.0, against=lambda x: math.nan)
    assert_gradients_match(lambda x: x * 1, math.inf, against=lambda x: x)


def test_tolerances() -> None:
    wrong, large = wrongly(ops.exp, 1.001), wrongly(ops.mul, 1.001)
    complaint(lambda x: apply(wrong, [x]), 1.0)
    assert_gradients_match(lambda x: apply(wrong, [x]), 1.0, rtol=0.01)
    assert_gradients_match(lambda x: apply(wrong, [x]), 1.0, atol=0.01)
    complaint(lambda x: apply(large, [x, 1e6]), 1.0, rtol=0, atol=1e-4)
    assert_gradients_match(lambda x: apply(large, [x, 1e6]), 1.0, rtol=0, atol=2e-3)


@pytest.mark.parametrize("wrong", ["1", None, Value(1.0), [1.0], np.ones(1)])
def test_the_point_is_made_of_numbers(wrong: Any) -> None:
    with pytest.raises(TypeError, match="argument 2 of f takes a real number, not the"):
        assert_gradients_match(lambda x, y: x * y, 1.0, wrong)


@pytest.mark.parametrize("result", [3.0, None, [Value(1.0)]])
def test_the_result_is_a_value(result: Any) -> None:
    with pytest.raises(
        TypeError, match=f"f is to return a Value, not the {type(result).__name__} .*is .data or"
    ):
        assert_gradients_match(lambda x: result, 1.0)


def test_an_undefined_point_is_the_functions_own_affair() -> None:
    with pytest.raises(ZeroDivisionError, match="1 / x is not defined at x = 0"):
        assert_gradients_match(lambda x: 1 / x, 0.0)
