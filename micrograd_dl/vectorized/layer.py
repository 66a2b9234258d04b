"""One layer at work on m examples: its arrays, and its part of the forward and the backward pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.vectorized.formulas import Activation, Regulariser
from micrograd_dl.vectorized.normalisation import Normalisation

Array: TypeAlias = NDArray[Any]


@dataclass(slots=True, eq=False)
class Layer:
    """What one layer takes part with in a pass of m examples: views of its parameters, and its arrays.

    All are made once for a batch size; a view taken anew in every step would cost as much as a small product.

    Attributes:
        g: the formulas of its activation.
        block, dblock: ``[W b]`` and its derivative, ``(n[l], n[l-1] + 1)``; just W where there is no bias.
        block_T: the block transposed.
        W, dW: the block without the last column.
        b, db: the last column.
        A_before: the A of the layer before with a row of ones below, ``(n[l-1] + 1, m)``. The ones make the
            bias a column of the weights, so that one product gives ``W A + b``. An input of many features is
            the array that was given, without ones, and changes with each pass; nor has a layer without bias
            the ones.
        A_before_T: the same transposed.
        ones: ``(m,)``, for the sum over the examples where A_before has none.
        Z, A, dZ, scratch: ``(n[l], m)``.
        dA: what the block of the layer after, transposed, times its dZ gives; dZ is made in the same memory.
            If that block has a bias, there is one row more, the derivative by the ones, which is of no use;
            but a product with W alone, a view with gaps, takes longer.
        A_out: what is passed on: A itself, or after dropout.
        normalisation: between Z and the activation, or None.
        Z_in: what the activation is of: Z itself, or normalised.
        in_one: whether one product with the whole block gives Z.
        mask: in training, what dropout multiplies A by, or None.
    """

    g: type[Activation]
    block: Array
    dblock: Array
    bias: bool
    A_before: Array
    ones: Array
    Z: Array
    A: Array
    A_out: Array
    dA: Array
    scratch: Array
    normalisation: Normalisation | None
    mask: Array | None = None
    Z_in: Array = field(init=False)
    dZ: Array = field(init=False)
    W: Array = field(init=False)
    block_T: Array = field(init=False)
    b: Array = field(init=False)
    dW: Array = field(init=False)
    db: Array = field(init=False)
    A_before_T: Array = field(init=False)
    in_one: bool = field(init=False)

    def __post_init__(self) -> None:
        n_in = self.block.shape[1] - self.bias
        self.W, self.b = self.block[:, :n_in], self.block[:, n_in:]
        self.block_T = self.block.T
        self.dZ = self.dA[: len(self.Z)]
        self.dW, self.db = self.dblock[:, :n_in], self.dblock[:, n_in:]
        self.A_before_T = self.A_before.T
        self.in_one = not self.bias or self.A_before.shape[0] == self.block.shape[1]
        self.Z_in = self.Z if self.normalisation is None else self.normalisation.Z_tilde

    def forward(self, training: bool) -> None:
        """``Z = W A_before + b`` and ``A = g(Z)``, with normalisation and dropout where there are."""
        if self.in_one:
            self.block.dot(self.A_before, self.Z)
        else:
            np.matmul(self.W, self.A_before, out=self.Z)
            np.add(self.Z, self.b, self.Z)
        if self.normalisation is not None:
            self.normalisation.forward(self.Z, training)
        self.g.A(self.Z_in, self.A)
        if self.A_out is not self.A:
            if training and self.mask is not None:
                np.multiply(self.A, self.mask, self.A_out)
            else:
                np.copyto(self.A_out, self.A)

    def dZ_from(self, after: Layer) -> None:
        """``dA = W[l+1]^T dZ[l+1]`` and ``dZ = dA * g'(Z)``; with the mask of the forward pass."""
        after.block_T.dot(after.dZ, self.dA)
        if self.mask is not None:
            np.multiply(self.dZ, self.mask, self.dZ)
        self.g.dZ(self.dZ, self.Z_in, self.A, self.scratch)
        if self.normalisation is not None:
            self.normalisation.backward(self.dZ)

    def dW_from_dZ(self, regularisers: Iterable[tuple[type[Regulariser], float]]) -> None:
        """``dW = dZ A_before^T`` and ``db = sum(dZ)``; the 1/m is in dZ.

        Args:
            regularisers: each with its lambda/(2m).
        """
        if self.in_one:
            self.dZ.dot(self.A_before_T, self.dblock)  # the row of ones gives db in the last column
        else:
            np.matmul(self.dZ, self.A_before_T, out=self.dW)
            np.matmul(self.dZ, self.ones, out=self.db[:, 0])
        for regulariser, lambda_2m in regularisers:
            self.dW += lambda_2m * regulariser.slope(self.W)
