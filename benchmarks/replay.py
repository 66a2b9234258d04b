"""Run a recorded graph again: forward and backward a node, at growing sizes; one thread, one column.

Preparation (lowering, compiling) is told apart from recording, which is not timed, and from running. Each
contestant has a process.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Sequence
from functools import cache

from benchmarks.apart import Apart
from benchmarks.eager import require_the_same
from benchmarks.graphs import GRAPHS
from benchmarks.measure import say_left_out
from benchmarks.records import NUMBA, NUMPY, Record, preparations, ratios, record, table
from benchmarks.replayed import REPLAYS, Replay

SIZES = (100, 1_000, 2_000, 11_000, 65_000, 100_000, 1_000_000)
KINDS = ("mlp", "wide", "mixed")
# Preparation takes minutes beyond these, and hours beyond those of --full.
PATIENCE = {"JAX, jit": 1_000, "C, gcc -O1": 65_000}
FULL = {"JAX, jit": 11_000, "C, gcc -O1": 100_000}
QUICK = {"JAX, jit": 100, "C, gcc -O1": 1_000, "CasADi, SX": 11_000, NUMBA: 11_000, NUMPY: 11_000}


# --- in the process of a contestant ---------------------------------------------------------------------


@cache
def _made(name: str, kind: str, size: int) -> Replay:
    return REPLAYS[name](GRAPHS[kind](size))


def installed(name: str) -> None:
    """Raise ImportError if it is not."""
    _made(name, "chain", 10)


def first(name: str, kind: str, size: int) -> tuple[float, list[float], float]:
    """The value, the gradients, and the seconds of preparation."""
    made = _made(name, kind, size)
    return made.step(), list(made.gradients()), made.preparation


def steps(name: str, kind: str, size: int, seconds: float) -> float:
    """Seconds a step: the median of those that fit in the time."""
    step = _made(name, kind, size).step
    taken: list[float] = []
    step()
    end = time.perf_counter() + seconds
    while (begin := time.perf_counter()) < end or len(taken) < 3:
        step()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


# --- in the parent --------------------------------------------------------------------------------------


def compete(
    kind: str, size: int, processes: Apart, names: Iterable[str], rounds: int, seconds: float
) -> list[Record]:
    """The records of one graph at one size."""
    graph, wanted = GRAPHS[kind](size), None
    prepared: dict[str, float] = {}
    for name in names:
        J, gradients, prepared[name] = processes.call(name, first, name, kind, size)
        wanted = wanted or (J, gradients)
        require_the_same(name, (J, gradients), wanted)
    taken: dict[str, list[float]] = {name: [] for name in prepared}
    for _ in range(rounds):
        for name, times in taken.items():
            times.append(processes.call(name, steps, name, kind, size, seconds))
    return [
        record("replay", graph.name, name, (graph.nodes, 1), taken[name], preparation=preparation)
        for name, preparation in prepared.items()
    ]


def run(
    *,
    quick: bool = False,
    full: bool = False,
    largest: int = SIZES[-1],
    smallest: int = 0,
    only: Sequence[str] = (),
) -> list[Record]:
    """Measure and print every table; the records."""
    rounds, seconds = (2, 0.02) if quick else (9, 0.1)
    caps = QUICK if quick else FULL if full else PATIENCE
    records: list[Record] = []
    with Apart(REPLAYS) as processes:
        names = list(processes.installed(installed))
        say_left_out(name for name in REPLAYS if name not in names)
        for kind in [kind for kind in KINDS if not only or kind in only]:
            here: list[Record] = []
            for size in [n for n in SIZES if smallest <= n <= largest]:
                able = [name for name in names if size <= caps.get(name, SIZES[-1])]
                here += compete(kind, size, processes, able, rounds, seconds)
            if not here:
                continue
            records += here
            print(f"\n**{here[0].task}: forward and backward, ns a node**\n")
            print(*table(here, "nodes", "ns a node"), sep="\n", flush=True)
            print("\n**Preparation**\n")
            print(*preparations(here), sep="\n", flush=True)
            base = NUMBA if NUMBA in names else NUMPY
            if base in names:
                print()
                print(*ratios(here, "nodes", base), sep="\n", flush=True)
        for name, cap in caps.items():
            print(f"\n{name} is left out above {cap:,} nodes, for the time of its preparation.")
    return records
