"""A gradient as a sum over paths: for each path, the product of the local derivatives along it."""

from __future__ import annotations

import heapq
import math
import sys
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.html import table
from micrograd_dl.foundation.numbers import to_whole
from micrograd_dl.notation.formulas import Notation, recorded_graph
from micrograd_dl.notation.numbers import number, number_term

_MOST_FACTORS = 11  # that are printed for one path


@dataclass(frozen=True, slots=True)
class Path:
    """One path from the result down to a node."""

    product: float  # the product of the local derivatives along it
    edges: tuple[tuple[Value, int], ...]  # each as (node, index of the operand)
    slopes: tuple[float, ...]  # the local derivative along each edge


@dataclass(frozen=True, slots=True)
class Paths:
    """A gradient as the sum over paths of the products of local derivatives along each."""

    root: Value
    node: Value  # the paths lead from root down to node
    count: int  # how many paths there are, exactly
    largest: tuple[Path, ...]  # paths with the largest products, largest first
    total: float  # the sum over all of them, summed from the leaf upwards (forward mode)
    magnitude: float  # the sum of their absolute values, to which rounding errors are in proportion
    gradient: float  # what backprop gives, from the result downwards; the same up to rounding
    notation: Notation

    @property
    def agrees(self) -> bool:
        """Whether the sum over paths is the gradient, up to rounding."""
        both_nan = math.isnan(self.total) and math.isnan(self.gradient)
        # Below the smallest normal number, products lose their digits.
        rounding = sys.float_info.min + (1e-9 * self.magnitude if math.isfinite(self.magnitude) else 0.0)
        return both_nan or math.isclose(self.total, self.gradient, rel_tol=1e-9, abs_tol=rounding)

    def __str__(self) -> str:
        write, shown = self.notation, len(self.largest)
        what = write.total(self.node)
        if not self.count:
            return f"{what} = 0: no path leads from {write.name(self.root)} to {write.name(self.node)}"
        count = f"{_counted(self.count)} path{'s' * (self.count != 1)}"
        lines = [f"{what} = {number(self.total)}, the sum over {count}:"]
        for path in self.largest:
            names = [*(write.name(node) for node, _ in path.edges), write.name(self.node)]
            if len(path.edges) > _MOST_FACTORS:
                names, equation = [*names[:6], "...", *names[-5:]], f"{len(path.edges)} factors"
            else:
                equation = " * ".join(write.local(node, index) for node, index in path.edges) or what
                if len(path.edges) > 1:
                    equation += f" = {' * '.join(map(number_term, path.slopes))}"
            lines.append(f"  {' -> '.join(names)}:  {equation} = {number(path.product)}")
        if self.count > shown:
            lines.append(f"  ... and {_counted(self.count - shown)} more")
        gradient = number(self.gradient)
        verdict = "which is what backprop gives" if self.agrees else f"but backprop gives {gradient}"
        lines.append(f"Their sum is {number(self.total)}, {verdict}.")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        title, *lines = str(self).split("\n")
        rows = [line.strip().partition(":  ")[::2] for line in lines if ":  " in line]
        return table(("path", "product"), rows, title, [line for line in lines if ":  " not in line])


def paths(root: Value, node: Value, limit: int = 10) -> Paths:
    """The derivative of `root` by `node` as a sum over the paths between them.

    Their number can be astronomical (it doubles with every ``x = x + x``): all are counted and summed, the
    `limit` largest are listed. ValueError if `node` is a constant; RuntimeError if data was changed since the
    forward pass.

    >>> x = Value(3, "x")
    >>> found = paths(x * x + x, x)
    >>> found.count, [path.product for path in found.largest], found.total
    (3, [3.0, 3.0, 1.0], 7.0)
    """
    limit = to_whole(limit, 0, "the number of paths to list")
    order, notation = recorded_graph(root, node)
    # From the node up to each that depends on it: the number of paths, their sum, and their sum without
    # signs. Each is dropped after its last use: a count can have as many digits as there are nodes.
    sums = {node: (1, 1.0, 1.0)}
    depends = {node}
    uses = Counter(operand for user in order for operand in user.operands)
    for user in order:
        below = [(sums[p], slope) for p, slope in zip(user.operands, user.slopes, strict=True) if p in sums]
        if below and user is not node:
            depends.add(user)
            sums[user] = (
                sum(count for (count, _, _), _ in below),
                sum((total * slope for (_, total, _), slope in below), 0.0),
                sum((size * math.fabs(slope) for (_, _, size), slope in below), 0.0),
            )
        for operand in user.operands:
            uses[operand] -= 1
            if not uses[operand] and operand is not root:
                sums.pop(operand, None)
    count, total, magnitude = sums.get(root, (0, 0.0, 0.0))
    largest = _largest_paths(order, node, depends, limit)
    [gradient] = grad(root, [node])
    return Paths(root, node, count, largest, total, magnitude, gradient, notation)


def _largest_paths(
    order: Sequence[Value], node: Value, depends: Container[Value], limit: int
) -> tuple[Path, ...]:
    """The paths with the largest products: at each node, the best among the best of its users times one edge.

    A path is a chain of (product, user, index, the chain so far), so that paths share their beginnings.
    """
    best: dict[Value, list[Any]] = {order[-1]: [(1.0, None, 0, None)]}
    for user in reversed(order):
        if user is node or user not in depends or user not in best:
            continue
        chains = heapq.nlargest(limit, best.pop(user), key=_size)
        for index, (operand, slope) in enumerate(zip(user.operands, user.slopes, strict=True)):
            if operand in depends:
                longer = [(chain[0] * slope, user, index, chain) for chain in chains]
                best.setdefault(operand, []).extend(longer)
    found = []
    for chain in heapq.nlargest(limit, best.get(node, []), key=_size):
        product, edges = chain[0], []
        while chain[3] is not None:
            _, user, index, chain = chain
            edges.append((user, index))
        edges.reverse()
        found.append(Path(product, tuple(edges), tuple(user.slopes[index] for user, index in edges)))
    return tuple(found)


def _size(chain: tuple[Any, ...]) -> float:
    return math.inf if math.isnan(chain[0]) else math.fabs(chain[0])


def _counted(count: int) -> str:
    """A count with its digits in groups; a very long one is rounded (`count` has it exactly)."""
    return f"{count:,}" if count < 10**60 else f"about 10^{math.floor(math.log10(count))}"
