"""What a column of targets is: classes or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_dl.foundation.numbers import number_or_none
from micrograd_dl.nn.frames import as_array, columns_of
from micrograd_dl.nn.network import Array

MOST_CLASSES = 20  # whole numbers of more different values are taken for numbers


def are_classes(targets: Sequence[str]) -> bool:
    """Whether targets are classes: all of them text, or whole numbers of few different values."""
    numbers = {number_or_none(text) for text in targets}
    if None in numbers:
        return len(numbers) == 1  # where only some are numbers, the others are refused with their lines
    few = len(numbers) <= min(MOST_CLASSES, len(targets) // 2)
    return few and all(x is not None and x.is_integer() for x in numbers)


def classes_of(targets: Sequence[str]) -> tuple[Array, tuple[str, ...]]:
    """The index of each among the different ones, ``(1, m)``; whole numbers count as such, so 1.0 is 1."""
    whole = [_whole(text) for text in targets]
    keys: Sequence[Any] = targets if None in whole else whole
    index = {key: c for c, key in enumerate(sorted(set(keys)))}
    return np.array([[index[key] for key in keys]]), tuple(map(str, index))


def _whole(text: str) -> int | None:
    x = number_or_none(text)
    if x is None or not x.is_integer():
        return None
    return int(text) if text.isdecimal() else int(x)  # a long number has more digits than a double holds


def targets_of(given: Any) -> tuple[Array, tuple[str, ...], str]:
    """A column of a frame as indices of classes or as numbers, with the names of classes and of the column.

    Several columns are numbers, ``(n_y, m)``.
    """
    columns = columns_of(given)
    if len(columns) > 1:
        return as_array("Y", given), (), ", ".join(columns)
    [(name, values)] = columns.items()
    if isinstance(values[0], str) or are_classes([*map(str, values)]):
        return *classes_of([*map(str, values)]), name
    return np.array([values], float), (), name
