"""The command ``tune``: search hyperparameters, and say how to train the best network."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micrograd_dl.cli.parser import Parser, sizes, usual_spelling, whole
from micrograd_dl.cli.terminal import complain, write
from micrograd_dl.cli.train import add_data, add_training_options, read_data, training_options
from micrograd_dl.foundation.files import is_stream, require_apart, require_place
from micrograd_dl.foundation.lookup import look_up
from micrograd_dl.foundation.numbers import real_number
from micrograd_dl.foundation.text import install_hint, plural, required
from micrograd_dl.training.options import TrainingOptions

if TYPE_CHECKING:
    from micrograd_dl.tuning import Choice, Found, Range

_EXAMPLES = """\
RANGE is one of
  NAME=LOW..HIGH        numbers, on a log scale where that suits them:
                        learning_rate, l2, units, batch_size; for beta1 and
                        beta2, 1 - beta is on a log scale
  NAME=LOW..HIGH@SCALE  on the scale linear, log, or log-from-1 (1 - x is on a
                        log scale)
  NAME=VALUE/VALUE/...  one of these; a single one is fixed. The value none
                        leaves an option out: normalisation=none/batch

NAME is an option of train, or units or layers: the size and the number of the
hidden layers. All other options are the same in all trials.

examples:
  micrograd-dl tune moons
  micrograd-dl tune moons --over learning_rate=1e-4..1 --over activation=relu/tanh
  micrograd-dl tune moons --over keep_prob=none/0.8 --over l2=0..1@linear
  micrograd-dl tune flats.csv --target price --over hidden=8/16,16

The same command again goes on with a search that was stopped, or shows its
table."""


def add_options(parser: Parser) -> None:
    """Add the command's options and its help."""
    parser.usage = f"{parser.prog} DATA [--over RANGE ...] [OPTION ...]"
    parser.description = """\
Search the hyperparameters of a network: at random, coarse to fine, by
successive halving. The test set is left alone. The search ends with the command
that trains the best network and judges it on the test set."""
    parser.epilog = _EXAMPLES
    add_data(parser)
    text = "where to search a hyperparameter, see below; may be given more than once"
    parser.add_argument("--over", action="append", default=[], metavar="RANGE", help=text)
    for name, default, text in (
        ("trials", 27, "how many a round begins with"),
        ("rungs", 3, "how often a round is judged, with more epochs each time"),
        ("keep", 3, "after each rung the best go on, one in N"),
        ("rounds", 2, "each but the first searches where the best trials were"),
    ):
        parser.add_argument(f"--{name}", type=whole, default=default, metavar="N", help=f"{text} ({default})")
    text = "what is judged, on the dev set (error)"
    parser.add_argument("--by", choices=("error", "loss"), default="error", help=text)
    text = "trainings at once, each in a process of its own (as many as processors); 0: in this one"
    parser.add_argument("--processes", type=whole, default=os.cpu_count() or 1, metavar="N", help=text)
    text = "train on the Dask cluster whose scheduler has this address, such as tcp://10.0.0.1:8786"
    parser.add_argument("--dask", metavar="ADDRESS", help=text)
    parser.add_argument("-o", "--output", default="tune.jsonl", metavar="FILE", help="results (tune.jsonl)")
    parser.add_argument("--picture", metavar="FILE", help="the plot (that of the results, ending in .png)")
    add_training_options(parser, "bayes")


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
    picture = _places(options)
    from micrograd_dl.tuning import Plan, tune
    from micrograd_dl.tuning.trials import SPACE

    parsed = [_range(text) for text in options.over]
    space = dict(parsed) if parsed else SPACE
    if len(space) < len(parsed):
        raise ValueError("a hyperparameter is searched in one range only: give --over NAME=... once for each")
    data, same = read_data(options), training_options(options)
    plan = Plan(
        options.trials, options.epochs, options.rungs, options.keep, options.rounds, options.seed, options.by
    )
    with _executor(options.dask) as executor:
        processes = 0 if executor else options.processes
        found = tune(data, space, plan, same, processes=processes, executor=executor, results=options.output)
    write(f"{found.plan}, in:", *(f"  {name:<14} {where}" for name, where in space.items()))
    if found.cut_short:
        write("\nStopped before it was done; the same command goes on from here.")
    if not found.trials:
        return 130
    tried = plural(len(found.trials), "trial") + ", all of them" * (len(found.trials) > 1)
    write(f"\nThe best of {tried} in {options.output}:\n\n{found}\n")
    if found.best.verdict.problem:  # stopped so early that nothing has been learned yet
        return 130
    write(
        f"To train the best one, {found.best.name}, and judge it on the test set:\n",
        f"  {_train_command(options, same, found)}",
    )
    if found.cut_short:
        return 130
    try:
        from micrograd_dl.viz import plots

        figure = plots.parallel_coordinates(found, error="error" if data.classes else "RMSE")
        write(f"\nThe picture is in {plots.save(figure, picture)}.")
    except ModuleNotFoundError as missing:
        complain(f"No picture: {missing}")
    return 0


@contextmanager
def _executor(address: str | None) -> Iterator[Executor | None]:
    """The executor of the Dask cluster at an address; None without one."""
    if address is None:
        yield None
        return
    dask = required("distributed", "--dask", install_hint("cluster"))
    with dask.Client(address) as client:
        yield client.get_executor()


def _places(options: argparse.Namespace) -> str | Path:
    """The file of the picture; an error if it, or the results, could not be written."""
    require_place(options.output)
    if is_stream(options.output) and options.output != os.devnull:
        raise ValueError(f"{options.output}: results are read again by the next search: give a file's name")
    if options.picture is not None:
        from micrograd_dl.viz import plots

        plots.require_picture(options.picture)
    picture: str | Path = options.picture or Path(options.output).with_suffix(".png")
    require_apart(picture, {"where the results go": options.output, "the data": options.data})
    return picture


def _range(text: str) -> tuple[str, Range | Choice]:
    """A hyperparameter and where to search it, from words such as ``l2=0.01..10``."""
    from micrograd_dl.tuning import Choice
    from micrograd_dl.tuning.trials import SEARCHABLE, usual_range

    name, equals, rest = text.partition("=")
    name = usual_spelling(f"--{name.strip()}").removeprefix("--").replace("-", "_")
    if not equals or not name:
        raise ValueError(f"--over takes NAME=LOW..HIGH or NAME=VALUE/VALUE, not {text!r}")
    low, dots, high = rest.partition("..")
    try:
        look_up(name, SEARCHABLE, "hyperparameter")
        if not dots:
            values = [_value(name, word.strip()) for word in rest.split("/")]
            return name, Choice(sorted(values, key=lambda x: x is None))  # None is at the top of a picture
        high, _, scale = high.partition("@")
        return name, usual_range(name, real_number(low), real_number(high), scale)
    except ValueError as error:
        raise ValueError(f"--over {text}: {error}") from None


def _value(name: str, word: str) -> Any:
    """The value of a hyperparameter that a word stands for."""
    from micrograd_dl.tuning.trials import SEARCHABLE

    kind, _, optional = SEARCHABLE[name]
    if not word:
        raise ValueError("a value is missing: give NAME=VALUE, or several with / between them")
    if optional and word.lower() == "none":
        return None
    if kind not in ("int", "float"):
        return word if kind == "str" else sizes(word)
    x = real_number(word)
    return int(x) if x.is_integer() else x


def _train_command(options: argparse.Namespace, same: TrainingOptions, found: Found) -> str:
    """The command line that trains the best network as its trial was."""
    from micrograd_dl.tuning.space import value_text
    from micrograd_dl.tuning.trials import with_drawn

    best = replace(with_drawn(same, found.best.options), epochs=found.plan.epochs)
    table = {name: getattr(options, name) for name in ("target", "delimiter", "kind")}
    line = ["micrograd-dl", "train", options.data]
    line += [word for column in options.ignore for word in ("--ignore", column)]
    for name, x in {**table, **best.changed()}.items():
        if x is not None:
            line += [f"--{name.replace('_', '-')}", value_text(x)]
    return shlex.join(line)
