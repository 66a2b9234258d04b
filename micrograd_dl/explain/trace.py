"""A walk through the forward pass and backprop, with a cursor that moves both ways.

The cursor is one number, the count of steps done. What is on paper at that moment is looked up in the steps,
so a move costs the same however large the graph is, and stepping back leaves nothing behind.
"""

from __future__ import annotations

import operator
from bisect import bisect_left
from collections.abc import Callable, Iterator

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.breakpoints import Breakpoint, at_operation, condition, writes
from micrograd_dl.explain.nudge import Nudge, nudge
from micrograd_dl.explain.paths import Paths, paths
from micrograd_dl.explain.why import Why, why_from
from micrograd_dl.foundation.number_like import require_value
from micrograd_dl.foundation.numbers import to_float
from micrograd_dl.foundation.text import plural
from micrograd_dl.foundation.tracebacks import door
from micrograd_dl.gradcheck.graphs import check
from micrograd_dl.gradcheck.report import Check
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.forward import recompute, recorded_order
from micrograd_dl.notation.latex import latex_walk
from micrograd_dl.notation.naming import variables_outside
from micrograd_dl.notation.numbers import number
from micrograd_dl.notation.steps import Step, Walk, written_number


class Trace:
    """The forward pass and backprop of a recorded graph as a walk with a cursor.

    Methods that take a node take its name as well, and raise KeyError if the graph has no such node. `seed`
    is the derivative of the final result by `root`.

    Attributes:
        root, order: the graph, in topological order.
        steps: every step of the walk.
        position: how many steps are done, from 0 to ``len(steps)``.
        notation: the names and symbols of the graph.
        breakpoints, watches: where `resume` stops, and the nodes to show at every stop.

    Raises:
        TypeError: `root` is not a Value.
        RuntimeError: data was changed after the forward pass was recorded.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> trace = Trace(3 * (a + b * c))
    >>> print(trace.until("db"))
    db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)
    >>> trace.grad(b), trace.grad(c)
    (6.0, None)
    """

    @door
    def __init__(self, root: Value, seed: float = 1.0) -> None:
        self.root, self.seed = root, to_float(seed, "the seed of backprop")
        self.order: tuple[Value, ...] = tuple(recorded_order(root))
        self.notation = Notation(self.order, self.seed != 1, variables_outside())
        self.position = 0
        self.breakpoints: list[Breakpoint] = []
        self.watches: list[Value] = []
        self.steps = Walk(self.order, self.notation, self.seed)

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
        """Go back before the first step."""
        self.position = 0

    def end(self) -> Step | None:
        """Go to the end and return the last step."""
        self.position = len(self.steps)
        return self.current

    def goto(self, position: int) -> Step | None:
        """Go to the point with `position` steps done and return the last; IndexError if there are fewer."""
        position = operator.index(position)
        if not 0 <= position <= len(self.steps):
            count = plural(len(self.steps), "step")
            raise IndexError(f"the walk has {count}: go to 0 ... {len(self.steps)}, not {position}")
        self.position = position
        return self.current

    def until(self, target: Value | str) -> Step | None:
        """Go on until a step has written `target`, and return that step; stay and return None if none does.

        It is a node (its evaluation, or the next term of its gradient), or a gradient such as ``"db"``.
        """
        return self._seek(writes(*self._meant(target)))

    def resume(self, backwards: bool = False) -> Step | None:
        """Go on to the next step that hits a breakpoint, or to the end; return the step just done then.

        `backwards` goes to the last step before this one that hits a breakpoint, or to the start.
        """

        def hit(step: Step) -> bool:
            return any(point.hit(step) for point in self.breakpoints)

        if backwards:
            self.position = next((at for at in range(self.position - 1, 0, -1) if hit(self.steps[at - 1])), 0)
            return self.current
        return self._seek(hit) or self.end()

    def _seek(self, hit: Callable[[Step], bool]) -> Step | None:
        later = range(self.position, len(self.steps))
        return next((self.goto(at + 1) for at in later if hit(self.steps[at])), None)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def data(self, node: Value | str) -> float | None:
        """The data of `node` if it is known by now; leaves and constants are known from the start."""
        node = self._any_node(node)
        at = self.steps.evaluated_at(node)
        return self.steps.data(node) if at is None or at < self.position else None

    def grad(self, node: Value | str) -> float | None:
        """The gradient of `node` as summed by now; None while nothing has been added."""
        summed_at = self.steps.summed_at(self._any_node(node))
        done = bisect_left(summed_at, self.position)
        return written_number(self.steps[summed_at[done - 1]]) if done else None

    def finished(self, node: Value | str) -> bool:
        """Whether every term of the gradient of `node` has been added; a constant has none."""
        summed_at = self.steps.summed_at(self._any_node(node))
        return bool(summed_at) and summed_at[-1] < self.position

    def latex(self) -> str:
        """The expression, every step of the walk and the gradient, as a block ``aligned`` of LaTeX."""
        return latex_walk(self.steps)

    def _repr_html_(self) -> str | None:
        """In a notebook the player, a page on which the walk is played."""
        from micrograd_dl import viz

        return viz.play(self)._repr_html_()

    def __repr__(self) -> str:
        count, last = plural(len(self.steps), "step"), f"; the last: {self.current}" if self.position else ""
        return f"Trace of {self.notation.name(self.root)}: {self.position} of {count} done{last}"

    def break_at(self, what: Value | str | Callable[[Step], bool]) -> Breakpoint:
        """Set a breakpoint: `resume` stops there.

        It is a node or its name; a gradient, ``"db"`` or ``"dJ/db"``; the name of an operation, ``"mul"``; a
        condition on what a step writes, such as ``"abs(grad) > 5"``, ``"data < 0"`` or ``"isnan"``; or a
        function of a step. A text that could be several of these is the first. KeyError if it is none.
        """
        if callable(what):
            point = Breakpoint(getattr(what, "__name__", "a condition"), what)
        elif isinstance(what, str):
            point = Breakpoint(what, self._hit(what))
        else:
            point = Breakpoint(self.notation.name(self.node(what)), writes(what))
        self.breakpoints.append(point)
        return point

    def _hit(self, text: str) -> Callable[[Step], bool]:
        try:
            return writes(*self._meant(text))
        except KeyError as error:
            hit = at_operation(text) or condition(text)
            if hit is not None:
                return hit
            raise KeyError(
                f"{error.args[0]}. A breakpoint may also be a gradient such as "
                f"{self.notation.total(self.root)}, an operation such as mul, or a condition such as "
                "abs(grad) > 5, data < 0 or isnan"
            ) from None

    def watch(self, node: Value | str) -> Value:
        """Show `node` at every stop."""
        found = self.node(node)
        if found not in self.watches:
            self.watches.append(found)
        return found

    def watched(self) -> list[str]:
        """One line for each watched node: its data and gradient as known by now."""
        lines = []
        for node in self.watches:
            data, grad = ("?" if x is None else number(x) for x in (self.data(node), self.grad(node)))
            lines.append(f"{self.notation.name(node)} = {data}, {self.notation.gradient(node)} = {grad}")
        return lines

    def node(self, node: Value | str) -> Value:
        """The node of this graph that is meant, itself or by its name."""
        if isinstance(node, str):
            return self.notation.node(node)
        require_value(node)
        if node not in self.notation.names:
            what = "a constant" if node.is_constant else "not a node"
            raise KeyError(f"{node!r} is {what} of this graph")
        return node

    def _any_node(self, node: Value | str) -> Value:
        """The node of that name or label; a constant is a node, too."""
        return node if isinstance(node, Value) and self.steps.has(node) else self.node(node)

    def _meant(self, target: Value | str) -> tuple[Value, bool]:
        """The node that is meant, and whether its gradient is."""
        return self.notation.find(target) if isinstance(target, str) else (self.node(target), False)

    def why(self, node: Value | str) -> Why:
        """Every term of the gradient of `node`; those that are not on paper yet are marked."""
        return why_from(self.steps, self.node(node), self.position)

    def paths(self, node: Value | str, limit: int = 10) -> Paths:
        """The gradient of `node` as a sum over paths, of which the `limit` largest are listed."""
        return paths(self.root, self.node(node), limit)

    def nudge(self, node: Value | str, h: float = 0.001) -> Nudge:
        """The effect of changing `node` by `h` on the result; nothing is written."""
        return nudge(self.root, self.node(node), h)

    def check(self) -> Check:
        """The gradient check: numerical derivatives by every leaf against backprop's."""
        return check(self.root)

    def set(self, leaf: Value | str, data: float) -> None:
        """Change the data of a leaf and recompute the graph; the cursor stays where it is.

        ValueError or ZeroDivisionError if the node is no leaf, or an operation is undefined at the new data:
        nothing is changed then.
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
        self.steps = Walk(self.order, self.notation, self.seed)
