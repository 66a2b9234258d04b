"""Somebody else's engine: its operators and functions, called as a user of it would call them."""

from __future__ import annotations

import itertools
import operator
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.text import message_of
from micrograd_dl.notation.expression import parse
from micrograd_dl.notation.numbers import number
from micrograd_dl.operations import BUILT_IN
from micrograd_dl.testing.strategies import is_smooth

_OPERATORS: Mapping[Operation, Callable[..., Any]] = {
    ops.add: operator.add, ops.sub: operator.sub, ops.mul: operator.mul, ops.div: operator.truediv,
    ops.neg: operator.neg, ops.pow: operator.pow, ops.abs: abs,
}  # fmt: skip
# Only needed by derivatives; and leaky ReLU, whose slope on the left is each engine's own choice.
_NOT_ASKED = {ops.above, ops.at_least, ops.sign, ops.power_slope, ops.log_for_power, ops.leaky_relu}
OPERATIONS = tuple(x for x in BUILT_IN.values() if x.arity is not None and x not in _NOT_ASKED)
_FAULTS = NameError, RecursionError, LookupError, ArithmeticError, MemoryError  # mistakes, not a lack
_PACKAGE = os.path.dirname(os.path.dirname(__file__))
_POINTS = ((3.0, 2.0, 5.0), (-2.0, 3.0, 5.0), (0.5, -0.7, 2.0))


class Expression(NamedTuple):
    """A computation, as text and as a graph of our Values."""

    text: str
    root: Value

    @property
    def order(self) -> list[Value]:
        """Its nodes, operands first."""
        return topological_order(self.root)

    @property
    def leaves(self) -> list[Value]:
        """Its variables."""
        return [node for node in self.order if node.is_leaf]

    @property
    def point(self) -> str:
        """The numbers of its variables."""
        return ", ".join(f"{leaf.label} = {number(leaf.data)}" for leaf in self.leaves)

    @property
    def features(self) -> list[str]:
        """What it needs of an engine, such as ``Value * number``, simpler needs first."""
        return list(dict.fromkeys(feature(n.op, n.operands) for n in self.order if n.op and n.operands))


def expression(text: str, **numbers: float) -> Expression:
    """From text; variables that are left out are a = 3, b = 2, c = 5."""
    known = dict(zip("abc", _POINTS[0], strict=True)) | numbers
    root = parse(text, **{name: x for name, x in known.items() if name in text})
    return Expression(text if "=" in text else f"J = {text}", root)


def feature(operation: Operation, operands: Sequence[Value]) -> str:
    """An operation on these kinds of operands, as it is written."""
    kinds = ["number" if p.is_constant else "Value" for p in operands]
    if operation is ops.pow and operands[1].is_constant:
        x = operands[1].data
        kinds[1] = "fraction" if x % 1 else "whole number" if x >= 0 else "negative whole number"
    return str(operation.written(kinds))


def single_operations() -> list[Expression]:
    """Each operation of the table by itself, on variables and on constants, and multiplied by a variable."""
    found = []
    for operation in OPERATIONS:
        assert operation.arity is not None
        kinds = [(True,) * operation.arity]
        if operation in _OPERATORS:  # a constant operand is asked of operators only
            kinds = [x for x in itertools.product((True, False), repeat=operation.arity) if any(x)]
        for is_variable, point in itertools.product(kinds, _POINTS):
            values = point[: operation.arity]
            if is_smooth(operation, values, [i for i, x in enumerate(is_variable) if x]):
                terms = [
                    name if varies else f"({number(x)})" if x < 0 else number(x)
                    for name, varies, x in zip("abc", is_variable, values, strict=False)
                ]
                term = operation.written(terms)
                numbers = dict(zip("abc", values, strict=False))
                found += [expression(term, **numbers)]
                found += [expression(ops.mul.written(["c", term]), **{"c": 5.0} | numbers)]
    return found


class LackingError(Exception):
    """An engine does not have a feature."""

    def __init__(self, feature: str, why: str = "") -> None:
        super().__init__(feature, why)
        self.feature, self.why = feature, why


class Answer(NamedTuple):
    """What an engine makes of an expression: its result, its gradient, or the error that it raised."""

    expression: Expression
    data: float = 0.0
    gradient: Mapping[Value, float] = MappingProxyType({})
    error: str = ""


class Engine:
    """A user's class, of which only operators, data, grad, backward() and its functions are asked.

    Args:
        make: the class: called with a number it gives a variable.
        functions: functions by the names of the table, for those that are no methods.
        progress: is told each expression before it is tried.

    Raises:
        TypeError: what `make` gives has no data, grad or backward.
    """

    def __init__(
        self,
        make: Callable[[Any], Any],
        functions: Mapping[str, Callable[..., Any]],
        progress: Callable[[str], object] = lambda text: None,
    ) -> None:
        self.make, self.progress = make, progress
        self.name = getattr(make, "__name__", "Value")
        self.functions = functions
        self.has: set[str] = set()  # features that have worked
        self.lacks: dict[str, str] = {}  # features that have not, and why
        try:
            one = make(3.0)
        except Exception as error:
            raise TypeError(f"{self.name}(3.0) raised {described(error)}") from error
        missing = [name for name in ("data", "grad", "backward") if not hasattr(one, name)]
        if missing:
            raise TypeError(f"{self.name}(3.0) has no {', '.join(missing)}: an engine's value needs them")

    def answer(self, wanted: Expression) -> Answer:
        """Both passes of an expression, on new variables.

        Raises:
            LackingError: the engine does not have what the expression needs.
        """
        self.progress(f"{wanted.text} at {wanted.point}")
        try:
            theirs = self.forward(wanted, {})
            result = theirs[wanted.root]
            result.backward()
            gradient = {leaf: number_of(theirs[leaf].grad) for leaf in wanted.leaves}
            return Answer(wanted, number_of(result.data), gradient)
        except (LackingError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - the program is the user's
            return Answer(wanted, error=described(error))

    def forward(self, wanted: Expression, known: Mapping[Value, Any]) -> dict[Value, Any]:
        """The engine's values for all nodes; those of variables that are `known` are used again."""
        theirs: dict[Value, Any] = {}
        for node in wanted.order:
            if node.is_constant:
                theirs[node] = int(node.data) if node.data.is_integer() else node.data
            elif node.op is None:
                theirs[node] = known[node] if node in known else self.make(node.data)
            else:
                theirs[node] = self._apply(node, [theirs[p] for p in node.operands])
        return theirs

    def _apply(self, node: Value, operands: Sequence[Any]) -> Any:
        assert node.op is not None
        needed = feature(node.op, node.operands)
        if needed in self.lacks:
            raise LackingError(needed)
        try:
            result = self._function(node.op)(*operands)
            number_of(result.data)
        except Exception as error:
            if needed in self.has or isinstance(error, _FAULTS):
                raise
            self.lacks[needed] = "" if isinstance(error, LackingError) else described(error)
            raise LackingError(needed) from error
        if not callable(getattr(result, "backward", None)):
            self.lacks[needed] = f"gives a {type(result).__name__}"
            raise LackingError(needed)
        self.has.add(needed)
        return result

    def _function(self, operation: Operation) -> Callable[..., Any]:
        own: Callable[..., Any] | None = (
            _OPERATORS.get(operation)
            or self.functions.get(operation.name)
            or getattr(self.make, operation.name, None)
        )
        if own is None:
            raise LackingError(operation.name)
        return own


def number_of(x: Any) -> float:
    """A number of the engine as a float: a grad may be None, an array of one, or itself one of its values."""
    if hasattr(x, "item"):
        x = x.item()
    return 0.0 if x is None else float(getattr(x, "data", x))


def described(error: BaseException) -> str:
    """An error in one line, with the line of the program that raised it, if that is not this package."""
    text = f"{type(error).__name__}: {message_of(error)}" if str(error) else type(error).__name__
    places = traceback.extract_tb(error.__traceback__)
    if places and not isinstance(error, SyntaxError) and not places[-1].filename.startswith((_PACKAGE, "<")):
        text += f" ({os.path.basename(places[-1].filename)}, line {places[-1].lineno})"
    return " ".join(text.split())[:300]
