"""The decorator of what Numba compiles, and the functions that are not left to the C library.

Numba keeps its code on disk until the file of a function changes. The kernels are compiled with what is here
inside, which is why `numba_kernels` names the state of this file: a test says so if the two differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(**options: Any) -> Callable[[_Function], _Function]:
    """Numba's decorator; division by zero gives what IEEE says, as it does in C."""
    decorator: Callable[[_Function], _Function] = numba.njit(
        cache=True, error_model="numpy", nogil=True, **options
    )
    return decorator


# exp, tanh, sigmoid and softplus are written out: a loop then takes several numbers at once, as it does not
# with calls of the C library. A number is k ln 2 + r, e^r a polynomial; log(1 + e) is 2 artanh(e / (2 + e)).
_LOG2_E, _LN2_HIGH, _LN2_LOW = 1.4426950408889634, 6.93147180369123816490e-01, 1.90821492927058770002e-10
_LN2 = math.log(2.0)
_WHOLE = 1.5 * 2.0**52  # added to a number, it leaves the nearest whole one in the last bits
_EXP_TERMS = tuple(1 / math.factorial(n) for n in range(14, 1, -1))
_LOG_TERMS = tuple(2 / n for n in range(21, 0, -2))


@compiled(fastmath={"contract"})
def _split(x: float) -> Any:
    """A whole number k and e^r - 1 for x = k ln 2 + r."""
    shifted = x * _LOG2_E + _WHOLE
    k = shifted - _WHOLE
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = 0.0
    for term in _EXP_TERMS:
        p = p * r + term
    return np.int32(k), r + r * r * p


@compiled()
def _power_of_two(k: int) -> Any:
    return np.int64((np.int64(k) + 1023) << 52).view(np.float64)


@compiled(fastmath={"contract"})
def exp(x: float) -> float:
    """``e`` to the power x."""
    k, p = _split(min(max(x, -746.0), 710.0))
    half = k >> 1  # 2^k itself may be too small or too large
    return (1.0 + p) * _power_of_two(half) * _power_of_two(k - half) if x == x else x


@compiled(fastmath={"contract"})
def tanh(x: float) -> float:
    """The hyperbolic tangent."""
    k, p = _split(2.0 * min(abs(x), 20.0))
    scale = _power_of_two(k)
    e = scale * p + (scale - 1.0)  # e^2x - 1
    return math.copysign(e / (e + 2.0), x) if x == x else x


@compiled(fastmath={"contract"})
def sigmoid(x: float) -> float:
    """``1 / (1 + e^-x)``."""
    e = exp(-abs(x))
    return (1.0 if x >= 0 else e) / (1.0 + e)


@compiled(fastmath={"contract"}, inline="always")  # LLVM finds it too long to write it into the loop
def softplus(x: float) -> float:
    """``log(1 + e^x)``."""
    e = exp(-abs(x))
    halved = e > 0.4  # log(1 + e) is log 2 + log((1 + e) / 2)
    s = (e - 1.0 if halved else e) / (e + (3.0 if halved else 2.0))
    p = 0.0
    for term in _LOG_TERMS:
        p = p * (s * s) + term
    return max(x, 0.0) + ((_LN2 if halved else 0.0) + s * p)
