"""A single ReLU neuron predicts a house's price from its size (course, section 4)."""

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
        if step % 500 == 0:
            print(f"step {step:>4}: J = {J.data:.6f}, w = {neuron.w[0].data:.4f}, b = {neuron.b.data:.4f}")
        for p in neuron.parameters():
            p.data -= 0.3 * p.grad
    print(f"\n{'size':>6} {'price':>7} {'predicted':>10}")
    for size, price in zip(SIZES, PRICES, strict=True):
        print(f"{size:>6.0f} {price:>7.0f} {100 * neuron([size / 100]).data:>10.1f}")


if __name__ == "__main__":
    main()
