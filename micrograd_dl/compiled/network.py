"""A network of Values, recorded for one example and replayed over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl import nn
from micrograd_dl.compiled.graph import CompiledGraph, Runner, compile_graph
from micrograd_dl.compiled.inputs import Input
from micrograd_dl.engine.value import Value
from micrograd_dl.nn import LayerPass
from micrograd_dl.nn.initialisers import Weights
from micrograd_dl.nn.network import Array, Network, Parameter, Pass

_PARTS = ("z", "z_norm", "a")


def _of_one(layer: LayerPass, name: str) -> list[Value]:
    """The units of a part of a layer for the only example; none if the layer has no such part."""
    part = getattr(layer, name)
    return part[0] if part else []


class MLP(Network):
    """A multilayer perceptron of Values; see :class:`~micrograd_dl.nn.network.Network`.

    The graph of one example is recorded once; whatever trains, checks, compares or saves a network replays
    it. All parameters lie in one flat vector theta. While the network is small, it is as fast as one of
    matrices. It keeps its memory between calls, so that it is not for several threads at a time.

    Args:
        runner: see :func:`~micrograd_dl.compiled.compile_graph`.

    Raises:
        ValueError: the network has batch normalisation or dropout: neither is a graph of one example.

    >>> model = MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, runner="numpy")
    >>> X, Y = [[0.0, 1.0], [1.0, 1.0]], [[1, 0]]
    >>> of_values = nn.MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)
    >>> round(model.cost_and_grad(X, Y), 12) == round(of_values.cost_and_grad(X, Y), 12)
    True
    """

    def __init__(self, *args: Any, runner: Runner | None = None, **kwargs: Any) -> None:
        self.runner = runner
        super().__init__(*args, **kwargs)

    def _create(self, weights: Sequence[Weights]) -> None:
        if "batch" in self.normalisations or any(keep < 1 for keep in self.keep_probs):
            raise ValueError(
                "a compiled network replays the graph of one example: batch normalisation goes over a batch, "
                "and dropout changes the graph. Use nn.MLP or vectorized.MLP, or layer normalisation"
            )
        self.values = nn.MLP(
            self.shape[0],
            self.shape[1:],
            [g.name for g in self.activations],
            self.loss,
            regularisers=self.regularisers,
            normalisation=self.normalisations[:-1],
            seed=self.seed,
        )
        leaves = self.values.parameters()
        place = {p: k for k, p in enumerate(leaves)}
        self._places = {
            name: np.array([[place[p] for p in row] for row in rows])
            for name, rows in self.values.named_values().items()
        }
        self.theta = np.array([p.data for p in leaves])
        self.dtheta = np.zeros_like(self.theta)
        self._parameter = Parameter(self.theta, self.dtheta)
        self._set_named({f"W{l}": W for l, W in enumerate(weights, 1)})
        self._record()

    def _record(self) -> None:
        """Record the graph of one example: its inputs x and y, and 1/m for the penalty on the weights."""
        n_x, n_y = self.shape[0], self.shape[-1]
        x = [Value(0.5, f"x[{i}]") for i in range(1, n_x + 1)]
        y = [Value(0.5, f"y[{i}]") for i in range(1, n_y + 1)]
        one_over_m = Value(1.0, "1/m")
        self._passes_of_one = self.values.passes_of([x], training=True)
        (z,), (a,) = self._passes_of_one[-1].z, self._passes_of_one[-1].a
        J = self.values.with_penalty(self.loss.of(z, a, y), one_over_m)
        J.label = "J"
        self._J = J
        self._given: list[Input] = [x, y, one_over_m]
        self._step, self._cost = self._compiled(), self._compiled(gradient=False)
        parameters = self.values.parameters()
        self._outputs = compile_graph(a[0], [x], parameters, gradient=False, outputs=a, runner=self.runner)
        units = [unit for layer in self._passes_of_one for name in _PARTS for unit in _of_one(layer, name)]
        all_z = [unit for layer in self._passes_of_one for unit in layer.z[0]]
        self._every = self._compiled(outputs=units, derivatives=all_z)

    def _compiled(self, **options: Any) -> CompiledGraph:
        return compile_graph(self._J, self._given, self.values.parameters(), runner=self.runner, **options)

    def parameters(self) -> list[Parameter]:
        """One Parameter, theta."""
        return [self._parameter]

    def zero_grad(self) -> None:
        """Set every gradient to 0."""
        self.dtheta[...] = 0

    def named(self, what: str = "data") -> dict[str, Array]:
        """See :meth:`Network.named`."""
        vector = self.theta if what == "data" else self.dtheta
        return {name: vector[places] for name, places in self._places.items()}

    def _set_named(self, arrays: Mapping[str, Array]) -> None:
        for name, array in arrays.items():
            self.theta[self._places[name]] = array

    def forward(self, X: ArrayLike) -> Array:
        """See :meth:`Network.forward`."""
        X, _ = self.require_examples(X)
        return self._outputs.outputs(self.theta, X)

    def cost(self, X: ArrayLike, Y: ArrayLike, *, training: bool = False) -> float:
        """See :meth:`Network.cost`; a pass of training is no other here."""
        X, Y = self.require_examples(X, Y)
        return self._cost.at(self.theta, X, self._targets(Y), 1 / X.shape[1]).value

    def cost_and_grad(self, X: ArrayLike, Y: ArrayLike) -> float:
        """See :meth:`Network.cost_and_grad`."""
        X, Y = self.require_examples(X, Y)
        replay = self._step.at(self.theta, X, self._targets(Y), 1 / X.shape[1])
        self.dtheta[...] = replay.gradient
        return replay.value

    def record(self, X: ArrayLike, Y: ArrayLike) -> Pass:
        """See :meth:`Network.record`."""
        J = self.cost_and_grad(X, Y)
        X, Y = self.require_examples(X, Y)
        found = self._every.outputs(self.theta, X, self._targets(Y), 1 / X.shape[1])
        parts = [_of_one(layer, name) for layer in self._passes_of_one for name in _PARTS]
        sizes = [*map(len, parts), *(len(layer.z[0]) for layer in self._passes_of_one)]
        arrays = np.split(found, np.cumsum(sizes)[:-1])
        Z, Z_norm, A = arrays[0 : len(parts) : 3], arrays[1 : len(parts) : 3], arrays[2 : len(parts) : 3]
        dW, db = (list(part) for part in zip(*self.layers_grad(), strict=True))
        d, L = self.named("grad"), range(1, len(self._passes_of_one) + 1)
        return Pass(
            J, Z, A, arrays[len(parts) :], dW, db, [x if len(x) else None for x in Z_norm],
            [d.get(f"gamma{l}") for l in L], [d.get(f"beta{l}") for l in L],
        )  # fmt: skip
