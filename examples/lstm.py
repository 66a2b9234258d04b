"""An LSTM cell keeps a bit in mind while others go by, and echoes it at the end (beyond the course).

A plain recurrent cell makes its memory anew at every step, so the gradient fades on its way back. The LSTM's
memory c is changed by gates, layers with a sigmoid: how much of it to keep, to add and to show.

Because: the cell's memory is passed on by an addition, through which the gradient flows without being
multiplied away.

Next: transformer
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from micrograd_dl.engine.value import Value
from micrograd_dl.nn import Layer
from micrograd_dl.nn.losses import logistic
from micrograd_dl.optim import Adam

LENGTH = 10
TESTS, M = 10**6, 40  # the seed of what it is tested on, which no step of training has, and how many

State: TypeAlias = tuple[list[Value], list[Value]]  # h, the output of a cell, and c, its memory


class RecurrentCell:
    """``c_t = tanh(W [x_t, c_{t-1}] + b)``, which is also its output h."""

    def __init__(self, n_in: int, hidden: int, seed: int = 0) -> None:
        self.hidden = hidden
        self.layers = [Layer(n_in + hidden, hidden, "tanh", seed=seed)]

    def __call__(self, x: Sequence[Value], state: State) -> State:
        """The state after one step."""
        c = self.layers[0]([*x, *state[1]])
        return c, c


class LSTMCell:
    """``c_t = f c_{t-1} + i g`` and ``h_t = o tanh(c_t)``; f, i, o and g are layers of ``[x_t, h_{t-1}]``."""

    def __init__(self, n_in: int, hidden: int, seed: int = 0) -> None:
        self.hidden = hidden
        self.layers = [
            Layer(n_in + hidden, hidden, activation, number=number, seed=seed + number)
            for number, activation in enumerate(["sigmoid", "sigmoid", "sigmoid", "tanh"])
        ]
        for neuron in self.layers[0].neurons:
            neuron.b.data = 2.0  # it begins by forgetting little

    def __call__(self, x: Sequence[Value], state: State) -> State:
        """The state after one step."""
        h, c = state
        f, i, o, g = (layer([*x, *h]) for layer in self.layers)
        c = [keep * old + add * new for keep, old, add, new in zip(f, c, i, g, strict=True)]
        return [show * unit.tanh() for show, unit in zip(o, c, strict=True)], c


class Echo:
    """A cell that reads bits, and a unit that outputs the first bit after the last one was read."""

    def __init__(self, cell: RecurrentCell | LSTMCell) -> None:
        self.cell, self.output = cell, Layer(cell.hidden, 1, "sigmoid", number=len(cell.layers), seed=0)

    def states(self, xs: Sequence[int]) -> list[State]:
        """h and c after each step; they start from 0."""
        state: State = ([Value.constant(0.0)] * self.cell.hidden,) * 2
        states = []
        for x in xs:
            state = self.cell([Value.constant(2.0 * x - 1)], state)
            states.append(state)
        return states

    def z(self, states: Sequence[State]) -> Value:
        """The output unit's z, above 0 for the bit 1."""
        return self.output.z(states[-1][0])[0]

    def loss(self, states: Sequence[State], xs: Sequence[int]) -> Value:
        """The logistic loss of the output after these states."""
        J: Value = logistic.of([self.z(states)], [], [xs[0]])
        return J

    def parameters(self) -> list[Value]:
        """The parameters of the cell's layers, then the output's."""
        return [p for layer in (*self.cell.layers, self.output) for p in layer.parameters()]


def sequences(seed: int, m: int, length: int) -> list[list[int]]:
    """m rows of random bits."""
    rows: list[list[int]] = np.random.default_rng(seed).integers(0, 2, (m, length)).tolist()
    return rows


def train(model: Echo, steps: int, length: int = LENGTH, batch: int = 8) -> list[float]:
    """On new random bits in every step: the cost of each."""
    optimiser, costs = Adam(model.parameters(), 0.05), []
    for step in range(steps):
        optimiser.zero_grad()
        losses = [model.loss(model.states(xs), xs) for xs in sequences(step, batch, length)]
        J = sum(losses[1:], losses[0]) / batch
        J.backward()
        optimiser.step()
        costs.append(J.data)
    return costs


def right(model: Echo, length: int) -> float:
    """The part of the test sequences of a length whose first bit is output."""
    return sum((model.z(model.states(xs)) >= 0) == xs[0] for xs in sequences(TESTS, M, length)) / M


def gradient_through_time(model: Echo, length: int) -> list[float]:
    """The size of the loss's derivative by c after each step, the mean over some sequences."""
    sizes = np.zeros(length)
    tests = sequences(TESTS, 10, length)
    for xs in tests:
        states = model.states(xs)
        model.loss(states, xs).backward()
        sizes += [np.sqrt(sum(unit.grad**2 for unit in c)) for _, c in states]
    return [float(size) / len(tests) for size in sizes]


# With about as many parameters each.
CELLS: dict[str, Callable[[int], RecurrentCell | LSTMCell]] = {
    "recurrent": lambda seed: RecurrentCell(1, 5, seed),
    "LSTM": lambda seed: LSTMCell(1, 2, seed),
}


def main(steps: int = 100, seeds: Sequence[int] = (0, 1)) -> None:
    lengths = (LENGTH, 2 * LENGTH, 4 * LENGTH)
    print(
        f"What was the first of {LENGTH} bits? {steps} steps of Adam; then sequences longer than any seen\n"
    )
    print(f"{'':<27}{'cost':^16}{'first bit right, of':>36}")
    heads = "".join(f"{f'{length} bits':>12}" for length in lengths)
    print(f"{'cell':<10}{'parameters':>11}{'seed':>6}{'first':>8}{'last':>8}{heads}")
    twice: dict[str, list[float]] = {name: [] for name in CELLS}
    for name, cell in CELLS.items():
        for seed in seeds:
            model = Echo(cell(seed))
            costs = train(model, steps)
            parts = [right(model, length) for length in lengths]
            twice[name].append(parts[1])
            row = "".join(f"{part:>12.0%}" for part in parts)
            print(f"{name:<10}{len(model.parameters()):>11}{seed:>6}{costs[0]:>8.3f}{costs[-1]:>8.3f}{row}")
    ones = [sum(xs[0] for xs in sequences(TESTS, M, length)) / M for length in lengths]
    print(f"{'the same answer always':<43}" + "".join(f"{max(part, 1 - part):>12.0%}" for part in ones))
    print("\nSize of the loss's derivative by c, so many steps before the end; before training")
    back = range(0, 2 * LENGTH, 3)
    fades = {}
    print(f"{'cell':<10}" + "".join(f"{k:>9}" for k in back))
    for name, cell in CELLS.items():
        sizes = gradient_through_time(Echo(cell(seeds[0])), 2 * LENGTH)[::-1]
        print(f"{name:<10}" + "".join(f"{sizes[k]:>9.1e}" for k in back))
        fades[name] = sizes[0] / sizes[back[-1]]
    print(f"\nOver {back[-1]} steps back the derivative fades, and of {lengths[1]} bits the first is right:")
    for name in CELLS:
        fold, part = float(f"{fades[name]:.2g}"), float(np.mean(twice[name]))
        print(f"  {name:<10}{fold:>9,.0f}-fold{part:>8.0%} of the time")


if __name__ == "__main__":
    main()
