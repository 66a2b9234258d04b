"""All parameters of a model as one vector, as the course flattens them, and the names of its components.

Each parameter has its numbers in ``data``: one number, or an array.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from micrograd_dl.nn.network import Array, Model, Network


def parameter_vector(parameters: Sequence[Any], what: str = "data") -> Array:
    """All numbers of the parameters in one vector, a copy: theta, or with ``what="grad"`` dtheta."""
    return np.concatenate([np.ravel(getattr(p, what)) for p in parameters])


@contextmanager
def restoring(parameters: Sequence[Any]) -> Iterator[None]:
    """Restore data and grad at the end of a ``with`` block, also after an error or Ctrl-C."""
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
    """The names of the components of the parameter vector, as Values have them: ``W2[1,3]``, ``b2[1]``.

    For a model that is no Network, names are made of the parameters' labels, where there are some.

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
    # The second index of a column is always 1, so it is left out.
    is_column = re.fullmatch(r"(b|gamma|beta)\d+", label)
    shape = parameter.data.shape[:1] if is_column else parameter.data.shape
    return [f"{label}[{','.join(str(i + 1) for i in place)}]" for place in np.ndindex(shape)]


def weights_only(model: Network) -> list[Any]:
    """For each parameter, True where its components are weights, False for biases, gamma and beta.

    A number has one flag, an array an array of flags. Optimisers take this list as `decays`.

    >>> from micrograd_dl.vectorized import MLP
    >>> weights_only(MLP(2, [1], ["sigmoid"], seed=1))
    [array([[ True,  True]]), array([[False]])]
    """
    found: list[Any] = []
    for k, p in enumerate(model.parameters()):
        of_weight = [name.startswith("W") for name in _names(k, p)]
        found.append(np.reshape(of_weight, p.data.shape) if isinstance(p.data, np.ndarray) else of_weight[0])
    return found
