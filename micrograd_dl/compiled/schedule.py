"""From a tape to arrays: a group is operations of one kind that do not need each other's results."""

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
    """Operations of one kind, which write the places `first` to `last` - 1.

    `a`, `b` and `c` are the places of the first, second and third operands. With any number of operands,
    result k has those at ``a[starts[k]:starts[k + 1]]``; LINEAR and MEAN multiply them by those in `b`.
    LINEAR on examples has more terms, shared numbers times rows: at ``weights[shared[k]:shared[k + 1]]``
    times those at ``rows[shared[k]:shared[k + 1]]``.
    """

    operation: Operation
    checked: bool  # whether an operand outside of the domain is an error; derivatives give IEEE's answer
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
    """The groups that a runner executes: `before`, then `each` for all examples, then `after`.

    Numbers that all examples share lie in one vector. The others are a matrix with a row for each slot and a
    column for each example.
    """

    varying: int  # how many rows there are
    given_rows: int  # how many rows a call brings; the last is the derivative of the result by itself, 1
    numbers: NDArray[np.float64]  # the shared vector before a call: constants, and zeros
    before: list[Group]
    each: list[Group]  # of which MEAN writes to shared places
    after: list[Group]
    output_rows: Index  # rows that are handed out
    broadcast: Index  # places of shared numbers that are copied to rows
    broadcast_rows: Index
    place: Index  # of each live slot
    varies: NDArray[np.bool_]  # whether a slot is a row


def schedule(
    tape: Tape, wanted: Iterable[int], given: Sequence[int], checked_below: int, outputs: Sequence[int] = ()
) -> Program:
    """Put the slots that `wanted` and `outputs` depend on into groups.

    `given` are the slots that a call brings; they get the first places of their kind. Slots from
    `checked_below` on are derivatives, which are never undefined. `outputs` are handed out for each example.
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
    """The length of the longest chain of operations up to each slot, and its phase.

    Phase 0 is before the examples, 1 is rows and their means, 2 follows from the means. Derivatives, from
    `checked_below` on, come after the whole forward pass, so that the local ones make up few groups.
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
        """The group of slots of one kind from `slot` on: all operands in `flat`, `counts` of them each."""
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
        # Shared factors come first. If both are shared, the second is copied to a row, preferably a 1.
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
