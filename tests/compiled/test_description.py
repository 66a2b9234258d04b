"""A compiled program in words."""

from __future__ import annotations

from micrograd_dl.compiled import compile_graph
from micrograd_dl.engine.value import Value


def graph() -> tuple[Value, Value, Value]:
    x, w = Value(2.0, "x"), Value(3.0, "w")
    z = w * x - 1.0
    a = z.relu()
    J = a - w
    z.label, a.label, J.label = "z", "a", "J"
    return x, w, J


def test_for_numbers_everything_is_done_once() -> None:
    x, w, J = graph()
    assert compile_graph(J, [x], [w], runner="numpy").describe(False).splitlines() == [
        "Once:",
        "    z = w * x - 1",
        "    a = relu(z)",
        "    J = a - w",
        "    dz = 1 if z >= 0 else 0",
        "    dw = -1 + dz * x",
    ]


def test_upstream_and_the_slope_of_a_relu_are_one_line() -> None:
    z = Value(2.0, "z")
    a = z.relu()
    J = a * a
    a.label, J.label = "a", "J"
    lines = compile_graph(J, [], [z], runner="numpy").describe().splitlines()
    assert lines == [
        "Once:",
        "    a = relu(z)",
        "    J = a * a",
        "    da = a + a",
        "    dz = da * (1 if z >= 0 else 0)",
    ]


def test_for_columns_the_derivatives_by_what_is_shared_are_means() -> None:
    x, w, J = graph()
    lines = compile_graph(J, [x], [w], runner="numpy").describe(True).splitlines()
    assert lines[:2] == ["For every example:", "    z = w * x - 1"]
    assert lines[lines.index("Over all examples:") + 1 :] == [
        "    mean J = mean(J)",
        "    dw = mean(-1 + dz * x)",
        "Result:",
        "    J = mean J",
    ]


def test_conditions_come_first() -> None:
    x, w = Value(2.0, "x"), Value(3.0, "w")

    def program(x: Value) -> Value:
        z = w * x
        y = z if z > 0 else -z
        z.label = "z"
        return y + 1.0 if not z < 5 else y

    lines = compile_graph(program, [x], [w], runner="numpy").describe(False).splitlines()
    assert lines[:3] == ["Only if:", "    z > 0", "    not z < 5"]


def test_without_the_gradient_there_is_nothing_backward() -> None:
    x, w, J = graph()
    text = compile_graph(J, [x], [w], gradient=False, runner="numpy").describe(False)
    assert text.splitlines()[-2:] == ["Result:", "    dw = 0"]
