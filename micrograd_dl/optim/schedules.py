"""Learning rates that change: functions of how far the training is, from 0 (course, section 9).

An optimiser calls a schedule with the number of epochs done, or of steps done if it is
``by_steps(schedule)``. Each is PyTorch's scheduler of that kind in closed form; past its end it stays where
it ended. Impossible numbers are refused with a ValueError, other objects with a TypeError.

>>> alpha = warm_up(2, cosine(0.4, 4))
>>> [round(alpha(t), 3) for t in range(7)]
[0.2, 0.4, 0.4, 0.341, 0.2, 0.059, 0.0]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import TypeAlias

from micrograd_dl.foundation.lookup import look_up
from micrograd_dl.foundation.numbers import (
    above_zero,
    from_zero,
    in_range,
    real_number,
    to_whole,
    whole_number,
)

Schedule: TypeAlias = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class by_steps:  # noqa: N801 - written as the functions that make schedules are, beside which it is used
    """A schedule that is called with the number of steps done, instead of epochs."""

    schedule: Schedule

    def __call__(self, t: int) -> float:
        """The learning rate after t steps."""
        return self.schedule(t)


def constant(alpha0: float) -> Schedule:
    """A constant learning rate."""
    return partial(_staircase, above_zero(alpha0, "alpha0"), 1, 1.0)


def inverse_time(alpha0: float, rate: float) -> Schedule:
    """The learning rate ``alpha0 / (1 + rate * t)``."""
    return partial(_inverse_time, above_zero(alpha0, "alpha0"), from_zero(rate, "rate"))


def exponential(alpha0: float, factor: float) -> Schedule:
    """``alpha0 * factor^t``."""
    return partial(_staircase, above_zero(alpha0, "alpha0"), 1, _part(factor, "the factor"))


def staircase(alpha0: float, every: int, factor: float = 0.1) -> Schedule:
    """`alpha0`, multiplied by `factor` after every `every` epochs or steps.

    >>> alpha = staircase(1.0, every=2, factor=0.5)
    >>> [alpha(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    alpha0, every = above_zero(alpha0, "alpha0"), to_whole(every, 1, "every")
    return partial(_staircase, alpha0, every, _part(factor, "the factor"))


def cosine(alpha0: float, length: int, lowest: float = 0.0) -> Schedule:
    """From `alpha0` down to `lowest` along half a wave of `length`; constant afterwards."""
    alpha0, length = above_zero(alpha0, "alpha0"), to_whole(length, 1, "length")
    return partial(_cosine, alpha0, length, from_zero(lowest, "lowest"))


def warm_up(length: int, then: float | Schedule) -> Schedule:
    """Rise in `length` equal steps to the beginning of `then`, and go on with `then`."""
    length = to_whole(length, 1, "length")
    return partial(_warm_up, length, then if callable(then) else constant(above_zero(then, "then")))


def one_cycle(
    highest: float, length: int, *, rise: float = 0.3, start: float = 1 / 25, end: float = 1e-4
) -> Schedule:
    """Up to `highest` and down again, along two halves of a wave; made to be counted by steps.

    It begins at `start` of the highest, and ends at `end` of that. `rise` is the part of the steps that goes
    up.
    """
    highest, length = above_zero(highest, "highest"), to_whole(length, 1, "length")
    first = highest * from_zero(start, "start")
    last = first * from_zero(end, "end")
    return partial(_one_cycle, first, highest, last, max(_part(rise, "rise") * length - 1, 0), length - 1)


# The schedules, as functions of the step or the epoch t. At module level they can be pickled.


def _inverse_time(alpha0: float, rate: float, t: int) -> float:
    return alpha0 / (1 + rate * t)


def _staircase(alpha0: float, every: int, factor: float, t: int) -> float:
    return alpha0 * factor ** (t // every)


def _cosine(alpha0: float, length: int, lowest: float, t: int) -> float:
    return _half_wave(alpha0, lowest, t / length)


def _warm_up(length: int, then: Schedule, t: int) -> float:
    return then(0) * (t + 1) / length if t < length else then(t - length)


def _one_cycle(first: float, highest: float, last: float, top: float, bottom: int, t: int) -> float:
    if t < top:
        return _half_wave(first, highest, t / top)
    return _half_wave(highest, last, (t - top) / (bottom - top)) if bottom > top else highest


def _half_wave(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(part, 1.0))) / 2


def _of_epoch(alpha: Schedule, steps: int, t: int) -> float:
    """A schedule of epochs after t steps, with `steps` in an epoch."""
    return alpha(t // steps)


# How a schedule is written on the command line, with its numbers except the learning rate.
SCHEDULES: Mapping[str, Callable[..., Schedule]] = {
    "constant": constant,
    "inverse_time:RATE": inverse_time,
    "exponential:FACTOR": exponential,
    "staircase:EVERY[,FACTOR]": staircase,
    "cosine[:LENGTH[,LOWEST]]": cosine,
    "one_cycle[:LENGTH]": one_cycle,
}


def schedule(text: str, alpha0: float, *, epochs: int, steps: int, rise: int = 0) -> Schedule:
    """The schedule that words name, such as ``cosine``, ``staircase:30`` or ``staircase:30,0.5``.

    After the name come the numbers that its function takes after the learning rate. Without a length,
    `cosine` and `one_cycle` are as long as the training, `epochs` of `steps` each. `alpha0` is the first
    learning rate, for `one_cycle` the highest; it first warms up for `rise` epochs. ValueError if there is no
    such schedule, or it does not take these numbers.

    >>> alpha = schedule("exponential:0.5", 0.1, epochs=10, steps=5)
    >>> [alpha(epoch) for epoch in range(3)]
    [0.1, 0.05, 0.025]
    """
    name, colon, rest = text.partition(":")
    by_name = {form.split("[")[0].split(":")[0]: form for form in SCHEDULES}
    make = SCHEDULES[look_up(name, by_name, "schedule")]
    if rise and make is one_cycle:
        raise ValueError("one_cycle rises by itself: leave out the warm-up")
    whole = {cosine: max(epochs - rise, 1), one_cycle: epochs * steps}
    try:
        numbers = [_number(word) for word in rest.split(",")] if colon else []
        if not numbers and make in whole:
            numbers = [whole[make]]
        signature(make).bind(alpha0, *numbers)
    except (TypeError, ValueError):
        raise ValueError(f"the schedule {name} is written {by_name[name]}, not {text!r}") from None
    alpha = make(alpha0, *numbers)
    if make is one_cycle:
        return by_steps(alpha)
    return by_steps(warm_up(rise * steps, partial(_of_epoch, alpha, steps))) if rise else alpha


def _number(word: str) -> float:
    """The number that a word is; an int if it is whole."""
    try:
        return whole_number(word)
    except ValueError:
        return real_number(word)


def _part(x: float, name: str) -> float:
    return in_range(x, "above 0 and at most 1", name)
