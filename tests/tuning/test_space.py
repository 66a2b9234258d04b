"""Ranges, their scales, and the region of the best."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from micrograd_dl.tuning.space import SCALES, Choice, Range


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    scale = draw(st.sampled_from(sorted(SCALES)))
    whole = scale != "log-from-1" and draw(st.booleans())
    if whole:
        least = draw(st.integers(1 if scale == "log" else -1000, 1000))
        return Range(least, least + draw(st.integers(1, 1000)), scale, whole)
    ends = {
        "linear": st.floats(-1e6, 1e6),
        "log": st.floats(1e-12, 1e6),
        "log-from-1": st.floats(-10, 0.999999),
    }
    low, high = sorted([draw(ends[scale]), draw(ends[scale])])
    assume(high - low > 1e-6 * max(abs(low), abs(high)))
    assume(scale != "log-from-1" or high - low > 1e-9)
    return Range(low, high, scale)


@given(ranges(), st.integers(0, 10**6))
def test_draws_lie_in_the_range_and_are_the_same_for_a_seed(where: Range, seed: int) -> None:
    x, again = (where.draw(np.random.default_rng(seed)) for _ in range(2))
    assert x == again
    assert where.low <= x <= where.high
    assert isinstance(x, int if where.whole else float)


@given(ranges().filter(lambda r: not r.whole), st.floats(0, 1))
def test_rounding_moves_a_number_little(where: Range, part: float) -> None:
    assert where.part(where.at(part)) == pytest.approx(part, abs=0.0021)


def test_numbers_have_few_digits_unless_the_range_is_narrow() -> None:
    alpha = Range(0.0001, 1, "log")
    assert [alpha.at(part) for part in (0, 0.4, 1)] == [0.0001, 0.00398, 1]
    assert Range(0.9, 0.999, "log-from-1").at(0.3) == 0.975
    assert Range(1000, 1000.1).at(0.5) == 1000.05
    assert 0 <= Range(0, 3e-16, "log-from-1").at(0.3) <= 3e-16  # where there are hardly any numbers


@pytest.mark.parametrize(
    ("where", "decade_of"),
    [
        (Range(0.0001, 1, "log"), lambda x: math.log10(x) + 4),
        (Range(0.0, 0.9999, "log-from-1"), lambda x: -math.log10(1 - x)),
        (Range(0, 4), lambda x: x),
    ],
)
def test_every_part_of_the_scale_gets_its_share(where: Range, decade_of: Any) -> None:
    rng = np.random.default_rng(0)
    shares = np.bincount([min(int(decade_of(where.draw(rng))), 3) for _ in range(4000)]) / 4000
    np.testing.assert_allclose(shares, 0.25, atol=0.03)


def test_every_whole_number_gets_its_share() -> None:
    rng = np.random.default_rng(0)
    counts = np.bincount([int(Range(1, 4, whole=True).draw(rng)) for _ in range(4000)])
    np.testing.assert_allclose(counts / 4000, [0, 0.25, 0.25, 0.25, 0.25], atol=0.03)
    logs = {Range(1, 4, "log", whole=True).draw(rng) for _ in range(100)}
    assert logs == {1, 2, 3, 4}


@given(ranges(), st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_the_finer_range_lies_in_the_coarse_one_and_holds_the_best(where: Range, seeds: list[int]) -> None:
    best = [where.draw(np.random.default_rng(seed)) for seed in seeds]
    fine = where.narrowed(best)
    assert where.low <= fine.low <= min(best)
    assert max(best) <= fine.high <= where.high
    assert (fine.scale, fine.whole) == (where.scale, where.whole)


def test_how_much_finer() -> None:
    alpha = Range(0.0001, 1, "log")
    assert alpha.narrowed([0.01]) == Range(0.00631, 0.0158, "log")  # a tenth of the four decades
    assert alpha.narrowed([0.01, 0.1]) == Range(0.00562, 0.178, "log")  # and a quarter on both sides
    assert Range(1, 100, whole=True).narrowed([50, 58]) == Range(45, 63, whole=True)


def test_choices() -> None:
    g = Choice(["relu", "tanh", "sigmoid"])
    rng = np.random.default_rng(0)
    assert {g.draw(rng) for _ in range(50)} == {"relu", "tanh", "sigmoid"}
    assert g.narrowed(["sigmoid", "relu", "relu"]) == Choice(["relu", "sigmoid"])
    assert [g.part(x) for x in g.values] == [0, 0.5, 1]
    assert Choice([[16], [16, 8]]).values == ((16,), (16, 8))
    assert str(Choice([[16], [16, 8]])) == "16 / 16,8"
    assert Choice([3]).draw(rng) == 3
    assert Choice([3]).part(3) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 1), "a number and a higher one, both finite, not 1.0 and 1.0"),
        ((0, 1, "log"), "the scale log never reaches 0.0: take both ends above 0"),
        ((0.9, 1, "log-from-1"), "the scale log-from-1 never reaches 1.0: take both ends below"),
        ((0, math.inf), "both finite, not 0.0 and inf"),
        ((math.nan, 1), "both finite, not nan and 1.0"),
        ((1, 1 + 1e-12), "between 1.0 and 1.000000000001 is too narrow or too wide to search"),
        ((0.5, 3, "linear", True), "whole numbers lie between whole numbers, not 0.5 and 3.0"),
    ],
)
def test_ranges_that_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Range(*arguments)


@pytest.mark.parametrize("values", [[], ["a", "a"], "relu"])
def test_choices_that_are_refused(values: Any) -> None:
    with pytest.raises(ValueError, match="a choice is of one or more different values in a list"):
        Choice(values)
