"""Neurons, layers and networks of Values: each of their numbers can be drawn, stepped through and explained.

>>> model = MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)
>>> model
MLP(2 -> 3 tanh -> 1 sigmoid; logistic loss; 13 parameters, seed 1)
>>> J = model.cost([[0.0, 1.0], [1.0, 1.0]], [[1, 0]])
>>> J.backward()
>>> len(model.parameters()), model.layers[0].neurons[0].w[0].label
(13, 'W1[1,1]')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.engine import ops
from micrograd_dl.engine.value import Operand, Value
from micrograd_dl.foundation.kink_side import slope_at_kink
from micrograd_dl.foundation.tracebacks import fold
from micrograd_dl.nn.activations import Activation
from micrograd_dl.nn.losses import Loss, LossName
from micrograd_dl.nn.network import Array, Network, Options, Pass
from micrograd_dl.nn.neurons import Layer, Neuron
from micrograd_dl.nn.normalisation import normalised
from micrograd_dl.nn.regularisers import REGULARISERS

__all__ = ["MLP", "Layer", "Neuron"]


@dataclass(slots=True, eq=False)
class LayerPass:
    """A layer's numbers for each example: weighted sums z, z_norm if it is normalised, output a."""

    z: list[list[Value]]
    z_norm: list[list[Value]] | None
    a: list[list[Value]]

    def array(self, which: str, what: str = "data") -> Array:
        """``"z"``, ``"z_norm"`` or ``"a"``, ``(n[l], m)``, or its derivatives."""
        return np.array([[getattr(unit, what) for unit in units] for units in getattr(self, which)]).T

    def statistics(self) -> Sequence[Array]:
        """The mean and the variance of each unit's z over the examples, ``(n[l], 1)``."""
        Z = self.array("z")
        with np.errstate(over="ignore", invalid="ignore"):
            return Z.mean(axis=1, keepdims=True), Z.var(axis=1, keepdims=True)


class MLP(Network):
    """A multilayer perceptron of Values; see :class:`~micrograd_dl.nn.network.Network` for its arguments.

    ``model(x)`` on a list of numbers or Values gives the outputs, a single one by itself, as micrograd does.
    With ``expanded=True`` every weighted sum is written as multiplications and additions.

    >>> model = MLP(3, [4, 4, 1])
    >>> isinstance(model([2.0, 3.0, -1.0]), Value)
    True
    """

    def __init__(
        self,
        n_x: int,
        sizes: Sequence[int],
        activations: str | Sequence[str | Activation] | None = None,
        loss: LossName | Loss | None = None,
        *,
        expanded: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(n_x, sizes, activations, loss, **options)
        self.expanded = expanded
        self.layers = []
        for l, W in enumerate(self.initial_weights(), 1):
            g, kind = self.activations[l - 1], self.normalisations[l - 1]
            form = {"expanded": expanded, "bias": kind != "batch", "scaled": kind is not None}
            self.layers.append(Layer(W.shape[1], W.shape[0], g, weights=W, number=l, **form))

    def __call__(self, x: Sequence[Operand]) -> Value | list[Value]:
        """The outputs for one example, n_x numbers or Values, as it predicts; ValueError if it is not one."""
        try:
            if self.slope_at_kink == "right" and not any(self.normalisations):  # as in most networks
                outputs = [
                    unit if isinstance(unit, Value) else Value.constant(unit) for unit in self._example(x)
                ]
                for layer in self.layers:
                    outputs = layer.activate(layer.z(outputs))
            else:
                [outputs] = self.passes_of([self._example(x)], training=False)[-1].a
            return outputs[0] if len(outputs) == 1 else outputs
        except Exception as error:
            fold(error)
            raise

    def _example(self, x: Sequence[Operand]) -> Sequence[Operand]:
        inputs = list(x)
        if len(inputs) != self.shape[0] or any(isinstance(unit, (Sequence, np.ndarray)) for unit in inputs):
            kinds = ", ".join(sorted({type(unit).__name__ for unit in inputs})) or "nothing"
            raise ValueError(
                f"one example is {self.shape[0]} numbers or Values, not {len(inputs)} of type {kinds}: "
                "for X, whose columns are examples, there are forward(X) and predict(X)"
            )
        return inputs

    def passes_of(self, X: Sequence[Sequence[Operand]], *, training: bool) -> list[LayerPass]:
        """The pass of each layer in turn, for examples of n_x numbers or Values each."""
        masks = self.masks(len(X)) if training else [None] * len(self.layers)
        # One constant an input, shared by all units of the first layer.
        a: list[Sequence[Operand]] = [
            [unit if isinstance(unit, Value) else Value.constant(unit) for unit in x] for x in X
        ]
        passes = []
        with slope_at_kink(self.slope_at_kink):
            for layer, mask in zip(self.layers, masks, strict=True):
                z = [layer.z(x) for x in a]
                z_norm = self._normalised(z, layer, training) if layer.gamma else None
                activated = [layer.activate(x) for x in (map(layer.scale, z_norm) if z_norm else z)]
                if mask is not None:
                    activated = [layer.drop(x, d) for x, d in zip(activated, mask.T.tolist(), strict=True)]
                passes.append(LayerPass(z, z_norm, activated))
                a = [*activated]
        if len(X) > 1:
            _number_examples(passes)
        return passes

    def _normalised(self, z: list[list[Value]], layer: Layer, training: bool) -> list[list[Value]]:
        """z_norm of each example."""
        l, averages = layer.number, self.averages[layer.number - 1]
        if averages is None:  # layer normalisation
            of_one = f"{l}" if len(z) == 1 else f"{l}({{}})"
            return [normalised(units, of_one.format(k)) for k, units in enumerate(z, 1)]
        if training:
            columns = [normalised(unit, f"{l}[{i}]") for i, unit in enumerate(zip(*z, strict=True), 1)]
            return [list(units) for units in zip(*columns, strict=True)]
        return [[averages.apply(unit, i) for i, unit in enumerate(units)] for units in z]

    def cost(self, X: ArrayLike, Y: ArrayLike, *, training: bool = False) -> Value:
        """The cost J over the m examples as a Value, with the whole graph; see `Network.cost`."""
        with self.training_lock if training else nullcontext():
            return self._graph(X, Y, training)[0]

    def _graph(self, X: ArrayLike, Y: ArrayLike, training: bool) -> tuple[Value, list[LayerPass]]:
        """The cost, and what each layer made of the examples."""
        X, Y = self.require_examples(X, Y)
        m, Y = X.shape[1], self._targets(Y)
        passes = self.passes_of(X.T.tolist(), training=training)
        outputs = zip(passes[-1].z, passes[-1].a, Y.T.tolist(), strict=True)
        with slope_at_kink(self.slope_at_kink):
            losses = [self.loss.of(z, a, y) for z, a, y in outputs]
        J = self._with_penalty((losses[0] if m == 1 else ops.sum(*losses)) / m, 1 / m)
        if training:
            self._pass_is_over(m, [layer.statistics() if layer.z_norm else () for layer in passes])
        return J, passes

    def cost_of_one(
        self, z: Sequence[Value], a: Sequence[Value], y: Sequence[Value], one_over_m: Value
    ) -> Value:
        """The share of one example in the cost, times m, computed from its output; `compiled` replays it."""
        with slope_at_kink(self.slope_at_kink):
            return self._with_penalty(self.loss.of(z, a, y), one_over_m)

    def _with_penalty(self, J: Value, one_over_m: Value | float) -> Value:
        """J plus each regulariser's penalty: ``lambda/(2m)`` times its sum over the weights."""
        weights = [w for layer in self.layers for neuron in layer.neurons for w in neuron.w]
        for name, lambda_ in self.regularisers.items():
            J = J + lambda_ / 2 * one_over_m * ops.sum(*map(REGULARISERS[name], weights))
        J.label = "J"
        return J

    def cost_and_grad(self, X: ArrayLike, Y: ArrayLike) -> float:
        with self.training_lock:
            self.zero_grad()
            J = self.cost(X, Y, training=True)
            J.backward()
        return J.data

    def record(self, X: ArrayLike, Y: ArrayLike) -> Pass:
        with self.frozen():
            self.zero_grad()
            J, passes = self._graph(X, Y, training=True)
            J.backward()
            gradients = self.named("grad")
        return Pass.of(
            J.data,
            gradients,
            Z=[layer.array("z") for layer in passes],
            A=[layer.array("a") for layer in passes],
            dZ=[len(layer.z) * layer.array("z", "grad") for layer in passes],
            Z_norm=[layer.array("z_norm") if layer.z_norm else None for layer in passes],
            node=lambda what, l, i, k: self._node(passes, what, l, i, k),
        )

    def _node(self, passes: Sequence[LayerPass], what: str, l: int, i: int, k: int) -> Value:
        parameters = self.named_values()
        if f"{what}{l}" in parameters:
            return parameters[f"{what}{l}"][i][k]
        units: list[list[Value]] = getattr(passes[l - 1], what.lower())
        return units[k][i]

    def forward(self, X: ArrayLike) -> Array:
        X, _ = self.require_examples(X)
        columns = [self.passes_of([x], training=False)[-1].array("a") for x in X.T.tolist()]
        return np.concatenate(columns, axis=1)

    def parameters(self) -> list[Value]:
        """The weights and bias of each unit, layer by layer."""
        return [p for layer in self.layers for p in layer.parameters()]

    def named(self, what: str = "data") -> dict[str, Array]:
        return {
            name: np.array([[getattr(p, what) for p in row] for row in rows])
            for name, rows in self.named_values().items()
        }

    def _set_named(self, arrays: Mapping[str, Array]) -> None:
        there = self.named_values()
        for name, array in arrays.items():
            for row, numbers in zip(there[name], array.tolist(), strict=True):
                for p, x in zip(row, numbers, strict=True):
                    p.data = float(x)

    def named_values(self) -> dict[str, list[list[Value]]]:
        """Every parameter by name, in rows."""
        found = {}
        for l, layer in enumerate(self.layers, 1):
            found[f"W{l}"] = [neuron.w for neuron in layer.neurons]
            found[f"b{l}"] = [[neuron.b] for neuron in layer.neurons if neuron.bias]
            found[f"gamma{l}"] = [[gamma] for gamma in layer.gamma]
            found[f"beta{l}"] = [[beta] for beta in layer.beta]
        return {name: rows for name, rows in found.items() if rows}


def _number_examples(passes: Sequence[LayerPass]) -> None:
    """Append the example's number to the labels of z and a, as the course writes z^[1](3)."""
    for layer in passes:
        z_norm = layer.z_norm or [[] for _ in layer.z]
        for k, units in enumerate(zip(layer.z, z_norm, layer.a, strict=True), 1):
            for unit in dict.fromkeys(unit for each in units for unit in each):
                unit.label += f"({k})"
