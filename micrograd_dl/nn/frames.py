"""Data frames of pandas, polars or another library that narwhals knows: rows are examples.

A column of texts that are all numbers, which may have a decimal comma, is numbers. Other texts are
categories: ``colour=red`` is the name of a feature that is 1 where the colour is red, else 0. An error names
the row, counted from 0, and the column.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micrograd_dl.foundation.lookup import listed, with_similar
from micrograd_dl.foundation.numbers import number_or_none
from micrograd_dl.foundation.text import install_hint

Array: TypeAlias = NDArray[Any]

# What spreadsheets, R and pandas write for a missing value. "None" is not among them: it may be a class.
MISSING = frozenset({"", "?", "NA", "<NA>", "N/A", "#N/A", "n/a", "NaN", "nan", "NULL", "null"})
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def is_frame(x: Any) -> bool:
    """Whether it is a data frame, or a column of one."""
    return any(hasattr(type(x), name) for name in ("__arrow_c_stream__", "__dataframe__"))


def as_array(name: str, given: ArrayLike) -> Array:
    """As an array; a frame of numbers with its rows as columns, ``(n, m)``. ValueError for one with texts."""
    if not is_frame(given):
        return np.asarray(given)
    columns = columns_of(given)
    for column, values in columns.items():
        if isinstance(values[0], str):
            advice = "make a Dataset of it, whose features and classes are numbers"
            raise ValueError(f"column {column!r} of {name} holds texts, such as {values[0]!r:.60}: {advice}")
    return np.array([*columns.values()], float)


def features_of(frame: Any) -> tuple[Array, tuple[str, ...]]:
    """The columns as ``X (n_x, m)``, categories one-hot in alphabetical order, and the features' names."""
    rows: dict[str, Array] = {}
    for name, values in columns_of(frame).items():
        categories = sorted(set(values)) if isinstance(values[0], str) else [None]
        for category in categories:
            feature = name if category is None else f"{name}={category}"
            if feature in rows:
                raise ValueError(f"two columns give a feature {feature!r}: rename one")
            rows[feature] = np.array(values if category is None else [x == category for x in values], float)
    return np.array([*rows.values()]), tuple(rows)


def features_like(frame: Any, features: Sequence[str]) -> Array:
    """The features of these names, as `features_of` gave them for other rows.

    ValueError if a column is missing, or holds a category that is not among the features.
    """
    columns, used, rows = columns_of(frame), dict[str, set[str]](), []
    for feature in features:
        there = [parts for parts in _readings(feature) if parts[0] in columns]
        if not there:
            raise ValueError(
                f"there is no column {with_similar(feature, columns)}; there is {listed(columns)}"
            )
        fitting = [parts for parts in there if isinstance(columns[parts[0]][0], str) == bool(parts[1])]
        name, category = (fitting or there)[0]
        if not fitting:
            kinds = ("numbers", "texts") if category else ("texts", "numbers")
            raise ValueError(f"column {name!r} holds {kinds[0]}, and held {kinds[1]} in the training set")
        used.setdefault(name, set()).add(category)
        rows.append([x == category for x in columns[name]] if category else columns[name])
    for name, known in used.items():
        for i, x in enumerate(columns[name]):
            if isinstance(x, str) and x not in known:
                raise _wrong(
                    i, name, f"{x!r:.60} is not in the training set, which has {listed(sorted(known))}"
                )
    return np.array(rows, float)


def columns_of(given: Any) -> dict[str, list[Any]]:
    """The columns of a frame, or the one that is given: for each name floats, or texts.

    ValueError for a value that is missing, a type that is neither, and a frame without rows or columns.
    """
    try:
        import narwhals
    except ModuleNotFoundError as error:
        problem = f"a {type(given).__name__} is read with narwhals ({error}): {install_hint('frames')}"
        raise ModuleNotFoundError(problem, name=error.name) from None
    native = narwhals.from_native(given, eager_only=True, allow_series=True)
    series = [*native.iter_columns()] if isinstance(native, narwhals.DataFrame) else [native]
    if not series or not len(series[0]):
        raise ValueError(f"the {type(given).__name__} has no rows, or no columns: there is no example in it")
    found = {}
    for column in series:
        name, kind = str("" if column.name is None else column.name), column.dtype
        categories = isinstance(kind, (narwhals.Categorical, narwhals.Enum))
        nulls = column.is_null().to_list()
        values = [_present(i, name, None if nulls[i] else x) for i, x in enumerate(column.to_list())]
        if not categories and not all(isinstance(x, (str, Real, Decimal)) for x in values):
            raise ValueError(f"column {name!r} is {kind}, neither numbers nor texts: convert it")
        is_text = categories or any(isinstance(x, str) for x in values)
        found[name] = _texts(name, [*map(str, values)], categories) if is_text else [*map(float, values)]
    return found


def _texts(name: str, texts: list[str], are_categories: bool) -> list[Any]:
    """Texts, or numbers, if all of them are some."""
    numbers = [None if are_categories else _number(text) for text in texts]
    if None not in numbers:
        if (commas := [x for x in texts if "," in x]) and all(map(_THOUSANDS.fullmatch, commas)):
            problem = f"may be decimals or thousands, such as {commas[0]!r}: convert it to numbers"
            raise ValueError(f"the commas of column {name!r} {problem}")
        return numbers
    if any(x is not None for x in numbers):
        advice = "mend it, or make the column categorical"
        i = numbers.index(None)
        raise _wrong(i, name, f"{texts[i]!r:.60} is not a number, as others in the column are: {advice}")
    return texts


def _number(text: str) -> float | None:
    return number_or_none(text.replace(",", ".") if DECIMAL_COMMA.fullmatch(text) else text)


def _present(row: int, name: str, x: Any) -> Any:
    """The value, a text on one line; ValueError if it is missing."""
    x = " ".join(x.split()) if isinstance(x, str) else x
    if x is None or (isinstance(x, float) and math.isnan(x)) or (isinstance(x, str) and x in MISSING):
        raise _wrong(row, name, f"the value is missing ({x!r}): fill it in, or leave the row out")
    return x


def _readings(feature: str) -> list[tuple[str, str]]:
    """The name as a column's, and in all ways as a column's and a category: either may hold the sign."""
    places = [i for i, c in enumerate(feature) if c == "="]
    return [(feature, ""), *((feature[:i], feature[i + 1 :]) for i in places)]


def _wrong(row: int, column: str, problem: str) -> ValueError:
    return ValueError(f"row {row}, column {column!r}: {problem}")
