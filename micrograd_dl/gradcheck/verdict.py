"""The course's verdict on how far numerical derivatives are from backprop's (course, section 8).

One judge for all: a graph, a model and a user's function only say what they are at other numbers.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from micrograd_dl.engine.coerce import to_float
from micrograd_dl.gradcheck.differences import (
    GOOD,
    HIDDEN,
    KINK,
    NO_NUMBER,
    SUSPICIOUS,
    UNDEFINED,
    UNSETTLED,
    Line,
    gather,
)
from micrograd_dl.notation.numbers import number

EPSILON = 1e-7  # the course's
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


def to_step(epsilon: float) -> float:
    """`epsilon` as the step of a numerical derivative; ValueError, or TypeError, if it cannot be one."""
    step = to_float(epsilon, "the step of a numerical derivative")
    if not 0 < step < math.inf:
        raise ValueError(
            f"the step of a numerical derivative is above 0 and finite, such as 1e-7; not {epsilon!r}"
        )
    return step


@dataclass(frozen=True, slots=True)
class Component:
    """The derivative by one leaf.

    Attributes:
        leaf: the Value; of a model, what the parameter is called.
        numerical: the central difference, or what several are extrapolated to.
        analytic: what backprop gives.
        step: the step of the central difference, the longest of several.
        doubt: how far the two may be apart by rounding and by the function's curvature.
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
        return self.apart <= GOOD * size < math.inf and self.doubt <= SUSPICIOUS * size

    @property
    def contradicts(self) -> bool:
        """Whether it is a bug, beyond doubt."""
        return not distance([self.allowing], [self.analytic]) <= SUSPICIOUS


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A leaf that could not be judged.

    Attributes:
        leaf: the Value; of a model, what the parameter is called.
        analytic: what backprop gives.
        why: the reason, in words.
        numbers: what there is of numbers, in words.
    """

    leaf: Any
    analytic: float
    why: str
    numbers: str = ""


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
        not_judged: the other leaves, each with the reason.
        notation: how leaves are written.
    """

    distance: float
    epsilon: float
    components: tuple[Component, ...]
    not_judged: tuple[NotJudged, ...]
    notation: Names

    @property
    def kinks(self) -> tuple[Any, ...]:
        """Leaves that cannot be judged, because a kink lies within the step."""
        return self._without(KINK)

    @property
    def undefined(self) -> tuple[Any, ...]:
        """Leaves that cannot be judged, because the result is undefined or infinite beside the point."""
        return self._without(UNDEFINED)

    @property
    def hidden(self) -> tuple[Any, ...]:
        """Leaves that cannot be judged, because rounding hides their derivative, or underflow."""
        return self._without(HIDDEN)

    @property
    def unsettled(self) -> tuple[Any, ...]:
        """Leaves that cannot be judged, because no step is short enough for what the result does."""
        return self._without(UNSETTLED)

    @property
    def no_number(self) -> tuple[Any, ...]:
        """Leaves whose derivative backprop cannot give: it meets inf * 0, or a number beyond the largest."""
        return self._without(NO_NUMBER)

    def _without(self, why: str) -> tuple[Any, ...]:
        return tuple(found.leaf for found in self.not_judged if found.why == why)

    @property
    def ok(self) -> bool:
        """Whether the gradient is right, as far as this can tell; False if no leaf could be judged."""
        return self.distance <= GOOD and not self.unjudged

    @property
    def complete(self) -> bool:
        """Whether every leaf was judged; one at a kink, where the slope is a choice, needs not be."""
        at_choice = all(one.why == KINK and math.isfinite(one.analytic) for one in self.not_judged)
        return not self.unjudged and at_choice

    @property
    def unjudged(self) -> bool:
        """Whether there are leaves and none could be judged."""
        return not self.components and bool(self.not_judged)

    @property
    def verdict(self) -> str:
        """The course's verdict in plain words."""
        if self.unjudged:
            return "nothing could be judged here"
        if self.ok:
            return "backprop is right" if self.complete else "backprop is right where it could be judged"
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
        for why in dict.fromkeys(found.why for found in self.not_judged):
            lines += self._reason(why)
        return "\n".join(lines)

    __repr__ = __str__

    def _reason(self, why: str) -> list[str]:
        """Which leaves could not be judged for this reason; those of which there are numbers, a line each."""
        write, found = self.notation, [found for found in self.not_judged if found.why == why]
        more = f" and {len(found) - _MOST_SHOWN:,} more" if len(found) > _MOST_SHOWN else ""
        found = found[:_MOST_SHOWN]
        return [
            f"Not judged, {why}: {', '.join(write.name(one.leaf) for one in found)}{more}",
            *(f"  {write.total(one.leaf)}: {one.numbers}" for one in found if one.numbers),
        ]


class Judge(ABC):
    """Takes numerical derivatives, and knows how far to trust them.

    Args:
        exact: what backprop gives by each leaf.
        scale: of the numbers. Beside them a gradient of GOOD is next to nothing: not held to its own size.
    """

    def __init__(self, exact: Mapping[Any, float], scale: float = 1.0) -> None:
        self.exact = exact
        size = math.hypot(*filter(math.isfinite, exact.values()))
        self.size = max(size, GOOD * min(scale, 1.0)) if size else 1.0
        self.negligible = GOOD * SUSPICIOUS * self.size  # changes no verdict

    @abstractmethod
    def attempt(self, leaf: Any, step: float) -> Component | str:
        """The central difference with that step, or what is in its way."""

    @abstractmethod
    def line(self, leaf: Any) -> Line:
        """The result as a function of that leaf."""

    @abstractmethod
    def other_steps(self, leaf: Any, epsilon: float) -> Iterable[float]:
        """What to try where the course's step does not do."""

    def backprops_doubt(self, leaf: Any) -> float:
        """How far backprop's own derivative may be off by rounding, as far as that is known."""
        del leaf
        return 0.0

    def no_number(self, leaf: Any) -> str:
        """Why backprop gives NaN or infinity there, if that is known not to be the fault of a rule."""
        del leaf
        return ""

    def best(self, first: Component | str, leaf: Any, epsilon: float) -> Component | NotJudged:
        """The derivative with the least doubt, or why it cannot be judged."""
        if isinstance(first, Component) and first.agrees:
            return first
        claimed = self.exact[leaf]
        evidence = gather(self.line(leaf), self.other_steps(leaf, epsilon), claimed, self.negligible)
        found = evidence.best
        if not math.isfinite(claimed) and found != UNDEFINED and (why := self.no_number(leaf)):
            return NotJudged(leaf, claimed, NO_NUMBER, why)
        if found == UNSETTLED and isinstance(first, Component) and self._is_next_to_nothing(first):
            return replace(first, doubt=first.doubt + first.apart)
        if isinstance(found, str):
            return NotJudged(leaf, claimed, found, self._numbers(first, claimed))
        doubt = found.doubt + (self.backprops_doubt(leaf) if math.isfinite(claimed) else 0.0)
        component = Component(leaf, found.value, claimed, found.step, doubt)
        if self.sees_nothing_in(component):
            return NotJudged(leaf, claimed, HIDDEN, self._numbers(component, claimed))
        if component.contradicts and not evidence.speaks_against(claimed):
            return NotJudged(leaf, claimed, UNSETTLED, self._numbers(component, claimed))
        return component

    def _is_next_to_nothing(self, component: Component) -> bool:
        """Whether both derivatives are so small that they change no verdict, as of x**9 at 0."""
        largest = max(math.fabs(component.numerical), math.fabs(component.analytic), component.doubt)
        return largest <= self.negligible

    @staticmethod
    def _numbers(found: Component | str, claimed: float) -> str:
        backprop = f"backprop {number(claimed)}"
        if isinstance(found, str):
            return "" if math.isfinite(claimed) else backprop
        return f"numerical {number(found.numerical)}, give or take {found.doubt:.0e}; {backprop}"

    def trusts(self, component: Component) -> bool:
        """Whether the doubt is small beside the gradient."""
        return component.doubt <= SUSPICIOUS * self.size

    def sees_nothing_in(self, component: Component) -> bool:
        """Whether the doubt is so large that it would explain anything."""
        return not self.trusts(component) and component.apart <= component.doubt


def judged(judge: Judge, leaves: Sequence[Any], epsilon: float, names: Names) -> Check:
    """The outcome for these leaves."""
    first = [judge.attempt(leaf, epsilon) for leaf in leaves]
    found = [one for one in first if isinstance(one, Component)]
    not_judged: list[NotJudged] = []
    apart = distance([c.numerical for c in found], [c.analytic for c in found])
    if len(found) < len(leaves) or not apart <= GOOD or not all(map(judge.trusts, found)):
        outcomes = [judge.best(one, leaf, epsilon) for one, leaf in zip(first, leaves, strict=True)]
        found = [one for one in outcomes if isinstance(one, Component)]
        not_judged = [one for one in outcomes if isinstance(one, NotJudged)]
        apart = distance([c.allowing for c in found], [c.analytic for c in found])
    return Check(apart, epsilon, tuple(sorted(found, key=_worst_first)), tuple(not_judged), names)


def _worst_first(component: Component) -> float:
    apart = math.fabs(component.allowing - component.analytic)
    return -math.inf if math.isnan(apart) else -apart
