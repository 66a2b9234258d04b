"""Numbers as text: rounded for people, exact for Python, and in LaTeX."""

from __future__ import annotations

import math

from micrograd_dl.foundation.written import ATOM, MUL, NEG, Term


def number(x: float) -> str:
    """A number for people: six significant digits, whole numbers without a point.

    >>> number(6.0), number(0.1 + 0.2), number(1e-7), number(float("nan"))
    ('6', '0.3', '1e-07', 'nan')
    """
    return f"{x + 0.0:.6g}"  # + 0.0 turns -0.0 into 0.0


def exact(x: float) -> str:
    """The shortest text that Python reads back as the same double; whole numbers without a point.

    >>> exact(6.0), exact(0.1 + 0.2), exact(float("inf"))
    ('6', '0.30000000000000004', 'float("inf")')
    """
    if not math.isfinite(x):
        return f'float("{x}")'
    whole = x.is_integer() and abs(x) < 1e15 and repr(x) != "-0.0"  # which would lose its sign
    return repr(int(x) if whole else x)


def number_term(x: float) -> Term:
    """A rounded number as a piece of a formula: a negative one binds like a minus sign."""
    return Term(number(x), NEG if x < 0 else ATOM)


def exact_term(x: float) -> Term:
    """An exact number as a Term; a negative one binds like a minus sign."""
    text = exact(x)
    return Term(text, NEG if text.startswith("-") else ATOM)


def latex_number(x: float) -> Term:
    r"""A rounded number in LaTeX.

    >>> str(latex_number(1.5e-7)), str(latex_number(float("-inf")))
    ('1.5 \\cdot 10^{-7}', '-\\infty')
    """
    text = number(x)
    mantissa, e, exponent = text.partition("e")
    if e:
        text = rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    text = text.replace("inf", r"\infty").replace("nan", r"\text{NaN}")
    return Term(text, MUL if e else NEG if x < 0 else ATOM)
