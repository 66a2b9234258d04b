"""Zero initialisation: the units of a layer stay the same for ever (course, section 6).

A hidden layer of three units, begun with all weights 0 and with Xavier's, and 500 steps of descent on 200
points.

Because: units with equal weights have equal activations, and the same dZ comes back to them; so their
gradients are equal, each step moves them alike, and they stay equal for ever. Only different initial weights
make different units.

Next: vanishing_gradients
"""

from __future__ import annotations

import numpy as np

from micrograd_dl.nn.initialisers import xavier, zeros
from micrograd_dl.optim import GradientDescent
from micrograd_dl.training import fit
from micrograd_dl.vectorized import MLP


def main() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2, 200))
    Y = (X[:1] * X[1:] > 0).astype(float)
    for name, initialiser in (("zeros", zeros), ("Xavier's", xavier)):
        model = MLP(2, [3, 1], ["sigmoid", "sigmoid"], initialiser=initialiser, seed=1)
        fit(model, X, Y, epochs=500, optimiser=GradientDescent(model.parameters(), 1.0))
        W = model.layers_data()[0][0]
        distinct = len(np.unique(W.round(9), axis=0))
        print(f"Initialised by {name}, after 500 steps W[1] is")
        for unit, row in enumerate(W, 1):
            print(f"  unit {unit}: " + " ".join(f"{w:>9.4f}" for w in row))
        same = (
            "all rows are equal: three units do the work of one"
            if distinct == 1
            else f"{distinct} different units"
        )
        print(f"{same}; accuracy {model.accuracy(X, Y):.0%}\n")


if __name__ == "__main__":
    main()
