"""Functions of floats that Python's math lacks or refuses; what overflows is infinite, as in IEEE 754."""

from __future__ import annotations

import math
from typing import Any


def exp(x: float) -> float:
    """e to the power x."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def power(x: float, y: float) -> float:
    """x to the power y; ZeroDivisionError and ValueError where that is no real number."""
    if x == 0 and y < 0:
        raise ZeroDivisionError
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf


def power_slope(x: float, y: float) -> float:
    """``y x^(y - 1)``; NaN where that is no real number."""
    if y == 0:
        return 0.0
    if x == 0 and y < 1:
        return math.copysign(math.inf, y) if y % 1 else 0.0
    try:
        return y * power(x, y - 1.0)
    except ValueError:
        return math.nan


def power_slope_array(np: Any, x: Any, y: Any) -> Any:
    """The scalar function above, for arrays."""
    x, y = np.broadcast_arrays(x, y)
    at_0 = (x == 0) & (y < 1)
    edge = np.where(y % 1, np.copysign(np.inf, y), 0.0)
    return np.where(y == 0, 0.0, np.where(at_0, edge, y * np.power(x, y - 1.0)))


def sigmoid(x: float) -> float:
    """``1 / (1 + e^-x)``."""
    e = math.exp(-math.fabs(x))  # never overflows, whatever the sign of x
    return (1.0 if x >= 0 else e) / (1.0 + e)


def sigmoid_array(np: Any, x: Any) -> Any:
    """The scalar function above, for arrays."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def logsumexp(*x: float) -> float:
    """``log(e^x1 + e^x2 + ...)``."""
    largest = math.nan if any(math.isnan(value) for value in x) else max(x)
    if not math.isfinite(largest):
        return largest
    others = list(x)
    others.remove(largest)
    return largest + math.log1p(math.fsum(math.exp(value - largest) for value in others))
