"""A scene and its layout to SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from . import style
from .labels import shortened, text_width, visible
from .layout import Box, Layout, Point
from .scene import Card, Sample, Scene, Wire

_PAD = 18.0
_LEAST_WIDTH, _WIDEST_CAPTION = 400.0, 1240.0
_CAPTION_LINE = 21.0
_LEGEND_LINE = 19.5


def svg(scene: Scene, layout: Layout) -> str:
    """The picture as a complete SVG element, without a prologue, so that it can stand inside a page too."""
    least = max(_LEAST_WIDTH, min(scene.caption_width, _WIDEST_CAPTION))
    width = math.ceil(max(layout.width, least) + 2 * _PAD)
    top = _PAD + _CAPTION_LINE * len(scene.caption) + (10 if scene.caption else 0)
    legend, legend_height = _legend(scene.legend, width - 2 * _PAD)
    below = top + layout.height + (18 if legend else 0)
    height = math.ceil(below + legend_height + _PAD)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{_text(scene.summary)}" '
        f'font-family="{_FONT}">',
        f'<rect width="{width}" height="{height}" rx="6" fill="{style.PAPER}"/>',
        *_caption(scene.caption, width),
        f'<g transform="translate({(width - layout.width) / 2:.1f} {top:.1f})">',
        *(
            f'<g class="edge {wire.state}">{_title(wire.tooltip)}'
            f"{_arrow(curve, wire.stroke, wire.backwards)}</g>"
            for wire, curve in zip(scene.wires, layout.curves, strict=True)
        ),
        *(_card(card, box) for card, box in zip(scene.cards, layout.boxes, strict=True)),
        *(_wire_text(wire, at) for wire, at in zip(scene.wires, layout.labels, strict=True) if at),
        "</g>",
        f'<g transform="translate({_PAD:g} {below:.1f})">',
        *legend,
        "</g>",
        "</svg>",
    ]
    return "\n".join(part for part in parts if part)


_FONT = ", ".join(f"'{name}'" if " " in name else name for name in style.FAMILIES) + ", sans-serif"


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
        content = _write(box[0], box[1] + 4, _text(card.name), style.QUIET, style.SMALL, "middle")
    else:
        content = "".join(_lines(card, x + style.MARGIN, y + style.MARGIN))
    return f'<g class="node {card.kind}">{_title(card.tooltip)}{_frame(card, (x, y), box[2:])}{content}</g>'


def _frame(card: Card, corner: Point, size: Point) -> str:
    frame = style.FRAMES[card.kind]
    border, width, fill = frame.border, 1.3, frame.fill
    if card.current:
        border, width, fill = style.CURRENT, 3.0, style.CURRENT_FILL
    elif not card.known:
        fill = style.PAPER
    dash = "" if card.known else ' stroke-dasharray="4 3"'
    radius = min(frame.radius, size[1] / 2 if card.kind == "number" else size[1] / 3)
    drawn = _rect(corner, size, radius, f'fill="{fill}" stroke="{border}" stroke-width="{width}"{dash}')
    if card.kind == "result":
        inside = (corner[0] + 3, corner[1] + 3), (size[0] - 6, size[1] - 6)
        drawn += _rect(*inside, radius / 2, f'fill="none" stroke="{border}" stroke-width="0.8"{dash}')
    return drawn


def _rect(corner: Point, size: Point, radius: float, look: str) -> str:
    return (
        f'<rect x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" '
        f'rx="{radius:g}" {look}/>'
    )


def _lines(card: Card, x: float, y: float) -> Iterator[str]:
    y += style.LINE - 4
    # Isolated, so that a name written from right to left leaves the formula where it is.
    name = f'<tspan font-weight="bold" style="unicode-bidi:isolate">{_text(card.name)}</tspan>'
    if card.formula:
        name += f'<tspan font-size="{style.TEXT:g}" fill="{style.QUIET}">{_text(" " + card.formula)}</tspan>'
    yield _write(x, y, name, style.INK, style.NAME)
    for row in card.rows:
        y += style.LINE
        if row.title:
            yield _write(x, y, _text(row.title), style.QUIET, style.SMALL)
        if row.value:
            at = x + style.COLUMN if row.title else x
            look = (style.ROLES[row.role], style.TEXT, "start", bool(row.title))
            yield _write(at, y, _text(row.value), *look)


# --- wires ----------------------------------------------------------------------------------------------


def _arrow(curve: tuple[Point, ...], stroke: style.Stroke, backwards: bool) -> str:
    """A curve with a head at its end, or at its beginning: gradients flow from results to operands."""
    points = curve[::-1] if backwards else curve
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
    texts = [(text, flows) for text, flows in zip(wire.texts, (False, True), strict=True) if text]
    if not texts or wire.size is None:
        return ""
    corner = at[0] - wire.size[0] / 2, at[1] - wire.size[1] / 2
    drawn = _rect(corner, wire.size, 4, f'fill="{style.PAPER}"')
    for i, (text, flows) in enumerate(texts):
        y = at[1] + style.EDGE_LINE * (i + 0.75 - len(texts) / 2)
        drawn += _number(at[0], y, text, flows, "middle")
    return f'<g class="local">{_title(wire.tooltip)}{drawn}</g>'


def _number(x: float, y: float, text: str, flows: bool, anchor: str = "start") -> str:
    """A text of an edge; what flows along it is bold, in the colour of gradients."""
    return _write(x, y, _text(text), style.ROLES["grad"] if flows else style.INK, style.SMALL, anchor, flows)


# --- caption and legend -----------------------------------------------------------------------------------


def _caption(lines: tuple[str, ...], width: float) -> Iterator[str]:
    for i, line in enumerate(lines):
        shown = shortened(line, width - 2 * _PAD, style.NAME, most=400)
        size = style.NAME if i else style.TEXT
        written = _write(_PAD, _PAD + _CAPTION_LINE * i + 13, _text(shown), style.INK, size, bold=not i)
        yield f"<g>{_title(line if shown != line else '')}{written}</g>"


def _legend(legend: tuple[Sample, ...], width: float) -> tuple[list[str], float]:
    """The entries, as many to a line as fit, from the height 0 down; and how high they are together."""
    drawn, x, y = [], 0.0, _LEGEND_LINE / 2
    for sample in legend:
        what = sample.what
        start = text_width(what, style.SMALL, bold=True) + 6 if isinstance(what, str) else 28.0
        wide = start + text_width(sample.text, style.SMALL)
        if x and x + wide > width:
            x, y = 0.0, y + _LEGEND_LINE
        text = _write(x + start, y + 4, _text(sample.text), style.QUIET, style.SMALL)
        drawn.append(f'<g class="legend">{_sample(what, x, y)}{text}</g>')
        x += wide + 24
    return drawn, y + _LEGEND_LINE / 2 if legend else 0.0


def _sample(what: Card | style.Stroke | str, x: float, y: float) -> str:
    """A small specimen: a frame, a stroke, or a piece of text."""
    if isinstance(what, Card):
        return _frame(what, (x + 1, y - 6), (20, 13))
    if isinstance(what, style.Stroke):
        return _arrow(((x, y), (x + 7, y), (x + 14, y), (x + 20, y)), what, backwards=True)
    return _number(x, y + 4, what, flows=not what.startswith("×"))
