"""What is saved comes back to the bit; what is not whole or understood is refused; a kill is harmless."""

from __future__ import annotations

import os
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
from micrograd_dl.nn.activations import ACTIVATIONS, Activation
from micrograd_dl.nn.losses import LOSSES
from micrograd_dl.nn.network import Network
from micrograd_dl.nn.parameters import parameter_vector
from micrograd_dl.optim.optimisers import Adam
from micrograd_dl.training.fitting import fit
from micrograd_dl.training.storage import Saved, load, save

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


@pytest.mark.parametrize(
    ("given_arrays", "notes", "message"),
    [
        ({}, {1: "a"}, "the keys of notes are texts, not 1: take '1'"),
        ({}, {"a": [{"b": ({None: 1},)}]}, "the keys of notes are texts, not None: take 'None'"),
        ({}, {"a": {(1, 2): 1}}, "notes are what JSON can say"),
        ({"a\0b": [1.0]}, {}, r"a text without the character \\0, not 'a\\x00b'"),
        ({1: [1.0]}, {}, r"the name of an array is a text without the character \\0, not 1"),
    ],
)
def test_names_that_would_not_come_back(given_arrays: Any, notes: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        save(tmp_path / "m.npz", nn.MLP(1, [1]), given_arrays, notes)
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
    return [
        parameter_vector(model.parameters()).tolist(),
        history.cost,
        history.accuracy,
        history.gradient_norm,
    ]


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
