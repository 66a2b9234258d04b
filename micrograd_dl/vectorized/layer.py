"""One layer of matrices: its parameters, its forward pass, and its backward pass by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.nn.network import Parameter
from micrograd_dl.nn.normalisation import EPSILON, Averages
from micrograd_dl.vectorized.formulas import ACTIVATION_FORMULAS

Array: TypeAlias = NDArray[Any]


@dataclass(slots=True, eq=False)
class Cache:
    """The numbers of one forward pass that the backward pass needs.

    Attributes:
        A_prev: ``(n[l-1], m)``, what the layer was given.
        Z: ``(n[l], m)``.
        Z_in: what the activation is of: Z, or Z normalised and scaled.
        A: ``g(Z_in)``.
        A_out: what the layer passes on: A, or A after dropout.
        mask: what dropout multiplied A by, or None.
        Z_norm, mean, var: of a normalised layer.
    """

    A_prev: Array
    Z: Array
    Z_in: Array
    A: Array
    A_out: Array
    mask: Array | None = None
    Z_norm: Array | None = None
    statistics: tuple[Array, Array] | None = None


@dataclass(slots=True, eq=False)
class DenseLayer:
    """A layer in which every unit takes every input.

    Attributes:
        g: the activation, the name of its formulas.
        W: ``(n[l], n[l-1])``.
        b: ``(n[l], 1)``, or None before batch normalisation, which would subtract it again.
        normalisation: between Z and the activation, or None.
    """

    g: str
    W: Parameter
    b: Parameter | None
    normalisation: Normalisation | None

    def parameters(self) -> list[Parameter]:
        """W, then b, gamma and beta where there are."""
        b = [] if self.b is None else [self.b]
        n = self.normalisation
        return [self.W, *b, *([] if n is None else [n.gamma, n.beta])]

    def forward(self, A_prev: Array, mask: Array | None, *, training: bool) -> Cache:
        """``Z = W A_prev + b`` and ``A = g(Z)``, with normalisation and dropout where there are."""
        W, b = self.W.data, 0 if self.b is None else self.b.data
        Z = W @ A_prev + b
        Z_in, Z_norm, statistics = Z, None, None
        if self.normalisation is not None:
            Z_norm, statistics = self.normalisation.forward(Z, training=training)
            Z_in = self.normalisation.gamma.data * Z_norm + self.normalisation.beta.data
        A = ACTIVATION_FORMULAS[self.g].g(Z_in)
        return Cache(A_prev, Z, Z_in, A, A if mask is None else A * mask, mask, Z_norm, statistics)

    def dZ(self, dA: Array, cache: Cache) -> Array:
        """``dZ = dA * g'(Z)``, by way of dropout and of the normalisation; their gradients are set."""
        if cache.mask is not None:
            dA = dA * cache.mask
        dZ: Array = dA * ACTIVATION_FORMULAS[self.g].slope(cache.Z_in, cache.A)
        return dZ if self.normalisation is None else self.normalisation.backward(dZ, cache)

    def set_gradients(self, dZ: Array, cache: Cache) -> None:
        """``dW = dZ A_prev^T / m`` and ``db = sum of dZ / m``."""
        A_prev, m = cache.A_prev, dZ.shape[1]
        self.W.grad = (dZ / m) @ A_prev.T  # dZ has fewer entries than dW to divide
        if self.b is not None:
            self.b.grad = dZ.sum(axis=1, keepdims=True) / m

    def dA_prev(self, dZ: Array) -> Array:
        """``W^T dZ``."""
        W = self.W.data
        return W.T @ dZ


@dataclass(slots=True, eq=False)
class Normalisation:
    """Batch normalisation, or layer normalisation if there are no averages (course, section 10).

    Numbers that belong together are one row of Z for batch normalisation, one column for layer normalisation.

    Attributes:
        gamma, beta: ``(n[l], 1)``.
        averages: what batch normalisation predicts with; None for layer normalisation.
    """

    gamma: Parameter
    beta: Parameter
    averages: Averages | None

    @property
    def axis(self) -> int:
        """1, over the examples, for batch normalisation; 0, over the units, for layer normalisation."""
        return 0 if self.averages is None else 1

    def forward(self, Z: Array, *, training: bool) -> tuple[Array, tuple[Array, Array]]:
        """``Z_norm = (Z - mean) / sqrt(var + eps)``, with the mean and the variance."""
        if self.averages is None or training:
            mean, var = Z.mean(axis=self.axis, keepdims=True), Z.var(axis=self.axis, keepdims=True)
        else:
            mean, var = self.averages.mean.astype(Z.dtype), self.averages.variance.astype(Z.dtype)
        return (Z - mean) / np.sqrt(var + EPSILON), (mean, var)

    def backward(self, dZ_tilde: Array, cache: Cache) -> Array:
        """dZ, through the mean and the variance, which depend on every z too; sets dgamma and dbeta.

        With ``s = sqrt(var + eps)`` and k numbers that belong together::

            dvar  = sum(dZ_norm * (Z - mean)) * -1/2 (var + eps)^(-3/2) = -sum(dZ_norm * Z_norm) / (2 s^2)
            dmean = -sum(dZ_norm) / s                    (through var it is 0, as Z - mean has the sum 0)
            dZ    = dZ_norm / s  +  dmean / k  +  dvar * 2 (Z - mean) / k
                  = (dZ_norm - mean(dZ_norm) - Z_norm * mean(dZ_norm * Z_norm)) / s
        """
        Z_norm, statistics, m = cache.Z_norm, cache.statistics, dZ_tilde.shape[1]
        assert Z_norm is not None
        assert statistics is not None
        self.gamma.grad = np.sum(dZ_tilde * Z_norm, axis=1, keepdims=True) / m
        self.beta.grad = np.sum(dZ_tilde, axis=1, keepdims=True) / m
        dZ_norm = self.gamma.data * dZ_tilde
        through_mean = dZ_norm.mean(axis=self.axis, keepdims=True)
        through_var = Z_norm * (dZ_norm * Z_norm).mean(axis=self.axis, keepdims=True)
        dZ: Array = (dZ_norm - through_mean - through_var) / np.sqrt(statistics[1] + EPSILON)
        return dZ
