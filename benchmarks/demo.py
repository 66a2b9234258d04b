"""Whole trainings: micrograd's moons, and a GPT of Values. Each contestant has a process of its own.

Who would take long does as many steps as there is patience for, and their time is multiplied. The first
training of each, of three steps, is the warm-up: recording, preparing and compiling fall into it.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from functools import cache, partial

from benchmarks.apart import Apart
from benchmarks.measure import in_turns, say_left_out
from benchmarks.records import Record, record, trainings

Train = Callable[[int], Sequence[float]]
FEW = 3
DEMONSTRATIONS = {"moons": "micrograd's moons, 100 steps", "gpt": "a GPT of Values, 1,000 steps"}


# --- in the process of a contestant ---------------------------------------------------------------------


@cache
def _train(module: str, name: str) -> Train:
    train: Train = importlib.import_module(f"benchmarks.{module}").CONTESTANTS[name]()
    return train


def prepare(module: str, name: str) -> None:
    """Raise ImportError if what it needs is not installed."""
    _train(module, name)


def warm_up(module: str, name: str, steps: int) -> tuple[list[float], float, float]:
    """The losses of the first training, its seconds, and a second time its seconds."""
    begin = time.perf_counter()
    losses = list(map(float, _train(module, name)(steps)))
    middle = time.perf_counter()
    _train(module, name)(steps)
    return losses, middle - begin, time.perf_counter() - middle


def training(module: str, name: str, steps: int) -> float:
    """Seconds."""
    begin = time.perf_counter()
    _train(module, name)(steps)
    return time.perf_counter() - begin


# --- in the parent --------------------------------------------------------------------------------------


def names(module: str) -> list[str]:
    """Who takes part."""
    return list(importlib.import_module(f"benchmarks.{module}").CONTESTANTS)


def require_the_same(name: str, losses: Sequence[float], wanted: Sequence[float]) -> None:
    """Raise AssertionError unless the losses are those of the first contestant."""
    pairs = zip(losses, wanted, strict=True)
    assert all(abs(a - b) <= 1e-8 * abs(b) for a, b in pairs), f"{name}: losses {losses}, not {wanted}"


def compete(
    module: str, processes: Apart, those: Sequence[str], rounds: int, patience: float
) -> list[Record]:
    """The time of the whole training by each contestant, in nanoseconds."""
    whole, wanted = importlib.import_module(f"benchmarks.{module}").STEPS, None
    plan: dict[str, tuple[int, float]] = {}
    for name in those:
        losses, first, again = processes.call(name, warm_up, module, name, FEW)
        wanted = wanted or losses
        require_the_same(name, losses, wanted)
        steps = max(FEW, min(whole, int(patience * FEW / again)))
        if steps == whole:  # JAX compiles anew for another number of steps
            first += processes.call(name, training, module, name, steps) - again * whole / FEW
        plan[name] = steps, max(0.0, first - again)
    timed = {name: partial(processes.call, name, training, module, name, n) for name, (n, _) in plan.items()}
    taken = in_turns(timed, rounds, patience)
    taken = {name: [x * whole / plan[name][0] for x in seconds] for name, seconds in taken.items()}
    title = DEMONSTRATIONS[module]
    notes = {name: "" if steps == whole else f"from {steps} steps" for name, (steps, _) in plan.items()}
    return [
        record("demo", title, name, (1, 1), taken[name], preparation=warm, note=notes[name])
        for name, (_, warm) in plan.items()
    ]


def run(*, quick: bool = False, only: Sequence[str] = ()) -> list[Record]:
    """Measure and print both; the records."""
    rounds, patience = (2, 1.0) if quick else (25, 3.0)
    records = []
    for module, title in DEMONSTRATIONS.items():
        if only and module not in only:
            continue
        with Apart(names(module)) as processes:
            those = list(processes.installed(partial(prepare, module)))
            say_left_out(name for name in names(module) if name not in those)
            here = compete(module, processes, those, rounds, patience)
        print(f"\n**{title}**\n", *trainings(here), sep="\n", flush=True)
        records += here
    return records
