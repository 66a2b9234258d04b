"""Why a gradient is what it is: its terms, with symbols, numbers and lines of source."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.html import table
from micrograd_dl.foundation.written import ADD
from micrograd_dl.notation.formulas import Notation, recorded_graph
from micrograd_dl.notation.numbers import number, number_term
from micrograd_dl.notation.steps import Contribute, Evaluate, Seed, Walk, written_number

_MOST_TERMS = 20  # that are printed for one gradient


@dataclass(frozen=True, slots=True)
class Why:
    """The reason for one gradient; printing it shows symbols, numbers and lines of source."""

    node: Value  # whose gradient it is
    data: float  # its data in the pass that the terms belong to
    terms: tuple[Contribute | Seed, ...]  # the contributions, one for each use of the node
    done: int  # how many of them are on paper (all, unless asked in the middle of a walk)
    notation: Notation

    @property
    def gradient(self) -> float:
        """The sum of all terms."""
        return written_number(self.terms[-1]) if self.terms else 0.0

    def __str__(self) -> str:
        write, n, shown = self.notation, len(self.terms), number(self.gradient)
        what, name = write.total(self.node), write.name(self.node)
        if self.node is write.root:
            lines = [f"{what} = {shown}: backprop begins here"]
        elif not n:
            lines = [f"{what} = 0: {write.name(write.root)} does not depend on {name}"]
        elif n == 1:
            lines = [f"{what} = {shown}, one term, since {name} is used once:"]
        else:
            lines = [f"{what} = {shown}, the sum of {n:,} terms, one for each use:"]
        for position, term in enumerate(self.terms[:_MOST_TERMS]):
            if isinstance(term, Contribute):
                product, *reasons = _lines(term)
                lines += [product + ("" if position < self.done else "   (not added yet)"), *reasons]
        if n > _MOST_TERMS:
            lines.append(f"  ... and {n - _MOST_TERMS:,} more")
        return "\n".join([*lines, *self._of_the_node()])

    def _repr_html_(self) -> str:
        columns = ("term", "in numbers", "is", "because", "from")
        rows = []
        for position, term in enumerate(self.terms[:_MOST_TERMS]):
            if isinstance(term, Contribute):
                product, reason, *_ = _lines(term)
                symbols, numbers, result = product.strip().split(" = ")
                added = "" if position < self.done else " (not added yet)"
                rows.append((symbols, numbers, result + added, reason.strip(), term.node.origin or ""))
        title, *_ = str(self).split("\n")
        more = f"... and {len(self.terms) - _MOST_TERMS:,} more" if len(self.terms) > _MOST_TERMS else ""
        return table(columns, rows, title, [more, *self._of_the_node()])

    def _of_the_node(self) -> list[str]:
        """The node itself, and where it comes from."""
        write = self.notation
        what = write.formula(self.node) + " = " if self.node.operands else ""
        kind = "" if self.node.operands else ", a leaf" if self.node.is_leaf else ", a constant"
        lines = [f"{write.name(self.node)} = {what}{number(self.data)}{kind}"]
        origin = self.node.origin
        if origin is not None and not (self.node.is_leaf and origin.file == "<expression>"):
            lines.append(f"  from {origin}")
        return lines

    __repr__ = __str__


def _lines(term: Contribute) -> Iterator[str]:
    """A term as a product, the reason for its local derivative, and the line of source."""
    write, user = term.notation, term.node
    local, formula = write.local(user, term.index), write.local_formula(user, term.index)
    numbers = f"{number_term(term.upstream)} * {number_term(term.local)} = {number(term.contribution)}"
    yield f"  {write.total(user)} * {local} = {numbers}"
    result = "" if formula == number(term.local) else f" = {number(term.local)}"
    yield f"    {local} = {formula:{ADD}}{result}, since {write.name(user)} = {write.formula(user)}"
    yield from (f"    {kink}" for kink in term.remarks()[1:])
    if user.origin is not None:
        yield f"    from {user.origin}"


def why(root: Value, node: Value) -> Why:
    """Every term of ``d(root)/d(node)``, with symbols, numbers and the line of source behind each.

    ValueError if `node` is a constant; RuntimeError if data was changed since the forward pass.

    >>> x = Value(3, "x")
    >>> [term.contribution for term in why(x * x, x).terms]
    [3.0, 3.0]
    """
    walk = Walk(*recorded_graph(root, node))
    return why_from(walk, node, len(walk))


def why_from(walk: Walk, node: Value, position: int) -> Why:
    """The reasons at a point of a walk, after `position` steps."""
    if not walk.has(node):
        return Why(node, node.data, (), 0, walk.notation)
    summed_at = walk.summed_at(node)
    terms = tuple(term for at in summed_at if not isinstance(term := walk[at], Evaluate))
    return Why(node, walk.data(node), terms, bisect_left(summed_at, position), walk.notation)
