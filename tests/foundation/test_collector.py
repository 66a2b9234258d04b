"""Pausing the garbage collector."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from micrograd_dl.foundation.collector import collector_paused
from micrograd_dl.nn import MLP
from micrograd_dl.optim.optimisers import GradientDescent
from micrograd_dl.training.fitting import fit


@pytest.fixture(autouse=True)
def _collector_on() -> Iterator[None]:
    assert gc.isenabled()
    yield
    gc.enable()


def test_it_is_off_inside_and_on_again_after_an_error_too() -> None:
    def nested() -> None:
        with collector_paused():
            with collector_paused():
                assert not gc.isenabled()
            assert not gc.isenabled(), "the inner block ended, the outer one did not"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nested()
    assert gc.isenabled()


def test_a_program_that_runs_without_it_stays_without_it() -> None:
    gc.disable()
    with collector_paused():
        pass
    assert not gc.isenabled()


def test_blocks_that_overlap_in_threads_leave_it_on() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def pause() -> None:
        for _ in range(300):
            with collector_paused():
                pass

    try:
        threads = [threading.Thread(target=pause) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert gc.isenabled()
    with collector_paused():  # another thread's block ends first
        other = threading.Thread(target=pause)
        other.start()
        other.join()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_fit_pauses_it_for_each_graph_and_lets_callbacks_have_it() -> None:
    inside, outside, X = [], [], np.array([[0.0, 1.0]])

    class Watched(MLP):
        def cost_and_grad(self, X: Any, Y: Any) -> float:
            inside.append(gc.isenabled())
            return super().cost_and_grad(X, Y)

    model = Watched(1, [1], "linear", seed=1)
    optimiser = GradientDescent(model.parameters(), 0.1)
    fit(model, X, X, epochs=2, optimiser=optimiser, callbacks=[lambda *_: outside.append(gc.isenabled())])
    assert (inside, outside) == ([False, False], [True, True])
