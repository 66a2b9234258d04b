from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from viz import draw
from viz.dot import dot_string
from viz.labels import visible
from viz.rendering import rendered

SVG = "{http://www.w3.org/2000/svg}"


def texts(value: Value) -> list[str]:
    """The lines of text that Graphviz draws."""
    root = ET.fromstring(rendered(draw(value).source, "svg"))
    return [(element.text or "").replace("\xa0", " ") for element in root.iter(f"{SVG}text")]


def test_the_course(course: Value) -> None:
    shown = texts(course)
    assert "J = 3 * v" in shown
    assert "data 33" in shown
    assert "grad 9" in shown


def test_texts_on_edges(course: Value) -> None:
    assert 'label="× 2\\l+6\\l"' in draw(course, edges=True).source
    assert "×" not in draw(course).source


@pytest.mark.parametrize(
    "label",
    ["\\N", "\\G\\l\\r", '"', "a\\", "<b>x</b>", "{a|b}", "&lt;", "&#65;", "中 σ e\u0301", "\ud800\0"],
)
def test_a_label_has_no_escapes_and_no_markup(label: str) -> None:
    assert visible(label) in texts(Value(1.0, label))


@given(st.text(st.characters()))
def test_any_string_shows_as_itself(text: str) -> None:
    root = ET.fromstring(rendered(f"digraph {{ a [label={dot_string(text)}] }}", "svg"))
    shown = [(element.text or "").replace("\xa0", " ") for element in root.iter(f"{SVG}text")]
    # An empty line has no text at all.
    assert shown == [line for line in visible(text).replace("\xa0", " ").split("\n") if line]


def test_a_walk(course: Value) -> None:
    trace = Trace(course)
    trace.until("db")
    source = draw(trace, edges=True).source
    assert "Step 8 of 9: backprop" in source
    assert "dir=back" in source
    assert "penwidth=3" in source
    trace.start()
    assert "dashed" in draw(trace).source
    assert b"<svg" in rendered(source, "svg")
