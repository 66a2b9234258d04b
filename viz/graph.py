"""The graph of a Value, or a walk through it, as a picture node by node."""

from __future__ import annotations

from micrograd_dl.engine.operation import readable
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.numbers import number, number_term

from .labels import MOST_CHARACTERS, lines, shortened, text_width, tooltip
from .readings import MORE, Reading, Term
from .scene import NAME_SIZE, SMALL_SIZE, TEXT_SIZE, Card, Kind, Row, Sample, Scene, Wire
from .style import FRAMES

CURRENT = Sample("current", "this step")
UNKNOWN = Sample("unknown", "not evaluated yet")
_WALK = (CURRENT, UNKNOWN, Sample("passed", "gradient passed back"), Sample("3 + …", "more terms to come"))
_EDGES = (Sample("× 2", "local derivative"), Sample("+6", "gradient along the edge"))
_WIDEST_NAME = 190.0
_WIDEST_FORMULA = 150.0
_LEAST_NAME = 40.0  # less of a name in a formula says nothing


def scene(reading: Reading, edges: bool) -> Scene:
    """The scene of a graph with a card for each node and a wire for each edge.

    Args:
        reading: the graph and its numbers.
        edges: whether local derivatives and flowing gradients are written on the edges.
    """
    position = {node: i for i, node in enumerate(reading.order)}
    cards = tuple(card(node, reading) for node in reading.order)
    wires = tuple(
        _wire(position[parent], position[node], node, index, reading, edges)
        for node in reading.order
        for index, parent in enumerate(node.operands)
    )
    name = reading.notation.name(reading.notation.root)
    marks = (*(_WALK if reading.walking else ()), *(_EDGES if edges else ()))
    summary = f"The graph of {name}: {len(cards)} nodes, {len(wires)} edges"
    return Scene(cards, wires, reading.caption, legend(cards, marks), summary)


# --- nodes ----------------------------------------------------------------------------------------------


def card(node: Value, reading: Reading) -> Card:
    """The card of one node."""
    data = reading.data(node)
    if node.is_constant:
        return Card("number", (number(node.data),), "", (), f"the number {node.data!r}")
    name = shown_name(node, reading.notation)
    widest_data, widest_grad = reading.widest(node)
    rows = (
        Row("data", "" if data is None else number(data), "data", _widest(widest_data)),
        Row("grad", reading.grad(node), "grad", _widest(widest_grad)),
    )
    return Card(
        _kind(node, reading.notation), lines(name, _WIDEST_NAME, NAME_SIZE), _formula(node, reading.notation),
        rows, _tooltip(node, name, reading), known=data is not None, current=reading.is_current(node),
    )  # fmt: skip


def shown_name(node: Value, notation: Notation) -> str:
    """The node's label as it is, with what tells it apart if another has the same; or its generated name."""
    name = notation.names[node]
    if not node.label:
        return name
    plain = readable(node.label)
    return node.label + name.removeprefix(plain) if name.startswith(plain) else node.label


def _kind(node: Value, notation: Notation) -> Kind:
    if node.is_leaf:
        return "input"
    return "result" if node is notation.root else "operation"


def _formula(node: Value, notation: Notation) -> str:
    """The operation on the names of its operands; without a part of them, or all, where that is too long."""
    if node.op is None:
        return ""
    formula = f"= {notation.formula(node)}"
    if _fits(formula):
        return formula
    if node.op.arity is None:
        return f"= {node.op.symbol}"
    return _short_formula(node, formula, notation) or f"= {node.op.name}(…)"


def _short_formula(node: Value, formula: str, notation: Notation) -> str:
    """The formula with shortened names; empty where they would not tell the operands apart."""
    assert node.op is not None
    widths = [text_width(notation.name(operand), TEXT_SIZE) for operand in node.operands]
    room = _WIDEST_FORMULA - text_width(formula, TEXT_SIZE) + sum(widths)
    # An equal share for each, or for the widest what the others leave, if that is more.
    share = max(room / len(widths), room - sum(widths) + max(widths))
    short = {operand: _short_name(operand, notation, share) for operand in node.operands}
    written = f"= {node.op.written([short[operand] for operand in node.operands])}"
    apart = share >= _LEAST_NAME and len(set(short.values())) == len(short)
    return written if apart and _fits(written) else ""


def _short_name(operand: Value, notation: Notation, width: float) -> str:
    if operand.is_constant:
        return number_term(operand.data)  # whole: without its middle it would read like another number
    return shortened(notation.name(operand), width, TEXT_SIZE)


def _fits(formula: str) -> bool:
    return len(formula) <= MOST_CHARACTERS and text_width(formula, TEXT_SIZE) <= _WIDEST_FORMULA


def _widest(texts: tuple[str, ...]) -> float:
    return max((text_width(text, TEXT_SIZE, bold=True) for text in texts), default=0.0)


def _tooltip(node: Value, name: str, reading: Reading) -> str:
    """Everything the card says, whole and exact."""
    parts = [tooltip(name) + (f" = {tooltip(reading.notation.formula(node))}" if node.op else "")]
    data, grad = reading.data(node), reading.exact_grad(node)
    if data is not None:
        parts.append(f"data {data!r}")
    if grad is not None:
        parts.append(f"grad {grad!r}" + (" so far" if reading.grad(node).endswith(MORE) else ""))
    return "\n".join(parts)


# --- edges ----------------------------------------------------------------------------------------------


def _wire(tail: int, head: int, node: Value, index: int, reading: Reading, edges: bool) -> Wire:
    term = reading.term(node, index)
    if node.operands[index].is_constant:
        return Wire(tail, head, state=term.state, quiet=True)
    local, flow = _texts(term)
    texts = [text for text in _texts(reading.last_term(node, index)) if text]
    return Wire(
        tail, head,
        local=local if edges else "", flow=flow if edges else "",
        room=max((text_width(text, SMALL_SIZE, bold=True) for text in texts), default=0.0) if edges else 0.0,
        lines=len(texts) if edges else 0,
        tooltip=_wire_tooltip(term, node, index, reading.notation),
        state=term.state,
    )  # fmt: skip


def _texts(term: Term) -> tuple[str, str]:
    """``× 2`` for the local derivative, ``+6`` for what it adds to the operand's gradient."""
    local = "" if term.local is None else f"× {number(term.local)}"
    flow = "" if term.flow is None else number(term.flow)
    return local, flow if not flow or flow.startswith("-") else f"+{flow}"


def _wire_tooltip(term: Term, node: Value, index: int, notation: Notation) -> str:
    if term.local is None:
        return ""
    text = tooltip(notation.local(node, index)) + f" = {term.local!r}"
    if term.flow is not None:
        text += f"\nadds {term.flow!r} to {tooltip(notation.gradient(node.operands[index]))}"
    return text


# --- what it means ----------------------------------------------------------------------------------------


def legend(cards: tuple[Card, ...], marks: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """Entries for the kinds of cards that are in the picture, and for `marks`."""
    present = {card.kind for card in cards}
    return (*(Sample(kind, frame.text) for kind, frame in FRAMES.items() if kind in present), *marks)
