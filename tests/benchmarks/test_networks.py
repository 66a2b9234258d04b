"""The benchmarks compute what they say they time; no test asserts a time."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import peers
from benchmarks.networks import FLOOR, OURS, contestants, products, require_the_same_cost
from benchmarks.peers import Task

SMALL = [Task((3, 4, 1), 7, "tanh"), Task((100, 5, 4, 3), 6, "relu")]  # 100 features: an input without ones


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("task", SMALL, ids=str)
def test_all_who_are_installed_do_the_same_work(
    task: Task, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Others are compared in every run of the benchmark; here, without loading them.
    monkeypatch.setattr(peers, "PEERS", {"NumPy by hand": peers.by_hand})
    steps, missing = contestants(task, dtype)
    assert list(steps) == [FLOOR, OURS, "NumPy by hand"]
    assert not missing
    require_the_same_cost(steps, dtype)


def test_a_contestant_that_does_something_else_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"another: costs \(1.0, 1.0\)"):
        require_the_same_cost({OURS: lambda: 2.0, "another": lambda: 1.0}, "float64")


def test_the_floor_has_the_products_that_the_step_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []
    monkeypatch.setattr(np, "matmul", lambda x, y, out: shapes.append((x.shape, y.shape)))
    products(Task((3, 4, 1), 7, "tanh"), "float64")()
    assert shapes == [
        *[((4, 3), (3, 7)), ((4, 7), (7, 3))],  # no dA of the input
        *[((1, 4), (4, 7)), ((1, 7), (7, 4)), ((4, 1), (1, 7))],
    ]
