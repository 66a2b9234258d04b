"""Write the stubs of modules whose functions take numbers, arrays and Values: ``python -m tools.signatures``.

An operation of the table is an object whose type says nothing of its operands. In the stub, which type
checkers and editors read, it is a function with an overload for every kind of operand. A function that a
module defines follows from its signature: an overload makes of each Any a number, a Value or an array.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from types import FunctionType, ModuleType

import micrograd_dl
from micrograd_dl.engine import functions, ops
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.operations import further, sequences

MODULES = (functions, further, sequences)

_OPENING = '''\
"""The functions of a module with the types of their operands; written by python -m tools.signatures."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any, TypeAlias, overload

from numpy import bool_, float64, floating, integer
from numpy.typing import NDArray

from micrograd_dl.engine.value import Value

Number: TypeAlias = float | Real | Decimal
Numbers: TypeAlias = NDArray[floating[Any] | integer[Any] | bool_]
Array: TypeAlias = NDArray[float64]
'''
_FOR_OTHER_ROOMS = """
def affine_of_units(
    weights: Sequence[Sequence[Any]], x: Sequence[Any], b: Sequence[Any]
) -> list[Any]: ...
def require_pairs(name: str, w: Sequence[Any], x: Sequence[Any]) -> None: ...
def woven(first: Sequence[Any], second: Sequence[Any]) -> tuple[Any, ...]: ...
"""

# Elements of a sequence and the result of all of them; a list of numbers alone fits all, and takes the first.
_ELEMENTS = (("Number", "float"), ("Value | Number", "Value"), ("Numbers | Number", "Array"))


def stub(module: ModuleType) -> Path:
    """Where the stub of a module is."""
    return Path(module.__file__ or "").with_suffix(".pyi")


def document(module: ModuleType) -> str:
    """The text of the stub."""
    names = vars(ops) if module is functions else vars(module).keys() - vars(ops).keys()
    written = {
        name: f
        for name, f in vars(module).items()
        if isinstance(f, FunctionType)
        and f.__module__ == module.__name__
        and name in {*TABLE, *micrograd_dl.__all__}
    }
    parts = [_of_table(name) for name in TABLE if name in names and name not in written]
    parts += map(_of_sequences, written.values())
    return _OPENING + _FOR_OTHER_ROOMS * (module is functions) + "".join(parts)


def _of_table(name: str) -> str:
    operation = TABLE[name]
    names = operation.operand_names(operation.arity or 0)
    overloads = [*_kinds(len(names), "Value", "Value"), (("Number",) * len(names), "float")]
    return _function(
        [
            f"{name}({', '.join(map('{}: {}'.format, names, kinds))}, /) -> {result}"
            for kinds, result in [*overloads, *_kinds(len(names), "Numbers", "Array")]
        ],
        operation.__doc__ or "",
    )


def _kinds(count: int, kind: str, result: str) -> list[tuple[tuple[str, ...], str]]:
    """Operands of which one at least is of that kind, such that no two overloads fit one call."""
    rest = f"{kind} | Number"
    return [(("Number",) * i + (kind,) + (rest,) * (count - i - 1), result) for i in range(count)]


def _of_sequences(found: FunctionType) -> str:
    signature = f"{found.__name__}{inspect.signature(found)}".replace("'", "")
    parameters, arrow, result = signature.rpartition(" -> ")
    overloads = [
        parameters.replace("Any", elements) + arrow + result.replace("Any", of_them)
        for elements, of_them in _ELEMENTS
    ]
    return _function(overloads, inspect.getdoc(found) or "", "  # type: ignore[overload-overlap]")


def _function(overloads: list[str], doc: str, comment: str = "") -> str:
    """A function with these overloads, of which the first has the docstring; the last has no comment."""
    first, *others = (f"@overload\ndef {overload}:" for overload in overloads)
    text = doc.replace("\n", "\n    ").replace("    \n", "\n")
    lines = [f'{first}{comment}\n    r"""{text}"""', *(f"{other} ...{comment}" for other in others)]
    return "\n" + "\n".join(lines).removesuffix(comment) + "\n"


if __name__ == "__main__":
    for each in MODULES:
        stub(each).write_text(document(each), encoding="utf-8")
