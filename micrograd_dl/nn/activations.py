"""Activations of a layer, written once for Values and arrays alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from micrograd_dl import operations
from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.foundation.lookup import look_up


@dataclass(frozen=True, slots=True, eq=False)
class Activation:
    """The function that a layer applies to its Z.

    Attributes:
        of: computes A from Z. Z is a sequence with an entry for each unit: a Value, a float or an array of m
            examples. A is a list of such entries.
        squared_gain: the variance of a good initial weight, times the number of inputs (course, section 6):
            with 2 a layer begins with He's weights, otherwise with Xavier's.
    """

    name: str
    of: Callable[[Sequence[Any]], list[Any]]
    squared_gain: float = 1.0

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str | tuple[Any, ...]:
        # A copy of a built-in activation is that activation itself; an operation is found by its name.
        if ACTIVATIONS.get(self.name) is self:
            return self.name
        if self.operation is not None:
            return activation, (self.name,)
        return Activation, (self.name, self.of, self.squared_gain)

    @property
    def operation(self) -> Operation | None:
        """The operation of the table that it is, if it has the name of one."""
        found = ops.TABLE.get(self.name)
        return found if found is not None and self.of == found.each else None


def _mish(z: Sequence[Any]) -> list[Any]:
    return [unit * ops.tanh(ops.softplus(unit)) for unit in z]


linear = Activation("linear", list)
sigmoid = Activation("sigmoid", ops.sigmoid.each)
tanh = Activation("tanh", ops.tanh.each)
relu = Activation("relu", ops.relu.each, squared_gain=2.0)
leaky_relu = Activation("leaky_relu", ops.leaky_relu.each, squared_gain=2.0)
mish = Activation("mish", _mish, squared_gain=2.0)
softmax = Activation("softmax", operations.softmax)

ACTIVATIONS = {a.name: a for a in (linear, sigmoid, tanh, relu, leaky_relu, mish, softmax)}
_LIKE_RELU = ("silu", "gelu", "elu")  # which begin with He's weights


def activation(name: str | Activation) -> Activation:
    """The activation of that name, or the operation of one operand; ValueError if there is none.

    >>> activation("tanh").of([0.0, 1.0])
    [0.0, 0.7615941559557649]
    >>> activation("softsign").of([0.0, 1.0])
    [0.0, 0.5]
    """
    if isinstance(name, Activation):
        return name
    found = ops.TABLE.get(str(name))
    if found is not None and found.arity == 1 and found.name not in ACTIVATIONS:
        return Activation(found.name, found.each, squared_gain=2.0 if name in _LIKE_RELU else 1.0)
    try:
        return look_up(name, ACTIVATIONS, "activation")
    except ValueError as error:
        own = "one of your own is to be defined first, with micrograd_dl.operation"
        raise ValueError(f"{error}, or an operation of one operand, such as silu; {own}") from None


def rules_on_arrays(name: str) -> tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]:
    """Of an operation of the table, A from an array Z, and the slope from Z and A; both of Z's dtype."""
    found: Any = activation(name).operation
    return (
        lambda Z: Z.dtype.type(found(Z)),
        lambda Z, A: Z.dtype.type(found.slopes(A, [Z])[0]),
    )
