"""How a walk is told in a terminal: its opening, its phases and steps, a list of steps, its outcome."""

from __future__ import annotations

from collections.abc import Iterator

from micrograd_dl.cli.terminal import columns, fitted, paint, wrapped
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.numbers import number
from micrograd_dl.notation.steps import Contribute, Evaluate, Seed, Step, written_node

_INDENT = "  "
_MOST_LINES = 8  # of an expression
_MOST_GRADIENTS = 8  # told at the end of a walk


def opening(trace: Trace, text: str, width: int = 80) -> str:
    """What is going to be walked through: the text as it was given, or the formulas, and the leaves' data.

    >>> from micrograd_dl.notation.expression import parse
    >>> print(opening(Trace(parse("3 * (a + b*c)", a=5, b=3, c=2)), "3 * (a + b*c)"))
    3 * (a + b*c)
    at a = 5, b = 3, c = 2
    """
    write = trace.notation
    interior = [node for node in trace.order if not node.is_leaf and not node.is_constant]
    text = text.strip() or "; ".join(f"{write.name(node)} = {write.formula(node)}" for node in interior)
    lines = [line.rstrip() for line in text.splitlines()[:_MOST_LINES]]
    leaves = ", ".join(
        f"{trace.notation.name(node)} = {number(node.data)}" for node in trace.order if node.is_leaf
    )
    return "\n".join(
        fitted(line, width) for line in [*lines, f"at {leaves}" if leaves else "on numbers only"]
    )


def phase(trace: Trace) -> str:
    """Where a walk is, in one word: start, forward, backward or end."""
    if trace.current is None:
        return "start"
    return (
        "end" if trace.upcoming is None else "forward" if isinstance(trace.current, Evaluate) else "backward"
    )


def heading(step: Step, colours: bool = False) -> str:
    """The line that begins the pass which `step` belongs to."""
    result = step.notation.name(step.notation.root)
    if isinstance(step, Evaluate):
        return paint(f"Forward pass: from the leaves to {result}", "forward", colours)
    return paint(f"Backward pass: from {result} back to the leaves", "backward", colours)


def sentence(step: Step, width: int = 80, colours: bool = False) -> str:
    """A step as it is told, indented; the running total goes to a line of its own where it must.

    >>> from micrograd_dl.engine.value import Value
    >>> trace = Trace(Value(2, "weight") * Value(3, "input"))
    >>> print(sentence(trace.end(), width=50))
      dinput += dJ/dJ * dJ/dinput = 1 * 2 = 2
          (dinput: 0 -> 2)
    """
    told, total = _INDENT + str(step), ""
    if isinstance(step, Contribute):
        whole = told
        told, _, total = whole.rpartition("   (")
        total = ("   (" if columns(whole) <= width else f"\n{3 * _INDENT}(") + total
    told = wrapped(told, width).removeprefix(_INDENT)
    name = _written(step) if told.startswith(_written(step)) else ""
    style = "forward" if isinstance(step, Evaluate) else "backward"
    return _INDENT + paint(name, style, colours) + told.removeprefix(name) + paint(total, "faint", colours)


def listing(trace: Trace, first: int, last: int, width: int = 80, colours: bool = False) -> str:
    """The steps from `first` to `last`, counted from 1; those that are still to come have no numbers yet.

    ``->`` marks the step just done.

    >>> from micrograd_dl.engine.value import Value
    >>> trace = Trace(Value(2, "a") * Value(3, "b"))
    >>> step = trace.next()
    >>> print(listing(trace, 1, 3))
    -> 1  J = a * b = 2 * 3 = 6
       2  dJ = dJ/dJ
       3  da += dJ/dJ * dJ/da
    """
    digits = len(str(last))
    lines = []
    for count in range(first, last + 1):
        step = trace.steps[count - 1]
        mark = "->" if count == trace.position else "  "
        told = str(step) if count <= trace.position else _symbols(step)
        line = fitted(f"{mark} {count:>{digits}}  {told}", width)
        style = "strong" if count == trace.position else "faint"
        lines.append(line if count < trace.position else paint(line, style, colours))
    return "\n".join(lines)


def outcome(trace: Trace) -> str:
    """The derivatives by the leaves, in one line.

    >>> from micrograd_dl.engine.value import Value
    >>> outcome(Trace(Value(2, "a") * Value(3, "b")))
    'dJ/da = 3, dJ/db = 2'
    """
    told = list(_gradients(trace))
    more = len(told) - _MOST_GRADIENTS
    return ", ".join(told[:_MOST_GRADIENTS]) + (f" and {more:,} more" if more > 0 else "")


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
    final = {trace.root: trace.seed}
    final |= {step.operand: step.after for step in trace.steps if isinstance(step, Contribute)}
    for node in trace.order:
        if node.is_leaf:
            yield f"{trace.notation.total(node)} = {number(final.get(node, 0.0))}"


def _written(step: Step) -> str:
    """The name of what a step writes, as its sentence begins."""
    if isinstance(step, Evaluate):
        return step.notation.name(step.node)
    return step.notation.gradient(written_node(step))


def _symbols(step: Step) -> str:
    """A step without its numbers: what is planned."""
    write = step.notation
    if isinstance(step, Evaluate):
        return f"{write.name(step.node)} = {write.formula(step.node)}"
    if isinstance(step, Seed):
        return f"{write.gradient(step.node)} = {write.total(step.node)}"
    return (
        f"{write.gradient(step.operand)} += {write.total(step.node)} * {write.local(step.node, step.index)}"
    )
