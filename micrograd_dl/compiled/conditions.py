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

    Attributes:
        node: of ``a >= b`` the node ``at_least(a, b)``, which is 1 or 0; of ``float(a)`` a itself.
        wanted: what its number was compared with.
        was: the answer.
        left, relation, right: the question as it was asked.
        made: a Value made there and then, for the line of the program that it knows.
    """

    node: Value
    wanted: float
    was: bool
    left: Value
    relation: str
    right: Operand
    made: Value

    @property
    def text(self) -> str:
        """The question, with the labels that the Values have by now."""
        return f"{_name(self.left)} {self.relation} {_name(self.right)}"

    def __str__(self) -> str:
        origin = self.made.origin
        return f"{self.text} ({origin})" if origin else self.text


@contextmanager
def recording_conditions() -> Iterator[list[Condition]]:
    """Note every comparison of a Value, ``float(v)``, ``int(v)`` and ``bool(v)``, in a ``with`` block.

    >>> x = Value(2.0, "x")
    >>> with recording_conditions() as noted:
    ...     y = x if x > 0 else -x
    >>> [condition.text for condition in noted]
    ['x > 0']
    """
    noted: list[Condition] = []

    def tell(relation: str, left: Value, right: Operand, outcome: Any) -> None:
        here = Value.constant(0.0)
        question = (left, relation, right, here)
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

    with observed(tell):
        yield noted


def _name(x: Operand) -> str:
    return x.label or "a number" if isinstance(x, Value) else f"{float(x):.17g}"
