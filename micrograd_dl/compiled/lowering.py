"""From a graph of Values to a tape: the forward pass, then the derivatives by the chain rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from micrograd_dl.compiled.recording import Recording
from micrograd_dl.compiled.tape import SLOPE_QUOTIENT, Tape
from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.symbol import Symbol


class Lowered(NamedTuple):
    """A graph and its derivatives on a tape.

    Attributes:
        slots: node to its slot, for nodes that have one of their own.
        given: what a call brings, in the order in which it does: the inputs, the parameters, and, if the
            result varies, the derivative of it by itself.
        checked_below: slots from this one on are derivatives.
        derivatives: slot to the slot of the derivative by it.
        value, gradient, outputs: the slots of what a call gives; outputs begin with those of conditions.
    """

    tape: Tape
    slots: dict[Value, int]
    given: list[int]
    checked_below: int
    derivatives: dict[int, int]
    value: int
    gradient: list[int]
    outputs: list[int]


def lower(recording: Recording, columns: Sequence[bool]) -> Lowered:
    """The program of a graph and its derivatives, for inputs that are columns where `columns` says so."""
    tape = Tape()
    leaves: dict[Value, int] = {}
    for nodes, varies in zip(recording.inputs, columns, strict=True):
        leaves |= {node: tape.given(varies) for node in nodes}
    leaves |= {node: tape.given(False) for node in recording.parameters}
    given = list(leaves.values())
    forward = [*(c.node for c in recording.conditions), *recording.outputs]
    slots = write_graph(tape, recording.order, leaves, [recording.root, *forward, *recording.derivatives])
    checked_below = len(tape)
    root = value = slots[recording.root]
    seed = tape.one
    if tape.varies[root]:
        seed = tape.given(True)
        given.append(seed)
        value = tape.mean([root, seed])
    parameters = [leaves[node] for node in recording.parameters]
    _require_alone(slots, recording.derivatives)
    by = [*(parameters if recording.gradient else ()), *(slots[node] for node in recording.derivatives)]
    derivatives = differentiate(tape, root, seed, by) if by else {}
    zero = tape.constant(0.0)
    outputs = [slots[node] for node in forward]
    outputs += [derivatives.get(slots[node], zero) for node in recording.derivatives]
    gradient = [derivatives.get(slot, zero) for slot in parameters]
    return Lowered(tape, slots, given, checked_below, derivatives, value, gradient, outputs)


def _require_alone(slots: Mapping[Value, int], nodes: Iterable[Value]) -> None:
    """Refuse a node to differentiate by that shares its slot: the derivative would be by both nodes."""
    counts = Counter(slots.values())
    for node in nodes:
        shared = counts[slots[node]] > 1
        others = [v for v in slots if slots[v] == slots[node] and v is not node] if shared else []
        if any(node not in topological_order(other) for other in others):
            raise ValueError(
                f"{node.label or repr(node)} and another node are identical and were merged, so no separate "
                "derivative exists: use one of them for both, or ask grad(J, [node])"
            )


def write_graph(
    tape: Tape, order: Sequence[Value], slots: Mapping[Value, int], kept: Sequence[Value]
) -> dict[Value, int]:
    """Write a graph on the tape, given the slots of its leaves; the slot of each node that has one.

    Sums and products that are used once become part of the sum that uses them, unless they are among `kept`;
    identical nodes are merged, and results of constants alone are computed now.
    """
    uses = Counter(chain.from_iterable(node.operands for node in order))
    uses.update([*kept, *kept])  # twice: never only a part of another sum
    writer = _Writer(tape, dict(slots), uses)
    for node in order:
        if node.operands:
            writer.places[node] = writer.written(node)
        elif node.is_constant:
            writer.places[node] = tape.constant(node.data)
    for node in kept:
        writer.slot(node)
    return {node: place for node, place in writer.places.items() if type(place) is int}


class _Writer:
    """Where each node is: in a slot, or still a list of terms that waits for the sum it is part of."""

    def __init__(self, tape: Tape, places: dict[Value, Any], uses: Mapping[Value, int]) -> None:
        self.tape, self.places, self.uses = tape, places, uses

    def written(self, node: Value) -> int | list[int]:
        operation, operands = node.op, node.operands
        assert operation is not None
        if operation is ops.add:
            return self._joined(*map(self._terms, operands))
        if operation is ops.sub:
            # The right side first: where both are one product, it is the same slot, and they cancel.
            right = [self.slot(operands[1]), self.tape.minus_one]
            return self._joined(self._terms(operands[0]), right)
        if operation is ops.sum:
            return [slot for operand in operands for slot in self._terms(operand)]
        slots = tuple([self.slot(operand) for operand in operands])
        if operation in (ops.mul, ops.dot):
            return [*slots]
        if operation is ops.affine:
            return [*slots, self.tape.one]
        if operation is ops.neg:
            return [*slots, self.tape.minus_one]
        if operation is ops.pow and self.tape.constants.get(slots[1]) == 2.0:
            return self.tape.computed(ops.mul, (slots[0], slots[0]))
        if operation.arity is None and operation.array is None and operation.definition is not None:
            return _slot(self.tape, operation.definition(*[_Symbol(self.tape, slot) for slot in slots]))
        return self.tape.computed(operation, slots)

    def slot(self, node: Value) -> int:
        """The slot of a node; terms that wait are written now."""
        place = self.places[node]
        if type(place) is not int:
            place = self.places[node] = self.tape.linear(place)
        slot: int = place
        return slot

    def _terms(self, node: Value) -> list[int]:
        place = self.places[node]
        waits = type(place) is list and self.uses[node] == 1
        # A product that is computed anyway is not computed again, as a part of this sum.
        if waits and (len(place) > 2 or self.tape.product(*place) is None):
            terms: list[int] = place
            return terms
        return [self.slot(node), self.tape.one]

    @staticmethod
    def _joined(left: list[int], right: list[int]) -> list[int]:
        """The longer one grows, so that a chain of n sums takes n steps, not n squared."""
        if len(right) > len(left):
            left, right = right, left
        left += right
        return left


def differentiate(tape: Tape, root: int, seed: int, wanted: Sequence[int]) -> dict[int, int]:
    """Append derivatives of the slot `root` to the tape: by those wanted, and by all on the way to them.

    The derivative by a slot is the sum, over its uses, of upstream times local derivative. All terms of a sum
    become one operation, a product is differentiated without a rule, and of a slot that all examples share
    the terms of the single examples are averaged. `seed` is the slot of the root's derivative by itself.
    """
    needed = _dependents(tape, wanted)
    some_vary = True in tape.varies
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
            edges = zip(operands, _local_slots(tape, slot, [needed[i] for i in operands]), strict=True)
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
    """For each slot, True if it depends on a wanted one."""
    needed = [False] * len(tape)
    for slot in wanted:
        needed[slot] = True
    for slot, operands in enumerate(tape.operands):
        if any(needed[i] for i in operands):
            needed[slot] = True
    return needed


def _averaged(tape: Tape, terms: list[int]) -> list[int]:
    """The terms of a shared slot's sum of products: the mean of the varying ones, and the shared ones."""
    of_examples: list[int] = []
    shared: list[int] = []
    for i, j in zip(terms[::2], terms[1::2], strict=True):
        # 1 first: means of products with the same first factor are taken together.
        pair = (j, i) if j == tape.one else (i, j)
        (of_examples if tape.varies[i] or tape.varies[j] else shared).extend(pair)
    if of_examples:
        shared += [tape.mean(of_examples), tape.one]
    return shared


def _local_slots(tape: Tape, slot: int, wanted: Sequence[bool]) -> list[int]:
    """The slots of a slot's local derivatives, by the rule of the table; arbitrary where not wanted."""
    operation = tape.operations[slot]
    assert operation is not None
    operands = [tape.constants.get(i, _Symbol(tape, i, SLOPE_QUOTIENT)) for i in tape.operands[slot]]
    slopes = operation.slopes(_Symbol(tape, slot, SLOPE_QUOTIENT), operands, wanted)
    return [_slot(tape, slope) for slope in slopes]


def _slot(tape: Tape, x: Any) -> int:
    """The slot of a symbol, or of a number."""
    return x.slot if isinstance(x, _Symbol) else tape.constant(float(x))


class _Symbol(Symbol):
    """A slot that the rules of the table can compute with; `quotient` is what a division becomes."""

    def __init__(self, tape: Tape, slot: int, quotient: Operation = ops.div) -> None:
        self.tape, self.slot, self.quotient = tape, slot, quotient

    @staticmethod
    def apply_operation(operation: Operation, operands: Sequence[Any]) -> _Symbol:
        """An operation of the table on slots and numbers."""
        symbol = next(x for x in operands if isinstance(x, _Symbol))
        tape, quotient = symbol.tape, symbol.quotient
        slots = [_slot(tape, x) for x in operands]
        if operation is ops.sum:
            slot = tape.linear([i for slot in slots for i in (slot, tape.one)])
        else:
            slot = tape.computed(quotient if operation is ops.div else operation, tuple(slots))
        return _Symbol(tape, slot, quotient)
