"""Pausing Python's garbage collector while a graph is built."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_open_blocks = 0
_was_enabled = True


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cyclic garbage collector from running inside a ``with`` block.

    Graphs have no reference cycles and are freed without it, but it looks through all nodes again and again
    while their number grows, which can take longer than building them.

    Blocks can be nested and can overlap in several threads. The end of the last one switches the collector on
    again, if it was on when the first one began.
    """
    global _open_blocks, _was_enabled
    with _lock:
        if _open_blocks == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _open_blocks += 1
    try:
        yield
    finally:
        with _lock:
            _open_blocks -= 1
            if _open_blocks == 0 and _was_enabled:
                gc.enable()
