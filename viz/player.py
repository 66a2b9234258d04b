"""The player: one page on which a walk can be watched, with every number live."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace

from . import graph, outline, style
from .groups import collapsed
from .labels import text_width, visible
from .layout import Box, Layout, lay_out
from .numbers_shown import Reading
from .page import framed, page, require_page, write_page
from .scene import Card, Scene, Wire
from .walk_data import walk_data

FOLDER = Path(__file__).parent / "player"
SCRIPTS = (
    "numbers.js", "rules.js", "walk.js", "sentences.js", "mathml.js", "picture.js", "lists.js", "reasons.js",
    "leaves.js", "practice.js", "page.js",
)  # fmt: skip
LIMIT = 2000  # nodes that are drawn one by one
_MOST_LABELLED = 60  # edges that bear their derivatives: in larger graphs these would cover everything
_WIDEST = "-1.23457e-05"  # a leaf that is moved may have any number
_HEIGHT = 640  # of the frame in a notebook, in pixels


def play(what: Value | Trace) -> Player:
    """The walk through a graph as a page: to be stepped through, asked why, changed and practised on.

    The page shows what a Trace shows, and computes by itself: a leaf can be given another number, and every
    number and sentence follows. It is one file, which asks nothing of any network. A graph of more than 2,000
    nodes is drawn in outline.

    Args:
        what: the result of a computation, or a walk through it, which is shown from where it stands.

    Raises:
        TypeError: `what` is neither.
        RuntimeError: data was changed after the forward pass was recorded.

    >>> from micrograd_dl.engine.value import Value
    >>> x = Value(3.0, "x")
    >>> play(x * x)
    <player: the walk of J, 4 steps>
    """
    if not isinstance(what, Value | Trace):
        raise TypeError(f"play takes a Value or a Trace, not the {type(what).__name__} {what!r:.60}")
    return Player(what if isinstance(what, Trace) else Trace(what))


class Player:
    """A walk as one page; what ``play`` returns. In a notebook it shows itself.

    The numbers are those of the moment it was made.
    """

    def __init__(self, trace: Trace) -> None:
        name = trace.notation.name(trace.root)
        self.title = visible(f"The walk of {name}")
        self._summary = f"the walk of {name}, {len(trace):,} steps"
        self._data = walk_data(trace) | {"title": self.title}
        self._scene, self._members = _scene(trace)

    @cached_property
    def html(self) -> str:
        """The page.

        Raises:
            ModuleNotFoundError: there is no Graphviz, neither a program nor the package.
            RuntimeError: Graphviz gave up on the graph.
        """
        drawn = _drawn(self._scene, self._members, self._data["nodes"], lay_out(self._scene))
        return page(self.title, FOLDER, SCRIPTS, self._data | {"scene": drawn})

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, whole or not at all, and return its path.

        Raises:
            ValueError: the name does not end in ``.html``.
            FileNotFoundError: there is no such folder.
            ModuleNotFoundError, RuntimeError: there is no layout, as of `html`.
        """
        require_page(path)  # before the layout, which may take a while
        return write_page(self.html, path)

    def _repr_html_(self) -> str | None:
        try:
            return framed(self.html, self.title, _HEIGHT)
        except (ImportError, RuntimeError, OSError):  # a notebook would print the whole traceback
            return None

    def __repr__(self) -> str:
        return f"<player: {self._summary}>"


def _scene(trace: Trace) -> tuple[Scene, list[list[int]]]:
    """The scene, and for each of its cards the places of its nodes."""
    reading = Reading(trace)
    depths, needed = outline.measure(trace.order)
    if needed > LIMIT:
        groups, caption = outline.groups(depths, needed, LIMIT)
    else:
        groups, caption = collapsed(trace.order, ()), ()
    edges = sum(len(node.operands) for node in trace.order)
    scene = graph.scene(reading, groups, edges <= _MOST_LABELLED, caption)
    place = {node: i for i, node in enumerate(trace.order)}
    cards = tuple(map(_roomy, scene.cards))
    return scene._replace(cards=cards), [[place[node] for node in group.nodes] for group in groups]


def _roomy(card: Card) -> Card:
    """The card with room for any number."""
    width = text_width(_WIDEST, style.TEXT, bold=True)
    rows = [row._replace(room=max(row.room, width)) if row.title else row for row in card.rows]
    return card._replace(rows=tuple(rows))


def _drawn(scene: Scene, members: list[list[int]], nodes: list[Any], layout: Layout) -> dict[str, Any]:
    """Cards and wires with their places, for the page."""
    card_of = {node: card for card, places in enumerate(members) for node in places}
    edges: dict[tuple[int, int], list[list[int]]] = {}
    for head, node in enumerate(nodes):
        for which, tail in enumerate(node["operands"]):
            edges.setdefault((card_of[tail], card_of[head]), []).append([head, which])

    def of(wire: Wire) -> list[list[int]]:
        between = edges[wire.tail, wire.head]
        # Between two nodes each edge has its own wire.
        return [between.pop(0)] if len(members[wire.tail]) == len(members[wire.head]) == 1 else between

    return {
        "width": _tenth(layout.width),
        "height": _tenth(layout.height),
        "cards": [
            _drawn_card(card, places, box)
            for card, places, box in zip(scene.cards, members, layout.boxes, strict=True)
        ],
        "wires": [
            {
                "edges": (several := of(wire)),
                "quiet": wire.quiet,
                "text": wire.texts[0] if len(several) > 1 else "",
                "curve": [[*map(_tenth, point)] for point in curve],
                "label": [*map(_tenth, label)] if label else None,
            }
            for wire, curve, label in zip(scene.wires, layout.curves, layout.labels, strict=True)
        ],
    }


def _drawn_card(card: Card, places: list[int], box: Box) -> dict[str, Any]:
    x, y, w, h = map(_tenth, box)
    return {
        "nodes": places,
        "kind": card.kind,
        "name": visible(card.name),
        "formula": card.formula,
        "rows": [[row.title, "" if row.title else row.value] for row in card.rows],
        "x": x,
        "y": y,
        "w": w,
        "h": h,
    }


def _tenth(x: float) -> float:
    return round(x, 1)
