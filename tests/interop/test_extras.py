"""Where a library is not installed, the error names the extra, and the interpreter that lacks it."""

from __future__ import annotations

import importlib
import sys

import pytest

import micrograd_dl


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [
        ("interop.to_torch", "torch", "torch"),
        ("interop.from_torch", "torch", "torch"),
        ("interop.to_sympy", "sympy", "sympy"),
        ("interop.to_onnx", "onnx", "onnx"),
    ],
)
def test_the_extra_is_named(name: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    room, _, function = name.rpartition(".")
    for module in [m for m in sys.modules if m.startswith(f"micrograd_dl.{room}.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModuleNotFoundError, match=rf"{sys.executable}.* 'micrograd-dl\[{extra}\]'"):
        getattr(importlib.import_module(f"micrograd_dl.{room}"), function)


def test_another_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'to_fortran'"):
        _ = micrograd_dl.interop.to_fortran  # type: ignore[attr-defined]
