"""How large the terms are behind each number of a pass: rounding goes by them, not by what is left of a sum.

Where a sum cancels, two right computations differ by the rounding of its terms; and what one layer has
rounded, the next ones carry on. So the sizes of terms are passed through the layers as the numbers themselves
are, with a magnitude in the place of every number.
"""

from __future__ import annotations

import numpy as np

from micrograd_dl.engine import ops
from micrograd_dl.nn.network import Array, Network, Pass
from micrograd_dl.nn.normalisation import EPSILON

# A slope such as 1 - a^2 has its own rounding where the activation is level.
_LEVEL = 1e-3


class Terms:
    """The largest sum of magnitudes behind an entry of each quantity of a pass."""

    @np.errstate(all="ignore")
    def __init__(self, numbers: Pass, model: Network, X: Array) -> None:
        self._numbers, self._model = numbers, model
        self._found: dict[tuple[str, int], float] = {}
        self._A = [np.abs(X), *map(np.abs, numbers.A)]
        self._sizes_in: list[Array] = []
        self._forward()
        self._backward()

    def of(self, what: str, l: int) -> float:
        """That of J, or of Z, Z_norm, A, dgamma, dbeta, dZ, dW or db of layer l."""
        return self._found.get((what, l), 0.0)

    def _forward(self) -> None:
        A = self._A[0]
        for l, (W, b) in enumerate(self._model.layers_data(), 1):
            Z, Z_norm = np.abs(W) @ A + np.abs(b), self._numbers.Z_norm[l - 1]
            self._note("Z", l, Z)
            sizes = Z
            if Z_norm is not None:
                sizes = (Z + Z.mean(axis=self._axis(l), keepdims=True)) / self._deviation(l)
                self._note("Z_norm", l, sizes)
                gamma, beta = self._scale(l)
                sizes = np.abs(gamma) * sizes + np.abs(beta)
            keep = self._model.keep_probs[l - 1]
            A = np.maximum(self._A[l], sizes * np.minimum(1, np.abs(self._slope(l)) + _LEVEL) / keep)
            self._note("A", l, A)
            self._sizes_in.append(sizes)
        # What a rounding of z does to the cost, its derivative tells.
        self._found["J", 0] = float((np.abs(self._numbers.dZ[-1]) * sizes).sum(axis=0).mean())

    def _backward(self) -> None:
        L = len(self._numbers.Z)
        layers = self._model.layers_data()
        dZ = np.abs(self._numbers.A[-1]) + 1  # the output and the target
        self._note_dZ(L, dZ)
        for l in range(L - 1, 0, -1):
            dA = np.abs(layers[l][0]).T @ dZ / self._model.keep_probs[l - 1]
            dZ_in = dA * np.minimum(1, np.abs(self._slope(l)) + _LEVEL)
            # The slope is at a z that is rounded.
            dZ_in = dZ_in + np.abs(layers[l][0].T @ self._numbers.dZ[l]) * self._sizes_in[l - 1]
            if self._numbers.Z_norm[l - 1] is None:
                self._note_dZ(l, dA)
                dZ = np.maximum(np.abs(self._numbers.dZ[l - 1]), dZ_in)
            else:
                dZ = self._through_normalisation(l, dZ_in)
                self._note_dZ(l, dZ)

    def _through_normalisation(self, l: int, dZ_in: Array) -> Array:
        gamma, beta = self._scale(l)
        sizes, axis = self._sizes_in[l - 1], self._axis(l)
        Z_norm = np.where(gamma == 0, 0, (sizes - np.abs(beta)) / np.abs(gamma))
        self._found["dgamma", l] = float((dZ_in * Z_norm).mean(axis=1).max())
        self._found["dbeta", l] = float(dZ_in.mean(axis=1).max())
        dZ_norm = np.abs(gamma) * dZ_in
        through_var = Z_norm * (dZ_norm * Z_norm).mean(axis=axis, keepdims=True)
        dZ: Array = dZ_norm + dZ_norm.mean(axis=axis, keepdims=True) + through_var
        return dZ / self._deviation(l)

    def _note(self, what: str, l: int, sizes: Array) -> None:
        self._found[what, l] = float(sizes.max())

    def _note_dZ(self, l: int, sizes: Array) -> None:
        A = self._A[l - 1]
        self._note("dZ", l, sizes)
        self._found["dW", l] = float((sizes @ A.T).max() / A.shape[1])
        self._found["db", l] = float(sizes.mean(axis=1).max())

    def _axis(self, l: int) -> int:
        return 1 if self._model.normalisations[l - 1] == "batch" else 0

    def _deviation(self, l: int) -> Array:
        deviation: Array = np.sqrt(self._numbers.Z[l - 1].var(axis=self._axis(l), keepdims=True) + EPSILON)
        return deviation

    def _scale(self, l: int) -> tuple[Array, Array]:
        named = self._model.named()
        return named[f"gamma{l}"], named[f"beta{l}"]

    def _slope(self, l: int) -> Array:
        """The activation's, or 1 where it is of several operations."""
        g = self._model.activations[l - 1]
        Z = Z_in(self._numbers, self._model, l)
        if g.name not in ops.TABLE:
            return np.ones_like(Z)
        slope: Array = ops.TABLE[g.name].slopes(np.array(g.of(list(Z))), [Z])[0]
        return slope


def Z_in(numbers: Pass, model: Network, l: int) -> Array:
    """What the activation of layer l is of."""
    Z_norm = numbers.Z_norm[l - 1]
    if Z_norm is None:
        return numbers.Z[l - 1]
    named = model.named()
    Z: Array = named[f"gamma{l}"] * Z_norm + named[f"beta{l}"]
    return Z
