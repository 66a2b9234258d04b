from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from viz import draw
from viz.labels import lines
from viz.rendering import built_in
from viz.scene import NAME_SIZE

SVG = "{http://www.w3.org/2000/svg}"


def texts(value: Value) -> list[str]:
    """The lines of text that Graphviz draws."""
    root = ET.fromstring(built_in(draw(value).source, "svg"))
    return [(element.text or "").replace("\xa0", " ") for element in root.iter(f"{SVG}text")]


def test_the_course(course: Value) -> None:
    shown = texts(course)
    assert "J = 3 * v" in shown
    assert "data 33" in shown
    assert "grad 9" in shown


def test_texts_on_edges(course: Value) -> None:
    assert 'label="× 2\\l+6\\l"' in draw(course, edges=True).source
    assert "×" not in draw(course).source


@given(st.text(st.characters(), min_size=1))
def test_any_label(label: str) -> None:
    first = lines(label, 190, NAME_SIZE)[0].replace("\xa0", " ")
    assert first in texts(Value(1.0, label)) or not first


def test_a_walk(course: Value) -> None:
    trace = Trace(course)
    trace.until("db")
    source = draw(trace, edges=True).source
    assert "Step 8 of 9: backprop" in source
    assert "dir=back" in source
    assert "penwidth=3" in source
    trace.start()
    assert "dashed" in draw(trace).source
    assert b"<svg" in built_in(source, "svg")
