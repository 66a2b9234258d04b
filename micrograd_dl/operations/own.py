"""Operations of one's own: more entries of the table, with all that follows from an entry."""

from __future__ import annotations

import functools
import keyword
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Literal, NoReturn

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation, Rule
from micrograd_dl.engine.value import Value, method_of
from micrograd_dl.foundation.number_like import CONVERTED, observed
from micrograd_dl.foundation.numbers import to_float
from micrograd_dl.foundation.text import message_of, plural
from micrograd_dl.foundation.written import Term, call, latex_call

_of_this_block: ContextVar[list[str] | None] = ContextVar("of_this_block", default=None)


def operation(
    name: str,
    forward: Callable[..., Any],
    derivative: Rule | Sequence[Rule],
    *,
    definition: Rule | None = None,
    array: Rule | None = None,
    defined: Rule | Literal[True] | None = None,
    requirement: str = "",
    kink: Rule | None = None,
    symbol: str = "",
    text: Rule | None = None,
    latex: Rule | None = None,
    meaning: str = "",
) -> Operation:
    """Add an operation to the table, and return it: a function of floats, arrays and Values.

    From then on it is where all operations are: in ``parse``, as a method of Value if it takes one operand,
    in the stepper, pictures, pages, sources, checks and replays, and as an activation by its name. The table
    is one for the whole process; see :func:`own_operations` for a definition that ends.

    The derivative, the definition and the kink are called with floats, Values, arrays and names. They are
    therefore arithmetic and functions of ``micrograd_dl``, such as ``exp``, and ask nothing of an operand:
    ``maximum`` and ``at_least`` stand for ``if``.

    Args:
        name: an identifier of ASCII letters, digits and ``_``; files and pickles refer to it.
        forward: the rule on floats. It may raise ValueError, ZeroDivisionError or OverflowError where the
            operation is undefined.
        derivative: the local derivative ``d(out, x)``; of two or three operands one for each, in a sequence,
            ``d(out, x, y)``.
        definition: the same function, written with other operations. ``expand()`` shows it; pages compute
            by it, and Numba where it cannot compile `forward`.
        array: the rule on NumPy arrays, ``array(np, x)``; without one, entry by entry.
        defined: whether the operation is defined at operands; True for everywhere; by default, where
            `forward` raises nothing.
        requirement: the same in words, for errors: "log needs an operand above 0".
        kink: a number that is 0 exactly where the derivative jumps.
        symbol: what a picture shows; by default the name.
        text, latex: the written form, from operands in writing; by default ``name(x, y)``.
        meaning: a line for ``help``.

    Raises:
        TypeError: something that should be a rule is none, or cannot serve Values.
        ValueError: the name is no identifier, or has a meaning already; or there are over three operands.

    >>> from micrograd_dl import Value, parse
    >>> with own_operations():
    ...     cube = operation("cube", forward=lambda x: x * x * x, derivative=lambda out, x: 3 * x * x)
    ...     x = Value(2.0, "x")
    ...     J = cube(x)
    ...     J.backward()
    ...     cube(3), J.data, x.grad, parse("cube(y) + 1", y=2).data, x.cube().slopes
    (27.0, 8.0, 12.0, 9.0, (12.0,))
    """
    _require_free(name)
    rules = _derivatives(name, derivative)
    count = len(rules)
    for what, rule in (("definition", definition), ("kink", kink)):
        if rule is not None:
            _on_values(rule, f"the {what} of {name}", count)
    forward = _on_floats(forward, name, count)
    if defined is None:
        defined = _where_it_raises_nothing(forward)
    added = Operation(
        name, symbol or name, count, forward, rules, text or call(name), latex or latex_call(name, name),
        array=array, defined=None if defined is True else defined, requirement=requirement, kink=kink,
        definition=definition, meaning=meaning or f"an operation of your own, {name}",
    )  # fmt: skip
    for form in (added.text, added.latex):
        written = form(*map(Term, Operation.operand_names(count)))
        if not isinstance(written, str):
            raise TypeError(f"the written form of {name} is a text, not {written!r}")
    if ops.TABLE.setdefault(name, added) is not added:  # in one stroke: another thread may define it, too
        raise _taken(name)
    if count == 1:
        setattr(Value, name, method_of(added))
    if (names := _of_this_block.get()) is not None:
        names.append(name)
    return added


@contextmanager
def own_operations() -> Iterator[None]:
    """Let the operations that are defined in a ``with`` block end with it, so that two tests do not meet.

    Values that were computed with them keep them; their names mean nothing any more.

    >>> with own_operations():
    ...     twice = operation("twice", lambda x: 2 * x, lambda out, x: 2)
    >>> twice(3.0)
    6.0
    >>> hasattr(Value, "twice")
    False
    """
    names: list[str] = []
    token = _of_this_block.set(names)
    try:
        yield
    finally:
        _of_this_block.reset(token)
        for name in names:
            if ops.TABLE.pop(name).arity == 1:
                delattr(Value, name)


def _require_free(name: Any) -> None:
    """Raise ValueError unless an operation can be called so."""
    if not (isinstance(name, str) and name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise ValueError(f"an operation has a name of ASCII letters, digits and _, such as erf, not {name!r}")
    if name in ops.TABLE or hasattr(Value, name) or hasattr(ops, name):
        raise _taken(name)


def _taken(name: str) -> ValueError:
    if name not in ops.TABLE:
        return ValueError(f"{name} has a meaning already: choose another name")
    return ValueError(
        f"the operation {name} is defined already: choose another name; a definition in "
        "`with own_operations():` ends with the block"
    )


def _derivatives(name: str, given: Any) -> tuple[Rule, ...]:
    """One rule for each operand."""
    if not (callable(given) or isinstance(given, Sequence)):
        raise TypeError(f"the derivative of {name} is a rule, or a sequence of rules, not {given!r}")
    rules = (given,) if callable(given) else tuple(given)
    if not 1 <= len(rules) <= 3:
        raise ValueError(f"{name} takes one to three operands, a derivative for each, not {len(rules)}")
    return tuple([_on_values(rule, f"the derivative of {name}", 1 + len(rules)) for rule in rules])


def _on_values(rule: Rule, what: str, count: int) -> Rule:
    """A rule that was tried on Values, or what always gives its number; TypeError if it cannot serve them."""

    def refuse(relation: str, *_: Any) -> NoReturn:
        wrong = (
            "turns an operand into a plain number (by math or float)"
            if relation == CONVERTED
            else f"asks whether an operand is {relation} something"
        )
        raise TypeError(
            f"it {wrong}, but is to serve Values, arrays and names as well: write it with the functions of "
            "micrograd_dl, such as exp, maximum and at_least"
        )

    try:
        with observed(refuse):
            found = rule(*[Value(math.nan) for _ in range(count)])
            number = None if isinstance(found, Value) else to_float(found, "its result")
    except NameError:  # it calls itself, or an operation that is defined after it
        return rule
    except Exception as error:
        called = f"{what}, called with {plural(count, 'argument')}"
        raise TypeError(f"{called}: {message_of(error)}") from error
    return rule if number is None else lambda *_: number


def _on_floats(forward: Any, name: str, count: int) -> Rule:
    """The rule with a float for its result; it overflows where it is undefined."""
    if not callable(forward):
        raise TypeError(f"the forward rule of {name} is a function of floats, not {forward!r}")
    role = f"the result of {name}"

    @functools.wraps(forward)  # Numba compiles what is wrapped
    def rule(*x: float) -> float:
        try:
            return to_float(forward(*x), role)
        except OverflowError:
            raise ValueError from None

    with suppress(ValueError, ZeroDivisionError):  # it may be undefined there
        rule(*[0.5] * count)
    return rule


def _where_it_raises_nothing(forward: Rule) -> Rule:
    def defined(*x: float) -> bool:
        try:
            forward(*x)
        except (ValueError, ZeroDivisionError):
            return False
        return True

    return defined
