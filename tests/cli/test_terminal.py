from __future__ import annotations

import io
import os
import sys
import types
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.cli.terminal import (
    adapt_streams,
    columns,
    fitted,
    line_editing,
    padded,
    paint,
    wants_colours,
    wrapped,
)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return monkeypatch


# Width


@pytest.mark.parametrize(
    ("text", "wide"),
    [
        ("", 0),
        ("abc", 3),
        ("∂z", 2),
        ("宽", 2),
        ("ｘ", 2),
        ("😀", 2),
        ("e\u0301", 1),
        ("a\u200db", 2),
        ("│├", 2),
    ],
)
def test_columns(text: str, wide: int) -> None:
    assert columns(text) == wide


@given(st.text(), st.integers(1, 40))
def test_a_fitted_text_fits(text: str, width: int) -> None:
    shown = fitted(text, width)
    assert columns(shown) <= width
    assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]))


def test_a_wide_character_is_not_cut_in_two() -> None:
    assert fitted("宽宽宽", 4) == "宽…"


def test_padded_never_cuts() -> None:
    assert padded("abc", 2) == "abc"
    assert padded("宽", 3) == "宽 "


@given(st.text(alphabet="ab 宽-\n", max_size=60), st.integers(1, 30))
def test_wrapping_loses_nothing_but_spaces(text: str, width: int) -> None:
    assert "".join(wrapped(text, width).split()) == "".join(text.split())


def test_what_fits_is_not_touched() -> None:
    table = "h:      1e-01   1e-02\nerror:    0       1"
    assert wrapped(table, 30) == table
    assert wrapped("a -> b -> c", 7) == "a -> b\n    ->\n    c"


# Colours


@pytest.mark.usefixtures("plain_environment")
def test_a_terminal_gets_colours_and_a_pipe_none() -> None:
    assert wants_colours(Screen())
    assert not wants_colours(io.StringIO())


def test_a_dumb_terminal_gets_none(plain_environment: pytest.MonkeyPatch) -> None:
    plain_environment.setenv("TERM", "dumb")
    assert not wants_colours(Screen())


def test_no_color_wins(plain_environment: pytest.MonkeyPatch) -> None:
    plain_environment.setenv("FORCE_COLOR", "1")
    assert wants_colours(io.StringIO())
    plain_environment.setenv("NO_COLOR", "1")
    assert not wants_colours(Screen())


def test_an_empty_no_color_says_nothing(plain_environment: pytest.MonkeyPatch) -> None:
    plain_environment.setenv("NO_COLOR", "")
    assert wants_colours(Screen())


def test_nothing_is_painted_around_nothing() -> None:
    assert paint("", "strong") == ""


# Characters


@pytest.mark.parametrize(
    ("encoding", "text", "written"),
    [
        (
            "ascii",
            "└─ ∂u/∂x = σ(z) … é 宽\udc80",
            rb"`- partial u/partial x = sigmoid(z) ... \xe9 \u5bbd\udc80",
        ),
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


# History


class Readline(types.ModuleType):
    """Stands for the module, whose state belongs to the process."""

    def __init__(self, doc: str = "GNU readline") -> None:
        super().__init__("readline", doc)
        self.bound: list[str] = []
        self.lines = ["step", "why b"]

    def parse_and_bind(self, text: str) -> None:
        self.bound.append(text)

    def set_completer_delims(self, text: str) -> None:
        self.delims = text

    def set_history_length(self, length: int) -> None:
        assert length > 0

    def read_history_file(self, path: str | os.PathLike[str]) -> None:
        self.lines = Path(path).read_text().split("\n") + self.lines

    def write_history_file(self, path: str | os.PathLike[str]) -> None:
        Path(path).write_text("\n".join(self.lines))


def test_history_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for expected in (["step", "why b"], ["step", "why b", "step", "why b"]):
        monkeypatch.setitem(sys.modules, "readline", Readline())
        with line_editing():
            pass
        assert (tmp_path / "state/micrograd-dl/history").read_text().split("\n") == expected


def test_history_is_kept_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "readline", Readline())
    with line_editing():
        pass
    assert (tmp_path / ".local/state/micrograd-dl/history").exists()


def test_history_that_cannot_be_kept_is_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    readline = Readline("libedit readline")
    monkeypatch.setitem(sys.modules, "readline", readline)
    with line_editing():
        pass
    assert readline.bound == ["bind ^I rl_complete"]


def test_there_may_be_no_readline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "readline", None)
    with line_editing():
        pass
    assert not list(tmp_path.iterdir())
