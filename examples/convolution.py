"""A convolution and a pooling layer learn to tell handwritten digits apart (beyond the course).

A convolution is a neuron with few inputs that is moved over the image: the same nine weights at every place.
Pooling keeps the largest of what it says in each square of two by two, so that a small shift changes little.
Needs scikit-learn: ``pip install "micrograd-dl[data]"``.

Because: a stroke is a stroke wherever it is: nine weights that are used everywhere learn from every place at
once.

Next: recurrent
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import TypeAlias

import numpy as np

from micrograd_dl.data import digits
from micrograd_dl.data.dataset import Dataset
from micrograd_dl.engine.functions import maximum, relu
from micrograd_dl.engine.value import Value
from micrograd_dl.nn import Layer, Neuron
from micrograd_dl.nn.losses import cross_entropy
from micrograd_dl.nn.network import Array, one_hot
from micrograd_dl.optim import Adam
from micrograd_dl.training import fit

DIGITS = (3, 5, 8)  # which are much alike
KERNELS = 3
SHADES = " .:-=+*#%@"

Image: TypeAlias = Sequence[Sequence[Value]]


def convolve(kernel: Neuron, image: Image) -> list[list[Value]]:
    """The kernel's z at every place where its three by three pixels are inside the image."""
    rows, columns = range(len(image) - 2), range(len(image[0]) - 2)
    return [
        [kernel.z([pixel for row in image[i : i + 3] for pixel in row[j : j + 3]]) for j in columns]
        for i in rows
    ]


def pool(image: Image) -> list[list[Value]]:
    """The largest of every two by two."""
    rows, columns = range(0, len(image), 2), range(0, len(image[0]), 2)
    return [
        [reduce(maximum, [pixel for row in image[i : i + 2] for pixel in row[j : j + 2]]) for j in columns]
        for i in rows
    ]


class ConvolutionalNetwork:
    """Kernels, pooled and through ReLU, and a softmax layer over all that they say."""

    def __init__(self, kernels: int = KERNELS, classes: int = len(DIGITS), seed: int = 0) -> None:
        self.kernels = [Neuron(9, "relu", seed=seed + k) for k in range(kernels)]
        self.output = Layer(kernels * 9, classes, "softmax", seed=seed)

    def maps(self, pixels: Sequence[float]) -> list[list[list[Value]]]:
        """What each kernel says of an image of 8 by 8, after pooling: 3 by 3."""
        constants = [Value.constant(pixel) for pixel in pixels]
        image = [constants[i : i + 8] for i in range(0, 64, 8)]
        # ReLU after pooling gives the same as before it, with a quarter of the work: both keep the order.
        return [[[relu(z) for z in row] for row in pool(convolve(kernel, image))] for kernel in self.kernels]

    def z(self, pixels: Sequence[float]) -> list[Value]:
        """The output layer's z."""
        return self.output.z([a for image in self.maps(pixels) for row in image for a in row])

    def cost(self, X: Array, Y: Array) -> Value:
        """The mean cross-entropy of the columns of X ``(64, m)``, for one-hot columns Y."""
        losses = [cross_entropy.of(self.z(x), [], y) for x, y in zip(X.T.tolist(), Y.T.tolist(), strict=True)]
        J: Value = sum(losses[1:], losses[0]) / len(losses)
        return J

    def cost_and_grad(self, X: Array, Y: Array) -> float:
        """The cost, whose derivatives are then in the parameters: all that `fit` asks for."""
        for p in self.parameters():
            p.zero_grad()
        J = self.cost(X, Y)
        J.backward()
        return J.data

    def predict(self, X: Array) -> Array:
        """The index of the class, ``(1, m)``."""
        return np.array([[int(np.argmax([z.data for z in self.z(x)])) for x in X.T.tolist()]])

    def parameters(self) -> list[Value]:
        """Those of each kernel, then the output layer's."""
        return [*(p for kernel in self.kernels for p in kernel.parameters()), *self.output.parameters()]


def examples(per_class: int, held_out: int, seed: int = 0) -> tuple[Dataset, Dataset]:
    """So many images of each of DIGITS to train on, and others to test on; Y is the index in DIGITS."""
    data, rng = digits(), np.random.default_rng(seed)
    order = [rng.permutation(np.flatnonzero(data.Y[0] == digit)) for digit in DIGITS]

    def part(start: int, end: int) -> Dataset:
        few = data.take(np.concatenate([indices[start:end] for indices in order]))
        Y = np.repeat(np.arange(len(DIGITS)), end - start)[np.newaxis]
        return replace(few, Y=Y, classes=tuple(map(str, DIGITS)))

    return part(0, per_class), part(per_class, per_class + held_out)


def shaded(image: Sequence[Sequence[float]]) -> list[str]:
    """Brightness as characters, two a pixel."""
    largest = max(x for row in image for x in row) or 1.0
    return ["".join(2 * SHADES[int(9 * x / largest)] for x in row) for row in image]


def main(epochs: int = 8, per_class: int = 30, held_out: int = 40) -> None:
    train_set, test_set = examples(per_class, held_out)
    model = ConvolutionalNetwork()
    optimiser = Adam(model.parameters(), 0.02)
    Y = one_hot(train_set.Y, len(DIGITS))
    history = fit(model, train_set.X, Y, epochs=epochs, batch_size=12, optimiser=optimiser)
    print(f"{train_set}")
    print(f"{KERNELS} kernels of 3 x 3, pooling, softmax: {len(model.parameters())} parameters\n")
    for epoch, cost in enumerate(history.cost, 1):
        print(f"  epoch {epoch}: cost {cost:.3f}")
    print(f"\nHeld-out images, {held_out} of each digit (chance {1 / len(DIGITS):.0%}):")
    print(f"{'':>17}" + "".join(f"{digit:>6}" for digit in DIGITS) + f"{'all':>6}")
    for name, network in (("before training", ConvolutionalNetwork()), ("after", model)):
        right = network.predict(test_set.X) == test_set.Y
        each = [float(right[c == test_set.Y].mean()) for c in range(len(DIGITS))]
        print(f"{name:>17}" + "".join(f"{r:>6.0%}" for r in [*each, float(right.mean())]))
    pixels = test_set.X[:, 0].tolist()
    maps = [[[z.data for z in row] for row in each] for each in model.maps(pixels)]
    pictures = [shaded(each) for each in ([pixels[i : i + 8] for i in range(0, 64, 8)], *maps)]
    print(f"\nA {DIGITS[0]}, and what the {KERNELS} kernels say of it:")
    for i in range(8):
        print("  " + "    ".join(rows[i] if i < len(rows) else " " * 6 for rows in pictures))


if __name__ == "__main__":
    main()
