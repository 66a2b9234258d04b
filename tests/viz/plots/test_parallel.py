from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from micrograd_dl.tuning import Choice, Found, Plan, Range, Space, Trial, Verdict, search
from viz.plots import parallel, parallel_coordinates

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


@pytest.fixture(scope="module")
def found() -> Found:
    return search(judge, SPACE, Plan(9, 9, 3))


@pytest.fixture(scope="module")
def figure(found: Found) -> Figure:
    return parallel_coordinates(found)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_one_line_a_trial_through_its_places(found: Found, figure: Figure) -> None:
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 1]  # type: ignore[arg-type]  # arrays
    assert len(lines) == 18
    for trial, line in zip(reversed(found.trials), lines, strict=True):
        y = list(line.get_ydata())  # type: ignore[arg-type]  # an array
        wanted = [where.part(trial.options[name]) for name, where in SPACE.items() if name != "fixed"]
        assert y[:4] == pytest.approx(wanted)
        if trial.verdict.problem:
            assert y[4:] == [1, 1]
            assert line.get_linestyle() == ":"


def test_axes_are_named_and_have_marks(figure: Figure) -> None:
    shown = texts(figure)
    for name in ("alpha", "log", "beta1", "log of 1 − x", "layers", "linear", "g", "choice", "dev error"):
        assert name in shown
    for mark in ("0.0001", "0.001", "0.01", "0.9", "0.99", "0.999", "2", "relu", r"\$tanh"):
        assert mark in shown
    assert "fixed" not in shown


def test_the_best_is_named_with_its_values(found: Found, figure: Figure) -> None:
    assert figure.get_suptitle().startswith(
        f"Of 18 trials, {found.best.name} is the best: dev error 8.6×10⁻⁴"
    )
    assert f"{found.best.options['beta1']:g}" in texts(figure)
    legend = figure.axes[0].get_legend()
    assert legend is not None
    entries = [text.get_text() for text in legend.get_texts()]
    assert entries[0] == f"the best, {found.best.name}"
    assert entries[-1] == "where round 2 searched"
    assert any(entry.endswith(" diverged") for entry in entries)
    counts = [int(entry.split()[0]) for entry in entries[1:-1]]
    assert sum(counts) == 17


def test_what_was_judged_is_last() -> None:
    by_loss = search(judge, SPACE, Plan(3, 1, 1, rounds=1, by="loss"))
    shown = texts(parallel_coordinates(by_loss))
    assert shown.index("dev error") < shown.index("dev loss")


def constant(_: Mapping[str, Any], epochs: int) -> Verdict:
    return Verdict(0.0, 0.0, epochs)


def test_a_single_trial_without_an_error() -> None:
    figure = parallel_coordinates(search(constant, {"x": Range(-1, 1)}, Plan(1, 1, 1, rounds=1)))
    assert figure.get_suptitle() == "One trial: dev error 0, dev loss 0"
    assert (
        parallel_coordinates(search(constant, {"x": Range(-1, 1)}, Plan(1, 1, 1)), title="T").get_suptitle()
        == "T"
    )


def test_of_a_search_cut_short_all_trials_may_have_diverged() -> None:
    trial = Trial(1, 1, {"x": 0.5}, 1, Verdict(math.inf, math.inf, 3, "too high"))
    figure = parallel_coordinates(Found({"x": Range(0, 1)}, Plan(), [trial], cut_short=True))
    assert figure.get_suptitle() == "Every trial diverged"
    assert "1 diverged" in [text.get_text() for text in figure.axes[0].get_legend().get_texts()]  # type: ignore[union-attr]  # it is there


def mark(figure: Figure, x: int, part: float) -> Annotation:
    """What is written at the left of an axis; at its right is the best trial's value."""
    written = [text for text in figure.axes[0].texts if isinstance(text, Annotation)]
    [found] = [
        text
        for text in written
        if text.get_horizontalalignment() == "right" and np.array_equal(text.xy, (x, part))
    ]
    return found


def test_the_best_line_is_clear_of_the_mark_at_an_end() -> None:
    trials = [
        Trial(1, k, dict(zip("abcd", parts, strict=True)), 1, Verdict(k / 10, k / 10, 3))
        for k, parts in enumerate([(0.98, 1.0, 0.0, 0.0), (0.2, 0.2, 0.4, 0.3)])
    ]
    space: Space = {name: Range(0, 1) for name in "abcd"}
    figure = parallel_coordinates(Found(space, Plan(), trials))
    [ax] = figure.axes
    line = next(line for line in ax.lines if line.get_linewidth() == 3.5)
    moved = {}
    for x, part in ((1, 1), (2, 0), (3, 0)):
        label = mark(figure, x, part)
        box = label.get_window_extent()
        heights = [
            float(ax.transData.transform((0, y))[1])
            for y in np.interp(
                [ax.transData.inverted().transform((side, 0))[0] for side in (box.x0, box.x1)],
                np.asarray(line.get_xdata()),
                np.asarray(line.get_ydata()),
            )
        ]
        assert min(heights) > box.y1 or max(heights) < box.y0
        moved[x] = label.xyann[1]
    assert moved[1] > 0
    assert moved[2] == 0  # that line is steep and clear of it
    assert moved[3] < 0


def test_the_error_is_named_and_one_epoch_is_one() -> None:
    found = search(constant, {"x": Range(-1, 1)}, Plan(2, 1, 1, rounds=1))
    figure = parallel_coordinates(found, error="RMSE")
    assert figure.get_suptitle().endswith("is the best: dev RMSE 0, dev loss 0")
    assert "dev RMSE" in texts(figure)
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert legend.get_texts()[1].get_text() == "1 other to rung 1, 1 epoch"


def test_if_all_is_fixed_it_has_an_axis() -> None:
    shown = texts(parallel_coordinates(search(constant, {"fixed": Choice([3])}, Plan(1, 1, 1, rounds=1))))
    assert "fixed" in shown
    assert shown.count("3") == 2  # the mark, and the best trial's value


def test_numbers_of_a_wide_log_axis_are_all_powers() -> None:
    space: Space = {"alpha": Range(1e-8, 1, "log")}
    shown = texts(parallel_coordinates(search(constant, space, Plan(2, 1, 1, rounds=1))))
    assert {"10⁻⁸", "10⁻⁴", "10⁻³", "10⁻¹", "1"} <= set(shown)


def test_everything_is_inside_the_picture(figure: Figure) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]  # Matplotlib's
    width, height = canvas.get_width_height()
    for text in figure.axes[0].texts:
        box = text.get_window_extent(renderer)
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height


def test_what_is_refused() -> None:
    with pytest.raises(TypeError, match="show what tune returned, not list"):
        parallel_coordinates([])  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ValueError, match="no trial was finished"):
        parallel_coordinates(Found(SPACE, Plan(), []))
    many: Space = {f"x{k}": Range(0, 1) for k in range(11)}
    with pytest.raises(ValueError, match="10 hyperparameters fit into a picture, not 11"):
        parallel_coordinates(search(constant, many, Plan(1, 1, 1, rounds=1)))


def test_none_stands_where_it_does_among_the_values() -> None:
    axis = parallel._Axis("normalisation", Choice([None, "batch", "layer"]), [None, "batch", "layer"])
    assert [axis.part(trial) for trial in range(3)] == sorted(axis.part(trial) for trial in range(3))
    assert axis.part(0) < axis.part(1)
