"""Why two networks part: what each likely mistake would have given is tried."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Protocol

import numpy as np

from micrograd_dl.compare.rounding import Z_in
from micrograd_dl.engine.value import Value
from micrograd_dl.nn.activations import Activation
from micrograd_dl.nn.network import Array, Network, Pass
from micrograd_dl.nn.normalisation import EPSILON
from micrograd_dl.notation.numbers import number
from micrograd_dl.vectorized.formulas import REGULARISERS


class Parted(Protocol):
    """Where they part: a row of the comparison."""

    @property
    def what(self) -> str:
        """Such as dW."""

    @property
    def l(self) -> int:
        """The layer."""

    @property
    def here(self) -> Array:
        """The right numbers."""

    @property
    def there(self) -> Array:
        """The others."""

    @property
    def at(self) -> tuple[int, ...]:
        """The entry that differs most."""

    @property
    def name(self) -> str:
        """Such as dW[1]."""


# --- forward ------------------------------------------------------------------------------------------------


def why_forward(row: Parted, model: Network, first: Pass) -> str:
    """The reason, in one line."""
    l = row.l
    if row.what == "Z":
        return f"the product W A + b of layer {l}, or its weights, are not the same"
    if row.what == "Z_norm":
        return next(
            (text for wrong, text in _wrong_norms(l, model, first) if _same(row.there, wrong)),
            f"Z[{l}] agrees, so it is the mean, the variance or eps of the {model.normalisations[l - 1]} "
            "normalisation",
        )
    if row.what == "A":
        return _why_A(row, model, first)
    smoothing = ", the label smoothing" if model.label_smoothing else ""
    return f"the outputs agree, so it is the loss, its mean over m{smoothing}, or the regularisation"


def _wrong_norms(l: int, model: Network, first: Pass) -> Iterator[tuple[Array, str]]:
    """What Z_norm would be by a mistake, and its name."""
    Z, averages = first.Z[l - 1], model.averages[l - 1]
    axis = 0 if averages is None else 1
    count = Z.shape[axis]
    Z0, var = Z - Z.mean(axis=axis, keepdims=True), Z.var(axis=axis, keepdims=True)
    yield Z0 / (var + EPSILON), "it is divided by the variance instead of the standard deviation"
    if count > 1:
        unbiased = Z0 / np.sqrt(var * count / (count - 1) + EPSILON)
        yield (
            unbiased,
            f"its variance divides by {'m' if axis else 'n'} - 1 instead of {'m' if axis else 'n'}",
        )
    yield Z0, "it is not divided by the standard deviation"
    yield Z / np.sqrt(var + EPSILON), "the mean is not subtracted"
    with np.errstate(divide="ignore", invalid="ignore"):
        yield Z0 / np.sqrt(var), "eps is not added to the variance"
    other = 1 - axis
    swapped = Z - Z.mean(axis=other, keepdims=True)
    yield (
        swapped / np.sqrt(Z.var(axis=other, keepdims=True) + EPSILON),
        f"the mean and the variance are over the {'units' if axis else 'examples'} instead of the "
        f"{'examples' if axis else 'units'}",
    )
    if averages is not None:
        by_averages = (Z - averages.mean) / np.sqrt(averages.variance + EPSILON)
        yield by_averages, "it goes by the running averages, as in a prediction, not by the batch"


def _why_A(row: Parted, model: Network, first: Pass) -> str:
    l = row.l
    name, keep = model.activations[l - 1].name, model.keep_probs[l - 1]
    Z = Z_in(first, model, l)
    A = np.array(model.activations[l - 1].of(list(Z)))
    if keep < 1:
        if _same(row.there, A):
            return f"Z[{l}] agrees, and dropout is off in the other"
        if _same(row.there, row.here * keep):
            return f"dropout's mask agrees, but its numbers are not divided by keep_prob, {keep:g}"
        with np.errstate(divide="ignore", invalid="ignore"):
            mask = np.where(A == 0, 0, row.there / A)
        if _same(mask, np.rint(mask * keep) / keep):
            return f"Z[{l}] agrees, so dropout has other masks: from another seed, or for another pass"
    if first.Z_norm[l - 1] is not None:
        return f"Z_norm[{l}] agrees, so it is gamma, beta, or the activation, which should be {name}"
    return f"Z[{l}] agrees, so the activation is not the {name} it should be"


# --- backward -----------------------------------------------------------------------------------------------


def why_backward(row: Parted, model: Network, first: Pass, parted: Set[str], tolerance: float) -> str:
    """The reason, in one line; `parted` are the names of all rows in which they differ."""
    m = first.Z[0].shape[1]
    if (factor := _factor(row, m, tolerance)) is not None:
        return f"{row.name} is {factor} times what it should be, as if a 1/m were missing or done twice"
    if row.what == "dW":
        return _why_dW(row, model, m, tolerance)
    if row.what == "db":
        return f"dZ[{row.l}] and dW[{row.l}] agree, so it is the sum of dZ over the examples, or its 1/m"
    if row.what in ("dgamma", "dbeta"):
        return _why_scale(row, model, parted)
    if row.l == len(first.Z):
        return f"the outputs agree, so the derivative of the loss {model.loss.name} is wrong"
    if first.Z_norm[row.l - 1] is not None:
        return _why_normalisation(row, model, first, tolerance)
    return _why_dZ(row, model, first, tolerance)


def _factor(row: Parted, m: int, tolerance: float) -> str | None:
    for factor, text in ((m, "m"), (1 / m, "1/m")):
        if m > 1 and _same(row.there, factor * row.here, tolerance):
            return text
    return None


def _why_dW(row: Parted, model: Network, m: int, tolerance: float) -> str:
    W = model.layers_data()[row.l - 1][0]
    penalties = {
        name.upper(): lambda_ / (2 * m) * REGULARISERS[name].slope(W)
        for name, lambda_ in model.regularisers.items()
    }
    for name, penalty in penalties.items():
        if penalty.any() and _same(row.there, row.here - penalty, tolerance):
            return f"it lacks the {name} regularisation"
    if penalties and _same(row.there, row.here - sum(penalties.values()), tolerance):
        return "it lacks the regularisation"
    if W.shape[0] == W.shape[1] and _same(row.there, row.here.T, tolerance):
        return "it is transposed: dW = dZ A^T / m"
    return f"dZ[{row.l}] agrees, so it is the product dZ A^T / m, or the regularisation"


def _why_dZ(row: Parted, model: Network, first: Pass, tolerance: float) -> str:
    l = row.l
    W, dZ = model.layers_data()[l][0], first.dZ[l]
    dA, name = W.T @ dZ, model.activations[l - 1].name
    mask = model.masks(dZ.shape[1])[l - 1]
    if mask is not None:
        kept = model.keep_probs[l - 1]
        if _same(row.there, row.here * kept, tolerance):
            return f"dropout's mask is not divided by keep_prob, {kept:g}, on the way back"
        if _same(np.where(mask > 0, row.there / kept, 0), row.here, tolerance):
            return "dropout's mask of the forward pass is not applied on the way back"
        dA = dA * mask
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(dA == 0, 0.0, row.here / dA)
        claimed = float(row.there[row.at] / dA[row.at])
    if W.shape[0] == W.shape[1] and _same(row.there, (W @ dZ) * slope, tolerance):
        return f"W[{l + 1}] stands where its transpose should: dA[{l}] = W[{l + 1}]^T dZ[{l + 1}]"
    z, right = float(first.Z[l - 1][row.at]), float(slope[row.at])
    return (
        f"dZ[{l + 1}] agrees, so it is the derivative of {name}: at z = {number(z)} it is {number(right)}, "
        f"not {number(claimed)} (or the product W[{l + 1}]^T dZ[{l + 1}])"
    )


def _why_scale(row: Parted, model: Network, parted: Set[str]) -> str:
    """Of dgamma or dbeta, where the derivative by what the activation is of, dZ_tilde, is what both need."""
    l = row.l
    other = f"{'dbeta' if row.what == 'dgamma' else 'dgamma'}[{l}]"
    if other not in parted:
        product = "dZ_tilde times Z_norm" if row.what == "dgamma" else "dZ_tilde"
        return f"{other} agrees, so it is the sum of {product} over the examples"
    return (
        f"dZ[{l + 1}] agrees, so it is the derivative of {model.activations[l - 1].name}, "
        f"{'the mask of dropout, ' if model.keep_probs[l - 1] < 1 else ''}"
        f"or the product W[{l + 1}]^T dZ[{l + 1}]"
    )


def _why_normalisation(row: Parted, model: Network, first: Pass, tolerance: float) -> str:
    l = row.l
    kind = model.normalisations[l - 1]
    axis = 1 if kind == "batch" else 0
    Z, Z_norm = first.Z[l - 1], first.Z_norm[l - 1]
    assert Z_norm is not None
    s = np.sqrt(Z.var(axis=axis, keepdims=True) + EPSILON)

    def ways(d: Array) -> tuple[Array, Array]:
        """Through the mean and through the variance."""
        return d.mean(axis=axis, keepdims=True), Z_norm * (d * Z_norm).mean(axis=axis, keepdims=True)

    dZ_tilde = _dZ_tilde(l, model, first)
    dZ_norm = model.named()[f"gamma{l}"] * dZ_tilde
    mean, var = ways(dZ_norm)
    for wrong, text in (
        ((dZ_norm - var) / s, "it lacks the way through the mean"),
        ((dZ_norm - mean) / s, "it lacks the way through the variance"),
        (dZ_norm / s, "it lacks the ways through the mean and the variance, as if they were constants"),
        (dZ_norm - mean - var, "it is not divided by sqrt(var + eps)"),
        ((dZ_norm - mean + var) / s, "the way through the variance has the wrong sign"),
        ((dZ_tilde - sum(ways(dZ_tilde))) / s, "gamma is missing: dZ_norm = gamma dZ_tilde"),
        (row.here / s, "it is divided by var + eps instead of its root"),
    ):
        if _same(row.there, wrong, tolerance):
            return f"the way back through the {kind} normalisation: {text}"
    return (
        f"dgamma[{l}] and dbeta[{l}] agree, so it is the way back through the {kind} normalisation: "
        "dZ = (dZ_norm - mean(dZ_norm) - Z_norm mean(dZ_norm Z_norm)) / sqrt(var + eps)"
    )


def _dZ_tilde(l: int, model: Network, first: Pass) -> Array:
    """The derivative by what the activation is of."""
    dA = model.layers_data()[l][0].T @ first.dZ[l]
    mask = model.masks(dA.shape[1])[l - 1]
    slope = np.vectorize(lambda z: _slope(model.activations[l - 1], z), otypes=[float])
    dZ: Array = dA * (1 if mask is None else mask) * slope(Z_in(first, model, l))
    return dZ


def _slope(g: Activation, z: float) -> float:
    operand = Value(z)
    g.of([operand])[0].backward()
    return operand.grad


def _same(x: Array, y: Array, tolerance: float = 0.0) -> bool:
    scale = max(np.abs(x).max(initial=0.0), np.abs(y).max(initial=0.0))
    return bool(np.abs(x - y).max(initial=0.0) <= max(tolerance, 1e-9) * scale)
