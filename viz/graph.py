"""The graph of a Value, or a walk through it, as a picture node by node."""

from __future__ import annotations

from micrograd_dl.engine.value import Value
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.numbers import number, number_term
from micrograd_dl.output.written import Term as Text
from micrograd_dl.output.written import readable

from .labels import MOST_CHARACTERS, lines, shortened, text_width, tooltip
from .reading import MORE, Reading, Term
from .scene import FRAMES, NAME_SIZE, SMALL_SIZE, TEXT_SIZE, Card, Row, Sample, Scene, Wire

CURRENT = Sample("current", "this step")
UNKNOWN = Sample("unknown", "not evaluated yet")
_WALK = (CURRENT, UNKNOWN, Sample("passed", "gradient passed back"), Sample("3 + …", "more terms to come"))
_EDGES = (Sample("× 2", "local derivative"), Sample("+6", "gradient along the edge"))
_KINK = Sample("× 1 †", "at a kink, where the slope jumps: this one was chosen")
_WIDEST_NAME = 190.0
_WIDEST_FORMULA = 150.0
_LEAST_NAME = 40.0  # less of a name in a formula says nothing


def scene(reading: Reading, edges: bool) -> Scene:
    """A card for each node and a wire for each edge; `edges` writes derivatives and gradients on them."""
    position = {node: i for i, node in enumerate(reading.order)}
    cards = tuple(card(node, reading) for node in reading.order)
    kinks = {
        (node, index): reading.notation.at_kink(node, index)
        for node in reading.order
        if node.op is not None and node.op.kink is not None
        for index in range(len(node.operands))
    }
    wires = tuple(
        _wire(position[parent], position[node], node, index, reading, kinks.get((node, index), ""), edges)
        for node in reading.order
        for index, parent in enumerate(node.operands)
    )
    name = reading.notation.name(reading.notation.root)
    marks = _WALK * reading.walking + _EDGES * edges + (_KINK,) * (edges and any(kinks.values()))
    summary = f"The graph of {name}: {len(cards)} nodes, {len(wires)} edges"
    return Scene(cards, wires, reading.caption, legend(cards, marks), summary)


# --- nodes ----------------------------------------------------------------------------------------------


def card(node: Value, reading: Reading) -> Card:
    """The card of one node."""
    if node.is_constant:
        return Card("number", (number(node.data),), "", (), f"the number {node.data!r}")
    write, data = reading.notation, reading.data(node)
    name = shown_name(node, write)
    rows = (
        Row("data", "" if data is None else number(data), "data", _widest({number(node.data)})),
        Row("grad", reading.grad(node), "grad", _widest(reading.all_grads(node))),
    )
    # In the tooltip all is whole and exact.
    exact = [tooltip(name) + (f" = {tooltip(write.formula(node))}" if node.op else "")]
    if data is not None:
        exact.append(f"data {data!r}")
    if (grad := reading.exact_grad(node)) is not None:
        exact.append(f"grad {grad!r}" + (" so far" if reading.grad(node).endswith(MORE) else ""))
    return Card(
        "input" if node.is_leaf else "result" if node is write.root else "operation",
        lines(name, _WIDEST_NAME, NAME_SIZE),
        _formula(node, write),
        rows,
        "\n".join(exact),
        known=data is not None,
        current=reading.is_current(node),
    )


def shown_name(node: Value, notation: Notation) -> str:
    """The node's label as it is, with what tells it apart if another has the same; or its generated name."""
    name = notation.names[node]
    if not node.label:
        return name
    plain = readable(node.label)
    return node.label + name.removeprefix(plain) if name.startswith(plain) else node.label


def _formula(node: Value, notation: Notation) -> str:
    """The operation on the names of its operands; where that is too long, on shortened ones or on none."""
    if node.op is None:
        return ""
    if _fits(formula := f"= {notation.formula(node)}"):
        return formula
    if node.op.arity is None:
        return f"= {node.op.symbol}"
    names = {operand: notation.name(operand) for operand in node.operands}
    widths = [text_width(names[operand], TEXT_SIZE) for operand in node.operands]
    room = _WIDEST_FORMULA - text_width(formula, TEXT_SIZE) + sum(widths)
    # An equal share for each, or for the widest what the others leave, if that is more.
    share = max(room / len(widths), room - sum(widths) + max(widths))
    short = {
        # A number stays whole: without its middle it would read like another one.
        operand: number_term(operand.data) if operand.is_constant else Text(shortened(name, share, TEXT_SIZE))
        for operand, name in names.items()
    }
    written = f"= {node.op.written([short[operand] for operand in node.operands])}"
    apart = share >= _LEAST_NAME and len(set(short.values())) == len(short)
    return written if apart and _fits(written) else f"= {node.op.written([Text('…')] * node.op.arity)}"


def _fits(formula: str) -> bool:
    return len(formula) <= MOST_CHARACTERS and text_width(formula, TEXT_SIZE) <= _WIDEST_FORMULA


def _widest(texts: set[str]) -> float:
    return max((text_width(text, TEXT_SIZE, bold=True) for text in texts), default=0.0)


# --- edges ----------------------------------------------------------------------------------------------


def _wire(tail: int, head: int, node: Value, index: int, reading: Reading, kink: str, edges: bool) -> Wire:
    term = reading.term(node, index)
    if node.operands[index].is_constant:
        return Wire(tail, head, state=term.state, quiet=True)
    exact = ""
    if term.local is not None:
        exact = tooltip(reading.notation.local(node, index)) + f" = {term.local!r}"
        exact += f"\n{tooltip(kink)}" * bool(kink)
    if term.flow is not None:
        exact += f"\nadds {term.flow!r} to {tooltip(reading.notation.gradient(node.operands[index]))}"
    if not edges:
        return Wire(tail, head, tooltip=exact, state=term.state)
    (local, flow), last = _texts(term, kink), _texts(reading.last_term(node, index), kink)
    room = max(text_width(text, SMALL_SIZE, bold=True) for text in last)
    return Wire(tail, head, local, flow, room, sum(map(bool, last)), exact, term.state)


def _texts(term: Term, kink: str) -> tuple[str, str]:
    """``× 2`` for the local derivative, ``+6`` for what it adds to the operand's gradient."""
    local = "" if term.local is None else f"× {number(term.local)}{' †' * bool(kink)}"
    flow = "" if term.flow is None else number(term.flow)
    return local, flow if not flow or flow.startswith("-") else f"+{flow}"


def legend(cards: tuple[Card, ...], marks: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """Entries for the kinds of cards that are in the picture, and for `marks`."""
    present = {card.kind for card in cards}
    return (*(Sample(kind, frame.text) for kind, frame in FRAMES.items() if kind in present), *marks)
