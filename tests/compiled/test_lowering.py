"""What a graph becomes: what is fused, folded, and not computed at all."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from micrograd_dl.compiled import compile_graph
from micrograd_dl.compiled.lowering import differentiate, write_graph
from micrograd_dl.compiled.schedule import schedule
from micrograd_dl.compiled.tape import Tape
from micrograd_dl.engine.functions import affine
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import sigmoid
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value


def operations(root: Value, inputs: Sequence[Any] = ()) -> list[str]:
    """The names of the operations of the program on numbers, forward and backward."""
    f = compile_graph(root, inputs, runner="numpy")
    f(*[given.data for given in inputs])
    (variant,) = f._variants.values()
    program = variant.runner.program
    return [g.operation.name for g in (*program.before, *program.each, *program.after) for _ in range(len(g))]


def test_what_is_done_and_what_is_not() -> None:
    w, x = [Value(0.5) for _ in range(3)], [Value(2.0) for _ in range(3)]
    total = Value(1.0)
    for wi, xi in zip(w, x, strict=True):
        total = total + wi * xi
    assert operations(total) == ["linear"]  # its derivatives are numbers that are there already
    assert operations(affine(w, x, Value(1.0))) == ["linear"]
    a, b = Value(2.0), Value(3.0)
    assert operations((a * b).tanh() + (b * a).tanh()).count("tanh") == 1
    two = Value.constant(1.0) + Value.constant(1.0)
    assert operations((two.exp() * 3.0) * a) == ["mul"]  # constants are folded
    assert operations(a.exp() * b, [a]) == ["exp", "mul"]  # and no derivative by a
    assert "pow" not in operations(a**2)


def test_what_derivatives_make_of_the_forward_pass_is_done_at_once() -> None:
    """Of a chain of n functions the local derivatives, 1 - a a, are two groups, not 2 n."""
    x = a = Value(0.5)
    for _ in range(6):
        a = a.tanh()
    tape = Tape()
    slot = tape.given(False)
    root = write_graph(tape, topological_order(a), {x: slot}, [a])[a]
    forward = len(tape)
    derivative = differentiate(tape, root, tape.one, [slot])[slot]
    program = schedule(tape, [root, derivative], [slot], forward)
    groups = [(group.operation.name, len(group), group.checked) for group in program.before]
    assert groups[:8] == [("tanh", 1, True)] * 6 + [("mul", 6, False), ("sub", 6, False)]
    assert [name for name, _, _ in groups[8:]] == ["mul"] * 5  # upstream times local, one by one


# --- operations that nothing here knows ---------------------------------------------------------------------


def _gaussian(x: float) -> float:
    return math.exp(-x * x)


def _with_raise(x: float) -> float:
    if x == 0:
        raise ValueError
    return x / abs(x)


def new(name: str, forward: Any, *derivatives: Any, **options: Any) -> Operation:
    return Operation(name, name, len(derivatives), forward, derivatives, str, str, **options)


SILU = new(
    "silu", lambda x: x / (1.0 + math.exp(-x)), lambda out, x: sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x)))
)
BELL = new("bell", lambda x: _gaussian(x), lambda out, x: -2 * x * out)
OF_THREE = new(
    "mix", lambda w, x, y: w * x + (1 - w) * y,
    lambda out, w, x, y: x - y, lambda out, w, x, y: w, lambda out, w, x, y: 1 - w,
)  # fmt: skip
POWERS = new("powers", lambda x: x**3 * 2**x, lambda out, x: 3 * out / x + out * math.log(2))
DEFINED = new(  # Numba cannot compile its rule
    "hypot_1", lambda x: float(Fraction(x)) ** 2 + 1.0, lambda out, x: 2 * x, definition=lambda x: x * x + 1.0
)
REFUSED = new("refused", lambda x: float(Fraction(x)), lambda out, x: 1.0)
RAISES = new("raises", _with_raise, lambda out, x: 0.0, defined=lambda x: x != 0)  # nobody would see it


@pytest.mark.parametrize("operation", [SILU, BELL, OF_THREE, POWERS, DEFINED], ids=lambda op: op.name)
def test_an_operation_is_one_entry(runner: Any, operation: Operation) -> None:
    """With a rule for numbers, or a definition, it replays, on numbers and on columns."""
    count = operation.arity or 0
    x, w = [Value(0.0) for _ in range(count)], Value(1.0)
    J = operation(*(xi + w * 0.5 for xi in x)) * w
    f = compile_graph(J, [x], [w], runner=runner)
    X = np.array([[0.3, 2.0, 4.5], [1.0, 0.5, 3.0], [2.0, 1.5, 0.1]])[:count]
    expected = []
    for column in X.T.tolist():
        values = [Value(number) for number in column]
        w.zero_grad()
        eager = operation(*(xi + w * 0.5 for xi in values)) * w
        eager.backward()
        expected.append([eager.data, w.grad])
        value, gradient = f(column)
        assert [value, *gradient] == pytest.approx(expected[-1], rel=1e-13)
    value, gradient = f(X)
    assert [value, *gradient] == pytest.approx(np.mean(expected, axis=0), rel=1e-13)


@pytest.mark.parametrize("operation", [REFUSED, RAISES], ids=lambda op: op.name)
def test_what_numba_cannot_compile_is_refused_by_name(operation: Operation) -> None:
    pytest.importorskip("numba")
    x = Value(3.0, "x")
    y = operation(x)
    f = compile_graph(y, [x], runner="numpy")
    assert f(3.0).value == y.data
    with pytest.raises(ValueError, match=f"the runner numba cannot compile {operation.name}: use runner='nu"):
        compile_graph(y, [x], runner="numba")(3.0)


def test_where_a_rule_is_undefined_the_error_is_the_engines() -> None:
    x = Value(3.0, "x")
    f = compile_graph(RAISES(x), [x], runner="numpy")
    with pytest.raises(ValueError, match="raises needs other operands"):
        f([[1.0, 0.0]])


def test_an_operation_on_any_number_is_written_by_its_definition(runner: Any) -> None:
    product = Operation(
        "product", "Π", None, lambda *x: math.prod(x), (), str, str,
        all_derivatives=lambda out, *x: [out / xi for xi in x],
        definition=lambda *x: functools.reduce(operator.mul, x),
    )  # fmt: skip
    x = [Value(2.0), Value(3.0), Value(5.0)]
    value, gradient = compile_graph(product(*x), [], x, runner=runner)()
    assert (value, *gradient) == (30.0, 15.0, 10.0, 6.0)


def test_products_that_cancel_leave_nothing(runner: Any) -> None:
    x, y = Value(0.1, "x"), Value(0.3, "y")
    for nothing in (x * y - x * y, x * y + -(y * x)):
        with pytest.raises(ZeroDivisionError):
            compile_graph(1.0 / nothing, [x, y], [], runner=runner)(0.1, 0.3)
