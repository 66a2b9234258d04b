"""Conditions of a recorded path: comparisons that have to come out the same in a replay.

``if z > 0: ... else: ...`` takes one branch, and the graph knows that branch only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from micrograd_dl.engine import ops
from micrograd_dl.engine.value import Operand, Value
from micrograd_dl.output.number_like import observed


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison that the program made, and how it came out: whether the number of `node` is `wanted`.

    Of ``a >= b``, `node` is ``at_least(a, b)``, which is 1 or 0; of ``float(a)`` it is a itself. `left`,
    `relation` and `right` are the question as it was asked; `made` knows the line of the program.
    """

    node: Value
    wanted: float
    was: bool
    left: Value
    relation: str
    right: Operand
    made: Value

    def __str__(self) -> str:
        """The question, with the labels that the Values have by now, and its line."""
        text = f"{_name(self.left)} {self.relation} {_name(self.right)}"
        return f"{text} ({self.made.origin})" if self.made.origin else text


@contextmanager
def recording_conditions() -> Iterator[list[Condition]]:
    """Note every comparison of a Value, ``float(v)``, ``int(v)`` and ``bool(v)``, in a ``with`` block."""
    noted: list[Condition] = []

    def note(relation: str, left: Value, right: Operand, outcome: Any) -> None:
        question = (left, relation, right, Value.constant(0.0))
        if relation == "is":
            noted.append(Condition(left, left.data, True, *question))
        elif relation == "!=":
            noted.append(Condition(left, 0.0, not outcome, *question))
        elif relation == "==":
            noted.append(Condition(ops.sub(left, right), 0.0, outcome, *question))
        else:
            # a < b is "not a >= b" and a > b is "not b >= a"; of a NaN at_least is NaN, and all are false.
            first, second = (left, right) if relation in ("<", ">=") else (right, left)
            node = ops.at_least(first, second)
            noted.append(Condition(node, float("=" in relation), outcome, *question))

    with observed(note):
        yield noted


def _name(x: Operand) -> str:
    return x.label or "a number" if isinstance(x, Value) else f"{float(x):.17g}"
