"""Trials that are trainings."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micrograd_dl.data.built_in import blobs, house_prices, moons
from micrograd_dl.data.dataset import Dataset
from micrograd_dl.training.experiment import train
from micrograd_dl.training.fitting import History
from micrograd_dl.tuning import Choice, Range, Space, tune
from micrograd_dl.tuning.trials import SCALE_OF, SPACE, as_train_has_it, judged, searchable

ALPHA: Space = {"learning_rate": Range(0.001, 1, "log")}
QUICK: dict[str, Any] = {"trials": 4, "epochs": 8, "rungs": 2, "rounds": 1, "progress": False}


@pytest.mark.parametrize("data", [moons(60), blobs(60), house_prices(40)], ids=lambda data: data.name)
def test_a_trial_is_what_train_makes_of_its_options(data: Dataset) -> None:
    space: Space = {**ALPHA, "beta1": Range(0.5, 0.99, "log-from-1"), "units": Range(2, 8, "log", whole=True)}
    best = tune(data, space, activation="tanh", layers=2, seed=3, **QUICK).best
    options = dict(best.options)
    hidden = [options.pop("units")] * 2
    outcome = train(data, hidden, epochs=8, activation="tanh", seed=3, **options)
    p = outcome.predictor
    assert best.verdict == (p.error(outcome.dev), p.loss(outcome.dev), 8, "")


def test_processes_and_a_file(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    space: Space = {**ALPHA, "activation": Choice(["relu", "tanh"]), "hidden": Choice([[4], [4, 4]])}
    two = tune(moons(60), space, processes=2, results=path, **QUICK)
    one = tune(moons(60), space, **QUICK)
    assert one == two == tune(moons(60), space, results=path, **QUICK)
    with pytest.raises(ValueError, match="holds another search: its data differ from these; search"):
        tune(moons(62), space, results=path, **QUICK)
    with pytest.raises(ValueError, match="holds another search: its fixed is"):
        tune(moons(60), space, results=path, l2=1.0, **QUICK)


def test_a_rate_that_is_far_too_high_diverges() -> None:
    data = Dataset(np.linspace(-1, 1, 40)[None], np.linspace(0, 1, 40)[None])
    found = tune(data, {"learning_rate": Range(1e-3, 1e200, "log")}, hidden=[4, 4], **{**QUICK, "trials": 8})
    assert found.trials[-1].verdict.problem.startswith("epoch ")
    assert not found.best.verdict.problem


def test_ctrl_c_in_the_middle_of_a_training_leaves_no_verdict() -> None:
    def interrupted(_epoch: int, _history: History) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judged(moons(60), {"callbacks": [interrupted]}, {}, 5)


def test_everything_train_has_can_be_searched_unless_it_says_how_it_is_run() -> None:
    names = searchable()
    assert {"learning_rate", "beta1", "beta2", "l2", "batch_size", "activation", "hidden", "units"} < set(
        names
    )
    assert not {"data", "seed", "epochs", "callbacks"} & set(names)
    assert set(SCALE_OF) <= set(names)
    assert set(SPACE) <= set(SCALE_OF)
    assert set(names) - set(inspect.signature(train).parameters) == {"units", "layers"}


def test_hidden_layers_by_number_and_size() -> None:
    assert as_train_has_it({"layers": 3}) == {"hidden": (16, 16, 16)}
    assert as_train_has_it({"hidden": (4,)}) == {"hidden": (4,)}


@pytest.mark.parametrize(
    ("space", "fixed", "message"),
    [
        ({"alpha": Range(0, 1)}, {}, "'alpha' cannot be searched: choose among hidden, activation, backend"),
        (ALPHA, {"callbacks": []}, "'callbacks' cannot be searched"),
        (ALPHA, {"learning_rate": 0.1}, "learning_rate is either searched or fixed, not both"),
        ({"units": Range(1, 9, whole=True)}, {"hidden": [4]}, "leave out either it or units and layers"),
        ({"activation": Choice(["swash"])}, {}, "no activation 'swash'"),
        ({"schedule": Choice(["cosine", "cosin"])}, {}, "no schedule 'cosin'"),
        ({"beta1": Range(0.5, 2)}, {}, "beta1 is from 0 to below 1"),
        (ALPHA, {"trials": 2, "rungs": 3}, "take 9 trials or more, not 2"),
        ({"alpha": Range(0, 1)}, {"trials": 2, "rungs": 3}, "'alpha' cannot be searched"),
        (
            {"units": Range(-4, 8, whole=True)},
            {},
            r"units cannot be searched in -4 to 8 \(linear, whole\): a net",
        ),
        (
            {"optimiser": Range(0, 1)},
            {},
            "there are no numbers between: give its values, such as optimiser=ad",
        ),
    ],
)
def test_what_is_refused(space: Any, fixed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tune(moons(60), space, **{**QUICK, **fixed})
