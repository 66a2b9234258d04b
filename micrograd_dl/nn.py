"""Neurons, layers and networks of Values: each of their numbers can be drawn, stepped through and explained.

>>> model = MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)
>>> model
MLP(2 -> 3 tanh -> 1 sigmoid; logistic loss; 13 parameters)
>>> J = model.cost([[0.0, 1.0], [1.0, 1.0]], [[1, 0]])
>>> J.backward()
>>> len(model.parameters()), model.layers[0].neurons[0].w[0].label
(13, 'W1[1,1]')
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl import ops
from micrograd_dl.activations import Activation, activation
from micrograd_dl.functions import affine
from micrograd_dl.initialisers import Weights, default_initialiser
from micrograd_dl.network import Array, Network, Pass
from micrograd_dl.value import Operand, Value


class Neuron:
    """One unit: ``z = w1 x1 + ... + b`` and ``a = g(z)`` (course, section 4).

    Args:
        n_in: the number of inputs.
        activation: g; any but softmax, which is of a whole layer.
        w, b: initial weights and bias; by default drawn to suit the activation, and 0.
        seed: of the weights.
        expanded: write z as multiplications and additions instead of one node; the numbers are the same.

    >>> house = Neuron(1, "relu", w=[0.2], b=50)
    >>> house([1000.0]).data
    250.0
    """

    def __init__(
        self,
        n_in: int,
        activation: str | Activation = "relu",
        *,
        w: Sequence[float] | None = None,
        b: float = 0.0,
        seed: int = 0,
        expanded: bool = False,
    ) -> None:
        self.activation = _unit_activation(activation)
        if w is None:
            w = default_initialiser(self.activation)(np.random.default_rng(seed), 1, n_in)[0]
        if len(w) != n_in or n_in < 1:
            raise ValueError(f"a neuron takes one weight an input: {n_in} inputs, {len(w)} weights")
        self.w = [Value(float(x), f"w{j}") for j, x in enumerate(w, 1)]
        self.b = Value(b, "b")
        self.expanded = expanded

    def z(self, x: Sequence[Operand]) -> Value:
        """The weighted sum of n inputs.

        Raises:
            ValueError: their number is wrong.
        """
        if len(x) != len(self.w):
            raise ValueError(f"this neuron takes {len(self.w)} inputs, got {len(x)}")
        z: Value = affine(self.w, x, self.b)
        return z.expand() if self.expanded else z

    def __call__(self, x: Sequence[Operand]) -> Value:
        """The activation of n inputs."""
        a: Value = self.activation.of([self.z(x)])[0]
        return a

    def parameters(self) -> list[Value]:
        """w1 ... wn, then b."""
        return [*self.w, self.b]

    def zero_grad(self) -> None:
        """Set every parameter's gradient to 0."""
        for p in self.parameters():
            p.zero_grad()

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)} -> {self.activation.name})"


class Layer:
    """Units side by side, on the same inputs.

    Args:
        n_in, n_out: the numbers of inputs and of units.
        activation: any.
        weights: ``(n_out, n_in)``; by default drawn to suit the activation.
        number: of the layer in its network, for the labels ``W1[2,3]``: the weight of unit 2 for input 3.
        seed: of the weights.
        expanded: see Neuron.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: str | Activation = "relu",
        *,
        weights: Weights | None = None,
        number: int = 1,
        seed: int = 0,
        expanded: bool = False,
    ) -> None:
        self.activation = _activation(activation)
        if weights is None:
            weights = default_initialiser(self.activation)(np.random.default_rng(seed), n_out, n_in)
        self.number = number
        self.neurons = [Neuron(n_in, "linear", w=row, expanded=expanded) for row in weights]
        for i, neuron in enumerate(self.neurons, 1):
            for j, w in enumerate(neuron.w, 1):
                w.label = f"W{number}[{i},{j}]"
            neuron.b.label = f"b{number}[{i}]"

    def z(self, x: Sequence[Operand]) -> list[Value]:
        """Each unit's weighted sum."""
        z = [neuron.z(x) for neuron in self.neurons]
        for i, unit in enumerate(z, 1):
            unit.label = f"z{self.number}[{i}]"
        return z

    def activate(self, z: Sequence[Value]) -> list[Value]:
        """Each unit's activation."""
        a = self.activation.of(z)
        if self.activation.name != "linear":
            for i, unit in enumerate(a, 1):
                unit.label = f"a{self.number}[{i}]"
        return a

    def __call__(self, x: Sequence[Operand]) -> list[Value]:
        """The activations for n inputs."""
        return self.activate(self.z(x))

    def parameters(self) -> list[Value]:
        """The parameters of each unit in turn."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def zero_grad(self) -> None:
        """Set every parameter's gradient to 0."""
        for p in self.parameters():
            p.zero_grad()

    def __repr__(self) -> str:
        return f"Layer({len(self.neurons[0].w)} -> {len(self.neurons)} {self.activation.name})"


class MLP(Network):
    """A multilayer perceptron of Values; see :class:`~micrograd_dl.network.Network` for its arguments.

    ``model(x)`` on a list of numbers or Values gives the outputs, a single one by itself, as micrograd does.
    With ``expanded=True`` every weighted sum is written as multiplications and additions, with the same
    numbers.

    >>> model = MLP(3, [4, 4, 1])
    >>> isinstance(model([2.0, 3.0, -1.0]), Value)
    True
    """

    def __init__(self, *args: Any, expanded: bool = False, **kwargs: Any) -> None:
        self.expanded = expanded
        super().__init__(*args, **kwargs)

    def _create(self, weights: Sequence[Weights]) -> None:
        self.layers = [
            Layer(W.shape[1], W.shape[0], g, weights=W, number=l, expanded=self.expanded)
            for l, (W, g) in enumerate(zip(weights, self.activations, strict=True), 1)
        ]

    def __call__(self, x: Sequence[Operand]) -> Value | list[Value]:
        """The outputs for one example, n_x numbers or Values."""
        a: Sequence[Operand] = x
        for layer in self.layers:
            a = layer(a)
        outputs = [unit if isinstance(unit, Value) else Value(unit) for unit in a]
        return outputs[0] if len(outputs) == 1 else outputs

    def activations_of(self, x: Sequence[Operand]) -> Iterator[tuple[list[Value], list[Value]]]:
        """z and a of each layer in turn for one example."""
        # One constant an input, shared by all units of the first layer.
        a: Sequence[Operand] = [unit if isinstance(unit, Value) else Value.constant(unit) for unit in x]
        for layer in self.layers:
            z = layer.z(a)
            a = layer.activate(z)
            yield z, a

    def cost(self, X: ArrayLike, Y: ArrayLike) -> Value:
        """The cost J over the m examples as a Value, with the whole graph to draw or step through."""
        return self._graph(X, Y)[0]

    def _graph(self, X: ArrayLike, Y: ArrayLike) -> tuple[Value, list[list[tuple[list[Value], list[Value]]]]]:
        """The cost, and z and a of every layer for every example."""
        X, Y = self.require_examples(X, Y)
        examples = [list(self.activations_of(x)) for x in X.T.tolist()]
        m = len(examples)
        if m > 1:
            _number_examples(examples)
        losses = [self.loss.of(*layers[-1], y) for layers, y in zip(examples, Y.T.tolist(), strict=True)]
        J = (losses[0] if m == 1 else ops.sum(*losses)) / m
        weights = [w for layer in self.layers for neuron in layer.neurons for w in neuron.w]
        if self.l2:
            J = J + self.l2 / (2 * m) * ops.sum(*(w * w for w in weights))
        if self.l1:
            J = J + self.l1 / (2 * m) * ops.sum(*(abs(w) for w in weights))
        J.label = "J"
        return J, examples

    def cost_and_grad(self, X: ArrayLike, Y: ArrayLike) -> float:
        """See :meth:`Network.cost_and_grad`."""
        self.zero_grad()
        J = self.cost(X, Y)
        J.backward()
        return J.data

    def record(self, X: ArrayLike, Y: ArrayLike) -> Pass:
        """See :meth:`Network.record`."""
        self.zero_grad()
        J, examples = self._graph(X, Y)
        J.backward()
        m = len(examples)

        def array(which: int, l: int, what: str, scale: int = 1) -> Array:
            return np.array(
                [[scale * getattr(unit, what) for unit in layers[l][which]] for layers in examples]
            ).T

        L = range(len(self.layers))
        dW, db = (list(part) for part in zip(*self.layers_grad(), strict=True))
        return Pass(
            J.data,
            [array(0, l, "data") for l in L],
            [array(1, l, "data") for l in L],
            [array(0, l, "grad", m) for l in L],
            dW,
            db,
            lambda what, l, i, k: examples[k][l - 1][what == "A"][i],
        )

    def forward(self, X: ArrayLike) -> Array:
        """See :meth:`Network.forward`."""
        X, _ = self.require_examples(X)
        columns = [[float(a) for a in list(self.activations_of(x))[-1][1]] for x in X.T.tolist()]
        return np.array(columns).T

    def parameters(self) -> list[Value]:
        """The weights and bias of each unit, layer by layer."""
        return [p for layer in self.layers for p in layer.parameters()]

    def zero_grad(self) -> None:
        """Set every parameter's gradient to 0."""
        for p in self.parameters():
            p.zero_grad()

    def layers_data(self) -> list[tuple[Array, Array]]:
        """See :meth:`Network.layers_data`."""
        return self._arrays("data")

    def layers_grad(self) -> list[tuple[Array, Array]]:
        """See :meth:`Network.layers_grad`."""
        return self._arrays("grad")

    def set_layers_data(self, layers: Sequence[tuple[ArrayLike, ArrayLike]]) -> None:
        """See :meth:`Network.set_layers_data`."""
        arrays = [(np.asarray(W), np.asarray(b)) for W, b in layers]
        self.require_layers(arrays)
        for layer, (W, b) in zip(self.layers, arrays, strict=True):
            for neuron, row, bias in zip(layer.neurons, W.tolist(), b[:, 0].tolist(), strict=True):
                neuron.b.data = float(bias)
                for w, x in zip(neuron.w, row, strict=True):
                    w.data = float(x)

    def _arrays(self, what: str) -> list[tuple[Array, Array]]:
        return [
            (
                np.array([[getattr(w, what) for w in neuron.w] for neuron in layer.neurons]),
                np.array([[getattr(neuron.b, what)] for neuron in layer.neurons]),
            )
            for layer in self.layers
        ]


def _number_examples(examples: Sequence[Sequence[tuple[list[Value], list[Value]]]]) -> None:
    """Append the example's number to the labels of z and a, as the course writes z^[1](3)."""
    for k, layers in enumerate(examples, 1):
        for z, a in layers:
            for unit in dict.fromkeys([*z, *a]):
                unit.label += f"({k})"


def _activation(name: str | Activation) -> Activation:
    return activation(name)


def _unit_activation(name: str | Activation) -> Activation:
    found = activation(name)
    if found.name == "softmax":
        raise ValueError("softmax is of a whole layer: use Layer(n_in, n_out, 'softmax')")
    return found
