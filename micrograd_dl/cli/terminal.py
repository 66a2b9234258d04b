"""The terminal: widths of texts, colours, missing characters, line editing, and all writing to it."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
import textwrap
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from micrograd_dl.output.text import printable, shortened

# ECMA-48 codes from the sixteen colours whose shades the user's own theme chooses.
_STYLES = {"strong": "1", "faint": "2", "forward": "1;36", "backward": "1;33", "wrong": "31"}
_STYLING = re.compile(rf"(\x1b\[(?:0|{'|'.join(_STYLES.values())})m)")


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


def wrapped(text: str, width: int) -> str:
    """`text` with its lines broken, between words, that take more than `width` columns."""
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


def paint(text: str, style: str) -> str:
    """`text` in one of the styles strong, faint, forward, backward or wrong."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if text else ""


def write(*lines: str, stream: IO[str] | None = None, colours: bool = False) -> None:
    """Write lines to `stream`, by default standard output. The command line prints only through this.

    Whatever could control the terminal is shown as an escape, whatever text it comes from. What `paint` wrote
    is let through with `colours`, and left out without.
    """
    for line in lines:
        parts = _STYLING.split(line)
        parts[::2] = map(printable, parts[::2])
        print("".join(parts if colours else parts[::2]), file=stream or sys.stdout)


def complain(*lines: str, stream: IO[str] | None = None, colours: bool = False) -> None:
    """Write messages to `stream`, by default standard error, each in a few lines."""
    write(*map(shortened, lines), stream=stream or sys.stderr, colours=colours)


def warn(message: str) -> None:
    """Write a warning of the command line."""
    complain(f"micrograd-dl: warning: {message}")


def adapt_streams() -> None:
    """Let the standard streams never raise over a character that they, or their encoding, do not have."""
    # A stream is None where the program was started with it closed.
    sys.stdout, sys.stderr = sys.stdout or io.StringIO(), sys.stderr or io.StringIO()
    for stream, errors in (
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
        (sys.stdin, "replace"),
    ):
        if isinstance(stream, io.TextIOWrapper):  # others take any character
            stream.reconfigure(errors=errors)


def edit_lines() -> None:
    """Let lines be edited and completed, if Python has readline."""
    try:
        import readline
    except ImportError:
        return
    if "libedit" in (readline.__doc__ or ""):
        readline.parse_and_bind("bind ^I rl_complete")  # cmd.Cmd binds the key for GNU readline only
    readline.set_completer_delims(" \t\n")  # so that dJ/db is one word


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
