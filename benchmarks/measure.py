"""Timing several ways to do the same work, in turns, so that whatever slows the machine slows all of them."""

from __future__ import annotations

import gc
import math
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds a call: of each round the median, and of these the smallest, the middle and the largest."""

    low: float
    median: float
    high: float


def side_by_side(
    contestants: Mapping[str, Callable[[], object]], rounds: int = 9, seconds: float = 0.1
) -> dict[str, Timing]:
    """Time each contestant for `seconds` a round, one after the other, in `rounds` rounds.

    Each is called twice before the first round: compilation is not part of running.
    """
    calls = {}
    for name, call in contestants.items():
        call()
        call()
        calls[name] = max(3, int(seconds / max(_seconds(call, 3), 1e-9)))
    medians: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, call in contestants.items():
            gc.collect()
            call()  # the caches and the threads of the one before are not this one's
            medians[name].append(_seconds(call, calls[name]))
    return {name: Timing(min(x), statistics.median(x), max(x)) for name, x in medians.items()}


def in_turns(
    calls: Mapping[str, Callable[[], float]], rounds: int, patience: float = math.inf
) -> dict[str, list[float]]:
    """What each call returned in every round, in seconds; none is called again after `patience` of them."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            if not taken[name] or sum(taken[name]) < patience:
                taken[name].append(call())
    return taken


def _seconds(call: Callable[[], object], count: int) -> float:
    taken = []
    for _ in range(count):
        begin = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def say_left_out(missing: Iterable[str]) -> None:
    """Print who does not take part, if anybody does not."""
    if names := ", ".join(missing):
        print(f"\nNot installed, left out: {names}.")


def machine() -> str:
    """The processor, the number of cores, and the versions that matter."""
    path = Path("/proc/cpuinfo")
    text = path.read_text() if path.exists() else ""
    model = re.search(r"model name\s*: (.*)", text)
    processor = model[1] if model else platform.processor() or platform.machine()
    vector = "AVX-512" if "avx512f" in text else "AVX2" if "avx2" in text else "no AVX2"
    python = f"CPython {platform.python_version()}, {sys.platform}"
    return f"{processor} ({vector}), {os.cpu_count()} cores, {python}"
