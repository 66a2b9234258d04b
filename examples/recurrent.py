"""A recurrent cell adds binary numbers, and learns to carry (beyond the course).

One layer is used again and again: its inputs are a bit of each number and its own outputs of one step before.
Backprop goes back through all steps, so that it learns what to remember.

Because: the carry is the network's own output of one step before, so that what it learns about one place
serves all.

Next: lstm
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from micrograd_dl.engine.value import Value
from micrograd_dl.nn import Layer
from micrograd_dl.nn.losses import logistic
from micrograd_dl.optim import Adam

HIDDEN = 6


class RecurrentNetwork:
    """``h_t = tanh(W [x_t, h_{t-1}] + b)``, and a bit ``sigmoid(w h_t + b)`` at every step."""

    def __init__(self, n_in: int = 2, hidden: int = HIDDEN, seed: int = 0) -> None:
        self.cell = Layer(n_in + hidden, hidden, "tanh", seed=seed)
        self.output = Layer(hidden, 1, "sigmoid", number=2, seed=seed)
        self.hidden = hidden

    def states(self, xs: Sequence[Sequence[float]]) -> list[list[Value]]:
        """h after each step of a sequence; it starts from 0."""
        h, states = [Value.constant(0.0)] * self.hidden, []
        for x in xs:
            h = self.cell([*map(Value.constant, x), *h])
            states.append(h)
        return states

    def loss(self, xs: Sequence[Sequence[float]], ys: Sequence[float]) -> Value:
        """The mean of the steps' losses."""
        return mean(self.losses(self.states(xs), ys))

    def losses(self, states: Sequence[Sequence[Value]], ys: Sequence[float]) -> list[Value]:
        """The logistic loss of each step."""
        return [logistic.of(self.output.z(h), [], [y]) for h, y in zip(states, ys, strict=True)]

    def predict(self, xs: Sequence[Sequence[float]]) -> list[int]:
        """The bits that are output."""
        return [int(self.output.z(h)[0] >= 0) for h in self.states(xs)]

    def parameters(self) -> list[Value]:
        """The parameters of the cell, then of the output."""
        return [*self.cell.parameters(), *self.output.parameters()]


def mean(terms: Sequence[Value]) -> Value:
    return sum(terms[1:], terms[0]) / len(terms)


def bits(number: int, count: int) -> list[int]:
    """The bits of a number from the lowest to the highest, as in addition by hand."""
    return [number >> k & 1 for k in range(count)]


def sums(rng: np.random.Generator, m: int, count: int) -> list[tuple[list[tuple[int, int]], list[int]]]:
    """m pairs of numbers of so many bits, bit by bit, and the bits of their sums."""
    pairs = rng.integers(0, 2**count, (m, 2)).tolist()
    return [
        (list(zip(bits(a, count + 1), bits(b, count + 1), strict=True)), bits(a + b, count + 1))
        for a, b in pairs
    ]


def train(steps: int, count: int = 5, batch: int = 8, seed: int = 0) -> tuple[RecurrentNetwork, list[float]]:
    """On new random sums in every step: the network, and the cost of each step."""
    model, rng, costs = RecurrentNetwork(seed=seed), np.random.default_rng(seed), []
    optimiser = Adam(model.parameters(), 0.03)
    for _ in range(steps):
        optimiser.zero_grad()
        J = mean([model.loss(xs, ys) for xs, ys in sums(rng, batch, count)])
        J.backward()
        optimiser.step()
        costs.append(J.data)
    return model, costs


def gradient_through_time(model: RecurrentNetwork, count: int, m: int = 20) -> list[float]:
    """The size of the last bit's derivative by each step's h, the mean over m sums."""
    sizes = np.zeros(count + 1)
    for xs, ys in sums(np.random.default_rng(2), m, count):
        states = model.states(xs)
        model.losses(states, ys)[-1].backward()
        sizes += [np.sqrt(sum(unit.grad**2 for unit in h)) for h in states]
    return list(sizes / m)


def main(steps: int = 300) -> None:
    model, costs = train(steps)
    print(
        f"A recurrent cell of {HIDDEN} units adds two numbers of 5 bits; {len(model.parameters())} parameters"
    )
    part = max(1, steps // 5)
    for start in range(0, steps, part):
        block = costs[start : start + part]
        print(f"  steps {start + 1:>3} to {start + len(block):>3}: cost {sum(block) / len(block):.4f}")
    print("\nNumbers of as many bits, and longer than any it has seen:")
    print(f"{'bits':>6} {'sums all right':>15} {'bits right':>11} {'no carry':>9} {'one guess':>10}")
    for count in (5, 10, 20):
        tests = sums(np.random.default_rng(1), 50, count)
        right = [np.mean(np.array(model.predict(xs)) == ys) for xs, ys in tests]
        xor = [np.mean([(a ^ b) == y for (a, b), y in zip(xs, ys, strict=True)]) for xs, ys in tests]
        whole, ones = np.mean(np.array(right) == 1), np.mean([ys for _, ys in tests])
        print(
            f"{count:>6} {whole:>15.0%} {np.mean(right):>11.0%} "
            f"{np.mean(xor):>9.0%} {max(ones, 1 - ones):>10.0%}"
        )
    print("\nThe last bit's derivative by h, so many steps before (size, mean over 20 sums):")
    for name, network in (("before training", RecurrentNetwork()), ("after", model)):
        sizes = gradient_through_time(network, 8)[::-1]
        print(f"{name:>17}: " + " ".join(f"{size:.0e}" for size in sizes))


if __name__ == "__main__":
    main()
