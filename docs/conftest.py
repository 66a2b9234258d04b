"""An operation that a document defines ends with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from micrograd_dl import own_operations


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    """Around every document."""
    with own_operations():
        yield
