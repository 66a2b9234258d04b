"""Whatever a user does with a network, an optimiser or a schedule: a copy goes on as its original does."""

from __future__ import annotations

import copy
import io
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from micrograd_dl import compiled, nn, optim, vectorized
from micrograd_dl.engine.value import Value
from micrograd_dl.nn.activations import ACTIVATIONS, Activation
from micrograd_dl.nn.initialisers import INITIALISERS, constant
from micrograd_dl.nn.losses import LOSSES, Loss
from micrograd_dl.nn.network import Network
from micrograd_dl.nn.regularisers import REGULARISERS
from micrograd_dl.optim import OPTIMISERS
from micrograd_dl.optim.schedules import schedule
from micrograd_dl.training.fitting import fit

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((3, 12)), RNG.integers(0, 2, (1, 12)).astype(float)


def by_joblib(x: Any) -> Any:
    file = io.BytesIO()
    joblib.dump(x, file)
    file.seek(0)
    return joblib.load(file)


WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "cloudpickle": lambda x: pickle.loads(cloudpickle.dumps(x)),
    "joblib": by_joblib,
}
KINDS: dict[str, Callable[[], Network]] = {
    "values": lambda: network(nn.MLP, normalisation=["batch", None], keep_prob=[1.0, 0.7]),
    "matrices": lambda: network(vectorized.MLP, normalisation=["batch", None], keep_prob=[1.0, 0.7]),
    "float32": lambda: network(vectorized.MLP, normalisation="layer", dtype="float32"),
    "compiled": lambda: network(compiled.MLP, normalisation="layer", runner="numpy"),
}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
kinds = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


def network(kind: Any, **options: Any) -> Any:
    return kind(3, [4, 3, 1], ["tanh", "relu", "sigmoid"], seed=1, l2=0.1, slope_at_kink="left", **options)


def trained(model: Network, optimiser: Any, epochs: int = 3) -> Network:
    fit(model, X, Y, epochs=epochs, batch_size=5, optimiser=optimiser, progress=False)
    return model


def bits(model: Network) -> dict[str, Any]:
    averages = [a for a in model.averages if a is not None]
    arrays = {**model.named(), **{f"d{name}": d for name, d in model.named("grad").items()}}
    more = [array for a in averages for array in (a.mean, a.variance)]
    return {"passes": model.passes, **{n: x.tolist() for n, x in arrays.items()}, "averages": str(more)}


@kinds
@ways
def test_a_copy_trains_as_its_original_and_by_itself(way: Any, make: Callable[[], Network]) -> None:
    model = make()
    trained(model, optim.Adam(model.parameters(), 0.1))
    twin = way(model)
    assert type(twin) is type(model)
    assert repr(twin) == repr(model)
    before = bits(model)
    assert bits(twin) == before
    trained(twin, optim.Adam(twin.parameters(), 0.1))
    assert bits(model) == before
    assert bits(twin) != before
    trained(model, optim.Adam(model.parameters(), 0.1))
    assert bits(twin) == bits(model)
    np.testing.assert_array_equal(twin.forward(X), model.forward(X))


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("way", [w for name, w in WAYS.items() if name != "copy"])
@pytest.mark.parametrize("kind", [nn.MLP, vectorized.MLP])
def test_an_optimiser_is_copied_with_its_model(kind: Any, way: Any, name: str) -> None:
    model = network(kind)
    optimiser = OPTIMISERS[name](model.parameters(), schedule("cosine", 0.1, epochs=9, steps=3), clip_norm=1)
    trained(model, optimiser)
    twins = way((model, optimiser))
    assert bits(trained(*twins)) == bits(trained(model, optimiser))


def test_a_shallow_copy_of_an_optimiser_has_a_state_of_its_own() -> None:
    model = network(vectorized.MLP)
    optimiser = optim.Adam(model.parameters(), 0.1)
    trained(model, optimiser)
    state, before = str(optimiser.state), optimiser.steps
    copy.copy(optimiser).step()
    assert (str(optimiser.state), optimiser.steps) == (state, before)


@ways
def test_what_networks_are_made_of_is_found_again(way: Any) -> None:
    for table in (ACTIVATIONS, LOSSES, REGULARISERS, INITIALISERS):
        for one in table.values():
            assert way(one) is one
    for text in ("constant", "inverse_time:2", "exponential:.9", "staircase:3", "cosine:7", "one_cycle"):
        for rise in (0, 0 if text == "one_cycle" else 2):
            alpha = schedule(text, 0.1, epochs=9, steps=3, rise=rise)
            twin = way(alpha)
            assert [twin(t) for t in range(40)] == [alpha(t) for t in range(40)]
    rng = np.random.default_rng(0)
    assert way(constant(0.5))(rng, 1, 2).tolist() == [[0.5, 0.5]]


def half(z: Any, *_: Any) -> list[Any]:
    return [unit / 2 for unit in z]


@ways
def test_activations_and_losses_of_ones_own_are_copied_with_what_is_in_them(way: Any) -> None:
    twin, other = way(Activation("half", half, 2.0)), way(Loss("odd", half, None, "numbers", remedy="!"))
    assert (twin.name, twin.of, twin.squared_gain) == ("half", half, 2.0)
    assert (other.name, other.of, other.targets, other.remedy) == ("odd", half, "numbers", "!")


def test_a_copy_is_not_frozen() -> None:
    model = network(vectorized.MLP, keep_prob=0.5)
    with model.frozen():
        twin = copy.deepcopy(model)
    twin.cost_and_grad(X, Y)
    assert twin.passes == 1


# --- files of others ----------------------------------------------------------------------------------------


@kinds
def test_named_arrays_are_contiguous_copies(make: Callable[[], Network], tmp_path: Path) -> None:
    model = make()
    model.cost_and_grad(X, Y)
    for what in ("data", "grad"):
        named = model.named(what)
        assert all(array.flags.c_contiguous for array in named.values())
        save_file(named, tmp_path / "model.safetensors")
        for name, array in load_file(tmp_path / "model.safetensors").items():
            np.testing.assert_array_equal(array, model.named(what)[name])
        for array in named.values():
            array += 1
        assert not any((array == model.named(what)[name]).any() for name, array in named.items())
    model.set_named(model.named() | {"W1": np.full((4, 3), 0.5)})
    assert (model.named()["W1"] == 0.5).all()


# --- threads ------------------------------------------------------------------------------------------------


def in_threads(call: Callable[[int], Any], threads: int = 8, times: int = 50) -> list[Any]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(call, range(threads * times)))


def number(J: Any) -> float:
    return J.data if isinstance(J, Value) else J


@kinds
def test_any_number_of_threads_may_read(make: Callable[[], Network]) -> None:
    model = trained(make(), None)
    batches = [(X[:, k : k + m], Y[:, k : k + m]) for k in range(4) for m in (1, 3, 6)]

    def read(i: int) -> tuple[Any, Any, float]:
        Xi, Yi = batches[i % len(batches)]
        return model.forward(Xi).tolist(), model.predict(Xi).tolist(), number(model.cost(Xi, Yi))

    alone = [read(i) for i in range(len(batches))]
    found = in_threads(read)
    assert found == [alone[i % len(batches)] for i in range(len(found))]


@kinds
def test_a_second_thread_may_not_train(make: Callable[[], Network]) -> None:
    model = make()
    wanted = model.cost_and_grad(X, Y), bits(model)["dW1"]
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with model.training_lock:
            entered.set()
            leave.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert entered.wait(60)
        for door in (
            lambda: model.cost_and_grad(X, Y),
            lambda: model.record(X, Y),
            lambda: model.set_named(model.named()),
            lambda: model.copy_from(make()),
            lambda: fit(model, X, Y, epochs=1, progress=False),
        ):
            with pytest.raises(RuntimeError, match=r"another thread is training.*copy\.deepcopy"):
                door()
        model.predict(X)
        copy.deepcopy(model).cost_and_grad(X, Y)
    finally:
        leave.set()
        holder.join()
    twin = make()
    assert (twin.cost_and_grad(X, Y), bits(twin)["dW1"]) == wanted


@kinds
def test_trainings_that_overlap_are_right_or_refused(make: Callable[[], Network]) -> None:
    wanted = bits(trained(make(), None))
    model, begin = make(), threading.Barrier(4)

    def train(_: int) -> str:
        begin.wait(60)
        try:
            trained(model, None)
        except RuntimeError as error:
            return str(error)[:12]
        return "trained"

    outcomes = in_threads(train, 4, 1)
    assert set(outcomes) <= {"trained", "another call", "another thre"}
    if outcomes.count("trained") == 1:
        assert bits(model) == wanted
