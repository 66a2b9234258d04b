"""Lengths of gradients, and gradients that are no longer than they may be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.optim.clipping import clip_by_norm, clip_by_value, gradient_norm

gradients = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6)


@pytest.mark.parametrize(("scale", "dtype"), [(1e200, "float64"), (1e-200, "float64"), (1e25, "float32")])
@pytest.mark.parametrize("scalar", [True, False])
def test_the_length_of_a_gradient_whose_squares_overflow(scale: float, dtype: str, scalar: bool) -> None:
    grad = scale * np.array([3.0, 0.0, -4.0])
    given: list[Any] = grad.tolist() if scalar else [grad.astype(dtype)]
    assert gradient_norm(given) == pytest.approx(5 * scale, rel=1e-6)


@given(gradients, st.floats(1e-3, 1e3))
def test_a_clipped_gradient_is_short_and_points_the_same_way(grad: list[float], most: float) -> None:
    short = clip_by_norm(grad, most)
    length = gradient_norm(grad)
    if length <= most:
        assert short == grad
    else:
        assert gradient_norm(short) == pytest.approx(most)
        assert short == pytest.approx([g * most / length for g in grad])


@given(gradients, st.floats(1e-3, 1e3))
def test_numbers_and_arrays_alike(grad: list[float], most: float) -> None:
    array = np.array(grad)
    for clip in (clip_by_norm, clip_by_value):
        [found] = clip([array], most)
        assert found.tolist() == pytest.approx(clip(grad, most), rel=1e-14)
    for g, short in zip(grad, clip_by_value(grad, most), strict=True):
        assert short == (g if abs(g) <= most else math.copysign(most, g))
    assert array.tolist() == grad


def test_all_parameters_are_one_gradient_and_a_type_is_kept() -> None:
    one, other = clip_by_norm([np.array([[3.0, 0.0]], "float32"), np.array([4.0], "float32")], 1.0)
    assert (one.tolist(), other.tolist()) == ([[pytest.approx(0.6), 0]], [pytest.approx(0.8)])
    assert one.dtype == other.dtype == "float32"
    assert clip_by_norm([3, -4], 2.5) == [1.5, -2]  # whole numbers are numbers


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_stays_so(odd: float) -> None:
    assert clip_by_norm([1.0, odd], 1.0)[0] == 1
    assert not math.isfinite(clip_by_norm([1.0, odd], 1.0)[1])
    assert str(clip_by_value([math.nan], 1.0)) == "[nan]"
