"""What is saved comes back to the bit; what is not whole or understood is refused; a kill is harmless."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from micrograd_dl import nn, vectorized
from micrograd_dl.activations import ACTIVATIONS, Activation
from micrograd_dl.losses import LOSSES
from micrograd_dl.network import Network
from micrograd_dl.optim.optimisers import Adam
from micrograd_dl.storage import FORMAT, VERSION, Saved, load, save
from micrograd_dl.training.fitting import fit

HIDDEN = [name for name in ACTIVATIONS if name != "softmax"]
OUTPUTS = {name: loss.output or "tanh" for name, loss in LOSSES.items()}
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
NOTES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda notes: st.lists(notes, max_size=3) | st.dictionaries(st.text(), notes, max_size=3),
    max_leaves=8,
)


@st.composite
def models(draw: st.DrawFn) -> Network:
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    loss = draw(st.sampled_from(sorted(LOSSES)))
    activations = [*(draw(st.sampled_from(HIDDEN)) for _ in sizes[1:]), OUTPUTS[loss]]
    hidden = len(sizes) - 1
    kinds, keep = st.sampled_from([None, "batch", "layer"]), st.floats(0, 1, exclude_min=True)
    options: dict[str, Any] = {
        "seed": draw(st.integers(0, 9)),
        "l2": draw(st.floats(0, 10)),
        "l1": draw(st.floats(0, 10)),
        "max_norm": draw(st.none() | st.floats(0.1, 10)),
        "normalisation": draw(st.lists(kinds, min_size=hidden, max_size=hidden)),
        "keep_prob": draw(st.lists(keep, min_size=hidden, max_size=hidden)),
        "label_smoothing": draw(st.floats(0, 0.5)) if LOSSES[loss].classes else 0.0,
    }
    args = draw(st.integers(1, 3)), sizes, activations, loss
    if draw(st.booleans()):
        model: Network = nn.MLP(*args, **options, expanded=draw(st.booleans()))
    else:
        model = vectorized.MLP(*args, **options, dtype=draw(st.sampled_from(["float64", "float32"])))
    width: Any = 32 if getattr(model, "dtype", None) == np.float32 else 64
    fill = st.floats(width=width)
    model.set_named(
        {name: draw(arrays(x.dtype, x.shape, elements=fill)) for name, x in model.named().items()}
    )
    model.passes = draw(st.integers(0, 9))
    for averages in model.averages:
        if averages is not None:
            averages.take_in(np.full_like(averages.mean, draw(st.floats(-9, 9))), averages.variance / 3)
    return model


def round_trip(model: Network, *args: Any) -> Saved:
    with tempfile.TemporaryDirectory() as folder:
        return load(save(Path(folder) / "m.npz", model, *args))


@settings(max_examples=30)
@given(models())
def test_a_model_comes_back(model: Network) -> None:
    found = round_trip(model).model
    assert type(found) is type(model)
    assert repr(found) == repr(model)
    for what in (
        "seed",
        "regularisers",
        "max_norm",
        "normalisations",
        "keep_probs",
        "passes",
        "dtype",
        "expanded",
    ):
        assert getattr(found, what, None) == getattr(model, what, None)
    for name, x in model.named().items():
        assert found.named()[name].dtype == x.dtype
        assert found.named()[name].tobytes() == x.tobytes()
    for mine, theirs in zip(found.averages, model.averages, strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None and theirs is not None:
            assert mine.mean.tobytes() == theirs.mean.tobytes()
            assert mine.variance.tobytes() == theirs.variance.tobytes()


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="/\\"), max_size=8),
        arrays(st.sampled_from(["f8", "f4", "i8", "b1"]), array_shapes(min_dims=0, min_side=0, max_side=3)),
        max_size=3,
    ),
    st.dictionaries(st.text(), NOTES, max_size=3),
)
def test_arrays_and_notes_come_back(given_arrays: dict[str, Any], notes: dict[str, Any]) -> None:
    saved = round_trip(vectorized.MLP(1, [1]), given_arrays, notes)
    assert saved.notes == notes
    assert set(saved.arrays) == set(given_arrays)
    for name, array in given_arrays.items():
        assert saved.arrays[name].dtype == array.dtype
        assert saved.arrays[name].shape == array.shape
        assert saved.arrays[name].tobytes() == array.tobytes()


def test_a_text_path_and_infinite_notes(tmp_path: Path) -> None:
    path = save(str(tmp_path / "m.npz"), nn.MLP(1, [1]), notes={"best": float("inf")})
    assert path == tmp_path / "m.npz"
    assert load(str(path)).notes == {"best": float("inf")}
    assert os.listdir(tmp_path) == ["m.npz"]


# --- refused when saved -------------------------------------------------------------------------------------


class Special(vectorized.MLP):
    """A network of a user's own."""


@pytest.mark.parametrize(
    ("name", "model", "given_arrays", "notes", "message"),
    [
        ("m.bin", nn.MLP(1, [1]), {}, {}, r"a model is saved as \.npz, not as 'm\.bin'"),
        (
            "m.npz",
            nn.MLP(1, [1]),
            {},
            {"x": {1}},
            "notes are what JSON can say, such as numbers, texts and lists",
        ),
        (
            "m.npz",
            nn.MLP(1, [1]),
            {"x": np.array([None])},
            {},
            "array x is an array of objects, which only pickle",
        ),
        (
            "m.npz",
            Special(1, [1]),
            {},
            {},
            "a Special cannot be saved, only the MLP of nn, vectorized",
        ),
        *(
            (
                "m.npz",
                nn.MLP(2, [2, 1], [Activation(name, lambda z: [x * x for x in z]), "linear"]),
                {},
                {},
                f"the activation {name} is not one of linear, sigmoid",
            )
            for name in ("square", "tanh")  # the latter came back as the built-in one, with other numbers
        ),
        (
            "m.npz",
            nn.MLP(1, [1], loss=replace(LOSSES["squared"], name="cube", of=lambda z, a, y: a[0] ** 3)),
            {},
            {},
            "the loss cube is not one of logistic, cross_entropy",
        ),
    ],
)
def test_what_cannot_be_saved(
    name: str, model: Network, given_arrays: Any, notes: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        save(tmp_path / name, model, given_arrays, notes)
    assert not os.listdir(tmp_path)


def test_an_error_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "m.npz", nn.MLP(1, [1]), notes={"which": "old"})

    def full(file: Any, **_: object) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        save(path, nn.MLP(1, [1]), notes={"which": "new"})
    assert load(path).notes == {"which": "old"}
    assert os.listdir(tmp_path) == ["m.npz"]


# --- refused when loaded ------------------------------------------------------------------------------------


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.npz")


def test_a_truncated_file(tmp_path: Path) -> None:
    path = save(tmp_path / "m.npz", vectorized.MLP(2, [3, 1]))
    content = path.read_bytes()
    for length in range(0, len(content), 37):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"m\.npz is not a whole \.npz file"):
            load(path)


def single(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.ones(3))


def objects(path: Path) -> None:
    np.savez(path, about=np.array([{}]))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b"garbage" * 100),
        lambda path: path.write_bytes(pickle.dumps({"about": 1})),
        single,
        objects,
        lambda path: path.mkdir(),
    ],
    ids=["garbage", "pickle", "npy", "objects", "folder"],
)
def test_what_is_not_such_a_file(write: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    write(path)
    with pytest.raises(ValueError, match=r"m\.npz is not a whole \.npz file"):
        load(path)


@settings(max_examples=100)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_harmless(data: st.DataObject) -> None:
    """Whatever byte is changed: a ValueError, or what was saved (the byte was of a date, say)."""
    with tempfile.TemporaryDirectory() as folder:
        model = vectorized.MLP(1, [2, 1], seed=1)
        path = save(Path(folder) / "m.npz", model)
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        try:
            found = load(path)
        except ValueError:
            return
        assert found.model.parameters()[0].data.tolist() == model.theta.tolist()


def rewritten(path: Path, **changes: Any) -> None:
    """The file with other words about the model, or without an array."""
    with np.load(path) as file:
        contents = {name: file[name] for name in file.files}
    about = json.loads(str(contents["about"]))
    for name, value in changes.items():
        if name in contents:
            contents.pop(name)
            contents |= {} if value is None else {name: value}
        elif name in about["model"]:
            about["model"][name] = value
        elif value is None:
            about.pop(name)
        else:
            about[name] = value
    if "about" in contents and "about" not in changes:
        contents["about"] = np.array(json.dumps(about))
    np.savez(path, **contents)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"version": VERSION + 1},
            f"its version is {VERSION + 1}, and this program reads 1 and {VERSION}: use a newer one",
        ),
        ({"version": 0}, "its version is 0, and this program reads 1 and 2"),
        ({"version": "2"}, "its version is '2', and this program reads 1 and 2"),
        ({"about": np.array("[1]")}, "its description is [1], and names and what they stand for are wanted"),
        ({"format": "another"}, f"its format is 'another', not '{FORMAT}'"),
        ({"format": None}, "'format' is missing"),
        ({"about": None}, "'about' is missing"),
        ({"W1": None}, "'W1' is missing"),
        ({"b2": np.ones((1, 2))}, "b[2] is (1, 2), (1, 1) is wanted"),
        ({"shape": [2, 4, 1]}, "W[1] is (3, 2), (4, 2) is wanted"),
        ({"shape": [2]}, "at least one input and one layer"),
        ({"shape": 7}, "does not hold a model"),
        ({"backend": "torch"}, "its backend is 'torch', not one of numpy, values"),
        ({"dtype": "float16"}, "float64 or float32, not float16"),
        ({"activations": ["gelu", "linear"]}, "no activation 'gelu'"),
        ({"loss": "hinge"}, "no loss 'hinge'"),
        ({"regularisers": {"l2": "much"}}, "l2"),
        ({"seed": -1}, "does not hold a model"),
        ({"model": []}, "its model is [], and names and what they stand for are wanted"),
        ({"notes": 3}, "does not hold a model"),
    ],
)
def test_what_is_not_understood(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = save(tmp_path / "m.npz", vectorized.MLP(2, [3, 1]))
    rewritten(path, **changes)
    with pytest.raises(ValueError, match=r"m\.npz does not hold a model: ") as error:
        load(path)
    assert message in str(error.value)


def test_no_pickle_is_ever_read(tmp_path: Path) -> None:
    """A file that would run code if its objects were unpickled."""

    class Harmful:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "harm",))

    path = tmp_path / "m.npz"
    np.savez(path, about=np.array([Harmful()], dtype=object))
    with pytest.raises(ValueError, match="is not a whole"):
        load(path)
    assert not (tmp_path / "harm").exists()


def test_a_file_of_version_1_is_read(tmp_path: Path) -> None:
    model = vectorized.MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, l2=0.5)
    about = {
        "format": FORMAT,
        "version": 1,
        "model": {
            "backend": "numpy",
            "dtype": "float64",
            "expanded": False,
            "shape": [2, 3, 1],
            "activations": ["tanh", "sigmoid"],
            "loss": "logistic",
            "l2": 0.5,
            "l1": 0.0,
            "seed": 1,
        },
        "notes": {},
    }
    contents: dict[str, Any] = {"about": np.array(json.dumps(about)), **model.named()}
    np.savez(tmp_path / "m.npz", **contents)
    found = load(tmp_path / "m.npz").model
    assert repr(found) == repr(model)
    assert all((found.named()[name] == x).all() for name, x in model.named().items())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mean1": np.ones((1, 1))}, "mean[1] is (1, 1), (3, 1) is wanted"),
        ({"variance1": None}, "'variance1' is missing"),
        ({"gamma1": np.ones((1, 3))}, "gamma[1] is (1, 3), (3, 1) is wanted"),
        ({"beta1": None}, "'beta1' is missing"),
        ({"passes": "many"}, "many"),
        ({"normalisation": ["none"]}, "a normalisation is one of batch, layer, or None"),
        ({"keep_prob": [2]}, "keep_prob is above 0 and at most 1"),
        ({"keep_prob": 3.0}, "keep_prob is above 0 and at most 1"),
        ({"regularisers": {"l3": 1}}, "there is no regulariser 'l3'"),
        ({"label_smoothing": "much"}, "label_smoothing"),
        ({"max_norm": -1}, "max_norm is a number above 0"),
    ],
)
def test_what_is_not_understood_of_a_normalised_model(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = save(tmp_path / "m.npz", vectorized.MLP(2, [3, 1], normalisation="batch", keep_prob=0.5))
    rewritten(path, **changes)
    with pytest.raises(ValueError, match=r"m\.npz does not hold a model: ") as error:
        load(path)
    assert message in str(error.value)


# --- killed at any instant ----------------------------------------------------------------------------------

KILLS, EPOCHS = 200, 12
X = np.random.default_rng(0).standard_normal((2, 30))
Y = (X[:1] * X[1:] > 0).astype(float)


def train(checkpoint: Path | None) -> list[Any]:
    """Train, from the checkpoint if there is one; what is to come out the same, to the last bit."""
    model = vectorized.MLP(
        2, [4, 4, 1], ["tanh", "relu", "sigmoid"], seed=1, normalisation=["batch", None], keep_prob=[1, 0.8]
    )
    history = fit(
        model,
        X,
        Y,
        epochs=EPOCHS,
        batch_size=8,
        optimiser=Adam(model.parameters(), 0.05),
        checkpoint=checkpoint,
    )
    return [model.theta.tolist(), history.cost, history.accuracy, history.gradient_norm]


def kill_many_times(folder: Path) -> None:
    """Fork a process that trains, kill it at a random instant, look at its file, and again; then go on.

    Forked, because Python and NumPy need a third of a second to start; and from a process of its own, which
    has no threads that a fork would cut off.
    """
    checkpoint, wanted, chance = folder / "c.npz", train(None), random.Random(0)
    began = time.monotonic()
    train(checkpoint)
    whole, kills, finished = time.monotonic() - began, 0, 0
    checkpoint.unlink()
    while kills < KILLS:
        child = os.fork()
        if not child:
            train(checkpoint)
            os._exit(0)
        time.sleep(chance.uniform(0, whole / 2))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        kills += os.WIFSIGNALED(status)
        if checkpoint.exists():
            epochs = len(load(checkpoint).notes["history"]["cost"])  # whole, or this raises
            if epochs == EPOCHS:
                finished += 1
                assert train(checkpoint) == wanted
                checkpoint.unlink()
    assert train(checkpoint) == wanted
    left = sum(path.suffix == ".tmp" for path in folder.iterdir())
    sys.stdout.write(
        f"{kills} kills, {left} of them while a file was being written; {finished} trainings finished\n"
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_killed_200_times_and_resumed_to_the_same_bits(tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    result = subprocess.run(
        [sys.executable, __file__, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"{KILLS} kills, ")


if __name__ == "__main__":
    kill_many_times(Path(sys.argv[1]))
