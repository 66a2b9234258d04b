"""The reference of operations has a row for each, and the one in docs/ is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from tools.operations import document

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_document_is_up_to_date() -> None:
    hint = "docs/operations.md is not what the table says: python -m tools.operations > docs/operations.md"
    assert DOCUMENT.read_text(encoding="utf-8") == document(), hint


def test_a_new_entry_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Operation(
        "new", "n", 1,
        forward=lambda x: 2 * x, derivatives=(lambda out, x: 2.0,), kink=lambda x: x,
        text=lambda x: f"new({x})", latex=lambda x: "new", meaning="|x| for x | y", requirement="patience",
    )  # fmt: skip
    monkeypatch.setitem(TABLE, "new", entry)
    row = r"| `new` | `new(x)` | `2` | \|x\| for x \| y | needs patience; kink |"
    assert document().splitlines()[-1] == row
