"""A scene as DOT text: the same graph for the Graphviz program, plainer than the SVG."""

from __future__ import annotations

from . import style
from .labels import visible
from .scene import Card, Row, Scene, Wire


def source(scene: Scene, down: bool = False) -> str:
    """The scene in the DOT language, with plain labels: not every build of Graphviz knows those of HTML."""
    caption = dot_string("\n".join(scene.caption))
    text = [
        "digraph {",
        f"graph [rankdir={'TB' if down else 'LR'} nodesep=0.22 ranksep=0.6 labelloc=t labeljust=l",
        f'label={caption} fontname=Helvetica fontsize=12 bgcolor="{style.PAPER}"]',
        f'node [shape=box fontname=Helvetica fontsize=12 fontcolor="{style.INK}" margin="0.18,0.08"]',
        f'edge [fontname=Helvetica fontsize=11 fontcolor="{style.INK}" arrowsize=0.6]',
        *(f"n{i} [{_node(card)}]" for i, card in enumerate(scene.cards)),
        *(f"n{wire.tail} -> n{wire.head} [{_edge(wire)}]" for wire in scene.wires),
        "}",
    ]
    return "\n".join(text) + "\n"


def _node(card: Card) -> str:
    frame = style.FRAMES[card.kind]
    border = frame.border if frame.border != "none" else frame.fill
    fill, border, width = (style.CURRENT_FILL, style.CURRENT, 3) if card.current else (frame.fill, border, 1)
    styles = ["filled"] + ["rounded"] * (frame.radius > 4) + ["dashed"] * (not card.known)
    label = "\n".join(
        f"{row.title} {row.value}".strip() for row in (Row(card.name, card.formula), *card.rows)
    )
    return (
        f"label={dot_string(label)} tooltip={dot_string(card.tooltip)} "
        f'style="{",".join(styles)}" fillcolor="{fill}" color="{border}" penwidth={width} '
        f"peripheries={1 + (card.kind == 'result')}"
    )


def _edge(wire: Wire) -> str:
    label = "\n".join(text for text in wire.texts if text)
    return (
        f'color="{wire.stroke.colour}" penwidth={wire.stroke.width:g} '
        f"style={'dashed' if wire.stroke.dash else 'solid'} dir={'back' if wire.backwards else 'forward'} "
        f"label={dot_string(label)} tooltip={dot_string(wire.tooltip)}"
    )


def dot_string(text: str) -> str:
    r"""The text as a quoted string of the DOT language that shows as itself.

    Backslashes begin escapes there (``\N`` is the node's name) and ``&`` begins an entity, even in a string
    that is no HTML. Lines are flush left.

    >>> print(dot_string('"R&D" \\N\nnext'))
    "\"R&amp;D\" \\N\lnext\l"
    """
    escaped = visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return '"' + (escaped.replace("\n", "\\l") + "\\l" if "\n" in escaped else escaped) + '"'
