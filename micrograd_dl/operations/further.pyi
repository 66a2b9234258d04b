"""The functions of a module with the types of their operands; written by python -m tools.signatures."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any, TypeAlias, overload

from numpy import bool_, float64, floating, integer
from numpy.typing import NDArray

from micrograd_dl.engine.value import Value

Number: TypeAlias = float | Real | Decimal
Numbers: TypeAlias = NDArray[floating[Any] | integer[Any] | bool_]
Array: TypeAlias = NDArray[float64]

@overload
def log1p(x: Value, /) -> Value:
    r"""log1p(x): log(1 + x), accurate for small x; it needs an operand above -1.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def log1p(x: Number, /) -> float: ...
@overload
def log1p(x: Numbers, /) -> Array: ...

@overload
def expm1(x: Value, /) -> Value:
    r"""expm1(x): e^x - 1, accurate for small x.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def expm1(x: Number, /) -> float: ...
@overload
def expm1(x: Numbers, /) -> Array: ...

@overload
def tan(x: Value, /) -> Value:
    r"""tan(x): the tangent of x, in radians; it needs a finite operand.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def tan(x: Number, /) -> float: ...
@overload
def tan(x: Numbers, /) -> Array: ...

@overload
def asin(x: Value, /) -> Value:
    r"""asin(x): the angle from -pi/2 to pi/2 whose sine is x; its slope 1 / sqrt(1 - x^2) is inf at -1 and 1; it needs an operand from -1 to 1.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def asin(x: Number, /) -> float: ...
@overload
def asin(x: Numbers, /) -> Array: ...

@overload
def acos(x: Value, /) -> Value:
    r"""acos(x): the angle from 0 to pi whose cosine is x; its slope -1 / sqrt(1 - x^2) is -inf at -1 and 1; it needs an operand from -1 to 1.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def acos(x: Number, /) -> float: ...
@overload
def acos(x: Numbers, /) -> Array: ...

@overload
def atan(x: Value, /) -> Value:
    r"""atan(x): the angle from -pi/2 to pi/2 whose tangent is x.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def atan(x: Number, /) -> float: ...
@overload
def atan(x: Numbers, /) -> Array: ...

@overload
def sinh(x: Value, /) -> Value:
    r"""sinh(x): (e^x - e^-x) / 2.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def sinh(x: Number, /) -> float: ...
@overload
def sinh(x: Numbers, /) -> Array: ...

@overload
def cosh(x: Value, /) -> Value:
    r"""cosh(x): (e^x + e^-x) / 2.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def cosh(x: Number, /) -> float: ...
@overload
def cosh(x: Numbers, /) -> Array: ...

@overload
def erf(x: Value, /) -> Value:
    r"""erf(x): the error function, 2/sqrt(pi) times the integral of e^-t^2 from 0 to x.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def erf(x: Number, /) -> float: ...
@overload
def erf(x: Numbers, /) -> Array: ...

@overload
def erfc(x: Value, /) -> Value:
    r"""erfc(x): 1 - erf(x), accurate for large x.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def erfc(x: Number, /) -> float: ...
@overload
def erfc(x: Numbers, /) -> Array: ...

@overload
def silu(x: Value, /) -> Value:
    r"""silu(x): x sigmoid(x), also called swish.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def silu(x: Number, /) -> float: ...
@overload
def silu(x: Numbers, /) -> Array: ...

@overload
def gelu(x: Value, /) -> Value:
    r"""gelu(x): x times the probability that a standard normal number is below x (erf, not tanh).

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def gelu(x: Number, /) -> float: ...
@overload
def gelu(x: Numbers, /) -> Array: ...

@overload
def softsign(x: Value, /) -> Value:
    r"""softsign(x): x / (1 + |x|); its second derivative jumps at 0.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def softsign(x: Number, /) -> float: ...
@overload
def softsign(x: Numbers, /) -> Array: ...

@overload
def elu(x: Value, /) -> Value:
    r"""elu(x): x above 0, e^x - 1 below; its second derivative jumps at 0.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def elu(x: Number, /) -> float: ...
@overload
def elu(x: Numbers, /) -> Array: ...

@overload
def hard_tanh(x: Value, /) -> Value:
    r"""hard_tanh(x): x within -1 and 1, which it does not leave; the slope is 1 at -1 and 0 at 1.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def hard_tanh(x: Number, /) -> float: ...
@overload
def hard_tanh(x: Numbers, /) -> Array: ...

@overload
def square(x: Value, /) -> Value:
    r"""square(x): x x.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def square(x: Number, /) -> float: ...
@overload
def square(x: Numbers, /) -> Array: ...

@overload
def reciprocal(x: Value, /) -> Value:
    r"""reciprocal(x): 1 / x; it needs an operand that is not 0.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def reciprocal(x: Number, /) -> float: ...
@overload
def reciprocal(x: Numbers, /) -> Array: ...

@overload
def hypot(x: Value, y: Value | Number, /) -> Value:
    r"""hypot(x, y): sqrt(x^2 + y^2), for numbers of any size; the slopes are 0 where both are 0.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def hypot(x: Number, y: Value, /) -> Value: ...
@overload
def hypot(x: Number, y: Number, /) -> float: ...
@overload
def hypot(x: Numbers, y: Numbers | Number, /) -> Array: ...
@overload
def hypot(x: Number, y: Numbers, /) -> Array: ...

@overload
def clip(x1: Value, x2: Value | Number, x3: Value | Number, /) -> Value:
    r"""clip(x1, x2, x3): x, but at least low, and at most high even if low is above it; the slope belongs to x at low, and to high at high.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def clip(x1: Number, x2: Value, x3: Value | Number, /) -> Value: ...
@overload
def clip(x1: Number, x2: Number, x3: Value, /) -> Value: ...
@overload
def clip(x1: Number, x2: Number, x3: Number, /) -> float: ...
@overload
def clip(x1: Numbers, x2: Numbers | Number, x3: Numbers | Number, /) -> Array: ...
@overload
def clip(x1: Number, x2: Numbers, x3: Numbers | Number, /) -> Array: ...
@overload
def clip(x1: Number, x2: Number, x3: Numbers, /) -> Array: ...

@overload
def where(x1: Value, x2: Value | Number, x3: Value | Number, /) -> Value:
    r"""where(x1, x2, x3): x where the condition is not 0, else y, as of NumPy; both are computed, and the slope by the condition is 0.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def where(x1: Number, x2: Value, x3: Value | Number, /) -> Value: ...
@overload
def where(x1: Number, x2: Number, x3: Value, /) -> Value: ...
@overload
def where(x1: Number, x2: Number, x3: Number, /) -> float: ...
@overload
def where(x1: Numbers, x2: Numbers | Number, x3: Numbers | Number, /) -> Array: ...
@overload
def where(x1: Number, x2: Numbers, x3: Numbers | Number, /) -> Array: ...
@overload
def where(x1: Number, x2: Number, x3: Numbers, /) -> Array: ...
