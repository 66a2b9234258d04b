"""Why two networks differ: what each likely mistake would have given is tried."""

from __future__ import annotations

from collections.abc import Iterable, Set

import numpy as np

from micrograd_dl.compare.quantities import Row
from micrograd_dl.engine.value import Value
from micrograd_dl.nn.network import Array, Network, Pass
from micrograd_dl.nn.normalisation import EPSILON
from micrograd_dl.notation.numbers import number
from micrograd_dl.vectorized.formulas import PENALTY_SLOPES


class Reasons:
    """The probable mistake in a layer: `row` differs first, `model` is right, `numbers` is its pass."""

    def __init__(self, row: Row, model: Network, numbers: Pass, tolerance: float) -> None:
        self.row, self.model, self.numbers, self.tolerance = row, model, numbers, tolerance
        self.l, self.m = row.l, numbers.Z[0].shape[1]
        self.g, self.keep = model.activations[row.l - 1].name, model.keep_probs[row.l - 1]
        self.kind = model.normalisations[row.l - 1]
        self.axis = 1 if self.kind == "batch" else 0  # the axis of the numbers that are normalised together

    @np.errstate(divide="ignore", invalid="ignore")
    def first(self, differing: Set[str]) -> str:
        """The reason for the first difference, in one line, given the names of all rows that differ."""
        l, what = self.l, self.row.what
        if what == "Z":
            return f"the product W A + b of layer {l}, or its weights, are not the same"
        if what == "J":
            smoothing = ", the label smoothing" if self.model.label_smoothing else ""
            return f"the outputs agree, so it is the loss, its mean over m{smoothing}, or the regularisation"
        if what in ("Z_norm", "A"):
            return self._of_Z_norm() if what == "Z_norm" else self._of_A()
        for factor, called in ((self.m, "m"), (1 / self.m, "1/m")):
            if self.m > 1 and self._is(factor * self.row.here):
                times = f"{self.row.name} is {called} times what it should be"
                return f"{times}, as if a 1/m were missing or done twice"
        if what in ("dgamma", "dbeta"):
            return self._of_scale(differing)
        if what == "db":
            return f"dZ{l} and dW{l} agree, so it is the sum of dZ over the examples, or its 1/m"
        return self._of_dZ() if what == "dZ" else self._of_dW()

    def _is(self, wrong: Array, there: Array | None = None) -> bool:
        """Whether the other network has these numbers."""
        there = self.row.there if there is None else there
        scale = max(np.abs(wrong).max(initial=0.0), np.abs(there).max(initial=0.0))
        return bool(np.abs(wrong - there).max(initial=0.0) <= max(self.tolerance, 1e-9) * scale)

    def _first(self, mistakes: Iterable[tuple[Array, str]], otherwise: str) -> str:
        """The first mistake that gives the numbers of the other network."""
        return next((text for wrong, text in mistakes if self._is(wrong)), otherwise)

    # --- forward ----------------------------------------------------------------------------------------

    def _of_Z_norm(self) -> str:
        Z, axis, averages = self.numbers.Z[self.l - 1], self.axis, self.model.averages[self.l - 1]
        Z0, var = Z - Z.mean(axis=axis, keepdims=True), Z.var(axis=axis, keepdims=True)
        k, count = Z.shape[axis], "m" if axis else "n"
        here, other = ("units", "examples")[:: 1 if axis else -1]
        swapped = Z - Z.mean(axis=1 - axis, keepdims=True)
        swapped /= np.sqrt(Z.var(axis=1 - axis, keepdims=True) + EPSILON)
        sample = Z0 / np.sqrt(var * k / (k - 1 or np.nan) + EPSILON)
        mistakes = [
            (Z0 / (var + EPSILON), "it is divided by the variance instead of the standard deviation"),
            (sample, f"its variance divides by {count} - 1 instead of {count}"),
            (Z0, "it is not divided by the standard deviation"),
            (Z / np.sqrt(var + EPSILON), "the mean is not subtracted"),
            (Z0 / np.sqrt(var), "eps is not added to the variance"),
            (swapped, f"the mean and the variance are over the {here} instead of the {other}"),
        ]
        if averages is not None:
            predicted = (Z - averages.mean) / np.sqrt(averages.variance + EPSILON)
            mistakes.append((predicted, "the running averages are used, as in a prediction, not the batch"))
        what = f"the mean, the variance or eps of the {self.kind} normalisation"
        return self._first(mistakes, f"Z{self.l} agrees, so it is {what}")

    def _of_A(self) -> str:
        l, there = self.l, self.row.there
        A = np.array(self.model.activations[l - 1].of(list(self.model.activation_input(self.numbers, l))))
        if self.keep < 1:
            mask = np.where(A == 0, 0, there / A)
            if self._is(A):
                return f"Z{l} agrees, and dropout is off in the other"
            if self._is(self.row.here * self.keep):
                return f"dropout's mask agrees, but its numbers are not divided by keep_prob, {self.keep:g}"
            if self._is(np.rint(mask * self.keep) / self.keep, mask):
                return f"Z{l} agrees, so dropout has other masks: from another seed, or for another pass"
        if self.kind is not None:
            return f"Z_norm{l} agrees, so it is gamma, beta, or the activation, which should be {self.g}"
        return f"Z{l} agrees, so the activation is not the {self.g} it should be"

    # --- backward ---------------------------------------------------------------------------------------

    def _of_dW(self) -> str:
        W, right = self.model.layers_data()[self.l - 1][0], self.row.here
        penalties = {
            f" {name.upper()}": lambda_ / (2 * self.m) * PENALTY_SLOPES[name](W)
            for name, lambda_ in self.model.regularisers.items()
        }
        mistakes = [
            (right - x, f"it lacks the{name} regularisation") for name, x in penalties.items() if x.any()
        ]
        if penalties:
            mistakes.append((right - sum(penalties.values()), "it lacks the regularisation"))
        if W.shape[0] == W.shape[1]:
            mistakes.append((right.T, "it is transposed: dW = dZ A^T / m"))
        otherwise = f"dZ{self.l} agrees, so it is the product dZ A^T / m, or the regularisation"
        return self._first(mistakes, otherwise)

    def _of_dZ(self) -> str:
        l, row = self.l, self.row
        if l == len(self.numbers.Z):
            return f"the outputs agree, so the derivative of the loss {self.model.loss.name} is wrong"
        if self.kind is not None:
            return self._of_normalised_dZ()
        W, dZ = self.model.layers_data()[l][0], self.numbers.dZ[l]
        dA, mask = W.T @ dZ, self.model.masks(self.m)[l - 1]
        if mask is not None:
            if self._is(row.here * self.keep):
                return f"dropout's mask is not divided by keep_prob, {self.keep:g}, in the backward pass"
            if self._is(row.here, np.where(mask > 0, row.there / self.keep, 0)):
                return "dropout's mask of the forward pass is not applied in the backward pass"
            dA = dA * mask
        slope = np.where(dA == 0, 0.0, row.here / dA)
        if W.shape[0] == W.shape[1] and self._is((W @ dZ) * slope):
            return f"W{l + 1} stands where its transpose should: dA{l} = W{l + 1}^T dZ{l + 1}"
        z, right, claimed = (number(float(x[row.at])) for x in (self.numbers.Z[l - 1], slope, row.there / dA))
        if z == "0" and self.g in ("relu", "leaky_relu"):
            slope_there = f"{right} on the side that slope_at_kink takes, not {claimed}"
            return f"dZ{l + 1} agrees, and z is at the kink of {self.g}: its slope there is {slope_there}"
        derivative = f"the derivative of {self.g}: at z = {z} it is {right}, not {claimed}"
        return f"dZ{l + 1} agrees, so it is {derivative} (or the product W{l + 1}^T dZ{l + 1})"

    def _of_scale(self, differing: Set[str]) -> str:
        """Reasons for dgamma or dbeta; both need dZ_tilde, the derivative by the activation's argument."""
        l, is_gamma = self.l, self.row.what == "dgamma"
        other = f"{'dbeta' if is_gamma else 'dgamma'}{l}"
        if other not in differing:
            product = "dZ_tilde times Z_norm" if is_gamma else "dZ_tilde"
            return f"{other} agrees, so it is the sum of {product} over the examples"
        mask, product = "the mask of dropout, " if self.keep < 1 else "", f"W{l + 1}^T dZ{l + 1}"
        return f"dZ{l + 1} agrees, so it is the derivative of {self.g}, {mask}or the product {product}"

    def _of_normalised_dZ(self) -> str:
        l, axis, Z_norm = self.l, self.axis, self.numbers.Z_norm[self.l - 1]
        assert Z_norm is not None
        s = np.sqrt(self.numbers.Z[l - 1].var(axis=axis, keepdims=True) + EPSILON)

        def through(d: Array) -> tuple[Array, Array]:
            """Through the mean and through the variance."""
            return d.mean(axis=axis, keepdims=True), Z_norm * (d * Z_norm).mean(axis=axis, keepdims=True)

        dZ_tilde = self._dZ_tilde()
        d = self.model.named()[f"gamma{l}"] * dZ_tilde
        mean, var = through(d)
        formula = "dZ = (dZ_norm - mean(dZ_norm) - Z_norm mean(dZ_norm Z_norm)) / sqrt(var + eps)"
        mistakes = [
            ((d - var) / s, "it lacks the path through the mean"),
            ((d - mean) / s, "it lacks the path through the variance"),
            (d / s, "it lacks the paths through the mean and the variance, as if they were constants"),
            (d - mean - var, "it is not divided by sqrt(var + eps)"),
            ((d - mean + var) / s, "the path through the variance has the wrong sign"),
            ((dZ_tilde - sum(through(dZ_tilde))) / s, "gamma is missing: dZ_norm = gamma dZ_tilde"),
            (self.row.here / s, "it is divided by var + eps instead of its root"),
        ]
        found = self._first(mistakes, f"dgamma{l} and dbeta{l} agree, so it is not {formula}")
        return f"backward through the {self.kind} normalisation: {found}"

    def _dZ_tilde(self) -> Array:
        """The derivative by the argument of the activation."""
        l, g = self.l, self.model.activations[self.l - 1]
        mask = self.model.masks(self.m)[l - 1]

        def slope(z: float) -> float:
            operand = Value(z)
            g.of([operand])[0].backward()
            return operand.grad

        slopes = np.vectorize(slope, otypes=[float])(self.model.activation_input(self.numbers, l))
        dA = self.model.layers_data()[l][0].T @ self.numbers.dZ[l]
        dZ: Array = dA * (1 if mask is None else mask) * slopes
        return dZ
