"""Backprop held against numerical derivatives of the function itself."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

from micrograd_dl.engine.gradients import evaluate, grad
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.gradcheck.differences import EPS, HIDDEN, UNSETTLED, Line, Sample, gather, steps
from micrograd_dl.gradcheck.graphs import GraphLine, kinks_between
from micrograd_dl.gradcheck.perturbation import Disturber
from micrograd_dl.output.numbers import to_float

_FIRST_STEP = 1e-5  # relative to the argument where that is above 1; does for most
_STEP = 1e-7  # of the search for one that does where that does not
_OPERATIONS = 16  # a function of which there is no graph is taken to be off by so many roundings
_MOST_SHOWN = 10


def assert_gradients_match(
    f: Callable[..., Any],
    *args: float,
    against: Callable[..., Any] | None = None,
    rtol: float = 1e-6,
    atol: float = 1e-8,
) -> str | None:
    """Raise AssertionError unless backprop through `f` agrees with central differences at `args`.

    The differences are those of `f` called anew beside the point, not of the graph that it recorded, so that
    a number which slips out of the graph (by ``.data`` or ``float`` in the middle) is found too. As in
    ``check``, backprop is only said to be wrong where the differences can be
    trusted by their own evidence. An argument that cannot be judged is passed over, and the result says why.

    Args:
        f: a function of Values that returns a Value.
        args: the point, a number for each argument.
        against: the same function by other means. It is called with floats and returns a number or a Value;
            then its values and its differences are what is expected.
        rtol: the relative difference that is let pass.
        atol: the difference that is let pass beside it, relative to the result where that is above 1.

    Returns:
        None if each argument was judged; else which were not, and why, a line each.

    Raises:
        AssertionError: they disagree. The message gives the point, the argument, what was expected and what
            backprop gives.
        TypeError: an argument is not a number, or `f` does not return a Value.

    >>> assert_gradients_match(lambda x, y: x * y + x.tanh(), 0.5, -2)
    >>> assert_gradients_match(lambda x: x.exp(), 0.5, against=math.exp)
    >>> assert_gradients_match(lambda x, y: x.relu() + y, 0.0, 1.0)
    'x was not judged: a kink lies within the step'
    >>> def area(width, height):
    ...     return width * height.data
    >>> assert_gradients_match(area, 3, 2)
    Traceback (most recent call last):
    AssertionError: backprop and central differences disagree on area(width=3.0, height=2.0) = 6.0:
      by height (argument 2 of 2): expected 3, got 0 (step 0.0131)
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
    wrong, passed_over = [], []
    order = topological_order(root)
    for index, (leaf, got) in enumerate(zip(leaves, grad(root, leaves), strict=True)):
        line = _ArgumentLine(against or (lambda *moved: f(*map(Value, moved))), point, index, order, leaf)
        found = _disagreement(line, got, rtol, scale, is_own=against is None)
        if isinstance(found, str):
            passed_over.append(f"{leaf.label} was not judged: {found}")
        elif found:
            wrong.append(_complaint(index, leaf, got, root, len(point), *found))
    if wrong:
        head = f"backprop and central differences disagree on {call} = {root.data!r}:"
        more = [f"  ... and {len(wrong) - _MOST_SHOWN} more"] if len(wrong) > _MOST_SHOWN else []
        told = [f"  {line}" for line in passed_over[:_MOST_SHOWN]]
        raise AssertionError("\n".join([head, *wrong[:_MOST_SHOWN], *more, *told]))
    return "\n".join(passed_over) or None


class _ArgumentLine(Line):
    """A function of several numbers as a function of one of them; kinks are seen in the graph it recorded."""

    def __init__(
        self, f: Callable[..., Any], point: Sequence[float], index: int, order: Sequence[Value], leaf: Value
    ) -> None:
        super().__init__(point[index])
        self.f, self.point, self.index, self.order, self.leaf = f, point, index, order, leaf

    def sample(self, x: float) -> Sample:
        """See `Line.sample`."""
        result = self.f(*self.point[: self.index], x, *self.point[self.index + 1 :])
        value = result.data if isinstance(result, Value) else float(result)
        noise = _OPERATIONS * EPS * math.fabs(value)
        if isinstance(result, Value):
            noise = max(noise, Disturber(topological_order(result)).noise_here[-1])
        return Sample([value], [noise])

    def has_kink(self, low: float, high: float) -> bool:
        """See `Line.has_kink`."""
        below, above = (evaluate(self.order, {self.leaf: x}) for x in (low, high))
        return bool(kinks_between(self.order, below, above))


def _disagreement(
    line: _ArgumentLine, got: float, rtol: float, atol: float, is_own: bool
) -> tuple[float, float] | str | None:
    """The step and the derivative that `got` disagrees with, or why it is not judged; None if it agrees."""
    if _is_close_at_once(line, got, rtol, atol):
        return None
    evidence = gather(line, steps(line.x, _STEP), got, atol / 10)
    found = evidence.best
    if isinstance(found, str):
        return found
    if _close(found.value, got, rtol, atol):
        return None
    disturber = Disturber(line.order)
    takes_part = line.leaf in line.order
    if is_own and takes_part and (why := _in_the_way_within(line, disturber, got)):
        return why
    doubt = found.doubt + (2 * disturber.slopes_noise()[line.leaf] if takes_part else 0.0)
    if math.fabs(found.value - got) <= doubt < math.inf:
        return HIDDEN
    return (found.step, found.value) if evidence.speaks_against(got) else UNSETTLED


def _is_close_at_once(line: _ArgumentLine, got: float, rtol: float, atol: float) -> bool:
    """Whether one difference does, as for most functions."""
    step = _FIRST_STEP * max(1.0, math.fabs(line.x))
    low, high = line.x - step, line.x + step
    try:
        if line.has_kink(low, high):
            return False
        [above], [below] = line.at(high).values, line.at(low).values
    except (ValueError, ArithmeticError):
        return False
    return _close((above - below) / (high - low), got, rtol, atol)


def _in_the_way_within(line: _ArgumentLine, disturber: Disturber, got: float) -> str:
    """What is in the way of differences inside the graph, where the result does not show it."""
    if line.leaf in disturber.undecided:
        return HIDDEN
    within = gather(GraphLine(line.order, line.leaf, disturber), steps(line.x, _STEP), got, 0.0).best
    return within if isinstance(within, str) else ""


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
