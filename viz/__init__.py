"""Pictures of computation graphs.

>>> from micrograd_dl.engine.value import Value
>>> from viz import draw
>>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
>>> J = 3 * (a + b * c)
>>> J.backward()
>>> draw(J)
<picture: The graph of J: 7 nodes, 6 edges>

In a notebook that shows itself; ``draw(J).save("J.svg")`` writes it to a file. ``play(J).save("J.html")``
writes a page on which the walk is played, and every number is live.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from .animation import Animation, animate
from .picture import Picture, draw
from .player import Player, play
from .text_graph import text

__all__ = ["draw", "Picture", "play", "Player", "text", "animate", "Animation"]

if TYPE_CHECKING:
    from . import plots as plots
else:

    def __getattr__(name: str) -> ModuleType:
        """Import `viz.plots` when it is first asked for (PEP 562)."""
        if name == "plots":
            return import_module(f"{__name__}.plots")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
