"""The rounding noise of a graph, measured by changing the last digits of every result.

It does not use the local derivatives, which a gradient check is to judge.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import cycle

from micrograd_dl.engine.ops import logsumexp
from micrograd_dl.engine.order import chain_rule
from micrograd_dl.engine.value import Value
from micrograd_dl.gradcheck.numerical import NO_DIGITS

_SLIGHTLY, _STRONGLY = 2.0, 8192.0  # units in the last place
_TIMES = 4
# Parts of a perturbation: the same in every check, and at least a half, or rounding would often undo it.
_RANDOM = random.Random(0)  # noqa: S311 - no secrets
_DRAWS = [_RANDOM.choice((-1, 1)) * _RANDOM.uniform(0.5, 1.0) for _ in range(1009)]


class PerturbedGraph:
    """Evaluates a graph, given in topological order, with every result a little wrong."""

    def __init__(self, order: Sequence[Value]) -> None:
        self.order = order
        self._draws = cycle(_DRAWS)
        self._recorded = {node: node.data for node in order}
        self._users: dict[Value, list[int]] = {node: [] for node in order}
        for place, node in enumerate(order):
            for operand in dict.fromkeys(node.operands):
                self._users[operand].append(place)

    def after(self, node: Value) -> list[Value]:
        """The nodes that depend on `node`, in topological order."""
        found: set[int] = set()
        to_visit = list(self._users.get(node, ()))
        while to_visit:
            place = to_visit.pop()
            if place not in found:
                found.add(place)
                to_visit += self._users[self.order[place]]
        return [self.order[place] for place in sorted(found)]

    def noise(
        self, values: Mapping[Value, float], changed: Iterable[Value], units: float = _SLIGHTLY
    ) -> dict[Value, float]:
        """The errors of the nodes in `changed`, whose values are given, if results are off by `units`."""
        perturbed = self._perturbed(values, changed, units)
        moved = {node: math.fabs(x - values[node]) for node, x in perturbed.items()}
        return {node: 0.0 if math.isnan(x) else x for node, x in moved.items()}

    @cached_property
    def noise_here(self) -> dict[Value, float]:
        """The rounding error of each node at the graph's own numbers, the largest of several tries."""
        return self._most(_SLIGHTLY)

    @cached_property
    def undecidable(self) -> set[Value]:
        """Nodes whose results rounding alone decides, such as the sine of a number without known decimals.

        Mere uncertainty grows with the perturbation; a result that has taken all its values does not.
        """
        strongly = self._most(_STRONGLY)
        has_settled = _STRONGLY / _SLIGHTLY / 16
        found = {
            node
            for node, little in self.noise_here.items()
            if little > NO_DIGITS * math.fabs(node.data) and strongly[node] < has_settled * little
        }
        for node in reversed(self.order):
            if node in found:
                found.update(node.operands)
        return found

    @cached_property
    def gradient_noise(self) -> dict[Value, float]:
        """The rounding error of backprop's own derivative by each node, its rules applied anew."""
        tries = [self._gradient(units) for units in (0.0, *[_SLIGHTLY] * _TIMES)]
        spread = {node: max(x := [d.get(node, 0.0) for d in tries]) - min(x) for node in self.order}
        return {node: math.inf if math.isnan(x) else x for node, x in spread.items()}

    def _gradient(self, units: float) -> dict[Value, float]:
        """Backprop through a perturbed forward pass, perturbed itself."""
        values = self._perturbed(self._recorded, self.order, units)

        def slopes(node: Value) -> Sequence[float]:
            assert node.op is not None
            try:
                found = node.op.slopes(values[node], [values[p] for p in node.operands])
            except (ValueError, ArithmeticError):  # a vertical tangent, or perturbed out of the domain
                found = node.slopes
            return [self._near(slope, units) for slope in found]

        terms = chain_rule(self.order, 1.0, slopes, lambda x, y: self._near(x * y, units))
        return {self.order[-1]: 1.0} | {term.node.operands[term.which]: term.after for term in terms}

    def _most(self, units: float) -> dict[Value, float]:
        tries = [self.noise(self._recorded, self.order, units) for _ in range(_TIMES)]
        return {node: max(moved[node] for moved in tries) for node in self.order}

    def _perturbed(
        self, values: Mapping[Value, float], changed: Iterable[Value], units: float
    ) -> dict[Value, float]:
        """The nodes in `changed` if results are wrong by `units` in the last place."""
        found: dict[Value, float] = {}
        for node in changed:
            found[node] = values[node]
            if node.op is None or not node.operands:
                continue
            operands = [found[p] if p in found else values.get(p, p.data) for p in node.operands]
            if node.op.arity is None:  # its terms are rounded on the way, and may be larger than their sum
                operands = [self._near(x, units) for x in operands]
            with suppress(ValueError, ArithmeticError):  # perturbed, an operand may have left the domain
                found[node] = node.op.forward(*operands)
            # The logarithm of a sum is rounded as a number of the size of 1, however small it is.
            found[node] = self._near(found[node], units, 1.0 if node.op is logsumexp else 0.0)
        return found

    def _near(self, value: float, units: float, least: float = 0.0) -> float:
        """Another number near `value`, at most `units` away, in last places of it or of `least`."""
        if not units or not math.isfinite(value):
            return value
        return value + next(self._draws) * units * math.ulp(max(math.fabs(value), least))
