"""Two networks side by side: whether they compute the same, and if not, where they first differ and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from numpy.typing import ArrayLike

from micrograd_dl.compare.quantities import Row, rows_of
from micrograd_dl.compare.reasons import Reasons
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.foundation.html import table
from micrograd_dl.nn.network import Network, Pass
from micrograd_dl.notation.numbers import number


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The result of `compare`; printing it shows a table, the first difference and its probable reason."""

    rows: tuple[Row, ...]  # every quantity, in the order of computation: forward, the cost, then backward
    forward: Row | None  # the first row of the forward pass in which the two differ
    backward: Row | None  # and of the backward pass
    reasons: tuple[str, ...]  # one line for each of these two
    node: Value | None  # for a network of Values, the node behind the first entry that differs
    tolerance: float  # what counts as a difference

    @property
    def equal(self) -> bool:
        """Whether no quantity differs by more than the tolerance."""
        return self.forward is None and self.backward is None

    @property
    def largest(self) -> float:
        """The largest relative difference of all."""
        return max(row.difference for row in self.rows)

    def _cells(self) -> Iterator[tuple[str, ...]]:
        """The rows of the table, which marks the first difference of each direction."""
        for row in self.rows:
            mark = "the first difference" if row in (self.forward, self.backward) else ""
            shape = "x".join(map(str, row.here.shape)) or "1"
            yield row.name, shape, f"{row.difference:.1e}", _numbers(row, "and"), mark

    def _below(self) -> list[str]:
        """The lines below the table."""
        equal = [f"Equal: no relative difference above {self.tolerance:.0e}."] if self.equal else []
        way = [f"To step there: Trace(J).until({self.node.label!r})"] if self.node is not None else []
        return [*equal, *self.reasons, *way]

    def __str__(self) -> str:
        width = max(7, *(len(row.name) for row in self.rows))
        lines = [f"{'':<{width}} {'shape':>10} {'difference':>11}   where it is largest"]
        for name, shape, difference, where, mark in self._cells():
            end = f"   <-- {mark}" if mark else ""
            lines.append(f"{name:<{width}} {shape:>10} {difference:>11}   {where}{end}")
        return "\n".join([*lines, *self._below()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        columns = ("quantity", "shape", "difference", "where it is largest", "")
        return table(columns, self._cells(), notes=self._below())


def compare(
    here: Network, there: Network, X: ArrayLike, Y: ArrayLike, tolerance: float = 1e-12
) -> Comparison:
    """Run both networks forward and backward on the same examples and compare every number.

    `here` is the network that is right, usually one of Values. ``X (n_x, m)`` and ``Y (n_y, m)`` are
    examples; `tolerance` is the largest relative difference that counts as equal. ValueError if the networks
    have different layers, or X or Y the wrong shape.

    >>> from micrograd_dl import nn, vectorized
    >>> layers = 2, [3, 1], ["tanh", "sigmoid"]
    >>> here, there = nn.MLP(*layers, seed=1), vectorized.MLP(*layers, seed=1)
    >>> compare(here, there, [[0.0, 1.0], [1.0, 1.0]], [[1, 0]]).equal
    True
    """
    here.require_same_layers(there)
    first, second = here.record(X, Y), there.record(X, Y)
    rows = rows_of(here, first, second, X, Y)
    cost = next(i for i, row in enumerate(rows) if row.what == "J")
    forward, backward = (
        next((row for row in part if not row.difference <= tolerance), None)
        for part in (rows[: cost + 1], rows[cost + 1 :])
    )
    differing = {row.name for row in rows if not row.difference <= tolerance}
    reasons = []
    for direction, row in (("Forward", forward), ("Backward", backward)):
        if row is None:
            continue
        if row is backward and forward is not None and forward.what != "J":
            reason = f"it follows from {forward.name}; repair that first"
        else:
            reason = Reasons(row, here, first, tolerance).first(differing)
        place = _numbers(row, "against").replace(": ", ", ", 1)
        reasons.append(f"{direction}, the first difference is at {place}: {reason}")
    found = forward if forward is not None and forward.what != "J" else backward
    node = _node(found, first, second, here)
    return Comparison(tuple(rows), forward, backward, tuple(reasons), node, tolerance)


def trace_to(comparison: Comparison, J: Value) -> Trace:
    """A walk through the graph of J that stands where the two networks first differ."""
    trace = Trace(J)
    if comparison.node is not None:
        trace.until(comparison.node.label)  # by name: J may be a graph recorded anew
    return trace


def _numbers(row: Row, joined: str) -> str:
    return f"{row.entry}: {number(row.here[row.at])} {joined} {number(row.there[row.at])}"


def _node(row: Row | None, first: Pass, second: Pass, model: Network) -> Value | None:
    node = first.node or second.node
    if row is None or node is None or row.what == "J":
        return None
    what = row.what.removeprefix("d")
    # A loss that goes with one output activation is computed from z, and a takes no part in the cost.
    if what == "A" and row.l == len(first.Z) and model.loss.output is not None:
        what = "Z"
    return node(what, row.l, *row.at)
