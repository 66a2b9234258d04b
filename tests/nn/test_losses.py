"""Losses by their textbook formulas, and as stable where these are not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from micrograd_dl.engine.value import Value
from micrograd_dl.nn.losses import LOSSES, default_loss, loss
from micrograd_dl.testing import assert_gradients_match

Z = st.floats(-15, 15)


@given(Z, st.sampled_from([0.0, 1.0]))
def test_logistic(z: float, y: float) -> None:
    a = 1 / (1 + math.exp(-z))
    wanted = -(y * math.log(a) + (1 - y) * math.log(1 - a))
    assert LOSSES["logistic"].of([z], [a], [y]) == pytest.approx(wanted, rel=1e-7)


@given(st.lists(Z, min_size=2, max_size=4), st.data())
def test_cross_entropy(z: list[float], data: st.DataObject) -> None:
    right = data.draw(st.integers(0, len(z) - 1))
    y = [float(i == right) for i in range(len(z))]
    a = math.exp(z[right]) / math.fsum(map(math.exp, z))
    assert LOSSES["cross_entropy"].of(z, [], y) == pytest.approx(-math.log(a), rel=1e-9, abs=1e-12)


@given(st.lists(st.tuples(Z, Z), min_size=1, max_size=3))
def test_squared_and_max_margin(pairs: list[tuple[float, float]]) -> None:
    a, y = zip(*pairs, strict=True)
    assert LOSSES["squared"].of(a, a, y) == pytest.approx(sum((p - q) ** 2 for p, q in pairs) / 2)
    margins = sum(max(0.0, 1 - p * q) for p, q in pairs)
    assert LOSSES["max_margin"].of(a, a, y) == pytest.approx(margins, abs=1e-12)


@pytest.mark.parametrize("z", [-1e8, -800.0, 0.0, 800.0, 1e8])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_logistic_and_cross_entropy_are_finite_at_every_z(z: float, y: float) -> None:
    wanted = max(z, 0.0) - y * z if z else math.log(2)
    assert LOSSES["logistic"].of([z], [], [y]) == wanted
    assert LOSSES["cross_entropy"].of([z, 0.0], [], [y, 1 - y]) == wanted


@pytest.mark.parametrize("name", LOSSES)
@given(st.lists(Z.map(lambda z: z + 0.3), min_size=2, max_size=2))  # off the kinks, where nothing is judged
@example([0.0, 0.0])
def test_slopes(name: str, z: list[float]) -> None:
    y = [1.0, 0.0]
    assert_gradients_match(lambda *units: LOSSES[name].of(units, units, y), *z)


@pytest.mark.parametrize("name", ["logistic", "cross_entropy"])
@given(z=Z)
def test_slope_by_z_is_a_minus_y(name: str, z: float) -> None:
    unit = Value(z)
    other = [Value(0.0)] if name == "cross_entropy" else []
    LOSSES[name].of([unit, *other], [], [1.0, 0.0][: 1 + len(other)]).backward()
    assert unit.grad == pytest.approx(1 / (1 + math.exp(-z)) - 1, abs=1e-15)


@pytest.mark.parametrize("name", LOSSES)
def test_arrays_as_one_example_at_a_time(name: str) -> None:
    rng = np.random.default_rng(1)
    z, y = rng.standard_normal((3, 5)), np.eye(3)[:, [0, 2, 1, 1, 0]]
    together = LOSSES[name].of(list(z), list(z), list(y))
    alone = [LOSSES[name].of(z[:, k].tolist(), z[:, k].tolist(), y[:, k].tolist()) for k in range(5)]
    np.testing.assert_allclose(together, alone, rtol=1e-14)


def test_defaults() -> None:
    found = [default_loss(output).name for output in ("sigmoid", "softmax", "tanh")]
    assert found == ["logistic", "cross_entropy", "squared"]
    assert repr(loss("squared", "relu")) == "squared"
    assert loss(LOSSES["max_margin"], "linear") is LOSSES["max_margin"]


@pytest.mark.parametrize(
    ("name", "output", "message"),
    [
        ("hinge", "linear", "no loss 'hinge': choose one of logistic, cross_entropy, squared, max_margin"),
        ("logistic", "tanh", "the output activation sigmoid, not tanh; tanh goes with the loss squared"),
        ("squared", "softmax", "not softmax; softmax goes with the loss cross_entropy"),
        ("cross_entropy", "sigmoid", "takes the output activation softmax, not sigmoid"),
    ],
)
def test_refusals(name: str, output: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        loss(name, output)
