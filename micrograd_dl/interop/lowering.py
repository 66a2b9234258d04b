"""From a recorded graph to a program that another library can run: steps, each an operation by its name."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.kink_side import slope_at_kink
from micrograd_dl.nn.activations import Activation
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.forward import recorded_order
from micrograd_dl.notation.source import UniqueIdentifiers
from micrograd_dl.notation.symbol import Symbol

Reference: TypeAlias = int | float  # the number of a leaf or of a step's result, or a constant
Functions: TypeAlias = Mapping[
    str, Callable[..., Any]
]  # a library's function for each operation, by its name


@dataclass(frozen=True, slots=True)
class Program:
    """A graph without Values, in names and numbers.

    Attributes:
        name: what the result is called, an identifier of Python, as the leaves' names are.
        leaves: the number of each leaf, by its name.
        steps: the operations, each with its operands; the leaves are the operands 0, 1, ..., results follow.
        result: which of them is the result.
    """

    name: str
    leaves: dict[str, float]
    steps: tuple[tuple[str, tuple[Reference, ...]], ...]
    result: Reference

    @property
    def varies(self) -> bool:
        """Whether the result depends on a leaf."""
        found = [True for _ in self.leaves]
        for _, operands in self.steps:
            found.append(any(found[x] for x in operands if isinstance(x, int)))
        return isinstance(self.result, int) and found[self.result]

    def run(self, functions: Functions, number: Callable[[float], Any], leaves: Sequence[Any]) -> Any:
        """The result, computed with a library's functions, and with what `number` makes of constants."""

        def known(reference: Reference) -> Any:
            return found[reference] if isinstance(reference, int) else number(reference)

        found = [*leaves]
        for name, operands in self.steps:
            found.append(functions[name](*map(known, operands)))
        return known(self.result)


def lower(
    root: Value,
    functions: Container[str],
    library: str,
    inputs: Sequence[Value] | None = None,
    reserved: Iterable[str] = (),
) -> Program:
    """The program of a recorded graph; operations that the library lacks are written by their definitions.

    Args:
        root: the result.
        functions: the names of the operations that the library has.
        library: its name, for the message that refuses an operation.
        inputs: the leaves of the program, by default all; the others keep their numbers.
        reserved: names that no leaf can have.

    Raises:
        TypeError: `root` is not a Value.
        ValueError: the library lacks an operation that has no definition; an input is no leaf of the graph.
        RuntimeError: data was changed after the forward pass was recorded.
    """
    order = recorded_order(root)
    names, unique = Notation(order).names, UniqueIdentifiers(reserved)
    leaves = [node for node in order if node.is_leaf] if inputs is None else list(inputs)
    for leaf in leaves:
        if leaf not in names or not leaf.is_leaf:
            raise ValueError(f"{leaf!r} is no leaf of the graph of {names.get(root, 'a constant')}")
    writer = _Writer(functions, library, len(leaves))
    places: dict[Value, Any] = {leaf: _Slot(writer, i) for i, leaf in enumerate(leaves)}
    for node in order:
        operands = [places[operand] for operand in node.operands]
        if operands:
            assert node.op is not None
            places[node] = writer.apply(node.op, operands)
        else:
            places.setdefault(node, _Slot(writer, node.data))
    numbers = {unique.of(names[leaf]): leaf.data for leaf in leaves}
    return writer.program(unique.of(names[root]), numbers, places[root])


def lower_activation(g: Activation, side: str, functions: Container[str], library: str) -> Program:
    """The program of an activation of single units, with that side's slope at its kink."""
    writer = _Writer(functions, library, 1)
    with slope_at_kink(side):
        [a] = g.of([_Slot(writer, 0)])
    return writer.program("a", {"z": 0.0}, a)


class _Writer:
    """Collects the steps of a program."""

    def __init__(self, functions: Container[str], library: str, leaves: int) -> None:
        self._functions, self._library, self._leaves = functions, library, leaves
        self._steps: list[tuple[str, tuple[Reference, ...]]] = []

    def apply(self, operation: Operation, operands: Sequence[Any]) -> Any:
        """The slot of a result."""
        # One of the user's own may have the name of another.
        if operation.name in self._functions and TABLE.get(operation.name) is operation:
            self._steps.append((operation.name, tuple(map(_reference, operands))))
            return _Slot(self, self._leaves + len(self._steps) - 1)
        if operation.definition is None:
            advice = "give it a definition, or build the graph with other operations"
            raise ValueError(
                f"{self._library} has no counterpart of the operation {operation.name}: {advice}"
            )
        return operation.definition(*operands)

    def program(self, name: str, leaves: dict[str, float], result: Any) -> Program:
        """What was collected."""
        return Program(name, leaves, tuple(self._steps), _reference(result))


class _Slot(Symbol):
    """What definitions compute with: a leaf, the result of a step, or a constant."""

    def __init__(self, writer: _Writer, reference: Reference) -> None:
        self.writer, self.reference = writer, reference

    @staticmethod
    def apply_operation(operation: Operation, operands: Sequence[Any]) -> Any:
        slot = next(x for x in operands if isinstance(x, _Slot))
        return slot.writer.apply(operation, operands)


def _reference(x: Any) -> Reference:
    return x.reference if isinstance(x, _Slot) else float(x)
