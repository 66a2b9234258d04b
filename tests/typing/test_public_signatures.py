"""Public signatures say what they take and give: Any stands where only a user knows."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from types import FunctionType

from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value

ROOMS = ["compare", "compiled", "data", "nn", "optim", "testing", "training", "tuning", "vectorized"]
MODULES = ["micrograd_dl", *(f"micrograd_dl.{room}" for room in ROOMS), "viz", "viz.plots"]

# What has Any, and why.
REASONS = {
    # A stub or overloads say more: functions.pyi, and beside the definition.
    "": "affine dot logsumexp mean norm softmax var grad hessian jacobian jvp value_and_grad vjp "
    # Rules, functions and classes of users, and what they take.
    "assert_gradients_match check_gradient check_layer conformance operation search",
    "Choice": "__init__ draw narrowed part",
    "Trial": "__init__",
    # Operations and their rules serve floats, Values, arrays and names alike.
    "Operation": "__call__ each on slopes",
    "Graph": "__call__",
    # As type checkers know them from the body of the class, these give Values and floats.
    "Value": " ".join(["operands", "slopes", *(name for name in TABLE if hasattr(Value, name))]),
    # A layer of one unit gives a Value, another a list; a parameter's state is a float or an array.
    "Layer": "__call__",
    "Optimiser": "kept",
    # What a file holds, which is checked when it is read.
    "History": "from_columns",
}


def public() -> Iterator[tuple[str, str, FunctionType]]:
    """The functions, and the methods of classes, in `__all__` of each module: class, name, function."""
    for module in map(importlib.import_module, MODULES):
        for name in module.__all__:
            found = getattr(module, name)
            if isinstance(found, FunctionType):
                yield "", name, found
            elif inspect.isclass(found):
                for method, what in vars(found).items():
                    plain = getattr(what, "__func__", getattr(what, "fget", what))
                    is_public = not method.startswith("_") or method in ("__init__", "__call__")
                    if isinstance(plain, FunctionType) and is_public:
                        yield found.__name__, method, plain


def test_any_stands_only_where_there_is_a_reason() -> None:
    signatures = {(owner, name): str(inspect.signature(function)) for owner, name, function in public()}
    assert len(signatures) > 150
    vague = {place for place, signature in signatures.items() if re.search(r"\bAny\b", signature)}
    assert not vague - {(owner, name) for owner, names in REASONS.items() for name in names.split()}
