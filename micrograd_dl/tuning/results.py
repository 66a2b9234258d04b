"""The results of a search as a file of JSON lines, from which a killed search goes on."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from micrograd_dl.data.archives import require_form

FORMAT, VERSION = "micrograd_dl tuning", 3  # a version of how trials are drawn, not only of the lines
_ENTRY: dict[str, Any] = {"round": int, "trial": int, "rung": int, "epochs": int, "problem": str}
_ENTRY |= {"error": (float, None), "loss": (float, None)}  # None is infinite


class Verdict(NamedTuple):
    """The quality of a training, measured on the dev set."""

    error: float  # the part of the classes predicted wrong, or the root of the mean squared error
    loss: float  # the mean, without penalties; it tells apart trials of the same error
    epochs: int  # fewer than were allowed if it stopped early
    problem: str = ""  # what went wrong, in words; then error and loss are infinite


Key: TypeAlias = tuple[int, int, int]  # round, trial, rung


class Results:
    """The verdicts of a search, in memory and, given a path, in a file.

    The first line of the file is `about`, all that the results depend on. Each other line is one training,
    written when it is done. A last line that was cut short is dropped.

    ValueError if the file is of another search or kind, OSError if it cannot be read or written.
    """

    def __init__(self, path: str | os.PathLike[str] | None, about: Mapping[str, Any]) -> None:
        self.path = None if path is None else Path(path)
        self.verdicts: dict[Key, Verdict] = {}
        if self.path is None:
            return
        header = _line({"format": FORMAT, "version": VERSION, **about})
        content = self.path.read_bytes() if self.path.exists() else b""
        first, end, rest = content.partition(b"\n")
        if not end and header.startswith(first):
            self._write(header, "wb")
            return
        _require_same_search(self.path, first if end else b"", json.loads(header))
        *lines, cut_short = rest.split(b"\n")
        for number, line in enumerate(lines, 2):
            self._read(line, number)
        if cut_short:
            os.truncate(self.path, len(content) - len(cut_short))

    def add(self, key: Key, verdict: Verdict, options: Mapping[str, Any]) -> None:
        """Note the verdict on a training, unless it is known; the options are for those who read the file."""
        if key in self.verdicts:
            return
        self.verdicts[key] = verdict
        entry: dict[str, Any] = dict(zip(("round", "trial", "rung"), key, strict=True))
        entry |= verdict._asdict()
        for name in ("error", "loss"):
            entry[name] = entry[name] if math.isfinite(entry[name]) else None
        self._write(_line({**entry, "options": dict(options)}))

    def _write(self, line: bytes, mode: str = "ab") -> None:
        if self.path is None:
            return
        try:
            with self.path.open(mode) as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            error.filename = error.filename or str(self.path)  # "No space left on device" names no file
            raise

    def _read(self, line: bytes, number: int) -> None:
        try:
            entry = json.loads(line)
            require_form(entry, _ENTRY, "it")
        except ValueError:
            problem = "it is not the result of a trial: delete the line, and its trial is done again"
            raise ValueError(f"{self.path}, line {number}: {problem}") from None
        error, loss = (math.inf if entry[name] is None else entry[name] for name in ("error", "loss"))
        key = entry["round"], entry["trial"], entry["rung"]
        self.verdicts[key] = Verdict(error, loss, entry["epochs"], entry["problem"])


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, allow_nan=False).encode() + b"\n"


def _require_same_search(path: Path, line: bytes, wanted: Mapping[str, Any]) -> None:
    try:
        found = dict(json.loads(line))
    except (ValueError, TypeError):
        found = {}
    if found.get("format") != FORMAT:
        raise ValueError(f"{path} does not hold the results of a search: give another name")
    for name in {**found, **wanted}:
        there, here = found.get(name), wanted.get(name)
        if there != here:
            what = f"its {name} is {there}, not {here}"
            what = "its data differ from these" if name == "data" else what  # of which it has a digest only
            advice = "search as before to go on with it, remove the file, or give another name"
            raise ValueError(f"{path} holds another search: {what}; {advice}")
