"""A network as matrices: forward and backward through L layers (course, section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from micrograd_dl.nn.activations import ACTIVATIONS
from micrograd_dl.nn.initialisers import Weights
from micrograd_dl.nn.losses import LOSSES
from micrograd_dl.nn.network import Array, Network, Parameter, Pass
from micrograd_dl.nn.regularisers import REGULARISERS
from micrograd_dl.vectorized import formulas
from micrograd_dl.vectorized.layer import Layer
from micrograd_dl.vectorized.normalisation import Normalisation

# Overflow gives an infinity here too, as it does on Values; `fit` looks out for it and says where it began.
_quiet = np.errstate(over="ignore", invalid="ignore")

# An input of more features than this is not copied below a row of ones: its bias is added by itself instead.
# Copying 12,288 features of 209 examples takes a fifth of the time of the step's matrix products.
_FEW_FEATURES = 64


@dataclass(slots=True, eq=False)
class Cache:
    """The memory of one batch size m.

    Attributes:
        X: where the input is copied, above a row of ones; empty if it has many features.
        m: as an array of no axes, which NumPy divides by faster than by a number.
        layers: one a layer.
    """

    X: Array
    m: Array
    layers: list[Layer]


class MLP(Network):
    """A multilayer perceptron as matrices; see :class:`~micrograd_dl.nn.network.Network` for its arguments.

    All parameters lie in one flat vector theta, layer after layer, each as ``[W b]``, a matrix
    ``(n[l], n[l-1] + 1)`` in row-major order, then gamma and beta where there are; so an optimiser's step is
    a handful of array operations. It keeps its memory between calls, so that it is not for several threads at
    a time.

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
        for g in self.activations:
            if ACTIVATIONS.get(g.name, g) is not g:
                raise ValueError(
                    f"{g.name} is a built-in activation, whose formulas would be used for this one: "
                    "give it another name, and formulas of its own"
                )
        shapes: dict[str, tuple[int, int]] = {}
        for l, (W, kind) in enumerate(zip(weights, self.normalisations, strict=True), 1):
            n, n_in = W.shape
            shapes[f"block{l}"] = n, n_in + (kind != "batch")
            if kind:
                shapes[f"gamma{l}"] = shapes[f"beta{l}"] = n, 1
        self.theta = np.zeros(sum(rows * columns for rows, columns in shapes.values()), self.dtype)
        self.dtheta = np.zeros_like(self.theta)
        self._data, self._grad = _views(self.theta, shapes), _views(self.dtheta, shapes)
        self._parameter = Parameter(self.theta, self.dtheta)
        ones = {name: np.ones(shape) for name, shape in shapes.items() if name.startswith("gamma")}
        self._set_named({**{f"W{l}": W for l, W in enumerate(weights, 1)}, **ones})
        self._caches: dict[int, Cache] = {}
        self._few_features = self.shape[0] <= _FEW_FEATURES
        self._loss_formulas: type[formulas.OutputLoss] = formulas.formulas_of(self.loss.name, formulas.LOSSES)
        built_in = LOSSES.get(self.loss.name) is self.loss
        self._total_loss = (self._loss_formulas if built_in else formulas.OutputLoss).total

    def parameters(self) -> list[Parameter]:
        """One Parameter, theta."""
        return [self._parameter]

    def zero_grad(self) -> None:
        """Set every gradient to 0."""
        self.dtheta[...] = 0

    def named(self, what: str = "data") -> dict[str, Array]:
        """See :meth:`Network.named`; views, so that writing to them changes the network."""
        found = {}
        for name, array in (self._data if what == "data" else self._grad).items():
            l = int(name.lstrip("blockgamet"))
            if name == f"block{l}":
                found[f"W{l}"] = array[:, : self.shape[l - 1]]
                if array.shape[1] > self.shape[l - 1]:
                    found[f"b{l}"] = array[:, self.shape[l - 1] :]
            else:
                found[name] = array
        return found

    def _set_named(self, arrays: Mapping[str, Array]) -> None:
        there = self.named()
        for name, array in arrays.items():
            there[name][...] = array

    # --- forward ----------------------------------------------------------------------------------------

    @_quiet
    def forward(self, X: ArrayLike) -> Array:
        """See :meth:`Network.forward`."""
        X, _ = self.require_examples(X)
        return self._forward(X, training=False).layers[-1].A.copy()

    @_quiet
    def cost(self, X: ArrayLike, Y: ArrayLike, *, training: bool = False) -> float:
        """See :meth:`Network.cost`."""
        X, Y = self.require_examples(X, Y)
        cache = self._forward(X, training)
        if training:
            self._pass_is_over(cache)
        return self._cost(cache, self._targets(Y))

    def _forward(self, X: Array, training: bool = True) -> Cache:
        """``Z[l] = W[l] A[l-1] + b[l]`` and ``A[l] = g[l](Z[l])`` for every layer."""
        cache = self._cache(X.shape[1])
        if self._few_features:
            cache.X[...] = X
        else:
            first = cache.layers[0]
            first.A_before = X.astype(self.dtype, copy=False)
            first.A_before_T = first.A_before.T
        if training and self._stateful:
            for layer, mask in zip(cache.layers, self.masks(X.shape[1]), strict=True):
                layer.mask = None if mask is None else mask.astype(self.dtype, copy=False)
        for layer in cache.layers:
            layer.forward(training)
        return cache

    def _cost(self, cache: Cache, Y: Array) -> float:
        m, last = Y.shape[1], cache.layers[-1]
        J: float = self._total_loss(self.loss, last.Z, last.A, Y, last.scratch) / m
        for name, lambda_ in self.regularisers.items():
            of = REGULARISERS[name].of
            J += lambda_ / (2 * m) * sum(float(of(layer.W).sum()) for layer in cache.layers)
        return J

    # --- backward ---------------------------------------------------------------------------------------

    @_quiet
    def cost_and_grad(self, X: ArrayLike, Y: ArrayLike) -> float:
        """See :meth:`Network.cost_and_grad`."""
        X, Y = self.require_examples(X, Y)
        Y = self._targets(Y)
        cache = self._forward(X)
        self._backward(cache, Y)
        if self._stateful:
            self._pass_is_over(cache)
        return self._cost(cache, Y)

    def record(self, X: ArrayLike, Y: ArrayLike) -> Pass:
        """See :meth:`Network.record`."""
        with self.frozen():
            J = self.cost_and_grad(X, Y)
        m = np.shape(X)[1]
        layers = self._cache(m).layers
        d = {name: array.copy() for name, array in self.named("grad").items()}
        dW, db = (list(part) for part in zip(*self._layers(d), strict=True))
        return Pass(
            J,
            [layer.Z.copy() for layer in layers],
            [layer.A_out.copy() for layer in layers],
            [layer.dZ * m for layer in layers],
            dW,
            db,
            [None if n is None else n.Z_norm.copy() for n in (layer.normalisation for layer in layers)],
            [d.get(f"gamma{l}") for l in range(1, len(self.shape))],
            [d.get(f"beta{l}") for l in range(1, len(self.shape))],
        )

    def _backward(self, cache: Cache, Y: Array) -> None:
        """From the last layer to the first.

        ``dW[l] = dZ[l] A[l-1]^T / m``, ``db[l] = sum(dZ[l]) / m`` and ``dA[l-1] = W[l]^T dZ[l]``.
        """
        regularisers = self._slopes(Y.shape[1]) if self.regularisers else ()
        last = after = cache.layers[-1]
        self._loss_formulas.dZ(last.g, last.Z, last.A, Y, last.dZ, last.scratch)
        np.divide(last.dZ, cache.m, last.dZ)  # once here instead of in every dW and db
        for layer in reversed(cache.layers):
            if layer is not last:
                layer.dZ_from(after)
            layer.dW_from_dZ(regularisers)
            after = layer

    def _slopes(self, m: int) -> list[tuple[type[formulas.Regulariser], float]]:
        """Each regulariser's formula, with lambda/(2m)."""
        return [(formulas.REGULARISERS[name], x / (2 * m)) for name, x in self.regularisers.items()]

    def _pass_is_over(self, cache: Cache) -> None:
        found = [layer.normalisation for layer in cache.layers]
        self._passed(int(cache.m), [None if n is None else (n.mean, n.var) for n in found])

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

        ones = np.ones(m, self.dtype)
        before = np.ones((self.shape[0] + 1, m) if self._few_features else (0, m), self.dtype)
        X, layers = before[:-1], []
        for l, n in enumerate(self.shape[1:], 1):
            with_ones = np.ones((n + 1, m), self.dtype)
            A_out = with_ones[:-1]
            A = A_out if self.keep_probs[l - 1] == 1 else empty(n)
            block, dblock = self._data[f"block{l}"], self._grad[f"block{l}"]
            bias = self.normalisations[l - 1] != "batch"
            layers.append(
                Layer(
                    formulas.formulas_of(self.activations[l - 1].name, formulas.ACTIVATIONS),
                    block,
                    dblock,
                    bias,
                    before if bias or not len(before) else before[:-1],
                    ones,
                    Z=empty(n),
                    A=A,
                    A_out=A_out,
                    dA=empty(n + (l < len(self.shape) - 1 and self.normalisations[l] != "batch")),
                    scratch=empty(n),
                    normalisation=self._normalisation(l, empty(n), empty(n)),
                )
            )
            before = with_ones
        return Cache(X, np.array(m, self.dtype), layers)

    def _normalisation(self, l: int, Z_norm: Array, Z_tilde: Array) -> Normalisation | None:
        if self.normalisations[l - 1] is None:
            return None
        data, grad, none = self._data, self._grad, np.empty(0, self.dtype)
        return Normalisation(
            data[f"gamma{l}"],
            data[f"beta{l}"],
            grad[f"gamma{l}"],
            grad[f"beta{l}"],
            self.averages[l - 1],
            Z_norm,
            Z_tilde,
            mean=none,
            var=none,
        )


def _views(vector: Array, shapes: Mapping[str, tuple[int, int]]) -> dict[str, Array]:
    """A flat vector as matrices, one after the other."""
    ends = np.cumsum([rows * columns for rows, columns in shapes.values()])[:-1]
    parts = zip(np.split(vector, ends), shapes.items(), strict=True)
    return {name: part.reshape(shape) for part, (name, shape) in parts}
