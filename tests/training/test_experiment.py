"""From a dataset to a judged model, and back from its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micrograd_dl import nn
from micrograd_dl.data.built_in import blobs, digits, house_prices, moons, parity, xor
from micrograd_dl.data.dataset import Dataset
from micrograd_dl.optim.schedules import by_steps, cosine, warm_up
from micrograd_dl.training.diagnosis import bias_and_variance
from micrograd_dl.training.experiment import Outcome, Predictor, make_network, make_optimiser, train
from micrograd_dl.training.options import TrainingOptions
from micrograd_dl.training.storage import save

SETS: dict[str, Any] = {"moons": moons(60), "blobs": blobs(60), "house prices": house_prices(30)}


def quick(data: Dataset, **options: Any) -> Outcome:
    how = {name: options.pop(name) for name in ("checkpoint", "callbacks", "progress") if name in options}
    return train(data, TrainingOptions(**{"hidden": (4,), "epochs": 20, **options}), **how)


@pytest.mark.parametrize("name", SETS)
def test_saved_and_loaded_it_predicts_the_same(name: str, tmp_path: Path) -> None:
    data = SETS[name]
    predictor = quick(data, l2=0.5, hidden=()).predictor
    found = Predictor.load(predictor.save(tmp_path / "m.npz"))
    np.testing.assert_array_equal(found.predict(data.X), predictor.predict(data.X))
    one, other = found.probabilities(data.X), predictor.probabilities(data.X)
    assert (one is None) == (other is None) == (not data.classes)
    np.testing.assert_array_equal(one, other)
    assert (found.features, found.target, found.classes) == (data.features, data.target, data.classes)
    assert found.history.columns() == predictor.history.columns()
    assert found.options == predictor.options
    assert found.options.changed() == {"hidden": (), "epochs": 20, "l2": 0.5}


def test_classes_are_learned_and_judged() -> None:
    outcome = quick(moons(200, noise=0.05), hidden=[8, 8], epochs=100, learning_rate=0.03)
    predictor = outcome.predictor
    assert predictor.error(outcome.test) < 0.1
    X = predictor.normaliser.apply(outcome.test.X)
    assert predictor.error(outcome.test) == 1 - predictor.model.accuracy(X, outcome.test.Y)
    text = str(outcome)
    for part in ("examples: train 120, dev 40, test 40", "right: train ", "On the test set:", "predicted"):
        assert part in text
    errors = map(predictor.error, (outcome.train, outcome.dev))
    assert text.endswith(bias_and_variance(*errors, m_dev=outcome.dev.m))


def test_weights_decay_and_biases_do_not() -> None:
    """A decay that leaves a twentieth in every step, and a gradient that is clipped to nothing."""
    options: dict[str, Any] = {"optimiser": "descent", "learning_rate": 0.05, "epochs": 50, "patience": None}
    outcome = quick(blobs(60), weight_decay=19.0, clip_norm=1e-9, initialiser="glorot", **options)
    for W, b in outcome.predictor.model.layers_data():
        assert np.abs(W).max() < 1e-9
        assert 0 < np.abs(b).max() < 1e-8  # what 50 such gradients add up to
    assert len(outcome.predictor.history) == 50


def test_several_classes_have_a_softmax() -> None:
    predictor = quick(blobs(150, noise=0.3), epochs=60, learning_rate=0.05).predictor
    assert predictor.error(blobs(150, noise=0.3)) < 0.1
    P = predictor.probabilities(blobs(5).X)
    assert P is not None
    np.testing.assert_allclose(P.sum(axis=0), 1)


@pytest.mark.parametrize("name", SETS)
def test_the_loss_has_no_penalty_in_it(name: str) -> None:
    outcome = quick(SETS[name], l2=5.0)
    p = outcome.predictor
    p.model.regularisers = {}
    scale = 1.0 if p.scale is None else float(p.scale.deviation[0, 0]) ** 2
    Y = outcome.dev.targets(p.model.loss)
    X = p.normaliser.apply(outcome.dev.X)
    assert p.loss(outcome.dev) == pytest.approx(scale * p.model.cost(X, p.scale.apply(Y) if p.scale else Y))


def test_handwritten_digits() -> None:
    pytest.importorskip("sklearn", reason="the data are those of scikit-learn, in the extra data")
    outcome = train(digits(), TrainingOptions(hidden=(64,)))
    assert outcome.predictor.error(outcome.test) <= 0.03


def test_numbers_come_back_on_their_own_scale() -> None:
    x = np.linspace(0, 1, 60)[None]
    data = Dataset(1e-3 * x, 1e6 + 2e5 * x, target="price")
    outcome = quick(data, hidden=[], epochs=300, learning_rate=0.05, patience=None)
    predictor = outcome.predictor
    np.testing.assert_allclose(predictor.predict(data.X), data.Y, rtol=1e-3)
    wanted = np.sqrt(np.mean((predictor.predict(outcome.test.X) - outcome.test.Y) ** 2))
    assert predictor.error(outcome.test) == pytest.approx(float(wanted))
    assert "root mean squared error: train " in str(outcome)
    baseline = np.sqrt(np.mean((outcome.train.Y.mean() - outcome.test.Y) ** 2))
    assert f"; of the training mean, {baseline:.4g}\n" in str(outcome)
    assert "R^2: train 1.0000, dev 1.0000, test 1.0000" in str(outcome)
    assert "Neither bias nor variance stands out" in str(outcome)
    assert "right:" not in str(outcome)


def test_r_squared_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="compared with scikit-learn, in the extra data")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 50))
    data = Dataset(x, np.vstack([x**2, 100 * x]) + rng.standard_normal((2, 50)))
    outcome = quick(data, hidden=[3], epochs=20)
    for part in (outcome.train, outcome.test):
        wanted = metrics.r2_score(part.Y.T, outcome.predictor.predict(part.X).T)
        assert outcome.predictor.r_squared(part) == pytest.approx(wanted, rel=1e-12)
    constant = Dataset(x[:, :3], np.ones((1, 3)))
    assert quick(Dataset(x[:, :9], np.ones((1, 9))), hidden=[], epochs=1).predictor.r_squared(constant) in (
        0,
        1,
    )


def test_numbers_are_read_for_bias_and_variance() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-3, 3, (1, 200))
    bias = str(quick(Dataset(x, x**2), hidden=[], epochs=50))
    assert (
        "Errors as parts of the variance of the targets, 1 - R^2.\nHigh bias: the training error, 9" in bias
    )
    few = Dataset(rng.standard_normal((30, 60)), rng.standard_normal((1, 60)))
    assert "High variance: the dev error, 9" in str(quick(few, hidden=[60], epochs=300, patience=None))


def test_options_reach_the_training(tmp_path: Path) -> None:
    seen: list[int] = []
    outcome = quick(
        moons(40), epochs=3, activation="tanh", l2=0.5, batch_size=7, checkpoint=tmp_path / "c.npz",
        callbacks=[lambda epoch, history: seen.append(epoch)], progress=False,
    )  # fmt: skip
    model = outcome.predictor.model
    assert [g.name for g in model.activations] == ["tanh", "sigmoid"]
    assert model.l2 == 0.5
    assert seen == [1, 2, 3]
    assert (tmp_path / "c.npz").exists()
    assert len(quick(moons(200), epochs=500, learning_rate=0.3, patience=2).predictor.history) < 500


def test_a_schedule_in_words_is_that_of_the_function() -> None:
    """Of 36 examples, five steps an epoch."""
    options = TrainingOptions(schedule="cosine", warm_up=3, learning_rate=0.05, epochs=20)
    rule = make_optimiser(make_network(moons(60), options), options, steps=5)
    wanted = by_steps(warm_up(15, lambda t: cosine(0.05, 17)(t // 5)))
    for rule.steps in range(100):
        assert rule.alpha == wanted(rule.steps)
    plain, constant = (quick(moons(60), **options) for options in ({}, {"schedule": "constant"}))
    assert plain.predictor.history.cost == constant.predictor.history.cost


def test_a_schedule_is_taken_up_from_the_checkpoint(tmp_path: Path) -> None:
    options: dict[str, Any] = {"schedule": "one_cycle:60", "batch_size": 16}
    whole = quick(moons(60), **options)
    quick(moons(60), **{**options, "epochs": 7}, checkpoint=tmp_path / "c.npz")
    resumed = quick(moons(60), **options, checkpoint=tmp_path / "c.npz")
    assert whole.predictor.history.cost == resumed.predictor.history.cost
    quick(moons(60), schedule="cosine", checkpoint=tmp_path / "d.npz")
    with pytest.raises(ValueError, match="an optimiser with learning rate"):  # the wave is a longer one
        quick(moons(60), schedule="cosine", epochs=30, checkpoint=tmp_path / "d.npz")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "torch"}, "no backend 'torch': choose one of numpy, values"),
        ({"activation": "gulu"}, "no activation 'gulu'"),
        ({"hidden": [0]}, "at least one layer|at least one unit"),
        ({"bayes": 5.0}, "bayes is a part of 1, from 0 to 1, not 5.0"),
        ({"epochs": 0}, "epochs is a whole number from 1 up"),
        ({"beta1": 1.0}, "beta1 is from 0 to below 1"),
        ({"l2": -1.0}, "the regularisation l2"),
        ({"schedule": "cosin"}, "no schedule 'cosin'"),
        ({"warm_up": -1}, "warm_up is a whole number from 0 up, not -1"),
    ],
)
def test_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        quick(moons(40), **options)


def test_a_model_that_train_did_not_save(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Predictor.load(tmp_path / "none.npz")
    path = save(tmp_path / "m.npz", nn.MLP(1, [1]))
    with pytest.raises(ValueError, match="model, but not one that train saved: 'features' is missing in"):
        Predictor.load(path)
    predictor = quick(moons(60), epochs=1).predictor
    named = predictor.model.named()
    predictor.model.set_named(named | {"W1": np.full_like(named["W1"], np.nan)})
    with pytest.raises(ValueError, match=r"m\.npz .* W1 of its network holds nan, so that it cannot predict"):
        Predictor.load(predictor.save(path))


@pytest.mark.parametrize(
    ("deviation", "features", "message"),
    [
        (0.0, ["x1"], r"m\.npz holds a model, but not one that train saved: means are finite and deviations"),
        (1.0, 3, r"not one that train saved: its notes\['features'\] is 3, not a list$"),
    ],
)
def test_what_stands_beside_the_model_is_wrong(
    deviation: float, features: Any, message: str, tmp_path: Path
) -> None:
    arrays = {"mean": np.zeros((1, 1)), "deviation": np.full((1, 1), deviation)}
    notes = {"features": features, "target": "y", "classes": [], "history": {}, "options": {}}
    path = save(tmp_path / "m.npz", nn.MLP(1, [1]), arrays, notes)
    with pytest.raises(ValueError, match=message):
        Predictor.load(path)


@pytest.mark.parametrize("data", [xor(), parity()], ids=["xor", "parity"])
def test_sets_too_small_to_be_split_are_learned_as_a_whole(data: Dataset) -> None:
    outcome = train(data)
    assert outcome.train is outcome.dev is outcome.test is data
    assert outcome.predictor.error(data) == 0
    text = str(outcome)
    assert f"examples: train {data.m}; fewer than 10 cannot be split" in text
    assert "On the training set:" in text
    assert "variance" not in text


@pytest.mark.parametrize("rate", [20.0, 30.0])
def test_of_a_training_that_diverged_the_learning_rate_is_blamed(rate: float) -> None:
    text = str(train(moons(), TrainingOptions(optimiser="descent", learning_rate=rate)))
    assert text.endswith("Try a lower learning rate.")
    assert "bigger network" not in text


@pytest.mark.parametrize("backend", ["numpy", "values", "compiled"])
def test_the_slope_at_the_kink_reaches_every_kind_of_network(backend: str, tmp_path: Path) -> None:
    found = quick(xor(), backend=backend, slope_at_kink="left", epochs=1).predictor
    assert found.model.slope_at_kink == "left"
    assert Predictor.load(found.save(tmp_path / "m.npz")).model.slope_at_kink == "left"
    with pytest.raises(ValueError, match="slope_at_kink is"):
        quick(xor(), backend=backend, slope_at_kink="above")
