"""Where everything goes, by Graphviz.

The text of an edge is to Graphviz a box like those of nodes, halfway from one to the other. So it has its
place: nothing is under it, no other edge passes there, and the edge leads to it and on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from .rendering import rendered
from .scene import Scene, Size

Point: TypeAlias = tuple[float, float]
End: TypeAlias = tuple[int, int, Size | None]  # a wire's tail, head and text size
Curve: TypeAlias = tuple[Point, ...]
Box: TypeAlias = tuple[float, float, float, float]  # centre, width, height

_INCH = 72.0  # Graphviz measures boxes in inches and all else in points, which are pixels here
_APART = 16.0  # from one box to the next in a column
_GAP = 54.0  # from a column to the next
# The same where texts of edges have columns of their own. The more edges meet at a card, the steeper they
# run, and the more room it takes to tell them apart.
_LEAST_GAP, _MORE_GAP, _MOST_GAP = 26.0, 2.0, 80.0
_STRAIGHT = 8  # how much more an edge from a result to a result is to be straight than one from an input
_MOST_ROUNDS = 1200  # how long Graphviz may straighten edges; up to 300 nodes it is done before


class Layout(NamedTuple):
    """Positions in pixels, from the upper left corner."""

    width: float  # the width of the whole layout
    height: float
    boxes: tuple[Box, ...]  # one a card
    curves: tuple[Curve, ...]  # one a wire: a starting point, and three points for each Bezier piece
    labels: tuple[Point | None, ...]  # one a wire: the middle of its text, or None where it bears none


def lay_out(scene: Scene, down: bool = False) -> Layout:
    """The layout of a scene, from left to right, or with `down` from top to bottom.

    It is the same for scenes with the same sizes, such as the frames of a walk.
    """
    sizes = tuple(card.size for card in scene.cards)
    return _lay_out(sizes, tuple((wire.tail, wire.head, wire.size) for wire in scene.wires), down)


@lru_cache(maxsize=64)
def _lay_out(sizes: tuple[Size, ...], ends: tuple[End, ...], down: bool = False) -> Layout:
    found = json.loads(rendered(_geometry(sizes, ends, down), "json0"))
    left, bottom, right, top = map(float, found["bb"].split(","))

    def place(text: str) -> Point:
        x, y = map(float, text.split(","))
        return x - left, top - y

    nodes = {node["name"]: place(node["pos"]) for node in found.get("objects", ())}
    edges = {edge["id"]: edge.get("pos", "") for edge in found.get("edges", ())}
    boxes = tuple((*nodes[f"n{i}"], *size) for i, size in enumerate(sizes))
    curves = []
    for i, (tail, head, text) in enumerate(ends):
        if text:
            middle = (*nodes[f"t{i}"], *text)
            before = _curve(edges.get(f"to{i}", ""), boxes[tail], middle, place)
            after = _curve(edges.get(f"from{i}", ""), middle, boxes[head], place)
            # Behind the text a straight line.
            curves.append((*before, *straight(before[-1], after[0])[1:3], *after))
        else:
            curves.append(_curve(edges.get(f"e{i}", ""), boxes[tail], boxes[head], place))
    labels = tuple(nodes.get(f"t{i}") for i in range(len(ends)))
    return Layout(right - left, top - bottom, boxes, tuple(curves), labels)


def _geometry(sizes: tuple[Size, ...], ends: tuple[End, ...], down: bool) -> str:
    """The graph in DOT with no text in it, only sizes."""
    texts = {i: text for i, (_, _, text) in enumerate(ends) if text}
    rounds = f" nslimit={_MOST_ROUNDS / (len(sizes) + len(texts)):.4f}" if texts else ""
    meeting = Counter(card for tail, head, text in ends if text for card in (tail, head))
    gap = min(_LEAST_GAP + _MORE_GAP * max(meeting.values()), _MOST_GAP) if texts else _GAP
    lines = [
        "digraph {",
        f"rankdir={'TB' if down else 'LR'} nodesep={_APART / _INCH:.4f} ranksep={gap / _INCH:.4f}{rounds}",
        'node [shape=box fixedsize=true label=""] edge [arrowsize=0.6]',
        *(_box(f"n{i}", size) for i, size in enumerate(sizes)),
        *(_box(f"t{i}", size) for i, size in texts.items()),
    ]
    side, other = "ns" if down else "we"
    span = 2 if texts else 1  # columns: cards keep to every other one where texts have the rest
    results = {head for _, head, _ in ends}
    for i, (tail, head, text) in enumerate(ends):
        weight = f"weight={_STRAIGHT if tail in results else 1}"
        if text:
            lines.append(f"n{tail} -> t{i}:{side} [id=to{i} arrowhead=none {weight}]")
            lines.append(f"t{i}:{other} -> n{head} [id=from{i} {weight}]")
        else:
            lines.append(f"n{tail} -> n{head} [id=e{i} minlen={span} {weight}]")
    return "\n".join([*lines, "}"])


def _box(name: str, size: Size) -> str:
    return f"{name} [width={size[0] / _INCH:.4f} height={size[1] / _INCH:.4f}]"


def _curve(pos: str, tail: Box, head: Box, place: Callable[[str], Point]) -> Curve:
    """The points of a curve as far as the tip of its arrow, which Graphviz gives apart."""
    parts = pos.split(";")[0].split()
    points = [place(part) for part in parts if part[0] not in "se"]
    if len(points) < 4:  # Graphviz drops an edge that it finds no way for: a straight one then
        (x, y, w, h), (right, below, width, height) = tail, head
        if x + w / 2 <= right - width / 2:
            return straight((x + w / 2, y), (right - width / 2, below))
        return straight((x, y + h / 2), (right, below - height / 2))
    tips = [place(part[2:]) for part in parts if part[0] == "e"]
    return (*points[:-1], *(tips or points[-1:]))


def straight(a: Point, b: Point) -> Curve:
    """The straight line from `a` to `b` as a Bezier curve."""
    return tuple((a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for t in (0, 1 / 3, 2 / 3, 1))
