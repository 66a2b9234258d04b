"""What is needed to test code that is made of Values: random graphs, and gradients held against differences.

Needs the extra ``testing``: ``pip install "micrograd-dl[testing]"``.

>>> from hypothesis import given
>>> from micrograd_dl.testing import assert_gradients_match, graphs, numbers
>>> @given(numbers(), numbers())
... def test_my_layer(x, w):
...     assert_gradients_match(lambda x, w: (w * x + 1).tanh(), x, w)
>>> @given(graphs())
... def test_any_graph(graph):
...     assert_gradients_match(graph, *graph.numbers)
>>> test_my_layer()
>>> test_any_graph()
"""

from importlib.util import find_spec

from micrograd_dl.foundation.text import install_hint

if find_spec("hypothesis") is None:
    raise ImportError(f"micrograd_dl.testing needs Hypothesis: {install_hint('testing')}", name="hypothesis")

from micrograd_dl.testing.conformance import Conformance, EngineTests, Mistake, conformance
from micrograd_dl.testing.derivatives import GradientCheck, check_gradient, check_layer
from micrograd_dl.testing.gradients import assert_gradients_match
from micrograd_dl.testing.strategies import Formula, Graph, expressions, graphs, is_smooth, numbers, operands

__all__ = [
    "assert_gradients_match", "check_gradient", "check_layer", "GradientCheck",
    "numbers", "operands", "graphs", "Graph", "expressions", "Formula", "is_smooth",
    "conformance", "Conformance", "Mistake", "EngineTests",
]  # fmt: skip
