"""Numerical derivatives that know how far they can be trusted, by their own evidence.

A central difference is no derivative where its step is longer than what the function does within it, or so
short that rounding is all that is left. One difference cannot tell; several can. So a derivative is estimated
from five steps: only if the differences change from step to step as those of a smooth function do are they
extrapolated to a step of 0 (Richardson), and how far they may be off comes with them.
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

EPS = sys.float_info.epsilon
GOOD, SUSPICIOUS = 1e-7, 1e-3  # at most GOOD is right; above SUSPICIOUS it is a bug; between, look closer

# What is in the way of a numerical derivative.
KINK = "a kink lies within the step"
UNDEFINED = "undefined or infinite beside the point"
UNSETTLED = "differences at several steps contradict each other"
HIDDEN = "rounding hides the derivative"
NO_NUMBER = "backprop gives no number"

# The five steps, as parts of the longest. No simple fractions: a swing that fits into a step often fits into
# its half as well, and all five would miss it.
_PARTS = (1.0, 0.69314718056, 0.47140452079, 0.33028197264, 0.22172947135)
# How far extrapolated differences of one function may be apart, beside the largest difference. That five
# numbers which have nothing to do with each other come so close by chance is next to impossible.
_SETTLED = 1e-4
NO_DIGITS = 1e-3  # a value that rounding moves by so much of itself has next to no digit that is right
_MORE = 16  # so many times the noise at the point itself is another sort of noise
_FURTHER = 3  # the longest is tried in powers of 2 ** 3


@dataclass(frozen=True, slots=True)
class Sample:
    """A function at one point.

    Attributes:
        values: what is to change smoothly on the way from the variable to the result, and the result last.
        noise: how far rounding may have moved each of them.
    """

    values: Sequence[float]
    noise: Sequence[float]


class Line(ABC):
    """A function of one number around a point.

    Args:
        x: the point.
    """

    def __init__(self, x: float) -> None:
        self.x = x
        self._known: dict[float, Sample] = {}

    @abstractmethod
    def sample(self, x: float) -> Sample:
        """The function at `x`; ValueError or ArithmeticError where it is undefined."""

    def has_kink(self, low: float, high: float) -> bool:
        """Whether a kink is known to lie between; of most functions nothing is known."""
        del low, high
        return False

    def at(self, x: float) -> Sample:
        """The function at `x`, which is asked once for each."""
        if x not in self._known:
            self._known[x] = self.sample(x)
        return self._known[x]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A numerical derivative with evidence.

    Attributes:
        value: the derivative.
        doubt: how far it may be off, by rounding and by curvature.
        step: the longest of the steps.
    """

    value: float
    doubt: float
    step: float

    def agrees_with(self, value: float, doubt: float = 0.0) -> bool:
        """Whether it could be the same as `value`, which is in doubt itself."""
        return math.fabs(self.value - value) <= self.doubt + doubt


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found with several groups of steps.

    Attributes:
        estimates: those that can be trusted as far as their doubt says.
        obstacles: why the others cannot.
    """

    estimates: Sequence[Estimate]
    obstacles: Sequence[str]

    @property
    def best(self) -> Estimate | str:
        """The estimate with the least doubt, or what is in the way."""
        if self.estimates:
            return min(self.estimates, key=lambda estimate: estimate.doubt)
        for why in (UNSETTLED, KINK, UNDEFINED):
            if why in self.obstacles:
                return why
        return HIDDEN

    def speaks_against(self, claimed: float) -> bool:
        """Whether the best estimate is borne out by one of other steps, and what is claimed by none."""
        best = self.best
        if isinstance(best, str):
            return False
        apart = math.fabs(best.value - claimed)
        clear = math.inf if math.isnan(apart) else apart / 10
        others = [found for found in self.estimates if found is not best and found.doubt <= clear]
        return any(best.agrees_with(found.value, found.doubt) for found in others) and not any(
            found.agrees_with(claimed) for found in others
        )


def steps(x: float, epsilon: float, count: int = 14) -> Iterator[float]:
    """Steps to be tried: around `epsilon`, and where `x` is large or tiny, that much longer or shorter first.

    Args:
        x: the point.
        epsilon: the step of the numerical derivative that did not do.
        count: how many of either kind.

    >>> [f"{step:.0e}" for step in steps(0.3, 1e-7)][:4]
    ['1e-02', '2e-03', '2e-04', '3e-05']
    """
    size = math.fabs(x)
    longest = epsilon * 2.0**17
    tries = [longest] if not 0 < size < math.inf or 1 / 16 < size < 16 else [longest * size, longest]
    for step in tries:
        # The longer ones first, as they suffer less from rounding; but the very long only in the end.
        for power in (*range(0, -_FURTHER * (count - 1), -_FURTHER), _FURTHER):
            yield step * 2.0**power


def gather(line: Line, tries: Iterable[float], claimed: float, negligible: float) -> Evidence:
    """Evidence of the derivative, until there is enough of it.

    Args:
        line: the function.
        tries: the steps.
        claimed: what the derivative is said to be. One clear estimate that is the same is enough, and two of
            any other: a bug is only called so if different steps bear each other out.
        negligible: the derivative needs not be known more precisely than this.
    """
    estimates: list[Estimate] = []
    obstacles: list[str] = []
    clear = 0
    for step in tries:
        found = estimate(line, step)
        if isinstance(found, str):
            obstacles.append(found)
            continue
        estimates.append(found)
        claim = math.fabs(claimed) if math.isfinite(claimed) else 0.0
        precisely = GOOD * max(claim, math.fabs(found.value))
        if found.doubt <= max(precisely, negligible):
            clear += 1
            if clear == 2 or math.fabs(found.value - claimed) <= found.doubt + precisely:
                break
    return Evidence(estimates, obstacles)


def estimate(line: Line, step: float) -> Estimate | str:
    """The derivative from central differences with `step` and parts of it, or what is in its way."""
    if not math.isfinite(line.x):
        return UNDEFINED
    if step * _PARTS[-1] < 16 * math.ulp(line.x):
        return HIDDEN  # the step is lost in x
    try:
        here = line.at(line.x)
        pairs = list(_pairs(line, step))
    except (ValueError, ArithmeticError):
        return UNDEFINED
    if not math.isfinite(here.values[-1]):
        return UNDEFINED
    if any(line.has_kink(line.x - pair.length, line.x + pair.length) for pair in pairs):
        return KINK
    found: Estimate | str = HIDDEN
    # The whole way has to be smooth, not only the result: what swings fast or has a sharp bend may have
    # drowned in a larger number when it comes to the result.
    for k in range(len(here.values)):
        found = _of_one(line.x, here, pairs, k)
        if isinstance(found, str):
            return found
    return found


@dataclass(frozen=True, slots=True)
class _Pair:
    """A function at the same distance on both sides."""

    length: float
    below: Sample
    above: Sample


def _pairs(line: Line, step: float) -> Iterator[_Pair]:
    grain = math.ulp(max(math.fabs(line.x), step))
    for part in _PARTS:
        length = round(part * step / grain) * grain  # such that x + length is not rounded
        yield _Pair(length, line.at(line.x - length), line.at(line.x + length))


def _of_one(x: float, here: Sample, pairs: Sequence[_Pair], k: int) -> Estimate | str:
    """The derivative of value `k` of these samples."""
    centre, lengths = here.values[k], [pair.length for pair in pairs]
    sides = [(pair.below.values[k], pair.above.values[k]) for pair in pairs]
    noise = max(here.noise[k], *(max(pair.below.noise[k], pair.above.noise[k]) for pair in pairs))
    if all(low == centre == high for low, high in sides):  # infinite, perhaps, but of no concern
        return Estimate(0.0, 2 * noise / lengths[0], lengths[0])
    largest = max(math.fabs(value) for side in sides for value in side)
    if noise > NO_DIGITS * largest and noise > _MORE * here.noise[k]:
        return UNSETTLED  # as of the sine of a number that is small here, and large beside
    slopes = [(high / 2 - low / 2) / h for (low, high), h in zip(sides, lengths, strict=True)]
    doubts = [noise / h for h in lengths]
    # Where the slopes to both sides do not come together, there is a bend, whose mean slope means nothing.
    bends = [
        ((high - centre) / h - (centre - low) / h) / h for (low, high), h in zip(sides, lengths, strict=True)
    ]
    lost = 2 * EPS * (math.fabs(x) + lengths[0]) * max(map(math.fabs, slopes))  # by what x + h is rounded
    bends_doubts = [(4 * noise + lost) / h / h for h in lengths]
    if not all(map(math.isfinite, (*slopes, *bends, *bends_doubts))):
        return UNDEFINED
    if not any(_settled(_table(bends, bends_doubts, lengths, power)) for power in (2, 1)):
        return UNSETTLED
    for power in (2, 1):
        table = _table(slopes, doubts, lengths, power)
        if _settled(table):
            value, doubt = _least_in_doubt(table)
            return Estimate(value, 2 * doubt + EPS * math.fabs(value), lengths[0])
    return UNSETTLED


# Columns of numbers, each with its doubt.
_Table: TypeAlias = list[list[tuple[float, float]]]


def _table(found: Sequence[float], doubts: Sequence[float], lengths: Sequence[float], power: int) -> _Table:
    """Numbers of each step; then, column by column, without what goes with the next power of the step.

    Args:
        found: a number for each step.
        doubts: how far rounding may have moved it.
        lengths: the steps.
        power: 2 where only even powers of the step are in it, as of a smooth function; 1 where all are, as
            where the curvatures to both sides differ (a ReLU at 0 whose slope is 0).
    """
    columns = [list(zip(found, doubts, strict=True))]
    for order in range(1, len(lengths)):
        column = columns[-1]
        ratios = [(x / y) ** power - 1 for x, y in zip(lengths, lengths[order:], strict=False)]
        columns.append(
            [
                (y + (y - x) / ratio, e + (d + e) / ratio)
                for (x, d), (y, e), ratio in zip(column, column[1:], ratios, strict=False)
            ]
        )
    return columns


def _settled(table: _Table) -> bool:
    """Whether the numbers go, from step to step, as those of a smooth function do, but for rounding."""
    largest = _SETTLED * max(math.fabs(number) for number, _ in table[0])
    return all(math.fabs(y - x) <= largest + 2 * (d + e) for (x, d), (y, e) in pairwise(table[2]))


def _least_in_doubt(table: _Table) -> tuple[float, float]:
    """The number for a step of 0 that is least in doubt, and its doubt (Ridders)."""
    best = (math.nan, math.inf)
    for order, column in enumerate(table):
        for place, (value, doubt) in enumerate(column):
            if order:  # as far as it is from the two that it was made of
                change = max(math.fabs(value - other) for other, _ in table[order - 1][place : place + 2])
            else:
                change = math.fabs(value - column[place - 1 if place else 1][0])
            if change + doubt < best[1]:
                best = value, change + doubt
    return best
