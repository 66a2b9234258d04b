"""Strict reading of CSV files: an error names the line, the column and the text there."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from micrograd_dl.foundation.files import opened
from micrograd_dl.foundation.lookup import listed, with_similar
from micrograd_dl.foundation.numbers import is_plain, number_or_none
from micrograd_dl.nn.frames import DECIMAL_COMMA, MISSING
from micrograd_dl.nn.network import Array

File: TypeAlias = str | os.PathLike[str]


class CsvTable:
    """The columns of a file and their `names`; ValueError if it is no table as `data.tables` describes it."""

    def __init__(self, path: File, delimiter: str | None) -> None:
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
            raise ValueError(f"a delimiter is one character, and no quotation mark, not {delimiter!r}")
        if delimiter is None and Path(path).suffix.lower() == ".tsv":
            delimiter = "\t"  # even if the names of its columns hold more commas
        self.path = path
        self._examples: list[tuple[int, list[str]]] = []  # each with its line
        try:
            self._read(delimiter)
        except MemoryError:
            raise MemoryError(f"{path} is too large for the memory") from None
        if not self._examples:
            raise ValueError(f"{path}: there is no example in it, only the names of the columns")

    def _read(self, delimiter: str | None) -> None:
        text, blank = self._text(), 0
        records = self._records(text, delimiter or _best_delimiter(text))
        self.names = self._header(next(records, (1, []))[1])
        for line, fields in records:
            if not any(map(str.strip, fields)):
                blank = blank or line
            elif blank:
                raise self._wrong(blank, "it is blank, though examples follow: delete it")
            elif len(fields) != len(self.names):
                counts = f"{len(fields)} fields for {len(self.names)} columns"
                raise self._wrong(line, f"{counts}: {' | '.join(fields)!r:.60}")
            else:
                self._examples.append((line, fields))

    def _text(self) -> str:
        with opened(self.path) as file:
            content = file.read()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = len(error.object[: error.start + 1].splitlines())
            byte = f"0x{error.object[error.start]:02x}"
            raise self._wrong(line, f"the byte {byte} is not UTF-8: save the file as UTF-8") from None

    def _records(self, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
        reader = _reader(text, delimiter)
        while True:
            line = reader.line_num + 1  # where the record begins: a quoted field may have several lines
            try:
                yield line, next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem = f"this is not CSV ({error}): is a quotation mark never closed?"
                raise self._wrong(line, problem) from None

    def _header(self, fields: Sequence[str]) -> list[str]:
        names = [on_one_line(field) for field in fields]
        if not any(names):
            raise ValueError(f"{self.path}: the first line is blank: it is to name the columns")
        for i, name in enumerate(names, 1):
            if not name:
                raise self._wrong(1, f"column {i} has no name: name it, or delete it")
            if (first := names.index(name) + 1) < i:
                raise self._wrong(1, f"columns {first} and {i} are both {name!r}: rename one")
        if all(number_or_none(name) is not None for name in names):
            problem = "the first line is to name the columns, and holds only numbers"
            raise self._wrong(1, f"{problem}: {', '.join(names)!r:.60}")
        return names

    def _wrong(self, line: int, problem: str, column: str = "") -> ValueError:
        return ValueError(f"{self.path}, line {line}{column}: {problem}")

    def indices(self, names: Sequence[str]) -> list[int]:
        """The columns of these names; ValueError if one is not there."""
        wanted = [on_one_line(name) for name in names]
        if missing := [with_similar(name, self.names) for name in wanted if name not in self.names]:
            there = listed(self.names) + "; if it has more, give the delimiter" * (len(self.names) == 1)
            raise ValueError(f"{self.path}: there is no column {listed(missing)}; there is {there}")
        return [self.names.index(name) for name in wanted]

    def _wrong_at(self, row: int, column: int, problem: str) -> ValueError:
        return self._wrong(self._examples[row][0], problem, f", column {self.names[column]!r}")

    def texts(self, column: int) -> list[str]:
        """A column; ValueError if a value is missing."""
        return [self._present(row, column) for row in range(len(self._examples))]

    def numbers(self, columns: Sequence[int], advice: str = "write it like -1234.5") -> Array:
        """Columns of finite numbers, ``(n, m)``, or a ValueError; ``{}`` in the advice is the column."""
        X = np.empty((len(columns), len(self._examples)))
        for row, (_, fields) in enumerate(self._examples):
            texts = [fields[i] for i in columns]
            try:
                X[:, row] = list(map(float, texts))
            except ValueError:
                X[0, row] = np.nan
            if not (is_plain("".join(texts)) and np.isfinite(X[:, row]).all()):
                X[:, row] = [self._number(row, i, advice) for i in columns]  # its errors say where
        return X

    def _present(self, row: int, column: int) -> str:
        text = on_one_line(self._examples[row][1][column])
        if text in MISSING:
            problem = f"the value is missing ({text!r}): fill it in, or delete the line"
            raise self._wrong_at(row, column, problem)
        return text

    def _number(self, row: int, column: int, advice: str) -> float:
        text = self._present(row, column)
        x = number_or_none(text)
        if x is not None and math.isfinite(x):
            return x
        if DECIMAL_COMMA.fullmatch(text):
            advice = f"write it with a decimal point, {text.replace(',', '.')}"
        what, advice = ("number", advice) if x is None else ("finite double", "mend it, or delete the line")
        problem = f"{text!r:.60} is not a {what}: {advice.replace('{}', self.names[column])}"
        raise self._wrong_at(row, column, problem)


def _best_delimiter(text: str) -> str:
    """The one that divides the first line into most fields."""
    counts = {}
    for delimiter in (",", ";", "\t"):
        with suppress(csv.Error):
            counts[delimiter] = len(next(_reader(text, delimiter), []))
    return max(counts, key=counts.__getitem__, default=",")


def _reader(text: str, delimiter: str) -> Any:
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=delimiter != " ")


def on_one_line(text: str) -> str:
    """The text without white space around it, and with single blanks inside."""
    return " ".join(text.split())
