"""A scalar autograd engine for understanding backpropagation.

>>> from micrograd_dl import Trace, Value
>>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
>>> J = 3 * (a + b * c)
>>> J.backward()
>>> b.grad
6.0
>>> print(Trace(J).until("db"))
db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)
"""

from micrograd_dl.engine.collector import collector_paused
from micrograd_dl.engine.functions import (
    affine,
    cos,
    dot,
    exp,
    leaky_relu,
    log,
    logsumexp,
    maximum,
    minimum,
    relu,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tanh,
)
from micrograd_dl.engine.gradients import evaluate, grad, recompute
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import set_slope_at_kink
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.reasons import nudge, paths, why
from micrograd_dl.explain.trace import Trace
from micrograd_dl.gradcheck.graphs import check
from micrograd_dl.notation.expression import parse
from micrograd_dl.notation.naming import name_values
from micrograd_dl.notation.source import to_source
from micrograd_dl.notation.steps import Contribute, Evaluate, Seed, Step, steps

__version__ = "0.1.0"

__all__ = [
    "Contribute",
    "Evaluate",
    "Operation",
    "Seed",
    "Step",
    "Trace",
    "Value",
    "affine",
    "check",
    "collector_paused",
    "cos",
    "dot",
    "evaluate",
    "exp",
    "grad",
    "leaky_relu",
    "log",
    "logsumexp",
    "maximum",
    "minimum",
    "name_values",
    "nudge",
    "parse",
    "paths",
    "recompute",
    "relu",
    "set_slope_at_kink",
    "sigmoid",
    "sin",
    "softplus",
    "sqrt",
    "steps",
    "tanh",
    "to_source",
    "topological_order",
    "why",
]
