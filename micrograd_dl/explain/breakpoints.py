"""Where a walk stops: at a node, a gradient, an operation, or where a condition on the numbers holds."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.steps import Evaluate, Seed, Step, written_node, written_number


@dataclass(frozen=True, slots=True, repr=False)
class Breakpoint:
    """Where a walk stops: `text` says it in words, `hit` tells by the step just done."""

    text: str
    hit: Callable[[Step], bool]

    def __repr__(self) -> str:
        return f"<breakpoint: {self.text}>"


def writes(node: Value, gradient_only: bool = False) -> Callable[[Step], bool]:
    """Whether a step writes the node's data or gradient, or its gradient only."""
    return lambda step: written_node(step) is node and not (gradient_only and isinstance(step, Evaluate))


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_TEST: dict[str, Callable[[float], bool]] = {"isnan": math.isnan, "isinf": math.isinf}
_TESTED = re.compile(r"\s*(isnan|isinf)\s*(?:\(\s*(data|grad)\s*\))?\s*")
_COMPARED = re.compile(
    r"\s*(?:(abs)\s*\(\s*(data|grad)\s*\)|(data|grad))"  # abs(grad), or grad
    r"\s*(>=|<=|==|!=|>|<)"
    r"\s*([-+]?)\s*((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|inf)\s*"
)


def at_operation(name: str) -> Callable[[Step], bool] | None:
    """Whether a step computes with an operation, or differentiates it; None if there is no such operation."""
    name = name.strip()
    if name not in TABLE:
        return None
    return lambda step: not isinstance(step, Seed) and step.node.op is not None and step.node.op.name == name


def condition(text: str) -> Callable[[Step], bool] | None:
    """A condition such as ``abs(grad) > 5`` or ``isnan(data)``; None if the text is not one."""
    if test := _TESTED.fullmatch(text):
        holds, which = _TEST[test[1]], test[2]
        return lambda step: which in (None, _written_kind(step)) and holds(written_number(step))
    if match := _COMPARED.fullmatch(text):
        absolute, within, plain, compare, sign, digits = match.groups()
        kind, holds_between, bound = within or plain, _COMPARE[compare], float(sign + digits)
        return lambda step: (
            kind == _written_kind(step)
            and holds_between(math.fabs(written_number(step)) if absolute else written_number(step), bound)
        )
    return None


def _written_kind(step: Step) -> str:
    return "data" if isinstance(step, Evaluate) else "grad"
