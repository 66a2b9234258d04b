"""Answers to ``print``: a node, a derivative, or arithmetic on both, as known at the moment of the walk.

Derivatives are written as in the steps, so that they can be copied from there: ``db`` and ``dJ/db``, local
ones ``du/db`` and ``∂u/∂x[2]``. In ``dJ/du * du/db`` a slash belongs to the symbol and is no division.
"""

from __future__ import annotations

import math
import re
import unicodedata
from contextlib import suppress

from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.expression import free_names, parse_names
from micrograd_dl.notation.numbers import exact, number

# dJ/db or ∂u/∂x[2]; a.data or a.grad
_SYMBOL = re.compile(
    r"(?<![\w.])(?:([d∂])(\w+)\s*/\s*\1(\w+)(?:\[([0-9]+)\])?|([^\W\d]\w*)\.(data|grad))(?!\w)"
)


def answer(trace: Trace, text: str) -> str:
    """One line with the known number of a name, a derivative, or an expression of them, in full.

    KeyError if a name is unknown, ValueError if the text cannot be read or a number is not known yet.
    """
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    try:
        node, gradient = trace.notation.find(text)
    except KeyError:
        return f"{text} = {_in_full(_computed(trace, text))}"
    known = trace.grad(node) if gradient else trace.data(node)
    if known is None:
        return f"{text} = ?   ({'no term has been added yet' if gradient else 'not computed yet'})"
    if not gradient or trace.finished(node):
        return f"{text} = {_in_full(known)}"
    reason = trace.why(node)
    return f"{text} = {_in_full(known)} so far   (term {reason.done} of {len(reason.terms)})"


def _in_full(x: float) -> str:
    return exact(x) if math.isfinite(x) else number(x)


def _computed(trace: Trace, text: str) -> float:
    """The value of an expression on names and symbols of derivatives; it is parsed, never run as Python."""
    known: dict[str, float] = {}

    def plain_name(symbol: re.Match[str]) -> str:
        """Put a name that the parser reads in place of a symbol."""
        value = _value(trace, symbol)
        if value is None:
            return symbol[0]
        name = re.sub(r"\W+", "_", symbol[0].replace("∂", "partial_"))
        while name in known or _node(trace, name) is not None:
            name += "_"
        known[name] = value
        return name

    text = _SYMBOL.sub(plain_name, text)
    for name in free_names(text):
        if name not in known:
            known[name] = _complete(trace, *trace.notation.find(name))
    return parse_names(text, known).root.data


def _value(trace: Trace, symbol: re.Match[str]) -> float | None:
    """The value of a symbol; None if it is not one after all, but a division of other names."""
    d, upper, lower, which, owner, attribute = symbol.groups()
    write = trace.notation
    if owner:
        return _complete(trace, write.node(owner), attribute == "grad")
    node, by = _node(trace, upper), _node(trace, lower)
    if by is not None and write.total(by) == f"{d}{upper}/d{lower}":
        return _complete(trace, by, gradient=True)
    if node is None or by is None:
        return None
    _complete(trace, node)
    if d == "d":
        return float(grad(node, [by])[0])
    slopes = [local for parent, local in zip(node.operands, node.slopes, strict=True) if parent is by]
    if not slopes or int(which or 1) not in range(1, len(slopes) + 1):
        raise ValueError(f"there is no {symbol[0]}: {upper} = {write.formula(node)}")
    return slopes[int(which) - 1] if which else sum(slopes)


def _node(trace: Trace, name: str) -> Value | None:
    with suppress(KeyError):
        return trace.notation.node(name)
    return None


def _complete(trace: Trace, node: Value, gradient: bool = False) -> float:
    """The data or the gradient of a node; ValueError while it is not known in full."""
    if gradient:
        known = trace.grad(node) if trace.finished(node) else None
        what = f"{trace.notation.gradient(node)} is not complete"
    else:
        known, what = trace.data(node), f"{trace.notation.name(node)} is not computed"
    if known is None:
        raise ValueError(f"{what} yet: go on, or ask at the end")
    return known
