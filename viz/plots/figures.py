"""Common parts of all plots: one style, colours, numbers for people, labels at the ends of lines.

Matplotlib is imported when a figure is made, and only its object-oriented part: pyplot keeps global state and
wants a display. A user's own settings of Matplotlib are neither used nor changed.
"""

from __future__ import annotations

import functools
import io
import math
import os
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np

from micrograd_dl.foundation.files import replacing, require_place
from micrograd_dl.foundation.text import install_hint, required

from ..labels import shortened
from ..style import QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# The hues of Okabe and Ito, which people tell apart whatever their sight: blue, vermilion, bluish green,
# pink, sky blue, orange, black, yellow.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#f0e442")
Colour: TypeAlias = str | tuple[float, float, float]
LONGEST_NAME = 24  # characters of a name that a user has given
LOG_FROM = 30  # a scale is logarithmic if the largest number is at least this many times the smallest
# Where a legend stands: beside the axes, at their top.
BESIDE: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0}

_STYLE = {
    "axes.edgecolor": QUIET,
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.titlesize": 18,
    "figure.titleweight": "bold",
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so a picture is the same on every machine
    "font.size": 13,
    "grid.color": "#e8e8e8",
    "legend.frameon": False,
    "lines.linewidth": 2.2,
    "svg.hashsalt": "micrograd-dl",  # names of elements are otherwise different in every file
}
_NO_DATE: dict[str, dict[str, str | None]] = {"svg": {"Date": None}, "png": {}, "pdf": {"CreationDate": None}}


@contextmanager
def drawing(title: str) -> Iterator[Figure]:
    """A new figure of 1280 x 720 pixels; what the block does to it is in the style of this package."""
    with _style():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        layout = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15, hspace=0.03, wspace=0.03)
        figure = _figure_class()(figsize=(12.8, 7.2), layout=layout)
        FigureCanvasAgg(figure)
        figure.suptitle(textwrap.fill(plain(title), 80), x=0.0118, horizontalalignment="left")
        yield figure
        settle(figure)


def require_picture(path: str | os.PathLike[str]) -> str:
    """The format of a picture of that name, such as ``png``; the errors of `save` if there can be none."""
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in _NO_DATE:
        raise ValueError(f"a figure is saved as .svg, .png or .pdf, not as {str(path)!r}")
    require_place(path)
    required("matplotlib.style", "a plot", install_hint("plots"))
    return kind


def require_kind(x: object, kind: type, source: str) -> None:
    """Raise TypeError unless `x` is of the kind that `source` returns."""
    if not isinstance(x, kind):
        raise TypeError(f"a {kind.__name__} is drawn here, what {source} returned, not {type(x).__name__}")


def settle(figure: Figure) -> None:
    """Make the layout, so that one can measure, and keep it: made anew, it would differ slightly."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure to a ``.svg``, ``.png`` or ``.pdf``, whole or not at all, and return its path.

    The same figure gives the same bytes, whenever and however often it is written.

    Raises:
        ValueError: the name ends in something else.
        OSError: the file cannot be written.
    """
    kind = require_picture(path)
    with replacing(path) as file:
        _write(figure, file, kind)
    return Path(path)


def _write(figure: Figure, file: IO[bytes], kind: str) -> None:
    title = figure.get_suptitle().replace(r"\$", "$").replace("\n", " ")
    with _style():
        figure.savefig(file, format=kind, metadata={"Title": title, **_NO_DATE[kind]})


@contextmanager
def _style() -> Iterator[None]:
    """Matplotlib with its own settings and those of this package, and afterwards with the user's again."""
    with (
        required("matplotlib.style", "a plot", install_hint("plots")).context(_STYLE, after_reset=True),
        warnings.catch_warnings(),
    ):
        # A character that the font lacks, such as one of a name in Chinese, is drawn as a box.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        yield


@functools.cache
def _figure_class() -> type[Figure]:
    from matplotlib.figure import Figure

    class Plot(Figure):
        """A figure that a notebook shows, although pyplot has no part in it."""

        def _repr_png_(self) -> bytes:
            png = io.BytesIO()
            _write(self, png, "png")
            return png.getvalue()

    return Plot


def plain(text: str, longest: int = 400) -> str:
    r"""A text that Matplotlib shows as it is, in one line: a dollar sign is no mathematics.

    >>> print(plain("price in $\nof a very long name", longest=16))
    price i…ong name
    """
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return shortened(text, math.inf, 1.0, most=longest).replace("$", r"\$")


def names(given: Sequence[str], default: Sequence[str], what: str, longest: int = LONGEST_NAME) -> list[str]:
    """The given names as they are shown, or the default ones; ValueError if too few or many are given."""
    if given and len(given) != len(default):
        raise ValueError(f"{len(default)} {what} take as many names, not {len(given)}: {', '.join(given)}")
    return [plain(name, longest) for name in given or default]


def brief(x: float, digits: int = 3) -> str:
    """A number for people, with a few significant digits.

    >>> brief(0.012345), brief(-1234), brief(12345), brief(2e-9, digits=1), brief(1e-20)
    ('0.0123', '−1230', '1.23×10⁴', '2×10⁻⁹', '10⁻²⁰')
    """
    rounded = float(f"{x:.{digits}g}")
    if not rounded or not math.isfinite(rounded) or 1e-3 <= abs(rounded) < 1e4:
        return f"{rounded:.15g}".replace("-", "−")
    mantissa, _, exponent = f"{rounded:.{digits - 1}e}".partition("e")
    factor = {1.0: "", -1.0: "-"}.get(float(mantissa), f"{float(mantissa):g}×")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{factor}10{power}".replace("-", "−")


def tint(colour: Colour, part: float) -> tuple[float, float, float]:
    """White with a part of a colour in it.

    >>> tint("#000000", 0.25)
    (0.75, 0.75, 0.75)
    """
    from matplotlib.colors import to_rgb

    r, g, b = (max(0.0, 1 - part * (1 - x)) for x in to_rgb(colour))
    return r, g, b


def log_scale(ax: Axes) -> None:
    """Make the vertical axis logarithmic, with round numbers on it written as people do."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,), numticks=12))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: brief(y)))
    ax.yaxis.set_minor_formatter(NullFormatter())


def whole_marks(ax: Axes) -> None:
    """Marks of the horizontal axis at round whole numbers."""
    ax.locator_params(axis="x", nbins=10, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)


def name_lines(ax: Axes, lines: Sequence[Line2D]) -> None:
    """A legend beside the axes, of lines in the order of their last finite heights."""

    def height(line: Line2D) -> float:
        y = np.ravel(line.get_ydata())
        return float(y[np.isfinite(y)][-1])

    ax.legend(handles=sorted(lines, key=height, reverse=True), **BESIDE)
