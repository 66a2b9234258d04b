"""Trials that are trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micrograd_dl.data.built_in import blobs, house_prices, moons, xor
from micrograd_dl.data.dataset import Dataset
from micrograd_dl.training.experiment import train
from micrograd_dl.training.options import TrainingOptions
from micrograd_dl.tuning import Choice, Plan, Range, Space, trials, tune
from micrograd_dl.tuning.trials import judged, with_drawn

ALPHA: Space = {"learning_rate": Range(0.001, 1, "log")}
QUICK = Plan(trials=4, epochs=8, rungs=2, rounds=1)


@pytest.mark.parametrize("data", [moons(60), blobs(60), house_prices(40)], ids=lambda data: data.name)
def test_a_trial_is_what_train_makes_of_its_options(data: Dataset) -> None:
    space: Space = {**ALPHA, "beta1": Range(0.5, 0.99, "log-from-1"), "units": Range(2, 8, "log", whole=True)}
    options = TrainingOptions(activation="tanh", seed=3, epochs=8)
    best = tune(data, {**space, "layers": Choice([2])}, QUICK, options).best
    outcome = train(data, with_drawn(options, best.options))
    p = outcome.predictor
    assert best.verdict == (p.error(outcome.dev), p.loss(outcome.dev), 8, "")
    assert p.model.shape[1] == p.model.shape[2] == best.options["units"]


def test_processes_and_a_file(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    space: Space = {**ALPHA, "activation": Choice(["relu", "tanh"]), "hidden": Choice([[4], [4, 4]])}
    two = tune(moons(60), space, QUICK, processes=2, results=path)
    one = tune(moons(60), space, QUICK)
    assert one == two == tune(moons(60), space, QUICK, results=path)
    with pytest.raises(ValueError, match="holds another search: its data differ from these; search"):
        tune(moons(62), space, QUICK, results=path)
    with pytest.raises(ValueError, match=r"holds another search: its options is \{\}, not \{'l2': 1.0\}"):
        tune(moons(60), space, QUICK, TrainingOptions(l2=1.0), results=path)


def test_a_rate_that_is_far_too_high_diverges() -> None:
    data = Dataset(np.linspace(-1, 1, 40)[None], np.linspace(0, 1, 40)[None])
    space = {"learning_rate": Range(1e-3, 1e200, "log")}
    found = tune(data, space, Plan(8, 8, 2, rounds=1), TrainingOptions(hidden=(4, 4)))
    assert found.trials[-1].verdict.problem.startswith("epoch ")
    assert not found.best.verdict.problem


def test_ctrl_c_in_the_middle_of_a_training_leaves_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    def interrupted_train(*args: Any, **options: Any) -> Any:
        return train(*args, **options, callbacks=[interrupted])

    monkeypatch.setattr(trials, "train", interrupted_train)
    with pytest.raises(KeyboardInterrupt):
        judged(moons(60), TrainingOptions(), {}, 5)


@pytest.mark.parametrize(
    ("space", "options", "message"),
    [
        ({"alpha": Range(0, 1)}, {}, "there is no hyperparameter 'alpha': choose one of hidden, activation,"),
        ({"units": Choice([4]), "hidden": Choice([(4,)])}, {}, "leave out either it or units and"),
        ({"activation": Choice(["swash"])}, {}, "no activation 'swash'"),
        (ALPHA, {"activation": "swash"}, "^there is no activation 'swash'"),
        ({"units": Range(-4, 8, whole=True)}, {}, r"be searched in -4 to 8 \(linear, whole\): a"),
        ({"optimiser": Range(0, 1)}, {}, "optimiser cannot be searched in 0 to 1 .*: there is no optimiser"),
    ],
)
def test_what_is_refused(space: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tune(moons(60), space, QUICK, TrainingOptions(**options))


def test_data_without_a_dev_set_cannot_be_searched() -> None:
    with pytest.raises(ValueError, match="xor has 4 examples; a dev set to judge a trial by takes 10"):
        tune(xor(), ALPHA, QUICK)
