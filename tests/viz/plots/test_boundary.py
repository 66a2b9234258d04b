from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure

from micrograd_dl import nn
from micrograd_dl.data.preparation import Normaliser
from micrograd_dl.nn.activations import Activation
from micrograd_dl.nn.losses import LossName
from micrograd_dl.nn.network import Array, Network, one_hot
from micrograd_dl.vectorized import MLP
from viz.plots import boundary, decision_boundary

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (2, 60))
TWO = (X[:1] + X[1:] > 0).astype(int)
RIGHT = (3 * X[:1] + 3 * X[1:] - 1 >= 0).astype(int)
THREE = np.digitize(X[:1], [-0.3, 0.3])


@pytest.fixture(autouse=True)
def _coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "_COLUMNS", 48)
    monkeypatch.setattr(boundary, "_ROWS", 30)


def line_model(kind: type[Network] = MLP, output: str = "sigmoid", loss: LossName = "logistic") -> Network:
    """The score is 3 x1 + 3 x2 - 1: the boundary is x1 + x2 = 1/3."""
    model = kind(2, [1], [output], loss)
    model.set_layers_data([([[3.0, 3.0]], [[-1.0]])])
    return model


def softmax_model() -> Network:
    """The boundaries are x1 = -1/2 and x1 = 1/2."""
    model = MLP(2, [3], ["softmax"])
    model.set_layers_data([([[-8.0, 0.0], [0.0, 0.0], [8.0, 0.0]], [[-4.0], [0.0], [-4.0]])])
    return model


def examples(ax: Axes) -> list[Array]:
    """The points of each collection of markers that has any, rings last."""
    found = [np.asarray(c.get_offsets()) for c in ax.collections if isinstance(c, PathCollection)]
    return [points for points in found if len(points)]


def contours(ax: Axes) -> list[Array]:
    """The vertices of each boundary."""
    sets = [c for c in ax.collections if isinstance(c, ContourSet)]
    return [np.vstack([path.vertices for path in s.get_paths()]) for s in sets]


def on_line(points: Array, total: float, near: float = 1e-6) -> bool:
    return len(points) > 1 and np.allclose(points.sum(axis=1), total, atol=near)


def legend(figure: Figure) -> list[str]:
    found = figure.axes[0].get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def key(figure: Figure) -> Axes:
    [found] = figure.axes[0].child_axes
    assert isinstance(found, Axes)
    return found


def looks(figure: Figure) -> list[Array]:
    """All that depends on the model and on the classes."""
    ax = figure.axes[0]
    return [np.asarray(ax.images[0].get_array()), *contours(ax), *examples(ax)]


def colour_at(ax: Axes, x: float, y: float) -> Array:
    data, (left, right, bottom, top) = np.asarray(ax.images[0].get_array()), ax.images[0].get_extent()
    row, column = (y - bottom) / (top - bottom) * len(data), (x - left) / (right - left) * len(data[0])
    return np.asarray(data[int(row), int(column)])


def test_two_classes() -> None:
    names: dict[str, Any] = {"features": ["length (cm)", "width (cm)"], "classes": ["cat", "dog"]}
    figure = decision_boundary(line_model(), X, TWO, **names)
    ax = figure.axes[0]
    wrong = RIGHT[0] != TWO[0]
    ones, rings = int(TWO.sum()), int(wrong.sum())
    assert figure.get_suptitle() == f"{rings} of 60 examples are on the wrong side of the boundary"
    assert [ax.get_xlabel(), ax.get_ylabel()] == names["features"]
    assert legend(figure) == [
        f"cat ({60 - ones})", f"dog ({ones})", f"on the wrong side ({rings})", "boundary",
    ]  # fmt: skip
    assert sorted(map(tuple, np.vstack(examples(ax)[:-1]))) == sorted(map(tuple, X.T))
    assert sorted(map(tuple, examples(ax)[-1])) == sorted(map(tuple, X.T[wrong]))
    [edge] = contours(ax)
    assert on_line(edge, 1 / 3)
    assert key(figure).get_title(loc="left") == "P(dog)"


def test_the_shade_is_the_probability() -> None:
    ax = decision_boundary(line_model(), X, TWO).axes[0]
    sure, less, unsure, other = (colour_at(ax, x, x) for x in (0.9, 0.4, 1 / 6 + 0.03, -0.9))
    assert sure[0] > sure[2]  # orange
    assert other[0] < other[2]  # blue
    assert np.abs(1 - unsure).sum() < np.abs(1 - less).sum() < np.abs(1 - sure).sum()


def test_examples_on_the_right_side_have_no_rings() -> None:
    figure = decision_boundary(line_model(), X, RIGHT)
    assert figure.get_suptitle() == "All 60 examples are on the right side of the boundary"
    assert len(legend(figure)) == 3
    assert sum(map(len, examples(figure.axes[0]))) == 60


def test_all_kinds_of_networks_give_the_same_picture_and_stay_as_they_are() -> None:
    model = line_model(nn.MLP)
    model.cost_and_grad(X, TWO)
    before = [(p.data, p.grad) for p in model.parameters()]
    wanted = looks(decision_boundary(model, X, TWO))
    assert [(p.data, p.grad) for p in model.parameters()] == before
    found = looks(decision_boundary(line_model(MLP), X, TWO))
    assert all(np.array_equal(a, b) for a, b in zip(wanted, found, strict=True))


def test_an_activation_of_ones_own() -> None:
    wanted = looks(decision_boundary(nn.MLP(2, [1, 1], ["linear", "sigmoid"], seed=1), X, TWO))
    for name in ("mine", "tanh"):  # the latter was drawn as if it were the built-in one
        model = nn.MLP(2, [1, 1], [Activation(name, list), "sigmoid"], seed=1)
        found = looks(decision_boundary(model, X, TWO))
        assert all(np.allclose(a, b) for a, b in zip(wanted, found, strict=True))


def test_a_boundary_that_is_steep_or_out_of_sight() -> None:
    model = line_model()
    model.set_layers_data([([[3e3, 3e3]], [[-1e3]])])  # probabilities of 0 and 1 in all cells
    [edge] = contours(decision_boundary(model, X, TWO).axes[0])
    assert on_line(edge, 1 / 3, near=0.15)
    model.set_layers_data([([[0.0, 0.0]], [[1.0]])])
    assert contours(decision_boundary(model, X, TWO).axes[0]) == []


def test_max_margin_shows_the_margin() -> None:
    figure = decision_boundary(line_model(MLP, "linear", "max_margin"), X, 2 * TWO - 1)
    assert all(on_line(edge, x) for edge, x in zip(contours(figure.axes[0]), (1 / 3, 0, 2 / 3), strict=True))
    assert legend(figure)[-2:] == ["boundary", "margin, a = ±1"]


def test_three_classes() -> None:
    figure = decision_boundary(softmax_model(), X, one_hot(THREE), classes=["a", "b", "c"])
    edges = np.hstack([edge[:, 0] for edge in contours(figure.axes[0])])
    assert np.allclose(np.abs(edges), 0.5)
    assert [text.split(" ")[0] for text in legend(figure)] == ["a", "b", "c", "on", "boundary"]
    assert key(figure).get_title(loc="left") == "P(predicted class)"


def test_targets_or_indices() -> None:
    margin = line_model(output="linear", loss="max_margin")
    for model, targets, indices in ((margin, 2 * TWO - 1, TWO), (softmax_model(), one_hot(THREE, 3), THREE)):
        one, other = (looks(decision_boundary(model, X, Y)) for Y in (targets, indices))
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_normaliser_keeps_the_original_units() -> None:
    raw = X * [[1000.0], [0.5]] + [[2000.0], [3.0]]
    normaliser = Normaliser(np.array([[2000.0], [3.0]]), np.array([[1000.0], [0.5]]))
    ax = decision_boundary(line_model(), raw, TWO, normaliser=normaliser).axes[0]
    assert np.vstack(examples(ax)[:-1])[:, 0].min() == raw[0].min()
    [edge] = contours(ax)
    assert on_line(normaliser.apply(edge.T).T, 1 / 3)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (MLP(3, [1], ["sigmoid"]), r"two features, and this network takes 3: .*X\[\[0, 1\]\]"),
        (MLP(2, [1]), "this network has 1 with the loss squared"),
        (MLP(2, [2], ["sigmoid"]), "this network has 2 with the loss logistic"),
    ],
)
def test_other_networks_are_refused(model: Network, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decision_boundary(model, np.zeros((model.shape[0], 4)), np.zeros((1, 4)))


@pytest.mark.parametrize(
    ("X", "Y", "names", "message"),
    [
        (X.T, TWO, {}, "transpose it, X.T"),
        (X * np.nan, TWO, {}, "X holds nan"),
        (X, TWO[0], {}, "reshape"),
        (X, TWO[:, :5], {}, r"Y is \(1, 5\), \(1, 60\) is wanted"),
        (X, TWO + 1, {}, "Y holds 2"),
        (X, TWO, {"features": ["a"]}, "2 features take as many names, not 1: a"),
        (X, TWO, {"classes": ["a", "b", "c"]}, "2 classes take as many names, not 3"),
    ],
)
def test_bad_input_is_refused(X: Array, Y: Array, names: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decision_boundary(line_model(), X, Y, **names)
