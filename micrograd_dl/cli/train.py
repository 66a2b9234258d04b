"""The command ``train``: train a network on a table or a built-in set, judge it, save it."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Callable
from contextlib import nullcontext, redirect_stderr
from dataclasses import fields
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micrograd_dl.cli.parser import Parser, argument, sizes, whole
from micrograd_dl.cli.terminal import complain, on_signal, write
from micrograd_dl.foundation.files import require_apart, require_folder
from micrograd_dl.foundation.numbers import real_number
from micrograd_dl.foundation.text import install_hint
from micrograd_dl.training.options import TrainingOptions

if TYPE_CHECKING:
    from micrograd_dl.data.dataset import Dataset
    from micrograd_dl.training.experiment import Outcome
    from micrograd_dl.training.sharing import Shares
    from viz.plots import Film

# For each type of option its reader, and its placeholder in the help.
_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "int": (whole, "N"),
    "float": (argument(real_number), "X"),
    "str": (str, "NAME"),
    "tuple[int, ...]": (argument(sizes), "N,N,..."),
}


def add_options(parser: Parser) -> None:
    """Add the command's options and its help."""
    parser.usage = f"{parser.prog} DATA [OPTION ...]"
    parser.description = """\
Train a network on a table or a built-in set of data: split the data, normalise
them, train, judge the result on the test set, and save the model and pictures
of it. Ctrl-C ends the training early and keeps the best parameters so far.
Under mpiexec -n N, N processes share the work."""
    add_data(parser)
    add_training_options(parser)
    parser.add_argument("--checkpoint", metavar="FILE", help="a .npz file to go on from if it is cut short")
    parser.add_argument("-o", "--output", default="model.npz", metavar="FILE", help="the model (model.npz)")
    text = "the pictures; cost.png, network.png, boundary.png, curve.png there are replaced (report)"
    parser.add_argument("--report", default="report", metavar="FOLDER", help=text)
    text = "a .html page of the training, with a slider over its epochs"
    parser.add_argument("--film", metavar="FILE", help=text)


def add_data(parser: Parser) -> None:
    """Add what says where the examples are, for `read_data`."""
    text = "a .csv, .tsv or .npz file, or a built-in set: moons, digits, iris, ..."
    parser.add_argument("data", metavar="DATA", help=text)
    parser.add_argument("--target", metavar="COLUMN", help="the column of a .csv or .tsv file to predict")
    text = "a column that is no feature, such as an identifier; may be given more than once"
    parser.add_argument("--ignore", action="append", default=[], metavar="COLUMN", help=text)
    add_delimiter(parser)
    text = "what the target is, if both are possible"
    parser.add_argument("--kind", choices=("classes", "numbers"), help=text)


def add_delimiter(parser: Parser) -> None:
    """Add what separates the columns of a table."""
    text = "between columns, such as ';' or tab (found from the first line)"
    parser.add_argument("--delimiter", type=_delimiter, metavar="CHARACTER", help=text)


def _delimiter(text: str) -> str:
    return "\t" if text in ("tab", r"\t") else text


def add_training_options(parser: Parser, *without: str) -> None:
    """Add the options of a training; what `TrainingOptions` says of them is their help."""
    for option in fields(TrainingOptions):
        if option.name in without:
            continue
        default: Any = option.default
        if isinstance(default, tuple):
            default = ",".join(map(str, default))
        elif isinstance(default, float):
            default = f"{default:g}"
        text = option.metadata["help"] + ("" if default is None else f" ({default})")
        reader, metavar = _READERS[str(option.type).partition(" | ")[0]]
        name, choices = f"--{option.name.replace('_', '-')}", option.metadata.get("choices")
        more = {"choices": choices} if choices else {"metavar": metavar}
        parser.add_argument(name, type=reader, default=option.default, help=text, **more)


def training_options(options: argparse.Namespace) -> TrainingOptions:
    """The options of a training among those of a command."""
    known = {option.name for option in fields(TrainingOptions)}
    return TrainingOptions(**{name: x for name, x in vars(options).items() if name in known})


def read_data(options: argparse.Namespace) -> Dataset:
    """The dataset that the options of `add_data` name."""
    from micrograd_dl.data.built_in import dataset
    from micrograd_dl.data.tables import read_csv, read_npz

    suffix = Path(options.data).suffix.lower()
    if suffix in (".csv", ".tsv"):
        os.stat(options.data)  # a file that is missing is the first thing to say
        if options.target is None:
            raise ValueError(f"say which column of {options.data} to predict: --target NAME")
        layout = {"kind": options.kind, "ignore": options.ignore, "delimiter": options.delimiter}
        return read_csv(options.data, options.target, **layout)
    for name in ("target", "ignore", "delimiter"):
        if getattr(options, name):
            raise ValueError(f"--{name} is for columns of a .csv or .tsv file, and {options.data} is none")
    return read_npz(options.data, kind=options.kind) if suffix == ".npz" else dataset(options.data)


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
    from micrograd_dl.training.sharing import OtherProcessError, Shares

    shares, interrupts = Shares(_communicator()), _Interrupts()
    with on_signal(signal.SIGINT, signal.default_int_handler, interrupts):
        try:
            outcome, film = shares.everywhere(lambda: _trained(options, shares))
        except OtherProcessError:  # which says what went wrong
            return 1
        if not shares.is_first:
            return 0
        interrupts.wait = True
        path = outcome.predictor.save(options.output)  # before anything is printed, which may fail
        write(f"{outcome}\n\nThe model is in {path}.")
        interrupts.wait, ended = False, interrupts.count
        if ended > 1 or (ended and not outcome.predictor.history.stopped):  # Ctrl-C while it was saved
            return 130
        _report(outcome, Path(options.report))
        if film is not None:
            write(f"The film is in {film.save(options.film)}.")
        return 130 if interrupts.count > ended else 0  # a library has caught it


def _trained(options: argparse.Namespace, shares: Shares) -> tuple[Outcome, Film | None]:
    """Train, after all that could be wrong with the options has been looked at."""
    from micrograd_dl.training.experiment import train
    from micrograd_dl.training.storage import require_name
    from micrograd_dl.viz import plots

    for path in filter(None, (options.output, options.checkpoint)):  # before the training
        require_name(path)
        require_apart(path, {"the data": options.data})
    require_apart(options.output, {"the checkpoint too": options.checkpoint})
    require_folder(options.report)
    if options.film:
        plots.require_page(options.film)
    data = read_data(options)
    film = plots.Film(inputs=data.features, outputs=data.classes) if options.film else None
    aside = nullcontext() if shares.is_first else redirect_stderr(StringIO())  # the first says it for all
    with aside:
        more: dict[str, Any] = {"checkpoint": options.checkpoint, "film": film, "comm": shares.comm}
        return train(data, training_options(options), **more), film


def _communicator() -> Any:
    """All processes that mpiexec has started, this one among them; None if there is no other."""
    sizes = [os.environ[name] for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE") if name in os.environ]
    if not sizes or sizes[0] == "1":
        return None
    try:
        world = import_module("mpi4py.MPI").COMM_WORLD
    except (ImportError, RuntimeError) as error:
        raise ModuleNotFoundError(f"mpiexec takes mpi4py ({error}): {install_hint('cluster')}") from None
    if (found := world.Get_size()) != int(sizes[0]):
        started = f"mpiexec has started {sizes[0]} processes, of which mpi4py knows {found}"
        raise RuntimeError(f"{started}: it was installed for another MPI than this mpiexec's")
    return world


class _Interrupts:
    """Ctrl-C: the first one ends the training; others wait until the model is saved."""

    def __init__(self) -> None:
        self.count = 0
        self.wait = False

    def __call__(self, *_: object) -> None:
        self.count += 1
        if not self.wait:
            self.wait = self.count == 1
            raise KeyboardInterrupt


def _report(outcome: Outcome, folder: Path) -> None:
    """Write the pictures; without matplotlib, say what they take."""
    from micrograd_dl.viz import plots

    try:
        written = plots.write_report(outcome, folder)
    except ModuleNotFoundError as error:
        complain(f"No report: {error}")
        return
    write(f"The report is in {folder}: {', '.join(path.name for path in written)}.")
    for path in plots.not_of_this(written):
        write(f"{path} is not of this training: it was there before, and is left as it is.")
