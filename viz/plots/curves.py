"""Curves: the cost by epoch, errors over the size of the training set, sizes by layer, or any other lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from micrograd_dl.foundation.text import plural
from micrograd_dl.nn.network import Array, Pass
from micrograd_dl.training.fitting import History
from micrograd_dl.training.learning_curves import LearningCurve

from ..style import QUIET
from .figures import (
    COLOURS,
    LOG_FROM,
    LONGEST_NAME,
    brief,
    drawing,
    log_scale,
    name_lines,
    plain,
    require_kind,
    whole_marks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from micrograd_dl.data.dataset import Dataset
    from micrograd_dl.training.experiment import Predictor

_POINTS = 400  # of a fitted curve, where there are no examples


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
        points: as many numbers, drawn as small points behind the lines.
        points_name: what these are, for the legend.
        marks: mark each number on its line.
        log_x, log_y: which scale is logarithmic; of x, a 0 has its place on a stretch that is linear.

    Raises:
        ValueError: there is nothing to draw, more lines than colours, or a line of another length than x.
    """
    _require_tellable(lines, "lines that can be told apart in one plot")
    for name, values in {**lines, **({"points": points} if len(points) else {})}.items():
        if len(values) != len(x) or not _finite(values):
            problem = f"{name} has one number for each x, {len(x)} of them, of which one at least is finite"
            raise ValueError(f"{problem}; not {len(values)}")
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

    TypeError unless it is what `over_examples` or `over_lambda` returned.
    """
    require_kind(curve, LearningCurve, "over_examples")
    scale, unit, points = (100, " (%)", " points") if curve.of_classes else (1, "", "")
    lines = {"training": [scale * y for y in curve.train], "dev": [scale * y for y in curve.dev]}
    if curve.variable == "m":
        gaps = [dev - train for train, dev in zip(*lines.values(), strict=True)]
        first, last = (f"{gap:.1f}" if curve.of_classes else brief(gap) for gap in (gaps[0], gaps[-1]))
        title = f"The gap between dev and training error goes from {first} to {last}{points}"
        title += f" with {curve.x[-1]:g} examples"
    else:
        lowest = f"{min(curve.dev):.1%}" if curve.of_classes else brief(min(curve.dev))
        title = f"The dev error is lowest with {curve.variable} = {brief(curve.best)}: {lowest}"
    return line_plot(
        curve.x,
        lines,
        title=title,
        xlabel="number of examples m" if curve.variable == "m" else curve.variable,
        ylabel=f"error{unit}",
        marks=True,
        log_x=True,
    )


def cost_curve(history: History) -> Figure:
    """The cost by epoch, in training and on the dev set, with the best epoch marked; below it the accuracy.

    The best epoch has the lowest cost, on the dev set if there is one. The title says what happened.

    Raises:
        ValueError: there is no epoch or no finite cost.
        TypeError: `history` is not what `fit` returned.
    """
    require_kind(history, History, "fit")
    train, dev, epochs = _finite(history.cost), _finite(history.dev_cost), len(history)
    if not train:
        what = "finite cost" if epochs else "epochs"
        raise ValueError(f"the history has no {what}: there is nothing to draw")
    costs = history.dev_cost if dev else history.cost
    lowest, best = min((x, epoch) for epoch, x in enumerate(costs, 1) if math.isfinite(x))
    title = f"The cost goes from {brief(train[0])} to {brief(train[-1])} in {plural(epochs, 'epoch')}"
    if dev:
        title = f"The dev cost is lowest in epoch {best} of {epochs}: {brief(lowest)}"
    log = 0 < LOG_FROM * min(train + dev) <= max(train + dev)
    panels = 2 if _finite([*history.accuracy, *history.dev_accuracy]) else 1
    with drawing(title) as figure:
        from matplotlib.ticker import PercentFormatter

        grid = figure.subplots(panels, 1, sharex=True, squeeze=False, height_ratios=[3, 2][:panels])
        cost, *accuracy = axes = list(grid[:, 0])
        _draw_epochs(cost, history.cost, history.dev_cost, brief)
        cost.set_ylabel("cost J\n(log scale)" if log else "cost J")
        if log:
            log_scale(cost)
        for ax in accuracy:
            _draw_epochs(ax, history.accuracy, history.dev_accuracy, _percent)
            ax.set(ylabel="accuracy", ylim=(ax.get_ylim()[0], min(ax.get_ylim()[1], 1.01)))
            ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes[-1].set(xlabel="epoch", xlim=(1, epochs) if epochs > 1 else (0.5, 1.5))
        whole_marks(axes[-1])
        cost.plot(best, lowest, "o", color=COLOURS[bool(dev)], ms=9, mec="white", clip_on=False, zorder=5)
        for ax in axes:
            ax.axvline(best, color=QUIET, linewidth=1, linestyle=(0, (4, 3)), zorder=1, clip_on=False)
        align, offset = ("left", -3) if best < sum(cost.get_xlim()) / 2 else ("right", 3)
        place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        cost.annotate(f"best: epoch {best}", (best, 1), (offset, 4), ha=align, color=QUIET, **place)
    return figure


def _draw_epochs(
    ax: Axes, train: Sequence[float], dev: Sequence[float], shown: Callable[[float], str]
) -> None:
    """The curves of one panel, each labelled with its last number."""
    lines = []
    for name, values, colour in zip(("training", "dev"), (train, dev), COLOURS, strict=False):
        if finite := _finite(values):
            look: dict[str, Any] = {"color": colour, "marker": "o" if len(values) == 1 else None}
            epochs = range(1, len(values) + 1)
            lines += ax.plot(epochs, values, label=f"{name}: {shown(finite[-1])}", **look)
    name_lines(ax, lines)
    ax.locator_params(axis="y", nbins=5)


def _finite(values: Iterable[float]) -> list[float]:
    return [x for x in values if math.isfinite(x)]


def _percent(x: float) -> str:
    """With two digits after the point, as in the text beside it; but 100 % is without fault."""
    rounded = round(100 * x, 2)
    return f"{99.99 if rounded == 100 > 100 * x else rounded:g} %"


def sizes_by_layer(passes: Mapping[str, Pass]) -> Figure:
    """The size of activations and of gradients by layer: whether they vanish or explode.

    Activations ``A[l]`` of the hidden layers are on the left; on the right are the gradients ``dZ[l]``, in
    the order of backprop. The size of an array is the root mean square of its entries; the legend says by
    what factor it changes. The scale is logarithmic; a hollow point on its edge is 0 or overflows.

    Args:
        passes: what ``model.record(X, Y)`` returned for each network, under a name.

    Raises:
        ValueError: there is nothing to draw, or more than there are colours.
        TypeError: something is not a Pass.
    """
    _require_tellable(passes, "networks that can be told apart")
    for numbers in passes.values():
        require_kind(numbers, Pass, "model.record(X, Y)")
    # The output layer's size says nothing about earlier layers: the sigmoid of 0 is 0.5.
    A = {name: [_size(array) for array in numbers.A[:-1] or numbers.A] for name, numbers in passes.items()}
    dZ = {name: [_size(array) for array in numbers.dZ] for name, numbers in passes.items()}

    def change(name: str) -> float:
        first, last = dZ[name][-1], dZ[name][0]
        return (
            abs(math.log10(first) - math.log10(last))
            if _is_regular(first) and _is_regular(last)
            else math.inf
        )

    most = max(dZ, key=change)
    title = f"{most}: gradients {_fate(dZ[most][::-1])} on the way back through the layers"
    with drawing(title) as figure:
        forward, backward = figure.subplots(1, 2)
        _draw_sizes(forward, A, back=False)
        _draw_sizes(backward, dZ, back=True)
        forward.set_title("Forward: activations", loc="left", pad=14)
        backward.set_title("Backward: gradients", loc="left", pad=14)
        forward.set(xlabel="layer l", ylabel="size of A[l] (root mean square)")
        backward.set(xlabel="layer l, from the last to the first", ylabel="size of dZ[l] (root mean square)")
    return figure


def _size(array: Array) -> float:
    """The root mean square of the entries, without overflow on the way; NaN or infinity if one of them is."""
    largest = float(np.abs(array).max())
    if not _is_regular(largest):
        return largest
    return largest * math.sqrt(float(np.mean(np.square(array / largest, dtype=float))))


def _is_regular(size: float) -> bool:
    return 0 < size < math.inf


def _draw_sizes(ax: Axes, sizes: Mapping[str, list[float]], back: bool) -> None:
    """The lines of one panel, in the direction of the pass."""
    seen = [x for values in sizes.values() for x in values if _is_regular(x)] or [0.2, 5.0]
    bottom, top = max(min(seen) / 2, 1e-300), min(max(seen) * 2, 1e300)
    deepest = max(map(len, sizes.values()))
    ax.set(ylim=(bottom, top), xlim=(deepest + 0.5, 0.5) if back else (0.5, deepest + 0.5))
    log_scale(ax)
    whole_marks(ax)
    lines = []
    for (name, values), colour in zip(sizes.items(), COLOURS, strict=False):
        passed = list(enumerate(values, 1))[:: -1 if back else 1]
        shown = [(l, max(x, bottom) if x < top else top) for l, x in passed]  # NaN is at the top too
        hollow = [point for point, (_, x) in zip(shown, passed, strict=True) if not _is_regular(x)]
        label = f"{plain(name, LONGEST_NAME)}: {_fate([x for _, x in passed])}"
        # A short line is in front of a long one.
        look: dict[str, Any] = {"color": colour, "clip_on": False, "zorder": 3 - len(values) / deepest}
        lines += ax.plot(*zip(*shown, strict=True), "-o", label=label, **look)
        if hollow:
            ax.plot(*zip(*hollow, strict=True), "o", mfc="white", **look)
    name_lines(ax, lines)


def _fate(sizes: Sequence[float]) -> str:
    """How a size changes on its way through the layers.

    >>> [_fate(sizes) for sizes in ([1.0, 0.5], [1.0, 1e12], [1.0, 0.0])]
    ['shrink 2-fold', 'grow 10¹²-fold', 'become 0']
    """
    if not all(x < math.inf for x in sizes):
        return "overflow"
    if not any(sizes):
        return "are 0"
    if 0 in (sizes[0], sizes[-1]):
        return "become 0" if sizes[0] else "begin at 0"
    powers = math.log10(sizes[-1]) - math.log10(sizes[0])
    exponent = min(abs(powers), 308)
    fold = brief(10.0 ** (exponent if exponent < 3 else round(exponent)), 2)
    return f"{'grow' if powers > 0 else 'shrink'} {fold}-fold"


def _require_tellable(drawn: Mapping[str, object], what: str) -> None:
    if not 1 <= len(drawn) <= len(COLOURS):
        raise ValueError(f"{what}: 1 to {len(COLOURS)}, not {len(drawn)}")
