"""The terminal: widths of texts, colours, missing characters, line editing, and all writing to it."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from micrograd_dl.foundation.text import columns, fitted, printable, shortened

# ECMA-48 codes from the sixteen colours whose shades the user's own theme chooses.
_STYLES = {"strong": "1", "faint": "2", "forward": "1;36", "backward": "1;33", "wrong": "31"}
_STYLING = re.compile(rf"(\x1b\[(?:0|{'|'.join(_STYLES.values())})m)")
# Errors that say what was wrong with what the user gave; all others are mistakes of the program.
EXPECTED = (OSError, ValueError, LookupError, ArithmeticError, RuntimeError, ImportError)

# Where a line is best broken: behind a comma or colon outside brackets, then before an equals sign, before
# another operator, at any space.
_BREAKS = [
    re.compile(place)
    for place in (r"(?<=[,;:]) (?![^()]*\))", r" (?==)", r" (?=(?:[-+*/]|\*\*|->|\+=) )| (?=\()", " ")
]


def wrapped(text: str, width: int) -> str:
    """`text` with its lines broken, at operators or between words, that take more than `width` columns."""
    lines = []
    for line in text.splitlines():
        indent = " " * min(len(line) - len(line.lstrip()) + 4, width // 2)
        while columns(_STYLING.sub("", line)) > width:
            end = _break(line, width)
            lines.append(line[:end].rstrip())
            line = indent + line[end:].lstrip()
        lines.append(line)
    return "\n".join(lines)


def _break(line: str, width: int) -> int:
    """The index in a line that is too long at which it is broken; a label between backticks stays whole."""
    start = len(line) - len(line.lstrip()) + 1
    end = max(start, len(fitted(line, width + 1)) - 1)
    masked = re.sub("`[^`]*`", lambda label: "`" * len(label[0]), line)
    for at in _BREAKS:
        places = [match.start() for match in at.finditer(masked) if start <= match.start() <= end]
        if places and (places[-1] > end // 2 or at is _BREAKS[-1]):
            return places[-1]
    return end


def wants_colours(stream: IO[str]) -> bool:
    """Whether `stream` is a terminal with colours; NO_COLOR and FORCE_COLOR decide if set (no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def paint(text: str, style: str) -> str:
    """`text` in one of the styles strong, faint, forward, backward or wrong."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if text else ""


def write(*lines: str, stream: IO[str] | None = None, colours: bool = False) -> None:
    """Write lines to `stream`, by default standard output. The command line prints only through this.

    Characters that control a terminal are shown as escapes. Styles of `paint` are kept with `colours`, and
    removed without.
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
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # others take any character
            stream.reconfigure(errors="replace" if stream is sys.stdin else "backslashreplace")


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
