"""Trainings of the course's programming assignments come out to every digit that is printed there.

The assignments take the slope of ReLU at 0 as 0 and draw with NumPy's old generator. "Optimization methods"
trains three layers on two moons, and shuffles each epoch with a seed of its own. "Deep neural network:
application" trains two and four layers on 209 photographs.
"""

from __future__ import annotations

import os
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


def epoch(model: Network, optimiser: Any, X: Array, Y: Array, number: int) -> tuple[float, float]:
    """One pass over the shuffled mini-batches; the cost of the last of them, and the mean over examples."""
    np.random.seed(11 + number)
    order, total, J = np.random.permutation(M), 0.0, 0.0
    for k in range(0, M, BATCH):
        columns = order[k : k + BATCH]
        J = model.cost_and_grad(X[:, columns], Y[:, columns])
        total += J * len(columns)
        optimiser.step()
    return J, total / M


# The first edition of the assignment prints the cost of the last mini-batch, every 1,000 of 10,000 epochs,
# and the accuracy at their end; the second one the mean cost, of 5,000 epochs.
PRINTED: dict[str, tuple[Any, str, str, float]] = {
    "gradient descent": (
        lambda parameters: GradientDescent(parameters, ALPHA),
        "0.690736 0.685273 0.647072 0.619525 0.576584 0.607243 0.529403 0.460768 0.465586 0.464518",
        "0.702405 0.668101 0.635288 0.600491 0.573367",
        0.7966666666666666,
    ),
    "momentum": (
        lambda parameters: Momentum(parameters, ALPHA, 0.9),
        "0.690741 0.685341 0.647145 0.619594 0.576665 0.607324 0.529476 0.460936 0.465780 0.464740",
        "0.702413 0.668167 0.635388 0.600591 0.573444",
        0.7966666666666666,
    ),
    "Adam": (
        lambda parameters: Adam(parameters, ALPHA, 0.9, 0.999),
        "0.690552 0.185567 0.150852 0.074454 0.125936 0.104235 0.100552 0.031601 0.111709 0.197648",
        "0.702166 0.167845 0.141316 0.138788 0.136066",
        0.94,
    ),
}


@pytest.mark.parametrize("name", PRINTED)
def test_optimization_methods(name: str, request: pytest.FixtureRequest) -> None:
    """The first 1,001 epochs; with --full all 10,000, and the accuracy after them."""
    make, last, mean, accuracy = PRINTED[name]
    model, X, Y = assignment(vectorized.MLP)
    optimiser = make(model.parameters())
    epochs = 10_000 if request.config.getoption("--full") else 1_001
    found = [epoch(model, optimiser, X, Y, number) for number in range(epochs)][::1000]
    for costs, printed in zip(zip(*found, strict=True), (last.split(), mean.split()), strict=True):
        assert [f"{J:.6f}" for J in costs][: len(printed)] == printed[: len(found)]
    if epochs == 10_000:
        assert model.accuracy(X, Y) == accuracy


CATS: dict[tuple[int, ...], tuple[Any, str, float]] = {
    (12288, 20, 7, 5, 1): (
        lambda n, n_prev: np.random.randn(n, n_prev) / np.sqrt(n_prev),
        "0.771749 0.672053 0.648263 0.611507 0.567047 0.540138 0.527930 0.465477 0.369126 0.391747 "
        "0.315187 0.272700 0.237419 0.199601 0.189263 0.161189 0.148214 0.137775 0.129740 0.121225 "
        "0.113821 0.107839 0.102855 0.100897 0.092878",
        0.80,
    ),
    (12288, 7, 1): (
        lambda n, n_prev: np.random.randn(n, n_prev) * 0.01,
        "0.693050 0.646432 0.632514 0.601502 0.560197 0.515830 0.475490 0.433916 0.400798 0.358071 "
        "0.339428 0.305275 0.274914 0.246818 0.198507 0.174483 0.170808 0.113065 0.096294 0.083426 "
        "0.074391 0.066307 0.059193 0.053361 0.048555",
        0.72,
    ),
}


@pytest.mark.parametrize("n", CATS, ids=str)
def test_cats(n: tuple[int, ...], request: pytest.FixtureRequest) -> None:
    """The first 101 iterations; with --full all 2,500, and the accuracy after them.

    The photographs are the course's, so they do not come with this project: COURSE_DATA names their folder.
    """
    folder = os.environ.get("COURSE_DATA")
    if folder is None:
        pytest.skip("COURSE_DATA does not name the folder of the course's train_catvnoncat.h5")
    h5py = pytest.importorskip("h5py")

    def load(part: str) -> tuple[Array, Array]:
        with h5py.File(f"{folder}/{part}_catvnoncat.h5") as file:
            images, classes = file[f"{part}_set_x"][:], file[f"{part}_set_y"][:]
        return images.reshape(len(images), -1).T / 255, classes.reshape(1, -1)

    draw, printed, accuracy = CATS[n]
    np.random.seed(1)
    W = [draw(*shape) for shape in zip(n[1:], n, strict=False)]
    model = vectorized.MLP(n[0], n[1:], ["relu"] * (len(n) - 2) + ["sigmoid"], slope_at_kink="left", seed=0)
    model.set_layers_data([(W_l, np.zeros((len(W_l), 1))) for W_l in W])
    X, Y = load("train")
    optimiser, costs = GradientDescent(model.parameters(), 0.0075), []
    iterations = 2_500 if request.config.getoption("--full") else 101
    for _ in range(iterations):
        costs.append(model.cost_and_grad(X, Y))
        optimiser.step()
    found = [f"{J:.6f}" for J in costs[::100]]
    assert found == printed.split()[: len(found)]
    if iterations == 2_500:
        assert model.accuracy(*load("test")) == accuracy


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
