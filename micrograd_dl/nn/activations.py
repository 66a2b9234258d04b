"""Activations of a layer, written once for Values and arrays alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from micrograd_dl.engine import ops
from micrograd_dl.foundation.lookup import look_up


@dataclass(frozen=True, slots=True, eq=False)
class Activation:
    """The function that a layer applies to its Z.

    `of` computes A from Z, a sequence with a Value, a float or an array of m examples for each unit.
    `squared_gain` is the variance of a good initial weight times the number of inputs (course, section 6).
    """

    name: str
    of: Callable[[Sequence[Any]], list[Any]]
    squared_gain: float = 1.0  # 2 for He's weights, 1 for Xavier's

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str | tuple[Any, ...]:
        # A copy of a built-in activation is that activation itself.
        is_built_in = ACTIVATIONS.get(self.name) is self
        return self.name if is_built_in else (Activation, (self.name, self.of, self.squared_gain))


def _mish(z: Sequence[Any]) -> list[Any]:
    return [unit * ops.tanh(ops.softplus(unit)) for unit in z]


def _softmax(z: Sequence[Any]) -> list[Any]:
    return list(ops.shares(ops.logsumexp(*z), *z))


linear = Activation("linear", list)
sigmoid = Activation("sigmoid", ops.sigmoid.each)
tanh = Activation("tanh", ops.tanh.each)
relu = Activation("relu", ops.relu.each, squared_gain=2.0)
leaky_relu = Activation("leaky_relu", ops.leaky_relu.each, squared_gain=2.0)
mish = Activation("mish", _mish, squared_gain=2.0)
softmax = Activation("softmax", _softmax)

ACTIVATIONS = {a.name: a for a in (linear, sigmoid, tanh, relu, leaky_relu, mish, softmax)}


def activation(name: str | Activation) -> Activation:
    """The activation of that name; ValueError if there is none.

    >>> activation("tanh").of([0.0, 1.0])
    [0.0, 0.7615941559557649]
    """
    return name if isinstance(name, Activation) else look_up(name, ACTIVATIONS, "activation")
