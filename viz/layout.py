"""Where everything goes: Graphviz places boxes and curves, and labels of edges are put on the curves here."""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, product
from typing import Any, TypeAlias

from viz.render import render
from viz.scene import LINE, Scene

Point: TypeAlias = tuple[float, float]
End: TypeAlias = tuple[int, int, float, int]  # of a wire: tail, head, room and lines of its text
Box: TypeAlias = tuple[float, float, float, float]  # centre, width, height

# Where on a curve its text may stand, the middle first; a little before it, for the sake of the arrow's head.
_FRACTIONS = (0.48, 0.4, 0.56, 0.32, 0.64, 0.24, 0.72, 0.16, 0.8)
_CELL = 200.0
_CORNER = 6.0  # how far from a corner parallel edges end
_INCH = 72.0  # Graphviz measures boxes in inches and all else in points, which are pixels here


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions in pixels, from the upper left corner.

    Attributes:
        width, height: of the whole.
        boxes: one a card.
        curves: one a wire: a starting point, and three points for each Bezier piece.
        labels: one a wire: the middle of its text, or None where it bears none.
    """

    width: float
    height: float
    boxes: tuple[Box, ...]
    curves: tuple[tuple[Point, ...], ...]
    labels: tuple[Point | None, ...]


def lay_out(scene: Scene) -> Layout:
    """The layout of a scene; the same for scenes with the same sizes, such as the frames of a walk."""
    sizes = tuple((card.width, card.height) for card in scene.cards)
    ends = tuple((wire.tail, wire.head, wire.room, wire.lines) for wire in scene.wires)
    return _lay_out(sizes, ends)


@lru_cache(maxsize=64)
def _lay_out(sizes: tuple[Point, ...], ends: tuple[End, ...]) -> Layout:
    found = json.loads(render(_geometry(sizes, ends), "json0"))
    left, bottom, right, top = _numbers(found["bb"])

    def place(text: str) -> Point:
        x, y = _numbers(text)
        return x - left, top - y

    nodes = {node["name"]: node for node in found.get("objects", ())}
    edges = {edge["id"]: edge for edge in found.get("edges", ())}
    boxes = tuple((*place(nodes[f"n{i}"]["pos"]), *size) for i, size in enumerate(sizes))
    curves: list[tuple[Point, ...]] = [()] * len(ends)
    for (tail, head), parallel in _bundles(ends).items():
        curve = _curve(edges.get(f"e{tail}_{head}", {}), boxes[tail], boxes[head], place)
        spread = _spread(len(parallel), labelled=any(ends[i][2] for i in parallel))
        for i, offset in zip(parallel, spread, strict=True):
            curves[i] = _bowed(curve, offset, boxes[tail], boxes[head]) if offset else curve
    labels = tuple(_labels(boxes, curves, ends))
    return Layout(right - left, top - bottom, boxes, tuple(curves), labels)


def _geometry(sizes: tuple[Point, ...], ends: tuple[End, ...]) -> str:
    """The graph in DOT with no text in it, only sizes; one edge for all that are parallel."""
    gap = max([54.0, *(room + 46 for _, _, room, _ in ends)])
    bundles = _bundles(ends)
    fans = Counter(tail for (tail, _), parallel in bundles.items() if len(parallel) > 1)
    if max(fans.values(), default=0) > 1:  # parallel edges bow towards each other: room for two texts abreast
        gap = max([gap, *(2 * room + 60 for _, _, room, _ in ends if room)])
    # An edge that passes a box has room for half of its text between the two.
    apart = max([16.0, *(LINE * lines / 2 + 8 for _, _, room, lines in ends if room)])
    text = [
        "digraph {",
        f"rankdir=LR nodesep={apart / _INCH:.4f} ranksep={gap / _INCH:.4f}",
        'node [shape=box fixedsize=true label=""] edge [arrowsize=0.6]',
    ]
    text += [f"n{i} [width={w / _INCH:.4f} height={h / _INCH:.4f}]" for i, (w, h) in enumerate(sizes)]
    text += [
        f"n{tail} -> n{head} [id=e{tail}_{head} weight={min(len(parallel), 9)}]"
        for (tail, head), parallel in bundles.items()
    ]
    return "\n".join([*text, "}"])


def _bundles(ends: tuple[End, ...]) -> dict[tuple[int, int], list[int]]:
    """The edges between each two cards: more than one in ``a + a``."""
    bundles: dict[tuple[int, int], list[int]] = {}
    for i, (tail, head, *_) in enumerate(ends):
        bundles.setdefault((tail, head), []).append(i)
    return bundles


def _spread(count: int, labelled: bool) -> list[float]:
    """How far each of so many parallel edges is to pass from the middle."""
    step = min(38.0 if labelled else 18.0, 160.0 / count)
    return [step * (i - (count - 1) / 2) for i in range(count)]


def _bowed(curve: tuple[Point, ...], offset: float, tail: Box, head: Box) -> tuple[Point, ...]:
    """The curve moved aside by `offset` in its middle, and a little at its ends, on the sides of the boxes.

    Aside is down, of a curve that goes to the right.
    """
    inner = offset * (
        4 / 3 if len(curve) == 4 else 1
    )  # a single piece keeps 3/4 of its inner points' distance
    outer = max(-9.0, min(9.0, offset / 2))
    start, end = curve[0], curve[-1]
    length = math.dist(start, end) or 1.0
    across, down = (start[1] - end[1]) / length, (end[0] - start[0]) / length
    return (
        _along_side(start, tail, math.copysign(outer, outer * across), outer),
        *((x + inner * across, y + inner * down) for x, y in curve[1:-1]),
        _along_side(end, head, math.copysign(outer, outer * across), outer),
    )


def _along_side(end: Point, box: Box, across: float, down: float) -> Point:
    """The end of a curve moved along that side of the box which it is on, but not beyond its corners."""
    (x, y), (middle, level, width, height) = end, box
    if abs(abs(x - middle) - width / 2) < abs(abs(y - level) - height / 2):
        return x, _kept(y, level, height / 2 - _CORNER, down)
    return _kept(x, middle, width / 2 - _CORNER, across), y


def _kept(at: float, middle: float, most: float, change: float) -> float:
    """`at` plus `change`, where both that and `at` minus it are at most so far from the middle."""
    room = max(most - abs(change), 0.0)
    return min(max(at, middle - room), middle + room) + change


def _curve(edge: dict[str, Any], tail: Box, head: Box, place: Callable[[str], Point]) -> tuple[Point, ...]:
    """The points of a curve as far as the tip of its arrow, which Graphviz gives apart."""
    tip: Point | None = None
    points: list[Point] = []
    for part in edge.get("pos", "").split(";")[0].split():
        if part.startswith("e,"):
            tip = place(part[2:])
        else:
            points.append(place(part))
    if len(points) < 4:  # Graphviz drops an edge that it finds no way for: a straight one then
        return _straight((tail[0] + tail[2] / 2, tail[1]), (head[0] - head[2] / 2, head[1]))
    return (*points[:-1], tip) if tip else tuple(points)


def _straight(a: Point, b: Point) -> tuple[Point, ...]:
    return tuple((a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for t in (0, 1 / 3, 2 / 3, 1))


def _labels(
    boxes: Iterable[Box],
    curves: Sequence[tuple[Point, ...]],
    ends: tuple[End, ...],
) -> Iterator[Point | None]:
    """For each curve that bears text the place on it, near the middle, where the text covers least."""
    taken = _Taken(boxes)
    for curve, (_, _, room, lines) in zip(curves, ends, strict=True):
        if not room:
            yield None
            continue
        places = [(*point, room + 6, LINE * lines) for point in along(curve, _FRACTIONS)]
        # The first of the best is taken: the middle, if no place is better.
        best = min(places, key=taken.covered)
        taken.add(best)
        yield best[:2]


class _Taken:
    """The places that are taken, in a grid: each new one is compared with its neighbours only."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        self._cells: dict[tuple[int, int], list[Box]] = {}
        for box in boxes:
            self.add(box)

    def add(self, box: Box) -> None:
        """Take the place of `box`."""
        for cell in self._touched(box):
            self._cells.setdefault(cell, []).append(box)

    def covered(self, box: Box) -> float:
        """How much of `box` is taken, in square pixels."""
        near = {other for cell in self._touched(box) for other in self._cells.get(cell, ())}
        return sum(_common(box, other) for other in near)

    def _touched(self, box: Box) -> Iterator[tuple[int, int]]:
        (left, right), (top, bottom) = (
            [int((box[i] + sign * box[i + 2] / 2) // _CELL) for sign in (-1, 1)] for i in (0, 1)
        )
        return product(range(left, right + 1), range(top, bottom + 1))


def along(curve: tuple[Point, ...], fractions: tuple[float, ...]) -> list[Point]:
    """The points of a curve at fractions of its length; its pieces may be of any length each."""
    points = [_on_piece(curve[at : at + 4], t / 8) for at in range(0, len(curve) - 1, 3) for t in range(8)]
    points.append(curve[-1])
    reached = [0.0, *accumulate(map(math.dist, points, points[1:]))]
    found = []
    for fraction in fractions:
        wanted = fraction * reached[-1]
        at = min(max(bisect_left(reached, wanted), 1), len(points) - 1)
        step = reached[at] - reached[at - 1]
        t = (wanted - reached[at - 1]) / step if step else 0.0
        (x, y), (to_x, to_y) = points[at - 1], points[at]
        found.append((x + (to_x - x) * t, y + (to_y - y) * t))
    return found


def _on_piece(piece: tuple[Point, ...], t: float) -> Point:
    weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    x, y = (sum(w * p[axis] for w, p in zip(weights, piece, strict=True)) for axis in (0, 1))
    return x, y


def _common(a: Box, b: Box) -> float:
    """The area that two boxes have in common."""
    across, down = ((a[i + 2] + b[i + 2]) / 2 - abs(a[i] - b[i]) for i in (0, 1))
    return min(across, a[2], b[2]) * min(down, a[3], b[3]) if across > 0 and down > 0 else 0.0


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]
