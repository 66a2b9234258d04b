"""Gradients kept from being too long: how long they are, and shorter ones in their place.

Functions take the gradients of all parameters, numbers or arrays, and return new ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Gradient = TypeVar("Gradient", bound=float | NDArray[np.floating[Any]])


def clip_by_value(gradients: Iterable[Gradient], most: float) -> list[Gradient]:
    """Each component between ``-most`` and `most`, which may turn the whole gradient.

    >>> clip_by_value([0.5, -3.0], 1.0)
    [0.5, -1.0]
    """
    clipped: list[Any] = [
        np.clip(g, -most, most) if isinstance(g, np.ndarray) else min(max(g, -most), most) for g in gradients
    ]
    return clipped


def clip_by_norm(gradients: Sequence[Gradient], most: float) -> list[Gradient]:
    """All multiplied by one number, such that the whole gradient is at most so long; its direction stays.

    A gradient that is not finite is left as it is.

    >>> clip_by_norm([3.0, -4.0], 1.0)
    [0.6000000000000001, -0.8]
    """
    length = gradient_norm(gradients)
    if not most < length < math.inf:
        return list(gradients)
    shorter: list[Any] = [g * (most / length) for g in gradients]
    return shorter


def gradient_norm(gradients: Iterable[Gradient]) -> float:
    """The Euclidean norm of the whole gradient, without overflow on the way."""
    return math.hypot(*(_norm(g) if isinstance(g, np.ndarray) else float(g) for g in gradients))


def _norm(array: Any) -> float:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        square = float(np.vdot(array, array))
        limits = np.finfo(array.dtype)
        if float(limits.tiny / limits.eps) < square < math.inf:
            return math.sqrt(square)
        largest = float(np.abs(array).max())  # the squares overflow or underflow, the norm need not
        if largest == 0 or not math.isfinite(largest):
            return largest
        return largest * float(np.linalg.norm(array / largest))
