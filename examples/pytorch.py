"""The same network in PyTorch: how to write it, the same numbers, and where the two differ on purpose.

One network in both, with the same weights: outputs, cost and gradients side by side.

Because: both follow the chain rule; what differs are conventions (rows, the slope at a kink), and each can be
set.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from micrograd_dl import nn
from micrograd_dl.data import moons
from micrograd_dl.engine import ops
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.text import install_hint
from micrograd_dl.nn.network import Array
from micrograd_dl.nn.normalisation import Averages
from micrograd_dl.optim import Adam, Momentum

DATA = moons(40, seed=0)
X, Y = DATA.X, DATA.targets("logistic")
STEPS, ALPHA = 50, 0.05


def pytorch() -> Any:
    """The package, which this lesson alone needs."""
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"this lesson compares with PyTorch ({error}): {install_hint('torch')}", name=error.name
        ) from None


def ours() -> nn.MLP:
    return nn.MLP(2, [4, 1], ["tanh", "sigmoid"], seed=1)


def theirs(model: nn.MLP) -> Any:
    """The same layers with the same W and b: PyTorch has W (n_out, n_in) too, and b of rank 1."""
    torch = pytorch()
    network = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    with torch.no_grad():
        for layer, (W, b) in zip((network[0], network[2]), model.layers_data(), strict=True):
            layer.weight.copy_(torch.from_numpy(W))
            layer.bias.copy_(torch.from_numpy(b[:, 0]))
    return network


def cost(network: Any) -> Any:
    """J; the examples are rows here, and the sigmoid is part of the loss."""
    torch = pytorch()
    logits = network(torch.tensor(X.T))
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor(Y.T))


def gradients(model: nn.MLP, network: Any) -> dict[str, tuple[float, Array, Array]]:
    """J here and there, and the derivative by each parameter; with how far they are apart, of their size."""
    J = model.cost_and_grad(X, Y)
    there = cost(network)
    network.zero_grad()
    there.backward()
    pairs = {"J": (np.array(J), there.detach().numpy())}
    for (name, mine), p in zip(model.named("grad").items(), network.parameters(), strict=True):
        pairs[f"d{name}"] = mine, p.grad.numpy().reshape(mine.shape)
    return {
        name: (float(np.abs(mine - other).max() / np.abs(other).max()), mine, other)
        for name, (mine, other) in pairs.items()
    }


def train(model: nn.MLP, network: Any) -> None:
    """Adam in both, written alike."""
    here = Adam(model.parameters(), ALPHA)
    there = pytorch().optim.Adam(network.parameters(), lr=ALPHA)
    for _ in range(STEPS):
        model.cost_and_grad(X, Y)  # sets the gradients
        here.step()
        there.zero_grad()
        cost(network).backward()
        there.step()


def differences() -> dict[str, tuple[float, float]]:
    """What is decided otherwise: our number and PyTorch's."""
    torch = pytorch()
    x, t = Value(0.0), torch.tensor(0.0, requires_grad=True)
    ops.relu(x).backward()
    torch.relu(t).backward()
    w, v = Value(0.0), torch.tensor(0.0, requires_grad=True)
    w.grad, v.grad = 1.0, torch.tensor(1.0)
    Momentum([w], 0.1).step()
    torch.optim.SGD([v], lr=0.1, momentum=0.9).step()
    batch, averages = np.array([[1.0, 3.0]]), Averages.begin(1)
    averages.take_in(batch.mean(axis=1, keepdims=True), batch.var(axis=1, keepdims=True))
    norm = torch.nn.BatchNorm1d(1)
    norm(torch.tensor(batch.T, dtype=torch.float32))
    return {
        "slope of relu at exactly 0": (x.grad, t.grad.item()),
        "first step of momentum, gradient 1, alpha 0.1": (w.data, v.item()),
        "running variance after a batch of 1 and 3": (
            float(averages.variance[0, 0]),
            norm.running_var.item(),
        ),
    }


def main() -> None:
    model = ours()
    network = theirs(model)
    for when in ("before training", f"after {STEPS} steps of Adam in both"):
        print(f"{when}:\n\n{'':<6}{'here':>12}{'PyTorch':>12}{'apart by':>12}")
        for name, (apart, mine, other) in gradients(model, network).items():
            print(f"{name:<6}{mine.flat[0]:>12.6f}{other.flat[0]:>12.6f}{apart:>12.0e}")
        print()
        if when == "before training":
            train(model, network)
    print("Of each derivative the first number is shown; they are apart by so much of the largest.")
    print(f"\nDecided otherwise here, as the course has it:\n\n{'':<48}{'here':>8}{'PyTorch':>10}")
    for what, (one, another) in differences().items():
        print(f"{what:<48}{one:>8.2f}{another:>10.2f}")


if __name__ == "__main__":
    main()
