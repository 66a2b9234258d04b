from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from viz.plots import line_plot

DRAWN: dict[str, Any] = {"x": [1, 2, 4], "lines": {"train": [0.1, 0.2, 0.3], "dev": [0.5, 0.4, math.nan]}}


def test_lines_are_drawn_and_named_at_their_ends() -> None:
    figure = line_plot(**DRAWN, title="Two lines", xlabel="m", ylabel="error")
    [ax] = figure.axes
    assert figure.get_suptitle() == "Two lines"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("m", "error")
    for line, values in zip(ax.lines, DRAWN["lines"].values(), strict=True):
        assert np.asarray(line.get_xdata()).tolist() == [1, 2, 4]
        assert np.asarray(line.get_ydata()).tolist() == pytest.approx(values, nan_ok=True)
    assert [(text.get_text(), text.xy[1]) for text in ax.texts] == [("train", 0.3), ("dev", 0.4)]  # type: ignore[attr-defined]  # they are annotations


def test_points_and_marks() -> None:
    [ax] = line_plot(**DRAWN, title="t", points=[1.0, 2.0, 3.0], marks=True).axes
    assert [line.get_marker() for line in ax.lines] == ["o", "o", "o"]
    assert [line.get_linestyle() for line in ax.lines] == ["None", "-", "-"]


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
        (
            {"lines": {str(k): [1, 2, 3] for k in range(9)}},
            "1 to 8 lines can be told apart .*, not 9",
        ),
        ({"lines": {"dev": [1, 2]}}, "dev has one number for each x, 3 of them, .*; not 2"),
        ({"lines": {"dev": [math.nan] * 3}}, "dev has one number for each x"),
        ({"points": [1]}, "points has one number for each x"),
    ],
)
def test_what_cannot_be_drawn(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        line_plot(**{**DRAWN, "title": "t", **options})
