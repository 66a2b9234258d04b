from __future__ import annotations

import struct
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from micrograd_dl.engine.value import Value
from viz import convert, draw

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}"><text y="9">{}</text></svg>'


def picture(text: str, width: object = 30, height: object = 20) -> str:
    return SVG.format(width, height, text)


@pytest.mark.parametrize(
    ("width", "height", "zoom", "size"),
    [
        (30, 20, 2, (60, 40)),
        (30, 20, 1, (30, 20)),
        ("72pt", "36pt", 1, (96, 48)),
        (64_000, 10, 1, (32_000, 5)),
        pytest.param(20_000, 20_000, 2, (10_000, 10_000), marks=pytest.mark.full),
    ],
)
def test_pixels(width: object, height: object, zoom: float, size: tuple[int, int]) -> None:
    png = convert.png(picture("", width, height), zoom)
    assert struct.unpack(">II", png[16:24]) == size


def test_pixels_at_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert, "_MOST_PIXELS", 10_000)
    assert struct.unpack(">II", convert.png(picture("", 200, 200), 2)[16:24]) == (100, 100)


@pytest.mark.filterwarnings("ignore:no font on this machine has")  # 中 on a machine without a Chinese font
@pytest.mark.parametrize("text", ["x", "中文 😀", "&lt;script&gt;"])
def test_text_is_drawn(text: str) -> None:
    assert convert.png(picture(text)) != convert.png(picture(""))


def test_characters_that_no_font_has_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert convert._has_shape("x")
    assert not convert._has_shape("\U0010fffc")  # for private use
    monkeypatch.setattr(convert, "_has_shape", lambda character: character not in "中文")
    # Accents and joiners have no shape of their own.
    with pytest.warns(UserWarning, match="no font on this machine has 中 文: the picture shows boxes"):
        convert.png(picture("x&#x4e2d;é文e\u0301\u200d"))
    monkeypatch.setattr(convert, "_has_shape", lambda *_: pytest.fail("nothing to look for"))
    convert.png(picture("x").replace("<text", "<title>中</title><text"))


@pytest.mark.parametrize("package", ["resvg_py", "ttf_opensans"])
def test_a_missing_package_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    convert._font_files.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(convert, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install (resvg-py|ttf-opensans), or save"):
        convert.png(picture("x"))


class PanicException(BaseException):  # the name that Rust's panics have
    """What a panic of Rust code becomes in Python."""


def panic(*_: object, **__: object) -> bytes:
    raise PanicException("removal index (is 5) should be < len (is 5)")


def test_a_pdf_by_the_optional_package_whose_panic_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    package = SimpleNamespace(
        FontDatabase=SimpleNamespace(system=lambda: SimpleNamespace(load_font_file=loaded.append)),
        svg_to_pdf=lambda svg, _fonts: f"%PDF {svg}".encode(),
    )
    monkeypatch.setitem(sys.modules, "svg2pdf_py", package)
    assert convert.pdf("<svg/>") == b"%PDF <svg/>"
    assert all(Path(file).is_file() for file in loaded)
    package.svg_to_pdf = panic
    with pytest.raises(RuntimeError, match=r"made a PDF.*many accents.*save as \.svg, or install Graphviz"):
        convert.pdf("<svg/>")
    monkeypatch.setitem(sys.modules, "resvg_py", SimpleNamespace(svg_to_bytes=panic))
    with pytest.raises(RuntimeError, match=r"made a PNG.*many accents.*save as \.svg$"):
        convert.png("<svg/>")


@pytest.mark.filterwarnings("ignore:no font on this machine has")
@pytest.mark.parametrize("label", ["e" + "\u0301" * 5, "\u0300" * 6, "z\u0323\u0324\u0325\u0326\u0327\u0328"])
def test_many_accents_give_a_file_or_an_error(label: str, tmp_path: Path) -> None:
    pytest.importorskip("svg2pdf_py", reason="without dot, PDF needs the extra pdf")
    found = draw(Value(1.0, label) * 2.0)
    with suppress(RuntimeError):
        assert found.save(tmp_path / "J.pdf").read_bytes().startswith(b"%PDF")
    assert found.save(tmp_path / "J.png").read_bytes().startswith(b"\x89PNG")
