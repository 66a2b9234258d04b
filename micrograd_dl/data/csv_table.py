"""A CSV file, read strictly: what is wrong is refused with its line, its column and the offending text."""

from __future__ import annotations

import csv
import difflib
import io
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from micrograd_dl.nn.network import Array
from micrograd_dl.output.numbers import is_plain, number_or_none

File: TypeAlias = str | os.PathLike[str]

# What spreadsheets, R and pandas write where there is no value. "None" is not among them: it may be a class.
MISSING = frozenset({"", "?", "NA", "<NA>", "N/A", "#N/A", "n/a", "NaN", "nan", "NULL", "null"})

_DELIMITERS = (",", ";", "\t")


class CsvTable:
    """The names of a file's columns, and its lines, each found right or faulty when it is reached.

    Args:
        path: of the file.
        delimiter: by default the tab in a ``.tsv`` file, and in others the one of comma, semicolon and tab
            that parts the first line most.

    Raises:
        ValueError: the text is not UTF-8, or the first line does not name the columns.
        OSError: the file cannot be read.
    """

    def __init__(self, path: File, delimiter: str | None) -> None:
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
            raise ValueError(f"a delimiter is one character, and no quotation mark, not {delimiter!r}")
        if delimiter is None and Path(path).suffix.lower() == ".tsv":
            delimiter = "\t"  # though there be more commas in the names of its columns
        self.path = path
        self._records = self._read(_decoded(path), delimiter)
        self.names = self._header()

    def _read(self, text: str, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
        reader = _reader(text, delimiter or max(_DELIMITERS, key=lambda d: _fields_of_first_line(text, d)))
        while True:
            line = reader.line_num + 1  # where the record begins: a quoted field may go over several lines
            try:
                yield line, next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise ValueError(
                    f"{self.path}, line {line}: this is not CSV ({error}): is a quotation mark never closed?"
                ) from None

    def _header(self) -> list[str]:
        _, fields = next(self._records, (1, []))
        names = [squeezed(field) for field in fields]
        if not any(names):
            raise ValueError(f"{self.path}: the first line is blank: it is to name the columns")
        for i, name in enumerate(names, 1):
            if not name:
                raise ValueError(f"{self.path}, line 1: column {i} has no name: name it, or delete it")
            if name in names[: i - 1]:
                first = names.index(name) + 1
                raise ValueError(
                    f"{self.path}, line 1: columns {first} and {i} are both {name!r}: rename one"
                )
        if all(number_or_none(name) is not None for name in names):
            raise ValueError(
                f"{self.path}, line 1: the first line is to name the columns, and it holds numbers only: "
                f"{shown(', '.join(names))}"
            )
        return names

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The number and the fields of each line after the first; once.

        Raises:
            ValueError: a line is blank or has too few or too many fields; or there is none.
        """
        blank = examples = 0
        for line, fields in self._records:
            if not any(map(str.strip, fields)):
                blank = blank or line
            elif blank:
                raise ValueError(f"{self.path}, line {blank}: it is blank, though examples follow: delete it")
            elif len(fields) != len(self.names):
                raise ValueError(
                    f"{self.path}, line {line}: fields and columns differ in number, {len(fields)} and "
                    f"{len(self.names)}: {shown(' | '.join(fields))}"
                )
            else:
                examples += 1
                yield line, fields
        if not examples:
            raise ValueError(f"{self.path}: there is no example in it, only the names of the columns")

    def index(self, name: str) -> int:
        """The column of that name; see `indices`."""
        [i] = self.indices([name])
        return i

    def indices(self, names: Sequence[str]) -> list[int]:
        """The columns of these names.

        Raises:
            ValueError: one is not there; the message says which is similar.
        """
        wanted = [squeezed(name) for name in names]
        missing = [self._with_similar(name) for name in wanted if name not in self.names]
        if missing:
            known = ", ".join(self.names)
            other = "; if it has more, give the delimiter" if len(self.names) == 1 else ""
            raise ValueError(f"{self.path}: there is no column {', '.join(missing)}; there is {known}{other}")
        return [self.names.index(name) for name in wanted]

    def _with_similar(self, name: str) -> str:
        by_lower = {known.lower(): known for known in self.names}
        close = difflib.get_close_matches(name.lower(), by_lower, 1)
        return f"{name!r} (did you mean {by_lower[close[0]]!r}?)" if close else repr(name)

    def place(self, line: int, column: int) -> str:
        """How a message begins."""
        return f"{self.path}, line {line}, column {self.names[column]!r}"

    def text(self, line: int, fields: Sequence[str], column: int) -> str:
        """What stands there.

        Raises:
            ValueError: nothing, or what stands for nothing.
        """
        return present(fields[column], self.place(line, column))

    def numbers(self, line: int, fields: Sequence[str], columns: Sequence[int]) -> Array:
        """The numbers that stand there.

        Raises:
            ValueError: one is missing, not a number, or not finite.
        """
        texts = [fields[i] for i in columns]
        if is_plain("".join(texts)):
            try:
                row = np.array(list(map(float, texts)))
            except ValueError:
                pass  # the slower way finds out which it is
            else:
                if np.isfinite(row).all():
                    return row
        return np.array([number(fields[i], self.place(line, i)) for i in columns])


def _decoded(path: File) -> str:
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        raise ValueError(
            f"{path}, line {line}: the byte 0x{byte:02x} is not UTF-8: save the file as CSV in UTF-8"
        ) from None


def _reader(text: str, delimiter: str) -> Any:
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=delimiter != " ")


def _fields_of_first_line(text: str, delimiter: str) -> int:
    try:
        return len(next(_reader(text[:1_000_000], delimiter), []))
    except csv.Error:
        return 0


def squeezed(text: str) -> str:
    r"""The text on one line: no white space around it, and one blank where there is some within.

    >>> squeezed(" price\nin  EUR ")
    'price in EUR'
    """
    return " ".join(text.split())


def shown(text: str) -> str:
    """The text as a message quotes it."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def present(text: str, place: str) -> str:
    """The text, squeezed.

    Raises:
        ValueError: it stands for a value that is missing; the message begins with the place.
    """
    text = squeezed(text)
    if text in MISSING:
        raise ValueError(f"{place}: the value is missing ({text!r}): fill it in, or delete the line")
    return text


_OF_A_FEATURE = "a column of text is no feature: code it in numbers or ignore it"


def number(text: str, place: str, text_advice: str = _OF_A_FEATURE) -> float:
    """The finite number.

    Raises:
        ValueError: it is missing, not a number, or not finite; the message begins with the place, and of what
            is not a number ends with the advice.
    """
    text = present(text, place)
    x = number_or_none(text)
    if x is None:
        raise ValueError(f"{place}: {shown(text)} is not a number: write it like -1234.5; {text_advice}")
    if not math.isfinite(x):
        raise ValueError(f"{place}: {shown(text)} is not a finite double: mend it, or delete the line")
    return x
