"""What is asked in vain of a number that has a derivative or of an operation, and what to write instead."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from micrograd_dl.output.numbers import to_float
from micrograd_dl.output.written import full_number, numbers_of, shortened

_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "power": operator.pow,
}  # fmt: skip
_COMPARISONS: dict[str, Callable[..., Any]] = {
    "less": operator.lt, "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
    "equal": operator.eq, "not_equal": operator.ne,
}  # fmt: skip


def _refused(shown: str, remedy: str) -> Callable[..., NoReturn]:
    """A method for what has no derivative that is of use: it says what to write instead."""

    def refuse(*_: Any) -> NoReturn:
        raise TypeError(f"{shown} is not defined for a Value: {remedy}")

    return refuse


_WHOLE = "its slope is 0 almost everywhere; for a number write {} (v.data is the number of v)"


class Refusals:
    """A base class: rounding, remainders, matrix products and NumPy's functions are refused with a remedy."""

    __slots__ = ()

    __round__ = _refused("round(v)", _WHOLE.format("round(v.data)") + ", to show it f'{v:.2f}'")
    __floor__ = _refused("math.floor(v)", _WHOLE.format("math.floor(v.data)"))
    __ceil__ = _refused("math.ceil(v)", _WHOLE.format("math.ceil(v.data)"))
    __trunc__ = _refused("math.trunc(v)", _WHOLE.format("math.trunc(v.data)"))
    __floordiv__ = __rfloordiv__ = _refused("v // w", _WHOLE.format("v.data // 2") + "; to divide, v / w")
    __mod__ = __rmod__ = _refused("v % w", "for a number write v.data % 2 (v.data is the number of v)")
    __divmod__ = __rdivmod__ = _refused("divmod(v, w)", "for numbers write divmod(v.data, 2)")
    __matmul__ = __rmatmul__ = _refused(
        "v @ w", "a Value is one number, so write v * w; the product of two lists of Values is dot(w, x)"
    )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **_: Any) -> Any:
        """What NumPy calls for ``np.float64(2) * v``, which is arithmetic, and ``np.exp(v)``, refused."""
        name = ufunc.__name__
        if name in _COMPARISONS:  # a NumPy scalar comes as an array without axes
            return _COMPARISONS[name](*[x if isinstance(x, Refusals) else to_float(x[()]) for x in inputs])
        if name in _OPERATORS:
            role = "arithmetic with a Value"
            return _OPERATORS[name](*[x if isinstance(x, Refusals) else to_float(x, role) for x in inputs])
        is_ours = hasattr(self, name)
        remedy = f"{name}(v), with `from micrograd_dl import {name}`" if is_ours else f"np.{name}(v.data)"
        raise TypeError(f"np.{name} does not take a Value: write {remedy}")


def leaf_data(data: object, label: object) -> float:
    """The number of a new leaf, if both are what a leaf takes."""
    if isinstance(data, Refusals):
        raise TypeError("this is a Value already; for a new leaf write Value(v.data)")
    if not isinstance(label, str):
        hint = f": the number comes first, Value({label!r}, {data!r})" if isinstance(data, str) else ""
        raise TypeError(f"a label is text, not the {type(label).__name__} {label!r}{hint}")
    return to_float(data)


def undefined(
    operation: Any, error: Exception, values: Sequence[float], names: Sequence[str] = ()
) -> Exception:
    """The error to raise where an operation of the table is undefined: built in, and says what and where.

    Among operands with names, one without a name is shown by its number.
    """
    names = names or operation.operand_names(len(values))
    names = [name or full_number(x) for name, x in zip(names, values, strict=True)]
    where = numbers_of(names, values)
    kind = ZeroDivisionError if isinstance(error, ZeroDivisionError) else ValueError
    return kind(
        f"{shortened(operation.written(names))} is not defined{f' at {where}' if where else ''}: "
        f"{operation.name} needs {operation.requirement or 'other operands'}"
    )
