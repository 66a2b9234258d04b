"""How many threads NumPy's matrix products run on while a network is trained.

The threads of OpenBLAS wait for each other by spinning. Beside another busy process a product on two threads
takes 4 to 40 times as long as on an idle machine, one on a single thread about as long as ever. So the
products of a training run on one thread, unless the largest of them is so large that two threads nearly halve
its time. That is decided by the sizes alone, for the last bits of a product depend on the number of threads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import Any

from micrograd_dl.vectorized import MLP

LARGE = 10**8  # multiplications in a product, from which on all threads are used

_lock = threading.Lock()
_inside: list[Any] = []  # what sets the number of threads back, once for each training that is under way


@contextmanager
def blas_threads_for(model: object, m: int) -> Iterator[None]:
    """Inside, products run on one thread, unless `model` is a network of matrices with large products.

    Args:
        model: anything; only a network of matrices is limited.
        m: the examples of a batch.
    """
    if not isinstance(model, MLP) or max(n * k for k, n in pairwise(model.shape)) * m >= LARGE:
        yield
        return
    with _lock:  # the number is the process's: the first training sets it, and the last one sets it back
        _inside.append(_blas().limit(limits=1) if not _inside else _inside[0])
    try:
        yield
    finally:
        with _lock:
            limiter = _inside.pop()
            if not _inside:
                limiter.restore_original_limits()


@cache
def _blas() -> Any:
    """The BLAS libraries that are loaded; looking for them takes a millisecond."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
