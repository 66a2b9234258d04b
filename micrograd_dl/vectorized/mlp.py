"""A network as matrices: forward and backward through L layers (course, section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from micrograd_dl.initialisers import Weights
from micrograd_dl.network import Array, Network, Pass
from micrograd_dl.vectorized import formulas

# Overflow gives an infinity here too, as it does on Values; `fit` looks out for it and says where it began.
_quiet = np.errstate(over="ignore", invalid="ignore")

# An input of more features than this is not copied below a row of ones: its bias is added by itself instead.
# Copying 12,288 features of 209 examples takes a fifth of the time of the step's matrix products.
_FEW_FEATURES = 64


@dataclass(slots=True, eq=False)
class Parameter:
    """Numbers that an optimiser changes, and the derivatives of the cost by them, of one shape."""

    data: Array
    grad: Array
    label: str = "theta"


@dataclass(slots=True, eq=False)
class Cache:
    """The arrays of one batch size m, allocated once.

    Attributes:
        A: with a row of ones below: A[0] is the input, ``(n[l] + 1, m)``. The ones make the bias a column
            of the weights, so that one product gives ``W A + b``. An input of many features stays the array
            that was given, without ones.
        Z: ``(n[l], m)`` for each layer l >= 1; where A serves as well as Z, the same memory.
        dZ, scratch: ``(n[l], m)``.
    """

    A: list[Array]
    Z: list[Array]
    dZ: list[Array]
    scratch: list[Array]


class MLP(Network):
    """A multilayer perceptron as matrices; see :class:`~micrograd_dl.network.Network` for its arguments.

    All parameters lie in one flat vector theta, layer after layer, each as ``[W b]``, a matrix
    ``(n[l], n[l-1] + 1)`` in row-major order; so an optimiser's step is a handful of array operations.

    Args:
        dtype: of all arrays, ``float64`` or ``float32``.

    >>> model = MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)
    >>> J = model.cost_and_grad([[0.0, 1.0], [1.0, 1.0]], [[1, 0]])
    >>> dW, db = model.layers_grad()[0]
    >>> dW.shape, db.shape
    ((3, 2), (3, 1))
    """

    def __init__(self, *args: Any, dtype: DTypeLike = np.float64, **kwargs: Any) -> None:
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float64, np.float32):
            raise ValueError(f"a network computes in float64 or float32, not {self.dtype}")
        super().__init__(*args, **kwargs)

    def _create(self, weights: Sequence[Weights]) -> None:
        sizes = [n_out * (n_in + 1) for n_in, n_out in pairwise(self.shape)]
        self.theta = np.zeros(sum(sizes), self.dtype)
        self.dtheta = np.zeros_like(self.theta)
        self._Wb = self._blocks(self.theta, sizes)
        self._dWb = self._blocks(self.dtheta, sizes)
        for block, W in zip(self._Wb, weights, strict=True):
            block[:, :-1] = W
        self._parameter = Parameter(self.theta, self.dtheta)
        self._caches: dict[int, Cache] = {}
        self._few_features = self.shape[0] <= _FEW_FEATURES

    def _blocks(self, vector: Array, sizes: Sequence[int]) -> list[Array]:
        """Views of a flat vector as ``[W b]`` for each layer."""
        ends = np.cumsum(sizes)[:-1]
        return [
            part.reshape(n_out, -1)
            for part, n_out in zip(np.split(vector, ends), self.shape[1:], strict=True)
        ]

    def parameters(self) -> list[Parameter]:
        """One Parameter, theta."""
        return [self._parameter]

    def zero_grad(self) -> None:
        """Set every gradient to 0."""
        self.dtheta[...] = 0

    def layers_data(self) -> list[tuple[Array, Array]]:
        """See :meth:`Network.layers_data`; views, so that writing to them changes the network."""
        return [(block[:, :-1], block[:, -1:]) for block in self._Wb]

    def layers_grad(self) -> list[tuple[Array, Array]]:
        """See :meth:`Network.layers_grad`; views."""
        return [(block[:, :-1], block[:, -1:]) for block in self._dWb]

    def set_layers_data(self, layers: Sequence[tuple[ArrayLike, ArrayLike]]) -> None:
        """See :meth:`Network.set_layers_data`."""
        arrays = [(np.asarray(W), np.asarray(b)) for W, b in layers]
        self.require_layers(arrays)
        for block, (W, b) in zip(self._Wb, arrays, strict=True):
            block[:, :-1] = W
            block[:, -1:] = b

    # --- forward ----------------------------------------------------------------------------------------

    @_quiet
    def forward(self, X: ArrayLike) -> Array:
        """See :meth:`Network.forward`."""
        X, _ = self.require_examples(X)
        return self._forward(X).A[-1].copy()

    @_quiet
    def cost(self, X: ArrayLike, Y: ArrayLike) -> float:
        """See :meth:`Network.cost`."""
        X, Y = self.require_examples(X, Y)
        return self._cost(self._forward(X), Y)

    def _forward(self, X: Array) -> Cache:
        """``Z[l] = W[l] A[l-1] + b[l]`` and ``A[l] = g[l](Z[l])`` for every layer."""
        cache = self._cache(X.shape[1])
        if self._few_features:
            cache.A[0][:-1] = X
        else:
            cache.A[0] = X.astype(self.dtype, copy=False)
        for l, g in enumerate(self.activations, 1):
            Wb, Z = self._Wb[l - 1], cache.Z[l]
            if l > 1 or self._few_features:
                np.matmul(Wb, cache.A[l - 1], out=Z)
            else:
                np.matmul(Wb[:, :-1], cache.A[0], out=Z)
                Z += Wb[:, -1:]
            formulas.activate(g.name, Z, out=self._without_ones(cache.A[l], l))
        return cache

    def _cost(self, cache: Cache, Y: Array) -> float:
        m = Y.shape[1]
        total = formulas.total_loss(self.loss, cache.Z[-1], cache.A[-1], Y, cache.scratch[-1])
        if total is None:
            total = float(np.sum(self.loss.of(list(cache.Z[-1]), list(cache.A[-1]), list(Y))))
        J: float = total / m
        for W, _ in self.layers_data() if self.l2 or self.l1 else ():
            J += self.l2 / (2 * m) * float(np.square(W).sum()) + self.l1 / (2 * m) * float(np.abs(W).sum())
        return J

    # --- backward ---------------------------------------------------------------------------------------

    @_quiet
    def cost_and_grad(self, X: ArrayLike, Y: ArrayLike) -> float:
        """See :meth:`Network.cost_and_grad`."""
        X, Y = self.require_examples(X, Y)
        cache = self._forward(X)
        self._backward(cache, Y)
        return self._cost(cache, Y)

    def record(self, X: ArrayLike, Y: ArrayLike) -> Pass:
        """See :meth:`Network.record`."""
        J = self.cost_and_grad(X, Y)
        m = np.shape(X)[1]
        cache = self._cache(m)
        A = [self._without_ones(cache.A[l], l).copy() for l in range(1, len(self.shape))]
        dW, db = zip(*((dW.copy(), db.copy()) for dW, db in self.layers_grad()), strict=True)
        return Pass(
            J, [Z.copy() for Z in cache.Z[1:]], A, [dZ * m for dZ in cache.dZ[1:]], list(dW), list(db)
        )

    def _backward(self, cache: Cache, Y: Array) -> None:
        """From the last layer to the first.

        ``dW[l] = dZ[l] A[l-1]^T / m``, ``db[l] = sum(dZ[l]) / m`` and ``dA[l-1] = W[l]^T dZ[l]``.
        """
        m = Y.shape[1]
        last = len(self.activations)
        dZ = formulas.output_dZ(
            self.loss.name,
            self.activations[-1].name,
            cache.Z[-1],
            cache.A[-1],
            Y,
            cache.dZ[-1],
            cache.scratch[-1],
        )
        dZ /= m  # once here instead of in every dW and db
        for l in range(last, 0, -1):
            W, dWb = self._Wb[l - 1][:, :-1], self._dWb[l - 1]
            if l > 1 or self._few_features:
                np.matmul(dZ, cache.A[l - 1].T, out=dWb)  # the row of ones in A gives db in the last column
            else:
                np.matmul(dZ, cache.A[0].T, out=dWb[:, :-1])
                np.sum(dZ, axis=1, out=dWb[:, -1])
            if self.l2:
                dWb[:, :-1] += self.l2 / m * W
            if self.l1:
                dWb[:, :-1] += self.l1 / (2 * m) * np.sign(W)
            if l > 1:
                dA = np.matmul(W.T, dZ, out=cache.dZ[l - 1])
                A = self._without_ones(cache.A[l - 1], l - 1)
                dZ = formulas.dZ_from_dA(
                    self.activations[l - 2].name, dA, cache.Z[l - 1], A, cache.scratch[l - 1]
                )

    # --- memory -----------------------------------------------------------------------------------------

    def _without_ones(self, A: Array, l: int) -> Array:
        return A if l == len(self.activations) else A[:-1]

    def _cache(self, m: int) -> Cache:
        """The arrays for m examples; those of the last few batch sizes are kept."""
        if m not in self._caches:
            while len(self._caches) >= 4:
                del self._caches[next(iter(self._caches))]
            n, L = self.shape, len(self.activations)
            none = np.empty((0, m), self.dtype)
            A = [
                np.ones((n_l + (l < L), m), self.dtype) for l, n_l in enumerate(n) if l or self._few_features
            ]
            A = A if self._few_features else [none, *A]
            Z = [none, *(np.empty((n_l, m), self.dtype) for n_l in n[1:])]
            dZ = [none, *(np.empty((n_l, m), self.dtype) for n_l in n[1:])]
            scratch = [none, *(np.empty((n_l, m), self.dtype) for n_l in n[1:])]
            self._caches[m] = Cache(A, Z, dZ, scratch)
        return self._caches[m]
