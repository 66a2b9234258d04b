"""The built-in sets: their shapes, their geometry, and that a seed is all there is to chance."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.data.built_in import (
    DATASETS,
    blobs,
    circles,
    dataset,
    digits,
    flower,
    house_prices,
    iris,
    moons,
    parity,
    spirals,
    xor,
)
from micrograd_dl.data.dataset import Dataset
from micrograd_dl.nn.network import Array

Make = Callable[..., Dataset]
RANDOM = [moons, circles, blobs, spirals, flower]
every = pytest.mark.parametrize("make", [*RANDOM, house_prices])


def columns(data: Dataset, c: int) -> Array:
    """The examples of class c."""
    return data.X[:, data.Y[0] == c]


@pytest.mark.parametrize("make", RANDOM)
@given(m=st.integers(3, 60), seed=st.integers(0, 2**32))
def test_toy_sets_have_their_shapes_and_even_classes(make: Make, m: int, seed: int) -> None:
    data = make(m, seed=seed)
    assert (data.X.shape, data.Y.shape) == ((2, m), (1, m))
    counts = np.bincount(data.Y[0], minlength=len(data.classes))
    assert counts.max() - counts.min() <= 1


@every
def test_the_seed_makes_the_set(make: Make) -> None:
    one, same, other = (make(50, seed=seed) for seed in (3, 3, 4))
    assert (one.X == same.X).all()
    assert (one.Y == same.Y).all()
    assert not ((one.X == other.X).all() and (one.Y == other.Y).all())
    if one.classes:
        assert len(set(one.Y[0, :20].tolist())) == len(one.classes)  # they are mixed


@every
@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(({"noise": x}, "the noise is a number from 0 up") for x in (-0.1, np.nan, np.inf)),
        ({"m": 0}, "takes at least one example, and m is 0"),
        ({"m": 10.5}, r"^m is a whole number from 0 up, not 10\.5$"),
        ({"seed": -1}, r"^seed is a whole number from 0 up, not -1$"),
    ],
)
def test_options_are_refused(make: Make, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_moons_lie_on_their_arcs() -> None:
    data = moons(101, noise=0)
    upper, lower = columns(data, 0), columns(data, 1)
    assert np.hypot(*upper) == pytest.approx(np.ones(51))
    assert np.hypot(lower[0] - 1, lower[1] - 0.5) == pytest.approx(np.ones(50))
    assert upper[1].min() > -1e-12
    assert lower[1].max() < 0.5 + 1e-12


def test_circles_lie_on_theirs() -> None:
    data = circles(100, noise=0, factor=0.3)
    assert np.hypot(*columns(data, 0)) == pytest.approx(np.ones(50))
    assert np.hypot(*columns(data, 1)) == pytest.approx(np.full(50, 0.3))
    assert len(np.unique(data.X.round(9), axis=1).T) == 100  # the end does not repeat the beginning
    for factor in (0, 1, -1, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1, not"):
            circles(factor=factor)


def test_blobs_lie_around_a_circle_and_spirals_are_one_arm_turned() -> None:
    assert np.hypot(*blobs(8, classes=4, noise=0).X) == pytest.approx(np.full(8, 4))
    assert columns(blobs(3000, noise=0.5), 0).std(axis=1) == pytest.approx([0.5, 0.5], rel=0.1)
    data = spirals(40, classes=2, noise=0)
    arms = [columns(data, c)[:, np.argsort(np.hypot(*columns(data, c)))] for c in (0, 1)]
    assert arms[1] == pytest.approx(-arms[0])


@pytest.mark.parametrize("make", [blobs, spirals])
def test_any_number_of_classes(make: Make) -> None:
    assert make(50, classes=5).classes == ("0", "1", "2", "3", "4")
    for classes, message in ((0, "each of 0 classes"), (1, "one class only")):
        with pytest.raises(ValueError, match=message):
            make(50, classes=classes)


def test_flower_is_a_rose_of_two_colours() -> None:
    data = flower(400, noise=0)
    r, t = np.hypot(*data.X), np.arctan2(data.X[1], data.X[0])
    assert r == pytest.approx(np.abs(4 * np.sin(4 * t)), abs=1e-9)
    petals = [set((t[(data.Y[0] == c) & (r > 0.1)] // (np.pi / 4) % 8).astype(int).tolist()) for c in (0, 1)]
    assert [len(petal) for petal in petals] == [4, 4]
    assert not petals[0] & petals[1]


def test_xor_is_parity() -> None:
    assert (xor().Y == parity(2).Y).all()
    assert repr(xor()) == "Dataset(xor; X (2, 4): x1, x2; Y (1, 4): 2 classes (0: 2, 1: 2))"


@pytest.mark.parametrize("bits", [1, 2, 5])
def test_parity_has_every_row_once(bits: int) -> None:
    X, Y = parity(bits)
    rows = ["".join(str(int(x)) for x in column) for column in X.T]
    assert rows == [format(i, f"0{bits}b") for i in range(2**bits)]
    assert Y[0].tolist() == [row.count("1") % 2 for row in rows]


def test_what_is_no_number_of_bits() -> None:
    for bits in (17, 0, 1.5):
        with pytest.raises(ValueError, match=r"1 to 16 bits|bits is a whole number from 1 up, not"):
            dataset("parity", bits=bits)


def test_house_prices_are_a_relu() -> None:
    X, Y = house_prices(29, noise=0)
    assert X[0, [0, -1]].tolist() == [200, 3000]
    assert pytest.approx(np.maximum(0, 0.2 * (X - 500))) == Y
    assert house_prices(200, noise=100).Y.min() == 0


def test_sets_by_name() -> None:
    assert repr(dataset("house-prices", m=8)) == repr(house_prices(8))
    assert dataset("parity", bits=2).m == 4
    assert {"moons", "digits", "iris", "house_prices"} <= DATASETS.keys()
    with pytest.raises(ValueError, match=r"no built-in set 'moon' \(did you mean 'moons'\?\): choose one of"):
        dataset("moon")
    with pytest.raises(TypeError, match="colour"):
        dataset("moons", colour="red")


@pytest.mark.parametrize("make", [digits, iris])
def test_without_scikit_learn(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delitem(sys.modules, "sklearn.datasets", raising=False)
    with pytest.raises(ModuleNotFoundError, match=rf"the set {make.__name__} .*pip install .*\[data\]"):
        make()


def test_the_real_ones() -> None:
    pytest.importorskip("sklearn", reason="the data are those of scikit-learn, in the extra data")
    assert repr(digits()).startswith("Dataset(digits; X (64, 1797): pixel 0,0, pixel 0,1, ")
    assert (digits().X.min(), digits().X.max()) == (0, 1)
    assert digits().features[9] == "pixel 1,1"
    assert iris().features[0] == "sepal length (cm)"
    assert repr(iris()).endswith("Y (1, 150): 3 classes (setosa: 50, versicolor: 50, virginica: 50))")
