"""Backprop held against numerical derivatives of the function itself."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from micrograd_dl.backprop import evaluate, grad
from micrograd_dl.coerce import to_float
from micrograd_dl.explain import kinks_between
from micrograd_dl.order import topological_order
from micrograd_dl.value import Value

# Relative to the argument where that is above 1. A short step suffers from rounding, a long one from the
# function's curvature; a wrong gradient disagrees with all of them.
_STEPS = (1e-5, 1e-4, 1e-6, 1e-3, 1e-7)
_MOST_SHOWN = 10


def assert_gradients_match(
    f: Callable[..., Any],
    *args: float,
    against: Callable[..., Any] | None = None,
    rtol: float = 1e-6,
    atol: float = 1e-8,
) -> None:
    """Raise AssertionError unless backprop through `f` agrees with central differences at `args`.

    The differences are those of `f` called anew beside the point, not of the graph that it recorded, so that
    a number which slips out of the graph (by ``.data`` or ``float`` in the middle) is found too. An argument
    that cannot be judged is passed over: a kink lies within each step, or f is undefined or infinite there.

    Args:
        f: a function of Values that returns a Value.
        args: the point, a number for each argument.
        against: the same function by other means. It is called with floats and returns a number or a Value;
            then its values and its differences are what is expected.
        rtol: the relative difference that is let pass.
        atol: the difference that is let pass beside it, relative to the result where that is above 1.

    Raises:
        AssertionError: they disagree. The message gives the point, the argument, what was expected and what
            backprop gives.
        TypeError: an argument is not a number, or `f` does not return a Value.

    >>> assert_gradients_match(lambda x, y: x * y + x.tanh(), 0.5, -2)
    >>> assert_gradients_match(lambda x: x.exp(), 0.5, against=math.exp)
    >>> def area(width, height):
    ...     return width * height.data
    >>> assert_gradients_match(area, 3, 2)
    Traceback (most recent call last):
    AssertionError: backprop and central differences disagree on area(width=3.0, height=2.0) = 6.0:
      by height (argument 2 of 2): expected 3, got 0 (step 2e-05)
        height takes no part in the graph that was recorded: is .data or float() used on the way?
    """
    point = [to_float(x, f"argument {i} of {_name_of(f)}") for i, x in enumerate(args, 1)]
    names = _argument_names(f, len(point))
    leaves = [Value(x, name) for x, name in zip(point, names, strict=True)]
    root = f(*leaves)
    if not isinstance(root, Value):
        raise TypeError(
            f"{_name_of(f)} is to return a Value, not the {type(root).__name__} {root!r:.60}: "
            "is .data or float() used on the way?"
        )
    call = f"{_name_of(f)}({', '.join(f'{name}={x!r}' for name, x in zip(names, point, strict=True))})"
    scale = atol * max(1.0, math.fabs(root.data)) if math.isfinite(root.data) else atol
    if against is not None:
        _assert_same_result(call, root.data, float(against(*point)), rtol, scale)
    wrong = []
    for index, (leaf, got) in enumerate(zip(leaves, grad(root, leaves), strict=True)):
        judge = against or (lambda *moved: f(*map(Value, moved)))
        found = []
        for step, difference in _differences(judge, point, index, root, leaf):
            if _close(difference, got, rtol, scale):
                break
            found.append((step, difference))
        else:
            if found:
                wrong.append(_complaint(index, leaf, got, root, len(point), *found[0]))
    if wrong:
        head = f"backprop and central differences disagree on {call} = {root.data!r}:"
        more = [f"  ... and {len(wrong) - _MOST_SHOWN} more"] if len(wrong) > _MOST_SHOWN else []
        raise AssertionError("\n".join([head, *wrong[:_MOST_SHOWN], *more]))


def _differences(
    f: Callable[..., Any], point: Sequence[float], index: int, root: Value, leaf: Value
) -> Iterator[tuple[float, float]]:
    """(step, central difference) for every step at which it says something about the derivative."""
    order = topological_order(root)
    for size in _STEPS:
        step = size * max(1.0, math.fabs(point[index]))
        down, up = (
            [*point[:index], x, *point[index + 1 :]] for x in (point[index] - step, point[index] + step)
        )
        try:
            if kinks_between(order, evaluate(order, {leaf: down[index]}), evaluate(order, {leaf: up[index]})):
                continue
            difference = (float(f(*up)) - float(f(*down))) / (up[index] - down[index])
        except (ValueError, ArithmeticError):
            continue
        if math.isfinite(difference):
            yield step, difference


def _complaint(
    index: int, leaf: Value, got: float, root: Value, count: int, step: float, expected: float
) -> str:
    line = (
        f"  by {leaf.label} (argument {index + 1} of {count}): "
        f"expected {expected:.10g}, got {got:.10g} (step {step:.3g})"
    )
    if leaf not in topological_order(root):
        line += (
            f"\n    {leaf.label} takes no part in the graph that was recorded: "
            "is .data or float() used on the way?"
        )
    return line


def _assert_same_result(call: str, got: float, expected: float, rtol: float, atol: float) -> None:
    if not _close(expected, got, rtol, atol) and not (math.isnan(expected) and math.isnan(got)):
        raise AssertionError(f"{call}: expected the result {expected!r}, got {got!r}")


def _close(x: float, y: float, rtol: float, atol: float) -> bool:
    return math.isclose(x, y, rel_tol=rtol, abs_tol=atol)


def _name_of(f: Callable[..., Any]) -> str:
    name = getattr(f, "__name__", type(f).__name__)
    return "f" if name == "<lambda>" else name


def _argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """The names of the first `count` positional arguments; numbered where they have none of their own."""
    names: list[str] = []
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # some functions written in C have no signature
        parameters = []
    for parameter in parameters:
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}{i}" for i in range(1, count - len(names) + 1)]
    return (names + [f"x{i}" for i in range(len(names) + 1, count + 1)])[:count]
