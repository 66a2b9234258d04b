"""How pictures look: sizes in pixels, colours, frames, strokes.

The hues are those of Okabe and Ito, which people tell apart whatever their sight; those of text are darkened
until they have the contrast of 4.5 to 1 that small letters need. Nothing is said by colour alone: results
have a double border, what is not evaluated a dashed one, partial sums end in an ellipsis.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["input", "parameter", "operation", "result", "number", "group"]
State: TypeAlias = Literal["plain", "waiting", "passed", "forward", "back"]

# The first that the machine has is taken; all are plain sans-serif faces.
FAMILIES = (
    "Helvetica", "Arial", "Liberation Sans", "DejaVu Sans", "Noto Sans", "Open Sans", "Roboto", "Ubuntu",
)  # fmt: skip
NAME = 14.0  # sizes of letters
TEXT = 12.0
SMALL = 11.0
LINE = 17.0  # from one line to the next
MARGIN = 9.0
EDGE_LINE = LINE * 0.85  # from one line to the next on an edge
COLUMN = 34.0  # where the values of a card begin, behind "data" and "grad"

PAPER = "#ffffff"  # solid, so that a picture is as readable in a dark notebook as on a slide
INK = "#1f1f1f"
QUIET = "#686868"
ROLES = {"data": "#00629c", "grad": "#b34700", "text": INK}  # blue and vermilion
CURRENT = "#e69f00"  # orange
CURRENT_FILL = "#fff1d0"


class Frame(NamedTuple):
    """How a card is drawn; `text` names its kind in the legend."""

    fill: str
    border: str
    radius: float
    text: str


FRAMES: dict[Kind, Frame] = {
    "input": Frame("#e3f2fc", "#3f9fd8", 12, "input"),  # sky blue
    "parameter": Frame("#fbf0f6", "#cc79a7", 12, "parameter"),  # pink
    "operation": Frame("#fafafa", "#7f7f7f", 4, "operation"),
    "result": Frame("#e0f3ec", "#009e73", 4, "result"),  # bluish green
    "number": Frame("#f0f0f0", "none", 11, "plain number"),
    "group": Frame("#efeff6", "#6a6a9c", 4, "several nodes"),
}


class Stroke(NamedTuple):
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
