"""Neurons and layers of Values: each of their numbers can be drawn, stepped through and explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_dl.engine.functions import affine, affine_of_units, dot
from micrograd_dl.engine.value import Operand, Value
from micrograd_dl.nn.activations import Activation, activation
from micrograd_dl.nn.initialisers import Weights, default_initialiser


class Module:
    """Anything with parameters; a base class for users' own networks, as in micrograd."""

    def parameters(self) -> list[Value]:
        """The Values to train; none, unless a subclass says otherwise."""
        return []

    def zero_grad(self) -> None:
        """Set every parameter's gradient to 0."""
        for p in self.parameters():
            p.grad = 0.0


class Neuron(Module):
    """One unit: ``z = w1 x1 + ... + b`` and ``a = g(z)`` (course, section 4).

    Args:
        activation: g; any but softmax, which is of a whole layer.
        nonlin: False for no activation, as micrograd writes it.
        w, b: initial weights and bias; by default drawn to suit the activation, and 0.
        seed: decides the weights; without one they differ from unit to unit.
        expanded: write z as multiplications and additions instead of one node; the numbers are the same.
        bias: whether there is a b; without, it stays 0 and is no parameter.

    >>> house = Neuron(1, "relu", w=[0.2], b=50)
    >>> house([1000.0]).data
    250.0
    """

    def __init__(
        self, n_in: int, activation: str | Activation = "relu", *, nonlin: bool = True,
        w: Sequence[float] | None = None, b: float = 0.0, seed: int | None = None, expanded: bool = False,
        bias: bool = True,
    ) -> None:  # fmt: skip
        self.activation = _activation(activation, nonlin)
        if self.activation.name == "softmax":
            raise ValueError("softmax is of a whole layer: use Layer(n_in, n_out, 'softmax')")
        if n_in < 1:
            raise ValueError(f"a neuron takes one input at least, not {n_in}")
        if w is None:
            w = default_initialiser(self.activation)(np.random.default_rng(seed), 1, n_in)[0]
        if len(w) != n_in:
            raise ValueError(f"a neuron takes one weight an input: {n_in} inputs, {len(w)} weights")
        self.w = [Value(float(x), f"w{j}") for j, x in enumerate(w, 1)]
        self.b = Value(b, "b")
        self.expanded = expanded
        self.bias = bias

    def z(self, x: Sequence[Operand]) -> Value:
        """The weighted sum of n inputs.

        ValueError if their number is wrong.
        """
        if len(x) != len(self.w):
            raise ValueError(f"this neuron takes {len(self.w)} inputs, got {len(x)}")
        z: Value = affine(self.w, x, self.b) if self.bias else dot(self.w, x)
        return z.expand() if self.expanded else z

    def __call__(self, x: Sequence[Operand]) -> Value:
        """The activation of n inputs."""
        a: Value = self.activation.of([self.z(x)])[0]
        return a

    def parameters(self) -> list[Value]:
        """w1 ... wn, then b if there is one."""
        return [*self.w, self.b] if self.bias else list(self.w)

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)} -> {self.activation.name})"


class Layer(Module):
    """Units side by side, on the same inputs.

    Args:
        activation, nonlin, seed, expanded, bias: as for a Neuron.
        weights: ``(n_out, n_in)``; by default drawn to suit the activation.
        number: the layer's number, for labels: ``W1[2,3]`` is the weight of unit 2 for input 3.
        scaled: whether z is to be normalised, and each unit has a gamma, at first 1, and a beta, at first 0.

    ValueError if a size is below 1, the weights have another shape, or there is no such activation.
    """

    def __init__(
        self, n_in: int, n_out: int, activation: str | Activation = "relu", *, nonlin: bool = True,
        weights: Weights | None = None, number: int = 1, seed: int | None = None, expanded: bool = False,
        bias: bool = True, scaled: bool = False,
    ) -> None:  # fmt: skip
        self.activation = _activation(activation, nonlin)
        if n_in < 1 or n_out < 1:
            raise ValueError(f"a layer takes one input and one unit at least, not {n_in} and {n_out}")
        if weights is None:
            weights = default_initialiser(self.activation)(np.random.default_rng(seed), n_out, n_in)
        if np.shape(weights) != (n_out, n_in):
            raise ValueError(f"the weights are {np.shape(weights)}, {(n_out, n_in)} is wanted: a row a unit")
        self.number = number
        self.neurons = [Neuron(n_in, "linear", w=row, expanded=expanded, bias=bias) for row in weights]
        self._z_labels = [f"z{number}[{i}]" for i in range(1, n_out + 1)]
        self._a_labels = [f"a{number}[{i}]" for i in range(1, n_out + 1)]
        units = range(1, n_out + 1) if scaled else ()
        self.gamma = [Value(1.0, f"gamma{number}[{i}]") for i in units]
        self.beta = [Value(0.0, f"beta{number}[{i}]") for i in units]
        for i, neuron in enumerate(self.neurons, 1):
            for j, w in enumerate(neuron.w, 1):
                w.label = f"W{number}[{i},{j}]"
            neuron.b.label = f"b{number}[{i}]"

    def z(self, x: Sequence[Operand]) -> list[Value]:
        """Each unit's weighted sum."""
        first = self.neurons[0]
        if first.bias and not first.expanded and len(x) == len(first.w):
            rows, b = [neuron.w for neuron in self.neurons], [neuron.b for neuron in self.neurons]
            z = affine_of_units(rows, x, b)
        else:
            z = [neuron.z(x) for neuron in self.neurons]
        return _labelled(z, self._z_labels)

    def scale(self, z_norm: Sequence[Value]) -> list[Value]:
        """``gamma z_norm + beta`` of each unit."""
        scaled = [gamma * z + beta for gamma, z, beta in zip(self.gamma, z_norm, self.beta, strict=True)]
        for i, (z, unit) in enumerate(zip(z_norm, scaled, strict=True), 1):
            z.label, unit.label = f"z_norm{self.number}[{i}]", f"z_tilde{self.number}[{i}]"
        return scaled

    def drop(self, a: Sequence[Value], mask: Sequence[float]) -> list[Value]:
        """Each activation times its number of dropout's mask."""
        dropped = [unit * d for unit, d in zip(a, mask, strict=True)]
        if self.activation.name != "linear":
            _labelled([*a], [f"g{self.number}[{i}]" for i in range(1, len(a) + 1)])
        return _labelled(dropped, self._a_labels)

    def activate(self, z: Sequence[Value]) -> list[Value]:
        """Each unit's activation."""
        a = self.activation.of(z)
        return a if self.activation.name == "linear" else _labelled(a, self._a_labels)

    def __call__(self, x: Sequence[Operand]) -> Any:
        """The activations for n inputs, a list of Values; a single unit gives its Value, as in micrograd."""
        a = self.activate(self.z(x))
        return a[0] if len(a) == 1 else a

    def parameters(self) -> list[Value]:
        """The parameters of each unit in turn, then gamma and beta."""
        return [p for neuron in self.neurons for p in neuron.parameters()] + self.gamma + self.beta

    def __repr__(self) -> str:
        return f"Layer({len(self.neurons[0].w)} -> {len(self.neurons)} {self.activation.name})"


def _activation(chosen: str | Activation, nonlin: bool) -> Activation:
    return activation(chosen if nonlin else "linear")


def _labelled(units: list[Value], labels: Sequence[str]) -> list[Value]:
    for unit, label in zip(units, labels, strict=True):
        unit.label = label
    return units
