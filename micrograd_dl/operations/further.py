"""Operations beyond the engine's own, each added as one of your own would be.

They keep the rules of the table in `engine/ops.py`: what overflows is infinite, what is undefined is
refused, and where a slope jumps it is the right-hand one. ``silu`` and ``gelu`` are NaN at minus infinity:
0 times inf.
"""

from __future__ import annotations

import math
import sys

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import (
    above,
    at_least,
    cos,
    exp,
    log,
    maximum,
    minimum,
    power_slope,
    sigmoid,
    sin,
    sqrt,
)
from micrograd_dl.foundation import stable
from micrograd_dl.foundation.written import ADD, POW, Term, call
from micrograd_dl.operations.own import operation

_LARGEST = math.log(sys.float_info.max)  # e to a higher power overflows
_LARGEST_HALVED = 710.4758600739439  # and here sinh and cosh, which have half of it
_LEAST = 5e-324
_ROOT_HALF, _TWO_OVER_ROOT_PI = math.sqrt(0.5), 2.0 / math.sqrt(math.pi)
_NORMAL = 1.0 / math.sqrt(2.0 * math.pi)  # the height of the normal distribution
_larger, _smaller = maximum.forward, minimum.forward

log1p = operation(
    "log1p", math.log1p, lambda out, x: 1.0 / (1.0 + x),
    meaning="log(1 + x), accurate for small x",
    array=lambda np, x: np.log1p(x), latex=lambda x: rf"\log(1 + {x:2})", definition=lambda x: log(1.0 + x),
    defined=lambda x: not x <= -1, requirement="an operand above -1",
)  # fmt: skip
expm1 = operation(
    "expm1", lambda x: math.inf if x > _LARGEST else math.expm1(x), lambda out, x: exp(x),
    meaning="e^x - 1, accurate for small x",
    array=lambda np, x: np.expm1(x), latex=lambda x: Term(f"e^{{{x}}} - 1", ADD),
    defined=True, definition=lambda x: exp(x) - 1.0,
)  # fmt: skip
tan = operation(
    "tan", math.tan, lambda out, x: 1.0 + out * out,
    meaning="the tangent of x, in radians",
    array=lambda np, x: np.tan(x), latex=call(r"\tan"), definition=lambda x: sin(x) / cos(x),
    defined=lambda x: not math.isinf(x), requirement="a finite operand",
)  # fmt: skip
asin = operation(
    "asin", math.asin, lambda out, x: 2.0 * power_slope((1.0 - x) * (1.0 + x), 0.5),
    meaning="the angle from -pi/2 to pi/2 whose sine is x; its slope 1 / sqrt(1 - x^2) is inf at -1 and 1",
    array=lambda np, x: np.arcsin(x), latex=call(r"\arcsin"),
    defined=lambda x: not math.fabs(x) > 1, requirement="an operand from -1 to 1",
)  # fmt: skip
acos = operation(
    "acos", math.acos, lambda out, x: -2.0 * power_slope((1.0 - x) * (1.0 + x), 0.5),
    meaning="the angle from 0 to pi whose cosine is x; its slope -1 / sqrt(1 - x^2) is -inf at -1 and 1",
    array=lambda np, x: np.arccos(x), latex=call(r"\arccos"), definition=lambda x: 0.5 * math.pi - asin(x),
    defined=lambda x: not math.fabs(x) > 1, requirement="an operand from -1 to 1",
)  # fmt: skip
atan = operation(
    "atan", math.atan, lambda out, x: 1.0 / (1.0 + x * x),
    meaning="the angle from -pi/2 to pi/2 whose tangent is x",
    array=lambda np, x: np.arctan(x), latex=call(r"\arctan"),
    defined=True,
)  # fmt: skip
sinh: Operation = operation(
    "sinh", lambda x: math.copysign(math.inf, x) if math.fabs(x) > _LARGEST_HALVED else math.sinh(x),
    lambda out, x: cosh(x),
    meaning="(e^x - e^-x) / 2",
    array=lambda np, x: np.sinh(x), latex=call(r"\sinh"), definition=lambda x: 0.5 * (exp(x) - exp(-x)),
    defined=True,
)  # fmt: skip
cosh: Operation = operation(
    "cosh", lambda x: math.inf if math.fabs(x) > _LARGEST_HALVED else math.cosh(x), lambda out, x: sinh(x),
    meaning="(e^x + e^-x) / 2",
    array=lambda np, x: np.cosh(x), latex=call(r"\cosh"), definition=lambda x: 0.5 * (exp(x) + exp(-x)),
    defined=True,
)  # fmt: skip
erf = operation(
    "erf", math.erf, lambda out, x: _TWO_OVER_ROOT_PI * exp(-(x * x)),
    meaning="the error function, 2/sqrt(pi) times the integral of e^-t^2 from 0 to x",
    defined=True,
)  # fmt: skip
erfc = operation(
    "erfc", math.erfc, lambda out, x: -_TWO_OVER_ROOT_PI * exp(-(x * x)),
    meaning="1 - erf(x), accurate for large x", definition=lambda x: 1.0 - erf(x),
    defined=True,
)  # fmt: skip
silu = operation(
    "silu", lambda x: x * stable.sigmoid(x), lambda out, x: sigmoid(x) * (1.0 + x * sigmoid(-x)),
    meaning="x sigmoid(x), also called swish",
    array=lambda np, x: x * stable.sigmoid_array(np, x), definition=lambda x: x * sigmoid(x),
    defined=True,
)  # fmt: skip
gelu = operation(
    "gelu", lambda x: 0.5 * x * math.erfc(-x * _ROOT_HALF),
    lambda out, x: 0.5 * erfc(-_ROOT_HALF * x) + _NORMAL * (x * exp(-0.5 * x * x)),
    meaning="x times the probability that a standard normal number is below x (erf, not tanh)",
    definition=lambda x: 0.5 * x * erfc(-_ROOT_HALF * x),
    defined=True,
)  # fmt: skip
softsign = operation(
    "softsign", lambda x: x / (1.0 + math.fabs(x)),
    lambda out, x: 1.0 / ((1.0 + ops.abs(x)) * (1.0 + ops.abs(x))),
    meaning="x / (1 + |x|); its second derivative jumps at 0",
    array=lambda np, x: x / (1.0 + np.abs(x)), definition=lambda x: x / (1.0 + ops.abs(x)),
    defined=True,
)  # fmt: skip
elu = operation(
    "elu", lambda x: x if x > 0 else math.expm1(x), lambda out, x: exp(minimum(x, 0.0)),
    meaning="x above 0, e^x - 1 below; its second derivative jumps at 0",
    array=lambda np, x: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))),
    definition=lambda x: maximum(0.0, x) + expm1(minimum(x, 0.0)),
    defined=True,
)  # fmt: skip
hard_tanh = operation(
    "hard_tanh", lambda x: -1.0 if x < -1 else 1.0 if x > 1 else x,
    lambda out, x: at_least(x, -1.0) * above(1.0, x),
    meaning="x within -1 and 1, which it does not leave; the slope is 1 at -1 and 0 at 1",
    array=lambda np, x: np.clip(x, -1.0, 1.0), kink=lambda x: ops.abs(x) - 1.0,
    definition=lambda x: minimum(maximum(-1.0, x), 1.0),
    defined=True,
)  # fmt: skip
square = operation(
    "square", lambda x: x * x, lambda out, x: 2.0 * x,
    meaning="x x",
    array=lambda np, x: np.square(x), latex=lambda x: Term(f"{x:5}^{{2}}", POW),
    definition=lambda x: x * x,
    defined=True,
)  # fmt: skip
reciprocal = operation(
    "reciprocal", lambda x: 1.0 / x, lambda out, x: -(out * out),
    meaning="1 / x",
    array=lambda np, x: np.divide(1.0, x), latex=lambda x: rf"\frac{{1}}{{{x}}}",
    definition=lambda x: 1.0 / x,
    defined=lambda x: x != 0, requirement="an operand that is not 0",
)  # fmt: skip
hypot = operation(
    "hypot", math.hypot,
    (lambda out, x, y: x / maximum(out, _LEAST), lambda out, x, y: y / maximum(out, _LEAST)),
    meaning="sqrt(x^2 + y^2), for numbers of any size; the slopes are 0 where both are 0",
    array=lambda np, x, y: np.hypot(x, y), latex=lambda x, y: rf"\sqrt{{{x:5}^{{2}} + {y:5}^{{2}}}}",
    kink=lambda x, y: maximum(ops.abs(x), ops.abs(y)), definition=lambda x, y: sqrt(x * x + y * y),
    defined=True,
)  # fmt: skip
clip = operation(
    "clip", lambda x, low, high: _smaller(_larger(low, x), high),
    (
        lambda out, x, low, high: at_least(x, low) * above(high, x),
        lambda out, x, low, high: above(low, x) * above(high, low),
        lambda out, x, low, high: at_least(maximum(low, x), high),
    ),
    meaning="x, but at least low, and at most high even if low is above it; the slope belongs to x at low, "
    "and to high at high",
    array=lambda np, x, low, high: np.minimum(np.maximum(low, x), high),
    kink=lambda x, low, high: (maximum(low, x) - high) * maximum(x - low, low - high),
    definition=lambda x, low, high: minimum(maximum(low, x), high),
    defined=True,
)  # fmt: skip
where: Operation = operation(
    "where", lambda condition, x, y: math.nan if condition != condition else x if condition != 0 else y,
    (
        lambda out, condition, x, y: 0.0,
        lambda out, condition, x, y: where(condition, 1.0, 0.0),
        lambda out, condition, x, y: where(condition, 0.0, 1.0),
    ),
    meaning="x where the condition is not 0, else y, as of NumPy; both are computed, and the slope by the "
    "condition is 0",
    array=lambda np, condition, x, y: np.where(np.isnan(condition), np.nan, np.where(condition, x, y)),
    defined=True,
)  # fmt: skip
