from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure

from micrograd_dl import nn
from micrograd_dl.nn.initialisers import zeros
from micrograd_dl.nn.network import Network
from micrograd_dl.vectorized import MLP
from viz.plots import network_diagram
from viz.plots.figures import COLOURS, tint

W1, b1 = np.array([[1.0, -2.0], [0.5, 0.0]]), np.array([[3.0], [-1.5]])
W2, b2 = np.array([[-1.0, 0.25]]), np.array([[0.0]])


def small(kind: type[Network] = MLP) -> Network:
    model = kind(2, [2, 1], ["tanh", "sigmoid"])
    model.set_layers_data([(W1, b1), (W2, b2)])
    return model


def with_biases(n_x: int, sizes: list[int]) -> Network:
    model = MLP(n_x, sizes, seed=3)
    rng = np.random.default_rng(0)
    model.set_layers_data([(W, rng.standard_normal(b.shape)) for W, b in model.layers_data()])
    return model


def lines(ax: Axes) -> Any:  # a LineCollection, whose stubs do not know all of its methods
    [found] = [c for c in ax.collections if isinstance(c, LineCollection)]
    return found


def circles(ax: Axes) -> int:
    return sum(len(np.asarray(c.get_offsets())) for c in ax.collections if isinstance(c, PathCollection))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def key(figure: Figure) -> list[str]:
    legend = figure.axes[0].get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_a_line_for_each_weight_as_wide_as_it_is_large() -> None:
    found = lines(network_diagram(small()).axes[0])
    weights = [0.0, 0.25, 0.5, 1.0, -1.0, -2.0]  # the largest last, on top
    widths = np.asarray(found.get_linewidths())
    assert widths - widths[0] == pytest.approx([abs(w) / 2 * (widths[-1] - widths[0]) for w in weights])
    colours = np.asarray(found.get_colors())[:, :3]
    assert colours[-1] == pytest.approx(tint(COLOURS[1], 1))
    assert [c[2] > c[0] for c in colours[1:]] == [True, True, True, False, False]  # blue or orange
    assert colours[0][0] == colours[0][2]  # grey


def test_a_circle_for_each_unit_filled_by_its_bias() -> None:
    ax = network_diagram(small()).axes[0]
    fills = [np.asarray(c.get_facecolor())[:, :3] for c in ax.collections if isinstance(c, PathCollection)]
    assert [len(own) for own in fills] == [2, 2, 1]
    assert (fills[0] == 1).all()  # inputs have none
    assert fills[1] == pytest.approx(np.array([tint(COLOURS[0], 0.6), tint(COLOURS[1], 0.3)]))
    assert (fills[2] == 1).all()


@pytest.mark.parametrize("kind", [MLP, nn.MLP])
def test_numbers_names_and_captions(kind: type[Network]) -> None:
    found = texts(network_diagram(small(kind), inputs=["length (cm)", "age"], outputs=["P(cat)"]))
    assert {"1", "−2", "0.5", "−1", "0.25", "3", "−1.5"} <= set(found)
    captions = {"input", "2 features", "layer 1", "2 tanh", "layer 2", "1 sigmoid"}
    assert {"length (cm)", "age", "P(cat)"} | captions <= set(found)
    assert {"x1", "x2", "ŷ"} <= set(texts(network_diagram(small())))
    assert {"x", "ŷ1", "ŷ2", "ŷ3", "1 feature"} <= set(texts(network_diagram(MLP(1, [3]))))
    assert key(network_diagram(small())) == ["weight 2", "weight −2", "bias 3", "bias −3"]


def test_large_layers_are_shortened_and_say_so() -> None:
    figure = network_diagram(with_biases(784, [128, 10]))
    assert figure.get_suptitle() == "The network 784-128-10 has 101,770 parameters"
    found = texts(figure)
    assert circles(network_diagram(MLP(12, [12, 1])).axes[0]) == 25  # twelve are shown whole
    assert circles(figure.axes[0]) == 11 + 11 + 10
    assert len(lines(figure.axes[0]).get_segments()) == 11 * 11 + 11 * 10
    assert {"784 features", "128 relu", "10 linear"} <= set(found)
    assert found.count("(11 shown)") == 2
    assert {"x1", "x8", "x782", "x784"} <= set(found)
    assert "x9" not in found
    assert not any("0." in text for text in found)  # no room for numbers


def test_the_weights_drawn_are_those_of_the_units_drawn() -> None:
    model = MLP(20, [1])
    W = np.zeros((1, 20))
    W[0, 10], W[0, 19] = 100.0, -1.0  # the eleventh input is left out
    model.set_layers_data([(W, [[0.0]])])
    assert key(network_diagram(model)) == ["weight 1", "weight −1", "bias 0"]


def test_many_layers_are_shortened_and_say_so() -> None:
    figure = network_diagram(with_biases(2, [3] * 30 + [1]))
    assert figure.get_suptitle().startswith("The network 2-3-3-3-3-3-…-3-1 has ")
    assert {"layer 5", "24 layers", "(not shown)", "layer 30", "layer 31"} <= set(texts(figure))
    assert "layer 6" not in texts(figure)
    assert len(lines(figure.axes[0]).get_segments()) == 2 * 3 + 4 * 9 + 3


@pytest.mark.parametrize(
    "shape", [(2, [2, 1]), (3, [3, 1]), (1, [16, 16, 1]), (784, [128, 10]), (5, [6] * 30 + [1])]
)
def test_texts_do_not_overlap(shape: tuple[int, list[int]]) -> None:
    figure = network_diagram(with_biases(*shape))
    figure.draw_without_rendering()
    legend = figure.axes[0].get_legend()
    assert legend is not None
    boxes = [text.get_window_extent() for text in (*figure.axes[0].texts, legend)]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_a_network_of_zeros() -> None:
    figure = network_diagram(MLP(3, [2, 1], initialiser=zeros))
    assert key(figure) == ["weight 0", "bias 0"]


@pytest.mark.parametrize("names", [{"inputs": ["a"]}, {"outputs": ["a", "b"]}])
def test_a_wrong_number_of_names_is_refused(names: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"(2 inputs|1 outputs) take as many names, not [12]"):
        network_diagram(small(), **names)


def test_what_is_not_finite_is_refused() -> None:
    model = small()
    model.set_layers_data([(W1, [[0.0], [math.nan]]), (W2, b2)])
    with pytest.raises(ValueError, match=r"b1\[2,1\] is nan"):
        network_diagram(model)
