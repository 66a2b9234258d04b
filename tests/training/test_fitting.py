"""`fit`: the same curves from all backends, stopped before parameters are ruined, resumed; and refusals."""

from __future__ import annotations

import copy
import math
import pickle
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micrograd_dl import compiled, nn, vectorized
from micrograd_dl.data.built_in import moons
from micrograd_dl.engine.value import Value
from micrograd_dl.nn.activations import Activation
from micrograd_dl.nn.network import Array, Network
from micrograd_dl.optim.optimisers import OPTIMISERS, Adam, GradientDescent, Momentum, Optimiser
from micrograd_dl.optim.schedules import by_steps, inverse_time, one_cycle, warm_up
from micrograd_dl.training.fitting import INTERRUPTED, History, fit
from micrograd_dl.training.storage import save, state_of

DATA, DEV = moons(24, seed=1), moons(10, seed=2)
X, Y = DATA.X, DATA.targets("logistic")
DEV_SET = DEV.X, DEV.targets("logistic")
BACKENDS: list[type[Network]] = [nn.MLP, vectorized.MLP]
both = pytest.mark.parametrize("MLP", BACKENDS, ids=["values", "numpy"])


def network(MLP: type[Network] = vectorized.MLP, **options: Any) -> Network:
    return MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, **options)


def cost_of(model: Network, X: Any, Y: Any) -> float:
    J = model.cost(X, Y)
    return J.data if isinstance(J, Value) else float(J)


def numbers(model: Network) -> dict[str, Any]:
    return {name: array.tolist() for name, array in state_of(model).items()}


# All that a network has a state of its own for.
EVERYTHING: dict[str, Any] = {
    "normalisation": ["batch"], "keep_prob": 0.7, "max_norm": 2.0, "label_smoothing": 0.1, "l1": 0.1,
}  # fmt: skip


@pytest.mark.parametrize("kind", OPTIMISERS.values())
@pytest.mark.parametrize(("batch_size", "options"), [(None, {}), (5, {}), (10, EVERYTHING)])
def test_both_backends_give_the_same_curve(kind: Any, batch_size: int | None, options: Any) -> None:
    histories = []
    for MLP in BACKENDS:
        model = network(MLP, l2=0.1, **options)
        rule = kind(model.parameters(), inverse_time(0.05, 0.1))
        histories.append(fit(model, X, Y, epochs=8, batch_size=batch_size, optimiser=rule, dev=DEV_SET))
    one, other = (history.columns() for history in histories)
    for name in ("cost", "dev_cost", "accuracy", "dev_accuracy", "gradient_norm"):
        assert one[name] == pytest.approx(other[name], rel=1e-9), name
    assert len(histories[0]) == 8


def test_moons_are_learned_and_the_same_seed_gives_the_same_numbers() -> None:
    data = moons(100, seed=0)
    targets = data.targets("logistic")
    models = [vectorized.MLP(2, [16, 16, 1], ["relu", "relu", "sigmoid"], seed=1) for _ in range(3)]
    one, again, shuffled = (
        fit(
            model, data.X, targets,
            epochs=150, batch_size=32, optimiser=Adam(model.parameters(), 0.02), seed=seed,
        )
        for model, seed in zip(models, (1, 1, 2), strict=True)
    )  # fmt: skip
    assert numbers(models[0]) == numbers(models[1])
    assert one.cost == again.cost != shuffled.cost
    assert models[0].accuracy(data.X, targets) == 1
    assert one.cost[-1] < 0.05


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


def test_the_cost_of_an_epoch_is_the_mean_over_examples_and_the_callers_arrays_stay() -> None:
    model, x = vectorized.MLP(1, [1], seed=1), np.arange(7.0)[None]
    rule = GradientDescent(model.parameters(), 1e-300)
    history = fit(model, x, 2 * x, epochs=1, batch_size=3, optimiser=rule)
    assert history.cost == pytest.approx([model.cost(x, 2 * x)])
    assert history.columns().keys() == {"cost", "gradient_norm", "seconds"}  # numbers have no accuracy
    assert x.tolist() == [list(range(7))]


def test_an_optimiser_of_some_of_the_parameters_trains_those() -> None:
    model = network(nn.MLP)
    first, *rest = model.parameters()
    before, old = [p.data for p in rest], first.data
    fit(model, X, Y, epochs=2, optimiser=Adam([first], 0.05))
    assert [p.data for p in rest] == before
    assert first.data != old


def overfitting(MLP: type[Network], **options: Any) -> tuple[Network, History]:
    """The dev set pulls the other way: its cost only rises from the second epoch on."""
    model = MLP(1, [1], seed=1, initialiser=lambda rng, n_out, n_in: np.zeros((n_out, n_in)))
    rule = GradientDescent(model.parameters(), 0.1)
    return model, fit(model, [[1.0]], [[1.0]], optimiser=rule, dev=([[1.0]], [[0.45]]), **options)


@both
def test_early_stopping_keeps_the_best(MLP: type[Network]) -> None:
    model, history = overfitting(MLP, epochs=50, patience=3)
    best = int(np.argmin(history.dev_cost)) + 1
    assert 1 < best == history.best_epoch < len(history) == best + 3 < 50
    assert history.stopped == f"the dev cost has not fallen for 3 epochs; the best was epoch {best}"
    assert str(history).endswith(
        f"; kept: epoch {best}, with the lowest dev_cost, {min(history.dev_cost):.6g}"
    )
    assert cost_of(model, [[1.0]], [[0.45]]) == min(history.dev_cost)
    model, history = overfitting(MLP, epochs=20)
    assert len(history) == 20
    assert cost_of(model, [[1.0]], [[0.45]]) == min(history.dev_cost) < history.dev_cost[-1]


def test_callbacks_see_every_epoch_and_may_stop() -> None:
    seen: list[Any] = []
    callbacks = [lambda epoch, _: epoch == 4, lambda epoch, history: seen.append((epoch, len(history)))]
    history = fit(network(), X, Y, epochs=10, callbacks=callbacks)
    assert seen == [(k, k) for k in range(1, 5)]
    assert history.stopped == "a callback stopped it"
    assert history.best_epoch == 0  # without a dev set, the last epoch is what there is
    assert "kept" not in str(history)


def interrupt(at: int) -> Any:
    def callback(epoch: int, _: History) -> None:
        if epoch == at:
            raise KeyboardInterrupt

    return [callback]


@both
def test_an_interruption_keeps_the_best(MLP: type[Network]) -> None:
    model, history = overfitting(MLP, callbacks=interrupt(15))
    assert len(history) == 15
    assert cost_of(model, [[1.0]], [[0.45]]) == min(history.dev_cost) < history.dev_cost[-1]
    model, x, y = MLP(1, [1], seed=1), [[3.0]], [[1.0]]
    began = cost_of(model, x, y)
    history = fit(model, x, y, optimiser=GradientDescent(model.parameters(), 1.0), callbacks=interrupt(4))
    assert cost_of(model, x, y) == min(history.cost) == began == history.initial_cost
    assert "; the cost rose from " in str(history)
    assert str(history).endswith("try a smaller learning rate")


@pytest.mark.parametrize("at", range(12))
def test_an_interruption_anywhere_leaves_the_best_and_whole_columns(
    at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle of an epoch, of a step, or of what is measured after it."""
    model, calls = network(), [0]
    fit(model, X, Y, epochs=2)

    def interrupted(of: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            result = of(*args, **options)
            calls[0] += 1
            if calls[0] == at + 3:
                raise KeyboardInterrupt
            return result

        return call

    for name in ("cost_and_grad", "cost", "accuracy", "constrain"):
        monkeypatch.setattr(model, name, interrupted(getattr(model, name)))
    history = fit(model, X, Y, epochs=9, dev=DEV_SET)
    assert history.stopped == INTERRUPTED
    assert len({len(column) for column in history.columns().values()}) <= 1
    monkeypatch.undo()
    if history.best_epoch:
        assert cost_of(model, *DEV_SET) == min(history.dev_cost) == history.dev_cost[history.best_epoch - 1]


def test_one_model_is_trained_by_one_call_at_a_time() -> None:
    model, problems = network(), []

    def second() -> None:
        try:
            fit(model, X, Y, epochs=1)
        except RuntimeError as error:
            problems.append(str(error))

    def meanwhile(_epoch: int, _: History) -> None:
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()

    fit(model, X, Y, epochs=2, callbacks=[meanwhile])
    second()
    assert len(problems) == 2
    assert all("another thread is training this network" in problem for problem in problems)


def test_a_history_is_copied_and_read_again() -> None:
    history = fit(network(), X, Y, epochs=2, dev=DEV_SET)
    assert copy.deepcopy(history) == pickle.loads(pickle.dumps(history)) == history
    assert History.from_columns(history.columns()).columns() == history.columns()
    assert str(History()) == "no epoch was run"
    wrong: list[Any] = [[], {"cost": 1.0}, {"cost": ["x"]}, {"x": []}, {"cost": [1.0], "seconds": [1.0, 2.0]}]
    for columns in wrong:
        with pytest.raises(ValueError, match="the history"):
            History.from_columns(columns)


def test_the_bar_is_hidden_when_piped_and_shown_on_demand(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(network(), X, Y, epochs=3)
    assert capsys.readouterr() == ("", "")
    fit(network(), X, Y, epochs=3, progress=True)
    out, err = capsys.readouterr()
    assert not out
    assert "/3" in err
    monkeypatch.setattr(sys, "stderr", None)  # a program without a console
    assert len(fit(network(), X, Y, epochs=2)) == 2


@both
@pytest.mark.parametrize("where", ["X", "Y", "dev"])
def test_data_that_is_not_finite_is_named(MLP: type[Network], where: str) -> None:
    sets = {"X": X.copy(), "Y": Y.copy(), "dev": DEV_SET[0].copy()}
    sets[where][0, 7] = -math.inf
    model = network(MLP)
    before = numbers(model)
    name = r"X\[0, 7\] of the dev set" if where == "dev" else rf"{where}\[0, 7\] of the training set"
    with pytest.raises(ValueError, match=f"{name} is -inf: replace it, or leave the example out"):
        fit(model, sets["X"], sets["Y"], dev=(sets["dev"], DEV_SET[1]))
    assert numbers(model) == before


def far_out(m: int, at: int) -> Array:
    x = np.zeros((1, m))
    x[0, at] = 1e10
    return x


@both
@pytest.mark.parametrize(
    ("layers", "x", "batch_size", "message"),
    [
        ([[[1e300]]], far_out(5, 3), None, r"epoch 1, step 1: Z\[1\] of unit 1 is inf for example 4, X\[:,"),
        ([[[1e300]]], far_out(9, 6), 2, r"step \d: Z\[1\] of unit 1 is inf for example 7, X\[:, 6\]"),
        ([[[0.0], [1e200]], [[1.0, 1e100]]], far_out(5, 3), None, r"Z\[2\] of unit 1 is inf for example 4"),
        ([[[1e200]]], [[1.0]], None, "the cost is inf, though every Z and A is finite; the step was not"),
    ],
)
def test_what_overflows_is_named_and_the_step_not_taken(
    MLP: type[Network], layers: Any, x: Any, batch_size: Any, message: str
) -> None:
    model = MLP(1, [len(W) for W in layers], ["linear"] * len(layers), seed=1)
    model.set_layers_data([(W, np.zeros((len(W), 1))) for W in layers])
    before = numbers(model)
    rule = GradientDescent(model.parameters(), 1e-300)
    with pytest.raises(FloatingPointError, match=message):
        fit(model, x, np.zeros((1, np.shape(x)[1])), batch_size=batch_size, optimiser=rule)
    assert numbers(model) == before


@both
def test_a_bad_number_is_found_with_the_masks_of_that_pass(MLP: type[Network]) -> None:
    model = MLP(1, [6, 1], ["linear", "linear"], seed=1, keep_prob=0.5)
    model.set_layers_data([(np.full((6, 1), 1e200), np.zeros((6, 1))), (np.full((1, 6), 1e200), [[0.0]])])
    with pytest.raises(FloatingPointError, match=r"Z\[2\] of unit 1 is inf for example 1, X\[:, 0\]"):
        fit(model, [[1.0]], [[0.0]])


def test_a_batch_too_large_for_the_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(*_: Any) -> float:
        raise MemoryError

    model = network(nn.MLP)
    monkeypatch.setattr(model, "cost_and_grad", too_large)
    with pytest.raises(MemoryError, match=r"a batch of 24 examples does not fit .*: set a smaller"):
        fit(model, X, Y)


class Line:
    """``w x + b`` of one Value each: no Network, but a model."""

    def __init__(self) -> None:
        self.w, self.b = Value(0.0, "w"), Value(0.0, "b")

    def parameters(self) -> list[Value]:
        return [self.w, self.b]

    def cost_and_grad(self, X: Array, Y: Array) -> float:
        self.w.zero_grad()
        self.b.zero_grad()
        squares = [(self.w * x + self.b - y) ** 2 for x, y in zip(X[0].tolist(), Y[0].tolist(), strict=True)]
        J: Value = sum(squares[1:], squares[0]) / len(squares)
        J.backward()
        return J.data


LINE = np.linspace(-1, 1, 20)[np.newaxis]


def test_anything_with_parameters_and_cost_and_grad_is_trained() -> None:
    model = Line()
    rule, dev = Adam(model.parameters(), 0.05), ([[-2.0, 2.0]], [[-3.0, 5.0]])
    history = fit(model, LINE, 2 * LINE + 1, epochs=150, batch_size=5, optimiser=rule, dev=dev)
    assert [model.w.data, model.b.data] == pytest.approx([2, 1], abs=1e-3)
    assert history.accuracy == []
    assert min(history.dev_cost) < 1e-5 < history.dev_cost[0]
    assert model.cost_and_grad(*(np.array(part) for part in dev)) == min(history.dev_cost)  # the best is kept
    with pytest.raises(FloatingPointError, match=r"epoch \d+, step \d+: the (cost|gradient) is .* not taken"):
        fit(model, LINE, 1e150 * LINE, epochs=500, optimiser=GradientDescent(model.parameters(), 1e9))
    assert np.isfinite([model.w.data, model.b.data]).all()


@pytest.mark.parametrize(
    ("Y", "options", "message"),
    [
        (LINE[:, 1:], {}, r"X and Y of the training set are \(1, 20\) and \(1, 19\), \(n_x, m\) and"),
        (LINE, {"dev": (LINE[0], LINE[0])}, "X and Y of the dev set are"),
        (LINE, {"checkpoint": "c.npz"}, "a checkpoint holds a network of this package, not a Line"),
    ],
)
def test_what_a_model_of_ones_own_is_refused(Y: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(Line(), LINE, Y, **options)
    thing: Any = 3
    with pytest.raises(TypeError, match=r"parameters\(\) and cost_and_grad.*; the int has no parameters"):
        fit(thing, LINE, LINE)


@pytest.mark.parametrize("MLP", [*BACKENDS, compiled.MLP])
@pytest.mark.parametrize(
    ("output", "loss", "targets", "message"),
    [
        ("sigmoid", None, 5 * Y, "logistic takes as targets probabilities.*; Y holds 5.0 in row"),
        ("linear", "max_margin", Y, "max_margin takes as targets -1 or 1; Y holds 0.0 in row"),
    ],
)
def test_targets_that_the_loss_does_not_take_are_refused(
    MLP: type[Network], output: str, loss: Any, targets: Any, message: str
) -> None:
    model = MLP(2, [1], [output], loss)
    for of in (model.cost, model.cost_and_grad, lambda X, Y: fit(model, X, Y)):
        with pytest.raises(ValueError, match=message):
            of(X, targets)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs is a whole number from 1 up, not 0"),
        ({"batch_size": 0}, "batch_size is a whole number from 1 up, not 0"),
        ({"seed": -1}, "seed is a whole number from 0 up, not -1"),
        ({"patience": 3}, r"patience needs a dev set to judge by: pass dev=\(X_dev, Y_dev\)"),
        ({"dev": (X,)}, r"the dev set is X and Y, such as dev=\(X_dev, Y_dev\), not \(array"),
        ({"dev": (X.T, Y)}, r"X is \(24, 2\), \(2, m\) is wanted"),
        ({"optimiser": "adam"}, r"of this model's parameters, Adam\(model.parameters\(\)\); not 'adam'"),
        ({"optimiser": Adam(network().parameters())}, "not another model's"),
    ],
)
def test_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(network(), X, Y, **options)


# --- going on from a checkpoint -----------------------------------------------------------------------------

EPOCHS = 5
RATE = inverse_time(0.05, 0.1)


def stateful(MLP: type[Network] = vectorized.MLP) -> Network:
    """With everything that has a state of its own."""
    return MLP(
        2, [4, 3, 1], ["tanh", "mish", "sigmoid"], seed=1, normalisation=["batch", "layer"],
        keep_prob=[0.7, 1.0], max_norm=2.0, label_smoothing=0.1, regularisers={"l1": 0.1, "l2": 0.1},
    )  # fmt: skip


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
        *((network, kind, {}) for kind in [*OPTIMISERS.values(), stepwise]),
        (stateful, Adam, {}),
        (stateful, Adam, {"dev": DEV_SET}),
        (network, Adam, {"dev": DEV_SET, "patience": 2, "batch_size": None}),
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
    model, seen = stateful(MLP), {}

    def remember(_epoch: int, history: History) -> None:
        seen[history.dev_cost[-1]] = numbers(model)

    rule = Adam(model.parameters(), 0.3)
    history = fit(model, X, Y, epochs=12, optimiser=rule, dev=DEV_SET, callbacks=[remember])
    best = min(history.dev_cost)
    assert best < history.dev_cost[-1]
    assert numbers(model) == seen[best]


def test_whole_numbers_may_be_numpys_and_what_is_from_a_checkpoint_is_said(tmp_path: Path) -> None:
    options: dict[str, Any] = {"epochs": 2, "batch_size": 3, "patience": 5, "seed": 1}
    wanted = fit(network(), X, Y, dev=DEV_SET, **options)
    of_numpy: dict[str, Any] = {name: np.int64(x) for name, x in options.items()}
    first, again = (
        fit(network(), X, Y, dev=DEV_SET, **of_numpy, checkpoint=tmp_path / "c.npz") for _ in "12"
    )
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
        (network(l2=0.5), {}, r"a network with regularisers \{\}, this one \{'l2': 0.5\}"),
        (network(nn.MLP), {}, "a network with backend numpy, this one values"),
        (network(), {"optimiser": (Momentum, RATE)}, "the optimiser Adam, this one Momentum"),
        (network(), {"optimiser": (Adam, 0.05)}, "an optimiser with learning rate 0.04545.*, this one 0.05;"),
        (network(), {"batch_size": 12}, "a batch size of 10, this one 12; train as it was trained"),
        (network(), {"seed": 4}, "a seed of 3, this one 4;"),
        (network(), {"X": nudged(X)}, "a training set with m = .*, this one m = "),
        (network(), {"dev": (DEV_SET[0], nudged(DEV_SET[1]))}, "a dev set with m = .*, this one m = "),
        (network(), {"augment": lambda rng, batch: batch}, "augmented examples: False, this one True"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(
    model: Network, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "c.npz"
    train(network(), epochs=2, checkpoint=path, dev=DEV_SET)
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
    save(path, network())
    with pytest.raises(ValueError, match=r"c\.npz: 'history' is missing in its notes, or give another name"):
        fit(network(), X, Y, checkpoint=path)
    path.write_bytes(b"garbage")
    with pytest.raises(ValueError, match=r"c\.npz is not a whole \.npz file"):
        fit(network(), X, Y, checkpoint=path)


@pytest.mark.parametrize(
    ("activation", "name", "error", "message"),
    [
        ("tanh", "c.txt", ValueError, r"saved as \.npz or \.safetensors, not as 'c\.txt'"),
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
