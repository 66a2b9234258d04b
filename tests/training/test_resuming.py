"""A training goes on from its checkpoint to the same bits; a checkpoint of another training is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micrograd_dl import nn, vectorized
from micrograd_dl.data.built_in import moons
from micrograd_dl.nn.activations import Activation
from micrograd_dl.nn.network import Network
from micrograd_dl.optim.optimisers import OPTIMISERS, Adam, Momentum, Optimiser
from micrograd_dl.optim.schedules import by_steps, inverse_time, one_cycle, warm_up
from micrograd_dl.training.fitting import History, fit
from micrograd_dl.training.storage import save, state_of

DATA, DEV = moons(24, seed=1), moons(10, seed=2)
X, Y = DATA.X, DATA.targets("logistic")
DEV_SET = DEV.X, DEV.targets("logistic")
BACKENDS: list[type[Network]] = [nn.MLP, vectorized.MLP]
both = pytest.mark.parametrize("MLP", BACKENDS, ids=["values", "numpy"])
EPOCHS = 5
RATE = inverse_time(0.05, 0.1)


def plain(MLP: type[Network] = vectorized.MLP, **options: Any) -> Network:
    return MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, **options)


def network(MLP: type[Network] = vectorized.MLP) -> Network:
    """With everything that has a state of its own."""
    return MLP(
        2, [4, 3, 1], ["tanh", "mish", "sigmoid"], seed=1, normalisation=["batch", "layer"],
        keep_prob=[0.7, 1.0], max_norm=2.0, label_smoothing=0.1, regularisers={"l1": 0.1, "l2": 0.1},
    )  # fmt: skip


def numbers(model: Network) -> dict[str, Any]:
    return {name: array.tolist() for name, array in state_of(model).items()}


def train(model: Network, kind: Any = Adam, epochs: int = EPOCHS, **options: Any) -> tuple[Any, ...]:
    """Train anew, or from the checkpoint; all that is to be the same, to the last bit."""
    rule: Optimiser = kind(model.parameters(), RATE)
    options = {"batch_size": 10, "seed": 3, **options}
    history = fit(model, X, Y, epochs=epochs, optimiser=rule, **options)
    columns = {name: values for name, values in history.columns().items() if name != "seconds"}
    state = {name: [np.asarray(x).tolist() for x in xs] for name, xs in rule.state.items()}
    return numbers(model), model.passes, columns, state, rule.steps, history.stopped, history.initial_cost


def stepwise(parameters: Any, _: Any) -> Optimiser:
    schedule = by_steps(warm_up(4, one_cycle(0.05, 20)))
    return OPTIMISERS["amsgrad"](parameters, schedule, clip_norm=0.1, clip_value=0.09, weight_decay=0.1)


@both
@pytest.mark.parametrize(
    ("make", "kind", "options"),
    [
        *((plain, kind, {}) for kind in [*OPTIMISERS.values(), stepwise]),
        (network, Adam, {}),
        (network, Adam, {"dev": DEV_SET}),
        (plain, Adam, {"dev": DEV_SET, "patience": 2, "batch_size": None}),
    ],
)
def test_resumed_at_any_epoch(MLP: type[Network], make: Any, kind: Any, options: Any, tmp_path: Path) -> None:
    wanted = train(make(MLP), kind, **options)
    for stop in (1, 3, EPOCHS):
        path = tmp_path / f"{stop}.npz"
        train(make(MLP), kind, stop, checkpoint=path, **options)
        assert train(make(MLP), kind, checkpoint=path, **options) == wanted
    content = path.read_bytes()
    assert train(make(MLP), kind, checkpoint=path, **options) == wanted  # it is done, and not done again
    assert path.read_bytes() == content


@both
def test_the_best_parameters_come_with_their_running_averages(MLP: type[Network]) -> None:
    model, seen = network(MLP), {}

    def remember(_epoch: int, history: History) -> None:
        seen[history.dev_cost[-1]] = numbers(model)

    rule = Adam(model.parameters(), 0.3)
    history = fit(model, X, Y, epochs=12, optimiser=rule, dev=DEV_SET, callbacks=[remember])
    best = min(history.dev_cost)
    assert best < history.dev_cost[-1]
    assert numbers(model) == seen[best]


def test_whole_numbers_may_be_numpys_and_what_is_from_a_checkpoint_is_said(tmp_path: Path) -> None:
    options: dict[str, Any] = {"epochs": 2, "batch_size": 3, "patience": 5, "seed": 1}
    wanted = fit(plain(), X, Y, dev=DEV_SET, **options)
    of_numpy: dict[str, Any] = {name: np.int64(x) for name, x in options.items()}
    first, again = (fit(plain(), X, Y, dev=DEV_SET, **of_numpy, checkpoint=tmp_path / "c.npz") for _ in "12")
    assert first.cost == wanted.cost == again.cost
    assert "checkpoint" not in str(first)
    assert " s; 2 of them from the checkpoint; in the last epoch: " in str(again)


def nudged(x: Any) -> Any:
    x = x.copy()
    x[0, 0] -= 1e-9 * x[0, 0]
    return x


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (vectorized.MLP(2, [4, 1], ["tanh", "sigmoid"], seed=1), {}, r"a network with shape \[2, 3, 1\],"),
        (plain(l2=0.5), {}, r"a network with regularisers \{\}, this one \{'l2': 0.5\}"),
        (plain(nn.MLP), {}, "a network with backend numpy, this one values"),
        (plain(), {"optimiser": (Momentum, RATE)}, "the optimiser Adam, this one Momentum"),
        (plain(), {"optimiser": (Adam, 0.05)}, "an optimiser with learning rate 0.04545.*, this one 0.05;"),
        (plain(), {"batch_size": 12}, "a batch size of 10, this one 12; train as it was trained"),
        (plain(), {"seed": 4}, "a seed of 3, this one 4;"),
        (plain(), {"X": nudged(X)}, "a training set with m = .*, this one m = "),
        (plain(), {"dev": (DEV_SET[0], nudged(DEV_SET[1]))}, "a dev set with m = .*, this one m = "),
        (plain(), {"augment": lambda rng, batch: batch}, "augmented examples: False, this one True"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(
    model: Network, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "c.npz"
    train(plain(), epochs=2, checkpoint=path, dev=DEV_SET)
    content, before = path.read_bytes(), numbers(model)
    kind, *numbers_of_it = options.pop("optimiser", (Adam, RATE))
    rule, inputs = kind(model.parameters(), *numbers_of_it), options.pop("X", X)
    options = {"batch_size": 10, "seed": 3, "dev": DEV_SET, **options}
    with pytest.raises(ValueError, match=rf"c\.npz: it is of another training: it has {message}"):
        fit(model, inputs, Y, optimiser=rule, checkpoint=path, **options)
    assert path.read_bytes() == content
    assert numbers(model) == before


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    save(path, plain())
    with pytest.raises(ValueError, match=r"c\.npz: 'history' is missing in its notes, or give another name"):
        fit(plain(), X, Y, checkpoint=path)
    path.write_bytes(b"garbage")
    with pytest.raises(ValueError, match=r"c\.npz is not a whole \.npz file"):
        fit(plain(), X, Y, checkpoint=path)


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
    with pytest.raises(error, match=message):
        fit(model, X, Y, checkpoint=tmp_path / name, callbacks=[lambda *_: pytest.fail("it was trained")])
