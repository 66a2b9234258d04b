"""Pieces of written formulas: terms with the parentheses they need, labels, numbers; long ones cut short."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from micrograd_dl.foundation.lookup import listed

# How tightly a written form binds, from the loosest to the tightest; Python's order.
ADD, MUL, NEG, POW, ATOM = 1, 2, 3, 4, 5

_LONGEST = 60  # characters of a label that a formula shows
_LONGEST_FORMULA = 160  # room for two names of the longest kind


class Term(str):
    """A piece of a written formula that knows how tightly it binds.

    Formatting it with a number asks for parentheses around anything that binds less tightly:

    >>> total = Term("a + b", ADD)
    >>> f"{total:{MUL}} * c"
    '(a + b) * c'
    >>> f"{total} + c"
    'a + b + c'
    """

    __slots__ = ("precedence",)
    precedence: int

    def __new__(cls, text: str, precedence: int = ATOM) -> Term:
        """A text that binds as tightly as `precedence` says."""
        term = super().__new__(cls, text)
        term.precedence = precedence
        return term

    def __format__(self, needed: str) -> str:
        return f"({self!s})" if needed and self.precedence < int(needed) else str(self)


def call(name: str) -> Callable[..., str]:
    """The written form of a function: ``name(x, y)``."""
    return lambda *x: f"{name}({', '.join(x)})"


def latex_call(name: str, symbol: str) -> Callable[..., str]:
    """The written form of a function in LaTeX, by its symbol if LaTeX has that."""
    known = symbol in ("log", "tanh", "sin", "cos", "max", "min")
    return call("\\" + symbol if known else rf"\operatorname{{{name}}}".replace("_", r"\_"))


def sum_text(*x: Term) -> str:
    """The written form of a sum."""
    return " + ".join([f"{x[0]:1}", *(f"{term:2}" for term in x[1:])])


def pairs_text(times: str) -> Callable[..., str]:
    """The written form of ``w1 x1 + w2 x2 + ... + b`` with that sign for times; an even count has no b."""

    def text(*x: Term) -> str:
        pairs = [f"{w:2}{times}{v:3}" for w, v in zip(x[::2], x[1::2], strict=False)]
        return " + ".join(pairs + ([f"{x[-1]:2}"] if len(x) % 2 else []))

    return text


def names_of(nodes: Sequence[Any]) -> list[str]:
    """The names of nodes in an error: their labels, the numbers of constants, and "" for other nodes."""
    return [readable(v.label) if v.label else full_number(v.data) if v.is_constant else "" for v in nodes]


def full_number(x: float) -> Term:
    """A number with all its digits; a negative one binds like a minus sign."""
    return Term(f"{x:.17g}", NEG if math.copysign(1.0, x) < 0 else ATOM)


def numbers_of(names: Sequence[str], values: Sequence[float]) -> str:
    """Operands in an error, ``x = 3, y = 0``: each once, without those whose name is their number."""
    named = dict.fromkeys(zip(names, values, strict=True))
    return listed(f"{name} = {value:.17g}" for name, value in named if name != f"{value:.17g}")


def readable(label: str) -> str:
    r"""A label as it stands in a formula: short, on one line, between backticks unless it is a plain name.

    >>> readable("w_1"), readable("a + b"), readable("two\nlines")
    ('w_1', '`a + b`', '`two\\nlines`')
    """
    plain = label.replace("[", "").replace("]", "").replace(".", "").replace("'", "")
    if plain.isidentifier() and len(label) <= _LONGEST:
        return label
    shown = "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in label[: _LONGEST + 1]
    )
    shown = shown.replace("`", "'")  # otherwise the text between two names could read like a name
    return f"`{shown if len(shown) <= _LONGEST else shown[: _LONGEST - 3] + '...'}`"


def without_middle(formula: str) -> str:
    """A long formula (a sum of a thousand terms) without its middle; no name or number is cut in two."""
    if len(formula) <= _LONGEST_FORMULA:
        return str(formula)
    half = _LONGEST_FORMULA // 2 - 2
    # A label between backticks may have spaces of its own.
    whole = re.sub("`[^`]*`", lambda name: name[0].replace(" ", "\0"), formula)
    return f"{whole[:half].rpartition(' ')[0]} ... {whole[-half:].partition(' ')[2]}".replace("\0", " ")
