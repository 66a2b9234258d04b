"""The sizes of activations and gradients, layer by layer: whether they vanish or explode."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from micrograd_dl.nn.network import Array, Pass

from .figures import COLOURS, LONGEST_NAME, brief, drawing, log_scale, name_lines, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def sizes_by_layer(passes: Mapping[str, Pass]) -> Figure:
    """The size of activations and of gradients by layer, for networks initialised or built differently.

    Activations ``A[l]`` of the hidden layers are on the left; on the right are the gradients ``dZ[l]``, in
    the order of backprop, from the last layer to the first. The size of an array is the root mean square of
    its entries; the legend says by what factor it has changed. The scale is logarithmic; what is 0 or
    overflows is drawn as a hollow point on its edge.

    Args:
        passes: what ``model.record(X, Y)`` returned for each network, under a name.

    Raises:
        ValueError: there is nothing to draw, or more than there are colours.
        TypeError: something is not a Pass.
        ModuleNotFoundError: Matplotlib is not installed.
    """
    if not 1 <= len(passes) <= len(COLOURS):
        raise ValueError(f"sizes by layer are drawn for 1 to {len(COLOURS)} networks, not {len(passes)}")
    for name, numbers in passes.items():
        if not isinstance(numbers, Pass):
            raise TypeError(
                f"{name} is a Pass, what model.record(X, Y) returns, not {type(numbers).__name__}"
            )
    # The output layer's size says nothing about earlier layers: the sigmoid of 0 is 0.5.
    A = {name: [_size(array) for array in numbers.A[:-1] or numbers.A] for name, numbers in passes.items()}
    dZ = {name: [_size(array) for array in numbers.dZ] for name, numbers in passes.items()}
    with drawing(_title(dZ)) as figure:
        forward, backward = figure.subplots(1, 2)
        _draw(forward, A, back=False)
        _draw(backward, dZ, back=True)
        forward.set_title("Forward: activations", loc="left", pad=14)
        backward.set_title("Backward: gradients", loc="left", pad=14)
        forward.set(xlabel="layer l", ylabel="size of A[l] (root mean square)")
        backward.set(xlabel="layer l, from the last to the first", ylabel="size of dZ[l] (root mean square)")
    return figure


def _size(array: Array) -> float:
    """The root mean square of the entries, without overflow on the way; NaN or infinity if one of them is."""
    largest = float(np.abs(array).max())
    if largest == 0 or not math.isfinite(largest):
        return largest
    return largest * math.sqrt(float(np.mean(np.square(array / largest, dtype=float))))


def _draw(ax: Axes, sizes: Mapping[str, list[float]], back: bool) -> None:
    """The lines of one panel, in the direction of the pass."""
    seen = [x for values in sizes.values() for x in values if 0 < x < math.inf] or [0.2, 5.0]
    bottom, top = max(min(seen) / 2, 1e-300), min(max(seen) * 2, 1e300)
    ax.set_ylim(bottom, top)
    log_scale(ax)
    deepest = max(map(len, sizes.values()))
    ax.set_xlim((deepest + 0.5, 0.5) if back else (0.5, deepest + 0.5))
    ax.locator_params(axis="x", nbins=8, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
    lines = []
    for (name, values), colour in zip(sizes.items(), COLOURS, strict=False):
        passed = list(enumerate(values, 1))[:: -1 if back else 1]
        layers, in_turn = zip(*passed, strict=True)
        shown = [max(x, bottom) if x < top else top for x in in_turn]  # NaN is at the top too
        hollow = [k for k, x in enumerate(in_turn) if not 0 < x < math.inf]
        label = f"{plain(name, LONGEST_NAME)}: {_fate(in_turn)}"
        # A short line is in front of a long one.
        look: dict[str, Any] = {"color": colour, "clip_on": False, "zorder": 3 - len(values) / deepest}
        lines += ax.plot(layers, shown, "-o", label=label, **look)
        if hollow:
            ax.plot([layers[k] for k in hollow], [shown[k] for k in hollow], "o", mfc="white", **look)
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


def _title(dZ: Mapping[str, list[float]]) -> str:
    """A sentence about the largest change of the gradients between layers."""

    def extent(name: str) -> float:
        first, last = dZ[name][-1], dZ[name][0]
        regular = 0 < first < math.inf and 0 < last < math.inf
        return abs(math.log10(first) - math.log10(last)) if regular else math.inf

    name = max(dZ, key=extent)
    return f"{name}: gradients {_fate(dZ[name][::-1])} on the way back through the layers"
