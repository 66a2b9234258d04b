"""All the pictures of a walk: as numbered files, or as one that plays them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.foundation.files import replacing
from micrograd_dl.foundation.text import install_hint

from . import convert, style
from .picture import LIMIT, Picture, draw

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
        what: the result of a computation, or a walk through it.
        steps: which moments to draw: 0 before the first step, 1 after it; all if left out.
        seconds: how long each is shown where they are played.
        edges, limit, collapse, direction: as of `draw`.

    Raises:
        TypeError: `what` is neither.
        ValueError: there are too many steps, or `draw` would refuse the rest.
        IndexError: there is no such step.

    >>> from micrograd_dl.engine.value import Value
    >>> x = Value(3.0, "x")
    >>> animate(x * x)
    <animation: 5 pictures of the walk of J>
    """
    if not isinstance(what, Value | Trace):
        raise TypeError(f"animate takes a Value or a Trace, not the {type(what).__name__} {what!r:.60}")
    if not 0 < seconds < float("inf"):
        raise ValueError(f"seconds is a number above 0, not {seconds}")
    trace = what if isinstance(what, Trace) else Trace(what)
    chosen = list(range(len(trace) + 1) if steps is None else steps)
    if not 0 < len(chosen) <= _MOST_FRAMES:
        raise ValueError(
            f"an animation has from 1 to {_MOST_FRAMES:,} pictures, not {len(chosen):,}: "
            "give some of the steps, such as steps=range(0, 100)"
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
    """The pictures of a walk; what ``animate`` returns. In a notebook they are played.

    Attributes:
        frames: the pictures.
    """

    def __init__(self, frames: Sequence[Picture], seconds: float, name: str) -> None:
        self.frames = tuple(frames)
        self._seconds = seconds
        self._name = name

    @cached_property
    def svg(self) -> str:
        """One SVG that plays the pictures; where nothing plays, it is the last one."""
        count = len(self.frames)
        whole = self._seconds * (count - 1 + _HOLD)
        parts: list[str] = []
        for i, frame in enumerate(self.frames):
            head, _, body = frame.svg.partition(">\n")
            if not parts:
                parts.append(head + ">")
            begin, end = (round(self._seconds * at / whole, 6) for at in (i, i + 1))
            times = [("inline", begin)] if i == count - 1 else [("inline", begin), ("none", end)]
            times = times if i == 0 else [("none", 0), *times]
            shown = "inline" if i == count - 1 else "none"
            parts.append(
                f'<g display="{shown}"><animate attributeName="display" calcMode="discrete" '
                f'dur="{whole:g}s" repeatCount="indefinite" values="{";".join(value for value, _ in times)}" '
                f'keyTimes="{";".join(f"{time:g}" for _, time in times)}"/>'
            )
            parts.append(body.removesuffix("</svg>") + "</g>")
        return "\n".join([*parts, "</svg>"])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the pictures.

        A path that ends in ``.svg`` or ``.gif`` is one file that plays them. Any other is for numbered files:
        ``frames`` is a folder for ``frames/00.svg``, ``frames/01.svg`` and so on, which is made if it is not
        there; ``frames/step.png`` gives ``frames/step-00.png`` and so on, and likewise ``.pdf`` and ``.dot``.

        Returns:
            The path.

        Raises:
            ValueError: the suffix is none of these.
            ModuleNotFoundError: the format takes something that is missing; the message says what.
            OSError: the files cannot be written.
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
        try:
            from PIL import Image
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"a GIF takes the package Pillow ({install_hint('plots')}), or save as .svg", name=error.name
            ) from error
        import numpy as np

        zoom = min(2.0, _WIDEST / self.frames[0].layout.width)
        pictures = []
        for frame in self.frames:
            drawn = Image.open(io.BytesIO(convert.png(frame.svg, zoom))).convert("RGBA")
            image = Image.new("RGB", drawn.size, style.PAPER)  # the corners are transparent
            image.paste(drawn, mask=drawn)
            pictures.append(np.asarray(image, int) @ [65536, 256, 1])
        # One palette for all, so that nothing flickers: the very colours that are most frequent.
        colours, counts = np.unique(np.concatenate([*map(np.ravel, pictures)]), return_counts=True)
        palette = _parts(colours[np.argsort(-counts)[:256]])
        nearest = np.array(
            [((palette - part) ** 2).sum(axis=1).argmin() for part in _parts(colours)], np.uint8
        )
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


def _parts(colours: NDArray[Any]) -> NDArray[Any]:
    """Red, green and blue of colours, a row each."""
    import numpy as np

    return np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
