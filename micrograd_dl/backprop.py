"""Backpropagation as a stream of steps, and derivatives of any order.

The stream is pure: it keeps its running sums to itself and yields finished facts. What backpropagates into
the graph itself is ``Value.backward()``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from micrograd_dl.coerce import to_float
from micrograd_dl.notation import Notation, latex_number, number, number_term
from micrograd_dl.operation import ATOM, names_of
from micrograd_dl.ops import CONSTANT
from micrograd_dl.order import topological_order
from micrograd_dl.recording import require_recorded
from micrograd_dl.value import Value


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
    """Backprop: one term of the chain rule, along the edge from `node` to its operand `parent`.

    Attributes:
        node, index, parent: the edge; `parent` is ``node.parents[index]``.
        upstream: the derivative of the result by `node`, complete by now.
        local: the derivative of `node` by this operand.
        contribution: upstream times local.
        before, after: the running total of the derivative by `parent`.
        term, terms: this is the term-th of so many terms, counted from 1.
    """

    node: Value
    index: int
    parent: Value
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
        gradient = write.gradient(self.parent)
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
            rf"{write.latex_total(self.parent)} \mathrel{{+}}= {write.latex_total(self.node)} \cdot "
            rf"{write.latex_local(self.node, self.index)} = "
            rf"{latex_number(self.upstream)} \cdot {local:{ATOM}} = "
            f"{latex_number(self.contribution)}"
        )


Step: TypeAlias = Evaluate | Seed | Contribute


def written_node(step: Step) -> Value:
    """The node whose data or gradient the step writes."""
    return step.parent if isinstance(step, Contribute) else step.node


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
            yield Evaluate(node, node.data, tuple([p.data for p in node.parents]), notation)
    yield Seed(order[-1], seed, notation)
    terms: dict[Value, int] = {}
    for node, index, upstream, local, contribution, before, after in _chain_rule(
        order, seed, _recorded_slopes
    ):
        parent = node.parents[index]
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


def grad(root: Value, variables: Iterable[Value], create_graph: bool = False, seed: float = 1.0) -> list[Any]:
    """The derivatives of `root` by each of `variables`; nothing is written to the graph.

    Args:
        root: the result.
        variables: the nodes to differentiate by; the derivative by one that `root` does not depend on is 0.
        create_graph: give Values, whose graph is the derivative, rather than floats. They can be drawn,
            stepped through and differentiated again.
        seed: the derivative of the final result by `root`.

    Raises:
        TypeError: `root` or a variable is not a Value.
        RuntimeError: with `create_graph`, if data was changed after the forward pass was recorded.

    >>> x = Value(2, "x")
    >>> [first] = grad(x**5, [x], create_graph=True)
    >>> [second] = grad(first, [x], create_graph=True)
    >>> first.data, second.data  # 5 x^4, 20 x^3
    (80.0, 160.0)
    """
    require_value(root)
    if isinstance(variables, Value):
        raise TypeError("grad takes a list of variables: grad(J, [x]) rather than grad(J, x)")
    variables = list(variables)
    for variable in variables:
        require_value(variable)
    order = topological_order(root)
    totals: dict[Value, Any] = {root: to_float(seed, "the seed of grad()")}
    if create_graph:
        require_recorded(order)
    for node, index, *_, after in _chain_rule(
        order, totals[root], _slope_graphs if create_graph else _recorded_slopes
    ):
        totals[node.parents[index]] = after
    found = [totals.get(variable, 0.0) for variable in variables]
    if not create_graph:
        return found
    recorded = set(order)  # a derivative may be a node of the graph itself, whose label is the user's
    return [d if d in recorded else _as_value(d, root, x) for d, x in zip(found, variables, strict=True)]


def evaluate(order: Sequence[Value], given: Mapping[Value, float]) -> dict[Value, float]:
    """The data of every node if the nodes in `given` had these numbers instead; nothing is written.

    Args:
        order: the graph's nodes in topological order.
        given: numbers for some nodes, leaves or not.

    Raises:
        ValueError, ZeroDivisionError: an operation is undefined there.
    """
    values: dict[Value, float] = {}
    for node in order:
        if node in given:
            values[node] = given[node]
        elif node.op is None or node.op is CONSTANT:
            values[node] = node.data
        else:
            operands = [values[p] for p in node.parents]
            try:
                values[node] = node.op.forward(*operands)
            except (ValueError, ZeroDivisionError) as error:
                raise node.op.refusal(error, operands, names_of(node.parents)) from None
    return values


def require_value(node: object) -> None:
    """Raise TypeError unless `node` is a Value."""
    if not isinstance(node, Value):
        raise TypeError(f"a Value is wanted here, not the {type(node).__name__} {node!r:.60}")


def _chain_rule(
    order: Sequence[Value], seed: Any, slopes: Callable[[Value], Sequence[Any]]
) -> Iterator[tuple[Any, ...]]:
    """Every term, on floats or on Values: (node, index, upstream, local, contribution, before, after).

    A node's own derivative is complete when its turn comes, since all that uses it came before.
    """
    totals = {order[-1]: seed}
    for node in reversed(order):
        if node not in totals:
            continue  # a constant: no derivative is asked for
        upstream, locals_ = totals[node], slopes(node)
        for index, parent in enumerate(node.parents):
            if parent.op is CONSTANT:
                continue
            local = locals_[index]
            contribution = _product(upstream, local)
            before = totals.get(parent, 0.0)
            after = totals[parent] = _total(before, contribution)
            yield node, index, upstream, local, contribution, before, after


def _recorded_slopes(node: Value) -> Sequence[float]:
    return node.locals


def _slope_graphs(node: Value) -> Sequence[Any]:
    """The local derivatives as Values; a float where one is the same number whatever the operands."""
    if node.op is None:
        return ()
    operands = [p.data if p.op is CONSTANT else p for p in node.parents]
    return node.op.slopes(node, operands, [p.op is not CONSTANT for p in node.parents])


def _product(x: Any, y: Any) -> Any:
    """x * y, without a node for what is plain: a factor 1 or 0 beside a Value."""
    for one, other in ((x, y), (y, x)):
        if isinstance(other, Value) and one in (0.0, 1.0):
            return other if one else 0.0
    return x * y


def _total(x: Any, y: Any) -> Any:
    """x + y, without a node for a 0 beside a Value."""
    for zero, other in ((x, y), (y, x)):
        if isinstance(other, Value) and zero == 0.0:
            return other
    return x + y


def _as_value(derivative: Any, root: Value, variable: Value) -> Value:
    """A derivative as a Value: a number becomes a constant, a new node is labelled by what it is."""
    if not isinstance(derivative, Value):
        return Value.constant(derivative)
    if not derivative.label and root.label and variable.label:
        derivative.label = f"d{root.label}/d{variable.label}"
    return derivative
