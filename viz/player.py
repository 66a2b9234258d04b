"""The player: one page on which a walk can be watched, with every number live."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace

from . import graph, outline, style
from .groups import Group, collapsed, groups
from .labels import text_width, visible
from .layout import Curve, Layout, Point, lay_out
from .numbers_shown import Reading
from .page import framed, page, require_page, write_page
from .scene import Card, Scene, Wire
from .walk_data import walk_data
from .wrapping import wrapped

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from micrograd_dl.nn.mlp import MLP

FOLDER = Path(__file__).parent / "player"
SCRIPTS = (
    "numbers.js", "data.js", "rules.js", "arithmetic.js", "walk.js", "sentences.js", "mathml.js", "layout.js",
    "groups.js", "picture.js", "lists.js", "reasons.js", "leaves.js", "practice.js", "page.js",
)  # fmt: skip
LIMIT = 2000  # nodes that are drawn one by one
_MOST_LABELLED = 60  # edges that bear their derivatives: in larger graphs these would cover everything
_WIDEST = "-1.23457e-05"  # a leaf that is moved may have any number
_HEIGHT = 640  # of the frame in a notebook, in pixels


def play(
    what: Value | Trace | MLP,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    collapse: str | Iterable[str] = (),
) -> Player:
    """The walk through a graph as a page: to be stepped through, asked why, changed and practised on.

    The page shows what a Trace shows, and computes by itself: a leaf can be given another number, and every
    number and sentence follows. It is one file, which asks nothing of any network. A graph of more than 2,000
    nodes is drawn in outline.

    Args:
        what: the result of a computation; a walk through it, which is shown from where it stands; or a
            network of Values, whose cost over the examples is shown.
        X, Y: the examples of a network, ``(n_x, m)`` and ``(n_y, m)``.
        collapse: in the graph of a network of `micrograd_dl.nn`, what has one card together at first:
            "neurons", "layers", "examples" or "loss", or several of these. On the page that can be changed.

    Raises:
        TypeError: `what` is none of these, a network has no examples, or something else has them.
        ValueError: there is nothing of that kind to collapse, or X or Y has a wrong shape.
        RuntimeError: data was changed after the forward pass was recorded.

    >>> from micrograd_dl.engine.value import Value
    >>> x = Value(3.0, "x")
    >>> play(x * x)
    <player: the walk of J, 4 steps>
    """
    if not isinstance(what, Value | Trace):
        what = _cost(what, X, Y)
    elif X is not None or Y is not None:
        raise TypeError(
            f"X and Y go with a network of Values, not with the {type(what).__name__} {what!r:.60}"
        )
    kinds = [collapse] if isinstance(collapse, str) else list(collapse)
    return Player(what if isinstance(what, Trace) else Trace(what), kinds)


def _cost(model: object, X: ArrayLike | None, Y: ArrayLike | None) -> Value:
    from micrograd_dl.nn.mlp import MLP  # here, since it takes NumPy, and other pictures do not

    if not isinstance(model, MLP):
        wanted = "a Value, a Trace, or a network of Values (nn.MLP) with X and Y"
        raise TypeError(f"play takes {wanted}, not the {type(model).__name__} {model!r:.60}")
    if X is None or Y is None:
        raise TypeError("the walk of a network is that of its cost over examples: play(model, X, Y)")
    return model.cost(X, Y)


class Player:
    """A walk as one page; what ``play`` returns. In a notebook it shows itself.

    The numbers are those of the moment it was made.
    """

    def __init__(self, trace: Trace, collapse: Sequence[str]) -> None:
        name = trace.notation.name(trace.root)
        self.title = visible(f"The walk of {name}")
        self._summary = f"the walk of {name}, {len(trace):,} steps"
        self._data = walk_data(trace) | {"title": self.title}
        self._pictured = _Pictured(trace, collapse)

    @cached_property
    def html(self) -> str:
        """The page.

        Raises:
            ModuleNotFoundError: there is no Graphviz, neither a program nor the package.
            RuntimeError: Graphviz gave up on the graph.
        """
        return page(self.title, FOLDER, SCRIPTS, self._data | self._pictured.data(self._data["nodes"]))

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
            return framed(self.html, self.title, _HEIGHT, self._summary)
        except (ImportError, RuntimeError, OSError):  # a notebook would print the whole traceback
            return None

    def __repr__(self) -> str:
        return f"<player: {self._summary}>"


class _Pictured:
    """What the page draws: every node, or an outline of them; and the groups that can be collapsed there."""

    def __init__(self, trace: Trace, collapse: Sequence[str]) -> None:
        self.reading = Reading(trace)
        self.place = {node: i for i, node in enumerate(trace.order)}
        depths, needed = outline.measure(trace.order)
        self.collapse = list(collapse)
        cards = collapsed(trace.order, collapse)
        if needed <= LIMIT:  # every node is there, and the page collapses what is to be
            cards = collapsed(trace.order, ())
        elif not collapse or len(cards) > LIMIT:
            cards, _ = outline.groups(depths, needed, LIMIT)
        self.groups = groups(trace.order) if needed <= LIMIT else {}
        self.scene, self.members = self._scene(cards)

    def _scene(self, cards: Sequence[Group]) -> tuple[Scene, list[list[int]]]:
        """The scene, and for each of its cards the places of its nodes."""
        edges = sum(len(node.operands) for node in self.place)
        scene = graph.scene(self.reading, cards, edges <= _MOST_LABELLED, ())
        members = [[self.place[node] for node in group.nodes] for group in cards]
        return scene._replace(cards=tuple(map(_roomy, scene.cards))), members

    def data(self, nodes: list[Any]) -> dict[str, Any]:
        """The same for the page, laid out as in a picture."""
        layout = wrapped(lay_out(self.scene), tuple(wire.size for wire in self.scene.wires))
        drawn = []
        for kind in self.groups:
            scene, members = self._scene(collapsed([*self.place], [kind]))
            drawn += [
                {"kind": kind, "name": card.name, "nodes": places, "card": _drawn_card(card, places)}
                for card, places in zip(scene.cards, members, strict=True)
                if len(places) > 1
            ]
        return {
            "scene": _drawn(self.scene, self.members, nodes, layout),
            "groups": drawn,
            "collapse": self.collapse if self.groups else [],
        }


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
            _drawn_card(card, places) | {"x": _tenth(box[0]), "y": _tenth(box[1])}
            for card, places, box in zip(scene.cards, members, layout.boxes, strict=True)
        ],
        "wires": [
            _drawn_wire(wire, of(wire), curve, label)
            for wire, curve, label in zip(scene.wires, layout.curves, layout.labels, strict=True)
        ],
    }


def _drawn_wire(wire: Wire, edges: list[list[int]], curve: Curve, label: Point | None) -> dict[str, Any]:
    drawn: dict[str, Any] = {"edges": edges, "curve": [round(x) for point in curve for x in point]}
    if wire.quiet:
        drawn["quiet"] = True
    if len(edges) > 1:
        drawn["text"] = wire.texts[0]
    if label:
        drawn["label"] = [*map(_tenth, label)]
    return drawn


def _drawn_card(card: Card, places: list[int]) -> dict[str, Any]:
    width, height = card.size
    return {
        "nodes": places,
        "kind": card.kind,
        "name": visible(card.name),
        "formula": card.formula,
        "rows": [[row.title, "" if row.title else row.value] for row in card.rows],
        "w": width,
        "h": height,
    }


def _tenth(x: float) -> float:
    return round(x, 1)
