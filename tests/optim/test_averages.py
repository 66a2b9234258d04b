"""Exponentially weighted averages, by their definition as a sum."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.optim.averages import weighted_averages

numbers = st.lists(st.floats(-100, 100), max_size=12)
betas = st.floats(0, 0.99)


@given(numbers, betas)
def test_the_sum_that_the_recursion_stands_for(xs: list[float], beta: float) -> None:
    for corrected in (True, False):
        found = weighted_averages(xs, beta, corrected=corrected)
        for t, v in enumerate(found, 1):
            weights = [(1 - beta) * beta ** (t - 1 - i) for i in range(t)]
            wanted = sum(w * x for w, x in zip(weights, xs, strict=False))
            assert v == pytest.approx(wanted / sum(weights) if corrected else wanted, rel=1e-9, abs=1e-9)


@given(st.floats(-100, 100), betas)
def test_without_bias_the_average_of_a_constant_is_that_constant(x: float, beta: float) -> None:
    assert weighted_averages([x] * 9, beta) == pytest.approx([x] * 9)
    assert weighted_averages([x], beta, corrected=False) == pytest.approx([(1 - beta) * x])


@pytest.mark.parametrize("beta", [1.0, -0.1])
def test_other_betas_are_refused(beta: float) -> None:
    with pytest.raises(ValueError, match="beta is from 0 to below 1, not"):
        weighted_averages([1.0], beta)
