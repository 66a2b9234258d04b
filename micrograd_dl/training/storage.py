"""Models and checkpoints as files, written whole or not at all: arrays and JSON, never pickle.

The name decides the form: ``.npz``, or ``.safetensors`` with the package and extra of that name. Its tensors
are W1, b1, ..., and what else is known of the model is its metadata.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from micrograd_dl import compiled, nn, vectorized
from micrograd_dl.data.archives import Archive, SafeTensors, open_archive, require_form, require_safetensors
from micrograd_dl.foundation.files import replacing, require_place
from micrograd_dl.foundation.lookup import look_up
from micrograd_dl.nn.activations import ACTIVATIONS, Activation
from micrograd_dl.nn.losses import LOSSES, Loss
from micrograd_dl.nn.network import Array, Network

FORMAT = "micrograd_dl model"
VERSION = 3
BACKENDS: dict[str, type[Network]] = {"numpy": vectorized.MLP, "values": nn.MLP, "compiled": compiled.MLP}

# The forms of the text `about` in a file, as `require_form` takes them.
_ABOUT = {"format": str, "version": int, "model": dict, "passes": int, "notes": dict}
_MODEL = {
    "backend": str,
    "dtype": str,
    "expanded": bool,
    "shape": [int],
    "activations": [str],
    "loss": str,
    "regularisers": {str: float},
    "max_norm": (float, None),
    "normalisation": [(str, None)],
    "keep_prob": [float],
    "label_smoothing": float,
    "slope_at_kink": str,
    "seed": int,
}


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """The contents of a file: a model; arrays by name, such as an optimiser's state; what JSON can say."""

    model: Network
    arrays: Mapping[str, Array] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)


def save(
    path: str | os.PathLike[str],
    model: Network,
    arrays: Mapping[str, Any] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> Path:
    """Write a model, with arrays and notes beside it, to a ``.npz`` or ``.safetensors`` file, replaced whole.

    Raises:
        ValueError: the name does not end in one of these; notes are not what JSON can say; an array is of
            objects; or the model is not an MLP of this package with activations and a loss of it.
        OSError: the file cannot be written.
    """
    require_name(path)
    about = {"format": FORMAT, "version": VERSION, "model": describe(model), "passes": model.passes}
    try:
        _require_text_keys(notes)
        text = json.dumps(about | {"notes": dict(notes or {})})
    except (TypeError, RecursionError) as error:
        raise ValueError(f"notes are what JSON can say, such as numbers, texts and lists: {error}") from None
    contents: dict[str, Any] = {**state_of(model)}
    for name, array in dict[Any, Any](arrays or {}).items():
        if not isinstance(name, str) or "\0" in name:  # where a name in a zip archive would end
            raise ValueError(f"the name of an array is a text without the character \\0, not {name!r}")
        contents[f"array {name}"] = np.asarray(array)
        if contents[f"array {name}"].dtype.hasobject:
            raise ValueError(f"{name} is an array of objects, which only pickle could write: convert it")
    with replacing(path) as file:
        if Path(path).suffix == ".npz":
            np.savez(file, about=np.array(text), **contents)
        else:
            file.write(_as_safetensors(contents, text))
    return Path(path)


def _require_text_keys(x: Any) -> None:
    """Raise ValueError if a table has a key of another type, which would come back as a text."""
    for key in x if isinstance(x, dict) else ():
        if not isinstance(key, str):
            raise ValueError(f"the keys of notes are texts, not {key!r}: take {str(key)!r}")
    for inner in x.values() if isinstance(x, dict) else x if isinstance(x, (list, tuple)) else ():
        _require_text_keys(inner)


def _as_safetensors(contents: dict[str, Any], text: str) -> bytes:
    for name, array in contents.items():
        native = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
        contents[name] = native.reshape(array.shape)  # a number has become one of one entry
        if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
            raise ValueError(f"{name} is {array.dtype}, which .safetensors does not hold: save as .npz")
    return bytes(require_safetensors().numpy.save(contents, {"about": text}))


def require_name(path: str | os.PathLike[str]) -> None:
    """Ask before long work: an error unless `save` could write a file of that name."""
    if Path(path).suffix not in (".npz", ".safetensors"):
        raise ValueError(f"a model is saved as .npz or .safetensors, not as {Path(path).name!r}")
    if Path(path).suffix == ".safetensors":
        require_safetensors()
    require_place(path)


def describe(model: Network) -> dict[str, Any]:
    """The definition of a model without its parameters, for JSON; ValueError if it cannot be saved."""
    backend = next((name for name, kind in BACKENDS.items() if type(model) is kind), None)
    if backend is None:
        problem = f"a {type(model).__name__} cannot be saved, only the MLP of nn, vectorized and compiled"
        raise ValueError(f"{problem}: copy its parameters to one of them with copy_from")
    for g in model.activations:
        if g.operation is None:  # an operation is found by its name where it is defined
            _require_built_in(g, ACTIVATIONS)
    _require_built_in(model.loss, LOSSES)
    return {
        "backend": backend,
        "dtype": str(model.dtype) if isinstance(model, vectorized.MLP) else "float64",
        "expanded": isinstance(model, nn.MLP) and model.expanded,
        "shape": list(model.shape),
        "activations": [g.name for g in model.activations],
        "loss": model.loss.name,
        "regularisers": model.regularisers,
        "max_norm": model.max_norm,
        "normalisation": list(model.normalisations[:-1]),
        "keep_prob": list(model.keep_probs[:-1]),
        "label_smoothing": model.label_smoothing,
        "slope_at_kink": model.slope_at_kink,
        "seed": model.seed,
    }


def _require_built_in(used: Activation | Loss, table: Mapping[str, Activation | Loss]) -> None:
    """Raise ValueError if its name would bring back another one, or none."""
    found = table.get(used.name)
    if found is None or found.of is not used.of:
        problem = f"the {type(used).__name__.lower()} {used.name} is not one of {', '.join(table)}"
        advice = "save model.named() with numpy.savez instead"
        raise ValueError(f"{problem}, which alone can be found again by their names: {advice}")


def load(path: str | os.PathLike[str]) -> Saved:
    """Read what `save` wrote, or raise a ValueError. No array is read before its shape is known."""
    with open_archive(path) as archive:
        try:
            about = _about(archive)
            model = _empty_model(about["model"], archive)
            for name, there in state_of(model).items():
                _require_shape(archive, name, there.shape)
            set_state(model, {name: archive.read(name) for name in state_of(model)})
            model.passes = about["passes"]
        except RecursionError:
            raise ValueError(f"{path} does not hold a model: its description is nested too deeply") from None
        except (ValueError, TypeError, OverflowError, MemoryError) as error:
            raise ValueError(f"{path} does not hold a model: {error}") from None
        names = [name for name in archive.names if name.startswith("array ")]
        arrays = {name.removeprefix("array "): archive.read(name) for name in names}
        return Saved(model, arrays, about["notes"])


def _about(archive: Archive | SafeTensors) -> Any:
    shape, dtype = archive.header("about")
    if shape or dtype.kind != "U":
        raise ValueError(f"its description is {dtype} {shape}, not a text")
    about = json.loads(str(archive.read("about")[()]))
    require_form(about, _ABOUT, "its description")
    if about["format"] != FORMAT:
        raise ValueError(f"its format is {about['format']!r:.60}, not {FORMAT!r}")
    if about["version"] != VERSION:
        newer = ": use a newer one" if about["version"] > VERSION else ""
        raise ValueError(f"its version is {about['version']}, and this program reads {VERSION}{newer}")
    require_form(about["model"], _MODEL, "its model")
    return about


def _empty_model(about: dict[str, Any], archive: Archive | SafeTensors) -> Network:
    """The model that is described, if the file has its weights: else no memory is asked for."""
    about = {name: about[name] for name in _MODEL}
    backend = about.pop("backend")
    kind = look_up(backend, BACKENDS, "backend")
    n_x, *sizes = about.pop("shape") or [0]
    for l, (before, n) in enumerate(pairwise([n_x, *sizes]), 1):
        _require_shape(archive, f"W{l}", (n, before))
    for option, owner in (("dtype", "numpy"), ("expanded", "values")):
        if backend != owner:
            del about[option]
    return kind(n_x, sizes, about.pop("activations"), about.pop("loss"), **about)


def _require_shape(archive: Archive | SafeTensors, name: str, wanted: tuple[int, ...]) -> None:
    shape, dtype = archive.header(name)
    if shape != wanted or dtype not in (np.float64, np.float32):
        raise ValueError(f"{name} is {dtype} {shape}, and floats {wanted} are wanted")


def state_of(model: Network) -> dict[str, Array]:
    """The arrays that training changes: a network's parameters, and the averages mean1, variance1, ..."""
    state = model.named()
    for l, found in enumerate(model.averages, 1):
        if found is not None:
            state |= {f"mean{l}": found.mean.copy(), f"variance{l}": found.variance.copy()}
    return state


def set_state(model: Network, state: Mapping[str, Array]) -> None:
    """Set what `state_of` gives."""
    model.set_named({name: state[name] for name in model.named()})
    for l, found in enumerate(model.averages, 1):
        if found is not None:
            found.mean[...], found.variance[...] = state[f"mean{l}"], state[f"variance{l}"]
