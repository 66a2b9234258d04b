"""Checks of the options that describe a network: layer sizes, activations, dropout and the like."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any, Literal, TypeAlias, TypeVar

from micrograd_dl.foundation.lookup import look_up
from micrograd_dl.foundation.numbers import to_float
from micrograd_dl.foundation.text import plural
from micrograd_dl.nn.activations import Activation, activation
from micrograd_dl.nn.initialisers import INITIALISERS, Initialiser
from micrograd_dl.nn.losses import Loss
from micrograd_dl.nn.normalisation import KINDS, Kind

T = TypeVar("T")
Side: TypeAlias = Literal["right", "left"]  # of a kink, whose slope is taken there


def shape_of(n_x: Any, sizes: Any) -> tuple[int, ...]:
    """``(n[0], n[1], ..., n[L])``, each a whole number above 0."""
    if not isinstance(sizes, Iterable) or isinstance(sizes, str):
        raise ValueError(f"sizes are those of the layers in a list, such as [{sizes}], not {sizes!r}")
    shape = (n_x, *sizes)
    if len(shape) < 2 or not all(isinstance(n, Integral) and int(n) > 0 for n in shape):
        raise ValueError(
            "a network takes at least one input and one layer of at least one unit, in whole numbers, "
            f"not {shape}; without hidden layers the sizes are [1]"
        )
    shape = tuple(int(n) for n in shape)
    count = sum((before + 1) * n for before, n in pairwise(shape))
    if count * 8 > sys.maxsize:  # in bytes; a smaller network may still be too large for this machine
        raise ValueError(f"a network {shape} has {count:,} parameters, more than any memory holds")
    return shape


def activations_of(given: str | Sequence[str | Activation] | None, count: int) -> tuple[Activation, ...]:
    """The activation of each layer."""
    names = ["relu"] * (count - 1) + ["linear"] if given is None else given
    if isinstance(names, str):
        name = activation(names).name
        if count == 1 and name != "linear":
            advice = f"write [{name!r}] for the output layer"
            raise ValueError(f"{name!r} is for hidden layers, and there are none: {advice}")
        names = [name] * (count - 1) + ["linear"]
    if len(names) != count:
        takes = _takes(count, "layer", "activation")
        raise ValueError(f"{takes}, not {len(names)}: {', '.join(map(str, names))}")
    found = tuple(activation(name) for name in names)
    if any(g.name == "softmax" for g in found[:-1]):
        raise ValueError("softmax is for the output layer; choose tanh or relu for a hidden one")
    return found


def initialiser_of(given: str | Initialiser | None) -> Initialiser | None:
    """The initialiser of all layers, or None where each takes what suits its activation."""
    if given is None or callable(given):
        return given
    if isinstance(given, str):
        return look_up(given, INITIALISERS, "initialiser")
    raise ValueError(
        "an initialiser is one for all layers: a name, such as 'he', or a function of a generator, n_out "
        f"and n_in; not {given!r}"
    )


def normalisations_of(given: Kind | Sequence[Kind | None] | None, count: int) -> tuple[Kind | None, ...]:
    """For each layer "batch", "layer" or None; the output layer has none."""
    if given is None or isinstance(given, str):
        given = [given] * (count - 1)
    kinds = _hidden(given, count, "kind of normalisation", "kinds of normalisation")
    for kind in kinds:
        if kind is not None and kind not in KINDS:
            raise ValueError(f"a normalisation is one of {', '.join(KINDS)}, or None, not {kind!r}")
    return (*kinds, None)


def keep_probs_of(given: float | Sequence[float] | None, count: int) -> tuple[float, ...]:
    """The part of each layer's units that dropout keeps; 1 for the output layer."""
    if given is None or not isinstance(given, Iterable):
        given = [1.0 if given is None else given] * (count - 1)
    found = []
    for x in _hidden(given, count, "probability to keep a unit", "probabilities to keep a unit"):
        found.append(keep := to_float(x, "keep_prob"))
        if not 0 < keep <= 1:
            raise ValueError(f"keep_prob is above 0 and at most 1, the part of the units kept, not {keep!r}")
    return (*found, 1.0)


def smoothing_of(x: float, loss: Loss) -> float:
    """The epsilon of label smoothing, checked."""
    x = to_float(x, "label_smoothing")
    if not 0 <= x < 1:
        raise ValueError(f"label_smoothing is from 0 to below 1, not {x!r}")
    if x and loss.classes is None:
        raise ValueError(f"label_smoothing is for probabilities; the targets of {loss.name} are none")
    return x


def side_of(x: Any) -> Side:
    """The side of a kink whose slope is taken there."""
    if x not in ("right", "left"):
        raise ValueError(f'slope_at_kink is "right" (the lectures) or "left" (PyTorch), not {x!r}')
    side: Side = "left" if x == "left" else "right"
    return side


def _hidden(given: Sequence[T], count: int, one: str, many: str) -> tuple[T, ...]:
    """The options of the hidden layers; ValueError unless there is one for each."""
    if len(given) != count - 1:
        raise ValueError(f"{_takes(count - 1, 'hidden layer', one, many)}, not {len(given)}: {given!r}")
    return tuple(given)


def _takes(count: int, layer: str, one: str, many: str = "") -> str:
    return f"{plural(count, layer)} take{'s' * (count == 1)} {plural(count, one, many)}"
