"""What a model is: whatever `fit` can train and a gradient check can check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Model(Protocol):
    """The two methods that training needs; gradient checks use them too."""

    def parameters(self) -> Sequence[Any]:
        """The parameters: objects with ``data`` and ``grad``, each a number or an array."""

    def cost_and_grad(self, X: Any, Y: Any) -> float:
        """The cost of the examples X and targets Y; sets the parameters' ``grad``."""


def require_model(model: Any) -> None:
    """Raise TypeError unless `model` has both methods of a Model."""
    for name in ("parameters", "cost_and_grad"):
        if not callable(getattr(model, name, None)):
            what = f"the {type(model).__name__} has no {name}"
            raise TypeError(f"a model has parameters() and cost_and_grad(X, Y); {what}")
