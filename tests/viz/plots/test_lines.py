from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from micrograd_dl.data import Dataset, moons
from micrograd_dl.training.experiment import train
from micrograd_dl.training.learning_curves import LearningCurve
from micrograd_dl.training.options import TrainingOptions
from viz.plots import fitted_curve, learning_curve, line_plot

DRAWN: dict[str, Any] = {"x": [1, 2, 4], "lines": {"train": [0.1, 0.2, 0.3], "dev": [0.5, 0.4, math.nan]}}
BY_SIZE = LearningCurve("m", (10, 100, 1000), (0.0, 0.1, 0.15), (0.5, 0.3, 0.2), of_classes=True)
BY_LAMBDA = LearningCurve("lambda", (0.0, 0.1, 10.0), (1.0, 2.0, 3.0), (2.0, 1.5, 3.5), of_classes=False)


def test_lines_are_drawn_and_named_in_the_order_of_their_ends() -> None:
    more: dict[str, Any] = {"points": [1, 2, 3], "points_name": "noise", "marks": True}
    figure = line_plot(**DRAWN, **more, title="Two lines", xlabel="m", ylabel="error")
    [ax] = figure.axes
    assert (figure.get_suptitle(), ax.get_xlabel(), ax.get_ylabel()) == ("Two lines", "m", "error")
    for line, values in zip(ax.lines, ([1, 2, 3], *DRAWN["lines"].values()), strict=True):
        assert np.ravel(line.get_xdata()).tolist() == [1, 2, 4]
        assert np.ravel(line.get_ydata()).tolist() == pytest.approx(values, nan_ok=True)
    assert [line.get_linestyle() for line in ax.lines] == ["None", "-", "-"]
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["noise", "dev", "train"]


@pytest.mark.parametrize(("last", "whole"), [(1, True), (1.5, False)])
def test_an_axis_of_counts_has_whole_numbers(last: float, whole: bool) -> None:
    [ax] = line_plot([1, 2, 3], {"zeros": [0, 1, 2], "others": [2, 1, last]}, title="t").axes
    assert all(float(tick).is_integer() for tick in ax.get_yticks()) == whole


def test_logarithmic_scales_have_a_place_for_0() -> None:
    [ax] = line_plot(**DRAWN, title="t", log_x=True, log_y=True).axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    [ax] = line_plot([0, 0.1, 10], {"a": [1, 2, 3]}, title="t", log_x=True).axes
    assert ax.get_xscale() == "symlog"
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "0.1", "10"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lines": {}}, "1 to 8 lines can be told apart .*, not 0"),
        ({"lines": {str(k): [1, 2, 3] for k in range(9)}}, "1 to 8 lines can be told apart .*, not 9"),
        ({"lines": {"dev": [1, 2]}}, "dev has one number for each x, 3 of them, .*; not 2"),
        ({"lines": {"dev": [math.nan] * 3}}, "dev has one number for each x"),
        ({"points": [1]}, "points has one number for each x"),
    ],
)
def test_what_cannot_be_drawn(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        line_plot(**{**DRAWN, "title": "t", **options})


@pytest.mark.parametrize(
    ("curve", "title", "axis", "error", "scale"),
    [
        (
            BY_SIZE,
            "The gap between dev and training error goes from 50.0 to 5.0 points with 1000 examples",
            ("log", "number of examples m"),
            "error (%)",
            100,
        ),
        (BY_LAMBDA, "The dev error is lowest with lambda = 0.1: 1.5", ("symlog", "lambda"), "error", 1),
    ],
)
def test_learning_curves(
    curve: LearningCurve, title: str, axis: tuple[str, str], error: str, scale: float
) -> None:
    figure = learning_curve(curve)
    [ax] = figure.axes
    assert figure.get_suptitle().replace("\n", " ") == title
    assert (ax.get_xscale(), ax.get_xlabel(), ax.get_ylabel()) == (*axis, error)
    assert [np.ravel(line.get_ydata()).tolist() for line in ax.lines] == [
        pytest.approx([scale * y for y in errors]) for errors in (curve.train, curve.dev)
    ]


def test_only_learning_curves_are_drawn_as_such() -> None:
    with pytest.raises(TypeError, match="a LearningCurve is drawn here, not list"):
        learning_curve([0.1, 0.2])  # type: ignore[arg-type]  # that it is refused is what is tested


def test_a_fitted_curve_goes_through_the_examples() -> None:
    x = np.linspace(0, 1, 30)[None]
    outcome = train(
        Dataset(x, 3 * x + 1, features=("size",), target="price"),
        TrainingOptions(hidden=(), epochs=300, learning_rate=0.1, patience=None), progress=False,
    )  # fmt: skip
    figure = fitted_curve(outcome.predictor, outcome.train)
    [ax] = figure.axes
    points, line = ax.get_lines()
    assert figure.get_suptitle() == "The network explains 100% of the variance of price"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("size", "price")
    there = np.isfinite(np.asarray(points.get_ydata(), float))
    assert there.sum() == outcome.train.m
    np.testing.assert_allclose(
        np.asarray(line.get_ydata(), float), 3 * np.asarray(line.get_xdata(), float) + 1, atol=0.01
    )
    assert (np.diff(np.asarray(line.get_xdata())) >= 0).all()


def test_a_curve_of_two_features_is_refused() -> None:
    outcome = train(moons(40), TrainingOptions(epochs=1), progress=False)
    with pytest.raises(ValueError, match="a fitted curve is of one feature"):
        fitted_curve(outcome.predictor, outcome.train)
