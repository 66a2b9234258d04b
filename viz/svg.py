"""A scene and its layout to SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from .convert import FAMILIES
from .labels import shortened, text_width, visible
from .layout import Box, Layout, Point
from .scene import (
    COLUMN,
    CURRENT,
    CURRENT_FILL,
    FRAMES,
    INK,
    LINE,
    MARGIN,
    NAME_SIZE,
    PAPER,
    QUIET,
    ROLES,
    SMALL_SIZE,
    STROKES,
    TEXT_LINE,
    TEXT_SIZE,
    Card,
    Sample,
    Scene,
    Stroke,
    Wire,
    text_size,
)

_PAD = 18.0
_LEAST_WIDTH = 400.0
_LEAST_WIDTH_FOR_CAPTION = 620.0
_CAPTION_LINE = 21.0
_DRAWN = {*FRAMES, *STROKES, "current", "unknown"}  # samples of the legend; others are written


def svg(scene: Scene, layout: Layout) -> str:
    """The picture as a complete SVG element, without a prologue, so that it can stand inside a page too."""
    least = _LEAST_WIDTH_FOR_CAPTION if scene.caption else _LEAST_WIDTH
    width = math.ceil(max(layout.width, least) + 2 * _PAD)
    top = _PAD + _CAPTION_LINE * len(scene.caption) + (10 if scene.caption else 0)
    rows = _legend_rows(scene.legend, width - 2 * _PAD)
    below = top + layout.height + (18 if rows else 0)
    height = math.ceil(below + LINE * 1.15 * len(rows) + _PAD)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{_text(scene.summary)}" '
        f'font-family="{_FONT}">',
        f'<rect width="{width}" height="{height}" rx="6" fill="{PAPER}"/>',
        *_caption(scene.caption, width),
        f'<g transform="translate({(width - layout.width) / 2:.1f} {top:.1f})">',
        *(_wire(wire, curve) for wire, curve in zip(scene.wires, layout.curves, strict=True)),
        *(_card(card, box) for card, box in zip(scene.cards, layout.boxes, strict=True)),
        *(_wire_text(wire, at) for wire, at in zip(scene.wires, layout.labels, strict=True) if at),
        "</g>",
        *_legend(rows, below),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part)


_FONT = ", ".join(f"'{name}'" if " " in name else name for name in FAMILIES) + ", sans-serif"


def _text(text: str) -> str:
    return escape(visible(text)).replace("\n", "&#10;")


def _write(
    x: float, y: float, content: str, colour: str, size: float, anchor: str = "start", bold: bool = False
) -> str:
    """A line of text; `content` is markup."""
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}" text-anchor="{anchor}"{weight} '
        f'xml:space="preserve">{content}</text>'
    )


def _title(text: str) -> str:
    """What browsers show when the pointer rests on the element around."""
    return f"<title>{_text(text)}</title>" if text else ""


# --- cards ----------------------------------------------------------------------------------------------


def _card(card: Card, box: Box) -> str:
    x, y = box[0] - box[2] / 2, box[1] - box[3] / 2
    if card.kind == "number":
        content = _write(box[0], box[1] + 4, _text(card.name[0]), QUIET, SMALL_SIZE, "middle")
    else:
        content = "".join(_lines(card, x + MARGIN, y + MARGIN))
    return f'<g class="node {card.kind}">{_title(card.tooltip)}{_frame(card, (x, y), box[2:])}{content}</g>'


def _frame(card: Card, corner: Point, size: Point) -> str:
    frame = FRAMES[card.kind]
    border, width, fill = frame.border, 1.3, frame.fill
    if card.current:
        border, width, fill = CURRENT, 3.0, CURRENT_FILL
    elif not card.known:
        fill = PAPER
    dash = "" if card.known else ' stroke-dasharray="4 3"'
    radius = min(frame.radius, size[1] / 2 if card.kind == "number" else size[1] / 3)
    drawn = _rect(corner, size, radius, f'fill="{fill}" stroke="{border}" stroke-width="{width}"{dash}')
    if card.kind == "result":
        inner = _rect((corner[0] + 3, corner[1] + 3), (size[0] - 6, size[1] - 6), radius / 2,
                      f'fill="none" stroke="{border}" stroke-width="0.8"{dash}')  # fmt: skip
        return drawn + inner
    return drawn


def _rect(corner: Point, size: Point, radius: float, style: str) -> str:
    return (
        f'<rect x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" '
        f'rx="{radius:g}" {style}/>'
    )


def _lines(card: Card, x: float, y: float) -> Iterator[str]:
    last = len(card.name) - 1
    for i, line in enumerate(card.name):
        y += LINE - (2 if i == 0 else 0)
        # Isolated, so that a name written from right to left leaves the formula where it is.
        content = f'<tspan font-weight="bold" style="unicode-bidi:isolate">{_text(line)}</tspan>'
        if i == last and card.formula:
            formula = _text(" " + card.formula)
            content += f'<tspan font-size="{TEXT_SIZE:g}" fill="{QUIET}">{formula}</tspan>'
        yield _write(x, y - 2, content, INK, NAME_SIZE)
    for row in card.rows:
        y += LINE
        if row.title:
            yield _write(x, y - 2, _text(row.title), QUIET, SMALL_SIZE)
        if row.value:
            column = COLUMN if row.title else 0
            yield _write(
                x + column, y - 2, _text(row.value), ROLES[row.role], TEXT_SIZE, bold=bool(row.title)
            )


# --- wires ----------------------------------------------------------------------------------------------


def _wire(wire: Wire, curve: tuple[Point, ...]) -> str:
    drawn = _arrow(curve, wire.stroke, forwards=wire.state not in ("back", "passed"))
    return f'<g class="edge {wire.state}">{_title(wire.tooltip)}{drawn}</g>'


def _arrow(curve: tuple[Point, ...], stroke: Stroke, forwards: bool = True) -> str:
    """A curve with a head at its end, or at its beginning: gradients flow from results to operands."""
    points = curve if forwards else curve[::-1]
    tip = points[-1]
    toward = next((p for p in reversed(points) if math.dist(p, tip) > 0.5), (tip[0] - 1, tip[1]))
    length = math.dist(toward, tip)
    x, y = (tip[0] - toward[0]) / length, (tip[1] - toward[1]) / length
    long, half = 7 + stroke.width, 2.2 + stroke.width
    back = tip[0] - long * x, tip[1] - long * y
    corners = tip, (back[0] - half * y, back[1] + half * x), (back[0] + half * y, back[1] - half * x)
    # The line ends inside its head, lest its square end stand out beyond the tip.
    points = (*points[:-1], (tip[0] - long / 2 * x, tip[1] - long / 2 * y))
    path = f"M{_pair(points[0])}C" + " ".join(map(_pair, points[1:]))
    dash = f' stroke-dasharray="{stroke.dash}"' if stroke.dash else ""
    return (
        f'<path d="{path}" fill="none" stroke="{stroke.colour}" stroke-width="{stroke.width}"{dash}/>'
        f'<polygon points="{" ".join(map(_pair, corners))}" fill="{stroke.colour}"/>'
    )


def _pair(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def _wire_text(wire: Wire, at: Point) -> str:
    texts = [(wire.local, INK), (wire.flow, ROLES["grad"])][: wire.lines]
    texts = [(text, colour) for text, colour in texts if text]
    if not texts:
        return ""
    widest = max(text_width(text, SMALL_SIZE, bold=True) for text, _ in texts)
    wide, high = text_size(widest, len(texts))
    corner = at[0] - wide / 2, at[1] - high / 2
    drawn = [_rect(corner, (wide, high), 4, f'fill="{PAPER}"')]
    for i, (text, colour) in enumerate(texts):
        y = corner[1] + TEXT_LINE * (i + 0.8)
        drawn.append(_write(at[0], y, _text(text), colour, SMALL_SIZE, "middle", bold=colour != INK))
    return f'<g class="local">{_title(wire.tooltip)}{"".join(drawn)}</g>'


# --- caption and legend -----------------------------------------------------------------------------------


def _caption(lines: tuple[str, ...], width: float) -> Iterator[str]:
    for i, line in enumerate(lines):
        shown = shortened(line, width - 2 * _PAD, NAME_SIZE, most=400)
        size = NAME_SIZE if i else TEXT_SIZE
        written = _write(_PAD, _PAD + _CAPTION_LINE * i + 13, _text(shown), INK, size, bold=not i)
        yield f"<g>{_title(line if shown != line else '')}{written}</g>"


def _legend_rows(legend: tuple[Sample, ...], width: float) -> list[list[tuple[float, Sample]]]:
    """The legend's entries with their places in a line, as many to a line as fit."""
    rows: list[list[tuple[float, Sample]]] = []
    x = width + 1
    for sample in legend:
        wide = _sample_width(sample.what) + text_width(sample.text, SMALL_SIZE) + 24
        if x + wide - 24 > width:
            rows.append([])
            x = 0.0
        rows[-1].append((x, sample))
        x += wide
    return rows


def _legend(rows: list[list[tuple[float, Sample]]], top: float) -> Iterator[str]:
    for i, row in enumerate(rows):
        y = top + LINE * 1.15 * (i + 0.5)
        for x, sample in row:
            x += _PAD
            yield (
                f'<g class="legend">{_sample(sample.what, x, y)}'
                + _write(x + _sample_width(sample.what), y + 4, _text(sample.text), QUIET, SMALL_SIZE)
                + "</g>"
            )


def _sample(what: str, x: float, y: float) -> str:
    """A small specimen of what a legend explains: a frame, a stroke, or a piece of text."""
    if what in ("current", "unknown") or what in FRAMES:
        card = Card(
            what if what in FRAMES else "operation", ("",), "", (), "",
            known=what != "unknown", current=what == "current",
        )  # fmt: skip
        return _frame(card, (x + 1, y - 6), (20, 13))
    if what in STROKES:
        curve = (x, y), (x + 7, y), (x + 14, y), (x + 20, y)
        stroke = STROKES[what]
        return _arrow(curve, stroke, forwards=what not in ("back", "passed"))
    colour = INK if what.startswith("×") else ROLES["grad"]
    return _write(x, y + 4, _text(what), colour, SMALL_SIZE, bold=colour != INK)


def _sample_width(what: str) -> float:
    return 28.0 if what in _DRAWN else text_width(what, SMALL_SIZE, bold=True) + 6
