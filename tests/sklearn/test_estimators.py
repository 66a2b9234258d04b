"""The estimators keep scikit-learn's rules, and give what the network itself would give."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6", reason="scikit-learn is in the extra data")

import joblib
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from micrograd_dl.data import moons
from micrograd_dl.nn.network import one_hot
from micrograd_dl.sklearn import MLPClassifier, MLPRegressor

MOONS, SIDES = moons(120).X.T, moons(120).Y[0]


@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


def test_it_is_the_network_that_fit_trains() -> None:
    model = MLPClassifier((4,), epochs=500, tol=0.001, random_state=1).fit(MOONS, SIDES)
    A = model.network_.forward(MOONS.T)
    np.testing.assert_array_equal(model.predict_proba(MOONS), np.vstack([1 - A, A]).T)
    np.testing.assert_array_equal(model.predict(MOONS), (A[0] >= 0.5).astype(int))
    assert model.network_.shape == (2, 4, 1)
    assert model.n_iter_ == len(model.loss_curve_) < 500
    assert model.loss_ == pytest.approx(model.network_.cost(MOONS.T, SIDES[np.newaxis]), rel=1e-12)
    falls = -np.diff(model.loss_curve_[-5:])
    assert falls.max() < 0.001


def test_many_classes_are_texts_with_softmax() -> None:
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = MLPClassifier((8,), tol=0.01, random_state=0).fit(StandardScaler().fit_transform(X), names)
    X = StandardScaler().fit_transform(X)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    P = model.predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    np.testing.assert_array_equal(model.predict(X), model.classes_[P.argmax(axis=1)])
    assert model.score(X, names) > 0.9
    cost = model.network_.cost(X.T, one_hot(y))
    assert model.loss_ == pytest.approx(cost, rel=1e-12)


def test_training_that_did_not_converge_is_warned_of_at_the_callers_line() -> None:
    with pytest.warns(ConvergenceWarning, match=r"within tol = 0\.0001 for 10 epochs") as found:
        model = MLPClassifier((3,), epochs=3, random_state=0).fit(MOONS, SIDES)
    assert model.n_iter_ == 3
    assert found[0].filename == __file__


def test_the_random_state_decides_everything() -> None:
    def fitted(state: Any) -> Any:
        model = MLPRegressor((3,), tol=0.01, keep_prob=0.8, random_state=state).fit(MOONS, MOONS[:, 0])
        return model.predict(MOONS)

    np.testing.assert_array_equal(fitted(1), fitted(1))
    np.testing.assert_array_equal(fitted(np.random.RandomState(5)), fitted(np.random.RandomState(5)))
    assert (fitted(1) != fitted(2)).any()
    assert (fitted(None) != fitted(None)).any()


def test_a_regressor_gives_the_shape_of_its_targets() -> None:
    model = MLPRegressor((), tol=0.001, random_state=0)
    both = MOONS @ [[1.0, 2.0], [3.0, -1.0]]
    assert model.fit(MOONS, both[:, 0]).predict(MOONS[:5]).shape == (5,)
    assert model.fit(MOONS, both[:, :1]).predict(MOONS[:5]).shape == (5, 1)
    assert model.fit(MOONS, both).predict(MOONS[:5]).shape == (5, 2)
    assert model.score(MOONS, both) > 0.9


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_in_a_pipeline_searched_by_two_processes() -> None:
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(epochs=20, random_state=0))
    # Workers of joblib are processes of their own, which show warnings of theirs.
    with warnings.catch_warnings(), joblib.parallel_config("loky", n_jobs=2):
        search = GridSearchCV(pipeline, {"mlpclassifier__hidden": [(), (8,)]}, cv=2, n_jobs=2)
        search.fit(MOONS, SIDES)
    assert search.best_params_ == {"mlpclassifier__hidden": (8,)}
    assert search.score(MOONS, SIDES) > 0.8
    assert cross_val_score(pipeline, MOONS, SIDES, cv=3).mean() > 0.8


def test_clones_begin_anew_and_joblib_keeps_all(tmp_path: Path) -> None:
    model = MLPClassifier((3,), tol=0.01, normalisation="batch", random_state=0).fit(MOONS, SIDES)
    with pytest.raises(NotFittedError):
        clone(model).predict(MOONS)
    assert clone(model).get_params() == model.get_params()
    joblib.dump(model, tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(again.predict_proba(MOONS), model.predict_proba(MOONS))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"activation": "rleu"}, "did you mean 'relu'"),
        ({"hidden": (0,)}, "at least one unit"),
        ({"batch_size": 0}, "batch_size is a whole number from 1 up"),
        ({"patience": 0}, "patience is a whole number from 1 up"),
        ({"tol": -1.0}, "tol is a number from 0 up"),
        ({"epochs": 0}, "epochs is a whole number from 1 up"),
    ],
)
def test_parameters_that_are_not_possible_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**given).fit(MOONS, SIDES)


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="there is one class only"):
        MLPClassifier().fit(MOONS, np.zeros(120))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames_with_texts(library: str) -> None:
    frames = pytest.importorskip(library, reason="one of the libraries whose frames are read")
    pytest.importorskip("narwhals", reason="frames are read with narwhals")
    towns, sizes = ["Ulm", "Bonn"] * 20, np.linspace(1, 2, 40)
    frame = frames.DataFrame({"town": towns, "size": sizes})
    model = MLPClassifier((), learning_rate=0.3, random_state=0).fit(frame, towns)
    assert model.network_.shape == (3, 1)
    assert model.feature_names_in_.tolist() == ["town", "size"]
    assert model.n_features_in_ == 2
    assert model.score(frame, towns) == 1
    with pytest.raises(ValueError, match="row 0, column 'town': 'Trier' is not in the training set"):
        model.predict(frames.DataFrame({"town": ["Trier"], "size": [1.5]}))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frames.DataFrame({"place": ["Ulm"], "size": [1.5]}))
    number = MLPRegressor((), epochs=20, random_state=0).fit(frame, sizes)
    assert number.predict(frame).shape == (40,)
    plain = MLPRegressor((), epochs=20, random_state=0).fit(frame[["size"]].to_numpy(), sizes)
    with pytest.warns(UserWarning, match="X has feature names, but MLPRegressor was fitted without"):
        assert plain.predict(frame[["size"]]).shape == (40,)
