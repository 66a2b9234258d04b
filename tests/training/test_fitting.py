"""`fit`: the same curves from both backends, resumed to the bit, stopped before parameters are ruined."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micrograd_dl import nn, vectorized
from micrograd_dl.data.built_in import moons
from micrograd_dl.nn.network import Array, Network
from micrograd_dl.optim.optimisers import OPTIMISERS as BY_NAME
from micrograd_dl.optim.optimisers import Adam, GradientDescent, Momentum, Optimiser
from micrograd_dl.optim.schedules import by_steps, inverse_time, one_cycle, warm_up
from micrograd_dl.training.fitting import History, fit
from micrograd_dl.training.storage import save

DATA = moons(24, seed=1)
X, Y = DATA.X, DATA.targets("logistic")
DEV = moons(10, seed=2)
DEV_SET = DEV.X, DEV.targets("logistic")
BACKENDS: list[type[Network]] = [nn.MLP, vectorized.MLP]
OPTIMISERS: list[Any] = list(BY_NAME.values())
both = pytest.mark.parametrize("MLP", BACKENDS, ids=["values", "numpy"])


def network(MLP: type[Network], **options: Any) -> Network:
    return MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, **options)


def numbers(model: Network) -> list[Any]:
    return [part.tolist() for layer in model.layers_data() for part in layer]


# --- the curve ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OPTIMISERS)
@pytest.mark.parametrize("batch_size", [None, 5])
def test_both_backends_give_the_same_curve(kind: Any, batch_size: int | None) -> None:
    histories = []
    for MLP in BACKENDS:
        model = network(MLP, l2=0.1)
        optimiser = kind(model.parameters(), inverse_time(0.05, 0.1))
        histories.append(
            fit(model, X, Y, epochs=8, batch_size=batch_size, optimiser=optimiser, dev=DEV_SET, seed=3)
        )
    one, other = (history.columns() for history in histories)
    for name in ("cost", "dev_cost", "accuracy", "dev_accuracy", "gradient_norm"):
        assert one[name] == pytest.approx(other[name], rel=1e-9), name
    assert len(histories[0]) == 8


def test_moons_are_learned_and_the_same_seed_gives_the_same_numbers() -> None:
    data = moons(100, seed=0)
    targets = data.targets("logistic")

    def trained(seed: int) -> tuple[Network, History]:
        model = vectorized.MLP(2, [16, 16, 1], ["relu", "relu", "sigmoid"], seed=1)
        optimiser = Adam(model.parameters(), 0.02)
        return model, fit(model, data.X, targets, epochs=150, batch_size=32, optimiser=optimiser, seed=seed)

    (one, history), (other, again), (_, shuffled) = trained(1), trained(1), trained(2)
    assert numbers(one) == numbers(other)
    assert history.cost == again.cost != shuffled.cost
    assert one.accuracy(data.X, targets) == 1
    assert history.cost[-1] < 0.05


def test_both_backends_learn_all_of_moons_along_one_curve() -> None:
    data = moons(100)
    targets, histories = data.targets("logistic"), []
    for MLP in BACKENDS:
        model = MLP(2, [8, 8, 1], ["relu", "relu", "sigmoid"], seed=1)
        optimiser = Adam(model.parameters(), 0.05)
        histories.append(fit(model, data.X, targets, epochs=40, optimiser=optimiser))
        assert model.accuracy(data.X, targets) == 1
    values, matrices = (np.array(history.cost) for history in histories)
    np.testing.assert_allclose(values, matrices, rtol=1e-9)
    assert values[-1] < 0.1 * values[0]


class Recorder(vectorized.MLP):
    """Notes which examples each step sees; the first row of X is their number."""

    def __init__(self) -> None:
        super().__init__(1, [1])
        self.batches: list[list[float]] = []

    def cost_and_grad(self, X: Any, Y: Any) -> float:
        self.batches.append(X[0].tolist())
        assert (X == Y).all()  # shuffled together
        return super().cost_and_grad(X, Y)


def test_batches_are_shuffled_anew_each_epoch_and_hold_every_example_once() -> None:
    model, x = Recorder(), np.arange(11.0)[None]
    fit(model, x, x, epochs=3, batch_size=4, optimiser=GradientDescent(model.parameters(), 1e-6))
    assert [len(batch) for batch in model.batches] == [4, 4, 3] * 3
    epochs = [[x for batch in model.batches[3 * e : 3 * e + 3] for x in batch] for e in range(3)]
    assert all(sorted(epoch) == list(range(11)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_the_cost_of_an_epoch_is_the_mean_over_examples() -> None:
    model = vectorized.MLP(1, [1], seed=1)
    still = GradientDescent(model.parameters(), 1e-300)
    x = np.arange(7.0)[None]
    history = fit(model, x, 2 * x, epochs=1, batch_size=3, optimiser=still)
    assert history.cost == pytest.approx([model.cost(x, 2 * x)])


def test_squared_error_has_no_accuracy() -> None:
    model = vectorized.MLP(1, [1])
    history = fit(model, [[1.0]], [[2.0]], epochs=2, dev=([[1.0]], [[2.0]]))
    assert set(history.columns()) == {"cost", "dev_cost", "gradient_norm", "seconds"}
    assert "2 epochs in " in str(history)
    assert str(History()) == "no epoch was run"


# --- stopping -----------------------------------------------------------------------------------------------


def overfitting(MLP: type[Network]) -> tuple[Network, GradientDescent]:
    """The dev set pulls the other way: its cost only rises from the second epoch on."""
    model = MLP(1, [1], seed=1, initialiser=lambda rng, n_out, n_in: np.zeros((n_out, n_in)))
    return model, GradientDescent(model.parameters(), 0.1)


@both
def test_early_stopping_keeps_the_best(MLP: type[Network]) -> None:
    model, optimiser = overfitting(MLP)
    history = fit(
        model, [[1.0]], [[1.0]], epochs=50, optimiser=optimiser, dev=([[1.0]], [[0.45]]), patience=3
    )
    best = int(np.argmin(history.dev_cost)) + 1
    assert 1 < best < len(history) == best + 3 < 50
    assert history.stopped == f"the dev cost has not fallen for 3 epochs; the best was epoch {best}"
    assert history.stopped in str(history)
    assert float(model.cost([[1.0]], [[0.45]])) == min(history.dev_cost)


@both
def test_the_best_on_dev_is_kept_without_patience_too(MLP: type[Network]) -> None:
    model, optimiser = overfitting(MLP)
    history = fit(model, [[1.0]], [[1.0]], epochs=20, optimiser=optimiser, dev=([[1.0]], [[0.45]]))
    assert len(history) == 20
    assert float(model.cost([[1.0]], [[0.45]])) == min(history.dev_cost) < history.dev_cost[-1]


def test_callbacks_see_every_epoch_and_may_stop() -> None:
    seen: list[tuple[int, int]] = []

    def watch(epoch: int, history: History) -> None:
        seen.append((epoch, len(history)))

    model = network(vectorized.MLP)
    history = fit(model, X, Y, epochs=10, callbacks=[lambda epoch, history: epoch == 4, watch])
    assert seen == [(k, k) for k in range(1, 5)]
    assert history.stopped == "a callback stopped it"


def interrupt(at: int) -> Any:
    def callback(epoch: int, _: History) -> None:
        if epoch == at:
            raise KeyboardInterrupt

    return callback


@both
def test_an_interruption_keeps_the_best_on_dev(MLP: type[Network]) -> None:
    model, optimiser = overfitting(MLP)
    history = fit(
        model, [[1.0]], [[1.0]], optimiser=optimiser, dev=([[1.0]], [[0.45]]), callbacks=[interrupt(15)]
    )
    assert len(history) == 15
    assert history.stopped == "interrupted: the best parameters so far are kept"
    assert float(model.cost([[1.0]], [[0.45]])) == min(history.dev_cost) < history.dev_cost[-1]


@both
def test_an_interruption_of_a_training_that_diverges_keeps_the_lowest_cost(MLP: type[Network]) -> None:
    model = MLP(1, [1], seed=1)
    x, y = [[3.0]], [[1.0]]
    began = float(model.cost(x, y))
    history = fit(model, x, y, optimiser=GradientDescent(model.parameters(), 1.0), callbacks=[interrupt(4)])
    assert history.cost == sorted(history.cost)
    assert float(model.cost(x, y)) == min(history.cost) == began


def test_an_interruption_in_the_middle_of_an_epoch() -> None:
    class Interrupted(Recorder):
        def cost_and_grad(self, X: Any, Y: Any) -> float:
            if len(self.batches) == 7:
                raise KeyboardInterrupt
            return super().cost_and_grad(X, Y)

    model, x = Interrupted(), np.arange(4.0)[None]
    history = fit(model, x, x, batch_size=2, optimiser=GradientDescent(model.parameters(), 0.01))
    other = Recorder()
    fit(other, x, x, batch_size=2, epochs=3, optimiser=GradientDescent(other.parameters(), 0.01))
    assert len(history) == 3
    assert numbers(model) == numbers(other)


# --- the length of the gradient -----------------------------------------------------------------------------


@both
def test_a_gradient_whose_squares_overflow_is_followed(MLP: type[Network]) -> None:
    model = MLP(1, [1], seed=1)
    model.set_layers_data([([[0.0]], [[0.0]])])
    history = fit(model, [[1e80]], [[1e80]], epochs=1, optimiser=GradientDescent(model.parameters(), 1e-160))
    assert history.gradient_norm == [pytest.approx(1e160)]
    assert numbers(model) == [[[pytest.approx(1.0)]], [[pytest.approx(0, abs=1e-70)]]]


# --- data and costs that are not finite ---------------------------------------------------------------------


@both
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["X", "Y", "dev"])
def test_data_that_is_not_finite_is_named(MLP: type[Network], bad: float, where: str) -> None:
    sets = {"X": X.copy(), "Y": Y.copy(), "dev": DEV_SET[0].copy()}
    sets[where][0, 7] = bad
    model = network(MLP)
    before = numbers(model)
    name = "X of the dev set" if where == "dev" else f"{where} of the training set"
    with pytest.raises(
        ValueError, match=rf"{name} holds {bad} in row 0, example 7 \(from 0\): remove or replace it"
    ):
        fit(model, sets["X"], sets["Y"], dev=(sets["dev"], DEV_SET[1]))
    assert numbers(model) == before


@both
def test_an_output_that_overflows_is_named_and_the_step_not_taken(MLP: type[Network]) -> None:
    model = MLP(1, [2, 1], ["linear", "linear"], seed=1)
    model.set_layers_data([([[0.0], [1e200]], [[0.0], [0.0]]), ([[1.0, 1e100]], [[0.0]])])
    before = numbers(model)
    x = np.array([[0.0, 1.0, 0.0, 1e10, 0.0]])
    pattern = r"epoch 1, step 1: Z\[2\] of unit 1 is inf for example 3 \(column of X, from 0\); the step"
    with pytest.raises(FloatingPointError, match=pattern):
        fit(model, x, np.zeros((1, 5)))
    assert numbers(model) == before


@both
def test_the_example_is_named_by_its_column_in_a_shuffled_batch_too(MLP: type[Network]) -> None:
    model = MLP(1, [1], seed=1)
    model.set_layers_data([([[1e300]], [[0.0]])])
    x = np.zeros((1, 9))
    x[0, 6] = 1e10
    still = GradientDescent(model.parameters(), 1e-300)
    with pytest.raises(FloatingPointError, match=r"epoch 1, step \d: Z\[1\] of unit 1 is inf for example 6 "):
        fit(model, x, np.zeros((1, 9)), batch_size=2, optimiser=still)


@both
def test_a_cost_that_overflows_is_named(MLP: type[Network]) -> None:
    model = MLP(1, [1], seed=1)
    model.set_layers_data([([[1e200]], [[0.0]])])
    with pytest.raises(
        FloatingPointError, match="the cost is inf, though every Z and A is finite; the step was not"
    ):
        fit(model, [[1.0]], [[0.0]])
    assert numbers(model) == [[[1e200]], [[0.0]]]


@both
def test_a_training_that_diverges_stops_by_itself(MLP: type[Network]) -> None:
    model = MLP(1, [1], seed=1)
    optimiser = GradientDescent(model.parameters(), 1e6)
    with pytest.raises(FloatingPointError, match=r"epoch \d+, step \d+: .* Try a smaller learning rate"):
        fit(model, [[3.0]], [[1.0]], epochs=100, optimiser=optimiser)
    assert all(np.isfinite(part).all() for layer in model.layers_data() for part in layer)


# --- the bar ------------------------------------------------------------------------------------------------


def test_the_bar_is_silent_when_piped_and_shown_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    assert not sys.stderr.isatty()
    fit(network(vectorized.MLP), X, Y, epochs=3)
    assert capsys.readouterr() == ("", "")
    pytest.importorskip("tqdm", reason="it is the bar that is shown")
    fit(network(vectorized.MLP), X, Y, epochs=3, progress=True)
    out, err = capsys.readouterr()
    assert not out
    assert "epoch" in err
    assert "3/3" in err or "0/3" in err


# --- checkpoints --------------------------------------------------------------------------------------------

EPOCHS = 5
RATE = inverse_time(0.05, 0.1)


def run(
    MLP: type[Network], kind: Any, epochs: int, checkpoint: Path | None, **options: Any
) -> tuple[Any, ...]:
    """Train anew, or from the checkpoint; all that is to be the same, to the last bit."""
    model = network(MLP)
    optimiser: Optimiser = kind(model.parameters(), RATE)
    history = fit(
        model,
        X,
        Y,
        epochs=epochs,
        batch_size=10,
        optimiser=optimiser,
        seed=3,
        checkpoint=checkpoint,
        **options,
    )
    columns = {name: values for name, values in history.columns().items() if name != "seconds"}
    state = {name: [np.asarray(x).tolist() for x in xs] for name, xs in optimiser.state.items()}
    return numbers(model), columns, state, optimiser.steps, history.stopped


@both
@pytest.mark.parametrize("kind", OPTIMISERS)
def test_resumed_at_any_epoch_to_the_same_bits(MLP: type[Network], kind: Any, tmp_path: Path) -> None:
    wanted = run(MLP, kind, EPOCHS, None)
    for stop in range(1, EPOCHS + 1):
        path = tmp_path / f"{stop}.npz"
        run(MLP, kind, stop, path)
        assert run(MLP, kind, EPOCHS, path) == wanted


@both
def test_resumed_with_a_schedule_by_steps_clipping_and_decay(MLP: type[Network], tmp_path: Path) -> None:
    def kind(parameters: Any, _: Any) -> Optimiser:
        schedule = by_steps(warm_up(4, one_cycle(0.05, 20)))
        return BY_NAME["amsgrad"](parameters, schedule, clip_norm=0.1, clip_value=0.09, weight_decay=0.1)

    wanted = run(MLP, kind, EPOCHS, None)
    assert wanted[3] == 3 * EPOCHS
    for stop in range(1, EPOCHS + 1):
        path = tmp_path / f"{stop}.npz"
        run(MLP, kind, stop, path)
        assert run(MLP, kind, EPOCHS, path) == wanted


def test_resumed_with_a_dev_set_and_patience(tmp_path: Path) -> None:
    options = {"dev": DEV_SET, "patience": 4}
    wanted = run(vectorized.MLP, Adam, 40, None, **options)
    for stop in (1, 3, 10, 25, 40):
        path = tmp_path / f"{stop}.npz"
        run(vectorized.MLP, Adam, stop, path, **options)
        assert run(vectorized.MLP, Adam, 40, path, **options) == wanted


def test_a_training_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    wanted = run(vectorized.MLP, Adam, EPOCHS, path)
    content = path.read_bytes()
    assert run(vectorized.MLP, Adam, EPOCHS, path) == wanted
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("make", "kind", "seed"),
    [
        (lambda: vectorized.MLP(2, [4, 1], ["tanh", "sigmoid"], seed=1), Adam, 3),
        (lambda: vectorized.MLP(2, [3, 1], ["relu", "sigmoid"], seed=1), Adam, 3),
        (lambda: network(vectorized.MLP, l2=1.0), Adam, 3),
        (lambda: network(vectorized.MLP, dtype="float32"), Adam, 3),
        (lambda: network(nn.MLP), Adam, 3),
        (lambda: network(vectorized.MLP), Momentum, 3),
        (lambda: network(vectorized.MLP), Adam, 4),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(make: Any, kind: Any, seed: int, tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    run(vectorized.MLP, Adam, 2, path)
    content, model = path.read_bytes(), make()
    before = numbers(model)
    optimiser = kind(model.parameters(), RATE)
    with pytest.raises(ValueError, match=r"another training: it has a.*; train as it was trained, remove"):
        fit(model, X, Y, batch_size=10, optimiser=optimiser, seed=seed, checkpoint=path)
    assert path.read_bytes() == content
    assert numbers(model) == before


@pytest.mark.parametrize(
    ("make", "batch_size", "message"),
    [
        (lambda p: Adam(p, 0.05), 10, "an optimiser with learning rate 0.04545.*, this one 0.05;"),
        (
            lambda p: Adam(p, inverse_time(0.05, 0.2)),
            10,
            "an optimiser with learning rate 0.04545.*, this one 0.0416",
        ),
        (lambda p: Adam(p, RATE, beta1=0.8), 10, "an optimiser with beta1 0.9, this one 0.8;"),
        (lambda p: Adam(p, RATE, beta2=0.99), 10, "an optimiser with beta2 0.999, this one 0.99;"),
        (lambda p: Adam(p, RATE, eps=1e-7), 10, "an optimiser with eps 1e-08, this one 1e-07;"),
        (lambda p: Adam(p, RATE), 12, "a batch size of 10, this one 12; train as it was trained"),
        (lambda p: Adam(p, RATE), None, "a batch size of 10, this one 24;"),
    ],
)
def test_a_checkpoint_of_other_hyperparameters_is_refused(
    make: Any, batch_size: int | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "c.npz"
    run(vectorized.MLP, Adam, 2, path)
    model = network(vectorized.MLP)
    before = numbers(model)
    with pytest.raises(ValueError, match=rf"c\.npz is of another training: it has {message}"):
        fit(model, X, Y, batch_size=batch_size, optimiser=make(model.parameters()), seed=3, checkpoint=path)
    assert numbers(model) == before


@pytest.mark.parametrize("first", [True, False])
def test_a_checkpoint_judged_by_another_set_is_refused(first: bool, tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    run(vectorized.MLP, Adam, 2, path, dev=DEV_SET if first else None)
    words = [r"m = \d+, checksum [0-9a-f]{8}", "none"][:: 1 if first else -1]
    with pytest.raises(ValueError, match="it has data: dev set {}, this one {}; train as".format(*words)):
        run(vectorized.MLP, Adam, 3, path, dev=None if first else DEV_SET)


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    run(vectorized.MLP, Adam, 2, path, dev=DEV_SET)
    one, other = X.copy(), DEV_SET[0].copy()
    one[0, 0] += 1e-9
    other[1, 1] += 1e-9
    options: dict[str, Any] = {"batch_size": 10, "seed": 3, "checkpoint": path}
    for inputs, dev, which in ((one, DEV_SET, "training set"), (X, (other, DEV_SET[1]), "dev set")):
        model = network(vectorized.MLP)
        with pytest.raises(ValueError, match=f"it has data: {which} m = .*, this one m = .*; train as"):
            fit(model, inputs, Y, dev=dev, optimiser=Adam(model.parameters(), RATE), **options)
    model = network(vectorized.MLP)
    options |= {"dev": DEV_SET, "optimiser": Adam(model.parameters(), RATE)}
    with pytest.raises(ValueError, match="it has data: augment none, this one some; train as"):
        fit(model, X, Y, augment=lambda rng, batch: batch, **options)


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    model = network(vectorized.MLP)
    save(path, model)
    with pytest.raises(
        ValueError, match="is a saved model and no checkpoint, which `fit` writes: give another name"
    ):
        fit(model, X, Y, checkpoint=path)
    path.write_bytes(b"garbage")
    with pytest.raises(ValueError, match=r"c\.npz is not a whole \.npz file"):
        fit(model, X, Y, checkpoint=path)
    with pytest.raises(ValueError, match=r"saved as \.npz, not as 'c\.txt'"):
        fit(model, X, Y, epochs=1, checkpoint=tmp_path / "c.txt")


def test_arrays_of_the_caller_are_left_alone() -> None:
    x, y = X.copy(), Y.copy()
    kept: Array = x.copy()
    fit(network(vectorized.MLP), x, y, epochs=2, batch_size=7)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(y, Y)
