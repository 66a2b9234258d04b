"""How far rounding goes in a graph, seen by disturbing the last digits of every result.

What follows from the local derivatives would be no evidence: they are what a gradient check is to judge.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

from micrograd_dl.ops import CONSTANT
from micrograd_dl.value import Value

_SLIGHTLY, _STRONGLY = 2.0, 8192.0  # units in the last place
_TIMES = 4
_NO_DIGITS = 1e-3  # a result that is disturbed by so much of itself has next to no digit that is right


class Disturber:
    """Evaluates a graph with every result a little wrong; the same each time.

    Args:
        order: the graph's nodes in topological order.
    """

    def __init__(self, order: Sequence[Value]) -> None:
        self.order = order
        self.random = random.Random(0)  # noqa: S311 - not for secrets

    def noise(self, values: Mapping[Value, float], given: Mapping[Value, float]) -> list[float]:
        """How far rounding may have moved each node, by one disturbance.

        Args:
            values: the data of every node, undisturbed.
            given: the numbers for some nodes with which it was evaluated.
        """
        return self._moved(values, given, _SLIGHTLY)

    def noise_here(self) -> list[float]:
        """The same at the graph's own numbers, by several."""
        return self._most(_SLIGHTLY)

    def without_digits(self) -> list[Value]:
        """Nodes whose value is decided by rounding, as the sine of a number known to a turn only.

        What is merely uncertain grows with the disturbance; what has run through all that it can be does not.
        """
        slightly, strongly = self._most(_SLIGHTLY), self._most(_STRONGLY)
        return [
            node
            for node, little, much in zip(self.order, slightly, strongly, strict=True)
            if little > _NO_DIGITS * math.fabs(node.data) and much < _STRONGLY / _SLIGHTLY / 16 * little
        ]

    def _most(self, units: float) -> list[float]:
        values = {node: node.data for node in self.order}
        tries = [self._moved(values, {}, units) for _ in range(_TIMES)]
        return [max(moved) for moved in zip(*tries, strict=True)]

    def _moved(
        self, values: Mapping[Value, float], given: Mapping[Value, float], units: float
    ) -> list[float]:
        """How far each node is from `values` if results are wrong by so many units in the last place."""
        disturbed: dict[Value, float] = {}
        for node in self.order:
            if node in given or node.op is None or node.op is CONSTANT:
                disturbed[node] = values[node]
                continue
            operands = [disturbed[p] for p in node.parents]
            if node.op.arity is None:  # its terms are rounded on the way, and may be larger than their sum
                operands = [self._near(x, units) for x in operands]
            try:
                value = node.op.forward(*operands)
            except (ValueError, ZeroDivisionError):  # disturbed, an operand has left where it is defined
                value = values[node]
            disturbed[node] = self._near(value, units)
        moved = [math.fabs(disturbed[node] - values[node]) for node in self.order]
        return [0.0 if math.isnan(x) else x for x in moved]

    def _near(self, value: float, units: float) -> float:
        return value + self.random.uniform(-units, units) * math.ulp(value) if math.isfinite(value) else value
