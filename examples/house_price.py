"""A single ReLU neuron predicts a house's price from its size (course, section 4).

One neuron, price = relu(w size + b), six houses. J is half the mean squared error; each step moves w and b
against their derivatives.

Because: J is a bowl over w and b: its slope points uphill, so that steps against it end at the bottom, where
w is the price of a square metre.

Next: xor
"""

from __future__ import annotations

import numpy as np

from micrograd_dl.nn import Neuron

SIZES = np.array([50.0, 80.0, 100.0, 120.0, 150.0, 200.0])  # square metres
PRICES = np.array([110.0, 170.0, 205.0, 250.0, 310.0, 405.0])  # thousands


def main() -> None:
    neuron = Neuron(1, "relu", w=[0.5])
    x, y = SIZES / 100, PRICES / 100  # of the order of 1, so that one learning rate suits both w and b
    for step in range(2001):
        neuron.zero_grad()
        J = sum((neuron([size]) - price) ** 2 for size, price in zip(x, y, strict=True)) / (2 * len(x))
        J.backward()
        if step in (0, 1, 2, 5, 20, 100, 500, 2000):
            w, b = neuron.w[0], neuron.b
            print(f"step {step:>4}: J = {J.data:.6f}, w = {w.data:.4f}, b = {b.data:.4f}", end="")
            print(f"; dJ/dw = {w.grad:7.4f}, so w moves by {-0.3 * w.grad:7.4f}")
        for p in neuron.parameters():
            p.data -= 0.3 * p.grad
    print(f"\n{'size':>6} {'price':>7} {'predicted':>10}")
    for size, price in zip(SIZES, PRICES, strict=True):
        print(f"{size:>6.0f} {price:>7.0f} {100 * neuron([size / 100]).data:>10.1f}")


if __name__ == "__main__":
    main()
