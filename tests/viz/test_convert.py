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


def size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.fixture(autouse=True)
def _forget() -> None:
    convert._fonts.cache_clear()


def test_two_pixels_for_each() -> None:
    assert size(convert.png(SVG.format(30, 20, ""))) == (60, 40)
    assert size(convert.png(SVG.format(30, 20, ""), zoom=1)) == (30, 20)


def test_points_have_their_size() -> None:
    assert size(convert.png(SVG.format("72pt", "36pt", ""), zoom=1)) == (96, 48)


@pytest.mark.parametrize(("width", "height"), [(100_000, 10), (10, 100_000), (20_000, 20_000)])
def test_a_huge_picture_is_made_smaller(width: int, height: int) -> None:
    zoom = convert._greatest_zoom(SVG.format(width, height, ""))
    assert zoom * max(width, height) <= 32_000
    assert zoom * zoom * width * height <= 100_000_001


def test_an_svg_without_a_size_is_left_to_the_renderer() -> None:
    assert convert._greatest_zoom("<svg/>") == float("inf")


@pytest.mark.filterwarnings("ignore:no font on this machine has")  # 中 on a machine without a Chinese font
@pytest.mark.parametrize("text", ["x", "中文 😀", "&lt;script&gt;"])
def test_text_is_drawn(text: str) -> None:
    blank = convert.png(SVG.format(30, 20, ""))
    assert convert.png(SVG.format(30, 20, text).replace("<text", '<text font-family="sans-serif"')) != blank


def test_a_font_that_some_package_carries_serves_where_there_is_none() -> None:
    if not convert._carried():
        pytest.skip("no installed package carries a font")
    family = f'<text font-family="{", ".join(convert.FAMILIES)}, sans-serif"'
    blank, written = (
        convert.png(SVG.format(30, 20, text).replace("<text", family), system_fonts=False)
        for text in ("", "x")
    )
    assert blank != written


def test_no_font_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert, "_carried", list)
    with pytest.raises(RuntimeError, match=r"no font on this machine.*pip install ttf-opensans"):
        convert.png(SVG.format(30, 20, "x"), system_fonts=False)


def test_characters_without_a_shape_are_found() -> None:
    files = convert._fonts(True)
    assert convert._has_shape("x", True, files)
    assert not convert._has_shape("\U0010fffc", True, files)  # for private use


def test_characters_that_no_font_has_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert, "_has_shape", lambda character, *_: character not in "中文")
    # Accents and joiners have no shape of their own.
    svg = SVG.format(30, 20, "x&#x4e2d;é文e\u0301\u200d")
    with pytest.warns(UserWarning, match="no font on this machine has 中 文: the picture shows boxes"):
        convert.png(svg)
    monkeypatch.setattr(convert, "_has_shape", lambda *_: pytest.fail("nothing to look for"))
    convert.png(SVG.format(30, 20, "x").replace("<text", "<title>中</title><text"))


def test_fonts_are_looked_for_in_packages_that_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "font_carrier" / "ttf"
    folder.mkdir(parents=True)
    (folder / "Some.ttf").touch()
    monkeypatch.syspath_prepend(tmp_path)
    carriers = ("font_carrier", "ttf/Some.ttf", "ttf/Missing.ttf"), ("no_such_package", "Some.ttf")
    monkeypatch.setattr(convert, "_CARRIERS", carriers)
    assert convert._carried() == [(str(folder / "Some.ttf"),)]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ModuleNotFoundError, match="pip install resvg-py"):
        convert.png(SVG.format(30, 20, "x"))


def test_a_pdf_by_the_optional_package(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    package = SimpleNamespace(
        FontDatabase=SimpleNamespace(system=lambda: SimpleNamespace(load_font_file=loaded.append)),
        svg_to_pdf=lambda svg, _fonts: f"%PDF {svg}".encode(),
    )
    monkeypatch.setitem(sys.modules, "svg2pdf_py", package)
    monkeypatch.setattr(convert, "_fonts", lambda _system: ("some.ttf",))
    assert convert.pdf("<svg/>") == b"%PDF <svg/>"
    assert loaded == ["some.ttf"]


@pytest.mark.parametrize(
    ("platform", "files", "family"),
    [
        ("linux", (), "DejaVu Sans"),
        ("darwin", (), "Helvetica"),
        ("win32", (), "Arial"),
        ("linux", ("/x/OpenSans-Regular.ttf",), "Open Sans"),
        ("win32", ("/x/DejaVuSans.ttf",), "DejaVu Sans"),
    ],
)
def test_the_family_that_stands_for_sans_serif(
    platform: str, files: tuple[str, ...], family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert convert._known_family(files) == family


class PanicException(BaseException):  # the name that Rust's panics have
    """What a panic of Rust code becomes in Python."""


def panic(*_: object, **__: object) -> bytes:
    raise PanicException("removal index (is 5) should be < len (is 5)")


def test_a_panic_of_rust_code_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    package = SimpleNamespace(FontDatabase=SimpleNamespace(system=object), svg_to_pdf=panic)
    monkeypatch.setitem(sys.modules, "svg2pdf_py", package)
    monkeypatch.setattr(convert, "_fonts", lambda _system: ())
    with pytest.raises(RuntimeError, match=r"made a PDF.*many accents.*save as \.svg, or install Graphviz"):
        convert.pdf("<svg/>")
    monkeypatch.setitem(sys.modules, "resvg_py", SimpleNamespace(svg_to_bytes=panic))
    with pytest.raises(RuntimeError, match=r"made a PNG.*many accents.*save as \.svg$"):
        convert.png("<svg/>")


@pytest.mark.filterwarnings("ignore:no font on this machine has")
@pytest.mark.parametrize("label", ["e" + "\u0301" * 5, "\u0300" * 6, "z\u0323\u0324\u0325\u0326\u0327\u0328"])
def test_many_accents_give_a_file_or_an_error(label: str, tmp_path: Path) -> None:
    pytest.importorskip("svg2pdf_py", reason="without dot, PDF needs the extra pdf")
    picture = draw(Value(1.0, label) * 2.0)
    with suppress(RuntimeError):
        assert picture.save(tmp_path / "J.pdf").read_bytes().startswith(b"%PDF")
    assert picture.save(tmp_path / "J.png").read_bytes().startswith(b"\x89PNG")
