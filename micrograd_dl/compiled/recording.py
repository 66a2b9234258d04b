"""A recorded graph to be compiled, the comparisons made on the way, and the arguments of a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micrograd_dl.engine import ops
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Operand, Value
from micrograd_dl.foundation.number_like import CONVERTED, observed, require_value
from micrograd_dl.foundation.text import plural

Array: TypeAlias = NDArray[np.float64]
Input: TypeAlias = "Value | Sequence[Value]"

_FLOAT64 = np.dtype(np.float64)


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison that the recording program made. Every replay must find the same answer.

    ``if z > 0: ... else: ...`` takes one branch, and the graph has that branch only.
    """

    node: Value  # at_least(a, b), which is 1 or 0, for a >= b; a itself for float(a)
    wanted: float
    was: bool  # whether the number of the node was `wanted`
    left: Value  # the question as it was asked: left, relation, right
    relation: str
    right: Operand
    made: Value  # knows the line of the program

    def __str__(self) -> str:
        """The question, with the labels that the Values have by now, and its line."""
        text = f"{_name(self.left)} {self.relation} {_name(self.right)}"
        return f"{text} ({self.made.origin})" if self.made.origin else text


@contextmanager
def recording_conditions() -> Iterator[list[Condition]]:
    """Note every comparison of a Value, ``float(v)``, ``int(v)`` and ``bool(v)``, in a ``with`` block."""
    noted: list[Condition] = []

    def note(relation: str, left: Value, right: Operand, outcome: Any) -> None:
        question = (left, relation, right, Value.constant(0.0))
        if relation == CONVERTED:
            noted.append(Condition(left, left.data, True, *question))
        elif relation == "!=":
            noted.append(Condition(left, 0.0, not outcome, *question))
        elif relation == "==":
            noted.append(Condition(ops.sub(left, right), 0.0, outcome, *question))
        else:
            # a < b is "not a >= b" and a > b is "not b >= a"; of a NaN at_least is NaN, and all are false.
            first, second = (left, right) if relation in ("<", ">=") else (right, left)
            node = ops.at_least(first, second)
            noted.append(Condition(node, float("=" in relation), outcome, *question))

    with observed(note):
        yield noted


def _name(x: Operand) -> str:
    return x.label or "a number" if isinstance(x, Value) else f"{float(x):.17g}"


@dataclass(frozen=True, eq=False, slots=True)
class Recording:
    """A graph that is to be compiled; the fields are the arguments of `compile_graph`."""

    root: Value
    inputs: list[list[Value]]  # the leaves of each input
    parameters: list[Value]
    gradient: bool
    conditions: list[Condition]
    outputs: list[Value]
    derivatives: list[Value]
    order: list[Value]  # every node, operands before results


def order_of(nodes: Iterable[Value]) -> list[Value]:
    """Every node that these depend on, operands before results."""
    found: dict[Value, None] = {}
    for node in nodes:
        require_value(node)
        if node not in found:
            found.update(dict.fromkeys(topological_order(node)))
    return list(found)


def parameters_of(
    order: Sequence[Value], inputs: Sequence[Sequence[Value]], parameters: Sequence[Value] | None
) -> list[Value]:
    """The parameters given, or else all leaves that are not inputs; an error if a leaf is both or neither."""
    leaves = [node for node in order if node.is_leaf]
    given = Counter(chain.from_iterable(inputs))
    if parameters is None:
        parameters = [node for node in leaves if node not in given]
    given.update(parameters)
    for node, count in given.items():
        require_value(node)
        name = node.label or repr(node)
        if not node.is_leaf:
            raise TypeError(f"{name} is computed or a constant: inputs and parameters are leaves")
        if count > 1:
            raise ValueError(f"{name} is given twice: a leaf is one input, or one parameter")
    left = [node.label or repr(node) for node in leaves if node not in given]
    if left:
        names = ", ".join(left[:5]) + (", ..." if len(left) > 5 else "")
        raise ValueError(
            f"{plural(len(left), 'leaf', 'leaves')} neither an input nor a parameter: {names}. Name them, or "
            "make numbers that never change with Value.constant"
        )
    return list(parameters)


def as_list(name: str, given: Any) -> list[Any]:
    """The argument `name` as a list; TypeError for a single Value, or if it cannot be iterated."""
    if isinstance(given, Value):
        raise TypeError(f"{name} is a list: {name}=[x] rather than {name}=x")
    if not isinstance(given, Iterable):
        raise TypeError(f"{name}: Values in a list are wanted, not the {type(given).__name__} {given!r:.60}")
    return list(given)


class Inputs:
    """The leaves that change from call to call, one by one or in lists; `leaves` are those of each input."""

    def __init__(self, inputs: Sequence[Input]) -> None:
        self.leaves = [
            [given] if isinstance(given, Value) else as_list("an input", given)
            for given in as_list("inputs", inputs)
        ]
        self._single = [isinstance(given, Value) for given in inputs]
        self._counts = [len(nodes) for nodes in self.leaves]

    def arrays(self, given: Sequence[ArrayLike]) -> tuple[list[Array], int]:
        """For each input n numbers ``(n,)`` or columns ``(n, m)``, and m; one column is n numbers."""
        if len(given) != len(self._counts):
            raise ValueError(f"this graph takes {plural(len(self._counts), 'input')}, not {len(given)}")
        arrays: list[Array] = []
        m = 1
        for k, x in enumerate(given):
            array: Any = x
            is_matrix = isinstance(x, np.ndarray) and x.dtype is _FLOAT64 and x.ndim == 2
            if not is_matrix or len(array) != self._counts[k] or not array.size:
                array = self._checked(x, k)
            if array.ndim == 2 and array.shape[1] == 1:
                array = array[:, 0]
            elif array.ndim == 2 and m not in (1, array.shape[1]):
                raise ValueError(f"{self._name(k)} has {array.shape[1]} examples, another input has {m}")
            elif array.ndim == 2:
                m = array.shape[1]
            arrays.append(array)
        return arrays, m

    def _checked(self, x: ArrayLike, k: int) -> Array:
        n, name = self._counts[k], self._name(k)
        try:
            array = np.asarray(x)
        except ValueError:
            raise ValueError(f"{name} has rows of different lengths: columns are examples") from None
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{name} holds {array.dtype}, not numbers")
        if array.ndim == 0 and self._single[k]:
            array = array.reshape(1)
        elif array.ndim == 1 and self._single[k]:
            raise ValueError(f"{name} is {array.shape}: give a number, or a row with reshape(1, -1)")
        if array.shape[:1] != (n,) or array.ndim > 2 or array.size == 0:
            wanted = f"({n},) or ({n}, m) is wanted: columns are examples"
            raise ValueError(f"{name} is {array.shape}, {wanted}")
        return array.astype(np.float64, copy=False)

    def _name(self, k: int) -> str:
        labels = [v.label for v in self.leaves[k] if v.label]
        more = "" if self._single[k] else ", ..."
        return f"input {k + 1}" + (f" ({labels[0]}{more})" if labels else "")
