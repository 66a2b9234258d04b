"""The expression of a command line, and the values of its variables."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING
from unicodedata import normalize

from micrograd_dl.cli.parser import Parser
from micrograd_dl.cli.terminal import warn
from micrograd_dl.output.numbers import number_or_none

if TYPE_CHECKING:
    from micrograd_dl.notation.expression import Expression

EXAMPLE = "u = b*c; v = a + u; J = 3*v"
EXAMPLE_VALUES = {"a": 5.0, "b": 3.0, "c": 2.0}
_HELP = f"""\
EXPR is arithmetic with + - * / ** and functions such as exp, log, tanh,
sigmoid, relu. Several statements have ";" between them, and the last one is the
result. Put it in quotes, or write - to read it from standard input. Each
variable gets a value: a=5, b=-3, c=1e-3, d=1/2, e=inf. Without EXPR it is the
course's example, "{EXAMPLE}" at a=5 b=3 c=2."""


def describe(parser: Parser, usage: str, description: str) -> None:
    """Give a command that takes an expression its help; EXPR in the usage stands for what all these take."""
    parser.usage = f"{parser.prog} {usage.replace('EXPR', '[EXPR] [NAME=NUMBER ...]')}"
    parser.description = description
    parser.epilog = _HELP


class UsageError(Exception):
    """The command line or the expression is wrong; the message says how."""


def read_expression(options: argparse.Namespace) -> tuple[str, Expression]:
    """The expression as it was given, and parsed.

    Raises:
        UsageError: it is wrong, or the values of its variables are.
    """
    from micrograd_dl.notation.expression import MAX_LENGTH, parse_names

    text, values = expression_and_values(options.words)
    if text == "-":
        if options.command == "step" and not options.all:
            raise UsageError("step reads commands from standard input: give the expression, or add --all")
        # No more than is needed to see that it is too much.
        text = sys.stdin.read(MAX_LENGTH + 1) if sys.stdin else ""
    try:
        expression = parse_names(text, values)
    except (ValueError, ArithmeticError) as error:
        raise UsageError(str(error)) from None
    if expression.unused:
        warn(f"not used: {', '.join(expression.unused)}")
    return text, expression


def expression_and_values(words: Sequence[str]) -> tuple[str, dict[str, float]]:
    """The expression among the words, or else the course's example, and the values.

    >>> expression_and_values(["a*b", "a=1/2", "b=3"])
    ('a*b', {'a': 0.5, 'b': 3.0})
    """
    values: dict[str, float] = {}
    texts = []
    for word in words:
        name, equals, text = (part.strip() for part in normalize("NFC", word).partition("="))
        number = _number(name, text) if equals and name.isidentifier() else None
        if number is None:
            texts.append(word)
        elif name in values:
            raise UsageError(f"{name} is given two values, {values[name]:g} and {number:g}")
        else:
            values[name] = number
    if len(texts) > 1:
        raise UsageError(
            f"{texts[1]!r} is not a value, such as a=5, b=-3, c=1e-3 or d=inf; "
            "if it belongs to the expression, put the whole expression in quotes"
        )
    if texts:
        return texts[0], values
    if unknown := [name for name in values if name not in EXAMPLE_VALUES]:
        raise UsageError(
            f"there is no expression, and the course's example has no {', '.join(unknown)}: "
            f"its variables are {', '.join(EXAMPLE_VALUES)}"
        )
    return EXAMPLE, EXAMPLE_VALUES | values


def _number(name: str, text: str) -> float | None:
    """The number, or the quotient of two, that a variable is given; None if it is neither."""
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        raise UsageError(f"{name}={text}: a number has a decimal point, {name}={text.replace(',', '.')}")
    above, slash, below = text.partition("/")
    numbers = number_or_none(above), number_or_none(below) if slash else 1.0
    if numbers[0] is None or numbers[1] is None:
        return None
    if numbers[1] == 0:
        raise UsageError(f"{name}={text} divides by zero")
    return numbers[0] / numbers[1]
