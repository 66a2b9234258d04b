"""Initial weights have the spread the course gives them."""

from __future__ import annotations

import numpy as np
import pytest

from micrograd_dl.nn.activations import ACTIVATIONS
from micrograd_dl.nn.initialisers import INITIALISERS, constant, default_initialiser, he, xavier

SPREADS = {
    "small": 0.01, "uniform": (1 / 3) ** 0.5, "orthogonal": (1 / 200) ** 0.5,
    "xavier": (1 / 50) ** 0.5, "he": (2 / 50) ** 0.5, "glorot": (2 / 250) ** 0.5,
    "xavier_uniform": (1 / 50) ** 0.5, "he_uniform": (2 / 50) ** 0.5, "glorot_uniform": (2 / 250) ** 0.5,
}  # fmt: skip


@pytest.mark.parametrize(("name", "deviation"), SPREADS.items())
def test_spread(name: str, deviation: float) -> None:
    draw = INITIALISERS[name]
    W = draw(np.random.default_rng(1), 200, 50)
    assert W.shape == (200, 50)
    assert W.std() == pytest.approx(deviation, rel=0.05)
    assert abs(W.mean()) < 4 * deviation / W.size**0.5
    np.testing.assert_array_equal(W, draw(np.random.default_rng(1), 200, 50))


def test_uniform_stays_within_its_bounds() -> None:
    W = INITIALISERS["uniform"](np.random.default_rng(1), 100, 100)
    assert W.min() >= -1
    assert W.max() <= 1


@pytest.mark.parametrize("name", [name for name in SPREADS if name != "orthogonal"])
def test_normal_or_uniform(name: str) -> None:
    """By the mean fourth power of what has mean 0 and deviation 1: 3 if it is normal, 9/5 if uniform."""
    W, fourth = INITIALISERS[name](np.random.default_rng(2), 200, 200), 1.8 if "uniform" in name else 3.0
    assert np.mean((W / W.std()) ** 4) == pytest.approx(fourth, abs=0.1)


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (1, 4), (4, 1), (1, 1)])
def test_orthogonal(shape: tuple[int, int]) -> None:
    W = INITIALISERS["orthogonal"](np.random.default_rng(3), *shape)
    assert W.shape == shape
    product = W @ W.T if shape[0] <= shape[1] else W.T @ W
    np.testing.assert_allclose(product, np.eye(min(shape)), atol=1e-14)


def test_no_orthogonal_matrix_is_likelier_than_another() -> None:
    """The mean of each entry is 0: with the signs as they come out of QR it is not."""
    rng = np.random.default_rng(4)
    mean = np.mean([INITIALISERS["orthogonal"](rng, 2, 3) for _ in range(2000)], axis=0)
    assert np.abs(mean).max() < 4 * (1 / 3 / 2000) ** 0.5


def test_names() -> None:
    assert [make.__name__ for make in INITIALISERS.values()] == list(INITIALISERS)
    assert constant(0.5).__name__ == "constant(0.5)"


def test_defaults() -> None:
    kinds = {name: default_initialiser(g) for name, g in ACTIVATIONS.items()}
    assert {name for name, kind in kinds.items() if kind is he} == {"relu", "leaky_relu", "mish"}
    assert {kind for kind in kinds.values() if kind is not he} == {xavier}
