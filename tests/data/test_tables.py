"""CSV and npz files as Datasets, and predictions as CSV files: round trips and refusals."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.data import archives
from micrograd_dl.data.built_in import blobs
from micrograd_dl.data.csv_table import on_one_line
from micrograd_dl.data.tables import Kind, read_csv, read_features, read_npz, write_csv, write_predictions
from micrograd_dl.nn.frames import MISSING
from micrograd_dl.nn.network import Array


def written(folder: Path, content: str) -> Path:
    path = folder / "t.csv"
    path.write_text(content, encoding="utf-8")
    return path


def column(folder: Path, *targets: object) -> Path:
    """A table whose column y is this."""
    return written(folder, "x,y\n" + "".join(f"1,{y}\n" for y in targets))


def test_reads_features_and_classes_and_ignores_columns(tmp_path: Path) -> None:
    table = "id,w,species,h\nu1,1,b,2\n,3,a,4\n?,5,b,6\n"
    data = read_csv(written(tmp_path, table), "species", ignore=["id"])
    assert repr(data) == "Dataset(t; X (2, 3): w, h; Y (1, 3): 2 classes (a: 1, b: 2))"
    assert data.X.tolist() == [[1, 3, 5], [2, 4, 6]]
    assert data.Y.tolist() == [[1, 0, 1]]
    assert data.target == "species"


@pytest.mark.parametrize(
    ("targets", "classes"),
    [
        (["b", "a", "B", "a"], ("B", "a", "b")),
        ([1, 0, 1, 0], ("0", "1")),
        ([10, 9, -1, 10, 9, -1], ("-1", "9", "10")),
        (["1.0", "1", "2e0", "2"], ("1", "2")),
        (["none", "mild", "none", "mild"], ("mild", "none")),
        (list(range(20)) * 2, tuple(str(c) for c in range(20))),
    ],
)
def test_targets_that_are_classes(tmp_path: Path, targets: list[object], classes: tuple[str, ...]) -> None:
    data = read_csv(column(tmp_path, *targets), "y")
    backwards = read_csv(column(tmp_path, *targets[::-1]), "y")
    assert data.classes == backwards.classes == classes
    assert (backwards.Y[:, ::-1] == data.Y).all()


@pytest.mark.parametrize(
    "targets", [[0.5, 1, 0.5, 1], [150, 200, 250], [1, 2, 3, 3], list(range(21)) * 2, [1e300, 2.5], [7]]
)
def test_targets_that_are_numbers(tmp_path: Path, targets: list[float]) -> None:
    data = read_csv(column(tmp_path, *targets), "y")
    assert data.kind == "numbers"
    assert data.Y.tolist() == [targets]


def test_the_kind_may_be_said(tmp_path: Path) -> None:
    assert read_csv(column(tmp_path, 1, 0, 1, 0), "y", kind="numbers").Y.tolist() == [[1, 0, 1, 0]]
    assert read_csv(column(tmp_path, 150, 200, 250), "y", kind="classes").classes == ("150", "200", "250")
    assert read_csv(column(tmp_path, "1", "x", "0.5"), "y", kind="classes").classes == ("0.5", "1", "x")
    long = ["9007199254740993", "9007199254740992"]  # one and the same double
    assert read_csv(column(tmp_path, *long), "y", kind="classes").classes == tuple(sorted(long))
    path = column(tmp_path, *(f"n{i:02}" for i in range(21)))
    with pytest.raises(ValueError, match="column 'y' has another text in each line, as names are"):
        read_csv(path, "y")
    assert len(read_csv(path, "y", kind="classes").classes) == 21


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("x,y\n1,2\n1,2\n1,n2\n", {}, "line 4, column 'y': 'n2' is not a number: a target"),
        ("x,y\n1,a\n1,b\n", {"kind": "numbers"}, "'a' is not a number: a target of text is classes: set"),
        ("x,y\nred,a\n", {}, r"'x': 'red' is not a number: leave out a column of text \(--ignore 'x'\),"),
        ("x,y\n1,a\n2,a\n", {}, "t.csv: there is one class only, 'a'"),
        ("y\n1\n", {}, "t.csv: beside the target 'y' there is no column for a feature"),
        ("x,y\n1,1\n", {"ignore": ["y"]}, "the target 'y' is ignored too"),
        ("x,y\n1,1\n", {"kind": "class"}, """the kind of a target is "classes" or "numbers", not 'class'"""),
    ],
)
def test_refuses(tmp_path: Path, content: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_csv(written(tmp_path, content), "y", **options)


def test_features_in_their_own_order(tmp_path: Path) -> None:
    path = written(tmp_path, "note;b;species;a\nfirst;1;;2\n;3;?;4\n")
    assert read_features(path, ["a", "b"]).tolist() == [[2, 4], [1, 3]]
    with pytest.raises(
        ValueError, match=r"there is no column 'B' \(did you mean 'b'\?\), 'c'; there is note"
    ):
        read_features(path, ["B", "c"])


# At the beginning of a file a byte-order mark is no part of a name.
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"), max_size=9)
texts = names.map(on_one_line)
finite = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, list[float]], list[str]]:
    """Columns of numbers, and one of text."""
    heads = draw(st.lists(texts.filter(bool), min_size=1, max_size=4, unique=True))
    targets = ["a", "b", *draw(st.lists(texts.filter(lambda text: text not in MISSING), max_size=4))]
    m = len(targets)
    return {name: draw(st.lists(finite, min_size=m, max_size=m)) for name in heads}, targets


@given(tables())
def test_what_is_written_is_read_to_the_last_bit(table: tuple[dict[str, list[float]], list[str]]) -> None:
    columns, targets = table
    target = "the target: of, all;\tthese"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        write_csv(path, {**columns, target: targets})
        data = read_csv(path, target, kind="classes", delimiter=",")
        assert read_features(path, list(columns), delimiter=",").tolist() == list(columns.values())
    assert data.X.tolist() == list(columns.values())
    assert data.features == tuple(columns)
    assert [data.classes[y] for y in data.Y[0]] == targets


def test_a_table_is_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_csv(path, {"a,b": [0.1, 1e300], 'c"': np.array([1, 2]), "d": ["x\ny", "z;"]})
    assert path.read_bytes() == b'"a,b","c""",d\n0.1,1,x y\n1e+300,2,z;\n'
    with pytest.raises(ValueError, match="longer"):
        write_csv(path, {"a": [1], "b": [1, 2]})


@pytest.mark.parametrize(
    ("predicted", "options", "lines"),
    [
        ([[2, 0]], {"classes": "abc"}, ["y", "c", "a"]),
        (
            [[2, 0]],
            {"classes": "abc", "probabilities": np.array([[0.2, 0.5], [0.3, 0.5], [0.5, 0.0]])},
            ["y,P(a),P(b),P(c)", "c,0.2,0.3,0.5", "a,0.5,0.5,0.0"],
        ),
        (
            [[0, 1]],
            {"classes": "ab", "probabilities": np.array([[0.25, 0.5]])},
            ["y,P(a),P(b)", "a,0.75,0.25", "b,0.5,0.5"],
        ),
        ([[0.1, 2.0], [3.0, 4.0]], {"target": "price"}, ["price 1,price 2", "0.1,3.0", "2.0,4.0"]),
    ],
)
def test_predictions(tmp_path: Path, predicted: Any, options: dict[str, Any], lines: list[str]) -> None:
    write_predictions(tmp_path / "p.csv", np.array(predicted), **options)
    assert (tmp_path / "p.csv").read_text().splitlines() == lines


def test_what_is_no_class_is_not_written(tmp_path: Path) -> None:
    for wrong in (-1, 2, 0.5):
        with pytest.raises(ValueError, match="classes are predicted by their indices, 0 to 1"):
            write_predictions(tmp_path / "p.csv", np.array([[0, wrong]]), classes=("a", "b"))


def saved(folder: Path, **arrays: Any) -> Path:
    path = folder / "t.npz"
    np.savez(path, **arrays)
    return path


def test_npz_comes_back(tmp_path: Path) -> None:
    data = blobs(30)
    again = read_npz(saved(tmp_path, X=data.X, Y=data.Y, other=np.array([{}], dtype=object)))
    assert repr(again) == repr(data).replace("blobs", "t")
    assert (again.X == data.X).all()
    assert (again.Y == data.Y).all()


@pytest.mark.parametrize(
    ("Y", "kind", "classes", "expected"),
    [
        ([[1, 0, 1, 0]], None, ("0", "1"), [[1, 0, 1, 0]]),
        ([[1.0, -1, 1, -1]], None, ("-1", "1"), [[1, 0, 1, 0]]),
        ([["b", "a", "b"]], None, ("a", "b"), [[1, 0, 1]]),
        ([[0.5, 1.5]], "classes", ("0.5", "1.5"), [[0, 1]]),
        ([[0, 1, 0], [1, 0, 0], [0, 0, 1]], None, ("0", "1", "2"), [[1, 0, 2]]),
        ([[1, 0, 1, 0]], "numbers", (), [[1, 0, 1, 0]]),
        ([[True, False]], None, ("False", "True"), [[1, 0]]),
        ([[1, 2], [3, 4]], None, (), [[1, 2], [3, 4]]),
    ],
)
def test_targets_of_npz(
    tmp_path: Path, Y: Any, kind: Kind | None, classes: tuple[str, ...], expected: list[list[float]]
) -> None:
    data = read_npz(saved(tmp_path, X=np.ones((2, len(Y[0]))), Y=np.array(Y)), kind=kind)
    assert data.classes == classes
    assert data.Y.tolist() == expected


ONES: Array = np.ones((2, 3))


@pytest.mark.parametrize(
    ("arrays", "kind", "message"),
    [
        ({"X": ONES}, None, r"the arrays X and Y are wanted, of numpy.savez\(path, X=X, Y=Y\); there is X"),
        ({"X": ONES, "Y": [0, 1, 0]}, None, r"Y has rows, and a column an example: \(n, m\), not \(3,\):"),
        ({"X": ONES, "Y": [[0, 1, np.nan]]}, "classes", r"Y\[0, 2\] is nan"),
        ({"X": ONES, "Y": [["a", "b", "a"]]}, "numbers", "Y holds <U1, not numbers"),
        ({"X": ONES, "Y": [["0", "1", "0"], ["1", "0", "1"]]}, None, "Y holds <U1, not numbers"),
        ({"X": ONES, "Y": [[1j, 2, 1j]]}, None, "Y holds complex128, not numbers"),
        ({"X": ONES, "Y": [[1, 2, 3]] * 2}, "classes", r"one row, or one-hot columns; Y \(2, 3\) is neither"),
        ({"X": ONES, "Y": np.array([[{}, 1, 2]])}, None, "Y holds Python objects, which are not loaded"),
        ({"X": ONES, "Y": [[0, 1, 0]]}, "number", "the kind of a target is"),
    ],
)
def test_npz_refused(tmp_path: Path, arrays: dict[str, Any], kind: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_npz(saved(tmp_path, **arrays), kind=kind)
    with pytest.raises(FileNotFoundError):
        read_npz(tmp_path / "none.npz")


@pytest.mark.parametrize("kind", [np.float64, np.uint8])  # whole numbers of a byte become doubles of eight
def test_a_zip_bomb_is_refused_before_it_is_read(
    tmp_path: Path, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_ALWAYS_ALLOWED", 2**20)
    path = tmp_path / "t.npz"
    np.savez_compressed(path, X=np.zeros((2, 400_000), kind), Y=np.zeros((1, 400_000), kind))
    monkeypatch.setattr(np.lib.format, "read_array", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(ValueError, match="more than 20 times its size: save the arrays uncompressed, with"):
        read_npz(path)
