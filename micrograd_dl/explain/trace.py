"""A finished walk through a graph, and a cursor on it that moves both ways.

The cursor is one number, the count of steps done. What is on paper at that moment (which data is known, how
far each gradient has been summed) is looked up in the steps, so that every move costs the same however large
the graph is, and stepping back cannot leave anything behind.
"""

from __future__ import annotations

import math
import operator
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from micrograd_dl.engine.coerce import to_float
from micrograd_dl.engine.gradients import require_value
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.recording import recompute, require_recorded
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.nudge import Nudge, nudge
from micrograd_dl.explain.paths import Paths, paths
from micrograd_dl.explain.why import Why, why_from
from micrograd_dl.gradcheck.graphs import check
from micrograd_dl.gradcheck.verdict import Check
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.numbers import number
from micrograd_dl.notation.steps import Contribute, Evaluate, Seed, Step, steps_in, written_node
from micrograd_dl.output.text import plural

_WINDOW = 4  # steps shown on either side of the cursor


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Where `resume` stops: `text` says it in words, `hit` decides by the step just done."""

    text: str
    hit: Callable[[Step], bool]


class Trace:
    """The forward pass and backprop of a recorded graph as a walk with a cursor.

    Args:
        root: the result to walk to and back from.
        seed: the derivative of the final result by `root`.

    Attributes:
        root, order: the graph, in topological order.
        steps: every step of the walk.
        position: how many steps are done, from 0 to ``len(steps)``.
        notation: the names and symbols of the graph.
        breakpoints: where `resume` stops; see `break_at`.
        watches: nodes to show at every stop; see `watch`.

    Raises:
        TypeError: `root` is not a Value.
        RuntimeError: data was changed after the forward pass was recorded.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> trace = Trace(3 * (a + b * c))
    >>> print(trace.until("db"))
    db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)
    >>> trace.grad(b), trace.grad(c)
    (6.0, None)
    >>> print(trace.back())
    db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)
    >>> trace.grad(b) is None
    True
    """

    def __init__(self, root: Value, seed: float = 1.0) -> None:
        require_value(root)
        self.root = root
        self.seed = to_float(seed, "the seed of backprop")
        self.order: tuple[Value, ...] = tuple(topological_order(root))
        self.notation = Notation(self.order, seeded=self.seed != 1)
        self.position = 0
        self.breakpoints: list[Breakpoint] = []
        self.watches: list[Value] = []
        self._record()

    def _record(self) -> None:
        require_recorded(self.order)
        self.steps: tuple[Step, ...] = tuple(steps_in(self.order, self.notation, self.seed))
        # For each node, its data with the position from which on it is known (leaves are from the start), and
        # the steps that write its gradient: what is on paper follows from where the cursor falls among them.
        self._known: dict[Value, tuple[int, float]] = {node: (0, node.data) for node in self.order}
        self._summed: dict[Value, list[int]] = {}
        for at, step in enumerate(self.steps):
            if isinstance(step, Evaluate):
                self._known[step.node] = (at + 1, step.value)
            else:
                self._summed.setdefault(written_node(step), []).append(at)

    # --- the cursor -------------------------------------------------------------------------------------

    @property
    def current(self) -> Step | None:
        """The step just done; None at the start."""
        return self.steps[self.position - 1] if self.position else None

    @property
    def upcoming(self) -> Step | None:
        """The step that `next` does; None at the end."""
        return self.steps[self.position] if self.position < len(self.steps) else None

    def next(self) -> Step | None:
        """Do one step and return it; None at the end."""
        step = self.upcoming
        self.position += step is not None
        return step

    def back(self) -> Step | None:
        """Undo one step and return it; None at the start."""
        step = self.current
        self.position -= step is not None
        return step

    def start(self) -> None:
        """Go before the first step."""
        self.position = 0

    def end(self) -> Step | None:
        """Go behind the last step and return it."""
        self.position = len(self.steps)
        return self.current

    def goto(self, position: int) -> Step | None:
        """Go to where `position` steps are done and return the last of them.

        Raises:
            IndexError: there are not so many steps.
            TypeError: `position` is no whole number.
        """
        position = operator.index(position)
        if not 0 <= position <= len(self.steps):
            count = plural(len(self.steps), "step")
            raise IndexError(f"the walk has {count}: go to 0 ... {len(self.steps)}, not {position}")
        self.position = position
        return self.current

    def until(self, target: Value | str) -> Step | None:
        """Go on until a step has written `target`, and return that step; stay and return None if none does.

        Args:
            target: a node or its name (its evaluation, or the next term of its gradient), or a gradient,
                ``"db"`` or ``"dJ/db"``.

        Raises:
            KeyError: there is no such name.
        """
        return self._seek(self._writes(target))

    def resume(self, backwards: bool = False) -> Step | None:
        """Go on to the next step that hits a breakpoint, or to the end; return the step just done then.

        Args:
            backwards: go back to the last step before this one that hits a breakpoint, or to the start.
        """

        def hit(step: Step) -> bool:
            return any(point.hit(step) for point in self.breakpoints)

        if backwards:
            self.position = next((at for at in range(self.position - 1, 0, -1) if hit(self.steps[at - 1])), 0)
            return self.current
        return self._seek(hit) or self.end()

    def _seek(self, hit: Callable[[Step], bool]) -> Step | None:
        for at in range(self.position, len(self.steps)):
            if hit(self.steps[at]):
                return self.goto(at + 1)
        return None

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    # --- what is on paper -------------------------------------------------------------------------------

    def data(self, node: Value) -> float | None:
        """The data of `node` if it is known by now; leaves and constants are known from the start."""
        since, data = self._known.get(node, (math.inf, 0.0))
        return data if since <= self.position else None

    def grad(self, node: Value) -> float | None:
        """The gradient of `node` as summed by now; None while nothing has been added."""
        at = self._summed.get(node, [])
        done = bisect_left(at, self.position)
        return _written_number(self.steps[at[done - 1]]) if done else None

    def finished(self, node: Value) -> bool:
        """Whether every term of the gradient of `node` has been added."""
        at = self._summed.get(node, [])
        return bool(at) and at[-1] < self.position

    def paper(self) -> str:
        """All that is known at this moment, a line a node: its formula, data and gradient."""
        rows = []
        for node in self.order:
            if node not in self.notation.names:
                continue  # a constant
            data, grad = self.data(node), self.grad(node)
            name = self.notation.name(node)
            left = f"{name} = {self.notation.formula(node)}" if node.operands else name
            shown = "?" if data is None else number(data)
            sign = "=" if self.finished(node) else "= so far"
            right = "" if grad is None else f"{self.notation.gradient(node)} {sign} {number(grad)}"
            rows.append((left, shown, right))
        wide, narrow = (max(len(row[i]) for row in rows) for i in (0, 1))
        return "\n".join(f"{row[0]:<{wide}}  {row[1]:>{narrow}}   {row[2]}".rstrip() for row in rows)

    def __repr__(self) -> str:
        first = max(0, self.position - 1 - _WINDOW)
        last = min(len(self.steps), self.position + _WINDOW)
        count = plural(len(self.steps), "step")
        lines = [f"Trace of {self.notation.name(self.root)}: {self.position} of {count} done"]
        for at in range(first, last):
            mark = "->" if at == self.position - 1 else "  " if at < self.position else " ."
            lines.append(f"{mark} {at + 1:>{len(str(len(self.steps)))}}  {self.steps[at]}")
        return "\n".join(lines)

    # --- breakpoints and watches ------------------------------------------------------------------------

    def break_at(self, what: Value | str | Callable[[Step], bool]) -> Breakpoint:
        """Let `resume` stop there.

        Args:
            what: a node or its name; a gradient, ``"db"`` or ``"dJ/db"``; the name of an operation,
                ``"mul"``; a condition on what a step writes, such as ``"abs(grad) > 5"``, ``"data < 0"`` or
                ``"isnan"``; or a function of a step. A text that could be several of these is the first.

        Raises:
            KeyError: the text is none of these.
            TypeError: `what` is neither a text, nor a Value, nor a function.
        """
        point = self._breakpoint(what)
        self.breakpoints.append(point)
        return point

    def watch(self, node: Value | str) -> Value:
        """Show `node`, given itself or by name, at every stop.

        Raises:
            KeyError: there is no such node.
        """
        found = self.node(node)
        if found not in self.watches:
            self.watches.append(found)
        return found

    def watched(self) -> list[str]:
        """A line for each watched node: its data and gradient as known by now."""
        lines = []
        for node in self.watches:
            data, grad = ("?" if x is None else number(x) for x in (self.data(node), self.grad(node)))
            lines.append(f"{self.notation.name(node)} = {data}, {self.notation.gradient(node)} = {grad}")
        return lines

    def node(self, node: Value | str) -> Value:
        """The node of this graph that is meant, by itself or by its name; KeyError if there is none."""
        if isinstance(node, str):
            return self.notation.node(node)
        require_value(node)
        if node not in self.notation.names:
            what = "a constant" if node.is_constant else "not a node"
            raise KeyError(f"{node!r} is {what} of this graph")
        return node

    def _breakpoint(self, what: Value | str | Callable[[Step], bool]) -> Breakpoint:
        if callable(what):
            return Breakpoint(getattr(what, "__name__", "a condition"), what)
        if not isinstance(what, str):
            return Breakpoint(self.notation.name(self.node(what)), self._writes(what))
        try:
            return Breakpoint(what, self._writes(what))
        except KeyError as error:
            hit = _at_operation(what) or _condition(what)
            if hit is None:
                raise KeyError(
                    f"{error.args[0]}. A breakpoint may also be a gradient such as "
                    f"{self.notation.total(self.root)}, an operation such as mul, or a condition such as "
                    "abs(grad) > 5, data < 0 or isnan"
                ) from None
        return Breakpoint(what, hit)

    def _writes(self, target: Value | str) -> Callable[[Step], bool]:
        """Whether a step writes to a node, or to the gradient that is meant."""
        node = self._of_gradient.get(target) if isinstance(target, str) else None
        if node is not None:
            return lambda step: not isinstance(step, Evaluate) and written_node(step) is node
        found = self.node(target)
        return lambda step: written_node(step) is found

    @cached_property
    def _of_gradient(self) -> dict[str, Value]:
        """The node whose gradient each symbol is: of ``db`` and ``dJ/db`` it is b."""
        write = self.notation
        return {symbol(node): node for symbol in (write.total, write.gradient) for node in write.names}

    # --- reasons ----------------------------------------------------------------------------------------

    def why(self, node: Value | str) -> Why:
        """Every term of the gradient of `node`; those that are not on paper yet are marked."""
        found = self.node(node)
        return why_from(self.notation, found, self._known[found][1], self.steps, self.position)

    def paths(self, node: Value | str, limit: int = 10) -> Paths:
        """The gradient of `node` as a sum over paths; see :func:`micrograd_dl.explain.paths.paths`."""
        return paths(self.root, self.node(node), limit)

    def nudge(self, node: Value | str, h: float = 0.001) -> Nudge:
        """What a small change of `node` does; see :func:`micrograd_dl.explain.nudge.nudge`."""
        return nudge(self.root, self.node(node), h)

    def check(self) -> Check:
        """Numerical derivatives against these; see :func:`micrograd_dl.gradcheck.graphs.check`."""
        return check(self.root)

    def set(self, leaf: Value | str, data: float) -> None:
        """Change the data of a leaf and recompute the graph; the cursor stays where it is.

        Raises:
            KeyError: there is no such node.
            ValueError: the node is not a leaf, or an operation is undefined at the new data (nothing is
                changed then).
        """
        node = self.node(leaf)
        if not node.is_leaf:
            name, formula = self.notation.name(node), self.notation.formula(node)
            raise ValueError(f"{name} is computed, {formula}: set one of the leaves instead")
        before, node.data = node.data, to_float(data)
        try:
            recompute(self.root)
        except BaseException:  # Ctrl-C too
            node.data = before
            raise
        self._record()


def _written_number(step: Step) -> float:
    """What a step writes: a data, or a gradient as summed by then."""
    if isinstance(step, Evaluate):
        return step.value
    return step.after if isinstance(step, Contribute) else step.gradient


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_TEST: dict[str, Callable[[float], bool]] = {"isnan": math.isnan, "isinf": math.isinf}
_TESTED = re.compile(r"\s*(isnan|isinf)\s*(?:\(\s*(data|grad)\s*\))?\s*")
_COMPARED = re.compile(
    r"\s*(?:(abs)\s*\(\s*(data|grad)\s*\)|(data|grad))"  # abs(grad), or grad
    r"\s*(>=|<=|==|!=|>|<)"
    r"\s*([-+]?)\s*((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|inf)\s*"
)


def _at_operation(name: str) -> Callable[[Step], bool] | None:
    """Whether a step computes with an operation, or differentiates it; None if there is no such operation."""
    operation = TABLE.get(name.strip())
    if operation is None:
        return None
    return lambda step: not isinstance(step, Seed) and step.node.op is operation


def _condition(text: str) -> Callable[[Step], bool] | None:
    """A condition such as ``abs(grad) > 5`` or ``isnan(data)``; None if the text is not one."""
    if test := _TESTED.fullmatch(text):
        holds, which = _TEST[test[1]], test[2]
        return lambda step: which in (None, _written_kind(step)) and holds(_written_number(step))
    if match := _COMPARED.fullmatch(text):
        absolute, within, plain, compare, sign, digits = match.groups()
        kind, holds_between, bound = within or plain, _COMPARE[compare], float(sign + digits)
        size: Callable[[float], float] = math.fabs if absolute else float
        return lambda step: kind == _written_kind(step) and holds_between(size(_written_number(step)), bound)
    return None


def _written_kind(step: Step) -> str:
    return "data" if isinstance(step, Evaluate) else "grad"
