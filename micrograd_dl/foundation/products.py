"""Matrix products on two threads that wait without spinning.

The threads of OpenBLAS spin while they wait, so beside another busy process a product on two of them takes
several times as long. A training therefore leaves one thread to BLAS, and computes a large product in two
halves, of which a helper thread may take one. Sizes alone decide what is halved: the last bits depend on it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LARGE = 10**7  # multiplications in a product, from which on two threads gain

_lock = threading.Lock()
# For each `halved_products`: the function that restores BLAS, and whether a helper may help.
_inside: list[tuple[Any, bool]] = []


@contextmanager
def halved_products() -> Iterator[None]:
    """Inside, BLAS has one thread, and `product` halves large products.

    No helper takes part if BLAS was limited to one thread before, such as by ``OMP_NUM_THREADS=1``.
    """
    with _lock:  # the number of threads is the process's: the first sets it, and the last sets it back
        if not _inside:
            helped = any(library["num_threads"] > 1 for library in _blas().info())
            _inside.append((_blas().limit(limits=1), helped))
        else:
            _inside.append(_inside[0])
    try:
        yield
    finally:
        with _lock:
            limiter, _ = _inside.pop()
            if not _inside:
                limiter.restore_original_limits()


def product(A: Array, B: Array) -> Array:
    """``A @ B`` of ``(n, k)`` and ``(k, m)``, which have one dtype."""
    inside = _inside[:1]
    if not inside or A.size * B.shape[1] < LARGE:
        return A @ B
    n, m = len(A), B.shape[1]
    out = np.empty((n, m), A.dtype)
    two = slice(max(n, m) // 2), slice(max(n, m) // 2, None)
    halves = iter([(A[s], B, out[s]) if n > m else (A, B[:, s], out[:, s]) for s in two])

    def compute() -> None:
        with np.errstate(all="ignore"):
            for a, b, half in halves:
                np.matmul(a, b, out=half)

    helper = _helper().submit(compute) if inside[0][1] else None
    compute()
    if helper is not None and not helper.cancel():  # it may be late, when both halves are done
        helper.result()
    return out


@cache
def _blas() -> Any:
    """The BLAS libraries that are loaded; looking for them takes a millisecond."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


@cache
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "product")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helper.cache_clear)  # threads do not come along
