"""A deep network learns from almost any initialisation if it is normalised (course, section 10)."""

from __future__ import annotations

import numpy as np

from micrograd_dl.datasets import moons
from micrograd_dl.initialisers import Initialiser, Weights, he, small
from micrograd_dl.optim import Adam
from micrograd_dl.training import fit
from micrograd_dl.vectorized import MLP

HIDDEN, EPOCHS = [10] * 6, 60
DATA = moons(200, seed=0)
X, Y = DATA.X, DATA.targets("logistic")


def large(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """Ten times He's."""
    return 10 * he(rng, n_out, n_in)


INITIALISERS: dict[str, Initialiser] = {"0.01 randn": small, "He": he, "10 x He": large}


def trained(initialiser: Initialiser, kind: str | None) -> MLP:
    """After training; `kind` is the normalisation."""
    model = MLP(
        2,
        [*HIDDEN, 1],
        ["relu"] * len(HIDDEN) + ["sigmoid"],
        initialiser=initialiser,
        normalisation=kind,
        seed=1,
    )
    fit(model, X, Y, epochs=EPOCHS, batch_size=50, optimiser=Adam(model.parameters(), 0.01), seed=1)
    return model


def main() -> None:
    print(f"{len(HIDDEN)} hidden layers of {HIDDEN[0]} ReLUs on moons, {EPOCHS} epochs of Adam")
    print("The cost, and the part of the examples that is right:\n")
    kinds = ("none", "batch", "layer")
    print(f"{'initial weights':<17}" + "".join(f"{kind:>18}" for kind in kinds))
    for name, initialiser in INITIALISERS.items():
        cells = []
        for kind in kinds:
            model = trained(initialiser, None if kind == "none" else kind)
            cells.append(f"{model.cost(X, Y):>10.3f} {model.accuracy(X, Y):>7.0%}")
        print(f"{name:<17}" + "".join(cells))
    print(
        "\nWhatever the size of W, z_norm = (z - mean) / sqrt(var + eps) has the size of 1:"
        "\nnothing vanishes and nothing explodes on the way through the layers."
    )


if __name__ == "__main__":
    main()
