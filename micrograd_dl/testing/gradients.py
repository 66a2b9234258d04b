"""Backprop held against numerical derivatives of the function itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.numbers import to_float
from micrograd_dl.foundation.recorded import same_number
from micrograd_dl.gradcheck.graphs import GraphCurve, check
from micrograd_dl.gradcheck.numerical import EPSILON, Curve, Judge, Sample, central_difference
from micrograd_dl.gradcheck.report import GOOD, Component, NotJudged
from micrograd_dl.gradcheck.rounding_noise import PerturbedGraph
from micrograd_dl.notation.numbers import number
from micrograd_dl.testing.arguments import argument_names, is_tensor, name_of, precision, tensor_like
from micrograd_dl.testing.derivatives import check_gradient, own_derivatives

_FIRST_STEP = 1e-5  # relative to the argument where that is above 1; does for most functions
_OPERATIONS = 16  # a function without a graph is taken to be off by this many roundings
_MOST_SHOWN = 10
_ATOL = 1e-8
_CUT = "is .data or float() used on the way?"


def assert_gradients_match(
    f: Callable[..., Any],
    *args: Any,
    gradient: Callable[..., Any] | None = None,
    against: Callable[..., Any] | None = None,
    rtol: float = 1e-6,
    atol: float | None = None,
    **kwargs: Any,
) -> str | None:
    """Raise AssertionError unless a gradient of `f` agrees with numerical derivatives at `args`.

    By default it is that of backprop through `f`, a function of Values. The differences are those of `f`
    called again beside the point, not of the graph that it recorded. So a number that leaves the graph (by
    ``.data`` or ``float`` in the middle) is found too. As in ``check``, a gradient is called wrong only
    where the differences can be trusted. Of arguments that cannot be judged, the returned text says why, a
    line each; else it is None.

    Args:
        f: a function of Values that returns a Value; or, with `gradient`, of numbers and arrays.
        args, kwargs: the point, a number for each argument. With `gradient`, anything that `check_gradient`
            takes; tensors of PyTorch or JAX also without, for the backward pass of `f` itself.
        gradient: your own gradient of `f`, as for `check_gradient`.
        against: the same function by other means. It is called with floats and returns a number or a Value,
            with which the result and the differences of `f` have to agree; or a pair: that, and its own
            derivatives by each argument, which are checked as well. If it returns a tensor of PyTorch or an
            array of JAX, the derivatives of its own backward pass are checked.
        rtol: the relative difference that is accepted.
        atol: the difference that is accepted beside it: 0 for a gradient of your own; else 1e-8, relative to
            the result where that is above 1.

    Raises:
        TypeError: an argument is not a number, `f` does not return a Value, or `against` returns something
            with a backward pass of its own, whose derivatives it does not give.
        ValueError: as for `check_gradient`; or both `gradient` and `against` are given.

    >>> assert_gradients_match(lambda x, y: x * y + x.tanh(), 0.5, -2)
    >>> assert_gradients_match(lambda x: x.exp(), 0.5, against=math.exp)
    >>> assert_gradients_match(lambda x, y: x.relu() + y, 0.0, 1.0)
    'x was not judged: a kink lies within the step'
    >>> assert_gradients_match(math.sin, 0.5, gradient=math.cos)
    """
    if gradient is not None or any(map(is_tensor, args)):
        if against is not None:
            raise ValueError("give a gradient, or a function to hold it against, not both")
        outcome = check_gradient(f, gradient, *args, rtol=rtol, atol=atol or 0.0, **kwargs)
        if outcome.wrong:
            raise AssertionError(str(outcome))
        return outcome.unchecked or None
    return _of_values(f, args, kwargs, against, rtol, _ATOL if atol is None else atol)


def _of_values(
    f: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    against: Callable[..., Any] | None,
    rtol: float,
    atol: float,
) -> str | None:
    """Hold backprop through a function of Values against differences."""
    name = name_of(f)
    f = partial(f, **kwargs) if kwargs else f
    point = [to_float(x, f"argument {i} of {name}") for i, x in enumerate(args, 1)]
    leaves = [Value(x, argument) for x, argument in zip(point, argument_names(f, len(point)), strict=True)]
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
        against = _by_tensors(against, point) or against
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
        reasons = [f"  {line}" for line in (*_wrong_rule(graph.order), *list(skipped)[:_MOST_SHOWN])]
        raise AssertionError("\n".join([head, *wrong[:_MOST_SHOWN], *more, *reasons]))
    return "\n".join(skipped) or None


def _wrong_rule(order: Sequence[Value]) -> Iterator[str]:
    """The first operation of a graph whose own derivatives are wrong."""
    for node in order:
        if node.op is not None and node.operands:
            operands = [Value(p.data, x) for p, x in zip(node.operands, "xyzuvw", strict=False)]
            if len(operands) < len(node.operands):
                continue
            found = check(Value.apply_operation(node.op, operands))
            if found.components and found.distance > GOOD:
                worst, point = (
                    found.components[0],
                    ", ".join(f"{x.label} = {number(x.data)}" for x in operands),
                )
                yield (
                    f"the rule of {node.op.name} is wrong: at {point}, its derivative by "
                    f"{worst.leaf.label} is {worst.numerical:.10g}, and by the rule {worst.analytic:.10g}"
                )
                return


def _judged(judge: Judge, curve: Curve, close: Callable[[float, float], bool]) -> Component | NotJudged:
    """Judge by one central difference, which suffices for most functions, or by several."""
    first = central_difference(curve, _FIRST_STEP * max(1.0, math.fabs(curve.x)))
    if isinstance(first, Component) and close(first.numerical, curve.claimed):
        return first
    return judge.second_look(curve, first)


def _at(f: Callable[..., Any], is_of_values: bool, point: Sequence[float], index: int, x: float) -> Any:
    """The function at the point, but for the argument `index`."""
    point = [*point[:index], x, *point[index + 1 :]]
    if is_of_values:
        return f(*map(Value, point))
    result = f(*point)
    return result[0] if isinstance(result, tuple) and len(result) == 2 else result


class _FunctionCurve(GraphCurve):
    """A user's function as a function of one argument; its graph tells where there are kinks."""

    call: Callable[[float], Any]

    def sample(self, x: float) -> Sample:
        result = self.call(x)
        noise = _OPERATIONS * precision(result) * math.fabs(_number(result))
        if not isinstance(result, Value):
            return [_number(result)], [noise]
        moved = PerturbedGraph(topological_order(result)).noise_here
        return [node.data for node in moved], [*list(moved.values())[:-1], max(noise, moved[result])]

    def result(self, x: float) -> tuple[float, float]:
        result = self.call(x)
        value = _number(result)
        return value, _OPERATIONS * precision(result) * math.fabs(value) + self.graph.noise_here[self.root]


def _by_tensors(against: Callable[..., Any], point: Sequence[float]) -> Callable[..., Any] | None:
    """A function that returns tensors, called with tensors: a pair, its number and its own derivatives."""
    result = against(*point)
    if not (is_tensor(result) or getattr(result, "requires_grad", False)):
        return None
    make = tensor_like(result)
    slopes = own_derivatives(against, list(map(make, point))) if make else None
    if make is None or slopes is None:
        raise TypeError(
            f"against returns a {type(result).__name__} whose own backward pass would not be checked: "
            "compute it from the arguments as they come, or return a pair, its number and its "
            "derivatives; or only its number, by .item()"
        )
    return lambda *x: (against(*map(make, x)), slopes)


def _result_of(against: Callable[..., Any], point: Sequence[float]) -> tuple[float, dict[str, list[float]]]:
    """The result of the other function; and, under the words for it, its own derivatives if it gives them."""
    result = against(*point)
    if not isinstance(result, tuple) or len(result) != 2:
        return _number(result), {}
    result, slopes = result
    if len(slopes) != len(point):
        raise ValueError(f"against gives {len(slopes)} derivatives, of {len(point)} arguments")
    return _number(result), {" by against": [to_float(x, "a derivative from against") for x in slopes]}


def _number(result: Any) -> float:
    return float(result.data if isinstance(result, Value) else result.item() if is_tensor(result) else result)
