"""Tables: CSV and ``.npz`` files to the columns of X, and predictions back to CSV.

A CSV file is UTF-8 text, with or without a byte-order mark, and its first line names the columns. The
delimiter is the comma, semicolon or tab that parts that line most, in a ``.tsv`` file the tab. Fields may be
quoted, and white space around them does not count. Numbers are finite, with a decimal point; a target of
classes is any text. Blank lines stand at the end only. Nothing is guessed where a value is missing: it is
refused, with line and column.

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
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.data.csv_table import CsvTable, File, number, shown, squeezed
from micrograd_dl.data.dataset import Dataset
from micrograd_dl.engine.coerce import number_or_none
from micrograd_dl.nn.network import Array
from micrograd_dl.output.files import replacing
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
        ValueError: the file is not such a table; the message names line, column and the offending text.
        OSError: the file cannot be read.
    """
    _require_kind(kind)
    table = CsvTable(path, delimiter)
    at = table.index(target)
    ignored = table.indices(ignore)
    if at in ignored:
        raise ValueError(f"{path}: the target {target!r} is ignored too: leave it out of what is ignored")
    left_out = {at, *ignored}
    features = [i for i in range(len(table.names)) if i not in left_out]
    if not features:
        raise ValueError(f"{path}: beside the target {target!r} at least one column is needed, of a feature")
    columns, targets = [], []
    for line, fields in table.rows():
        columns.append(table.numbers(line, fields, features))
        targets.append((table.place(line, at), table.text(line, fields, at)))
    Y, classes = _targets(targets, kind)
    names = tuple(table.names[i] for i in features)
    X = np.stack(columns, axis=1)
    return _dataset(path, X, Y, classes, features=names, target=table.names[at])


def read_features(path: File, features: Sequence[str], *, delimiter: str | None = None) -> Array:
    """These columns of a table, in this order, whatever theirs is in the file: ``X (n_x, m)``.

    Columns of other names, the target for one, are not looked at.

    Raises:
        ValueError: a column is not there, or a line is wrong; see `read_csv`.
        OSError: the file cannot be read.
    """
    table = CsvTable(path, delimiter)
    columns = table.indices(features)
    return np.stack([table.numbers(line, fields, columns) for line, fields in table.rows()], axis=1)


def read_npz(path: File, *, kind: Kind | None = None) -> Dataset:
    """The arrays X ``(n_x, m)`` and Y of a ``.npz`` file as a Dataset; other arrays in it are not looked at.

    Y is classes or numbers, ``(1, m)``, by the rule of `read_csv`, or numbers ``(n_y, m)``; one-hot columns
    are classes. `kind` says which it is, against that rule. Nothing is loaded with pickle.

    Raises:
        ValueError: the file is no such file, or see `Dataset`.
        OSError: the file cannot be read.
    """
    _require_kind(kind)
    X, Y = _arrays(path)
    Y, classes = _array_targets(Y, kind)
    return _dataset(path, X, Y, classes)


# --- writing --------------------------------------------------------------------------------------------


def write_csv(path: File, columns: Mapping[str, Sequence[object] | Array]) -> None:
    """Columns, by their names, as a CSV file: the old file is replaced by the whole new one or not at all.

    Doubles are written with as many digits as give the same double back.

    Raises:
        ValueError: the columns are not equally long, or there is none.
        OSError: the file cannot be written.
    """
    lists = [c.tolist() if isinstance(c, np.ndarray) else list(c) for c in columns.values()]
    if len({len(column) for column in lists}) != 1:
        lengths = ", ".join(f"{name}: {len(column)}" for name, column in zip(columns, lists, strict=True))
        raise ValueError(f"a table has columns, all equally long; these are {lengths or 'none'}")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(squeezed(name) for name in columns)
    for row in zip(*lists, strict=True):
        writer.writerow(squeezed(x) if isinstance(x, str) else x for x in row)
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
        path: of the file; see `write_csv`.
        predicted: what ``model.predict(X)`` gives: numbers ``(n_y, m)``; or classes ``(1, m)``, as their
            indices or, of two, as -1 and 1.
        target: the name of the first column; for several numbers an example, "y 1", "y 2" and so on.
        classes: the names of the classes, which are written instead of their indices.
        probabilities: what ``model.forward(X)`` gives, if it is probabilities: ``(n_classes, m)``, or of two
            classes ``(1, m)``, that of the second. They are written as columns "P(class)".

    Raises:
        ValueError: a shape is wrong, or a prediction is not the index of a class.
        OSError: the file cannot be written.
    """
    P = _require_rows("predicted", np.asarray(predicted))
    if not classes:
        names = [target] if len(P) == 1 else [f"{target} {i}" for i in range(1, len(P) + 1)]
        write_csv(path, dict(zip(names, P, strict=True)))
        return
    columns: dict[str, Sequence[object]] = {target: [classes[c] for c in _indices(P, len(classes))]}
    if probabilities is not None:
        A = _require_rows("probabilities", np.asarray(probabilities))
        if len(classes) == 2 and len(A) == 1:
            A = np.vstack([1 - A, A])
        if A.shape != (len(classes), P.shape[1]):
            raise ValueError(
                f"{plural(P.shape[1], 'example')} of {len(classes)} classes: probabilities are not {A.shape}"
            )
        columns |= {f"P({name})": row.tolist() for name, row in zip(classes, A, strict=True)}
    write_csv(path, columns)


# --- targets --------------------------------------------------------------------------------------------


def _require_kind(kind: str | None) -> None:
    if kind not in (None, "classes", "numbers"):
        raise ValueError(f'the kind of a target is "classes" or "numbers", not {kind!r}')


def _targets(targets: Sequence[tuple[str, str]], kind: Kind | None) -> tuple[Array, tuple[str, ...]]:
    """Y and the names of the classes, from the place and the text of each target."""
    if (kind or _kind(targets)) == "numbers":
        advice = 'a target of text is classes: set the kind to "classes"'
        return np.array([[number(text, place, advice) for place, text in targets]]), ()
    return _classes([text for _, text in targets])


def _kind(targets: Sequence[tuple[str, str]]) -> Kind:
    numbers = [number_or_none(text) for _, text in targets]
    if None not in numbers:
        return "classes" if _are_classes(np.array(numbers)) else "numbers"
    if all(x is None for x in numbers):
        if len({text for _, text in targets}) == len(targets) > MOST_CLASSES:
            raise ValueError(
                f"{targets[0][0]}, and on: each of the {len(targets)} targets is another text, as names are: "
                'predict another column, or set the kind to "classes"'
            )
        return "classes"
    place, text = targets[numbers.index(None)]
    raise ValueError(
        f'{place}: {shown(text)} is no number, and other targets are: mend it, or set the kind to "classes"'
    )


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
    return (
        int(text) if text.isdecimal() else int(x)
    )  # the digits of a long number are more than a double holds


def _array_targets(Y: Array, kind: Kind | None) -> tuple[Array, tuple[str, ...]]:
    """Y and the names of the classes; wrong shapes and numbers are left for `Dataset` to find."""
    text = Y.dtype.kind == "U"
    if kind == "numbers" or Y.ndim != 2 or not (text or _are_finite(Y)):
        return Y, ()
    if len(Y) > 1 and not text and np.isin(Y, (0, 1)).all() and (Y.sum(axis=0) == 1).all():
        return Y.argmax(axis=0, keepdims=True), tuple(str(c) for c in range(len(Y)))
    if len(Y) == 1 and (text or kind == "classes" or _are_classes(Y[0])):
        return _classes([str(y) for y in Y[0].tolist()])
    if kind == "classes":
        raise ValueError(f"classes are one row, or one-hot columns; Y {Y.shape} is neither")
    return Y, ()


def _are_finite(Y: Array) -> bool:
    return Y.dtype.kind in "fiub" and bool(np.isfinite(Y).all())


# --- files and arrays -----------------------------------------------------------------------------------


def _arrays(path: File) -> tuple[Array, Array]:
    """X and Y of a ``.npz`` file."""
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(f"{path}: this is no .npz file: write one with numpy.savez(path, X=X, Y=Y)")
        file.seek(0)
        try:
            with np.load(file, allow_pickle=False) as arrays:
                names = list(arrays.files)
                found = [np.asarray(arrays[name]) for name in ("X", "Y") if name in names]
        except (ValueError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error):
            raise ValueError(
                f"{path}: it is damaged, or X or Y holds Python objects: save arrays of numbers or texts"
            ) from None
    if len(found) < 2:
        raise ValueError(f"{path}: the arrays X and Y are wanted; there is {', '.join(names) or 'none'}")
    return found[0], found[1]


def _dataset(path: File, X: Array, Y: Array, classes: tuple[str, ...], **names: Any) -> Dataset:
    try:
        return Dataset(X, Y, classes, name=Path(path).stem, **names)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _require_rows(name: str, array: Array) -> Array:
    if array.ndim != 2:
        raise ValueError(f"{name} has a column an example, (n, m), not the shape {array.shape}")
    return array


def _indices(P: Array, count: int) -> list[int]:
    """Predicted classes as indices; the two classes of max-margin are -1 and 1."""
    index = np.where(P == -1, 0, P) if count == 2 else P
    if len(P) != 1 or not np.isin(index, np.arange(count)).all():
        raise ValueError(
            f"predicted classes are (1, m) indices from 0 to {count - 1}, not {P.shape}: {shown(str(P))}"
        )
    return [int(c) for c in index[0]]
