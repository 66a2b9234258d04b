"""What a picture shows, before anything is laid out: cards for nodes, wires for edges, and how they look.

Sizes are fixed here, from the widest text that a card will bear in any frame of a walk. The layout sees
nothing but sizes, so that all frames of a walk are laid out alike.

The hues are those of Okabe and Ito, which people tell apart whatever their sight; those of text are darkened
until they have the contrast of 4.5 to 1 that small letters need. Nothing is said by colour alone: results
have a double border, what is not evaluated a dashed one, partial sums end in an ellipsis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .labels import text_width

Kind: TypeAlias = Literal["input", "operation", "result", "number", "group"]
Size: TypeAlias = tuple[float, float]  # width, height
State: TypeAlias = Literal["plain", "waiting", "passed", "forward", "back"]

NAME_SIZE = 14.0  # pixels
TEXT_SIZE = 12.0
SMALL_SIZE = 11.0
LINE = 17.0  # from one line to the next
MARGIN = 9.0
TEXT_LINE = LINE * 0.85  # the same on a wire, where lines are small
COLUMN = 34.0  # where the values of a card begin, behind "data" and "grad"


PAPER = "#ffffff"  # solid, so that a picture is as readable in a dark notebook as on a slide
INK = "#1f1f1f"
QUIET = "#686868"
ROLES = {"data": "#00629c", "grad": "#b34700", "count": INK}  # blue and vermilion
CURRENT = "#e69f00"  # orange
CURRENT_FILL = "#fff1d0"


@dataclass(frozen=True, slots=True)
class Frame:
    """How a card is drawn; `text` names its kind in the legend."""

    fill: str
    border: str
    radius: float
    text: str


FRAMES: dict[Kind, Frame] = {
    "input": Frame("#e3f2fc", "#3f9fd8", 12, "input"),  # sky blue
    "operation": Frame("#fafafa", "#7f7f7f", 4, "operation"),
    "result": Frame("#e0f3ec", "#009e73", 4, "result"),  # bluish green
    "number": Frame("#f0f0f0", "none", 11, "plain number"),
    "group": Frame("#f3eef6", "#8a6d9b", 4, "several nodes"),
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


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a card: a quiet title, and a value in the colour of `role`; `room` is its greatest width."""

    title: str
    value: str
    role: Literal["data", "grad", "count"]
    room: float


@dataclass(frozen=True, slots=True)
class Card:
    """A node, or a group of them."""

    kind: Kind  # decides shape and colour
    name: tuple[str, ...]  # its lines
    formula: str  # what stands behind the last line of the name, such as "= b * c"
    rows: tuple[Row, ...]  # the lines below
    tooltip: str  # the whole label and the exact numbers
    known: bool = True  # False draws it as not evaluated yet
    current: bool = False  # True marks it as what the step at hand writes

    @property
    def width(self) -> float:
        """In pixels."""
        if self.kind == "number":
            return max(text_width(self.name[0], SMALL_SIZE) + 14, 24.0)
        header = [text_width(line, NAME_SIZE, bold=True) for line in self.name]
        if self.formula:
            header[-1] += text_width(" " + self.formula, TEXT_SIZE)
        rows = [(COLUMN if row.title else 0.0) + row.room for row in self.rows]
        # In steps, so that cards of much the same width have the same and stand flush.
        return math.ceil((max([*header, *rows]) + 2 * MARGIN) / 20) * 20

    @property
    def height(self) -> float:
        """In pixels."""
        if self.kind == "number":
            return 22.0
        return LINE * (len(self.name) + len(self.rows)) + 2 * MARGIN - 2


@dataclass(frozen=True, slots=True)
class Wire:
    """An edge from the operand `tail` to the result `head`, both positions in the scene's cards."""

    tail: int
    head: int
    local: str = ""  # what is written on it about its derivative, such as "× 2"; may be empty
    flow: str = ""  # what is written about the gradient that flows along it, such as "+6"; may be empty
    room: float = 0.0  # the width of the widest of these in any frame; 0 if the wire never bears text
    lines: int = 0  # how many lines of text it may bear
    tooltip: str = ""
    state: State = "plain"  # decides colour, stroke and direction
    quiet: bool = False  # True for the edge of a plain number, and for what carries no gradient

    @property
    def stroke(self) -> Stroke:
        """How it is drawn: the edge of a plain number is pale, unless it is waiting or the step at hand."""
        return (
            QUIET_STROKE if self.quiet and self.state not in ("waiting", "forward") else STROKES[self.state]
        )

    @property
    def text_size(self) -> Size | None:
        """Of the widest text in any frame, with a margin; None if the wire never bears text."""
        return text_size(self.room, self.lines) if self.room and self.lines else None


def text_size(width: float, lines: int) -> Size:
    """The place that so many lines on a wire take, the widest of which has this width."""
    return width + 6, TEXT_LINE * lines + 2


@dataclass(frozen=True, slots=True)
class Sample:
    """An entry of the legend: `what` is drawn as a sample, `text` says what it means."""

    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a picture shows."""

    cards: tuple[Card, ...]
    wires: tuple[Wire, ...]
    caption: tuple[str, ...]  # lines above the graph, the first one bold
    legend: tuple[Sample, ...]  # what shapes and colours mean
    summary: str  # one line for those who cannot see the picture
