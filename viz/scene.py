"""The content of a picture before its layout: cards for nodes, wires for edges.

A size is that of the widest text in any frame of a walk. The layout sees nothing but sizes, so that all
frames of a walk are laid out alike.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, TypeAlias

from . import style
from .labels import text_width
from .style import Kind, State, Stroke

Size: TypeAlias = tuple[float, float]  # width, height


class Row(NamedTuple):
    """A line of a card: a quiet title, and a value in the colour of `role`; `room` is its greatest width."""

    title: str
    value: str
    role: Literal["data", "grad", "text"] = "text"
    room: float = 0.0


class Card(NamedTuple):
    """A node, or a group of them."""

    kind: Kind  # decides shape and colour
    name: str
    formula: str = ""  # what stands behind the name, such as "= b * c"
    rows: tuple[Row, ...] = ()  # the lines below
    tooltip: str = ""  # the whole label and the exact numbers
    known: bool = True  # False draws it as not evaluated yet
    current: bool = False  # True marks it as what the step at hand writes

    @property
    def size(self) -> Size:
        """In pixels."""
        if self.kind == "number":
            return max(text_width(self.name, style.SMALL) + 14, 24.0), 22.0
        header = text_width(self.name, style.NAME, bold=True)
        if self.formula:
            header += text_width(" " + self.formula, style.TEXT)
        rows = [(style.COLUMN if row.title else 0.0) + row.room for row in self.rows]
        # In steps, so that cards of much the same width have the same and stand flush.
        width = math.ceil((max([header, *rows]) + 2 * style.MARGIN) / 20) * 20
        return width, style.LINE * (1 + len(self.rows)) + 2 * style.MARGIN - 2


class Wire(NamedTuple):
    """An edge from the operand `tail` to the result `head`, both positions in the scene's cards."""

    tail: int
    head: int
    texts: tuple[str, str] = ("", "")  # on it: the derivative, such as "× 2", and what flows, such as "+6"
    size: Size | None = None  # fits the largest text in any frame; None if it never has a text
    tooltip: str = ""
    state: State = "plain"  # decides colour, stroke and direction
    quiet: bool = False  # True for the edge of a plain number

    @property
    def stroke(self) -> Stroke:
        """How it is drawn: the edge of a plain number is pale, unless it is waiting or the step at hand."""
        pale = self.quiet and self.state not in ("waiting", "forward")
        return style.QUIET_STROKE if pale else style.STROKES[self.state]

    @property
    def backwards(self) -> bool:
        """Whether its arrow points the way that gradients flow, from the result to the operand."""
        return self.state in ("back", "passed")


class Sample(NamedTuple):
    """An entry of the legend: a specimen and its meaning."""

    what: Card | Stroke | str
    text: str


class Scene(NamedTuple):
    """All that a picture shows."""

    cards: tuple[Card, ...]
    wires: tuple[Wire, ...]
    caption: tuple[str, ...]  # lines above the graph, the first one bold
    caption_width: float  # that is needed for the caption of any frame
    legend: tuple[Sample, ...]  # what shapes and colours mean
    summary: str  # one line for those who cannot see the picture
