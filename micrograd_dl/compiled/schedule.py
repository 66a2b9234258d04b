"""From a tape to arrays: operations of one kind that do not wait for each other, in one group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micrograd_dl import ops
from micrograd_dl.compiled.tape import LINEAR, MEAN, Tape
from micrograd_dl.operation import Operation

Index: TypeAlias = NDArray[np.int32]


def _none() -> Index:
    return np.empty(0, np.int32)


# How an operation is told in an array: its number here.
CODES: dict[Operation | None, int] = {op: code for code, op in enumerate([LINEAR, MEAN, *ops.TABLE.values()])}


@dataclass(frozen=True, slots=True)
class Group:
    """Operations of one kind, ``first, first + 1, ...``, each written to the place of that number.

    Attributes:
        operation: the kind.
        checked: whether an operand outside of the domain is an error; of derivatives it gives IEEE's answer.
        first, last: the places that are written, last excluded.
        a, b: the operands' places; of an operation on one, b is empty. Of one on any number of operands,
            those of the first are ``a[starts[0]:starts[1]]``, of LINEAR and MEAN multiplied by those of b.
        starts: see above; one entry more than there are places.
        shared, weights, rows: of LINEAR on examples, the terms that multiply what is shared by what varies:
            those of the first are ``weights[shared[0]:shared[1]]``, places of shared numbers, times ``rows``.
    """

    operation: Operation
    checked: bool
    first: int
    last: int
    a: Index
    b: Index = field(default_factory=_none)
    starts: Index = field(default_factory=_none)
    shared: Index = field(default_factory=_none)
    weights: Index = field(default_factory=_none)
    rows: Index = field(default_factory=_none)

    def __len__(self) -> int:
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Program:
    """What a runner executes, and where it finds what.

    The numbers that all examples share lie in one vector, those that vary in a matrix of one row a slot and
    one column an example. `before`, `each` and `after` are done in this order; `each` for all examples.

    Attributes:
        shared, varying: how many places of either kind there are.
        numbers: the shared vector before a call: constants, and zeros.
        before, each, after: the groups. MEAN in `each` writes to shared places.
        given_rows: how many rows a call brings, the last of them the derivative of the result by itself.
        broadcast: places of shared numbers, each copied to the row of `broadcast_rows` at its index.
        place: of each live slot its place.
        varies: of each slot the kind of place.
    """

    shared: int
    varying: int
    given_rows: int
    numbers: NDArray[np.float64]
    before: list[Group]
    each: list[Group]
    after: list[Group]
    broadcast: Index
    broadcast_rows: Index
    place: Index
    varies: NDArray[np.bool_]


def schedule(tape: Tape, wanted: Iterable[int], given: Sequence[int], checked_below: int) -> Program:
    """Put the slots that are needed for `wanted` into groups.

    Args:
        tape: the program.
        wanted: the slots whose numbers are asked for.
        given: the slots that a call brings, which get the first places of their kind in this order.
        checked_below: slots from this one on are derivatives, which are never undefined.
    """
    order = live_slots(tape, wanted)
    levels, phases = levels_and_phases(tape, order)
    computed = [slot for slot in order if tape.operations[slot] is not None]
    codes = np.array([CODES[tape.operations[slot]] for slot in computed], np.int64)
    slots = np.array(computed, np.int64)
    unchecked = slots >= checked_below
    level, phase = (
        np.array(x, np.int64)[slots] if computed else np.empty(0, np.int64) for x in (levels, phases)
    )
    kinds = ((phase * (int(level.max(initial=0)) + 1) + level) * 2 + unchecked) * len(CODES) + codes
    # Sums of as many terms follow each other, so that the processor foresees the end of each.
    lengths = np.array([len(tape.operands[slot]) for slot in computed], np.int64)
    sequence = np.lexsort((lengths, kinds))
    slots, kinds, phase = slots[sequence], kinds[sequence], phase[sequence]
    varies = np.array(tape.varies, bool)
    place, n_shared, n_varying = _places(tape, order, slots, given, varies)
    builder = _Builder(tape, place, varies, n_varying)
    groups: tuple[list[Group], list[Group], list[Group]] = ([], [], [])
    edges = np.flatnonzero(np.diff(kinds, prepend=-1, append=-1))
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        members = slots[begin:end].tolist()
        groups[int(phase[begin])].append(builder.group(members, members[0] < checked_below))
    numbers = np.zeros(n_shared)
    for slot, x in tape.constants.items():
        if place[slot] >= 0:
            numbers[place[slot]] = x
    sources, rows = builder.broadcast()
    return Program(
        n_shared,
        n_varying + len(rows),
        int(varies[list(given)].sum()),
        numbers,
        *groups,
        sources,
        rows,
        place,
        varies,
    )


def live_slots(tape: Tape, wanted: Iterable[int]) -> list[int]:
    """The slots that `wanted` depend on, in the tape's order."""
    live = bytearray(len(tape))
    for slot in wanted:
        live[slot] = 1
    live[tape.one] = 1  # to be copied to a row
    for slot in range(len(tape) - 1, -1, -1):
        if live[slot]:
            for i in tape.operands[slot]:
                live[i] = 1
    return [slot for slot, is_live in enumerate(live) if is_live]


def levels_and_phases(tape: Tape, order: Sequence[int]) -> tuple[list[int], list[int]]:
    """How many operations a slot has to wait for, one after the other, and its phase: 0, 1 or 2.

    1 is for what varies, and the means of it; 2 for what follows from the means.
    """
    levels, phases = [0] * len(tape), [0] * len(tape)
    some_vary = True in tape.varies
    for slot in order:
        operation = tape.operations[slot]
        if operation is None:
            continue
        operands = tape.operands[slot]
        levels[slot] = 1 + max([levels[i] for i in operands])
        if not some_vary:
            continue
        if tape.varies[slot] or operation is MEAN:
            phases[slot] = 1
        elif max([phases[i] for i in operands]):
            phases[slot] = 2
    return levels, phases


def _places(
    tape: Tape, order: Sequence[int], computed: NDArray[Any], given: Sequence[int], varies: NDArray[np.bool_]
) -> tuple[Index, int, int]:
    """The place of each slot, -1 for those that are not needed, and the numbers of places of either kind."""
    place = np.full(len(tape), -1, np.int32)
    among = set(given)
    first = [*given, *(slot for slot in order if tape.operations[slot] is None and slot not in among)]
    sequence = np.concatenate([np.array(first, np.int64), computed])
    counts = []
    for kind in (False, True):
        mine = sequence[varies[sequence] == kind]
        place[mine] = np.arange(len(mine), dtype=np.int32)
        counts.append(len(mine))
    return place, counts[0], counts[1]


class _Builder:
    """Makes groups, and counts the rows that are copies of shared numbers."""

    def __init__(self, tape: Tape, place: Index, varies: NDArray[np.bool_], n_varying: int) -> None:
        self.tape, self.place, self.varies, self.n_varying = tape, place, varies, n_varying
        self._rows: dict[int, int] = {}

    def broadcast(self) -> tuple[Index, Index]:
        """The places that are copied, and the rows that they are copied to."""
        rows = np.array(list(self._rows.values()), np.int32)
        return self.place[np.array(list(self._rows), np.int64)], rows

    def group(self, members: list[int], checked: bool) -> Group:
        """The group of slots of one kind whose places follow each other."""
        operation = self.tape.operations[members[0]]
        assert operation is not None
        operands = [self.tape.operands[slot] for slot in members]
        first = int(self.place[members[0]])
        head = (operation, checked, first, first + len(members))
        on_examples = operation is MEAN or bool(self.varies[members[0]])
        flat = np.fromiter(chain.from_iterable(operands), np.int64)
        if operation.arity is not None:
            a, *b = [self._read(flat[k :: operation.arity], on_examples) for k in range(operation.arity)]
            return Group(*head, a, *b)
        counts = np.array([len(x) for x in operands])
        if operation not in (LINEAR, MEAN):
            return Group(*head, self._read(flat, on_examples), starts=_starts(counts))
        i, j = flat[::2], flat[1::2]
        if not (on_examples and operation is LINEAR):
            return Group(*head, self._read(i, on_examples), self._read(j, on_examples), _starts(counts // 2))
        owner = np.repeat(np.arange(len(members)), counts // 2)
        # What is shared comes first; of two that are shared, the second is copied to a row: 1 if it can be.
        swap = ~self.varies[j] & (self.varies[i] | (i == self.tape.one))
        i, j = np.where(swap, j, i), np.where(swap, i, j)
        both = self.varies[i]
        starts, shared = (_starts(np.bincount(owner[x], minlength=len(members))) for x in (both, ~both))
        rows = self._read(j[~both], True)
        return Group(
            *head, self.place[i[both]], self.place[j[both]], starts, shared, self.place[i[~both]], rows
        )

    def _read(self, slots: NDArray[np.int64], on_examples: bool) -> Index:
        """The places of operands; of shared ones that are wanted as rows, the rows they are copied to."""
        places = self.place[slots]
        if on_examples:
            shared = ~self.varies[slots]
            for k in np.flatnonzero(shared).tolist():
                slot = int(slots[k])
                places[k] = self._rows.setdefault(slot, self.n_varying + len(self._rows))
        return places


def _starts(counts: NDArray[Any]) -> Index:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
