"""Images changed at random, as a camera might have changed them (course, section 7).

Images are ``(m, h, w)`` if grey, else ``(m, h, w, c)``. An augmentation is a function ``(rng, images) ->
images`` that gives new ones of the same shape; pixels from outside are 0, the background.
``fit(model, X, Y, augment=on_columns(shifts(2), (28, 28)))`` changes every mini-batch anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.data.preparation import columns_of, columns_to_images, require_images
from micrograd_dl.foundation.numbers import from_zero, in_range, to_whole
from micrograd_dl.nn.network import Array

Augmentation: TypeAlias = Callable[[np.random.Generator, Array], Array]


def shifted(images: ArrayLike, down: ArrayLike, right: ArrayLike) -> Array:
    """Each image moved by whole pixels, ``(m,)`` of them, which may be negative."""
    array, y, x, by_y, by_x = _with_places(images, "iu", down=down, right=right)
    return _pixels(array, y - by_y, x - by_x)


def rotated(images: ArrayLike, degrees: ArrayLike) -> Array:
    """Each image turned about its middle, anticlockwise, by ``(m,)`` degrees; whole numbers become floats."""
    array, y, x, turn = _with_places(images, degrees=degrees)
    middle_y, middle_x, angle = y.mean(), x.mean(), np.radians(turn)
    y, x, cos, sin = y - middle_y, x - middle_x, np.cos(angle), np.sin(angle)
    return _interpolated(array, cos * y + sin * x + middle_y, cos * x - sin * y + middle_x)


def cropped(images: ArrayLike, part: ArrayLike, down: ArrayLike, right: ArrayLike) -> Array:
    """The `part`, ``(m,)``, of height and width of each image, enlarged to the whole, as floats.

    `down` and `right` say where it is: 0 at the top and left, 1 at the bottom and right.
    """
    array, y, x, size, top, left = _with_places(images, part=part, down=down, right=right)
    rest = 1 - size
    return _interpolated(array, top * rest * y.max() + size * y, left * rest * x.max() + size * x)


def _with_places(images: ArrayLike, kinds: str = "iuf", **numbers: ArrayLike) -> Any:
    """The images; the row of each pixel, ``(h, 1)``; its column, ``(w,)``; and the numbers, ``(m, 1, 1)``."""
    array = require_images(images)
    m, h, w = array.shape[:3]
    found = [np.arange(h)[:, np.newaxis], np.arange(w)]
    for name, given in numbers.items():
        x = np.asarray(given)
        if x.shape != (m,) or x.dtype.kind not in kinds or not np.isfinite(x).all():
            wanted = f"a finite {'whole ' * (kinds == 'iu')}number for each image, ({m},)"
            raise ValueError(f"{name} is {wanted}, not {x.dtype} {x.shape}")
        found.append(x[:, np.newaxis, np.newaxis])
    return array, *found


def _interpolated(images: Array, y: Array, x: Array) -> Array:
    """The pixels at places between those of each image, each mixed from the four around it (bilinear)."""
    images = _as_floats(images)
    # Rounded: a place that is meant to be at a pixel may be a hair beside it.
    y, x = (np.round(place, 9) for place in np.broadcast_arrays(y, x))
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    found = np.zeros_like(images)
    for row, part_of_row in ((top, 1 - (y - top)), (top + 1, y - top)):
        for column, part_of_column in ((left, 1 - (x - left)), (left + 1, x - left)):
            weight = (part_of_row * part_of_column).astype(images.dtype)
            found += _pixels(images, row, column) * _like(images, weight)
    return found


def _pixels(images: Array, y: Array, x: Array) -> Array:
    """The pixels at these places of each image, both broadcast to ``(m, h, w)``; 0 outside of it."""
    m, h, w = images.shape[:3]
    inside = (y >= 0) & (y < h) & (x >= 0) & (x < w)
    pixels = images[np.arange(m)[:, np.newaxis, np.newaxis], y.clip(0, h - 1), x.clip(0, w - 1)]
    return np.asarray(np.where(_like(images, inside), pixels, images.dtype.type(0)))


def _like(images: Array, array: Array) -> Array:
    """An array with as many axes as the images: 1 where they have more."""
    return array.reshape(*array.shape, *[1] * (images.ndim - array.ndim))


def _as_floats(images: Array) -> Array:
    return images if images.dtype.kind == "f" else images.astype(float)


def flips(chance: float = 0.5) -> Augmentation:
    """Left and right exchanged, or not: for what may be seen from either side, so not for digits."""
    chance = in_range(chance, "from 0 to 1", "a chance")

    def augment(rng: np.random.Generator, images: Array) -> Array:
        images = require_images(images)
        return np.where(_like(images, rng.random(len(images)) < chance), images[:, :, ::-1], images)

    return augment


def shifts(most: int) -> Augmentation:
    """Each image `shifted` at random by up to that many pixels, up or down and left or right."""
    most = to_whole(most, 0, "the largest shift, in pixels,")
    return lambda rng, images: shifted(images, *rng.integers(-most, most + 1, (2, len(images))))


def crops(least: float = 0.8) -> Augmentation:
    """Each image `cropped` to a random part of height and width, at least so much, at a random place."""
    least = in_range(least, "above 0 and at most 1", "the least part of a crop")
    return lambda rng, images: cropped(
        images, rng.uniform(least, 1, len(images)), *rng.random((2, len(images)))
    )


def rotations(most: float) -> Augmentation:
    """Each image `rotated` at random by up to that many degrees; keep it small, or a 6 becomes a 9."""
    most = from_zero(most, "the largest rotation, in degrees,")
    return lambda rng, images: rotated(images, rng.uniform(-most, most, len(images)))


def noise(deviation: float) -> Augmentation:
    """To each pixel a normal number of that standard deviation is added; brightnesses are not cut off."""
    deviation = from_zero(deviation, "a standard deviation")

    def augment(rng: np.random.Generator, images: Array) -> Array:
        images = _as_floats(require_images(images))
        drawn: Array = (deviation * rng.standard_normal(images.shape)).astype(images.dtype)
        return images + drawn

    return augment


def one_after_another(*augmentations: Augmentation) -> Augmentation:
    """Apply all of these, in this order."""

    def augment(rng: np.random.Generator, images: Array) -> Array:
        for each in augmentations:
            images = each(rng, images)
        return images

    return augment


def on_columns(augmentation: Augmentation, shape: Sequence[int]) -> Augmentation:
    """Augmentation of columns ``(h*w*c, m)``, not normalised yet, as images ``(h, w)`` or ``(h, w, c)``."""
    return lambda rng, X: columns_of(augmentation(rng, columns_to_images(X, shape)))
