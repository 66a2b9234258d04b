"""Backprop on random graphs, against everything that can compute a derivative without it.

The witnesses are central differences; forward mode over the recorded local derivatives; and dual numbers,
which know nothing of the engine's rules: in floating point, in exact rationals and with 50 digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import given

from micrograd_dl import grad, paths, topological_order
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.testing import Graph, assert_gradients_match, graphs

POLYNOMIAL = [TABLE[name] for name in ("add", "sub", "mul", "neg", "sum", "dot", "affine")]


class Dual:
    """x + x'ε with ε² = 0: a number and its derivative, in one arithmetic or another.

    The formulas stand here for themselves, in other forms than in the table where there are others. What is
    not among them is computed by its definition.
    """

    def __init__(self, x: Any, slope: Any) -> None:
        self.x, self.slope = x, slope

    @classmethod
    def lift(cls, x: Any) -> Dual:
        return x if isinstance(x, cls) else cls(cls.exact(x), cls.exact(0))

    # The arithmetic, which subclasses change.
    exact: Callable[[Any], Any] = float
    functions: Any = math

    @classmethod
    def apply_operation(cls, operation: Operation, operands: Sequence[Any]) -> Dual:
        formula = getattr(cls, f"_{operation.name}", None)
        if formula is not None:
            found: Dual = formula(*map(cls.lift, operands))
            return found
        assert operation.definition is not None, f"write a formula for {operation.name} here"
        return cls.lift(operation.definition(*map(cls.lift, operands)))

    def _add(self, other: Dual) -> Dual:
        return type(self)(self.x + other.x, self.slope + other.slope)

    def _neg(self) -> Dual:
        return type(self)(-self.x, -self.slope)

    def _sub(self, other: Dual) -> Dual:
        return self._add(other._neg())

    def _mul(self, other: Dual) -> Dual:
        return type(self)(self.x * other.x, self.x * other.slope + self.slope * other.x)

    def _div(self, other: Dual) -> Dual:
        slope = (self.slope * other.x - self.x * other.slope) / (other.x * other.x)
        return type(self)(self.x / other.x, slope)

    def _exp(self) -> Dual:
        return type(self)(self.functions.exp(self.x), self.functions.exp(self.x) * self.slope)

    def _log(self) -> Dual:
        return type(self)(self.functions.log(self.x), self.slope / self.x)

    def _sqrt(self) -> Dual:
        root = self.functions.sqrt(self.x)
        return type(self)(root, self.slope * root / (2 * self.x))

    def _tanh(self) -> Dual:
        return type(self)(self.functions.tanh(self.x), self.slope / self.functions.cosh(self.x) ** 2)

    def _softplus(self) -> Dual:
        # Not by its definition: in floats log(1 + e^-40) is 0.
        e = self.functions.exp(-abs(self.x))
        out = max(self.x, self.exact(0)) + self.functions.log1p(e)
        return type(self)(out, self.slope * (e if self.x < 0 else 1) / (1 + e))

    def _sin(self) -> Dual:
        return type(self)(self.functions.sin(self.x), self.functions.cos(self.x) * self.slope)

    def _cos(self) -> Dual:
        return type(self)(self.functions.cos(self.x), -self.functions.sin(self.x) * self.slope)

    def _pow(self, other: Dual) -> Dual:
        power = self.x**other.x
        # 0 ** y is 0 for all y around.
        slope = other.slope * self.functions.log(self.x) * power if other.slope and self.x else self.exact(0)
        if self.slope and other.x:
            slope += self.slope * other.x * self.x ** (other.x - 1)
        return type(self)(power, slope)

    def _power_slope(self, other: Dual) -> Dual:
        return other._mul(self._pow(other._sub(self.lift(1))))

    def _maximum(self, other: Dual) -> Dual:
        return self if self.x > other.x else other

    def _minimum(self, other: Dual) -> Dual:
        return self if self.x < other.x else other

    def _at_least(self, other: Dual) -> Dual:
        return self.lift(1 if self.x >= other.x else 0)

    def _above(self, other: Dual) -> Dual:
        return self.lift(1 if self.x > other.x else 0)

    def _sign(self) -> Dual:
        return self.lift(1 if self.x > 0 else -1)

    def _log_for_power(self) -> Dual:
        return self._log()

    # What definitions write with signs.
    def __add__(self, other: Any) -> Dual:
        return self._add(self.lift(other))

    __radd__ = __add__

    def __mul__(self, other: Any) -> Dual:
        return self._mul(self.lift(other))

    __rmul__ = __mul__

    def __rtruediv__(self, other: Any) -> Dual:
        return self.lift(other)._div(self)

    __neg__ = _neg


class RationalDual(Dual):
    exact = Fraction
    functions = None


class PreciseDual(Dual):
    exact = mpmath.mpf
    functions = mpmath


def in_forward_mode(graph: Graph, dual: type[Dual]) -> tuple[Any, list[Any]]:
    """The result and its derivative by each leaf, a pass for each."""
    found = []
    for leaf in range(len(graph.leaves)):
        start = [dual(dual.exact(x), dual.exact(int(i == leaf))) for i, x in enumerate(graph.numbers)]
        found.append(graph(*start))
    return found[0].x, [result.slope for result in found]


def close(exact: Any, got: float, size: float) -> bool:
    """Equal up to the rounding of terms of that size."""
    return math.isclose(float(exact), got, rel_tol=1e-10, abs_tol=1e-10 * size)


def sizes(graph: Graph) -> list[float]:
    """For each leaf the sum over all paths of the absolute products, more than which no terms can cancel."""
    found = []
    for leaf in graph.leaves:
        reach = {leaf: 1.0}
        for node in topological_order(graph.root):
            if node is not leaf:
                edges = zip(node.operands, node.slopes, strict=True)
                reach[node] = sum(abs(slope) * reach[parent] for parent, slope in edges)
        found.append(1.0 + reach[graph.root])
    return found


def assert_close(graph: Graph, expected: Sequence[Any]) -> None:
    got = grad(graph.root, graph.leaves)
    for slope, exact, size in zip(got, expected, sizes(graph), strict=True):
        assert close(exact, slope, size), f"expected {float(exact)!r}, got {slope!r}"


@given(graphs())
def test_against_differences(graph: Graph) -> None:
    assert_gradients_match(graph, *graph.numbers)


@given(graphs())
def test_against_the_sum_over_paths(graph: Graph) -> None:
    for leaf in graph.leaves:
        assert paths(graph.root, leaf, limit=1).agrees


@given(graphs())
def test_against_dual_numbers_of_50_digits(graph: Graph) -> None:
    with mpmath.workdps(50):
        result, slopes = in_forward_mode(graph, PreciseDual)
        assert graph.root.data == pytest.approx(float(result), rel=1e-11, abs=1e-11)
        assert_close(graph, slopes)


@given(graphs(POLYNOMIAL))
def test_against_exact_rationals(graph: Graph) -> None:
    result, slopes = in_forward_mode(graph, RationalDual)
    assert isinstance(result, Fraction)
    assert graph.root.data == pytest.approx(float(result), rel=1e-12, abs=1e-12)
    assert_close(graph, slopes)


@given(graphs())
def test_the_gradient_of_an_expanded_graph(graph: Graph) -> None:
    """Every node that can be is replaced by its definition."""
    nodes: list[Any] = [Value(x) for x in graph.numbers]
    leaves = list(nodes)
    for operation, operands in graph.program:
        node = operation(*(nodes[x] if isinstance(x, int) else x for x in operands))
        nodes.append(node.expand())
    for got, exact, size in zip(
        grad(nodes[-1], leaves), grad(graph.root, graph.leaves), sizes(graph), strict=True
    ):
        assert close(exact, got, size)
