"""What the rules and definitions of the table can compute with in place of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation


def _operator(operation: Operation, swapped: bool = False) -> Any:
    def method(self: Symbol, other: Any) -> Any:
        return self.apply_operation(operation, (other, self) if swapped else (self, other))

    return method


class Symbol:
    """A base class; ``apply_operation(operation, operands)`` of a subclass says what an operation gives."""

    apply_operation: Callable[..., Any]

    def __neg__(self) -> Any:
        return self.apply_operation(ops.neg, (self,))

    __add__, __radd__ = _operator(ops.add), _operator(ops.add, swapped=True)
    __sub__, __rsub__ = _operator(ops.sub), _operator(ops.sub, swapped=True)
    __mul__, __rmul__ = _operator(ops.mul), _operator(ops.mul, swapped=True)
    __truediv__, __rtruediv__ = _operator(ops.div), _operator(ops.div, swapped=True)
    __pow__, __rpow__ = _operator(ops.pow), _operator(ops.pow, swapped=True)
