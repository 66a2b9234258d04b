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
from viz import draw
from viz.layout import lay_out
from viz.numbers_shown import Reading
from viz.scene import Card, Scene, Wire

ONE = "weight_of_layer_one_unit_1"


def scene(root: Value, edges: bool = False) -> Scene:
    return draw(root, edges=edges).scene


def frames(root: Value) -> list[Scene]:
    """The pictures of a walk."""
    trace = Trace(root)
    found = []
    for position in range(len(trace) + 1):
        trace.goto(position)
        found.append(draw(trace, edges=True).scene)
    return found


def card(scene: Scene, name: str) -> Card:
    return next(card for card in scene.cards if card.name == name)


def wire(scene: Scene, tail: str, head: str) -> Wire:
    names = {name: [i for i, c in enumerate(scene.cards) if c.name == name] for name in (tail, head)}
    return next(wire for wire in scene.wires if wire.tail in names[tail] and wire.head in names[head])


def rows(card: Card) -> list[str]:
    return [f"{row.title} {row.value}".strip() for row in card.rows]


def texts_of_legend(scene: Scene) -> set[str]:
    return {sample.text for sample in scene.legend}


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
    assert (silent.texts, silent.size) == (("", ""), None)
    assert spoken.texts == ("× 2", "+6")
    assert silent.tooltip == spoken.tooltip == "du/db = 2.0\nadds 6.0 to db"
    number = wire(scene(course, edges=True), "3", "J")
    assert number.quiet
    assert (*number.texts, number.tooltip) == ("", "", "")


def test_negative_and_missing_flows() -> None:
    J = Value(1.0, "a") - Value(2.0, "b")
    assert wire(scene(J, True), "b", "J").texts == ("× -1", "")
    J.backward()
    assert wire(scene(J, True), "b", "J").texts == ("× -1", "-1")


@pytest.mark.parametrize("operation", ops.TABLE)
def test_every_operation_can_be_drawn(operation: str) -> None:
    entry = ops.TABLE[operation]
    count = entry.arity or (4 if operation == "dot" else 3)
    J = entry(*[Value(0.5 + i, f"x{i}") for i in range(count)])
    J.backward()
    found = scene(J, edges=True)
    assert len(found.wires) == count
    assert card(found, "J").formula.startswith("= ")
    assert draw(J, edges=True).svg.startswith("<svg")


@pytest.mark.parametrize(
    ("make", "formula"),
    [
        (lambda: ops.affine(*[Value(1.0, f"weight_{i}") for i in range(9)]), "= w·x+b"),
        (lambda: Value(1.0, "x") * Value(2.0, ONE), f"= x * {ONE}"),
        (lambda: Value(1.0, ONE) * Value(2.0, ONE[:-1] + "2"), f"= {ONE} * {ONE[:-1]}2"),
        (lambda: Value(1.0, ONE) * Value(2.0, "w" * 60), "= … * …"),
    ],
)
def test_a_long_formula_has_lines_of_its_own(make: Callable[[], Value], formula: str) -> None:
    J = card(scene(make()), "J")
    lines = [row.value for row in J.rows if not row.title]
    assert formula in (J.formula, " ".join(lines))
    assert len(lines) <= 3


@pytest.mark.parametrize("x", [float("nan"), float("inf"), -0.0, 1e-300, 12345678.9])
def test_any_number_is_shown(x: float) -> None:
    y = Value(x, "x") * 1.0
    y.backward()
    assert draw(y, edges=True).svg.startswith("<svg")
    assert [card.kind for card in scene(Value(x)).cards] == ["input"]
    assert [card.kind for card in scene(Value.constant(x)).cards] == ["number"]


def test_the_legend_says_what_is_there(course: Value) -> None:
    assert texts_of_legend(scene(course)) == {"input", "operation", "result", "plain number"}
    assert texts_of_legend(scene(course, edges=True)) > {"local derivative", "gradient along the edge"}
    walk = {"this step", "not evaluated yet", "gradient passed back"}
    assert texts_of_legend(frames(course)[0]) > walk
    assert "more terms to come" not in texts_of_legend(frames(course)[0])
    x = Value(1.0)
    assert texts_of_legend(scene(x * x)) == {"input", "result"}
    assert texts_of_legend(scene(x * x, edges=True)) == {"input", "result", "local derivative"}
    assert texts_of_legend(frames(x * x)[0]) > {*walk, "more terms to come"}


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
    J = 3 * make(Value(0.0, "z"))
    J.backward()
    for found in (scene(J, edges=True), frames(J)[-1]):
        assert marked in [wire.texts[0] for wire in found.wires]
        told = "at a kink, where the slope jumps: this one was chosen" in texts_of_legend(found)
        sentences = [wire.tooltip for wire in found.wires if "is a kink: the slope" in wire.tooltip]
        assert told == bool(sentences) == marked.endswith("†")


def test_no_internal_name_is_shown() -> None:
    x, y = Value(2.0), Value(3.0)
    for J in (x**y, x.relu() * y):
        for slope in grad(J, [x, y], create_graph=True):
            for limit in (1, 300):
                svg = draw(slope, edges=True, limit=limit).svg
                assert not re.search("at_least|log_for_power|power_for_slope", svg)


# --- frames of a walk -------------------------------------------------------------------------------------


def test_what_is_not_known_is_blank(course: Value) -> None:
    walk = frames(course)
    assert [rows(card(walk[k], "u")) for k in (0, 1, -1)] == [
        ["data", "grad"], ["data 6", "grad"], ["data 6", "grad 3"],
    ]  # fmt: skip
    assert not card(walk[0], "u").known
    assert card(walk[1], "u").current
    assert (*wire(walk[0], "b", "u").texts, wire(walk[0], "b", "u").tooltip) == ("", "", "")
    assert wire(walk[-1], "b", "u").texts == ("× 2", "+6")
    x = Value(3.0, "x")
    partial = card(frames(x * x)[3], "x")
    assert rows(partial) == ["data 3", "grad 3 + …"]
    assert partial.tooltip.endswith("grad 3.0 so far")


def test_at_a_kink_the_caption_says_which_slope_was_taken() -> None:
    captions = [found.caption for found in frames(2 * Value(0.0, "z").relu())]
    assert {len(caption) for caption in captions} == {3}
    assert captions[0][:2] == ("Step 0 of 5", "Only the inputs are known.")
    assert captions[-1][2] == "z = 0 is a kink: the slope of the right side, 1, is taken"
    assert not any(caption[2] for caption in captions[:-1])


def test_the_wires_of_a_walk_tell_what_has_passed(course: Value) -> None:
    states = [wire(found, "b", "u").state for found in frames(course)]
    assert states == ["waiting", "forward", *["plain"] * 6, "back", "passed"]


values = st.floats(-3, 3).map(lambda x: round(x, 2))


@st.composite
def graphs(draw: st.DrawFn) -> Value:
    """A random graph with shared nodes."""
    nodes = [Value(draw(values)) for _ in range(draw(st.integers(1, 3)))]
    for _ in range(draw(st.integers(1, 7))):
        a, b = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
        nodes.append(draw(st.sampled_from([a * b, a + b, (a - 2).tanh(), a.relu()])))
    return nodes[-1]


def positions(svg: str) -> list[str]:
    """The frames of all cards, the size of the picture, and the legend, as they are written."""
    cards = re.findall(r'<g class="node.*?(<rect x="[\d.]+" y="[\d.]+" width="[\d.]+" height="[\d.]+")', svg)
    root = ET.fromstring(svg)
    return [root.attrib["width"], root.attrib["height"], *cards, *re.findall(r'<g class="legend">.*', svg)]


@settings(max_examples=25)
@given(graphs(), st.booleans())
def test_frames_do_not_jump(root: Value, edges: bool) -> None:
    trace = Trace(root)
    shown = []
    for position in range(len(trace) + 1):
        trace.goto(position)
        shown.append(positions(draw(trace, edges=edges).svg))
    assert len(shown[0]) > len(trace.order)
    assert all(frame == shown[0] for frame in shown)


@settings(max_examples=25)
@given(graphs())
def test_every_node_and_edge_is_there_once_and_flows_add_up(root: Value) -> None:
    root.backward()
    reading, found = Reading(root), scene(root, edges=True)
    order = list(reading.order)
    edges = [(node, i, parent) for node in order for i, parent in enumerate(node.operands)]
    assert len(found.cards) == len(lay_out(found).boxes) == len(order)
    assert [(order[wire.tail], order[wire.head]) for wire in found.wires] == [
        (p, node) for node, _, p in edges
    ]
    assert len(lay_out(found).curves) == len(edges)
    for parent in order[:-1]:
        if not parent.is_constant:
            flows = [reading.term(node, i).flow or 0.0 for node, i, p in edges if p is parent]
            assert sum(flows) == pytest.approx(parent.grad, rel=1e-9, abs=1e-9)
