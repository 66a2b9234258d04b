"""A picture made of text, for a terminal: a tree from the result down to the leaves.

A node that is used more than once is drawn with its operands where it first stands; elsewhere its name points
there. A branch that would leave no room goes on below, at the margin. Of a graph that is too large, an
outline is drawn.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator
from typing import NamedTuple

from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.foundation.text import columns, fitted
from micrograd_dl.notation.numbers import number
from micrograd_dl.notation.steps import Contribute

from .numbers_shown import MORE, Reading

_FAN = 8  # operands of one node that an outline shows
_MOST_KINKS = 3  # that are said below the tree
_COMFORTABLE = 20  # columns with which numbers bear their names
_NARROWEST = 14  # columns of a line that names and formulas get at least


class _Row(NamedTuple):
    """A line. One that only points to a node, which is drawn above, has none itself."""

    branch: str  # that leads to it
    title: str  # a name, and a formula that is cut where there is no room
    remark: str  # never cut
    node: Value | None
    edge: tuple[Value, int] | None  # a node, and the index of its operand that is drawn here


def text(what: Value | Trace, width: int = 80, limit: int = 100, below: Value | None = None) -> str:
    """The graph as a tree of text: each node with its formula, its data and its gradient.

    Of a walk it shows what is known at that moment: ``?`` stands for data still to be computed, and ``->``
    marks the edge or the node of the last step.

    Args:
        what: the result of a computation, or a walk through it.
        width: the columns that a line may take.
        limit: how many branches a tree may have; if there are more, those nearest to the result are drawn.
        below: the node to begin at, by default the result.

    Raises:
        TypeError: `what` is neither.

    >>> x = Value(3.0, "x")
    >>> print(text(x * x + 1))
    J = u + 1          10
    └─ u = x * x        9
       ├─ x (2 uses)    3
       └─ x ↑ drawn above
    """
    if not isinstance(what, Value | Trace):
        raise TypeError(f"text takes a Value or a Trace, not the {type(what).__name__} {what!r:.60}")
    reading = Reading(what)
    notation, top = reading.notation, reading.order[-1] if below is None else below
    order = reading.order if below is None else topological_order(below)
    needed = 1 + sum(len(_operands(node)) for node in order)
    fan = needed if needed <= limit else _FAN
    expanded = _nearest(top, fan, limit)
    for parts in (2, 3, 4, 6):
        rows = list(_rows(reading, top, expanded, fan, width // parts))
        lines, is_cramped = _aligned(reading, rows, width)
        if not is_cramped:
            break
    edges = [row.edge for row in rows if row.edge is not None and reading.data(row.edge[0]) is not None]
    kinks = [note for node, index in edges if (note := notation.at_kink(node, index))]
    lines += [fitted(f"({note})", width) for note in kinks[:_MOST_KINKS]]
    shown = sum(row.node is not None for row in rows)
    nodes = sum(not node.is_constant for node in order)
    if shown < nodes:
        nearest = f"those nearest to {notation.name(top)}"
        lines.append(fitted(f"An outline: {shown:,} of {nodes:,} nodes, {nearest}.", width))
    return "\n".join(line.rstrip() for line in lines)


def _operands(node: Value) -> list[tuple[int, Value]]:
    """The operands to draw, each with its index; a constant is seen in the formula."""
    return [(index, operand) for index, operand in enumerate(node.operands) if not operand.is_constant]


def _nearest(top: Value, fan: int, limit: int) -> Collection[Value]:
    """The nodes whose operands are drawn, at most `fan` of each: those nearest to the top."""
    expanded: set[Value] = set()
    queue, lines = deque([top]), 1
    while queue:
        node = queue.popleft()
        operands = [operand for _, operand in _operands(node)[:fan]] if node not in expanded else []
        lines += len(operands)
        if lines > limit:
            break
        expanded.add(node)
        queue.extend(operands)
    return expanded


def _rows(
    reading: Reading, top: Value, expanded: Collection[Value], fan: int, deepest: int
) -> Iterator[_Row]:
    """The lines from the top down; branches beyond the column `deepest` go on below, at the margin."""
    notation = reading.notation
    drawn: set[Value] = set()
    # What is still to be drawn: a node, its edge, its branch, how branches below it begin.
    stack: list[tuple[Value, tuple[Value, int] | None, str, str]] = []
    parts = deque([top])
    while stack or parts:
        if not stack:
            part = parts.popleft()
            stack += [(part, None, "", "")] * (part not in drawn)
            continue
        node, edge, branch, below = stack.pop()
        operands, name = _operands(node), notation.name(node)
        shown = operands[:fan] if node in expanded else []
        if node in drawn:
            yield _Row(branch, name, " ↑ drawn above", None, edge)
            continue
        if shown and len(branch) > deepest:
            parts.append(node)
            yield _Row(branch, name, " ↓ below", None, edge)
            continue
        drawn.add(node)
        title = f"{name} = {notation.formula(node)}" if node.operands else name
        remark = f" ({notation.uses[node]} uses)" if notation.uses[node] > 1 else ""
        if len(shown) < len(operands):
            remark = f" ↓ {len(operands) - len(shown):,} more"
        yield _Row(branch, title, remark, node, edge)
        for index, operand in reversed(shown):
            here, further = ("└─ ", "   ") if index == shown[-1][0] else ("├─ ", "│  ")
            stack.append((operand, (node, index), below + here, below + further))


def _aligned(reading: Reading, rows: list[_Row], width: int) -> tuple[list[str], bool]:
    """The lines, their numbers in columns; and whether one was cut that had room at the margin."""
    margin = 3 * reading.walking  # for the mark of the last step
    numbers = [_numbers(reading, row.node) for row in rows]
    widths = [max(map(columns, column)) for column in zip(*numbers, strict=True)]
    if sum(widths) + 6 + margin + _COMFORTABLE > width:  # a number says more than the beginning of its name
        numbers = [(data, grad.rpartition(" = ")[2]) for data, grad in numbers]
        widths = [max(map(columns, column)) for column in zip(*numbers, strict=True)]
    data_width, grad_width = widths
    room = max(_NARROWEST, width - margin - 3 - data_width - (3 + grad_width if grad_width else 0))
    left, is_cramped = [], False
    for branch, title, remark, *_ in rows:
        space = room - len(branch + remark)
        is_cramped |= space < columns(title) <= room - len(remark)
        left.append(branch + (title if columns(title) <= space else _cut(title, space)) + remark)
    left_width = max(columns(text) for text, row in zip(left, rows, strict=True) if row.node is not None)
    lines = []
    for row, text, (data, grad) in zip(rows, left, numbers, strict=True):
        spaces = " " * (left_width - columns(text) + 3)
        mark = ("-> " if _is_current(reading, row) else "   ")[:margin]
        lines.append(mark + fitted(f"{text}{spaces}{data:>{data_width}}   {grad}".rstrip(), width - margin))
    return lines, is_cramped


def _cut(title: str, room: int) -> str:
    """A name and its formula, cut at an operator; where not even the name fits, its beginning."""
    whole = re.sub("`[^`]*`", lambda label: label[0].replace(" ", "\0"), title)
    start = fitted(whole, room).rpartition(" ")[0].replace("\0", " ")
    return f"{start} …" if start else fitted(title.partition(" = ")[0], room)


def _numbers(reading: Reading, node: Value | None) -> tuple[str, str]:
    """Data and gradient of a node as far as they are known."""
    if node is None:
        return "", ""
    data, grad = reading.data(node), reading.grad(node) if reading.walking or reading.flowed else ""
    so_far = " so far" if grad.endswith(MORE) else ""
    shown = grad and f"{reading.notation.gradient(node)} = {grad.removesuffix(MORE)}{so_far}"
    return "?" if data is None else number(data), shown


def _is_current(reading: Reading, row: _Row) -> bool:
    step = reading.step
    if isinstance(step, Contribute):
        return row.edge == (step.node, step.index)
    return step is not None and row.node is step.node
