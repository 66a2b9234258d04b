"""A compiled network is one to whatever trains, checks, compares or saves a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from micrograd_dl import compiled, nn, vectorized
from micrograd_dl.compare.comparison import compare
from micrograd_dl.data.built_in import moons
from micrograd_dl.gradcheck.models import check_gradients
from micrograd_dl.nn.initialisers import uniform
from micrograd_dl.nn.network import one_hot
from micrograd_dl.optim.optimisers import GradientDescent
from micrograd_dl.training.fitting import fit
from micrograd_dl.training.storage import load, save

# The cost of a network of Values is a Value; float() takes the number of it.
pytestmark = pytest.mark.filterwarnings("ignore::micrograd_dl.GraphCutWarning")

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]])
Y = np.array([[1, 0, 1]])
LAYERS: tuple[Any, ...] = (2, [4, 3, 1], ["tanh", "relu", "sigmoid"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    hidden=st.lists(
        st.sampled_from(["linear", "sigmoid", "tanh", "relu", "leaky_relu", "mish"]), min_size=0, max_size=3
    ),
    loss=st.sampled_from(["logistic", "cross_entropy", "squared", "max_margin", "huber"]),
    layer_norm=st.booleans(),
    m=st.sampled_from([1, 2, 5, 130]),
    seed=st.integers(0, 1000),
)
def test_it_computes_what_the_other_two_compute(
    runner: Any, hidden: list[str], loss: Any, layer_norm: bool, m: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    n_y = 3
    output = {"logistic": "sigmoid", "cross_entropy": "softmax"}.get(loss, "linear")
    layers = 2, [*rng.integers(1, 5, len(hidden)).tolist(), n_y], [*hidden, output], loss
    options: dict[str, Any] = {
        "seed": seed, "l2": 0.7, "l1": 0.3, "initialiser": uniform,
        "normalisation": "layer" if layer_norm else None,
    }  # fmt: skip
    X, classes = rng.standard_normal((2, m)), rng.integers(0, n_y, m)
    Y = one_hot(classes, n_y) if loss != "max_margin" else 2 * one_hot(classes, n_y) - 1
    model = compiled.MLP(*layers, runner=runner, **options)
    others: list[Any] = [vectorized.MLP(*layers, **options)]
    if m < 100:  # it takes long, and gives what vectorized.MLP does
        others.append(nn.MLP(*layers, **options))
    for other in others:
        result = compare(other, model, X, Y, tolerance=1e-10)
        assert result.equal, result
        assert model.forward(X) == pytest.approx(other.forward(X), rel=1e-10, abs=1e-12)
        assert model.cost(X, Y) == pytest.approx(float(other.cost(X, Y)), rel=1e-11)


def test_fit_goes_the_same_way(runner: Any) -> None:
    costs = []
    data = moons(m=60, seed=1)
    for model in (vectorized.MLP(*LAYERS, seed=3), compiled.MLP(*LAYERS, seed=3, runner=runner)):
        history = fit(
            model, data.X, data.Y, epochs=20, batch_size=16,
            optimiser=GradientDescent(model.parameters(), 0.5), progress=False,
        )  # fmt: skip
        costs.append(history.cost)
    assert costs[1] == pytest.approx(costs[0], rel=1e-9)


def test_its_gradients_are_checked_like_any_models(runner: Any) -> None:
    found = check_gradients(compiled.MLP(2, [4, 1], ["tanh", "sigmoid"], seed=2, l2=0.3, runner=runner), X, Y)
    assert found.verdict == "backprop is right"


def test_saved_and_loaded(runner: Any, tmp_path: Path) -> None:
    model = compiled.MLP(*LAYERS, seed=5, l2=0.1, runner=runner)
    model.cost_and_grad(X, Y)
    model.theta[:] -= 0.1 * model.parameters()[0].grad
    save(tmp_path / "model.npz", model)
    loaded = load(tmp_path / "model.npz").model
    assert isinstance(loaded, compiled.MLP)
    assert loaded.cost(X, Y) == pytest.approx(model.cost(X, Y), rel=1e-13)


@pytest.mark.parametrize("options", [{"normalisation": "batch"}, {"keep_prob": 0.5}])
def test_what_is_not_a_graph_of_one_example_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="replays the graph of one example"):
        compiled.MLP(*LAYERS, **options)
