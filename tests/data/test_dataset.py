"""What a Dataset takes, refuses, says of itself, and gives to a loss."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

from micrograd_dl.data.dataset import Dataset
from micrograd_dl.nn.losses import LOSSES, max_margin


def made(X: Any, Y: Any, *names: Any, **more: Any) -> Dataset:
    """A Dataset, without a word on what the types should be."""
    return Dataset(X, Y, *names, **more)


X23 = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_names_are_given_where_there_are_none_and_numbers_are_floats() -> None:
    for given_type in ("float32", "int8", "bool"):
        X, _ = made(np.ones((2, 3), given_type), [[1.5, 2, 3]])
        assert X.dtype == ("float32" if given_type == "float32" else "float64")
    data = made(X23, [[0.5, 1, 1]])
    assert (data.features, data.kind, data.m, data.target) == (("x1", "x2"), "numbers", 3, "y")


def test_arrays_cannot_be_written_to_and_those_given_still_can() -> None:
    mine = X23.copy()
    data: Any = made(mine, [[0, 1, 1]])
    with pytest.raises(ValueError, match="read-only"):
        data.X[0, 0] = 7
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.name = "other"
    mine[0, 0] = 7


@pytest.mark.parametrize("of", [copy.copy, copy.deepcopy, lambda data: pickle.loads(pickle.dumps(data))])
def test_copies_are_equal_and_cannot_be_written_to_either(of: Any) -> None:
    data = made(X23, [[0, 1, 1]], ("a", "b"), ("size", "age"), "sold", "flats")
    found = of(data)
    assert repr(found) == repr(data)
    assert (found.X == data.X).all()
    assert (found.Y == data.Y).all()
    assert (found.classes, found.features, found.target) == (data.classes, data.features, data.target)
    assert not found.X.flags.writeable
    assert not found.Y.flags.writeable


def test_taken_examples_lie_row_by_row() -> None:
    data = made(X23, [[0, 1, 1]], ("a", "b"), ("size", "age"), "sold", "flats").take([2, 0])
    assert data.X.tolist() == [[3, 1], [6, 4]]
    assert data.Y.tolist() == [[1, 0]]
    assert data.X.flags.c_contiguous
    assert (data.classes, data.features) == (("a", "b"), ("size", "age"))
    assert (data.target, data.name) == ("sold", "flats")


@pytest.mark.parametrize(
    ("X", "Y", "names", "message"),
    [
        ([1, 2], [[1, 2]], {}, r"X has rows, .*: \(n, m\), not \(2,\): reshape it with X.reshape\(1, -1\)"),
        (np.zeros((5, 2, 2, 3)), [[1] * 5], {}, "images_to_columns"),
        (X23.T, [[0, 1, 1]], {}, r"X \(3, 2\) and Y \(1, 3\) differ in them: transpose X"),
        (X23, [[0, 1, 1, 0]], {}, r"columns are examples, and X \(2, 3\) and Y \(1, 4\) differ in them$"),
        ([["a"]], [[1]], {}, "X holds <U1, not numbers"),
        ([[1.0, np.nan]], [[1, 2]], {}, r"X\[0, 1\] is nan: mend or leave out example 1"),
        ([[1.0, 2]], [[1, -np.inf]], {}, r"Y\[0, 1\] is -inf"),
        (X23, [[0, 1, 1]], {"features": ["a"]}, "features are the rows of X, with 2 different names, not a"),
        (X23, [[0, 0, 0]], {"classes": ["a"]}, "one class only, 'a'"),
        (X23, [[0, 1, 1]], {"classes": ["a", "a"]}, "classes have different names, not a, a"),
        (X23, [[0, 1, 2]], {"classes": ["a", "b"]}, "indices of classes, 0 to 1, not 2"),
        (X23, [[0, 1, 1], [1, 0, 0]], {"classes": ["a", "b"]}, r"not \(2, 3\): Y.argmax"),
    ],
)
def test_refuses(X: Any, Y: Any, names: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(X, Y, **names)


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        ("logistic", [[0, 1, 1]]),
        ("squared", [[0, 1, 1]]),
        (max_margin, [[-1, 1, 1]]),
        ("cross_entropy", [[1, 0, 0], [0, 1, 1]]),
    ],
)
def test_targets_of_two_classes(loss: Any, targets: list[list[int]]) -> None:
    found = made(X23, [[0, 1, 1]], ("a", "b")).targets(loss)
    if loss != "cross_entropy":
        with pytest.raises(ValueError, match="is for two classes, and there are 3: take cross_entropy"):
            made(X23, [[0, 1, 2]], ("a", "b", "c")).targets(loss)
    assert found.tolist() == targets
    assert found.dtype == float


def test_numbers_are_for_squared_error() -> None:
    data = made(X23, [[0.5, 1, 1], [1, 2, 3]], target="price")
    for loss in ("squared", "huber"):
        assert (data.targets(loss) == data.Y).all()
    for loss in LOSSES.keys() - {"squared", "huber"}:
        with pytest.raises(ValueError, match=f"{loss} is for classes, and price is numbers: take squared"):
            data.targets(loss)


def test_says_what_it_is() -> None:
    X = np.zeros((12, 2))
    data = made(X, [[1, 1]], ("no", "yes"), name="bought")
    assert repr(data).endswith(
        "(bought; X (12, 2): x1, x2, x3, x4, x5, x6, x7, x8, x9, x10 and 2 more; "
        "Y (1, 2): 2 classes (no: 0, yes: 2))"
    )
    data = made(X[:2], [[-1.25, 1e6]])
    assert repr(data) == "Dataset(data; X (2, 2): x1, x2; Y (1, 2): y from -1.25 to 1e+06)"
