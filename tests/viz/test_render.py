from __future__ import annotations

import sys
from pathlib import Path

import pytest

from viz.render import render

SOURCE = 'digraph { a [label="中文"] a -> b }'


@pytest.mark.filterwarnings("ignore:no font on this machine has")  # 中 on a machine without a Chinese font
@pytest.mark.usefixtures("no_dot")
def test_without_a_program() -> None:
    assert "中文" in render(SOURCE).decode()
    assert render(SOURCE, "png").startswith(b"\x89PNG")
    assert b"pos=" in render(SOURCE, "dot")


@pytest.mark.usefixtures("no_dot")
def test_a_pdf_takes_something_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "svg2pdf_py", None)
    with pytest.raises(ModuleNotFoundError, match=r"svg2pdf-py.*https://graphviz.org/download"):
        render(SOURCE, "pdf")


def test_with_a_program(fake_dot: Path) -> None:
    assert "中文" in render(SOURCE).decode()
    assert render(SOURCE, "pdf").startswith(b"%PDF")
    assert fake_dot.read_text().split() == ["svg", "pdf"]


@pytest.mark.usefixtures("broken_dot")
def test_with_a_broken_program(capfd: pytest.CaptureFixture[str]) -> None:
    assert "中文" in render(SOURCE).decode()
    with pytest.raises(ValueError, match="cannot draw this DOT text"):
        render("digraph {")
    assert capfd.readouterr().err == ""


def test_an_unknown_format() -> None:
    with pytest.raises(ValueError, match="no format 'gif': take one of svg, png, pdf, dot, json0"):
        render(SOURCE, "gif")  # type: ignore[arg-type]  # the error is tried
