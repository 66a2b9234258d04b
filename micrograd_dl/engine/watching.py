"""Who wants to know what a program asks of its numbers: a replay is right while all answers stay the same."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

_Answer = TypeVar("_Answer", bool, float)

# Told of every comparison and conversion of a Value: relation, left, right, answer.
watcher: ContextVar[Callable[[str, Any, Any, Any], None] | None] = ContextVar("watcher", default=None)


def seen(relation: str, left: Any, right: Any, answer: _Answer) -> _Answer:
    """`answer`, after whoever watches was told."""
    if (told := watcher.get()) is not None:
        told(relation, left, right, answer)
    return answer
