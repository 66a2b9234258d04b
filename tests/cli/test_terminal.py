from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.cli.terminal import adapt_streams, paint, wants_colours, wrapped, write
from micrograd_dl.foundation.text import columns, fitted


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


# Width


@pytest.mark.parametrize(
    ("text", "wide"),
    [("", 0), ("abc", 3), ("∂z", 2), ("宽", 2), ("😀", 2), ("e\u0301", 1), ("a\u200db", 2), ("│├", 2)],
)
def test_columns(text: str, wide: int) -> None:
    assert columns(text) == wide


@given(st.text(), st.integers(1, 40))
def test_a_fitted_text_fits(text: str, width: int) -> None:
    shown = fitted(text, width)
    assert columns(shown) <= width
    assert fitted("宽宽宽", 4) == "宽…"
    assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]))


@given(st.text(alphabet="ab 宽-=,`()\n", max_size=60), st.integers(3, 30))
def test_wrapping_loses_nothing_but_spaces(text: str, width: int) -> None:
    assert "".join(wrapped(text, width).split()) == "".join(text.split())
    assert all(columns(line) <= width for line in wrapped(text, width).splitlines())


def test_what_fits_is_not_touched() -> None:
    table = "h:      1e-01   1e-02\nerror:    0       1"
    assert wrapped(table, 30) == table


@pytest.mark.parametrize(
    ("line", "width", "broken"),
    [
        ("  J -> v -> u -> b", 14, "  J -> v -> u\n      -> b"),
        ("u = w * x + b = 3 * 2 + 1 = 7", 20, "u = w * x + b\n    = 3 * 2 + 1 = 7"),
        ("maximum(a, b) = 2, since a = 1", 20, "maximum(a, b) = 2,\n    since a = 1"),
        ("u = `a + b` * x", 11, "u = `a + b`\n    * x"),
    ],
)
def test_lines_are_broken_at_operators(line: str, width: int, broken: str) -> None:
    assert wrapped(line, width) == broken


# Colours


@pytest.mark.parametrize(
    ("environment", "of_a_terminal", "of_a_pipe"),
    [
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
    ],
)
def test_who_gets_colours(
    environment: dict[str, str], of_a_terminal: bool, of_a_pipe: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)
    assert wants_colours(Screen()) == of_a_terminal
    assert wants_colours(io.StringIO()) == of_a_pipe


def test_only_what_paint_writes_is_let_through_and_only_with_colours() -> None:
    text = paint("\x1b[2Jx\x1b[35my", "strong") + paint("", "faint")
    for colours, written in ((True, "\x1b[1m\\x1b[2Jx\\x1b[35my\x1b[0m\n"), (False, "\\x1b[2Jx\\x1b[35my\n")):
        out = io.StringIO()
        write(text, stream=out, colours=colours)
        assert out.getvalue() == written


# Characters


@pytest.mark.parametrize(
    ("encoding", "text", "written"),
    [
        ("ascii", "∂z é", rb"\u2202z \xe9"),
        ("utf-8", "∂ \udc80", "∂ \\udc80".encode()),
    ],
)
def test_characters_that_an_encoding_lacks(
    encoding: str, text: str, written: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\xff"), encoding=encoding))
    monkeypatch.setattr(sys, "stderr", None)
    adapt_streams()
    sys.stdout.write(text)
    sys.stdout.flush()
    assert raw.getvalue() == written
    assert sys.stdin.read() == "a\N{REPLACEMENT CHARACTER}"
    sys.stderr.write("anywhere")
