"""A network as matrices: forward and backward through L layers (course, section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from micrograd_dl.initialisers import Weights
from micrograd_dl.losses import LOSSES
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
class Step:
    """What one layer takes part with in a pass of m examples: views of its parameters, and its arrays.

    All are made once for a batch size; a view taken anew in every step would cost as much as a small product.

    Attributes:
        g: the formulas of its activation.
        Wb, dWb: ``[W b]`` and its derivative, ``(n[l], n[l-1] + 1)``.
        W, dW: the same without the last column; WT is W transposed.
        b, db: the last column.
        A_before: the A of the layer before with a row of ones below, ``(n[l-1] + 1, m)``. The ones make the
            bias a column of the weights, so that one product gives ``W A + b``. An input of many features is
            the array that was given, without ones, and changes with each pass.
        A_before_T: the same transposed.
        Z, A, dZ, scratch: ``(n[l], m)``.
        has_ones: whether A_before has that row.
    """

    g: type[formulas.Activation]
    Wb: Array
    dWb: Array
    A_before: Array
    A: Array
    Z: Array
    dZ: Array
    scratch: Array
    has_ones: bool
    W: Array = field(init=False)
    WT: Array = field(init=False)
    b: Array = field(init=False)
    dW: Array = field(init=False)
    db: Array = field(init=False)
    A_before_T: Array = field(init=False)

    def __post_init__(self) -> None:
        self.W, self.b = self.Wb[:, :-1], self.Wb[:, -1:]
        self.WT = self.W.T
        self.dW, self.db = self.dWb[:, :-1], self.dWb[:, -1]
        self.A_before_T = self.A_before.T


@dataclass(slots=True, eq=False)
class Cache:
    """The memory of one batch size m.

    Attributes:
        X: where the input is copied, above a row of ones; empty if it has many features.
        m: as an array of no axes, which NumPy divides by faster than by a number.
        ones: ``(m,)``.
        steps: one a layer.
    """

    X: Array
    m: Array
    ones: Array
    steps: list[Step]


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
        self._loss_formulas: type[formulas.OutputLoss] = formulas.formulas_of(self.loss.name, formulas.LOSSES)
        built_in = LOSSES.get(self.loss.name) is self.loss
        self._total_loss = (self._loss_formulas if built_in else formulas.OutputLoss).total

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
        return self._forward(X).steps[-1].A.copy()

    @_quiet
    def cost(self, X: ArrayLike, Y: ArrayLike) -> float:
        """See :meth:`Network.cost`."""
        X, Y = self.require_examples(X, Y)
        return self._cost(self._forward(X), Y)

    def _forward(self, X: Array) -> Cache:
        """``Z[l] = W[l] A[l-1] + b[l]`` and ``A[l] = g[l](Z[l])`` for every layer."""
        cache = self._cache(X.shape[1])
        if self._few_features:
            cache.X[...] = X
        else:
            first = cache.steps[0]
            first.A_before = X.astype(self.dtype, copy=False)
            first.A_before_T = first.A_before.T
        for step in cache.steps:
            if step.has_ones:
                step.Wb.dot(step.A_before, step.Z)
            else:
                step.W.dot(step.A_before, step.Z)
                np.add(step.Z, step.b, step.Z)
            step.g.A(step.Z, step.A)
        return cache

    def _cost(self, cache: Cache, Y: Array) -> float:
        m, last = Y.shape[1], cache.steps[-1]
        J: float = self._total_loss(self.loss, last.Z, last.A, Y, last.scratch) / m
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
        steps = self._cache(m).steps
        dW, db = zip(*((dW.copy(), db.copy()) for dW, db in self.layers_grad()), strict=True)
        return Pass(
            J,
            [step.Z.copy() for step in steps],
            [step.A.copy() for step in steps],
            [step.dZ * m for step in steps],
            list(dW),
            list(db),
        )

    def _backward(self, cache: Cache, Y: Array) -> None:
        """From the last layer to the first.

        ``dW[l] = dZ[l] A[l-1]^T / m``, ``db[l] = sum(dZ[l]) / m`` and ``dA[l-1] = W[l]^T dZ[l]``.
        """
        after = cache.steps[-1]
        self._loss_formulas.dZ(after.g, after.Z, after.A, Y, after.dZ, after.scratch)
        np.divide(after.dZ, cache.m, after.dZ)  # once here instead of in every dW and db
        for step in reversed(cache.steps):
            if step is not after:
                after.WT.dot(after.dZ, step.dZ)  # dA, in the place of what becomes dZ
                step.g.dZ(step.dZ, step.Z, step.A, step.scratch)
            if step.has_ones:
                step.dZ.dot(step.A_before_T, step.dWb)  # the row of ones gives db in the last column
            else:
                np.matmul(step.dZ, step.A_before_T, out=step.dW)
                np.matmul(step.dZ, cache.ones, out=step.db)
            if self.l2:
                step.dW += self.l2 / len(cache.ones) * step.W
            if self.l1:
                step.dW += self.l1 / (2 * len(cache.ones)) * np.sign(step.W)
            after = step

    # --- memory -----------------------------------------------------------------------------------------

    def _cache(self, m: int) -> Cache:
        """The arrays for m examples; those of the last few batch sizes are kept."""
        if m not in self._caches:
            while len(self._caches) >= 4:
                del self._caches[next(iter(self._caches))]
            self._caches[m] = self._new_cache(m)
        return self._caches[m]

    def _new_cache(self, m: int) -> Cache:
        def empty(rows: int) -> Array:
            return np.empty((rows, m), self.dtype)

        before = np.ones((self.shape[0] + 1, m) if self._few_features else (0, m), self.dtype)
        X, steps = before[:-1], []
        for l, n in enumerate(self.shape[1:], 1):
            with_ones = np.ones((n + 1, m), self.dtype)
            A = with_ones[:-1]
            g = formulas.formulas_of(self.activations[l - 1].name, formulas.ACTIVATIONS)
            Wb, dWb = self._Wb[l - 1], self._dWb[l - 1]
            has_ones = l > 1 or self._few_features
            steps.append(Step(g, Wb, dWb, before, A, empty(n), empty(n), empty(n), has_ones))
            before = with_ones
        return Cache(X, np.array(m, self.dtype), np.ones(m, self.dtype), steps)
