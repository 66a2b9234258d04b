"""Run a recorded graph again: ours, CasADi, C and JAX; forward and backward a node, one thread, one column.

Preparation (lowering, compiling) is told apart from recording, which is not timed, and from running. Each
contestant has a process.
"""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from benchmarks import straight_line
from benchmarks.apart import Apart
from benchmarks.eager import require_the_same
from benchmarks.graphs import GRAPHS, Graph
from benchmarks.measure import in_turns, say_left_out
from benchmarks.records import NUMBA, NUMPY, Record, preparations, ratios, record, table
from benchmarks.scalars import Engine, Ours

SIZES = (100, 1_000, 2_000, 11_000, 65_000, 100_000, 1_000_000)
KINDS = ("mlp", "wide", "mixed")
# Preparation takes minutes beyond these.
PATIENCE = {"JAX, jit": 1_000, "C, gcc -O1": 65_000}
QUICK = {"JAX, jit": 100, "C, gcc -O1": 1_000, "CasADi, SX": 11_000, NUMBA: 11_000, NUMPY: 11_000}


@dataclass(frozen=True, slots=True)
class Replay:
    """A graph made ready."""

    step: Callable[[], float]  # forward and backward; the value
    gradients: Callable[[], Sequence[float]]  # of the last step, by each leaf
    preparation: float  # seconds from the built graph, or the traced program, to the first result


def casadi(graph: Graph) -> Replay:
    """CasADi's virtual machine for SX expressions, called without copies."""
    ca = importlib.import_module("casadi")
    p = ca.SX.sym("p", len(graph.leaves))
    engine = Engine(float, float, lambda x: ca.fmax(x, 0), ca.tanh)
    J = graph.run(engine, [p[i] for i in range(len(graph.leaves))])
    built = time.perf_counter()
    function = ca.Function("J", [p], [J, ca.gradient(J, p)])
    leaves, value, slopes = np.array(graph.leaves), np.zeros(1), np.zeros(len(graph.leaves))
    buffer, trigger = function.buffer()
    buffer.set_arg(0, leaves.data)
    buffer.set_res(0, value.data)
    buffer.set_res(1, slopes.data)

    used = function, buffer, leaves, slopes  # the trigger reads them and does not keep them

    def step(used: object = used) -> float:
        del used
        trigger()
        return float(value[0])

    step()
    return Replay(step, slopes.tolist, time.perf_counter() - built)


def c(graph: Graph) -> Replay:
    """Straight-line C."""
    return Replay(*straight_line.compiled(graph))


def jax(graph: Graph) -> Replay:
    """jax.jit of the program, traced over scalars."""
    module = importlib.import_module("jax")
    module.config.update("jax_enable_x64", True)
    jnp = module.numpy
    engine = Engine(float, float, lambda x: jnp.maximum(x, 0.0), jnp.tanh)
    leaves = jnp.asarray(graph.leaves)
    function = module.jit(module.value_and_grad(lambda p: graph.run(engine, list(p))))
    traced = function.lower(leaves)
    built = time.perf_counter()
    compiled = traced.compile()
    result: list[Any] = [None, None]

    def step() -> float:
        result[:] = compiled(leaves)
        return float(result[0])

    step()
    return Replay(step, lambda: np.asarray(result[1]).tolist(), time.perf_counter() - built)


def ours(runner: str, graph: Graph) -> Replay:
    """The graph of Values through `micrograd_dl.compiled`."""
    compile_graph = importlib.import_module("micrograd_dl.compiled").compile_graph
    engine = Ours()
    leaves = [engine.leaf(x) for x in graph.leaves]
    J = engine.build(graph, leaves)
    built = time.perf_counter()
    f = compile_graph(J, inputs=[], parameters=leaves, runner=runner)
    theta = np.array(graph.leaves)
    gradient: Any = None

    def step() -> float:
        nonlocal gradient
        value: float
        value, gradient = f.at(theta)
        return value

    step()
    return Replay(step, lambda: gradient.tolist(), time.perf_counter() - built)


REPLAYS: dict[str, Callable[[Graph], Replay]] = {
    NUMBA: partial(ours, "numba"),
    NUMPY: partial(ours, "numpy"),
    "CasADi, SX": casadi,
    "C, gcc -O1": c,
    "JAX, jit": jax,
}


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
    timed = {name: partial(processes.call, name, steps, name, kind, size, seconds) for name in prepared}
    taken = in_turns(timed, rounds)
    return [
        record("replay", graph.name, name, (graph.nodes, 1), taken[name], preparation=preparation)
        for name, preparation in prepared.items()
    ]


def run(*, quick: bool = False, only: Sequence[str] = ()) -> list[Record]:
    """Measure and print every table; the records."""
    rounds, seconds = (2, 0.02) if quick else (9, 0.1)
    caps = QUICK if quick else PATIENCE
    records: list[Record] = []
    with Apart(REPLAYS) as processes:
        names = list(processes.installed(installed))
        say_left_out(name for name in REPLAYS if name not in names)
        for kind in [kind for kind in KINDS if not only or kind in only]:
            here: list[Record] = []
            for size in SIZES:
                able = [name for name in names if size <= caps.get(name, SIZES[-1])]
                here += compete(kind, size, processes, able, rounds, seconds)
            records += here
            print(f"\n**{here[0].task}: forward and backward, ns a node**\n")
            print(*table(here, "nodes", "ns a node"), sep="\n", flush=True)
            print("\n**Preparation**\n", *preparations(here), sep="\n", flush=True)
            print("", *ratios(here, "nodes", NUMBA if NUMBA in names else NUMPY), sep="\n", flush=True)
        for name, cap in caps.items():
            print(f"\n{name} is left out above {cap:,} nodes, for the time of its preparation.")
    return records
