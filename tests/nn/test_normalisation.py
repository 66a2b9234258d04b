"""Batch and layer normalisation: what they do, how they predict, and what is decided at the edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl import nn, vectorized
from micrograd_dl.engine.order import topological_order
from micrograd_dl.nn.network import Network
from micrograd_dl.nn.normalisation import BETA, EPSILON, normalised

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((3, 7)), RNG.integers(0, 2, (1, 7)).astype(float)


def network(MLP: type[Network], kind: Any = "batch", **options: Any) -> Network:
    model = MLP(3, [4, 1], ["tanh", "sigmoid"], seed=1, normalisation=kind, **options)
    rng = np.random.default_rng(3)
    model.set_named(model.named() | {"gamma1": 1 + rng.random((4, 1)), "beta1": rng.random((4, 1))})
    return model


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=9))
def test_normalised(z: list[float]) -> None:
    wanted = (np.array(z) - np.mean(z)) / np.sqrt(np.var(z) + EPSILON)
    np.testing.assert_allclose(normalised(z), wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("kind", "axis"), [("batch", 1), ("layer", 0)])
def test_mean_0_and_variance_1(MLP: type[Network], kind: str, axis: int) -> None:
    model = network(MLP, kind)
    numbers = model.record(X, Y)
    Z, Z_norm = numbers.Z[0], numbers.Z_norm[0]
    assert Z_norm is not None
    np.testing.assert_allclose(Z_norm.mean(axis=axis), 0, atol=1e-14)
    var = Z.var(axis=axis)
    np.testing.assert_allclose(Z_norm.var(axis=axis), var / (var + EPSILON), rtol=1e-12)
    named = model.named()
    A = np.tanh(named["gamma1"] * Z_norm + named["beta1"])
    np.testing.assert_allclose(numbers.A[0], A, rtol=1e-12, atol=1e-15)


def test_the_bias_is_redundant_before_batch_normalisation_only(MLP: type[Network]) -> None:
    batch, layer = network(MLP), network(MLP, "layer")
    assert list(batch.named()) == ["W1", "gamma1", "beta1", "W2", "b2"]
    assert list(layer.named()) == ["W1", "b1", "gamma1", "beta1", "W2", "b2"]
    assert "25 parameters" in repr(batch)  # 12 + 4 + 4 + 4 + 1
    W, b = batch.layers_data()[0]
    assert not b.any()
    before = batch.forward(X)
    batch.set_layers_data([(W, b + 7), batch.layers_data()[1]])  # it makes no difference, so it is dropped
    assert not batch.layers_data()[0][1].any()
    np.testing.assert_array_equal(batch.forward(X), before)
    layer.set_layers_data([(W, b + np.arange(4.0)[:, None]), layer.layers_data()[1]])
    assert layer.layers_data()[0][1].any()


def test_it_predicts_one_example_as_it_predicts_many(MLP: type[Network]) -> None:
    for kind in ("batch", "layer"):
        model = network(MLP, kind)
        for _ in range(3):
            model.cost_and_grad(X, Y)
        columns = [model.forward(X[:, k : k + 1]) for k in range(7)]
        np.testing.assert_allclose(np.concatenate(columns, axis=1), model.forward(X), rtol=1e-13)


def test_running_averages(MLP: type[Network]) -> None:
    model = network(MLP)
    [averages, none] = model.averages
    assert none is None
    assert averages is not None
    mean, variance = np.zeros((4, 1)), np.ones((4, 1))
    for m in (7, 4, 2):
        Z = model.record(X[:, :m], Y[:, :m]).Z[0]  # looking changes nothing
        np.testing.assert_allclose(averages.mean, mean, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(averages.variance, variance, rtol=1e-12)
        model.cost_and_grad(X[:, :m], Y[:, :m])
        mean = BETA * mean + (1 - BETA) * Z.mean(axis=1, keepdims=True)
        variance = BETA * variance + (1 - BETA) * Z.var(axis=1, keepdims=True)
    np.testing.assert_allclose(averages.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(averages.variance, variance, rtol=1e-12)
    named = model.named()
    Z_norm = (model.record(X, Y).Z[0] - mean) / np.sqrt(variance + EPSILON)
    A = np.tanh(named["gamma1"] * Z_norm + named["beta1"])
    wanted = 1 / (1 + np.exp(-(named["W2"] @ A + named["b2"])))
    np.testing.assert_allclose(model.forward(X), wanted, rtol=1e-12)
    model.cost(X, Y)
    with model.frozen():
        model.cost_and_grad(X, Y)
    np.testing.assert_allclose(averages.mean, mean, rtol=1e-12)


def test_numbers_that_are_not_finite_do_not_ruin_the_averages(MLP: type[Network]) -> None:
    model = network(MLP)
    model.cost_and_grad(1e200 * X, Y)
    model.cost_and_grad(np.full_like(X, np.nan), Y)
    assert model.averages[0] is not None
    assert not model.averages[0].mean.any()


# --- the edges ----------------------------------------------------------------------------------------------


def test_a_batch_of_one_teaches_beta_only(MLP: type[Network]) -> None:
    model = network(MLP)
    model.cost_and_grad(X[:, :1], Y[:, :1])
    numbers, grad = model.record(X[:, :1], Y[:, :1]), model.named("grad")
    assert numbers.Z_norm[0] is not None
    assert not numbers.Z_norm[0].any()
    assert not grad["W1"].any()
    assert not grad["gamma1"].any()
    assert grad["beta1"].all()
    assert model.averages[0] is not None
    assert not model.averages[0].mean.any()  # nothing was learned of the spread


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e6])
def test_a_unit_that_is_the_same_for_all(MLP: type[Network], value: float) -> None:
    model = network(MLP)
    same = np.full_like(X, value)
    numbers = model.record(same, Y)
    assert numbers.Z_norm[0] is not None
    assert np.abs(numbers.Z_norm[0]).max() <= 1e-6 * max(1, value / 100)
    assert all(np.isfinite(array).all() for array in model.named("grad").values())


def test_the_table_of_shapes() -> None:
    model = vectorized.MLP(2, [4, 3, 1], normalisation=["batch", None], keep_prob=[0.5, 1], seed=1)
    assert repr(model) == (
        "MLP(2 -> 4 relu, batch norm, keep 0.5 -> 3 relu -> 1 linear; squared loss; 35 parameters, seed 1)"
    )
    assert model.shapes().splitlines() == [
        "     layer                        W, dW        b, db        gamma, beta  Z, A, dZ, dA",
        "     0 input                                                             X: (2, m)",
        "     1 relu, batch norm, keep 0.5 (4, 2)                    (4, 1)       (4, m)",
        "     2 relu                       (3, 4)       (3, 1)                    (3, m)",
        "     3 linear                     (1, 3)       (1, 1)                    (1, m)",
        "                                                                         Y: (1, m)",
    ]


def test_values_of_a_normalised_layer_are_named() -> None:
    model = network(nn.MLP, keep_prob=0.5)
    assert isinstance(model, nn.MLP)
    J = model.cost(X[:, :2], Y[:, :2], training=True)
    found = {node.label for node in topological_order(J)}
    wanted = {"gamma1[2]", "beta1[2]", "mu1[2]", "var1[2]", "z1[2](1)", "z_norm1[2](2)", "a1[2](1)"}
    assert wanted <= found
