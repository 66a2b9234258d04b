"""`fit` with dropout, running averages and max-norm: alike in both backends, and resumed to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micrograd_dl import nn, vectorized
from micrograd_dl.data.built_in import moons
from micrograd_dl.nn.network import Network
from micrograd_dl.optim.optimisers import Adam, GradientDescent, Momentum, RMSprop
from micrograd_dl.training.fitting import History, fit

DATA, DEV = moons(24, seed=1), moons(10, seed=2)
X, Y = DATA.X, DATA.targets("logistic")
DEV_SET = DEV.X, DEV.targets("logistic")
BACKENDS: list[type[Network]] = [nn.MLP, vectorized.MLP]
both = pytest.mark.parametrize("MLP", BACKENDS, ids=["values", "numpy"])
EPOCHS = 5


def network(MLP: type[Network]) -> Network:
    return MLP(
        2,
        [4, 3, 1],
        ["tanh", "mish", "sigmoid"],
        seed=1,
        normalisation=["batch", "layer"],
        keep_prob=[0.7, 1.0],
        max_norm=2.0,
        label_smoothing=0.1,
        regularisers={"l1": 0.1, "l2": 0.1},
    )


def numbers(model: Network) -> list[Any]:
    averages = [x for x in model.averages if x is not None]
    arrays = [*model.named().values(), *(x for a in averages for x in (a.mean, a.variance))]
    return [array.tolist() for array in arrays] + [model.passes]


def train(MLP: type[Network], epochs: int, **options: Any) -> tuple[list[Any], dict[str, Any]]:
    """All that is to be the same, to the last bit."""
    model = network(MLP)
    optimiser = Adam(model.parameters(), 0.05)
    history = fit(model, X, Y, epochs=epochs, batch_size=7, optimiser=optimiser, seed=3, **options)
    return numbers(model), {name: x for name, x in history.columns().items() if name != "seconds"}


@both
@pytest.mark.parametrize("dev", [None, DEV_SET], ids=["alone", "dev"])
def test_resumed_at_any_epoch(MLP: type[Network], dev: Any, tmp_path: Path) -> None:
    wanted = train(MLP, EPOCHS, dev=dev)
    assert wanted[0][-1] == EPOCHS * 4  # passes
    for stop in range(1, EPOCHS + 1):
        path = tmp_path / f"{stop}.npz"
        train(MLP, stop, dev=dev, checkpoint=path)
        assert train(MLP, EPOCHS, dev=dev, checkpoint=path) == wanted


@pytest.mark.parametrize("kind", [GradientDescent, Momentum, RMSprop, Adam])
def test_both_backends_give_the_same_curve(kind: Any) -> None:
    histories: list[History] = []
    for MLP in BACKENDS:
        model = network(MLP)
        optimiser = kind(model.parameters(), 0.05)
        histories.append(fit(model, X, Y, epochs=6, batch_size=7, optimiser=optimiser, dev=DEV_SET, seed=3))
    one, other = (history.columns() for history in histories)
    for name in ("cost", "dev_cost", "accuracy", "dev_accuracy", "gradient_norm"):
        assert one[name] == pytest.approx(other[name], rel=1e-9), name


@both
def test_the_best_parameters_come_with_their_running_averages(MLP: type[Network]) -> None:
    model, seen = network(MLP), {}

    def remember(_epoch: int, history: History) -> None:
        seen[history.dev_cost[-1]] = numbers(model)[:-1]

    optimiser = Adam(model.parameters(), 0.3)
    history = fit(model, X, Y, epochs=12, optimiser=optimiser, dev=DEV_SET, callbacks=[remember])
    best = min(history.dev_cost)
    assert best < history.dev_cost[-1]
    assert numbers(model)[:-1] == seen[best]
    assert float(model.cost(*DEV_SET)) == best


@both
def test_a_bad_number_is_found_with_the_masks_of_that_pass(MLP: type[Network]) -> None:
    model = MLP(1, [6, 1], ["linear", "linear"], seed=1, keep_prob=0.5)
    model.set_layers_data([(np.full((6, 1), 1e200), np.zeros((6, 1))), (np.full((1, 6), 1e200), [[0.0]])])
    with pytest.raises(FloatingPointError, match=r"Z\[2\] of unit 1 is inf for example 0"):
        fit(model, [[1.0]], [[0.0]])


def test_a_checkpoint_of_another_dropout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    train(vectorized.MLP, 1, checkpoint=path)
    model = vectorized.MLP(2, [4, 3, 1], ["tanh", "mish", "sigmoid"], seed=1)
    with pytest.raises(ValueError, match="is of another training: it has a network"):
        fit(model, X, Y, batch_size=7, optimiser=Adam(model.parameters(), 0.05), seed=3, checkpoint=path)
