"""Numerical derivatives, and the course's verdict on how far they are from backprop's (course, section 8).

`check` is of a graph of Values; of a model, by all its parameters, see :mod:`~micrograd_dl.modelcheck`.
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from micrograd_dl.backprop import evaluate, grad, require_value
from micrograd_dl.coerce import to_float
from micrograd_dl.explain import kinks_between
from micrograd_dl.notation import Notation, number
from micrograd_dl.order import topological_order
from micrograd_dl.recording import require_recorded
from micrograd_dl.value import Value

EPSILON = 1e-7  # the course's
GOOD, SUSPICIOUS = 1e-7, 1e-3  # at most GOOD is right; above SUSPICIOUS it is a bug; between, look closer
EPS = sys.float_info.epsilon
_MOST_SHOWN = 10


def distance(approximate: Sequence[float], exact: Sequence[float]) -> float:
    """``||approx - exact|| / (||approx|| + ||exact||)``; 0 for two zero vectors, NaN if not all is finite.

    >>> distance([3.0], [3.0]), distance([0.0], [0.0]), distance([1.0], [-1.0])
    (0.0, 0.0, 1.0)
    """
    # Scaled first, lest the lengths overflow.
    largest = max(map(math.fabs, (*approximate, *exact)), default=0.0) or 1.0
    xs, ys = [x / largest for x in approximate], [y / largest for y in exact]
    difference = math.hypot(*(x - y for x, y in zip(xs, ys, strict=True)))
    length = math.hypot(*xs) + math.hypot(*ys)
    return difference / length if length or math.isnan(difference) else 0.0


@dataclass(frozen=True, slots=True)
class Component:
    """The derivative by one leaf.

    Attributes:
        leaf: the Value; of a model, what the parameter is called.
        numerical: the central difference.
        analytic: what backprop gives.
        step: the step of the central difference.
        doubt: how far the difference may be off, by rounding and by the function's curvature.
    """

    leaf: Any
    numerical: float
    analytic: float
    step: float
    doubt: float

    @property
    def apart(self) -> float:
        """How far the two are apart."""
        return math.fabs(self.numerical - self.analytic)

    @property
    def allowing(self) -> float:
        """The numerical derivative, as near to backprop's as its doubt allows."""
        return min(max(self.analytic, self.numerical - self.doubt), self.numerical + self.doubt)

    @property
    def agrees(self) -> bool:
        """Whether the two are the same beyond doubt."""
        size = math.fabs(self.analytic)
        return self.apart <= GOOD * size and self.doubt <= SUSPICIOUS * size

    @property
    def contradicts(self) -> bool:
        """Whether it is a bug, beyond doubt."""
        return not distance([self.allowing], [self.analytic]) <= SUSPICIOUS


class Names(Protocol):
    """How leaves are written."""

    def name(self, leaf: Any, /) -> str:
        """The leaf, such as ``b``."""

    def total(self, leaf: Any, /) -> str:
        """The derivative by it, such as ``dJ/db``."""


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of a gradient check; printing it says it in plain words.

    Attributes:
        distance: the course's distance between the two gradients, of the leaves that could be judged.
        epsilon: the step of the numerical derivatives, where a component has no other.
        components: both numbers for each leaf, the worst first.
        kinks: leaves that cannot be judged, because a kink lies within the step.
        undefined: leaves that cannot be judged, because the result is undefined or infinite beside the point.
        hidden: leaves that cannot be judged, because rounding hides their derivative.
    """

    distance: float
    epsilon: float
    components: tuple[Component, ...]
    kinks: tuple[Any, ...]
    undefined: tuple[Any, ...]
    hidden: tuple[Any, ...]
    notation: Names

    @property
    def ok(self) -> bool:
        """Whether the gradient is right, as far as this can tell; False if no leaf could be judged."""
        return self.distance <= GOOD and not self.unjudged

    @property
    def unjudged(self) -> bool:
        """Whether there are leaves and none could be judged."""
        return not self.components and bool(self.kinks or self.undefined or self.hidden)

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
        shown = self.components[:_MOST_SHOWN]
        width = max((len(write.total(c.leaf)) for c in shown), default=0)
        lines += [
            f"  {write.total(c.leaf):<{width}}  numerical {number(c.numerical):>12}   "
            f"backprop {number(c.analytic):>12}"
            + (f"   (step {c.step:.0e})" if c.step != self.epsilon else "")
            for c in shown
        ]
        if len(self.components) > _MOST_SHOWN:
            lines.append(f"  ... and {len(self.components) - _MOST_SHOWN:,} more that differ less")
        for why, leaves in (
            ("a kink lies within the step", self.kinks),
            ("undefined or infinite beside the point", self.undefined),
            ("rounding hides the derivative", self.hidden),
        ):
            if leaves:
                more = f" and {len(leaves) - _MOST_SHOWN:,} more" if len(leaves) > _MOST_SHOWN else ""
                lines.append(f"Not judged, {why}: {', '.join(map(write.name, leaves[:_MOST_SHOWN]))}{more}")
        return "\n".join(lines)

    __repr__ = __str__


def check(root: Value, epsilon: float = EPSILON) -> Check:
    """Compare backprop with numerical derivatives, by every leaf, as the course does.

    The derivative by a leaf is ``(J(x + eps) - J(x - eps)) / (2 eps)``. Where that disagrees at the course's
    step, others are tried: rounding fades with a longer step and curvature with a shorter one, a bug does
    not. What the two explain is then not held against backprop; where they would explain anything, the leaf
    cannot be judged.

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
    """
    require_value(root)
    epsilon = to_step(epsilon)
    order = topological_order(root)
    require_recorded(order)
    leaves = [node for node in order if node.is_leaf]
    return judged(_GraphJudge(order, leaves), leaves, epsilon, Notation(order))


def to_step(epsilon: float) -> float:
    """`epsilon` as the step of a numerical derivative; ValueError, or TypeError, if it cannot be one."""
    step = to_float(epsilon, "the step of a numerical derivative")
    if not 0 < step < math.inf:
        raise ValueError(
            f"the step of a numerical derivative is above 0 and finite, such as 1e-7; not {epsilon!r}"
        )
    return step


def judged(judge: Judge, leaves: Sequence[Any], epsilon: float, names: Names) -> Check:
    """The outcome for these leaves."""
    tried = [judge.attempt(leaf, epsilon) for leaf in leaves]
    found, hidden = _components(tried), []
    apart = distance([c.numerical for c in found], [c.analytic for c in found])
    if len(found) < len(leaves) or not apart <= GOOD or not all(map(judge.trusts, found)):
        tried = [judge.best(attempt, leaf, epsilon) for attempt, leaf in zip(tried, leaves, strict=True)]
        hidden = [c.leaf for c in _components(tried) if judge.sees_nothing_in(c)]
        found = [c for c in _components(tried) if not judge.sees_nothing_in(c)]
        apart = distance([c.allowing for c in found], [c.analytic for c in found])
    outcomes = list(zip(leaves, tried, strict=True))
    return Check(
        apart,
        epsilon,
        tuple(sorted(found, key=_worst_first)),
        tuple(leaf for leaf, attempt in outcomes if attempt == KINK),
        tuple(leaf for leaf, attempt in outcomes if attempt == UNDEFINED),
        tuple(hidden),
        names,
    )


KINK, UNDEFINED = "kink", "undefined"


def _components(tried: Sequence[Component | str]) -> list[Component]:
    return [attempt for attempt in tried if isinstance(attempt, Component)]


class Judge(ABC):
    """Takes numerical derivatives, and knows how far to trust them.

    Args:
        exact: what backprop gives by each leaf.
    """

    def __init__(self, exact: Mapping[Any, float]) -> None:
        self.exact = exact
        # What doubt is measured by; a gradient that is next to nothing is not held to its own size.
        size = math.hypot(*filter(math.isfinite, exact.values()))
        self.size = max(size, GOOD) if size else 1.0

    @abstractmethod
    def attempt(self, leaf: Any, step: float) -> Component | str:
        """The central difference with that step, or what is in its way."""

    @abstractmethod
    def other_steps(self, leaf: Any, epsilon: float) -> Iterator[float]:
        """What to try where the course's step does not do."""

    def refined(self, leaf: Any, step: float) -> Component | str:
        """The same from two steps, such that the largest part of the curvature cancels (Richardson)."""
        wide, narrow = self.attempt(leaf, step), self.attempt(leaf, step / 2)
        if not isinstance(wide, Component) or not isinstance(narrow, Component):
            return wide if isinstance(narrow, Component) else narrow
        correction = (narrow.numerical - wide.numerical) / 3
        # The whole change: where the slopes to both sides are the same and the curvatures differ (a ReLU at 0
        # whose slope is 0), the error halves with the step, and a third of the change corrects too little.
        doubt = 2 * (narrow.doubt + wide.doubt) + math.fabs(narrow.numerical - wide.numerical)
        return Component(leaf, narrow.numerical + correction, narrow.analytic, step, doubt)

    def best(self, first: Component | str, leaf: Any, epsilon: float) -> Component | str:
        """The first step with which both agree, or the closest; of a bug, the first that shows it."""
        tried = [first]
        for step in self.other_steps(leaf, epsilon):
            last = tried[-1]
            if isinstance(last, Component) and last.agrees:
                return last
            tried.append(self.refined(leaf, step))
        usable = _components(tried)
        if not usable:
            return first
        closest = min(usable, key=lambda c: c.apart + c.doubt)
        if not closest.contradicts:
            return closest
        return next((c for c in usable if self.trusts(c) and c.contradicts), closest)

    def trusts(self, component: Component) -> bool:
        """Whether the doubt is small beside the gradient."""
        return component.doubt <= SUSPICIOUS * self.size

    def sees_nothing_in(self, component: Component) -> bool:
        """Whether the doubt is so large that it would explain anything."""
        return not self.trusts(component) and component.apart <= component.doubt


class _GraphJudge(Judge):
    """Of one graph of Values: evaluates it at other numbers, and sees in it where there are kinks."""

    def __init__(self, order: Sequence[Value], leaves: Sequence[Value]) -> None:
        self.order, self.root = order, order[-1]
        derivatives = dict(zip(order, grad(self.root, order), strict=True))
        super().__init__({leaf: derivatives[leaf] for leaf in leaves})
        # Every node is rounded, and what that does to the result is its derivative times as much.
        self.rounding = sum(
            filter(math.isfinite, (math.fabs(derivatives[node]) * _rounding(node) for node in order))
        )

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
        if not math.isfinite(high - low) or up == down:
            return UNDEFINED
        rounding = self.rounding + EPS * math.fabs(high) + EPS * math.fabs(low)
        return Component(leaf, (high - low) / (up - down), self.exact[leaf], step, rounding / (up - down))

    def other_steps(self, leaf: Value, epsilon: float) -> Iterator[float]:
        """Longer steps and shorter ones, absolute and relative to the leaf."""
        for power in (1, 2, 3, 4, 5, -1, -2, -3, -4):
            yield epsilon * 10.0**power
        for power in (0, 1, 2, 3, 4, 5):
            if leaf.data not in (0.0, 1.0, -1.0):
                yield epsilon * 10.0**power * math.fabs(leaf.data)


def _rounding(node: Value) -> float:
    """How far a node's data may be off by rounding: in a sum, by that of its largest term."""
    if node.op is None or not node.parents:
        return 0.0
    slopes = node.locals if node.op.arity is None else ()
    terms = (p.data * slope for p, slope in zip(node.parents, slopes, strict=False))
    return EPS * max(map(math.fabs, (node.data, *terms)))


def _worst_first(component: Component) -> float:
    apart = math.fabs(component.allowing - component.analytic)
    return -math.inf if math.isnan(apart) else -apart
