"""The graph of a Value, or a walk through it, as a scene: a card for each node, or for a group of nodes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Literal, TypeAlias

from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.written import Term as Text
from micrograd_dl.foundation.written import readable
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.numbers import number

from . import style
from .groups import Group, is_parameter
from .labels import shortened, text_width, tooltip, visible
from .numbers_shown import MORE, Reading, Term
from .scene import Card, Row, Sample, Scene, Size, Wire
from .style import Kind, State

Edge: TypeAlias = tuple[Value, int]  # a node and the index of one of its operands

_WIDEST_NAME = 400.0
_WIDEST = 260.0  # a line of a card that can be broken
_MOST_LINES = 3  # of a formula
_MOST_SENTENCES = 2000  # that are measured
_WIDEST_RANGE = "-1.23457e-05 … -1.23457e-05"


def scene(reading: Reading, groups: Sequence[Group], edges: bool, caption: tuple[str, ...]) -> Scene:
    """A card for each group, and a wire for each edge or for all edges from one group to another.

    A group of one node has the node's own card. `edges` writes derivatives and gradients on the edges between
    such cards. The caption says what the groups are.
    """
    place = {node: i for i, group in enumerate(groups) for node in group.nodes}
    between: dict[tuple[int, int], list[Edge]] = {}
    for node in reading.order:
        for index, parent in enumerate(node.operands):
            between.setdefault((place[parent], place[node]), []).append((node, index))
    outputs: list[dict[Value, None]] = [{} for _ in groups]
    for (tail, head), several in between.items():
        if tail != head:
            outputs[tail] |= {node.operands[index]: None for node, index in several}
    cards = tuple(
        card(group.nodes[0], reading) if len(group.nodes) == 1 else _group_card(group, reading, [*outputs[i]])
        for i, group in enumerate(groups)
    )
    wires: list[Wire] = []
    for (tail, head), several in between.items():
        if len(groups[tail].nodes) == len(groups[head].nodes) == 1:
            wires += [_wire(tail, head, *edge, reading, edges) for edge in several]
        elif tail != head:
            wires.append(_bundle(tail, head, several, reading, edges))
    name, count = reading.notation.name(reading.order[-1]), sum(map(len, between.values()))
    summary = f"The graph of {name}{' in outline' * bool(caption)}: {len(place):,} nodes, {count:,} edges"
    apart = {place: several for place, several in between.items() if place[0] != place[1]}
    legend = tuple(_legend(cards, apart, reading, edges))
    sentences = chain(caption, islice(reading.all_sentences(), _MOST_SENTENCES))
    width = max((text_width(line, style.NAME) for line in sentences), default=0.0)
    return Scene(cards, tuple(wires), (*reading.caption(), *caption), width, legend, summary)


def _legend(
    cards: Sequence[Card], between: dict[tuple[int, int], list[Edge]], reading: Reading, edges: bool
) -> Iterator[Sample]:
    """Entries for all that the picture shows; of a walk, for all its frames, lest they jump."""
    kinds = {card.kind for card in cards}
    groups = {i for i, card in enumerate(cards) if card.kind == "group"}
    variable = {edge: ends for ends, several in between.items() for edge in several if _is_variable(edge)}
    drawn = [edge for edge, ends in variable.items() if groups.isdisjoint(ends)]
    flows = [edge for edge in variable if reading.term(*edge, end=True).flow is not None]
    yield from (Sample(Card(kind, ""), frame.text) for kind, frame in style.FRAMES.items() if kind in kinds)
    if reading.walking and len(reading.order) > 1:
        yield Sample(Card("operation", "", current=True), "this step")
        yield Sample(Card("operation", "", known=False), "not evaluated yet")
    if flows and (edges or reading.walking):
        yield Sample(style.STROKES["passed"], "gradient passed back")
    if any(MORE in text for node in reading.order for text in reading.all_grads(node)):
        yield Sample("3 + …", "more terms to come")
    if edges and drawn:
        yield Sample("× 2", "local derivative")
    if edges and not set(drawn).isdisjoint(flows):
        yield Sample("+6", "gradient along the edge")
    if edges and any(reading.kink(*edge) for edge in drawn):
        yield Sample("× 1 †", "at a kink, where the slope jumps: this one was chosen")


# --- nodes ----------------------------------------------------------------------------------------------


def card(node: Value, reading: Reading) -> Card:
    """The card of one node."""
    if node in reading.inputs:
        row = Row("data", number(node.data), "data", _widest({number(node.data)}))
        return Card("input", reading.inputs[node], rows=(row,), tooltip=f"data {node.data!r}")
    if node.is_constant:
        return Card("number", number(node.data), tooltip=f"the number {node.data!r}")
    write, data = reading.notation, reading.data(node)
    name = shown_name(node, write)
    shown, lines = _line(name), _formula(node, write)
    rows = [
        Row("data", "" if data is None else number(data), "data", _widest({number(node.data)})),
        Row("grad", reading.grad(node), "grad", _widest(reading.all_grads(node))),
    ]
    formula = " ".join(lines)
    if text_width(shown, style.NAME, bold=True) + text_width(formula, style.TEXT) > _WIDEST:
        rows = [*(Row("", line, "text", text_width(line, style.TEXT)) for line in lines), *rows]
        formula = ""
    # In the tooltip all is whole and exact.
    exact = [tooltip(name) + (f" = {tooltip(write.formula(node))}" if node.op else "")]
    if data is not None:
        exact.append(f"data {data!r}")
    if (grad := reading.exact_grad(node)) is not None:
        exact.append(f"grad {grad!r}" + (" so far" if reading.grad(node).endswith(MORE) else ""))
    kind: Kind = "result" if node is write.root else "operation"
    if node.is_leaf:
        kind = "parameter" if is_parameter(node) else "input"
    whole, current = "\n".join(exact), reading.is_current(node)
    return Card(kind, shown, formula, tuple(rows), whole, data is not None, current)


def shown_name(node: Value, notation: Notation) -> str:
    """The node's label as it is, with what tells it apart if another has the same; or its generated name."""
    name = notation.names[node]
    if not node.label:
        return name
    plain = readable(node.label)
    return node.label + name.removeprefix(plain) if name.startswith(plain) else node.label


def _line(name: str) -> str:
    return shortened(visible(name).replace("\n", r"\n"), _WIDEST_NAME, style.NAME)


def _formula(node: Value, notation: Notation) -> list[str]:
    """The operation on the names of its operands, in lines, or on none of them where that is too long."""
    if node.op is None:
        return []
    lines: list[str] = []
    for word in f"= {notation.formula(node)}".split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, style.TEXT) <= _WIDEST:
            lines[-1] = longer
        else:
            lines.append(word)
    arity = node.op.arity
    most = 1 if arity is None else _MOST_LINES
    if len(lines) <= most and all(text_width(line, style.TEXT) <= _WIDEST_NAME for line in lines):
        return lines
    return [f"= {node.op.symbol if arity is None else node.op.written([Text('…')] * arity)}"]


def _widest(texts: set[str]) -> float:
    return max((text_width(text, style.TEXT, bold=True) for text in texts), default=0.0)


def _group_card(group: Group, reading: Reading, outputs: Sequence[Value]) -> Card:
    """The card of a group: the numbers of its only output or, if there are several, their range."""
    rows = [Row("", text, "text", text_width(text, style.TEXT)) for text in group.counts]
    variables = [node for node in group.nodes if not node.is_constant]
    data = [reading.data(node) for node in variables]
    if len(outputs) == 1 and not outputs[0].is_constant:
        output = card(outputs[0], reading)
        text = f"{output.name} {output.formula}".strip()
        rows += [Row("", text, "text", text_width(text, style.TEXT)), *output.rows]
    elif variables:
        rows.append(_range("data", data, reading.walking))
        rows.append(_range("grad", map(reading.exact_grad, variables), reading.walking))
    is_current = any(map(reading.is_current, group.nodes))
    text = f"{len(group.nodes):,} nodes"
    return Card("group", _line(group.name), "", tuple(rows), text, None not in data, is_current)


def _range(title: Literal["data", "grad"], values: Iterable[float | None], walking: bool) -> Row:
    """From the least to the greatest of the numbers that are known; how many are NaN, if any."""
    known = [x for x in values if x is not None]
    if nans := sum(map(math.isnan, known)):
        text = f"{nans:,} nan"
    else:
        text = " … ".join(dict.fromkeys(number(pick(known)) for pick in (min, max))) if known else ""
    # In the course of a walk the range changes, and the size of the card must not.
    return Row(title, text, title, _widest({_WIDEST_RANGE if walking else text}))


# --- edges ----------------------------------------------------------------------------------------------


def _wire(tail: int, head: int, node: Value, index: int, reading: Reading, edges: bool) -> Wire:
    term = reading.term(node, index)
    state: State = term.state if edges or reading.walking else "plain"
    if node.operands[index].is_constant:
        return Wire(tail, head, state=term.state if reading.walking else "plain", quiet=True)
    kink = reading.kink(node, index)
    exact = ""
    if term.local is not None:
        exact = tooltip(reading.notation.local(node, index)) + f" = {term.local!r}"
        exact += f"\n{tooltip(kink)}" * bool(kink)
    if term.flow is not None:
        exact += f"\nadds {term.flow!r} to {tooltip(reading.notation.gradient(node.operands[index]))}"
    if not edges:
        return Wire(tail, head, tooltip=exact, state=state)
    size = _size(_texts(reading.term(node, index, end=True), kink))
    return Wire(tail, head, _texts(term, kink), size, exact, state)


def _bundle(tail: int, head: int, several: list[Edge], reading: Reading, edges: bool) -> Wire:
    """The wire for all edges from one group to another; lit if one of them is."""
    texts = (f"{len(several):,} edges" if len(several) > 1 else "", "")
    variable = [edge for edge in several if _is_variable(edge)]
    states = {reading.term(*edge).state for edge in variable} if reading.walking or edges else set()
    lit = states & {"back", "forward"} or (states if len(states) == 1 else {"plain"})
    return Wire(tail, head, texts, _size(texts), state=min(lit), quiet=not variable)


def _is_variable(edge: Edge) -> bool:
    node, index = edge
    return not node.operands[index].is_constant


def _texts(term: Term, kink: str) -> tuple[str, str]:
    """``× 2`` for the local derivative, ``+6`` for what it adds to the operand's gradient."""
    local = "" if term.local is None else f"× {number(term.local)}{' †' * bool(kink)}"
    flow = "" if term.flow is None else number(term.flow)
    return local, flow if not flow or flow.startswith("-") else f"+{flow}"


def _size(texts: tuple[str, str]) -> Size | None:
    """The room for texts on an edge."""
    widths = [text_width(text, style.SMALL, bold=True) for text in texts if text]
    return (max(widths) + 6, style.EDGE_LINE * len(widths) + 2) if widths else None
