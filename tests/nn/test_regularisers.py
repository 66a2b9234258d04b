"""Each regulariser by its formula, in both backends; what is left out; max-norm as a projection."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine.value import Value
from micrograd_dl.nn.network import Network
from micrograd_dl.nn.regularisers import REGULARISERS, elastic_net, lambdas, max_norm
from micrograd_dl.optim.optimisers import GradientDescent
from micrograd_dl.training.fitting import fit
from micrograd_dl.vectorized import formulas

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((2, 6)), RNG.integers(0, 2, (1, 6)).astype(float)


def network(MLP: type[Network], **options: Any) -> Network:
    model = MLP(2, [4, 1], ["tanh", "sigmoid"], seed=1, normalisation="layer", **options)
    rng = np.random.default_rng(3)
    model.set_named({name: x + rng.standard_normal(x.shape) for name, x in model.named().items()})
    return model


@pytest.mark.parametrize("name", REGULARISERS)
@given(w=st.floats(-5, 5))
def test_the_slope_by_hand_is_that_of_the_graph(name: str, w: float) -> None:
    value = Value(w)
    penalty = REGULARISERS[name](value)
    penalty.backward()
    assert formulas.PENALTY_SLOPES[name](np.array([[w]])).item() == value.grad
    assert REGULARISERS[name](np.array([w])).item() == penalty.data == REGULARISERS[name](w)


@pytest.mark.parametrize(
    "options",
    [
        {"l2": 0.7},
        {"l1": 0.7},
        {"regularisers": elastic_net(0.7, 0.3)},
        {"l2": 0.2, "regularisers": {"l2": 0.5}},
    ],
)
def test_weights_cost_and_nothing_else(MLP: type[Network], options: Any) -> None:
    plain, model = network(MLP), network(MLP, **options)
    l2, l1 = model.l2, model.l1
    weights = [W for W, _ in model.layers_data()]
    gain = sum((l2 * W**2 + l1 * np.abs(W)).sum() for W in weights) / 12
    assert model.cost_and_grad(X, Y) == pytest.approx(plain.cost_and_grad(X, Y) + gain, rel=1e-13)
    for name, W in model.named().items():
        slope = (2 * l2 * W + l1 * np.sign(W)) / 12 if name.startswith("W") else 0.0
        wanted = plain.named("grad")[name] + slope
        np.testing.assert_allclose(model.named("grad")[name], wanted, rtol=1e-12, atol=1e-15)


def test_lambdas() -> None:
    assert lambdas({"l1": 0.5}, l1=0.25, l2=1) == {"l2": 1.0, "l1": 0.75}
    assert elastic_net(2.0, 0.25) == {"l1": 0.5, "l2": 1.5}
    with pytest.raises(ValueError, match="there is no regulariser 'l3': choose one of l2, l1"):
        lambdas({"l3": 1.0})
    with pytest.raises(ValueError, match="the part of L1 is from 0 to 1, not 2"):
        elastic_net(1.0, 2)


# --- max-norm -----------------------------------------------------------------------------------------------


@given(st.integers(1, 4), st.integers(1, 4), st.floats(0.1, 10), st.integers(0, 2**32))
def test_rows_are_shortened_never_turned(n: int, n_in: int, c: float, seed: int) -> None:
    W = 5 * np.random.default_rng(seed).standard_normal((n, n_in))
    V = max_norm(W, c)
    before, after = (np.sqrt((x**2).sum(axis=1)) for x in (W, V))
    np.testing.assert_allclose(after, np.minimum(before, c), rtol=1e-14)
    np.testing.assert_allclose(V * before[:, None], W * after[:, None], rtol=1e-13)
    np.testing.assert_allclose(max_norm(V, c), V, rtol=1e-14)


def test_fit_keeps_rows_short(MLP: type[Network]) -> None:
    free, held = network(MLP), network(MLP, max_norm=0.5)
    for model in (free, held):
        fit(model, X, Y, epochs=5, optimiser=GradientDescent(model.parameters(), 0.5))
    free.constrain()  # which does nothing without a max_norm
    rows = [[np.linalg.norm(W, axis=1).max() for W, _ in model.layers_data()] for model in (free, held)]
    assert max(rows[0]) > 0.6
    assert max(rows[1]) == pytest.approx(0.5)
    assert max(abs(b).max() for _, b in held.layers_data()) > 0.5  # biases are left alone
