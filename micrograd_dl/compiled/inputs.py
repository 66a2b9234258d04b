"""What a call of a compiled graph brings with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micrograd_dl.engine.value import Value
from micrograd_dl.output.text import plural

Array: TypeAlias = NDArray[np.float64]
Input: TypeAlias = "Value | Sequence[Value]"

_FLOAT64 = np.dtype(np.float64)


def as_list(name: str, given: Any) -> list[Any]:
    """What is given as a list.

    Raises:
        TypeError: it is a Value by itself, or none of what makes a list.
    """
    if isinstance(given, Value):
        raise TypeError(f"{name} is a list: {name}=[x] rather than {name}=x")
    if not isinstance(given, Iterable):
        raise TypeError(f"{name}: Values in a list are wanted, not the {type(given).__name__} {given!r:.60}")
    return list(given)


class Inputs:
    """The leaves that change from call to call, one by one or in lists.

    Attributes:
        leaves: of each input its leaves.

    Raises:
        TypeError: it is no list of leaves and lists of leaves.
    """

    def __init__(self, inputs: Sequence[Input]) -> None:
        self.leaves = [
            [given] if isinstance(given, Value) else as_list("an input", given)
            for given in as_list("inputs", inputs)
        ]
        self._single = [isinstance(given, Value) for given in inputs]
        self._counts = [len(nodes) for nodes in self.leaves]

    def arrays(self, given: Sequence[ArrayLike]) -> tuple[list[Array], int]:
        """For each input n numbers ``(n,)`` or columns ``(n, m)``, and m; one column is n numbers.

        Raises:
            TypeError: what is given is not numbers.
            ValueError: a shape is wrong.
        """
        if len(given) != len(self._counts):
            raise ValueError(f"this graph takes {plural(len(self._counts), 'input')}, not {len(given)}")
        arrays: list[Array] = []
        m = 1
        for k, x in enumerate(given):
            array: Any = x
            is_one = isinstance(x, np.ndarray) and x.dtype is _FLOAT64 and x.ndim == 2
            if not is_one or len(array) != self._counts[k] or not array.size:
                array = self._checked(x, k)
            if array.ndim == 2:
                columns = array.shape[1]
                if columns == 1:
                    array = array[:, 0]
                elif m not in (1, columns):
                    raise ValueError(f"{self._name(k)} has {columns} examples, another input has {m}")
                else:
                    m = columns
            arrays.append(array)
        return arrays, m

    def _checked(self, x: ArrayLike, k: int) -> Array:
        n = self._counts[k]
        try:
            array = np.asarray(x)
        except ValueError:
            raise ValueError(f"{self._name(k)} has rows of different lengths: columns are examples") from None
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{self._name(k)} holds {array.dtype}, not numbers")
        if array.ndim == 0 and self._single[k]:
            array = array.reshape(1)
        elif array.ndim == 1 and self._single[k]:
            advice = "give a number, or a row with reshape(1, -1)"
            raise ValueError(f"{self._name(k)} is {array.shape}: {advice}")
        if array.shape[:1] != (n,) or array.ndim > 2 or array.size == 0:
            wanted = f"({n},) or ({n}, m) is wanted: columns are examples"
            raise ValueError(f"{self._name(k)} is {array.shape}, {wanted}")
        return array.astype(np.float64, copy=False)

    def _name(self, k: int) -> str:
        labels = [v.label for v in self.leaves[k] if v.label]
        more = "" if self._single[k] else ", ..."
        return f"input {k + 1}" + (f" ({labels[0]}{more})" if labels else "")
