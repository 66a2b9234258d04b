"""Splits are partitions, what is normalised has mean 0 and deviation 1, mini-batches make up an epoch."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from micrograd_dl.data.built_in import house_prices, moons
from micrograd_dl.data.dataset import Dataset
from micrograd_dl.data.preparation import Normaliser, images_to_columns, minibatches, split
from micrograd_dl.nn.network import Array

fractions = st.lists(st.integers(1, 9), min_size=2, max_size=3).map(lambda xs: [x / sum(xs) for x in xs])


def numbered(classes: Any) -> Dataset:
    """Examples with their numbers in X, from 0."""
    names = [str(c) for c in range(max(2, max(classes) + 1))]
    return Dataset(np.arange(len(classes))[np.newaxis], np.array([classes]), tuple(names))


@given(counts=st.lists(st.integers(20, 80), min_size=2, max_size=5), parts=fractions, seed=st.integers(0, 99))
def test_a_split_is_a_partition_of_the_sizes_asked(counts: list[int], parts: list[float], seed: int) -> None:
    Y = np.repeat(np.arange(len(counts)), counts)
    for data in (numbered(Y.tolist()), Dataset(np.arange(len(Y))[np.newaxis], Y[np.newaxis])):
        found = split(data, parts, seed)
        assert sorted(np.hstack([part.X for part in found])[0].tolist()) == list(range(len(Y)))
        for part, fraction in zip(found, parts, strict=True):
            assert abs(part.m - fraction * len(Y)) < 1
            assert (np.diff(part.X[0]) > 0).all()


@given(counts=st.lists(st.integers(20, 80), min_size=2, max_size=5), parts=fractions, seed=st.integers(0, 99))
def test_parts_keep_the_proportions_of_classes(counts: list[int], parts: list[float], seed: int) -> None:
    data = numbered(np.repeat(np.arange(len(counts)), counts).tolist())
    for part, fraction in zip(split(data, parts, seed), parts, strict=True):
        of_part = np.bincount(part.Y[0], minlength=len(counts))
        # Each class, by itself, is cut at two places, each rounded; the places shift as little as sizes do.
        assert np.abs(of_part - fraction * np.array(counts)).max() <= 2 + len(counts) / 2


def test_chance_is_even_and_the_seed_decides() -> None:
    one, same, other = (split(moons(100), seed=seed)[0].X.tolist() for seed in (1, 1, 2))
    assert one == same != other
    times: Counter[float] = Counter()
    data = numbered([0] * 4 + [1] * 6)
    for seed in range(2000):
        times.update(split(data, (0.5, 0.5), seed)[0].X[0].tolist())
    assert max(abs(times[i] / 2000 - 0.5) for i in range(10)) < 0.05
    assert [part.name for part in split(house_prices(40), (0.5, 0.5))] == [
        "house prices, train",
        "house prices, test",
    ]


features = arrays(
    float,
    st.tuples(st.integers(1, 4), st.integers(2, 30)),
    elements=st.floats(-1e6, 1e6).map(lambda x: round(x, 3)),
)


@given(features)
def test_normalised_has_mean_0_and_deviation_1(X: Array) -> None:
    Z = Normaliser.fit(X).apply(X)
    constant = X.min(axis=1) == X.max(axis=1)
    # What the mean is rounded by, in units of the deviation.
    slack = 1e-12 + 4e-16 * np.abs(X).max(axis=1) / np.where(constant, 1, X.std(axis=1)) * X.shape[1]
    assert (np.abs(Z.mean(axis=1)) <= slack).all()
    assert Z[~constant].std(axis=1) == pytest.approx(np.ones((~constant).sum()))
    assert (Z[constant] == 0).all()


@given(features)
def test_undo_inverts(X: Array) -> None:
    normaliser = Normaliser.fit(X)
    for Z in (X, X[:, :1] + 7.5):
        assert normaliser.undo(normaliser.apply(Z)) == pytest.approx(Z, rel=1e-9, abs=1e-6)


@given(st.floats(-1e300, 1e300), st.integers(1, 50))
def test_a_constant_becomes_exactly_0(x: float, m: int) -> None:
    normaliser = Normaliser.fit(np.full((1, m), x))
    assert normaliser.deviation == 1
    assert (normaliser.apply(np.full((1, m), x)) == 0).all()


def test_it_is_the_deviation_not_the_variance() -> None:
    normaliser = Normaliser.fit([[0.0, 10.0]])
    assert normaliser.deviation.tolist() == [[5]]
    assert normaliser.apply([[0.0, 10.0, 20.0]]).tolist() == [[-1, 1, 3]]


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e150, 1e300])
def test_very_small_and_very_large_features(scale: float) -> None:
    X = np.array([[1.0, 2.0, 4.0, 9.0]]) * scale
    Z = Normaliser.fit(X).apply(X)
    assert (Z.mean(), Z.std()) == (pytest.approx(0, abs=1e-12), pytest.approx(1))


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.integers(0, 99))
def test_images_are_columns(m: int, h: int, w: int, c: int, seed: int) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (m, h, w, c)).astype(np.uint8)
    X = images_to_columns(images)
    assert X.shape == (h * w * c, m)
    assert X.flags.c_contiguous
    for k in range(m):
        assert (X[:, k] == images[k].ravel() / 255).all()


def test_grey_images() -> None:
    images = np.arange(2 * 5 * 7).reshape(2, 5, 7)
    assert (images_to_columns(images) == images_to_columns(images[..., np.newaxis])).all()
    assert images_to_columns(images / 69, largest=1).max() == 1
    assert images_to_columns(np.zeros((2, 5, 7))).max() == 0
    assert images_to_columns(np.ones((2, 5, 7), np.uint8)).max() == 1 / 255


@given(m=st.integers(1, 60), batch_size=st.integers(1, 70), seed=st.integers(0, 99))
def test_an_epoch_sees_every_example_once(m: int, batch_size: int, seed: int) -> None:
    batches = list(minibatches(m, batch_size, np.random.default_rng(seed)))
    assert sorted(np.concatenate(batches).tolist()) == list(range(m))
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert 1 <= len(batches[-1]) <= batch_size


def test_epochs_differ_and_seeds_repeat() -> None:
    def two_epochs(seed: int) -> list[list[int]]:
        rng = np.random.default_rng(seed)
        return [np.concatenate(list(minibatches(50, 8, rng))).tolist() for _ in range(2)]

    first, second = two_epochs(1)
    assert first != second
    assert two_epochs(2) != [first, second] == two_epochs(1)


def test_one_batch_is_in_order_and_draws_nothing() -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    for batch_size in (5, 6):
        assert [batch.tolist() for batch in minibatches(5, batch_size, rng)] == [[0, 1, 2, 3, 4]]
    assert rng.bit_generator.state == before


FRACTIONS = "two or three fractions above 0, whose sum is 1, not"
NORMALISER, GREY = Normaliser.fit(moons().X), np.zeros((1, 2, 2))
HALF: Any = 2.5  # where a whole number is wanted


@pytest.mark.parametrize(
    ("make", "message"),
    [
        *(
            (lambda parts=parts: split(moons(100), parts), FRACTIONS)
            for parts in ((), (1.0,), (0.25,) * 4, (0.5, 0.4), (1.2, -0.2), (float("nan"), 0.5))
        ),
        (
            lambda: split(numbered([0, 1, 1])),
            "of 3 examples none is left for the test part: take more examples or fewer",
        ),
        (lambda: Normaliser.fit([1.0, 2.0]), r"\(n, m\), not \(2,\)"),
        (lambda: Normaliser.fit([[1.0, 2.0], [1.0, np.nan]]), r"X\[1, 1\] is nan"),
        (lambda: Normaliser.fit([[1.7e308, 1.6e308]]), "numbers were too large"),
        (lambda: NORMALISER.apply(np.zeros((3, 5))), r"X is \(3, 5\), \(2, m\) is wanted, .*: columns are"),
        (lambda: NORMALISER.undo(np.zeros((5, 2))), r"X is \(5, 2\), \(2, m\) is wanted, .*: transpose it"),
        (lambda: Normaliser(np.zeros(1), np.ones(1)), r"columns \(n_x, 1\), not \(1,\) and \(1,\)"),
        (lambda: Normaliser(np.zeros((1, 1)), np.zeros((1, 1))), "deviations above 0"),
        (lambda: Normaliser(np.full((1, 1), np.nan), np.ones((1, 1))), "means are finite"),
        (lambda: images_to_columns(np.zeros((2, 4))), r"in colour, not float64 \(2, 4\)"),
        (lambda: images_to_columns(np.zeros((64, 64, 3))), r"one in colour, .*, or 64 in grey"),
        (lambda: images_to_columns(GREY + 256), "from 0 to 255, not from 256.0 to 256.0: set largest"),
        (lambda: images_to_columns(GREY + np.nan), "not from nan to nan"),
        (lambda: images_to_columns(GREY + 0.5), "the largest of these is 0.5, so they seem divided already"),
        (lambda: images_to_columns(GREY, 0), "the largest brightness is a number above 0, not 0"),
        (lambda: minibatches(0, 1, np.random.default_rng(0)), "m is a whole number from 1 up, not 0"),
        (lambda: minibatches(5, HALF, np.random.default_rng(0)), "batch_size is a whole number from 1 up"),
    ],
)
def test_nonsense_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
