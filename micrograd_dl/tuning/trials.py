"""The search of `train`'s options: its space, and the judgement of one choice."""

from __future__ import annotations

import functools
import hashlib
import math
import os
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np

from micrograd_dl.data.dataset import Dataset
from micrograd_dl.foundation.lookup import look_up
from micrograd_dl.foundation.numbers import to_whole
from micrograd_dl.foundation.products import halved_products
from micrograd_dl.training.experiment import FEWEST, make_network, make_optimiser, train
from micrograd_dl.training.fitting import INTERRUPTED, require_options
from micrograd_dl.training.options import TrainingOptions
from micrograd_dl.tuning.results import Verdict
from micrograd_dl.tuning.search import Found, Plan, search
from micrograd_dl.tuning.space import Choice, Range, Space


class Searchable(NamedTuple):
    """A hyperparameter: the type of its values, the scale that suits it, whether it may be None."""

    kind: str
    scale: str = "linear"
    optional: bool = False


SEARCHABLE: Mapping[str, Searchable] = {
    option.name: Searchable(
        str(option.type).partition(" | ")[0],
        option.metadata.get("scale", "linear"),
        "None" in str(option.type),
    )
    for option in fields(TrainingOptions)
    if option.name not in ("epochs", "seed", "bayes")  # these are fixed in all trials
} | {"units": Searchable("int", "log"), "layers": Searchable("int")}


def usual_range(name: str, low: float, high: float, scale: str = "") -> Range:
    """A range of a hyperparameter on the scale that suits it, unless another one is given.

    >>> print(usual_range("learning_rate", 0.001, 1))
    0.001 to 1 (log)
    """
    kind, usual, _ = look_up(name, SEARCHABLE, "hyperparameter")
    if kind not in ("int", "float"):
        raise ValueError(f"there are no numbers between values of {name}: list them, such as {name}=A/B")
    return Range(low, high, scale or usual, kind == "int")


# The default search space, in the course's order of importance.
SPACE: Space = {
    "learning_rate": usual_range("learning_rate", 1e-4, 1),
    "beta1": usual_range("beta1", 0.5, 0.99),
    "units": usual_range("units", 4, 64),
    "batch_size": usual_range("batch_size", 16, 256),
    "l2": usual_range("l2", 0.001, 10),
}


def _require_possible(data: Dataset, space: Space, options: TrainingOptions) -> None:
    """Raise ValueError if a training could not start at an end of a range, or with a value of a choice."""

    def prepare(drawn: Mapping[str, Any]) -> None:
        o = with_drawn(options, drawn)
        require_options(o.epochs, o.batch_size, o.patience, dev=True)
        make_optimiser(make_network(data, o), o)

    prepare({})
    first: dict[str, Any] = {}
    for name, where in space.items():
        look_up(name, SEARCHABLE, "hyperparameter")
        values = where.values if isinstance(where, Choice) else (where.at(0.0), where.at(1.0))
        for value in values:
            try:
                prepare({**first, name: value})
            except (ValueError, TypeError) as error:
                raise ValueError(f"{name} cannot be searched in {where}: {error}") from None
        first[name] = values[0]


def tune(
    data: Dataset,
    space: Space = SPACE,
    plan: Plan | None = None,
    options: TrainingOptions | None = None,
    *,
    processes: int = 0,
    executor: Executor | None = None,
    results: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> Found:
    """Search the hyperparameters of a network: at random, on scales, coarse to fine, by halving.

    Every trial is trained by :func:`~micrograd_dl.training.experiment.train`, all with the same split and
    seed, and judged on the dev set; the test set is left alone. A program that asks for processes needs
    ``if __name__ == "__main__":`` around what it does.

    Args:
        data: classes or numbers.
        space: where to search each option of a training; ``units`` is the size of the hidden layers,
            ``layers`` their number, which is 1 unless it is searched.
        plan: how many trials, for how many epochs.
        options: the options of all trainings, except the searched ones and the number of epochs.
        processes, executor, results, progress: as for `search`, which raises the same errors.

    >>> from micrograd_dl.data.built_in import moons
    >>> space = {"learning_rate": Range(0.001, 1, "log")}
    >>> tune(moons(60), space, Plan(trials=4, epochs=8, rungs=2, rounds=1)).best.options
    {'learning_rate': ...}
    """
    plan, options = plan or Plan(), options or TrainingOptions()
    if "hidden" in space and space.keys() & {"units", "layers"}:
        raise ValueError("hidden decides units and layers: leave out either it or units and layers")
    if data.m < FEWEST:
        raise ValueError(f"{data.name} has {data.m} examples; a dev set to judge a trial by takes {FEWEST}")
    _require_possible(data, space, options)
    same = {name: x for name, x in options.changed().items() if name != "epochs"}
    about = {"data": _digest(data), "options": same}
    judge = functools.partial(judged, data, options)
    where: dict[str, Any] = {"processes": processes, "executor": executor, "results": results}
    return search(judge, space, plan, about=about, progress=progress, **where)


def judged(data: Dataset, options: TrainingOptions, drawn: Mapping[str, Any], epochs: int) -> Verdict:
    """Train with the options and the drawn values, and judge the result on the dev set."""
    try:
        # Some rates of a search are too high; `fit` says it where the numbers overflow.
        # The products decide the last bits: halved by their sizes, they are the same in every process.
        with halved_products(), np.errstate(over="ignore", invalid="ignore"):
            outcome = train(data, replace(with_drawn(options, drawn), epochs=epochs), progress=False)
            p = outcome.predictor
            if p.history.stopped == INTERRUPTED:  # what `fit` returns then is no result of this trial
                raise KeyboardInterrupt
            return Verdict(p.error(outcome.dev), p.loss(outcome.dev), len(p.history))
    except ArithmeticError as error:
        return Verdict(math.inf, math.inf, epochs, str(error))


def with_drawn(options: TrainingOptions, drawn: Mapping[str, Any]) -> TrainingOptions:
    """The options with the drawn values; ``units`` and ``layers`` decide ``hidden``.

    >>> with_drawn(TrainingOptions(), {"units": 8, "layers": 2}).hidden
    (8, 8)
    """
    given = dict(drawn)
    if given.keys() & {"units", "layers"}:
        given["hidden"] = (given.pop("units", 16),) * to_whole(given.pop("layers", 1), 0, "layers")
    return replace(options, **given)


def _digest(data: Dataset) -> str:
    digest = hashlib.sha256(repr((data.classes, data.features, data.target, data.X.dtype.str)).encode())
    for array in data:
        digest.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
