"""Batch and layer normalisation on matrices, forward and backward by hand (course, section 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from micrograd_dl.nn.network import Array, Parameter
from micrograd_dl.nn.normalisation import EPSILON, Averages


def normalise(Z: Array, axis: int) -> tuple[Array, Array, Array]:
    """``Z_norm = (Z - mean) / sqrt(var + eps)``, the mean and the variance."""
    mean, var = Z.mean(axis=axis, keepdims=True), Z.var(axis=axis, keepdims=True)
    return (Z - mean) / np.sqrt(var + EPSILON), mean, var


def dZ_from_dZ_norm(dZ_norm: Array, Z_norm: Array, var: Array, axis: int) -> Any:
    """dZ, also through the mean and the variance, which depend on every z.

    With ``s = sqrt(var + eps)`` and averages over k numbers::

        dvar  = sum(dZ_norm * (Z - mean)) * -1/2 (var + eps)^(-3/2) = -sum(dZ_norm * Z_norm) / (2 s^2)
        dmean = -sum(dZ_norm) / s                        (through var it is 0, as Z - mean has the sum 0)
        dZ    = dZ_norm / s  +  dmean / k  +  dvar * 2 (Z - mean) / k
              = (dZ_norm - mean(dZ_norm) - Z_norm * mean(dZ_norm * Z_norm)) / s
    """
    through_mean = dZ_norm.mean(axis=axis, keepdims=True)
    through_var = Z_norm * (dZ_norm * Z_norm).mean(axis=axis, keepdims=True)
    return (dZ_norm - through_mean - through_var) / np.sqrt(var + EPSILON)


@dataclass(slots=True, eq=False)
class Normalisation:
    """The normalisation of a layer, with gamma and beta ``(n[l], 1)``; averages only if it is by batch."""

    gamma: Parameter
    beta: Parameter
    averages: Averages | None

    @property
    def axis(self) -> int:
        """The axis that is averaged over: 1, the examples, by batch normalisation; 0, the units, by layer."""
        return 0 if self.averages is None else 1

    def forward(self, Z: Array, *, training: bool) -> tuple[Array, Array, Array]:
        """Z_norm ``(n[l], m)``, the mean and the variance."""
        if training or self.averages is None:
            return normalise(Z, self.axis)
        mean, var = self.averages.mean.astype(Z.dtype), self.averages.variance.astype(Z.dtype)
        return (Z - mean) / np.sqrt(var + EPSILON), mean, var

    def scale(self, Z_norm: Array) -> Any:
        """``Z_tilde = gamma Z_norm + beta``."""
        return self.gamma.data * Z_norm + self.beta.data

    def backward(self, dZ_tilde: Array, Z_norm: Array, var: Array) -> Array:
        """``dZ (n[l], m)``; sets the gradients of gamma and beta."""
        m = dZ_tilde.shape[1]
        self.gamma.grad = (dZ_tilde * Z_norm).sum(axis=1, keepdims=True) / m
        self.beta.grad = dZ_tilde.sum(axis=1, keepdims=True) / m
        dZ: Array = dZ_from_dZ_norm(self.gamma.data * dZ_tilde, Z_norm, var, self.axis)
        return dZ
