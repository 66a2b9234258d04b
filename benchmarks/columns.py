"""The graph of one example over m columns, against matrices: a step of gradient descent, one thread.

The network is that of micrograd's moons, 2-16-16-1 with ReLU, and the logistic loss; a step is forward,
backward and update. All take turns in one process that is held to one core.
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from benchmarks.apart import Apart
from benchmarks.measure import Timing, say_left_out, side_by_side
from benchmarks.records import NUMBA, NUMPY, Record, ratios, record, table

if TYPE_CHECKING:
    from benchmarks.peers import Task

COLUMNS = (1, 10, 100, 1_000, 10_000, 100_000)
SIZES = (2, 16, 16, 1)
TITLE = f"{'-'.join(map(str, SIZES))}, m columns"
PEERS = ("NumPy by hand", "PyTorch, eager", "JAX, jit")
# A multiplication and an addition a weight, a ReLU a hidden unit; the logistic loss: softplus, product, sum.
NODES = sum(2 * n_in * n_out for n_in, n_out in pairwise(SIZES)) + sum(SIZES[1:-1]) + 3


# --- in the process of all ------------------------------------------------------------------------------


def compiled(task: Task, alpha: float, runner: Any) -> Callable[[], float]:
    """A program over scalars for one example, recorded, and run on all columns."""
    import numpy as np

    from micrograd_dl.compiled import compile_graph
    from micrograd_dl.engine import functions
    from micrograd_dl.engine.value import Value
    from micrograd_dl.nn import MLP

    model = MLP(task.sizes[0], task.sizes[1:], [*[task.hidden] * (len(task.sizes) - 2), "linear"])
    model.set_layers_data(task.weights("float64"))
    x, y = [Value(0.0) for _ in range(task.sizes[0])], Value(0.0)
    z: Any = model(x)
    f = compile_graph(
        functions.softplus(z) - y * z, inputs=[x, y], parameters=model.parameters(), runner=runner
    )
    theta = np.array([p.data for p in model.parameters()])
    X, Y = task.data("float64")

    def step() -> float:
        nonlocal theta
        J, gradient = f.at(theta, X, Y)
        theta = theta - alpha * gradient
        return J

    return step


def contestants(m: int) -> tuple[dict[str, Callable[[], Any]], list[str]]:
    """All who are installed, by name, and the names of the others; their costs are the same."""
    from benchmarks import networks, peers

    task = peers.Task(SIZES, m, "relu")
    some = {name: peers.PEERS[name] for name in PEERS}
    found, missing = networks.contestants(task, "float64", some)
    del found[networks.FLOOR]
    for name, runner in ((NUMBA, "numba"), (NUMPY, "numpy")):
        try:
            found[name] = compiled(task, networks.ALPHA, runner)
        except ImportError:
            missing.append(name)
    networks.require_the_same_cost(found, "float64")
    return found, missing


def measure(m: int, rounds: int, seconds: float) -> tuple[Mapping[str, Timing], list[str]]:
    """The time of a step of each, and who is not installed."""
    with contextlib.suppress(AttributeError):  # where a process can be held to a core
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    steps, missing = contestants(m)
    gc.freeze()  # `side_by_side` collects before each round, which need not look at all of PyTorch and JAX
    return side_by_side(steps, rounds, seconds), missing


# --- in the parent --------------------------------------------------------------------------------------


def run(*, quick: bool = False, **_: Any) -> list[Record]:
    """Measure and print; the records."""
    records = []
    with Apart(["all"]) as processes:
        for m in COLUMNS[:-1] if quick else COLUMNS:
            timings, missing = processes.call("all", measure, m, *((3, 0.02) if quick else (5, 0.1)))
            records += [
                record("columns", TITLE, name, (NODES, m), (t.low, t.median, t.high))
                for name, t in timings.items()
            ]
    say_left_out(missing)
    print(f"\n**{TITLE}: a step, ns a node ({NODES}) and column**\n")
    print(*table(records, "columns", "ns a node and column"), sep="\n")
    for base in [name for name in (NUMBA, "NumPy by hand") if name in {r.contestant for r in records}]:
        print()
        print(*ratios(records, "columns", base), sep="\n", flush=True)
    return records
