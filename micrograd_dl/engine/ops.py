r"""The table of primitive operations: one entry each, and the only place where a derivative rule is written.

All else that knows operations, from the methods of Value to the tests, follows from the entries. To add one,
write an entry before `at_least`. Local derivatives are written with ordinary arithmetic and operations of the
table, in terms of the output where that is simpler. The same rule therefore serves a float, a Value (the
derivative is itself a graph), an array (many examples at once), and a name (the formula of the derivative).

* **Overflow** gives an infinity, as IEEE 754 and ``1e308 * 10`` have it; NaN and infinities pass through.
* **What is undefined** is refused: ``x / 0`` and ``0 ** -1`` with a ZeroDivisionError; ``log(0)``,
  ``sqrt(-1)``, ``(-8) ** 0.5``, ``sin(inf)`` with a ValueError.
* **A vertical tangent** has the slope ``inf``: ``sqrt`` at 0.
* **At a kink** ReLU and leaky ReLU take the right-hand slope, 1, as the course does
  (``with slope_at_kink("left"):`` takes the left-hand one, PyTorch's 0); ``abs`` has the slope 0; and a tie
  of ``maximum`` or ``minimum`` belongs to the last operand, so that ``maximum(0, z)`` has ReLU's slope.
"""

from __future__ import annotations

import copyreg
import dataclasses
import functools
import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from micrograd_dl.engine.operation import Operation
from micrograd_dl.foundation import stable
from micrograd_dl.foundation.written import ADD, MUL, NEG, POW, Term, call, latex_call, pairs_text, sum_text


def _slope_of_power(x: Any, y: Any) -> Any:
    """``y x^(y - 1)``, simplified for exponents that are numbers from 1 up."""
    if isinstance(y, float) and (y == 0 or y >= 1):
        return 0.0 if y == 0 else 1.0 if y == 1 else y * x if y == 2 else y * pow(x, y - 1.0)
    return power_slope(x, y)


def _slope_of_sqrt(out: Any, x: Any) -> Any:
    try:
        return 0.5 / out
    except ZeroDivisionError:
        return power_slope(x, 0.5)  # inf, and differentiable in its turn


def _sum(*x: Any) -> Any:
    # Left to right, rounded each time: the same number as x1 + x2 + ... (the built-in sum compensates).
    return functools.reduce(operator.add, x)


def _dot(*operands: Any) -> Any:
    if len(operands) % 2:
        raise ValueError
    return functools.reduce(operator.add, map(operator.mul, operands[::2], operands[1::2]))


def _affine(*operands: Any) -> Any:
    return operands[0] if len(operands) == 1 else _dot(*operands[:-1]) + operands[-1]


def _partners(_out: Any, *operands: Any) -> Sequence[Any]:
    """In w1, x1, w2, x2, ... the derivative by each factor is the other one of its pair; by a bias, 1."""
    slopes: list[Any] = [1.0] * len(operands)
    pairs = len(operands) // 2 * 2
    slopes[:pairs:2], slopes[1::2] = operands[1::2], operands[:pairs:2]
    return slopes


def shares(out: Any, *x: Any) -> tuple[Any, ...]:
    """The softmax of x from their logsumexp, ``e^(x_i - out)``; over their sum, since `out` is rounded."""
    e = [exp(term - out) for term in x]
    total = sum(*e)
    return tuple([term / total for term in e])


TABLE: dict[str, Operation] = {}


def _entry(
    name: str, symbol: str, arity: int | None, left: dict[str, Any] | None = None, **fields: Any
) -> Operation:
    """Put one operation into the table; `left` has the fields that differ for a left-hand slope at a kink."""
    defaults: dict[str, Any] = {"derivatives": (), "text": call(name), "latex": latex_call(name, symbol)}
    operation = Operation(name, symbol, arity, **(defaults | fields))
    if left is not None:
        operation = dataclasses.replace(operation, left=dataclasses.replace(operation, **left))
    TABLE[name] = operation
    return operation


# The operation of a plain number that takes part, such as the 3 of 3 * v: no operands, no gradient.
CONSTANT = Operation("constant", "", 0, forward=float, derivatives=(), text=str, latex=str)

# In a written form ``{x:2}`` asks for parentheses around an x that binds less tightly than MUL = 2: see Term.
add: Operation = _entry(
    "add", "+", 2, meaning="x + y",
    forward=lambda x, y: x + y,
    derivatives=(lambda out, x, y: 1.0, lambda out, x, y: 1.0),
    text=lambda x, y: f"{x:1} + {y:2}", latex=lambda x, y: f"{x} + {y:2}", precedence=ADD,
)  # fmt: skip
sub: Operation = _entry(
    "sub", "-", 2, meaning="x - y",
    forward=lambda x, y: x - y,
    derivatives=(lambda out, x, y: 1.0, lambda out, x, y: -1.0),
    text=lambda x, y: f"{x:1} - {y:2}", latex=lambda x, y: f"{x} - {y:2}", precedence=ADD,
)  # fmt: skip
mul: Operation = _entry(
    "mul", "*", 2, meaning="x y",
    forward=lambda x, y: x * y,
    derivatives=(lambda out, x, y: y, lambda out, x, y: x),
    text=lambda x, y: f"{x:2} * {y:3}", latex=lambda x, y: rf"{x:2} \cdot {y:2}", precedence=MUL,
)  # fmt: skip
div: Operation = _entry(
    "div", "/", 2, meaning="x / y",
    forward=lambda x, y: x / y, array=lambda np, x, y: np.divide(x, y),
    derivatives=(lambda out, x, y: 1.0 / y, lambda out, x, y: -out / y),
    text=lambda x, y: f"{x:2} / {y:3}", latex=lambda x, y: rf"\frac{{{x}}}{{{y}}}", precedence=MUL,
    defined=lambda x, y: y != 0, requirement="a divisor that is not 0",
)  # fmt: skip
neg: Operation = _entry(
    "neg", "-", 1, meaning="-x",
    forward=lambda x: -x,
    derivatives=(lambda out, x: -1.0,),
    text=lambda x: f"-{x:4}", latex=lambda x: f"-{x:4}", precedence=NEG,
)  # fmt: skip
pow: Operation = _entry(
    "pow", "**", 2, meaning="x to the power y; 0 ** 0 is 1, and x ** 0 has the slope 0 everywhere",
    forward=stable.power, array=lambda np, x, y: np.power(x, y),
    derivatives=(lambda out, x, y: _slope_of_power(x, y), lambda out, x, y: out * log_for_power(x)),
    text=lambda x, y: f"{x:5} ** {y:3}", latex=lambda x, y: f"{x:5}^{{{y}}}", precedence=POW,
    defined=lambda x, y: not (-math.inf < x < 0 and math.isfinite(y) and y % 1) and not (x == 0 and y < 0),
    requirement="a base above 0, or a whole exponent (not below 0 where the base is 0)",
)  # fmt: skip
exp: Operation = _entry(
    "exp", "exp", 1, meaning="e to the power x",
    forward=stable.exp, array=lambda np, x: np.exp(x),
    derivatives=(lambda out, x: out,),
    latex=lambda x: Term(f"e^{{{x}}}", POW),
)  # fmt: skip
log: Operation = _entry(
    "log", "log", 1, meaning="the natural logarithm of x",
    forward=math.log, array=lambda np, x: np.log(x),
    derivatives=(lambda out, x: 1.0 / x,),
    defined=lambda x: not x <= 0,
    requirement="an operand above 0 (for a loss, start from z: softplus(z) - y*z)",
)  # fmt: skip
sqrt: Operation = _entry(
    "sqrt", "sqrt", 1, meaning="the square root of x; its slope at 0 is inf",
    forward=math.sqrt, array=lambda np, x: np.sqrt(x),
    derivatives=(_slope_of_sqrt,),
    latex=lambda x: rf"\sqrt{{{x}}}",
    defined=lambda x: not x < 0, requirement="an operand of at least 0",
)  # fmt: skip
tanh: Operation = _entry(
    "tanh", "tanh", 1, meaning="the hyperbolic tangent, with the slope 1 - a^2 (course, section 4)",
    forward=math.tanh, array=lambda np, x: np.tanh(x),
    derivatives=(lambda out, x: 1.0 - out * out,),
)  # fmt: skip
sigmoid: Operation = _entry(
    "sigmoid", "σ", 1,
    meaning="1 / (1 + e^-x), with the slope a(1 - a) (course, section 2); stable for every x",
    forward=stable.sigmoid, array=stable.sigmoid_array,
    derivatives=(lambda out, x: out * (1.0 - out),),
    latex=lambda x: rf"\sigma({x})",
    definition=lambda x: 1.0 / (1.0 + exp(-x)),
)  # fmt: skip
relu: Operation = _entry(
    "relu", "relu", 1, meaning="max(0, x), with the slope 1 at 0 (course, section 4)",
    forward=lambda x: 0.0 if x <= 0 else x, array=lambda np, x: np.maximum(x, 0.0),
    derivatives=(lambda out, x: at_least(x, 0.0),),  # 1 where x >= 0, else 0
    kink=lambda x: x, definition=lambda x: maximum(0.0, x),
    left={"derivatives": (lambda out, x: above(x, 0.0),), "definition": lambda x: maximum(x, 0.0)},
)  # fmt: skip
leaky_relu: Operation = _entry(
    "leaky_relu", "leaky", 1, meaning="max(0.01 x, x), with the slope 1 at 0 (course, section 4)",
    forward=lambda x: 0.01 * x if x < 0 else x, array=lambda np, x: np.where(x < 0, 0.01 * x, x),
    derivatives=(lambda out, x: 0.01 + 0.99 * at_least(x, 0.0),),
    kink=lambda x: x, definition=lambda x: maximum(0.01 * x, x),
    left={
        "derivatives": (lambda out, x: 0.01 + 0.99 * above(x, 0.0),),
        "definition": lambda x: maximum(x, 0.01 * x),
    },
)  # fmt: skip
softplus: Operation = _entry(
    "softplus", "softplus", 1,
    meaning="log(1 + e^x), stable for every x: the logistic loss of z is softplus(z) - y z",
    forward=lambda x: (0.0 if x <= 0 else x) + math.log1p(math.exp(-math.fabs(x))),
    array=lambda np, x: np.logaddexp(0.0, x),
    derivatives=(lambda out, x: sigmoid(x),),
    definition=lambda x: log(1.0 + exp(x)),
)  # fmt: skip
sin: Operation = _entry(
    "sin", "sin", 1, meaning="the sine of x, in radians",
    forward=math.sin, array=lambda np, x: np.sin(x),
    derivatives=(lambda out, x: cos(x),),
    defined=lambda x: not math.isinf(x), requirement="a finite operand",
)  # fmt: skip
cos: Operation = _entry(
    "cos", "cos", 1, meaning="the cosine of x, in radians",
    forward=math.cos, array=lambda np, x: np.cos(x),
    derivatives=(lambda out, x: -sin(x),),
    defined=lambda x: not math.isinf(x), requirement="a finite operand",
)  # fmt: skip
abs: Operation = _entry(
    "abs", "abs", 1, meaning="the distance of x from 0, with the slope 0 at 0",
    forward=math.fabs, array=lambda np, x: np.abs(x),
    derivatives=(lambda out, x: sign(x),),
    latex=lambda x: f"|{x}|",
    kink=lambda x: x, definition=lambda x: maximum(x, -x),
)  # fmt: skip
maximum: Operation = _entry(
    "maximum", "max", 2, meaning="the larger of x and y; where they are equal the slope belongs to y",
    forward=lambda x, y: x if x > y or x != x else y, array=lambda np, x, y: np.maximum(x, y),
    derivatives=(lambda out, x, y: above(x, y), lambda out, x, y: at_least(y, x)),
    kink=lambda x, y: x - y,
)  # fmt: skip
minimum: Operation = _entry(
    "minimum", "min", 2, meaning="the smaller of x and y; where they are equal the slope belongs to y",
    forward=lambda x, y: x if x < y or x != x else y, array=lambda np, x, y: np.minimum(x, y),
    derivatives=(lambda out, x, y: above(y, x), lambda out, x, y: at_least(x, y)),
    kink=lambda x, y: x - y,
)  # fmt: skip
sum: Operation = _entry(
    "sum", "Σ", None, meaning="x1 + x2 + ... from left to right, as one node",
    forward=_sum,
    all_derivatives=lambda out, *x: (1.0,) * len(x),
    text=sum_text, latex=sum_text, precedence=ADD,
    definition=_sum,
)  # fmt: skip
dot: Operation = _entry(
    "dot", "w·x", None, meaning="w1 x1 + w2 x2 + ..., as one node; its operands are w1, x1, w2, x2, ...",
    forward=_dot,
    all_derivatives=_partners,
    text=pairs_text(" * "), latex=pairs_text(r" \cdot "), precedence=ADD,
    definition=_dot,
    requirement="an even number of operands, w1, x1, w2, x2, ...",
)  # fmt: skip
affine: Operation = _entry(
    "affine", "w·x+b", None, meaning="w1 x1 + w2 x2 + ... + b, a neuron's z as one node (course, section 4)",
    forward=_affine,
    all_derivatives=_partners,
    text=pairs_text(" * "), latex=pairs_text(r" \cdot "), precedence=ADD,
    definition=_affine,
    requirement="an odd number of operands, w1, x1, w2, x2, ..., b",
)  # fmt: skip
logsumexp: Operation = _entry(
    "logsumexp", "logΣexp", None,
    meaning="log(e^x1 + e^x2 + ...), stable: the cross-entropy of the logits z is logsumexp(z) - z_y",
    forward=stable.logsumexp, array=lambda np, *x: np.logaddexp.reduce(np.broadcast_arrays(*x), axis=0),
    all_derivatives=shares,
    latex=lambda *x: r"\log(" + " + ".join(f"e^{{{term}}}" for term in x) + ")",
    definition=lambda *x: log(_sum(*(exp(term) for term in x))),
)  # fmt: skip

# Operations that the rules above use, so that these rules can be differentiated in their turn.
at_least: Operation = _entry(
    "at_least", "≥", 2, meaning="1 where x >= y, else 0; the slope is 0",
    forward=lambda x, y: math.nan if x != x or y != y else float(x >= y),
    array=lambda np, x, y: np.where(np.isnan(x) | np.isnan(y), np.nan, np.greater_equal(x, y)),
    derivatives=(lambda out, x, y: 0.0, lambda out, x, y: 0.0),
    text=lambda x, y: Term(f"1 if {x:1} >= {y:1} else 0", 0), latex=lambda x, y: rf"[{x} \ge {y}]",
    kink=lambda x, y: x - y,
)  # fmt: skip
above: Operation = _entry(
    "above", ">", 2, meaning="1 where x > y, else 0; the slope is 0",
    forward=lambda x, y: math.nan if x != x or y != y else float(x > y),
    array=lambda np, x, y: np.where(np.isnan(x) | np.isnan(y), np.nan, np.greater(x, y)),
    derivatives=(lambda out, x, y: 0.0, lambda out, x, y: 0.0),
    text=lambda x, y: Term(f"1 if {x:1} > {y:1} else 0", 0), latex=lambda x, y: f"[{x} > {y}]",
    kink=lambda x, y: x - y,
)  # fmt: skip
sign: Operation = _entry(
    "sign", "sign", 1, meaning="1, 0 or -1, as x is above, at or below 0; the slope is 0",
    forward=lambda x: x if x != x else float(x > 0) - float(x < 0), array=lambda np, x: np.sign(x),
    derivatives=(lambda out, x: 0.0,),
    kink=lambda x: x,
)  # fmt: skip
power_slope: Operation = _entry(
    "power_slope", "**", 2,
    meaning="y x^(y - 1), the slope of x ** y by x: 0 at y = 0 for every x; at x = 0 and below y = 1 "
    "it is 0 for whole y and infinite for others",
    forward=stable.power_slope, array=stable.power_slope_array,
    derivatives=(
        lambda out, x, y: y * power_slope(x, y - 1.0),
        lambda out, x, y: pow(x, y - 1.0) + out * log_for_power(x),
    ),
    text=lambda x, y: f"{y:2} * {x:5} ** ({y:1} - 1)", latex=lambda x, y: rf"{y:2} \cdot {x:5}^{{{y} - 1}}",
    precedence=MUL,
    defined=lambda x, y: not (-math.inf < x < 0 and math.isfinite(y) and (y - 1.0) % 1),
    requirement="a base of at least 0, or a whole exponent",
    kink=lambda x, y: maximum(abs(x), 1.0 - at_least(1.0, y)),  # x = 0, unless y is above 1
)  # fmt: skip
log_for_power: Operation = _entry(
    "log_for_power", "log", 1,
    meaning="log(x) in the slope of x ** y by y: 0 at 0, where x ** y is flat, and NaN below",
    forward=lambda x: math.log(x) if x > 0 else 0.0 if x == 0 else math.nan,
    array=lambda np, x: np.where(x >= 0, np.log(np.where(x > 0, x, 1.0)), np.nan),
    derivatives=(lambda out, x: 1.0 / x,),
    text=call("log"),
    defined=lambda x: not x < 0, requirement="an operand of at least 0",
)  # fmt: skip


def _found(name: str, side: int) -> Any:
    operation = CONSTANT if name == CONSTANT.name else TABLE.get(name)
    if operation is None:
        raise ValueError(f"there is no operation {name}: define it first, with micrograd_dl.operation")
    return (operation, operation.left)[side]


def _reduced(operation: Operation) -> Any:
    """A copy or a pickle of an operation refers to it by name, since there is one of each."""
    known = CONSTANT if operation is CONSTANT else TABLE.get(operation.name)
    if known is not None and operation in (known, known.left):
        return _found, (operation.name, int(operation is not known))
    return operation.__reduce_ex__(2)


copyreg.pickle(Operation, _reduced)


if not TYPE_CHECKING:  # pragma: no branch - else types would allow any name

    def __getattr__(name: str) -> Operation:
        """An entry that was added to the table from outside."""
        if name in TABLE:
            return TABLE[name]
        raise AttributeError(f"there is no operation {name!r}; the table has {', '.join(TABLE)}")
