"""A picture that shows itself in a notebook and saves itself to a file."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.foundation.files import replacing, require_place
from micrograd_dl.foundation.numbers import to_whole

from . import convert, dot, graph, outline
from .groups import collapsed
from .layout import Layout, lay_out
from .numbers_shown import Reading
from .player import play
from .scene import Scene
from .svg import svg
from .wrapping import wrapped

LIMIT = 300


def draw(
    what: Value | Trace,
    *,
    edges: bool = False,
    limit: int = LIMIT,
    collapse: str | Iterable[str] = (),
    direction: Literal["right", "down"] = "right",
) -> Picture:
    """Draw the graph of a Value, or of a Trace as it stands.

    Each node shows its name, its operation, data and gradient, rounded; the exact numbers and the whole of a
    long label are in its tooltip. Of a trace only the numbers known at that point are shown: sums that are
    not complete end in ``…``, and the node and the edge of the step just done are marked. All pictures of one
    trace have the same layout. A graph too large for `limit` is drawn in outline, and says so.

    Args:
        what: the result of a computation, or a walk through it.
        edges: write on each edge its local derivative (``× 2``) and the gradient that flows along it
            (``+6``, once ``backward()`` has been called).
        limit: the most nodes to draw one by one. 300 take less than a second, 1,500 some seconds.
        collapse: the parts of a network of `micrograd_dl.nn` that get one card each: "neurons", "layers",
            "examples" or "loss", or several of these.
        direction: "right" or "down", the way from the inputs to the result.

    Raises:
        TypeError: `what` is neither a Value nor a Trace.
        ValueError: `limit` is not a whole number from 1 up, there is no such direction, or nothing of that
            kind to collapse.

    >>> x = Value(3.0, "x")
    >>> draw(x * x, edges=True)
    <picture: The graph of J: 2 nodes, 2 edges>
    """
    limit = to_whole(limit, 1, "limit")
    if direction not in ("right", "down"):
        raise ValueError(f"a picture leads right or down, not {direction!r}")
    reading = Reading(what)
    caption: tuple[str, ...] = ()
    depths, needed = outline.measure(reading.order)
    groups = collapsed(reading.order, [collapse] if isinstance(collapse, str) else collapse)
    if (len(groups) if collapse else needed) > limit:
        groups, caption = outline.groups(depths, needed, limit)
    return Picture(graph.scene(reading, groups, edges, caption), what, down=direction == "down")


class Picture:
    """A graph, drawn, with the numbers of that moment. It is laid out when it is first looked at.

    >>> picture = draw(Value(2.0, "a") * 3)
    >>> picture.svg[:4], picture.source[:7]
    ('<svg', 'digraph')
    """

    def __init__(self, scene: Scene, what: Value | Trace, down: bool = False) -> None:
        self.scene = scene
        self._what = what
        self._down = down

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG element; RuntimeError where Graphviz gives up on the graph."""
        return svg(self.scene, self.layout)

    @cached_property
    def layout(self) -> Layout:
        """Where everything is: a layout that is too large for a slide is wrapped like a text."""
        found = lay_out(self.scene, self._down)
        return wrapped(found, tuple(wire.size for wire in self.scene.wires), self._down)

    @cached_property
    def source(self) -> str:
        """The graph in the DOT language, for the Graphviz program and whatever else reads it."""
        return dot.source(self.scene, self._down)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file whose suffix says how: ``.svg``, ``.png``, ``.pdf`` or ``.dot``; or
        as ``.html`` the page of :func:`~viz.player.play`, with the numbers of the moment when it is written.

        The file is there whole or not at all. Returns its path.

        Raises:
            ValueError: the suffix is none of these.
            FileNotFoundError: there is no such folder.
            RuntimeError: Graphviz, or what writes the format, gave up on the picture.
            ModuleNotFoundError: the format takes something that is missing; the message says what.
        """
        path = Path(path)
        make: dict[str, Callable[[], bytes]] = {
            ".svg": lambda: self.svg.encode(),
            ".png": lambda: convert.png(self.svg),
            ".pdf": lambda: convert.pdf(self.svg),
            ".dot": lambda: self.source.encode(),
            ".html": lambda: play(self._what).html.encode(),
        }
        kind = path.suffix.lower()
        if kind not in make:
            problem = f"{path.name!r} has the suffix {kind!r}"
            raise ValueError(f"a picture is saved as one of {', '.join(make)}: {problem}")
        require_place(path)
        content = make[kind]()
        with replacing(path) as file:
            file.write(content)
        return path

    def show(self) -> None:
        """Show the picture: in a notebook there, elsewhere in the browser; RuntimeError if there is none."""
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython else None
        if hasattr(shell, "kernel"):
            sys.modules["IPython.display"].display(self)
            return
        file = self.save(Path(tempfile.mkdtemp(prefix="micrograd-dl-")) / "picture.svg")
        if not webbrowser.open(file.as_uri()):
            raise RuntimeError(f"there is no browser to show the picture in; it is saved as {file}")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG002  # IPython's face
        """What a notebook shows; never an error, of which it would print the whole traceback."""
        try:
            # Inline, for tooltips: Jupyter puts an SVG by itself into an image, which has none.
            fitting = self.svg.replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)
            return {"text/html": fitting, "image/svg+xml": self.svg, "text/plain": repr(self)}
        except (ImportError, RuntimeError, OSError) as error:
            return {"text/plain": f"{self!r}\n{error}"}

    def __repr__(self) -> str:
        return f"<picture: {self.scene.summary}>"
