"""A graph too large to be drawn node by node, as an outline: one card for many nodes, with their count."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.value import Value

from .groups import Group

_MOST_CARDS = 24  # more depths and operations than this are taken together in stages
_STAGES = 6
_MOST_COUNTS = 5  # operations listed on a card
_REACH = 5  # depths that are bridged by the edges of a node, before it counts as more than one


def measure(order: Sequence[Value]) -> tuple[dict[Value, int], int]:
    """How far each node is from the inputs, and the limit under which the graph can be drawn node by node.

    An input stands right before its first use. The limit is the number of nodes, or more if many edges reach
    far, since Graphviz places an edge at every depth that it passes. A limit of 300 takes half a second.

    >>> from micrograd_dl.engine.order import topological_order
    >>> from micrograd_dl.engine.value import Value
    >>> a, b = Value(1, "a"), Value(2, "b")
    >>> depths, needed = measure(topological_order((a * a + a) * b))
    >>> [(node.label or node.op.name, depth) for node, depth in depths.items()], needed
    ([('a', 0), ('mul', 1), ('add', 2), ('b', 2), ('mul', 3)], 5)
    """
    depths: dict[Value, int] = {}
    first_use: dict[Value, int] = {}
    for node in order:
        depths[node] = max((depths[parent] for parent in node.operands), default=-1) + 1
        for parent in node.operands:
            if not parent.operands:
                first_use[parent] = min(first_use.get(parent, depths[node]), depths[node])
    for leaf, use in first_use.items():
        depths[leaf] = use - 1
    reach = sum(depths[node] - depths[parent] for node in order for parent in node.operands)
    return depths, max(len(order), math.ceil(reach / _REACH))


def groups(depths: dict[Value, int], needed: int, limit: int) -> tuple[list[Group], tuple[str, ...]]:
    """A group for each operation at each depth or, if those are too many, for each stage of neighbouring
    depths; the result has its own. And a caption that says so.
    """
    root, deepest = max(depths.items(), key=lambda entry: entry[1])
    apart = deepest < _MOST_CARDS and len({(d, node.op) for node, d in depths.items()}) <= _MOST_CARDS
    together: dict[tuple[int, Operation | None], list[Value]] = {}
    for node, depth in depths.items():
        key = (depth, node.op) if apart else (depth * _STAGES // (deepest + 1), None)
        together.setdefault((deepest + 1, None) if node is root else key, []).append(node)
    found = []
    for nodes in together.values():
        kinds = Counter(
            "numbers" if node.is_constant else node.op.symbol if node.op else "inputs" for node in nodes
        )
        counts = [f"{kind} ({count:,})" for kind, count in kinds.most_common()]
        if apart:
            found.append(Group(", ".join(counts), nodes))
            continue
        first, last = min(depths[node] for node in nodes), max(depths[node] for node in nodes)
        if len(counts) > _MOST_COUNTS:
            counts[_MOST_COUNTS:] = [f"and {len(counts) - _MOST_COUNTS} other kinds"]
        name = f"depth {first:,}" + (f" to {last:,}" if last > first else "")
        found.append(Group(name, nodes, tuple(counts)))
    # Some graphs of few nodes are beyond the limit, because of their edges.
    too = ", and edges that reach far count too" if needed > len(depths) else ""
    return found, (
        f"Outline of {len(depths):,} nodes, {sum(len(node.operands) for node in depths):,} edges",
        f"A box stands for all nodes of {'one operation at one depth' if apart else 'neighbouring depths'} "
        "(steps from the inputs).",
        f"To draw every node (the limit is {limit:,}{too}): draw(..., limit={needed})",
    )
