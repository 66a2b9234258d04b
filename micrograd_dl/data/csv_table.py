"""A CSV file, read strictly: what is wrong is refused with its line, its column and the text there."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from micrograd_dl.nn.network import Array
from micrograd_dl.output.files import opened
from micrograd_dl.output.lookup import listed, with_similar
from micrograd_dl.output.numbers import is_plain, number_or_none

File: TypeAlias = str | os.PathLike[str]

# What spreadsheets, R and pandas write for a missing value. "None" is not among them: it may be a class.
MISSING = frozenset({"", "?", "NA", "<NA>", "N/A", "#N/A", "n/a", "NaN", "nan", "NULL", "null"})

_LONGEST_LINE = 10_000_000
_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # how Python decodes a byte that is not UTF-8, if asked to go on
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


class CsvTable:
    """The columns of a file and their `names`.

    The delimiter is by default the tab in a ``.tsv`` file, and in others the one of comma, semicolon and tab
    that divides the first line into most fields. ValueError if the text is not UTF-8, the first line does not
    name the columns, or a line has another number of fields.
    """

    def __init__(self, path: File, delimiter: str | None) -> None:
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
            raise ValueError(f"a delimiter is one character, and no quotation mark, not {delimiter!r}")
        if delimiter is None and Path(path).suffix.lower() == ".tsv":
            delimiter = "\t"  # even if the names of its columns hold more commas
        self.path = path
        try:
            lines = list(self._lines())
            records = self._records(lines, delimiter or _best_delimiter(lines))
            self.names = self._header(next(records, (1, []))[1])
            self._examples = list(self._checked(records))
        except MemoryError:
            raise MemoryError(f"{path} is too large for the memory") from None
        if not self._examples:
            raise ValueError(f"{path}: there is no example in it, only the names of the columns")

    def _lines(self) -> Iterator[str]:
        with opened(self.path) as file:
            text = io.TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="")
            lines = iter(lambda: text.readline(_LONGEST_LINE + 1), "")
            for number, line in enumerate(lines, 1):
                if len(line) > _LONGEST_LINE:
                    raise self._wrong(number, f"it has more than {_LONGEST_LINE:,} characters")
                if wrong := _NOT_UTF8.search(line):
                    byte = f"0x{ord(wrong[0]) - 0xDC00:02x}"
                    raise self._wrong(number, f"the byte {byte} is not UTF-8: save the file as UTF-8")
                yield line

    def _records(self, lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
        reader = _reader(lines, delimiter)
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
            raise self._wrong(1, f"{problem}: {quoted(', '.join(names))}")
        return names

    def _checked(self, records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        blank = 0
        for line, fields in records:
            if not any(map(str.strip, fields)):
                blank = blank or line
            elif blank:
                raise self._wrong(blank, "it is blank, though examples follow: delete it")
            elif len(fields) != len(self.names):
                counts = f"{len(fields)} fields for {len(self.names)} columns"
                raise self._wrong(line, f"{counts}: {quoted(' | '.join(fields))}")
            else:
                yield line, fields

    def _wrong(self, line: int, problem: str) -> ValueError:
        return ValueError(f"{self.path}, line {line}: {problem}")

    def indices(self, names: Sequence[str]) -> list[int]:
        """The columns of these names; ValueError if one is not there."""
        wanted = [on_one_line(name) for name in names]
        if missing := [with_similar(name, self.names) for name in wanted if name not in self.names]:
            there = listed(self.names) + "; if it has more, give the delimiter" * (len(self.names) == 1)
            raise ValueError(f"{self.path}: there is no column {listed(missing)}; there is {there}")
        return [self.names.index(name) for name in wanted]

    def wrong(self, row: int, column: int, problem: str) -> ValueError:
        """An error to be raised, with the place where something is wrong."""
        place = f"line {self._examples[row][0]}, column {self.names[column]!r}"
        return ValueError(f"{self.path}, {place}: {problem}")

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
                fine = is_plain("".join(texts)) and np.isfinite(X[:, row]).all()
            except ValueError:
                fine = False
            if not fine:  # a slower way finds out which it is
                X[:, row] = [self._number(row, i, advice) for i in columns]
        return X

    def _present(self, row: int, column: int) -> str:
        text = on_one_line(self._examples[row][1][column])
        if text in MISSING:
            problem = f"the value is missing ({text!r}): fill it in, or delete the line"
            raise self.wrong(row, column, problem)
        return text

    def _number(self, row: int, column: int, advice: str) -> float:
        text = self._present(row, column)
        x = number_or_none(text)
        if x is None:
            if _DECIMAL_COMMA.fullmatch(text):
                advice = f"write it with a decimal point, {text.replace(',', '.')}"
            problem = f"{quoted(text)} is not a number: {advice.replace('{}', self.names[column])}"
            raise self.wrong(row, column, problem)
        if not math.isfinite(x):
            problem = f"{quoted(text)} is not a finite double: mend it, or delete the line"
            raise self.wrong(row, column, problem)
        return x


def _best_delimiter(lines: Sequence[str]) -> str:
    """The one that divides the first line into most fields."""

    def fields(delimiter: str) -> int:
        try:
            return len(next(_reader(lines[:100], delimiter), []))
        except csv.Error:
            return 0

    return max((",", ";", "\t"), key=fields)


def _reader(lines: Sequence[str], delimiter: str) -> Any:
    return csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=delimiter != " ")


def on_one_line(text: str) -> str:
    """The text without white space around it, and with one blank where there is some within."""
    return " ".join(text.split())


def quoted(text: str) -> str:
    """The text as a message quotes it, cut if it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
