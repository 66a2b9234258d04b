"""A trial is a training: what `tune` searches, and how one choice of hyperparameters is judged."""

from __future__ import annotations

import functools
import hashlib
import inspect
import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from micrograd_dl.data.dataset import Dataset
from micrograd_dl.output.numbers import to_whole
from micrograd_dl.training.experiment import network, rule_of, train
from micrograd_dl.training.fitting import INTERRUPTED, require_options
from micrograd_dl.tuning.logbook import Verdict
from micrograd_dl.tuning.search import By, Found, Plan, search
from micrograd_dl.tuning.space import Choice, Range, Space

# Of hyperparameters that are numbers: the scale that suits them, and whether they are whole.
SCALE_OF: Mapping[str, tuple[str, bool]] = {
    "learning_rate": ("log", False),
    "beta1": ("log-from-1", False),
    "beta2": ("log-from-1", False),
    "l2": ("log", False),
    "weight_decay": ("log", False),
    "clip_norm": ("log", False),
    "batch_size": ("log", True),
    "units": ("log", True),
    "layers": ("linear", True),
}
# What is searched if nothing else is said, the course's order of importance.
SPACE: Space = {
    name: Range(*ends, *SCALE_OF[name])
    for name, ends in {
        "learning_rate": (0.0001, 1),
        "beta1": (0.5, 0.99),
        "units": (4, 64),
        "batch_size": (16, 256),
        "l2": (0.001, 10),
    }.items()
}
# What is no number, with an example of its values.
NO_NUMBERS: Mapping[str, str] = {
    "hidden": "hidden=8/16,16, or search units",
    "activation": "activation=relu/tanh",
    "backend": "backend=numpy",
    "optimiser": "optimiser=adam/momentum",
    "schedule": "schedule=constant/cosine",
    "initialiser": "initialiser=he/xavier",
    "normalisation": "normalisation=batch/layer",
}
_OF_THE_RULE = (
    "optimiser", "learning_rate", "schedule", "warm_up", "beta1", "beta2", "weight_decay", "clip_norm"
)  # fmt: skip
# Options of `train` that say how it is run, not what is trained.
_NOT_SEARCHED = {"data", "epochs", "seed", "bayes", "checkpoint", "progress", "callbacks"}


def searchable() -> list[str]:
    """The names of what can be searched: the options of `train`, and the number and size of hidden layers."""
    return [
        *(name for name in inspect.signature(train).parameters if name not in _NOT_SEARCHED),
        "units",
        "layers",
    ]


def require_searchable(name: str) -> None:
    """Raise ValueError unless a hyperparameter of that name can be searched."""
    if name not in searchable():
        raise ValueError(f"{name!r} cannot be searched: choose among {', '.join(searchable())}")


def may_be_none(name: str) -> bool:
    """Whether a hyperparameter can be left out by giving None, as it is unless something is said."""
    option = inspect.signature(train).parameters.get(name)
    return option is not None and option.default is None


def impossible(data: Dataset, space: Space, fixed: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first hyperparameter of a space that no trial could be trained with, and why; None if all can be.

    Tried are the ends of each range and every value of a choice, with the first value of those before it.

    Raises:
        ValueError: what is fixed is not possible, whatever is searched.
    """
    options = dict(fixed)
    _require_possible(data, options)
    for name, where in space.items():
        if isinstance(where, Range) and name in NO_NUMBERS:
            return name, f"there are no numbers between: give its values, such as {NO_NUMBERS[name]}"
        values = where.values if isinstance(where, Choice) else (where.at(0.0), where.at(1.0))
        for value in values:
            try:
                _require_possible(data, {**options, name: value})
            except (ValueError, TypeError) as error:
                return name, str(error)
        options[name] = values[0]
    return None


def _require_possible(data: Dataset, options: Mapping[str, Any]) -> None:
    """Raise ValueError or TypeError if `train` does not take the options; nothing is trained."""
    given = as_train_has_it(options)
    require_options(1, given.pop("batch_size", None), given.pop("patience", None), dev=True)
    rule = {name: given.pop(name) for name in _OF_THE_RULE if name in given}
    rule_of(network(data, **given), rule.pop("optimiser", "adam"), **rule)


def tune(
    data: Dataset,
    space: Space = SPACE,
    *,
    trials: int = 27,
    epochs: int = 200,
    rungs: int = 3,
    keep: int = 3,
    rounds: int = 2,
    seed: int = 0,
    by: By = "error",
    processes: int = 0,
    results: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
    **fixed: Any,
) -> Found:
    """Search the hyperparameters of a network: at random, on scales, coarse to fine, by halving.

    Every trial is trained by :func:`~micrograd_dl.training.experiment.train`, all with the same split and
    seed, and judged on the dev set; the test set is left alone.

    Args:
        data: classes or numbers.
        space: where to search each option of `train`; ``units`` is the size of the hidden layers, ``layers``
            their number, which is 1 unless it is searched.
        trials, epochs, rungs, keep, rounds, by: see :class:`~micrograd_dl.tuning.search.Plan`.
        seed: of the draws, and of the split, the weights and the shuffling of every trial.
        processes, results, progress: see :func:`~micrograd_dl.tuning.search.search`. A program that asks for
            processes needs ``if __name__ == "__main__":`` around what it does.
        fixed: options of `train` that are the same in all trials.

    Raises:
        ValueError: an option is wrong, or the data too small.
        FloatingPointError: every trial diverged.

    >>> from micrograd_dl.data.built_in import moons
    >>> found = tune(
    ...     moons(60), {"learning_rate": Range(0.001, 1, "log")}, trials=4, epochs=8, rungs=2, rounds=1
    ... )
    >>> found.best.options
    {'learning_rate': ...}
    """
    for name in [*space, *fixed]:
        require_searchable(name)
    plan = Plan(trials, epochs, rungs, keep, rounds, seed, by)
    if twice := [name for name in space if name in fixed]:
        raise ValueError(f"{twice[0]} is either searched or fixed, not both")
    chosen = {*space, *fixed}
    if "hidden" in chosen and chosen & {"units", "layers"}:
        raise ValueError(
            "hidden says how many units and layers there are: leave out either it or units and layers"
        )
    if found := impossible(data, space, fixed):
        name, problem = found
        raise ValueError(f"{name} cannot be searched in {space[name]}: {problem}")
    judge = functools.partial(judged, data, {**fixed, "seed": seed})
    about = {"data": _digest(data), "fixed": {name: repr(x) for name, x in fixed.items()}}
    return search(judge, space, plan, processes=processes, results=results, about=about, progress=progress)


def judged(data: Dataset, fixed: Mapping[str, Any], options: Mapping[str, Any], epochs: int) -> Verdict:
    """Train with some options, and judge the result on the dev set."""
    try:
        # Some rates of a search are too high; that the numbers overflow then is said once, by `fit`.
        with np.errstate(over="ignore", invalid="ignore"):
            outcome = train(data, epochs=epochs, progress=False, **as_train_has_it({**fixed, **options}))
    except ArithmeticError as error:
        return Verdict(math.inf, math.inf, epochs, str(error))
    p = outcome.predictor
    if p.history.stopped == INTERRUPTED:  # what `fit` returns then is no result of this trial
        raise KeyboardInterrupt
    return Verdict(p.error(outcome.dev), p.loss(outcome.dev), len(p.history))


def as_train_has_it(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with ``hidden`` in the place of ``units`` and ``layers``.

    >>> as_train_has_it({"units": 8, "layers": 2, "l2": 0.1})
    {'l2': 0.1, 'hidden': (8, 8)}
    """
    given = dict(options)
    if not given.keys() & {"units", "layers"}:
        return given
    hidden = (given.pop("units", 16),) * to_whole(given.pop("layers", 1), 0, "layers")
    return {**given, "hidden": hidden}


def _digest(data: Dataset) -> str:
    """The same for the same data."""
    digest = hashlib.sha256(repr((data.classes, data.features, data.target, data.X.dtype.str)).encode())
    for array in (data.X, data.Y):
        digest.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
