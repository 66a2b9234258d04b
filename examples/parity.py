"""Parity of n bits: a deep tree of XORs against one hidden layer (course, section 4).

Both networks are built by hand, checked on all 2^n inputs, and counted.

Because: a tree reuses what it has found of half the bits; one layer has to have a unit for every odd input.

Next: symmetry
"""

from __future__ import annotations

import numpy as np

from micrograd_dl.data import parity
from micrograd_dl.vectorized import MLP

# x1 XOR x2 = relu(x1 + x2) - 2 relu(x1 + x2 - 1) for bits.
XOR_IN, XOR_BIAS, XOR_OUT = [[1.0, 1.0], [1.0, 1.0]], [0.0, -1.0], [1.0, -2.0]


def tree(n: int) -> MLP:
    """XORs in pairs, then pairs of pairs: two layers a level, for n a power of 2."""
    sizes, layers, width = [], [], n
    while width > 1:
        half = width // 2
        hidden, out = np.zeros((width, width)), np.zeros((half, width))
        for k in range(half):
            hidden[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = XOR_IN
            out[k, 2 * k : 2 * k + 2] = XOR_OUT
        layers += [(hidden, np.tile(XOR_BIAS, half)[:, None]), (out, np.zeros((half, 1)))]
        sizes += [width, half]
        width = half
    model = MLP(n, sizes, ["relu", "linear"] * (len(sizes) // 2))
    model.set_layers_data(layers)
    return model


def table(n: int) -> MLP:
    """One hidden unit for each of the 2^(n-1) inputs with an odd number of ones: 1 there, 0 elsewhere."""
    X, Y = parity(n)
    odd = X[:, Y[0] == 1]
    W = 2 * odd.T - 1
    model = MLP(n, [W.shape[0], 1], ["relu", "linear"])
    model.set_layers_data([(W, 1 - odd.sum(axis=0)[:, None]), (np.ones((1, W.shape[0])), np.zeros((1, 1)))])
    return model


def main() -> None:
    print(f"{'':>4} {'tree of XORs':>28} {'one hidden layer':>28}")
    print(f"{'n':>4} {'layers':>9} {'units':>8} {'right':>9} {'layers':>9} {'units':>8} {'right':>9}")
    for n in (2, 4, 8):
        X, Y = parity(n)
        cells = []
        for model in (tree(n), table(n)):
            right = float((model.forward(X) == Y).mean())
            cells.append(f"{len(model.shape) - 1:>9} {sum(model.shape[1:]):>8} {right:>9.0%}")
        print(f"{n:>4} {cells[0]} {cells[1]}")
    print(
        "\nThe tree has 3(n-1) units in 2 log2(n) layers. One hidden layer with a unit for each odd input"
        "\nhas 2^(n-1) of them, and one unit more for the sum."
    )


if __name__ == "__main__":
    main()
