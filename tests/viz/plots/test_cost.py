from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from micrograd_dl.training.fitting import History
from viz.plots import cost_curve

WITH_DEV = History(
    cost=[0.7, 0.5, 0.3, 0.2],
    dev_cost=[0.8, 0.6, 0.5, 0.9],
    accuracy=[0.5, 0.75, 0.9, 0.9996],
    dev_accuracy=[0.5, 0.7, 0.8, 0.6],
)


@pytest.fixture(scope="module")
def figure() -> Figure:
    return cost_curve(WITH_DEV)


def curve(ax: Axes, values: list[float]) -> bool:
    """Whether there is a line with these values, epoch by epoch from 1."""
    epochs = list(range(1, len(values) + 1))
    return any(
        np.array_equal(line.get_xdata(), epochs) and np.allclose(line.get_ydata(), values, equal_nan=True)
        for line in ax.lines
    )


def labels(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def dots(ax: Axes) -> list[list[float]]:
    lines = [line for line in ax.lines if line.get_marker() == "o" and line.get_markersize() == 9]
    return [np.ravel([line.get_xdata(), line.get_ydata()]).tolist() for line in lines]


def test_every_quantity_has_a_panel_with_labelled_lines(figure: Figure) -> None:
    cost, accuracy = figure.axes
    assert [ax.get_ylabel() for ax in figure.axes] == ["cost J", "accuracy"]
    assert accuracy.get_xlabel() == "epoch"
    assert curve(cost, WITH_DEV.cost)
    assert curve(cost, WITH_DEV.dev_cost)
    assert curve(accuracy, WITH_DEV.accuracy)
    assert curve(accuracy, WITH_DEV.dev_accuracy)
    assert labels(cost) == ["dev: 0.9", "training: 0.2"]  # in the order of their ends
    assert labels(accuracy) == ["training: 99.96 %", "dev: 60 %"]


@pytest.mark.parametrize(("part", "shown"), [(0.98889, "98.89"), (0.99999, "99.99"), (1.0, "100"), (0, "0")])
def test_accuracies_are_rounded_and_only_100_is_without_fault(part: float, shown: str) -> None:
    assert labels(cost_curve(History(cost=[0.5], accuracy=[part])).axes[1]) == [f"training: {shown} %"]


def test_the_best_epoch_is_marked(figure: Figure) -> None:
    assert figure.get_suptitle() == "The dev cost is lowest in epoch 3 of 4: 0.5"
    assert [text.get_text() for text in figure.axes[0].texts] == ["best: epoch 3"]
    assert dots(figure.axes[0]) == [[3, 0.5]]
    for ax in figure.axes:
        assert any(np.array_equal(line.get_xdata(), [3, 3]) for line in ax.lines)


@pytest.mark.parametrize(
    ("costs", "scale"),
    [([1.0, 0.01], "log"), ([1e9, 1e-9], "log"), ([1.0, 0.5], "linear"), ([1.0, 0.0], "linear")],
)
def test_the_scale_is_logarithmic_if_the_numbers_ask_for_it(costs: list[float], scale: str) -> None:
    ax = cost_curve(History(cost=costs)).axes[0]
    assert ax.get_yscale() == scale
    assert ax.get_ylabel() == ("cost J\n(log scale)" if scale == "log" else "cost J")
    low, high = ax.get_ylim()
    assert 2 <= sum(low <= y <= high for y in ax.get_yticks()) <= 12
    assert all(label.get_text() for label in ax.get_yticklabels())


@pytest.mark.parametrize(
    ("history", "title"),
    [
        (History(cost=[0.9, 0.1]), "The cost goes from 0.9 to 0.1 in 2 epochs"),
        (History(cost=[0.1]), "The cost goes from 0.1 to 0.1 in 1 epoch"),
    ],
)
def test_the_title_says_what_happened(history: History, title: str) -> None:
    assert cost_curve(history).get_suptitle() == title


def test_what_is_not_finite_is_a_gap() -> None:
    h = History(cost=[math.nan, 0.5, math.inf], dev_cost=[math.nan] * 3)
    figure = cost_curve(h)
    assert figure.get_suptitle() == "The cost goes from 0.5 to 0.5 in 3 epochs"
    assert dots(figure.axes[0]) == [[2, 0.5]]
    assert "training: 0.5" in labels(figure.axes[0])


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (History(), ValueError, "the history has no epochs"),
        (History(cost=[math.nan]), ValueError, "the history has no finite cost"),
        ([0.5], TypeError, "what fit returned, not list"),
    ],
)
def test_bad_input_is_refused(given: History, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        cost_curve(given)
