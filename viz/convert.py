"""SVG to PNG and PDF, in this process."""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# The first that the machine has is taken; all are plain sans-serif faces.
FAMILIES = (
    "Helvetica", "Arial", "Liberation Sans", "DejaVu Sans", "Noto Sans", "Open Sans", "Roboto", "Ubuntu",
)  # fmt: skip

# Installed packages that carry a font, for machines that have none (small containers).
_CARRIERS = (
    ("ttf_opensans", "ttf/OpenSans-Regular.ttf", "ttf/OpenSans-Bold.ttf"),
    ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf", "mpl-data/fonts/ttf/DejaVuSans-Bold.ttf"),
)


def png(svg: str, zoom: float = 2.0, system_fonts: bool = True) -> bytes:
    """The picture as a PNG, with `zoom` pixels for each of the SVG's.

    Args:
        svg: the picture.
        zoom: 2 keeps text sharp on slides and on dense screens.
        system_fonts: False leaves the machine's own fonts out.

    Raises:
        RuntimeError: there is no font to write text with; the message says what to install.
        ModuleNotFoundError: resvg-py is not installed.
    """
    files = _fonts(system_fonts)
    return _resvg(svg, zoom, system_fonts, files)


def pdf(svg: str) -> bytes:
    """The picture as a PDF, by the optional package svg2pdf-py.

    Raises:
        RuntimeError: the package is not installed, or there is no font to write text with.
    """
    try:
        import svg2pdf_py
    except ModuleNotFoundError:
        raise RuntimeError(
            "a PDF takes either the package svg2pdf-py (pip install svg2pdf-py) or the Graphviz program "
            "(https://graphviz.org/download); .svg, .png and .dot can be saved without"
        ) from None
    fonts = svg2pdf_py.FontDatabase.system()
    for file in _fonts(True):
        fonts.load_font_file(file)
    return bytes(svg2pdf_py.svg_to_pdf(svg, fonts))


@cache
def _fonts(system_fonts: bool) -> tuple[str, ...]:
    """The font files to load beside the machine's own fonts: none where those do."""
    for files in ((), *_carried()):
        if _writes_text(system_fonts, files):
            return files
    raise RuntimeError(
        "there is no font on this machine, so the picture would have no text: install one (pip install "
        "ttf-opensans, or your system's package of DejaVu or Liberation fonts), or save as .svg"
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
    frame = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">{}</svg>'
    letter = f'<text y="15" font-family="{", ".join(FAMILIES)}, sans-serif">x</text>'
    blank, written = (_resvg(frame.format(content), 1, system_fonts, files) for content in ("", letter))
    return blank != written


def _resvg(svg: str, zoom: float, system_fonts: bool, files: tuple[str, ...]) -> bytes:
    try:
        import resvg_py
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a PNG takes the package resvg-py: pip install resvg-py, or save as .svg", name=error.name
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
