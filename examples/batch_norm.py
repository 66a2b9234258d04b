"""Normalised, a deep network depends less on its initial weights (course, section 10).

Six hidden layers of ReLUs on the two moons, begun with weights that are too small, right and too large,
without normalisation and with both kinds.

Because: what enters each activation has mean 0 and variance 1 whatever the layers before make of it, so
nothing fades or explodes on the way.

Next: batch_norm_edges
"""

from __future__ import annotations

import numpy as np

from micrograd_dl.data import moons
from micrograd_dl.nn.initialisers import Initialiser, Weights, he, small
from micrograd_dl.nn.normalisation import Kind
from micrograd_dl.optim import Adam
from micrograd_dl.training import fit
from micrograd_dl.vectorized import MLP

HIDDEN, EPOCHS = [10] * 6, 60
DATA = moons(200, seed=0)
X, Y = DATA.X, DATA.targets("logistic")


def large(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
    """He's initial weights, times ten."""
    return 10 * he(rng, n_out, n_in)


INITIALISERS: dict[str, Initialiser] = {"0.01 randn": small, "He": he, "10 x He": large}


def network(initialiser: Initialiser, kind: Kind | None) -> MLP:
    """Before training; `kind` is the normalisation."""
    return MLP(
        2,
        [*HIDDEN, 1],
        ["relu"] * len(HIDDEN) + ["sigmoid"],
        initialiser=initialiser,
        normalisation=kind,
        seed=1,
    )


def trained(initialiser: Initialiser, kind: Kind | None) -> MLP:
    """After training."""
    model = network(initialiser, kind)
    fit(model, X, Y, epochs=EPOCHS, batch_size=50, optimiser=Adam(model.parameters(), 0.01), seed=1)
    return model


def deepest(initialiser: Initialiser, kind: Kind | None) -> float:
    """The size of the last hidden layer's input to ReLU before training: z, or z_norm."""
    numbers = network(initialiser, kind).record(X, Y)
    z = numbers.Z[len(HIDDEN) - 1] if kind is None else numbers.Z_norm[len(HIDDEN) - 1]
    assert z is not None
    return float(np.sqrt(np.mean(z**2)))


def main() -> None:
    print(f"{len(HIDDEN)} hidden layers of {HIDDEN[0]} ReLUs on moons, {EPOCHS} epochs of Adam")
    print("The cost, and the part of the examples that is right:\n")
    kinds: dict[str, Kind | None] = {"none": None, "batch": "batch", "layer": "layer"}
    head = f"{'initial weights':<17}" + "".join(f"{kind:>18}" for kind in kinds)
    print(head)
    costs: dict[str, list[float]] = {kind: [] for kind in kinds}
    for name, initialiser in INITIALISERS.items():
        cells = []
        for kind, normalisation in kinds.items():
            model = trained(initialiser, normalisation)
            costs[kind].append(model.cost(X, Y))
            cells.append(f"{costs[kind][-1]:>10.3f} {model.accuracy(X, Y):>7.0%}")
        print(f"{name:<17}" + "".join(cells))
    print(f"\nThe size of z in hidden layer {len(HIDDEN)}, or of z_norm, before training:\n\n{head}")
    sizes: dict[str, list[float]] = {kind: [] for kind in kinds}
    for name, initialiser in INITIALISERS.items():
        for kind, normalisation in kinds.items():
            sizes[kind].append(deepest(initialiser, normalisation))
        print(f"{name:<17}" + "".join(f"{sizes[kind][-1]:>18.2g}" for kind in kinds))
    plain, normalised = sizes["none"], sizes["batch"] + sizes["layer"]
    print(f"\nWithout normalisation, z has sizes from {min(plain):.0e} to {max(plain):.0e}. z_norm, which is")
    print(f"(z - mean) / sqrt(var + eps), has sizes from {min(normalised):.2f} to {max(normalised):.2f}:")
    print("nothing vanishes or explodes on the way. How soon they learn is another thing: the cost")
    print("goes up to " + ", ".join(f"{max(costs[kind]):.3f} with {kind}" for kind in kinds) + ".")


if __name__ == "__main__":
    main()
