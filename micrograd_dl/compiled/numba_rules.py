"""Rules on numbers as Numba compiles them: those of the table, and some that are written out here."""

from __future__ import annotations

import dis
import inspect
import math
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core.errors import NumbaError

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(**options: Any) -> Callable[[_Function], _Function]:
    """Numba's decorator; division by zero gives what IEEE says, as it does in C."""
    decorator: Callable[[_Function], _Function] = numba.njit(error_model="numpy", nogil=True, **options)
    return decorator


def of_three(rule: Any, count: int) -> Any:
    """A rule of the table on `count` numbers as a function of three; NumbaError if it raises errors."""
    found = _translated(rule)
    if count == 3:
        return found
    function: Any = (lambda x, y, z: found(x)) if count == 1 else (lambda x, y, z: found(x, y))
    return compiled(inline="always")(function)


def of_definition(definition: Any, count: int) -> Any:
    """The rule that a definition is, as a function of three; it is run once, on Values."""
    parts: dict[Value, Any] = {Value(math.nan): compiled()(part) for part in _OPERANDS[:count]}
    root = definition(*parts)
    for node in topological_order(root):
        if node not in parts:
            parts[node] = compiled()(_part(node, [parts[operand] for operand in node.operands]))
    return parts[root]


_OPERANDS = (lambda x, y, z: x, lambda x, y, z: y, lambda x, y, z: z)


def _part(node: Value, operands: Sequence[Any]) -> Any:
    """A node of the graph of a definition, as a function of what the definition is of."""
    if node.op is None or node.is_constant:
        number = node.data
        return lambda x, y, z: number
    if node.op.arity is None:
        raise NumbaError(f"{node.op} is not compiled by itself")
    rule, (f, g, h) = _translated(node.op), (*operands, None, None, None)[:3]
    if node.op.arity == 1:
        return lambda x, y, z: rule(f(x, y, z))
    if node.op.arity == 2:
        return lambda x, y, z: rule(f(x, y, z), g(x, y, z))
    return lambda x, y, z: rule(f(x, y, z), g(x, y, z), h(x, y, z))


@compiled()
def _to_float(x: Any) -> Any:
    """Numba's own refuses True and False."""
    return 1.0 * x


def _translated(rule: Any) -> Any:
    """A rule for Numba: what it calls, functions in Python or operations of the table, is translated, too."""
    if isinstance(rule, Operation):
        return _translated(rule.forward)
    rule = inspect.unwrap(rule)  # of an operation added to the table, what its user wrote
    if rule in _FASTER:
        return _FASTER[rule]
    if not isinstance(rule, FunctionType):
        return rule  # a function of `math`, which Numba knows, or something it will refuse
    steps, known = [*dis.get_instructions(rule)], rule.__globals__
    if any(step.opname == "RAISE_VARARGS" for step in steps):
        raise NumbaError(f"{rule.__name__} raises errors")
    named = {step.argval for step in steps if step.opname == "LOAD_GLOBAL"}  # `math.exp` names no `exp`
    called = {
        name: _translated(known[name])
        for name in sorted(named)
        if isinstance(known.get(name), FunctionType | Operation)
    }
    called["float"] = _to_float
    function = FunctionType(rule.__code__, known | called, rule.__name__, None, rule.__closure__)
    return compiled()(function)


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


@compiled()
def _power(x: float, y: float) -> Any:
    return x**y


@compiled()
def _power_slope(x: float, y: float) -> Any:
    if y == 0:
        return 0.0
    if x == 0 and y < 1:
        return math.copysign(math.inf, y) if y % 1 else 0.0
    return y * x ** (y - 1.0)


# By the forward rule, so that operations that differ only in their slopes share one.
_FASTER: dict[Any, Any] = {
    ops.exp.forward: exp,
    ops.tanh.forward: tanh,
    ops.sigmoid.forward: sigmoid,
    ops.softplus.forward: softplus,
    ops.pow.forward: _power,  # the table's catches OverflowError, which Numba does not know
    ops.power_slope.forward: _power_slope,
}
