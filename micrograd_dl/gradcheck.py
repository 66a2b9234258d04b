"""Numerical derivatives, and the course's verdict on how far they are from backprop's (course, section 8)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from micrograd_dl.backprop import evaluate, grad, require_value
from micrograd_dl.explain import kinks_between
from micrograd_dl.notation import Notation, number
from micrograd_dl.value import Value, require_recorded, topological_order

EPSILON = 1e-7  # the course's
GOOD, SUSPICIOUS = 1e-7, 1e-3  # at most GOOD is right; above SUSPICIOUS it is a bug; between, look closer


def distance(approximate: Sequence[float], exact: Sequence[float]) -> float:
    """``||approx - exact|| / (||approx|| + ||exact||)``; 0 for two zero vectors.

    >>> distance([3.0], [3.0]), distance([0.0], [0.0]), distance([1.0], [-1.0])
    (0.0, 0.0, 1.0)
    """
    difference = math.hypot(*(x - y for x, y in zip(approximate, exact, strict=True)))
    length = math.hypot(*approximate) + math.hypot(*exact)
    return difference / length if length or math.isnan(difference) else 0.0


@dataclass(frozen=True, slots=True)
class Component:
    """The derivative by one leaf: numerical, and from backprop."""

    leaf: Value
    numerical: float
    analytic: float


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of a gradient check; printing it says it in plain words.

    Attributes:
        distance: the course's distance between the two gradients, kinks left out.
        epsilon: the step of the numerical derivatives.
        components: both numbers for each leaf, the worst first.
        kinks: leaves that cannot be judged, because a kink lies within the step.
        undefined: leaves that cannot be judged, because the result is undefined beside the point.
    """

    distance: float
    epsilon: float
    components: tuple[Component, ...]
    kinks: tuple[Value, ...]
    undefined: tuple[Value, ...]
    notation: Notation

    @property
    def ok(self) -> bool:
        """Whether the gradient is right, as far as this can tell; False if no leaf could be judged."""
        return self.distance <= GOOD and not self.unjudged

    @property
    def unjudged(self) -> bool:
        """Whether there are leaves and none could be judged."""
        return not self.components and bool(self.kinks or self.undefined)

    @property
    def verdict(self) -> str:
        """The course's verdict in plain words."""
        if self.unjudged:
            return "nothing could be judged here"
        if self.ok:
            return "backprop is right"
        if self.distance <= SUSPICIOUS:
            return "look closer: the two differ by more than rounding should"
        return "there is a bug: the two are different"

    def __str__(self) -> str:
        write = self.notation
        lines = [f"distance {self.distance:.1e} (step {self.epsilon:.0e}): {self.verdict}"]
        width = max((len(write.total(c.leaf)) for c in self.components), default=0)
        for component in self.components[:10]:
            lines.append(
                f"  {write.total(component.leaf):<{width}}  numerical {number(component.numerical):>12}   "
                f"backprop {number(component.analytic):>12}"
            )
        if len(self.components) > 10:
            lines.append(f"  ... and {len(self.components) - 10} more that differ less")
        if self.kinks:
            lines.append(f"Not judged, a kink lies within the step: {', '.join(map(write.name, self.kinks[:10]))}")
        if self.undefined:
            lines.append(f"Not judged, undefined beside the point: {', '.join(map(write.name, self.undefined[:10]))}")
        return "\n".join(lines)

    __repr__ = __str__


def check(root: Value, epsilon: float = EPSILON) -> Check:
    """Compare backprop with numerical derivatives, by every leaf, as the course does.

    The derivative by a leaf is ``(J(x + eps) - J(x - eps)) / (2 eps)``. Where that disagrees at the course's
    step, longer ones are tried as well and the best is reported: rounding fades with a longer step, a bug
    does not.

    Args:
        root: the result.
        epsilon: the step, relative to the leaf where that is above 1.

    Raises:
        TypeError: `root` is not a Value.
        ValueError: `epsilon` is not above 0.
        RuntimeError: data was changed after the forward pass was recorded.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> check(3 * (a + b * c)).verdict
    'backprop is right'
    """
    require_value(root)
    if not epsilon > 0:
        raise ValueError(f"the step of a numerical derivative is above 0, such as 1e-7; not {epsilon!r}")
    order = topological_order(root)
    require_recorded(order)
    notation = Notation(order)
    leaves = [node for node in order if node.is_leaf]
    exact = grad(root, leaves)
    attempts = []
    for step in [epsilon * 10**power for power in range(5)]:
        attempts.append(_compare(order, notation, leaves, exact, step))
        if attempts[-1].ok:
            break
    return min(attempts, key=lambda attempt: math.inf if math.isnan(attempt.distance) else attempt.distance)


def _compare(
    order: Sequence[Value], notation: Notation, leaves: Sequence[Value], exact: Sequence[float], epsilon: float
) -> Check:
    components, kinks, undefined = [], [], []
    for leaf, analytic in zip(leaves, exact, strict=True):
        step = epsilon * max(1.0, math.fabs(leaf.data))
        up, down = leaf.data + step, leaf.data - step
        try:
            above, below = evaluate(order, {leaf: up}), evaluate(order, {leaf: down})
        except (ValueError, ZeroDivisionError):
            undefined.append(leaf)
            continue
        if kinks_between(order, below, above):
            kinks.append(leaf)
            continue
        numerical = (above[order[-1]] - below[order[-1]]) / (up - down)
        components.append(Component(leaf, numerical, analytic))
    components.sort(key=lambda c: -math.fabs(c.numerical - c.analytic))
    return Check(
        distance([c.numerical for c in components], [c.analytic for c in components]),
        epsilon,
        tuple(components),
        tuple(kinks),
        tuple(undefined),
        notation,
    )
