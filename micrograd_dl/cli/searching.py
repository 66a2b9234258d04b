"""The command ``tune``: search hyperparameters, and say how to train the best network."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micrograd_dl.cli.learning import add_backend, add_data, read_data, require_picture, sizes, whole
from micrograd_dl.cli.terminal import complain, write
from micrograd_dl.engine.coerce import number_or_none, whole_number
from micrograd_dl.output.files import is_stream, require_apart, require_place
from micrograd_dl.output.text import plural

if TYPE_CHECKING:
    from micrograd_dl.tuning import Choice, Found, Range

_DESCRIPTION = """\
Search the hyperparameters of a network: at random, coarse to fine, by successive
halving. The test set is left alone; train, with the command line that comes out, judges
the best network on it."""
_EXAMPLES = """\
RANGE is one of
  NAME=LOW..HIGH          numbers, on a log scale where that suits them: learning_rate,
                          l2, units, batch_size; beta1 and beta2 so that 1 - beta is
  NAME=LOW..HIGH@SCALE    on the scale linear, log, or log-from-1 (1 - x is on a log scale)
  NAME=VALUE/VALUE/...    one of these; a single one is fixed. The value none leaves out
                          what train has not by itself: normalisation, clip_norm, ...

examples:
  micrograd-dl tune moons
  micrograd-dl tune moons --over learning_rate=1e-4..1 --over activation=relu/tanh
  micrograd-dl tune moons --over normalisation=none/batch --over keep_prob=none/0.8
  micrograd-dl tune flats.csv --target price --over hidden=8/16,16 --over l2=0..1@linear

The same command again goes on with a search that was stopped, or shows its table."""


def run(arguments: Sequence[str]) -> int:
    """Carry out the command and return the exit code; SystemExit if the words are wrong."""
    options = _parser().parse_args(arguments)
    picture = _places(options)
    from micrograd_dl.tuning import tune
    from micrograd_dl.tuning.trials import SPACE, impossible

    parsed = [_over(text) for text in options.over]
    space = dict(parsed) if parsed else SPACE
    if len(space) < len(parsed):
        raise ValueError("a hyperparameter is searched in one range only: give --over NAME=... once for each")
    data = read_data(options)
    fixed = {name: getattr(options, name) for name in ("patience", "backend") if name not in space}
    if parsed and (wrong := impossible(data, space, fixed)):
        place = list(space).index(wrong[0])
        raise ValueError(f"--over {options.over[place]}: {wrong[1]}")
    found = tune(
        data,
        space,
        **{name: getattr(options, name) for name in ("trials", "epochs", "rungs", "keep", "rounds", "by")},
        **fixed,
        seed=options.seed,
        processes=options.processes,
        results=options.output,
    )
    write(f"{found.plan}, in:")
    for name, where in space.items():
        write(f"  {name:<14} {where}")
    if found.cut_short:
        write("\nStopped before it was done; the same command goes on from here.")
    if not found.trials:
        return 130
    tried = plural(len(found.trials), "trial") + ", all of them" * (len(found.trials) > 1)
    write(f"\nThe best of {tried} in {options.output}:\n\n{found}\n")
    again = len(found.trials) - len({(trial.round, repr(trial.options)) for trial in found.trials})
    if again:
        write(f"Trials that drew the same as another one of their round: {again}.\n")
    if found.best.verdict.problem:  # stopped so early that nothing has been learned yet
        return 130
    write(f"To train the best one, {found.best.name}, and judge it on the test set:\n")
    write(f"  {_command(options, found)}")
    if not found.cut_short:
        _draw(found, picture, "error" if data.classes else "RMSE")
    return 130 if found.cut_short else 0


def _places(options: argparse.Namespace) -> str | Path:
    """The file of the picture; ValueError or OSError if it, or the results, could not be written."""
    require_place(options.output)
    if is_stream(options.output) and options.output != os.devnull:
        raise ValueError(f"{options.output}: results are read again by the next search: give a file's name")
    if options.picture is not None:
        require_picture(options.picture)
    picture: str | Path = options.picture or Path(options.output).with_suffix(".png")
    require_apart(picture, {"where the results go": options.output, "the data": options.data})
    return picture


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="micrograd-dl tune",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_data(parser)
    parser.add_argument(
        "--over",
        action="append",
        default=[],
        metavar="RANGE",
        help="where to search a hyperparameter, see below; may be given more than once",
    )
    for name, default, text in (
        ("trials", 27, "how many a round begins with"),
        ("epochs", 200, "of the last rung: the most that a trial gets"),
        ("rungs", 3, "how often the trials of a round are judged"),
        ("keep", 3, "after each rung the best one in so many goes on"),
        ("rounds", 2, "each but the first searches where the best trials were"),
        ("patience", 30, "epochs without a lower dev cost before a training stops"),
        ("seed", 0, "of the search, the split, the weights and the shuffling"),
    ):
        parser.add_argument(f"--{name}", type=whole, default=default, help=f"{text} ({default})")
    parser.add_argument(
        "--by", choices=("error", "loss"), default="error", help="what is judged, on the dev set (error)"
    )
    add_backend(parser)
    parser.add_argument(
        "--processes",
        type=whole,
        default=os.cpu_count() or 1,
        help="trainings at once, each in a process of its own (as many as processors); 0: in this one",
    )
    parser.add_argument(
        "-o", "--output", default="tune.jsonl", metavar="FILE", help="where the results go (tune.jsonl)"
    )
    parser.add_argument(
        "--picture", metavar="FILE", help="where the plot goes (that of the results, ending in .png)"
    )
    return parser


def _over(text: str) -> tuple[str, Range | Choice]:
    """A hyperparameter and where to search it, from words such as ``l2=0.01..10``."""
    from micrograd_dl.tuning import Choice, Range
    from micrograd_dl.tuning.trials import SCALE_OF, require_searchable

    name, equals, rest = text.partition("=")
    name = name.strip().replace("-", "_")
    if not equals or not name:
        raise ValueError(f"--over takes NAME=LOW..HIGH or NAME=VALUE/VALUE, not {text!r}")
    low, dots, high = rest.partition("..")
    try:
        require_searchable(name)
        if not dots:
            values = [_value(name, word.strip()) for word in rest.split("/")]
            return name, Choice(sorted(values, key=lambda x: x is None))  # None is at the top of a picture
        high, at, scale = high.partition("@")
        usual, whole = SCALE_OF.get(name, ("linear", False))
        return name, Range(_end(low), _end(high), scale if at else usual, whole)
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise ValueError(f"--over {text}: {error}") from None


def _end(word: str) -> float:
    x = number_or_none(word)
    if x is None:
        raise ValueError(f"the ends of a range are two numbers, not {word!r}")
    return x


def _value(name: str, word: str) -> Any:
    """What a word means that stands for a hyperparameter."""
    from micrograd_dl.tuning.trials import NO_NUMBERS, may_be_none

    if not word:
        raise ValueError("a value is missing: give NAME=VALUE, or several with / between them")
    if name == "hidden":
        return tuple(sizes(word))
    optional = may_be_none(name)
    if optional and word.lower() == "none":
        return None
    if name in NO_NUMBERS:
        return word
    x = number_or_none(word)
    if x is None:
        raise ValueError(f"{name} takes a number{' or none' * optional}, not {word!r}")
    try:
        return whole_number(word)
    except ValueError:
        return x


def _command(options: argparse.Namespace, found: Found) -> str:
    """The command line that trains the best network as its trial was."""
    from micrograd_dl.tuning.space import shown
    from micrograd_dl.tuning.trials import as_train_has_it

    given = {name: getattr(options, name) for name in ("target", "delimiter", "kind")}
    searched = as_train_has_it(found.best.options)
    same = {name: getattr(options, name) for name in ("epochs", "patience", "seed")}
    if options.backend != "numpy":
        same["backend"] = options.backend
    words: Mapping[str, Any] = {
        **given,
        **searched,
        **{name: x for name, x in same.items() if name not in searched},
    }
    line = ["micrograd-dl", "train", options.data]
    line += [word for column in options.ignore for word in ("--ignore", column)]
    for name, x in words.items():
        line += [f"--{name.replace('_', '-')}", shown(x)] if x is not None else []
    return shlex.join(line)


def _draw(found: Found, path: str | Path, error: str) -> None:
    """Save the plot, on which the error is called `error`; without Matplotlib, say what it takes."""
    try:
        from micrograd_dl.viz import plots

        figure = plots.parallel_coordinates(found, error=error)
        write(f"\nThe picture is in {plots.save(figure, path)}.")
    except ModuleNotFoundError as error:
        complain(f"No picture: {error}")
