"""Augmented images: what must come back comes back, what must stay stays, the same seed gives the same."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from micrograd_dl.data.augmentation import (
    Augmentation,
    cropped,
    crops,
    flips,
    noise,
    on_columns,
    one_after_another,
    rotated,
    rotations,
    shifted,
    shifts,
)
from micrograd_dl.data.preparation import columns_of, columns_to_images
from micrograd_dl.nn.network import Array
from micrograd_dl.training.fitting import fit
from micrograd_dl.vectorized import MLP

RNG = np.random.default_rng(0)
GREY, COLOUR = RNG.random((5, 6, 7)), RNG.random((4, 7, 6, 3))
both = pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])

AUGMENTATIONS: dict[str, Augmentation] = {
    "flips": flips(),
    "shifts": shifts(2),
    "crops": crops(0.6),
    "rotations": rotations(20),
    "noise": noise(0.1),
    "all": one_after_another(flips(), shifts(1), crops(), rotations(10), noise(0.01)),
}
every = pytest.mark.parametrize("name", AUGMENTATIONS)


@both
def test_a_shift_undone_is_what_it_was_inside(images: Array) -> None:
    m, h, w, *_ = images.shape
    down, right = np.arange(m) - 2, 1 - np.arange(m)
    there = shifted(images, down, right)
    back = shifted(there, -down, -right)
    for i, (dy, dx) in enumerate(zip(down, right, strict=True)):
        inside = np.zeros((h, w), bool)
        inside[max(0, -dy) : h - max(0, dy), max(0, -dx) : w - max(0, dx)] = True
        np.testing.assert_array_equal(back[i][inside], images[i][inside])
        assert not back[i][~inside].any()
        assert there[i].sum() == pytest.approx(images[i][inside].sum())


@pytest.mark.parametrize("size", [4, 5])
@pytest.mark.parametrize("colours", [(), (3,)])
def test_quarter_turns_are_numpys(size: int, colours: tuple[int, ...]) -> None:
    images = RNG.random((6, size, size, *colours))
    found = rotated(images, [90, 180, 270, -90, 0, 360])
    for i, quarters in enumerate((1, 2, 3, -1, 0, 0)):
        np.testing.assert_allclose(found[i], np.rot90(images[i], quarters), atol=1e-12)


def test_a_rotation_is_scipys() -> None:
    ndimage = pytest.importorskip("scipy.ndimage", reason="compared with SciPy, which the extra data brings")
    for degrees in (-33.0, 7.5, 60.0):
        wanted = ndimage.rotate(COLOUR, degrees, axes=(1, 2), reshape=False, order=1, mode="grid-constant")
        np.testing.assert_allclose(rotated(COLOUR, np.full(len(COLOUR), degrees)), wanted, atol=1e-9)


@both
def test_a_crop_of_all_changes_nothing_and_one_of_a_part_enlarges_it(images: Array) -> None:
    m = len(images)
    ones, zeros = np.ones(m), np.zeros(m)
    np.testing.assert_array_equal(cropped(images, ones, 0.7 * ones, 0.2 * ones), images)
    _, h, w, *_ = images.shape
    for corner, down, right in (((0, 0), zeros, zeros), ((-1, -1), ones, ones), ((0, -1), zeros, ones)):
        part = cropped(images, 0.5 * ones, down, right)
        np.testing.assert_allclose(part[:, corner[0], corner[1]], images[:, corner[0], corner[1]])
    upper_left = cropped(images, 0.5 * ones, zeros, zeros)
    np.testing.assert_allclose(upper_left[:, ::2, ::2], images[:, : (h + 1) // 2, : (w + 1) // 2])
    np.testing.assert_allclose(upper_left[:, 1, 0], (images[:, 0, 0] + images[:, 1, 0]) / 2)


@every
@both
def test_the_shape_stays_and_the_seed_decides(name: str, images: Array) -> None:
    augment, before = AUGMENTATIONS[name], images.copy()
    one, again, other = (augment(np.random.default_rng(seed), images) for seed in (1, 1, 2))
    assert one.shape == images.shape
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert (one != images).any()
    np.testing.assert_array_equal(images, before)
    one[...] = 7  # it is no view of what was given
    np.testing.assert_array_equal(images, before)


@every
def test_types_are_kept(name: str) -> None:
    for dtype in (np.float32, np.float64):
        assert AUGMENTATIONS[name](np.random.default_rng(0), GREY.astype(dtype)).dtype == dtype
    whole = AUGMENTATIONS[name](np.random.default_rng(0), (255 * GREY).astype(np.uint8))
    assert whole.dtype == (np.uint8 if name in ("flips", "shifts") else np.float64)


def test_half_are_flipped_and_noise_has_its_deviation() -> None:
    drawn = noise(0.2)(np.random.default_rng(0), np.zeros((10, 50, 50)))
    assert (drawn.mean(), drawn.std()) == (pytest.approx(0, abs=0.01), pytest.approx(0.2, rel=0.05))
    images, rng = RNG.random((1000, 2, 3)), np.random.default_rng(0)
    found = flips()(rng, images)
    as_they_were = (found == images).all(axis=(1, 2))
    assert 450 < as_they_were.sum() < 550
    np.testing.assert_array_equal(found[~as_they_were], images[~as_they_were, :, ::-1])
    np.testing.assert_array_equal(flips(1)(rng, COLOUR), COLOUR[:, :, ::-1])


def test_shifts_and_rotations_stay_within_their_bounds() -> None:
    dot = np.zeros((500, 9, 9))
    dot[:, 4, 4] = 1
    places = np.argwhere(shifts(2)(np.random.default_rng(0), dot))[:, 1:]
    assert {tuple(place) for place in places.tolist()} == {(y, x) for y in range(2, 7) for x in range(2, 7)}
    line = np.zeros((500, 33, 33))
    line[:, 16] = 1  # its right end rises by 16 sin 10 degrees at most
    rows = np.argwhere(rotations(10)(np.random.default_rng(0), line)[:, :, 30])[:, 1]
    assert rows.min() >= math.floor(16 - 14 * math.tan(math.radians(10)) - 1)
    assert rows.max() <= math.ceil(16 + 14 * math.tan(math.radians(10)) + 1)


@every
@both
def test_on_columns_it_is_the_same(name: str, images: Array) -> None:
    X = columns_of(images)
    np.testing.assert_array_equal(columns_to_images(X, images.shape[1:]), images)
    found = on_columns(AUGMENTATIONS[name], images.shape[1:])(np.random.default_rng(5), X)
    wanted = AUGMENTATIONS[name](np.random.default_rng(5), images)
    np.testing.assert_array_equal(found, columns_of(wanted))
    assert found.flags.c_contiguous


def test_fit_augments_each_batch_anew_and_judges_what_is_not_augmented() -> None:
    images = np.zeros((12, 6, 6))  # an upright or a level stripe
    images[::2, :, 2], images[1::2, 2, :] = 1, 1
    X, Y = columns_of(images), (np.arange(12) % 2)[np.newaxis].astype(float)
    seen: list[Array] = []

    def watched(rng: np.random.Generator, batch: Array) -> Array:
        seen.append(on_columns(shifts(2), (6, 6))(rng, batch))
        return seen[-1]

    models = [MLP(36, [8, 1], ["tanh", "sigmoid"], seed=1) for _ in range(3)]
    options: list[Any] = [{"augment": watched}, {"augment": lambda rng, batch: batch}, {}]
    before = X.copy()
    history, same, plain = (
        fit(model, X, Y, epochs=3, batch_size=5, **how) for model, how in zip(models, options, strict=True)
    )
    assert [batch.shape[1] for batch in seen] == [5, 5, 2] * 3
    assert not (seen[0] == seen[3]).all()
    np.testing.assert_array_equal(X, before)
    assert history.accuracy[-1] == models[0].accuracy(X, Y)
    assert same.cost == plain.cost != history.cost


NO_IMAGES = r"images are numbers \(m, h, w\), or \(m, h, w, c\) in colour, not"
HALF: Any = 0.5  # where a whole number is wanted
TWO, ONE = np.ones((2, 3, 3)), np.ones((1, 3, 3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        *(
            (lambda images=images: flips()(RNG, images), NO_IMAGES)
            for images in (np.zeros((3, 4)), np.zeros((0, 2, 2)), np.zeros((1, 2, 2), bool), "x")
        ),
        (lambda: flips(1.5), "a chance is from 0 to 1, not 1.5"),
        (lambda: shifts(HALF), "the largest shift, in pixels, is a whole number from 0 up, not 0.5"),
        (lambda: crops(1.2), "the least part of a crop is above 0 and at most 1, not 1.2"),
        (lambda: rotations(-1), "the largest rotation, in degrees, is a number from 0 up, not -1"),
        (lambda: noise(math.inf), "a standard deviation is a number from 0 up, not inf"),
        (lambda: shifted(TWO, 1, [1, 1]), r"down is a finite whole number for each image, \(2,\)"),
        (lambda: shifted(ONE, [0.5], [1]), r"down is a finite whole number .* not float64 \(1,\)"),
        (lambda: rotated(ONE, [math.nan]), r"degrees is a finite number for each image"),
        (lambda: on_columns(flips(), (2, 3))(RNG, np.zeros((5, 4))), r"\(5, 4\) are not of \(2, 3\)"),
    ],
)
def test_nonsense_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
