from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.labels import LONGEST_TOOLTIP, shortened, text_width, tooltip, visible

anything = st.text(st.characters())  # control characters and lone surrogates among it


@given(anything)
def test_visible_text_can_be_written_as_xml_and_read_back(text: str) -> None:
    shown = visible(text)
    element = ET.Element("text")
    element.text = shown
    assert ET.fromstring(ET.tostring(element, encoding="utf-8")).text == (shown or None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("中文 σ 👩‍👩‍👧 e\u0301 <&amp;", "中文 σ 👩‍👩‍👧 e\u0301 <&amp;"),
        ("two\nlines", "two\nlines"),
        ("\0", "\\x00"),
        ("\t\r", "\\t\\r"),
        ("\x7f\x9f", "\\x7f\\x9f"),
        ("\ud800", "\\ud800"),
        ("\uffff", "\\uffff"),
        ("\u202edetrever", "\\u202edetrever"),  # would turn around what stands behind it
        ("\u2028", "\\u2028"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(anything, st.floats(20, 300), st.floats(8, 20))
def test_shortened_text_fits(text: str, width: float, size: float) -> None:
    short = shortened(text, width, size)
    assert text_width(short, size) <= width + 1e-6
    assert len(short) <= 80
    if short != text and "…" not in text:
        head, _, tail = short.partition("…")
        assert text.startswith(head)
        assert text.endswith(tail)


def test_an_accent_is_not_left_without_its_letter() -> None:
    assert shortened("e\u0301" * 500, 100, 10).partition("…")[2].startswith("e")
    assert shortened("\u0301" * 500, 100, 10) == "\u0301" * 39 + "…"


def test_tooltips_hold_ten_thousand_characters_and_are_bounded() -> None:
    assert tooltip("x" * 10_000) == "x" * 10_000
    assert tooltip("x" * 1_000_000) == "x" * LONGEST_TOOLTIP + "… (1,000,000 characters)"
