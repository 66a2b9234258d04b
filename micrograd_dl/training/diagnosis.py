"""Diagnosis of errors: a confusion matrix, and the course's reading of bias and variance (section 7)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.foundation.numbers import to_whole
from micrograd_dl.foundation.text import plural
from micrograd_dl.nn.network import Array

FAR = 0.02  # a gap between two errors that is worth acting on
_LONGEST = 16  # characters of the name of a class in a table


def confusion_matrix(actual: ArrayLike, predicted: ArrayLike, n_y: int) -> Array:
    """Counts of predictions: rows are the actual classes, columns the predicted ones.

    `actual` and `predicted` are indices of classes, ``(1, m)``; the counts are ``(n_y, n_y)``. ValueError if
    the shapes differ, or an index is not one of 0 ... n_y - 1.

    >>> confusion_matrix([[0, 0, 1]], [[0, 1, 1]], 2)
    array([[1, 1],
           [0, 1]])
    """
    rows, columns = np.asarray(actual), np.asarray(predicted)
    if rows.shape != columns.shape or rows.ndim != 2 or rows.shape[0] != 1:
        raise ValueError(f"classes are (1, m), both of one shape, not {rows.shape} and {columns.shape}")
    for name, array in (("actual", rows), ("predicted", columns)):
        if (wrong := array[~np.isin(array, np.arange(n_y))]).size:
            raise ValueError(f"{name} classes are whole numbers from 0 to {n_y - 1}, not {wrong[0]}")
    return np.bincount((n_y * rows + columns)[0].astype(int), minlength=n_y**2).reshape(n_y, n_y)


def confusion_text(matrix: Array, classes: Sequence[str]) -> str:
    """A confusion matrix for people, with each class's part of right predictions; long names are cut.

    >>> print(confusion_text(np.array([[9, 1], [0, 5]]), ["no", "yes"]))
               predicted
    actual      no yes   right
    no           9   1     90%
    yes          .   5    100%
    """
    names = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…" for name in classes]
    width = max(3, *map(len, names), len(str(matrix.max())))
    left = max(10, *map(len, names))
    lines = [" " * left + " predicted", f"{'actual':<{left}}" + "".join(f" {x:>{width}}" for x in names)]
    lines[1] += "   right"
    for name, row, right in zip(names, matrix, matrix.diagonal(), strict=True):
        cells = "".join(f" {count or '.':>{width}}" for count in row.tolist())
        part = f"{right / row.sum():.0%}" if row.sum() else "-"
        lines.append(f"{name:<{left}}{cells} {part:>7}")
    return "\n".join(lines)


def bias_and_variance(
    train: float, dev: float, bayes: float = 0.0, *, m_dev: int | None = None, chance: float | None = None
) -> str:
    """The course's reading of the errors on the training and the dev set, as parts of 1, in plain words.

    A gap of more than 0.02 counts. `bayes` is the error that nobody could be below, such as a person's. The
    error on few dev examples, `m_dev`, is partly chance: it counts as variance only if it is above the
    training error by more than two standard errors, `chance`; by default those of a part of the examples.

    Raises:
        ValueError: an error is not between 0 and 1, or `m_dev` is not a whole number from 1 up.

    >>> print(bias_and_variance(0.15, 0.16))  # doctest: +NORMALIZE_WHITESPACE
    High bias: the training error, 15.0%, is far above the best possible, 0.0%.
    Try a bigger network, or train longer.
    """
    for name, x in (("train", train), ("dev", dev), ("bayes", bayes)):
        if not 0 <= x <= 1:
            raise ValueError(f"the {name} error is a part of 1, from 0 to 1, not {x!r}")
    by_chance = 0.0 if m_dev is None else _chance(dev, to_whole(m_dev, 1, "m_dev"))
    by_chance = by_chance if chance is None else chance
    on_train, on_dev = f"the training error, {train:.1%},", f"the dev error, {dev:.1%},"
    lines = []
    if train - bayes > FAR:
        lines.append(
            f"High bias: {on_train} is far above the best possible, {bayes:.1%}. "
            "Try a bigger network, or train longer."
        )
    if dev - train > max(FAR, by_chance):
        lines.append(
            f"High variance: {on_dev} is far above {on_train[:-1]}. Try more data, or regularisation."
        )
    if not lines:
        lines.append(
            f"Neither bias nor variance stands out: training error {train:.1%}, dev error {dev:.1%}, "
            f"best possible {bayes:.1%}."
        )
    if FAR < dev - train <= by_chance:
        lines.append(
            f"That {on_dev} is above {on_train} is no evidence of variance: on "
            f"{plural(m_dev or 0, 'example')} an error may be off by {by_chance:.1%} by chance. "
            "Take a larger dev set to tell."
        )
    return "\n".join(lines)


def _chance(error: float, m: int) -> float:
    """Two standard errors, ``sqrt(p (1 - p) / n)``, of an error on m examples.

    Two examples more are counted as right and two as wrong (Agresti and Coull), as an error of 0 or 1 on a
    few examples is not certain either.
    """
    p = (error * m + 2) / (m + 4)
    return 2 * math.sqrt(p * (1 - p) / (m + 4))


def divergence(costs: Sequence[float], loss: float, chance: float) -> str:
    """A warning about a training whose cost rose or is far too high; empty for any other.

    Args:
        costs: the cost of each epoch on the training set.
        loss: the loss of the trained network.
        chance: the loss of a network that knows nothing, as the logarithm of the number of classes is.
    """
    if costs and (costs[-1] > costs[0] or max(costs) > 10 * max(costs[0], chance)):
        what = f"The cost rose from {costs[0]:.4g} to {max(costs):.4g}"
    elif loss > 10 * chance:
        what = f"The loss is {loss:.4g}, and {chance:.2g} for a network that knows nothing"
    else:
        return ""
    advice = "Try a lower learning rate."
    return f"{what}: the training diverged, and its errors say nothing about bias and variance.\n{advice}"
