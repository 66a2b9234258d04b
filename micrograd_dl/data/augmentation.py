"""Images changed at random, as a camera might have changed them, so that a network learns what matters.

Images are ``(m, h, w)`` if grey, else ``(m, h, w, c)``; an augmentation is a function ``(rng, images) ->
images`` of the same shape, and leaves what it is given alone. What a shift, a crop or a rotation brings in
from outside is 0, the background. The same generator gives the same images.

`on_columns` makes one that `fit` takes: ``fit(model, X, Y, augment=on_columns(shifts(2), (28, 28)))`` changes
every mini-batch anew.

>>> digit = np.array([[[0.0, 1.0], [0.0, 2.0]]])
>>> flipped(digit)
array([[[1., 0.],
        [2., 0.]]])
>>> shifted(digit, down=[1], right=[-1])
array([[[0., 0.],
        [1., 0.]]])
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.data.preparation import columns_of, columns_to_images
from micrograd_dl.nn.network import Array
from micrograd_dl.output.numbers import to_whole

Augmentation: TypeAlias = Callable[[np.random.Generator, Array], Array]


# --- what is done to images -----------------------------------------------------------------------------


def flipped(images: ArrayLike) -> Array:
    """Left and right exchanged."""
    return require_images(images)[:, :, ::-1].copy()


def shifted(images: ArrayLike, down: ArrayLike, right: ArrayLike) -> Array:
    """Each image moved by whole pixels, ``(m,)`` of them, which may be negative."""
    array = require_images(images)
    _, h, w, *_ = array.shape
    rows = np.arange(h) - _one_each("down", down, array, "iu")[:, np.newaxis]
    columns = np.arange(w) - _one_each("right", right, array, "iu")[:, np.newaxis]
    return _looked_up(array, rows[:, :, np.newaxis], columns[:, np.newaxis, :])


def rotated(images: ArrayLike, degrees: ArrayLike) -> Array:
    """Each image turned about its middle, anticlockwise, by ``(m,)`` degrees; whole numbers become floats."""
    array = require_images(images)
    _, h, w, *_ = array.shape
    angle = np.radians(_one_each("degrees", degrees, array))[:, np.newaxis, np.newaxis]
    y, x = np.arange(h)[:, np.newaxis] - (h - 1) / 2, np.arange(w) - (w - 1) / 2
    return _mixed(
        array,
        np.cos(angle) * y + np.sin(angle) * x + (h - 1) / 2,
        np.cos(angle) * x - np.sin(angle) * y + (w - 1) / 2,
    )


def cropped(images: ArrayLike, part: ArrayLike, down: ArrayLike, right: ArrayLike) -> Array:
    """A part of each image, enlarged to the size of the whole; whole numbers become floats.

    Args:
        images: m of them.
        part: how much of height and width is left, ``(m,)`` numbers from above 0 to 1.
        down, right: where that is, from 0, at the top and at the left, to 1; ``(m,)``.
    """
    array = require_images(images)
    _, h, w, *_ = array.shape
    given = {"part": part, "down": down, "right": right}
    part, down, right = (_one_each(*x, array)[:, np.newaxis, np.newaxis] for x in given.items())
    return _mixed(
        array,
        down * (1 - part) * (h - 1) + part * np.arange(h)[:, np.newaxis],
        right * (1 - part) * (w - 1) + part * np.arange(w),
    )


def _one_each(name: str, given: ArrayLike, images: Array, kinds: str = "iuf") -> Array:
    """One number an image, ``(m,)``."""
    numbers, m = np.asarray(given), len(images)
    if numbers.shape != (m,) or numbers.dtype.kind not in kinds or not np.isfinite(numbers).all():
        whole = "whole " if kinds == "iu" else ""
        raise ValueError(
            f"{name} is a finite {whole}number for each image, ({m},), not {numbers.dtype} {numbers.shape}"
        )
    return numbers


def _mixed(array: Array, rows: Array, columns: Array) -> Array:
    """The pixels at places between those of each image, each mixed from the four around it (bilinear)."""
    if array.dtype.kind != "f":
        array = array.astype(float)
    rows, columns = np.broadcast_arrays(rows, columns)
    # Rounded, lest what is meant to be at a pixel be a hair beside it.
    rows, columns = np.round(rows, 9), np.round(columns, 9)
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    below, beside = rows - top, columns - left
    found = np.zeros_like(array)
    for row, part_of_row in ((top, 1 - below), (top + 1, below)):
        for column, part_of_column in ((left, 1 - beside), (left + 1, beside)):
            weight = (part_of_row * part_of_column).astype(array.dtype)
            found += _looked_up(array, row, column) * _beside_colours(weight, array)
    return found


def _looked_up(array: Array, rows: Array, columns: Array) -> Array:
    """The pixels at these places of each image, both broadcast to ``(m, h, w)``; 0 for those outside."""
    m, h, w, *_ = array.shape
    inside = (rows >= 0) & (rows < h) & (columns >= 0) & (columns < w)
    image = np.arange(m)[:, np.newaxis, np.newaxis]
    pixels = array[image, rows.clip(0, h - 1), columns.clip(0, w - 1)]
    found: Array = np.where(_beside_colours(inside, array), pixels, array.dtype.type(0))
    return found


def _beside_colours(array: Array, images: Array) -> Array:
    """``(m, h, w)`` as ``(m, h, w, 1)`` if the images have colours."""
    return array[..., np.newaxis] if images.ndim == 4 else array


def require_images(images: ArrayLike) -> Array:
    """As an array; ValueError unless it is ``(m, h, w)`` or ``(m, h, w, c)`` of numbers."""
    array = np.asarray(images)
    if array.ndim not in (3, 4) or array.size == 0 or array.dtype.kind not in "fiu":
        raise ValueError(
            f"images are numbers (m, h, w), or (m, h, w, c) in colour, not {array.dtype} {array.shape}: "
            "of columns they are made by data.preparation.columns_to_images"
        )
    return array


# --- at random ------------------------------------------------------------------------------------------


def flips(chance: float = 0.5) -> Augmentation:
    """Each image `flipped`, or not: for what may be seen from either side, so not for digits."""
    _require("a chance", chance, 1)
    return lambda rng, images: np.where(
        (rng.random(len(images)) < chance).reshape(-1, *[1] * (images.ndim - 1)), flipped(images), images
    )


def shifts(most: int) -> Augmentation:
    """Each image `shifted` by up to so many pixels, up or down and left or right.

    The same thing as a border of so many pixels around it, and a cut of the old size at a random place.
    """
    most = to_whole(most, 0, "the largest shift, in pixels,")
    return lambda rng, images: shifted(images, *rng.integers(-most, most + 1, (2, len(images))))


def crops(least: float = 0.8) -> Augmentation:
    """Each image `cropped` to a random part of height and width, at least so much, at a random place."""
    if not 0 < least <= 1:
        raise ValueError(f"the least part of a crop is above 0 and at most 1, not {least!r}")

    def augment(rng: np.random.Generator, images: Array) -> Array:
        return cropped(images, rng.uniform(least, 1, len(images)), *rng.random((2, len(images))))

    return augment


def rotations(most: float) -> Augmentation:
    """Each image `rotated` by up to so many degrees to either side; small ones, or a 6 becomes a 9."""
    _require("a rotation", most, 180)
    return lambda rng, images: rotated(images, rng.uniform(-most, most, len(images)))


def noise(deviation: float) -> Augmentation:
    """To each pixel a normal number of that standard deviation is added; brightnesses are not cut off."""
    _require("a standard deviation", deviation, math.inf)

    def augment(rng: np.random.Generator, images: Array) -> Array:
        array = require_images(images)
        drawn = deviation * rng.standard_normal(array.shape)
        noisy: Array = array + (drawn.astype(array.dtype) if array.dtype.kind == "f" else drawn)
        return noisy

    return augment


def one_after_another(*augmentations: Augmentation) -> Augmentation:
    """All of them, in this order.

    >>> rng = np.random.default_rng(0)
    >>> one_after_another(flips(1.0), noise(0.0))(rng, np.array([[[1.0, 2.0]]]))
    array([[[2., 1.]]])
    """

    def augment(rng: np.random.Generator, images: Array) -> Array:
        for each in augmentations:
            images = each(rng, images)
        return images

    return augment


def on_columns(augmentation: Augmentation, shape: Sequence[int]) -> Augmentation:
    """The same for images as columns, ``(h*w*c, m)``, of that shape ``(h, w)`` or ``(h, w, c)``.

    Columns are to be as `images_to_columns` makes them, with 0 for the background: not normalised yet.
    """
    return lambda rng, X: columns_of(augmentation(rng, columns_to_images(X, shape)))


def _require(what: str, x: Any, most: float) -> None:
    if not 0 <= x <= most:
        raise ValueError(f"{what} is from 0 to {most:g}, not {x!r}")
