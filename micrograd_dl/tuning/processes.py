"""Trainings in several processes at once, none of which outlives the search."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from micrograd_dl.tuning.results import Key, Verdict

# Trains with the options of a trial for a number of epochs, and judges the result. With several processes it
# has to be what pickle can send to another one: a function of a module, or a functools.partial of one.
Judge: TypeAlias = Callable[[Mapping[str, Any], int], Verdict]

# Takes, by its key, what each training is to be judged with, and yields the verdicts in any order.
WorkerPool: TypeAlias = Callable[[Mapping[Key, tuple[Any, int]]], Iterator[tuple[Key, Verdict]]]


@contextmanager
def worker_pool(judge: Judge, processes: int) -> Iterator[WorkerPool]:
    """A function that runs trainings, as many at once as there are processes; with 0, in this process.

    The results are the same whatever the number of processes. The first error of a training ends all others.
    """
    if processes == 0:
        yield lambda jobs: ((key, judge(*job)) for key, job in jobs.items())
        return
    # Processes begin anew on every system alike: a forked one would inherit the locks of other threads.
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    with ours, theirs, ProcessPoolExecutor(processes, context, _begin, (judge, theirs)) as pool:

        def work(jobs: Mapping[Key, tuple[Any, int]]) -> Iterator[tuple[Key, Verdict]]:
            with _interrupted_afterwards():
                under_way = {pool.submit(_do, *job): key for key, job in jobs.items()}
            for future in as_completed(under_way):
                yield under_way[future], future.result()

        try:
            yield work
        except BaseException:
            ours.close()  # the processes end in the middle of what they do, and the pool with them
            raise


@contextmanager
def _interrupted_afterwards() -> Iterator[None]:
    """Ctrl-C takes effect at the end of the block, and processes that are started in it ignore it."""
    # A terminal sends Ctrl-C to all processes, but here the search ends them. The signal is blocked, which
    # they inherit; and it is noted, as the system may hand it to another thread, such as one of NumPy's.
    if threading.current_thread() is not threading.main_thread():  # which alone is interrupted
        yield
        return
    came: list[Any] = []
    can_block = hasattr(signal, "pthread_sigmask")  # not on Windows
    handler = signal.signal(signal.SIGINT, lambda *signal_and_frame: came.append(signal_and_frame))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]) if can_block else set()
    try:
        yield
    finally:
        if can_block:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)  # one that is pending is noted here
        signal.signal(signal.SIGINT, handler)
    if came and callable(handler):
        handler(*came[0])


_judge: Judge  # set once in each worker process


def _begin(judge: Judge, theirs: Connection) -> None:
    global _judge
    _judge = judge
    threadpool_limits(1)  # with more threads than processors they would wait for each other
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it cannot be blocked
    # The default lock of a progress bar is a semaphore, which a process that ends at once would leave behind.
    tqdm.set_lock(threading.RLock())
    threading.Thread(target=_end_with_the_search, args=(theirs,), daemon=True).start()


def _end_with_the_search(theirs: Connection) -> None:
    """Leave when the other end of the pipe is closed, which the system does when the search is killed."""
    try:
        theirs.recv()
    except (EOFError, OSError):
        os._exit(1)


def _do(options: Mapping[str, Any], epochs: int) -> Verdict:
    return _judge(options, epochs)
