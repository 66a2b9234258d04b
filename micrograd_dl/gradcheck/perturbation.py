"""How far rounding goes in a graph, seen by disturbing the last digits of every result.

What follows from the local derivatives would be no evidence: they are what a gradient check is to judge.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from functools import cached_property

from micrograd_dl.engine.ops import CONSTANT, logsumexp
from micrograd_dl.engine.value import Value
from micrograd_dl.gradcheck.differences import NO_DIGITS

_SLIGHTLY, _STRONGLY = 2.0, 8192.0  # units in the last place
_TIMES = 4


class Disturber:
    """Evaluates a graph with every result a little wrong; the same each time.

    Args:
        order: the graph's nodes in topological order.
    """

    def __init__(self, order: Sequence[Value]) -> None:
        self.order = order
        # The same disturbances each time, so that a check is repeatable: S311 is about secrets.
        self.random = random.Random(0)  # noqa: S311 - see above

    def noise(self, values: Mapping[Value, float], given: Mapping[Value, float]) -> list[float]:
        """How far rounding may have moved each node, by one disturbance.

        Args:
            values: the data of every node, undisturbed.
            given: the numbers for some nodes with which it was evaluated.
        """
        return self._moved(values, given, _SLIGHTLY)

    @cached_property
    def noise_here(self) -> list[float]:
        """The same at the graph's own numbers, by several."""
        return self._most(_SLIGHTLY)

    @cached_property
    def undecided(self) -> set[Value]:
        """Nodes of which no difference says anything: rounding decides what they or others make of them.

        Such is a number of which no digit after the point is known, if its sine is taken. What is merely
        uncertain grows with the disturbance; what has run through all that it can be does not.
        """
        found = set()
        strongly = self._most(_STRONGLY)
        for node, little, much in zip(self.order, self.noise_here, strongly, strict=True):
            if little > NO_DIGITS * math.fabs(node.data) and much < _STRONGLY / _SLIGHTLY / 16 * little:
                found.add(node)
        for node in reversed(self.order):
            if node in found:
                found.update(node.operands)
        return found

    def slopes_noise(self) -> dict[Value, float]:
        """How far rounding may have moved backprop's own derivative by each node.

        The rules are applied anew, since what was recorded is to be judged; of what they give, only how far
        it is apart is taken.
        """
        tries = [self._derivatives(units) for units in (0.0, *[_SLIGHTLY] * _TIMES)]
        noise = {node: max(d) - min(d) for node, *d in zip(self.order, *tries, strict=True)}
        return {node: math.inf if math.isnan(x) else x for node, x in noise.items()}

    def _derivatives(self, units: float) -> list[float]:
        """Backprop of a disturbed forward pass, and disturbed itself."""
        values = self._disturbed({node: node.data for node in self.order}, {}, units)
        totals = dict.fromkeys(self.order, 0.0)
        totals[self.order[-1]] = 1.0
        for node in reversed(self.order):
            operands = [values[p] for p in node.operands]
            for index, (parent, recorded) in enumerate(zip(node.operands, node.slopes, strict=True)):
                if node.op is None or parent.op is CONSTANT:
                    continue
                try:
                    slope = node.op.local(index, values[node], operands)
                except ValueError:
                    slope = recorded
                totals[parent] += self._near(self._near(slope, units) * totals[node], units)
        return [totals[node] for node in self.order]

    def _most(self, units: float) -> list[float]:
        values = {node: node.data for node in self.order}
        tries = [self._moved(values, {}, units) for _ in range(_TIMES)]
        return [max(moved) for moved in zip(*tries, strict=True)]

    def _moved(
        self, values: Mapping[Value, float], given: Mapping[Value, float], units: float
    ) -> list[float]:
        """How far each node is from `values` if results are wrong by so many units in the last place."""
        disturbed = self._disturbed(values, given, units)
        moved = [math.fabs(disturbed[node] - values[node]) for node in self.order]
        return [0.0 if math.isnan(x) else x for x in moved]

    def _disturbed(
        self, values: Mapping[Value, float], given: Mapping[Value, float], units: float
    ) -> dict[Value, float]:
        """The data of every node if results are wrong by so many units in the last place."""
        disturbed: dict[Value, float] = {}
        for node in self.order:
            if node in given or node.op is None or node.op is CONSTANT:
                disturbed[node] = values[node]
                continue
            operands = [disturbed[p] for p in node.operands]
            if node.op.arity is None:  # its terms are rounded on the way, and may be larger than their sum
                operands = [self._near(x, units) for x in operands]
            try:
                value = node.op.forward(*operands)
            except (ValueError, ZeroDivisionError):  # disturbed, an operand has left where it is defined
                value = values[node]
            # A logarithm of a sum is rounded as a number of the size of 1, however small it is.
            least = 1.0 if node.op is logsumexp else 0.0
            disturbed[node] = self._near(value, units, least)
        return disturbed

    def _near(self, value: float, units: float, least: float = 0.0) -> float:
        """Another number near `value`, or near to one of the size `least`; the same one if units is 0."""
        if not units or not math.isfinite(value):
            return value
        # At least one unit, or rounding would often leave it as it is.
        far = self.random.choice((-1, 1)) * self.random.uniform(1.0, units)
        return value + far * math.ulp(max(math.fabs(value), least))
