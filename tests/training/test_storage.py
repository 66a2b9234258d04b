"""What is saved comes back to the bit; what is not whole or understood is refused; a kill is harmless."""

from __future__ import annotations

import io
import json
import math
import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from micrograd_dl import nn, vectorized
from micrograd_dl.data.archives import Archive, open_archive
from micrograd_dl.data.built_in import moons
from micrograd_dl.nn.activations import ACTIVATIONS, Activation
from micrograd_dl.nn.losses import LOSSES
from micrograd_dl.nn.network import Network
from micrograd_dl.optim.optimisers import Adam
from micrograd_dl.training.experiment import Predictor
from micrograd_dl.training.experiment import train as train_on
from micrograd_dl.training.fitting import fit
from micrograd_dl.training.options import TrainingOptions
from micrograd_dl.training.storage import FORMAT, Saved, describe, load, save, state_of

HIDDEN = [name for name in ACTIVATIONS if name != "softmax"]
OUTPUTS = {name: loss.output or "tanh" for name, loss in LOSSES.items()}
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
        "slope_at_kink": draw(st.sampled_from(["left", "right"])),
    }
    args: Any = draw(st.integers(1, 3)), sizes, activations, loss
    if draw(st.booleans()):
        model: Network = nn.MLP(*args, **options, expanded=draw(st.booleans()))
    else:
        model = vectorized.MLP(*args, **options, dtype=draw(st.sampled_from(["float64", "float32"])))
    width: Any = 32 if getattr(model, "dtype", None) == np.float32 else 64
    numbers = st.floats(width=width)
    model.set_named(
        {name: draw(arrays(x.dtype, x.shape, elements=numbers)) for name, x in model.named().items()}
    )
    model.passes = draw(st.integers(0, 9))
    for averages in model.averages:
        if averages is not None:
            averages.take_in(np.full_like(averages.mean, draw(st.floats(-9, 9))), averages.variance / 3)
    return model


def round_trip(model: Network, *args: Any) -> Saved:
    with tempfile.TemporaryDirectory() as folder:
        return load(save(Path(folder) / "m.npz", model, *args))


def bits(named: dict[str, Any]) -> dict[str, Any]:
    return {name: (x.dtype, x.shape, x.tobytes()) for name, x in named.items()}


@settings(max_examples=30)
@given(models())
def test_a_model_comes_back(model: Network) -> None:
    found = round_trip(model).model
    assert type(found) is type(model)
    assert describe(found) == describe(model)
    assert found.passes == model.passes
    assert bits(state_of(found)) == bits(state_of(model))


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
    assert bits(dict(saved.arrays)) == bits(given_arrays)


class Special(vectorized.MLP):
    """A network of a user's own."""


SQUARE = Activation("tanh", lambda z: [x * x for x in z])
CUBE = replace(LOSSES["squared"], name="cube", of=lambda z, a, y: a[0] ** 3)


@pytest.mark.parametrize(
    ("model", "given_arrays", "notes", "message"),
    [
        (None, {}, {"x": {1}}, "notes are what JSON can say, such as numbers, texts and lists"),
        (None, {}, {1: "a"}, "the keys of notes are texts, not 1: take '1'"),
        (None, {}, {"a": [{"b": ({None: 1},)}]}, "the keys of notes are texts, not None: take 'None'"),
        (None, {"x": np.array([None])}, {}, "x is an array of objects, which only pickle could write"),
        (None, {"a\0b": [1.0]}, {}, r"a text without the character \\0, not 'a\\x00b'"),
        (Special(1, [1]), {}, {}, "a Special cannot be saved, only the MLP of nn, vectorized"),
        (nn.MLP(2, [2, 1], [SQUARE, "linear"]), {}, {}, "the activation tanh is not one of linear, sigmoid"),
        (nn.MLP(1, [1], loss=CUBE), {}, {}, "the loss cube is not one of logistic, cross_entropy"),
    ],
)
def test_what_cannot_be_saved(
    model: Any, given_arrays: Any, notes: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        save(tmp_path / "m.npz", model or nn.MLP(1, [1]), given_arrays, notes)
    with pytest.raises(ValueError, match=r"a model is saved as \.npz or \.safetensors, not as 'm\.bin'"):
        save(tmp_path / "m.bin", nn.MLP(1, [1]))
    assert not os.listdir(tmp_path)


def test_a_truncated_file(tmp_path: Path) -> None:
    path = save(tmp_path / "m.npz", vectorized.MLP(2, [3, 1]))
    content = path.read_bytes()
    for length in range(0, len(content), 137):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"m\.npz is not a whole \.npz file"):
            load(path)


class Trap:
    """Unpickled, it would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_what_is_not_such_a_file(tmp_path: Path) -> None:
    path, trace, single = tmp_path / "m.npz", tmp_path / "trace", io.BytesIO()
    np.save(single, np.ones(3))
    for content in (b"garbage" * 100, pickle.dumps(Trap(trace)), single.getvalue(), b""):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"m\.npz is not a whole \.npz file: it is "):
            load(path)
    np.savez(path, about=np.array([Trap(trace)], dtype=object))
    with pytest.raises(ValueError, match="about holds Python objects, which are not loaded"):
        load(path)
    assert not trace.exists()
    for name in ("none.npz", "."):
        with pytest.raises(OSError, match=r"none\.npz|directory|denied"):
            load(tmp_path / name)


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
        assert bits(found.model.named()) == bits(model.named())


@pytest.mark.parametrize("shape", [(10**9, 10**9), (5,), (-1, -1)])
def test_an_array_that_is_not_as_large_as_it_claims(shape: tuple[int, ...], tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
        archive.writestr("about.npy", header.getvalue())
    with pytest.raises(ValueError, match=r"not a whole \.npz file: about should be .*, and has 0 bytes"):
        load(tmp_path / "m.npz")


def test_an_array_that_is_not_of_the_model_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "m.npz", vectorized.MLP(2, [3, 1]))
    rewrite(path, W1=np.zeros((2000, 2000)))
    about = np.load(path)["about"]
    monkeypatch.setattr(Archive, "read", lambda _, name: about if name == "about" else pytest.fail("read"))
    with pytest.raises(ValueError, match=r"W1 is float64 \(2000, 2000\), and floats \(3, 2\) are"):
        load(path)


def rewrite(path: Path, **changes: Any) -> None:
    """Change arrays, or what the file says about the model; None removes."""
    with np.load(path) as file:
        contents = {name: file[name] for name in file.files}
    about = json.loads(str(contents["about"]))
    for name, x in changes.items():
        where = next((d for d in (contents, about["model"], about["notes"]) if name in d), about)
        where.pop(name, None)
        where |= {} if x is None else {name: x}
    if "about" not in changes:
        contents["about"] = np.array(json.dumps(about))
    np.savez(path, **contents)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 4}, "its version is 4, and this program reads 3: use a newer"),
        ({"version": 2}, "its version is 2, and this program reads 3"),
        ({"about": np.array("{")}, "Expecting property name"),
        ({"about": np.array("[" * 100_000)}, "its description is nested too deeply"),
        ({"about": np.ones(2)}, "its description is float64 (2,), not a text"),
        ({"format": "another"}, f"its format is 'another', not '{FORMAT}'"),
        ({"W1": np.ones((3, 2)) * 1j}, "W1 is complex128 (3, 2), and floats"),
        ({"shape": [2, 4, 1]}, "W1 is float64 (3, 2), and floats (4, 2) are wanted"),
        ({"shape": [2, 10**9, 10**9]}, "floats (1000000000, 2) are wanted"),
        ({"shape": []}, "at least one input and one layer"),
        ({"backend": "torch"}, "there is no backend 'torch': choose one of numpy, values"),
        ({"dtype": "float16"}, "float64 or float32, not float16"),
        (
            {"activations": ["gulu", "linear"]},
            "one of your own is to be defined first, with micrograd_dl.operation",
        ),
        ({"regularisers": {"l3": 1}}, "there is no regulariser 'l3'"),
        ({"slope_at_kink": "up"}, "'up'"),
    ],
)
def test_what_is_not_understood(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = save(tmp_path / "m.npz", vectorized.MLP(2, [3, 1], normalisation=["batch"], keep_prob=0.5))
    rewrite(path, **changes)
    with pytest.raises(ValueError, match=r"m\.npz ") as error:
        load(path)
    assert message in str(error.value)


JSON: list[Any] = [[], {}, "", None, True, -1, 1, 0.5, 10**400, math.inf, math.nan, [[]], [None], {"a": []}]


@pytest.mark.parametrize("kind", ["model", "predictor", "checkpoint"])
def test_every_note_replaced_by_every_type_is_refused_or_understood(kind: str, tmp_path: Path) -> None:
    """A ValueError with the file's name, or what can be used: never another error.

    What is said of the model is read in one place for all kinds; the notes are each kind's own.
    """
    path, X, Y = tmp_path / "m.npz", moons(20).X, moons(20).targets("logistic")
    model = vectorized.MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, normalisation="batch", keep_prob=0.5)

    def go_on(epochs: int = 2) -> None:
        str(fit(model, X, Y, epochs=epochs, checkpoint=path, dev=(X, Y)))

    def predict() -> None:
        predictor = Predictor.load(path)
        predictor.predict(X)
        str(predictor.history)

    use = {"model": lambda: load(path).model.predict(X), "predictor": predict, "checkpoint": go_on}[kind]
    if kind == "predictor":
        train_on(moons(20), TrainingOptions(hidden=(3,), epochs=1)).predictor.save(path)
    elif kind == "checkpoint":
        go_on(1)
    else:
        save(path, model)
    content = path.read_bytes()
    about = json.loads(str(np.load(path)["about"]))
    for name in {**about, **about["model"]} if kind == "model" else {"notes": 0, **about["notes"]}:
        for x in [*JSON, {"cost": [1.0, 2.0], "seconds": [1.0]}, {"cost": "x"}, {"cost": ["x"]}]:
            path.write_bytes(content)
            rewrite(path, **{name: x})
            assert "m.npz" in refusal(use), (name, x)


def refusal(use: Any) -> str:
    try:
        use()
    except ValueError as error:
        return str(error)
    return "m.npz is used"


EPOCHS = 12
X = np.random.default_rng(0).standard_normal((2, 30))
Y = (X[:1] * X[1:] > 0).astype(float)


def train(checkpoint: Path | None) -> list[Any]:
    """Train, from the checkpoint if there is one; what is to come out the same, to the last bit."""
    activations, keep_prob = ["tanh", "relu", "sigmoid"], [1, 0.8]
    kinds: list[Any] = ["batch", None]
    model = vectorized.MLP(2, [4, 4, 1], activations, seed=1, normalisation=kinds, keep_prob=keep_prob)
    rule = Adam(model.parameters(), 0.05)
    history = fit(model, X, Y, epochs=EPOCHS, batch_size=8, optimiser=rule, checkpoint=checkpoint)
    return [bits(model.named()), history.cost, history.accuracy, history.gradient_norm]


def kill_many_times(folder: Path, kills: int) -> None:
    """Fork a process that trains, kill it at a random instant, look at its file, and again; then go on.

    Forked, because Python and NumPy need a third of a second to start; and from a process of its own, which
    has no threads that a fork would cut off.
    """
    checkpoint, wanted, chance = folder / "c.npz", train(None), random.Random(0)
    began = time.monotonic()
    train(checkpoint)
    whole, killed = time.monotonic() - began, 0
    checkpoint.unlink()
    while killed < kills:
        child = os.fork()
        if not child:
            train(checkpoint)
            os._exit(0)
        time.sleep(chance.uniform(0, whole / 2))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        # A file that is there is whole, or this raises.
        if checkpoint.exists() and len(load(checkpoint).notes["history"]["cost"]) == EPOCHS:
            assert train(checkpoint) == wanted
            checkpoint.unlink()
    assert train(checkpoint) == wanted
    sys.stdout.write(f"{killed} kills")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.parametrize("kills", [15, pytest.param(200, marks=pytest.mark.full)])
def test_killed_many_times_and_resumed_to_the_same_bits(kills: int, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, __file__, str(tmp_path), str(kills)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{kills} kills"


if __name__ == "__main__":
    kill_many_times(Path(sys.argv[1]), int(sys.argv[2]))


# .safetensors


@given(models())
def test_safetensors_give_what_npz_gives(model: Network) -> None:
    pytest.importorskip("safetensors", reason="files of that form need it, in the extra safetensors")
    arrays = {"0 axes": np.array(2.5), "flags": np.array([True, False]), "big": np.arange(3, dtype=">i4")}
    with tempfile.TemporaryDirectory() as folder:
        found = [
            load(save(Path(folder) / f"m{end}", model, arrays, {"é": 1})) for end in (".npz", ".safetensors")
        ]
    (first, second) = (state_of(saved.model) for saved in found)
    assert {name: x.tobytes() for name, x in first.items()} == {
        name: x.tobytes() for name, x in second.items()
    }
    assert describe(found[0].model) == describe(found[1].model)
    assert found[1].notes == {"é": 1}
    for name, array in arrays.items():
        there = found[1].arrays[name]
        assert (there.shape, there.dtype.kind) == (array.shape, array.dtype.kind)
        np.testing.assert_array_equal(there, array)


def test_safetensors_are_those_of_the_package(tmp_path: Path) -> None:
    package = pytest.importorskip("safetensors.numpy", reason="files of that form need it")
    model = vectorized.MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)
    there = package.load_file(save(tmp_path / "m.safetensors", model))
    assert {name: x.tolist() for name, x in there.items()} == {
        k: x.tolist() for k, x in model.named().items()
    }


def test_safetensors_that_are_no_model_are_refused(tmp_path: Path) -> None:
    package = pytest.importorskip("safetensors.numpy", reason="files of that form need it")
    path = tmp_path / "m.safetensors"
    model = vectorized.MLP(2, [1], ["sigmoid"], seed=1)
    with pytest.raises(ValueError, match=r"complex128, which .safetensors does not hold: save as .npz"):
        save(path, model, {"z": np.array([1j])})
    save(path, model)
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    with pytest.raises(ValueError, match=r"m.safetensors is not a whole .safetensors file"):
        load(path)
    package.save_file({"W1": np.zeros((1, 2))}, path)
    with pytest.raises(ValueError, match="does not hold a model: about is missing"):
        load(path)
    about = {
        "about": json.dumps(
            {"format": FORMAT, "version": 3, "model": describe(model), "passes": 0, "notes": {}}
        )
    }
    package.save_file({"W1": np.zeros((1, 3)), "b1": np.zeros((1, 1))}, path, about)
    with pytest.raises(ValueError, match=r"W1 is float64 \(1, 3\), and floats \(1, 2\) are wanted"):
        load(path)
    package.save_file({"W1": np.zeros((1, 2))}, path, about)
    with pytest.raises(ValueError, match="b1 is missing"):
        load(path)


def test_a_type_that_numpy_lacks_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("safetensors", reason="files of that form need it")
    header = json.dumps(
        {"__metadata__": {"about": "{}"}, "W1": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}
    )
    path = tmp_path / "m.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(2))
    with open_archive(path) as archive, pytest.raises(ValueError, match="W1 is bf16, which NumPy has not"):
        archive.read("W1")


def test_training_goes_on_from_safetensors(tmp_path: Path) -> None:
    pytest.importorskip("safetensors", reason="files of that form need it")
    X, Y = moons(40)
    model, whole = (vectorized.MLP(2, [4, 1], ["tanh", "sigmoid"], seed=1) for _ in range(2))
    path = tmp_path / "m.safetensors"
    for epochs in (3, 6):
        fit(model, X, Y, epochs=epochs, batch_size=16, checkpoint=path)
    fit(whole, X, Y, epochs=6, batch_size=16)
    assert {k: x.tobytes() for k, x in model.named().items()} == {
        k: x.tobytes() for k, x in whole.named().items()
    }


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'micrograd-dl\[safetensors\]'"):
        save(tmp_path / "m.safetensors", vectorized.MLP(2, [1], ["sigmoid"]))
