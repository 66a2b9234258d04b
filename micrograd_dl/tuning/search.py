"""Random search with successive halving, coarse to fine (course, section 9)."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Literal, TypeAlias

import numpy as np

from micrograd_dl.foundation.numbers import to_whole
from micrograd_dl.foundation.text import plural
from micrograd_dl.training.fitting import is_hidden, progress_bar
from micrograd_dl.tuning.processes import Judge, WorkerPool, worker_pool
from micrograd_dl.tuning.results import Results, Verdict
from micrograd_dl.tuning.space import Choice, Space, value_text

_PART_OF_THE_BEST = 4  # a finer round goes where this part of a round's trials was, the best ones


@dataclass(frozen=True, slots=True)
class Plan:
    """How a search spends its epochs; ValueError if a number is too small, or too small for the rungs.

    Attributes:
        trials: the number a round begins with.
        epochs: the epochs of the last rung, the most that a trial gets.
        rungs: how often the trials of a round are judged.
        keep: after each rung the best trials, one in `keep`, go on for `keep` times the epochs.
        rounds: each but the first searches the region of the best trials so far.
        seed: decides the draws.
        by: what trials are judged by, the dev error or the dev loss; the other one decides between equals.

    >>> print(Plan())
    2 rounds, each of 27 trials for 22 epochs, the best 9 of them for 67, the best 3 for 200
    """

    trials: int = 27
    epochs: int = 200
    rungs: int = 3
    keep: int = 3
    rounds: int = 2
    seed: int = 0
    by: Literal["error", "loss"] = "error"

    def __post_init__(self) -> None:
        for name, least in {"trials": 1, "epochs": 1, "rungs": 1, "keep": 2, "rounds": 1, "seed": 0}.items():
            object.__setattr__(self, name, to_whole(getattr(self, name), least, name))
        if self.by not in ("error", "loss"):
            raise ValueError(f"trials are judged by error or by loss, not by {self.by!r}")
        least = self.keep ** (self.rungs - 1)
        for what in ("trials", "epochs"):
            if (there := getattr(self, what)) < least:
                rungs = f"{self.rungs} rungs, of which each keeps one in {self.keep}, take {least} {what}"
                raise ValueError(f"{rungs} or more, not {there}: take more {what} or fewer rungs")

    def ladder(self) -> list[tuple[int, int]]:
        """For each rung, the number of its trials and the epochs that they are trained for.

        >>> Plan(trials=9, epochs=100).ladder()
        [(9, 11), (3, 33), (1, 100)]
        """
        powers = [self.keep**k for k in range(self.rungs)]
        return [
            (self.trials // power, round(self.epochs / last))
            for power, last in zip(powers, reversed(powers), strict=True)
        ]

    def __str__(self) -> str:
        (first, epochs), *rest = self.ladder()
        text = f"{plural(first, 'trial')} for {plural(epochs, 'epoch')}"
        for k, (count, epochs) in enumerate(rest):
            text += f", the best {count}{' of them' * (k == 0)} for {epochs}"
        return f"{self.rounds} rounds, each of {text}" if self.rounds > 1 else text


@dataclass(frozen=True, slots=True)
class Trial:
    """One choice of all hyperparameters, and how far it came; numbers are from 1."""

    round: int
    number: int
    options: Mapping[str, Any]
    rung: int  # the last one it was on
    verdict: Verdict  # there

    @property
    def name(self) -> str:
        """Round and number, such as 2.14."""
        return f"{self.round}.{self.number}"


Trials: TypeAlias = dict[tuple[int, int], Trial]  # by round and number


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search; printing it gives the table of the best trials."""

    space: Space  # the space of the first round
    plan: Plan
    # The best first: by the rung that each reached, and there by its verdict; those that diverged are last.
    trials: Sequence[Trial]
    cut_short: bool = False  # by Ctrl-C

    @property
    def best(self) -> Trial:
        """The best trial; ValueError if none was finished."""
        if not self.trials:
            raise ValueError("no trial was finished, so there is no best one")
        return self.trials[0]

    def table(self, most: int | None = None) -> str:
        """The best trials, at most `most`, as a table."""
        names = list(self.space)
        rows = [["trial", "epochs", "dev error", "dev loss", *names]]
        for trial in self.trials[:most]:
            v = trial.verdict
            judged = ["diverged", "-"] if v.problem else [f"{v.error:.4g}", f"{v.loss:.4g}"]
            values = [value_text(trial.options[name]) for name in names]
            rows.append([trial.name, str(v.epochs), *judged, *values])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.rjust, row, widths)) for row in rows)

    def __str__(self) -> str:
        return self.table(10)


def search(
    judge: Judge,
    space: Space,
    plan: Plan,
    *,
    processes: int = 0,
    executor: Executor | None = None,
    results: str | os.PathLike[str] | None = None,
    about: Mapping[str, Any] | None = None,
    progress: bool | None = None,
) -> Found:
    """Draw trials at random, judge them rung by rung, and search once more where the best ones were.

    The trials depend on the space and the plan only, and are ranked when a rung is done. So the number of
    processes changes nothing but the time. Ctrl-C ends the search early and keeps what is done.

    Args:
        judge: takes the options of a trial and a number of epochs, trains, and returns a `Verdict`, the same
            one for the same arguments. Several processes take a function of a module.
        space: where to search each hyperparameter.
        plan: how many trials, for how long.
        processes: how many trainings run at once, each in a process and a thread of its own; 0 trains in this
            process.
        executor: where to train instead: any of ``concurrent.futures``' kind, such as Dask's
            ``Client(...).get_executor()`` or ``mpi4py.futures.MPIPoolExecutor()``. It is not shut down here.
        results: a file of JSON lines, written as trainings end; a search that was cut short goes on from it.
        about: what else the results depend on, such as the data: written to the file, and compared.
        progress: show a bar; by default only on a terminal.

    Raises:
        ValueError: there is nothing to search, or the file is of another search, or both `processes` and an
            `executor` are given.
        RuntimeError: processes were killed again and again.
        FloatingPointError: every trial diverged.
    """
    if plan.trials > 1 and all(isinstance(w, Choice) and len(w.values) == 1 for w in space.values()):
        problem = f"there is nothing to search: all {plan.trials} trials would be the same"
        raise ValueError(f"{problem}: give a range or several values of something, or take one trial")
    processes = to_whole(processes, 0, "processes")
    if executor is not None and processes:
        raise ValueError(f"train on an executor or in {processes} processes of this search, not both")
    everything = {**asdict(plan), **(about or {}), "space": {name: repr(x) for name, x in space.items()}}
    trials: Trials = {}
    total = plan.rounds * sum(count for count, _ in plan.ladder())
    try:
        known = Results(results, everything)
        with (
            worker_pool(judge, processes, executor) as work,
            progress_bar(total=total, unit="training", leave=False, disable=is_hidden(progress)) as bar,
        ):
            region = space
            for round_ in range(1, plan.rounds + 1):
                for _ in _round(round_, region, plan, trials, known, work):
                    bar.update()
                region = _best_region(region, plan, trials)
    except KeyboardInterrupt:
        return Found(space, plan, _ranked(trials, plan), cut_short=True)
    return Found(space, plan, _ranked(trials, plan))


def _round(
    round_: int, space: Space, plan: Plan, trials: Trials, known: Results, work: WorkerPool
) -> Iterator[None]:
    """Judge the trials of a round from the first rung to the last; yields after each training."""
    options = {}
    for n in range(1, plan.trials + 1):
        rng = np.random.default_rng([plan.seed, round_, n])
        options[n] = {name: where.draw(rng) for name, where in space.items()}
    for rung, (count, epochs) in enumerate(plan.ladder(), 1):
        best = [trial.number for trial in _ranked(trials, plan) if trial.round == round_] or list(options)
        keys = [(round_, number, rung) for number in sorted(best[:count])]
        done = [(key, known.verdicts[key]) for key in keys if key in known.verdicts]
        to_do = {key: (options[key[1]], epochs) for key in keys if key not in known.verdicts}
        for key, verdict in chain(done, work(to_do)):
            number = key[1]
            known.add(key, verdict, options[number])
            trials[round_, number] = Trial(round_, number, options[number], rung, verdict)
            yield


def _best_region(space: Space, plan: Plan, trials: Trials) -> Space:
    """The part of the space where the best trials so far are."""
    ranked = _ranked(trials, plan)
    if problem := ranked[0].verdict.problem:
        every = "all " * (plan.trials > 1) + plural(plan.trials, "trial")
        raise FloatingPointError(f"{every} diverged: search lower learning rates. The first with {problem}")
    best = ranked[: max(2, plan.trials // _PART_OF_THE_BEST)]
    options = [trial.options for trial in best if not trial.verdict.problem]
    return {name: where.narrowed(o[name] for o in options) for name, where in space.items()}


def _ranked(trials: Trials, plan: Plan) -> list[Trial]:
    """The trials, the best first: by the rung that each reached, then by its verdict; failures are last."""

    def rank(trial: Trial) -> tuple[float, ...]:
        v = trial.verdict
        judged = (v.error, v.loss) if plan.by == "error" else (v.loss, v.error)
        # A NaN would be neither above nor below anything.
        numbers = [math.inf if math.isnan(x) else x for x in judged]
        return bool(v.problem), -trial.rung, *numbers, trial.round, trial.number

    return sorted(trials.values(), key=rank)
