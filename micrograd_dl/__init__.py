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

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

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
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE as _TABLE
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.nudge import nudge
from micrograd_dl.explain.paths import paths
from micrograd_dl.explain.trace import Trace
from micrograd_dl.explain.why import why
from micrograd_dl.foundation.collector import collector_paused
from micrograd_dl.foundation.kink_side import slope_at_kink
from micrograd_dl.foundation.number_like import GraphCutWarning
from micrograd_dl.gradcheck.graphs import check
from micrograd_dl.notation.expression import parse
from micrograd_dl.notation.forward import evaluate, recompute
from micrograd_dl.notation.latex import latex
from micrograd_dl.notation.naming import name_values
from micrograd_dl.notation.source import to_source
from micrograd_dl.notation.steps import Contribute, Evaluate, Seed, Step, steps
from micrograd_dl.operations import mean, norm, operation, own_operations, softmax, var
from micrograd_dl.operations.further import (
    acos,
    asin,
    atan,
    clip,
    cosh,
    elu,
    erf,
    erfc,
    expm1,
    gelu,
    hard_tanh,
    hypot,
    log1p,
    reciprocal,
    silu,
    sinh,
    softsign,
    square,
    tan,
    where,
)
from micrograd_dl.transforms import hessian, hvp, jacobian, jvp, value_and_grad, vjp

__version__ = "0.2.0"

__all__ = [
    "Contribute",
    "Evaluate",
    "GraphCutWarning",
    "Operation",
    "Seed",
    "Step",
    "Trace",
    "Value",
    "acos",
    "affine",
    "asin",
    "atan",
    "check",
    "clip",
    "collector_paused",
    "cos",
    "cosh",
    "dot",
    "elu",
    "erf",
    "erfc",
    "evaluate",
    "exp",
    "expm1",
    "gelu",
    "grad",
    "hard_tanh",
    "hessian",
    "hvp",
    "hypot",
    "jacobian",
    "jvp",
    "latex",
    "leaky_relu",
    "log",
    "log1p",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "name_values",
    "norm",
    "nudge",
    "operation",
    "own_operations",
    "parse",
    "paths",
    "reciprocal",
    "recompute",
    "relu",
    "sigmoid",
    "silu",
    "sin",
    "sinh",
    "slope_at_kink",
    "softmax",
    "softplus",
    "softsign",
    "sqrt",
    "square",
    "steps",
    "tan",
    "tanh",
    "to_source",
    "topological_order",
    "value_and_grad",
    "var",
    "vjp",
    "where",
    "why",
]

_SUBPACKAGES = (
    "compare", "compiled", "data", "interop", "nn", "optim", "sklearn", "testing", "training", "tuning",
    "vectorized", "viz",
)  # fmt: skip

if TYPE_CHECKING:
    from micrograd_dl import compare as compare
    from micrograd_dl import compiled as compiled
    from micrograd_dl import data as data
    from micrograd_dl import interop as interop
    from micrograd_dl import nn as nn
    from micrograd_dl import optim as optim
    from micrograd_dl import sklearn as sklearn
    from micrograd_dl import testing as testing
    from micrograd_dl import training as training
    from micrograd_dl import tuning as tuning
    from micrograd_dl import vectorized as vectorized
    from micrograd_dl import viz as viz
else:  # else types would allow any name

    def __getattr__(name: str) -> ModuleType | Operation:
        """A sub-package, imported when it is first asked for (PEP 562), or an operation of the table."""
        if name in _SUBPACKAGES:
            return import_module(f"{__name__}.{name}")
        if name in _TABLE:
            return _TABLE[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """What ``%load_ext micrograd_dl`` calls: adds ``%%backprop``, the walk of a cell's last expression."""
    from micrograd_dl.explain.cell_magic import register

    register(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBPACKAGES})
