"""What a terminal can do: widths of texts, colours, characters it lacks, line editing; all writing to it."""

from __future__ import annotations

import codecs
import io
import os
import re
import signal
import sys
import textwrap
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from micrograd_dl.output.text import printable, shortened

_LONGEST_HISTORY = 1000  # lines

# ECMA-48 codes from the sixteen colours whose shades the user's own theme chooses.
_STYLES = {"strong": "1", "faint": "2", "forward": "1;36", "backward": "1;33", "wrong": "31"}
_STYLING = re.compile(rf"(\x1b\[(?:0|{'|'.join(_STYLES.values())})m)")

# ∂ may not become d: du/db and ∂u/∂b are two different things.
_STAND_INS = {"∂": "partial ", "σ": "sigmoid", "Σ": "sum", "≥": ">=", "…": "..."}
_STAND_INS |= dict(zip("·↑↓─│├└", ".^v-||`", strict=True))


def columns(text: str) -> int:
    r"""How many columns a line of text takes: two for a Chinese character, none for an accent on its own.

    >>> columns("dJ/db"), columns("∂z/∂宽"), columns("e\u0301")
    (5, 6, 1)
    """
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def fitted(text: str, width: int) -> str:
    """`text`, its end left out if it takes more than `width` columns.

    >>> fitted("a + b + c", 9), fitted("a + b + c", 6)
    ('a + b + c', 'a + b…')
    """
    if columns(text) <= width:
        return text
    end, room = 0, width - 1
    while room >= (needed := _columns_of(text[end])):
        room -= needed
        end += 1
    return text[:end] + "…"


def wrapped(text: str, width: int) -> str:
    """`text` with its lines broken, between words, that take more than `width` columns.

    >>> print(wrapped("  J -> v -> u -> b", 12))
      J -> v ->
          u -> b
    """
    lines = []
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        broken = textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False)
        lines += [line] if columns(line) <= width else broken
    return "\n".join(lines)


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

    Whatever could control the terminal is shown as an escape, whatever text it comes from; with `colours`,
    what `paint` writes is let through.
    """
    for line in lines:
        parts = _STYLING.split(line) if colours else [line]
        parts[::2] = map(printable, parts[::2])
        print("".join(parts), file=stream or sys.stdout)


def complain(*lines: str, stream: IO[str] | None = None, colours: bool = False) -> None:
    """Write messages to `stream`, by default standard error, each in a few lines."""
    write(*map(shortened, lines), stream=stream or sys.stderr, colours=colours)


def warn(message: str) -> None:
    """Write a warning of the command line."""
    complain(f"micrograd-dl: warning: {message}")


def adapt_streams() -> None:
    """Let the standard streams never raise over a character that they, or their encoding, do not have."""
    codecs.register_error("micrograd_dl.stand_in", _stand_in)
    # A stream is None where the program was started with it closed.
    sys.stdout, sys.stderr = sys.stdout or io.StringIO(), sys.stderr or io.StringIO()
    for stream, errors in (
        (sys.stdout, "micrograd_dl.stand_in"),
        (sys.stderr, "micrograd_dl.stand_in"),
        (sys.stdin, "replace"),
    ):
        reconfigure = getattr(stream, "reconfigure", None)  # streams without an encoding take any character
        if reconfigure is not None:
            reconfigure(errors=errors)


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    texts = (_STAND_INS.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking)
    return "".join(texts), error.end


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


@contextmanager
def on_signal(number: signal.Signals, usual: object, handler: Callable[..., Any]) -> Iterator[None]:
    """Handle a signal in the block, if this is the main thread and the signal has its usual handler."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(number) is not usual:
        yield
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
