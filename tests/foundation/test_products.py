"""In a training BLAS has one thread, and large products are computed in halves."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from micrograd_dl import nn
from micrograd_dl.foundation import products
from micrograd_dl.foundation.products import halved_products, product
from micrograd_dl.nn.network import Array
from micrograd_dl.training.fitting import fit
from micrograd_dl.vectorized import MLP


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True, scope="module")
def two() -> Iterator[None]:
    products._blas.cache_clear()  # another test may have loaded a second BLAS since it was asked
    with threadpool_limits(2, user_api="blas"):
        if threads() != {2}:
            pytest.skip("this BLAS has one thread, or cannot be told how many")
        yield


@pytest.fixture
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "LARGE", 0)


def factors(n: int, k: int, m: int, seed: int = 0, dtype: str = "float64") -> tuple[Array, Array]:
    """Whole numbers: their product is exact, however it is summed."""
    rng = np.random.default_rng(seed)
    return rng.integers(-9, 9, (n, k)).astype(dtype), rng.integers(-9, 9, (m, k)).astype(dtype).T


sizes = st.integers(1, 12)


@given(sizes, sizes, sizes, st.integers(0, 2**32), st.sampled_from(["float32", "float64"]))
def test_halves_make_up_the_product(n: int, k: int, m: int, seed: int, dtype: str) -> None:
    A, B = factors(n, k, m, seed, dtype)
    with pytest.MonkeyPatch.context() as patch, halved_products():
        patch.setattr(products, "LARGE", 0)
        found = product(A, B)
    assert (found.dtype, found.tolist()) == (A.dtype, (A @ B).tolist())


@pytest.mark.usefixtures("all_are_large")
def test_a_network_is_trained_to_the_same_bits_with_a_helper_and_without() -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((30, 90)), rng.integers(0, 2, (1, 90)).astype(float)
    trained = []
    for limit in (1, 2):
        model = MLP(
            30, [40, 20, 1], ["relu", "tanh", "sigmoid"], normalisation="batch", keep_prob=0.9, seed=1
        )
        with threadpool_limits(limit, user_api="blas"):
            fit(model, X, Y, epochs=3, batch_size=40, progress=False)
        trained.append({name: array.tobytes() for name, array in model.named().items()})
    assert trained[0] == trained[1]


@pytest.mark.usefixtures("all_are_large")
class TestHelper:
    def test_its_errors_are_raised(self) -> None:
        A, B = factors(4, 3, 2)
        with halved_products(), pytest.raises(ValueError, match="mismatch"):
            product(A, B[:2])
        with halved_products():
            assert product(A, B).tolist() == (A @ B).tolist()

    def test_overflow_is_inf_without_a_warning(self) -> None:
        with halved_products(), np.errstate(all="ignore"):
            assert np.isinf(product(np.full((2, 2), 1e300), np.full((2, 2), 1e300))).all()

    def test_nobody_waits_for_one_that_is_busy_elsewhere(self) -> None:
        A, B = factors(4, 3, 2)
        end = threading.Event()
        products._helper().submit(end.wait)
        with halved_products():
            assert product(A, B).tolist() == (A @ B).tolist()
        end.set()

    def test_many_threads_at_once(self) -> None:
        A, B = factors(40, 30, 20)
        with halved_products(), ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: product(A, B), range(200)))
        assert all((C == A @ B).all() for C in found)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
    def test_a_forked_process_has_one_of_its_own(self) -> None:
        """Forked from a process that has no other threads: some libraries forbid it when they are loaded."""
        program = (
            "import os, numpy as np; from micrograd_dl.foundation import products as p; p.LARGE = 0\n"
            "from threadpoolctl import threadpool_limits; threadpool_limits(2); A = np.ones((4, 4))\n"
            "with p.halved_products():\n"
            "    p.product(A, A)\n"
            "    if child := os.fork(): assert os.waitpid(child, 0)[1] == 0; os._exit(0)\n"
            "    os._exit(p.product(A, A).tolist() != (A @ A).tolist())"
        )
        subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=300)


def test_trainings_that_overlap_leave_the_number_of_threads_as_it_was() -> None:
    one, other = halved_products(), halved_products()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert threads() == {1}
    other.__exit__(None, None, None)
    assert threads() == {2}


@pytest.mark.parametrize(("kind", "inside"), [(MLP, {1}), (nn.MLP, {2})])
def test_in_a_training_and_after_an_error(kind: Any, inside: set[int]) -> None:
    seen: list[Any] = []

    def callback(*_: Any) -> None:
        seen.append(threads())
        raise KeyError

    with pytest.raises(KeyError):
        fit(kind(3, [1]), np.ones((3, 5)), np.ones((1, 5)), epochs=1, callbacks=[callback], progress=False)
    assert (seen, threads()) == ([inside], {2})
