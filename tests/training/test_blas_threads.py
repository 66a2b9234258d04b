"""A training runs on one BLAS thread unless its products are large, and sets the number back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from micrograd_dl import nn, vectorized
from micrograd_dl.training.blas_threads import blas_threads_for
from micrograd_dl.training.fitting import fit


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two() -> Any:
    with threadpool_limits(2, user_api="blas"):
        if threads() != {2}:
            pytest.skip("this BLAS has one thread, or cannot be told how many")
        yield


SMALL, LARGE = (vectorized.MLP(n, [n, 1], seed=1) for n in (3, 400))


@pytest.mark.parametrize(
    ("model", "m", "inside"), [(SMALL, 10, 1), (LARGE, 600, 1), (LARGE, 700, 2), (nn.MLP(3, [1]), 10, 2)]
)
def test_by_the_sizes(model: Any, m: int, inside: int) -> None:
    with blas_threads_for(model, m):
        assert threads() == {inside}
    assert threads() == {2}


def test_trainings_that_overlap_leave_the_number_as_it_was() -> None:
    one, other = blas_threads_for(SMALL, 1), blas_threads_for(SMALL, 1)
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert threads() == {1}
    other.__exit__(None, None, None)
    assert threads() == {2}


def test_in_a_training_and_after_an_error() -> None:
    seen: list[Any] = []

    def callback(*_: Any) -> None:
        seen.append(threads())
        raise KeyError

    with pytest.raises(KeyError):
        fit(SMALL, np.ones((3, 5)), np.ones((1, 5)), epochs=1, callbacks=[callback], progress=False)
    assert (seen, threads()) == ([{1}], {2})
