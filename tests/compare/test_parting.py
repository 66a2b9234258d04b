"""Planted mistakes in dropout and in the normalisations are each named in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from micrograd_dl import nn, vectorized
from micrograd_dl.compare.comparison import Comparison, compare
from micrograd_dl.nn.network import Array, Network
from micrograd_dl.nn.normalisation import EPSILON
from micrograd_dl.vectorized import normalisation
from micrograd_dl.vectorized.layer import Cache, DenseLayer
from micrograd_dl.vectorized.normalisation import Normalisation

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((3, 5)), RNG.integers(0, 2, (1, 5)).astype(float)
LAYERS: tuple[Any, ...] = (3, [3, 3, 1], ["tanh", "tanh", "sigmoid"])


def one_reason(comparison: Comparison) -> str:
    assert not comparison.equal
    [reason] = comparison.reasons
    assert "\n" not in reason
    return reason


# --- normalisation ------------------------------------------------------------------------------------------

BACKENDS: tuple[type[Network], ...] = (nn.MLP, vectorized.MLP)
NORMALISED: tuple[Any, ...] = (3, [4, 1], ["tanh", "sigmoid"])
kinds = pytest.mark.parametrize("kind", ["batch", "layer"])


def normalised(kind: str, **options: Any) -> Comparison:
    here, there = (make(*NORMALISED, seed=1, normalisation=kind, **options) for make in BACKENDS)
    rng = np.random.default_rng(2)
    more = {name: x + rng.random(x.shape) for name, x in here.named().items() if name[0] in "gb"}
    for model in (here, there):
        model.set_named(model.named() | more)
    return compare(here, there, X, Y)


@kinds
def test_the_rows_of_a_normalised_layer(kind: str) -> None:
    comparison = normalised(kind, keep_prob=0.5)
    assert comparison.equal
    names = [row.name for row in comparison.rows]
    assert names[:6] == ["Z[1]", "Z_norm[1]", "A[1]", "Z[2]", "A[2]", "J"]
    assert names[6:] == ["dZ[2]", "dW[2]", "db[2]", "dgamma[1]", "dbeta[1]", "dZ[1]", "dW[1]"] + ["db[1]"] * (
        kind == "layer"
    )


def s_of(var: Array) -> Array:
    return np.sqrt(var + EPSILON)


right_way_back: Callable[..., Array] = normalisation.dZ_from_dZ_norm
WRONG_WAYS_BACK: list[tuple[Callable[..., Array], str]] = [
    (
        lambda d, n, var, axis: (d - n * (d * n).mean(axis, keepdims=True)) / s_of(var),
        "it lacks the way through the mean",
    ),
    (
        lambda d, n, var, axis: (d - d.mean(axis, keepdims=True)) / s_of(var),
        "it lacks the way through the variance",
    ),
    (
        lambda d, n, var, axis: d / s_of(var),
        "it lacks the ways through the mean and the variance, as if they were constants",
    ),
    (
        lambda d, n, var, axis: right_way_back(d, n, var, axis) * s_of(var),
        "it is not divided by sqrt(var + eps)",
    ),
    (
        lambda d, n, var, axis: (
            (d - d.mean(axis, keepdims=True) + n * (d * n).mean(axis, keepdims=True)) / s_of(var)
        ),
        "the way through the variance has the wrong sign",
    ),
    (
        lambda d, n, var, axis: right_way_back(d, n, var, axis) / s_of(var),
        "it is divided by var + eps instead of its root",
    ),
    (
        lambda d, n, var, axis: right_way_back(d, n, var, axis) + 0.1,
        "dgamma[1] and dbeta[1] agree, so it is the way back through the",
    ),
]


@kinds
@pytest.mark.parametrize(("wrong", "reason"), WRONG_WAYS_BACK, ids=[text for _, text in WRONG_WAYS_BACK])
def test_a_wrong_way_back_through_a_normalisation(
    kind: str, wrong: Callable[..., Array], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(normalisation, "dZ_from_dZ_norm", wrong)
    found = one_reason(normalised(kind))
    assert found.startswith("Backward, they first part at dZ[1], unit ")
    assert reason in found


@kinds
def test_gamma_forgotten_on_the_way_back(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Normalisation.backward

    def planted(self: Normalisation, dZ: Array, Z_norm: Array, var: Array) -> Array:
        right(self, dZ, Z_norm, var)
        return right_way_back(dZ, Z_norm, var, self.axis)

    monkeypatch.setattr(Normalisation, "backward", planted)
    assert "gamma is missing: dZ_norm = gamma dZ_tilde" in one_reason(normalised(kind))


@kinds
@pytest.mark.parametrize(
    ("name", "wrong", "reason"),
    [
        ("gamma", lambda x: 5 * x, "dgamma[1] is m times what it should be"),
        ("beta", lambda x: x / 5, "dbeta[1] is 1/m times what it should be"),
        ("gamma", lambda x: x + 1, "dbeta[1] agrees, so it is the sum of dZ_tilde times Z_norm over the ex"),
        ("beta", lambda x: x + 1, "dgamma[1] agrees, so it is the sum of dZ_tilde over the examples"),
        (
            "both",
            lambda x: x + 1,
            "dZ[2] agrees, so it is the derivative of tanh, or the product W[2]^T dZ[2]",
        ),
    ],
)
def test_a_mistake_in_dgamma_or_dbeta(
    kind: str, name: str, wrong: Callable[[Array], Array], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Normalisation.backward

    def planted(self: Normalisation, dZ: Array, Z_norm: Array, var: Array) -> Array:
        found = right(self, dZ, Z_norm, var)
        for each, p in (("gamma", self.gamma), ("beta", self.beta)):
            if name in (each, "both"):
                p.grad = wrong(p.grad)
        return found

    monkeypatch.setattr(Normalisation, "backward", planted)
    assert reason in one_reason(normalised(kind))


WRONG_NORMS: list[tuple[Callable[[Array, Array, Array, int], Array], str]] = [
    (lambda Z, mean, var, n: (Z - mean) / (var + EPSILON), "divided by the variance instead of"),
    (lambda Z, mean, var, n: (Z - mean) / np.sqrt(var * n / (n - 1) + EPSILON), "its variance divides by "),
    (lambda Z, mean, var, n: Z - mean, "it is not divided by the standard deviation"),
    (lambda Z, mean, var, n: Z / s_of(var), "the mean is not subtracted"),
    (lambda Z, mean, var, n: (Z - mean) / np.sqrt(var), "eps is not added to the variance"),
    (lambda Z, mean, var, n: (Z - mean) / s_of(var) + 1, "agrees, so it is the mean, the variance or eps of"),
]


@kinds
@pytest.mark.parametrize(("wrong", "reason"), WRONG_NORMS, ids=[text for _, text in WRONG_NORMS])
def test_a_wrong_normalisation(
    kind: str, wrong: Callable[..., Array], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = normalisation.normalise

    def planted(Z: Array, axis: int) -> tuple[Array, Array, Array]:
        _, mean, var = right(Z, axis)
        return wrong(Z, mean, var, Z.shape[axis]), mean, var

    monkeypatch.setattr(normalisation, "normalise", planted)
    forward, backward = normalised(kind).reasons
    assert forward.startswith("Forward, they first part at Z_norm[1], unit ")
    assert reason in forward
    assert backward.endswith("it follows from Z_norm[1]; repair that first")


@pytest.mark.parametrize(("kind", "other"), [("batch", "units"), ("layer", "examples")])
def test_a_normalisation_over_the_wrong_axis(kind: str, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = normalisation.normalise
    monkeypatch.setattr(normalisation, "normalise", lambda Z, axis: right(Z, 1 - axis))
    monkeypatch.setattr(Normalisation, "backward", lambda self, dZ, Z_norm, var: dZ)
    assert f"the mean and the variance are over the {other} instead of" in normalised(kind).reasons[0]


def test_running_averages_where_the_batch_should_count(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Normalisation.forward

    monkeypatch.setattr(Normalisation, "forward", lambda self, Z, training: right(self, Z, training=False))
    assert "it goes by the running averages, as in a prediction" in normalised("batch").reasons[0]


def test_another_gamma() -> None:
    here, there = (make(*NORMALISED, seed=1, normalisation="batch") for make in BACKENDS)
    there.set_named(there.named() | {"gamma1": np.full((4, 1), 2.0)})
    assert (
        "Z_norm[1] agrees, so it is gamma, beta, or the activation" in compare(here, there, X, Y).reasons[0]
    )


# --- dropout ------------------------------------------------------------------------------------------------


def dropped(change: Callable[[vectorized.MLP], None] = lambda model: None, keep: float = 0.5) -> Comparison:
    here, there = (make(*LAYERS, seed=1, keep_prob=keep) for make in BACKENDS)
    assert isinstance(there, vectorized.MLP)
    change(there)
    return compare(here, there, X, Y)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda model: setattr(model, "passes", 3),
            "dropout has other masks: from another seed, or for anoth",
        ),
        (
            lambda model: setattr(model, "seed", 3),
            "dropout has other masks: from another seed, or for another p",
        ),
        (lambda model: setattr(model, "masks", lambda m: [None] * 3), "and dropout is off in the other"),
        (
            lambda model: setattr(
                model, "masks", lambda m: [None if d is None else (d > 0) for d in Network.masks(model, m)]
            ),
            "its numbers are not divided by keep_prob, 0.5",
        ),
    ],
)
def test_a_mistake_in_dropout(change: Callable[[vectorized.MLP], None], reason: str) -> None:
    comparison = dropped(change)
    assert comparison.forward is not None
    assert comparison.forward.name == "A[1]"
    assert reason in comparison.reasons[0]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda mask: None, "dropout's mask of the forward pass is not applied on the way back"),
        (
            lambda mask: (mask > 0).astype(float),
            "dropout's mask is not divided by keep_prob, 0.5, on the way b",
        ),
    ],
)
def test_a_mistake_in_dropout_on_the_way_back(
    wrong: Callable[[Array], Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = DenseLayer.dZ

    def planted(self: DenseLayer, dA: Array, cache: Cache) -> Array:
        assert cache.mask is not None
        cache.mask = wrong(cache.mask)
        return right(self, dA, cache)

    monkeypatch.setattr(DenseLayer, "dZ", planted)
    assert reason in one_reason(dropped())


def test_networks_of_different_normalisation_are_refused() -> None:
    here, there = nn.MLP(*LAYERS, normalisation="batch"), vectorized.MLP(*LAYERS)
    with pytest.raises(
        ValueError, match=r"different layers: layer 1 has batch norm here, no normalisation there: make"
    ):
        compare(here, there, X, Y)
