"""Trainings of the course's programming assignments come out to every digit that is printed there.

The assignments take the slope of ReLU at 0 as 0, draw with NumPy's old generator, and shuffle each epoch
with a seed of its own. Three layers on two moons: "Optimization methods", with mini-batches of 64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from micrograd_dl import compiled, nn, vectorized
from micrograd_dl.nn.network import Array, Network
from micrograd_dl.optim import Adam, GradientDescent, Momentum

datasets: Any = pytest.importorskip("sklearn.datasets", reason="the extra data")
ALPHA, BATCH, M = 0.0007, 64, 300


def assignment(kind: Any, **options: Any) -> tuple[Any, Array, Array]:
    """The network with the assignment's initial weights, and its data."""
    np.random.seed(3)
    points, classes = datasets.make_moons(n_samples=M, noise=0.2)
    model = kind(2, [5, 2, 1], ["relu", "relu", "sigmoid"], slope_at_kink="left", seed=0, **options)
    np.random.seed(3)
    n = model.shape
    W = [np.random.randn(n[l], n[l - 1]) * np.sqrt(2 / n[l - 1]) for l in (1, 2, 3)]
    model.set_layers_data([(W_l, np.zeros((len(W_l), 1))) for W_l in W])
    return model, points.T, classes.reshape(1, -1)


def epoch(model: Network, optimiser: Any, X: Array, Y: Array, number: int) -> float:
    """One pass over the shuffled mini-batches; the mean cost."""
    np.random.seed(11 + number)
    order, total = np.random.permutation(M), 0.0
    for k in range(0, M, BATCH):
        columns = order[k : k + BATCH]
        total += model.cost_and_grad(X[:, columns], Y[:, columns]) * len(columns)
        optimiser.step()
    return total / M


PRINTED: dict[str, tuple[Any, str, float]] = {
    "gradient descent": (
        lambda parameters: GradientDescent(parameters, ALPHA),
        "0.702405 0.668101 0.635288 0.600491 0.573367 0.551977 0.532370 0.514007 0.496472 0.468014",
        0.7966666666666666,
    ),
    "momentum": (
        lambda parameters: Momentum(parameters, ALPHA, 0.9),
        "0.702413 0.668167 0.635388 0.600591 0.573444 0.552058 0.532458 0.514101 0.496652 0.468160",
        0.7966666666666666,
    ),
    "Adam": (
        lambda parameters: Adam(parameters, ALPHA, 0.9, 0.999),
        "0.702166 0.167845 0.141316 0.138788 0.136066 0.134240 0.131127 0.130216 0.129623 0.129118",
        0.94,
    ),
}


@pytest.mark.parametrize("name", PRINTED)
def test_optimization_methods(name: str, request: pytest.FixtureRequest) -> None:
    """The cost of every thousandth epoch; with --full all 10,000 epochs, and the accuracy after them."""
    make, costs, accuracy = PRINTED[name]
    model, X, Y = assignment(vectorized.MLP)
    optimiser = make(model.parameters())
    epochs = 10_000 if request.config.getoption("--full") else 1_001
    found = [epoch(model, optimiser, X, Y, number) for number in range(epochs)][::1000]
    assert [f"{J:.6f}" for J in found] == costs.split()[: len(found)]
    if epochs == 10_000:
        assert model.accuracy(X, Y) == accuracy


@pytest.mark.parametrize("kind", [nn.MLP, compiled.MLP])
def test_all_kinds_of_network_go_the_same_way(kind: Any) -> None:
    models = [assignment(make)[0] for make in (kind, vectorized.MLP)]
    _, X, Y = assignment(vectorized.MLP)
    optimisers = [Momentum(model.parameters(), ALPHA, 0.9) for model in models]
    for number in range(3):
        costs = [epoch(*pair, X, Y, number) for pair in zip(models, optimisers, strict=True)]
        assert costs[0] == pytest.approx(costs[1], rel=1e-12)


@pytest.mark.parametrize("kind", [nn.MLP, vectorized.MLP, compiled.MLP])
def test_the_slope_at_the_kink_is_the_networks(kind: Any) -> None:
    """Where z is 0, dZ is dA times 1 or 0, of leaky ReLU 1 or 0.01; a margin of exactly 1 counts or not."""
    x, y = np.array([[0.0]]), np.array([[1.0]])
    for name, left in (("relu", 0.0), ("leaky_relu", 0.01)):
        for side, slope in (("right", 1.0), ("left", left)):
            model = kind(1, [1, 1], [name, "linear"], slope_at_kink=side, seed=0)
            model.set_layers_data([([[1.0]], [[0.0]]), ([[2.0]], [[3.0]])])
            model.cost_and_grad(x, y)  # dA = a - y = 2, times w = 2
            assert model.named("grad")["b1"].item() == pytest.approx(4 * slope)
    for side, slope in (("right", -1.0), ("left", 0.0)):
        margin = kind(1, [1], ["linear"], "max_margin", slope_at_kink=side, seed=0)
        margin.set_layers_data([([[1.0]], [[1.0]])])
        margin.cost_and_grad(x, y)
        assert margin.named("grad")["b1"].item() == slope
    with pytest.raises(ValueError, match=r'slope_at_kink is "right" .* or "left" .*, not .middle'):
        kind(1, [1], slope_at_kink="middle")
