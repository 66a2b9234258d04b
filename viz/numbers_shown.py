"""The numbers that a picture shows: those on the nodes, or those on paper at one moment of a walk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.naming import variables_outside
from micrograd_dl.notation.numbers import number
from micrograd_dl.notation.steps import Contribute, Evaluate, Seed, Step, written_node

from .groups import inputs
from .style import State

MORE = " + …"  # behind a sum that is not complete


class Term(NamedTuple):
    """The numbers of an edge: its local derivative, and the gradient that flows along it; None if unknown."""

    local: float | None
    flow: float | None
    state: State = "plain"


class Reading:
    """The numbers of a graph: those that ``backward()`` left, or those known where a walk stands."""

    def __init__(self, what: Value | Trace) -> None:
        if not isinstance(what, Value | Trace):
            raise TypeError(f"pictures are of a Value or a Trace, not the {type(what).__name__} {what!r:.60}")
        self._trace = what if isinstance(what, Trace) else None
        self.walking = self._trace is not None
        self.step: Step | None = None
        self._position = 0
        if isinstance(what, Trace):
            self.order: Sequence[Value] = what.order
            self.notation, self.step, self._position = what.notation, what.current, what.position
        else:
            self.order = topological_order(what)
            self.notation = Notation(self.order, variables=variables_outside())
        self.inputs = inputs(self.order)
        # Before any backward() there is nothing that could flow along the edges.
        self.flowed = any(node.grad for node in self.order)

    def data(self, node: Value) -> float | None:
        """The node's number, if it is known."""
        return self._trace.data(node) if self._trace else node.data

    def exact_grad(self, node: Value) -> float | None:
        """The node's gradient, as far as it is summed; None where nothing has been added."""
        return self._trace.grad(node) if self._trace else node.grad

    def grad(self, node: Value) -> str:
        """The number as it is written."""
        total = self.exact_grad(node)
        if total is None:
            return ""
        return number(total) + (MORE if self._trace and not self._trace.finished(node) else "")

    def term(self, node: Value, index: int, end: bool = False) -> Term:
        """The edge from the node's operand `index` to the node; with `end`, when all is known."""
        if self._trace is None:
            local = node.slopes[index]
            return Term(local, node.grad * local, "passed") if self.flowed else Term(local, None)
        at, step = self._contributions.get((node, index), (0, None))
        if step is not None and (end or at < self._position):
            state: State = "back" if at == self._position - 1 else "passed"
            return Term(step.local, step.contribution, state)
        if isinstance(self.step, Evaluate) and self.step.node is node:
            return Term(None, None, "forward")
        return Term(None, None, "plain" if self._trace.data(node) is not None else "waiting")

    def all_grads(self, node: Value) -> set[str]:
        """Every text that the node's gradient takes in the course of a walk."""
        return self._grads.get(node, set()) if self._trace else {self.grad(node)}

    def is_current(self, node: Value) -> bool:
        """Whether the step at hand writes the node."""
        return self.step is not None and written_node(self.step) is node

    def kink(self, node: Value, index: int) -> str:
        """The note on the edge's slope if it was chosen at a kink; else empty."""
        return self.notation.at_kink(node, index) if node.op is not None and node.op.kink is not None else ""

    def caption(self) -> tuple[str, ...]:
        """What a walk has just done; if it has a kink somewhere, three lines in every frame."""
        if self._trace is None:
            return ()
        step, remarks = self.step, [""] * self.has_kink
        if step is None:
            return f"Step 0 of {len(self._trace)}", "Only the inputs are known.", *remarks
        stage = "forward pass" if isinstance(step, Evaluate) else "backprop"
        sentence, *kink = _sentences(step)
        return f"Step {self._position} of {len(self._trace)}: {stage}", sentence, *(kink or remarks)

    def all_sentences(self) -> Iterator[str]:
        """What the captions say in the course of a walk."""
        for step in self._trace.steps if self._trace else ():
            yield from _sentences(step)

    @cached_property
    def has_kink(self) -> bool:
        """Whether a slope was chosen at a kink anywhere."""
        return any(self.kink(node, index) for node in self.order for index in range(len(node.operands)))

    @cached_property
    def _contributions(self) -> dict[tuple[Value, int], tuple[int, Contribute]]:
        """For an edge, the step that passes the gradient along it, and its position in the walk."""
        steps = enumerate(self._trace.steps if self._trace else ())
        return {(step.node, step.index): (at, step) for at, step in steps if isinstance(step, Contribute)}

    @cached_property
    def _grads(self) -> dict[Value, set[str]]:
        found: dict[Value, set[str]] = {}
        for step in self._trace.steps if self._trace else ():
            if isinstance(step, Contribute):
                text = number(step.after) + (MORE if step.term < step.terms else "")
                found.setdefault(step.operand, set()).add(text)
            elif isinstance(step, Seed):
                found.setdefault(step.node, set()).add(number(step.gradient))
        return found


def _sentences(step: Step) -> tuple[str, ...]:
    """The sentence of a step, and a second one if there is a kink."""
    if not isinstance(step, Contribute):
        return (str(step),)
    running, *kink = step.remarks()
    return f"{step.equation()}   ({running})", *kink
