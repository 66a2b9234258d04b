"""XOR: no single neuron learns it, one hidden layer does (course, section 4).

The four examples of XOR, and two networks: one neuron, and three hidden units with tanh before it.

Because: a neuron says yes on one side of the line w1 x1 + w2 x2 + b = 0, and no line has (0, 0) and (1, 1) on
one side, (0, 1) and (1, 0) on the other. Hidden units bend the plane first, each along a line of its own.

Next: linear_collapse
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from micrograd_dl.nn import MLP
from micrograd_dl.optim import Adam
from micrograd_dl.training import fit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
Y = np.array([[0.0, 1.0, 1.0, 0.0]])


def learn(model: MLP) -> float:
    """Train on the four examples and return the accuracy."""
    fit(model, X, Y, epochs=300, optimiser=Adam(model.parameters(), 0.1))
    return model.accuracy(X, Y)


def one_neuron() -> MLP:
    return MLP(2, [1], ["sigmoid"], seed=1)


def hidden_layer() -> MLP:
    return MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)


def best_neuron() -> MLP:
    """A neuron that has learned three of the four: the most that a line can do."""
    neuron = one_neuron()
    fit(neuron, X[:, :3], Y[:, :3], epochs=300, optimiser=Adam(neuron.parameters(), 0.1))
    return neuron


def picture() -> Figure:
    """The line of that neuron, and the example that it has on the wrong side."""
    from micrograd_dl.viz import plots

    return plots.decision_boundary(best_neuron(), X, Y)


def main() -> None:
    neuron, hidden = one_neuron(), hidden_layer()
    for name, model in (("one neuron", neuron), ("one hidden layer of 3", hidden)):
        accuracy = learn(model)
        verdict = "learns XOR" if accuracy == 1 else "fails: no line separates the two classes"
        print(f"{name}: {accuracy:.0%} right, so it {verdict}")
    print(f"\n{'x1':>3} {'x2':>3} {'y':>3} {'one neuron':>11} {'hidden layer':>13}")
    for k in range(4):
        x1, x2, y = X[0, k], X[1, k], Y[0, k]
        print(
            f"{x1:>3.0f} {x2:>3.0f} {y:>3.0f} "
            f"{neuron.forward(X)[0, k]:>11.3f} {hidden.forward(X)[0, k]:>13.3f}"
        )
    best = best_neuron()
    [[w1, w2]], [[b]] = best.layers_data()[0]
    print(f"\nThe best that a line can do, {w1:.1f} x1 + {w2:.1f} x2 - {-b:.1f} = 0, has", end=" ")
    print(f"{best.accuracy(X, Y):.0%} right: (1, 1) is on the side of (0, 1) and (1, 0).")


if __name__ == "__main__":
    main()
