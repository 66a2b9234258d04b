"""What the errors say: a confusion matrix, and the course's reading of bias and variance (section 7)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.nn.network import Array
from micrograd_dl.output.numbers import to_whole
from micrograd_dl.output.text import plural

FAR = 0.02  # a gap between two errors that is worth acting on
_LONGEST = 16  # characters of the name of a class in a table


def confusion_matrix(actual: ArrayLike, predicted: ArrayLike, n_y: int) -> Array:
    """How often each class was taken for each: rows are the actual classes, columns the predicted ones.

    Args:
        actual, predicted: indices of classes, ``(1, m)``.
        n_y: the number of classes.

    Returns:
        ``(n_y, n_y)`` of counts.

    Raises:
        ValueError: the shapes differ, or an index is not one of 0 ... n_y - 1.

    >>> confusion_matrix([[0, 0, 1]], [[0, 1, 1]], 2)
    array([[1, 1],
           [0, 1]])
    """
    rows, columns = np.asarray(actual), np.asarray(predicted)
    if rows.shape != columns.shape or rows.ndim != 2 or rows.shape[0] != 1:
        raise ValueError(
            f"actual and predicted classes are both (1, m), not {rows.shape} and {columns.shape}"
        )
    for name, array in (("actual", rows), ("predicted", columns)):
        if (wrong := array[~np.isin(array, np.arange(n_y))]).size:
            raise ValueError(f"{name} classes are whole numbers from 0 to {n_y - 1}, not {wrong[0]}")
    matrix = np.zeros((n_y, n_y), int)
    np.add.at(matrix, (rows[0].astype(int), columns[0].astype(int)), 1)
    return matrix


def confusion_text(matrix: Array, classes: Sequence[str]) -> str:
    """A confusion matrix for people, with each class's part of right predictions; long names are cut.

    >>> print(confusion_text(np.array([[9, 1], [0, 5]]), ["no", "yes"]))
               predicted
    actual      no yes   right
    no           9   1     90%
    yes          .   5    100%
    """
    names = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…" for name in classes]
    width = max(3, *(len(name) for name in names), len(str(matrix.max())))
    left = max(10, *(len(name) for name in names))
    lines = [
        f"{'':<{left}} predicted",
        f"{'actual':<{left}}" + "".join(f" {name:>{width}}" for name in names) + "   right",
    ]
    for name, row, right in zip(names, matrix, matrix.diagonal(), strict=True):
        cells = "".join(f" {count or '.':>{width}}" for count in row.tolist())
        part = f"{right / row.sum():.0%}" if row.sum() else "-"
        lines.append(f"{name:<{left}}{cells} {part:>7}")
    return "\n".join(lines)


def bias_and_variance(
    train: float, dev: float, bayes: float = 0.0, far: float = FAR, *, m_dev: int | None = None
) -> str:
    """The course's reading of the errors on the training and the dev set, as parts of 1, in plain words.

    The error of a small dev set is partly chance: a dev error counts as variance only if it is above the
    training error by more than two standard errors, `chance(dev, m_dev)`.

    Args:
        train, dev: the errors.
        bayes: the error that nobody could be below, such as a person's.
        far: the gap that counts.
        m_dev: the number of dev examples; by default so large that nothing is left to chance.

    Raises:
        ValueError: an error is not between 0 and 1, or `m_dev` is not a whole number from 1 up.

    >>> print(bias_and_variance(0.15, 0.16))  # doctest: +NORMALIZE_WHITESPACE
    High bias: the training error, 15.0%, is far above the best possible, 0.0%.
    Try a bigger network, or train longer.
    """
    for name, x in (("train", train), ("dev", dev), ("bayes", bayes)):
        if not 0 <= x <= 1:
            raise ValueError(f"the {name} error is a part of 1, from 0 to 1, not {x!r}")
    by_chance = 0.0 if m_dev is None else chance(dev, m_dev)
    bias, variance = train - bayes > far, dev - train > max(far, by_chance)
    lines = []
    if bias:
        lines.append(
            f"High bias: the training error, {train:.1%}, is far above the best possible, {bayes:.1%}. "
            "Try a bigger network, or train longer."
        )
    if variance:
        lines.append(
            f"High variance: the dev error, {dev:.1%}, is far above the training error, {train:.1%}. "
            "Try more data, or regularisation."
        )
    if not lines:
        lines.append(
            f"Neither bias nor variance stands out: training error {train:.1%}, dev error {dev:.1%}, "
            f"best possible {bayes:.1%}."
        )
    if far < dev - train <= by_chance:
        lines.append(
            f"That the dev error, {dev:.1%}, is above the training error, {train:.1%}, is no evidence of "
            f"variance: on {plural(m_dev or 0, 'example')} an error may be off by {by_chance:.1%} by chance. "
            "Take a larger dev set to tell."
        )
    return "\n".join(lines)


def divergence(costs: Sequence[float], loss: float, chance: float) -> str:
    """What is said of a training whose cost rose, or is beyond reason; an empty text of any other.

    Args:
        costs: of each epoch, on the training set.
        loss: of the trained network.
        chance: the loss of a network that knows nothing, as the logarithm of the number of classes is.

    >>> divergence([0.7, 0.1], loss=0.2, chance=0.69)
    ''
    >>> print(divergence([0.7, 2.5], loss=2.9, chance=0.69))
    The cost rose from 0.7 to 2.5: the training diverged, and its errors say nothing about bias and variance.
    Try a lower learning rate.
    """
    if costs and (costs[-1] > costs[0] or max(costs) > 10 * max(costs[0], chance)):
        what = f"The cost rose from {costs[0]:.4g} to {max(costs):.4g}"
    elif loss > 10 * chance:
        what = f"The loss is {loss:.4g}, and {chance:.2g} for a network that knows nothing"
    else:
        return ""
    return (
        f"{what}: the training diverged, and its errors say nothing about bias and variance.\n"
        "Try a lower learning rate."
    )


def chance(error: float, m: int) -> float:
    """Two standard errors of an error that was measured on m examples: how far it may be off by chance.

    The standard error is ``sqrt(p (1 - p) / n)``. For p and n, two examples more are counted as right and two
    as wrong (Agresti and Coull), as an error of 0 or 1 on a few examples is not certain either.

    Raises:
        ValueError: `m` is not a whole number from 1 up.

    >>> round(chance(0.1, 100), 3), round(chance(0.1, 10_000), 3)
    (0.063, 0.006)
    """
    n = to_whole(m, 1, "m") + 4
    p = (error * m + 2) / n
    return 2 * math.sqrt(p * (1 - p) / n)
