"""From a tape to arrays: operations of one kind that do not wait for each other, in one group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.compiled.tape import LINEAR, MEAN, Tape
from micrograd_dl.engine.operation import Operation

Index: TypeAlias = NDArray[np.int32]
_NONE: Index = np.empty(0, np.int32)


@dataclass(frozen=True, slots=True)
class Group:
    """Operations of one kind, ``first, first + 1, ...``, each written to the place of that number.

    Attributes:
        checked: whether an operand outside of the domain is an error; of derivatives it gives IEEE's answer.
        first, last: the places that are written, last excluded.
        a, b: the operands' places; of an operation on one, b is empty. Of one on any number of operands,
            those of the first are ``a[starts[0]:starts[1]]``, of LINEAR and MEAN multiplied by those of b.
        c: the third operands' places, of an operation on three.
        shared, weights, rows: for LINEAR on examples, the terms that multiply what is shared by what varies:
            those of the first are ``weights[shared[0]:shared[1]]``, places of shared numbers, times ``rows``.
    """

    operation: Operation
    checked: bool
    first: int
    last: int
    a: Index
    b: Index = field(default_factory=lambda: _NONE)
    starts: Index = field(default_factory=lambda: _NONE)
    shared: Index = field(default_factory=lambda: _NONE)
    weights: Index = field(default_factory=lambda: _NONE)
    rows: Index = field(default_factory=lambda: _NONE)
    c: Index = field(default_factory=lambda: _NONE)

    def __len__(self) -> int:
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Program:
    """The groups that a runner executes, and the places of their numbers.

    The numbers that all examples share lie in one vector, those that vary in a matrix of one row a slot and
    one column an example. `before`, `each` and `after` are done in this order; `each` for all examples.

    Attributes:
        varying: how many rows there are.
        numbers: the shared vector before a call: constants, and zeros.
        before, each, after: the groups. MEAN in `each` writes to shared places.
        given_rows: how many rows a call brings, the last of them the derivative of the result by itself, 1.
        output_rows: the rows that are handed out.
        broadcast, broadcast_rows: places of shared numbers, and the rows that they are copied to.
        place, varies: the place of each live slot, and whether it is a row.
    """

    varying: int
    given_rows: int
    numbers: NDArray[np.float64]
    before: list[Group]
    each: list[Group]
    after: list[Group]
    output_rows: Index
    broadcast: Index
    broadcast_rows: Index
    place: Index
    varies: NDArray[np.bool_]


def schedule(
    tape: Tape, wanted: Iterable[int], given: Sequence[int], checked_below: int, outputs: Sequence[int] = ()
) -> Program:
    """Put the slots that `wanted` and `outputs` depend on into groups.

    Args:
        given: the slots that a call brings, which get the first places of their kind in this order.
        checked_below: slots from this one on are derivatives, which are never undefined.
        outputs: the slots whose numbers are handed out example by example.
    """
    lengths, flat = flattened(tape)
    order = live_slots(tape, [*wanted, *outputs], flat)
    levels, phases = (np.array(x, np.int64) for x in levels_and_phases(tape, checked_below))
    # Operations outside the table have numbers too; inputs, parameters and constants have -1.
    numbered = {op: code for code, op in enumerate([None, *dict.fromkeys(filter(None, tape.operations))], -1)}
    codes = np.array([numbered[operation] for operation in tape.operations])
    kinds = (phases * (int(levels.max()) + 1) + levels) * len(numbered) + codes
    slots = order[codes[order] >= 0]
    # Sums of as many terms follow each other, so that the processor foresees the end of each; means of one
    # product by its first factor, so that several are taken at a time.
    begins = np.cumsum(lengths) - lengths
    firsts = np.where(codes[slots] == numbered.get(MEAN), flat[begins[slots]], 0)
    slots = slots[np.lexsort((firsts, lengths[slots], kinds[slots]))]
    varies = np.array(tape.varies, bool)
    numbers_alone = np.setdiff1d(order[codes[order] < 0], given)
    sequence = np.concatenate([np.array(given, np.int64), numbers_alone, slots])
    place = np.full(len(tape), -1, np.int32)
    for kind in (False, True):
        mine = sequence[varies[sequence] == kind]
        place[mine] = np.arange(len(mine), dtype=np.int32)
    n_varying = int(varies[sequence].sum())
    builder = _Builder(tape, place, varies, n_varying)
    groups: tuple[list[Group], list[Group], list[Group]] = ([], [], [])
    counts, ends = lengths[slots], np.cumsum(lengths[slots])
    flat = flat[np.repeat(begins[slots] - (ends - counts), counts) + np.arange(ends[-1] if len(ends) else 0)]
    edges = np.flatnonzero(np.diff(kinds[slots], prepend=-1, append=-1)).tolist()
    for begin, end in pairwise(edges):
        slot = int(slots[begin])
        operands = flat[ends[begin] - counts[begin] : ends[end - 1]]
        groups[phases[slot]].append(builder.group(slot, operands, counts[begin:end], slot < checked_below))
    numbers = np.zeros(len(sequence) - n_varying)
    for slot, x in tape.constants.items():
        if place[slot] >= 0:
            numbers[place[slot]] = x
    copied = builder.rows
    return Program(
        n_varying + len(copied),
        int(varies[list(given)].sum()),
        numbers,
        *groups,
        np.array([place[slot] for slot in outputs if varies[slot]], np.int32),
        place[list(copied)],
        np.array(list(copied.values()), np.int32),
        place,
        varies,
    )


def flattened(tape: Tape) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many operands each slot has, and all of them in one array."""
    lengths = np.array([len(operands) for operands in tape.operands])
    return lengths, np.fromiter(chain.from_iterable(tape.operands), np.int64, int(lengths.sum()))


def live_slots(tape: Tape, wanted: Iterable[int], flat: NDArray[np.int64]) -> NDArray[np.int64]:
    """The slots that `wanted` depend on, in the tape's order; `flat` is every slot's operands."""
    uses = np.bincount(flat, minlength=len(tape))
    uses[[*wanted, tape.one]] += 1  # one is to be copied to a row
    dead: list[int] = np.flatnonzero(uses == 0).tolist()
    for slot in dead:  # which grows: what only a dead slot uses is dead
        for i in tape.operands[slot]:
            uses[i] -= 1
            if not uses[i]:
                dead.append(i)
    return np.flatnonzero(uses)


def levels_and_phases(tape: Tape, checked_below: int) -> tuple[list[int], list[int]]:
    """How many operations a slot has to wait for, one after the other, and its phase: 0, 1 or 2.

    Derivatives, the slots from `checked_below` on, wait for all others: what a rule makes of numbers of the
    forward pass alone is then one group, not one a level. Phase 1 is for what varies, and the means of it; 2
    for what follows from the means.
    """
    levels, phases = [0] * len(tape), [0] * len(tape)
    floor = 0  # the level of what a slot waits for at least
    for slot, operands in enumerate(tape.operands):
        if slot == checked_below:
            floor = max(levels)
        if operands:
            level = floor
            for i in operands:
                if levels[i] > level:
                    level = levels[i]
            levels[slot] = level + 1
    if True in tape.varies:
        for slot, operands in enumerate(tape.operands):
            if operands and (tape.varies[slot] or tape.operations[slot] is MEAN):
                phases[slot] = 1
            elif operands and max([phases[i] for i in operands]):
                phases[slot] = 2
    return levels, phases


class _Builder:
    """Makes groups; `rows` are the copies of shared numbers, by slot."""

    def __init__(self, tape: Tape, place: Index, varies: NDArray[np.bool_], n_varying: int) -> None:
        self.tape, self.place, self.varies, self.n_varying = tape, place, varies, n_varying
        self.rows: dict[int, int] = {}

    def group(self, slot: int, flat: NDArray[np.int64], counts: NDArray[np.int64], checked: bool) -> Group:
        """The group of slots of one kind whose places follow each other, from that of `slot` on.

        `flat` is the operands of all, `counts` how many each has.
        """
        operation = self.tape.operations[slot]
        assert operation is not None
        first = int(self.place[slot])
        head = (operation, checked, first, first + len(counts))
        on_examples = operation is MEAN or bool(self.varies[slot])
        if operation.arity is not None:
            read = [self._read(flat[k :: operation.arity], on_examples) for k in range(operation.arity)]
            a, b, c = (*read, _NONE, _NONE)[:3]
            return Group(*head, a, b, c=c)
        if operation not in (LINEAR, MEAN):
            return Group(*head, self._read(flat, on_examples), starts=_starts(counts))
        i, j = flat[::2], flat[1::2]
        if not (on_examples and operation is LINEAR):
            return Group(*head, self._read(i, on_examples), self._read(j, on_examples), _starts(counts // 2))
        owner = np.repeat(np.arange(len(counts)), counts // 2)
        # What is shared comes first; of two that are shared, the second is copied to a row: 1 if it can be.
        swap = ~self.varies[j] & (self.varies[i] | (i == self.tape.one))
        i, j = np.where(swap, j, i), np.where(swap, i, j)
        both = self.varies[i]
        starts, shared = (_starts(np.bincount(owner[x], minlength=len(counts))) for x in (both, ~both))
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
                places[k] = self.rows.setdefault(slot, self.n_varying + len(self.rows))
        return places


def _starts(counts: NDArray[Any]) -> Index:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
