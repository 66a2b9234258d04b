"""One layer of matrices, forward and backward by hand (course, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from micrograd_dl.foundation.products import product  # product(X, Y) is X @ Y
from micrograd_dl.nn.network import Array, Parameter
from micrograd_dl.vectorized.formulas import formulas_of
from micrograd_dl.vectorized.normalisation import Normalisation


@dataclass(slots=True, eq=False)
class Cache:
    """The arrays of one layer's pass: ``(n[l], m)`` each, but A_prev ``(n[l-1], m)``.

    Z_tilde is gamma Z_norm + beta, or Z without normalisation. A_undropped is g(Z_tilde), and A is that times
    the mask of dropout. The statistics are the mean and the variance of Z. The backward pass sets dZ.
    """

    A_prev: Array
    Z: Array
    Z_tilde: Array
    A_undropped: Array
    A: Array
    mask: Array | None
    Z_norm: Array | None
    statistics: list[Array]
    dZ: Any = None


@dataclass(slots=True, eq=False)
class DenseLayer:
    """A layer in which every unit takes every input.

    Attributes:
        g: the name of the activation's formulas.
        W, b: ``(n[l], n[l-1])`` and ``(n[l], 1)``; no b before batch normalisation, which would remove it.
        normalisation: between Z and the activation, or None.
    """

    g: str
    W: Parameter
    b: Parameter | None
    normalisation: Normalisation | None

    def parameters(self) -> list[Parameter]:
        """W, then b, gamma and beta if the layer has them."""
        n = self.normalisation
        return [p for p in (self.W, self.b, *((n.gamma, n.beta) if n else ())) if p is not None]

    def forward(self, A_prev: Array, mask: Array | None, *, training: bool) -> Cache:
        """``Z = W A_prev + b`` and ``A = g(Z)``, with normalisation and dropout if the layer has them."""
        W, b = self.W.data, 0 if self.b is None else self.b.data
        Z = Z_tilde = product(W, A_prev) + b
        Z_norm, statistics = None, list[Array]()
        if self.normalisation is not None:
            Z_norm, *statistics = self.normalisation.forward(Z, training=training)
            Z_tilde = self.normalisation.scale(Z_norm)
        A_undropped = formulas_of(self.g).g(Z_tilde)
        A = A_undropped if mask is None else A_undropped * mask
        return Cache(A_prev, Z, Z_tilde, A_undropped, A, mask, Z_norm, statistics)

    def dZ(self, dA: Array, cache: Cache) -> Array:
        """``dZ = dA * g'(Z)``, back through dropout, g and the normalisation; sets dgamma and dbeta too."""
        dA = dA if cache.mask is None else dA * cache.mask
        dZ: Array = dA * formulas_of(self.g).slope(cache.Z_tilde, cache.A_undropped)
        if self.normalisation is None or cache.Z_norm is None:
            return dZ
        return self.normalisation.backward(dZ, cache.Z_norm, cache.statistics[1])

    def set_gradients(self, dZ: Array, A_prev: Array) -> None:
        """Set W.grad, ``dW = dZ A_prev^T / m``, and b.grad, ``db = sum of dZ / m``."""
        m = dZ.shape[1]
        self.W.grad = product(dZ / m, A_prev.T)  # divides dZ, which has fewer entries than dW
        if self.b is not None:
            self.b.grad = dZ.sum(axis=1, keepdims=True) / m

    def dA_prev(self, dZ: Array) -> Array:
        """``W^T dZ``."""
        return product(self.W.data.T, dZ)
