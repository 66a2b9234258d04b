"""A walk in a terminal: its opening, its phases and steps, a list of steps, its outcome."""

from __future__ import annotations

from collections.abc import Iterator

from micrograd_dl.cli.terminal import columns, fitted, paint, wrapped
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.numbers import number
from micrograd_dl.notation.steps import Contribute, Evaluate, Step, written_node

_INDENT = "  "
_MOST_LINES = 8  # of an expression
_MOST_GRADIENTS = 8  # shown at the end of a walk


def opening(trace: Trace, text: str, width: int = 80) -> str:
    """What is going to be walked through: the text as it was given, or the formulas, and the leaves' data.

    >>> from micrograd_dl.notation.expression import parse
    >>> print(opening(Trace(parse("3 * (a + b*c)", a=5, b=3, c=2)), "3 * (a + b*c)"))
    3 * (a + b*c)
    at a = 5, b = 3, c = 2
    """
    notation = trace.notation
    interior = [node for node in trace.order if not node.is_leaf and not node.is_constant]
    text = text.strip() or "; ".join(f"{notation.name(node)} = {notation.formula(node)}" for node in interior)
    lines = [line.rstrip() for line in text.splitlines()[:_MOST_LINES]]
    leaves = ", ".join(f"{notation.name(node)} = {number(node.data)}" for node in trace.order if node.is_leaf)
    return "\n".join(
        fitted(line, width) for line in [*lines, f"at {leaves}" if leaves else "on numbers only"]
    )


def phase(trace: Trace) -> str:
    """Where a walk is, in one word: start, forward, backward or end."""
    if trace.current is None or trace.upcoming is None:
        return "start" if trace.current is None else "end"
    return "forward" if isinstance(trace.current, Evaluate) else "backward"


def heading(step: Step, colours: bool = False) -> str:
    """The line that begins the pass which `step` belongs to."""
    result = step.notation.name(step.notation.root)
    if isinstance(step, Evaluate):
        return paint(f"Forward pass: from the leaves to {result}", "forward", colours)
    return paint(f"Backward pass: from {result} back to the leaves", "backward", colours)


def sentence(step: Step, width: int = 80, colours: bool = False) -> str:
    """A step, indented; its remarks go to lines of their own where they do not fit.

    >>> from micrograd_dl.engine.value import Value
    >>> trace = Trace(Value(2, "weight") * Value(3, "input"))
    >>> print(sentence(trace.end(), width=50))
      dinput += dJ/dJ * dJ/dinput = 1 * 2 = 2
          (dinput: 0 -> 2)
    """
    equation, remarks, style = str(step), "", "forward"
    name = step.notation.name(step.node)
    if not isinstance(step, Evaluate):
        name, style = step.notation.gradient(written_node(step)), "backward"
    if isinstance(step, Contribute):
        separator = "   " if columns(_INDENT + equation) <= width else "\n" + 3 * _INDENT
        equation = step.equation()
        remarks = "".join(f"{separator}({remark})" for remark in step.remarks())
    equation = wrapped(_INDENT + equation, width).removeprefix(_INDENT)
    name = name if equation.startswith(name) else ""
    written = paint(name, style, colours) + equation.removeprefix(name)
    return _INDENT + written + paint(remarks, "faint", colours)


def outcome(trace: Trace) -> str:
    """The derivatives by the leaves, in one line.

    >>> from micrograd_dl.engine.value import Value
    >>> outcome(Trace(Value(2, "a") * Value(3, "b")))
    'dJ/da = 3, dJ/db = 2'
    """
    gradients = list(_gradients(trace))
    more = len(gradients) - _MOST_GRADIENTS
    return ", ".join(gradients[:_MOST_GRADIENTS]) + (f" and {more:,} more" if more > 0 else "")


def whole_walk(trace: Trace, text: str, width: int = 80, colours: bool = False) -> Iterator[str]:
    """All of a walk, line by line: the opening, the forward and the backward pass, the gradients."""
    yield opening(trace, text, width)
    before: Step | None = None
    for step in trace.steps:
        if before is None or isinstance(before, Evaluate) != isinstance(step, Evaluate):
            yield "\n" + heading(step, colours)
        yield sentence(step, width, colours)
        before = step
    yield "\n" + paint(f"Gradient of {trace.notation.name(trace.root)}", "strong", colours)
    for line in _gradients(trace):
        yield _INDENT + line


def _gradients(trace: Trace) -> Iterator[str]:
    for node in trace.order:
        if node.is_leaf:
            yield f"{trace.notation.total(node)} = {number(trace.steps.gradient(node))}"
