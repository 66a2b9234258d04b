"""The forward pass and backpropagation as a sequence of steps, each with its numbers and its sentence.

Nothing here writes to the graph: ``Value.backward()`` does that.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Protocol, TypeAlias, overload

from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.kinks import is_at_kink
from micrograd_dl.notation.numbers import latex_number, number, number_term
from micrograd_dl.output.number_like import require_value
from micrograd_dl.output.numbers import to_float
from micrograd_dl.output.recorded import require_recorded
from micrograd_dl.output.written import ATOM


class _Sentence(Protocol):
    """What all steps share: a prompt shows their sentence, a notebook their LaTeX."""

    __slots__ = ()

    def latex(self) -> str: ...

    def __repr__(self) -> str:
        return str(self)

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex()}$"


@dataclass(frozen=True, slots=True, repr=False)
class Evaluate(_Sentence):
    """A step of the forward pass: an operation is computed.

    Attributes:
        node: the node that is computed.
        value: its data.
        operands: the data of its operands.
        notation: the names in the sentence.
    """

    node: Value
    value: float
    operands: tuple[float, ...]
    notation: Notation = field(compare=False)

    def __str__(self) -> str:
        write = self.notation
        numbers = write.numbers(self.node, self.operands)
        parts = [write.name(self.node), write.formula(self.node), numbers]
        return " = ".join(parts if numbers == number(self.value) else [*parts, number(self.value)])

    def latex(self) -> str:
        """The step in LaTeX."""
        write = self.notation
        return (
            f"{write.latex_name(self.node)} = {write.latex_formula(self.node)} = "
            f"{write.latex_formula(self.node, self.operands)} = {latex_number(self.value)}"
        )


@dataclass(frozen=True, slots=True, repr=False)
class Seed(_Sentence):
    """The first step of backprop: the derivative of the result by itself, 1 unless another seed is given.

    Attributes:
        node: the result.
        gradient: the seed.
        notation: the names in the sentence.
    """

    node: Value
    gradient: float
    notation: Notation = field(compare=False)

    def __str__(self) -> str:
        short, total = self.notation.gradient(self.node), self.notation.total(self.node)
        return " = ".join([*dict.fromkeys([short, total]), number(self.gradient)])

    def latex(self) -> str:
        """The step in LaTeX."""
        return f"{self.notation.latex_total(self.node)} = {latex_number(self.gradient)}"


@dataclass(frozen=True, slots=True, repr=False)
class Contribute(_Sentence):
    """A step of backprop: a node adds one term of the chain rule to the gradient of one of its operands.

    Attributes:
        node: the node, whose own gradient is complete.
        index: which of its operands; the same Value can be an operand twice.
        operand: that operand, ``node.operands[index]``.
        upstream: the gradient of `node`.
        local: the local derivative of `node` by the operand.
        contribution: the term, upstream times local.
        before: the sum of the terms that the operand's gradient has so far.
        after: the sum with this term.
        term: the number of this term, from 1.
        terms: how many terms the operand's gradient has in all.
        kink: the data of all operands of `node` if the local derivative jumps there; empty elsewhere.
        notation: the names in the sentence.
    """

    node: Value
    index: int
    operand: Value
    upstream: float
    local: float
    contribution: float
    before: float
    after: float
    term: int
    terms: int
    kink: tuple[float, ...]
    notation: Notation = field(compare=False)

    def __str__(self) -> str:
        return "   ".join([self.equation(), *(f"({remark})" for remark in self.remarks())])

    def equation(self) -> str:
        """The term, in symbols and in numbers: ``db += dJ/du * du/db = 3 * 2 = 6``."""
        write = self.notation
        return (
            f"{write.gradient(self.operand)} += "
            f"{write.total(self.node)} * {write.local(self.node, self.index)} = "
            f"{number_term(self.upstream)} * {number_term(self.local)} = {number(self.contribution)}"
        )

    def remarks(self) -> list[str]:
        """The running sum, ``db: 0 -> 6``; and at a kink, which slope was taken."""
        write = self.notation
        running = f"{write.gradient(self.operand)}: {number(self.before)} -> {number(self.after)}"
        kink = write.at_kink(self.node, self.index, self.kink, self.local) if self.kink else ""
        return [running, kink] if kink else [running]

    def latex(self) -> str:
        """The step in LaTeX."""
        write = self.notation
        local = latex_number(self.local)
        return (
            rf"{write.latex_total(self.operand)} \mathrel{{+}}= {write.latex_total(self.node)} \cdot "
            rf"{write.latex_local(self.node, self.index)} = "
            rf"{latex_number(self.upstream)} \cdot {local:{ATOM}} = "
            f"{latex_number(self.contribution)}"
        )


Step: TypeAlias = Evaluate | Seed | Contribute


def written_node(step: Step) -> Value:
    """The node whose data or gradient the step writes."""
    return step.operand if isinstance(step, Contribute) else step.node


def written_number(step: Step) -> float:
    """The number that the step writes: data, or a gradient as summed so far."""
    if isinstance(step, Evaluate):
        return step.value
    return step.after if isinstance(step, Contribute) else step.gradient


def steps(root: Value, seed: float = 1.0) -> Iterator[Step]:
    """The forward pass and backprop of a recorded graph, one step at a time; nothing is written.

    Args:
        root: the result.
        seed: the derivative of the final result by `root`.

    Raises:
        TypeError: `root` is not a Value or `seed` not a number.
        RuntimeError: data was changed after the forward pass was recorded.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> u = b * c
    >>> v = a + u
    >>> J = 3 * v
    >>> u.label, v.label, J.label = "u", "v", "J"
    >>> for step in steps(J):
    ...     print(step)
    u = b * c = 3 * 2 = 6
    v = a + u = 5 + 6 = 11
    J = 3 * v = 3 * 11 = 33
    dJ = dJ/dJ = 1
    dv += dJ/dJ * dJ/dv = 1 * 3 = 3   (dv: 0 -> 3)
    da += dJ/dv * dv/da = 3 * 1 = 3   (da: 0 -> 3)
    du += dJ/dv * dv/du = 3 * 1 = 3   (du: 0 -> 3)
    db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)
    dc += dJ/du * du/dc = 3 * 3 = 9   (dc: 0 -> 9)
    """
    require_value(root)
    seed = to_float(seed, "the seed of backprop")
    order = topological_order(root)
    require_recorded(order)
    return iter(Walk(order, Notation(order, seeded=seed != 1), seed))


class Walk(Sequence[Step]):
    """Every step of the forward pass and of backprop; a step is made when it is asked for.

    The numbers are those of the moment when the walk was made. They are kept in arrays, so that a graph of a
    million nodes has a walk, too. The order is topological, and known to be as recorded.
    """

    def __init__(self, order: Sequence[Value], notation: Notation, seed: float = 1.0) -> None:
        self.order, self.notation = order, notation
        self._place = {node: place for place, node in enumerate(order)}
        self._data = array("d", [node.data for node in order])
        computed = (place for place, node in enumerate(order) if node.operands)
        self._evaluated = array("q", computed)
        # By place in the order: the gradient of each node, and how many terms it has. Then, with an entry for
        # each term of the chain rule: node, index, operand, local, before, after, term, as in Contribute.
        self._gradients = gradients = array("d", bytes(8 * len(order)))
        self._count = count = array("q", bytes(8 * len(order)))
        self._node, self._index, self._operand = array("q"), array("q"), array("q")
        self._local, self._before, self._after = array("d"), array("d"), array("d")
        self._term = array("q")
        gradients[-1] = seed
        for place in reversed(self._evaluated):
            node, upstream = order[place], gradients[place]
            for index, (operand, local) in enumerate(zip(node.operands, node.slopes, strict=True)):
                if operand.is_constant:
                    continue
                at = self._place[operand]
                self._node.append(place)
                self._index.append(index)
                self._operand.append(at)
                self._local.append(local)
                self._before.append(gradients[at])
                gradients[at] += upstream * local
                self._after.append(gradients[at])
                count[at] += 1
                self._term.append(count[at])

    def __len__(self) -> int:
        return len(self._evaluated) + 1 + len(self._term)

    @overload
    def __getitem__(self, at: int) -> Step: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Step]: ...
    def __getitem__(self, at: int | slice) -> Step | Sequence[Step]:
        """The step at a position, from 0."""
        if isinstance(at, slice):
            return tuple(self._step(position) for position in range(*at.indices(len(self))))
        return self._step(range(len(self))[at])

    def __iter__(self) -> Iterator[Step]:
        return map(self._step, range(len(self)))

    def _step(self, at: int) -> Step:
        order, data, seed_at = self.order, self._data, len(self._evaluated)
        if at < seed_at:
            place = self._evaluated[at]
            return Evaluate(order[place], data[place], self._operands(place), self.notation)
        if at == seed_at:
            return Seed(order[-1], self._gradients[-1], self.notation)
        term = at - seed_at - 1
        place, operand, local = self._node[term], self._operand[term], self._local[term]
        node, upstream = order[place], self._gradients[place]
        has_kink = node.op is not None and node.op.kink is not None
        numbers = self._operands(place) if has_kink else ()
        return Contribute(
            node,
            self._index[term],
            order[operand],
            upstream,
            local,
            upstream * local,
            self._before[term],
            self._after[term],
            self._term[term],
            self._count[operand],
            numbers if has_kink and is_at_kink(node.op, numbers) else (),
            self.notation,
        )

    def _operands(self, place: int) -> tuple[float, ...]:
        return tuple([self._data[self._place[operand]] for operand in self.order[place].operands])

    # --- of one node ------------------------------------------------------------------------------------

    def has(self, node: Value) -> bool:
        """Whether the node is in the graph; constants are."""
        return node in self._place

    def data(self, node: Value) -> float:
        """The data of a node when the walk was made."""
        return self._data[self._place[node]]

    def gradient(self, node: Value) -> float:
        """The gradient of a node when all its terms are added."""
        return self._gradients[self._place[node]]

    def evaluated_at(self, node: Value) -> int | None:
        """The position of the step that computes a node; None for a leaf or a constant."""
        place = self._place[node]
        at = bisect_left(self._evaluated, place)
        return at if at < len(self._evaluated) and self._evaluated[at] == place else None

    def summed_at(self, node: Value) -> Sequence[int]:
        """The positions of the steps that write a node's gradient: its terms, or for the result the seed."""
        if node is self.order[-1]:
            return [len(self._evaluated)]
        place = self._place[node]
        starts, positions = self._terms_by_operand
        return positions[starts[place] : starts[place + 1]]

    @cached_property
    def _terms_by_operand(self) -> tuple[array[int], array[int]]:
        """The positions of all terms, those of each operand together; and where those of each begin."""
        starts = array("q", [0, *accumulate(self._count)])
        positions = array("q", bytes(8 * len(self._term)))
        first = len(self._evaluated) + 1
        for at, (operand, term) in enumerate(zip(self._operand, self._term, strict=True), first):
            positions[starts[operand] + term - 1] = at
        return starts, positions
