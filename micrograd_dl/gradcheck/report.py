"""The outcome of a gradient check: every derivative with both its numbers, and the course's verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from micrograd_dl.foundation.html import table
from micrograd_dl.foundation.lookup import listed
from micrograd_dl.notation.numbers import number

GOOD, SUSPICIOUS = 1e-7, 1e-3  # at most GOOD is right; above SUSPICIOUS it is a bug; between, look closer
_MOST_SHOWN = 10


class Obstacle(StrEnum):
    """Why a derivative was not judged."""

    KINK = "a kink lies within the step"
    UNDEFINED = "undefined or infinite beside the point"
    UNSETTLED = "differences at several steps contradict each other"
    HIDDEN = "rounding hides the derivative"
    NO_NUMBER = "backprop gives no number"
    FLAT = "no parameter moves the cost: is it computed from other numbers than those of parameters()?"


def distance(approximate: Sequence[float], exact: Sequence[float]) -> float:
    """``||approx - exact|| / (||approx|| + ||exact||)``; 0 for two zero vectors, NaN if not all is finite.

    >>> distance([3.0], [3.0]), distance([0.0], [0.0]), distance([1.0], [-1.0])
    (0.0, 0.0, 1.0)
    """
    # Scaled first, so that the squares do not overflow.
    largest = max(map(math.fabs, (*approximate, *exact)), default=0.0) or 1.0
    xs, ys = [x / largest for x in approximate], [y / largest for y in exact]
    difference = math.hypot(*(x - y for x, y in zip(xs, ys, strict=True)))
    length = math.hypot(*xs) + math.hypot(*ys)
    return difference / length if length or math.isnan(difference) else 0.0


@dataclass(frozen=True, slots=True)
class Component:
    """One derivative, by both methods."""

    leaf: Any  # the Value it is taken by; for a model, the name of the parameter
    symbol: str  # how it is written, such as dJ/db
    numerical: float  # the central difference, or several of them extrapolated to a step of 0
    analytic: float  # backprop's
    step: float  # the step of the central difference, the longest if there are several
    uncertainty: float  # how far the two may differ by rounding and by the function's curvature

    @property
    def difference(self) -> float:
        """The distance between the two."""
        return math.fabs(self.numerical - self.analytic)

    @property
    def nearest(self) -> float:
        """The number nearest to backprop's that the uncertainty of the numerical derivative allows."""
        return min(max(self.analytic, self.numerical - self.uncertainty), self.numerical + self.uncertainty)

    @property
    def is_near(self) -> bool:
        """Whether the two may be equal, as far as the uncertainty goes."""
        return distance([self.nearest], [self.analytic]) <= GOOD

    @property
    def is_right(self) -> bool:
        """Whether the two are equal beyond doubt."""
        size = math.fabs(self.analytic)
        return self.difference <= GOOD * size < math.inf and self.uncertainty <= SUSPICIOUS * size


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A derivative that could not be judged: the reason, and its known numbers, in words."""

    leaf: Any
    symbol: str
    analytic: float
    why: Obstacle
    numbers: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of a gradient check; printing it says it in plain words."""

    distance: float  # the course's, between the two gradients, over the derivatives that were judged
    epsilon: float  # the step of the numerical derivatives, unless a component has another
    components: tuple[Component, ...]  # the derivatives that were judged, the worst first
    not_judged: tuple[NotJudged, ...]  # derivatives that could not be judged, each with the reason
    total: int  # how many derivatives there are; more than those above if only some were drawn
    note: str = ""  # what to know of the draw

    def not_judged_for(self, why: Obstacle) -> tuple[Any, ...]:
        """The leaves whose derivatives could not be judged for this reason."""
        return tuple(one.leaf for one in self.not_judged if one.why == why)

    @property
    def ok(self) -> bool:
        """Whether the gradient is right as far as it was judged; False if nothing could be judged."""
        return self.distance <= GOOD and not self.unjudged

    @property
    def complete(self) -> bool:
        """Whether every derivative was judged, except at kinks, where the slope is a convention."""
        at_kink = [x for x in self.not_judged if x.why == Obstacle.KINK and math.isfinite(x.analytic)]
        return not self.unjudged and len(self.components) + len(at_kink) == self.total

    @property
    def unjudged(self) -> bool:
        """Whether there are derivatives and none could be judged."""
        return not self.components and self.total > 0

    @property
    def verdict(self) -> str:
        """The course's verdict in plain words."""
        if self.unjudged:
            return "nothing could be judged here"
        if self.distance <= GOOD:
            judged = len(self.components)
            where = f" where it could be judged ({judged:,} of {self.total:,} derivatives)"
            return "backprop is right" + (where if judged < self.total else "")
        if self.distance <= SUSPICIOUS:
            return "look closer: the two differ by more than rounding should"
        return "there is a bug: the two are different"

    def __str__(self) -> str:
        lines = [f"distance {self.distance:.1e} (step {self.epsilon:.0e}): {self.verdict}"]
        shown = self.components[:_MOST_SHOWN]
        width = max((len(c.symbol) for c in shown), default=0)
        for c in shown:
            both = f"numerical {number(c.numerical):>12}   backprop {number(c.analytic):>12}"
            step = f"   (step {c.step:.0e})" if c.step != self.epsilon else ""
            lines.append(f"  {c.symbol:<{width}}  {both}{step}")
        if len(self.components) > _MOST_SHOWN:
            lines.append(f"  ... and {len(self.components) - _MOST_SHOWN:,} more that differ less")
        for why in dict.fromkeys(one.why for one in self.not_judged):
            found = [one for one in self.not_judged if one.why == why]
            lines.append(f"Not judged, {why}: {listed((one.symbol for one in found), _MOST_SHOWN)}")
            lines += [f"  {one.symbol}: {one.numbers}" for one in found[:_MOST_SHOWN] if one.numbers]
        return "\n".join([*lines, self.note] if self.note else lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        title, *lines = str(self).split("\n")
        rows = [(c.symbol, number(c.numerical), number(c.analytic)) for c in self.components[:_MOST_SHOWN]]
        return table(("derivative", "numerical", "backprop"), rows, title, lines[len(rows) :])
