"""What `load` refuses, with the file and the reason: files that are damaged, or made by somebody."""

from __future__ import annotations

import io
import json
import pickle
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd_dl import vectorized
from micrograd_dl.nn.parameters import parameter_vector
from micrograd_dl.training.storage import FORMAT, VERSION, load, save


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
        assert (
            parameter_vector(found.model.parameters()).tolist()
            == parameter_vector(model.parameters()).tolist()
        )


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
        ({"shape": 7}, "its shape: 7, and a list of sizes is wanted"),
        ({"shape": []}, "at least one input and one layer"),
        ({"backend": []}, "its backend: [], and a name is wanted"),
        ({"activations": 3}, "its activations: 3, and a list of names is wanted"),
        ({"loss": ["squared"]}, "its loss: ['squared'], and a name is wanted"),
        ({"backend": "torch"}, "its backend is 'torch', not one of numpy, values"),
        ({"dtype": "float16"}, "float64 or float32, not float16"),
        ({"activations": ["gelu", "linear"]}, "no activation 'gelu'"),
        ({"loss": "hinge"}, "no loss 'hinge'"),
        ({"regularisers": {"l2": "much"}}, "l2"),
        ({"seed": -1}, "does not hold a model"),
        ({"model": []}, "its model is [], and names and what they stand for are wanted"),
        ({"notes": 3}, "does not hold a model"),
        ({"passes": float("inf")}, "passes is a whole number from 0 up, not inf"),
        ({"passes": -5}, "passes is a whole number from 0 up, not -5"),
        ({"regularisers": [1]}, "regularisers are lambdas by name, such as {'l2': 0.1}, not [1]"),
        ({"shape": [2, 10**9, 10**9]}, "W[1] is (3, 2), (1000000000, 2) is wanted"),
        ({"shape": [2, 3, 10**9]}, "W[2] is (1, 3), (1000000000, 3) is wanted"),
        ({"about": np.array("[" * 100_000)}, "its description is nested too deeply"),
        ({"W1": np.ones((3, 2)) * 1j}, "W1 holds complex128, not real numbers"),
        ({"W1": np.full((3, 2), "1")}, "W1 holds <U1, not real numbers"),
    ],
)
def test_what_is_not_understood(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = save(tmp_path / "m.npz", vectorized.MLP(2, [3, 1]))
    rewritten(path, **changes)
    with pytest.raises(ValueError, match=r"m\.npz does not hold a model: ") as error:
        load(path)
    assert message in str(error.value)


JSON: Any = st.sampled_from(
    [[], {}, "", None, True, -1, 10**400, float("inf"), float("nan"), [[]], [None], {"a": []}]
)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_description_that_somebody_made_is_refused_or_understood(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = vectorized.MLP(2, [3, 1], normalisation="batch", keep_prob=0.5)
        path = save(Path(folder) / "m.npz", model)
        with np.load(path) as file:
            about = json.loads(str(file["about"]))
        name = data.draw(st.sampled_from([*about, *about["model"]]))
        rewritten(path, **{name: data.draw(JSON)})
        try:
            found = load(path)
        except ValueError:
            return
        assert found.model.named().keys() == model.named().keys()


def test_an_array_that_claims_to_be_larger_than_the_memory(tmp_path: Path) -> None:
    claimed = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        claimed, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**9)}
    )
    path = tmp_path / "m.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("W1.npy", claimed.getvalue())
    with pytest.raises(ValueError, match=r"m\.npz is not a whole \.npz file: "):
        load(path)


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
        ({"mean1": np.ones((3, 1)) * 1j}, "mean1 holds complex128, not real numbers"),
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
