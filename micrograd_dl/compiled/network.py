"""A network of Values, recorded for one example and replayed over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl import nn
from micrograd_dl.compiled.graph import Runner, compile_graph
from micrograd_dl.engine.value import Value
from micrograd_dl.nn.activations import Activation
from micrograd_dl.nn.losses import Loss, LossName
from micrograd_dl.nn.network import Array, Network, Options, Parameter, Pass

_PARTS = ("z", "z_norm", "a")
_RECORDED = ("values", "_parts", "_step", "_cost", "_outputs", "_every")


class MLP(Network):
    """A multilayer perceptron of Values; see :class:`~micrograd_dl.nn.network.Network`.

    The graph of one example is recorded once; whatever trains, checks, compares or saves a network replays
    it. While the network is small, it is 2 to 6 times as fast as one of matrices; when it is large, one of
    matrices is faster.

    Args:
        runner: see :func:`~micrograd_dl.compiled.compile_graph`.

    Raises:
        ValueError: the network has batch normalisation or dropout, which are not graphs of one example.

    >>> model = MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, runner="numpy")
    >>> X, Y = [[0.0, 1.0], [1.0, 1.0]], [[1, 0]]
    >>> of_values = nn.MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)
    >>> round(model.cost_and_grad(X, Y), 12) == round(of_values.cost_and_grad(X, Y), 12)
    True
    """

    def __init__(
        self,
        n_x: int,
        sizes: Sequence[int],
        activations: str | Sequence[str | Activation] | None = None,
        loss: LossName | Loss | None = None,
        *,
        runner: Runner | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(n_x, sizes, activations, loss, **options)
        if "batch" in self.normalisations or any(keep < 1 for keep in self.keep_probs):
            raise ValueError(
                "a compiled network replays the graph of one example: batch normalisation goes over a batch, "
                "and dropout changes the graph. Use nn.MLP or vectorized.MLP, or layer normalisation"
            )
        self.runner = runner
        self._record()
        leaves = self.values.parameters()
        theta = np.array([p.data for p in leaves])
        self._parameter = Parameter(theta, np.zeros_like(theta), entries=[p.label for p in leaves])

    @property
    def theta(self) -> Array:
        """All parameters in one vector, unit after unit."""
        return self._parameter.data

    def _record(self) -> None:
        """Record the graph of one example; its inputs are x, y, and 1/m for the penalty on the weights."""
        self.values = nn.MLP(
            self.shape[0],
            self.shape[1:],
            self.activations,
            self.loss,
            initialiser=self.initialiser,
            regularisers=self.regularisers,
            normalisation=self.normalisations[:-1],
            slope_at_kink=self.slope_at_kink,
            seed=self.seed,
        )
        x = [Value(0.5, f"x[{i}]") for i in range(1, self.shape[0] + 1)]
        y = [Value(0.5, f"y[{i}]") for i in range(1, self.shape[-1] + 1)]
        one_over_m = Value(1.0, "1/m")
        passes = self.values.passes_of([x], training=True)
        # The units of z, z_norm and a of each layer; z_norm is empty where it is not normalised.
        self._parts = [(getattr(layer, name) or [[]])[0] for layer in passes for name in _PARTS]
        all_z, a = self._parts[::3], self._parts[-1]
        J, parameters = self.values.cost_of_one(all_z[-1], a, y, one_over_m), self.values.parameters()
        compiled = partial(compile_graph, J, [x, y, one_over_m], parameters, runner=self.runner)
        self._step, self._cost = compiled(), compiled(gradient=False)
        self._every = compiled(outputs=[*chain(*self._parts)], derivatives=[*chain(*all_z)])
        self._outputs = compile_graph(a[0], [x], parameters, gradient=False, outputs=a, runner=self.runner)

    def __getstate__(self) -> dict[str, Any]:
        return {name: x for name, x in super().__getstate__().items() if name not in _RECORDED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy records its graph again: programs cannot be copied."""
        vars(self).update(state)
        self._record()

    def parameters(self) -> list[Parameter]:
        """One Parameter, theta."""
        return [self._parameter]

    def named(self, what: str = "data") -> dict[str, Array]:
        vector = iter(getattr(self._parameter, what).tolist())
        of_leaf = dict(zip(self.values.parameters(), vector, strict=True))
        return {
            name: np.array([[of_leaf[p] for p in row] for row in rows])
            for name, rows in self.values.named_values().items()
        }

    def _set_named(self, arrays: Mapping[str, Array]) -> None:
        place = {p: k for k, p in enumerate(self.values.parameters())}
        for name, rows in self.values.named_values().items():
            if name in arrays:
                self.theta[[[place[p] for p in row] for row in rows]] = arrays[name]

    def forward(self, X: ArrayLike) -> Array:
        X, _ = self.require_examples(X)
        return self._outputs.outputs(self.theta, X)

    def cost(self, X: ArrayLike, Y: ArrayLike, *, training: bool = False) -> float:
        """The cost J; a pass of training is no other here."""
        X, Y = self.require_examples(X, Y)
        return self._cost.at(self.theta, X, self._targets(Y), 1 / X.shape[1]).value

    def cost_and_grad(self, X: ArrayLike, Y: ArrayLike) -> float:
        X, Y = self.require_examples(X, Y)
        with self.training_lock:
            replay = self._step.at(self.theta, X, self._targets(Y), 1 / X.shape[1])
            self._parameter.grad = replay.gradient
        return replay.value

    def record(self, X: ArrayLike, Y: ArrayLike) -> Pass:
        X, Y = self.require_examples(X, Y)
        with self.training_lock:
            J = self.cost_and_grad(X, Y)
            gradients = self.named("grad")
            found = self._every.outputs(self.theta, X, self._targets(Y), 1 / X.shape[1])
        sizes = [len(part) for part in (*self._parts, *self._parts[::3])]
        arrays, n = np.split(found, np.cumsum(sizes)[:-1]), len(self._parts)
        return Pass.of(
            J,
            gradients,
            Z=arrays[0:n:3],
            A=arrays[2:n:3],
            dZ=arrays[n:],
            Z_norm=[x if len(x) else None for x in arrays[1:n:3]],
        )
