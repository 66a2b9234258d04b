"""What a graph becomes: what is fused, folded, and not computed at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from micrograd_dl.compiled import compile_graph
from micrograd_dl.compiled.schedule import CODES
from micrograd_dl.compiled.tape import LINEAR, MEAN
from micrograd_dl.functions import affine
from micrograd_dl.ops import TABLE
from micrograd_dl.value import Value


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
