"""The words of messages, and what makes a text safe to show in a terminal."""

from __future__ import annotations

import shlex
import sys
import unicodedata
from importlib import import_module
from types import ModuleType

_NEVER_SHOWN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # Unicode's categories of controls, surrogates, separators
_ALWAYS_SHOWN = "\n\t\u200c\u200d"  # the last two join letters, or keep them apart
_BEGINNING, _END, _LINES = 1200, 400, 16  # the parts that are kept of a long message


def plural(n: int, one: str, many: str = "") -> str:
    """A count in words.

    >>> plural(1, "input"), plural(2000, "input"), plural(2, "leaf", "leaves")
    ('1 input', '2,000 inputs', '2 leaves')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def message_of(error: BaseException) -> str:
    """The message of an error: without the number of the operating system, a KeyError without quotes.

    >>> message_of(FileNotFoundError(2, "No such file or directory", "a.csv"))
    'a.csv: No such file or directory'
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)


def install_hint(extra: str) -> str:
    """The command that installs an extra for the Python that is running.

    >>> install_hint("plots")
    "...python... -m pip install 'micrograd-dl[plots]'"
    """
    return pip_install(f"micrograd-dl[{extra}]")


def pip_install(*packages: str) -> str:
    """The command that installs packages for the Python that is running."""
    return shlex.join([sys.executable or "python", "-m", "pip", "install", *packages])


def required(module: str, what: str, hint: str) -> ModuleType:
    """A module, imported; ModuleNotFoundError, which says what takes it and how to install it, if missing."""
    package = module.partition(".")[0]
    try:
        import_module(package)
        return import_module(module)
    except ModuleNotFoundError as error:
        problem = f"{what} takes {package} ({error}): {hint}"
        raise ModuleNotFoundError(problem, name=error.name) from error


def printable(text: str) -> str:
    r"""`text` with escapes in place of controls but line feeds and tabs, and of marks that turn the writing.

    >>> print(printable("price\x1b[2J \u202egpj.exe"))
    price\x1b[2J \u202egpj.exe
    """
    if text.isprintable():
        return text
    return "".join(
        c.encode("unicode_escape").decode()
        if unicodedata.category(c) in _NEVER_SHOWN and c not in _ALWAYS_SHOWN
        else c
        for c in text
    )


def shortened(message: str) -> str:
    """A message of a few lines; a longer one keeps its beginning and its end, where the remedy stands."""
    lines = message.split("\n")
    if len(lines) > _LINES:
        left_out = len(lines) - _LINES
        message = "\n".join([*lines[: _LINES // 2], f"... ({left_out} lines) ...", *lines[-_LINES // 2 :]])
    if len(message) > _BEGINNING + _END:
        left_out = len(message) - _BEGINNING - _END
        message = f"{message[:_BEGINNING]} ... ({left_out:,} characters) ... {message[-_END:]}"
    return message


def columns(text: str) -> int:
    """The columns that a line of text takes: two for a Chinese character, none for an accent on its own."""
    if text.isascii():
        return len(text)
    seen = [c for c in text if unicodedata.category(c) not in ("Mn", "Me", "Cf")]
    return len(seen) + sum(unicodedata.east_asian_width(c) in ("W", "F") for c in seen)


def fitted(text: str, width: int) -> str:
    """`text`, its end left out if it takes more than `width` columns."""
    if columns(text) <= width:
        return text
    end = min(len(text), max(width, 0))
    while end and columns(text[:end]) >= width:
        end -= 1
    return text[:end] + "…"
