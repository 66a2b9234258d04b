"""Looking something up by a name that a user gave."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def look_up(name: object, table: Mapping[str, T], what: str) -> T:
    """The entry of that name; ValueError if there is none. `what` is the kind of thing the table holds.

    >>> look_up("adma", {"adam": 1, "momentum": 2}, "optimiser")
    Traceback (most recent call last):
    ValueError: there is no optimiser 'adma' (did you mean 'adam'?): choose one of adam, momentum
    """
    if isinstance(name, str) and name in table:
        return table[name]
    raise ValueError(f"there is no {what} {with_similar(name, table)}: choose one of {listed(table)}")


def with_similar(name: object, known: Iterable[str]) -> str:
    """The name as a message quotes it, with the known name that is most like it, if one is."""
    by_lower = {each.lower(): each for each in known}
    close = difflib.get_close_matches(str(name).lower(), by_lower, 1, cutoff=0.7)
    return f"{name!r:.60}" + (f" (did you mean {by_lower[close[0]]!r}?)" if close else "")


def listed(names: Iterable[str], most: int = 20) -> str:
    """The names as a message shows them, at most so many."""
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")
