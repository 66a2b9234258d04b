"""Exponentially weighted averages (course, section 9): what momentum, RMSprop and Adam are made of.

>>> temperatures = [4.0, 9.0, 6.0]
>>> weighted_averages(temperatures, 0.5, corrected=False)
[2.0, 5.5, 5.75]
>>> [round(v, 3) for v in weighted_averages(temperatures, 0.5)]
[4.0, 7.333, 6.571]
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from micrograd_dl.foundation.numbers import in_range


def averaged(v: Any, x: Any, beta: float) -> Any:
    """``beta v + (1 - beta) x``, for numbers or arrays."""
    return beta * v + (1 - beta) * x


def unbiased(v: Any, beta: float, t: int) -> Any:
    """An average without its bias towards the 0 it began with: ``v / (1 - beta^t)`` after t numbers."""
    return v / (1 - beta**t)


def weighted_averages(xs: Iterable[float], beta: float, *, corrected: bool = True) -> list[float]:
    """The average after each number, ``v := beta v + (1 - beta) x`` from 0: of about the last 1 / (1 - beta).

    `beta` is from 0 to below 1, or it is a ValueError. `corrected` divides by ``1 - beta^t``.
    """
    beta = fraction(beta, "beta")
    v, found = 0.0, []
    for t, x in enumerate(xs, 1):
        v = averaged(v, float(x), beta)
        found.append(unbiased(v, beta, t) if corrected else v)
    return found


def fraction(x: float, what: str) -> float:
    """x as a float; ValueError unless it is from 0 to below 1."""
    return in_range(x, "from 0 to below 1", what)
