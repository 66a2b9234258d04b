"""A network as matrices: forward and backward through L layers (course, section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from micrograd_dl.nn.activations import Activation
from micrograd_dl.nn.losses import Loss, LossName
from micrograd_dl.nn.network import Array, Network, Options, Parameter, Pass
from micrograd_dl.nn.regularisers import REGULARISERS
from micrograd_dl.vectorized.formulas import LOSS_FORMULAS, PENALTY_SLOPES, entry_of, formulas_of
from micrograd_dl.vectorized.layer import Cache, DenseLayer
from micrograd_dl.vectorized.normalisation import Normalisation


class MLP(Network):
    """A multilayer perceptron as matrices; see :class:`~micrograd_dl.nn.network.Network` for its arguments.

    Each pass makes its arrays anew: any number of threads may predict with one network. While it is small
    (layers of some ten units), a :class:`micrograd_dl.compiled.MLP` is 2 to 6 times as fast.

    Args:
        dtype: the type of all arrays, ``float64`` or ``float32``.

    >>> model = MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)
    >>> J = model.cost_and_grad([[0.0, 1.0], [1.0, 1.0]], [[1, 0]])
    >>> dW, db = model.layers_grad()[0]
    >>> dW.shape, db.shape
    ((3, 2), (3, 1))
    """

    def __init__(
        self,
        n_x: int,
        sizes: Sequence[int],
        activations: str | Sequence[str | Activation] | None = None,
        loss: LossName | Loss | None = None,
        *,
        dtype: DTypeLike = np.float64,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(n_x, sizes, activations, loss, **options)
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float64, np.float32):
            raise ValueError(f"a network computes in float64 or float32, not {self.dtype}")
        self._loss_entry = entry_of(self.loss, self.slope_at_kink)
        self.layers = [self._layer(l, W) for l, W in enumerate(self.initial_weights(), 1)]

    def _layer(self, l: int, W: Array) -> DenseLayer:
        def parameter(name: str, data: Array) -> Parameter:
            return Parameter(data.astype(self.dtype), np.zeros(data.shape, self.dtype), f"{name}{l}")

        g, kind, zeros = self.activations[l - 1], self.normalisations[l - 1], np.zeros((len(W), 1))
        gamma, beta = parameter("gamma", zeros + 1), parameter("beta", zeros)
        return DenseLayer(
            entry_of(g, self.slope_at_kink),
            parameter("W", W),
            None if kind == "batch" else parameter("b", zeros),
            None if kind is None else Normalisation(gamma, beta, self.averages[l - 1]),
        )

    def parameters(self) -> list[Parameter]:
        """W1, b1, gamma1, beta1, W2, ...: one Parameter for each array."""
        return [p for layer in self.layers for p in layer.parameters()]

    def named(self, what: str = "data") -> dict[str, Array]:
        return {p.label: np.array(getattr(p, what), order="C") for p in self.parameters()}

    def _set_named(self, arrays: Mapping[str, Array]) -> None:
        for p in self.parameters():
            if p.label in arrays:
                p.data[...] = arrays[p.label]

    def forward(self, X: ArrayLike) -> Array:
        X, _ = self.require_examples(X)
        with _overflow_is_inf():
            return self._forward(X, training=False)[-1].A

    def cost(self, X: ArrayLike, Y: ArrayLike, *, training: bool = False) -> float:
        X, Y = self.require_examples(X, Y)
        with self.training_lock if training else nullcontext(), _overflow_is_inf():
            return self._cost(self._forward(X, training=training), Y)

    def cost_and_grad(self, X: ArrayLike, Y: ArrayLike) -> float:
        X, Y = self.require_examples(X, Y)
        with self.training_lock, _overflow_is_inf():
            return self._cost(self._forward_and_backward(X, Y), Y)

    def record(self, X: ArrayLike, Y: ArrayLike) -> Pass:
        X, Y = self.require_examples(X, Y)
        with self.frozen(), _overflow_is_inf():
            caches = self._forward_and_backward(X, Y)
            J, gradients = self._cost(caches, Y), self.named("grad")
        names = ("Z", "A", "dZ", "Z_norm")
        return Pass.of(J, gradients, **{name: [getattr(c, name) for c in caches] for name in names})

    def _forward(self, X: Array, *, training: bool) -> list[Cache]:
        """``Z[l] = W[l] A[l-1] + b[l]`` and ``A[l] = g[l](Z[l])`` for every layer."""
        A, caches = X.astype(self.dtype, copy=False), []
        masks = self.masks(X.shape[1]) if training else [None] * len(self.layers)
        for layer, mask in zip(self.layers, masks, strict=True):
            mask = None if mask is None else mask.astype(self.dtype)
            caches.append(layer.forward(A, mask, training=training))
            A = caches[-1].A
        if training:
            self._pass_is_over(X.shape[1], [cache.statistics for cache in caches])
        return caches

    def _cost(self, caches: Sequence[Cache], Y: Array) -> float:
        """J: the mean loss plus ``lambda/(2m)`` times each penalty on the weights."""
        m, last = Y.shape[1], caches[-1]
        J: float = float(LOSS_FORMULAS[self._loss_entry].total(last.Z_tilde, last.A, self._targets(Y))) / m
        for name, lambda_ in self.regularisers.items():
            penalties = (REGULARISERS[name](layer.W.data).sum() for layer in self.layers)
            J += lambda_ / (2 * m) * sum(map(float, penalties))
        return J

    def _forward_and_backward(self, X: Array, Y: Array) -> list[Cache]:
        """Run both passes; sets every ``grad``, from the last layer to the first."""
        caches, m = self._forward(X, training=True), X.shape[1]
        last, slope = caches[-1], formulas_of(self.layers[-1].g).slope
        last.dZ = LOSS_FORMULAS[self._loss_entry].dZ(last.Z_tilde, last.A, self._targets(Y), slope)
        for l in reversed(range(len(self.layers))):  # counted from 0: the course's layer l + 1
            layer, cache = self.layers[l], caches[l]
            layer.set_gradients(cache.dZ, cache.A_prev)
            for name, lambda_ in self.regularisers.items():
                layer.W.grad += lambda_ / (2 * m) * PENALTY_SLOPES[name](layer.W.data)
            if l > 0:
                caches[l - 1].dZ = self.layers[l - 1].dZ(layer.dA_prev(cache.dZ), caches[l - 1])
        return caches

    def _targets(self, Y: Array) -> Array:
        return super()._targets(Y).astype(self.dtype, copy=False)


def _overflow_is_inf() -> np.errstate:
    """Let overflow give inf without a warning, as on Values; `fit` reports numbers that are not finite."""
    return np.errstate(over="ignore", invalid="ignore")
