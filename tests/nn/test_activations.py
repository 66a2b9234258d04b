"""Activations serve Values, floats and arrays with the same numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine.value import Value
from micrograd_dl.nn.activations import ACTIVATIONS, activation

POINTS = st.lists(st.floats(-1e8, 1e8), min_size=1, max_size=4)
BY_HAND: dict[str, Callable[[float], float]] = {
    "linear": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)) if z > -700 else 0.0,
    "tanh": math.tanh,
    "relu": lambda z: max(0.0, z),
    "leaky_relu": lambda z: max(0.01 * z, z),
}


@pytest.mark.parametrize("name", BY_HAND)
@given(z=POINTS)
def test_a_unit_by_hand(name: str, z: list[float]) -> None:
    wanted = [BY_HAND[name](unit) for unit in z]
    assert ACTIVATIONS[name].of(z) == pytest.approx(wanted, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(z=POINTS)
def test_values_floats_and_arrays_agree(name: str, z: list[float]) -> None:
    g = ACTIVATIONS[name]
    floats = g.of(z)
    values = [a.data for a in g.of([Value(unit) for unit in z])]
    arrays = np.array(g.of([np.array([unit, unit]) for unit in z]))
    assert values == floats
    # Softmax is e to a difference of two large numbers there: as exact as the logarithm, which may be
    # one unit in its last place apart.
    rtol = 1e-14 + (4.5e-16 * max(map(abs, z)) if name == "softmax" else 0)
    np.testing.assert_allclose(arrays, np.array([floats, floats]).T, rtol=rtol, atol=1e-300)


@given(z=st.lists(st.floats(-700, 700), min_size=1, max_size=5))
def test_softmax_is_a_distribution_in_the_order_of_z(z: list[float]) -> None:
    a = ACTIVATIONS["softmax"].of(z)
    assert math.fsum(a) == pytest.approx(1, rel=1e-12)
    assert all(0 <= unit <= 1 + 1e-12 for unit in a)
    assert a[int(np.argmax(z))] == max(a)


def test_by_name() -> None:
    relu = activation("relu")
    assert activation(relu) is relu
    assert repr(relu) == "relu"
    assert relu.squared_gain == activation("leaky_relu").squared_gain == 2
    with pytest.raises(ValueError, match=r"no activation 'gulu': choose one of linear, sigmoid, tanh"):
        activation("gulu")
