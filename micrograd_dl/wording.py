"""Words of messages."""

from __future__ import annotations


def counted(n: int, one: str, many: str = "") -> str:
    """A count in words.

    >>> counted(1, "input"), counted(2000, "input"), counted(2, "leaf", "leaves")
    ('1 input', '2,000 inputs', '2 leaves')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"
