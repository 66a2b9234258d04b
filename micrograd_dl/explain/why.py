"""Why a gradient is what it is: its terms, with symbols, numbers and lines of source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.graph import recorded_graph
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.numbers import number, number_term
from micrograd_dl.notation.steps import Contribute, Evaluate, Seed, Step, steps_in, written_node

_MOST_TERMS = 20  # printed of one gradient


@dataclass(frozen=True, slots=True)
class Why:
    """The reason for one gradient; printing it shows symbols, numbers and lines of source.

    Attributes:
        node: whose gradient it is.
        data: its data in the pass that the terms belong to.
        terms: the contributions, one for each use of the node.
        done: how many of them are on paper (all, unless asked in the middle of a walk).
        gradient: their sum.
    """

    node: Value
    data: float
    terms: tuple[Contribute | Seed, ...]
    done: int
    notation: Notation

    @property
    def gradient(self) -> float:
        """The sum of all terms."""
        if not self.terms:
            return 0.0
        last = self.terms[-1]
        return last.after if isinstance(last, Contribute) else last.gradient

    def __str__(self) -> str:
        write, n = self.notation, len(self.terms)
        what = write.total(self.node)
        if self.node is write.root:
            lines = [f"{what} = {number(self.gradient)}: backprop begins here"]
        elif n == 1:
            lines = [
                f"{what} = {number(self.gradient)}, one term, since {write.name(self.node)} is used once:"
            ]
        elif n:
            lines = [f"{what} = {number(self.gradient)}, the sum of {n} terms, one for each use:"]
        else:
            lines = [f"{what} = 0: {write.name(write.root)} does not depend on {write.name(self.node)}"]
        for position, term in enumerate(self.terms[:_MOST_TERMS]):
            if isinstance(term, Contribute):
                product, *reasons = (f"  {line}" for line in _term_lines(term, write))
                lines += [product + ("" if position < self.done else "   (not added yet)"), *reasons]
        if n > _MOST_TERMS:
            lines.append(f"  ... and {n - _MOST_TERMS:,} more")
        origin = self.node.origin
        name = write.name(self.node)
        if self.node.operands:
            lines.append(f"{name} = {write.formula(self.node)} = {number(self.data)}")
        else:
            lines.append(f"{name} = {number(self.data)}, a {'leaf' if self.node.is_leaf else 'constant'}")
        if origin is not None and not (self.node.is_leaf and origin.file == "<expression>"):
            lines.append(f"  from {origin}")
        return "\n".join(lines)

    __repr__ = __str__


def _term_lines(term: Contribute, write: Notation) -> list[str]:
    local, formula = write.local(term.node, term.index), write.local_formula(term.node, term.index)
    product = f"{number_term(term.upstream)} * {number_term(term.local)} = {number(term.contribution)}"
    lines = [f"{write.total(term.node)} * {local} = {product}"]
    reason = f"{local} = {formula}"
    if formula != number(term.local):
        reason += f" = {number(term.local)}"
    lines.append(f"  {reason}, since {write.name(term.node)} = {write.formula(term.node)}")
    origin = term.node.origin
    if origin is not None:
        lines.append(f"  from {origin}")
    return lines


def why(root: Value, node: Value) -> Why:
    """Every term of ``d(root)/d(node)``, with symbols, numbers and the line of source behind each.

    Raises:
        TypeError: an argument is not a Value.
        ValueError: `node` is a constant.
        RuntimeError: data was changed after the forward pass was recorded.

    >>> x = Value(3, "x")
    >>> reason = why(x * x, x)
    >>> reason.gradient, [term.contribution for term in reason.terms]
    (6.0, [3.0, 3.0])
    """
    order, notation = recorded_graph(root, node)
    walk = tuple(steps_in(order, notation))
    return why_from(notation, node, node.data, walk, len(walk))


def why_from(notation: Notation, node: Value, data: float, walk: Sequence[Step], position: int) -> Why:
    """The same from the steps of a walk at hand, of which `position` are done; `data` is the node's in it."""
    terms = []
    done = 0
    for at, step in enumerate(walk):
        if not isinstance(step, Evaluate) and written_node(step) is node:
            terms.append(step)
            done += at < position
    return Why(node, data, tuple(terms), done, notation)
