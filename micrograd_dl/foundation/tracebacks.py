"""Tracebacks that end at the caller's line, without the frames of this package.

A function that an error leaves is noted in the traceback, except where it leaves by a ``raise`` without an
argument. So a door of the package, a function that users call, has this form, free where nothing fails::

    try:
        return what_may_fail()
    except Exception as error:
        fold(error)
        raise

``MICROGRAD_DL_PLAIN=1`` in the environment shows every frame.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dis import opmap
from types import TracebackType
from typing import ParamSpec, TypeVar

from micrograd_dl.foundation.origin import is_inside

P = ParamSpec("P")
R = TypeVar("R")

_FOLDED = "_folded_by_micrograd_dl"
PLAIN = os.environ.get("MICROGRAD_DL_PLAIN", "") not in ("", "0")


def fold(error: BaseException) -> None:
    """Take this package's frames from the traceback of an error that a ``raise`` of this package has made.

    The frames of a user's function that this package has called stay. Any other error is left as it is: that
    of a user's function, and one that Python raises in this package, a mistake of ours whose place is wanted.
    """
    entries: list[TracebackType] = []
    following = error.__traceback__
    while following is not None:
        entries.append(following)
        following = following.tb_next
    code, at = entries[-1].tb_frame.f_code, entries[-1].tb_lasti
    raised_here = _is_ours(entries[-1]) and code.co_code[at] == opmap["RAISE_VARARGS"]
    refused = len(entries) == 1  # the call of a door with arguments that it does not take
    if PLAIN or not (raised_here or refused or hasattr(error, _FOLDED)):
        return
    setattr(error, _FOLDED, True)  # for another door on the way
    for entry in reversed(entries):
        if not _is_ours(entry):
            entry.tb_next, following = following, entry
    error.__traceback__ = following


def _is_ours(entry: TracebackType) -> bool:
    return is_inside(entry.tb_frame.f_globals.get("__package__"))


def door(function: Callable[P, R]) -> Callable[P, R]:
    """The function, with errors that end at its caller's line. It costs a call: not for what is hot."""

    @functools.wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            fold(error)
            raise

    return called
