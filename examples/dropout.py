"""Dropout against learning by heart: train and dev accuracy, and a cost that jumps (course, section 7).

A network with far more parameters than examples, with each way to keep it from learning by heart.

Because: no unit can rely on another that may be gone, so what is learned is spread over many; and the cost is
another function in every step.

Next: learning_curves
"""

from __future__ import annotations

from typing import Any

import numpy as np

from micrograd_dl.data import moons
from micrograd_dl.optim import Adam
from micrograd_dl.training import History, fit
from micrograd_dl.vectorized import MLP

UNITS, EPOCHS = 50, 300
TRAIN, DEV = moons(60, noise=0.35, seed=0), moons(1000, noise=0.35, seed=1)
X, Y = TRAIN.X, TRAIN.targets("logistic")
DEV_SET = DEV.X, DEV.targets("logistic")
CASES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "keep 0.8": {"keep_prob": 0.8},
    "keep 0.5": {"keep_prob": 0.5},
    "L2, lambda 1": {"l2": 1.0},
    "max-norm 1.5": {"max_norm": 1.5},
}


def trained(options: dict[str, Any]) -> tuple[MLP, History]:
    """The network after training with an option against overfitting, and its history."""
    model = MLP(2, [UNITS, UNITS, 1], ["relu", "relu", "sigmoid"], seed=1, **options)
    return model, fit(model, X, Y, epochs=EPOCHS, optimiser=Adam(model.parameters(), 0.01), seed=1)


def main() -> None:
    print(f"Two hidden layers of {UNITS} units, {X.shape[1]} examples of moons with much noise\n")
    print(f"{'':<14}{'train':>8}{'dev':>8}{'dev cost':>10}{'rises of the cost':>20}")
    rises = {}
    for name, options in CASES.items():
        model, history = trained(options)
        rises[name] = int((np.diff(history.cost) > 0).sum())
        print(
            f"{name:<14}{model.accuracy(X, Y):>8.1%}{model.accuracy(*DEV_SET):>8.1%}"
            f"{model.cost(*DEV_SET):>10.3f}{f'{rises[name]} of {EPOCHS - 1} epochs':>20}"
        )
    print(
        "\nIn training each unit is dropped with probability 1 - keep_prob, and those kept are divided by"
        "\nkeep_prob; a prediction uses all. The cost is then another function in every step, and need not"
        f"\nfall: it rises in {rises['keep 0.5']} epochs with keep 0.5, in {rises['nothing']} without."
        "\nSee that it falls without dropout first."
    )


if __name__ == "__main__":
    main()
