from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from micrograd_dl.tuning import Choice, Found, Plan, Range, Space, Trial, Verdict, search
from viz.plots import parallel_coordinates

SPACE: Space = {
    "alpha": Range(0.0001, 1, "log"),
    "beta1": Range(0.5, 0.999, "log-from-1"),
    "layers": Range(1, 3, whole=True),
    "g": Choice(["relu", "$tanh"]),
    "fixed": Choice([3]),
}


def judge(options: Mapping[str, Any], epochs: int) -> Verdict:
    if options["alpha"] > 0.3:
        return Verdict(math.inf, math.inf, epochs, "too high")
    error = abs(math.log10(options["alpha"]) + 2) / 10
    return Verdict(error, error * 3 + 1 / epochs, epochs)


def constant(_: Mapping[str, Any], epochs: int) -> Verdict:
    return Verdict(0.0, 0.0, epochs)


@pytest.fixture(scope="module")
def found() -> Found:
    return search(judge, SPACE, Plan(9, 9, 3))


@pytest.fixture(scope="module")
def figure(found: Found) -> Figure:
    return parallel_coordinates(found)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def entries(figure: Figure) -> list[str]:
    legend = figure.axes[0].get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_one_line_a_trial_through_its_places(found: Found, figure: Figure) -> None:
    lines = [line for line in figure.axes[0].lines if len(np.ravel(line.get_xdata())) > 1]
    for trial, line in zip(reversed(found.trials), lines, strict=True):
        y = np.ravel(line.get_ydata()).tolist()
        wanted = [where.part(trial.options[name]) for name, where in SPACE.items() if name != "fixed"]
        assert y[:4] == pytest.approx(wanted)
        if trial.verdict.problem:
            assert y[4:] == [1, 1]
            assert line.get_linestyle() == ":"


def test_axes_are_named_and_have_marks(figure: Figure) -> None:
    names = {"alpha", "log", "beta1", "log of 1 − x", "layers", "linear", "g", "choice", "dev error"}
    marks = {"10⁻⁴", "0.001", "0.01", "0.1", "0.5", "0.999", "2", "relu", r"\$tanh"}
    assert names | marks <= set(texts(figure))
    assert "fixed" not in texts(figure)


def test_the_best_is_named_with_its_values(found: Found, figure: Figure) -> None:
    title = f"Of 18 trials, {found.best.name} is the best: dev error 8.6×10⁻⁴"
    assert figure.get_suptitle().startswith(title)
    assert f"{found.best.options['beta1']:g}" in texts(figure)
    assert entries(figure)[0] == f"the best, {found.best.name}"
    assert entries(figure)[-2].endswith(" diverged")
    assert entries(figure)[-1] == "where round 2 searched"
    assert sum(int(entry.split()[0]) for entry in entries(figure)[1:-1]) == 17


def test_what_was_judged_is_last_and_the_error_has_its_name() -> None:
    shown = parallel_coordinates(search(judge, SPACE, Plan(3, 1, 1, rounds=1, by="loss")))
    assert texts(shown).index("dev error") < texts(shown).index("dev loss")
    shown = parallel_coordinates(search(constant, {"x": Range(-1, 1)}, Plan(2, 1, 1, rounds=1)), error="RMSE")
    assert "dev RMSE" in texts(shown)


def test_few_trials() -> None:
    one = search(constant, {"x": Range(-1, 1)}, Plan(1, 1, 1, rounds=1))
    assert parallel_coordinates(one).get_suptitle() == "Of 1 trial, 1.1 is the best: dev error 0, dev loss 0"
    diverged = Trial(1, 1, {"x": 0.5}, 1, Verdict(math.inf, math.inf, 3, "too high"))
    figure = parallel_coordinates(Found({"x": Range(0, 1)}, Plan(), [diverged], cut_short=True))
    assert figure.get_suptitle() == "Every trial diverged"
    assert "fixed" in texts(
        parallel_coordinates(search(constant, {"fixed": Choice([3])}, Plan(1, 1, 1, rounds=1)))
    )


def test_what_is_refused() -> None:
    with pytest.raises(TypeError, match="what tune returned, not list"):
        parallel_coordinates([])  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ValueError, match="no trial was finished"):
        parallel_coordinates(Found(SPACE, Plan(), []))
    many: Space = {f"x{k}": Range(0, 1) for k in range(11)}
    with pytest.raises(ValueError, match="10 hyperparameters fit into a picture, not 11"):
        parallel_coordinates(search(constant, many, Plan(1, 1, 1, rounds=1)))
