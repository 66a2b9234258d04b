"""Tables: CSV and ``.npz`` files to the columns of X, and predictions back to CSV.

A CSV file is UTF-8 text, and its first line names the columns. The delimiter is the comma, semicolon or tab
that divides that line into most fields; in a ``.tsv`` file it is the tab. Fields may be quoted, and white
space around them does not count. Numbers are finite, with a decimal point; a target of classes is any text.
Blank lines may stand at the end only. A missing value is refused, with line and column.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "flats.csv"
...     write_csv(path, {"size": [50.5, 80.0, 65.0], "floor": [1, 3, 2], "sold": ["no", "yes", "no"]})
...     read_csv(path, "sold")
Dataset(flats; X (2, 3): size, floor; Y (1, 3): 2 classes (no: 2, yes: 1))
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from micrograd_dl.data.archives import open_archive
from micrograd_dl.data.csv_table import CsvTable, File, on_one_line
from micrograd_dl.data.dataset import Dataset
from micrograd_dl.data.targets import MOST_CLASSES, are_classes, classes_of
from micrograd_dl.foundation.files import replacing
from micrograd_dl.foundation.lookup import listed
from micrograd_dl.nn.network import Array

Kind: TypeAlias = Literal["classes", "numbers"]


def read_csv(
    path: File,
    target: str,
    *,
    kind: Kind | None = None,
    ignore: Sequence[str] = (),
    delimiter: str | None = None,
) -> Dataset:
    """A table with one example a line as a Dataset, ``X (n_x, m)`` and ``Y (1, m)``.

    Args:
        path: of the file.
        target: the column to predict; all others are features.
        kind: whether the target is "classes" or "numbers". By default text is classes; so are whole numbers
            of at most 20 different values, each there twice on average; other numbers are numbers.
        ignore: columns that are neither, such as an identifier; they may hold anything.
        delimiter: by default the tab in a ``.tsv`` file, and in others found from the first line.

    Classes are in alphabetical order, whole numbers in numerical order, whatever the order of the lines. A
    ValueError names line, column and the text there.
    """
    _require_kind(kind)
    table = CsvTable(path, delimiter)
    [at], ignored = table.indices([target]), table.indices(ignore)
    if at in ignored:
        raise ValueError(f"{path}: the target {target!r} is ignored too: leave it out of what is ignored")
    features = [i for i in range(len(table.names)) if i not in {at, *ignored}]
    if not features:
        raise ValueError(f"{path}: beside the target {target!r} there is no column for a feature")
    advice = "leave out a column of text (--ignore '{}'), predict it (--target '{}'), or code it in numbers"
    X = table.numbers(features, advice)
    targets = table.texts(at)
    if kind == "classes" or (kind is None and are_classes(targets)):
        Y, classes = classes_of(targets)
        if kind is None and len(classes) == len(targets) > MOST_CLASSES:
            problem = f"column {target!r} has another text in each line, as names are: predict another column"
            raise ValueError(f'{path}: {problem}, or set the kind to "classes"')
    else:
        Y, classes = table.numbers([at], 'a target of text is classes: set the kind to "classes"'), ()
    names = tuple(table.names[i] for i in features)
    return _dataset(path, X, Y, classes, features=names, target=table.names[at])


def read_features(path: File, features: Sequence[str], *, delimiter: str | None = None) -> Array:
    """These columns of a table, in this order, as ``X (n_x, m)``; ValueError if one is missing or wrong."""
    table = CsvTable(path, delimiter)
    return table.numbers(table.indices(features))


def read_npz(path: File, *, kind: Kind | None = None) -> Dataset:
    """The arrays X ``(n_x, m)`` and Y of a ``.npz`` file as a Dataset; other arrays in it are not looked at.

    Y is classes or numbers, ``(1, m)``, by the rule of `read_csv` or by `kind`, or numbers ``(n_y, m)``;
    one-hot columns are classes. Nothing is loaded with pickle. ValueError if it is no such file.
    """
    _require_kind(kind)
    with open_archive(path) as archive:
        if not {"X", "Y"} <= {*archive.names}:
            problem = "the arrays X and Y are wanted, of numpy.savez(path, X=X, Y=Y)"
            raise ValueError(f"{path}: {problem}; there is {listed(archive.names) or 'none'}")
        X, Y = archive.read("X"), archive.read("Y")
    is_text = Y.dtype.kind == "U"
    if kind != "numbers" and Y.ndim == 2 and (is_text or (Y.dtype.kind in "fiub" and np.isfinite(Y).all())):
        targets = list(map(str, Y[0].tolist()))
        if len(Y) == 1 and (kind == "classes" or are_classes(targets)):
            return _dataset(path, X, *classes_of(targets))
        if len(Y) > 1 and not is_text and np.isin(Y, (0, 1)).all() and (Y.sum(axis=0) == 1).all():
            return _dataset(path, X, Y.argmax(axis=0, keepdims=True), tuple(map(str, range(len(Y)))))
        if kind == "classes":
            raise ValueError(f"classes are one row, or one-hot columns; Y {Y.shape} is neither")
    return _dataset(path, X, Y, ())


def _dataset(path: File, X: Array, Y: Array, classes: tuple[str, ...], **names: Any) -> Dataset:
    try:
        return Dataset(X, Y, classes, name=Path(path).stem, **names)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def write_csv(path: File, columns: Mapping[str, Sequence[object] | Array]) -> None:
    """Write named columns of one length as a CSV file, replaced whole; doubles are kept to the bit."""
    lists = [c.tolist() if isinstance(c, np.ndarray) else c for c in columns.values()]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for row in ([*columns], *zip(*lists, strict=True)):
        writer.writerow(on_one_line(x) if isinstance(x, str) else x for x in row)
    with replacing(path) as file:
        file.write(text.getvalue().encode())


def write_predictions(
    path: File,
    predicted: Array,
    *,
    target: str = "y",
    classes: Sequence[str] = (),
    probabilities: Array | None = None,
) -> None:
    """Write a network's predictions as a CSV file with one example a line, in the order of the columns of X.

    Args:
        path: of the file.
        predicted: numbers ``(n_y, m)``, or indices of classes ``(1, m)``.
        target: the name of the first column; for several numbers an example, "y 1", "y 2" and so on.
        classes: the names of the classes, which are written instead of their indices.
        probabilities: ``(n_classes, m)``, or for two classes ``(1, m)``, the second's.
    """
    names = [target] if len(predicted) == 1 else [f"{target} {i}" for i in range(1, len(predicted) + 1)]
    columns: dict[str, Any] = dict(zip(names, predicted, strict=True))
    if classes:
        if not np.isin(predicted, np.arange(len(classes))).all():
            raise ValueError(f"classes are predicted by their indices, 0 to {len(classes) - 1}")
        columns[target] = [classes[c] for c in predicted[0].tolist()]
    if probabilities is not None:
        A = probabilities if len(probabilities) > 1 else np.vstack([1 - probabilities, probabilities])
        columns |= {f"P({name})": row for name, row in zip(classes, A, strict=True)}
    write_csv(path, columns)


def _require_kind(kind: str | None) -> None:
    if kind not in (None, "classes", "numbers"):
        raise ValueError(f'the kind of a target is "classes" or "numbers", not {kind!r}')
