"""What a search has found out so far, as a file of JSON lines: a killed search goes on from it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

FORMAT, VERSION = "micrograd_dl tuning", 1


class Verdict(NamedTuple):
    """How good a training was.

    Attributes:
        error: on the dev set, a part of 1 of classes, the root of the mean squared error of numbers.
        loss: the mean loss on the dev set without penalties, which tells apart what has the same error.
        epochs: how many were run; fewer than were allowed if it stopped early.
        problem: what went wrong, in words; then error and loss are infinite.
    """

    error: float
    loss: float
    epochs: int
    problem: str = ""


Key: TypeAlias = tuple[int, int, int]  # round, trial, rung


class Logbook:
    """The verdicts of a search, in memory and, given a path, in a file.

    The first line of the file says which search it is; each other line is one training, written when it is
    done. A last line that was cut short, as by a power cut, is dropped.

    Args:
        path: of the file; None for none.
        about: everything that the results depend on, such that JSON can say it.

    Raises:
        ValueError: the file is of another search, or is none of this kind; it is left as it is.
        OSError: it cannot be read or written.
    """

    def __init__(self, path: str | os.PathLike[str] | None, about: Mapping[str, Any]) -> None:
        self.path = None if path is None else Path(path)
        self.verdicts: dict[Key, Verdict] = {}
        if self.path is None:
            return
        header = json.loads(json.dumps({"format": FORMAT, "version": VERSION, **about}))
        content = self.path.read_bytes() if self.path.exists() else b""
        whole = content.rpartition(b"\n")[0]
        if content:
            first, *lines = whole.split(b"\n")
            _require_same(self.path, first, header)
            for number, line in enumerate(lines, 2):
                self._read(line, number)
            if len(whole) + 1 < len(content):
                with self.path.open("r+b") as file:
                    file.truncate(len(whole) + 1)
        else:
            self._append(header)

    def add(self, key: Key, verdict: Verdict, options: Mapping[str, Any]) -> None:
        """Note the verdict on a training; the options are for whoever reads the file."""
        self.verdicts[key] = verdict
        about = dict(zip(("round", "trial", "rung"), key, strict=True))
        numbers = {
            name: x if math.isfinite(x) else None
            for name, x in (("error", verdict.error), ("loss", verdict.loss))
        }
        rest = {"epochs": verdict.epochs, "problem": verdict.problem, "options": dict(options)}
        self._append({**about, **numbers, **rest})

    def _append(self, entry: Mapping[str, Any]) -> None:
        if self.path is None:
            return
        with self.path.open("ab") as file:
            file.write(json.dumps(entry, allow_nan=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self, line: bytes, number: int) -> None:
        try:
            entry = json.loads(line)
            error, loss = (
                math.inf if entry[name] is None else float(entry[name]) for name in ("error", "loss")
            )
            key = int(entry["round"]), int(entry["trial"]), int(entry["rung"])
            self.verdicts[key] = Verdict(error, loss, int(entry["epochs"]), str(entry["problem"]))
        except (ValueError, KeyError, TypeError) as error:
            problem = "an entry is not what it should be"
            if isinstance(error, json.JSONDecodeError):
                problem = "it is not JSON"
            elif isinstance(error, KeyError):
                problem = f"{error} is missing"
            raise ValueError(
                f"{self.path}, line {number}: it is not the result of a trial, {problem}: delete the line, "
                "and its trial is done again"
            ) from None


def _require_same(path: Path, line: bytes, wanted: Mapping[str, Any]) -> None:
    try:
        found = json.loads(line)
        kind = found["format"] == FORMAT
    except (ValueError, KeyError, TypeError):
        kind = False
    if not kind:
        raise ValueError(f"{path} does not hold the results of a search: give another name")
    for name in {**found, **wanted}:
        if found.get(name) != wanted.get(name):
            apart = f"its {name} is {found.get(name)}, not {wanted.get(name)}"
            if name == "data":  # of which only a digest is there, which says nothing to anybody
                apart = "its data differ from these"
            raise ValueError(
                f"{path} holds another search: {apart}; "
                "search as before to go on with it, remove the file, or give another name"
            )
