"""Words of messages."""

from __future__ import annotations


def counted(n: int, one: str, many: str = "") -> str:
    """A count in words.

    >>> counted(1, "input"), counted(2000, "input"), counted(2, "leaf", "leaves")
    ('1 input', '2,000 inputs', '2 leaves')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def told(error: Exception) -> str:
    """What an error says: one of the operating system without its number, a KeyError without quotes.

    >>> told(FileNotFoundError(2, "No such file or directory", "a.csv"))
    'a.csv: No such file or directory'
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
