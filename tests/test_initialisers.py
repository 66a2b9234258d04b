"""Initial weights have the spread the course gives them."""

from __future__ import annotations

import numpy as np
import pytest

from micrograd_dl.activations import ACTIVATIONS
from micrograd_dl.initialisers import (
    Initialiser,
    default_initialiser,
    glorot,
    he,
    small,
    uniform,
    xavier,
    zeros,
)

SPREADS = [
    (small, 0.01),
    (xavier, (1 / 50) ** 0.5),
    (he, (2 / 50) ** 0.5),
    (glorot, (2 / 250) ** 0.5),
    (uniform, (1 / 3) ** 0.5),
]


@pytest.mark.parametrize(("initialiser", "deviation"), SPREADS)
def test_spread(initialiser: Initialiser, deviation: float) -> None:
    W = initialiser(np.random.default_rng(1), 200, 50)
    assert W.shape == (200, 50)
    assert W.std() == pytest.approx(deviation, rel=0.05)
    assert abs(W.mean()) < 4 * deviation / W.size**0.5
    np.testing.assert_array_equal(W, initialiser(np.random.default_rng(1), 200, 50))


def test_uniform_stays_within_its_bounds() -> None:
    W = uniform(np.random.default_rng(1), 100, 100)
    assert W.min() >= -1
    assert W.max() <= 1


def test_zeros_draw_nothing() -> None:
    rng = np.random.default_rng(1)
    assert not zeros(rng, 2, 3).any()
    assert rng.random() == np.random.default_rng(1).random()


def test_defaults() -> None:
    kinds = {name: default_initialiser(g) for name, g in ACTIVATIONS.items()}
    assert kinds["relu"] is kinds["leaky_relu"] is he
    assert {name for name, kind in kinds.items() if kind is xavier} == {
        "linear",
        "sigmoid",
        "tanh",
        "softmax",
    }
