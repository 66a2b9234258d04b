"""A graph too large to be drawn node by node, as an outline: one box for many nodes, with their count."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.numbers import number
from micrograd_dl.output.text import plural

from .graph import CURRENT, UNKNOWN, card, legend
from .labels import text_width
from .readings import Reading
from .scene import SMALL_SIZE, TEXT_SIZE, Card, Row, Scene, Wire

_MOST_BOXES = 24  # more depths and operations than this are taken together in stages
_MARKS = CURRENT, UNKNOWN
_STAGES = 6
_MOST_COUNTS = 5  # operations listed in a box
_REACH = 5  # depths that are bridged by the edges of a node, before it counts as more than one
_WIDEST_RANGE = "-1.23457e-05 … -1.23457e-05"


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a graph is.

    Attributes:
        depths: how far each node is from the inputs; an input stands right before its first use.
        needed: the limit under which the graph can be drawn node by node. That is the number of its nodes.
            Graphviz, however, places every edge at every depth it passes, and its time grows faster than
            their number: many far-reaching edges count as more nodes. The exchange rate is measured: what
            is within the limit of 300 takes about half a second.
    """

    depths: dict[Value, int]
    needed: int


def measure(order: Sequence[Value]) -> Extent:
    """How large the graph with this topological order is.

    >>> from micrograd_dl.engine.order import topological_order
    >>> from micrograd_dl.engine.value import Value
    >>> a, b = Value(1, "a"), Value(2, "b")
    >>> extent = measure(topological_order((a * a + a) * b))
    >>> [(node.label or node.op.name, depth) for node, depth in extent.depths.items()]
    [('a', 0), ('mul', 1), ('add', 2), ('b', 2), ('mul', 3)]
    >>> extent.needed
    5
    """
    depths: dict[Value, int] = {}
    first_use: dict[Value, int] = {}
    uses: Counter[Value] = Counter()
    reach = 0
    for node in order:
        parents = node.operands
        if not parents:
            depths[node] = 0
            continue
        below = [depths[parent] for parent in parents]
        depth = depths[node] = max(below) + 1
        reach += depth * len(parents) - sum(below)
        for parent, start in zip(parents, below, strict=True):
            if not start:  # an input: nothing else has the depth 0
                first_use[parent] = min(first_use.get(parent, depth), depth)
                uses[parent] += 1
    for leaf, use in first_use.items():
        depths[leaf] = use - 1
        reach -= uses[leaf] * (use - 1)
    return Extent(depths, max(len(order), math.ceil(reach / _REACH)))


def scene(reading: Reading, extent: Extent, limit: int) -> Scene:
    """The scene of a graph in outline.

    Args:
        reading: the graph and its numbers.
        extent: how large it is.
        limit: the limit that it is beyond.
    """
    boxes, place = _boxes(reading.order[-1], extent.depths)
    cards = tuple(_card(box, reading) for box in boxes)
    edges: Counter[tuple[int, int]] = Counter()
    for node in reading.order:
        head = place[node]
        for parent in node.operands:
            edges[place[parent], head] += 1
    passing = reading.passing()
    current = (place[passing[0]], place[passing[1]]) if passing else None
    wires = tuple(_wire(tail, head, count, current) for (tail, head), count in edges.items() if tail != head)
    together = "of one operation at one depth" if boxes[0].one_operation else "of neighbouring depths"
    size = f"{len(reading.order):,} nodes, {edges.total():,} edges"
    # Some graphs of few nodes are beyond the limit; see `Extent`.
    too = ", and edges that reach far count too" if extent.needed > len(reading.order) else ""
    caption = (
        *reading.caption,
        f"Outline of {size}",
        f"A box stands for all nodes {together} (steps from the inputs).",
        f"To draw every node (the limit is {limit:,}{too}): draw(..., limit={extent.needed})",
    )
    summary = f"The graph of {reading.notation.name(reading.notation.root)} in outline: {size}"
    return Scene(cards, wires, caption, legend(cards, _MARKS if reading.walking else ()), summary)


@dataclass(eq=False, slots=True)
class _Box:
    """The nodes that share a box, from the depth `first` to the depth `last`."""

    position: int
    one_operation: bool
    first: int = sys.maxsize
    last: int = 0
    nodes: list[Value] = field(default_factory=list)


def _boxes(root: Value, depths: dict[Value, int]) -> tuple[list[_Box], dict[Value, int]]:
    """The boxes, and the position of each node's among them.

    There is one for each operation at each depth; if those are too many, one for each stage of neighbouring
    depths. The result has its own.
    """
    apart = _few_operations(depths)
    stages = depths[root] + 1 if apart else _STAGES
    boxes: dict[tuple[int, Operation | None], _Box] = {}
    place: dict[Value, int] = {}
    for node, depth in depths.items():
        key = (
            (stages, None)
            if node is root
            else (depth * stages // (depths[root] + 1), node.op if apart else None)
        )
        box = boxes.get(key)
        if box is None:
            box = boxes[key] = _Box(len(boxes), one_operation=apart or node is root)
        box.nodes.append(node)
        box.last = depth if depth > box.last else box.last
        box.first = depth if depth < box.first else box.first
        place[node] = box.position
    return list(boxes.values()), place


def _few_operations(depths: dict[Value, int]) -> bool:
    """Whether there are few enough operations, counted at each depth, for each to have its box."""
    found: set[tuple[int, Operation | None]] = set()
    for node, depth in depths.items():
        found.add((depth, node.op))
        if len(found) > _MOST_BOXES:
            return False
    return True


def _operation(node: Value) -> str:
    return "number" if node.is_constant else node.op.name if node.op else "input"


def _card(box: _Box, reading: Reading) -> Card:
    if len(box.nodes) == 1:
        return card(box.nodes[0], reading)
    counts = Counter(map(_operation, box.nodes))
    listed = [_counted(operation, count) for operation, count in counts.most_common(_MOST_COUNTS)]
    if len(counts) > _MOST_COUNTS:
        listed.append(f"and {len(counts) - _MOST_COUNTS} other kinds")
    if box.one_operation:
        name, listed = listed[0], []
    else:
        name = f"depth {box.first:,}" + (f" to {box.last:,}" if box.last > box.first else "")
    variables = [node for node in box.nodes if not node.is_constant]
    data = [reading.data(node) for node in variables]
    rows = [Row("", text, "count", text_width(text, TEXT_SIZE)) for text in listed]
    if variables:
        rows.append(_row("data", data, reading.walking))
        rows.append(_row("grad", map(reading.exact_grad, variables), reading.walking))
    return Card(
        "group", (name,), "", tuple(rows), f"{len(box.nodes):,} nodes",
        known=None not in data, current=reading.walking and any(map(reading.is_current, box.nodes)),
    )  # fmt: skip


def _counted(operation: str, count: int) -> str:
    if operation in ("input", "number"):
        return plural(count, operation)
    return f"{count:,} × {operation}"


def _row(title: Literal["data", "grad"], values: Iterable[float | None], walking: bool) -> Row:
    text = _range(values)
    # In the course of a walk the range changes, and the size of the box must not.
    return Row(title, text, title, text_width(_WIDEST_RANGE if walking else text, TEXT_SIZE, bold=True))


def _range(values: Iterable[float | None]) -> str:
    """From the least to the greatest of the numbers that are known; how many are NaN, if any."""
    known = [x for x in values if x is not None]
    if nans := sum(map(math.isnan, known)):
        return f"{nans:,} nan"
    if not known:
        return ""
    least, greatest = number(min(known)), number(max(known))
    return least if least == greatest else f"{least} … {greatest}"


def _wire(tail: int, head: int, count: int, current: tuple[int, int] | None) -> Wire:
    text = f"{count:,} edges" if count > 1 else ""
    return Wire(
        tail, head, local=text, room=text_width(text, SMALL_SIZE, bold=True), lines=1 if text else 0,
        state="back" if (tail, head) == current else "plain",
    )  # fmt: skip
