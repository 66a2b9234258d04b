"""Every engine that can build a graph of scalars node by node, behind one face.

An engine is imported where it is made: the process that measures one holds nothing of the others.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from benchmarks.graphs import Graph

Function = Callable[[Any], Any]


def affine(w: Sequence[Any], x: Sequence[Any], b: Any) -> Any:
    """A neuron's weighted sum, node by node, as micrograd writes it."""
    return sum((wj * xj for wj, xj in zip(w, x, strict=True)), b)


def total(values: Sequence[Any]) -> Any:
    """The sum of all, node by node."""
    return sum(values[1:], values[0])


def squares(values: Sequence[Any]) -> Any:
    """The sum of their squares, node by node."""
    return total([x * x for x in values])


class Engine:
    """A kind of number that remembers; ``backward(build(graph, leaves))`` is what is measured."""

    networks = ""  # the module with a class MLP, if there is one

    affine, total, squares = staticmethod(affine), staticmethod(total), staticmethod(squares)

    def __init__(self, leaf: Function, constant: Function, relu: Function, tanh: Function) -> None:
        self.leaf, self.constant, self.relu, self.tanh = leaf, constant, relu, tanh
        self._network: Any = None

    def network(self, sizes: Sequence[int], leaves: Sequence[Any]) -> Any:
        """The package's own network, with ReLU in hidden layers, made once; its parameters are the leaves."""
        if self._network is None:
            self._network = importlib.import_module(self.networks).MLP(sizes[0], list(sizes[1:]))
            rest = iter(leaves)
            for layer in self._network.layers:
                for neuron in layer.neurons:
                    neuron.w, neuron.b = [next(rest) for _ in neuron.w], next(rest)
        return self._network

    def build(self, graph: Graph, leaves: Sequence[Any]) -> Any:
        """The result, with the graph that it remembers."""
        return graph.run(self, leaves)

    def backward(self, J: Any) -> None:
        """Backpropagation."""
        J.backward()

    def descend(self, leaves: Sequence[Any], alpha: float) -> None:
        """A step of gradient descent, and gradients of 0 for the next."""
        for leaf in leaves:
            leaf.data -= alpha * leaf.grad
            leaf.grad = 0.0

    def data(self, J: Any) -> float:
        """The number of a result."""
        return float(J.data)

    def gradients(self, leaves: Sequence[Any]) -> list[float]:
        """The gradient by each leaf, after one backward pass."""
        return [float(leaf.grad) for leaf in leaves]


class Ours(Engine):
    """micrograd_dl, no fused nodes."""

    networks = "micrograd_dl.nn"

    def __init__(self) -> None:
        value = importlib.import_module("micrograd_dl.engine.value").Value
        super().__init__(value, value.constant, value.relu, value.tanh)


class OursFused(Ours):
    """micrograd_dl as its `nn` does it: a neuron's weighted sum is one node, and so are sums."""

    def __init__(self) -> None:
        super().__init__()
        functions = importlib.import_module("micrograd_dl.engine.functions")
        self.affine, self.total = functions.affine, functions.sum
        self.squares = lambda values: functions.dot(values, values)


class Tuples(Engine):
    """A Value in the manner of microGPT."""

    def __init__(self) -> None:
        value = importlib.import_module("benchmarks.tuples").Value
        super().__init__(value, value, value.relu, value.tanh)


class Micrograd(Engine):
    """The package micrograd. It has no tanh: this one is written as its ReLU is."""

    networks = "micrograd.nn"

    def __init__(self) -> None:
        value = importlib.import_module("micrograd.engine").Value

        def tanh(x: Any) -> Any:
            t = math.tanh(x.data)
            out = value(t, (x,), "tanh")

            def _backward() -> None:
                x.grad += (1 - t * t) * out.grad

            out._backward = _backward
            return out

        super().__init__(value, value, value.relu, tanh)


class PyTorch(Engine):
    """PyTorch's 0-dimensional tensors, in double precision."""

    def __init__(self) -> None:
        torch = importlib.import_module("torch")
        torch.set_num_threads(1)  # there is nothing to share

        constant = partial(torch.tensor, dtype=torch.float64)
        super().__init__(partial(constant, requires_grad=True), constant, torch.relu, torch.tanh)
        self._no_grad = torch.no_grad

    def descend(self, leaves: Sequence[Any], alpha: float) -> None:
        """The same, in place."""
        with self._no_grad():
            for leaf in leaves:
                leaf.sub_(leaf.grad, alpha=alpha)
                leaf.grad = None


class MyGrad(Engine):
    """The package MyGrad."""

    def __init__(self) -> None:
        mg = importlib.import_module("mygrad")
        relu = importlib.import_module("mygrad.nnet").relu
        super().__init__(mg.tensor, partial(mg.tensor, constant=True), relu, mg.tanh)


class Autograd(Engine):
    """The package autograd (HIPS): the program is a function of all leaves, unpacked once."""

    def __init__(self) -> None:
        self._make_vjp = importlib.import_module("autograd").make_vjp
        anp = importlib.import_module("autograd.numpy")
        self._gradients: Sequence[float] = ()
        super().__init__(float, float, lambda x: anp.maximum(0.0, x), anp.tanh)

    def build(self, graph: Graph, leaves: Sequence[Any]) -> Any:
        """The function that backpropagates, and the number."""
        return self._make_vjp(lambda boxes: graph.run(self, list(boxes)))(list(leaves))

    def backward(self, J: Any) -> None:
        """Backpropagation."""
        self._gradients = J[0](1.0)

    def data(self, J: Any) -> float:
        """The number of a result."""
        return float(J[1])

    def gradients(self, leaves: Sequence[Any]) -> list[float]:
        """As the last backward pass gave them."""
        del leaves
        return [float(g) for g in self._gradients]


OURS, FUSED = "micrograd_dl, node by node", "micrograd_dl, fused neurons"
TUPLES = "two tuples a node (microGPT)"
ENGINES: dict[str, Callable[[], Engine]] = {
    FUSED: OursFused,
    OURS: Ours,
    TUPLES: Tuples,
    "micrograd": Micrograd,
    "PyTorch, 0-dimensional": PyTorch,
    "MyGrad": MyGrad,
    "autograd (HIPS)": Autograd,
}
# Those that have no network to call; fused neurons are what that of micrograd_dl is made of anyway.
WITHOUT_NETWORKS = (FUSED, TUPLES, "PyTorch, 0-dimensional", "MyGrad", "autograd (HIPS)")
