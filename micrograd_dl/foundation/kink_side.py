"""Which slope ReLU and leaky ReLU take at their kink: the course's, or PyTorch's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, TypeAlias

Side: TypeAlias = Literal["right", "left"]

kink_side: ContextVar[str] = ContextVar("kink_side", default="right")


def require_side(side: object) -> Side:
    """The side; ValueError unless it is "right" or "left"."""
    if side == "right" or side == "left":
        return side
    raise ValueError(f'slope_at_kink is "right" (the course) or "left" (PyTorch), not {side!r}')


@contextmanager
def slope_at_kink(side: str) -> Iterator[None]:
    """Choose the slope of ReLU and leaky ReLU at exactly 0, for what is recorded in a ``with`` block.

    ``"right"``, the default, is the course's rule: 1 for z >= 0. ``"left"`` is PyTorch's and that of the
    course's assignments: 0, and 0.01 for leaky ReLU. A node keeps its choice. ValueError for another side.

    >>> from micrograd_dl.engine.value import Value
    >>> x = Value(0.0)
    >>> with slope_at_kink("left"):
    ...     y = x.relu()
    >>> y.slopes, x.relu().slopes
    ((0.0,), (1.0,))
    """
    token = kink_side.set(require_side(side))
    try:
        yield
    finally:
        kink_side.reset(token)
