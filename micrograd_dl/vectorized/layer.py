"""One layer of matrices, forward and backward by hand (course, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from micrograd_dl.nn.network import Array, Parameter
from micrograd_dl.output.products import product
from micrograd_dl.vectorized.formulas import ACTIVATION_FORMULAS
from micrograd_dl.vectorized.normalisation import Normalisation


@dataclass(slots=True, eq=False)
class Cache:
    """Of a pass over one layer: ``(n[l], m)`` each, but A_prev ``(n[l-1], m)``.

    Z_in is what the activation is of: Z, or Z normalised and scaled; A is g_Z after dropout by the mask;
    statistics are the mean and the variance behind Z_norm; dZ comes with the backward pass.
    """

    A_prev: Array
    Z: Array
    Z_in: Array
    g_Z: Array
    A: Array
    mask: Array | None
    Z_norm: Array | None
    statistics: list[Array]
    dZ: Any = None


@dataclass(slots=True, eq=False)
class DenseLayer:
    """A layer in which every unit takes every input.

    Attributes:
        g: the activation, the name of its formulas.
        W, b: ``(n[l], n[l-1])`` and ``(n[l], 1)``; no b before batch normalisation, which would remove it.
        normalisation: between Z and the activation, or None.
    """

    g: str
    W: Parameter
    b: Parameter | None
    normalisation: Normalisation | None

    def parameters(self) -> list[Parameter]:
        """W, then b, gamma and beta where there are."""
        n = self.normalisation
        return [p for p in (self.W, self.b, *((n.gamma, n.beta) if n else ())) if p is not None]

    def forward(self, A_prev: Array, mask: Array | None, *, training: bool) -> Cache:
        """``Z = W A_prev + b`` and ``A = g(Z)``, with normalisation and dropout where there are."""
        W, b = self.W.data, 0 if self.b is None else self.b.data
        Z = Z_in = product(W, A_prev) + b
        Z_norm, statistics = None, list[Array]()
        if self.normalisation is not None:
            Z_norm, *statistics = self.normalisation.forward(Z, training=training)
            Z_in = self.normalisation.scale(Z_norm)
        g_Z = ACTIVATION_FORMULAS[self.g].g(Z_in)
        A = g_Z if mask is None else g_Z * mask
        return Cache(A_prev, Z, Z_in, g_Z, A, mask, Z_norm, statistics)

    def dZ(self, dA: Array, cache: Cache) -> Array:
        """``dZ = dA * g'(Z)``, back through dropout, g and the normalisation; sets dgamma and dbeta too."""
        if cache.mask is not None:
            dA = dA * cache.mask
        dZ: Array = dA * ACTIVATION_FORMULAS[self.g].slope(cache.Z_in, cache.g_Z)
        if self.normalisation is None or cache.Z_norm is None:
            return dZ
        return self.normalisation.backward(dZ, cache.Z_norm, cache.statistics[1])

    def set_gradients(self, dZ: Array, A_prev: Array) -> None:
        """``dW = dZ A_prev^T / m`` and ``db = sum of dZ / m``."""
        m = dZ.shape[1]
        self.W.grad = product(dZ / m, A_prev.T)  # dZ has fewer entries than dW to divide
        if self.b is not None:
            self.b.grad = dZ.sum(axis=1, keepdims=True) / m

    def dA_prev(self, dZ: Array) -> Array:
        """``W^T dZ``."""
        return product(self.W.data.T, dZ)
