"""All parameters of a model as one vector theta, as the course flattens them: what each component is called.

A model is anything with ``parameters()``, of which each has its numbers in ``data``, one or an array of them.
Where what a network names lies in them is the backend's own affair, so it is
found by trying: each W, b, gamma and beta is set to numbers of its own, which are then looked for.
"""

from __future__ import annotations

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
            raise TypeError(
                f"a model has parameters() and cost_and_grad(X, Y); the {type(model).__name__} has no {name}"
            )


def vector(parameters: Sequence[Any], what: str = "data") -> Array:
    """All numbers of the parameters, ``what`` being ``"data"`` or ``"grad"``: theta or dtheta, a copy."""
    return np.concatenate([np.ravel(getattr(p, what)) for p in parameters])


@contextmanager
def kept(parameters: Sequence[Any]) -> Iterator[None]:
    """Whatever happens inside, an error or Ctrl-C too: data and grad are afterwards what they were."""
    before = [(_copy(p.data), _copy(p.grad)) for p in parameters]
    try:
        yield
    finally:
        for p, (data, grad) in zip(parameters, before, strict=True):
            _set(p, "data", data)
            _set(p, "grad", grad)


def _set(parameter: Any, what: str, x: Any) -> None:
    """An array is changed in place, as a model may have views of it."""
    there = getattr(parameter, what)
    if isinstance(there, np.ndarray):
        there[...] = x
    else:
        setattr(parameter, what, x)


def _copy(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else x


def names(model: Model) -> list[str]:
    """What each component of theta is called: ``W2[1,4]`` is of layer 2, row 1, column 4.

    Of a model that is no Network, by the parameter's ``label``, if it has one.

    >>> from micrograd_dl.vectorized import MLP
    >>> names(MLP(2, [1], ["sigmoid"]))
    ['W1[1,1]', 'W1[1,2]', 'b1[1]']
    """
    parameters = model.parameters()
    found = [name for k, p in enumerate(parameters) for name in _plain_names(k, p)]
    if isinstance(model, Network):
        called = [
            f"{name}{counted_from_1(place[:1] if array.shape[1] == 1 and name[0] != 'W' else place)}"
            for name, array in model.named().items()
            for place in np.ndindex(array.shape)
        ]
        found = [called[at] if at >= 0 else name for at, name in zip(_places(model), found, strict=True)]
    return found


def weights_only(model: Network) -> list[Any]:
    """Of each parameter, what of it is weights: True or False, or an array of these; biases are not.

    It is what an optimiser takes as `decays`.

    >>> from micrograd_dl.vectorized import MLP
    >>> weights_only(MLP(2, [1], ["sigmoid"]))
    [array([ True,  True, False])]
    """
    of_weight = np.concatenate(
        [np.full(array.size, name.startswith("W")) for name, array in model.named().items()]
    )
    places = _places(model)
    flat = (places >= 0) & of_weight[places]
    found, start = [], 0
    for p in model.parameters():
        end = start + np.size(p.data)
        is_array = isinstance(p.data, np.ndarray)
        found.append(flat[start:end].reshape(p.data.shape) if is_array else bool(flat[start]))
        start = end
    return found


def _places(model: Network) -> Array:
    """Where each component of theta is in the arrays of `named`, counted on; -1 if in none of them."""
    parameters = model.parameters()
    with kept(parameters):
        for p in parameters:
            _set(p, "data", -1.0)
        counted, arrays = 0, {}
        for name, array in model.named().items():
            arrays[name] = counted + np.arange(array.size, dtype=float).reshape(array.shape)
            counted += array.size
        model.set_named(arrays)
        return vector(parameters).astype(int)


def _plain_names(k: int, parameter: Any) -> list[str]:
    label = getattr(parameter, "label", "") or f"parameters[{k}]"
    if not isinstance(parameter.data, np.ndarray):
        return [label]
    return [f"{label}{counted_from_1(place)}" for place in np.ndindex(parameter.data.shape)]


def counted_from_1(place: tuple[int, ...]) -> str:
    """An index as the course writes it: ``[2,1]`` for ``(1, 0)``.

    >>> counted_from_1((1, 0))
    '[2,1]'
    """
    return f"[{','.join(str(i + 1) for i in place)}]"
