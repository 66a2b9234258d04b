"""Tables: CSV and ``.npz`` files to the columns of X, and predictions back to CSV.

A CSV file is UTF-8 text, and its first line names the columns. The delimiter is the comma, semicolon or tab
that divides that line into most fields; in a ``.tsv`` file it is the tab. Fields may be quoted, and white
space around them does not count. Numbers are finite, with a decimal point; a target of classes is any text.
Blank lines may stand at the end only. A missing value is refused, with line and column.

>>> import tempfile
>>> folder = tempfile.TemporaryDirectory()
>>> path = Path(folder.name) / "flats.csv"
>>> write_csv(path, {"size": [50.5, 80.0, 65.0], "floor": [1, 3, 2], "sold": ["no", "yes", "no"]})
>>> read_csv(path, "sold")
Dataset(flats; X (2, 3): size, floor; Y (1, 3): 2 classes (no: 2, yes: 1))
>>> read_features(path, ["floor", "size"])
array([[ 1. ,  3. ,  2. ],
       [50.5, 80. , 65. ]])
>>> folder.cleanup()
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.data.archives import open_archive
from micrograd_dl.data.csv_table import CsvTable, File, on_one_line, quoted
from micrograd_dl.data.dataset import Dataset
from micrograd_dl.nn.network import Array
from micrograd_dl.output.files import replacing
from micrograd_dl.output.lookup import listed
from micrograd_dl.output.numbers import number_or_none
from micrograd_dl.output.text import plural

Kind: TypeAlias = Literal["classes", "numbers"]

MOST_CLASSES = 20  # whole numbers of more different values are taken for numbers


# --- reading --------------------------------------------------------------------------------------------


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

    Classes are in alphabetical order, whole numbers in numerical order, whatever the order of the lines.

    Raises:
        ValueError: the file is not such a table; the message names line, column and the text there.
        OSError: the file cannot be read.
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
    Y, classes = _targets(table, at, kind)
    names = tuple(table.names[i] for i in features)
    return _dataset(path, X, Y, classes, features=names, target=table.names[at])


def read_features(path: File, features: Sequence[str], *, delimiter: str | None = None) -> Array:
    """These columns of a table, in this order, whatever theirs is in the file: ``X (n_x, m)``.

    Other columns, such as the target, are not looked at. ValueError if one is not there, or a line is wrong.
    """
    table = CsvTable(path, delimiter)
    return table.numbers(table.indices(features))


def read_npz(path: File, *, kind: Kind | None = None) -> Dataset:
    """The arrays X ``(n_x, m)`` and Y of a ``.npz`` file as a Dataset; other arrays in it are not looked at.

    Y is classes or numbers, ``(1, m)``, by the rule of `read_csv`, or numbers ``(n_y, m)``; one-hot columns
    are classes. `kind` overrides that rule. Nothing is loaded with pickle.

    Raises:
        ValueError: the file is no such file, or its arrays are no Dataset.
        OSError: the file cannot be read.
    """
    _require_kind(kind)
    with open_archive(path) as archive:
        if not {"X", "Y"} <= {*archive.names}:
            problem = "the arrays X and Y are wanted, of numpy.savez(path, X=X, Y=Y)"
            raise ValueError(f"{path}: {problem}; there is {listed(archive.names) or 'none'}")
        X, Y = archive.read("X"), archive.read("Y")
    Y, classes = _targets_of_array(Y, kind)
    return _dataset(path, X, Y, classes)


def _dataset(path: File, X: Array, Y: Array, classes: tuple[str, ...], **names: Any) -> Dataset:
    try:
        return Dataset(X, Y, classes, name=Path(path).stem, **names)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


# --- writing --------------------------------------------------------------------------------------------


def write_csv(path: File, columns: Mapping[str, Sequence[object] | Array]) -> None:
    """Columns, by their names, as a CSV file, which is replaced whole; doubles are read back to the bit."""
    lists = [c.tolist() if isinstance(c, np.ndarray) else list(c) for c in columns.values()]
    if len({len(column) for column in lists}) != 1:
        lengths = ", ".join(f"{name}: {len(column)}" for name, column in zip(columns, lists, strict=True))
        raise ValueError(f"a table has columns, all equally long; these are {lengths or 'none'}")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for row in ([*columns], *zip(*lists, strict=True)):
        writer.writerow(on_one_line(x) if isinstance(x, str) else x for x in row)
    with replacing(path) as file:
        file.write(text.getvalue().encode())


def write_predictions(
    path: File,
    predicted: ArrayLike,
    *,
    target: str = "y",
    classes: Sequence[str] = (),
    probabilities: ArrayLike | None = None,
) -> None:
    """What a network predicts, as a CSV file with one example a line, in the order of the columns of X.

    Args:
        path: of the file.
        predicted: what ``model.predict(X)`` gives: numbers ``(n_y, m)``; or classes ``(1, m)``, as their
            indices or, of two, as -1 and 1.
        target: the name of the first column; for several numbers an example, "y 1", "y 2" and so on.
        classes: the names of the classes, which are written instead of their indices.
        probabilities: what ``model.forward(X)`` gives, if it is probabilities: ``(n_classes, m)``, or of two
            classes ``(1, m)``, that of the second. They are written as columns "P(class)".
    """
    P = _require_rows("predicted", predicted)
    if not classes:
        names = [target] if len(P) == 1 else [f"{target} {i}" for i in range(1, len(P) + 1)]
        write_csv(path, dict(zip(names, P, strict=True)))
        return
    index = np.where(P == -1, 0, P) if len(classes) == 2 else P  # the two classes of max-margin are -1 and 1
    if len(P) != 1 or not np.isin(index, np.arange(len(classes))).all():
        wanted = f"(1, m) indices from 0 to {len(classes) - 1}"
        raise ValueError(f"predicted classes are {wanted}, not {P.shape}: {quoted(str(P))}")
    columns: dict[str, Sequence[object]] = {target: [classes[int(c)] for c in index[0]]}
    if probabilities is not None:
        A = _require_rows("probabilities", probabilities)
        if len(classes) == 2 and len(A) == 1:
            A = np.vstack([1 - A, A])
        if A.shape != (len(classes), P.shape[1]):
            examples = plural(P.shape[1], "example")
            raise ValueError(f"{examples} of {len(classes)} classes: probabilities are not {A.shape}")
        columns |= {f"P({name})": row.tolist() for name, row in zip(classes, A, strict=True)}
    write_csv(path, columns)


def _require_rows(name: str, given: ArrayLike) -> Array:
    array = np.asarray(given)
    if array.ndim != 2:
        raise ValueError(f"{name} has a column an example, (n, m), not the shape {array.shape}")
    return array


# --- targets --------------------------------------------------------------------------------------------


def _require_kind(kind: str | None) -> None:
    if kind not in (None, "classes", "numbers"):
        raise ValueError(f'the kind of a target is "classes" or "numbers", not {kind!r}')


def _targets(table: CsvTable, at: int, kind: Kind | None) -> tuple[Array, tuple[str, ...]]:
    """Y and the names of the classes, from a column of a table."""
    texts = table.texts(at)
    if (kind or _kind(table, at, texts)) == "classes":
        return _classes(texts)
    return table.numbers([at], 'a target of text is classes: set the kind to "classes"'), ()


def _kind(table: CsvTable, at: int, texts: Sequence[str]) -> Kind:
    numbers = [number_or_none(text) for text in texts]
    if None not in numbers:
        return "classes" if _are_classes(np.array(numbers)) else "numbers"
    advice = 'set the kind to "classes"'
    if any(x is not None for x in numbers):
        row = numbers.index(None)
        problem = f"{quoted(texts[row])} is no number, and other targets are: mend it, or {advice}"
        raise table.wrong(row, at, problem)
    if len(set(texts)) == len(texts) > MOST_CLASSES:
        problem = f"each of the {len(texts)} targets is another text, as names are: predict another column"
        raise ValueError(f"{table.path}, column {table.names[at]!r}: {problem}, or {advice}")
    return "classes"


def _are_classes(numbers: Array) -> bool:
    different = np.unique(numbers)
    whole = np.isfinite(different).all() and (different == np.floor(different)).all()
    return bool(whole) and len(different) <= min(MOST_CLASSES, numbers.size // 2)


def _classes(texts: Sequence[str]) -> tuple[Array, tuple[str, ...]]:
    """The index of each among the different ones, ``(1, m)``; whole numbers count as such, so 1.0 is 1."""
    whole = [_whole(text) for text in texts]
    keys: Sequence[Any] = texts if None in whole else whole
    index = {key: c for c, key in enumerate(sorted(set(keys)))}
    return np.array([[index[key] for key in keys]]), tuple(str(key) for key in index)


def _whole(text: str) -> int | None:
    x = number_or_none(text)
    if x is None or not x.is_integer():
        return None
    return int(text) if text.isdecimal() else int(x)  # a long number has more digits than a double holds


def _targets_of_array(Y: Array, kind: Kind | None) -> tuple[Array, tuple[str, ...]]:
    """Y and the names of the classes; wrong shapes and numbers are left for `Dataset` to find."""
    text = Y.dtype.kind == "U"
    if kind == "numbers" or Y.ndim != 2 or not (text or (Y.dtype.kind in "fiub" and np.isfinite(Y).all())):
        return Y, ()
    if len(Y) > 1 and not text and np.isin(Y, (0, 1)).all() and (Y.sum(axis=0) == 1).all():
        return Y.argmax(axis=0, keepdims=True), tuple(str(c) for c in range(len(Y)))
    if len(Y) == 1 and (text or kind == "classes" or _are_classes(Y[0])):
        return _classes([str(y) for y in Y[0].tolist()])
    if kind == "classes":
        raise ValueError(f"classes are one row, or one-hot columns; Y {Y.shape} is neither")
    return Y, ()
