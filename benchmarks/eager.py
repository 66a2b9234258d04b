"""Build a graph of scalars, backpropagate, free it: every engine, node for node, at growing sizes.

Every engine has a process of its own, with the garbage collector as Python sets it; they take turns. The
first step of each, which is not timed, gives the numbers that are compared.
"""

from __future__ import annotations

import gc
import math
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.apart import Apart
from benchmarks.graphs import GRAPHS, Graph
from benchmarks.measure import in_turns, say_left_out
from benchmarks.records import Record, number, ratios, record, table
from benchmarks.scalars import ENGINES, FUSED, OURS, WITHOUT_NETWORKS, Engine

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
# (graph, sizes, engines left out: fused neurons are those of the other where there are no neurons)
TASKS: tuple[tuple[str, tuple[int, ...], tuple[str, ...]], ...] = (
    ("mlp", SIZES, ()),
    ("calls", (1_000, 10_000, 100_000), WITHOUT_NETWORKS),
    ("mixed", SIZES, (FUSED,)),
    ("chain", (1_000, 10_000, 100_000, 1_000_000), (FUSED,)),
)
SLOW = ("MyGrad", "autograd (HIPS)")  # their time is not the collector's
LOOK = 10_000  # nodes, to see who is slow
_LIMIT = sys.getrecursionlimit()
DEEP = 10_000_000
RAISED = "†"


# --- in the process of an engine ------------------------------------------------------------------------


@cache
def _engine(name: str) -> Engine:
    return ENGINES[name]()


def alive(name: str) -> int:
    """How many objects the collector has to look at before there is any graph."""
    _engine(name)
    gc.collect()
    return len(gc.get_objects())


@lru_cache(1)
def _task(name: str, kind: str, size: int) -> tuple[Engine, Graph, list[Any]]:
    engine, graph = ENGINES[name](), GRAPHS[kind](size)
    return engine, graph, [engine.leaf(x) for x in graph.leaves]


def first(name: str, kind: str, size: int) -> tuple[float, list[float], float, bool]:
    """The value, the gradients, the seconds of a second step, whether it took a higher recursion limit."""
    engine, graph, leaves = _task(name, kind, size)
    raised = False
    sys.setrecursionlimit(_LIMIT)
    try:
        J = engine.build(graph, leaves)
        engine.backward(J)
    except RecursionError:
        raised = True
        sys.setrecursionlimit(DEEP)
        J = engine.build(graph, leaves)
        engine.backward(J)
    value, gradients = engine.data(J), engine.gradients(leaves)
    J = None
    return value, gradients, steps(name, kind, size, 1), raised


def steps(name: str, kind: str, size: int, count: int) -> float:
    """Seconds a step, one after the other, so that garbage of one is collected in the next."""
    engine, graph, leaves = _task(name, kind, size)
    begin = time.perf_counter()
    for _ in range(count):
        J = engine.build(graph, leaves)
        engine.backward(J)
        J = None
    return (time.perf_counter() - begin) / count


def phases(name: str, kind: str, size: int, collector: bool) -> list[float]:
    """Nanoseconds a node to build, to backpropagate and to free, the collector at its default or off."""
    engine, graph, leaves = _task(name, kind, size)
    gc.collect()
    try:
        if not collector:
            gc.disable()
        marks = [time.perf_counter()]
        J = engine.build(graph, leaves)
        marks.append(time.perf_counter())
        engine.backward(J)
        marks.append(time.perf_counter())
        J = None
        marks.append(time.perf_counter())
    finally:
        gc.enable()
    return [(b - a) / graph.nodes * 1e9 for a, b in pairwise(marks)]


def memory(name: str, kind: str, size: int) -> tuple[float, float]:
    """Bytes a node of a graph that is built, and at the height of backpropagation: memory of the process."""
    engine, graph, leaves = _task(name, kind, size)
    sys.setrecursionlimit(DEEP)
    gc.collect()
    before = _resident("VmRSS")
    J = engine.build(graph, leaves)
    built = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the height of the import
    engine.backward(J)
    return (built - before) / graph.nodes, (_resident("VmHWM") - before) / graph.nodes


def _resident(which: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(which))


# --- in the parent --------------------------------------------------------------------------------------


def require_the_same(name: str, found: tuple[float, list[float]], wanted: tuple[float, list[float]]) -> None:
    """Raise AssertionError unless value and gradients are those of the first engine."""
    assert math.isclose(found[0], wanted[0], rel_tol=1e-9), f"{name}: {found[0]}, not {wanted[0]}"
    scale = max(abs(g) for g in wanted[1])
    for i, (g, other) in enumerate(zip(found[1], wanted[1], strict=True)):
        assert abs(g - other) <= 1e-9 * scale, f"{name}: the gradient by leaf {i} is {g}, not {other}"


def compete(
    kind: str,
    sizes: Sequence[int],
    processes: Apart,
    names: Sequence[str],
    rounds: int,
    patience: float,
    seconds: float = 0.5,
) -> Iterator[Record | str]:
    """The records of one graph; and a line for whoever is stopped.

    Args:
        patience: the seconds that a step may take; who is expected to take longer at a size is left out.
        seconds: how long a round is, at least a step: several passes of the collector belong to it.
    """
    slow = dict.fromkeys(names, 0.0)  # seconds a node
    if sizes[0] > LOOK:
        slow = {name: processes.call(name, first, name, kind, LOOK)[2] / LOOK for name in names}
    for size in sizes:
        nodes = GRAPHS[kind](size).nodes
        running: dict[str, tuple[int, str]] = {}
        wanted = None
        for name in names:
            if slow[name] * nodes > patience:
                yield f"{name} is stopped before {nodes:,} nodes: {slow[name] * nodes:.0f} s a step at least."
                continue
            J, gradients, again, raised = processes.call(name, first, name, kind, size)
            wanted = wanted or (J, gradients)
            require_the_same(name, (J, gradients), wanted)
            slow[name] = again / nodes
            running[name] = (max(1, int(seconds / again)), RAISED if raised else "")
        timed = {
            name: partial(processes.call, name, steps, name, kind, size, n)
            for name, (n, _) in running.items()
        }
        taken = in_turns(timed, rounds, patience)
        for name, (_, note) in running.items():
            title = GRAPHS[kind](size).name
            yield record("eager", title, name, (nodes, 1), taken[name], note=note)


def measure_memory(names: Sequence[str], size: int) -> list[str]:
    """A table in Markdown; every engine in a fresh process."""
    lines = ["| bytes a node | built | with backpropagation, at its height |", "|---|--:|--:|"]
    for name in names:
        with Apart([name]) as fresh:
            built, height = fresh.call(name, memory, name, "mlp", size)
        lines.append(f"| {name} | {number(built)} | {number(height)} |")
    return lines


def measure_phases(processes: Apart, names: Sequence[str], size: int, rounds: int) -> list[str]:
    """A table in Markdown: the medians of each phase, with the collector and without."""
    lines = [
        "| ns a node | build | backward | free | build, collector off | backward, off | free, off |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    found: dict[str, list[list[float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, times in found.items():
            both = [processes.call(name, phases, name, "mlp", size, collector) for collector in (True, False)]
            times.append(both[0] + both[1])
    for name, times in found.items():
        medians = [statistics.median(column) for column in zip(*times, strict=True)]
        lines.append(f"| {name} | " + " | ".join(map(number, medians)) + " |")
    return lines


def run(*, quick: bool = False, only: Sequence[str] = ()) -> list[Record]:
    """Measure and print every table; the records."""
    rounds, patience, seconds = (2, 1.0, 0.1) if quick else (9, 4.0, 0.5)
    records: list[Record] = []
    with Apart(ENGINES) as processes:
        names = list(processes.installed(alive))
        say_left_out(name for name in ENGINES if name not in names)
        objects = {name: processes.call(name, alive, name) for name in names}
        held = ", ".join(f"{name} {count:,}" for name, count in objects.items())
        print(f"\nObjects in the process before there is a graph: {held}.")
        for kind, sizes, without in TASKS:
            if only and kind not in only:
                continue
            those = [name for name in names if name not in without]
            found = list(compete(kind, sizes, processes, those, rounds, patience, seconds))
            here = [r for r in found if isinstance(r, Record)]
            records += here
            print(f"\n**{here[0].task}: build, backpropagate, free; ns a node**\n")
            print(*table(here, "nodes", "ns a node"), sep="\n", flush=True)
            if any(r.note for r in here):
                print(f"\n{RAISED} RecursionError, until sys.setrecursionlimit is raised.")
            for line in found:
                if isinstance(line, str):
                    print(f"\n{line}")
            for base in [name for name in (OURS, FUSED) if name in those]:
                print()
                print(*ratios(here, "nodes", base), sep="\n", flush=True)
        size = 1_000 if quick else 100_000
        phased = not only or "mlp" in only
        if phased:
            quickest = [name for name in names if name not in SLOW]
            print(f"\n**MLP loss of {size:,} nodes: with the garbage collector and without**\n")
            print(*measure_phases(processes, quickest, size, min(rounds, 3)), sep="\n", flush=True)
    if phased and Path("/proc/self/clear_refs").exists():
        print(f"\n**MLP loss of {size:,} nodes: memory**\n")
        print(*measure_memory(names, size), sep="\n", flush=True)
    return records
