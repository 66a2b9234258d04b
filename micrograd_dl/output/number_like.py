"""What Python asks of a number: comparisons, conversions, printing; and the names of micrograd's programs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from numbers import Real
from typing import Any, TypeAlias, TypeVar

from micrograd_dl.output.numbers import to_float
from micrograd_dl.output.refusals import Refusals

_Answer = TypeVar("_Answer", bool, float)

# Called with every comparison and conversion of a Value: relation, left, right, answer. A graph that is
# replayed at other numbers is right while all answers stay the same.
Observer: TypeAlias = Callable[[str, Any, Any, Any], None]
comparison_observer: ContextVar[Observer | None] = ContextVar("comparison_observer", default=None)


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Let `observer` be the observer of comparisons in a ``with`` block."""
    token = comparison_observer.set(observer)
    try:
        yield
    finally:
        comparison_observer.reset(token)


class GraphCutWarning(UserWarning):
    """A Value was turned into a plain number: no gradient flows through what is computed from that."""


class NumberLike(Refusals):
    """The base class of Value: what it does as any number does, by its data."""

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
        parts = [f"data={self.data!r}"]
        if self.grad != 0:
            parts.append(f"grad={self.grad!r}")
        if self.label:
            parts.append(f"label={self.label!r}")
        return f"Value({', '.join(parts)})"

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
    return _asked("is", value, value.data, number)


def _number(x: Comparable) -> float:
    return x.data if isinstance(x, NumberLike) else to_float(x, "comparison with a Value")


def require_value(node: object) -> None:
    """Raise TypeError unless `node` is a Value."""
    if not isinstance(node, NumberLike):
        raise TypeError(f"a Value is wanted here, not the {type(node).__name__} {node!r:.60}")
