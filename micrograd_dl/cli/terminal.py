"""What a terminal can do: how wide a text is in it, colours, characters it lacks, the editing of lines."""

from __future__ import annotations

import codecs
import os
import re
import sys
import textwrap
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from micrograd_dl.output.text import printable, shortened

_LONGEST_HISTORY = 1000  # lines

# ECMA-48 codes from the sixteen colours whose shades the user's own theme chooses.
_STYLES = {"strong": "1", "faint": "2", "forward": "1;36", "backward": "1;33", "wrong": "31"}

_STYLING = re.compile(rf"(\x1b\[(?:0|{'|'.join(_STYLES.values())})m)")

# ∂ may not become d: du/db and ∂u/∂b are two different things.
_STAND_INS = {
    "∂": "partial ",
    "σ": "sigmoid",
    "Σ": "sum",
    "·": ".",
    "≥": ">=",
    "↑": "^",
    "↓": "v",
    "…": "...",
    "─": "-",
    "│": "|",
    "├": "|",
    "└": "`",
}


def columns(text: str) -> int:
    r"""How many columns a line of text takes: two for a Chinese character, none for an accent on its own.

    >>> columns("dJ/db"), columns("∂z/∂宽"), columns("e\u0301")
    (5, 6, 1)
    """
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def fitted(text: str, width: int) -> str:
    """`text`, its end left out if it takes more than `width` columns.

    >>> fitted("a + b + c", 9), fitted("a + b + c", 6)
    ('a + b + c', 'a + b…')
    """
    if columns(text) <= width:
        return text
    kept, room = 0, width - 1
    for character in text:
        room -= _columns_of(character)
        if room < 0:
            break
        kept += 1
    return text[:kept] + "…"


def padded(text: str, width: int) -> str:
    """`text` with spaces behind it, up to `width` columns.

    >>> padded("宽", 4) + "|"
    '宽  |'
    """
    return text + " " * (width - columns(text))


def wrapped(text: str, width: int) -> str:
    """`text` with its lines broken, between words, that take more than `width` columns.

    >>> print(wrapped("  J -> v -> u -> b", 12))
      J -> v ->
          u -> b
    """
    lines = []
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        fits = columns(line) <= width
        lines += (
            [line] if fits else textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False)
        )
    return "\n".join(lines)


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def wants_colours(stream: IO[str]) -> bool:
    """Whether to write colours to `stream`: yes if it is a terminal that has them.

    NO_COLOR, if not empty, says no whatever the stream is (https://no-color.org); FORCE_COLOR says yes.
    """
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def paint(text: str, style: str, colours: bool = True) -> str:
    r"""`text` in one of the styles strong, faint, forward, backward or wrong; as it is without `colours`.

    >>> paint("6", "strong"), paint("6", "strong", colours=False)
    ('\x1b[1m6\x1b[0m', '6')
    """
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if colours and text else text


def write(*lines: str, stream: IO[str] | None = None, colours: bool = False) -> None:
    """Write lines to `stream`, by default standard output. The command line prints only through this.

    What could control the terminal is shown as an escape, see `printable`, whatever text it comes from;
    with `colours`, those of `paint` are let through.
    """
    for line in lines:
        parts = _STYLING.split(line) if colours else [line]
        parts[::2] = map(printable, parts[::2])
        print("".join(parts), file=stream or sys.stdout)


def complain(*lines: str, stream: IO[str] | None = None, colours: bool = False) -> None:
    """Write messages to `stream`, standard error by default, each in a few lines."""
    write(*map(shortened, lines), stream=stream or sys.stderr, colours=colours)


def write_stand_ins(stream: IO[str] | None) -> None:
    """Let `stream` write something in ASCII for each character that its encoding lacks, rather than raise."""
    codecs.register_error("micrograd_dl.stand_in", _stand_in)
    _set_errors(stream, "micrograd_dl.stand_in")


def read_anything(stream: IO[str] | None) -> None:
    """Let `stream` read a replacement character for what is not of its encoding, rather than raise."""
    _set_errors(stream, "replace")


def _set_errors(stream: IO[str] | None, handler: str) -> None:
    reconfigure = getattr(stream, "reconfigure", None)  # streams that have no encoding take any character
    if reconfigure is not None:
        reconfigure(errors=handler)


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return "".join(
        _STAND_INS.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking
    ), error.end


@contextmanager
def line_editing() -> Iterator[None]:
    """Editing of lines, completion, and a history that is kept for the next time, if Python has readline.

    The history is the file ``micrograd-dl/history`` in the state directory, ``$XDG_STATE_HOME`` or
    ``~/.local/state``. If that cannot be read or written, nothing is kept.
    """
    try:
        import readline
    except ImportError:
        yield
        return
    if "libedit" in (readline.__doc__ or ""):
        readline.parse_and_bind("bind ^I rl_complete")  # cmd.Cmd binds the key for GNU readline only
    readline.set_completer_delims(" \t\n")  # so that dJ/db is one word
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    history = Path(state, "micrograd-dl", "history")
    with suppress(OSError):
        readline.read_history_file(history)
    try:
        yield
    finally:
        readline.set_history_length(_LONGEST_HISTORY)
        with suppress(OSError):
            history.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(history)
