"""The rules of every operation in the table, held against what does not know them.

The results and the local derivatives are compared with 50-digit arithmetic, the derivatives with differences
as well, once and twice differentiated; arrays and Values with floats.
"""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, cast

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.testing import Graph, assert_gradients_match, graphs, operands

# Each of these tests is many, one for every operation.
fewer = settings(max_examples=settings().max_examples // 4)

every_operation = pytest.mark.parametrize("operation", TABLE.values(), ids=list(TABLE))

DEFINED = [operation for operation in TABLE.values() if operation.definition is not None]

DIGITS = 50


class Precise:
    """A number of 50 digits that the table takes for an operand: definitions work on it, floats do not."""

    def __init__(self, x: Any) -> None:
        self.x = mpmath.mpf(x)

    @staticmethod
    def apply_operation(operation: Operation, operands: Sequence[Any]) -> Precise:
        exact = precise(operation)
        assert exact is not None, f"a definition uses {operation.name}, which has no exact counterpart"
        return Precise(exact(*[x.x if isinstance(x, Precise) else mpmath.mpf(x) for x in operands]))


def _operator(name: str, swapped: bool = False) -> Any:
    def method(self: Precise, *other: Any) -> Precise:
        return self.apply_operation(TABLE[name], (*other, self) if swapped else (self, *other))

    return method


for _spelling, _name in {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "neg": "neg"}.items():
    setattr(Precise, f"__{_spelling}__", _operator(_name))
    setattr(Precise, f"__r{_spelling}__", _operator(_name, swapped=True))


def precise(operation: Operation) -> Callable[..., Any] | None:
    """The operation on mpmath's numbers, by other means than its own rules where there are some.

    That is mpmath's function of the same name, the definition, Python's operator of the same name, or (for a
    rule made of bare arithmetic and comparisons) the rule itself. None if there is none of these.
    """
    name = operation.name
    if name == "power_slope":
        return lambda x, y: y * x ** (y - 1)
    if hasattr(mpmath, name):
        return cast("Callable[..., Any]", getattr(mpmath, name))
    if operation.definition is not None:
        definition = operation.definition
        return lambda *x: definition(*map(Precise, x)).x
    for spelling in (name, f"true{name}"):
        if hasattr(operator, spelling):
            return cast("Callable[..., Any]", getattr(operator, spelling))
    rule = inspect.unwrap(operation.forward)
    some = rule(*[mpmath.mpf(1)] * (operation.arity or 1))
    return rule if isinstance(some, mpmath.mpf) else None


def test_most_operations_have_an_exact_counterpart() -> None:
    without = [name for name, operation in TABLE.items() if precise(operation) is None]
    assert len(without) < len(TABLE) / 8, f"differences alone judge {', '.join(without)}"


@every_operation
@fewer
@given(data=st.data())
def test_results_and_derivatives_to_50_digits(operation: Operation, data: st.DataObject) -> None:
    point = data.draw(operands(operation))
    exact = precise(operation)
    if exact is None:
        assert assert_gradients_match(operation, *point) is None
        return
    out = operation.evaluate(point)
    index = data.draw(st.integers(0, len(point) - 1))
    with mpmath.workdps(DIGITS):
        assert out == pytest.approx(float(exact(*map(mpmath.mpf, point))), rel=4e-15, abs=1e-14)
        once = tuple(int(i == index) for i in range(len(point)))
        slope = mpmath.diff(exact, tuple(map(mpmath.mpf, point)), once)
        assert operation.local(index, out, point) == pytest.approx(float(slope), rel=1e-13, abs=1e-14)
    return


@given(graphs([operation for operation in TABLE.values() if precise(operation) is not None]))
def test_random_graphs_to_50_digits(graph: Graph) -> None:
    def exact(*x: Any) -> Any:
        return graph(*map(Precise, x)).x

    with mpmath.workdps(DIGITS):
        point = tuple(map(mpmath.mpf, graph.numbers))
        assert graph.root.data == pytest.approx(float(exact(*point)), rel=1e-11, abs=1e-11)
        for i, slope in enumerate(grad(graph.root, graph.leaves)):
            once = tuple(int(i == j) for j in range(len(point)))
            assert slope == pytest.approx(float(mpmath.diff(exact, point, once)), rel=1e-9, abs=1e-9)


@every_operation
@fewer
@given(data=st.data())
def test_derivatives_of_derivatives_against_differences(operation: Operation, data: st.DataObject) -> None:
    """The rules on Values. What is a plain number on every operand (1 for a sum) has the derivative 0."""
    point = data.draw(operands(operation))
    index = data.draw(st.integers(0, len(point) - 1))

    def derivative(*x: Value) -> Value:
        slope: Value = grad(operation(*x), [x[index]], create_graph=True)[0]
        return slope

    assert_gradients_match(derivative, *point)


@every_operation
@fewer
@given(data=st.data())
def test_arrays_and_values_give_what_floats_give(operation: Operation, data: st.DataObject) -> None:
    points = [data.draw(operands(operation))]
    points.append(data.draw(operands(operation, len(points[0]))))
    columns = [np.array([numbers]) for numbers in zip(*points, strict=True)]
    outs = [operation.evaluate(point) for point in points]
    out = operation(*columns)
    assert out.shape == (1, 2)
    assert out[0].tolist() == pytest.approx(outs, rel=4e-15, abs=1e-15)
    nodes = [operation(*map(Value, point)) for point in points]
    assert [node.data for node in nodes] == outs
    for index in range(len(points[0])):
        slopes = [operation.local(index, x, point) for x, point in zip(outs, points, strict=True)]
        assert [node.slopes[index] for node in nodes] == slopes
        on_arrays = np.broadcast_to(operation.slopes(out, columns)[index], (1, 2))
        assert on_arrays[0].tolist() == pytest.approx(slopes, rel=1e-13, abs=1e-14)


@pytest.mark.parametrize("operation", DEFINED, ids=lambda operation: operation.name)
@fewer
@given(data=st.data())
def test_an_expanded_node_is_the_same_function(operation: Operation, data: st.DataObject) -> None:
    x = [Value(number) for number in data.draw(operands(operation))]
    node = operation(*x)
    expanded = node.expand()
    assert expanded.op is not operation
    assert expanded.data == pytest.approx(node.data, rel=1e-13, abs=1e-14)
    assert grad(expanded, x) == pytest.approx(grad(node, x), rel=1e-13, abs=1e-14)


@pytest.mark.parametrize("name", ["sum", "dot", "affine"])
@given(data=st.data())
def test_sums_are_expanded_bit_for_bit(name: str, data: st.DataObject) -> None:
    x = [Value(number) for number in data.draw(operands(TABLE[name]))]
    assert TABLE[name](*x).expand().data == TABLE[name](*x).data


@pytest.mark.parametrize("operation", [op for op in TABLE.values() if op.arity == 1], ids=lambda op: op.name)
def test_a_large_operand_is_no_harder_than_a_small_one(operation: Operation) -> None:
    """Stable forms: where the true result is a double, it is found, and so is the slope."""
    exact = precise(operation)
    for x in [30.0, -30.0, 40.0, -40.0, 500.0, -500.0]:
        if exact is None or not (operation.defined is None or operation.defined(x)):
            continue
        with mpmath.workdps(500):
            result, slope = float(exact(mpmath.mpf(x))), float(mpmath.diff(exact, mpmath.mpf(x)))
        out = operation.evaluate([x])
        # gelu falls as e^(-x^2 / 2), so that one rounding of its operand changes it by x^2 times as much.
        assert out == pytest.approx(result, rel=1e-12 if operation.name == "gelu" else 1e-15, abs=0.0)
        assert operation.local(0, out, [x]) == pytest.approx(slope, rel=1e-13, abs=1e-16)
        assert not math.isnan(out)


NARY = [operation for operation in TABLE.values() if operation.arity is None]


@pytest.mark.parametrize("operation", NARY, ids=[operation.name for operation in NARY])
@given(st.data())
def test_local_derivatives_of_a_finite_result_are_finite(operation: Operation, data: st.DataObject) -> None:
    """Of any number of operands: `backward` passes by those that nothing flows to, and 0 times inf is NaN."""
    anything = st.floats() | st.sampled_from([0.0, 1e308, -1e308, math.inf, -math.inf, math.nan])
    x = data.draw(st.lists(anything, min_size=1, max_size=7))
    try:
        out = operation.evaluate(x)
    except ValueError:  # not so many operands
        return
    if math.isfinite(out):
        assert all(math.isfinite(slope) for slope in operation.slopes(out, x))


@pytest.mark.parametrize("edge", [math.inf, math.nan])
def test_nothing_times_what_is_not_finite_is_nan(edge: float) -> None:
    """Behind a dead ReLU, too."""
    w, x = Value(edge), Value(1.0)
    J = 0 * TABLE["dot"](w, x, w, x)
    J.backward()
    assert math.isnan(x.grad)
    assert (w.grad, J.operands[1].grad) == (0.0, 0.0)
