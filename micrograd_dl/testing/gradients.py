"""Backprop held against numerical derivatives of the function itself."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.numbers import to_float
from micrograd_dl.foundation.recorded import same_number
from micrograd_dl.gradcheck.graphs import GraphCurve
from micrograd_dl.gradcheck.numerical import EPS, EPSILON, Curve, Judge, Sample, central_difference
from micrograd_dl.gradcheck.report import Component, NotJudged
from micrograd_dl.gradcheck.rounding_noise import PerturbedGraph

_FIRST_STEP = 1e-5  # relative to the argument where that is above 1; does for most functions
_OPERATIONS = 16  # a function without a graph is taken to be off by this many roundings
_MOST_SHOWN = 10
_CUT = "is .data or float() used on the way?"


def assert_gradients_match(
    f: Callable[..., Any], *args: float, against: Callable[..., Any] | None = None, rtol: float = 1e-6,
    atol: float = 1e-8,
) -> str | None:  # fmt: skip
    """Raise AssertionError unless backprop through `f` agrees with numerical derivatives at `args`.

    `f` is called again beside the point, so a number that leaves the graph (by ``.data`` or ``float``) is
    found too. As in ``check``, backprop is called wrong only where the differences can be trusted. The
    returned text has a line for each argument that could not be judged; it is None if there is none.

    Args:
        f: a function of Values that returns a Value.
        args: the point, a number for each argument.
        against: the same function by other means. It is called with floats and returns a number or a Value,
            with which the result and the differences of `f` have to agree. It may return a pair, the result
            and its own derivatives by each argument, which are checked as well.
        rtol: the relative difference that is accepted.
        atol: the difference that is accepted beside it, relative to the result where that is above 1.

    Raises:
        TypeError: an argument is not a number, `f` does not return a Value, or `against` returns an object
            with a backward pass of its own, without the derivatives.

    >>> assert_gradients_match(lambda x, y: x * y + x.tanh(), 0.5, -2)
    >>> assert_gradients_match(lambda x: x.exp(), 0.5, against=math.exp)
    >>> assert_gradients_match(lambda x, y: x.relu() + y, 0.0, 1.0)
    'x was not judged: a kink lies within the step'
    """
    name = getattr(f, "__name__", type(f).__name__).replace("<lambda>", "f")
    point = [to_float(x, f"argument {i} of {name}") for i, x in enumerate(args, 1)]
    leaves = [Value(x, argument) for x, argument in zip(point, _argument_names(f, len(point)), strict=True)]
    root = f(*leaves)
    if not isinstance(root, Value):
        kind = type(root).__name__
        raise TypeError(f"{name} is to return a Value, not the {kind} {root!r:.60}: {_CUT}")
    size = max(1.0, math.fabs(root.data)) if math.isfinite(root.data) else 1.0

    def close(x: float, y: float) -> bool:
        return math.isclose(x, y, rel_tol=rtol, abs_tol=atol * size)

    call = f"{name}({', '.join(f'{x.label}={x.data!r}' for x in leaves)})"
    claims = {"": grad(root, leaves)}
    if against is not None:
        expected, derivatives = _result_of(against, point)
        if not close(expected, root.data) and not same_number(expected, root.data):
            raise AssertionError(f"{call}: expected the result {expected!r}, got {root.data!r}")
        claims |= derivatives
    graph = PerturbedGraph(topological_order(root))
    wrong: list[str] = []
    skipped: dict[str, None] = {}
    for source, claimed in claims.items():
        judge = Judge(claimed, EPSILON, size)
        for index, (leaf, got) in enumerate(zip(leaves, claimed, strict=True)):
            curve = _FunctionCurve(graph, leaf, leaf.label, got)
            curve.call = partial(_at, against or f, against is None, point, index)
            found = _judged(judge, curve, close)
            if isinstance(found, NotJudged):
                skipped[f"{leaf.label} was not judged: {found.why}"] = None
            elif not close(found.nearest, got):
                cut = f"\n    {leaf.label} takes no part in the graph that was recorded: {_CUT}"
                wrong.append(
                    f"  by {leaf.label} (argument {index + 1} of {len(point)}): expected "
                    f"{found.numerical:.10g}, got {got:.10g}{source} (step {found.step:.3g})"
                    f"{cut if leaf not in graph.order and not source else ''}"
                )
    if wrong:
        head = f"backprop and central differences disagree on {call} = {root.data!r}:"
        more = [f"  ... and {len(wrong) - _MOST_SHOWN} more"] if len(wrong) > _MOST_SHOWN else []
        reasons = [f"  {line}" for line in list(skipped)[:_MOST_SHOWN]]
        raise AssertionError("\n".join([head, *wrong[:_MOST_SHOWN], *more, *reasons]))
    return "\n".join(skipped) or None


def _judged(judge: Judge, curve: Curve, close: Callable[[float, float], bool]) -> Component | NotJudged:
    """Judge by one central difference, which suffices for most functions, or by several."""
    first = central_difference(curve, _FIRST_STEP * max(1.0, math.fabs(curve.x)))
    if isinstance(first, Component) and close(first.numerical, curve.claimed):
        return first
    return judge.second_look(curve, first)


def _at(f: Callable[..., Any], is_of_values: bool, point: Sequence[float], index: int, x: float) -> Any:
    """The function at the point, but for the argument `index`."""
    point = [*point[:index], x, *point[index + 1 :]]
    return f(*map(Value, point)) if is_of_values else _result_of(f, point)[0]


class _FunctionCurve(GraphCurve):
    """A user's function as a function of one argument; its graph tells where there are kinks."""

    call: Callable[[float], Any]

    def sample(self, x: float) -> Sample:
        result = self.call(x)
        noise = _OPERATIONS * EPS * math.fabs(_number(result))
        if not isinstance(result, Value):
            return [_number(result)], [noise]
        moved = PerturbedGraph(topological_order(result)).noise_here
        return [node.data for node in moved], [*list(moved.values())[:-1], max(noise, moved[result])]

    def result(self, x: float) -> tuple[float, float]:
        value = _number(self.call(x))
        return value, _OPERATIONS * EPS * math.fabs(value) + self.graph.noise_here[self.root]


def _result_of(against: Callable[..., Any], point: Sequence[float]) -> tuple[float, dict[str, list[float]]]:
    """The result of the other function; and, under the words for it, its own derivatives if it gives them."""
    result, derivatives = against(*point), {}
    if isinstance(result, tuple) and len(result) == 2:
        result, slopes = result
        derivatives = {" by against": [to_float(x, "a derivative from against") for x in slopes]}
        if len(slopes) != len(point):
            raise ValueError(f"against gives {len(slopes)} derivatives, of {len(point)} arguments")
    elif getattr(result, "requires_grad", False):
        raise TypeError(
            f"against returns a {type(result).__name__} whose own backward pass would not be checked: "
            "return a pair, its number and its derivatives; or only its number, by .item()"
        )
    return _number(result), derivatives


def _number(result: Any) -> float:
    return result.data if isinstance(result, Value) else float(result)


def _argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """The names of the first `count` positional arguments; numbered where they have none of their own."""
    names: list[str] = []
    with suppress(TypeError, ValueError):  # some functions written in C have no signature
        for parameter in inspect.signature(f).parameters.values():
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                names.append(parameter.name)
            elif parameter.kind is parameter.VAR_POSITIONAL:
                names += [f"{parameter.name}{i}" for i in range(1, count - len(names) + 1)]
    return (names + [f"x{i}" for i in range(len(names) + 1, count + 1)])[:count]
