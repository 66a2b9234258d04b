"""One layer of matrices: its parameters, its forward pass, and its backward pass by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from numpy.typing import NDArray

from micrograd_dl.nn.network import Parameter
from micrograd_dl.vectorized.formulas import ACTIVATION_FORMULAS
from micrograd_dl.vectorized.normalisation import Normalisation

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
    statistics: Sequence[Array] = ()


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
        Z_in, Z_norm = Z, None
        statistics: Sequence[Array] = ()
        if self.normalisation is not None:
            Z_norm, *statistics = self.normalisation.forward(Z, training=training)
            Z_in = self.normalisation.scale(Z_norm)
        A = ACTIVATION_FORMULAS[self.g].g(Z_in)
        return Cache(A_prev, Z, Z_in, A, A if mask is None else A * mask, mask, Z_norm, statistics)

    def dZ(self, dA: Array, cache: Cache) -> Array:
        """``dZ = dA * g'(Z)``, by way of dropout and of the normalisation; their gradients are set."""
        if cache.mask is not None:
            dA = dA * cache.mask
        dZ: Array = dA * ACTIVATION_FORMULAS[self.g].slope(cache.Z_in, cache.A)
        if self.normalisation is None or cache.Z_norm is None:
            return dZ
        return self.normalisation.backward(dZ, cache.Z_norm, cache.statistics[1])

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
