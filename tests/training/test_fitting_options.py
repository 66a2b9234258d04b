"""What `fit` refuses before it begins: an optimiser of another model, targets that are none, a seed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micrograd_dl import compiled, nn, vectorized
from micrograd_dl.data.built_in import moons
from micrograd_dl.nn.activations import Activation
from micrograd_dl.nn.network import Network
from micrograd_dl.optim.optimisers import Adam
from micrograd_dl.training.fitting import History, fit

DATA = moons(12, seed=1)
X, Y = DATA.X, DATA.targets("logistic")
BACKENDS: list[type[Network]] = [nn.MLP, vectorized.MLP, compiled.MLP]
each = pytest.mark.parametrize("MLP", BACKENDS, ids=["values", "numpy", "compiled"])


def network(MLP: type[Network], output: str = "sigmoid", loss: str | None = None) -> Network:
    return MLP(2, [3, 1], ["tanh", output], loss, seed=1)


@each
@pytest.mark.parametrize("optimiser", ["adam", Adam])
def test_what_is_no_optimiser_yet_is_refused(MLP: type[Network], optimiser: Any) -> None:
    with pytest.raises(
        ValueError, match=r"made of the model's parameters, such as Adam\(model.parameters\(\)\)"
    ):
        fit(network(MLP), X, Y, optimiser=optimiser)


@each
def test_the_optimiser_of_another_model_is_refused(MLP: type[Network]) -> None:
    other, model = network(MLP), network(MLP)
    with pytest.raises(ValueError, match=r"of another model's parameters.*Adam\(model.parameters\(\)\)"):
        fit(model, X, Y, epochs=2, optimiser=Adam(other.parameters(), 0.05))


def test_whole_numbers_may_be_numpys(tmp_path: Path) -> None:
    options: dict[str, Any] = {"epochs": 2, "batch_size": 3, "patience": 5, "seed": 1, "dev": (X, Y)}
    wanted = fit(network(vectorized.MLP), X, Y, **options)
    of_numpy: dict[str, Any] = {name: x if name == "dev" else np.int64(x) for name, x in options.items()}
    for _ in range(2):  # begun, then taken up again
        found = fit(network(vectorized.MLP), X, Y, **of_numpy, checkpoint=tmp_path / "c.npz")
        assert found.cost == wanted.cost


def test_without_a_console_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert len(fit(network(vectorized.MLP), X, Y, epochs=2)) == 2


def test_an_optimiser_of_some_of_the_parameters_trains_those() -> None:
    model = network(nn.MLP)
    first, *rest = model.parameters()
    before = [p.data for p in rest], first.data
    fit(model, X, Y, epochs=2, optimiser=Adam([first], 0.05))
    assert [p.data for p in rest] == before[0]
    assert first.data != before[1]


@each
@pytest.mark.parametrize(
    ("output", "loss", "targets", "message"),
    [
        ("sigmoid", None, 5 * Y, "logistic takes as targets probabilities.*; Y holds 5.0 in row 0, example"),
        ("sigmoid", None, 2 * Y - 1, "logistic takes as targets .*Y holds -1.0 .*or take the loss squared"),
        ("sigmoid", None, (2 * Y).astype(int), "Y holds 2 in row 0"),
        ("linear", "max_margin", Y, "max_margin takes as targets -1 or 1; Y holds 0.0 in row 0"),
        ("linear", "max_margin", 5 * (2 * Y - 1), "max_margin takes as targets -1 or 1; Y holds .*5.0"),
    ],
)
def test_targets_that_the_loss_does_not_take_are_refused(
    MLP: type[Network], output: str, loss: str | None, targets: Any, message: str
) -> None:
    model = network(MLP, output, loss)
    for of in (fit, lambda model, X, Y: model.cost(X, Y), lambda model, X, Y: model.cost_and_grad(X, Y)):
        with pytest.raises(ValueError, match=message):
            of(model, X, targets)


@each
@pytest.mark.parametrize(
    ("output", "loss", "targets"),
    [
        ("sigmoid", None, 0.1 + 0.8 * Y),
        ("sigmoid", None, -0.0 * Y),
        ("sigmoid", None, Y.astype(int)),
        ("sigmoid", None, Y.astype("float32")),
        ("sigmoid", None, np.asfortranarray(Y)),
        ("sigmoid", "squared", 5 * Y),
        ("linear", "max_margin", 2 * Y.astype(int) - 1),
    ],
)
def test_targets_that_the_loss_takes(MLP: type[Network], output: str, loss: str | None, targets: Any) -> None:
    assert np.isfinite(network(MLP, output, loss).cost_and_grad(X, targets))


@pytest.mark.parametrize("seed", [-1, 1.5, "1"])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(ValueError, match="seed is a whole number from 0 up, not"):
        fit(network(vectorized.MLP), X, Y, seed=seed)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs is a whole number from 1 up, not 0"),
        ({"epochs": 1.5}, "epochs is a whole number from 1 up, not 1.5"),
        ({"batch_size": 0}, "batch_size is a whole number from 1 up, not 0"),
        ({"patience": -1, "dev": (X, Y)}, "patience is a whole number from 1 up, not -1"),
        ({"patience": 3}, r"patience needs a dev set to judge by: pass dev=\(X_dev, Y_dev\)"),
        ({"dev": (X,)}, r"dev is X and Y of the dev set, dev=\(X_dev, Y_dev\), not the tuple \(array"),
        ({"dev": (X, Y, X)}, r"dev=\(X_dev, Y_dev\), not the tuple \(array"),
        ({"dev": 0.2}, r"dev=\(X_dev, Y_dev\), not the float 0.2"),
        ({"dev": (X.T, Y)}, r"X is \(12, 2\), \(2, m\) is wanted"),
    ],
)
def test_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(network(vectorized.MLP), X, Y, **options)


# --- what is said of the epoch that is kept -----------------------------------------------------------------


def test_the_last_epoch_and_the_kept_one_are_told_apart() -> None:
    model = network(vectorized.MLP)
    dev = moons(6, noise=1.0, seed=3)
    dev_set = dev.X, dev.targets("logistic")
    history = fit(model, X, Y, epochs=60, optimiser=Adam(model.parameters(), 0.2), dev=dev_set, patience=5)
    assert 0 < history.kept < len(history)
    assert model.cost(*dev_set) == history.dev_cost[history.kept - 1] == min(history.dev_cost)
    assert str(History(cost=[0.5], seconds=[0.1])).startswith("1 epoch in 0.10 s; ")
    text = str(history)
    assert f"{len(history)} epochs in " in text
    assert f" s; in the last epoch: cost {history.cost[-1]:.6g}, " in text
    assert text.endswith(
        f"; kept: epoch {history.kept}, with the lowest dev_cost, {min(history.dev_cost):.6g}"
    )


def test_without_a_dev_set_the_last_epoch_is_what_there_is() -> None:
    history = fit(network(vectorized.MLP), X, Y, epochs=2)
    assert history.kept == 0
    assert "kept" not in str(history)


# --- checkpoints --------------------------------------------------------------------------------------------


def test_what_is_from_a_checkpoint_is_said(tmp_path: Path) -> None:
    def text(epochs: int) -> str:
        model = network(vectorized.MLP)
        return str(fit(model, X, Y, epochs=epochs, checkpoint=tmp_path / "c.npz"))

    assert "checkpoint" not in text(4)
    assert " s; 4 of them from the checkpoint; in the last epoch: " in text(6)
    assert " s; all of them from the checkpoint; in the last epoch: " in text(6)
    shorter = text(3)
    assert shorter.startswith("6 epochs in ")
    assert "all of them from the checkpoint" in shorter


@pytest.mark.parametrize(
    ("activation", "name", "error", "message"),
    [
        ("tanh", "c.txt", ValueError, r"saved as \.npz, not as 'c\.txt'"),
        ("tanh", "none/c.npz", FileNotFoundError, r"there is no folder .*none: make it first"),
        ("tanh", "folder.npz", IsADirectoryError, "this is a folder: give the name of a file"),
        (Activation("own", list), "c.npz", ValueError, "the activation own is not one of linear, "),
    ],
)
def test_a_checkpoint_that_could_not_be_written_is_refused_before_the_training(
    activation: Any, name: str, error: type[Exception], message: str, tmp_path: Path
) -> None:
    (tmp_path / "folder.npz").mkdir()
    model = nn.MLP(2, [3, 1], [activation, "sigmoid"], seed=1)
    before = [p.data for p in model.parameters()]
    with pytest.raises(error, match=message):
        fit(model, X, Y, checkpoint=tmp_path / name, callbacks=[lambda *_: pytest.fail("it was trained")])
    assert [p.data for p in model.parameters()] == before


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ([4, 1], {}, "it has a network with shape 2-3-1, this one 2-4-1; train as it was"),
        ([3, 1], {"l2": 0.5}, "it has a network with regularisers l2 0.1, this one l2 0.5; train"),
        ([3, 1], {"keep_prob": 0.5}, "it has a network with keep prob 1.0, this one 0.5; train"),
    ],
)
def test_only_what_differs_is_named(
    sizes: list[int], options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    def trained(sizes: list[int], **options: Any) -> None:
        model = vectorized.MLP(2, sizes, ["tanh", "sigmoid"], **{"l2": 0.1, "seed": 1, **options})
        fit(model, X, Y, epochs=1, checkpoint=tmp_path / "c.npz")

    trained([3, 1])
    with pytest.raises(ValueError, match=message):
        trained(sizes, **options)
