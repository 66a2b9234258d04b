"""A walk in a terminal: its opening, its passes and steps, its outcome; painted, for `write`."""

from __future__ import annotations

from collections.abc import Iterator

from micrograd_dl.cli.terminal import paint, wrapped
from micrograd_dl.explain.trace import Trace
from micrograd_dl.foundation.text import columns, fitted
from micrograd_dl.notation.numbers import number
from micrograd_dl.notation.steps import Contribute, Evaluate, Step, written_node

_INDENT = "  "
_MOST_LINES = 8  # that are shown of an expression
_MOST_GRADIENTS = 8  # in the outcome


def opening(trace: Trace, text: str, width: int = 80) -> str:
    """The opening of a walk: the expression as it was given, and the leaves' data."""
    name = trace.notation.name
    leaves = ", ".join(f"{name(node)} = {number(node.data)}" for node in trace.order if node.is_leaf)
    lines = [*text.strip().splitlines()[:_MOST_LINES], f"at {leaves}" if leaves else "on numbers only"]
    return "\n".join(fitted(line.rstrip(), width) for line in lines)


def pass_of(step: Step | None) -> str:
    """The pass that a step belongs to, forward or backward; start before the first."""
    return "start" if step is None else "forward" if isinstance(step, Evaluate) else "backward"


def heading(step: Step) -> str:
    """The line that begins the pass of a step."""
    result, which = step.notation.name(step.notation.root), pass_of(step)
    ways = {"forward": f"from the leaves to {result}", "backward": f"from {result} back to the leaves"}
    return paint(f"{which.capitalize()} pass: {ways[which]}", which)


def sentence(step: Step, width: int = 80) -> str:
    """A step, indented; its remarks go to lines of their own where they do not fit."""
    equation, remarks = str(step), ""
    written = step.notation.name if pass_of(step) == "forward" else step.notation.gradient
    if isinstance(step, Contribute):
        separator = "   " if columns(_INDENT + equation) <= width else "\n" + 3 * _INDENT
        equation = step.equation()
        remarks = "".join(f"{separator}({remark})" for remark in step.remarks())
    lines = wrapped(_INDENT + equation, width).removeprefix(_INDENT)
    name = written(written_node(step))
    if lines.startswith(name):
        lines = paint(name, pass_of(step)) + lines.removeprefix(name)
    return _INDENT + lines + paint(remarks, "faint")


def outcome(trace: Trace) -> str:
    """The derivatives by the leaves, in one line."""
    gradients = list(_gradients(trace))
    more = len(gradients) - _MOST_GRADIENTS
    return ", ".join(gradients[:_MOST_GRADIENTS]) + (f" and {more:,} more" if more > 0 else "")


def whole_walk(trace: Trace, text: str, width: int = 80) -> Iterator[str]:
    """A whole walk, line by line: the opening, the forward and the backward pass, the gradients."""
    yield opening(trace, text, width)
    before = "start"
    for step in trace.steps:
        if pass_of(step) != before:
            yield "\n" + heading(step)
        yield sentence(step, width)
        before = pass_of(step)
    yield "\n" + paint(f"Gradient of {trace.notation.name(trace.root)}", "strong")
    yield from (_INDENT + line for line in _gradients(trace))


def _gradients(trace: Trace) -> Iterator[str]:
    for node in trace.order:
        if node.is_leaf:
            yield f"{trace.notation.total(node)} = {number(trace.steps.gradient(node))}"
