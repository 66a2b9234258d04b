"""Contestants in processes of their own.

The garbage collector looks at every object of a process: those of a library that is merely imported (hundreds
of thousands with PyTorch or JAX) slow whoever else computes there. So each contestant has a process that
imports nothing of the others; the parent lets them take turns, one at a time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context, parent_process
from typing import Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def _end_with_parent() -> None:
    """Have this process end when the parent does, however that ends, in the middle of a step if need be."""
    parent: Any = parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


class Apart:
    """Processes by name, started afresh, that call functions on request; a context manager."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self._exit = ExitStack()
        self._pools: dict[str, ProcessPoolExecutor] = {}

    def __enter__(self) -> Self:
        context = get_context("spawn")
        for name in self.names:
            pool = ProcessPoolExecutor(1, context, _end_with_parent)
            self._pools[name] = self._exit.enter_context(pool)
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def call(self, name: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of ``function(*args)`` in that process; its exceptions are raised here."""
        return self._pools[name].submit(function, *args, **kwargs).result()

    def installed(self, function: Callable[[str], object]) -> list[str]:
        """The names for which ``function(name)``, called there, finds all that it imports; the others go."""
        for name in list(self.names):
            try:
                self.call(name, function, name)
            except ImportError:
                self.names.remove(name)
        return self.names
