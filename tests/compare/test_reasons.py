"""Planted mistakes are each named in one line: where, both numbers, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from micrograd_dl import nn, vectorized
from micrograd_dl.compare.comparison import Comparison, compare
from micrograd_dl.nn.activations import activation
from micrograd_dl.nn.network import Array, Network, one_hot
from micrograd_dl.nn.normalisation import EPSILON
from micrograd_dl.vectorized import normalisation
from micrograd_dl.vectorized.formulas import ACTIVATION_FORMULAS, LOSS_FORMULAS
from micrograd_dl.vectorized.layer import Cache, DenseLayer
from micrograd_dl.vectorized.normalisation import Normalisation

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((3, 5)), RNG.integers(0, 2, (1, 5)).astype(float)
LAYERS: tuple[Any, ...] = (3, [3, 3, 1], ["tanh", "tanh", "sigmoid"])
BACKENDS: tuple[type[Network], ...] = (nn.MLP, vectorized.MLP)

Plant = Callable[[Any], None]


class Planted(vectorized.MLP):
    """A network whose backward pass is followed by a mistake in what it left behind."""

    mistake: Plant

    def _forward_and_backward(self, X: Array, Y: Array) -> Any:
        found = super()._forward_and_backward(X, Y)
        self.mistake(self)
        return found


def planted(mistake: Plant, **options: Any) -> Comparison:
    there = Planted(*LAYERS, seed=1, **options)
    there.mistake = mistake
    return compare(nn.MLP(*LAYERS, seed=1, **options), there, X, Y)


def compared(there: vectorized.MLP, *layers: Any, Y: Array = Y, **options: Any) -> Comparison:
    return compare(nn.MLP(*(layers or LAYERS), seed=1, **options), there, X, Y)


def one_reason(comparison: Comparison) -> str:
    assert not comparison.equal
    [reason] = comparison.reasons
    assert "\n" not in reason
    assert reason in str(comparison)
    row = comparison.forward or comparison.backward
    assert row is not None
    [line] = [line for line in str(comparison).splitlines() if line.endswith("<-- the first difference")]
    assert line.startswith(row.name)
    return reason


def scaled(name: str, factor: float) -> Plant:
    def mistake(model: Any) -> None:
        [p] = [p for p in model.parameters() if p.label == name]
        p.grad = p.grad * factor

    return mistake


# --- backward -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["W1", "W2", "W3", "b2"])
@pytest.mark.parametrize(("factor", "text"), [(5, "m"), (1 / 5, "1/m")])
def test_a_mean_missing_or_done_twice(name: str, factor: float, text: str) -> None:
    comparison = planted(scaled(name, factor))
    row = comparison.backward
    assert row is not None
    assert row.name == f"d{name}"
    place = ",".join(str(i + 1) for i in (row.at if name[0] == "W" else row.at[:1]))
    why = f"d{name} is {text} times what it should be, as if a 1/m were missing"
    pattern = rf"Backward, the first difference is at d{name}\[{place}\], (\S+) against (\S+): {why}"
    found = re.match(pattern, one_reason(comparison))
    assert found is not None
    assert float(found[2]) == pytest.approx(factor * float(found[1]), rel=1e-4)
    assert comparison.node is not None
    assert comparison.node.label == f"{name}[{place}]"


def plus_half(model: Any) -> None:
    model.layers[1].b.grad[1] += 0.5


def transposed(model: Any) -> None:
    model.layers[1].W.grad = model.layers[1].W.grad.T


def seven(model: Any) -> None:
    model.layers[1].W.grad[2, 0] = 7


def without(*names: str) -> Plant:
    def mistake(model: Any) -> None:
        for W in (layer.W for layer in model.layers):
            if "l2" in names:
                W.grad -= model.l2 / 5 * W.data
            if "l1" in names:
                W.grad -= model.l1 / 10 * np.sign(W.data)

    return mistake


@pytest.mark.parametrize(
    ("mistake", "options", "where", "reason"),
    [
        (
            plus_half,
            {},
            r"db2\[2\]",
            "dZ2 and dW2 agree, so it is the sum of dZ over the examples, or its 1/m",
        ),
        (transposed, {}, r"dW2\[\d,\d\]", "it is transposed: dW = dZ A^T / m"),
        (seven, {}, r"dW2\[3,1\]", "dZ2 agrees, so it is the product dZ A^T / m, or the regularisation"),
        (without("l2"), {"l2": 0.7, "l1": 0.3}, r"dW3\[1,\d\]", "it lacks the L2 regularisation"),
        (without("l1"), {"l2": 0.7, "l1": 0.3}, r"dW3\[1,\d\]", "it lacks the L1 regularisation"),
        (without("l2", "l1"), {"l2": 0.7, "l1": 0.3}, r"dW3\[1,\d\]", "it lacks the regularisation"),
    ],
)
def test_a_mistake_in_the_gradient(mistake: Plant, options: Any, where: str, reason: str) -> None:
    found = one_reason(planted(mistake, **options))
    assert re.search(rf"the first difference is at {where}, \S+ against \S+: ", found)
    assert found.endswith(reason)


def test_a_forgotten_transpose_in_dA(monkeypatch: pytest.MonkeyPatch) -> None:
    def dA_prev(self: DenseLayer, dZ: Array) -> Array:
        W = self.W.data
        return np.asarray((W if W.shape == (3, 3) else W.T) @ dZ)

    monkeypatch.setattr(DenseLayer, "dA_prev", dA_prev)
    reason = one_reason(compared(vectorized.MLP(*LAYERS, seed=1)))
    assert re.search(r"at dZ1, unit \d, example \d, ", reason)
    assert "W2 stands where its transpose should: dA1 = W2^T dZ2" in reason


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("linear", lambda Z, A: 0.5),
        ("sigmoid", lambda Z, A: A),
        ("tanh", lambda Z, A: 1 - A),
        ("relu", lambda Z, A: 1.0),
        ("leaky_relu", lambda Z, A: np.where(Z >= 0, 1, 0.1)),
    ],
)
def test_a_wrong_derivative_of_an_activation(
    name: str, wrong: Callable[[Array, Array], Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = (3, [4, 4, 1], [name, "relu" if name == "tanh" else "tanh", "sigmoid"])
    monkeypatch.setitem(ACTIVATION_FORMULAS, name, ACTIVATION_FORMULAS[name]._replace(slope=wrong))
    comparison = compared(vectorized.MLP(*layers, seed=1), *layers)
    pattern = rf"dZ2 agrees, so it is the derivative of {name}: at z = (\S+) it is (\S+), not (\S+) "
    found = re.search(pattern, one_reason(comparison))
    assert found is not None
    assert comparison.backward is not None
    z, slope, claimed = map(float, found.groups())
    Z, A = (comparison.rows[k].here[comparison.backward.at] for k in (0, 1))
    assert z == pytest.approx(Z, rel=1e-4)
    assert claimed == pytest.approx(float(np.asarray(wrong(np.array(Z), np.array(A)))), rel=1e-4)
    up, down = (float(activation(name).of([Z + h])[0]) for h in (1e-6, -1e-6))
    assert slope == pytest.approx((up - down) / 2e-6, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("side", ["right", "left"])
def test_the_other_side_of_a_kink(side: Any) -> None:
    layers = (3, [3, 1], ["relu", "sigmoid"])
    here = nn.MLP(*layers, seed=1, slope_at_kink=side)
    there = vectorized.MLP(*layers, seed=1, slope_at_kink="left" if side == "right" else "right")
    for model in (here, there):
        assert compare(model, nn.MLP(*layers, seed=1), X, Y).equal  # no z is at the kink
        model.set_named(model.named() | {"W1": np.zeros((3, 3))})
    right, wrong = (1, 0) if side == "right" else (0, 1)
    assert one_reason(compare(here, there, X, Y)).endswith(
        f"dZ2 agrees, and z is at the kink of relu: its slope there is {right} on the side that "
        f"slope_at_kink takes, not {wrong}"
    )
    assert compare(here, here, X, Y).equal


@pytest.mark.parametrize(
    ("g", "loss"),
    [("sigmoid", "logistic"), ("softmax", "cross_entropy"), ("tanh", "squared"), ("linear", "max_margin")],
)
def test_a_wrong_derivative_of_the_loss(g: str, loss: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = (3, [4, 2], ["tanh", g], loss)
    targets = one_hot([0, 1, 1, 0, 1]) * (2 if loss == "max_margin" else 1) - (loss == "max_margin")
    right = LOSS_FORMULAS[loss]
    for wrong, reason in (
        (lambda dZ: dZ + 0.5, f"the outputs agree, so the derivative of the loss {loss} is wrong"),
        (lambda dZ: 5 * dZ, "dZ2 is m times what it should be"),
    ):
        wrong_dZ = right._replace(dZ=lambda *args, wrong=wrong: wrong(right.dZ(*args)))
        monkeypatch.setitem(LOSS_FORMULAS, loss, wrong_dZ)
        found = one_reason(compared(vectorized.MLP(*layers, seed=1), *layers, Y=targets))
        assert re.search(r"at dZ2, unit \d, example \d, ", found)
        assert reason in found


# --- forward ------------------------------------------------------------------------------------------------


def test_a_wrong_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgets(vectorized.MLP):
        def _cost(self, caches: Sequence[Cache], Y: Array) -> float:
            regularisers, self.regularisers = self.regularisers, {}
            J = super()._cost(caches, Y)
            self.regularisers = regularisers
            return J

    reason = "the outputs agree, so it is the loss, its mean over m, or the regularisation"
    found = one_reason(compared(Forgets(*LAYERS, seed=1, l2=0.7), l2=0.7))
    assert re.match(rf"Forward, the first difference is at J, \S+ against \S+: {reason}$", found)
    wrong = LOSS_FORMULAS["logistic"]._replace(total=LOSS_FORMULAS["squared"].total)
    monkeypatch.setitem(LOSS_FORMULAS, "logistic", wrong)
    assert one_reason(compared(vectorized.MLP(*LAYERS, seed=1))).endswith(reason)


@pytest.mark.parametrize("l", [1, 2])
def test_a_wrong_activation(l: int) -> None:
    there = vectorized.MLP(*LAYERS, seed=1)
    there.layers[l - 1].g = "relu"
    comparison = compared(there)
    assert comparison.forward is not None
    i, k = comparison.forward.at
    reason = comparison.reasons[0]
    assert reason.startswith(f"Forward, the first difference is at A{l}, unit {i + 1}, example {k + 1}, ")
    assert reason.endswith(f"Z{l} agrees, so the activation is not the tanh it should be")
    assert comparison.node is not None
    assert comparison.node.label == f"a{l}[{i + 1}]({k + 1})"


# --- normalisation ------------------------------------------------------------------------------------------

NORMALISED: tuple[Any, ...] = (3, [4, 1], ["tanh", "sigmoid"])
kinds = pytest.mark.parametrize("kind", ["batch", "layer"])


def normalised(kind: Any, **options: Any) -> Comparison:
    here, there = (make(*NORMALISED, seed=1, normalisation=kind, **options) for make in BACKENDS)
    rng = np.random.default_rng(2)
    more = {name: x + rng.random(x.shape) for name, x in here.named().items() if name[0] in "gb"}
    for model in (here, there):
        model.set_named(model.named() | more)
    return compare(here, there, X, Y)


def s_of(var: Array) -> Array:
    return np.sqrt(var + EPSILON)


right_backward: Callable[..., Array] = normalisation.dZ_from_dZ_norm
WRONG_BACKWARD: dict[str, Callable[..., Array]] = {
    "it lacks the path through the mean": lambda d, through_mean, through_var, s: (d - through_var) / s,
    "it lacks the path through the variance": lambda d, through_mean, through_var, s: (d - through_mean) / s,
    "it lacks the paths through the mean and the variance, as if they were c": lambda d, mean, var, s: d / s,
    "it is not divided by sqrt(var + eps)": lambda d, mean, var, s: d - mean - var,
    "the path through the variance has the wrong sign": lambda d, mean, var, s: (d - mean + var) / s,
    "it is divided by var + eps instead of its root": lambda d, mean, var, s: (d - mean - var) / s**2,
    "dgamma1 and dbeta1 agree, so it is not dZ = (dZ_norm - ": lambda d, mean, var, s: (
        (d - mean - var) / s + 0.1
    ),
}


@kinds
@pytest.mark.parametrize("reason", WRONG_BACKWARD)
def test_a_wrong_way_back_through_a_normalisation(
    kind: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(d: Array, n: Array, var: Array, axis: int) -> Array:
        mean, through_var = d.mean(axis, keepdims=True), n * (d * n).mean(axis, keepdims=True)
        return WRONG_BACKWARD[reason](d, mean, through_var, s_of(var))

    monkeypatch.setattr(normalisation, "dZ_from_dZ_norm", wrong)
    found = one_reason(normalised(kind))
    assert found.startswith("Backward, the first difference is at dZ1, unit ")
    assert reason in found


@kinds
@pytest.mark.parametrize(
    ("name", "wrong", "reason"),
    [
        ("gamma", lambda x: 5 * x, "dgamma1 is m times what it should be"),
        ("beta", lambda x: x / 5, "dbeta1 is 1/m times what it should be"),
        ("gamma", lambda x: x + 1, "dbeta1 agrees, so it is the sum of dZ_tilde times Z_norm over the ex"),
        ("beta", lambda x: x + 1, "dgamma1 agrees, so it is the sum of dZ_tilde over the examples"),
        ("both", lambda x: x + 1, "dZ2 agrees, so it is the derivative of tanh, or the product W2^T dZ2"),
        ("neither", None, "gamma is missing: dZ_norm = gamma dZ_tilde"),
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
        return right_backward(dZ, Z_norm, var, self.axis) if name == "neither" else found

    monkeypatch.setattr(Normalisation, "backward", planted)
    assert reason in one_reason(normalised(kind))


WRONG_FORWARD: dict[str, Callable[..., Array]] = {
    "divided by the variance instead of": lambda Z, mean, var, n: (Z - mean) / (var + EPSILON),
    "its variance divides by ": lambda Z, mean, var, n: (Z - mean) / np.sqrt(var * n / (n - 1) + EPSILON),
    "it is not divided by the standard deviation": lambda Z, mean, var, n: Z - mean,
    "the mean is not subtracted": lambda Z, mean, var, n: Z / s_of(var),
    "eps is not added to the variance": lambda Z, mean, var, n: (Z - mean) / np.sqrt(var),
    "agrees, so it is the mean, the variance or eps": lambda Z, mean, var, n: (Z - mean) / s_of(var) + 1,
}


@kinds
@pytest.mark.parametrize("reason", WRONG_FORWARD)
def test_a_wrong_normalisation(kind: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = normalisation.normalise

    def planted(Z: Array, axis: int) -> tuple[Array, Array, Array]:
        _, mean, var = right(Z, axis)
        return WRONG_FORWARD[reason](Z, mean, var, Z.shape[axis]), mean, var

    monkeypatch.setattr(normalisation, "normalise", planted)
    forward, backward = normalised(kind).reasons
    assert forward.startswith("Forward, the first difference is at Z_norm1, unit ")
    assert reason in forward
    assert backward.endswith("it follows from Z_norm1; repair that first")


@pytest.mark.parametrize(("kind", "other"), [("batch", "units"), ("layer", "examples")])
def test_a_normalisation_over_the_wrong_axis(kind: str, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = normalisation.normalise
    monkeypatch.setattr(normalisation, "normalise", lambda Z, axis: right(Z, 1 - axis))
    monkeypatch.setattr(Normalisation, "backward", lambda self, dZ, Z_norm, var: dZ)
    assert f"the mean and the variance are over the {other} instead of" in normalised(kind).reasons[0]


def test_running_averages_where_the_batch_should_count(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Normalisation.forward
    monkeypatch.setattr(Normalisation, "forward", lambda self, Z, training: right(self, Z, training=False))
    assert "the running averages are used, as in a prediction" in normalised("batch").reasons[0]


# --- dropout ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"passes": 3}, "dropout has other masks: from another seed, or for another pass"),
        ({"seed": 3}, "dropout has other masks: from another seed, or for another pass"),
        ({"masks": lambda m: [None] * 3}, "and dropout is off in the other"),
        ({"masks": None}, "its numbers are not divided by keep_prob, 0.5"),
    ],
)
def test_a_mistake_in_dropout(changes: dict[str, Any], reason: str) -> None:
    here, there = (make(*LAYERS, seed=1, keep_prob=0.5) for make in BACKENDS)
    if changes == {"masks": None}:
        changes = {"masks": lambda m: [None if x is None else x > 0 for x in here.masks(m)]}
    for name, x in changes.items():
        setattr(there, name, x)
    found = compare(here, there, X, Y).reasons[0]
    assert found.startswith("Forward, the first difference is at A1, ")
    assert reason in found


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda mask: None, "dropout's mask of the forward pass is not applied in the backward pass"),
        (
            lambda mask: mask / mask.max(),
            "dropout's mask is not divided by keep_prob, 0.5, in the backward pass",
        ),
    ],
)
def test_a_mistake_in_the_backward_pass_of_dropout(
    wrong: Callable[[Array], Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = DenseLayer.dZ

    def planted(self: DenseLayer, dA: Array, cache: Cache) -> Array:
        assert cache.mask is not None
        cache.mask = wrong(cache.mask)
        return right(self, dA, cache)

    monkeypatch.setattr(DenseLayer, "dZ", planted)
    here, there = (make(*LAYERS, seed=1, keep_prob=0.5) for make in BACKENDS)
    assert reason in one_reason(compare(here, there, X, Y))
