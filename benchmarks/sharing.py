"""A step of training that processes share: ``mpiexec -n 2 python -m benchmarks.sharing`` prints a row.

The columns: processes; ms a step of 784-512-512-10 over m = 1,024 examples; of these, ms in Allreduce of the
gradients, waiting for the slowest process included; the time of one process over the whole batch, measured in
the same run while the others wait; and how many times as fast the step is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from statistics import median
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from micrograd_dl import vectorized
from micrograd_dl.nn.network import Array
from micrograd_dl.training.sharing import Shares

SHAPE, M = (784, 512, 512, 10), 1024
STEPS = 30


class Watched:
    """A communicator that notes how long its sums take."""

    def __init__(self, comm: Any) -> None:
        self.comm = comm
        self.seconds: list[float] = []
        self.Get_rank, self.Get_size, self.bcast = comm.Get_rank, comm.Get_size, comm.bcast

    def Allreduce(self, sent: Array, received: Array) -> None:
        """As of the communicator."""
        began = time.perf_counter()
        self.comm.Allreduce(sent, received)
        self.seconds.append(time.perf_counter() - began)


def row(world: Any) -> str:
    """The row of the table for all processes of a communicator."""
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(SHAPE[0], M)), np.eye(SHAPE[-1])[:, rng.integers(SHAPE[-1], size=M)]
    model = vectorized.MLP(SHAPE[0], SHAPE[1:], ["relu", "relu", "softmax"], seed=1)
    comm = Watched(world)
    shares = Shares(comm)

    def milliseconds(step: Callable[[], object]) -> float:
        found = []
        for _ in range(STEPS):
            began = time.perf_counter()
            step()
            found.append(time.perf_counter() - began)
        return 1e3 * median(found[3:])

    alone = milliseconds(lambda: model.cost_and_grad(X, Y)) if world.Get_rank() == 0 else 0.0
    world.Barrier()
    together = milliseconds(lambda: shares.mean(model, model.cost_and_grad, X, Y))
    summed = 1e3 * median(comm.seconds[3:])
    processes = world.Get_size()
    return f"| {processes} | {together:.1f} | {summed:.1f} | {alone:.1f} | {alone / together:.2f} |"


if __name__ == "__main__":
    world: Any = import_module("mpi4py.MPI").COMM_WORLD
    with threadpool_limits(1):  # a core for each process
        printed = row(world)
    if world.Get_rank() == 0:
        print(printed)
