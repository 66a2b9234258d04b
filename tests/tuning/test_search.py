"""Halving, rounds, processes, and going on after a stop."""

from __future__ import annotations

import itertools
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from micrograd_dl.tuning import processes as worker_processes
from micrograd_dl.tuning.results import Verdict
from micrograd_dl.tuning.search import Found, Plan, Trial, search
from micrograd_dl.tuning.space import Choice, Range, Space

SPACE: Space = {
    "alpha": Range(0.0001, 1, "log"),
    "units": Range(1, 64, "log", whole=True),
    "g": Choice(["relu", "tanh"]),
}
PLAN = Plan(trials=9, epochs=9, rungs=3, rounds=2)


def judge(options: Mapping[str, Any], epochs: int) -> Verdict:
    """Best near alpha = 0.01; the more epochs the better; diverges where alpha is high."""
    if options["alpha"] > 0.3:
        return Verdict(math.inf, math.inf, 1, "too high")
    error = abs(math.log10(options["alpha"]) + 2) + 1 / epochs + 0.01 * (options["g"] == "tanh")
    return Verdict(error, error / options["units"], epochs)


def broken(options: Mapping[str, Any], epochs: int) -> Verdict:
    raise ValueError(f"{epochs} epochs of {sorted(options)}")


# Slow enough that a search is still under way when a busy machine gets round to stopping it.
def slow(options: Mapping[str, Any], epochs: int) -> Verdict:
    time.sleep(0.3)
    return judge(options, epochs)


class Counted:
    """Counts the trainings, and is stopped by Ctrl-C before one of them."""

    def __init__(self, stop: int | None = None) -> None:
        self.calls: list[tuple[float, int]] = []
        self.stop = stop

    def __call__(self, options: Mapping[str, Any], epochs: int) -> Verdict:
        if self.stop is not None and len(self.calls) >= self.stop:
            raise KeyboardInterrupt
        self.calls.append((options["alpha"], epochs))
        return judge(options, epochs)


def all_of(found: Found) -> list[tuple[Any, ...]]:
    return [(t.name, t.options, t.rung, t.verdict) for t in found.trials]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 4), st.integers(2, 4), st.integers(0, 10**9))
def test_halving_keeps_the_best(trials: int, epochs: int, rungs: int, keep: int, seed: int) -> None:
    least = keep ** (rungs - 1)
    if min(trials, epochs) < least:
        with pytest.raises(ValueError, match=r"take more (trials|epochs) or fewer rungs"):
            Plan(trials, epochs, rungs, keep)
        return
    plan = Plan(trials, epochs, rungs, keep, rounds=1, seed=seed)
    ladder = plan.ladder()
    assert ladder[0][0] == trials
    assert ladder[-1][1] == epochs
    assert all(count >= 1 for count, _ in ladder)
    assert all(one < other for (_, one), (_, other) in itertools.pairwise(ladder))

    def always(options: Mapping[str, Any], epochs: int) -> Verdict:
        return Verdict(options["x"], 0.0, epochs)

    found = search(always, {"x": Range(0, 1)}, plan)
    errors = [t.verdict.error for t in found.trials]
    assert errors == sorted(errors)  # where rungs agree, none is dropped that is better than one that is kept
    assert [t.rung for t in found.trials] == sorted((t.rung for t in found.trials), reverse=True)
    for rung, (count, used) in enumerate(ladder, 1):
        assert sum(t.rung >= rung for t in found.trials) == count
        assert all(t.verdict.epochs == used for t in found.trials if t.rung == rung)


def test_what_is_judged_and_what_decides_between_equals() -> None:
    def opposed(options: Mapping[str, Any], epochs: int) -> Verdict:
        return Verdict(options["x"], 1 - options["x"], epochs)

    def tied(options: Mapping[str, Any], epochs: int) -> Verdict:
        return Verdict(0.5, options["x"], epochs)

    x: Space = {"x": Range(0, 1)}
    losses = [trial.verdict.loss for trial in search(tied, x, Plan(4, 1, 1, rounds=1)).trials]
    assert losses == sorted(losses)
    error, loss = (search(opposed, x, Plan(4, 1, 1, rounds=1, by=by)) for by in ("error", "loss"))
    assert [t.name for t in error.trials] == [t.name for t in reversed(loss.trials)]


def test_from_coarse_to_fine() -> None:
    found = search(judge, SPACE, PLAN)
    coarse, fine = ([t.options["alpha"] for t in found.trials if t.round == n] for n in (1, 2))
    assert len(coarse) == len(fine) == 9
    assert max(fine) / min(fine) < max(coarse) / min(coarse) / 10
    assert found.best.round == 2
    assert found.best.options["alpha"] == pytest.approx(0.01, rel=0.5)


def test_diverged_trials_come_last_and_say_so_and_nan_is_not_the_best() -> None:
    found = search(judge, SPACE, PLAN)
    diverged = [bool(t.verdict.problem) for t in found.trials]
    assert any(diverged)
    assert diverged == sorted(diverged)
    assert "diverged         -" in found.table()
    for plan, every in ((Plan(1, epochs=1, rungs=1, rounds=1), "1 trial"), (PLAN, "all 9 trials")):
        with pytest.raises(FloatingPointError, match=rf"^{every} diverged: search lower learning.*too high"):
            search(judge, {**SPACE, "alpha": Range(0.5, 1)}, plan)

    def nan(options: Mapping[str, Any], epochs: int) -> Verdict:
        return Verdict(math.nan if options["x"] < 0.5 else options["x"], math.nan, epochs)

    assert search(nan, {"x": Range(0, 1)}, Plan(9, 1, 1, rounds=1)).best.verdict.error >= 0.5


def test_the_table() -> None:
    trials = [Trial(1, 2, {"alpha": 0.01, "hidden": (16, 8)}, 1, Verdict(0.025, 1 / 3, 40))] * 12
    found = Found({"alpha": Range(0, 1), "hidden": Choice([[16, 8]])}, PLAN, trials)
    lines = str(found).splitlines()
    assert lines[:2] == [
        "trial  epochs  dev error  dev loss  alpha  hidden",
        "  1.2      40      0.025    0.3333   0.01    16,8",
    ]
    assert len(lines) == 11
    assert len(found.table().splitlines()) == 13


def test_the_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    found, files = [], []
    for processes in (0, 2):
        path = tmp_path / f"{processes}.jsonl"
        found.append(search(judge, SPACE, PLAN, processes=processes, results=path))
        files.append(sorted(path.read_text().splitlines()))
    assert all_of(found[0]) == all_of(found[1])
    assert str(found[0]) == str(found[1])
    assert files[0] == files[1]


def threads(_: Mapping[str, Any], epochs: int) -> Verdict:
    return Verdict(max((pool["num_threads"] for pool in threadpool_info()), default=1), 0, epochs)


def test_a_process_has_one_thread() -> None:
    assert search(threads, SPACE, Plan(1, 1, 1, rounds=1), processes=1).best.verdict.error == 1


@pytest.mark.parametrize("processes", [0, pytest.param(1, marks=pytest.mark.full)])
def test_an_error_of_a_trial_is_the_error_of_the_search(processes: int) -> None:
    with pytest.raises(ValueError, match=r"1 epochs of \['alpha', 'g', 'units'\]"):
        search(broken, SPACE, PLAN, processes=processes)


def test_stopped_anywhere_it_ends_the_same(tmp_path: Path) -> None:
    whole = Counted()
    wanted = search(whole, SPACE, PLAN)
    for stop in range(0, len(whole.calls), 5):
        path = tmp_path / f"{stop}.jsonl"
        first, second = Counted(stop), Counted()
        found = search(first, SPACE, PLAN, results=path)
        assert found.cut_short
        assert (len(found.trials) > 0) == (stop > 0)
        assert all_of(search(second, SPACE, PLAN, results=path)) == all_of(wanted)
        assert first.calls + second.calls == whole.calls  # nothing is trained twice
    done = Counted()
    assert all_of(search(done, SPACE, PLAN, results=path)) == all_of(wanted)
    assert not done.calls


def test_ctrl_c_while_processes_are_started_waits_until_they_are() -> None:
    done = []

    def starting() -> None:
        with worker_processes._interrupted_afterwards():
            signal.raise_signal(signal.SIGINT)
            done.append("all of it")

    # As at a terminal: what a shell has started in the background ignores Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            starting()
        assert done
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_while_the_results_are_opened_ends_a_search_of_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules[search.__module__], "Results", interrupted)
    found = search(judge, SPACE, PLAN)
    assert (found.trials, found.cut_short) == ([], True)
    with pytest.raises(ValueError, match="no trial was finished"):
        _ = found.best


PROGRAM = """
if __name__ == "__main__":
    import signal, sys
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores Ctrl-C
    sys.path.insert(0, sys.argv[1])
    import test_search as t
    found = t.search(t.slow, t.SPACE, t.PLAN, processes=int(sys.argv[3]), results=sys.argv[2])
    print("stopped" if found.cut_short else "done", len(found.trials))
"""


def start(path: Path, processes: int, results: int) -> subprocess.Popen[bytes]:
    script = path.with_suffix(".py")
    script.write_text(PROGRAM)
    words = [sys.executable, str(script), str(Path(__file__).parent), str(path), str(processes)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 300
    while not path.exists() or path.read_bytes().count(b"\n") < 1 + results:
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return process


@pytest.mark.skipif(sys.platform == "win32", reason="takes the signals of Unix")
@pytest.mark.parametrize(
    ("how", "processes", "results"),
    [
        ("killed", 2, 3),
        ("ctrl-c", 2, 0),
        *(
            pytest.param(*how, marks=pytest.mark.full)
            for how in (("killed", 0, 3), ("ctrl-c", 0, 3), ("ctrl-c", 2, 3), ("ended", 2, 3))
        ),
    ],
)
def test_a_search_in_a_process_of_its_own_is_stopped(
    how: str, processes: int, results: int, tmp_path: Path
) -> None:
    path = tmp_path / "t.jsonl"
    process = start(path, processes, results)
    if not results:
        time.sleep(0.2)  # its workers are being started
    if how == "killed":
        process.kill()
    elif how == "ended":
        process.terminate()
    else:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of its processes
    out, err = process.communicate(timeout=300)  # returns when the last worker has left the pipe
    if how == "ctrl-c":
        assert (process.returncode, out.split()[:1], err) == (0, [b"stopped"], b"")
    known = path.read_bytes().count(b"\n") - 1
    assert results <= known < 20
    assert all_of(search(judge, SPACE, PLAN, results=path)) == all_of(search(judge, SPACE, PLAN))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "trials is a whole number from 1 up, not 0"),
        ({"trials": 8, "rungs": 3}, "take 9 trials or more, not 8: take more trials or fewer rungs"),
        ({"by": "cost"}, "by error or by loss, not by 'cost'"),
    ],
)
def test_plans_and_searches_that_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Plan(**options)
    for space in ({}, {"g": Choice(["relu"])}):
        with pytest.raises(ValueError, match="nothing to search: all 9 trials would be the same"):
            search(judge, space, PLAN)
    with pytest.raises(ValueError, match="processes is a whole number from 0 up, not -1"):
        search(judge, SPACE, PLAN, processes=-1)
