"""Conversion of users' objects to numbers of the engine, with advice where that fails."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

from micrograd_dl.foundation.written import readable

_ADVICE = {
    "str": "convert text with float(...), or parse an expression with micrograd_dl.parse",
    "bytes": "convert text with float(...)",
    "NoneType": "a function may have forgotten its return",
    "complex": "the engine works on real numbers; take .real or abs(...)",
    "complexfloating": "the engine works on real numbers; take .real or abs(...)",
    "list": "make one Value of each element: [Value(x) for x in xs]",
    "tuple": "make one Value of each element: [Value(x) for x in xs]",
    "ndarray": "take one element with .item(), or make one Value of each: [Value(x) for x in xs]",
    "Tensor": "take the number with .item()",
}
_RANGES: dict[str, Callable[[float], bool]] = {
    "a number above 0": lambda x: 0 < x < math.inf,
    "a number from 0 up": lambda x: 0 <= x < math.inf,
    "a number between 0 and 1": lambda x: 0 < x < 1,
    "above 0 and at most 1": lambda x: 0 < x <= 1,
    "from 0 to below 1": lambda x: 0 <= x < 1,
    "from 0 to 1": lambda x: 0 <= x <= 1,
}


def to_float(x: Any, role: str = "a Value") -> float:
    """`x` as a double, if it is a real number: int, float, bool, Fraction, Decimal or a NumPy scalar.

    TypeError if it is not, with `role`, what it was wanted for; OverflowError beyond the largest double.
    """
    if type(x) is float:
        return x
    numpy = sys.modules.get("numpy")  # not imported for its bool: who has one has imported it
    if isinstance(x, (float, int, Real, Decimal)) or (numpy and isinstance(x, numpy.bool_)):
        try:
            found = float(x)
            if math.isinf(found) and found != x:  # a Decimal of 1e400, say
                raise OverflowError
            return found
        except OverflowError:
            raise OverflowError(
                f"{role} takes a double, and this {type(x).__name__} is beyond the largest one, "
                f"{sys.float_info.max:.4g}"
            ) from None
    shown = " ".join(repr(x).split())  # an array has lines
    shown = shown if len(shown) <= 40 else shown[:37] + "..."
    advices = [_ADVICE[c.__name__] for c in type(x).__mro__ if c.__name__ in _ADVICE]
    advice = advices[0] if advices else "convert it with float(...)"
    raise TypeError(f"{role} takes a real number, not the {type(x).__name__} {shown}: {advice}")


def require_numbers(nodes: Iterable[Any], *attributes: str) -> None:
    """Make floats of the numbers that were assigned to `data` and `grad`; TypeError for anything else."""
    for node in nodes:
        for what in attributes or ("data", "grad"):
            x = getattr(node, what)
            if type(x) is not float:
                name = readable(node.label) if node.label else "a Value"
                if what == "grad" and x is None:
                    raise TypeError(f"the grad of {name} is None: write v.grad = 0.0, or v.zero_grad()")
                setattr(node, what, to_float(x, f"the {what} of {name}"))
                if node.operands:
                    node.slopes = tuple([float(slope) for slope in node.slopes])


def in_range(x: object, words: str, role: str) -> float:
    """`x` as a double in the range of these words; TypeError if it is no number, ValueError for another."""
    number = to_float(x, role)
    if not _RANGES[words](number):
        raise ValueError(f"{role} is {words}, not {number!r}")
    return number


def above_zero(x: object, role: str) -> float:
    """`x` as a finite double above 0; errors as for `in_range`."""
    return in_range(x, "a number above 0", role)


def from_zero(x: object, role: str) -> float:
    """`x` as a finite double from 0 up; errors as for `in_range`."""
    return in_range(x, "a number from 0 up", role)


def to_whole(x: object, least: int, role: str) -> int:
    """`x` as an int; ValueError unless it is a whole number from `least` up: int or a NumPy scalar."""
    if not isinstance(x, Integral) or x < least:
        raise ValueError(f"{role} is a whole number from {least} up, not {x!r}")
    return int(x)


def to_seed(x: object) -> int:
    """`x` as the seed of a generator; ValueError unless it is a whole number from 0 up."""
    return to_whole(x, 0, "seed")


def is_plain(text: str) -> bool:
    """Whether numbers in it are written as everywhere: to Python 1_000 and ١, an Arabic 1, are some too."""
    return text.isascii() and "_" not in text


def number_or_none(text: str) -> float | None:
    """The number, if it is one: "nan" and "inf" are, "1_000" is not.

    >>> number_or_none("1e3"), number_or_none("1_000")
    (1000.0, None)
    """
    text = text.strip()
    try:
        return float(text) if is_plain(text) else None
    except ValueError:
        return None


def whole_number(text: str) -> int:
    """The int in `text`; ValueError if there is none."""
    with suppress(ValueError):  # refused like other unusual numbers
        if is_plain(text.strip()):
            return int(text)
    raise ValueError(f"a whole number is wanted, not {text:.40}")


def real_number(text: str) -> float:
    """The float in `text`; ValueError if there is none."""
    x = number_or_none(text)
    if x is None:
        point = text.replace(",", ".")
        hint = f": with a decimal point it is {point}" if number_or_none(point) is not None else ""
        raise ValueError(f"a number is wanted, such as 5, -3, 1e-3 or inf, not {text:.40}{hint:.80}")
    return x
