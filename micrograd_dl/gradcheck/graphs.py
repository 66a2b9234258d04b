"""The gradient check of a graph of Values: backprop against numerical derivatives (course, section 8).

What may be said is in :mod:`~micrograd_dl.gradcheck.verdict`; of a model, by all its parameters, see
:mod:`~micrograd_dl.gradcheck.models`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import evaluate, grad, require_value
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.recording import require_recorded
from micrograd_dl.engine.value import Value
from micrograd_dl.gradcheck.differences import EPS, KINK, UNDEFINED, Line, Sample, steps
from micrograd_dl.gradcheck.perturbation import Disturber
from micrograd_dl.gradcheck.verdict import EPSILON, Check, Component, Judge, judged, to_step
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.steps import Contribute, steps_in

_OVERFLOWS = 1e300  # a difference quotient beyond it may well be one of infinity


def check(root: Value, epsilon: float = EPSILON) -> Check:
    """Compare backprop with numerical derivatives, by every leaf, as the course does.

    The derivative by a leaf is ``(J(x + eps) - J(x - eps)) / (2 eps)``. Where that disagrees at the course's
    step, others are tried, longer and shorter, and extrapolated. Backprop is said to be wrong only where the
    numerical derivative can be trusted by its own evidence: the differences at several steps go as those of
    a smooth function do, everywhere on the way from the leaf to the result, and rounding, which is measured,
    is too little to explain it. Otherwise the leaf is not judged, and the outcome says why.

    Args:
        root: the result.
        epsilon: the step.

    Raises:
        TypeError: `root` is not a Value.
        ValueError: `epsilon` is not above 0, or infinite.
        RuntimeError: data was changed after the forward pass was recorded.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> check(3 * (a + b * c)).verdict
    'backprop is right'
    >>> x = Value(1e-120, "x")
    >>> print(check(x * x * x))
    distance 0.0e+00 (step 1e-07): nothing could be judged here
    Not judged, rounding hides the derivative: x
      dJ/dx: numerical 0, give or take 2e-202; backprop 3e-240
    """
    require_value(root)
    epsilon = to_step(epsilon)
    order = topological_order(root)
    require_recorded(order)
    leaves = [node for node in order if node.is_leaf]
    notation = Notation(order)
    return judged(_GraphJudge(order, leaves, notation), leaves, epsilon, notation)


class GraphLine(Line):
    """The nodes of a graph as functions of one of its leaves.

    Args:
        order: the graph's nodes in topological order.
        leaf: the leaf.
        disturber: of this graph.
    """

    def __init__(self, order: Sequence[Value], leaf: Value, disturber: Disturber) -> None:
        super().__init__(leaf.data)
        self.order, self.leaf, self.disturber = order, leaf, disturber

    def sample(self, x: float) -> Sample:
        """See `Line.sample`."""
        given = {self.leaf: x}
        values = evaluate(self.order, given)
        is_here = x == self.leaf.data
        noise = self.disturber.noise_here if is_here else self.disturber.noise(values, given)
        return Sample(list(values.values()), noise)

    def has_kink(self, low: float, high: float) -> bool:
        """See `Line.has_kink`."""
        below, above = (dict(zip(self.order, self.at(x).values, strict=True)) for x in (low, high))
        return bool(kinks_between(self.order, below, above))


class _GraphJudge(Judge):
    """Of one graph of Values: evaluates it at other numbers, and sees in it where there are kinks."""

    def __init__(self, order: Sequence[Value], leaves: Sequence[Value], notation: Notation) -> None:
        self.order, self.root, self.notation = order, order[-1], notation
        self.derivatives = dict(zip(order, grad(self.root, order), strict=True))
        self.disturber = Disturber(order)
        self.noise = self.disturber.noise_here[-1]
        # Of what the result is, or of what it is the small rest of.
        scale = max(math.fabs(self.root.data), self.noise / EPS)
        super().__init__({leaf: self.derivatives[leaf] for leaf in leaves}, scale)
        self._doubts: dict[Value, float] = {}
        self._terms: dict[Value, list[Contribute]] = {}

    def attempt(self, leaf: Value, step: float) -> Component | str:
        """See `Judge.attempt`."""
        up, down = leaf.data + step, leaf.data - step
        try:
            above, below = evaluate(self.order, {leaf: up}), evaluate(self.order, {leaf: down})
        except (ValueError, ZeroDivisionError):
            return UNDEFINED
        if kinks_between(self.order, below, above):
            return KINK
        high, low = above[self.root], below[self.root]
        if not math.isfinite(self.root.data) or not math.isfinite(high - low) or up == down:
            return UNDEFINED
        rounding = 2 * self.noise + EPS * (math.fabs(high) + math.fabs(low))
        return Component(leaf, (high - low) / (up - down), self.exact[leaf], step, rounding / (up - down))

    def line(self, leaf: Value) -> Line:
        """See `Judge.line`."""
        return GraphLine(self.order, leaf, self.disturber)

    def other_steps(self, leaf: Value, epsilon: float) -> Iterable[float]:
        """See `Judge.other_steps`."""
        return () if leaf in self.disturber.undecided else steps(leaf.data, epsilon)

    def backprops_doubt(self, leaf: Value) -> float:
        """See `Judge.backprops_doubt`."""
        if not self._doubts:
            self._doubts = self.disturber.slopes_noise()
        return 2 * self._doubts[leaf]

    def no_number(self, leaf: Value) -> str:
        """See `Judge.no_number`: the term of the chain rule at which numbers end."""
        if not self._terms:
            for step in steps_in(self.order, self.notation):
                if isinstance(step, Contribute):
                    self._terms.setdefault(step.operand, []).append(step)
        node = leaf
        while True:
            wrong = next((term for term in self._terms.get(node, ()) if not math.isfinite(term.after)), None)
            if wrong is None:
                return ""
            if math.isfinite(wrong.upstream):
                return "" if _is_a_wrong_rule(wrong) else str(wrong)
            if math.isnan(wrong.after) and not math.isnan(wrong.upstream) and not math.isnan(wrong.local):
                return str(wrong)  # inf * 0, or inf - inf
            node = wrong.node


def _is_a_wrong_rule(term: Contribute) -> bool:
    """Whether the slope of an operation is no number where the operation itself changes by one."""
    operands = [p.data for p in term.node.operands]
    if math.isfinite(term.local) or term.node.op is None:
        return False
    if term.node.op is ops.pow and term.index == 1 and operands[0] < 0:
        return False  # defined at whole exponents only, so that there is no slope
    sides = []
    for factor in (1 - 1e-3, 1 + 1e-3):
        operands[term.index] = (factor * term.operand.data) if term.operand.data else factor - 1
        try:
            sides.append((operands[term.index], term.node.op.forward(*operands)))
        except (ValueError, ZeroDivisionError):
            return False
    (x, low), (y, high) = sides
    return math.fabs(high / 2 - low / 2) / math.fabs(y / 2 - x / 2) < _OVERFLOWS


def kinks_between(
    order: Sequence[Value], here: dict[Value, float], there: dict[Value, float]
) -> tuple[Value, ...]:
    """The nodes whose operation has a kink between two evaluations, or at one of them only."""
    found = []
    for node in order:
        if node.op is None or node.op.kink is None:
            continue
        x = node.op.kink(*(here[p] for p in node.operands))
        y = node.op.kink(*(there[p] for p in node.operands))
        if x != y and (x <= 0 <= y or y <= 0 <= x):  # False where one is NaN
            found.append(node)
    return tuple(found)
