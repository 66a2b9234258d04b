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


class Lowered(NamedTuple):
    """A graph and its derivatives on a tape.

    Attributes:
        tape: the program.
        slots: node to its slot, for nodes that have one of their own.
        given: what a call brings, in the order in which it does: the inputs, the parameters, and, if the
            result varies, the derivative of it by itself.
        checked_below: slots from this one on are derivatives.
        derivatives: slot to the slot of the derivative by it.
        value, gradient: the slots of what every call gives.
        outputs: those of the conditions, outputs and derivatives that are wanted.
    """

    tape: Tape
    slots: dict[Value, int]
    given: list[int]
    checked_below: int
    derivatives: dict[int, int]
    value: int
    gradient: list[int]
    outputs: list[int]

    @property
    def wanted(self) -> list[int]:
        """The slots of all that a call gives."""
        return [self.value, *self.gradient, *self.outputs]


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
    by = [*(parameters if recording.gradient else ()), *_slots_alone(slots, recording.derivatives)]
    derivatives = differentiate(tape, root, seed, by) if by else {}
    zero = tape.constant(0.0)
    outputs = [slots[node] for node in forward]
    outputs += [derivatives.get(slots[node], zero) for node in recording.derivatives]
    gradient = [derivatives.get(slot, zero) for slot in parameters]
    return Lowered(tape, slots, given, checked_below, derivatives, value, gradient, outputs)


def _slots_alone(slots: Mapping[Value, int], nodes: Sequence[Value]) -> list[int]:
    """The slots of nodes to differentiate by.

    Raises:
        ValueError: another node, which does not depend on it, has its slot: the derivative would be by both.
    """
    counts = Counter(slots.values())
    for node in nodes:
        shared = counts[slots[node]] > 1
        others = [v for v in slots if slots[v] == slots[node] and v is not node] if shared else []
        if any(node not in topological_order(other) for other in others):
            raise ValueError(
                f"there is no derivative by {node.label or repr(node)} alone: another node computes the "
                "same, and the program computes it once. Use one of them for both, or ask grad(J, [node])"
            )
    return [slots[node] for node in nodes]


def write_graph(
    tape: Tape, order: Sequence[Value], slots: Mapping[Value, int], kept: Sequence[Value]
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
    uses = Counter(chain.from_iterable(node.operands for node in order))
    uses.update([*kept, *kept])  # twice: never only a part of another sum
    writer = _Writer(tape, dict(slots), uses)
    for node in order:
        if node.operands:
            writer.write(node)
        elif node.is_constant:
            writer.places[node] = tape.constant(node.data)
    for node in kept:
        writer.slot(node)
    return {node: place for node, place in writer.places.items() if type(place) is int}


class _Writer:
    """Where each node is: in a slot, or still a list of terms that waits for the sum it is part of."""

    def __init__(self, tape: Tape, places: dict[Value, Any], uses: Mapping[Value, int]) -> None:
        self.tape, self.places, self.uses = tape, places, uses

    def write(self, node: Value) -> None:
        operation, operands = node.op, node.operands
        assert operation is not None
        if operation is ops.add:
            self.places[node] = self._joined(*map(self._terms, operands))
        elif operation is ops.sub:
            # The right side first: where both are one product, it is the same slot, and they cancel.
            right = [self.slot(operands[1]), self.tape.minus_one]
            self.places[node] = self._joined(self._terms(operands[0]), right)
        elif operation is ops.sum:
            self.places[node] = [slot for operand in operands for slot in self._terms(operand)]
        elif operation in (ops.mul, ops.dot):
            self.places[node] = [self.slot(operand) for operand in operands]
        elif operation is ops.affine:
            self.places[node] = [*map(self.slot, operands), self.tape.one]
        elif operation is ops.neg:
            self.places[node] = [self.slot(operands[0]), self.tape.minus_one]
        else:
            self.places[node] = self._computed(operation, operands)

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

    def _computed(self, operation: Operation, operands: Sequence[Value]) -> int:
        slots = tuple([self.slot(operand) for operand in operands])
        if operation is ops.pow and self.tape.constants.get(slots[1]) == 2.0:
            return self.tape.computed(ops.mul, (slots[0], slots[0]))
        if operation.arity is None and operation.array is None and operation.definition is not None:
            symbol = operation.definition(*[_Symbol(self.tape, slot) for slot in slots])
            return symbol.slot if isinstance(symbol, _Symbol) else self.tape.constant(float(symbol))
        return self.tape.computed(operation, slots)


def differentiate(tape: Tape, root: int, seed: int, wanted: Sequence[int]) -> dict[int, int]:
    """Append the derivatives of a slot to the tape.

    The derivative by a slot is the sum, over its uses, of upstream times local derivative. The chain rule of
    the engine adds numbers or Values one by one; here all terms of a sum become one operation, a product is
    differentiated without a rule, and of a slot that all examples share the terms of the single examples are
    averaged.

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
        if any(needed[i] for i in operands):
            needed[slot] = True
    return needed


def _averaged(tape: Tape, terms: list[int]) -> list[int]:
    """The terms of a sum of products for a shared slot: the mean of those that vary, and the others."""
    of_examples: list[int] = []
    shared: list[int] = []
    for i, j in zip(terms[::2], terms[1::2], strict=True):
        # 1 first: means of products with the same first factor are taken together.
        pair = (j, i) if j == tape.one else (i, j)
        (of_examples if tape.varies[i] or tape.varies[j] else shared).extend(pair)
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
        symbols = [_Symbol(small, slot, SLOPE_QUOTIENT) for slot in (out, *slots)]
        operands = [s if x is None else x for s, x in zip(symbols[1:], constants, strict=True)]
        slopes = operation.slopes(symbols[0], operands, wanted)
        return small, [s.slot if isinstance(s, _Symbol) else small.constant(float(s)) for s in slopes]


def _operator(operation: Operation, swapped: bool = False) -> Any:
    def method(self: _Symbol, other: Any) -> _Symbol:
        return self.apply_operation(operation, (other, self) if swapped else (self, other))

    return method


class _Symbol:
    """A slot that the rules of the table can compute with; `quotient` is what a division becomes."""

    def __init__(self, tape: Tape, slot: int, quotient: Operation = ops.div) -> None:
        self.tape, self.slot, self.quotient = tape, slot, quotient

    @staticmethod
    def apply_operation(operation: Operation, operands: Sequence[Any]) -> _Symbol:
        """An operation of the table on slots and numbers."""
        symbol = next(x for x in operands if isinstance(x, _Symbol))
        tape, quotient = symbol.tape, symbol.quotient
        slots = [x.slot if isinstance(x, _Symbol) else tape.constant(float(x)) for x in operands]
        if operation is ops.sum:
            slot = tape.linear([i for slot in slots for i in (slot, tape.one)])
        else:
            slot = tape.computed(quotient if operation is ops.div else operation, tuple(slots))
        return _Symbol(tape, slot, quotient)

    def __neg__(self) -> _Symbol:
        return self.apply_operation(ops.neg, (self,))

    __add__, __radd__ = _operator(ops.add), _operator(ops.add, swapped=True)
    __sub__, __rsub__ = _operator(ops.sub), _operator(ops.sub, swapped=True)
    __mul__, __rmul__ = _operator(ops.mul), _operator(ops.mul, swapped=True)
    __truediv__, __rtruediv__ = _operator(ops.div), _operator(ops.div, swapped=True)
    __pow__, __rpow__ = _operator(ops.pow), _operator(ops.pow, swapped=True)
