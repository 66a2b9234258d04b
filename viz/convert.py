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

from micrograd_dl.output.text import install_hint, pip_install

# The first that the machine has is taken; all are plain sans-serif faces.
FAMILIES = (
    "Helvetica", "Arial", "Liberation Sans", "DejaVu Sans", "Noto Sans", "Open Sans", "Roboto", "Ubuntu",
)  # fmt: skip

_FACE = f'font-family="{", ".join(FAMILIES)}, sans-serif"'

_MARKUP = re.compile("<title>.*?</title>|<[^>]*>", re.DOTALL)
_MOST_PROBES = 100  # different characters that are looked for, at some milliseconds each
_LONGEST_SIDE, _MOST_PIXELS = 32_000, 100_000_000  # of a PNG that browsers and office programs still open
_NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'


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
    return _resvg(svg, min(zoom, _greatest_zoom(svg)))


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
        remedy = "save as .svg" + (", or install Graphviz, https://graphviz.org/download" * (format == "PDF"))
        raise RuntimeError(
            f"this picture cannot be made a {format} ({error}). A letter with many accents may be the cause: "
            f"shorten such a label, {remedy}"
        ) from None


def _greatest_zoom(svg: str) -> float:
    size = re.search(r'<svg width="([\d.]+)\w*" height="([\d.]+)\w*"', svg.replace(_NAMESPACE, ""))
    if size is None:
        return math.inf
    width, height = (float(side) for side in size.groups())
    return min(_LONGEST_SIDE / max(width, height), math.sqrt(_MOST_PIXELS / (width * height)))


@cache
def _font_files() -> list[str]:
    """A font for machines that have none, such as small containers; others come first."""
    spec = find_spec("ttf_opensans")  # looks for the package without running it
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"text takes the package ttf-opensans: {pip_install('ttf-opensans')}, or save as .svg",
            name="ttf_opensans",
        )
    folder = Path(spec.origin).parent / "ttf"
    return [str(folder / f"OpenSans-{weight}.ttf") for weight in ("Regular", "Bold")]


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
    frame = f'<svg{_NAMESPACE} width="40" height="30"><text y="20" {_FACE}>{{}}</text></svg>'
    drawn, box = (_resvg(frame.format(text), 1) for text in (character, "\U0010fffd"))
    return drawn != box


def _resvg(svg: str, zoom: float) -> bytes:
    try:
        import resvg_py
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"a PNG takes the package resvg-py: {pip_install('resvg-py')}, or save as .svg", name=error.name
        ) from error
    with _panics_as_errors("PNG"):
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg,
                zoom=zoom,
                dpi=96,  # its own default is 0, at which sizes in points vanish
                font_files=_font_files(),
                # What "sans-serif" and Graphviz's "Times,serif" mean here: a face that is there.
                sans_serif_family="Open Sans",
                serif_family="Open Sans",
            )
        )
