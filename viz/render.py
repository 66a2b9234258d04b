"""DOT text to files: by the ``dot`` program where there is one, else by the built-in Graphviz."""

from __future__ import annotations

import shutil
from typing import Literal, TypeAlias, get_args

from . import convert, wasm

Format: TypeAlias = Literal["svg", "png", "pdf", "dot", "json0"]


def render(dot: str, format: Format = "svg") -> bytes:
    """Lay out a DOT text and give the picture as the content of a file.

    Args:
        dot: a graph in the DOT language; :func:`viz.labels.dot_string` quotes labels for it.
        format: ``"svg"``; ``"png"``; ``"pdf"``; ``"dot"``, the text with the positions written in; or
            ``"json0"``, the positions as JSON.

    Raises:
        ValueError: there is no such format, or Graphviz refuses the text.
        RuntimeError: there is no font for a PNG, or Graphviz gave up on the graph.
        ModuleNotFoundError: there is neither a ``dot`` program nor the built-in one, or a PDF takes what is
            not installed. The message says what to install.

    >>> render("digraph { a -> b }")[:5]
    b'<?xml'
    >>> render("digraph { a -> b }", "png")[1:4]
    b'PNG'
    """
    if format not in get_args(Format):
        raise ValueError(f"there is no format {format!r}: take one of {', '.join(get_args(Format))}")
    if shutil.which("dot"):
        import graphviz

        try:
            return bytes(graphviz.pipe("dot", format, dot.encode(), quiet=True))
        except (OSError, graphviz.CalledProcessError, graphviz.ExecutableNotFound):
            pass  # an old or broken installation: the built-in one draws, or says what is wrong with the text
    if format == "png":
        return convert.png(wasm.run(dot, "svg").decode())
    if format == "pdf":
        return convert.pdf(wasm.run(dot, "svg").decode())
    return wasm.run(dot, format)
