"""A compiled program in words; the doctest of `describe` has columns."""

from __future__ import annotations

from micrograd_dl.compiled import compile_graph
from micrograd_dl.engine.value import Value


def test_for_numbers_everything_is_done_once() -> None:
    x, w = Value(2.0, "x"), Value(3.0, "w")
    z = w * x - 1.0
    a = z.relu()
    J = a * a - w
    z.label, a.label, J.label = "z", "a", "J"
    assert compile_graph(J, [x], [w], runner="numpy").describe(False).splitlines() == [
        "Once:",
        "    z = w * x - 1",
        "    a = relu(z)",
        "    J = a * a - w",
        "    da = a + a",
        "    dz = da * (1 if z >= 0 else 0)",
        "    dw = -1 + dz * x",
    ]


def test_without_the_gradient_there_is_nothing_backward() -> None:
    w = Value(3.0, "w")
    text = compile_graph(2.0 * w, [], [w], gradient=False, runner="numpy").describe()
    assert text.splitlines() == ["Once:", "    J = w * 2"]
