"""Both kinds of network against PyTorch: the cost, the output, and every derivative to 1e-10."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from micrograd_dl import nn, set_slope_at_kink, vectorized
from micrograd_dl.network import Network, one_hot

torch = pytest.importorskip("torch")

BACKENDS: list[type[Network]] = [nn.MLP, vectorized.MLP]
both = pytest.mark.parametrize("MLP", BACKENDS, ids=["values", "numpy"])
ACTIVATIONS: dict[str, Any] = {
    "linear": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: torch.nn.functional.leaky_relu(z, 0.01),
    "mish": torch.nn.functional.mish,
    "softmax": lambda z: torch.softmax(z, 0),
}
F = torch.nn.functional
LOSSES: dict[str, Any] = {
    "logistic": lambda z, a, y: F.binary_cross_entropy_with_logits(z, y, reduction="sum"),
    "cross_entropy": lambda z, a, y: F.cross_entropy(z.T, y.argmax(0), reduction="sum"),
    "squared": lambda z, a, y: ((a - y) ** 2).sum() / 2,
    "max_margin": lambda z, a, y: torch.relu(1 - y * a).sum(),
    "huber": lambda z, a, y: F.huber_loss(a, y, reduction="sum"),
}
OUTPUTS = [
    ("sigmoid", "logistic"),
    ("softmax", "cross_entropy"),
    ("linear", "squared"),
    ("tanh", "squared"),
    ("linear", "max_margin"),
    ("linear", "huber"),
]


def by_torch(model: Network, X: Any, Y: Any) -> tuple[float, Any, list[Any]]:
    """The cost, the output, and dW and db of each layer in turn."""
    layers = [
        tuple(torch.tensor(np.array(part), requires_grad=True) for part in layer)
        for layer in model.layers_data()
    ]
    a, m = torch.tensor(X), X.shape[1]
    for (W, b), g in zip(layers, model.activations, strict=True):
        z = W @ a + b
        a = ACTIVATIONS[g.name](z)
    J = LOSSES[model.loss.name](z, a, torch.tensor(Y)) / m
    for W, _ in layers:
        J = J + model.l2 / (2 * m) * (W**2).sum() + model.l1 / (2 * m) * W.abs().sum()
    J.backward()
    return J.item(), a.detach().numpy(), [part.grad.numpy() for layer in layers for part in layer]


def assert_same(model: Network, X: Any, Y: Any) -> None:
    J, A, gradients = by_torch(model, X, Y)
    assert model.cost_and_grad(X, Y) == pytest.approx(J, rel=1e-10)
    np.testing.assert_allclose(model.forward(X), A, rtol=1e-10, atol=1e-12)
    ours = [part for layer in model.layers_grad() for part in layer]
    for here, there in zip(ours, gradients, strict=True):
        assert np.abs(here - there).max() <= 1e-10 * max(1e-3, np.abs(there).max())


@both
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
@pytest.mark.parametrize("hidden", ["linear", "sigmoid", "tanh", "relu", "leaky_relu", "mish"])
def test_the_same_as_pytorch(MLP: type[Network], hidden: str, output: str, loss: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_y, m = int(rng.integers(1, 4)), int(rng.integers(1, 6))
    sizes = [*(int(n) for n in rng.integers(1, 5, seed)), n_y]
    X, Y = rng.standard_normal((3, m)) * 10.0 ** (seed - 1), rng.integers(0, 2, (n_y, m)).astype(float)
    if loss == "cross_entropy":
        Y = one_hot(rng.integers(0, n_y, m), n_y)
    elif loss == "max_margin":
        Y = 2 * Y - 1
    names = [hidden] * (len(sizes) - 1) + [output]
    model = MLP(3, sizes, names, loss, seed=seed, l2=0.3 * seed, l1=0.2 * seed)
    # Biases that are not 0: after a layer of ReLUs that are all off, the next one's z would be 0, its kink.
    model.set_layers_data([(W, rng.standard_normal(b.shape)) for W, b in model.layers_data()])
    assert_same(model, X, Y)


@pytest.fixture
def left() -> Iterator[None]:
    set_slope_at_kink("left")
    yield
    set_slope_at_kink("right")


AT_ZERO = np.array([[0.0, 0.0, 1.0]])


def at_the_kink(MLP: type[Network]) -> Network:
    """Its first layer gives exactly 0 for the first two of AT_ZERO."""
    model = MLP(1, [2, 1], ["relu", "linear"], seed=1)
    model.set_layers_data([([[1.0], [-2.0]], [[0.0], [0.0]]), ([[1.0, 3.0]], [[0.5]])])
    return model


@pytest.mark.usefixtures("left")
def test_with_pytorchs_slope_at_the_kink() -> None:
    assert_same(at_the_kink(nn.MLP), AT_ZERO, np.ones((1, 3)))


@both
def test_the_courses_slope_at_the_kink_is_another(MLP: type[Network]) -> None:
    model = at_the_kink(MLP)
    _, _, (_, db, *_) = by_torch(model, AT_ZERO, np.ones((1, 3)))
    model.cost_and_grad(AT_ZERO, np.ones((1, 3)))
    assert (model.layers_grad()[0][1] != db).any()
