"""Optimisers, each written once for anything with ``data`` and ``grad``: Values, arrays, one flat theta.

The update rules are the course's (section 9); a state of theirs is an array, like the block it is for.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Protocol, Self, TypeAlias, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.engine.ops import maximum, sqrt
from micrograd_dl.foundation.numbers import above_zero, from_zero
from micrograd_dl.foundation.text import plural
from micrograd_dl.optim.averages import averaged, fraction, unbiased
from micrograd_dl.optim.clipping import clip_by_norm, clip_by_value
from micrograd_dl.optim.schedules import Schedule, by_steps


class HasGrad(Protocol):
    """A parameter: numbers, and the derivatives of the cost by them."""

    data: Any
    grad: Any


Parameters: TypeAlias = Sequence[HasGrad]
Rate: TypeAlias = float | Schedule


class Options(TypedDict, total=False):
    """The arguments that all optimisers take by name."""

    clip_value: float | None
    clip_norm: float | None
    weight_decay: float | None
    decays: Sequence[bool | NDArray[np.bool_]] | None


_ELSEWHERE = {  # what other libraries call an option
    "lr": "learning_rate",
    "alpha": "learning_rate",
    "betas": "beta1=..., beta2=...",
    "rho": "beta2",
    "epsilon": "eps",
    "momentum": "Momentum(parameters, learning_rate, beta)",
    "nesterov": "Nesterov(parameters, learning_rate, beta)",
    "amsgrad": "AMSGrad(parameters, learning_rate)",
}


class _Numbers:
    """All parameters that are single numbers, such as Values, as one block: faster than one by one."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    @property
    def grad(self) -> Any:
        return np.array(array("d", [p.grad for p in self.parameters]))  # which takes None for no number

    @property
    def data(self) -> Any:
        return np.array(array("d", [p.data for p in self.parameters]))

    @data.setter
    def data(self, numbers: Any) -> None:
        for p, x in zip(self.parameters, numbers.tolist(), strict=True):
            p.data = x


class Optimiser(ABC):
    """The base class of optimisers; a subclass gives the direction of each step.

    Each parameter that is an array is a block; all single numbers together are another block.

    Args:
        parameters: what to change, such as ``model.parameters()``.
        learning_rate: alpha, or a schedule of :mod:`~micrograd_dl.optim.schedules` that gives it.
        clip_value, clip_norm: the largest absolute component and the largest norm of the gradient.
        weight_decay: before each step, parameters are multiplied by ``1 - alpha * weight_decay``.
        decays: which parameters decay: for each of them True, False or an array of these, such as
            ``weights_only(model)``; by default all.

    Attributes:
        steps: how many steps were done.
        epoch: the epochs done, which a schedule is called with; `fit` counts them.
        state: for each average that the rule keeps, one entry a block.

    Raises:
        ValueError: there are no parameters, or a hyperparameter is out of its bounds.
        TypeError: a parameter has no ``data`` and ``grad``, a hyperparameter is no number, or there is no
            such option.
    """

    # Options that are given are set on the optimiser itself, and so become its hyperparameters.
    clip_value = clip_norm = math.inf
    weight_decay = 0.0

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: Rate = 0.1,
        *,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        weight_decay: float | None = None,
        decays: Sequence[bool | NDArray[np.bool_]] | None = None,
        **unknown: object,
    ) -> None:
        kind = type(self).__name__
        for name in unknown:
            advice = f"write {_ELSEWHERE[name]}" if name in _ELSEWHERE else "its docstring says what it takes"
            raise TypeError(f"{kind} takes no {name}: {advice}")
        if hasattr(parameters, "parameters"):
            raise ValueError(f"an optimiser takes the parameters, not the model: {kind}(model.parameters())")
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError("there are no parameters to optimise: pass model.parameters()")
        for p in self.parameters:
            if not (hasattr(p, "data") and hasattr(p, "grad")):
                problem = f"a parameter has data and grad, as a Value, not the {type(p).__name__} {p!r:.40}"
                raise TypeError(f"{problem}: make Values of numbers, or pass model.parameters()")
        numbers = [p for p in self.parameters if not isinstance(p.data, np.ndarray)]
        self._has_numbers = bool(numbers)
        self._blocks: list[Any] = [p for p in self.parameters if isinstance(p.data, np.ndarray)]
        if numbers:
            self._blocks.insert(0, _Numbers(numbers))
        self.learning_rate = learning_rate
        self.steps = self.epoch = 0
        self.state: dict[str, list[Any]] = {}
        for name, x in (("clip_value", clip_value), ("clip_norm", clip_norm)):
            if x is not None:
                setattr(self, name, above_zero(x, name))
        decay = self.weight_decay if weight_decay is None else weight_decay
        if decay or self.weight_decay:
            self.weight_decay = from_zero(decay, "weight_decay")
        which = [True] * len(self.parameters) if decays is None else decays
        self._decays = self._decays_of(which) if self.weight_decay else []
        _ = self.alpha  # which raises if it is none

    @property
    def alpha(self) -> float:
        """The learning rate of the next step."""
        rate = self.learning_rate
        if not callable(rate):
            return above_zero(rate, "the learning rate")
        t = self.steps if isinstance(rate, by_steps) else self.epoch
        return from_zero(rate(t), "the learning rate of a schedule")

    def hyperparameters(self) -> dict[str, float]:
        """The hyperparameters of the next step, by name."""
        own = {name: x for name, x in vars(self).items() if isinstance(x, float) and name != "learning_rate"}
        return {"learning_rate": self.alpha, **own}

    def __repr__(self) -> str:
        own = ", ".join(f"{name}={x:g}" for name, x in self.hyperparameters().items())
        count = sum(np.size(p.data) for p in self.parameters)
        return f"<{type(self).__name__}: {own}; {plural(count, 'parameter')}, {plural(self.steps, 'step')}>"

    def __copy__(self) -> Self:
        """An optimiser of these parameters with its own copy of the state."""
        twin = object.__new__(type(self))
        vars(twin).update(vars(self))
        twin.state = {name: list(kept) for name, kept in self.state.items()}  # entries are never changed
        return twin

    def step(self) -> None:
        """Change every parameter once, by its gradient."""
        # Python numbers would overflow silently too.
        with np.errstate(over="ignore", invalid="ignore") if self._has_numbers else nullcontext():
            alpha = self.alpha
            self.steps += 1
            gradients = [p.grad for p in self._blocks]
            if self.clip_value < math.inf:
                gradients = clip_by_value(gradients, self.clip_value)
            if self.clip_norm < math.inf:
                gradients = clip_by_norm(gradients, self.clip_norm)
            for i, (p, grad) in enumerate(zip(self._blocks, gradients, strict=True)):
                direction = self._direction(i, grad)
                if self._decays:
                    direction = direction + self._decays[i] * p.data
                p.data -= alpha * direction

    def block_shapes(self) -> list[tuple[int, ...]]:
        """The shape of each block, which an entry of `state` has too, unless it is a number."""
        return [np.shape(block.data) for block in self._blocks]

    def zero_grad(self) -> None:
        """Set every gradient to 0."""
        for p in self.parameters:
            p.grad = np.zeros_like(p.grad) if isinstance(p.grad, np.ndarray) else 0.0

    @abstractmethod
    def _direction(self, i: int, grad: Any) -> Any:
        """The direction subtracted, times alpha, from block i; it must not modify `grad`."""

    def _average(self, name: str, i: int, beta: float, x: Any) -> Any:
        """Block i's exponentially weighted average, ``v = beta v + (1 - beta) x``, kept as `name`."""
        kept = self.kept(name)
        kept[i] = averaged(kept[i], x, beta)
        return kept[i]

    def kept(self, name: str) -> list[Any]:
        """The entry of `state` with that name; at first 0 for each block."""
        return self.state.setdefault(name, [0.0] * len(self._blocks))

    def _decays_of(self, which: Sequence[Any]) -> list[Any]:
        """The part of each block that a step takes away, times alpha: an array of its shape."""
        count = len(self.parameters)
        if len(which) != count:
            raise ValueError(f"decays says of each parameter what decays: {count} of them, not {len(which)}")
        numbers, arrays = [], []
        for i, (what, p) in enumerate(zip(which, self.parameters, strict=True)):
            if np.shape(what) not in ((), np.shape(p.data)):
                wanted = f"True, False or an array of these like its parameter, {np.shape(p.data)}"
                raise ValueError(f"decays[{i}] is {wanted}, not {np.shape(what)}")
            if isinstance(p.data, np.ndarray):
                arrays.append(self.weight_decay * np.asarray(what, p.data.dtype))
            else:
                numbers.append(self.weight_decay * bool(what))
        return [np.array(numbers), *arrays] if numbers else arrays


class GradientDescent(Optimiser):
    """``w := w - alpha dw``.

    >>> from micrograd_dl.engine.value import Value
    >>> w = Value(1.0)
    >>> w.grad = 0.5
    >>> GradientDescent([w], 0.1).step()
    >>> w.data
    0.95
    """

    def _direction(self, i: int, grad: Any) -> Any:
        return grad


class Momentum(Optimiser):
    """``v = beta v + (1 - beta) dw``; ``w := w - alpha v``; PyTorch's has no factor ``1 - beta``."""

    def __init__(
        self, parameters: Parameters, learning_rate: Rate = 0.1, beta: float = 0.9, **options: Unpack[Options]
    ) -> None:
        super().__init__(parameters, learning_rate, **options)
        self.beta = fraction(beta, "beta")

    def _direction(self, i: int, grad: Any) -> Any:
        return self._average("v", i, self.beta, grad)


class Nesterov(Momentum):
    """Momentum that looks ahead: ``w := w - alpha (beta v + (1 - beta) dw)``, with the new v."""

    def _direction(self, i: int, grad: Any) -> Any:
        return averaged(super()._direction(i, grad), grad, self.beta)


class RMSprop(Optimiser):
    """``s = beta2 s + (1 - beta2) dw^2``; ``w := w - alpha dw / (sqrt(s) + eps)``; PyTorch's."""

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: Rate = 0.01,
        beta2: float = 0.99,
        eps: float = 1e-8,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(parameters, learning_rate, **options)
        self.beta2, self.eps = fraction(beta2, "beta2"), above_zero(eps, "eps")

    def _direction(self, i: int, grad: Any) -> Any:
        return grad / (sqrt(self._average("s", i, self.beta2, grad * grad)) + self.eps)


class Adam(Optimiser):
    """Momentum and RMSprop together, both corrected for their bias by ``1 - beta^t``; PyTorch's."""

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: Rate = 0.01,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(parameters, learning_rate, **options)
        self.beta1, self.beta2 = fraction(beta1, "beta1"), fraction(beta2, "beta2")
        self.eps = above_zero(eps, "eps")

    def _direction(self, i: int, grad: Any) -> Any:
        v = unbiased(self._average("v", i, self.beta1, grad), self.beta1, self.steps)
        s = unbiased(self._square(i, grad), self.beta2, self.steps)
        return v / (sqrt(s) + self.eps)

    def _square(self, i: int, grad: Any) -> Any:
        return self._average("s", i, self.beta2, grad * grad)


class AdamW(Adam):
    """Adam whose weights decay by themselves, by ``weight_decay=0.01`` unless another is given.

    Under L2 regularisation, weights with large gradients would hardly decay: Adam divides by their size.
    """

    weight_decay = 0.01


class AMSGrad(Adam):
    """Adam with the largest s so far, before the correction of bias, in place of s; PyTorch's."""

    def _square(self, i: int, grad: Any) -> Any:
        largest = self.kept("largest s")
        largest[i] = maximum(largest[i], super()._square(i, grad))
        return largest[i]


class Lion(Optimiser):
    """Use the sign only, so all steps have one size: ``w := w - alpha sign(beta1 v + (1 - beta1) dw)``.

    Then ``v := beta2 v + (1 - beta2) dw``. Made to go with `weight_decay`.
    """

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: Rate = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.99,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(parameters, learning_rate, **options)
        self.beta1, self.beta2 = fraction(beta1, "beta1"), fraction(beta2, "beta2")

    def _direction(self, i: int, grad: Any) -> Any:
        v = self.kept("v")[i]
        self._average("v", i, self.beta2, grad)
        return np.sign(averaged(v, grad, self.beta1))


OPTIMISERS: dict[str, Callable[..., Optimiser]] = {
    "descent": GradientDescent,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
    "amsgrad": AMSGrad,
    "lion": Lion,
}
