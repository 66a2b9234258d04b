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
from micrograd_dl.nn.network import Array, Network, one_hot
from micrograd_dl.vectorized import MLP
from viz.plots import boundary, decision_boundary

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (2, 60))
TWO = (X[:1] + X[1:] > 0).astype(int)
THREE = np.digitize(X[:1], [-0.3, 0.3])


def line_model(kind: type[Network] = MLP, output: str = "sigmoid", loss: str = "logistic") -> Network:
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
    found = [c for c in ax.collections if isinstance(c, PathCollection)]
    return [np.asarray(c.get_offsets()) for c in found if len(np.asarray(c.get_offsets()))]


def contours(ax: Axes) -> list[Array]:
    """The vertices of each boundary."""
    sets = [c for c in ax.collections if isinstance(c, ContourSet)]
    return [np.vstack([path.vertices for path in s.get_paths()]) for s in sets]


def legend(figure: Figure) -> list[str]:
    found = figure.axes[0].get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def key_title(figure: Figure) -> str:
    [key] = figure.axes[0].child_axes
    assert isinstance(key, Axes)
    return key.get_title(loc="left")


def looks(figure: Figure) -> list[Array]:
    """All that depends on the model and on the classes."""
    ax = figure.axes[0]
    return [np.asarray(ax.images[0].get_array()), *contours(ax), *examples(ax)]


def colour_at(ax: Axes, x: float, y: float) -> Array:
    image = ax.images[0]
    data = np.asarray(image.get_array())
    left, right, bottom, top = image.get_extent()
    rows, columns = data.shape[:2]
    return np.asarray(
        data[int((y - bottom) / (top - bottom) * rows), int((x - left) / (right - left) * columns)]
    )


# Two classes


def test_two_classes() -> None:
    figure = decision_boundary(
        line_model(), X, TWO, features=["length (cm)", "width (cm)"], classes=["cat", "dog"]
    )
    ax = figure.axes[0]
    wrong = (3 * X[0] + 3 * X[1] - 1 >= 0) != TWO[0]
    ones, rings = int(TWO.sum()), int(wrong.sum())
    assert figure.get_suptitle() == f"{rings} of 60 examples are on the wrong side of the boundary"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("length (cm)", "width (cm)")
    assert legend(figure) == [
        f"cat ({60 - ones})",
        f"dog ({ones})",
        f"on the wrong side ({rings})",
        "boundary",
    ]
    drawn = np.vstack(examples(ax)[:-1])
    assert sorted(map(tuple, drawn)) == sorted(map(tuple, X.T))
    assert sorted(map(tuple, examples(ax)[-1])) == sorted(map(tuple, X.T[wrong]))
    [boundary] = contours(ax)
    assert boundary.sum(axis=1) == pytest.approx(np.full(len(boundary), 1 / 3), abs=1e-6)
    assert key_title(figure) == "P(dog)"


def test_the_shade_is_the_probability() -> None:
    ax = decision_boundary(line_model(), X, TWO).axes[0]
    sure, less, unsure, other = (colour_at(ax, x, x) for x in (0.9, 0.4, 1 / 6 + 0.01, -0.9))
    assert sure[0] > sure[2]  # orange
    assert other[0] < other[2]  # blue
    assert np.abs(1 - unsure).sum() < np.abs(1 - less).sum() < np.abs(1 - sure).sum()


def test_examples_on_the_right_side_have_no_rings() -> None:
    right = (3 * X[:1] + 3 * X[1:] - 1 >= 0).astype(int)
    figure = decision_boundary(line_model(), X, right)
    assert figure.get_suptitle() == "All 60 examples are on the right side of the boundary"
    assert len(legend(figure)) == 3
    assert sum(map(len, examples(figure.axes[0]))) == 60
    one = decision_boundary(line_model(), X[:, :1], right[:, :1])
    assert one.get_suptitle() == "The example is on the right side of the boundary"
    right[0, 0] = 1 - right[0, 0]
    assert decision_boundary(line_model(), X, right).get_suptitle().startswith("1 of 60 examples is ")


def test_every_class_has_a_colour_and_a_marker_of_its_own() -> None:
    ax = decision_boundary(softmax_model(), X, THREE).axes[0]
    looks = set()
    for c in ax.collections:
        if isinstance(c, PathCollection) and len(np.asarray(c.get_offsets())):
            looks.add(
                (tuple(np.asarray(c.get_facecolor()).ravel()), len(np.asarray(c.get_paths()[0].vertices)))
            )
    colours, shapes = zip(*[look for look in looks if look[0]], strict=True)
    assert len(looks) == 4  # with the rings
    assert len(set(colours)) == len(set(shapes)) == 3


def test_a_class_called_after_a_colour_has_it() -> None:
    ax = decision_boundary(line_model(), X, TWO, classes=["Red", "blue"]).axes[0]
    red, blue = colour_at(ax, -0.9, -0.9), colour_at(ax, 0.9, 0.9)
    assert red[0] > red[2]
    assert blue[0] < blue[2]


def test_values_and_matrices_give_the_same_picture() -> None:
    values, matrices = (looks(decision_boundary(line_model(kind), X, TWO)) for kind in (nn.MLP, MLP))
    assert all(np.array_equal(a, b) for a, b in zip(values, matrices, strict=True))


def test_an_activation_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "_COLUMNS", 24)
    monkeypatch.setattr(boundary, "_ROWS", 15)
    wanted = looks(decision_boundary(nn.MLP(2, [1, 1], ["linear", "sigmoid"], seed=1), X, TWO))
    for name in ("mine", "tanh"):  # the latter was drawn as if it were the built-in one
        own = Activation(name, list)
        found = looks(decision_boundary(nn.MLP(2, [1, 1], [own, "sigmoid"], seed=1), X, TWO))
        assert all(np.allclose(a, b) for a, b in zip(wanted, found, strict=True))


def test_the_model_stays_as_it_is() -> None:
    model = line_model(nn.MLP)
    model.cost_and_grad(X, TWO)
    before = [(p.data, p.grad) for p in model.parameters()]
    decision_boundary(model, X, TWO)
    assert [(p.data, p.grad) for p in model.parameters()] == before


def test_float32() -> None:
    model = MLP(2, [1], ["sigmoid"], dtype=np.float32)
    model.copy_from(line_model())
    [boundary] = contours(decision_boundary(model, X.astype(np.float32), TWO).axes[0])
    assert boundary.sum(axis=1) == pytest.approx(np.full(len(boundary), 1 / 3), abs=1e-4)


def test_a_steep_boundary_is_where_it_is() -> None:
    model = line_model()
    model.set_layers_data([([[3e3, 3e3]], [[-1e3]])])  # probabilities of 0 and 1 in all cells
    [boundary] = contours(decision_boundary(model, X, TWO).axes[0])
    assert boundary.sum(axis=1) == pytest.approx(np.full(len(boundary), 1 / 3), abs=0.02)


def test_no_boundary_in_sight() -> None:
    model = line_model()
    model.set_layers_data([([[0.0, 0.0]], [[1.0]])])
    assert contours(decision_boundary(model, X, TWO).axes[0]) == []


# Other outputs


def test_max_margin_shows_the_margin() -> None:
    model = line_model(output="linear", loss="max_margin")
    figure = decision_boundary(model, X, 2 * TWO - 1)
    boundary, low, high = contours(figure.axes[0])
    assert boundary.sum(axis=1) == pytest.approx(np.full(len(boundary), 1 / 3))
    assert low.sum(axis=1) == pytest.approx(np.zeros(len(low)), abs=1e-9)
    assert high.sum(axis=1) == pytest.approx(np.full(len(high), 2 / 3))
    assert legend(figure)[-2:] == ["boundary", "margin, a = ±1"]


def test_three_classes() -> None:
    figure = decision_boundary(softmax_model(), X, one_hot(THREE), classes=["a", "b", "c"])
    edges = np.sort(np.hstack([boundary[:, 0] for boundary in contours(figure.axes[0])]))
    assert np.abs(edges) == pytest.approx(np.full(len(edges), 0.5), abs=1e-6)
    assert [text.split(" ")[0] for text in legend(figure)] == ["a", "b", "c", "on", "boundary"]
    assert key_title(figure) == "P(predicted class)"


@pytest.mark.parametrize(("count", "listed"), [(9, 9), (10, 8), (60, 8)])
def test_a_legend_of_many_classes_ends_above_the_key(count: int, listed: int) -> None:
    model = MLP(2, [count], ["softmax"])
    figure = decision_boundary(model, X, np.arange(X.shape[1])[np.newaxis] % count)
    rows = legend(figure)[:-2]
    assert [row.split(" ")[0] for row in rows[:listed]] == [str(c) for c in range(listed)]
    assert rows[listed:] == ([f"and {count - listed} more"] if listed < count else [])
    ax = figure.axes[0]
    found, [key] = ax.get_legend(), ax.child_axes
    assert isinstance(key, Axes)
    assert found is not None
    assert found.get_window_extent().y0 > key.title.get_window_extent().y1


def test_targets_or_indices() -> None:
    margin = line_model(output="linear", loss="max_margin")
    for model, targets, indices in (
        (margin, 2 * TWO - 1, TWO),
        (softmax_model(), one_hot(THREE, 3), THREE),
    ):
        one, other = (looks(decision_boundary(model, X, Y)) for Y in (targets, indices))
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# Units and limits


def test_a_normaliser_keeps_the_original_units() -> None:
    raw = X * [[1000.0], [0.5]] + [[2000.0], [3.0]]
    normaliser = Normaliser(np.array([[2000.0], [3.0]]), np.array([[1000.0], [0.5]]))
    ax = decision_boundary(line_model(), raw, TWO, normaliser=normaliser).axes[0]
    assert np.vstack(examples(ax)[:-1])[:, 0].min() == raw[0].min()
    assert ax.get_xlim()[0] > 500
    [boundary] = contours(ax)
    assert normaliser.apply(boundary.T).sum(axis=0) == pytest.approx(np.full(len(boundary), 1 / 3), abs=1e-6)


def test_circles_are_round_if_that_fits() -> None:
    def units(X: Array) -> float:
        figure = decision_boundary(line_model(), X, TWO)
        figure.draw_without_rendering()
        ax = figure.axes[0]
        (x0, y0), (x1, y1) = ax.transData.transform([(0, 0), (1, 1)])
        assert ax.get_xlim()[0] < X[0].min() < X[0].max() < ax.get_xlim()[1]
        assert ax.get_ylim()[0] < X[1].min() < X[1].max() < ax.get_ylim()[1]
        return float((x1 - x0) / (y1 - y0))

    assert units(X) == pytest.approx(1, rel=0.02)
    assert units(X * [[100.0], [1.0]]) < 0.1


@pytest.mark.parametrize("m", [1, 6000])
def test_few_and_many_examples(m: int) -> None:
    figure = decision_boundary(line_model(), np.full((2, m), 5.0), np.ones((1, m), int))
    assert f"1 ({m:,})" in legend(figure)


# What is refused


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (MLP(3, [1], ["sigmoid"]), r"two features, and this network takes 3: .*X\[\[0, 1\]\]"),
        (MLP(2, [1]), "this network has 1 with the loss squared"),
        (MLP(2, [2], ["sigmoid"]), "this network has 2 with the loss logistic"),
        (MLP(2, [1], ["softmax"]), "this network has 1 with the loss cross_entropy"),
    ],
)
def test_other_networks_are_refused(model: Network, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decision_boundary(model, np.zeros((model.shape[0], 4)), np.zeros((1, 4)))


@pytest.mark.parametrize(
    ("X", "Y", "names", "message"),
    [
        (X.T, TWO, {}, "transpose it, X.T"),
        (X[0], TWO, {}, "reshape"),
        (X * np.nan, TWO, {}, "X holds nan"),
        (X, TWO[0], {}, "reshape"),
        (X, TWO[:, :5], {}, r"X \(2, 60\) and Y \(1, 5\)"),
        (X, TWO + 1, {}, "Y holds 2: .* classes as 0 to 1"),
        (X, TWO / 2, {}, "Y holds 0.5"),
        (X, TWO, {"features": ["a"]}, "2 features take as many names, not 1: a"),
        (X, TWO, {"classes": ["a", "b", "c"]}, "2 classes take as many names, not 3"),
    ],
)
def test_bad_input_is_refused(X: Array, Y: Array, names: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decision_boundary(line_model(), X, Y, **names)
