"""The results of a search as a file of JSON lines, from which a killed search goes on."""

from __future__ import annotations

import json
import math
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

FORMAT, VERSION = "micrograd_dl tuning", 2


class Verdict(NamedTuple):
    """How good a training was, on the dev set."""

    error: float  # the part of the classes predicted wrong, or the root of the mean squared error
    loss: float  # the mean, without penalties; it tells apart trials of the same error
    epochs: int  # fewer than were allowed if it stopped early
    problem: str = ""  # what went wrong, in words; then error and loss are infinite


Key: TypeAlias = tuple[int, int, int]  # round, trial, rung


class Results:
    """The verdicts of a search, in memory and, given a path, in a file.

    The first line of the file says which search it is: `about`, all that the results depend on. Each
    other line is one training, written when it is done. A last line that was cut short is dropped.

    Raises:
        ValueError: the file is of another search or of another kind; it is left as it is.
        OSError: it cannot be read or written.
    """

    def __init__(self, path: str | os.PathLike[str] | None, about: Mapping[str, Any]) -> None:
        self.path = None if path is None else Path(path)
        self.verdicts: dict[Key, Verdict] = {}
        if self.path is None:
            return
        header = json.loads(json.dumps({"format": FORMAT, "version": VERSION, **about}))
        content = self.path.read_bytes() if self.path.exists() else b""
        first, end, rest = content.partition(b"\n")
        if not end and _line(header).startswith(first):
            if first:
                warnings.warn(f"{path} was cut short in its first line: it is begun anew", stacklevel=3)
            self.path.write_bytes(b"")
            self._append(header)
            return
        _require_same_search(self.path, first if end else b"", header)
        lines = rest.split(b"\n")
        cut_short = lines.pop()
        for number, line in enumerate(lines, 2):
            self._read(line, number)
        if cut_short:
            os.truncate(self.path, len(content) - len(cut_short))

    def add(self, key: Key, verdict: Verdict, options: Mapping[str, Any]) -> None:
        """Note the verdict on a training; the options are for people who read the file."""
        self.verdicts[key] = verdict
        where = dict(zip(_KEY, key, strict=True))
        numbers = {
            name: x if math.isfinite(x) else None for name, x in zip(_NUMBERS, verdict[:2], strict=True)
        }
        self._append({**where, **verdict._asdict(), **numbers, "options": dict(options)})

    def _append(self, entry: Mapping[str, Any]) -> None:
        if self.path is None:
            return
        try:
            with self.path.open("ab") as file:
                file.write(_line(entry))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            error.filename = error.filename or str(self.path)  # "No space left on device" names no file
            raise

    def _read(self, line: bytes, number: int) -> None:
        try:
            entry = json.loads(line)
            error, loss = (math.inf if entry[name] is None else float(entry[name]) for name in _NUMBERS)
            round_, trial, rung = (int(entry[name]) for name in _KEY)
            verdict = Verdict(error, loss, int(entry["epochs"]), str(entry["problem"]))
        except (ValueError, KeyError, TypeError):
            raise ValueError(
                f"{self.path}, line {number}: it is not the result of a trial: delete the line, "
                "and its trial is done again"
            ) from None
        self.verdicts[round_, trial, rung] = verdict


_KEY, _NUMBERS = ("round", "trial", "rung"), ("error", "loss")


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, allow_nan=False).encode() + b"\n"


def _require_same_search(path: Path, line: bytes, wanted: Mapping[str, Any]) -> None:
    try:
        found = json.loads(line)
        of_a_search = found["format"] == FORMAT
    except (ValueError, KeyError, TypeError):
        of_a_search = False
    if not of_a_search:
        raise ValueError(f"{path} does not hold the results of a search: give another name")
    for name in {**found, **wanted}:
        if found.get(name) != wanted.get(name):
            difference = f"its {name} is {found.get(name)}, not {wanted.get(name)}"
            if name == "data":  # the file has a digest of them only
                difference = "its data differ from these"
            raise ValueError(
                f"{path} holds another search: {difference}; "
                "search as before to go on with it, remove the file, or give another name"
            )
