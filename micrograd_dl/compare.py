"""Two networks side by side: whether they compute the same, and if not, where they first part and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl import ops
from micrograd_dl.network import Array, Network, Pass
from micrograd_dl.notation import number
from micrograd_dl.trace import Trace
from micrograd_dl.value import Value


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One quantity of both networks.

    Attributes:
        what, l: its name (J, Z, A, dZ, dW or db) and its layer; 0 for J.
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
        node: of a network of Values, the node behind the first entry that differs.
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
        lines = [f"{'':<7} {'shape':>10} {'difference':>11}   where it is largest"]
        for row in self.rows:
            mark = "   <-- they part here" if row in (self.forward, self.backward) else ""
            shape = "x".join(map(str, row.here.shape)) or "1"
            entry = f"{_entry(row)}: {number(row.here[row.at])} and {number(row.there[row.at])}"
            lines.append(f"{row.name:<7} {shape:>10} {row.difference:>11.1e}   {entry}{mark}")
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
    if here.shape != there.shape:
        raise ValueError(f"the networks have different layers: {here.shape} and {there.shape}")
    first, second = here.record(X, Y), there.record(X, Y)
    rows = tuple(_rows(first, second, here, np.asarray(X)))
    cost = next(i for i, row in enumerate(rows) if row.what == "J")
    apart = [row for row in rows if not row.difference <= tolerance]
    forward = next((row for row in apart if rows.index(row) <= cost), None)
    backward = next((row for row in apart if rows.index(row) > cost), None)
    reasons = []
    if forward is not None:
        reasons.append(f"Forward, they first part at {_place(forward)}: {_forward_reason(forward, here)}")
    if backward is not None:
        if forward is not None and forward.what != "J":  # no blame on formulas that got other numbers
            reason = f"it follows from {forward.name}; repair that first"
        else:
            reason = _backward_reason(backward, here, first, tolerance)
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
    layers = range(1, len(first.Z) + 1)
    for l in layers:
        for what in ("Z", "A"):
            yield _row(what, l, getattr(first, what)[l - 1], getattr(second, what)[l - 1])
    yield _row("J", 0, np.array(first.cost), np.array(second.cost))
    magnitudes: Array | None = None
    for l in reversed(layers):
        magnitudes = _magnitudes(l, first, model, magnitudes)
        for what, terms in zip(("dZ", "dW", "db"), _terms(l, first, magnitudes, X), strict=True):
            yield _row(what, l, getattr(first, what)[l - 1], getattr(second, what)[l - 1], terms)


@np.errstate(all="ignore")
def _magnitudes(l: int, numbers: Pass, model: Network, after: Array | None) -> Array:
    """The sum of magnitudes behind each entry of dA of layer l (in the last, the output and the target).

    Where a sum cancels, its rounding goes by its terms, not by what is left of it; and what one layer has
    rounded, the next ones carry on. So `after`, the sums of layer l + 1, is passed down as dZ itself is. A
    slope such as ``1 - a^2`` has its own rounding where the activation is level, hence the thousandth.
    """
    if after is None:
        return np.abs(numbers.A[-1]) + 1
    if l + 1 < len(numbers.Z):
        A, g = numbers.A[l], model.activations[l].name
        slope = ops.TABLE[g].slopes(A, [numbers.Z[l]])[0] if g in ops.TABLE else np.ones_like(A)
        after = np.maximum(np.abs(numbers.dZ[l]), after * np.minimum(1, np.abs(slope) + 1e-3))
    return np.abs(model.layers_data()[l][0]).T @ after


@np.errstate(all="ignore")
def _terms(l: int, numbers: Pass, magnitudes: Array, X: Array) -> tuple[float, float, float]:
    """The largest sum of magnitudes behind an entry of dZ, dW and db of layer l."""
    A = np.abs(numbers.A[l - 2] if l > 1 else X)
    return (
        float(magnitudes.max()),
        float((magnitudes @ A.T).max() / A.shape[1]),
        float(magnitudes.mean(axis=1).max()),
    )


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
    return f"unit {i}" if row.what == "db" else f"unit {i}, example {k}"


def _place(row: Row) -> str:
    where = "the cost" if row.what == "J" else f"{row.name}, {_entry(row).removeprefix(f'{row.name}, ')}"
    return f"{where}, {number(row.here[row.at])} against {number(row.there[row.at])}"


def _node(row: Row | None, first: Pass, second: Pass, model: Network) -> Value | None:
    node = first.node or second.node
    if row is None or node is None or row.what in ("dW", "db"):
        return None
    # A loss that goes with one output activation is computed from z, and a takes no part in the cost.
    beside = row.l == len(first.Z) and model.loss.output is not None
    return node("Z" if beside else row.what[-1], row.l, row.at[0], row.at[1])


# --- why they part: what each mistake would have given is tried ---------------------------------------------


def _forward_reason(row: Row, model: Network) -> str:
    if row.what == "Z":
        return f"the product W A + b of layer {row.l}, or its weights, are not the same"
    if row.what == "A":
        name = model.activations[row.l - 1].name
        return f"Z[{row.l}] agrees, so the activation is not the {name} it should be"
    return "the outputs agree, so it is the loss, its mean over m, or the regularisation"


def _backward_reason(row: Row, model: Network, first: Pass, tolerance: float) -> str:
    m = first.Z[0].shape[1]
    if (factor := _factor(row, m, tolerance)) is not None:
        return f"{row.name} is {factor} times what it should be, as if a 1/m were missing or done twice"
    if row.what == "dW":
        return _dW_reason(row, model, m, tolerance)
    if row.what == "db":
        return f"dZ[{row.l}] and dW[{row.l}] agree, so it is the sum of dZ over the examples, or its 1/m"
    if row.l == len(first.Z):
        return f"the outputs agree, so the derivative of the loss {model.loss.name} is wrong"
    return _dZ_reason(row, model, first, tolerance)


def _factor(row: Row, m: int, tolerance: float) -> str | None:
    for factor, text in ((m, "m"), (1 / m, "1/m")):
        if m > 1 and _same(row.there, factor * row.here, tolerance):
            return text
    return None


def _dW_reason(row: Row, model: Network, m: int, tolerance: float) -> str:
    W = model.layers_data()[row.l - 1][0]
    for name, penalty in (("L2", model.l2 / m * W), ("L1", model.l1 / (2 * m) * np.sign(W))):
        if penalty.any() and _same(row.there, row.here - penalty, tolerance):
            return f"it lacks the {name} regularisation"
    if (model.l2 or model.l1) and _same(
        row.there, row.here - model.l2 / m * W - model.l1 / (2 * m) * np.sign(W), tolerance
    ):
        return "it lacks the regularisation"
    if W.shape[0] == W.shape[1] and _same(row.there, row.here.T, tolerance):
        return "it is transposed: dW = dZ A^T / m"
    return f"dZ[{row.l}] agrees, so it is the product dZ A^T / m, or the regularisation"


def _dZ_reason(row: Row, model: Network, first: Pass, tolerance: float) -> str:
    l = row.l
    W, dZ = model.layers_data()[l][0], first.dZ[l]
    dA, name = W.T @ dZ, model.activations[l - 1].name
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(dA == 0, 0.0, row.here / dA)
        claimed = float(row.there[row.at] / dA[row.at])
    if W.shape[0] == W.shape[1] and _same(row.there, (W @ dZ) * slope, tolerance):
        return f"W[{l + 1}] stands where its transpose should: dA[{l}] = W[{l + 1}]^T dZ[{l + 1}]"
    z, right = float(first.Z[l - 1][row.at]), float(slope[row.at])
    return (
        f"dZ[{l + 1}] agrees, so it is the derivative of {name}: at z = {number(z)} it is {number(right)}, "
        f"not {number(claimed)} (or the product W[{l + 1}]^T dZ[{l + 1}])"
    )


def _same(x: Array, y: Array, tolerance: float) -> bool:
    scale = max(np.abs(x).max(initial=0.0), np.abs(y).max(initial=0.0))
    return bool(np.abs(x - y).max(initial=0.0) <= max(tolerance, 1e-9) * scale)
