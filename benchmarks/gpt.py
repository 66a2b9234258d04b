"""A character-level GPT of Values, `examples/transformer.py`: one name a step, Adam.

Every class of numbers runs the same forward pass: in plain operators, or with the fused nodes that it has.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from benchmarks import scalars, tuples
from benchmarks.records import NUMBA, NUMPY
from micrograd_dl.nn.network import Parameter

Train = Callable[[int], Sequence[float]]
STEPS = 1_000


def lesson() -> Any:
    """The program."""
    return importlib.import_module("examples.transformer")


def eager(arithmetic: str, number: Callable[[float], Any] | None = None) -> Train:
    """The lesson as it stands: the graph of each name is built anew."""
    program = lesson()
    to, of = getattr(program, arithmetic), number or program.Value

    def train(steps: int) -> Sequence[float]:
        losses: Sequence[float] = program.train(steps, to=to, number=of)[1]
        return losses

    return train


def compiled(runner: str) -> Train:
    """A graph for each length of a name, whose tokens are one-hot inputs; recorded when it is first met."""
    program = lesson()
    compile_graph = importlib.import_module("micrograd_dl.compiled").compile_graph
    bits = np.eye(program.VOCABULARY)

    @cache
    def graph(length: int) -> Any:
        parameters = program.init_parameters()
        tokens = [[program.Value(0.0) for _ in bits] for _ in range(length)]
        J = program.loss(parameters, tokens)
        flat = [bit for token in tokens for bit in token]
        return compile_graph(J, inputs=[flat], parameters=program.flat(parameters), runner=runner)

    def train(steps: int) -> Sequence[float]:
        theta = Parameter(np.array([p.data for p in program.flat(program.init_parameters())]), np.empty(0))
        optimiser, losses = program.optimiser([theta], steps), []
        for name in program.order(steps):
            tokens = program.encode(name)
            J, theta.grad = graph(len(tokens)).at(theta.data, bits[tokens].ravel())
            optimiser.step()
            losses.append(J)
        return losses

    return train


CONTESTANTS: dict[str, Callable[[], Train]] = {
    NUMBA: partial(compiled, "numba"),
    NUMPY: partial(compiled, "numpy"),
    scalars.FUSED: partial(eager, "FUSED"),
    scalars.OURS: partial(eager, "PLAIN"),
    scalars.TUPLES: partial(eager, "PLAIN", tuples.Value),
}
