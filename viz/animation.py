"""All the pictures of a walk: as numbered files, or as one that plays them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.foundation.files import replacing
from micrograd_dl.foundation.numbers import above_zero
from micrograd_dl.foundation.text import install_hint, required

from . import convert, style
from .picture import LIMIT, Picture, draw

_MOST_FRAMES = 1000
_WIDEST = 1920.0  # pixels of a GIF
_HOLD = 3  # how many times as long the last picture is shown


def animate(
    what: Value | Trace,
    *,
    steps: Iterable[int] | None = None,
    seconds: float = 1.5,
    edges: bool = False,
    limit: int = LIMIT,
    collapse: str | Iterable[str] = (),
    direction: Literal["right", "down"] = "right",
) -> Animation:
    """Draw every step of the walk through a graph. A Trace stays where it is.

    Args:
        steps: which moments to draw: 0 before the first step, 1 after it; all if left out.
        seconds: how long each is shown where they are played.
        what, edges, limit, collapse, direction: as of `draw`.

    Raises:
        TypeError, ValueError: there are too many steps, or `draw` would refuse the rest.
        IndexError: there is no such step.

    >>> x = Value(3.0, "x")
    >>> animate(x * x)
    <animation: 5 pictures of the walk of J>
    """
    seconds = above_zero(seconds, "seconds")
    trace = what if isinstance(what, Trace) else Trace(what)
    chosen = list(range(len(trace) + 1) if steps is None else steps)
    if not 0 < len(chosen) <= _MOST_FRAMES:
        advice = "give some of the steps, such as steps=range(0, 100)"
        raise ValueError(
            f"an animation has from 1 to {_MOST_FRAMES:,} pictures, not {len(chosen):,}: {advice}"
        )
    before = trace.position
    kinds = collapse if isinstance(collapse, str) else list(collapse)
    frames = []
    try:
        for step in chosen:
            trace.goto(step)
            frames.append(draw(trace, edges=edges, limit=limit, collapse=kinds, direction=direction))
    finally:
        trace.goto(before)
    return Animation(frames, seconds, f"the walk of {trace.notation.name(trace.root)}")


class Animation:
    """The pictures of a walk, its `frames`. In a notebook they are played."""

    def __init__(self, frames: Sequence[Picture], seconds: float, name: str) -> None:
        self.frames = tuple(frames)
        self._seconds = seconds
        self._name = name

    @cached_property
    def svg(self) -> str:
        """One SVG that plays the pictures; where nothing plays, it is the last one."""
        last = len(self.frames) - 1
        whole = last + _HOLD  # in units of what one picture is shown
        parts = [self.frames[0].svg.partition(">\n")[0] + ">"]
        for i, frame in enumerate(self.frames):
            times = {0.0: "none", round(i / whole, 6): "inline", round((i + 1) / whole, 6): "none"}
            if i == last:
                times.popitem()
            parts.append(
                f'<g display="{"none" if i < last else "inline"}"><animate attributeName="display" '
                f'calcMode="discrete" dur="{whole * self._seconds:g}s" repeatCount="indefinite" '
                f'values="{";".join(times.values())}" keyTimes="{";".join(f"{time:g}" for time in times)}"/>'
            )
            parts.append(frame.svg.partition(">\n")[2].removesuffix("</svg>") + "</g>")
        return "\n".join([*parts, "</svg>"])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the pictures, and return the path.

        A path that ends in ``.svg`` or ``.gif`` is one file that plays them. Any other is for numbered files:
        ``frames`` is a folder for ``frames/00.svg``, ``frames/01.svg`` and so on, which is made if it is not
        there; ``frames/step.png`` gives ``frames/step-00.png`` and so on, and likewise ``.pdf`` and ``.dot``.
        Errors are those of `Picture.save`.
        """
        path = Path(path)
        kind = path.suffix.lower()
        if kind in (".svg", ".gif"):
            content = self.svg.encode() if kind == ".svg" else self._gif()
            with replacing(path) as file:
                file.write(content)
            return path
        if kind not in ("", ".png", ".pdf", ".dot"):
            raise ValueError(
                "a walk is saved as .svg or .gif, in a folder, or as numbered .png, .pdf or .dot: "
                f"{path.name!r} has the suffix {kind!r}"
            )
        digits = len(str(len(self.frames) - 1))
        folder, stem = (path.parent, f"{path.stem}-") if kind else (path, "")
        folder.mkdir(parents=True, exist_ok=True)
        for i, frame in enumerate(self.frames):
            frame.save(folder / f"{stem}{i:0{digits}}{kind or '.svg'}")
        return path

    def _gif(self) -> bytes:
        Image = required("PIL.Image", "a GIF", f"{install_hint('plots')}, or save as .svg")
        zoom = min(2.0, _WIDEST / self.frames[0].layout.width)
        import numpy as np

        pictures = []  # each pixel a number of 24 bits
        for frame in self.frames:
            drawn = Image.open(io.BytesIO(convert.png(frame.svg, zoom))).convert("RGBA")
            image = Image.new("RGB", drawn.size, style.PAPER)  # the corners are transparent
            image.paste(drawn, mask=drawn)
            pictures.append(np.asarray(image, int) @ [65536, 256, 1])
        # One palette for all, so that nothing flickers: the very colours that are most frequent.
        # (Pillow's own palette would make white a grey.)
        colours, counts = np.unique(np.concatenate([*map(np.ravel, pictures)]), return_counts=True)
        parts = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
        palette = parts[np.argsort(-counts)[:256]]
        nearest = np.array([((palette - part) ** 2).sum(axis=1).argmin() for part in parts], np.uint8)
        images = [Image.fromarray(nearest[np.searchsorted(colours, picture)], "P") for picture in pictures]
        for image in images:
            image.putpalette(palette.astype(np.uint8).tobytes())
        times = [round(1000 * self._seconds)] * len(images)
        times[-1] *= _HOLD
        gif = io.BytesIO()
        images[0].save(gif, "gif", save_all=True, append_images=images[1:], duration=times, loop=0)
        return gif.getvalue()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.svg, "text/plain": repr(self)}
        except (ImportError, RuntimeError, OSError) as error:
            return {"text/plain": f"{self!r}\n{error}"}

    def __repr__(self) -> str:
        return f"<animation: {len(self.frames):,} pictures of {self._name}>"
