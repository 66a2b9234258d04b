"""A character-level GPT of Values, `examples/transformer.py`: one name a step, Adam.

Every class of numbers runs the same forward pass: in plain operators, or with the fused nodes that it has.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import scalars, tuples

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


CONTESTANTS: dict[str, Callable[[], Train]] = {
    scalars.FUSED: lambda: eager("FUSED"),
    scalars.OURS: lambda: eager("PLAIN"),
    scalars.TUPLES: lambda: eager("PLAIN", tuples.Value),
}
