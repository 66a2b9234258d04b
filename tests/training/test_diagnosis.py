"""What the errors say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.training.diagnosis import bias_and_variance, confusion_matrix, confusion_text


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_confusion_matrix(pairs: list[tuple[int, int]]) -> None:
    actual, predicted = np.array(pairs).T[:, None, :]
    matrix = confusion_matrix(actual, predicted, 4)
    assert matrix.tolist() == [[pairs.count((i, j)) for j in range(4)] for i in range(4)]
    assert matrix.trace() == (actual == predicted).sum()


@pytest.mark.parametrize(
    ("actual", "predicted", "message"),
    [
        ([0, 1], [0, 1], r"\(1, m\), both of one shape, not \(2,\) and \(2,\)"),
        ([[0, 1]], [[0]], r"not \(1, 2\) and \(1, 1\)"),
        ([[0, 2]], [[0, 1]], "actual classes are whole numbers from 0 to 1, not 2"),
        ([[0, 1]], [[0, -1]], "predicted classes are whole numbers from 0 to 1, not -1"),
        ([[0, 0.5]], [[0, 1]], "actual classes are whole numbers from 0 to 1, not 0.5"),
    ],
)
def test_confusion_matrix_refuses(actual: Any, predicted: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        confusion_matrix(actual, predicted, 2)


def test_confusion_text_stays_in_columns_and_cuts_long_names() -> None:
    matrix = np.array([[12345, 0, 1], [0, 0, 0], [7, 0, 7]])
    lines = confusion_text(matrix, ["a", "a name as long as a whole sentence", "c"]).splitlines()
    assert len({len(line) for line in lines[1:]}) == 1
    assert [line.split()[-1] for line in lines[2:]] == ["100%", "-", "50%"]
    assert lines[3].startswith("a name as long…  ")


@pytest.mark.parametrize(
    ("train", "dev", "bayes", "bias", "variance"),
    [
        (0.15, 0.16, 0.0, True, False),
        (0.01, 0.11, 0.0, False, True),
        (0.15, 0.30, 0.0, True, True),
        (0.005, 0.01, 0.0, False, False),
        (0.15, 0.16, 0.14, False, False),
        (0.0, 0.0, 1.0, False, False),
    ],
)
def test_the_readings_of_the_course(
    train: float, dev: float, bayes: float, bias: bool, variance: bool
) -> None:
    text = bias_and_variance(train, dev, bayes)
    assert ("High bias" in text) == bias
    assert ("High variance" in text) == variance
    assert text.startswith("Neither") == (not bias and not variance)
    assert f"{train:.1%}" in text


@pytest.mark.parametrize(
    ("train", "dev", "m_dev", "variance", "chance"),
    [
        (9 / 30, 10 / 30, 30, False, True),  # one example of thirty
        (0.0, 12 / 360, 360, True, False),
        (0.01, 0.11, 10_000, True, False),  # the course's numbers, of a set as large as the course's
        (0.01, 0.11, 20, False, True),
        (0.7, 1.0, 2, False, True),  # all of two wrong is not certain
        (0.3, 0.31, 10, False, False),  # not far anyhow
    ],
)
def test_what_a_small_dev_set_cannot_tell_is_not_told(
    train: float, dev: float, m_dev: int, variance: bool, chance: bool
) -> None:
    text = bias_and_variance(train, dev, m_dev=m_dev)
    assert ("High variance" in text) == variance
    assert ("is no evidence of variance" in text) == chance
    assert ("High bias" in text) == (train > 0.02)
    assert text.startswith("Neither") == (not variance and train <= 0.02)


@pytest.mark.parametrize("bad", [-0.1, 15, float("nan")])
def test_errors_are_parts_of_1_and_a_dev_set_has_examples(bad: float) -> None:
    for place in range(3):
        with pytest.raises(ValueError, match=r"the \w+ error is a part of 1, from 0 to 1, not"):
            bias_and_variance(*(bad if i == place else 0.0 for i in range(3)))
    with pytest.raises(ValueError, match="m_dev is a whole number from 1 up, not 0"):
        bias_and_variance(0.3, 0.4, m_dev=0)
