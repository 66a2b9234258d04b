"""Models and graphs in other libraries: PyTorch, SymPy, ONNX.

`to_torch`, `to_sympy` and `to_onnx` take a recorded graph, and write it with the other library's functions.
`to_torch`, `from_torch` and `to_onnx` take networks. Each needs the extra of that name, and imports its
library when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["from_torch", "to_onnx", "to_sympy", "to_torch"]

_MODULES = {"from_torch": "pytorch", "to_onnx": "onnx_models", "to_sympy": "algebra", "to_torch": "pytorch"}

if TYPE_CHECKING:
    from micrograd_dl.interop.algebra import to_sympy as to_sympy
    from micrograd_dl.interop.onnx_models import to_onnx as to_onnx
    from micrograd_dl.interop.pytorch import from_torch as from_torch
    from micrograd_dl.interop.pytorch import to_torch as to_torch
else:

    def __getattr__(name: str) -> Any:
        """A function, whose library is imported when the function is first asked for (PEP 562)."""
        if name in _MODULES:
            return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
