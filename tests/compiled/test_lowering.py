"""What a graph becomes: what is fused, folded, and not computed at all."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from typing import Any

import pytest

from micrograd_dl.compiled import compile_graph
from micrograd_dl.compiled.tape import GATE
from micrograd_dl.engine.functions import affine
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.value import Value


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


def test_the_gate_is_upstream_times_the_slope_of_a_relu() -> None:
    assert [GATE(5.0, *xs) for xs in ((2.0, 0.0), (0.0, 0.0), (-1.0, 0.0))] == [5.0, 5.0, 0.0]


def test_rules_may_be_written_in_all_operators() -> None:
    """Of an operation that is not of the table; Numba's interpreter knows those only."""
    cube = Operation("cube", "³", 1, lambda x: x**3, (lambda out, x: 3 * x**2,), str, str)
    exponential = Operation("two_to", "2^", 1, lambda x: 2**x, (lambda out, x: 2**x * math.log(2),), str, str)
    x = Value(3.0, "x")
    J = cube(x) * exponential(x)
    f = compile_graph(J, [], [x], runner="numpy")
    J.backward()
    value, gradient = f()
    assert value == J.data == 27 * 8
    assert gradient.tolist() == pytest.approx([x.grad]) == [27 * 8 + 27 * 8 * math.log(2)]
    if importlib.util.find_spec("numba"):
        with pytest.raises(ValueError, match="the runner numba does not know cube: use runner='numpy'"):
            compile_graph(cube(x), [], [x], runner="numba")()
