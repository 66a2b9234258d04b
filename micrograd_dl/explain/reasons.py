"""Why a gradient is what it is: its terms, the paths it sums over, and what a nudge does."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from micrograd_dl.engine.gradients import evaluate, grad, require_recorded, require_value, same_number
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.gradcheck.graphs import kinks_between
from micrograd_dl.notation.notation import Notation, number, number_term
from micrograd_dl.notation.steps import Contribute, Evaluate, Seed, Step, steps_in, written_node
from micrograd_dl.output.numbers import to_float

_MOST_TERMS = 20  # printed of one gradient
_MOST_FACTORS = 11  # printed of one path

# --- why: the terms of one gradient -----------------------------------------------------------------------


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
    order, notation = _graph(root, node)
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


# --- paths: the gradient as a sum over paths ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Path:
    """One path from the result down to a node.

    Attributes:
        product: of the local derivatives along it.
        edges: each as (node, index of the operand).
        slopes: the local derivative along each edge.
    """

    product: float
    edges: tuple[tuple[Value, int], ...]
    slopes: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """A gradient as the sum over paths of the products of local derivatives along each.

    Attributes:
        root, node: the paths lead from root down to node.
        count: how many paths there are, exactly.
        largest: those with the largest products, largest first.
        total: the sum over all of them, summed from the leaf upwards (forward mode).
        magnitude: the same sum of the products without their signs, by which rounding is to be measured.
        gradient: what backprop gives, from the result downwards; the same up to rounding.
    """

    root: Value
    node: Value
    count: int
    largest: tuple[Path, ...]
    total: float
    magnitude: float
    gradient: float
    notation: Notation

    @property
    def agrees(self) -> bool:
        """Whether the sum over paths is the gradient, up to rounding."""
        both_nan = math.isnan(self.total) and math.isnan(self.gradient)
        rounding = 1e-9 * self.magnitude if math.isfinite(self.magnitude) else 0.0
        return both_nan or math.isclose(self.total, self.gradient, rel_tol=1e-9, abs_tol=rounding)

    def __str__(self) -> str:
        write = self.notation
        what = write.total(self.node)
        shown = len(self.largest)
        count = _counted(self.count)
        if not self.count:
            return f"{what} = 0: no path leads from {write.name(self.root)} to {write.name(self.node)}"
        lines = [f"{what} = {number(self.total)}, the sum over {count} path{'s' * (self.count != 1)}:"]
        for path in self.largest:
            nodes = [*(node for node, _ in path.edges), self.node]
            if len(path.edges) > _MOST_FACTORS:
                names = [*map(write.name, nodes[:6]), "...", *map(write.name, nodes[-5:])]
                equation = f"{len(path.edges)} factors"
            else:
                names = [*map(write.name, nodes)]
                equation = " * ".join(write.local(node, index) for node, index in path.edges) or what
                if len(path.edges) > 1:
                    equation += f" = {' * '.join(map(number_term, path.slopes))}"
            lines.append(f"  {' -> '.join(names)}:  {equation} = {number(path.product)}")
        if self.count > shown:
            lines.append(f"  ... and {_counted(self.count - shown)} more")
        verdict = (
            "which is what backprop gives" if self.agrees else f"but backprop gives {number(self.gradient)}"
        )
        lines.append(f"Their sum is {number(self.total)}, {verdict}.")
        return "\n".join(lines)

    __repr__ = __str__


def paths(root: Value, node: Value, limit: int = 10) -> Paths:
    """The derivative of `root` by `node` as a sum over the paths between them.

    The number of paths can be astronomical (it doubles with every ``x = x + x``): all are counted and
    summed, the `limit` largest are listed.

    Raises:
        TypeError: an argument is not a Value.
        ValueError: `limit` is below 0, or `node` is a constant.
        RuntimeError: data was changed after the forward pass was recorded.

    >>> x = Value(3, "x")
    >>> y = x * x
    >>> found = paths(y + x, x)
    >>> found.count, [path.product for path in found.largest], found.total
    (3, [3.0, 3.0, 1.0], 7.0)
    """
    if limit < 0:
        raise ValueError(f"the number of paths to list is 0 or more, not {limit}")
    order, notation = _graph(root, node)
    # From node up to each: the number of paths, the sum over them, and that without the signs.
    counts, slopes, sizes = {node: 1}, {node: 1.0}, {node: 1.0}
    for user in order:
        if user is node:
            continue
        below = [
            (parent, local)
            for parent, local in zip(user.operands, user.slopes, strict=True)
            if parent in counts
        ]
        if below:
            counts[user] = sum(counts[parent] for parent, _ in below)
            slopes[user] = sum((slopes[parent] * local for parent, local in below), 0.0)
            sizes[user] = sum((sizes[parent] * math.fabs(local) for parent, local in below), 0.0)
    largest = _largest_paths(order, node, counts, limit)
    total, magnitude = slopes.get(root, 0.0), sizes.get(root, 0.0)
    [gradient] = grad(root, [node])
    return Paths(root, node, counts.get(root, 0), largest, total, magnitude, gradient, notation)


def _largest_paths(
    order: Sequence[Value], node: Value, below: dict[Value, int], limit: int
) -> tuple[Path, ...]:
    """The paths with the largest products: at each node, the best among the best of its users times one edge.

    A path is a chain of (product, (user, index), the chain so far), so that paths share their beginnings.
    """
    best: dict[Value, list[Any]] = {order[-1]: [(1.0, None, None)]}
    for user in reversed(order):
        if user is node or user not in below or user not in best:
            continue
        chains = heapq.nlargest(limit, best.pop(user), key=_size)
        for index, parent in enumerate(user.operands):
            if parent in below:
                local = user.slopes[index]
                best.setdefault(parent, []).extend(
                    (chain[0] * local, (user, index), chain) for chain in chains
                )
    return tuple(_unrolled(chain) for chain in heapq.nlargest(limit, best.get(node, []), key=_size))


def _size(chain: tuple[float, Any, Any]) -> float:
    return math.inf if math.isnan(chain[0]) else math.fabs(chain[0])


def _counted(count: int) -> str:
    """A count with its digits in groups; of a very long one, only how long it is (`count` has it exactly)."""
    if count < 10**60:
        return f"{count:,}"
    return f"about 10^{math.floor(math.log10(count))}"


def _unrolled(chain: Any) -> Path:
    product, edges = chain[0], []
    while chain[1] is not None:
        edges.append(chain[1])
        chain = chain[2]
    edges.reverse()
    return Path(product, tuple(edges), tuple(node.slopes[index] for node, index in edges))


# --- nudge: change one number a little ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Nudge:
    """What a small change h of one node does to the result.

    Attributes:
        node, h: what was changed and by how much.
        data: the node's data before.
        before, after: the result before and after.
        ratio: (after - before) / h.
        derivative: what backprop says the ratio tends to.
        changed: the nodes between, with their new data.
        errors: for several h, the ratio's distance from the derivative.
        kinks: nodes at a kink, or with one between the two points: there the ratio need not tend to it.
    """

    node: Value
    h: float
    data: float
    before: float
    after: float
    derivative: float
    changed: tuple[tuple[Value, float], ...]
    errors: tuple[tuple[float, float], ...]
    kinks: tuple[Value, ...]
    notation: Notation

    @property
    def ratio(self) -> float:
        """The change of the result over the change of the node."""
        return (self.after - self.before) / self.h

    def __str__(self) -> str:
        write = self.notation
        name, result = write.name(self.node), write.name(write.root)
        told = [f"{write.name(n)} = {_long(x)}" for n, x in self.changed] or [
            f"{result} = {_long(self.after)}"
        ]
        told = told if len(told) <= 7 else [*told[:5], "...", told[-1]]
        lines = [
            f"{name}: {_long(self.data)} -> {_long(self.data + self.h)} gives {', '.join(told)}",
            f"ratio ({_long(self.after)} - {_long(self.before)}) / {number(self.h)} = {number(self.ratio)}, "
            f"{write.total(self.node)} = {number(self.derivative)}",
            "h:     " + " ".join(f"{h:>7.0e}" for h, _ in self.errors),
            "error: " + " ".join(f"{error:>7.1e}" for _, error in self.errors),
        ]
        if self.data + self.h == self.data:
            lost = f"{_long(self.data)} + {number(self.h)} is {_long(self.data)}"
            lines.append(f"Warning: to a double, {lost}; take a longer h.")
        if self.kinks:
            where = ", ".join(f"{write.name(n)} = {write.formula(n)}" for n in self.kinks[:3])
            lines.append(f"Warning: a kink lies within the nudge, at {where}; the ratio depends on the side.")
        return "\n".join(lines)

    __repr__ = __str__


def nudge(root: Value, node: Value, h: float = 0.001) -> Nudge:
    """Change `node` by `h`, see what becomes of `root`, and compare with the derivative; nothing is written.

    Raises:
        TypeError: an argument is not a Value, or h not a number.
        ValueError, ZeroDivisionError: h is 0 or not finite, `node` is a constant, or the result is undefined
            at the nudged point.
        RuntimeError: data was changed after the forward pass was recorded.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> round(nudge(3 * (a + b * c), b).after, 10)
    33.006
    """
    h = to_float(h, "a nudge")
    if h == 0 or not math.isfinite(h):
        raise ValueError(f"a nudge is a small number other than 0, such as 0.001; not {h:g}")
    order, notation = _graph(root, node)
    data = node.data
    here = evaluate(order, {})
    there = evaluate(order, {node: data + h})
    [derivative] = grad(root, [node])
    changed = tuple((n, there[n]) for n in order if n is not node and not same_number(there[n], here[n]))
    errors = []
    for size in sorted({math.fabs(h), 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8}, reverse=True):
        step = math.copysign(size, h)
        try:
            errors.append(
                (
                    step,
                    math.fabs((evaluate(order, {node: data + step})[root] - root.data) / step - derivative),
                )
            )
        except (ValueError, ZeroDivisionError):
            errors.append((step, math.nan))
    return Nudge(
        node,
        h,
        data,
        root.data,
        there[root],
        derivative,
        changed,
        tuple(errors),
        kinks_between(order, here, there),
        notation,
    )


def _long(x: float) -> str:
    """Ten digits: enough to see a nudge."""
    return f"{x + 0.0:.10g}"


def _graph(root: Value, node: Value) -> tuple[list[Value], Notation]:
    """The nodes of the graph in order, and its notation, with a name for `node` if it takes no part."""
    require_value(root)
    require_value(node)
    if node.is_constant:
        raise ValueError(
            f"{number(node.data)} is a constant, which has no derivative: make it a variable with Value(...)"
        )
    order = topological_order(root)
    require_recorded(order)
    known = set(order)
    return order, Notation([n for n in topological_order(node) if n not in known] + order)
