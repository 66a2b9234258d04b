"""Examples are skipped where the packages that they need are not installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

_NEEDED = {
    "interop.md": ("narwhals", "onnx", "onnxruntime", "pandas", "safetensors", "sklearn", "sympy", "torch")
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them as skipped."""
    for item in items:
        missing = [name for name in _NEEDED.get(item.path.name, ()) if find_spec(name) is None]
        if missing:
            item.add_marker(pytest.mark.skip(reason=f"its examples need {', '.join(missing)}"))
