"""Losses of one example, each written once over the operations of the table (course, sections 2 and 10).

The loss of a sigmoid or a softmax output is computed from z, which is stable for every z; its derivative by
z is exactly a - y.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.engine import ops
from micrograd_dl.foundation.lookup import look_up

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """A measure of how wrong an output is.

    Attributes:
        of: computes the loss from the output layer's z, its a and the targets y, sequences over the units.
        output: the activation that the output layer must have, or None: any but softmax.
        targets: what the targets are, in words.
        decide: for classes, turns outputs into the predicted classes; None for numbers.
        classes: for probabilities, the number of classes that n_y outputs stand for; None for others.
        possible: True for each valid target; None if every number is valid.
        remedy: advice in the message that refuses a target.
    """

    name: str
    of: Callable[[Sequence[Any], Sequence[Any], Sequence[Any]], Any]
    output: str | None
    targets: str
    decide: Callable[[Array], Array] | None = None
    classes: Callable[[int], int] | None = None
    possible: Callable[[Array], Array] | None = None
    remedy: str = ", or take the loss squared, for numbers"

    def smoothed(self, Y: Array, epsilon: float) -> Array:
        """Smoothed targets, ``(1 - epsilon) y + epsilon / classes``."""
        assert self.classes is not None
        return (1 - epsilon) * Y + epsilon / self.classes(len(Y))

    def require_possible(self, Y: Array) -> None:
        """Raise ValueError if a finite target is not valid; `fit` names targets that are not finite."""
        if self.possible is None or (possible := self.possible(Y)).all():
            return
        wrong = np.argwhere(np.isfinite(Y) & ~possible)
        if len(wrong):
            i, k = wrong[0]
            raise ValueError(
                f"the loss {self.name} takes as targets {self.targets}; Y holds {Y[i, k]} in row {i + 1}, "
                f"example {k + 1}: convert them{self.remedy}"
            )

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str | tuple[Any, ...]:
        # A copy of a built-in loss is that loss itself.
        if LOSSES.get(self.name) is self:
            return self.name
        return Loss, tuple(getattr(self, each.name) for each in fields(self))


def _sum(terms: list[Any]) -> Any:
    return terms[0] if len(terms) == 1 else ops.sum(*terms)


def _logistic(z: Sequence[Any], a: Sequence[Any], y: Sequence[Any]) -> Any:
    return _sum([ops.softplus(unit) - target * unit for unit, target in zip(z, y, strict=True)])


def _cross_entropy(z: Sequence[Any], a: Sequence[Any], y: Sequence[Any]) -> Any:
    return ops.logsumexp(*z) - _sum([target * unit for unit, target in zip(z, y, strict=True)])


def _squared(z: Sequence[Any], a: Sequence[Any], y: Sequence[Any]) -> Any:
    return _sum([(unit - target) ** 2 / 2 for unit, target in zip(a, y, strict=True)])


def _max_margin(z: Sequence[Any], a: Sequence[Any], y: Sequence[Any]) -> Any:
    return _sum([ops.relu(1.0 - target * unit) for unit, target in zip(a, y, strict=True)])


def _huber(z: Sequence[Any], a: Sequence[Any], y: Sequence[Any]) -> Any:
    terms = []
    for unit, target in zip(a, y, strict=True):
        apart = ops.abs(unit - target)
        near = ops.minimum(apart, 1.0)  # a parabola up to here, and its tangent from there on
        terms.append(near * (apart - near / 2))
    return _sum(terms)


logistic = Loss(
    "logistic", _logistic, "sigmoid", "probabilities: 0 or 1 for a class",
    decide=lambda A: (A >= 0.5).astype(int), classes=lambda n_y: 2,
    possible=lambda Y: (Y >= 0) & (Y <= 1),
)  # fmt: skip
cross_entropy = Loss(
    "cross_entropy", _cross_entropy, "softmax", "one-hot columns, whose sum is 1",
    decide=lambda A: np.asarray(A.argmax(axis=0, keepdims=True)), classes=lambda n_y: n_y,
    possible=lambda Y: (Y >= 0) & (np.abs(Y.sum(axis=0) - 1) < 1e-5), remedy=" with one_hot",
)  # fmt: skip
squared = Loss("squared", _squared, None, "numbers")
max_margin = Loss(
    "max_margin", _max_margin, None, "-1 or 1",
    decide=lambda A: np.where(A >= 0, 1, -1), possible=lambda Y: np.abs(Y) == 1,
)  # fmt: skip
huber = Loss("huber", _huber, None, "numbers, of which some may be far out")

LossName: TypeAlias = Literal["logistic", "cross_entropy", "squared", "max_margin", "huber"]
LOSSES = {loss.name: loss for loss in (logistic, cross_entropy, squared, max_margin, huber)}


def default_loss(output: str) -> Loss:
    """The loss that goes with an output activation: logistic, cross-entropy, or squared error."""
    return next((loss for loss in LOSSES.values() if loss.output == output), squared)


def loss(name: str | Loss | None, output: str) -> Loss:
    """The loss of that name, or the default, for that output activation; ValueError if they do not fit."""
    if name is None:
        return default_loss(output)
    found = name if isinstance(name, Loss) else look_up(name, LOSSES, "loss")
    if found.output not in (None, output) or (found.output is None and output == "softmax"):
        wanted = found.output or "an output of single units, such as linear"
        raise ValueError(
            f"the loss {found.name} takes the output activation {wanted}, not {output}; "
            f"{output} goes with the loss {default_loss(output).name}"
        )
    return found
