"""Trainings at once: in processes that end with the search, or on the executor of a cluster."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
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
Jobs: TypeAlias = Mapping[Key, tuple[Any, int]]
WorkerPool: TypeAlias = Callable[[Jobs], Iterator[tuple[Key, Verdict]]]

_LOSSES = 3  # in a row, without a training that ended, after which a search gives up


@contextmanager
def worker_pool(judge: Judge, processes: int, executor: Executor | None = None) -> Iterator[WorkerPool]:
    """A function that runs trainings: on an executor, in processes of our own, or, with 0, in this process.

    The results are the same wherever they are run. The first error of a training ends all others. When a
    process of ours is killed, what was under way is run again in new ones.
    """
    if executor is not None:
        yield lambda jobs: _submitted(executor, judge, jobs, is_ours=False)
        return
    if processes == 0:
        yield lambda jobs: ((key, judge(*job)) for key, job in jobs.items())
        return
    # Processes begin anew on every system alike: a forked one would inherit the locks of other threads.
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    with ours, theirs, ExitStack() as pools:

        def begin() -> ProcessPoolExecutor:
            return pools.enter_context(ProcessPoolExecutor(processes, context, _begin, (judge, theirs)))

        pool = begin()

        def work(jobs: Jobs) -> Iterator[tuple[Key, Verdict]]:
            nonlocal pool
            left, losses = dict(jobs), 0
            while left:
                try:
                    for key, verdict in _submitted(pool, _do, left, is_ours=True):
                        del left[key]
                        losses = 0
                        yield key, verdict
                except BrokenExecutor as error:
                    losses += 1
                    if losses == _LOSSES:
                        problem = f"processes of the search were killed {losses} times without a result"
                        raise RuntimeError(f"{problem} ({error}): is there enough memory?") from error
                    pool = begin()

        try:
            yield work
        except BaseException:
            ours.close()  # the processes end in the middle of what they do, and the pool with them
            raise


def _submitted(
    executor: Executor, judge: Judge, jobs: Jobs, *, is_ours: bool
) -> Iterator[tuple[Key, Verdict]]:
    """The verdict on each job, as it is done; ended early, it leaves no job in the queue of an executor."""
    under_way: dict[Future[Verdict], Key] = {}
    try:
        with _interrupted_afterwards():
            for key, job in jobs.items():
                under_way[executor.submit(judge, *job)] = key
        for future in as_completed(under_way):
            yield under_way[future], future.result()
    finally:
        # A pool of ours ends instead; when it breaks, it tells each future so, which a cancelled one refuses.
        for future in () if is_ours else under_way:
            future.cancel()


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
