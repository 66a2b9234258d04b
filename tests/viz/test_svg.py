from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from viz import draw
from viz.labels import tooltip, visible
from viz.style import PAPER

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    """Every line of text."""
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter(f"{SVG}text")]


def tooltips(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}title")]


def named(label: str) -> str:
    """The picture of a graph with this label twice, on a leaf and on a result."""
    x = Value(1.0, label)
    y = x * 2
    y.label = label
    return draw(y).svg


labels = st.text(st.characters(), min_size=1)


@given(labels)
def test_any_label_is_shown_as_itself(label: str) -> None:
    svg = named(label)
    shown = visible(label).split("\n")[0]
    assert any(text.startswith(shown[:5]) for text in texts(svg))
    assert any(text.startswith(tooltip(label)) for text in tooltips(svg))


@given(labels)
def test_no_label_is_markup(label: str) -> None:
    plain, hostile = (ET.fromstring(named(text)) for text in ("x", label))
    assert {element.tag for element in hostile.iter()} == {element.tag for element in plain.iter()}
    assert {key for element in hostile.iter() for key in element.attrib} == {
        key for element in plain.iter() for key in element.attrib
    }


def test_a_label_of_ten_thousand_characters() -> None:
    svg = draw(Value(1.0, "y" * 10_000)).svg
    assert any(re.fullmatch("y+…y+", text) for text in texts(svg))
    assert any("y" * 10_000 in text for text in tooltips(svg))
    assert float(ET.fromstring(svg).attrib["width"]) < 600


def test_it_stands_alone_and_inside_a_page(course: Value) -> None:
    svg = draw(course).svg
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.attrib["aria-label"] == "The graph of J: 7 nodes, 6 edges"
    # Several pictures in one page would share identifiers and style sheets.
    assert not any("id" in element.attrib for element in root.iter())
    assert not list(root.iter(f"{SVG}style"))
    ground = root[0]  # solid and light, for dark notebooks
    assert (ground.tag, ground.attrib["fill"]) == (f"{SVG}rect", PAPER)
    assert [ground.attrib[side] for side in ("width", "height")] == [
        root.attrib["width"],
        root.attrib["height"],
    ]


def test_everything_is_inside(course: Value) -> None:
    trace = Trace(course)
    trace.end()
    root = ET.fromstring(draw(trace, edges=True).svg)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for element in root.iter(f"{SVG}text"):
        assert 0 <= float(element.attrib["x"]) <= width
        assert 0 <= float(element.attrib["y"]) <= height


def test_a_sentence_is_whole_in_a_narrow_picture() -> None:
    names = {name: Value(0.1234567 + i, name * 12) for i, name in enumerate("abc")}
    trace = Trace((names["a"] * names["b"] + names["c"]).tanh())
    for position in range(len(trace) + 1):
        trace.goto(position)
        picture = draw(trace, direction="down")
        assert picture.scene.caption[1] in texts(picture.svg)


def arrow_heads(svg: str) -> list[tuple[float, float]]:
    """Whither each head points, as a unit vector."""
    found = []
    for element in ET.fromstring(svg).iter(f"{SVG}g"):
        if element.attrib.get("class", "").startswith("edge"):
            polygon = element.find(f"{SVG}polygon")
            assert polygon is not None
            points = [tuple(map(float, pair.split(","))) for pair in polygon.attrib["points"].split()]
            (x, y), (ax, ay), (bx, by) = points
            dx, dy = x - (ax + bx) / 2, y - (ay + by) / 2
            found.append((dx / math.hypot(dx, dy), dy / math.hypot(dx, dy)))
    return found


def test_arrows_point_to_results_and_gradients_flow_back(course: Value) -> None:
    trace = Trace(course)
    assert all(x > 0 for x, _ in arrow_heads(draw(trace).svg))
    trace.end()
    heads = arrow_heads(draw(trace).svg)
    assert sorted(x > 0 for x, _ in heads) == [False] * 5 + [True]  # the number 3 gets none
