"""Numerical derivatives with estimates of their error, and the judge of every gradient check.

A central difference is wrong if the function bends within its step, or if the step is so short that only
rounding is left. One difference cannot tell; several can. So where the course's step does not do, the judge
takes differences at five steps. It extrapolates them to a step of 0 only if they change from step to step as
those of a smooth function do, and it keeps an estimate of the error. Backprop is called wrong only if two
such estimates, from different steps, agree with each other and not with it.

A graph, a model and a user's function each tell the judge, as a `Curve`, what they are at other numbers.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise, takewhile
from typing import Any, TypeAlias

from micrograd_dl.foundation.numbers import to_float, to_seed, to_whole
from micrograd_dl.gradcheck.report import GOOD, SUSPICIOUS, Check, Component, NotJudged, Obstacle, distance
from micrograd_dl.notation.numbers import number

EPS = sys.float_info.epsilon
EPSILON = 1e-7  # the course's step
NO_DIGITS = 1e-3  # a value that rounding moves by this part of itself has next to no correct digit

# The five steps, as parts of the longest. They are no simple fractions: where a period of a fast swing fits
# into a step, it often fits into half of it too, and all five would miss the swing.
_PARTS = (1.0, 0.69314718056, 0.47140452079, 0.33028197264, 0.22172947135)
# How far extrapolated differences of one function may be apart, relative to the largest difference. Five
# unrelated numbers next to never come so close by chance.
_SETTLED = 1e-4
_MORE_NOISE = 16  # beside the point, this many times the noise at the point means another regime
_POWER = 3  # the longest step is tried in powers of 2 ** 3
# How many operands to evaluate in all, at one step and at all steps, before a check takes a sample of leaves.
_FIRST_LOOK, _SECOND_LOOK = 2_500_000, 250_000

# The intermediate results from the variable to the result, which is the last, and how far rounding may have
# moved each.
Sample: TypeAlias = tuple[Sequence[float], Sequence[float]]


class Curve:
    """The result as a function of one variable, `leaf`, which is `x`; its derivative there is `claimed`."""

    sees_kinks = True  # whether `has_kink` tells; else a kink is recognised by the slopes to both sides
    cost = 0  # operands to evaluate for one result

    def __init__(self, leaf: Any, symbol: str, x: float, claimed: float) -> None:
        self.leaf, self.symbol, self.x, self.claimed = leaf, symbol, x, claimed

    def sample(self, x: float) -> Sample:
        """The function at `x`; ValueError or ArithmeticError where it is undefined."""
        raise NotImplementedError

    def result(self, x: float) -> tuple[float, float]:
        """The result alone, and how far rounding may have moved it."""
        values, noise = self.sample(x)
        return values[-1], noise[-1]

    def has_kink(self, low: float, high: float) -> bool:  # noqa: ARG002 - not every curve knows
        """Whether a kink is known to lie between."""
        return False

    def groups(self) -> int:
        """How many groups of steps to try; 0 where rounding alone decides the result."""
        return 14

    def claimed_noise(self) -> float:
        """The rounding error of backprop's own derivative, at most."""
        return 0.0

    def why_no_number(self) -> str:
        """Why backprop gives NaN or infinity, if that is not the fault of a rule."""
        return ""

    def side_taken(self) -> int:
        """At a kink: 1 if backprop takes the slope above the point, -1 if below; 0 if that is unknown."""
        return 0

    def component(self, numerical: float, step: float, uncertainty: float) -> Component:
        """The derivative by both methods."""
        return Component(self.leaf, self.symbol, numerical, self.claimed, step, uncertainty)

    def not_judged(self, why: Obstacle, found: Component | None = None) -> NotJudged:
        """The outcome of a leaf that cannot be judged, with the numbers that are known."""
        numbers = "" if math.isfinite(self.claimed) and not found else f"backprop {number(self.claimed)}"
        if found:
            numbers = f"numerical {number(found.numerical)}, give or take {found.uncertainty:.0e}; {numbers}"
        return NotJudged(self.leaf, self.symbol, self.claimed, why, numbers)


class Judge:
    """Judges the derivatives of one gradient, `claimed` by backprop.

    `epsilon` is the step that is tried first, `scale` the size of the result: a gradient below GOOD of it is
    next to nothing, and not measured by its own size.

    Raises:
        TypeError, ValueError: `epsilon` is no finite number above 0.
    """

    def __init__(self, claimed: Iterable[float], epsilon: float, scale: float = 1.0) -> None:
        size = math.hypot(*filter(math.isfinite, claimed))
        self.size = max(size, GOOD * min(scale, 1.0)) if size else 1.0
        self.negligible = GOOD * SUSPICIOUS * self.size  # changes no verdict
        self.epsilon = to_float(epsilon, "the step of a numerical derivative")
        if not 0 < self.epsilon < math.inf:
            raise ValueError(
                f"the step of a numerical derivative is above 0 and finite, such as 1e-7; not {epsilon!r}"
            )

    def check(
        self, leaves: Sequence[Any], curve_of: Callable[[Any], Curve], most: int | None, seed: int
    ) -> Check:
        """The outcome for all leaves, for `most` drawn at random, or for as many as take seconds."""
        seed, count = to_seed(seed), len(leaves) if most is None else to_whole(most, 1, "most")
        drawn = random.Random(seed).sample(leaves, min(count, len(leaves)))  # noqa: S311 - no secrets
        chosen = set(self._affordable(drawn, curve_of, math.inf if most else _FIRST_LOOK))
        first = {leaf: self.first_look(curve_of(leaf)) for leaf in leaves if leaf in chosen}
        found = [one for one in first.values() if isinstance(one, Component)]
        not_judged: list[NotJudged] = []
        apart = distance([c.numerical for c in found], [c.analytic for c in found])
        if len(found) < len(first) or not apart <= GOOD or not all(map(self._trusts, found)):
            worst = sorted(first, key=lambda leaf: _worst_first(first[leaf]))
            again = set(self._affordable(worst, curve_of, math.inf if most else _SECOND_LOOK))
            outcomes = [self.second_look(curve_of(x), one) for x, one in first.items() if x in again]
            found = [one for one in outcomes if isinstance(one, Component)]
            not_judged = [one for one in outcomes if isinstance(one, NotJudged)]
            apart = distance([c.nearest for c in found], [c.analytic for c in found])
        count, note = len(found) + len(not_judged), ""
        if count < len(leaves):
            why = "" if most else f" since all would take long (most={len(leaves)} checks them all)"
            note = f"Only {count:,} of {len(leaves):,} derivatives were checked, drawn at random{why}."
        components = tuple(sorted(found, key=_worst_first))
        return Check(apart, self.epsilon, components, tuple(not_judged), len(leaves), note)

    def second_look(self, curve: Curve, first: Component | Obstacle) -> Component | NotJudged:
        """The derivative with the least uncertainty of all steps, or why it cannot be judged."""
        difference = first if isinstance(first, Component) else None
        if difference and difference.is_right:
            return difference
        if first == Obstacle.KINK and not curve.sees_kinks:  # with any step it is there
            return _on_the_side_taken(curve) or curve.not_judged(first)
        estimates, obstacles = self._estimates(curve)
        best = min(estimates, key=lambda found: found.uncertainty, default=None)
        order = Obstacle.UNSETTLED, Obstacle.KINK, Obstacle.UNDEFINED
        why = next((x for x in order if x in obstacles), Obstacle.HIDDEN)
        no_number = not math.isfinite(curve.claimed) and (best or why != Obstacle.UNDEFINED)
        if no_number and (reason := curve.why_no_number()):
            return NotJudged(curve.leaf, curve.symbol, curve.claimed, Obstacle.NO_NUMBER, reason)
        if best is None:
            if difference and why == Obstacle.UNSETTLED:
                largest = max(map(abs, (difference.numerical, curve.claimed, difference.uncertainty)))
                if largest <= self.negligible:  # as of x**9 at 0
                    return replace(difference, uncertainty=difference.uncertainty + difference.difference)
            return curve.not_judged(why, difference)
        found = replace(best, uncertainty=best.uncertainty + curve.claimed_noise())
        if found.difference <= found.uncertainty and not self._trusts(found):
            return curve.not_judged(Obstacle.HIDDEN, found)
        if not found.is_near and not _is_confirmed(best, estimates):
            return curve.not_judged(Obstacle.UNSETTLED, found)
        return found

    def first_look(self, curve: Curve) -> Component | Obstacle:
        """The central difference at the first step, or the obstacle to it, for `second_look`."""
        found = central_difference(curve, self.epsilon)
        if isinstance(found, Component) and not curve.sees_kinks:
            differs = found.difference > GOOD * self.size + found.uncertainty
            return Obstacle.KINK if differs and _bends_at_the_point(curve, found) else found
        return found

    def _trusts(self, found: Component) -> bool:
        """Whether the uncertainty is small beside the gradient."""
        return found.uncertainty <= SUSPICIOUS * self.size

    @staticmethod
    def _affordable(leaves: Sequence[Any], curve_of: Callable[[Any], Curve], limit: float) -> list[Any]:
        """The first of these leaves, as many as can be evaluated within the limit, and at least one."""
        if limit == math.inf:
            return list(leaves)
        totals = accumulate(curve_of(leaf).cost for leaf in leaves)  # lazily: a curve takes time too
        return list(leaves[: max(1, sum(1 for _ in takewhile(limit.__ge__, totals)))])

    def _estimates(self, curve: Curve) -> tuple[list[Component], list[Obstacle]]:
        """Estimates at longer and shorter steps, and the obstacles to others.

        One clear estimate that agrees with backprop is enough, or two clear ones of any kind.
        """
        estimates: list[Component] = []
        obstacles: list[Obstacle] = []
        clear = 0
        claim = math.fabs(curve.claimed) if math.isfinite(curve.claimed) else 0.0
        for step in step_sizes(curve.x, self.epsilon, curve.groups()):
            found = estimate(curve, step)
            if isinstance(found, Obstacle):
                obstacles.append(found)
                continue
            estimates.append(found)
            precision = GOOD * max(claim, math.fabs(found.numerical))
            if found.uncertainty <= max(precision, self.negligible):
                clear += 1
                if clear == 2 or found.difference <= found.uncertainty + precision:
                    break
        return estimates, obstacles


def noise_in(values: Sequence[float]) -> float:
    """How far rounding moves the values of a function on a short way; infinite if not all are finite.

    High differences of a smooth function vanish, those of noise do not (R. W. Hamming, Numerical Methods for
    Scientists and Engineers, 1962). Of each order, the largest is divided by what noise of size 1/4 gives.
    """
    if len(values) < 12 or not all(map(math.isfinite, values)):
        return math.inf
    found, differences = math.inf, list(values)
    for order in range(1, 8):
        differences = [y - x for x, y in pairwise(differences)]
        if order >= 3:
            found = min(found, 4 * max(map(abs, differences)) / math.sqrt(math.comb(2 * order, order)))
    return found


def step_sizes(x: float, epsilon: float, count: int) -> Iterator[float]:
    """Steps to try: around `epsilon`; where `x` is large or tiny, first that much longer or shorter ones."""
    size, longest = math.fabs(x), epsilon * 2.0**17
    powers = (*range(0, -_POWER * (count - 1), -_POWER), _POWER)[:count]
    sizes = [longest] if not 0 < size < math.inf or 1 / 16 < size < 16 else [longest * size, longest]
    for step in sizes:
        # The longer ones first, as they suffer less from rounding; but the longest of all only in the end.
        yield from (step * 2.0**power for power in powers)


def estimate(curve: Curve, step: float) -> Component | Obstacle:
    """The derivative from central differences with `step` and parts of it, or the obstacle to it."""
    if not math.isfinite(curve.x):
        return Obstacle.UNDEFINED
    if step * _PARTS[-1] < 16 * math.ulp(curve.x):
        return Obstacle.HIDDEN  # the step is lost in x
    grain = math.ulp(max(math.fabs(curve.x), step))
    lengths = [round(part * step / grain) * grain for part in _PARTS]  # such that x + length is exact
    try:
        here, noise_here = curve.sample(curve.x)
        pairs = [(curve.sample(curve.x - h), curve.sample(curve.x + h)) for h in lengths]
        if not math.isfinite(here[-1]):
            return Obstacle.UNDEFINED
        if any(curve.has_kink(curve.x - h, curve.x + h) for h in lengths):
            return Obstacle.KINK
    except (ValueError, ArithmeticError):
        return Obstacle.UNDEFINED
    found: tuple[float, float] | Obstacle = Obstacle.HIDDEN
    # Every intermediate result has to be smooth, not only the last: a fast swing or a sharp bend may have
    # drowned in a larger number on the way.
    # The intermediate results may be others from point to point, if the function decides by the number.
    depths = {len(values) for pair in pairs for values, _ in pair} | {len(here)}
    for k in range(-depths.pop() if len(depths) == 1 else -1, 0):
        sides = [(low[k], high[k]) for (low, _), (high, _) in pairs]
        noise = max(noise_here[k], *(noise[k] for pair in pairs for _, noise in pair))
        largest = max(math.fabs(value) for side in sides for value in side)
        if noise > NO_DIGITS * largest and noise > _MORE_NOISE * noise_here[k]:
            return Obstacle.UNSETTLED  # as of the sine of a number that is small here, and large beside
        found = _derivative(curve.x, here[k], sides, lengths, noise)
        if isinstance(found, Obstacle):
            return found
    assert not isinstance(found, Obstacle)
    return curve.component(found[0], lengths[0], found[1])


def _derivative(
    x: float, centre: float, sides: Sequence[tuple[float, float]], lengths: Sequence[float], noise: float
) -> tuple[float, float] | Obstacle:
    """The derivative and its uncertainty, from the values below and above `x` at these distances."""
    if all(low == centre == high for low, high in sides):  # perhaps infinite, but it does not matter
        return 0.0, 2 * noise / lengths[0]
    slopes = [(high / 2 - low / 2) / h for (low, high), h in zip(sides, lengths, strict=True)]
    # If the slopes to both sides do not come together, there is a corner, and their mean has no meaning.
    bends = [
        ((high - centre) / h - (centre - low) / h) / h for (low, high), h in zip(sides, lengths, strict=True)
    ]
    lost = 2 * EPS * (math.fabs(x) + lengths[0]) * max(map(math.fabs, slopes))  # by rounding x + h
    bend_noise = [(4 * noise + lost) / h / h for h in lengths]
    if not all(map(math.isfinite, (*slopes, *bends, *bend_noise))):
        return Obstacle.UNDEFINED
    found = _extrapolated(slopes, [noise / h for h in lengths], lengths)
    if found is None or _extrapolated(bends, bend_noise, lengths) is None:
        return Obstacle.UNSETTLED
    return found[0], 2 * found[1] + EPS * math.fabs(found[0])


def _extrapolated(
    found: Sequence[float], noise: Sequence[float], lengths: Sequence[float], powers: Sequence[int] = (2, 1)
) -> tuple[float, float] | None:
    """The number for a step of 0, and its uncertainty, by Richardson's table and Ridders' choice in it.

    It is made of a number for each step in `lengths`, which rounding may have moved by its `noise`. Of
    `powers`, 2 means that only even powers of the step are in it, as of a smooth function; 1 that all are, as
    where the curvatures to both sides differ (relu(x)**2 at 0), or of one-sided differences. None if the
    numbers do not change from step to step as those of a smooth function do.
    """
    for power in powers:
        columns = [list(zip(found, noise, strict=True))]
        for order in range(1, len(lengths)):  # each column has one more power of the step removed
            column = columns[-1]
            ratios = [(x / y) ** power - 1 for x, y in zip(lengths, lengths[order:], strict=False)]
            neighbours = zip(column, column[1:], ratios, strict=False)
            columns.append([(y + (y - x) / r, e + (d + e) / r) for (x, d), (y, e), r in neighbours])
        largest = _SETTLED * max(map(math.fabs, found))
        if any(abs(y - x) > largest + 2 * (d + e) for (x, d), (y, e) in pairwise(columns[2])):
            continue
        best = (math.nan, math.inf)
        for before, column in pairwise([columns[0][1:], *columns]):
            for k, (value, rounding) in enumerate(column):
                # Compared with its neighbour at the next step, or with the two that it was made of.
                change = max((abs(value - other) for other, _ in before[k : k + 2]), default=math.inf)
                best = min(best, (value, change + rounding), key=lambda pair: pair[1])
        return best
    return None


def central_difference(curve: Curve, step: float) -> Component | Obstacle:
    """The course's ``(f(x + step) - f(x - step)) / (2 step)``, or the obstacle to it."""
    up, down = curve.x + step, curve.x - step
    try:
        (high, above), (low, below) = curve.result(up), curve.result(down)
        if curve.has_kink(down, up):
            return Obstacle.KINK
    except (ValueError, ArithmeticError):
        return Obstacle.UNDEFINED
    if not math.isfinite(high - low) or not down < curve.x < up:
        return Obstacle.UNDEFINED
    return curve.component((high - low) / (up - down), step, (above + below) / (up - down))


def _bends_at_the_point(curve: Curve, found: Component) -> bool:
    """Whether the slopes to both sides stay apart as the step is halved."""

    def gap(h: float) -> float:
        up, down = curve.x + h, curve.x - h
        (here, _), (above, _), (below, _) = map(curve.result, (curve.x, up, down))
        return abs((above - here) / (up - curve.x) - (here - below) / (curve.x - down))

    whole = gap(found.step)
    return whole > max(16 * found.uncertainty, 0.01 * found.difference) and gap(found.step / 2) > 0.75 * whole


def _on_the_side_taken(curve: Curve) -> Component | None:
    """The one-sided derivative on the side whose slope backprop takes, if it confirms backprop."""
    side = curve.side_taken()
    for step in (1e-3, 1e-5, 1e-7) if side else ():
        lengths = [part * step * max(1.0, math.fabs(curve.x)) for part in _PARTS]
        try:
            (here, noise), *there = (curve.result(curve.x + side * h) for h in (0.0, *lengths))
        except (ValueError, ArithmeticError):
            continue
        slopes = [(value - here) / (side * h) for (value, _), h in zip(there, lengths, strict=True)]
        if settled := _extrapolated(slopes, [2 * noise / h for h in lengths], lengths, (1,)):
            found = curve.component(settled[0], lengths[0], 2 * settled[1])
            if found.is_near:
                return found
    return None


def _is_confirmed(best: Component, estimates: Sequence[Component]) -> bool:
    """Whether an estimate at other steps agrees with the best one, and none with backprop."""
    clear = best.difference / 10 if math.isfinite(best.difference) else math.inf
    others = [one for one in estimates if one is not best and one.uncertainty <= clear]

    def agree(one: Component) -> bool:
        return math.fabs(one.numerical - best.numerical) <= one.uncertainty + best.uncertainty

    return any(map(agree, others)) and not any(one.difference <= one.uncertainty for one in others)


def _worst_first(found: Component | Obstacle) -> float:
    apart = math.nan if isinstance(found, Obstacle) else math.fabs(found.nearest - found.analytic)
    return -math.inf if math.isnan(apart) else -apart
