"""A compiled graph is right from any number of threads, and says how it is copied."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from micrograd_dl.compiled import compile_graph
from micrograd_dl.engine.functions import affine
from micrograd_dl.engine.value import Value

THREADS, CALLS = 8, 200


@pytest.fixture
def often() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("often")
def test_calls_from_threads_are_those_of_one(runner: Any) -> None:
    """The first calls, which write the program, too; on numbers, and on columns of several counts."""
    x, w, b = [Value(0.5), Value(0.2)], [Value(0.1), Value(-0.3)], Value(0.7)
    a = affine(w, x, b).tanh()
    J = (a - x[0]) ** 2
    f, alone = (compile_graph(J, [x], [*w, b], outputs=[a], runner=runner) for _ in range(2))
    rng = np.random.default_rng(0)
    calls = [rng.normal(size=(2, k % 5 + 1)) for k in range(CALLS)]
    thetas = rng.normal(size=(CALLS, 3))
    expected = [(alone.at(theta, X), alone.outputs(theta, X)) for theta, X in zip(thetas, calls, strict=True)]

    def call(k: int) -> bool:
        (value, gradient), outputs = f.at(thetas[k], calls[k]), f.outputs(thetas[k], calls[k])
        (J, dJ), A = expected[k]
        return value == J and gradient.tolist() == dJ.tolist() and outputs.tolist() == A.tolist()

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(call, range(CALLS)))


def test_results_stay_what_they_are(runner: Any) -> None:
    """None of them lies in memory that a later call writes to."""
    x, w = Value(1.0), Value(2.0)
    z = w * x
    f = compile_graph(z * z, [x], [w], outputs=[z], runner=runner)
    first, outputs = f(3.0), f.outputs(np.array([2.0]), [[3.0, 4.0]])
    f(100.0), f.outputs(np.array([2.0]), [[100.0, 100.0]])
    assert (first.value, first.gradient.tolist(), outputs.tolist()) == (36.0, [36.0], [[6.0, 8.0]])


def test_a_copy_is_the_same_and_others_are_refused() -> None:
    x = Value(1.0)
    f = compile_graph(x * x, [x], runner="numpy")
    assert copy.copy(f) is f
    for make in (copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="record the graph again, and compile that"):
            make(f)


def test_too_many_examples_are_told() -> None:
    x = Value(1.0)
    f = compile_graph(x * x, [x], runner="numpy")
    f([[1.0, 2.0]])
    many = np.broadcast_to(np.ones((1, 1)), (1, 10**15))
    with pytest.raises(MemoryError, match="1,000,000,000,000,000 examples at a time are too many"):
        f(many)
