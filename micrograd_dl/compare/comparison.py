"""Two networks side by side: whether they compute the same, and if not, where they first part and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.compare.parting import why_backward, why_forward
from micrograd_dl.compare.rounding import Terms
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.nn.network import Array, Network, Pass
from micrograd_dl.notation.numbers import number


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One quantity of both networks.

    Attributes:
        what, l: its name (J, Z, Z_norm, A, dgamma, dbeta, dZ, dW or db) and its layer; 0 for J.
        here, there: the numbers of both, as arrays.
        difference: the largest difference between entries, relative to the largest entry of the array, or to
            the terms it is the sum of where these are larger: the sums behind a derivative may cancel.
        at: the index of the entry that differs most.
    """

    what: str
    l: int
    here: Array
    there: Array
    difference: float
    at: tuple[int, ...]

    @property
    def name(self) -> str:
        """Such as ``dW[1]``."""
        return f"{self.what}[{self.l}]" if self.l else self.what


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What `compare` found; printing it shows a table and, if the two part, where and probably why.

    Attributes:
        rows: every quantity, in the order of computation: forward, the cost, then backward.
        forward, backward: the first row of each direction in which the two part, or None.
        reasons: one line for each of these two.
        node: of a network of Values, the node behind the first entry that differs; of a derivative by a
            parameter, that parameter.
        tolerance: what counts as a difference.
    """

    rows: tuple[Row, ...]
    forward: Row | None
    backward: Row | None
    reasons: tuple[str, ...]
    node: Value | None
    tolerance: float

    @property
    def equal(self) -> bool:
        """Whether no quantity differs by more than the tolerance."""
        return self.forward is None and self.backward is None

    @property
    def largest(self) -> float:
        """The largest relative difference of all."""
        return max(row.difference for row in self.rows)

    def __str__(self) -> str:
        width = max(7, *(len(row.name) for row in self.rows))
        lines = [f"{'':<{width}} {'shape':>10} {'difference':>11}   where it is largest"]
        for row in self.rows:
            mark = "   <-- they part here" if row in (self.forward, self.backward) else ""
            shape = "x".join(map(str, row.here.shape)) or "1"
            entry = f"{_entry(row)}: {number(row.here[row.at])} and {number(row.there[row.at])}"
            lines.append(f"{row.name:<{width}} {shape:>10} {row.difference:>11.1e}   {entry}{mark}")
        if self.equal:
            lines.append(f"Equal: no relative difference above {self.tolerance:.0e}.")
        lines += self.reasons
        if self.node is not None:
            lines.append(f"To step there: Trace(J).until({self.node.label!r})")
        return "\n".join(lines)

    __repr__ = __str__


def compare(
    here: Network, there: Network, X: ArrayLike, Y: ArrayLike, tolerance: float = 1e-12
) -> Comparison:
    """Run both networks forward and backward on the same examples and compare every number.

    Args:
        here: usually the network of Values.
        there: usually the network of matrices.
        X, Y: the examples, ``(n_x, m)`` and ``(n_y, m)``.
        tolerance: the largest relative difference that counts as equal.

    Raises:
        ValueError: the networks have different layers, or X or Y the wrong shape.

    >>> from micrograd_dl import nn, vectorized
    >>> layers = 2, [3, 1], ["tanh", "sigmoid"]
    >>> result = compare(nn.MLP(*layers), vectorized.MLP(*layers), [[0.0, 1.0], [1.0, 1.0]], [[1, 0]])
    >>> result.equal
    True
    """
    here.require_same_layers(there)
    first, second = here.record(X, Y), there.record(X, Y)
    rows = tuple(_rows(first, second, here, np.asarray(X)))
    cost = next(i for i, row in enumerate(rows) if row.what == "J")
    apart = [row for row in rows if not row.difference <= tolerance]
    forward = next((row for row in apart if rows.index(row) <= cost), None)
    backward = next((row for row in apart if rows.index(row) > cost), None)
    reasons = []
    if forward is not None:
        reason = why_forward(forward, here, first)
        reasons.append(f"Forward, they first part at {_place(forward)}: {reason}")
    if backward is not None:
        if forward is not None and forward.what != "J":  # no blame on formulas that got other numbers
            reason = f"it follows from {forward.name}; repair that first"
        else:
            parted = {row.name for row in apart}
            reason = why_backward(backward, here, first, parted, tolerance)
        reasons.append(f"Backward, they first part at {_place(backward)}: {reason}")
    found = forward if forward is not None and forward.what != "J" else backward
    return Comparison(rows, forward, backward, tuple(reasons), _node(found, first, second, here), tolerance)


def trace_to(comparison: Comparison, J: Value) -> Trace:
    """A walk through the graph of J that stands where the two networks part."""
    trace = Trace(J)
    if comparison.node is not None:
        trace.until(comparison.node.label)  # by name: J may be a graph recorded anew
    return trace


def _rows(first: Pass, second: Pass, model: Network, X: Array) -> Iterator[Row]:
    terms = Terms(first, model, X)
    layers = range(1, len(first.Z) + 1)

    def row(what: str, l: int) -> Row:
        return _row(what, l, getattr(first, what)[l - 1], getattr(second, what)[l - 1], terms.of(what, l))

    for l in layers:
        for what in ("Z", "Z_norm", "A") if model.normalisations[l - 1] else ("Z", "A"):
            yield row(what, l)
    yield _row("J", 0, np.array(first.cost), np.array(second.cost), terms.of("J", 0))
    for l in reversed(layers):
        for what in _BACKWARD[model.normalisations[l - 1]]:
            yield row(what, l)


# What is computed in a layer on the way back, in this order; batch normalisation has no bias beside it.
_BACKWARD = {
    None: ("dZ", "dW", "db"),
    "layer": ("dgamma", "dbeta", "dZ", "dW", "db"),
    "batch": ("dgamma", "dbeta", "dZ", "dW"),
}


def _row(what: str, l: int, here: Array, there: Array, terms: float = 0.0) -> Row:
    with np.errstate(invalid="ignore"):
        apart = np.where((here == there) | (np.isnan(here) & np.isnan(there)), 0.0, np.abs(here - there))
    at = np.unravel_index(np.argmax(np.where(np.isnan(apart), np.inf, apart)), apart.shape)
    finite = [np.abs(x[np.isfinite(x)]).max(initial=0.0) for x in (here, there)]
    scale = max(*finite, terms if np.isfinite(terms) else 0.0, 1e-300)
    difference = float(apart[at] / scale) if apart[at] else 0.0
    return Row(
        what, l, here, there, np.inf if np.isnan(difference) else difference, tuple(int(i) for i in at)
    )


def _entry(row: Row) -> str:
    """Units and examples are counted from 1, as in the course."""
    if row.what == "J":
        return "J"
    i, k = (x + 1 for x in row.at)
    if row.what == "dW":
        return f"dW[{row.l}], row {i}, column {k}"
    return f"unit {i}" if row.what in ("db", "dgamma", "dbeta") else f"unit {i}, example {k}"


def _place(row: Row) -> str:
    where = "the cost" if row.what == "J" else f"{row.name}, {_entry(row).removeprefix(f'{row.name}, ')}"
    return f"{where}, {number(row.here[row.at])} against {number(row.there[row.at])}"


def _node(row: Row | None, first: Pass, second: Pass, model: Network) -> Value | None:
    node = first.node or second.node
    if row is None or node is None or row.what == "J":
        return None
    what = row.what.removeprefix("d")
    # A loss that goes with one output activation is computed from z, and a takes no part in the cost.
    if what == "A" and row.l == len(first.Z) and model.loss.output is not None:
        what = "Z"
    return node(what, row.l, *row.at)
