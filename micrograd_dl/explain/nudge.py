"""The effect of a small change of one number on the result, beside the derivative's prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass

from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.html import table
from micrograd_dl.foundation.numbers import to_float
from micrograd_dl.foundation.recorded import same_number
from micrograd_dl.notation.formulas import Notation, recorded_graph
from micrograd_dl.notation.forward import evaluate
from micrograd_dl.notation.kinks import kinks_between
from micrograd_dl.notation.numbers import number


@dataclass(frozen=True, slots=True)
class Nudge:
    """The effect of a small change of one node on the result."""

    node: Value  # the node that was changed
    h: float  # by how much
    data: float  # the node's data before
    before: float  # the result before
    after: float  # and after
    derivative: float  # what backprop says that the ratio tends to
    changed: tuple[tuple[Value, float], ...]  # the nodes between, with their new data
    errors: tuple[tuple[float, float], ...]  # for several h, the ratio's distance from the derivative
    kinks: tuple[Value, ...]  # nodes with a kink within the nudge: there the ratio need not tend to it
    notation: Notation

    @property
    def ratio(self) -> float:
        """The change of the result over the change of the node."""
        return (self.after - self.before) / self.h

    def __str__(self) -> str:
        write = self.notation
        name, result = write.name(self.node), write.name(write.root)
        changes = [f"{write.name(n)} = {_long(x)}" for n, x in self.changed]
        changes = changes or [f"{result} = {_long(self.after)}"]
        changes = changes if len(changes) <= 7 else [*changes[:5], "...", changes[-1]]
        lines = [
            f"{name}: {_long(self.data)} -> {_long(self.data + self.h)} gives {', '.join(changes)}",
            f"ratio ({_long(self.after)} - {_long(self.before)}) / {number(self.h)} = {number(self.ratio)}, "
            f"{write.total(self.node)} = {number(self.derivative)}",
            "h:     " + " ".join(f"{h:>7.0e}" for h, _ in self.errors),
            "error: " + " ".join(f"{error:>7.1e}" for _, error in self.errors),
        ]
        if self.data + self.h == self.data:
            unchanged = _long(self.data)
            lines.append(
                f"Warning: of doubles, {unchanged} + {number(self.h)} is {unchanged}; take a larger h."
            )
        if self.kinks:
            where = ", ".join(f"{write.name(n)} = {write.formula(n)}" for n in self.kinks[:3])
            lines.append(f"Warning: a kink lies within the nudge, at {where}; the ratio depends on the side.")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        change, ratio, _, _, *warnings = str(self).split("\n")
        rows = [(f"{h:.0e}", f"{error:.1e}") for h, error in self.errors]
        columns = ("h", "distance of the ratio from the derivative")
        return table(columns, rows, f"{change}; {ratio}", warnings)


def nudge(root: Value, node: Value, h: float = 0.001) -> Nudge:
    """Change `node` by `h`, see what becomes of `root`, and compare with the derivative; nothing is written.

    ValueError if `node` is a constant, or `h` 0 or not finite; ValueError or ZeroDivisionError if the result
    is undefined at the nudged point; RuntimeError if data was changed since the forward pass.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> round(nudge(3 * (a + b * c), b).after, 10)
    33.006
    """
    h = to_float(h, "a nudge")
    if h == 0 or not math.isfinite(h):
        raise ValueError(f"a nudge is a small number other than 0, such as 0.001; not {h:g}")
    order, notation = recorded_graph(root, node)
    here = evaluate(order, {})

    def at(step: float) -> dict[Value, float]:
        return evaluate(order, {node: node.data + step})

    def error(step: float) -> float:
        """The distance of the ratio from the derivative; NaN where the result is undefined."""
        try:
            return math.fabs((at(step)[root] - root.data) / step - derivative)
        except (ValueError, ZeroDivisionError):
            return math.nan

    there = at(h)
    [derivative] = grad(root, [node])
    changed = tuple((n, there[n]) for n in order if n is not node and not same_number(there[n], here[n]))
    sizes = sorted({math.fabs(h), *(1 / 10**i for i in range(1, 9))}, reverse=True)
    errors = tuple((step, error(step)) for step in (math.copysign(size, h) for size in sizes))
    kinks = kinks_between(order, here, there)
    return Nudge(node, h, node.data, root.data, there[root], derivative, changed, errors, kinks, notation)


def _long(x: float) -> str:
    """Ten digits: enough to see a nudge."""
    return f"{x + 0.0:.10g}"
