"""Data frames of pandas and polars at the doors: rows are examples, texts one-hot, missing values refused."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("narwhals", reason="frames are read with narwhals, in the extra frames")

from micrograd_dl.data import Dataset, moons
from micrograd_dl.engine.value import Value
from micrograd_dl.nn.frames import as_array, columns_of, features_like, features_of, is_frame
from micrograd_dl.training import fit
from micrograd_dl.training.experiment import train
from micrograd_dl.training.options import TrainingOptions
from micrograd_dl.vectorized import MLP

FLATS: dict[str, list[Any]] = {
    "size": [50.0, 80.0, 65.0, 70.0],
    "town": ["Ulm", "Bonn", "Ulm", "Trier"],
    "rent": ["500,5", "800", "-1,25", "7e2"],
    "old": [True, False, True, True],
}


@pytest.fixture(params=["pandas", "polars"])
def library(request: pytest.FixtureRequest) -> Any:
    return pytest.importorskip(request.param, reason="one of the libraries whose frames are read")


def test_rows_are_examples_and_texts_are_one_hot(library: Any) -> None:
    X, features = features_of(library.DataFrame(FLATS))
    assert features == ("size", "town=Bonn", "town=Trier", "town=Ulm", "rent", "old")
    assert X.tolist() == [
        [50, 80, 65, 70], [0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 1, 0], [500.5, 800, -1.25, 700], [1, 0, 1, 1],
    ]  # fmt: skip


def test_other_rows_get_the_same_features(library: Any) -> None:
    _, features = features_of(library.DataFrame(FLATS))
    other = library.DataFrame(
        {"old": [False], "town": ["Bonn"], "rent": ["3,5"], "size": [10], "note": ["of no use"]}
    )
    assert features_like(other, features)[:, 0].tolist() == [10, 1, 0, 0, 3.5, 0]
    unknown = library.DataFrame({**FLATS, "town": ["Ulm", "Ulm", "Berlin", "Ulm"]})
    message = "row 2, column 'town': 'Berlin' is not in the training set, which has Bonn, Trier, Ulm"
    with pytest.raises(ValueError, match=message):
        features_like(unknown, features)
    with pytest.raises(ValueError, match=r"there is no column 'sise' .did you mean 'size'"):
        features_like(other, ["sise"])
    for column, held in ({"size": ["small"]}, "numbers"), ({"town": [3]}, "texts"):
        with pytest.raises(ValueError, match=f"and held {held} in the training set"):
            features_like(library.DataFrame({**{k: x[:1] for k, x in FLATS.items()}, **column}), features)


def test_names_may_hold_the_sign_that_parts_them(library: Any) -> None:
    frame = library.DataFrame({"a=b": ["c=d", "e"], "a": [1, 2]})
    X, features = features_of(frame)
    assert features == ("a=b=c=d", "a=b=e", "a")
    assert features_like(frame, features).tolist() == X.tolist()
    with pytest.raises(ValueError, match="two columns give a feature 'a=b'"):
        features_of(library.DataFrame({"a": ["b", "c"], "a=b": [1, 2]}))


@pytest.mark.parametrize("missing", [None, float("nan"), "NA", ""])
def test_missing_values_are_refused_by_row_and_column(library: Any, missing: Any) -> None:
    present = [1.5, 2.5] if isinstance(missing, float) else ["u", "v"]
    with pytest.raises(ValueError, match="row 2, column 'b': the value is missing"):
        features_of(library.DataFrame({"a": [1, 2, 3], "b": [*present, missing]}))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["1", "2", "many"], "row 2, column 'x': 'many' is not a number, as others in the column are"),
        (["1,234", "5"], "the commas of column 'x' may be decimals or thousands, such as '1,234'"),
        ([[1], [2]], "column 'x' is .*, neither numbers nor texts: convert it"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(library: Any, column: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        columns_of(library.DataFrame({"x": column}))


def test_decimal_commas() -> None:
    pandas = pytest.importorskip("pandas", reason="one of the libraries whose frames are read")
    assert columns_of(pandas.Series(["1,234", "0,5"], name="x")) == {"x": [1.234, 0.5]}


def test_categorical_columns_are_categories_whatever_they_look_like(library: Any) -> None:
    dtype = "category" if library.__name__ == "pandas" else library.Categorical
    codes = library.Series(["1", "2", "1"], dtype=dtype)
    assert columns_of(codes) == {"": ["1", "2", "1"]}


def test_empty_frames_are_refused(library: Any) -> None:
    with pytest.raises(ValueError, match="has no rows, or no columns"):
        columns_of(library.DataFrame({"x": []}))


def test_networks_take_frames_of_numbers(library: Any) -> None:
    X, Y = moons(40)
    frame, sides = (
        library.DataFrame({"x1": X[0], "x2": X[1]}),
        library.Series("y", Y[0]) if library.__name__ == "polars" else library.Series(Y[0]),
    )
    one, two = (MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1) for _ in range(2))
    fit(one, frame, sides, dev=(frame, sides), epochs=3)
    fit(two, X, Y, dev=(X, Y), epochs=3)
    np.testing.assert_array_equal(one.predict(frame), two.predict(X))
    np.testing.assert_array_equal(one.forward(frame), two.forward(X))
    with pytest.raises(ValueError, match="column 'town' of X holds texts, such as 'Ulm': make a Dataset"):
        one.predict(library.DataFrame(FLATS))


def test_any_model_is_trained_on_frames(library: Any) -> None:
    class Line:
        w = Value(0.0, "w")

        def parameters(self) -> list[Value]:
            return [self.w]

        def cost_and_grad(self, X: Any, Y: Any) -> float:
            J = sum(
                ((self.w * x - y) ** 2 for x, y in zip(X[0].tolist(), Y[0].tolist(), strict=True)), Value(0.0)
            )
            self.w.zero_grad()
            J.backward()
            return J.data

    line = Line()
    fit(line, library.DataFrame({"x": [1.0, 2.0]}), library.DataFrame({"y": [2.0, 4.0]}), epochs=500)
    assert line.w.data == pytest.approx(2.0, abs=0.05)


def test_a_dataset_of_a_frame_has_its_names(library: Any) -> None:
    frame = library.DataFrame(FLATS)
    data = Dataset(frame[["size", "town"]], frame["rent"])
    assert (data.features, data.target) == (("size", "town=Bonn", "town=Trier", "town=Ulm"), "rent")
    assert (data.kind, data.Y.tolist()) == ("numbers", [[500.5, 800, -1.25, 700]])
    towns = Dataset(frame[["size"]], frame["town"], target="where")
    assert (towns.classes, towns.Y.tolist(), towns.target) == (
        ("Bonn", "Trier", "Ulm"),
        [[2, 0, 2, 1]],
        "where",
    )
    assert Dataset(frame[["size"]], frame["old"]).Y.tolist() == [[1, 0, 1, 1]]
    assert Dataset(frame[["size"]], library.DataFrame({"y": [3, 4, 3, 4]})["y"]).classes == ("3", "4")
    assert Dataset(frame[["town"]], frame[["size", "rent"]]).Y.shape == (2, 4)


def test_a_trained_predictor_takes_frames(library: Any) -> None:
    rng = np.random.default_rng(0)
    town = rng.choice(["Ulm", "Bonn"], 60)
    columns: dict[str, Any] = {"size": rng.uniform(30, 90, 60), "town": town.tolist()}
    columns["rent"] = columns["size"] * 10 + 300 * (town == "Ulm")
    frame = library.DataFrame(columns)
    data = Dataset(frame[["size", "town"]], frame["rent"])
    outcome = train(data, TrainingOptions(hidden=(), epochs=300, learning_rate=0.1, patience=None))
    predictor = outcome.predictor
    np.testing.assert_array_equal(predictor.predict(frame), predictor.predict(data.X))
    assert predictor.r_squared(outcome.test) > 0.99
    sides = train(Dataset(frame[["size"]], frame["town"]), TrainingOptions(epochs=1)).predictor
    probabilities = sides.probabilities(frame)
    assert probabilities is not None
    assert probabilities.shape == (1, 60)


def test_arrays_are_no_frames() -> None:
    for x in (np.zeros((2, 2)), [[1.0]], 3, None, "text"):
        assert not is_frame(x)
    assert as_array("X", [[1.0]]).tolist() == [[1.0]]


def test_without_narwhals_the_extra_is_named(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "narwhals", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"a DataFrame is read with narwhals .*'micrograd-dl\[frames\]'"
    ):
        MLP(1, [1]).predict(library.DataFrame({"x": [1.0]}))
