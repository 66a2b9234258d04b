"""What all plots have in common: one style, colours, numbers for people, labels at the ends of lines.

Matplotlib is imported when a figure is made, not before, and only its object-oriented part: pyplot, which
keeps global state and wants a display, is not used. A user's own settings of Matplotlib are neither used nor
changed.
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
from typing import IO, TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from micrograd_dl.output.files import replacing
from micrograd_dl.output.text import install_hint

from ..labels import shortened
from ..style import INK, QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

Colour: TypeAlias = str | tuple[float, float, float]

# The hues of Okabe and Ito, which people tell apart whatever their sight; the pale ones last.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#f0e442")

LONGEST_NAME = 24  # characters of a name that a user has given

_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": QUIET,
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 14,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.dpi": 100,
    "figure.titlesize": 18,
    "figure.titleweight": "bold",
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so a picture is the same on every machine
    "font.size": 13,
    "grid.color": "#e8e8e8",
    "legend.fontsize": 13,
    "lines.linewidth": 2.2,
    "savefig.dpi": "figure",
    "svg.hashsalt": "micrograd-dl",  # names of elements are otherwise different in every file
    "text.color": INK,
    "xtick.color": QUIET,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 13,
    "ytick.color": QUIET,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 13,
}

# Without the date, the same figure is the same file.
_METADATA: dict[str, dict[str, str | None]] = {
    "svg": {"Date": None},
    "png": {},
    "pdf": {"CreationDate": None},
}


class End(NamedTuple):
    """What stands at the right end of a line.

    Attributes:
        y: where the line ends, in the axes' own numbers.
        text: one line or more.
        colour: that of the line.
    """

    y: float
    text: str
    colour: Colour


@contextmanager
def drawing(title: str) -> Iterator[Figure]:
    """A new figure of 1280 x 720 pixels; what is done to it inside the block is in the style of this package.

    Raises:
        ModuleNotFoundError: Matplotlib is not installed.
    """
    with _style():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        layout = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15, hspace=0.03, wspace=0.03)
        figure = _figure_class()(figsize=(12.8, 7.2), layout=layout)
        FigureCanvasAgg(figure)
        figure.suptitle(textwrap.fill(plain(title), 80), x=0.0118, horizontalalignment="left")
        yield figure
        settle(figure)


def require_matplotlib() -> None:
    """Raise ModuleNotFoundError, with what to install, if Matplotlib is not there."""
    try:
        import matplotlib.style  # noqa: F401 - only whether it can be imported
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"plots are drawn with Matplotlib ({error}): {install_hint('plots')}", name=error.name
        ) from error


def settle(figure: Figure) -> None:
    """Make the layout, and keep it: made anew whenever the figure is drawn, it would differ slightly."""
    lay_out(figure)
    figure.set_layout_engine("none")


def lay_out(figure: Figure) -> None:
    """Make the layout for what there is so far, so that one can measure."""
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.execute(figure)


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure to a file whose suffix says how: ``.svg``, ``.png`` or ``.pdf``.

    The file is there whole or not at all: an old one stays until the new one is complete. The same figure
    gives the same bytes, whenever and however often it is written.

    Returns:
        The path.

    Raises:
        ValueError: the name ends in something else.
        OSError: the file cannot be written.
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in _METADATA:
        raise ValueError(f"a figure is saved as .svg, .png or .pdf, not as {path.name!r}")
    with replacing(path) as file:
        _write(figure, file, kind)
    return path


def _write(figure: Figure, file: IO[bytes], kind: str) -> None:
    title = figure.get_suptitle().replace(r"\$", "$").replace("\n", " ")
    with _style():
        figure.savefig(file, format=kind, metadata={"Title": title, **_METADATA[kind]})


@contextmanager
def _style() -> Iterator[None]:
    """Matplotlib with its own settings and those of this package, and afterwards with the user's again."""
    require_matplotlib()
    import matplotlib.style

    with matplotlib.style.context(_STYLE, after_reset=True), warnings.catch_warnings():
        # A character that the font has not, such as of a name in Chinese, is drawn as a box.
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


# --- texts ----------------------------------------------------------------------------------------------


def plain(text: str, longest: int | None = None) -> str:
    r"""A text that Matplotlib shows as it is, in one line: a dollar sign is no mathematics.

    >>> print(plain("price in $\nof a very long name", longest=16))
    price i…ong name
    """
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if longest is not None:
        text = shortened(text, math.inf, 1.0, most=longest)
    return text.replace("$", r"\$")


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
    return factor.replace("-", "−") + power_of_ten(int(exponent))


def on_axis(x: float, low: float, high: float) -> str:
    """A number on a logarithmic axis from low to high, where all are written in the same way.

    >>> on_axis(0.001, 0.0001, 1), on_axis(0.001, 1e-9, 1), on_axis(0.5, 1e-9, 1), on_axis(1, 1e-9, 1)
    ('0.001', '10⁻³', '5×10⁻¹', '1')
    """
    if low >= 1e-5 and high < 1e6:
        return f"{float(f'{x:.3g}'):.15f}".rstrip("0").rstrip(".")
    mantissa, _, exponent = f"{x:.2e}".partition("e")
    if int(exponent) in (0, 1):
        return f"{float(f'{x:.3g}'):g}"
    factor = "" if float(mantissa) == 1 else f"{float(mantissa):g}×"
    return factor + power_of_ten(int(exponent))


def power_of_ten(exponent: int) -> str:
    """Ten to the power of a whole number.

    >>> power_of_ten(-12)
    '10⁻¹²'
    """
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


# --- colours --------------------------------------------------------------------------------------------


def mixed(colour: Colour, other: Colour, part: float) -> tuple[float, float, float]:
    """A colour with a part of another in it.

    >>> mixed("#ffffff", "#000000", 0.25)
    (0.75, 0.75, 0.75)
    """
    r, g, b = ((1 - part) * x + part * y for x, y in zip(rgb(colour), rgb(other), strict=True))
    return r, g, b


def rgb(colour: Colour) -> tuple[float, float, float]:
    """Red, green and blue from 0 to 1, of a colour written ``#rrggbb``."""
    if not isinstance(colour, str):
        return colour
    r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return r, g, b


def for_text(colour: Colour) -> Colour:
    """The colour, as dark as small letters on white need it: with a contrast of 4.5 to 1.

    >>> for_text("#0072b2") == rgb("#0072b2")
    True
    """
    shades = (mixed(colour, "#000000", part / 20) for part in range(21))
    return next(shade for shade in shades if 1.05 / (_luminance(shade) + 0.05) >= 4.5)


def _luminance(colour: Colour) -> float:
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# --- axes -----------------------------------------------------------------------------------------------


def log_scale(ax: Axes) -> None:
    """Make the vertical axis logarithmic, with round numbers on it written as people do."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    decades = math.log10(high) - math.log10(low)
    if decades < 0.5:
        ax.yaxis.set_major_locator(MaxNLocator(5))
    elif decades < 3:
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
    else:
        ax.yaxis.set_major_locator(LogLocator(numticks=9))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: on_axis(y, *ax.get_ylim()) if y > 0 else ""))
    ax.yaxis.set_minor_formatter(NullFormatter())


def label_ends(figure: Figure, panels: Sequence[tuple[Axes, Sequence[End]]]) -> None:
    """Write a text at the right end of each line, the texts apart from each other: better than a legend.

    Called when all else is drawn, as it has to measure.
    """
    placed = [(ax, ends, [_end_label(ax, end) for end in ends]) for ax, ends in panels if ends]
    settle(figure)
    for ax, ends, texts in placed:
        box = ax.get_window_extent()
        height = max(text.get_window_extent().height for text in texts)
        wanted = [float(ax.transData.transform((0, end.y))[1]) for end in ends]
        # Within the axes, so that the layout stays as it is.
        places = spread(wanted, height + 6, box.y0 + height / 2, box.y1 - height / 2)
        for text, y, found in zip(texts, wanted, places, strict=True):
            text.set_position((16, (found - y) * 72 / figure.dpi))


def _end_label(ax: Axes, end: End) -> Annotation:
    colour = for_text(end.colour)
    leader = {
        "arrowstyle": "-",
        "color": colour,
        "linewidth": 0.8,
        "shrinkA": 2,
        "shrinkB": 3,
        "relpos": (0, 0.5),
    }
    return ax.annotate(
        end.text,
        xy=(1, end.y),
        xycoords=("axes fraction", "data"),
        xytext=(16, 0),
        textcoords="offset points",
        annotation_clip=False,
        color=colour,
        va="center",
        linespacing=1.15,
        arrowprops=leader,
    )


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions as near to the wanted ones as can be, but at least `gap` apart; within bounds if possible.

    >>> spread([5.0, 0.0, 5.0], gap=2, low=0, high=10)
    [4.0, 0.0, 6.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    # Without the gaps, positions may be equal but keep their order: neighbours that would not get their mean.
    pools: list[tuple[float, int]] = []
    for rank, i in enumerate(order):
        mean, count = wanted[i] - rank * gap, 1
        while pools and pools[-1][0] > mean:
            before, size = pools.pop()
            mean, count = (mean * count + before * size) / (count + size), count + size
        pools.append((mean, count))
    highest = max(low, high - (len(wanted) - 1) * gap)
    level = [min(max(mean, low), highest) for mean, count in pools for _ in range(count)]
    found = np.empty(len(wanted))
    found[order] = [y + rank * gap for rank, y in enumerate(level)]
    return [float(y) for y in found]
