"""The commands that train: ``train``, ``predict`` and ``lesson``."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from micrograd_dl.cli.terminal import complain, write
from micrograd_dl.engine.coerce import real_number, whole_number
from micrograd_dl.output.files import is_stream, require_apart, require_folder, require_place
from micrograd_dl.output.text import plural

if TYPE_CHECKING:
    from micrograd_dl.data.dataset import Dataset
    from micrograd_dl.training.experiment import Outcome

T = TypeVar("T")

LESSONS = {
    "vectorization": "loops against vectors: the same gradient three times, timed",
    "shapes": "shapes of a network, broadcasting, and what is refused",
    "convexity": "one valley with the logistic loss, two with squared error",
    "house_price": "one ReLU neuron predicts a price from a size",
    "xor": "one neuron fails, one hidden layer learns it",
    "symmetry": "zero initialisation keeps the units of a layer identical",
    "linear_collapse": "a stack of linear layers is one linear map",
    "vanishing_gradients": "sizes of activations and gradients by layer and initialisation",
    "gradient_checking": "bugs of hand-written backprop, the check that finds them, and its edges",
    "learning_curves": "what more data would do, and more regularisation",
    "optimisers": "down a long valley, and with learning rates that change",
    "augmentation": "trained on images in one place, tried in others",
    "weighted_averages": "noisy numbers smoothed, with and without bias correction",
    "weight_decay": "the same as L2 under plain descent, another thing under Adam",
    "sparse_weights": "what L1, L2 and an elastic net make of useless inputs",
    "parity": "parity of n bits: deep against shallow",
    "dropout": "dropout, L2 and max-norm against learning by heart",
    "batch_norm": "a deep network depends less on its initial weights if it is normalised",
    "batch_norm_edges": "why there is no b, a batch of one, a unit without spread",
    "log_scale": "where to search: the share of each decade, and a grid against chance",
    "many_classes": "softmax and logistic regression, label smoothing, the k most probable",
    "autoencoder": "eight symbols through three units and back",
    "convolution": "kernels and pooling tell handwritten digits apart",
    "recurrent": "a recurrent cell adds binary numbers, and learns to carry",
    "lstm": "an LSTM cell echoes a bit from long before, beside a plain recurrent cell",
    "transformer": "a transformer over letters makes up names",
    "pytorch": "the same network in PyTorch, and where the two differ on purpose",
}
WITH_PICTURE = {  # known without loading them all
    "xor",
    "vanishing_gradients",
    "learning_curves",
    "optimisers",
    "weighted_averages",
    "log_scale",
    "convexity",
    "sparse_weights",
}


def run(arguments: Sequence[str]) -> int:
    """Carry out one of the three commands and return the exit code; SystemExit if the words are wrong."""
    parser = argparse.ArgumentParser(prog="micrograd-dl")
    commands = parser.add_subparsers(required=True)
    add_commands(commands)
    options, unknown = parser.parse_known_args(arguments)
    if unknown:  # said with the usage of the command itself, which lists what it does know
        commands.choices[arguments[0]].error(f"unrecognized arguments: {' '.join(unknown)}")
    code: int = options.do(options)
    return code


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the three commands to a command line; each sets `do`, which carries it out."""
    _add_train(commands)
    _add_predict(commands)
    lesson = commands.add_parser("lesson", help="run a lesson of the course", description=_lesson_list())
    lesson.formatter_class = argparse.RawDescriptionHelpFormatter
    lesson.add_argument("name", metavar="NAME", nargs="?", help="which one; without it, they are listed")
    lesson.add_argument(
        "-o", "--output", metavar="FILE", help="its picture, such as xor.png, .svg or .pdf; not all have one"
    )
    lesson.set_defaults(do=_lesson)


def _add_train(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    train = commands.add_parser("train", help="train a network on a table or a built-in set")
    add_data(train)
    train.add_argument(
        "--hidden", type=sizes, default=[16], metavar="16,16", help="sizes of the hidden layers (16)"
    )
    train.add_argument("--activation", default="relu", help="of the hidden layers (relu)")
    add_backend(train)
    train.add_argument("--epochs", type=whole, default=200, help="at most (200)")
    train.add_argument("--batch-size", type=whole, default=64, help="examples a step (64)")
    train.add_argument(
        "--optimiser", default="adam", metavar="NAME", help="adam, adamw, momentum, descent, ... (adam)"
    )
    train.add_argument("--learning-rate", type=real, help="alpha (the optimiser's own: Adam's is 0.01)")
    train.add_argument(
        "--schedule",
        metavar="NAME",
        help="how alpha changes: cosine, one_cycle, staircase:30,0.5, ... (not at all)",
    )
    train.add_argument("--warm-up", type=whole, metavar="EPOCHS", help="in which alpha rises first (none)")
    train.add_argument("--beta1", type=real, help="of the gradients' average (Adam's is 0.9)")
    train.add_argument("--beta2", type=real, help="of the average of their squares (Adam's is 0.999)")
    train.add_argument(
        "--weight-decay", type=real, help="what weights lose in a step, times alpha (0; 0.01 for adamw)"
    )
    train.add_argument("--clip-norm", type=real, help="the longest a gradient may be (any length)")
    train.add_argument(
        "--initialiser",
        metavar="NAME",
        help="of the weights: he, xavier, glorot, orthogonal, ... (what suits each activation)",
    )
    train.add_argument("--l2", type=real, default=0.0, help="lambda of the L2 regularisation (0)")
    train.add_argument("--l1", type=real, default=0.0, help="lambda of the L1 regularisation (0)")
    train.add_argument("--max-norm", type=real, help="how long the weights into one unit may be (any length)")
    train.add_argument(
        "--normalisation",
        choices=("batch", "layer"),
        help="of the hidden layers, over a batch or a layer (none)",
    )
    train.add_argument("--keep-prob", type=real, help="the part of the hidden units that dropout keeps (1)")
    train.add_argument(
        "--label-smoothing", type=real, default=0.0, help="how far targets are from 0 and 1, from 0 to 1 (0)"
    )
    train.add_argument(
        "--patience", type=whole, default=30, help="epochs without a lower dev cost before it stops (30)"
    )
    train.add_argument(
        "--seed", type=whole, default=0, help="of the split, the weights and the shuffling (0)"
    )
    train.add_argument(
        "--bayes", type=real, default=0.0, help="the error nobody could be below, from 0 to 1 (0)"
    )
    train.add_argument(
        "--checkpoint", metavar="FILE", help="a .npz file to go on from if training is cut short"
    )
    train.add_argument(
        "-o", "--output", default="model.npz", metavar="FILE", help="where the model goes (model.npz)"
    )
    train.add_argument(
        "--report",
        default="report",
        metavar="FOLDER",
        help="where the pictures go; cost.png, network.png and boundary.png there are replaced (report)",
    )
    train.set_defaults(do=_train)


def add_data(command: argparse.ArgumentParser) -> None:
    """Add what says where the examples are, for `read_data`."""
    command.add_argument(
        "data", metavar="DATA", help="a .csv, .tsv or .npz file, or a built-in set: moons, digits, iris, ..."
    )
    command.add_argument("--target", metavar="COLUMN", help="the column of a .csv or .tsv file to predict")
    command.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column that is no feature, such as an identifier; may be given more than once",
    )
    _add_delimiter(command)
    command.add_argument(
        "--kind", choices=("classes", "numbers"), help="what the target is, where that is not plain"
    )


def add_backend(command: argparse.ArgumentParser) -> None:
    """Add the choice of what the network is made of."""
    command.add_argument(
        "--backend",
        choices=("numpy", "values", "compiled"),  # those of `storage`, which takes long to import
        default="numpy",
        help="matrices, Values, or Values compiled (numpy)",
    )


def _add_delimiter(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--delimiter",
        type=_delimiter,
        metavar="CHARACTER",
        help="what parts the columns, such as ';' or tab (found from the first line)",
    )


def _add_predict(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    predict = commands.add_parser("predict", help="use a trained model on new examples")
    predict.add_argument("model", metavar="MODEL.npz", help="what train saved")
    predict.add_argument("data", metavar="NEW.csv", help="a table with the same features")
    _add_delimiter(predict)
    predict.add_argument(
        "-o", "--output", default="predictions.csv", metavar="FILE", help="(predictions.csv)"
    )
    predict.set_defaults(do=_predict)


def _train(options: argparse.Namespace) -> int:
    from micrograd_dl.training.experiment import train
    from micrograd_dl.training.storage import require_npz

    # Said now, not when the training is done.
    for path in filter(None, (options.output, options.checkpoint)):
        require_npz(path)
        require_apart(path, {"the data": options.data})
    require_apart(options.output, {"the checkpoint too": options.checkpoint})
    require_folder(options.report)
    # Each option is called like the argument it is.
    _, _, *names = signature(train).parameters
    given = {name: x for name, x in vars(options).items() if name in names}
    outcome = train(read_data(options), options.hidden, **given)
    path = outcome.predictor.save(
        options.output
    )  # first: whoever reads what is printed may stop, as `head` does
    write(f"{outcome}\n\nThe model is in {path}.")
    _report(outcome, Path(options.report))
    return 0


def read_data(options: argparse.Namespace) -> Dataset:
    """The dataset that the options of `add_data` name."""
    from micrograd_dl.data.built_in import dataset
    from micrograd_dl.data.tables import read_csv, read_npz

    suffix = Path(options.data).suffix.lower()
    if suffix in (".csv", ".tsv"):
        os.stat(options.data)  # that it is not there is said first
        if options.target is None:
            raise ValueError(f"say which column of {options.data} to predict: --target NAME")
        return read_csv(
            options.data,
            options.target,
            kind=options.kind,
            ignore=options.ignore,
            delimiter=options.delimiter,
        )
    for name in ("target", "ignore", "delimiter"):
        if getattr(options, name):
            raise ValueError(f"--{name} is for columns of a .csv or .tsv file, and {options.data} is none")
    return read_npz(options.data, kind=options.kind) if suffix == ".npz" else dataset(options.data)


def require_picture(path: str) -> None:
    """Raise ValueError, OSError or ModuleNotFoundError if no picture of that name could be saved."""
    from micrograd_dl.viz import plots

    if Path(path).suffix.lower() not in (".svg", ".png", ".pdf"):
        raise ValueError(f"a figure is saved as .svg, .png or .pdf, not as {path!r}")
    require_place(path)
    plots.require_matplotlib()


def _report(outcome: Outcome, folder: Path) -> None:
    """Write the pictures; without matplotlib, say what they take and leave the rest as it is."""
    try:
        from micrograd_dl.viz import plots

        written = plots.write_report(outcome, folder)
    except ModuleNotFoundError as error:
        complain(f"No report: {error}")
    else:
        write(f"The report is in {folder}: {', '.join(path.name for path in written)}.")
        for path in plots.not_of_this(written):
            write(f"{path} is not of this training: it was there before, and is left as it is.")


def _predict(options: argparse.Namespace) -> int:
    import numpy as np

    from micrograd_dl.data.tables import read_features, write_predictions
    from micrograd_dl.training.experiment import Predictor

    require_place(options.output)
    require_apart(options.output, {"the data": options.data, "the model": options.model})
    predictor = Predictor.load(options.model)
    X = read_features(options.data, predictor.features, delimiter=options.delimiter)
    with np.errstate(over="ignore", invalid="ignore"):  # said below, with the example
        predicted, probabilities = predictor.predict(X), predictor.probabilities(X)
    found = predicted if probabilities is None else probabilities
    if not (finite := np.isfinite(found).all(axis=0)).all():
        raise ValueError(
            f"{options.data}: of example {finite.argmin() + 1} nothing finite can be predicted: its numbers "
            "are too far from those that the network was trained on"
        )
    write_predictions(
        options.output,
        predicted,
        target=predictor.target,
        classes=predictor.classes,
        probabilities=probabilities,
    )
    m = X.shape[1]
    told = f"{plural(m, 'prediction')} of {predictor.target} {'is' if m == 1 else 'are'} in"
    # Of /dev/stdout, what is told would become a line of the table.
    write(f"{told} {options.output}.", stream=sys.stderr if is_stream(options.output) else None)
    return 0


def _lesson(options: argparse.Namespace) -> int:
    if options.name is None:
        if options.output is not None:
            raise ValueError("say which lesson the picture is of: lesson NAME -o FILE")
        write(_lesson_list())
        return 0
    name = options.name.replace("-", "_")
    if name not in LESSONS:
        raise ValueError(f"there is no lesson {options.name!r}: choose one of {', '.join(LESSONS)}")
    lesson = load_lesson(name)
    if options.output is not None and not hasattr(lesson, "picture"):
        raise ValueError(f"the lesson {options.name} ends in a table and has no picture: leave out -o")
    if options.output is not None:
        require_picture(options.output)
    lesson.main()
    if options.output is not None:
        from micrograd_dl.viz import plots

        write(f"\nThe picture is in {plots.save(lesson.picture(), options.output)}.")
    return 0


def load_lesson(name: str) -> ModuleType:
    """A lesson, which is a file of its own: in ``examples/`` of a checkout, in the package if installed."""
    here = Path(__file__).parents[1]
    path = next(
        p for p in (here / "examples" / f"{name}.py", here.parent / "examples" / f"{name}.py") if p.exists()
    )
    spec = importlib.util.spec_from_file_location(f"lesson_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _lesson_list() -> str:
    lines = [f"  {name:<20} {what}{' [picture]' * (name in WITH_PICTURE)}" for name, what in LESSONS.items()]
    return "\n".join(["Lessons of the course; -o FILE saves the [picture] of those that have one:", *lines])


def _delimiter(text: str) -> str:
    """The character; a tab, which is hard to type, may be written as a word or as Python does."""
    return "\t" if text in ("tab", r"\t") else text


def whole(text: str) -> int:
    """The whole number that an option has."""
    return _argument(whole_number, text)


def real(text: str) -> float:
    """The number that an option has."""
    return _argument(real_number, text)


def _argument(read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError as error:  # of which argparse would say only that the value is invalid
        raise argparse.ArgumentTypeError(str(error)) from None


def sizes(text: str) -> Sequence[int]:
    """The sizes of hidden layers, from words such as 16,16."""
    try:
        return [whole_number(part) for part in text.split(",")] if text.strip() else []
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"sizes are whole numbers with commas, such as 16,16; not {text!r}"
        ) from None
