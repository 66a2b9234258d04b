"""Functions of lists: the same of Values, floats and arrays, stable, and flat where they have a kink."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl import Value, grad, mean, norm, softmax, var
from micrograd_dl.testing import assert_gradients_match
from micrograd_dl.testing.strategies import numbers

FUNCTIONS: list[Callable[[Any], Any]] = [mean, var, norm]
each_function = pytest.mark.parametrize("f", FUNCTIONS)
some = st.lists(numbers(), min_size=1, max_size=6)


@given(some)
def test_they_are_what_they_are_called(x: list[float]) -> None:
    assert mean(x) == pytest.approx(math.fsum(x) / len(x), abs=1e-14)
    assert var(x) == pytest.approx(statistics.pvariance(x), rel=1e-12, abs=1e-14)
    assert norm(x) == pytest.approx(math.hypot(*x), rel=1e-14)
    with mpmath.workdps(50):
        e = [mpmath.exp(z) for z in x]
        assert softmax(x) == pytest.approx([float(term / mpmath.fsum(e)) for term in e], rel=1e-14)


@each_function
@given(x=some)
def test_values_arrays_and_any_iterable(f: Callable[[Any], Any], x: list[float]) -> None:
    result = f(x)
    assert f(Value(number) for number in x).data == f(iter(x)) == f(np.array(x)) == result
    columns = f([np.full((2, 1), number) for number in x])
    assert columns == pytest.approx(np.full((2, 1), result), rel=1e-15, abs=1e-15)
    values = [a.data for a in softmax([*map(Value, x)])]
    assert values == softmax(x)


@each_function
@given(x=st.lists(numbers(0.5, 4.0), min_size=1, max_size=5))
def test_derivatives(f: Callable[[Any], Any], x: list[float]) -> None:
    assert_gradients_match(lambda *v: f(v), *x)
    assert_gradients_match(lambda *v: softmax(v)[0] * softmax(v)[-1], *x)


def test_numbers_of_any_size() -> None:
    assert norm([3e200, 4e200]) == pytest.approx(5e200)
    assert norm([3e-200, 4e-200, 0.0]) == pytest.approx(5e-200)
    assert softmax([1000.0, 1000.0]) == [0.5, 0.5]
    assert var([1e8 + 1, 1e8 + 3]) == 1.0


def test_the_norm_is_flat_at_0() -> None:
    x = [Value(0.0), Value(0.0), Value(0.0)]
    assert grad(norm(x), x) == [0.0] * 3
    assert grad(norm(x[:1]), x[:1]) == [0.0]
    x = [Value(0.0), Value(0.0), Value(-3.0)]
    assert grad(norm(x), x) == [0.0, 0.0, -1.0]


@pytest.mark.parametrize("f", [mean, var, norm, softmax])
def test_of_nothing_there_is_none(f: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match=f"{f.__name__} takes at least 1 number, got 0"):
        f([])
