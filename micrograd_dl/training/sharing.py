"""Mini-batches divided among the processes of an MPI communicator, such as ``mpi4py.MPI.COMM_WORLD``."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from micrograd_dl import nn, vectorized
from micrograd_dl.engine.value import Value
from micrograd_dl.nn.network import Array, Network

T = TypeVar("T")


class Communicator(Protocol):
    """What a training asks of a communicator."""

    def Get_rank(self) -> int:
        """The number of this process, from 0."""

    def Get_size(self) -> int:
        """How many processes there are."""

    def Allreduce(self, sent: Array, received: Array, /) -> None:
        """Put into `received`, in every process, the sum of what all have sent."""

    def bcast(self, x: Any, /) -> Any:
        """What the first process gives, in every process."""


class OtherProcessError(RuntimeError):
    """Another process of a training failed, and raises the error itself."""


@dataclass(slots=True)
class Shares:
    """The processes of a training, each with its share of every batch; without a communicator, this one.

    Whatever happens in one of them, an error or Ctrl-C, happens in all at the same step: none waits for ever.
    """

    comm: Communicator | None = None
    interrupted: bool = False

    def require_shareable(self, model: Any) -> None:
        """Raise ValueError or TypeError if a share of a batch does not tell the model's part of the cost."""
        if self.comm is None:
            return
        if not isinstance(model, Network):
            raise TypeError(
                f"processes share the batches of a network of this package, not a {type(model).__name__}"
            )
        if "batch" in model.normalisations:
            problem = "batch normalisation takes the mean of the whole batch, of which a process has a share"
            raise ValueError(f"{problem}: use layer normalisation")
        if model.regularisers and not isinstance(model, nn.MLP | vectorized.MLP):
            problem = "a compiled network was recorded with the whole of its penalties"
            raise ValueError(f"{problem}: train a vectorized.MLP with l2 or l1, or none")

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes files, shows progress and calls back."""
        return self.comm is None or self.comm.Get_rank() == 0

    def mean(self, model: Any, f: Callable[[Array, Array], Any], X: Array, Y: Array) -> Any:
        """``f(X, Y)``, a mean over the examples, such as a cost: the weighted sum of that of each share.

        The parameters' gradients are summed likewise where ``f`` is `model.cost_and_grad`.
        """
        if self.comm is None:
            return f(X, Y)
        m, rank, size = X.shape[1], self.comm.Get_rank(), self.comm.Get_size()
        columns = slice(m * rank // size, m * (rank + 1) // size)
        parameters = model.parameters() if f == model.cost_and_grad else ()
        sizes = [1, *(np.size(p.data) for p in parameters)]
        part = (columns.stop - columns.start) / m

        def compute() -> Array:
            with model.sharing(columns, m, min(m, size)):
                if not part:  # fewer examples than processes
                    model.skip_pass()
                    return np.zeros(sum(sizes))
                J = f(X[:, columns], Y[:, columns])
            J = J.data if isinstance(J, Value) else J
            numbers: Array = np.concatenate([np.ravel(x) for x in (J, *(p.grad for p in parameters))])
            weighted: Array = numbers.astype(np.float64) * part
            return weighted

        [J], *gradients = np.split(self._sum(self.comm, compute, sum(sizes)), np.cumsum(sizes[:-1]))
        for p, gradient in zip(parameters, gradients, strict=True):
            data = p.data
            p.grad = (
                np.reshape(gradient, data.shape).astype(data.dtype) if np.ndim(data) else float(gradient[0])
            )
        return float(J)

    def everywhere(self, f: Callable[[], T]) -> T:
        """Call f in every process.

        Raises:
            Exception: what f raised, in the first process where it did.
            OtherProcessError: in all other processes.
        """
        found: list[T] = []

        def call() -> Array:
            found.append(f())
            return np.zeros(0)

        if self.comm is None:
            return f()
        self._sum(self.comm, call, 0)
        return found[0]

    def from_first(self, f: Callable[[], T]) -> T:
        """What f gives in the first process, which alone calls it; errors as of `everywhere`."""
        found: Any = self.everywhere(lambda: f() if self.is_first else None)
        result: T = found if self.comm is None else self.comm.bcast(found)
        return result

    def _sum(self, comm: Communicator, compute: Callable[[], Array], size: int) -> Array:
        """The sum over all processes of as many numbers; an error or Ctrl-C in one of them is one in all."""
        rank, processes = comm.Get_rank(), comm.Get_size()
        sent, error = np.zeros(1 + processes + size), None
        try:
            sent[1 + processes :] = compute()
        except Exception as failure:  # noqa: BLE001 - whatever it is, the others wait for this process
            sent[1 + rank], error = 1, failure
        sent[0] = self.interrupted
        received = np.empty_like(sent)
        comm.Allreduce(sent, received)
        failed = received[1 : 1 + processes]
        if failed.any():
            first = int(failed.argmax())
            if error is not None and rank == first:
                raise error
            raise OtherProcessError(f"process {first} of the training failed: its own message says why")
        if received[0]:
            raise KeyboardInterrupt
        return received[1 + processes :]

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Inside, Ctrl-C in any process raises KeyboardInterrupt in all of them, at the same step."""
        alone = self.comm is None
        if alone or threading.current_thread() is not threading.main_thread():  # which alone is interrupted
            yield
            return

        def note(*_: object) -> None:
            self.interrupted = True

        before = signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
