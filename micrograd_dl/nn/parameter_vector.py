"""All parameters of a model as one vector, as the course flattens them, and what each component is called.

A model is anything with ``parameters()``, of which each has its numbers in ``data``, one or an array of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from micrograd_dl.nn.network import Array, Network


class Model(Protocol):
    """What is trained: see ARCHITECTURE.md."""

    def parameters(self) -> Sequence[Any]:
        """Things with ``data`` and ``grad``."""

    def cost_and_grad(self, X: Any, Y: Any) -> float:
        """The cost, whose derivatives are then in ``grad``."""


def require_model(model: Any) -> None:
    """Raise TypeError unless it has what a model has."""
    for name in ("parameters", "cost_and_grad"):
        if not callable(getattr(model, name, None)):
            what = f"the {type(model).__name__} has no {name}"
            raise TypeError(f"a model has parameters() and cost_and_grad(X, Y); {what}")


def parameter_vector(parameters: Sequence[Any], what: str = "data") -> Array:
    """All numbers of the parameters in one vector, a copy: theta, or with ``what="grad"`` dtheta."""
    return np.concatenate([np.ravel(getattr(p, what)) for p in parameters])


@contextmanager
def restoring(parameters: Sequence[Any]) -> Iterator[None]:
    """Afterwards data and grad are what they were, whatever happened inside, an error or Ctrl-C too."""
    before = [{what: np.copy(getattr(p, what)) for what in ("data", "grad")} for p in parameters]
    try:
        yield
    finally:
        for p, numbers in zip(parameters, before, strict=True):
            for what, x in numbers.items():
                there = getattr(p, what)
                if isinstance(there, np.ndarray) and there.shape == x.shape:
                    there[...] = x  # in place, as a model may have views of it
                else:
                    setattr(p, what, x if x.ndim else x.item())


def component_names(model: Model) -> list[str]:
    """What each component of the parameter vector is called, as Values are: ``W2[1,3]``, ``b2[1]``.

    Of a model that is no Network, the names are made of the parameter's ``label``, if it has one.

    >>> from micrograd_dl.vectorized import MLP
    >>> component_names(MLP(2, [1], ["sigmoid"], seed=1))
    ['W1[1,1]', 'W1[1,2]', 'b1[1]']
    """
    return [name for k, p in enumerate(model.parameters()) for name in _names(k, p)]


def _names(k: int, parameter: Any) -> Sequence[str]:
    label = getattr(parameter, "label", "") or f"parameters[{k}]"
    if not isinstance(parameter.data, np.ndarray):
        return [label]
    if entries := getattr(parameter, "entries", ()):
        return list(entries)
    # Of a column of a network, the second index is 1 throughout.
    is_column = re.fullmatch(r"(b|gamma|beta)\d+", label)
    shape = parameter.data.shape[:1] if is_column else parameter.data.shape
    return [f"{label}[{','.join(str(i + 1) for i in place)}]" for place in np.ndindex(shape)]


def weights_only(model: Network) -> list[Any]:
    """Of each parameter, what of it is weights: True or False, or an array of these; biases are not.

    It is what an optimiser takes as `decays`.

    >>> from micrograd_dl.vectorized import MLP
    >>> weights_only(MLP(2, [1], ["sigmoid"], seed=1))
    [array([[ True,  True]]), array([[False]])]
    """
    found: list[Any] = []
    for k, p in enumerate(model.parameters()):
        of_weight = [name.startswith("W") for name in _names(k, p)]
        found.append(np.reshape(of_weight, p.data.shape) if isinstance(p.data, np.ndarray) else of_weight[0])
    return found
