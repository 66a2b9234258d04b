"""Pictures of computation graphs.

>>> from micrograd_dl.engine.value import Value
>>> from viz import draw
>>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
>>> J = 3 * (a + b * c)
>>> J.backward()
>>> draw(J)
<picture: The graph of J: 7 nodes, 6 edges>

In a notebook that shows itself; ``draw(J).save("J.svg")`` writes it to a file.
"""

from .picture import Picture, draw
from .render import render

__all__ = ["draw", "Picture", "render"]
