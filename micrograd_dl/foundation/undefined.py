"""The error to raise where an operation is undefined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from micrograd_dl.foundation.written import full_number, numbers_of, without_middle


def undefined(
    operation: Any, error: Exception, values: Sequence[float], names: Sequence[str] = ()
) -> Exception:
    """The error to raise where an operation of the table is undefined: built in, and says what and where.

    Among operands with names, one without a name is shown by its number.
    """
    names = names or operation.operand_names(len(values))
    names = [name or full_number(x) for name, x in zip(names, values, strict=True)]
    where = numbers_of(names, values)
    kind = ZeroDivisionError if isinstance(error, ZeroDivisionError) else ValueError
    return kind(
        f"{without_middle(operation.written(names))} is not defined{f' at {where}' if where else ''}: "
        f"{operation.name} needs {operation.requirement or 'other operands'}"
    )
