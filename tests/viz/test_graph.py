from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd_dl import grad
from micrograd_dl.engine import ops
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from viz import draw, graph
from viz.layout import lay_out
from viz.reading import Reading
from viz.scene import Card, Scene, Wire

apply = Value.apply_operation


def scene(root: Value, edges: bool = False) -> Scene:
    return graph.scene(Reading(root), edges)


def card(scene: Scene, name: str) -> Card:
    return next(card for card in scene.cards if card.name == (name,))


def wire(scene: Scene, tail: str, head: str) -> Wire:
    return next(
        wire
        for wire in scene.wires
        if scene.cards[wire.tail].name == (tail,) and scene.cards[wire.head].name == (head,)
    )


def rows(card: Card) -> list[str]:
    return [f"{row.title} {row.value}".strip() for row in card.rows]


def test_nodes_of_the_course(course: Value) -> None:
    found = scene(course)
    u, J, a = (card(found, name) for name in ("u", "J", "a"))
    assert (u.kind, u.formula, rows(u)) == ("operation", "= b * c", ["data 6", "grad 3"])
    assert (J.kind, J.formula, rows(J)) == ("result", "= 3 * v", ["data 33", "grad 1"])
    assert (a.kind, a.formula, rows(a)) == ("input", "", ["data 5", "grad 3"])
    assert u.tooltip == "u = b * c\ndata 6.0\ngrad 3.0"
    three = card(found, "3")
    assert (three.kind, three.rows, three.tooltip) == ("number", (), "the number 3.0")


def test_edges_on_request(course: Value) -> None:
    silent, spoken = (wire(scene(course, edges), "b", "u") for edges in (False, True))
    assert (silent.local, silent.flow, silent.room) == ("", "", 0)
    assert (spoken.local, spoken.flow, spoken.lines) == ("× 2", "+6", 2)
    assert silent.tooltip == spoken.tooltip == "du/db = 2.0\nadds 6.0 to db"


def test_negative_and_missing_flows() -> None:
    a, b = Value(1.0, "a"), Value(2.0, "b")
    J = a - b
    assert (wire(scene(J, True), "b", "J").local, wire(scene(J, True), "b", "J").flow) == ("× -1", "")
    assert wire(scene(J, True), "b", "J").lines == 1
    J.backward()
    assert wire(scene(J, True), "b", "J").flow == "-1"


@pytest.mark.parametrize("operation", ops.TABLE)
def test_every_operation_can_be_drawn(operation: str) -> None:
    entry = ops.TABLE[operation]
    count = entry.arity or (4 if operation == "dot" else 3)
    J = apply(entry, [Value(0.5 + i, f"x{i}") for i in range(count)])
    J.backward()
    found = scene(J, edges=True)
    assert len(found.wires) == count
    assert card(found, "J").formula.startswith("= ")
    assert draw(J, edges=True).svg.startswith("<svg")


def test_a_long_formula_gives_way_to_the_operation() -> None:
    z = apply(ops.affine, [Value(1.0, f"weight_{i}") for i in range(9)])
    assert card(scene(z), "J").formula == "= w·x+b"
    # Both names would be shortened to the same.
    y = Value(1.0, "weight_of_layer_one_unit_1") * Value(2.0, "weight_of_layer_two_unit_1")
    assert card(scene(y), "J").formula == "= … * …"


def test_a_number_in_a_formula_is_whole() -> None:
    weight = Value(1.0, "weight_of_layer_one_unit_1")
    assert card(scene(weight * -1.25), "J").formula == "= weig…unit_1 * -1.25"
    assert card(scene(weight * -1.23456e-20), "J").formula == "= … * …"


def test_long_names_are_told_apart() -> None:
    one = Value(1.0, "weight_of_layer_one_unit_1")
    found = scene(one * Value(2.0, "weight_of_layer_one_unit_2"))
    first, second, J = found.cards
    assert first.name != second.name
    assert first.name[0].endswith("unit_1")
    assert second.name[0].endswith("unit_2")
    left, right = J.formula.removeprefix("= ").split(" * ")
    assert left.endswith("_1")
    assert right.endswith("_2")
    assert card(scene(Value(1.0, "x") * one), "J").formula == "= x * weight…e_unit_1"


def test_names_are_those_of_the_stepper() -> None:
    first, second = Value(1.0, "a"), Value(2.0, "a")
    strange = Value(3.0, "two words")
    found = scene(first + second + strange)
    assert [found.cards[i].name for i in range(4)] == [("a",), ("a_2",), ("u",), ("two words",)]


def test_a_label_given_after_the_names_were_made_is_shown() -> None:
    x = Value(1.0, "x")
    trace = Trace(x * x)
    x.label = "new"
    assert card(graph.scene(Reading(trace), False), "new").kind == "input"


def test_a_single_node() -> None:
    assert [card.kind for card in scene(Value(3.0)).cards] == ["input"]
    assert [card.kind for card in scene(Value.constant(3.0)).cards] == ["number"]
    assert draw(Value(3.0)).svg.startswith("<svg")


@pytest.mark.parametrize("x", [float("nan"), float("inf"), -0.0, 1e-300, 12345678.9])
def test_any_number_is_shown(x: float) -> None:
    y = Value(x, "x") * 1.0
    y.backward()
    assert draw(y, edges=True).svg.startswith("<svg")


def texts_of_legend(scene: Scene) -> set[str]:
    return {sample.text for sample in scene.legend}


def test_the_legend_says_what_is_there(course: Value) -> None:
    assert texts_of_legend(scene(course)) == {"input", "operation", "result", "plain number"}
    assert texts_of_legend(scene(course, edges=True)) > {"local derivative", "gradient along the edge"}
    walking = graph.scene(Reading(Trace(course)), False)
    assert texts_of_legend(walking) > {"this step", "not evaluated yet", "more terms to come"}
    x = Value(1.0)
    assert texts_of_legend(scene(x * x)) == {"input", "result"}


@pytest.mark.parametrize(
    ("make", "marked"),
    [
        (lambda z: z.relu(), "× 1 †"),
        (lambda z: abs(z), "× 0 †"),
        (lambda z: (z + 1).relu(), "× 1"),
        (lambda z: z.tanh(), "× 1"),
    ],
)
def test_a_slope_at_a_kink_is_shown_as_a_decision(make: Callable[[Value], Value], marked: str) -> None:
    z = Value(0.0, "z")
    J = 3 * make(z)
    J.backward()
    for found in (scene(J, edges=True), frames(J)[-1]):
        assert marked in [wire.local for wire in found.wires]
        told = "at a kink, where the slope jumps: this one was chosen" in texts_of_legend(found)
        sentences = [wire.tooltip for wire in found.wires if "is a kink: the slope" in wire.tooltip]
        assert told == bool(sentences) == marked.endswith("†")


def test_no_internal_name_is_shown() -> None:
    x, y = Value(2.0, "weight_of_layer_one_unit_1"), Value(3.0, "weight_of_layer_two_unit_1")
    for J in (x**y, x.relu() * y):
        for slope in grad(J, [x, y], create_graph=True):
            for limit in (1, 300):
                svg = draw(slope, edges=True, limit=limit).svg
                assert not re.search("at_least|log_for_power|power_slope", svg)


# --- frames of a walk -------------------------------------------------------------------------------------


def frames(root: Value, edges: bool = True) -> list[Scene]:
    trace = Trace(root)
    found = []
    for position in range(len(trace) + 1):
        trace.goto(position)
        found.append(graph.scene(Reading(trace), edges))
    return found


def test_what_is_not_known_is_blank(course: Value) -> None:
    walk = frames(course)
    assert rows(card(walk[0], "u")) == ["data", "grad"]
    assert not card(walk[0], "u").known
    assert rows(card(walk[1], "u")) == ["data 6", "grad"]
    assert card(walk[1], "u").current
    assert "data 6.0" in card(walk[1], "u").tooltip
    assert rows(card(walk[-1], "u")) == ["data 6", "grad 3"]
    assert wire(walk[0], "b", "u").local == wire(walk[0], "b", "u").tooltip == ""
    assert wire(walk[-1], "b", "u").local == "× 2"


values = st.floats(-3, 3).map(lambda x: round(x, 2))


@st.composite
def graphs(draw: st.DrawFn) -> Value:
    """A random graph with shared nodes."""
    nodes = [Value(draw(values)) for _ in range(draw(st.integers(1, 3)))]
    for _ in range(draw(st.integers(1, 7))):
        a, b = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
        nodes.append(
            draw(st.sampled_from([lambda a, b: a * b, lambda a, b: a + b, lambda a, b: (a - 2).tanh()]))(a, b)
        )
    return nodes[-1]


def positions(svg: str) -> list[str]:
    """The frames of all cards, and the size of the picture, as they are written."""
    root = ET.fromstring(svg)
    cards = [
        str(sorted((k, v) for k, v in rect.attrib.items() if k in ("x", "y", "width", "height")))
        for group in root.iter("{http://www.w3.org/2000/svg}g")
        if group.attrib.get("class", "").startswith("node")
        for rect in group.iter("{http://www.w3.org/2000/svg}rect")
    ]
    legend = re.findall(r'<g class="legend">.*', svg)
    return [root.attrib["width"], root.attrib["height"], *cards, *legend]


@settings(max_examples=25)
@given(graphs(), st.booleans())
def test_frames_do_not_jump(root: Value, edges: bool) -> None:
    trace = Trace(root)
    shown = []
    for position in range(len(trace) + 1):
        trace.goto(position)
        shown.append(positions(draw(trace, edges=edges).svg))
    assert all(frame == shown[0] for frame in shown)


@settings(max_examples=25)
@given(graphs())
def test_every_node_and_edge_is_there_once(root: Value) -> None:
    found = scene(root, edges=True)
    order = Reading(root).order
    assert len(found.cards) == len(order)
    assert [(order[wire.tail], order[wire.head]) for wire in found.wires] == [
        (parent, node) for node in order for parent in node.operands
    ]
    layout = lay_out(found)
    assert len(layout.boxes) == len(found.cards)
    assert len(layout.curves) == len(found.wires)


@given(graphs())
def test_flows_into_a_node_add_up_to_its_gradient(root: Value) -> None:
    root.backward()
    reading = Reading(root)
    flows: dict[Value, float] = {}
    for node in reading.order:
        for index, parent in enumerate(node.operands):
            flows[parent] = flows.get(parent, 0.0) + (reading.term(node, index).flow or 0.0)
    for node in reading.order:
        if node is not root and not node.is_constant:
            assert flows[node] == pytest.approx(node.grad, rel=1e-9, abs=1e-9)
