"""The Python protocols of a number: comparing, converting, printing; and operations that a Value refuses."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from numbers import Real
from typing import Any, NoReturn, TypeAlias, TypeVar

from micrograd_dl.foundation.html import table
from micrograd_dl.foundation.numbers import to_float

_Answer = TypeVar("_Answer", bool, float)

# Called with every comparison and conversion of a Value: relation, left, right, answer. A graph that is
# replayed at other numbers is right while all answers stay the same.
Observer: TypeAlias = Callable[[str, Any, Any, Any], None]
comparison_observer: ContextVar[Observer | None] = ContextVar("comparison_observer", default=None)

CONVERTED = "is"  # the relation that an observer is told of where a Value becomes a plain number

_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "power": operator.pow,
}  # fmt: skip
_COMPARISONS: dict[str, Callable[..., Any]] = {
    "less": operator.lt, "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
    "equal": operator.eq, "not_equal": operator.ne,
}  # fmt: skip
_WHOLE = "its slope is 0 almost everywhere; for a number write {} (v.data is the number of v)"


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Let `observer` be the observer of comparisons in a ``with`` block."""
    token = comparison_observer.set(observer)
    try:
        yield
    finally:
        comparison_observer.reset(token)


@contextmanager
def conversion_refused(what: str) -> Iterator[None]:
    """Raise TypeError where `what` converts a Value to a plain number in a ``with`` block."""
    outer = comparison_observer.get()

    def observe(relation: str, left: Any, right: Any, answer: Any) -> None:
        if relation == CONVERTED:
            raise TypeError(
                f"{what} turns a Value into a plain number (by math or float), so it has no graph: write it "
                "with the functions of micrograd_dl, such as exp"
            )
        if outer is not None:
            outer(relation, left, right, answer)

    with observed(observe):
        yield


class GraphCutWarning(UserWarning):
    """A Value was turned into a plain number, through which no gradient flows."""


def _refused(shown: str, remedy: str) -> Callable[..., NoReturn]:
    """A method that refuses an operation without a useful derivative, and says what to write instead."""

    def refuse(*_: Any) -> NoReturn:
        raise TypeError(f"{shown} is not defined for a Value: {remedy}")

    return refuse


class NumberLike:
    """The base class of Value: its behaviour as a number, through its data; and refusals."""

    __slots__ = ()

    data: float
    grad: float
    label: str
    op: Any
    operands: Any

    @property
    def _prev(self) -> set[Any]:
        """The operands, as programs written for micrograd read them."""
        return set(self.operands)

    @property
    def _op(self) -> str:
        """The operation's symbol, as programs written for micrograd read it; empty for a leaf."""
        return self.op.symbol if self.op is not None else ""

    def __repr__(self) -> str:
        grad = f", grad={self.grad!r}" if self.grad != 0 else ""
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self.data!r}{grad}{label})"

    def _repr_html_(self) -> str:
        row = (self.label, self._op or "leaf", f"{self.data:.6g}", f"{self.grad:.6g}")
        return table(("Value", "operation", "data", "gradient"), [row])

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def item(self) -> float:
        """The number, for what needs no gradient: printing, plotting, a list of losses."""
        return self.data

    def __float__(self) -> float:
        return _cut(self, "float(v)", self.data)

    def __int__(self) -> int:
        return int(_cut(self, "int(v)", self.data))

    def __bool__(self) -> bool:
        return _asked("!=", self, 0.0, self.data != 0)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, NumberLike):
            return self is other
        if not isinstance(other, Real | Decimal):
            return NotImplemented
        return _asked("==", self, other, self.data == other)

    __hash__ = object.__hash__

    def __lt__(self, other: Comparable) -> bool:
        return _asked("<", self, other, self.data < _number(other))

    def __le__(self, other: Comparable) -> bool:
        return _asked("<=", self, other, self.data <= _number(other))

    def __gt__(self, other: Comparable) -> bool:
        return _asked(">", self, other, self.data > _number(other))

    def __ge__(self, other: Comparable) -> bool:
        return _asked(">=", self, other, self.data >= _number(other))

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
        """NumPy calls this for ``np.float64(2) * v``, which is arithmetic, and ``np.exp(v)``, refused."""
        name = ufunc.__name__
        if name in _COMPARISONS:  # a NumPy scalar comes as an array without axes
            return _COMPARISONS[name](*[x if isinstance(x, NumberLike) else to_float(x[()]) for x in inputs])
        if name in _OPERATORS:
            role = "arithmetic with a Value"
            return _OPERATORS[name](*[x if isinstance(x, NumberLike) else to_float(x, role) for x in inputs])
        is_ours = hasattr(self, name)
        remedy = f"{name}(v), with `from micrograd_dl import {name}`" if is_ours else f"np.{name}(v.data)"
        raise TypeError(f"np.{name} does not take a Value: write {remedy}")


Comparable: TypeAlias = "NumberLike | float | Real | Decimal"


def _asked(relation: str, left: NumberLike, right: Any, answer: _Answer) -> _Answer:
    """`answer`, after the observer of comparisons was told."""
    if (observer := comparison_observer.get()) is not None:
        observer(relation, left, right, answer)
    return answer


def _cut(value: Any, how: str, number: float) -> float:
    """The number of a Value that leaves the graph, with a warning unless it is a constant."""
    if not value.is_constant and comparison_observer.get() is None:
        warnings.warn(
            f"{how} of a Value ends the graph: no gradient flows through it. Write exp(v), not math.exp(v); "
            "where only the number is wanted, v.data or v.item()",
            GraphCutWarning,
            stacklevel=3,
        )
    return _asked(CONVERTED, value, value.data, number)


def _number(x: Comparable) -> float:
    return x.data if isinstance(x, NumberLike) else to_float(x, "comparison with a Value")


def leaf_data(data: object, label: object) -> float:
    """The number of a new leaf; TypeError if it is no number, or the label no text."""
    if isinstance(data, NumberLike):
        raise TypeError("this is a Value already; for a new leaf write Value(v.data)")
    if not isinstance(label, str):
        hint = f": the number comes first, Value({label!r}, {data!r})" if isinstance(data, str) else ""
        raise TypeError(f"a label is text, not the {type(label).__name__} {label!r}{hint}")
    return to_float(data)


def require_value(node: object) -> None:
    """Raise TypeError unless `node` is a Value."""
    if not isinstance(node, NumberLike):
        raise TypeError(f"a Value is wanted here, not the {type(node).__name__} {node!r:.60}")
