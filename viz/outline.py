"""A graph too large to be drawn node by node, as an outline: one box for many nodes, with their count."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.numbers import number

from .graph import CURRENT, UNKNOWN, card, legend
from .labels import text_width
from .reading import Reading
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
    """The scene of a graph in outline, whose caption says how to raise `limit`.

    There is a box for each operation at each depth or, if those are too many, for each stage of neighbouring
    depths. The result has its own.
    """
    root, depths = reading.order[-1], extent.depths
    boxes, apart = grouped(root, extent)
    place = {node: i for i, nodes in enumerate(boxes) for node in nodes}
    cards = tuple(_card(nodes, depths, apart, reading) for nodes in boxes)
    edges = Counter((place[parent], place[node]) for node in reading.order for parent in node.operands)
    passing = reading.passing()
    current = (place[passing[0]], place[passing[1]]) if passing else None
    wires = tuple(_wire(tail, head, count, current) for (tail, head), count in edges.items() if tail != head)
    together = "of one operation at one depth" if apart else "of neighbouring depths"
    size = f"{len(reading.order):,} nodes, {edges.total():,} edges"
    # Some graphs of few nodes are beyond the limit, because of their edges.
    too = ", and edges that reach far count too" if extent.needed > len(reading.order) else ""
    caption = (
        *reading.caption,
        f"Outline of {size}",
        f"A box stands for all nodes {together} (steps from the inputs).",
        f"To draw every node (the limit is {limit:,}{too}): draw(..., limit={extent.needed})",
    )
    summary = f"The graph of {reading.notation.name(root)} in outline: {size}"
    return Scene(cards, wires, caption, legend(cards, _MARKS if reading.walking else ()), summary)


def grouped(root: Value, extent: Extent) -> tuple[list[list[Value]], bool]:
    """The nodes of each box, and whether those are of one operation at one depth."""
    depths = extent.depths
    deepest = depths[root]
    apart = deepest < _MOST_BOXES and len({(d, node.op) for node, d in depths.items()}) <= _MOST_BOXES
    boxes: dict[tuple[int, Operation | None], list[Value]] = {}
    for node, depth in depths.items():
        key = (depth, node.op) if apart else (depth * _STAGES // (deepest + 1), None)
        boxes.setdefault((deepest + 1, None) if node is root else key, []).append(node)
    return list(boxes.values()), apart


def _operation(node: Value) -> str:
    return "numbers" if node.is_constant else node.op.symbol if node.op else "inputs"


def _card(nodes: list[Value], depths: dict[Value, int], apart: bool, reading: Reading) -> Card:
    if len(nodes) == 1:
        return card(nodes[0], reading)
    counts = Counter(map(_operation, nodes))
    listed = [f"{operation} ({count:,})" for operation, count in counts.most_common(_MOST_COUNTS)]
    if len(counts) > _MOST_COUNTS:
        listed.append(f"and {len(counts) - _MOST_COUNTS} other kinds")
    first, last = min(depths[node] for node in nodes), max(depths[node] for node in nodes)
    name = f"depth {first:,}" + (f" to {last:,}" if last > first else "")
    if apart:
        name, listed = listed[0], []
    variables = [node for node in nodes if not node.is_constant]
    data = [reading.data(node) for node in variables]
    rows = [Row("", text, "count", text_width(text, TEXT_SIZE)) for text in listed]
    if variables:
        rows.append(_row("data", data, reading.walking))
        rows.append(_row("grad", map(reading.exact_grad, variables), reading.walking))
    return Card(
        "group",
        (name,),
        "",
        tuple(rows),
        f"{len(nodes):,} nodes",
        known=None not in data,
        current=reading.walking and any(map(reading.is_current, nodes)),
    )


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
    room = text_width(text, SMALL_SIZE, bold=True)
    passing = (tail, head) == current
    return Wire(tail, head, text, "", room, int(bool(text)), state="back" if passing else "plain")
