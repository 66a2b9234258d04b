"""SVG to PNG and PDF, in this process."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from micrograd_dl.foundation.text import install_hint, pip_install, required

_LONGEST_SIDE, _MOST_PIXELS = 32_000, 100_000_000  # the limits of a PNG in browsers and office programs


def png(svg: str, zoom: float = 2.0) -> bytes:
    """The picture as a PNG, with `zoom` pixels for each of the SVG's: 2 keeps text sharp on slides.

    Of a picture so large that viewers would refuse it, less is taken. Where no font of this machine has a
    character, such as 中 on one without a Chinese font, a PNG shows a box; an SVG is shown with the reader's
    fonts.

    Raises:
        RuntimeError: the program that draws breaks down; the message says what to do.
        ModuleNotFoundError: resvg-py or ttf-opensans is not installed.
    """
    if size := re.search(r'<svg[^>]*? width="([\d.]+)\w*" height="([\d.]+)', svg):
        width, height = float(size[1]), float(size[2])
        zoom = min(zoom, _LONGEST_SIDE / max(width, height), math.sqrt(_MOST_PIXELS / (width * height)))
    resvg_py = required("resvg_py", "a PNG", f"{pip_install('resvg-py')}, or save as .svg")
    fonts = _font_files()
    with _panics_as_errors("PNG"):
        # At the default of dpi, 0, sizes in points vanish.
        drawn = resvg_py.svg_to_bytes(svg, zoom=zoom, dpi=96, font_files=fonts, sans_serif_family="Open Sans")
        return bytes(drawn)


def pdf(svg: str) -> bytes:
    """The picture as a PDF, by the optional package svg2pdf-py; errors as for `png`."""
    svg2pdf_py = required("svg2pdf_py", "a PDF", f"{install_hint('pdf')}, or save as .svg")
    fonts = svg2pdf_py.FontDatabase.system()
    for file in _font_files():
        fonts.load_font_file(file)
    with _panics_as_errors("PDF"):
        return bytes(svg2pdf_py.svg_to_pdf(svg, fonts))


@contextmanager
def _panics_as_errors(format: str) -> Iterator[None]:
    """A panic of Rust code is no Exception: nothing would catch it. Five accents on a letter cause one."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise RuntimeError(
            f"this picture cannot be made a {format} ({error}). A letter with many accents may be the cause: "
            "shorten such a label, or save as .svg"
        ) from None


@cache
def _font_files() -> list[str]:
    """A font for machines that have none, such as small containers; others come first."""
    spec = find_spec("ttf_opensans")  # looks for the package without running it
    if spec is None or spec.origin is None:
        problem = f"text takes the package ttf-opensans: {pip_install('ttf-opensans')}, or save as .svg"
        raise ModuleNotFoundError(problem, name="ttf_opensans")
    return [str(Path(spec.origin).parent / f"ttf/OpenSans-{weight}.ttf") for weight in ("Regular", "Bold")]
