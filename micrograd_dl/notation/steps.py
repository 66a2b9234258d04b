"""Backpropagation as a stream of steps.

The stream is pure: it keeps its running sums to itself and yields finished facts. What backpropagates into
the graph itself is ``Value.backward()``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from micrograd_dl.engine.coerce import to_float
from micrograd_dl.engine.gradients import chain_rule, recorded_slopes, require_value
from micrograd_dl.engine.operation import ATOM
from micrograd_dl.engine.ops import CONSTANT
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.recording import require_recorded
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.numbers import latex_number, number, number_term


class _Sentence(Protocol):
    """Shows a step as its sentence at a prompt, and as mathematics in a notebook."""

    __slots__ = ()

    def latex(self) -> str: ...

    def __repr__(self) -> str:
        return str(self)

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex()}$"


@dataclass(frozen=True, slots=True, repr=False)
class Evaluate(_Sentence):
    """Forward pass: `node` was computed from the numbers `operands`; the result is `value`."""

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
    """Backprop begins: the derivative of the result by itself."""

    node: Value
    gradient: float
    notation: Notation = field(compare=False)

    def __str__(self) -> str:
        write = self.notation
        short, total = write.gradient(self.node), write.total(self.node)
        return (
            f"{short} = {total} = {number(self.gradient)}"
            if short != total
            else f"{total} = {number(self.gradient)}"
        )

    def latex(self) -> str:
        """The step in LaTeX."""
        return f"{self.notation.latex_total(self.node)} = {latex_number(self.gradient)}"


@dataclass(frozen=True, slots=True, repr=False)
class Contribute(_Sentence):
    """Backprop: one term of the chain rule, along the edge from `node` to its operand `operand`.

    Attributes:
        node, index, operand: the edge; `operand` is ``node.operands[index]``.
        upstream: the derivative of the result by `node`, complete by now.
        local: the derivative of `node` by this operand.
        contribution: upstream times local.
        before, after: the running total of the derivative by `operand`.
        term, terms: this is the term-th of so many terms, counted from 1.
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
    notation: Notation = field(compare=False)

    def __str__(self) -> str:
        write = self.notation
        gradient = write.gradient(self.operand)
        product = f"{number_term(self.upstream)} * {number_term(self.local)}"
        return (
            f"{gradient} += {write.total(self.node)} * {write.local(self.node, self.index)} = "
            f"{product} = {number(self.contribution)}   "
            f"({gradient}: {number(self.before)} -> {number(self.after)})"
        )

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


def steps(root: Value, seed: float = 1.0) -> Iterator[Step]:
    """The forward pass and backprop of a recorded graph, one step at a time; nothing is written.

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
    yield from steps_in(order, Notation(order, seeded=seed != 1), seed)


def steps_in(order: Sequence[Value], notation: Notation, seed: float = 1.0) -> Iterator[Step]:
    """The same for a graph whose order and notation are at hand, and known to be as recorded."""
    for node in order:
        if node.op is not None and node.op is not CONSTANT:
            yield Evaluate(node, node.data, tuple([p.data for p in node.operands]), notation)
    yield Seed(order[-1], seed, notation)
    terms: dict[Value, int] = {}
    for node, index, upstream, local, contribution, before, after in chain_rule(order, seed, recorded_slopes):
        parent = node.operands[index]
        term = terms[parent] = terms.get(parent, 0) + 1
        yield Contribute(
            node,
            index,
            parent,
            upstream,
            local,
            contribution,
            before,
            after,
            term,
            notation.uses[parent],
            notation,
        )
