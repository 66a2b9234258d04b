"""Pausing Python's garbage collector while a graph is built."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cyclic garbage collector from running inside a ``with`` block, whatever ends it.

    Graphs hold no reference cycles: they are freed at once when they are no longer used, with or without the
    collector. It does not know that, and looks through all nodes again and again while their number grows,
    which can take longer than building them (docs/performance.md). Pausing it is safe as long as nothing
    else in the block makes cycles in bulk.

    The collector is one for the whole process: it is switched on again at the end only if it was on at the
    beginning, so blocks can be nested, and a program that runs without it stays without it.

    >>> from micrograd_dl.engine.value import Value
    >>> x = Value(1.0)
    >>> with collector_paused():
    ...     y = sum([x] * 1000)
    >>> gc.isenabled()
    True
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
