"""A wide layout broken like a text into lines, so that it fits a slide at a readable size.

It is cut where no card and no text of an edge stands. An edge that is cut leads on as in a circuit diagram:
out at the end of its line, back through the gutter below, and in at the beginning of the next one.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from .layout import Box, Curve, Layout, Point, straight
from .scene import Size

SLIDE: Size = (1280.0, 720.0)
_MARGIN = 12.0  # from cards to the first edge in a gutter
_TRACK = 8.0  # from one edge in a gutter to the next
_MOST_CUT = 10  # edges that one cut may go through: with more the eye cannot follow them
_LEAST_GAP = 8.0  # pixels between cards where a cut may be
_WORTH = 1.1  # by how much larger the picture must be on a slide


@lru_cache(maxsize=64)
def wrapped(layout: Layout, texts: tuple[Size | None, ...], down: bool = False) -> Layout:
    """The layout in as many lines as make it largest on a slide; with `down`, from top to bottom, in columns.

    `texts` has for each of its curves the size of its text, if it bears one.
    """
    if down:
        turned = tuple(size and (size[1], size[0]) for size in texts)
        return _turned(_wrapped(_turned(layout), turned, (SLIDE[1], SLIDE[0])))
    return _wrapped(layout, texts, SLIDE)


def _wrapped(layout: Layout, texts: Sequence[Size | None], slide: Size) -> Layout:
    def zoom(found: Layout) -> float:
        return min(slide[0] / found.width, slide[1] / found.height, 1.0)

    places = _places_to_cut(layout, texts)
    best, largest = layout, zoom(layout) * _WORTH
    # Lines of the same height make the shape of the slide with so many; cut ones are lower.
    lines = max(2, int(0.7 * math.sqrt(layout.width / layout.height * slide[1] / slide[0])))
    while largest < 1 and lines <= len(places) + 1:
        cuts = _cuts(layout.width, places, lines)
        if len(cuts) == lines - 1 and zoom(found := _lines(layout, texts, cuts)) > largest:
            best, largest = found, zoom(found)
        elif best is not layout:
            break  # more lines would be too high
        lines += 1
    return best


def _places_to_cut(layout: Layout, texts: Sequence[Size | None]) -> dict[float, int]:
    """Where a cut goes through edges alone, and through how many."""
    taken = sorted((x - w / 2, x + w / 2) for x, _, w, _ in _boxes(layout, texts))
    begins, ends = (sorted(side(curve)[0] for curve in layout.curves) for side in (min, max))
    places = {}
    end = taken[0][1]
    for left, right in taken[1:]:
        if left - end >= _LEAST_GAP:
            x = (left + end) / 2
            count = bisect_left(begins, x) - bisect_right(ends, x)
            if count <= _MOST_CUT:
                places[x] = count
        end = max(end, right)
    return places


def _boxes(layout: Layout, texts: Sequence[Size | None]) -> Iterator[Box]:
    yield from layout.boxes
    for at, size in zip(layout.labels, texts, strict=True):
        if at and size:
            yield (*at, *size)


def _cuts(width: float, places: dict[float, int], lines: int) -> list[float]:
    """Cuts into lines of much the same width, through few edges."""
    cuts: list[float] = []
    wanted = width / lines
    for line in range(1, lines):
        near = [x for x in places if abs(x - line * wanted) < wanted / 3 and (not cuts or x > cuts[-1])]
        if near:
            cuts.append(min(near, key=lambda x: (abs(x - line * wanted) / wanted) * 20 + places[x]))
    return cuts


def _lines(layout: Layout, texts: Sequence[Size | None], cuts: Sequence[float]) -> Layout:
    """The layout in lines, cut there."""
    borders = [0.0, *cuts, layout.width]
    pieces = [_pieces(curve, cuts) for curve in layout.curves]
    # Of each line the height that it takes, and the edges that lead from it to the next, the lowest first.
    spans, leading = [], []
    for line, (left, right) in enumerate(pairwise(borders)):
        boxes = [(y, h / 2) for x, y, _, h in _boxes(layout, texts) if left <= x < right]
        heights = [height for y, half in boxes for height in (y - half, y + half)]
        heights += [y for parts in pieces for _, y in parts.get(line, ())]
        spans.append((min(heights), max(heights)))
        crossing = [i for i, parts in enumerate(pieces) if line in parts and line + 1 in parts]
        leading.append(sorted(crossing, key=lambda i: -pieces[i][line][-1][1]))
    tracks = _TRACK * max(map(len, leading))
    start = (_MARGIN + tracks) if tracks else 0.0
    tops = [0.0]
    for (top, bottom), edges in zip(spans, leading, strict=True):
        tops.append(tops[-1] + bottom - top + 2 * _MARGIN + _TRACK * len(edges))

    def moved(line: int, point: Point) -> Point:
        return point[0] - borders[line] + start, point[1] - spans[line][0] + tops[line]

    curves = []
    for i, parts in enumerate(pieces):
        curve: Curve = ()
        for line, part in sorted(parts.items()):
            shifted = tuple(moved(line, point) for point in part)
            if curve:
                track = leading[line - 1].index(i)
                inner = len(leading[line - 1]) - 1 - track
                corner = borders[line] - borders[line - 1] + start + _TRACK * track, curve[-1][1]
                other = start - _MARGIN - _TRACK * inner, tops[line] - _MARGIN - _TRACK * (inner + 0.5)
                curve += _around(curve[-1], corner, other, shifted[0])
            curve = (*curve, *shifted[1:]) if curve else shifted
        curves.append(curve[::-1] if _is_backwards(layout.curves[i]) else curve)
    width = start + max(right - left for left, right in pairwise(borders)) + tracks
    return Layout(
        width,
        tops[-1] - 2 * _MARGIN,
        tuple((*moved(bisect_right(cuts, x), (x, y)), w, h) for x, y, w, h in layout.boxes),
        tuple(curves),
        tuple(at and moved(bisect_right(cuts, at[0]), at) for at in layout.labels),
    )


def _around(begin: Point, right: Point, left: Point, end: Point) -> Curve:
    """From the end of a line to the beginning of the next, without the first point."""
    corners = (begin, right, (right[0], left[1]), left, (left[0], end[1]), end)
    return tuple(point for a, b in pairwise(corners) for point in straight(a, b)[1:])


def _pieces(curve: Curve, cuts: Sequence[float]) -> dict[int, Curve]:
    """A curve cut, by line, from left to right."""
    rest = curve[::-1] if _is_backwards(curve) else curve
    found = {}
    line = bisect_right(cuts, rest[0][0])
    for cut in cuts[line:]:
        if rest[-1][0] <= cut:
            break
        found[line], rest = _split(rest, cut)
        line += 1
    return found | {line: rest}


def _is_backwards(curve: Curve) -> bool:
    return curve[0][0] > curve[-1][0]


def _split(curve: Curve, x: float) -> tuple[Curve, Curve]:
    """A curve in two where it first passes `x`."""
    piece = next(i for i in range(0, len(curve) - 1, 3) if curve[i + 3][0] > x)
    points = curve[piece : piece + 4]
    low, high = 0.0, 1.0
    for _ in range(40):
        t = (low + high) / 2
        first, second = _halves(points, t)
        low, high = (t, high) if first[-1][0] < x else (low, t)
    return (*curve[:piece], *first), (*second, *curve[piece + 4 :])


def _halves(points: Curve, t: float) -> tuple[Curve, Curve]:
    """A Bezier piece in two at `t`, by de Casteljau."""
    first, second = [points[0]], [points[-1]]
    while len(points) > 1:
        points = tuple((a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in pairwise(points))
        first.append(points[0])
        second.insert(0, points[-1])
    return tuple(first), tuple(second)


def _turned(layout: Layout) -> Layout:
    """The layout with x and y exchanged."""
    return Layout(
        layout.height,
        layout.width,
        tuple((y, x, h, w) for x, y, w, h in layout.boxes),
        tuple(tuple((y, x) for x, y in curve) for curve in layout.curves),
        tuple(at and (at[1], at[0]) for at in layout.labels),
    )
