"""Random search with successive halving, coarse to fine (course, section 9)."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from micrograd_dl.engine.coerce import to_whole
from micrograd_dl.output.text import plural
from micrograd_dl.tuning.logbook import Logbook, Verdict
from micrograd_dl.tuning.space import Choice, Space, draw, narrowed, shown
from micrograd_dl.tuning.workers import Crew, Job, Judge, crew

By: TypeAlias = Literal["error", "loss"]
_PART_OF_THE_BEST = 4  # a finer round goes where this part of a round's trials was, the best ones


@dataclass(frozen=True, slots=True)
class Plan:
    """How a search spends its epochs.

    Attributes:
        trials: how many a round begins with.
        epochs: of the last rung: the most that a trial gets.
        rungs: how often the trials of a round are judged.
        keep: after each rung the best one in so many goes on, for so many times the epochs.
        rounds: each but the first searches the region of the best trials so far.
        seed: of the draws.
        by: what is judged, the dev error or the dev loss; the other one decides between equals.

    Raises:
        ValueError: a number is too small, or there are too few trials or epochs for the rungs.

    >>> print(Plan())
    2 rounds, each of 27 trials for 22 epochs, the best 9 of them for 67, the best 3 for 200
    """

    trials: int = 27
    epochs: int = 200
    rungs: int = 3
    keep: int = 3
    rounds: int = 2
    seed: int = 0
    by: By = "error"

    def __post_init__(self) -> None:
        for name, least in (
            ("trials", 1),
            ("epochs", 1),
            ("rungs", 1),
            ("keep", 2),
            ("rounds", 1),
            ("seed", 0),
        ):
            object.__setattr__(self, name, to_whole(getattr(self, name), least, name))
        if self.by not in ("error", "loss"):
            raise ValueError(f"trials are judged by error or by loss, not by {self.by!r}")
        least = self.keep ** (self.rungs - 1)
        for what in ("trials", "epochs"):
            if getattr(self, what) < least:
                raise ValueError(
                    f"{self.rungs} rungs, of which each keeps one in {self.keep}, take {least} {what} "
                    f"or more, not {getattr(self, what)}: take more {what} or fewer rungs"
                )

    def ladder(self) -> list[tuple[int, int]]:
        """Of each rung, how many trials are on it and how many epochs they are trained for.

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
        text = f"{plural(first, 'trial')} for {plural(epochs, 'epoch')}" + "".join(
            f", the best {count}{' of them' * (k == 0)} for {epochs}"
            for k, (count, epochs) in enumerate(rest)
        )
        return f"{self.rounds} rounds, each of {text}" if self.rounds > 1 else text


@dataclass(frozen=True, slots=True)
class Trial:
    """One choice of all hyperparameters, and how far it came.

    Attributes:
        round, number: from 1; ``name`` is both.
        options: the hyperparameters.
        rung: the last one it was on, from 1.
        verdict: there.
    """

    round: int
    number: int
    options: Mapping[str, Any]
    rung: int
    verdict: Verdict

    @property
    def name(self) -> str:
        """Such as 2.14, the 14th trial of the second round."""
        return f"{self.round}.{self.number}"


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found; printing it gives the table of the best trials.

    Attributes:
        space: what was searched in the first round.
        plan: how.
        trials: all of them, the best first: by the rung that each reached, and there by its verdict; those
            that diverged are last.
        cut_short: whether Ctrl-C ended the search before it was done.
    """

    space: Space
    plan: Plan
    trials: Sequence[Trial]
    cut_short: bool = False

    @property
    def best(self) -> Trial:
        """The best trial.

        Raises:
            ValueError: no trial was finished.
        """
        if not self.trials:
            raise ValueError("no trial was finished, so there is no best one")
        return self.trials[0]

    def table(self, most: int | None = None) -> str:
        """The best trials as a table, at most so many."""
        names = list(self.space)
        rows = [["trial", "epochs", "dev error", "dev loss", *names]]
        for trial in self.trials[:most]:
            v = trial.verdict
            judged = ["diverged", "-"] if v.problem else [f"{v.error:.4g}", f"{v.loss:.4g}"]
            rows.append([trial.name, str(v.epochs), *judged, *(shown(trial.options[name]) for name in names)])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows
        )

    def __str__(self) -> str:
        return self.table(10)


def search(
    judge: Judge,
    space: Space,
    plan: Plan,
    *,
    processes: int = 0,
    results: str | os.PathLike[str] | None = None,
    about: Mapping[str, Any] | None = None,
    progress: bool | None = None,
) -> Found:
    """Draw trials at random, judge them rung by rung, and search once more where the best ones were.

    The trials depend on the space, the plan and nothing else, and are ranked only when a rung is done, so
    that the number of processes changes nothing but the time. What stopped early or diverged is not trained
    again on a higher rung, where it would do the same.

    Args:
        judge: trains and judges; see :data:`~micrograd_dl.tuning.workers.Judge`. The same for the same
            arguments.
        space: where to search each hyperparameter.
        plan: how many trials, for how long.
        processes: how many trainings run at once, each in a process and a thread of its own; 0 trains in this
            process, where products of large matrices may use several threads and round differently.
        results: a file of JSON lines, written as trainings end; a search that was cut short goes on from it.
        about: what else the results depend on, such as the data; noted in the file, and compared.
        progress: show a bar; by default only on a terminal.

    Returns:
        The trials. Ctrl-C ends the search early and keeps what is done.

    Raises:
        ValueError: there is nothing to search, an option is wrong, or the file is of another search.
        FloatingPointError: every trial diverged.
    """
    if not space:
        raise ValueError("there is nothing to search: give at least one range or choice")
    if plan.trials > 1 and all(isinstance(w, Choice) and len(w.values) == 1 for w in space.values()):
        raise ValueError(
            f"there is nothing to search, as {', '.join(space)} has one value only, and all {plan.trials} "
            "trials would be the same: give a range or several values of something, or take one trial"
        )
    processes = to_whole(processes, 0, "processes")
    everything = {**(about or {}), **asdict(plan), "space": {name: repr(x) for name, x in space.items()}}
    run, cut_short = None, False
    try:
        run = _Search(judge, space, plan, Logbook(results, everything))
        with crew(judge, processes) as work, _bar(plan, progress) as advance:
            for round_ in range(1, plan.rounds + 1):
                run.round(round_, work, advance)
    except KeyboardInterrupt:
        cut_short = True
    return Found(space, plan, run.ranked() if run else [], cut_short)


class _Search:
    """A search under way."""

    def __init__(self, judge: Judge, space: Space, plan: Plan, logbook: Logbook) -> None:
        self.judge = judge
        self.space = space
        self.plan = plan
        self.logbook = logbook
        self.trials: dict[tuple[int, int], Trial] = {}

    def round(self, round_: int, work: Crew, advance: Callable[[], object]) -> None:
        """From the first rung to the last; afterwards the space is the region of the best trials."""
        options = {
            number: draw(self.space, [self.plan.seed, round_, number])
            for number in range(1, self.plan.trials + 1)
        }
        for rung, (count, epochs) in enumerate(self.plan.ladder(), 1):
            best = [t.number for t in self.ranked() if t.round == round_] or list(options)
            going_on = best[:count]
            jobs = [Job((round_, number, rung), options[number], epochs) for number in sorted(going_on)]
            for job, verdict in self._done(jobs, work):
                _, number, _ = job.key
                self.trials[round_, number] = Trial(round_, number, job.options, rung, verdict)
                advance()
        if all(trial.verdict.problem for trial in self.trials.values()):
            every = "all " * (self.plan.trials > 1) + plural(self.plan.trials, "trial")
            raise FloatingPointError(
                f"{every} diverged: search lower learning rates. "
                f"The first with {self.ranked()[0].verdict.problem}"
            )
        best_part = self.ranked()[: max(2, self.plan.trials // _PART_OF_THE_BEST)]
        self.space = narrowed(self.space, [t.options for t in best_part if not t.verdict.problem])

    def _done(self, jobs: Sequence[Job], work: Crew) -> Iterator[tuple[Job, Verdict]]:
        """The verdicts on jobs: those that are known, then those that have to be found out."""
        unknown = []
        for job in jobs:
            before = self.trials.get(job.key[:2])
            known = self.logbook.verdicts.get(job.key)
            if known is None and before is not None and self._at_its_end(before):
                known = before.verdict
            if known is None:
                unknown.append(job)
            else:
                yield job, known
        for job, verdict in work(unknown):
            self.logbook.add(job.key, verdict, job.options)
            yield job, verdict

    def _at_its_end(self, trial: Trial) -> bool:
        """Whether more epochs would change nothing: it stopped before it had to, or diverged."""
        return bool(trial.verdict.problem) or trial.verdict.epochs < self.plan.ladder()[trial.rung - 1][1]

    def ranked(self) -> list[Trial]:
        """All trials so far, the best first."""
        return sorted(self.trials.values(), key=self._rank)

    def _rank(self, trial: Trial) -> tuple[float, ...]:
        v = trial.verdict
        judged = (v.error, v.loss) if self.plan.by == "error" else (v.loss, v.error)
        # A NaN would be neither above nor below anything.
        return (
            bool(v.problem),
            -trial.rung,
            *(math.inf if math.isnan(x) else x for x in judged),
            trial.round,
            trial.number,
        )


@contextmanager
def _bar(plan: Plan, progress: bool | None) -> Iterator[Callable[[], object]]:
    """A progress bar where somebody watches, as what to call after each training."""
    watched = sys.stderr is not None and sys.stderr.isatty()  # a program without a console has none
    if not (watched if progress is None else progress):
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(
        total=plan.rounds * sum(count for count, _ in plan.ladder()), unit="training", leave=False
    ) as bar:
        yield bar.update
