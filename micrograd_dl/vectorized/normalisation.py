"""Batch and layer normalisation on matrices, forward and backward by hand (course, section 10).

The axis is that of the numbers that belong together: 1, the examples, for batch normalisation and 0, the
units, for layer normalisation. What belongs together there is the same in both formulas; see
:mod:`~micrograd_dl.nn.normalisation` for what is decided at the edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.nn.normalisation import EPSILON, Averages

Array: TypeAlias = NDArray[Any]


def normalise(Z: Array, axis: int, out: Array) -> tuple[Array, Array]:
    """``Z_norm = (Z - mean) / sqrt(var + eps)``, into `out`; returns the mean and the variance."""
    mean = Z.mean(axis=axis, keepdims=True)
    np.subtract(Z, mean, out)
    var = np.square(out).mean(axis=axis, keepdims=True)
    np.divide(out, np.sqrt(var + EPSILON), out)
    return mean, var


def dZ_from_dZ_norm(dZ_norm: Array, Z_norm: Array, var: Array, axis: int) -> Array:
    """dZ, through the mean and the variance, which depend on every z too.

    With ``s = sqrt(var + eps)`` and k numbers that belong together::

        dvar  = sum(dZ_norm * (Z - mean)) * -1/2 (var + eps)^(-3/2) = -sum(dZ_norm * Z_norm) / (2 s^2)
        dmean = -sum(dZ_norm) / s                        (through var it is 0, as Z - mean has the sum 0)
        dZ    = dZ_norm / s  +  dmean / k  +  dvar * 2 (Z - mean) / k
              = (dZ_norm - mean(dZ_norm) - Z_norm * mean(dZ_norm * Z_norm)) / s
    """
    through_mean = dZ_norm.mean(axis=axis, keepdims=True)
    through_var = Z_norm * (dZ_norm * Z_norm).mean(axis=axis, keepdims=True)
    dZ: Array = (dZ_norm - through_mean - through_var) / np.sqrt(var + EPSILON)
    return dZ


@dataclass(slots=True, eq=False)
class Normalisation:
    """The normalisation of one layer at work on m examples.

    Attributes:
        gamma, beta, dgamma, dbeta: parameters and derivatives, ``(n, 1)``, views.
        averages: what batch normalisation predicts with; None for layer normalisation.
        Z_norm, Z_tilde: ``(n, m)``; ``Z_tilde = gamma Z_norm + beta``, what the activation is of.
        mean, var: of the last pass, ``(n, 1)`` or ``(1, m)``.
    """

    gamma: Array
    beta: Array
    dgamma: Array
    dbeta: Array
    averages: Averages | None
    Z_norm: Array
    Z_tilde: Array
    mean: Array
    var: Array

    @property
    def axis(self) -> int:
        """1 for batch normalisation, 0 for layer normalisation."""
        return 0 if self.averages is None else 1

    def forward(self, Z: Array, training: bool) -> None:
        """``Z_tilde = gamma Z_norm + beta``."""
        if training or self.averages is None:
            self.mean, self.var = normalise(Z, self.axis, self.Z_norm)
        else:
            np.subtract(Z, self.averages.mean, self.Z_norm, casting="same_kind")
            np.divide(
                self.Z_norm, np.sqrt(self.averages.variance + EPSILON), self.Z_norm, casting="same_kind"
            )
        np.multiply(self.gamma, self.Z_norm, self.Z_tilde)
        np.add(self.Z_tilde, self.beta, self.Z_tilde)

    def backward(self, dZ: Array) -> None:
        """DZ_tilde becomes dZ, in place; dgamma and dbeta are set."""
        np.sum(dZ * self.Z_norm, axis=1, keepdims=True, out=self.dgamma)
        np.sum(dZ, axis=1, keepdims=True, out=self.dbeta)
        np.multiply(self.gamma, dZ, dZ)  # dZ_norm
        dZ[...] = dZ_from_dZ_norm(dZ, self.Z_norm, self.var, self.axis)
