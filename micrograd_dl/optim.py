"""Optimisers, each written once for anything with ``data`` and ``grad``: Values, arrays, one flat theta.

The update rules are the course's (section 9); a state of theirs is a number or an array, like the parameter
it is for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from micrograd_dl.coerce import to_float
from micrograd_dl.ops import sqrt


class HasGrad(Protocol):
    """A parameter: numbers, and the derivatives of the cost by them."""

    data: Any
    grad: Any


Schedule: TypeAlias = Callable[[int], float]


def inverse_time(alpha0: float, rate: float) -> Schedule:
    """The learning rate ``alpha0 / (1 + rate * epoch)``.

    >>> alpha = inverse_time(0.2, 1.0)
    >>> [alpha(epoch) for epoch in range(3)]
    [0.2, 0.1, 0.06666666666666667]
    """
    return lambda epoch: alpha0 / (1 + rate * epoch)


class Optimiser(ABC):
    """What all optimisers do; a rule says by how much one parameter changes.

    Args:
        parameters: what to change, such as ``model.parameters()``.
        learning_rate: alpha, or a function of the epoch that gives it.

    Attributes:
        steps: how many steps were done.
        epoch: what a learning rate that decays goes by; `fit` counts it.
        state: for each kept quantity of the rule, one entry a parameter.

    Raises:
        ValueError: there are no parameters, or the learning rate is not above 0.
    """

    def __init__(self, parameters: Sequence[HasGrad], learning_rate: float | Schedule) -> None:
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError("there are no parameters to optimise: pass model.parameters()")
        self.learning_rate = learning_rate
        self.steps = 0
        self.epoch = 0
        self.state: dict[str, list[Any]] = {}
        self._changes: dict[int, Any] = {}
        _ = self.alpha

    @property
    def alpha(self) -> float:
        """The learning rate of this epoch."""
        alpha = self.learning_rate(self.epoch) if callable(self.learning_rate) else self.learning_rate
        return _above_zero(alpha, "the learning rate")

    def hyperparameters(self) -> dict[str, float]:
        """What the rule goes by in this epoch, by name.

        >>> from micrograd_dl.value import Value
        >>> Momentum([Value(1.0)]).hyperparameters()
        {'learning_rate': 0.1, 'beta': 0.9}
        """
        own = {name: x for name, x in vars(self).items() if isinstance(x, float) and name != "learning_rate"}
        return {"learning_rate": self.alpha, **own}

    def step(self) -> None:
        """Change every parameter once, by its gradient."""
        self.steps += 1
        alpha = self.alpha
        for i, p in enumerate(self.parameters):
            direction = self._direction(i, p.grad)
            if isinstance(direction, np.ndarray):  # its memory is asked for once
                if i not in self._changes:
                    self._changes[i] = np.empty_like(direction)
                change = self._changes[i]
                p.data -= np.multiply(direction, alpha, out=change)
            else:
                p.data -= alpha * direction

    def zero_grad(self) -> None:
        """Set every gradient to 0."""
        for p in self.parameters:
            p.grad = 0.0 if isinstance(p.grad, float) else _zeroed(p.grad)

    @abstractmethod
    def _direction(self, i: int, grad: Any) -> Any:
        """What parameter i moves against, for a gradient."""

    def _average(self, name: str, i: int, beta: float, x: Any) -> Any:
        """Parameter i's exponentially weighted average, ``v = beta v + (1 - beta) x``, kept as `name`."""
        kept = self.state.setdefault(name, [0.0] * len(self.parameters))
        kept[i] = beta * kept[i] + (1 - beta) * x
        return kept[i]


class GradientDescent(Optimiser):
    """``w := w - alpha dw``.

    >>> from micrograd_dl.value import Value
    >>> w = Value(1.0)
    >>> w.grad = 0.5
    >>> GradientDescent([w], 0.1).step()
    >>> w.data
    0.95
    """

    def __init__(self, parameters: Sequence[HasGrad], learning_rate: float | Schedule = 0.1) -> None:
        super().__init__(parameters, learning_rate)

    def _direction(self, i: int, grad: Any) -> Any:
        return grad


class Momentum(Optimiser):
    """``v = beta v + (1 - beta) dw``; ``w := w - alpha v``.

    PyTorch's has no factor ``1 - beta``.
    """

    def __init__(
        self, parameters: Sequence[HasGrad], learning_rate: float | Schedule = 0.1, beta: float = 0.9
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.beta = _fraction(beta, "beta")

    def _direction(self, i: int, grad: Any) -> Any:
        return self._average("v", i, self.beta, grad)


class RMSprop(Optimiser):
    """``s = beta2 s + (1 - beta2) dw^2``; ``w := w - alpha dw / (sqrt(s) + eps)``."""

    def __init__(
        self,
        parameters: Sequence[HasGrad],
        learning_rate: float | Schedule = 0.01,
        beta2: float = 0.99,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.beta2, self.eps = _fraction(beta2, "beta2"), _above_zero(eps, "eps")

    def _direction(self, i: int, grad: Any) -> Any:
        return grad / (sqrt(self._average("s", i, self.beta2, grad * grad)) + self.eps)


class Adam(Optimiser):
    """Momentum and RMSprop together, both corrected for their bias by ``1 - beta^t``."""

    def __init__(
        self,
        parameters: Sequence[HasGrad],
        learning_rate: float | Schedule = 0.01,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.beta1, self.beta2 = _fraction(beta1, "beta1"), _fraction(beta2, "beta2")
        self.eps = _above_zero(eps, "eps")

    def _direction(self, i: int, grad: Any) -> Any:
        v = self._average("v", i, self.beta1, grad) / (1 - self.beta1**self.steps)
        s = self._average("s", i, self.beta2, grad * grad) / (1 - self.beta2**self.steps)
        return v / (sqrt(s) + self.eps)


def _zeroed(grad: Any) -> Any:
    grad[...] = 0
    return grad


def _above_zero(x: float, what: str) -> float:
    x = to_float(x, what)
    if not 0 < x < float("inf"):
        raise ValueError(f"{what} is a number above 0, not {x!r}")
    return x


def _fraction(x: float, what: str) -> float:
    x = to_float(x, what)
    if not 0 <= x < 1:
        raise ValueError(f"{what} is from 0 to below 1, not {x!r}")
    return x
