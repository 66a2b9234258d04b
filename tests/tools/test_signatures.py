"""The functions as type checkers see them are those of the table and of the modules that define some."""

from __future__ import annotations

from types import ModuleType

import pytest

import micrograd_dl
from micrograd_dl.engine import functions, ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from tools.signatures import MODULES, document, stub


@pytest.mark.parametrize("module", MODULES)
def test_a_stub_is_up_to_date(module: ModuleType) -> None:
    hint = f"{stub(module)} is not what the table says: python -m tools.signatures"
    assert stub(module).read_text(encoding="utf-8") == document(module), hint


def test_a_new_entry_is_a_function_with_an_overload_for_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Operation("new", "n", 1, float, (float,), str, str, meaning="2 x", requirement=r"a \sign")
    monkeypatch.setitem(TABLE, "new", entry)
    monkeypatch.setattr(ops, "new", entry, raising=False)
    expected = r'''
@overload
def new(x: Value, /) -> Value:
    r"""new(x): 2 x; it needs a \sign.

    Of a Value it is a Value; of a number, a float; of a NumPy array, an array, entry by entry."""
@overload
def new(x: Number, /) -> float: ...
@overload
def new(x: Numbers, /) -> Array: ...
'''
    assert expected in document(functions)


def test_every_function_of_the_package_s_face_is_in_a_stub() -> None:
    public = {name for name in micrograd_dl.__all__ if name in TABLE}
    assert public >= {"exp", "maximum", "affine"}
    text = "".join(map(document, MODULES))
    assert all(f"def {name}(" in text for name in public)
