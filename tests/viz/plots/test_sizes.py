from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from micrograd_dl import nn
from micrograd_dl.nn.initialisers import he, small, zeros
from micrograd_dl.nn.network import Pass
from micrograd_dl.vectorized import MLP
from viz.plots import sizes_by_layer

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((4, 6)), RNG.integers(0, 2, (1, 6))
SHAPE = ([4, 4, 4, 1], ["tanh", "tanh", "tanh", "sigmoid"])
PASSES = {init.__name__: MLP(4, *SHAPE, initialiser=init, seed=1).record(X, Y) for init in (small, he, zeros)}


@pytest.fixture(scope="module")
def figure() -> Figure:
    return sizes_by_layer(PASSES)


def rms(array: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return math.sqrt(float((array**2).mean()))


def drawn(figure: Figure, panel: int) -> list[tuple[list[float], list[float]]]:
    """The lines, without the points on them."""
    lines = [line for line in figure.axes[panel].lines if line.get_marker() == "None"]
    return [(list(line.get_xdata()), list(line.get_ydata())) for line in lines]  # type: ignore[arg-type]  # arrays


def test_lines_are_root_mean_squares(figure: Figure) -> None:
    for name, A, dZ in zip(PASSES, drawn(figure, 0), drawn(figure, 1), strict=True):
        if name != "zeros":
            assert A[0] == [1, 2, 3]
            assert A[1] == pytest.approx([rms(a) for a in PASSES[name].A[:-1]])
            assert dZ[0] == [1, 2, 3, 4]
            assert dZ[1] == pytest.approx([rms(dz) for dz in PASSES[name].dZ])


def test_both_scales_are_logarithmic_and_backprop_goes_backwards(figure: Figure) -> None:
    forward, backward = figure.axes
    assert forward.get_yscale() == backward.get_yscale() == "log"
    assert not forward.xaxis_inverted()
    assert backward.xaxis_inverted()
    assert "A[l]" in forward.get_ylabel()
    assert "dZ[l]" in backward.get_ylabel()


def test_zeros_are_hollow_points_on_the_edge(figure: Figure) -> None:
    forward = figure.axes[0]
    _, sizes = drawn(figure, 0)[2]
    assert sizes == [forward.get_ylim()[0]] * 3
    [hollow] = [line for line in forward.lines if line.get_markerfacecolor() == "white"]
    assert len(np.asarray(hollow.get_xdata())) == 3


def test_lines_are_labelled_with_what_became_of_them(figure: Figure) -> None:
    forward, backward = ([text.get_text().split(": ") for text in ax.texts] for ax in figure.axes)
    assert [name for name, _ in forward] == list(PASSES)
    assert forward[0][1].startswith("÷ ")
    sizes = [rms(a) for a in PASSES["he"].A]
    factor = sizes[2] / sizes[0]
    assert forward[1][1] == (f"× {factor:.2g}" if factor >= 1 else f"÷ {1 / factor:.2g}")
    assert forward[2][1] == "are 0"
    assert backward[2][1] == "become 0"
    assert figure.get_suptitle() == "zeros: gradients become 0 on the way back through the layers"


def test_what_overflows_is_at_the_top() -> None:
    whole = PASSES["he"]
    broken = replace(
        whole, A=[whole.A[0], whole.A[1] * np.inf, *whole.A[2:]], dZ=[dz * np.nan for dz in whole.dZ]
    )
    figure = sizes_by_layer({"he": whole, "broken": broken})
    top = figure.axes[0].get_ylim()[1]
    assert drawn(figure, 0)[1][1][1] == top
    change = rms(whole.dZ[0]) / rms(whole.dZ[-1])
    assert [text.get_text() for text in figure.axes[1].texts] == [
        f"he: {'÷' if change < 1 else '×'} {max(change, 1 / change):.2g}",
        "broken: overflow",
    ]


def test_sizes_do_not_overflow_on_the_way() -> None:
    whole = PASSES["he"]
    huge = replace(whole, A=[a * 1e200 for a in whole.A], dZ=[dz * 1e-200 for dz in whole.dZ])
    figure = sizes_by_layer({"huge": huge})
    assert drawn(figure, 0)[0][1] == pytest.approx([1e200 * rms(a) for a in whole.A[:-1]])
    assert drawn(figure, 1)[0][1] == pytest.approx([1e-200 * rms(dz) for dz in whole.dZ])


def test_networks_of_different_depths_and_of_values() -> None:
    deep = {f"{L} layers": nn.MLP(4, [2] * L + [1], "tanh", seed=1).record(X, Y) for L in (1, 3)}
    figure = sizes_by_layer(deep)
    assert [layers for layers, _ in drawn(figure, 0)] == [[1], [1, 2, 3]]
    assert [layers for layers, _ in drawn(figure, 1)] == [[1, 2], [1, 2, 3, 4]]


def test_a_single_layer() -> None:
    figure = sizes_by_layer({"one": MLP(4, [1], ["sigmoid"]).record(X, Y)}, title="One")
    assert figure.get_suptitle() == "One"
    assert len(drawn(figure, 0)[0][0]) == 1


def test_gradients_that_keep_their_size() -> None:
    figure = sizes_by_layer({"he": PASSES["he"]})
    assert figure.get_suptitle() == "Gradients keep their size on the way back through the layers"


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ValueError, "1 to 8 networks, not 0"),
        (dict.fromkeys("abcdefghi", PASSES["he"]), ValueError, "1 to 8 networks, not 9"),
        ({"a": MLP(1, [1])}, TypeError, "a is a Pass, what model.record.* not MLP"),
    ],
)
def test_bad_input_is_refused(given: dict[str, Pass], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sizes_by_layer(given)
