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
def square(x: Value, /) -> Value:
    r"""square(x): x x.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def square(x: Number, /) -> float: ...
@overload
def square(x: Numbers, /) -> Array: ...

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
def mean(x: Iterable[Number]) -> float:  # type: ignore[overload-overlap]
    r"""``(x1 + x2 + ... + xn) / n``; ValueError if there is none."""
@overload
def mean(x: Iterable[Value | Number]) -> Value: ...  # type: ignore[overload-overlap]
@overload
def mean(x: Iterable[Numbers | Number]) -> Array: ...

@overload
def var(x: Iterable[Number]) -> float:  # type: ignore[overload-overlap]
    r"""The mean of the squared distances from the mean: over n, not n - 1; ValueError if there is none."""
@overload
def var(x: Iterable[Value | Number]) -> Value: ...  # type: ignore[overload-overlap]
@overload
def var(x: Iterable[Numbers | Number]) -> Array: ...

@overload
def norm(x: Iterable[Number]) -> float:  # type: ignore[overload-overlap]
    r"""``sqrt(x1^2 + x2^2 + ...)``, for numbers of any size; ValueError if there is none.

    Where all are 0 the slopes are 0."""
@overload
def norm(x: Iterable[Value | Number]) -> Value: ...  # type: ignore[overload-overlap]
@overload
def norm(x: Iterable[Numbers | Number]) -> Array: ...

@overload
def softmax(z: Iterable[Number]) -> list[float]:  # type: ignore[overload-overlap]
    r"""``e^zi / (e^z1 + e^z2 + ...)`` for each i, stable for every z; ValueError if there is none."""
@overload
def softmax(z: Iterable[Value | Number]) -> list[Value]: ...  # type: ignore[overload-overlap]
@overload
def softmax(z: Iterable[Numbers | Number]) -> list[Array]: ...
