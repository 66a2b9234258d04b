"""Functions of any number of Values, floats or arrays, put together from operations of the table.

>>> from micrograd_dl import Value
>>> mean([1.0, 2.0, 6.0]), var([1.0, 2.0, 6.0]), norm([3.0, 4.0])
(3.0, 4.666666666666667, 5.0)
>>> [a.data for a in softmax([Value(0), Value(0)])]
[0.5, 0.5]
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any

from micrograd_dl.engine import ops
from micrograd_dl.operations.further import hypot, square


def mean(x: Iterable[Any]) -> Any:
    """``(x1 + x2 + ... + xn) / n``; ValueError if there is none."""
    terms = _some("mean", x)
    return ops.sum.on(terms) / len(terms)


def var(x: Iterable[Any]) -> Any:
    """The mean of the squared distances from the mean: over n, not n - 1; ValueError if there is none."""
    terms = _some("var", x)
    middle = mean(terms)
    return mean([square(term - middle) for term in terms])


def norm(x: Iterable[Any]) -> Any:
    """``sqrt(x1^2 + x2^2 + ...)``, for numbers of any size; ValueError if there is none.

    Where all are 0 the slopes are 0.
    """
    terms = _some("norm", x)
    return reduce(hypot, terms) if len(terms) > 1 else ops.abs(terms[0])


def softmax(z: Iterable[Any]) -> list[Any]:
    """``e^zi / (e^z1 + e^z2 + ...)`` for each i, stable for every z; ValueError if there is none."""
    terms = _some("softmax", z)
    return list(ops.shares(ops.logsumexp.on(terms), *terms))


def _some(name: str, x: Iterable[Any]) -> list[Any]:
    terms = [*x]
    if not terms:
        raise ValueError(f"{name} takes at least 1 number, got 0")
    return terms
