"""Regularisers: what large weights cost, each written once for Values and arrays (course, section 7).

The cost gains ``lambda/(2m)`` times the sum of them over all weights. Biases, and the gamma and beta of a
normalisation, are left out. Their derivatives by hand are in :mod:`~micrograd_dl.vectorized.formulas`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.engine import ops
from micrograd_dl.foundation.lookup import look_up
from micrograd_dl.foundation.numbers import from_zero, in_range


def l2(w: Any) -> Any:
    """``w^2`` of a weight, a Value or a float, or of each weight in an array."""
    return w * w


def l1(w: Any) -> Any:
    """``|w|``, likewise."""
    return ops.abs(w)


REGULARISERS = {"l2": l2, "l1": l1}


def elastic_net(lambda_: float, l1_part: float = 0.5) -> dict[str, float]:
    """L1 and L2 together: ``lambda/(2m) (part |w| + (1 - part) w^2)``.

    >>> elastic_net(0.1)
    {'l1': 0.05, 'l2': 0.05}
    """
    l1_part = in_range(l1_part, "from 0 to 1", "the part of L1")
    return {"l1": lambda_ * l1_part, "l2": lambda_ * (1 - l1_part)}


def lambdas(given: Mapping[str, float] | None, **more: float) -> dict[str, float]:
    """The lambda of each regulariser that takes part, by name.

    ValueError if there is no such regulariser, or a lambda is not possible.
    """
    if not isinstance(given, Mapping | None):
        raise ValueError(f"regularisers are lambdas by name, such as {{'l2': 0.1}}, not {given!r}")
    found = dict.fromkeys(REGULARISERS, 0.0)
    for name, x in [*(given or {}).items(), *more.items()]:
        look_up(name, REGULARISERS, "regulariser")
        found[name] += from_zero(x, f"the regularisation {name}")
    return {name: x for name, x in found.items() if x}


def max_norm(W: NDArray[Any], c: float) -> NDArray[Any]:
    """W with each row, the weights into one unit, scaled down to the length c if it is longer.

    >>> max_norm(np.array([[3.0, 4.0], [0.3, 0.4]]), 1.0)
    array([[0.6, 0.8],
           [0.3, 0.4]])
    """
    length = np.sqrt(np.square(W).sum(axis=1, keepdims=True))
    shrunk: NDArray[Any] = np.where(length > c, W * (c / np.where(length > c, length, 1)), W)
    return shrunk
