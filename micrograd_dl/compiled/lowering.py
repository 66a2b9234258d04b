"""From a graph of Values to a tape, and from a tape to its derivatives by the chain rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from micrograd_dl.compiled.tape import Tape
from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import CONSTANT
from micrograd_dl.engine.value import Value


def write_graph(
    tape: Tape, order: Sequence[Value], slots: Mapping[Value, int], kept: Iterable[Value]
) -> dict[Value, int]:
    """Write a graph on the tape.

    Sums and products that are used once become part of the sum that uses them; what is computed twice is
    written once, and what follows from numbers alone is computed now.

    Args:
        tape: where `slots` are given already.
        order: the graph's nodes, operands before results.
        slots: of its leaves.
        kept: nodes whose number has to be there at the end.

    Returns:
        The slot of each node that has one: of `kept`, and of all that are not a part of another sum.
    """
    kept = list(kept)
    writer = _Writer(tape, dict(slots), _uses(order, kept))
    for node in order:
        if node.operands:
            writer.write(node)
        elif node.op is CONSTANT:
            writer.places[node] = tape.constant(node.data)
    for node in kept:
        writer.slot(node)
    return {node: place for node, place in writer.places.items() if type(place) is int}


def _uses(order: Sequence[Value], kept: Iterable[Value]) -> dict[Value, int]:
    uses = dict.fromkeys(order, 0)
    for node in order:
        for operand in node.operands:
            uses[operand] += 1
    for node in kept:
        uses[node] += 2  # never only a part of another sum
    return uses


class _Writer:
    """Where each node is: in a slot, or still a list of terms that waits for the sum it is part of."""

    def __init__(self, tape: Tape, places: dict[Value, Any], uses: Mapping[Value, int]) -> None:
        self.tape, self.places, self.uses = tape, places, uses

    def write(self, node: Value) -> None:
        operation: Any = node.op
        operands = node.operands
        if operation is ops.mul:
            self.places[node] = [self.slot(operand) for operand in operands]
        elif operation is ops.add:
            self.places[node] = self._joined(*map(self._terms, operands))
        elif operation is ops.sub:
            a, b = operands
            self.places[node] = self._joined(self._terms(a), [self.slot(b), self.tape.minus_one])
        elif operation is ops.neg:
            self.places[node] = [self.slot(operands[0]), self.tape.minus_one]
        elif operation is ops.sum:
            self.places[node] = [slot for operand in operands for slot in self._terms(operand)]
        elif operation is ops.dot or operation is ops.affine:
            slots = [self.slot(operand) for operand in operands]
            self.places[node] = slots if operation is ops.dot else [*slots, self.tape.one]
        else:
            self.places[node] = self._computed(node, operation)

    def slot(self, node: Value) -> int:
        """The slot of a node; terms that wait are written now."""
        place = self.places[node]
        if type(place) is not int:
            place = self.places[node] = self.tape.linear(place)
        slot: int = place
        return slot

    def _terms(self, node: Value) -> list[int]:
        place = self.places[node]
        if type(place) is list and self.uses[node] == 1:
            return place
        return [self.slot(node), self.tape.one]

    @staticmethod
    def _joined(left: list[int], right: list[int]) -> list[int]:
        """The longer one grows, so that a chain of n sums takes n steps, not n squared."""
        if len(right) > len(left):
            left, right = right, left
        left += right
        return left

    def _computed(self, node: Value, operation: Operation) -> int:
        operands = tuple([self.slot(operand) for operand in node.operands])
        if operation is ops.pow and self.tape.constants.get(operands[1]) == 2.0:
            return self.tape.computed(ops.mul, (operands[0], operands[0]))
        return self.tape.computed(operation, operands)


def differentiate(tape: Tape, root: int, seed: int, wanted: Sequence[int]) -> dict[int, int]:
    """Append the derivatives of a slot to the tape.

    The derivative by a slot is the sum, over its uses, of upstream times local derivative. Of a slot that all
    examples share, the terms of the single examples are averaged.

    Args:
        tape: it grows.
        root: the slot to differentiate.
        seed: the slot of its derivative by itself.
        wanted: the slots to differentiate by.

    Returns:
        For every slot on the way from the root to one that is wanted, the slot of the derivative by it.
    """
    needed = _dependents(tape, wanted)
    some_vary = True in tape.varies
    local_slots = _LocalSlots(tape)
    terms: list[list[int] | None] = [None] * root + [[seed, tape.one]]
    derivatives: dict[int, int] = {}
    for slot in range(root, -1, -1):
        mine, terms[slot] = terms[slot], None
        if mine is None or not needed[slot]:
            continue
        if some_vary and not tape.varies[slot]:
            mine = _averaged(tape, mine)
        upstream = derivatives[slot] = tape.derivative(mine)
        if tape.operations[slot] is None:
            continue
        products = tape.products(slot)
        edges: Iterable[Sequence[int]]
        if products is None:
            operands = tape.operands[slot]
            edges = zip(operands, local_slots.of(slot, [needed[i] for i in operands]), strict=True)
        elif len(products) == 2:  # the local derivative by each factor is the other one
            edges = (products, products[::-1])
        else:
            i, j = products[::2], products[1::2]
            edges = chain(zip(i, j, strict=True), zip(j, i, strict=True))
        for operand, local in edges:
            if needed[operand]:
                others = terms[operand]
                if others is None:
                    terms[operand] = [upstream, local]
                else:
                    others += (upstream, local)
    return derivatives


def _dependents(tape: Tape, wanted: Sequence[int]) -> list[bool]:
    """Of each slot, whether it depends on one that is wanted."""
    needed = [False] * len(tape)
    for slot in wanted:
        needed[slot] = True
    for slot, operands in enumerate(tape.operands):
        for i in operands:
            if needed[i]:
                needed[slot] = True
                break
    return needed


def _averaged(tape: Tape, terms: list[int]) -> list[int]:
    """The terms of a sum of products for a shared slot: the mean of those that vary, and the others."""
    of_examples: list[int] = []
    shared: list[int] = []
    for i, j in zip(terms[::2], terms[1::2], strict=True):
        (of_examples if tape.varies[i] or tape.varies[j] else shared).extend((i, j))
    if of_examples:
        shared += [tape.mean(of_examples), tape.one]
    return shared


class _LocalSlots:
    """The slots of local derivatives, written by applying the rules of the table to slots.

    A rule is asked once for all nodes of an operation: what it writes is kept, and written again for others.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self._kept: dict[Any, tuple[Tape, list[int]]] = {}

    def of(self, slot: int, wanted: Sequence[bool]) -> list[int]:
        """The slots of the local derivatives of a slot by its operands; of those not wanted, any."""
        operation, operands = self.tape.operations[slot], self.tape.operands[slot]
        assert operation is not None
        constants = tuple([self.tape.constants.get(i) for i in operands])
        key = (operation, constants, *wanted)
        if key not in self._kept:
            self._kept[key] = self._ask(operation, constants, wanted)
        written, slopes = self._kept[key]
        # Where the slots of the small tape are on the large one. Both begin with 1 and -1; the small one goes
        # on with the output and the operands.
        there = [self.tape.one, self.tape.minus_one, slot, *operands]
        for step in range(len(there), len(written)):
            small = written.operations[step]
            if small is None:
                there.append(self.tape.constant(written.constants[step]))
            else:
                there.append(self.tape.computed(small, tuple([there[i] for i in written.operands[step]])))
        return [there[slope] for slope in slopes]

    @staticmethod
    def _ask(
        operation: Operation, constants: Sequence[float | None], wanted: Sequence[bool]
    ) -> tuple[Tape, list[int]]:
        small = Tape()
        out, *slots = [small.given(False) for _ in range(1 + len(constants))]
        operands = [
            _Symbol(small, slot) if x is None else x for slot, x in zip(slots, constants, strict=True)
        ]
        slopes = operation.slopes(_Symbol(small, out), operands, wanted)
        return small, [s.slot if isinstance(s, _Symbol) else small.constant(float(s)) for s in slopes]


class _Symbol:
    """A slot that the rules of the table can compute with."""

    __slots__ = ("slot", "tape")

    def __init__(self, tape: Tape, slot: int) -> None:
        self.tape, self.slot = tape, slot

    @staticmethod
    def apply_operation(operation: Operation, operands: Sequence[Any]) -> _Symbol:
        """An operation of the table on slots and numbers."""
        tape = next(x.tape for x in operands if isinstance(x, _Symbol))
        slots = [x.slot if isinstance(x, _Symbol) else tape.constant(float(x)) for x in operands]
        if operation is ops.sum:
            return _Symbol(tape, tape.linear([i for slot in slots for i in (slot, tape.one)]))
        return _Symbol(tape, tape.computed(operation, tuple(slots)))

    def __add__(self, other: Any) -> Any:
        return self.apply_operation(ops.add, (self, other))

    def __radd__(self, other: Any) -> Any:
        return self.apply_operation(ops.add, (other, self))

    def __sub__(self, other: Any) -> Any:
        return self.apply_operation(ops.sub, (self, other))

    def __rsub__(self, other: Any) -> Any:
        return self.apply_operation(ops.sub, (other, self))

    def __mul__(self, other: Any) -> Any:
        return self.apply_operation(ops.mul, (self, other))

    def __rmul__(self, other: Any) -> Any:
        return self.apply_operation(ops.mul, (other, self))

    def __truediv__(self, other: Any) -> Any:
        return self.apply_operation(ops.div, (self, other))

    def __rtruediv__(self, other: Any) -> Any:
        return self.apply_operation(ops.div, (other, self))

    def __pow__(self, other: Any) -> Any:
        return self.apply_operation(ops.pow, (self, other))

    def __rpow__(self, other: Any) -> Any:
        return self.apply_operation(ops.pow, (other, self))

    def __neg__(self) -> Any:
        return self.apply_operation(ops.neg, (self,))
