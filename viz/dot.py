"""A scene as DOT text: the same graph for the Graphviz program, plainer than the SVG."""

from __future__ import annotations

from .labels import dot_string
from .scene import CURRENT, CURRENT_FILL, FRAMES, INK, PAPER, QUIET, Card, Scene, Wire


def source(scene: Scene) -> str:
    """The scene in the DOT language, with plain labels: not every build of Graphviz knows those of HTML."""
    caption = dot_string("\n".join(scene.caption))
    text = [
        "digraph {",
        f'graph [rankdir=LR nodesep=0.22 ranksep=0.6 bgcolor="{PAPER}" fontname=Helvetica fontsize=12',
        f"labelloc=t labeljust=l label={caption}]",
        f'node [shape=box fontname=Helvetica fontsize=12 fontcolor="{INK}" margin="0.18,0.08" height=0.3]',
        f'edge [fontname=Helvetica fontsize=11 fontcolor="{INK}" arrowsize=0.6]',
        *(f"n{i} [{_node(card)}]" for i, card in enumerate(scene.cards)),
        *(f"n{wire.tail} -> n{wire.head} [{_edge(wire)}]" for wire in scene.wires),
        "}",
    ]
    return "\n".join(text) + "\n"


def _node(card: Card) -> str:
    frame = FRAMES[card.kind]
    styles = ["filled"] + ["rounded"] * (frame.radius > 4) + ["dashed"] * (not card.known)
    attributes = {
        "label": dot_string(_label(card)),
        "tooltip": dot_string(card.tooltip),
        "style": f'"{",".join(styles)}"',
        "fillcolor": f'"{CURRENT_FILL if card.current else frame.fill}"',
        "color": f'"{CURRENT if card.current else frame.border if frame.border != "none" else frame.fill}"',
    }
    if card.current:
        attributes["penwidth"] = "3"
    if card.kind == "result":
        attributes["peripheries"] = "2"
    if card.kind == "number":
        attributes |= {"fontcolor": f'"{QUIET}"', "fontsize": "11", "width": "0.3"}
    return _list(attributes)


def _label(card: Card) -> str:
    if card.kind == "number":
        return card.name[0]
    header = "\n".join(card.name) + (f" {card.formula}" if card.formula else "")
    return "\n".join([header, *(f"{row.title} {row.value}".strip() for row in card.rows)])


def _edge(wire: Wire) -> str:
    stroke = wire.stroke
    attributes = {"color": f'"{stroke.colour}"', "penwidth": f"{stroke.width:g}"}
    if stroke.dash:
        attributes["style"] = "dashed"
    if wire.state in ("back", "passed"):
        attributes["dir"] = "back"
    if wire.local or wire.flow:
        attributes["label"] = dot_string("\n".join(text for text in (wire.local, wire.flow) if text))
    if wire.tooltip:
        attributes["tooltip"] = dot_string(wire.tooltip)
    return _list(attributes)


def _list(attributes: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in attributes.items())
