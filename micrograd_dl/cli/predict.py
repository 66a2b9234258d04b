"""The command ``predict``: use a trained network on new examples."""

from __future__ import annotations

import argparse
import sys

from micrograd_dl.cli.parser import Parser
from micrograd_dl.cli.terminal import write
from micrograd_dl.cli.train import add_delimiter
from micrograd_dl.foundation.files import is_stream, require_apart, require_place
from micrograd_dl.foundation.text import plural


def add_options(parser: Parser) -> None:
    """Add the command's options and its help."""
    parser.description = "Use a trained network on new examples, and write a table of the predictions."
    parser.add_argument("model", metavar="MODEL.npz", help="what train saved")
    parser.add_argument("data", metavar="NEW.csv", help="a table with the same features")
    add_delimiter(parser)
    parser.add_argument("-o", "--output", default="predictions.csv", metavar="FILE", help="(predictions.csv)")


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
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
    target = predictor.target
    write_predictions(
        options.output, predicted, target=target, classes=predictor.classes, probabilities=probabilities
    )
    count = plural(X.shape[1], "prediction")
    # On /dev/stdout the message would become a line of the table.
    stream = sys.stderr if is_stream(options.output) else sys.stdout
    write(f"{count} of {target} written to {options.output}.", stream=stream)
    return 0
