"""SVG to PNG and PDF, in this process."""

from __future__ import annotations

import math
import re
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from html import unescape
from importlib.util import find_spec
from pathlib import Path

from micrograd_dl.foundation.text import install_hint, pip_install

from .style import FAMILIES

_MARKUP = re.compile("<title>.*?</title>|<[^>]*>", re.DOTALL)
_MOST_PROBES = 100  # different characters that are looked for, at some milliseconds each
_LONGEST_SIDE, _MOST_PIXELS = 32_000, 100_000_000  # the limits of a PNG in browsers and office programs
_PROBE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30">'
    f'<text y="20" font-family="{", ".join(FAMILIES)}, sans-serif">{{}}</text></svg>'
)


def png(svg: str, zoom: float = 2.0) -> bytes:
    """The picture as a PNG, with `zoom` pixels for each of the SVG's: 2 keeps text sharp on slides.

    Of a picture so large that viewers would refuse it, less is taken. A PNG holds the shapes of its letters:
    where no font of this machine has a character, such as 中 on one without a Chinese font, the picture shows
    a box in its place, and a UserWarning says so.

    Raises:
        RuntimeError: the program that draws breaks down; the message says what to do.
        ModuleNotFoundError: resvg-py or ttf-opensans is not installed.
    """
    _warn_of_boxes(svg)
    if size := re.search(r'<svg[^>]*? width="([\d.]+)\w*" height="([\d.]+)', svg):
        width, height = float(size[1]), float(size[2])
        zoom = min(zoom, _LONGEST_SIDE / max(width, height), math.sqrt(_MOST_PIXELS / (width * height)))
    return _resvg(svg, zoom)


def pdf(svg: str) -> bytes:
    """The picture as a PDF, by the optional package svg2pdf-py.

    Raises:
        RuntimeError: svg2pdf-py breaks down; the message says what to do.
        ModuleNotFoundError: the package is not installed.
    """
    try:
        import svg2pdf_py
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"a PDF takes either the package svg2pdf-py ({install_hint('pdf')}) or the Graphviz "
            "program (https://graphviz.org/download); .svg, .png and .dot can be saved without",
            name=error.name,
        ) from error
    fonts = svg2pdf_py.FontDatabase.system()
    for file in _font_files():
        fonts.load_font_file(file)
    _warn_of_boxes(svg)
    with _panics_as_errors("PDF", "save as .svg, or install Graphviz, https://graphviz.org/download"):
        return bytes(svg2pdf_py.svg_to_pdf(svg, fonts))


def _resvg(svg: str, zoom: float) -> bytes:
    try:
        import resvg_py
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"a PNG takes the package resvg-py: {pip_install('resvg-py')}, or save as .svg", name=error.name
        ) from error
    with _panics_as_errors("PNG", "save as .svg"):
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg,
                zoom=zoom,
                dpi=96,  # its own default is 0, at which sizes in points vanish
                font_files=_font_files(),
                sans_serif_family="Open Sans",
            )
        )


@contextmanager
def _panics_as_errors(format: str, remedy: str) -> Iterator[None]:
    """A panic of Rust code is no Exception: nothing would catch it. Five accents on a letter cause one."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise RuntimeError(
            f"this picture cannot be made a {format} ({error}). A letter with many accents may be the cause: "
            f"shorten such a label, {remedy}"
        ) from None


@cache
def _font_files() -> list[str]:
    """A font for machines that have none, such as small containers; others come first."""
    spec = find_spec("ttf_opensans")  # looks for the package without running it
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"text takes the package ttf-opensans: {pip_install('ttf-opensans')}, or save as .svg",
            name="ttf_opensans",
        )
    return [str(Path(spec.origin).parent / f"ttf/OpenSans-{weight}.ttf") for weight in ("Regular", "Bold")]


def _warn_of_boxes(svg: str) -> None:
    written = unescape(_MARKUP.sub("", svg))
    # Accents, joiners and their like are shown with the character they belong to.
    characters = sorted({c for c in written if c > "~" and unicodedata.category(c)[0] not in "MCZ"})
    boxes = [c for c in characters[:_MOST_PROBES] if not _has_shape(c)]
    if boxes:
        warnings.warn(
            f"no font on this machine has {' '.join(boxes)}: the picture shows boxes instead. Install a font "
            "that has them (Noto has nearly all), or save as .svg, which is shown with the reader's fonts",
            stacklevel=4,
        )


@lru_cache(maxsize=4096)
def _has_shape(character: str) -> bool:
    """Whether a character differs from what stands for those without a shape; U+10FFFD never has one."""
    return _resvg(_PROBE.format(character), 1) != _resvg(_PROBE.format("\U0010fffd"), 1)
