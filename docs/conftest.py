"""Examples are skipped without the packages they need; what operations a document defines ends with it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from micrograd_dl import own_operations

_NEEDED = {
    "interop.md": ("narwhals", "onnx", "onnxruntime", "pandas", "safetensors", "sklearn", "sympy", "torch")
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark examples as skipped whose packages are missing."""
    for item in items:
        missing = [name for name in _NEEDED.get(item.path.name, ()) if find_spec(name) is None]
        if missing:
            item.add_marker(pytest.mark.skip(reason=f"its examples need {', '.join(missing)}"))


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    """Around every document."""
    with own_operations():
        yield
