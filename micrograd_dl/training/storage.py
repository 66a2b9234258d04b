"""Models and checkpoints as ``.npz`` files, written whole or not at all: arrays and JSON, never pickle."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from micrograd_dl import compiled, nn, vectorized
from micrograd_dl.nn.activations import ACTIVATIONS, Activation
from micrograd_dl.nn.architecture import shape_of
from micrograd_dl.nn.losses import LOSSES, Loss
from micrograd_dl.nn.network import Array, Network
from micrograd_dl.output.files import replacing, require_place
from micrograd_dl.output.numbers import to_whole

FORMAT = "micrograd_dl model"
VERSION = 2  # 1 has no normalisation, no dropout, and regularisation by l2 and l1 alone
_READS = (1, 2)
BACKENDS: dict[str, type[Network]] = {
    "numpy": vectorized.MLP,
    "values": nn.MLP,
    "compiled": compiled.MLP,
}

# What stands in the description of a model, as far as nothing else asks.
_KINDS: Mapping[str, tuple[type, str]] = {
    "backend": (str, "a name"),
    "shape": (list, "a list of sizes"),
    "activations": (list, "a list of names"),
    "loss": (str, "a name"),
    "normalisation": (list, "a list"),
}
_OWN_OPTION = {"values": "expanded", "numpy": "dtype"}


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """What a file holds: the model, and whatever was saved beside it.

    Attributes:
        model: with its parameters.
        arrays: by name, such as those of a normaliser or of an optimiser's state.
        notes: by name, anything that JSON can say.
    """

    model: Network
    arrays: Mapping[str, Array] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)


def save(
    path: str | os.PathLike[str],
    model: Network,
    arrays: Mapping[str, Any] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> Path:
    """Write a model, with arrays and notes beside it, to a ``.npz`` file.

    The file is written under another name and then renamed, so that whoever reads `path`, at whatever moment
    and after whatever accident, finds the old file or the new one, whole.

    Raises:
        ValueError: the name does not end in ``.npz``, a note is not what JSON can say, such as a table whose
            keys are no texts, an array is of objects or has no name that a file can hold, or the model is not
            an MLP of this package with activations and a loss of it.
        OSError: the file cannot be written.
    """
    require_npz(path)
    path = Path(path)
    about = {
        "format": FORMAT,
        "version": VERSION,
        "model": described(model),
        "passes": model.passes,
        "notes": dict(notes or {}),
    }
    try:
        text = json.dumps(about)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"notes are what JSON can say, such as numbers, texts and lists: {error}") from None
    _require_text_keys(about["notes"])
    contents: dict[str, Any] = {"about": np.array(text)} | model.named()
    for l, averages in enumerate(model.averages, 1):
        if averages is not None:
            contents |= {f"mean{l}": averages.mean, f"variance{l}": averages.variance}
    for name, array in (arrays or {}).items():
        _require_array_name(name)
        contents[f"array {name}"] = np.asarray(array)
    for name, array in contents.items():
        if np.asarray(array).dtype.hasobject:
            raise ValueError(
                f"{name} is an array of objects, which only pickle could write: convert it to numbers"
            )
    with replacing(path) as file:
        np.savez(file, **contents)
    return path


def _require_text_keys(notes: Any) -> None:
    """Raise ValueError if a table has a key of which JSON would make a text, as which it would come back."""
    inner = [notes]
    while inner:
        x = inner.pop()
        if isinstance(x, dict):
            for key in x:
                if not isinstance(key, str):
                    raise ValueError(f"the keys of notes are texts, not {key!r}: take {str(key)!r}")
            inner += x.values()
        elif isinstance(x, (list, tuple)):
            inner += x


def _require_array_name(name: Any) -> None:
    if not isinstance(name, str) or "\0" in name:  # where a name in a zip archive would end
        raise ValueError(f"the name of an array is a text without the character \\0, not {name!r}")


def require_npz(path: str | os.PathLike[str]) -> None:
    """To be asked before long work: whether `save` could write a file of that name.

    Raises:
        ValueError: the name does not end in ``.npz``.
        OSError: there is no place for it.
    """
    if Path(path).suffix != ".npz":
        raise ValueError(f"a model is saved as .npz, not as {Path(path).name!r}")
    require_place(path)


def load(path: str | os.PathLike[str]) -> Saved:
    """Read what `save` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a whole file of this kind, or of a later version; the message says what is
            wrong.
    """
    path = Path(path)
    contents = _contents(path)
    try:
        about = _understood(json.loads(str(contents.pop("about")[()])))
        model = _rebuilt(about["model"], contents)
        model.set_named({name: _numbers(contents, name) for name in model.named()})
        model.passes = to_whole(about.get("passes", 0), 0, "passes")
        for l, averages in enumerate(model.averages, 1):
            for name in ("mean", "variance") if averages is not None else ():
                array, there = _numbers(contents, f"{name}{l}"), getattr(averages, name)
                model.require_shape(f"{name}[{l}]", array, there.shape, str(l))
                there[...] = array
        notes = dict(about["notes"])
    except KeyError as error:
        raise ValueError(f"{path} does not hold a model: {error} is missing") from None
    except RecursionError:
        raise ValueError(f"{path} does not hold a model: its description is nested too deeply") from None
    except MemoryError as error:
        raise ValueError(f"{path} holds a model too large for the memory: {error}") from None
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{path} does not hold a model: {error}") from None
    prefix = "array "
    arrays = {name.removeprefix(prefix): array for name, array in contents.items() if name.startswith(prefix)}
    return Saved(model, arrays, notes)


def _contents(path: Path) -> dict[str, Array]:
    """Every array of a ``.npz`` file; `load` says what it raises."""
    try:
        # Opened here: np.load leaves a file that it finds damaged open.
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):  # NumPy would advise to load it unsafely
                file.seek(0)
                single = file.read(6) == b"\x93NUMPY"
                raise ValueError("it is a single array, of the kind .npy" if single else "it is no archive")
            file.seek(0)
            found = np.load(file, allow_pickle=False)
            return {name: found[name] for name in found.files}
    except FileNotFoundError:
        raise
    # Any error: what NumPy, zipfile and zlib raise of a damaged file is listed nowhere.
    except Exception as error:  # noqa: BLE001 - see above
        problem = "it holds Python objects, which are not loaded" if "pickle" in str(error) else error
        raise ValueError(f"{path} is not a whole .npz file: {problem}") from None


def _understood(about: Any) -> dict[str, Any]:
    """The description of a model that this program can read."""
    if not isinstance(about, dict):
        raise ValueError(f"its description is {about!r}, and names and what they stand for are wanted")
    if about["format"] != FORMAT:
        raise ValueError(f"its format is {about['format']!r}, not {FORMAT!r}")
    version = about["version"]
    if version not in _READS:
        newer = isinstance(version, int) and version > VERSION
        raise ValueError(
            f"its version is {version!r}, and this program reads {' and '.join(map(str, _READS))}"
            + (": use a newer one" if newer else "")
        )
    for name in ("model", "notes"):
        if not isinstance(about[name], dict):
            raise ValueError(f"its {name} is {about[name]!r}, and names and what they stand for are wanted")
    return about


def described(model: Network) -> dict[str, Any]:
    """What makes a model beside its parameters, in words and numbers that JSON can say.

    Raises:
        ValueError: it is not an MLP of this package, or an activation or the loss is the user's own.
    """
    backend = next((name for name, kind in BACKENDS.items() if type(model) is kind), None)
    if backend is None:
        raise ValueError(
            f"a {type(model).__name__} cannot be saved, only the MLP of nn, vectorized and compiled: "
            "copy its parameters to one of them with copy_from"
        )
    for g in model.activations:
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
        "seed": model.seed,
    }


def _require_built_in(used: Activation | Loss, table: Mapping[str, Activation | Loss]) -> None:
    """Raise ValueError if its name would bring back another one, or none."""
    found = table.get(used.name)
    if found is None or found.of is not used.of:
        raise ValueError(
            f"the {type(used).__name__.lower()} {used.name} is not one of {', '.join(table)}, which alone "
            "can be found again by their names: save model.named() with numpy.savez instead"
        )


def _numbers(contents: Mapping[str, Array], name: str) -> Array:
    """An array of a file, if it is of real numbers."""
    array = contents[name]
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name} holds {array.dtype}, not real numbers")
    return array


def _rebuilt(about: Mapping[str, Any], contents: Mapping[str, Array]) -> Network:
    """The model that is described, if its weights are there: one that is not is not asked memory for."""
    for name, (kind, wanted) in _KINDS.items():
        if name in about and not isinstance(about[name], kind):
            raise ValueError(f"its {name}: {about[name]!r:.60}, and {wanted} is wanted")
    if about["backend"] not in BACKENDS:
        raise ValueError(f"its backend is {about['backend']!r}, not one of {', '.join(BACKENDS)}")
    n_x, *sizes = about["shape"] or [0]
    for l, (before, n) in enumerate(pairwise(shape_of(n_x, sizes)), 1):
        if contents[f"W{l}"].shape != (n, before):
            raise ValueError(f"W[{l}] is {contents[f'W{l}'].shape}, {(n, before)} is wanted")
    options = [_OWN_OPTION[about["backend"]]] if about["backend"] in _OWN_OPTION else []
    options += ["regularisers", "max_norm", "normalisation", "keep_prob", "label_smoothing"]
    return BACKENDS[about["backend"]](
        n_x,
        sizes,
        about["activations"],
        about["loss"],
        seed=about["seed"],
        l2=about.get("l2", 0.0),
        l1=about.get("l1", 0.0),
        **{option: about[option] for option in options if option in about},
    )
