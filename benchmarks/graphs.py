"""The graphs that every scalar engine builds: programs over numbers of any kind.

A graph's size is the number of its operations when written node by node, with additions and multiplications
of two operands. It is the same for all engines: also for one that records fewer nodes, or more.

Nothing here imports NumPy, so that an engine is measured with nothing in memory but what it loads itself.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Graph:
    """A program, the numbers of its leaves, and the count of its operations."""

    name: str
    leaves: tuple[float, ...]
    nodes: int
    run: Callable[[Any, Sequence[Any]], Any]  # of an engine, as in scalars.py, and of its leaves


def moons(m: int) -> tuple[list[list[float]], list[float]]:
    """m points of two moons, one by one from each, and whose they are: -1 or 1."""
    rng = random.Random(0)
    rows, signs = [], []
    for i in range(m):
        t, sign = rng.uniform(0, math.pi), -1.0 if i % 2 else 1.0
        x, y = (math.cos(t), math.sin(t)) if sign < 0 else (1 - math.cos(t), 0.5 - math.sin(t))
        rows.append([x + rng.gauss(0, 0.1), y + rng.gauss(0, 0.1)])
        signs.append(sign)
    return rows, signs


def mlp(size: int) -> Graph:
    """The loss of a network 2-w-w-1 over m examples, as in micrograd's demonstration: ReLU, max-margin, L2.

    w is 16, as there, and smaller for few nodes; m is what `size` leaves room for.
    """
    width = 3 if size < 300 else 8 if size < 3000 else 16
    fixed = 2 * (width * (width + 5) + 1) + 1
    each = width * 5 + width * (2 * width + 1) + 2 * width + 4
    return moons_loss(width, max(1, round((size - fixed) / each)), "MLP loss")


def wide(size: int) -> Graph:
    """The same for one example and w as large as `size` has room for: no weight is used twice but for L2."""
    width = max(1, round((math.sqrt(24 * 24 + 16 * size) - 24) / 8))
    return moons_loss(width, 1, "wide MLP loss")


def moons_loss(width: int, m: int, name: str) -> Graph:
    """The loss of a network 2-width-width-1 over m points of two moons."""
    rows, signs = moons(m)
    rng = random.Random(1)
    layers: list[list[tuple[int, int]]] = []  # where the weights of each unit are, and its bias after them
    leaves: list[float] = []
    for n_in, n_out in ((2, width), (width, width), (width, 1)):
        layers.append([])
        for _ in range(n_out):
            layers[-1].append((len(leaves), len(leaves) + n_in))
            leaves += [rng.uniform(-1, 1) / math.sqrt(n_in) for _ in range(n_in)]
            leaves.append(0.1)  # no ReLU at its kink
    products = sum(end - begin for layer in layers for begin, end in layer)
    nodes = m * (2 * products + 2 * width + 3) + m - 1 + 1  # units, margins; their mean
    nodes += 2 * len(leaves) - 1 + 1 + 1  # L2, and the sum of both

    def run(engine: Any, p: Sequence[Any]) -> Any:
        affine, relu, constant = engine.affine, engine.relu, engine.constant
        units = [[(p[begin:end], p[end]) for begin, end in layer] for layer in layers]
        margins = []
        for row, sign in zip(rows, signs, strict=True):
            a = [constant(x) for x in row]
            for layer in units[:-1]:
                a = [relu(affine(w, a, b)) for w, b in layer]
            [(w, b)] = units[-1]
            margins.append(relu(affine(w, a, b) * -sign + 1.0))
        return engine.total(margins) * (1.0 / m) + engine.squares(p) * 1e-4

    return Graph(name, tuple(leaves), nodes, run)


def calls(size: int) -> Graph:
    """micrograd's own program: ``m(x)`` of a network 2-16-16-1 for each point, and the sum of the squares."""
    layers, each = ((2, 16), (16, 16), (16, 1)), 2 * (32 + 256 + 16) + 32 + 2  # ReLU; the error, its square
    m = max(2, round(size / (each + 1)))
    rows, signs = moons(m)
    rng = random.Random(1)
    leaves = [
        rng.uniform(-1, 1) / math.sqrt(n_in) for n_in, n_out in layers for _ in range(n_out * (n_in + 1))
    ]

    def run(engine: Any, p: Sequence[Any]) -> Any:
        model = engine.network([n_in for n_in, _ in layers] + [1], p)
        return engine.total([(model(x) - y) ** 2 for x, y in zip(rows, signs, strict=True)])

    return Graph("m(x) for each point", tuple(leaves), m * each + m - 1, run)


ADD, MUL, TANH = range(3)


def mixed(size: int) -> Graph:
    """A random graph of additions, multiplications and tanh, all of it below the result.

    One operand of each is a number that nothing has used yet, the other any of those before. What would leave
    -1.5 to 1.5 gets a tanh instead, so that no number overflows.
    """
    rng = random.Random(2)
    count = max(8, size // 100)
    leaves = [rng.uniform(-1, 1) for _ in range(count)]
    data, unused = list(leaves), list(range(count))
    tape: list[tuple[int, int, int]] = []
    while len(tape) < size - count + 1:
        k = rng.randrange(count)
        i, j, operation = unused[k], rng.randrange(len(data)), rng.choice((ADD, ADD, MUL, MUL, TANH))
        out = data[i] + data[j] if operation == ADD else data[i] * data[j]
        if operation == TANH or abs(out) > 1.5:
            operation, j, out = TANH, i, math.tanh(data[i])
        tape.append((operation, i, j))
        unused[k] = len(data)
        data.append(out)

    def run(engine: Any, leaves: Sequence[Any]) -> Any:
        values = list(leaves)
        for operation, i, j in tape:
            if operation == ADD:
                values.append(values[i] + values[j])
            elif operation == MUL:
                values.append(values[i] * values[j])
            else:
                values.append(engine.tanh(values[i]))
        ends = [values[i] for i in unused]
        while len(ends) > 1:  # in pairs: a tree, not a chain
            ends = [a + b for a, b in zip(ends[::2], ends[1::2], strict=False)] + ends[len(ends) & ~1 :]
        return ends[0]

    return Graph("random graph", tuple(leaves), len(tape) + count - 1, run)


def chain(size: int) -> Graph:
    """One addition after the other: as deep as it is large."""

    def run(engine: Any, leaves: Sequence[Any]) -> Any:
        del engine
        x, step = leaves
        for _ in range(size):
            x = x + step
        return x

    return Graph("chain of additions", (1.0, 1e-3), size, run)


GRAPHS = {"mlp": mlp, "calls": calls, "wide": wide, "mixed": mixed, "chain": chain}
