"""SVG to PNG and PDF, in this process."""

from __future__ import annotations

import math
import re
import sys
import unicodedata
import warnings
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

# Installed packages that carry a font, for machines that have none (small containers).
_CARRIERS = (
    ("ttf_opensans", "ttf/OpenSans-Regular.ttf", "ttf/OpenSans-Bold.ttf"),
    ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf", "mpl-data/fonts/ttf/DejaVuSans-Bold.ttf"),
)


def png(svg: str, zoom: float = 2.0, system_fonts: bool = True) -> bytes:
    """The picture as a PNG, with `zoom` pixels for each of the SVG's.

    A PNG holds the shapes of its letters: where no font of this machine has a character, such as 中 on one
    without a Chinese font, the picture shows a box in its place, and a UserWarning says so.

    Args:
        svg: the picture.
        zoom: 2 keeps text sharp on slides and on dense screens. Of a picture so large that viewers would
            refuse it, less is taken.
        system_fonts: False leaves the machine's own fonts out.

    Raises:
        RuntimeError: there is no font to write text with; the message says what to install.
        ModuleNotFoundError: resvg-py is not installed.
    """
    files = _fonts(system_fonts)
    _warn_of_boxes(svg, system_fonts, files)
    return _resvg(svg, min(zoom, _greatest_zoom(svg)), system_fonts, files)


def pdf(svg: str) -> bytes:
    """The picture as a PDF, by the optional package svg2pdf-py.

    Raises:
        RuntimeError: there is no font to write text with; the message says what to install.
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
    files = _fonts(True)
    _warn_of_boxes(svg, True, files)
    for file in files:
        fonts.load_font_file(file)
    return bytes(svg2pdf_py.svg_to_pdf(svg, fonts))


def _greatest_zoom(svg: str) -> float:
    size = re.search(r'<svg width="([\d.]+)\w*" height="([\d.]+)\w*"', svg.replace(_NAMESPACE, ""))
    if size is None:
        return math.inf
    width, height = (float(side) for side in size.groups())
    return min(_LONGEST_SIDE / max(width, height), math.sqrt(_MOST_PIXELS / (width * height)))


@cache
def _fonts(system_fonts: bool) -> tuple[str, ...]:
    """The font files to load beside the machine's own fonts: none where those do."""
    for files in ((), *_carried()):
        if _writes_text(system_fonts, files):
            return files
    raise RuntimeError(
        "there is no font on this machine, so the picture would have no text: install one "
        f"({pip_install('ttf-opensans')}, or your system's package of DejaVu or Liberation fonts), "
        "or save as .svg"
    )


def _carried() -> list[tuple[str, ...]]:
    found = []
    for package, *names in _CARRIERS:
        spec = find_spec(package)  # looks for the package without running it
        for folder in spec.submodule_search_locations or () if spec else ():
            files = [Path(folder, name) for name in names]
            found.append(tuple(str(file) for file in files if file.is_file()))
    return [files for files in found if files]


def _writes_text(system_fonts: bool, files: tuple[str, ...]) -> bool:
    """Whether a letter comes out: without a font resvg leaves text away and says nothing."""
    frame = f'<svg{_NAMESPACE} width="20" height="20">{{}}</svg>'
    letter = f'<text y="15" {_FACE}>x</text>'
    blank, written = (_resvg(frame.format(content), 1, system_fonts, files) for content in ("", letter))
    return blank != written


def _warn_of_boxes(svg: str, system_fonts: bool, files: tuple[str, ...]) -> None:
    written = unescape(_MARKUP.sub("", svg))
    # Accents, joiners and their like are shown with the character they belong to.
    characters = sorted({c for c in written if c > "~" and unicodedata.category(c)[0] not in "MCZ"})
    boxes = [c for c in characters[:_MOST_PROBES] if not _has_shape(c, system_fonts, files)]
    if boxes:
        warnings.warn(
            f"no font on this machine has {' '.join(boxes)}: the picture shows boxes instead. Install a font "
            "that has them (Noto has nearly all), or save as .svg, which is shown with the reader's fonts",
            stacklevel=4,
        )


@lru_cache(maxsize=4096)
def _has_shape(character: str, system_fonts: bool, files: tuple[str, ...]) -> bool:
    """Whether a character differs from what stands for those without a shape; U+10FFFD never has one."""
    frame = f'<svg{_NAMESPACE} width="40" height="30"><text y="20" {_FACE}>{{}}</text></svg>'
    drawn, box = (_resvg(frame.format(text), 1, system_fonts, files) for text in (character, "\U0010fffd"))
    return drawn != box


def _resvg(svg: str, zoom: float, system_fonts: bool, files: tuple[str, ...]) -> bytes:
    try:
        import resvg_py
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"a PNG takes the package resvg-py: {pip_install('resvg-py')}, or save as .svg", name=error.name
        ) from error
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            zoom=zoom,
            dpi=96,  # its own default is 0, at which sizes in points vanish
            skip_system_fonts=not system_fonts,
            font_files=list(files),
            # What "sans-serif" and Graphviz's "Times,serif" mean here: a face that is there.
            sans_serif_family=_known_family(files),
            serif_family=_known_family(files),
        )
    )


def _known_family(files: tuple[str, ...]) -> str:
    if files:
        return "Open Sans" if "OpenSans" in files[0] else "DejaVu Sans"
    return {"darwin": "Helvetica", "win32": "Arial"}.get(sys.platform, "DejaVu Sans")
