"""What may become a number of the engine, and what is said to whatever may not."""

from __future__ import annotations

import math
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.foundation.numbers import to_float


class Point(tuple[float, ...]):  # inherits from a class with advice, and gets that advice
    __slots__ = ()


NUMPY_TYPES = [
    np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64,
    np.float16, np.float32, np.float64, np.longdouble,
]  # fmt: skip


@given(st.floats() | st.integers(-(2**1000), 2**1000) | st.booleans())
def test_plain_numbers(x: float) -> None:
    result = to_float(x)
    assert type(result) is float
    assert result == float(x) or (math.isnan(result) and math.isnan(x))


@given(st.fractions(), st.decimals(allow_nan=False))
def test_fractions_and_decimals(fraction: Fraction, decimal: Decimal) -> None:
    assert to_float(fraction) == float(fraction)
    assert to_float(decimal) == float(decimal)
    assert math.isnan(to_float(Decimal("NaN")))


@pytest.mark.parametrize("kind", NUMPY_TYPES)
def test_numpy_scalars_of_every_kind(kind: type) -> None:
    result = to_float(kind(1))
    assert type(result) is float
    assert result == 1.0


@pytest.mark.parametrize(
    ("wrong", "named", "advice"),
    [
        ("3", "str '3'", "convert text with float(...), or parse an expression with micrograd_dl.parse"),
        (None, "NoneType None", "a function may have forgotten its return"),
        (1j, "complex 1j", "the engine works on real numbers; take .real or abs(...)"),
        (np.complex64(1), "complex64", "the engine works on real numbers; take .real or abs(...)"),
        ([1.0], "list [1.0]", "make one Value of each element: [Value(x) for x in xs]"),
        (np.array([1.0]), "ndarray array([1.])", "take one element with .item(), or make one Value of each"),
        (np.str_("3"), "str_", "convert text with float(...), or parse an expression"),
        ({}, "dict {}", "convert it with float(...)"),
        (Point((1.0, 2.0)), "Point (1.0, 2.0)", "make one Value of each element"),
    ],
)
def test_what_is_no_real_number_is_refused_with_advice(wrong: object, named: str, advice: str) -> None:
    with pytest.raises(TypeError) as error:
        to_float(wrong, "a weight")
    start = f"a weight takes a real number, not the {named}"
    assert str(error.value).startswith(start)
    assert f": {advice}" in str(error.value)


@pytest.mark.parametrize("length", [38, 39, 5_000])
def test_long_things_are_not_shown_whole(length: int) -> None:
    """Forty characters, the quotation marks among them, are shown."""
    with pytest.raises(TypeError) as error:
        to_float("x" * length)
    shown = "'" + "x" * 38 + "'" if length == 38 else "'" + "x" * 36 + "..."
    assert f"not the str {shown}: convert" in str(error.value)


@pytest.mark.parametrize(
    "huge", [10**400, -(10**400), Fraction(10**400), Fraction(-(10**999), 3), Decimal("1e400")]
)
def test_numbers_beyond_the_doubles(huge: int | Fraction | Decimal) -> None:
    with pytest.raises(OverflowError) as error:
        to_float(huge, "a weight")
    assert str(error.value) == (
        f"a weight takes a double, and this {type(huge).__name__} is beyond the largest one, 1.798e+308"
    )
    assert error.value.__suppress_context__


def test_numpy_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "numpy")
    assert to_float(1) == 1.0
    with pytest.raises(TypeError, match="not the bool"):
        to_float(np.True_)
