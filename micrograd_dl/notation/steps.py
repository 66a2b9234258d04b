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

from micrograd_dl.engine.order import chain_rule
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.numbers import to_float
from micrograd_dl.foundation.written import ATOM
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.forward import recorded_order
from micrograd_dl.notation.kinks import is_at_kink
from micrograd_dl.notation.naming import variables_outside
from micrograd_dl.notation.numbers import latex_number, number, number_term


class _Sentence(Protocol):
    """The base class of steps: a prompt shows the sentence of a step, a notebook its LaTeX."""

    __slots__ = ()

    def latex(self) -> str: ...

    def __repr__(self) -> str:
        return str(self)

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex()}$"


@dataclass(frozen=True, slots=True, repr=False)
class Evaluate(_Sentence):
    """A step of the forward pass: the node's operation is computed from the data of its operands."""

    node: Value
    value: float
    operands: tuple[float, ...]
    notation: Notation = field(compare=False)  # the names in the sentence

    def __str__(self) -> str:
        write = self.notation
        numbers = write.numbers(self.node, self.operands)
        parts = [write.name(self.node), write.formula(self.node), numbers]
        return " = ".join(parts if numbers == number(self.value) else [*parts, number(self.value)])

    def latex(self) -> str:
        """The step in LaTeX."""
        write, formula = self.notation, self.notation.latex_formula
        parts = [write.latex_name(self.node), formula(self.node), formula(self.node, self.operands)]
        return " = ".join([*parts, latex_number(self.value)])


@dataclass(frozen=True, slots=True, repr=False)
class Seed(_Sentence):
    """The first step of backprop: the derivative of the result by itself, 1 unless another seed is given."""

    node: Value
    gradient: float
    notation: Notation = field(compare=False)  # the names in the sentence

    def __str__(self) -> str:
        short, total = self.notation.gradient(self.node), self.notation.total(self.node)
        return " = ".join([*dict.fromkeys([short, total]), number(self.gradient)])

    def latex(self) -> str:
        """The step in LaTeX."""
        return f"{self.notation.latex_total(self.node)} = {latex_number(self.gradient)}"


@dataclass(frozen=True, slots=True, repr=False)
class Contribute(_Sentence):
    """A step of backprop: a node adds one term of the chain rule to the gradient of one of its operands."""

    node: Value
    index: int  # which of its operands; the same Value can be an operand twice
    operand: Value  # that one, node.operands[index]
    upstream: float  # the gradient of the node
    local: float  # the local derivative of the node by the operand
    contribution: float  # the term, upstream * local
    before: float  # the sum of the terms that the operand's gradient has so far
    after: float  # the sum with this term
    term: int  # the number of this term, from 1
    terms: int  # how many terms the operand's gradient has in all
    kink: tuple[float, ...]  # the data of all operands where the local derivative jumps; empty elsewhere
    notation: Notation = field(compare=False)  # the names in the sentence

    def __str__(self) -> str:
        return "   ".join([self.equation(), *(f"({remark})" for remark in self.remarks())])

    def equation(self) -> str:
        """The term, in symbols and in numbers: ``db += dJ/du * du/db = 3 * 2 = 6``."""
        write = self.notation
        symbols = f"{write.total(self.node)} * {write.local(self.node, self.index)}"
        numbers = f"{number_term(self.upstream)} * {number_term(self.local)} = {number(self.contribution)}"
        return f"{write.gradient(self.operand)} += {symbols} = {numbers}"

    def remarks(self) -> list[str]:
        """The running sum, ``db: 0 -> 6``; and at a kink, which slope was taken."""
        write = self.notation
        running = f"{write.gradient(self.operand)}: {number(self.before)} -> {number(self.after)}"
        kink = write.at_kink(self.node, self.index, self.kink, self.local) if self.kink else ""
        return [running, kink] if kink else [running]

    def latex(self) -> str:
        """The step in LaTeX."""
        write, local = self.notation, latex_number(self.local)
        symbols = rf"{write.latex_total(self.node)} \cdot {write.latex_local(self.node, self.index)}"
        numbers = rf"{latex_number(self.upstream)} \cdot {local:{ATOM}} = {latex_number(self.contribution)}"
        return rf"{write.latex_total(self.operand)} \mathrel{{+}}= {symbols} = {numbers}"


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

    `seed` is the derivative of the final result by `root`. RuntimeError if data was changed since the forward
    pass.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> for step in steps(3 * (a + b * c)):
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
    order, seed = recorded_order(root), to_float(seed, "the seed of backprop")
    return iter(Walk(order, Notation(order, seed != 1, variables_outside()), seed))


class Walk(Sequence[Step]):
    """Every step of the forward pass and of backprop, made when it is asked for.

    It has the numbers of the moment when it was made, in arrays, so that a graph of a million nodes has a
    walk, too. The order is topological, and known to be as recorded.
    """

    def __init__(self, order: Sequence[Value], notation: Notation, seed: float = 1.0) -> None:
        self.order, self.notation = order, notation
        self._place = {node: place for place, node in enumerate(order)}
        self._evaluated = array("q", [place for place, node in enumerate(order) if node.operands])
        # Indexed by place in the order: data, gradient, and the number of the gradient's terms.
        self._data = array("d", [node.data for node in order])
        self._gradients = array("d", bytes(8 * len(order)))
        self._count = array("q", bytes(8 * len(order)))
        self._gradients[-1] = seed
        # Indexed by term of the chain rule: its node's place; index, local, before, term as in Contribute.
        self._node, self._index, self._term = array("q"), array("q"), array("q")
        self._local, self._before = array("d"), array("d")
        for node, index, _, local, _, before, after in chain_rule(order, seed):
            operand = self._place[node.operands[index]]
            self._gradients[operand] = after
            self._count[operand] += 1
            self._node.append(self._place[node])
            self._index.append(index)
            self._term.append(self._count[operand])
            self._local.append(local)
            self._before.append(before)

    def __len__(self) -> int:
        return len(self._evaluated) + 1 + len(self._term)

    @overload
    def __getitem__(self, at: int) -> Step: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Step]: ...
    def __getitem__(self, at: int | slice) -> Step | Sequence[Step]:
        """The step at a position, from 0, or several."""
        where = range(len(self))[at]
        return self._step(where) if isinstance(where, int) else [*map(self._step, where)]

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
        place, index, local = self._node[term], self._index[term], self._local[term]
        node, upstream, before = order[place], self._gradients[place], self._before[term]
        operand = node.operands[index]
        assert node.op is not None
        numbers = self._operands(place) if node.op.kink is not None else ()
        contribution = upstream * local
        return Contribute(
            node, index, operand, upstream, local, contribution, before, before + contribution,
            self._term[term], self._count[self._place[operand]],
            numbers if numbers and is_at_kink(node.op, numbers) else (), self.notation,
        )  # fmt: skip

    def _operands(self, place: int) -> tuple[float, ...]:
        return tuple([self._data[self._place[operand]] for operand in self.order[place].operands])

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
        for at, (place, index, term) in enumerate(zip(self._node, self._index, self._term, strict=True)):
            operand = self._place[self.order[place].operands[index]]
            positions[starts[operand] + term - 1] = len(self._evaluated) + 1 + at
        return starts, positions
