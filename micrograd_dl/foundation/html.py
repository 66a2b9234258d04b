"""Tables and curves that a notebook shows. All text in them is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from micrograd_dl.foundation.text import printable

_WIDTH, _HEIGHT = 360, 120
_COLOURS = ("#0072b2", "#d55e00")  # which people tell apart whatever their sight
_MOST_POINTS = 400


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "", notes: Iterable[str] = ()
) -> str:
    """A table with a line of text above it, and lines below; without rows, those lines alone.

    >>> table(["name", "data"], [("<b>", 2)])
    '<div><table><thead><tr><th>name</th><th>data</th></tr></thead><tbody><tr><td>&lt;b&gt;...</table></div>'
    """
    head = "".join(f"<th>{_text(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    made = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""
    above = f"<p>{_text(title)}</p>" if title else ""
    return f"<div>{above}{made}{''.join(f'<p>{_text(note)}</p>' for note in notes if note)}</div>"


def curves(series: Mapping[str, Sequence[float]], title: str) -> str:
    """Lines over the epochs as a small picture, at most two of them, each ending in its name."""
    known = [y for ys in series.values() for y in ys if math.isfinite(y)]
    if not known:
        return ""
    low, high = min(0.0, *known), max(known)
    longest = max(map(len, series.values()))
    lines = ""
    for (name, ys), colour in zip(series.items(), _COLOURS, strict=False):
        every = -(-len(ys) // _MOST_POINTS)
        points = [(i, ys[i]) for i in [*range(0, len(ys) - 1, every), len(ys) - 1] if math.isfinite(ys[i])]
        right, up = (_WIDTH - 90) / max(longest - 1, 1), (_HEIGHT - 16) / ((high - low) or 1)
        places = [(4 + right * i, _HEIGHT - 8 - up * (y - low)) for i, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        x, y = places[-1] if places else (4, 0)
        lines += (
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<text x="{x + 6:.1f}" y="{y + 4:.1f}" font-size="12" fill="{colour}">{_text(name)}</text>'
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img" '
        f'style="max-width:100%" font-family="sans-serif"><title>{_text(title)}</title>{lines}</svg>'
    )


def _text(x: object) -> str:
    return escape(printable(str(x)))
