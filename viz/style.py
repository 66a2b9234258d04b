"""Colours and shapes, for the SVG and for the DOT text alike.

The hues are those of Okabe and Ito, which people tell apart whatever their sight; those of text are darkened
until they have the contrast of 4.5 to 1 that small letters need. Nothing is said by colour alone: results
have a double border, what is not evaluated a dashed one, partial sums end in an ellipsis.
"""

from __future__ import annotations

from dataclasses import dataclass

from .scene import Kind, State, Wire

PAPER = "#ffffff"  # solid, so that a picture is as readable in a dark notebook as on a slide
INK = "#1f1f1f"
QUIET = "#686868"
ROLES = {"data": "#00629c", "grad": "#b34700", "count": INK}  # blue and vermilion
CURRENT = "#e69f00"  # orange
CURRENT_FILL = "#fff1d0"


@dataclass(frozen=True, slots=True)
class Frame:
    """How a card is drawn; `text` names its kind in the legend, `hue` its colour."""

    fill: str
    border: str
    radius: float
    text: str
    hue: str


FRAMES: dict[Kind, Frame] = {
    "input": Frame("#e3f2fc", "#3f9fd8", 12, "input", "blue"),  # sky blue
    "operation": Frame("#fafafa", "#7f7f7f", 4, "operation", "grey"),
    "result": Frame("#e0f3ec", "#009e73", 4, "result", "green"),  # bluish green
    "number": Frame("#f0f0f0", "none", 11, "plain number", "pale"),
    "group": Frame("#f3eef6", "#8a6d9b", 4, "several nodes", "purple"),
}


@dataclass(frozen=True, slots=True)
class Stroke:
    """How a wire is drawn; `dash` is SVG's."""

    colour: str
    width: float
    dash: str = ""


STROKES: dict[State, Stroke] = {
    "plain": Stroke("#5f5f5f", 1.2),
    "waiting": Stroke("#a0a0a0", 1.0, "4 3"),
    "passed": Stroke("#d55e00", 1.6),
    "forward": Stroke(CURRENT, 3.0),
    "back": Stroke(CURRENT, 3.0),
}
QUIET_STROKE = Stroke("#bdbdbd", 1.0)


def stroke_of(wire: Wire) -> Stroke:
    """How a wire is drawn: the edge of a plain number is pale, unless it is waiting or the step at hand."""
    return QUIET_STROKE if wire.quiet and wire.state not in ("waiting", "forward") else STROKES[wire.state]
