"""The gradient check of a graph of Values: backprop against numerical derivatives (course, section 8)."""

from __future__ import annotations

import math

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.tracebacks import door
from micrograd_dl.gradcheck.numerical import EPS, EPSILON, Curve, Judge, Sample
from micrograd_dl.gradcheck.report import Check
from micrograd_dl.gradcheck.rounding_noise import PerturbedGraph
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.forward import evaluate, recorded_order
from micrograd_dl.notation.kinks import kinks_between
from micrograd_dl.notation.naming import variables_outside
from micrograd_dl.notation.steps import Contribute, Walk

_SUMS = (ops.add, ops.sub, ops.neg, ops.TABLE["sum"])
_OVERFLOWS = 1e300  # a difference quotient beyond it may well be one of infinity


@door
def check(root: Value, epsilon: float = EPSILON, *, most: int | None = None, seed: int = 0) -> Check:
    """Compare backprop with numerical derivatives, by every leaf, as the course does.

    The derivative by a leaf is ``(J(x + eps) - J(x - eps)) / (2 eps)``. Where that disagrees at the course's
    step, longer and shorter steps are tried, and extrapolated. Backprop is called wrong only where the
    numerical derivative can be trusted; otherwise the leaf is not judged, and the outcome says why.

    Args:
        root: the result.
        epsilon: the step.
        most: check so many leaves, drawn at random. By default all are checked, or of a graph for which that
            would take minutes, as many as take seconds; the outcome says how many.
        seed: decides the draw.

    Raises:
        TypeError: `root` is not a Value.
        ValueError: `epsilon` is not above 0, or infinite; or `most` or `seed` is not possible.
        RuntimeError: data was changed after the forward pass was recorded.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> check(3 * (a + b * c)).verdict
    'backprop is right'
    """
    order = recorded_order(root)
    graph, notation = PerturbedGraph(order), Notation(order, variables=variables_outside())
    leaves = [node for node in order if node.is_leaf]
    exact = dict(zip(leaves, grad(root, leaves), strict=True))
    # The gradient is measured by the result, or by the larger numbers whose difference the result is.
    judge = Judge(exact.values(), epsilon, max(math.fabs(root.data), graph.noise_here[root] / EPS))
    return judge.check(leaves, lambda x: GraphCurve(graph, x, notation.total(x), exact[x]), most, seed)


class GraphCurve(Curve):
    """A graph as a function of one of its leaves; only nodes that depend on the leaf are computed again."""

    def __init__(self, graph: PerturbedGraph, leaf: Value, symbol: str, claimed: float) -> None:
        super().__init__(leaf, symbol, leaf.data, claimed)
        self.graph, self.root = graph, graph.order[-1]
        self.after = graph.after(leaf)
        self.cost = 1 + sum(1 + len(node.operands) for node in self.after)
        self._values: dict[float, dict[Value, float]] = {}

    def groups(self) -> int:
        """None for a number whose digits rounding decides."""
        return 0 if self.leaf in self.graph.undecidable else super().groups()

    def values(self, x: float) -> dict[Value, float]:
        """The leaf and the nodes that depend on it."""
        if x not in self._values:
            self._values[x] = evaluate([self.leaf, *self.after], {self.leaf: x})
        return self._values[x]

    def sample(self, x: float) -> Sample:
        """The values at `x`, with their noise; sums are left out, which are smooth where their terms are."""
        values = self.values(x)
        noise = self.graph.noise_here if x == self.x else self.graph.noise(values, self.after)
        shown = [node for node in values if node is self.root or node.op not in _SUMS]
        return [values[node] for node in shown], [noise.get(node, 0.0) for node in shown]

    def result(self, x: float) -> tuple[float, float]:
        """The root alone; its noise is that at the point, which takes no evaluation."""
        value = self.values(x)[self.root]
        return value, self.graph.noise_here[self.root] + EPS * math.fabs(value)

    def has_kink(self, low: float, high: float) -> bool:
        """Whether a node has one between."""
        return bool(kinks_between(self.after, self.values(low), self.values(high)))

    def claimed_noise(self) -> float:
        """As far as perturbed backprop passes show it."""
        noise = 2 * self.graph.gradient_noise.get(self.leaf, 0.0)
        return noise if math.isfinite(self.claimed) else 0.0

    def why_no_number(self) -> str:
        """The term of the chain rule at which the numbers end, unless it is the fault of a rule."""
        reason = ""
        reached = {self.leaf, *self.after}
        for step in Walk(self.graph.order, Notation(self.graph.order)):
            if not isinstance(step, Contribute) or step.operand not in reached or math.isfinite(step.after):
                continue
            if math.isfinite(step.upstream) and _is_a_wrong_rule(step):
                return ""
            if not reason and math.isnan(step.after) == math.isnan(self.claimed):
                reason = str(step)
        return reason


def _is_a_wrong_rule(term: Contribute) -> bool:
    """Whether an operation whose slope is no number has a finite slope, by its values beside the point."""
    operands = [p.data for p in term.node.operands]
    if math.isfinite(term.local) or term.node.op is None:
        return False
    if term.node.op in (ops.pow, ops.power_slope) and term.index == 1 and operands[0] <= 0:
        return False  # defined at whole exponents only, so that there is no slope
    x = term.operand.data
    h = max(1e-3 * math.fabs(x) or 1e-3, 4 * math.ulp(x))
    sides = []
    for operands[term.index] in (x - h, x + h):
        try:
            sides.append(term.node.op.forward(*operands))
        except (ValueError, ArithmeticError):
            return False
    return math.fabs(sides[1] / 2 - sides[0] / 2) / h < _OVERFLOWS
