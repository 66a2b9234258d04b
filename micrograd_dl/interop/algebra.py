"""Graphs as expressions of SymPy."""

from __future__ import annotations

import math
import operator
from typing import Any

from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.text import install_hint
from micrograd_dl.interop.lowering import Functions, lower

try:
    import sympy
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"to_sympy needs SymPy ({error}): {install_hint('sympy')}", name=error.name
    ) from None


def _if(condition: Any, x: Any, y: Any) -> Any:
    """Piecewise, so that the derivative at a tie is the table's."""
    return sympy.Piecewise((x, condition), (y, True))


FUNCTIONS: Functions = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "neg": operator.neg, "pow": operator.pow, "exp": sympy.exp, "log": sympy.log, "sqrt": sympy.sqrt,
    "tanh": sympy.tanh, "sin": sympy.sin, "cos": sympy.cos, "abs": sympy.Abs, "sign": sympy.sign,
    "maximum": lambda x, y: _if(x > y, x, y),
    "minimum": lambda x, y: _if(x < y, x, y),
    "at_least": lambda x, y: _if(x >= y, 1, 0),
    "above": lambda x, y: _if(x > y, 1, 0),
    "power_slope": lambda x, y: y * x ** (y - 1),
    "log_for_power": sympy.log,
    "tan": sympy.tan, "asin": sympy.asin, "acos": sympy.acos, "atan": sympy.atan, "sinh": sympy.sinh,
    "cosh": sympy.cosh, "erf": sympy.erf, "erfc": sympy.erfc,
    "where": lambda condition, x, y: _if(sympy.Ne(condition, 0), x, y),
}  # fmt: skip


def to_sympy(root: Value) -> Any:
    """A recorded graph as an expression of SymPy, in real symbols with the names of its leaves.

    Numbers are taken as they are written, 0.1 as 1/10. In the name of a symbol ``_`` stands for what cannot
    be in a name of Python. Where a derivative jumps there is a Piecewise.

    Raises:
        TypeError: `root` is not a Value.
        ValueError: an operation has no counterpart in SymPy and no definition.
        RuntimeError: data was changed after the forward pass was recorded.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> J = to_sympy(3 * (a + b * c))
    >>> J, J.diff(sympy.Symbol("b", real=True))
    (3*a + 3*b*c, 3*c)
    """
    program = lower(root, FUNCTIONS, "SymPy")
    symbols = [sympy.Symbol(name, real=True) for name in program.leaves]
    return sympy.sympify(program.run(FUNCTIONS, _number, symbols))


def _number(x: float) -> Any:
    return sympy.Rational(repr(x)) if math.isfinite(x) else sympy.sympify(x)
