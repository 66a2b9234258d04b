"""The same graphs in PyTorch, where it is installed: results, gradients and slopes at kinks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl import grad, slope_at_kink
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.testing import Graph, graphs, operands

torch: Any = pytest.importorskip("torch", reason="compared with PyTorch, in the extra torch")


def counterpart(operation: Operation) -> Callable[..., Any] | None:
    """PyTorch's function of the same name; for operations on any number of operands, their definition."""
    if operation.arity is None:
        return operation.definition
    for module in (torch, torch.nn.functional):
        if hasattr(module, operation.name):
            return cast("Callable[..., Any]", getattr(module, operation.name))
    return None


# PyTorch's softplus is linear above 20, its where takes booleans, and its helpers for rules have other names.
SHARED = [op for op in TABLE.values() if counterpart(op) is not None and op.name not in ("softplus", "where")]


class Tensor:
    """A tensor that the table takes for an operand."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    @staticmethod
    def apply_operation(operation: Operation, operands: Sequence[Any]) -> Tensor:
        function = counterpart(operation)
        assert function is not None
        if operation.arity is None:
            return cast("Tensor", function(*map(Tensor.lift, operands)))
        return Tensor(function(*[Tensor.lift(x).tensor for x in operands]))

    @staticmethod
    def lift(x: Any) -> Tensor:
        return x if isinstance(x, Tensor) else Tensor(torch.tensor(x, dtype=torch.float64))

    def __add__(self, other: Any) -> Tensor:
        return Tensor(self.tensor + self.lift(other).tensor)

    def __mul__(self, other: Any) -> Tensor:
        return Tensor(self.tensor * self.lift(other).tensor)


def in_torch(f: Callable[..., Any], numbers: Sequence[float]) -> tuple[float, list[float]]:
    """The result of f and its gradient, 0 by what it does not depend on."""
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    root = f(*map(Tensor, leaves)).tensor
    root.backward()
    return root.item(), [0.0 if leaf.grad is None else leaf.grad.item() for leaf in leaves]


@pytest.fixture
def slope_of_pytorch() -> Iterator[None]:
    with slope_at_kink("left"):
        yield


def test_most_operations_are_shared() -> None:
    assert len(SHARED) > 18


@given(graphs(SHARED))
def test_random_graphs(graph: Graph) -> None:
    result, gradient = in_torch(graph, graph.numbers)
    assert graph.root.data == pytest.approx(result, rel=1e-12, abs=1e-12)
    assert grad(graph.root, graph.leaves) == pytest.approx(gradient, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("operation", SHARED, ids=lambda operation: operation.name)
@given(data=st.data())
def test_operations(operation: Operation, data: st.DataObject) -> None:
    point = data.draw(operands(operation))
    result, gradient = in_torch(operation, point)
    leaves = [Value(x) for x in point]
    node = operation(*leaves)
    assert node.data == pytest.approx(result, rel=1e-14, abs=1e-14)
    assert grad(node, leaves) == pytest.approx(gradient, rel=1e-12, abs=1e-14)


@pytest.mark.usefixtures("slope_of_pytorch")
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "abs"])
@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, -1.0])
def test_slopes_at_kinks_with_the_switch(name: str, x: float) -> None:
    leaf = Value(x)
    _, [expected] = in_torch(TABLE[name], [x])
    assert grad(TABLE[name](leaf), [leaf]) == [pytest.approx(expected, rel=1e-15)]


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_slopes_at_kinks_without_it_are_the_courses(name: str) -> None:
    leaf = Value(0.0)
    _, [theirs] = in_torch(TABLE[name], [0.0])
    assert grad(TABLE[name](leaf), [leaf]) == [1.0]
    assert theirs != 1.0
