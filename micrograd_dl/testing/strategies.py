"""Hypothesis strategies for numbers, operands, graphs and expressions, derived from the table of operations.

What they make is *smooth*: each operation is defined at its operands and around them, away from its kinks,
and neither results nor derivatives are so large that rounding would drown what a test looks for.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import assume
from hypothesis import strategies as st

from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE, above, at_least, log_for_power
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.written import Term
from micrograd_dl.notation.numbers import exact_term
from micrograd_dl.operations import BUILT_IN

# Written for people, in a form that the parser does not read; as those of users' own may be.
_CALLED = (above, at_least, log_for_power)
MARGIN = 1 / 32  # how far an operand keeps from a kink and from where the operation is undefined
LARGEST = 100.0  # the largest result, and the largest sum of derivatives from the leaves up to any node
MOST_OPERANDS = 5  # for an operation that takes any number

# An operand in a program: the number of the node (leaves first, then results), or a constant.
Reference: TypeAlias = int | float
Program: TypeAlias = tuple[tuple[Operation, tuple[Reference, ...]], ...]


def numbers(low: float = -4.0, high: float = 4.0) -> st.SearchStrategy[float]:
    """Numbers between `low` and `high` with at most six decimals: none is so small that it vanishes.

    They shrink to whole numbers.
    """
    millionths = st.integers(math.ceil(low * 1e6), math.floor(high * 1e6)).map(lambda n: n / 1e6)
    if math.ceil(low) > math.floor(high):
        return millionths
    whole = st.integers(math.ceil(low), math.floor(high)).map(float)
    return st.one_of(whole, millionths, millionths, millionths)


def operands(operation: Operation, count: int | None = None) -> st.SearchStrategy[tuple[float, ...]]:
    """Operands at which `operation` is smooth; by default any number of them that it takes, up to five."""
    some = [st.tuples(*[numbers()] * n) for n in (_counts(operation) if count is None else [count])]
    return st.one_of(some).filter(lambda values: is_smooth(operation, values))


def is_smooth(
    operation: Operation, values: Sequence[float], variables: Collection[int] | None = None
) -> bool:
    """Whether a test can trust the derivatives of `operation` at `values`, by the operands that vary.

    Their indices are `variables`, by default all; the other operands are constants.

    >>> from micrograd_dl.engine.ops import pow
    >>> is_smooth(pow, [-2.0, 3.0]), is_smooth(pow, [-2.0, 3.0], variables=[0])
    (False, True)
    """
    return _slopes(operation, values, range(len(values)) if variables is None else variables) is not None


class Graph:
    """A random computation: the graph that it records, and a function that repeats it on other numbers.

    For each result the program has its operation and its operands, which are the numbers of earlier nodes
    (leaves first, then results) or constants. The leaves are called x1, x2, ...; all of them take part.

    >>> from micrograd_dl.engine.ops import mul, tanh
    >>> Graph([0.5, 2.0], [(mul, (0, 1)), (tanh, (2,))])
    Graph('u1 = x1 * x2; J = tanh(u1)', x1=0.5, x2=2.0)
    """

    def __init__(
        self, numbers: Sequence[float], program: Sequence[tuple[Operation, Sequence[Reference]]]
    ) -> None:
        self.numbers: tuple[float, ...] = tuple(numbers)
        self.program: Program = tuple((operation, tuple(references)) for operation, references in program)
        self.leaves = tuple(Value(x, f"x{i}") for i, x in enumerate(self.numbers, 1))
        root: Value = self(*self.leaves)
        self.root = root

    def __call__(self, *x: Any) -> Any:
        """The result on other numbers: floats, arrays, Values, or whatever answers to ``apply_operation``."""
        nodes = list(x)
        for operation, references in self.program:
            nodes.append(operation(*(nodes[r] if isinstance(r, int) else r for r in references)))
        return nodes[-1]

    def __repr__(self) -> str:
        values = (f"{leaf.label}={x!r}" for leaf, x in zip(self.leaves, self.numbers, strict=True))
        return f"Graph({self.text!r}, {', '.join(values)})"

    @property
    def text(self) -> str:
        """The computation as an expression, a statement for each result."""
        return "; ".join(self.statements(lambda index, term: None))

    def statements(self, inline: Callable[[int, Term], Term | None]) -> Iterator[str]:
        """The computation as statements ``name = formula``.

        `inline` is asked for each result but the last, by its number and its formula, what to write in its
        place wherever it is used; None gives it a name in a statement of its own.
        """
        terms = [Term(leaf.label) for leaf in self.leaves]
        last = len(self.program) - 1
        for index, (operation, references) in enumerate(self.program):
            operands = [terms[x] if isinstance(x, int) else exact_term(x) for x in references]
            if operation in _CALLED or operation.name not in BUILT_IN:
                formula = Term(f"{operation.name}({', '.join(operands)})")
            else:
                formula = operation.written(operands)
            term = inline(len(terms), formula) if index < last else None
            if term is None:
                term = Term("J" if index == last else f"u{index + 1}")
                yield f"{term} = {formula}"
            terms.append(term)

    def uses(self, node: int) -> int:
        """How often the node of that number is an operand."""
        operands = [x for _, references in self.program for x in references if isinstance(x, int)]
        return operands.count(node)


@st.composite
def graphs(
    draw: st.DrawFn,
    operations: Collection[Operation] | None = None,
    max_leaves: int = 4,
    max_results: int = 12,
) -> Graph:
    """Graphs of `operations` (by default the whole table), in which nodes are shared, smooth at every one.

    They shrink to few nodes: what is not needed to make a test fail goes, and with it what only it needs.

    >>> from hypothesis import find
    >>> from micrograd_dl.engine.ops import mul
    >>> find(graphs(), lambda graph: graph.root.op is mul)
    Graph('J = x1 * x1', x1=1.0)
    """
    some = list(TABLE.values() if operations is None else operations)
    growth = _Growth(draw(st.lists(_LEAF, min_size=1, max_size=max_leaves)), draw(_CONSTANTS))
    for _ in range(draw(st.integers(1, max_results))):
        growth.add(*draw(_instructions(some)))
    assume(growth.program)
    return growth.pruned()


@dataclass(frozen=True)
class Formula:
    """An expression as text, the numbers of its variables, and the number that it means."""

    text: str
    values: dict[str, float]
    result: float


@st.composite
def expressions(
    draw: st.DrawFn,
    operations: Collection[Operation] | None = None,
    max_leaves: int = 4,
    max_results: int = 8,
) -> Formula:
    """Texts for ``parse``, with the numbers of their variables and what they come to.

    The result is computed by the table, on floats, in the order of the text: a parser has to find the same
    number, bit for bit.
    """
    graph = draw(graphs(operations, max_leaves, max_results))

    def inline(node: int, formula: Term) -> Term | None:
        # A result that is used twice and inlined would be written, and computed, twice.
        if graph.uses(node) > 1 or draw(st.booleans()):
            return None
        return Term(f"({formula!s})") if draw(st.booleans()) else formula

    separator = draw(st.sampled_from(["; ", ";", "\n", " ;\n"]))
    text = separator.join(graph.statements(inline)).replace(" ", draw(st.sampled_from([" ", "", "  "])))
    values = {leaf.label: x for leaf, x in zip(graph.leaves, graph.numbers, strict=True)}
    return Formula(text, values, graph(*graph.numbers))


@st.composite
def _instructions(draw: st.DrawFn, operations: Sequence[Operation]) -> tuple[Operation, list[int]]:
    """An operation and a choice of each operand. So few draws that Hypothesis deletes it as a whole."""
    operation = draw(st.sampled_from(operations))
    counts = _counts(operation)
    count = counts[0] if len(counts) == 1 else draw(st.sampled_from(counts))
    return operation, [draw(_CHOICE) for _ in range(count)]


_CHOICES = 32
_CHOICE = st.integers(0, _CHOICES - 1)
_LEAF = st.one_of(st.just(1.0), *[numbers()] * 7)  # shrinks to 1, where every operation is smooth
_CONSTANTS = st.lists(numbers(), max_size=3)


class _Growth:
    """A graph under construction, with what is needed to refuse a result that would not be smooth."""

    def __init__(self, start: Sequence[float], constants: Sequence[float]) -> None:
        self.values = list(start)
        self.leaves = len(start)
        self.constants = constants
        self.reach = [1.0] * len(start)  # for each node, the sum over paths from the leaves of |derivatives|
        self.program: list[tuple[Operation, tuple[Reference, ...]]] = []

    def add(self, operation: Operation, choices: Sequence[int]) -> None:
        """Add a result, unless it would not be smooth, or depend on nothing."""
        references = tuple(map(self._reference, choices))
        variables = [i for i, x in enumerate(references) if isinstance(x, int)]
        values = [self.values[x] if isinstance(x, int) else x for x in references]
        slopes = _slopes(operation, values, variables)
        if not variables or slopes is None:
            return
        edges = zip(variables, slopes, strict=True)
        reach = math.fsum(math.fabs(slope) * self.reach[int(references[i])] for i, slope in edges)
        if reach <= LARGEST:
            self.values.append(operation.evaluate(values))
            self.reach.append(reach)
            self.program.append((operation, references))

    def _reference(self, choice: int) -> Reference:
        """A node or a constant. The newest nodes come first, and are likelier; constants come last."""
        some: list[Reference] = [*reversed(range(len(self.values))), *self.constants]
        return some[choice**2 * len(some) // _CHOICES**2]

    def pruned(self) -> Graph:
        """The graph of the newest result, without nodes that it does not depend on."""
        needed = {len(self.values) - 1}
        for index in reversed(range(self.leaves, len(self.values))):
            if index in needed:
                needed.update(x for x in self.program[index - self.leaves][1] if isinstance(x, int))
        place = {old: new for new, old in enumerate(sorted(needed))}
        program = [
            (operation, [place[x] if isinstance(x, int) else x for x in references])
            for index, (operation, references) in enumerate(self.program, self.leaves)
            if index in needed
        ]
        return Graph([self.values[i] for i in range(self.leaves) if i in needed], program)


def _slopes(operation: Operation, values: Sequence[float], variables: Collection[int]) -> list[float] | None:
    """The local derivatives by `variables`, or None if the operation is not smooth at `values`."""
    try:
        out = operation.evaluate(values)
        slopes = [operation.local(i, out, values) for i in variables]
    except (ValueError, ZeroDivisionError):
        return None
    if not all(math.isfinite(x) and math.fabs(x) <= LARGEST for x in [out, *slopes]):
        return None
    if operation.kink is not None and math.fabs(operation.kink(*values)) < MARGIN:
        return None
    # It has to stay defined when the variables move a little, together or alone.
    moves = [(x - MARGIN, x, x + MARGIN) if i in variables else (x,) for i, x in enumerate(values)]
    defined = operation.defined
    return slopes if defined is None or all(defined(*x) for x in itertools.product(*moves)) else None


@functools.cache
def _counts(operation: Operation) -> tuple[int, ...]:
    """Numbers of operands that the operation takes, fewest first; 2 and 4 for dot, which takes pairs."""
    if operation.arity is not None:
        return (operation.arity,)
    found = []
    for count in range(1, MOST_OPERANDS + 1):
        with suppress(ValueError):
            operation.evaluate([1.0] * count)
            found.append(count)
    return tuple(found)
