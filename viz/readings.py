"""The numbers that a picture shows: those on the nodes, or those on paper at one moment of a walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol
from weakref import WeakKeyDictionary

from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.numbers import number
from micrograd_dl.notation.steps import Contribute, Evaluate, Seed, Step, written_node

from .scene import State

MORE = " + …"  # behind a sum that is not complete


@dataclass(frozen=True, slots=True)
class Term:
    """What is known about an edge: its local derivative, and what flows along it; None where unknown."""

    local: float | None
    flow: float | None
    state: State = "plain"


class Reading(Protocol):
    """Where a picture's numbers come from; None stands for what is not known."""

    walking: bool

    @property
    def order(self) -> Sequence[Value]:
        """The graph's nodes in topological order."""

    @property
    def notation(self) -> Notation:
        """Their names."""

    @property
    def caption(self) -> tuple[str, ...]:
        """What stands above the picture."""

    def data(self, node: Value) -> float | None:
        """The node's number."""

    def grad(self, node: Value) -> str:
        """Its gradient as it is written, empty where nothing has been added."""

    def exact_grad(self, node: Value) -> float | None:
        """The same number, not rounded."""

    def term(self, node: Value, index: int) -> Term:
        """The edge from the node's operand `index` to the node."""

    def widest(self, node: Value) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Every text that data and gradient of the node take in the course of a walk."""

    def last_term(self, node: Value, index: int) -> Term:
        """The edge when all is known."""

    def is_current(self, node: Value) -> bool:
        """Whether the step at hand writes the node."""

    def passing(self) -> tuple[Value, Value] | None:
        """Operand and result of the edge along which the step at hand passes the gradient."""


class OnNodes:
    """The numbers that are on the nodes: ``data``, and ``grad`` as ``backward()`` left it."""

    walking = False

    def __init__(self, root: Value) -> None:
        self.order = topological_order(root)
        self.notation = Notation(self.order)
        self.caption: tuple[str, ...] = ()
        # Before any backward() there is nothing that could flow along the edges.
        self._flowed = any(node.grad for node in self.order)

    def data(self, node: Value) -> float | None:
        """See Reading."""
        return node.data

    def grad(self, node: Value) -> str:
        """See Reading."""
        return number(node.grad)

    def exact_grad(self, node: Value) -> float | None:
        """See Reading."""
        return node.grad

    def term(self, node: Value, index: int) -> Term:
        """See Reading."""
        local = node.slopes[index]
        return Term(local, node.grad * local if self._flowed else None)

    def widest(self, node: Value) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """See Reading."""
        return (number(node.data),), (number(node.grad),)

    last_term = term

    def is_current(self, node: Value) -> bool:  # noqa: ARG002  # the face of Reading
        """See Reading."""
        return False

    def passing(self) -> tuple[Value, Value] | None:
        """See Reading."""
        return None


class OnPaper:
    """What a person who does backprop by hand has on paper where the trace's cursor stands."""

    walking = True

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._step = trace.current
        self._at = trace.position
        self.order = trace.order
        self.notation = trace.notation
        self.caption = _caption(trace)

    @cached_property
    def _walk(self) -> _Walk:
        return _walk(self._trace)

    def data(self, node: Value) -> float | None:
        """See Reading."""
        return self._trace.data(node)

    def grad(self, node: Value) -> str:
        """See Reading."""
        total = self._trace.grad(node)
        if total is None:
            return ""
        return number(total) + ("" if self._trace.finished(node) else MORE)

    def exact_grad(self, node: Value) -> float | None:
        """See Reading."""
        return self._trace.grad(node)

    def term(self, node: Value, index: int) -> Term:
        """See Reading."""
        at = self._walk.terms.get((node, index))
        if at is not None and at < self._at:
            known = self.last_term(node, index)
            return Term(known.local, known.flow, "back" if at == self._at - 1 else "passed")
        if isinstance(self._step, Evaluate) and self._step.node is node:
            return Term(None, None, "forward")
        return Term(None, None, "plain" if self._trace.data(node) is not None else "waiting")

    def last_term(self, node: Value, index: int) -> Term:
        """See Reading."""
        at = self._walk.terms.get((node, index))
        step = self._walk.steps[at] if at is not None else None
        return Term(step.local, step.contribution) if isinstance(step, Contribute) else Term(None, None)

    def widest(self, node: Value) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """See Reading."""
        return (number(node.data),), tuple(self._walk.totals.get(node, ()))

    def is_current(self, node: Value) -> bool:
        """See Reading."""
        return self._step is not None and written_node(self._step) is node

    def passing(self) -> tuple[Value, Value] | None:
        """See Reading."""
        return (self._step.operand, self._step.node) if isinstance(self._step, Contribute) else None


@dataclass(frozen=True, slots=True)
class _Walk:
    """What all frames of a walk have in common.

    Attributes:
        steps: the walk.
        terms: for an edge, the step that passes the gradient along it.
        totals: for a node, every text that its gradient takes.
    """

    steps: tuple[Step, ...]
    terms: dict[tuple[Value, int], int]
    totals: dict[Value, set[str]]


_walks: WeakKeyDictionary[Trace, _Walk] = WeakKeyDictionary()


def _walk(trace: Trace) -> _Walk:
    """Made once a trace, and anew when a leaf was set and the walk with it."""
    walk = _walks.get(trace)
    if walk is None or walk.steps is not trace.steps:
        walk = _walks[trace] = _Walk(trace.steps, {}, {})
        for at, step in enumerate(trace.steps):
            if isinstance(step, Contribute):
                walk.terms[step.node, step.index] = at
                text = number(step.after) + (MORE if step.term < step.terms else "")
                walk.totals.setdefault(step.operand, set()).add(text)
            elif isinstance(step, Seed):
                walk.totals.setdefault(step.node, set()).add(number(step.gradient))
    return walk


def _caption(trace: Trace) -> tuple[str, ...]:
    step = trace.current
    if step is None:
        return f"Step 0 of {len(trace)}", "Only the inputs are known."
    stage = "forward pass" if isinstance(step, Evaluate) else "backprop"
    return f"Step {trace.position} of {len(trace)}: {stage}", str(step)
