"""Both kinds of network against PyTorch: the cost, the output, and every derivative to 1e-10."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from micrograd_dl.nn.network import Network, one_hot
from micrograd_dl.nn.normalisation import BETA, EPSILON

torch = pytest.importorskip("torch", reason="compared with PyTorch, in the extra torch")

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


def smoothed(y: Any, epsilon: float) -> Any:
    return (1 - epsilon) * y + epsilon / 2


LOSSES: dict[str, Any] = {
    "logistic": lambda z, a, y, e: F.binary_cross_entropy_with_logits(
        z, (1 - e) * y + e / 2, reduction="sum"
    ),
    "cross_entropy": lambda z, a, y, e: F.cross_entropy(z.T, y.argmax(0), reduction="sum", label_smoothing=e),
    "squared": lambda z, a, y, e: ((a - y) ** 2).sum() / 2,
    "max_margin": lambda z, a, y, e: torch.relu(1 - y * a).sum(),
    "huber": lambda z, a, y, e: F.huber_loss(a, y, reduction="sum"),
}
OUTPUTS = [
    ("sigmoid", "logistic"),
    ("softmax", "cross_entropy"),
    ("linear", "squared"),
    ("tanh", "squared"),
    ("linear", "max_margin"),
    ("linear", "huber"),
]


def normalised(z: Any, kind: str | None, parts: dict[str, Any], l: int) -> Any:
    """In training; PyTorch has examples as rows."""
    if kind is None:
        return z
    gamma, beta = parts[f"gamma{l}"][:, 0], parts[f"beta{l}"][:, 0]
    if kind == "layer":
        return F.layer_norm(z.T, (len(z),), gamma, beta, eps=EPSILON).T
    return F.batch_norm(z.T, None, None, gamma, beta, training=True, eps=EPSILON).T


def by_torch(model: Network, X: Any, Y: Any) -> tuple[float, Any, dict[str, Any]]:
    """The cost of a pass of training, the output layer's A, and every derivative by name."""
    parts = {name: torch.tensor(np.array(x), requires_grad=True) for name, x in model.named().items()}
    a, m = torch.tensor(X), X.shape[1]
    masks = model.masks(m)
    for l, (g, kind, mask) in enumerate(zip(model.activations, model.normalisations, masks, strict=True), 1):
        z = parts[f"W{l}"] @ a + parts.get(f"b{l}", 0)
        a = ACTIVATIONS[g.name](normalised(z, kind, parts, l))
        if mask is not None:
            a = a * torch.tensor(mask)
    J = LOSSES[model.loss.name](z, a, torch.tensor(Y), model.label_smoothing) / m
    weights = [W for name, W in parts.items() if name.startswith("W")]
    for W in weights:
        J = J + model.l2 / (2 * m) * (W**2).sum() + model.l1 / (2 * m) * W.abs().sum()
    J.backward()
    return J.item(), a.detach().numpy(), {name: x.grad.numpy() for name, x in parts.items()}


def assert_same(model: Network, X: Any, Y: Any) -> None:
    with model.frozen():
        J, A, gradients = by_torch(model, X, Y)
        assert model.cost_and_grad(X, Y) == pytest.approx(J, rel=1e-10)
        np.testing.assert_allclose(model.record(X, Y).A[-1], A, rtol=1e-10, atol=1e-12)
    for name, there in gradients.items():
        here = model.named("grad")[name]
        assert np.abs(here - there).max() <= 1e-10 * max(1e-3, np.abs(there).max()), name


def targets(loss: str, n_y: int, m: int, rng: Any) -> Any:
    if loss == "cross_entropy":
        return one_hot(rng.integers(0, n_y, m), n_y)
    Y = rng.integers(0, 2, (n_y, m)).astype(float)
    return 2 * Y - 1 if loss == "max_margin" else Y


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
@pytest.mark.parametrize("hidden", ["linear", "sigmoid", "tanh", "relu", "leaky_relu", "mish"])
def test_the_same_as_pytorch(MLP: type[Network], hidden: str, output: str, loss: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_y, m = int(rng.integers(1, 4)), int(rng.integers(1, 6))
    sizes = [*(int(n) for n in rng.integers(1, 5, seed)), n_y]
    X, Y = rng.standard_normal((3, m)) * 10.0 ** (seed - 1), targets(loss, n_y, m, rng)
    names = [hidden] * (len(sizes) - 1) + [output]
    model = MLP(3, sizes, names, loss, seed=seed, l2=0.3 * seed, l1=0.2 * seed)
    # Biases that are not 0: after a layer of ReLUs that are all off, the next one's z would be 0, its kink.
    model.set_layers_data([(W, rng.standard_normal(b.shape)) for W, b in model.layers_data()])
    assert_same(model, X, Y)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
def test_everything_mixed(MLP: type[Network], output: str, loss: Any, seed: int) -> None:
    """Activations, dropout, batch and layer normalisation, label smoothing, L2 and L1."""
    rng = np.random.default_rng([seed, 7])
    hidden, m, n_y = int(rng.integers(1, 4)), int(rng.integers(3, 9)), int(rng.integers(1, 4))
    names = [str(name) for name in rng.choice([n for n in ACTIVATIONS if n != "softmax"], hidden)]
    X, Y = rng.standard_normal((3, m)), targets(loss, n_y, m, rng)
    model = MLP(
        3,
        [*(int(n) for n in rng.integers(2, 6, hidden)), n_y],
        [*names, output],
        loss,
        seed=seed,
        l2=float(rng.choice([0.0, 0.5])),
        l1=float(rng.choice([0.0, 0.5])),
        normalisation=[[None, "batch", "layer"][k] for k in rng.integers(0, 3, hidden)],
        keep_prob=rng.choice([1.0, 0.7], hidden).tolist(),
        label_smoothing=0.1 * (seed % 2) if loss in ("logistic", "cross_entropy") else 0.0,
    )
    shaken = {name: x + 0.5 * rng.standard_normal(x.shape) for name, x in model.named().items()}
    model.set_named(shaken)
    for _ in range(2):
        assert_same(model, X, Y)
        model.cost_and_grad(X, Y)  # the masks move on


def test_batch_normalisation_predicts_as_pytorch_does(MLP: type[Network]) -> None:
    """From the same running averages: of the variance, PyTorch's own divide by m - 1."""
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((3, 6)), rng.integers(0, 2, (1, 6)).astype(float)
    model = MLP(3, [4, 1], ["tanh", "sigmoid"], seed=1, normalisation="batch")
    norm = torch.nn.BatchNorm1d(4, eps=EPSILON, momentum=1 - BETA).double()
    for _ in range(3):
        norm(torch.tensor(model.named()["W1"] @ X).T)
        model.cost_and_grad(X, Y)
    [averages, _] = model.averages
    assert averages is not None
    np.testing.assert_allclose(averages.mean[:, 0], norm.running_mean.numpy(), rtol=1e-12)
    begun = BETA**3
    np.testing.assert_allclose(
        (averages.variance[:, 0] - begun) * 6 / 5, norm.running_var.numpy() - begun, rtol=1e-12
    )


AT_ZERO = np.array([[0.0, 0.0, 1.0]])


def at_the_kink(MLP: type[Network], **options: Any) -> Network:
    """Its first layer gives exactly 0 for the first two of AT_ZERO."""
    model = MLP(1, [2, 1], ["relu", "linear"], seed=1, **options)
    model.set_layers_data([([[1.0], [-2.0]], [[0.0], [0.0]]), ([[1.0, 3.0]], [[0.5]])])
    return model


def test_the_courses_slope_at_the_kink_is_another(MLP: type[Network]) -> None:
    assert_same(at_the_kink(MLP, slope_at_kink="left"), AT_ZERO, np.ones((1, 3)))
    model = at_the_kink(MLP)
    _, _, gradients = by_torch(model, AT_ZERO, np.ones((1, 3)))
    model.cost_and_grad(AT_ZERO, np.ones((1, 3)))
    assert (model.layers_grad()[0][1] != gradients["b1"]).any()
