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

def affine_of_units(
    weights: Sequence[Sequence[Any]], x: Sequence[Any], b: Sequence[Any]
) -> list[Any]: ...
def require_pairs(name: str, w: Sequence[Any], x: Sequence[Any]) -> None: ...
def woven(first: Sequence[Any], second: Sequence[Any]) -> tuple[Any, ...]: ...

@overload
def add(x: Value, y: Value | Number, /) -> Value:
    r"""add(x, y): x + y.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def add(x: Number, y: Value, /) -> Value: ...
@overload
def add(x: Number, y: Number, /) -> float: ...
@overload
def add(x: Numbers, y: Numbers | Number, /) -> Array: ...
@overload
def add(x: Number, y: Numbers, /) -> Array: ...

@overload
def sub(x: Value, y: Value | Number, /) -> Value:
    r"""sub(x, y): x - y.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def sub(x: Number, y: Value, /) -> Value: ...
@overload
def sub(x: Number, y: Number, /) -> float: ...
@overload
def sub(x: Numbers, y: Numbers | Number, /) -> Array: ...
@overload
def sub(x: Number, y: Numbers, /) -> Array: ...

@overload
def mul(x: Value, y: Value | Number, /) -> Value:
    r"""mul(x, y): x y.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def mul(x: Number, y: Value, /) -> Value: ...
@overload
def mul(x: Number, y: Number, /) -> float: ...
@overload
def mul(x: Numbers, y: Numbers | Number, /) -> Array: ...
@overload
def mul(x: Number, y: Numbers, /) -> Array: ...

@overload
def div(x: Value, y: Value | Number, /) -> Value:
    r"""div(x, y): x / y; it needs a divisor that is not 0.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def div(x: Number, y: Value, /) -> Value: ...
@overload
def div(x: Number, y: Number, /) -> float: ...
@overload
def div(x: Numbers, y: Numbers | Number, /) -> Array: ...
@overload
def div(x: Number, y: Numbers, /) -> Array: ...

@overload
def neg(x: Value, /) -> Value:
    r"""neg(x): -x.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def neg(x: Number, /) -> float: ...
@overload
def neg(x: Numbers, /) -> Array: ...

@overload
def pow(x: Value, y: Value | Number, /) -> Value:
    r"""pow(x, y): x to the power y; 0 ** 0 is 1, and x ** 0 has the slope 0 everywhere; it needs a base above 0, or a whole exponent (not below 0 where the base is 0).

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def pow(x: Number, y: Value, /) -> Value: ...
@overload
def pow(x: Number, y: Number, /) -> float: ...
@overload
def pow(x: Numbers, y: Numbers | Number, /) -> Array: ...
@overload
def pow(x: Number, y: Numbers, /) -> Array: ...

@overload
def exp(x: Value, /) -> Value:
    r"""exp(x): e to the power x.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def exp(x: Number, /) -> float: ...
@overload
def exp(x: Numbers, /) -> Array: ...

@overload
def log(x: Value, /) -> Value:
    r"""log(x): the natural logarithm of x; it needs an operand above 0 (for a loss, start from z: softplus(z) - y*z).

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def log(x: Number, /) -> float: ...
@overload
def log(x: Numbers, /) -> Array: ...

@overload
def sqrt(x: Value, /) -> Value:
    r"""sqrt(x): the square root of x; its slope at 0 is inf; it needs an operand of at least 0.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def sqrt(x: Number, /) -> float: ...
@overload
def sqrt(x: Numbers, /) -> Array: ...

@overload
def tanh(x: Value, /) -> Value:
    r"""tanh(x): the hyperbolic tangent, with the slope 1 - a^2 (course, section 4).

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def tanh(x: Number, /) -> float: ...
@overload
def tanh(x: Numbers, /) -> Array: ...

@overload
def sigmoid(x: Value, /) -> Value:
    r"""sigmoid(x): 1 / (1 + e^-x), with the slope a(1 - a) (course, section 2); stable for every x.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def sigmoid(x: Number, /) -> float: ...
@overload
def sigmoid(x: Numbers, /) -> Array: ...

@overload
def relu(x: Value, /) -> Value:
    r"""relu(x): max(0, x), with the slope 1 at 0 (course, section 4).

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def relu(x: Number, /) -> float: ...
@overload
def relu(x: Numbers, /) -> Array: ...

@overload
def leaky_relu(x: Value, /) -> Value:
    r"""leaky_relu(x): max(0.01 x, x), with the slope 1 at 0 (course, section 4).

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def leaky_relu(x: Number, /) -> float: ...
@overload
def leaky_relu(x: Numbers, /) -> Array: ...

@overload
def softplus(x: Value, /) -> Value:
    r"""softplus(x): log(1 + e^x), stable for every x: the logistic loss of z is softplus(z) - y z.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def softplus(x: Number, /) -> float: ...
@overload
def softplus(x: Numbers, /) -> Array: ...

@overload
def sin(x: Value, /) -> Value:
    r"""sin(x): the sine of x, in radians; it needs a finite operand.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def sin(x: Number, /) -> float: ...
@overload
def sin(x: Numbers, /) -> Array: ...

@overload
def cos(x: Value, /) -> Value:
    r"""cos(x): the cosine of x, in radians; it needs a finite operand.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def cos(x: Number, /) -> float: ...
@overload
def cos(x: Numbers, /) -> Array: ...

@overload
def abs(x: Value, /) -> Value:
    r"""abs(x): the distance of x from 0, with the slope 0 at 0.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def abs(x: Number, /) -> float: ...
@overload
def abs(x: Numbers, /) -> Array: ...

@overload
def maximum(x: Value, y: Value | Number, /) -> Value:
    r"""maximum(x, y): the larger of x and y; where they are equal the slope belongs to y.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def maximum(x: Number, y: Value, /) -> Value: ...
@overload
def maximum(x: Number, y: Number, /) -> float: ...
@overload
def maximum(x: Numbers, y: Numbers | Number, /) -> Array: ...
@overload
def maximum(x: Number, y: Numbers, /) -> Array: ...

@overload
def minimum(x: Value, y: Value | Number, /) -> Value:
    r"""minimum(x, y): the smaller of x and y; where they are equal the slope belongs to y.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def minimum(x: Number, y: Value, /) -> Value: ...
@overload
def minimum(x: Number, y: Number, /) -> float: ...
@overload
def minimum(x: Numbers, y: Numbers | Number, /) -> Array: ...
@overload
def minimum(x: Number, y: Numbers, /) -> Array: ...

@overload
def at_least(x: Value, y: Value | Number, /) -> Value:
    r"""at_least(x, y): 1 where x >= y, else 0; the slope is 0.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def at_least(x: Number, y: Value, /) -> Value: ...
@overload
def at_least(x: Number, y: Number, /) -> float: ...
@overload
def at_least(x: Numbers, y: Numbers | Number, /) -> Array: ...
@overload
def at_least(x: Number, y: Numbers, /) -> Array: ...

@overload
def above(x: Value, y: Value | Number, /) -> Value:
    r"""above(x, y): 1 where x > y, else 0; the slope is 0.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def above(x: Number, y: Value, /) -> Value: ...
@overload
def above(x: Number, y: Number, /) -> float: ...
@overload
def above(x: Numbers, y: Numbers | Number, /) -> Array: ...
@overload
def above(x: Number, y: Numbers, /) -> Array: ...

@overload
def sign(x: Value, /) -> Value:
    r"""sign(x): 1, 0 or -1, as x is above, at or below 0; the slope is 0.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def sign(x: Number, /) -> float: ...
@overload
def sign(x: Numbers, /) -> Array: ...

@overload
def power_slope(x: Value, y: Value | Number, /) -> Value:
    r"""power_slope(x, y): y x^(y - 1), the slope of x ** y by x: 0 at y = 0 for every x; at x = 0 and below y = 1 it is 0 for whole y and infinite for others; it needs a base of at least 0, or a whole exponent.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def power_slope(x: Number, y: Value, /) -> Value: ...
@overload
def power_slope(x: Number, y: Number, /) -> float: ...
@overload
def power_slope(x: Numbers, y: Numbers | Number, /) -> Array: ...
@overload
def power_slope(x: Number, y: Numbers, /) -> Array: ...

@overload
def log_for_power(x: Value, /) -> Value:
    r"""log_for_power(x): log(x) in the slope of x ** y by y: 0 at 0, where x ** y is flat, and NaN below; it needs an operand of at least 0.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def log_for_power(x: Number, /) -> float: ...
@overload
def log_for_power(x: Numbers, /) -> Array: ...

@overload
def sum(x: Iterable[Number]) -> float:  # type: ignore[overload-overlap]
    r"""``x1 + x2 + ...`` as one node, added from left to right; ValueError if there is nothing to add."""
@overload
def sum(x: Iterable[Value | Number]) -> Value: ...  # type: ignore[overload-overlap]
@overload
def sum(x: Iterable[Numbers | Number]) -> Array: ...

@overload
def logsumexp(z: Iterable[Number]) -> float:  # type: ignore[overload-overlap]
    r"""``log(e^z1 + e^z2 + ...)`` as one node, stable for every z; ValueError if there is none."""
@overload
def logsumexp(z: Iterable[Value | Number]) -> Value: ...  # type: ignore[overload-overlap]
@overload
def logsumexp(z: Iterable[Numbers | Number]) -> Array: ...

@overload
def dot(w: Sequence[Number], x: Sequence[Number]) -> float:  # type: ignore[overload-overlap]
    r"""``w1 x1 + w2 x2 + ...`` as one node; ValueError if the lengths differ or are 0."""
@overload
def dot(w: Sequence[Value | Number], x: Sequence[Value | Number]) -> Value: ...  # type: ignore[overload-overlap]
@overload
def dot(w: Sequence[Numbers | Number], x: Sequence[Numbers | Number]) -> Array: ...

@overload
def affine(w: Sequence[Number], x: Sequence[Number], b: Number) -> float:  # type: ignore[overload-overlap]
    r"""``w1 x1 + w2 x2 + ... + b``, a neuron's z, as one node; ValueError if the lengths differ."""
@overload
def affine(w: Sequence[Value | Number], x: Sequence[Value | Number], b: Value | Number) -> Value: ...  # type: ignore[overload-overlap]
@overload
def affine(w: Sequence[Numbers | Number], x: Sequence[Numbers | Number], b: Numbers | Number) -> Array: ...
