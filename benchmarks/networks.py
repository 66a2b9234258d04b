"""A step of gradient descent of four networks, against other libraries and against the products alone.

The **floor** is the time of the matrix products that the step cannot do without: ``W A`` and ``dZ A^T`` of
every layer, ``W^T dZ`` of all but the first.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_info

from benchmarks import peers
from benchmarks.measure import Timing, say_left_out, side_by_side
from benchmarks.peers import Step, Task
from micrograd_dl.foundation.products import halved_products
from micrograd_dl.optim.optimisers import GradientDescent
from micrograd_dl.vectorized import MLP

ALPHA = 1e-3
FLOOR, OURS = "floor: the products alone", "micrograd_dl.vectorized"


TASKS = (
    Task((12288, 20, 7, 5, 1), 209, "relu"),
    Task((2, 4, 1), 400, "tanh"),
    Task((784, 128, 64, 10), 128, "relu"),
    Task((784, 512, 512, 10), 1024, "relu"),
)


def products(task: Task, dtype: str) -> Callable[[], None]:
    """The floor."""
    rng = np.random.default_rng(3)

    def array(*shape: int) -> NDArray[Any]:
        return rng.standard_normal(shape).astype(dtype)

    m, layers = task.m, []
    for l, (k, n) in enumerate(pairwise(task.sizes)):
        W, A, Z = array(n, k), array(k, m), array(n, m)
        layers.append((W, A, Z))
        layers.append((Z, A.T, np.empty_like(W)))
        if l:
            layers.append((W.T, Z, np.empty_like(A)))

    def step() -> None:
        for x, y, out in layers:
            np.matmul(x, y, out=out)

    # A product overwrites an operand of another (Z): its numbers stay finite, as W, A are fixed.
    return step


def ours(task: Task, dtype: str) -> Callable[[], float]:
    """`vectorized.MLP` and `GradientDescent`, as a user calls them."""
    output = "softmax" if task.sizes[-1] > 1 else "sigmoid"
    names = [*[task.hidden] * (len(task.sizes) - 2), output]
    model = MLP(task.sizes[0], task.sizes[1:], names, dtype=dtype, seed=1)
    model.set_layers_data(task.weights(dtype))
    optimiser = GradientDescent(model.parameters(), ALPHA)
    X, Y = task.data(dtype)

    def step() -> float:
        J = model.cost_and_grad(X, Y)
        optimiser.step()
        return J

    return step


def contestants(
    task: Task, dtype: str, others: Mapping[str, Callable[[Task, str, float], Step]] | None = None
) -> tuple[dict[str, Callable[[], Any]], list[str]]:
    """All who can do the task, by name, and the names of those who are not installed.

    Args:
        others: the peers, all by default.
    """
    found: dict[str, Callable[[], Any]] = {FLOOR: products(task, dtype), OURS: ours(task, dtype)}
    missing = []
    for name, make in (peers.PEERS if others is None else others).items():
        try:
            found[name] = make(task, dtype, ALPHA)
        except ImportError:
            missing.append(name)
    return found, missing


def require_the_same_cost(steps: dict[str, Callable[[], Any]], dtype: str) -> None:
    """Raise AssertionError unless all compute the same: the second step's cost tells the first's gradient."""
    costs = {name: (float(step()), float(step())) for name, step in steps.items() if name != FLOOR}
    tolerance = 1e-9 if dtype == "float64" else 2e-4
    for name, pair in costs.items():
        assert np.allclose(pair, costs[OURS], rtol=tolerance), f"{name}: costs {pair}, not {costs[OURS]}"


def table(task: Task, dtype: str, timings: dict[str, Timing]) -> Iterator[str]:
    """Markdown: the time of each, and its ratios to the floor and to ours."""
    floor, base = timings[FLOOR].median, timings[OURS].median
    yield f"\n**{task}, {dtype}**\n"
    yield "| step | median µs | smallest to largest | times the floor | times ours |"
    yield "|---|--:|--:|--:|--:|"
    for name, t in sorted(timings.items(), key=lambda item: item[1].median):
        spread = f"{_micro(t.low)} to {_micro(t.high)}"
        yield f"| {name} | {_micro(t.median)} | {spread} | {t.median / floor:.2f} | {t.median / base:.2f} |"


def busy_table(quick: bool) -> Iterator[str]:
    """Markdown: a step while nothing else runs, and beside a process that never waits."""
    yield "\n**On the threads that `fit` takes, and on two: idle, and beside a busy process (float64)**\n"
    yield "| step | threads | idle, median µs | busy, median µs | busy / idle |"
    yield "|---|---|--:|--:|--:|"
    for task in TASKS:
        step = ours(task, "float64")

        def as_fit(step: Callable[[], float] = step) -> None:
            with halved_products():
                for _ in range(10):
                    step()

        def on_two(step: Callable[[], float] = step) -> None:
            for _ in range(10):
                step()

        contestants = {"as fit": as_fit, "two": on_two}
        effort = (3, 0.03) if quick else (9, 0.5)
        idle = side_by_side(contestants, *effort)
        with busy_process():
            busy = side_by_side(contestants, *effort)
        for name in contestants:
            before, beside = idle[name].median / 10, busy[name].median / 10
            yield f"| {task} | {name} | {_micro(before)} | {_micro(beside)} | {beside / before:.2f} |"


@contextmanager
def busy_process() -> Iterator[None]:
    """Inside, another process computes all the time."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:.3g}" if seconds < 1e-3 else f"{seconds * 1e6:.0f}"


def run(quick: bool) -> None:
    """Measure and print every table."""
    print(f"\nTwo threads. BLAS of NumPy: {blas()}")
    for dtype in ("float64", "float32"):
        for task in TASKS:
            steps, missing = contestants(task, dtype)
            require_the_same_cost(steps, dtype)
            timings = side_by_side(steps, *((3, 0.03) if quick else (9, 0.25)))
            print(*table(task, dtype, timings), sep="\n", flush=True)
            say_left_out(missing)
    for line in busy_table(quick):
        print(line, flush=True)


def blas() -> str:
    """The BLAS that NumPy has loaded, its architecture and threads."""
    np.ones((2, 2)) @ np.ones((2, 2))
    found = [
        f"{pool['internal_api']} {pool['version']}, architecture {pool.get('architecture', 'unknown')}, "
        f"{pool['num_threads']} threads"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]
    return "; ".join(found) or "none found"
