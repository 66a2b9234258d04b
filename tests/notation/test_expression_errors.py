"""The expression language: what it refuses, and where the caret stands."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from micrograd_dl.engine import ops
from micrograd_dl.notation.expression import ExpressionError, parse

BINARY = {"add", "sub", "mul", "div", "pow"}
FUNCTIONS = {name: op for name, op in ops.TABLE.items() if name not in BINARY | {"neg"}}


def refused(text: str, **values: Any) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text, **values)
    return caught.value


# What it refuses, where, and a piece of what it says

REFUSED = {
    # what is missing
    "": (0, "there is nothing to compute: write an expression, such as 3*(a + b*c)"),
    "a +": (3, "something is missing after +: a number, say, or a name"),
    "a * ; b": (3, "missing after *"), "x = ": (3, "missing after ="), "* a": (0, "missing before *"),
    ")": (0, "missing before )"), "()": (1, "missing after ("), "exp(a, )": (7, "missing after ,"),
    "2x": (1, "an operator is missing between 2 and x: to multiply, write 2*x"),
    "a b": (2, "write a*b"), "2(a)": (1, "write 2*("),
    # brackets, commas and =
    "(a": (0, "never closed: write a )"), "J = (a + b\nv = 3": (4, "never closed: write a )"),
    "a)": (1, "this bracket was never opened: leave it out, or write a ( before"),
    "a, b": (1, "a comma has no place here: it is for a function's operands"),
    # names
    "x": (0, "no value is given for x: add x=..."),
    "2*pi + e": (2, "no value is given for pi, e: add pi=3.141592653589793 e=2.718281828459045"),
    "x = 1; x = 2": (7, "x has a meaning already"), "exp = 1": (0, "exp has a meaning already"),
    "J = 3*v; v = a": (6, "v is used here before it has its value: assign it above"),
    "x = 1; (3)*a\n x": (7, "this has no name, so nothing can use it: write name = ..."),
    "lambda x: x": (0, "lambda is a keyword of Python and cannot be a name: choose another"),
    "a + " + "x" * 101: (4, "a name of 101 characters is too long: write at most 100"),
    # functions
    "exp": (0, "exp is a function: write exp(...)"),
    "Max(a, b)": (0, "write Max*(...) to multiply, or choose from maximum"),
    "2*sigmiod(a)": (2, "choose from sigmoid"), "a(b)": (0, "choose from abs, affine, at_least"),
    "pow(a, b)": (0, "pow is written x ** y here"), "2 + exp(a, b)": (4, "exp takes 1 operand, got 2"),
    "open(a)": (0, f"choose from {', '.join(x for x in FUNCTIONS if not x.endswith(('_power', '_slope')))}"),
    # numbers
    "1.2.3": (0, "1.2.3 is not a number: write it with digits, a point and an exponent only"),
    "a+" + "9" * 101: (2, "a number of 101 characters is too long: write at most 100"),
    "9**9**9**9": (4, "the result is beyond the largest double, 1.8e308: take smaller numbers"),
    "exp(1000)*a": (0, "the result is beyond the largest double"),
    # signs that are not its own
    "a^b": (1, "^ is not part of an expression: for a power, write **"),
    "a//b": (1, "for a quotient, write /"), "a%b": (1, "its signs are + - * / ** ( ) , = ; #"),
    "a.real": (1, "names have no attributes"), "a[0]": (1, "[ is not"), "}": (0, "only round brackets group"),
    "'a'": (0, "only numbers"), 'a + "a"': (4, "only numbers"), "a==b": (1, "nothing is compared"),
    "a<=b": (1, "<= is not"), "a**=b": (1, "**= is not"), "(x:=a)": (2, ":= is not"), "a:b": (1, ": is not"),
    "a²": (1, "² (U+00B2 SUPERSCRIPT TWO) is not part of an expression: write **2"),
    "½": (0, "write 1/2"), "１": (0, "write 1"), "a\u00a0+b": (1, "NO-BREAK SPACE"),
    "a\u200b+b": (1, "ZERO WIDTH SPACE) is not part of an expression: leave it out"),
    "a\0": (1, "this character (U+0000 without a name)"), "\ud800": (0, "(U+D800 without"),
    "√4": (0, "√ (U+221A SQUARE ROOT)"), "a\u0301 \u0301": (3, "COMBINING ACUTE ACCENT"),
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_refused(text: str) -> None:
    position, words = REFUSED[text]
    error = refused(text, a=2, b=3, c=4)
    assert error.position == position
    assert words in error.problem
    assert error.text == text


@pytest.mark.parametrize(("sign", "characters"), {"*": "×·⋅∗∙", "-": "−‐–—", "/": "÷∕⁄"}.items())
def test_lookalikes_of_signs(sign: str, characters: str) -> None:
    for character in characters:
        error = refused(f"a{character}b", a=2, b=3)
        assert (error.position, error.problem[-9:]) == (1, f": write {sign}")


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("a / (b - b)", 2, ["a / 0", "at a = 2:", "div needs a divisor"]),
        ("1 + 1/0", 5, ["at x = 1, y = 0", "div needs a divisor"]),
        ("u = -b; 1 + log(u)", 12, ["log(u)", "at u = -3"]),
        ("3 + (-b)**0.5", 8, ["(-3) ** 0.5"]),
        ("1 + dot(a, b, c)", 4, ["dot needs an even number of operands"]),
    ],
)
def test_what_is_undefined(text: str, position: int, words: list[str]) -> None:
    error = refused(text, a=2, b=3, c=4)
    assert error.position == position
    assert error.problem == str(error.__cause__)
    assert [word for word in words if word not in error.problem] == []


# How an error is shown


def shown(text: str, position: int) -> list[str]:
    problem, line, caret = str(ExpressionError("problem", text, position)).split("\n")
    assert problem == "problem"
    return [line, caret]


@pytest.mark.parametrize(
    ("text", "position", "line", "caret"),
    [
        ("", 0, "", "^"),
        ("a + ", 4, "a + ", "    ^"),
        ("a +\n$b\nc", 4, "$b", "^"),
        ("量+$", 2, "量+$", "   ^"),  # two columns each
        ("e\u0301+$", 3, "e\u0301+$", "  ^"),  # an accent takes none
        ("a\0\x1b[31m\x85$", 8, "a??[31m?$", "        ^"),
        ("a\u200b\u202e\ud800\u2028\u2029\ue000$", 7, "a??????$", "       ^"),
        ("x" * 71 + "$", 71, "..." + "x" * 68 + "$", " " * 71 + "^"),
        ("$" + "x" * 36, 0, "$" + "x" * 35 + "...", "^"),
        ("x" * 999 + "$" + "y" * 999, 999, "..." + "x" * 30 + "$" + "y" * 35 + "...", " " * 33 + "^"),
        ("量" * 99 + "$" + "量" * 99, 99, "..." + "量" * 15 + "$" + "量" * 17 + "...", " " * 33 + "^"),
        ("\u0301" * 999, 0, "\u0301" * 73 + "...", "^"),
    ],
)
def test_the_caret_stands_under_the_spot(text: str, position: int, line: str, caret: str) -> None:
    assert shown(text, position) == [line, caret]


def test_an_error_is_copied_with_all_that_it_says() -> None:
    error = ExpressionError("problem", "a $", 2)
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (other.problem, other.text, other.position) == ("problem", "a $", 2)
        assert str(other) == str(error) == "problem\na $\n  ^"
