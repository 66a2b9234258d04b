from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from micrograd_dl import nn
from micrograd_dl.nn.initialisers import he, small, zeros
from micrograd_dl.nn.network import Array, Pass
from micrograd_dl.vectorized import MLP
from viz.plots import sizes_by_layer

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((4, 6)), RNG.integers(0, 2, (1, 6))
SHAPE = ([4, 4, 4, 1], ["tanh", "tanh", "tanh", "sigmoid"])
PASSES = {init.__name__: MLP(4, *SHAPE, initialiser=init, seed=1).record(X, Y) for init in (small, he, zeros)}
HE = PASSES["he"]


@pytest.fixture(scope="module")
def figure() -> Figure:
    return sizes_by_layer(PASSES)


def rms(array: Array) -> float:
    return math.sqrt(float((array**2).mean()))


def drawn(figure: Figure, panel: int) -> list[tuple[list[float], list[float]]]:
    """The lines, without the hollow points on them."""
    lines = [line for line in figure.axes[panel].lines if line.get_linestyle() == "-"]
    points = [
        sorted(zip(np.ravel(line.get_xdata()), np.ravel(line.get_ydata()), strict=True)) for line in lines
    ]
    return [([x for x, _ in line], [y for _, y in line]) for line in points]


def labels(figure: Figure, panel: int) -> list[str]:
    legend = figure.axes[panel].get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_lines_are_root_mean_squares(figure: Figure) -> None:
    for name, A, dZ in zip(PASSES, drawn(figure, 0), drawn(figure, 1), strict=True):
        if name != "zeros":
            assert (A[0], dZ[0]) == ([1, 2, 3], [1, 2, 3, 4])
            assert A[1] == pytest.approx([rms(a) for a in PASSES[name].A[:-1]])
            assert dZ[1] == pytest.approx([rms(dz) for dz in PASSES[name].dZ])
    forward, backward = figure.axes
    assert forward.get_yscale() == backward.get_yscale() == "log"
    assert [forward.xaxis_inverted(), backward.xaxis_inverted()] == [False, True]
    assert "A[l]" in forward.get_ylabel()
    assert "dZ[l]" in backward.get_ylabel()


def test_zeros_are_hollow_points_on_the_edge(figure: Figure) -> None:
    forward = figure.axes[0]
    assert drawn(figure, 0)[2][1] == [forward.get_ylim()[0]] * 3
    [hollow] = [line for line in forward.lines if line.get_markerfacecolor() == "white"]
    assert len(np.ravel(hollow.get_xdata())) == 3


def test_lines_are_labelled_with_what_became_of_them(figure: Figure) -> None:
    factor = rms(HE.A[2]) / rms(HE.A[0])
    by_name = dict(text.split(": ") for text in labels(figure, 0))
    assert list(by_name) == ["he", "small", "zeros"]  # in the order of their ends
    assert by_name["he"] == (f"grow {factor:.2g}-fold" if factor > 1 else f"shrink {1 / factor:.2g}-fold")
    assert by_name["zeros"] == "are 0"
    assert labels(figure, 1)[2] == "zeros: become 0"
    assert figure.get_suptitle() == "zeros: gradients become 0 on the way back through the layers"


def test_what_overflows_is_at_the_top() -> None:
    broken = replace(HE, A=[HE.A[0], HE.A[1] * np.inf, *HE.A[2:]], dZ=[dz * np.nan for dz in HE.dZ])
    figure = sizes_by_layer({"he": HE, "broken": broken})
    assert drawn(figure, 0)[1][1][1] == figure.axes[0].get_ylim()[1]
    assert labels(figure, 1)[0] == "broken: overflow"


def test_sizes_do_not_overflow_on_the_way() -> None:
    huge = replace(HE, A=[a * 1e200 for a in HE.A], dZ=[dz * 1e-200 for dz in HE.dZ])
    figure = sizes_by_layer({"huge": huge})
    assert drawn(figure, 0)[0][1] == pytest.approx([1e200 * rms(a) for a in HE.A[:-1]])
    assert drawn(figure, 1)[0][1] == pytest.approx([1e-200 * rms(dz) for dz in HE.dZ])


def test_networks_of_different_depths_and_of_values() -> None:
    deep = {f"{L} layers": nn.MLP(4, [2] * L + [1], "tanh", seed=1).record(X, Y) for L in (1, 3)}
    figure = sizes_by_layer(deep)
    assert [layers for layers, _ in drawn(figure, 0)] == [[1], [1, 2, 3]]
    assert [layers for layers, _ in drawn(figure, 1)] == [[1, 2], [1, 2, 3, 4]]
    one = sizes_by_layer({"one": MLP(4, [1], ["sigmoid"]).record(X, Y)})
    assert len(drawn(one, 0)[0][0]) == 1


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ValueError, "networks that can be told apart: 1 to 8, not 0"),
        (dict.fromkeys("abcdefghi", HE), ValueError, "networks that can be told apart: 1 to 8, not 9"),
        ({"a": MLP(1, [1])}, TypeError, "a Pass is drawn here, what model.record.* not MLP"),
    ],
)
def test_bad_input_is_refused(given: dict[str, Pass], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sizes_by_layer(given)
