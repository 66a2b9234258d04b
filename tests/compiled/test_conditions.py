"""A program whose path depends on its numbers is refused where it would take another."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from micrograd_dl.compiled import CompiledGraph, compile_graph
from micrograd_dl.engine.value import Value


def replayed(f: CompiledGraph, *numbers: float) -> float | None:
    """The value, or None where a comparison came out otherwise."""
    try:
        return f(*numbers).value
    except ValueError as error:
        if "came out otherwise" not in str(error):
            raise
        return None


def branching(x: Value, w: Value) -> Value:
    return x * w if x > 0 else -x * w


def test_a_comparison_that_comes_out_otherwise_is_refused(runner: Any) -> None:
    x, w = Value(2.0, "x"), Value(3.0, "w")
    f = compile_graph(lambda x: branching(x, w), [x], [w], runner=runner)
    assert f([[1.0, 2.0]]).value == 4.5
    with pytest.raises(
        ValueError,
        match=r"x > 0 \(.*test_conditions.py:\d+: .*came out otherwise .*\(example 1, counted from 0\)",
    ):
        f([[1.0, -2.0, 3.0]])


@pytest.mark.parametrize(
    ("program", "number", "message"),
    [
        (lambda x: x if x > Fraction(1, 4) else -x, 0.2, r"x > 0\.25 .* came out otherwise"),
        (lambda x: x.log() if x > 0 else x, -1.0, "x > 0"),  # though the path itself is undefined
        (lambda x: x if x.log() > 0 else -x, -1.0, r"log\(x\) is not defined at x = -1"),
    ],
)
def test_the_first_comparison_is_told(runner: Any, program: Any, number: float, message: str) -> None:
    f = compile_graph(program, [Value(2.0, "x")], [], runner=runner)
    with pytest.raises(ValueError, match=message):
        f(number)


def test_a_sum_that_is_zero_only_in_another_order_is_told(runner: Any) -> None:
    """What the engine divides by is the rounding of a sum; the program's order leaves nothing of it."""
    a, b, c = Value(0.1, "a"), Value(0.2, "b"), Value(0.3, "c")
    f = compile_graph(1.0 / ((a + b) + c - (a + (b + c))), [[a, b, c]], [], runner=runner)
    rng = np.random.default_rng(0)
    told = 0
    for _ in range(200):
        x, y, z = rng.uniform(0.1, 1.0, 3).tolist()
        if ((x + y) + z) - (x + (y + z)) == 0:
            continue
        try:
            f([x, y, z])
        except RuntimeError as error:
            told += "at the edge of where it is defined" in str(error)
    assert told


@pytest.mark.parametrize(
    "ask",
    [
        lambda x, y: x < y, lambda x, y: x <= y, lambda x, y: x > y, lambda x, y: x >= y, lambda x, y: y > x,
        lambda x, y: x > 0.5, lambda x, y: bool(x), lambda x, y: x and y, lambda x, y: max(x, y),
    ],
)  # fmt: skip
def test_every_comparison_is_noted(runner: Any, ask: Any) -> None:
    """Whatever is asked: a replay gives the answer of the branch that was recorded, or refuses."""
    points = [(1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (0.0, 1.0), (math.nan, 1.0), (1.0, math.nan), (-0.0, 0.0)]

    def program(x: Value, y: Value) -> Value:
        return x * 2.0 + y if ask(x, y) else y - x

    for recorded in points:
        f = compile_graph(program, [Value(recorded[0]), Value(recorded[1])], runner=runner)
        for other in points:
            expected = program(Value(other[0]), Value(other[1])).data
            found = replayed(f, *other)
            assert found is None or found == pytest.approx(expected, nan_ok=True), (recorded, other)
            assert found is not None or other != recorded


def test_a_number_that_left_the_graph_has_to_stay(runner: Any) -> None:
    x, n = Value(2.0, "x"), Value(3.0, "n")
    f = compile_graph(lambda x, n: sum([x] * int(n), Value.constant(0.0)), [x, n], [], runner=runner)
    assert f(5.0, 3.0).value == 15.0
    with pytest.raises(ValueError, match="n is 3"):
        f(5.0, 4.0)
