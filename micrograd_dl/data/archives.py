"""Archives of arrays and JSON, which may come from strangers: their content is checked before use."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np

from micrograd_dl.foundation.files import opened
from micrograd_dl.foundation.text import install_hint
from micrograd_dl.nn.network import Array

Shape: TypeAlias = tuple[int, ...]

# What an archive may expand to: a gigabyte, or twenty times its size; more is taken for a "zip bomb".
_ALWAYS_ALLOWED = 2**30
_MOST_EXPANSION = 20

_HEADERS: dict[tuple[int, int], Any] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class Archive:
    """An open archive, made by `open_archive`, and the names of its arrays."""

    def __init__(self, path: str | os.PathLike[str], file: IO[bytes]) -> None:
        self._path = path
        with self._refusing():
            if not zipfile.is_zipfile(file):
                file.seek(0)
                single = file.read(6) == b"\x93NUMPY"
                raise ValueError("it is a single array, of the kind .npy" if single else "it is no archive")
            self._zip = zipfile.ZipFile(file)
            self._most = max(_ALWAYS_ALLOWED, _MOST_EXPANSION * file.seek(0, os.SEEK_END))
            self._require_small(sum(member.file_size for member in self._zip.infolist()))
        self.names = [x.removesuffix(".npy") for x in self._zip.namelist() if x.endswith(".npy")]

    def header(self, name: str) -> tuple[Shape, np.dtype[Any]]:
        """The shape and the type of an array; ValueError if it is missing, or not what its header says."""
        if name not in self.names:
            raise ValueError(f"{name} is missing")
        with self._refusing(), self._zip.open(f"{name}.npy") as member:
            version = np.lib.format.read_magic(member)
            if version not in _HEADERS:  # later ones are for columns with names
                raise ValueError(f"{name} is no plain array")
            shape, _, dtype = _HEADERS[version](member)
            if dtype.hasobject:
                raise ValueError(f"{name} holds Python objects, which are not loaded")
            size = self._zip.getinfo(f"{name}.npy").file_size - member.tell()
            if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != size:
                raise ValueError(f"{name} should be {shape} of {dtype}, and has {size:,} bytes")
            self._require_small(math.prod(shape) * 8)  # as doubles, which it may become
        return shape, dtype

    def read(self, name: str) -> Array:
        """An array; ValueError if it is missing, damaged, or too large for the memory."""
        shape, _ = self.header(name)
        with self._refusing(), self._zip.open(f"{name}.npy") as member:
            try:
                return np.asarray(np.lib.format.read_array(member, allow_pickle=False))
            except MemoryError:
                raise ValueError(f"{name} {shape} is too large for the memory") from None

    def _require_small(self, size: int) -> None:
        if size > self._most:
            problem = f"it would expand to {size:,} bytes, more than {_MOST_EXPANSION} times its size"
            raise ValueError(f"{problem}: save the arrays uncompressed, with numpy.savez")

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        # Any error: what NumPy, zipfile and zlib raise of a damaged file is listed nowhere.
        except Exception as error:  # noqa: BLE001 - see above
            raise ValueError(f"{self._path} is not a whole .npz file: {error}") from None


class SafeTensors:
    """An open file of the form safetensors: its arrays, and each text of its metadata as an array of one."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path, package = path, require_safetensors()
        try:
            self._file = package.safe_open(path, framework="numpy")
        except package.SafetensorError as error:
            raise ValueError(f"{path} is not a whole .safetensors file: {error}") from None
        self._texts: dict[str, str] = self._file.metadata() or {}
        self.names = [*self._texts, *self._file.keys()]

    def header(self, name: str) -> tuple[Shape, np.dtype[Any]]:
        """The shape and the type of an array; ValueError if it is missing, or of a type that NumPy lacks."""
        if name in self._texts:
            return (), np.array(self._texts[name]).dtype
        if name not in self.names:
            raise ValueError(f"{name} is missing")
        found = self._file.get_slice(name)
        kind = found.get_dtype().lower()  # F64, I32, U8, BOOL; BF16 is none of NumPy's
        code = (
            "bool" if kind == "bool" else f"{kind[0]}{int(kind[1:]) // 8}" if kind[1:].isdecimal() else kind
        )
        try:
            return tuple(found.get_shape()), np.dtype(code)
        except TypeError:
            raise ValueError(f"{name} is {kind}, which NumPy has not: save it as float32") from None

    def read(self, name: str) -> Array:
        """An array; ValueError if it is missing."""
        self.header(name)
        return np.array(self._texts[name]) if name in self._texts else np.asarray(self._file.get_tensor(name))


def require_safetensors() -> Any:
    """The package safetensors; ModuleNotFoundError, with what to install, if it is not there."""
    try:
        import safetensors.numpy
    except ModuleNotFoundError as error:
        problem = (
            f"a .safetensors file takes the package safetensors ({error}): {install_hint('safetensors')}"
        )
        raise ModuleNotFoundError(problem, name=error.name) from None
    return safetensors


@contextmanager
def open_archive(path: str | os.PathLike[str]) -> Iterator[Archive | SafeTensors]:
    """A ``.npz`` or ``.safetensors`` file, to be read inside the block; ValueError if it is no such file."""
    with opened(path) as file:
        yield SafeTensors(path) if Path(path).suffix == ".safetensors" else Archive(path, file)


_WORDS: dict[Any, str] = {
    str: "a text", int: "a whole number from 0 up", float: "a number", bool: "true or false",
    list: "a list", dict: "names and values", None: "null",
}  # fmt: skip


def require_form(x: Any, form: Any, where: str) -> None:
    """Raise ValueError unless something read from JSON has this form; `where` begins the message.

    A form is None or a type, of which float takes whole numbers too, and int those from 0 up; ``[form]`` is a
    list of such; ``{str: form}`` has any names, ``{"name": form}`` these; a tuple has alternatives.

    >>> require_form({"cost": [0.5, "x"]}, {"cost": [float]}, "history")
    Traceback (most recent call last):
    ValueError: history['cost'][1] is 'x', not a number
    """
    forms = form if isinstance(form, tuple) else (form,)
    kinds = [type(each) if isinstance(each, list | dict) else each for each in forms]
    if not any(_is(x, kind) for kind in kinds):
        raise ValueError(f"{where} is {x!r:.60}, not {' or '.join(_WORDS[kind] for kind in kinds)}")
    if isinstance(form, list):
        for i, entry in enumerate(x):
            require_form(entry, form[0], f"{where}[{i}]")
    elif isinstance(form, dict):
        for name, inner in (dict.fromkeys(x, form[str]) if str in form else form).items():
            if name not in x:
                raise ValueError(f"{name!r} is missing in {where}")
            require_form(x[name], inner, f"{where}[{name!r:.60}]")


def _is(x: Any, kind: type | None) -> bool:
    if kind is float:
        return type(x) is float or (type(x) is int and abs(x) < 2**1023)  # a double holds it
    if kind is int:
        return type(x) is int and 0 <= x < 2**1023
    return x is None if kind is None else type(x) is kind
