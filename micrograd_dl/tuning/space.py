"""Where hyperparameters are searched: ranges, each on its scale, and choices (course, section 9)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from micrograd_dl.foundation.lookup import look_up
from micrograd_dl.foundation.numbers import to_float


class Scale(NamedTuple):
    """A scale: the place of a number on it is uniform in a search. `place` and `number` are inverse."""

    place: Callable[[float], float]
    number: Callable[[float], float]
    low: float = -math.inf  # the ends of a range lie strictly between these
    high: float = math.inf


SCALES: dict[str, Scale] = {
    "linear": Scale(lambda x: x, lambda place: place),
    "log": Scale(math.log10, lambda place: 10.0**place, low=0.0),
    # For beta: what counts is 1 - beta, the share of the newest gradient; the average is over 1 / (1 - beta).
    "log-from-1": Scale(lambda x: -math.log10(1 - x), lambda place: 1 - 10.0**-place, high=1.0),
}
_RESOLUTION = 0.002  # the part of a range by which rounding may move a number
_NARROWEST = 1e-9  # compared with the numbers themselves
_PADDING = 0.05  # the part of a range that a narrower one has at least on both sides of the best numbers


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both included, uniform on a scale; ValueError if it never reaches an end.

    The scale is ``"linear"``; ``"log"``, where every power of ten gets an equal share, for alpha and lambda;
    or ``"log-from-1"``, where 1 - x is on a log scale, for beta. `whole` is for whole numbers only.

    >>> alpha = Range(0.0001, 1, "log")
    >>> alpha.at(0.5), alpha.part(0.1)
    (0.01, 0.75)
    """

    low: float
    high: float
    scale: str = "linear"
    whole: bool = False

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            object.__setattr__(self, name, to_float(getattr(self, name), f"the end {name} of a range"))
        ends = f"{self.low!r} and {self.high!r}"
        if not -math.inf < self.low < self.high < math.inf:
            raise ValueError(f"the ends of a range are a number and a higher one, both finite, not {ends}")
        scale = look_up(self.scale, SCALES, "scale")
        for end in (self.low, self.high):
            if not scale.low < end < scale.high:
                ends_in = "above 0" if end <= scale.low else "below 1"
                advice = f"take both ends {ends_in}, or the scale linear"
                raise ValueError(f"the scale {self.scale} never reaches {end!r}: {advice}")
        first, last = scale.place(self.low), scale.place(self.high)
        if not _NARROWEST * max(abs(first), abs(last)) < last - first < math.inf:
            raise ValueError(f"the range between {ends} is too narrow or too wide to search")
        if self.whole and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(f"whole numbers lie between whole numbers, not {ends}")

    def draw(self, rng: np.random.Generator) -> float | int:
        """A number at random."""
        return self.at(rng.random())

    def at(self, part: float) -> float | int:
        """The number a part of the way from `low` to `high`, with no more digits than a search needs."""
        if self.whole:
            # The ends are half a step further out, so that every number gets its share.
            return int(min(max(round(self._exact(part, beyond=0.5)), self.low), self.high))
        for digits in range(3, 18):
            x = min(max(float(f"{self._exact(part):.{digits}g}"), self.low), self.high)
            if abs(self.part(x) - part) <= _RESOLUTION:
                break
        return x

    def part(self, x: float) -> float:
        """Where a number stands, from 0 at `low` to 1 at `high`."""
        place = SCALES[self.scale].place
        return (place(x) - place(self.low)) / (place(self.high) - place(self.low))

    def narrowed(self, best: Iterable[float]) -> Range:
        """The part of the range where the best numbers lie, and a little more on both sides."""
        parts = [self.part(x) for x in best]
        padding = max(_PADDING, (max(parts) - min(parts)) / 4)
        first, last = max(min(parts) - padding, 0.0), min(max(parts) + padding, 1.0)
        if self.whole:
            # The error of rounding at an exact end is not to cost or to add a number.
            low = max(math.floor(self._exact(first) + 1e-9), self.low)
            high = min(math.ceil(self._exact(last) - 1e-9), self.high)
        else:
            low, high = self.at(first), self.at(last)
        return Range(low, high, self.scale, self.whole) if low < high else self

    def _exact(self, part: float, beyond: float = 0.0) -> float:
        scale = SCALES[self.scale]
        first, last = scale.place(self.low - beyond), scale.place(self.high + beyond)
        return scale.number((1 - part) * first + part * last)

    def __str__(self) -> str:
        whole = ", whole" if self.whole else ""
        return f"{self.low:g} to {self.high:g} ({self.scale}{whole})"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values, each as likely as the others; a single one is fixed."""

    values: Sequence[Any]

    def __post_init__(self) -> None:
        # Lists such as the sizes of layers become tuples, so that values can be compared and looked up.
        values = tuple(tuple(x) if isinstance(x, list) else x for x in self.values)
        if isinstance(self.values, str) or not values or len(set(values)) < len(values):
            raise ValueError(f"a choice is of one or more different values in a list, not {self.values!r}")
        object.__setattr__(self, "values", values)

    def draw(self, rng: np.random.Generator) -> Any:
        """One of them at random."""
        return self.values[int(rng.integers(len(self.values)))]

    def part(self, x: Any) -> float:
        """Where a value stands, from 0 for the first to 1 for the last."""
        return self.values.index(x) / max(1, len(self.values) - 1)

    def narrowed(self, best: Iterable[Any]) -> Choice:
        """The choices that are among the best, in the old order."""
        kept = set(best)
        return Choice([x for x in self.values if x in kept])

    def __str__(self) -> str:
        return " / ".join(map(value_text, self.values))


Space: TypeAlias = Mapping[str, Range | Choice]


def value_text(value: Any) -> str:
    """A value as the command line has it.

    >>> [value_text(x) for x in ((16, 8), 0.5, "relu", None)]
    ['16,8', '0.5', 'relu', 'none']
    """
    if value is None:
        return "none"
    return (",".join(map(str, value)) or "0") if isinstance(value, tuple) else str(value)
