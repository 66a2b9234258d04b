"""A picture of a graph made of text, for a terminal: a tree from the result down to the leaves.

>>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
>>> trace = Trace(3 * (a + b * c))
>>> step = trace.until("db")
>>> print(text_graph(trace))
   J = 3 * v         33   dJ = 1
   └─ v = a + u      11   dv = 3
      ├─ a            5   da = 3
      └─ u = b * c    6   du = 3
->       ├─ b         3   db = 6
         └─ c         2

A node that is used more than once is drawn with its operands where it first stands; elsewhere its name points
there. A branch that grows too deep for the width goes on further down, at the left margin.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from micrograd_dl.cli.terminal import columns, fitted, padded
from micrograd_dl.engine.gradients import require_value
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.numbers import number
from micrograd_dl.notation.steps import Contribute

_FAN = 8  # operands of one node that an outline shows
_NARROWEST = 16  # columns of a line that names and formulas get at least
_MARK, _NO_MARK = "-> ", "   "
_LEGEND = {"↑": "↑ drawn above", "↓": "↓ goes on below", "[+": "[+n] operands that are left out"}


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the tree.

    Attributes:
        branch: the lines that lead to it.
        text: what hangs on the branch.
        remark: what stands behind it, and is not cut.
        node: the node that it shows; None where it points to a node, or says that some are left out.
        edge: what the branch stands for, as (node, index of the operand).
    """

    branch: str
    text: str
    remark: str = ""
    node: Value | None = None
    edge: tuple[Value, int] | None = None


def text_graph(graph: Value | Trace, width: int = 80, limit: int = 100) -> str:
    """The graph as a tree of text: each node with its formula, its data and its gradient.

    Args:
        graph: a result, whose nodes show their `data` and, once it went backward, their `grad`; or a walk,
            which shows what is on paper at its moment (``?`` stands for data still to be computed) and marks
            with ``->`` the edge or the node of the last step.
        width: the columns that a line may take.
        limit: about how many lines the tree may take. Of a graph that needs more, an outline is drawn: the
            nodes that are nearest to the result.

    Raises:
        TypeError: `graph` is neither a Value nor a Trace.

    >>> x = Value(3, "x")
    >>> print(text_graph(x * x + x))
    J = u + x          12
    ├─ u = x * x        9
    │  ├─ x (3 uses)    3
    │  └─ x ↑
    └─ x ↑
    (↑ drawn above)
    """
    trace = graph if isinstance(graph, Trace) else None
    root = graph.root if isinstance(graph, Trace) else graph
    require_value(root)
    order = trace.order if trace else topological_order(root)
    notation = trace.notation if trace else Notation(order)
    whole = 1 + sum(uses for node, uses in notation.uses.items() if not node.is_constant) <= limit
    opened = set(order) if whole else _nearest(root, limit)
    rows = list(_rows(root, notation, opened, _FAN if not whole else len(order), width // 2))
    numbers = [_on_paper(trace, row.node) if trace else _recorded(root, row.node) for row in rows]
    lines = _aligned(rows, numbers, width - len(_MARK) if trace else width)
    if trace:
        lines = [
            (_MARK if _is_current(trace, row) else _NO_MARK) + line
            for row, line in zip(rows, lines, strict=True)
        ]
    return "\n".join([line.rstrip() for line in lines] + _footer(rows, order, notation, width))


def _operands(node: Value) -> list[tuple[int, Value]]:
    """The operands to draw, each with its index; a constant is seen in the formula."""
    return [(index, parent) for index, parent in enumerate(node.operands) if not parent.is_constant]


def _nearest(root: Value, limit: int) -> set[Value]:
    """The nodes nearest to the root, as many as take about `limit` lines with their operands."""
    nearest: set[Value] = set()
    seen, queue = {root}, deque([root])
    while queue:
        node = queue.popleft()
        operands = [parent for _, parent in _operands(node)[:_FAN]]
        limit -= len(operands)
        if limit < 0:
            break
        nearest.add(node)
        queue.extend(parent for parent in dict.fromkeys(operands) if parent not in seen)
        seen.update(operands)
    return nearest


def _rows(root: Value, notation: Notation, opened: set[Value], fan: int, deepest: int) -> Iterator[_Row]:
    """The lines from the root down; a branch beyond the column `deepest` is put off, as a tree of its own."""
    drawn: set[Value] = set()
    put_off: set[Value] = set()
    trees = deque([root])
    while trees:
        top = trees.popleft()
        # What is still to be drawn of this tree: a node, its edge, its branch, how branches below it begin.
        stack: list[tuple[Value, tuple[Value, int] | None, str, str]] = [(top, None, "", "")]
        while stack:
            node, edge, branch, below = stack.pop()
            operands = _operands(node)
            if len(branch) > deepest and operands and node not in drawn | put_off:
                put_off.add(node)
                trees.append(node)
            if node in drawn or (node in put_off and node is not top):
                yield _Row(branch, notation.name(node), " ↑" if node in drawn else " ↓", edge=edge)
                continue
            drawn.add(node)
            shown = operands[:fan] if node in opened else []
            yield _Row(branch, *_title(node, notation, len(operands) - len(shown)), node, edge)
            for index, parent in reversed(shown):
                last = index == shown[-1][0]
                stack.append(
                    (
                        parent,
                        (node, index),
                        below + ("└─ " if last else "├─ "),
                        below + ("   " if last else "│  "),
                    )
                )


def _title(node: Value, notation: Notation, left_out: int) -> tuple[str, str]:
    """What is written of a node, and the remark on it."""
    name = notation.name(node)
    title = name if node.is_leaf or node.is_constant else f"{name} = {notation.formula(node)}"
    uses = f" ({notation.uses[node]} uses)" if notation.uses[node] > 1 else ""
    return title, uses + (f" [+{left_out:,}]" if left_out else "")


def _on_paper(trace: Trace, node: Value | None) -> tuple[str, str]:
    """Data and gradient of a node as a walk knows them at its moment."""
    if node is None:
        return "", ""
    data, grad = trace.data(node), trace.grad(node)
    so_far = "" if trace.finished(node) else " so far"
    shown = "" if grad is None else f"{trace.notation.gradient(node)} = {number(grad)}{so_far}"
    return "?" if data is None else number(data), shown


def _recorded(root: Value, node: Value | None) -> tuple[str, str]:
    """Data and gradient of a node as the graph holds them; no gradient before the first backward()."""
    if node is None:
        return "", ""
    return number(node.data), f"grad = {number(node.grad)}" if root.grad != 0 and not node.is_constant else ""


def _aligned(rows: Sequence[_Row], numbers: Sequence[tuple[str, str]], width: int) -> list[str]:
    """The lines, their numbers in columns; formulas are cut where that is needed, then whole lines."""
    data_width = max(len(data) for data, _ in numbers)
    grad_width = max(columns(grad) for _, grad in numbers)
    room = max(_NARROWEST, width - 3 - data_width - (3 + grad_width if grad_width else 0))
    left = [fitted(row.branch + row.text, room - len(row.remark)) + row.remark for row in rows]
    left_width = max(columns(text) for text, (data, _) in zip(left, numbers, strict=True) if data)
    return [
        fitted(
            f"{padded(text, left_width)}   {data:>{data_width}}   {grad}".rstrip() if data else text, width
        )
        for text, (data, grad) in zip(left, numbers, strict=True)
    ]


def _is_current(trace: Trace, row: _Row) -> bool:
    step = trace.current
    if isinstance(step, Contribute):
        return row.edge == (step.node, step.index)
    return step is not None and row.node is step.node


def _footer(rows: Sequence[_Row], order: Sequence[Value], notation: Notation, width: int) -> list[str]:
    """What the signs mean, and that this is an outline if it is one."""
    signs = [meaning for sign, meaning in _LEGEND.items() if any(sign in row.remark for row in rows)]
    lines = [f"({', '.join(signs)})"] if signs else []
    shown, nodes = sum(row.node is not None for row in rows), sum(not node.is_constant for node in order)
    if shown < nodes:
        lines.append(
            f"An outline: {shown:,} of {nodes:,} nodes, those nearest to {notation.name(order[-1])}."
        )
    return [fitted(line, width) for line in lines]
