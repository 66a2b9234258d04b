r"""Text that anybody may have written, made fit to be shown.

Labels are data: none of their characters may act as markup, and none may be lost. Nearly every character
stands for itself. Those that XML forbids, or that would not be seen or would rearrange the text around them,
are written as Python writes them: a NUL as ``\x00``, a lone surrogate as ``\ud800``.
"""

from __future__ import annotations

import unicodedata
from itertools import accumulate

from micrograd_dl.foundation.text import printable

LONGEST_TOOLTIP = 20_000
MOST_CHARACTERS = 80  # in a line, however narrow they are

# Widths in ems of a wide common face (DejaVu Sans), so that text in a narrower one fits too.
_NARROW = frozenset(" !'(),-./:;I[\\]fijlrt|`")
_WIDE = frozenset("%@MWmw—…")


def visible(text: str) -> str:
    r"""The text with every character in view; newlines stay.

    >>> visible("a < b & c")
    'a < b & c'
    >>> visible("nothing:\0, half a pair:\ud800")
    'nothing:\\x00, half a pair:\\ud800'
    """
    shown = printable(text).replace("\t", r"\t")
    return shown.replace("\ufffe", r"\ufffe").replace("\uffff", r"\uffff")  # which XML forbids


def tooltip(text: str) -> str:
    """The text for a tooltip: in view and whole, unless it is longer than 20,000 characters."""
    if len(text) > LONGEST_TOOLTIP:
        text = f"{text[:LONGEST_TOOLTIP]}… ({len(text):,} characters)"
    return visible(text)


def shortened(text: str, width: float, size: float, most: int = MOST_CHARACTERS) -> str:
    """The text, or as much of both its ends as fits `width` and `most`, with an ellipsis for its middle.

    Of names that begin alike, the end says which is which.

    >>> shortened("weight_of_layer_one_unit_1", 120, 12)
    'weight_…_unit_1'
    """
    if len(text) <= most and text_width(text, size) <= width:
        return text
    room = width - text_width("…", size)
    head = _fitting(text[: (most - 1) // 2], room / 2, size)
    tail = _fitting(text[:-most:-1], room - text_width(head, size), size)[: most - 1 - len(head)][::-1]
    while tail and unicodedata.combining(tail[0]):  # an accent whose letter is left out
        tail = tail[1:]
    return head.removesuffix("…") + "…" + tail.removeprefix("…")


def _fitting(text: str, width: float, size: float) -> str:
    """As much of the beginning of a text as fits `width`."""
    ends = accumulate(text_width(character, size) for character in text)
    return text[: sum(end <= width for end in ends)]


def text_width(text: str, size: float, bold: bool = False) -> float:
    """About how wide a line of text is, in pixels, in a sans-serif face of `size` pixels."""
    return sum(map(_ems, text)) * size * (1.1 if bold else 1.0)


def _ems(character: str) -> float:
    if character in _NARROW:
        return 0.4
    if character in _WIDE:
        return 1.0
    if character < "\x7f":
        return 0.72 if character.isupper() else 0.64
    if unicodedata.combining(character):
        return 0.0
    return 1.1 if unicodedata.east_asian_width(character) in "WF" or character > "\uffff" else 0.72
