"""Quantities over one variable: weighted averages over time, errors over the size of the training set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from micrograd_dl.training.learning_curves import LearningCurve

from ..style import QUIET
from .figures import COLOURS, LONGEST_NAME, brief, drawing, log_scale, name_lines, plain

_POINTS = 400  # of a curve, where there are no examples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from micrograd_dl.data.dataset import Dataset
    from micrograd_dl.training.experiment import Predictor


def line_plot(
    x: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    *,
    title: str,
    xlabel: str = "",
    ylabel: str = "",
    points: Sequence[float] = (),
    points_name: str = "",
    marks: bool = False,
    log_x: bool = False,
    log_y: bool = False,
) -> Figure:
    """Lines, with their names at the right.

    Args:
        x: where each line has its numbers.
        lines: by name.
        title: what the picture shows, in a sentence.
        xlabel, ylabel: the labels of the axes.
        points: something with as many numbers, drawn as small points behind the lines.
        points_name: what these are, for a legend.
        marks: mark each number on its line.
        log_x, log_y: which scale is logarithmic; of x, a 0 has its place on a stretch that is linear.

    Raises:
        ValueError: there is nothing to draw, more lines than colours, or a line of another length than x.
        ModuleNotFoundError: Matplotlib is not installed.
    """
    if not 1 <= len(lines) <= len(COLOURS):
        raise ValueError(f"1 to {len(COLOURS)} lines can be told apart in one plot, not {len(lines)}")
    for name, values in {**lines, **({"points": points} if len(points) else {})}.items():
        if len(values) != len(x) or not any(map(math.isfinite, values)):
            raise ValueError(
                f"{name} has one number for each x, {len(x)} of them, of which one at least is finite; "
                f"not {len(values)}"
            )
    with drawing(title) as figure:
        ax = figure.subplots()
        drawn = []
        if len(points):
            drawn += ax.plot(x, points, "o", color=QUIET, alpha=0.4, ms=3.5, label=plain(points_name))
        look: dict[str, Any] = {"marker": "o" if marks else "", "clip_on": not marks}
        for (name, values), colour in zip(lines.items(), COLOURS, strict=False):
            drawn += ax.plot(x, values, color=colour, label=plain(name, LONGEST_NAME), **look)
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ax.margins(x=0.0)
        if log_x:  # with a mark at each number, and 0 at its left if it occurs
            smallest = min((t for t in x if t > 0), default=1.0)
            ax.set_xscale("symlog", linthresh=smallest) if min(x) <= 0 else ax.set_xscale("log")
            ax.set_xticks(x, map(brief, x))
            ax.set_xticks([], minor=True)
        if log_y:
            log_scale(ax)
        elif all(float(y).is_integer() for values in lines.values() for y in values):  # counts
            ax.locator_params("y", integer=True)
        name_lines(ax, drawn)
    return figure


def fitted_curve(predictor: Predictor, data: Dataset) -> Figure:
    """What a network makes of one feature, as a curve, over the examples of a dataset.

    Args:
        predictor: of one feature and one number, as `train` gives it.
        data: the examples that are drawn.

    Raises:
        ValueError: there are more features, or classes.
        ModuleNotFoundError: Matplotlib is not installed.
    """
    if len(predictor.features) != 1 or predictor.classes or len(data.Y) != 1:
        raise ValueError("a fitted curve is of one feature and one number an example")
    (x,), (y,) = data.X.tolist(), data.Y.tolist()
    grid = np.linspace(min(x), max(x), _POINTS)
    order = np.argsort([*x, *grid], kind="stable")  # a line has a number at each example, and between them
    places = np.array([*x, *grid])[order]
    explained, target = predictor.r_squared(data), plain(predictor.target)
    return line_plot(
        places.tolist(),
        {"network": predictor.predict(places[np.newaxis])[0].tolist()},
        title=f"The network explains {explained:.0%} of the variance of {target}",
        xlabel=plain(predictor.features[0]),
        ylabel=target,
        points=np.array([*y, *np.full(_POINTS, np.nan)])[order].tolist(),
        points_name=f"{len(x)} examples",
    )


def learning_curve(curve: LearningCurve) -> Figure:
    """The errors on training and dev set over the number of examples, or over lambda.

    Args:
        curve: what `over_examples` or `over_lambda` returned.

    Raises:
        TypeError: it is something else.
        ModuleNotFoundError: Matplotlib is not installed.
    """
    if not isinstance(curve, LearningCurve):
        raise TypeError(f"a LearningCurve is drawn here, not {type(curve).__name__}")
    scale, unit = (100, " (%)") if curve.of_classes else (1, "")
    return line_plot(
        curve.x,
        {"training": [scale * y for y in curve.train], "dev": [scale * y for y in curve.dev]},
        title=_what_it_shows(curve),
        xlabel="number of examples m" if curve.variable == "m" else curve.variable,
        ylabel=f"error{unit}",
        marks=True,
        log_x=True,
    )


def _what_it_shows(curve: LearningCurve) -> str:
    if curve.variable == "m":
        gaps = [dev - train for train, dev in zip(curve.train, curve.dev, strict=True)]
        first, last = (f"{100 * gap:.1f}" if curve.of_classes else brief(gap) for gap in (gaps[0], gaps[-1]))
        return (
            f"The gap between dev and training error goes from {first} to {last}"
            f"{' points' * curve.of_classes} with {curve.x[-1]:g} examples"
        )
    lowest = min(curve.dev)
    shown = f"{lowest:.1%}" if curve.of_classes else brief(lowest)
    return f"The dev error is lowest with {curve.variable} = {brief(curve.best)}: {shown}"
