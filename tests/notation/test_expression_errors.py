"""The expression language: what it refuses, and where the caret stands."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from micrograd_dl.engine import ops
from micrograd_dl.notation.expression import ExpressionError, parse

COURSE = "u = b*c; v = a + u; J = 3*v"

BINARY = {"add", "sub", "mul", "div", "pow"}
FUNCTIONS = {name: op for name, op in ops.TABLE.items() if name not in BINARY | {"neg"}}


def refused(text: str, **values: Any) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text, **values)
    return caught.value


# What it refuses, and where

PART = "part of an expression"
ITS_SIGNS = "its signs are + - * / ** ( ) , = ; #"
ALL_FUNCTIONS = ", ".join(name for name in FUNCTIONS if not name.endswith(("_power", "_slope")))
MISSING = "a number, say, or a name"
COMPARED = "is not part of an expression: nothing is compared, and = gives a name its value"
ONCE = "is not part of an expression: a name is given its value once, with ="
ROUND = "is not part of an expression: only round brackets group, and nothing has elements"
NO_TEXT = "is not part of an expression: there is no text in an expression, only numbers"
TOO_LARGE = "is beyond the largest double, 1.8e308: for infinity, give a variable the value inf"
NO_NUMBER = "is not a number: write it with digits, a point and an exponent only, as in 1.5e-3"

REFUSED = {
    # what is missing
    "": (0, "there is nothing to compute: write an expression, such as 3*(a + b*c)"),
    "a +": (3, f"something is missing after +: {MISSING}"),
    "a * ; b": (3, f"something is missing after *: {MISSING}"),
    "x = ": (3, f"something is missing after =: {MISSING}"),
    "* a": (0, f"something is missing before *: {MISSING}"),
    ")": (0, f"something is missing before ): {MISSING}"),
    "()": (1, f"something is missing after (: {MISSING}"),
    "exp(a, )": (7, f"something is missing after ,: {MISSING}"),
    "2x": (1, "an operator is missing between 2 and x: to multiply, write 2*x"),
    "a b": (2, "an operator is missing between a and b: to multiply, write a*b"),
    "2(a)": (1, "an operator is missing between 2 and (: to multiply, write 2*("),
    # brackets, commas and =
    "(a": (0, "this bracket is never closed: write a )"),
    "J = (a + b\nv = 3": (4, "this bracket is never closed: write a )"),
    "a)": (1, "this bracket was never opened: leave it out, or write a ( before"),
    "a, b": (1, "a comma has no place here: it is for a function's operands"),
    # names
    "x": (0, "no value is given for x: add x=..."),
    "2*pi + e": (2, "no value is given for pi, e: add pi=3.141592653589793 e=2.718281828459045"),
    "x = 1; x = 2": (7, "x has a meaning already: choose another name for this"),
    "exp = 1": (0, "exp has a meaning already: choose another name for this"),
    "J = 3*v; v = a": (6, "v is used here before it has its value: assign it above, or choose another name"),
    "x = 1; (3)*a\n x": (7, "this has no name, so nothing can use it: write name = ..."),
    "lambda x: x": (0, "lambda is a keyword of Python and cannot be a name: choose another"),
    "a + " + "x" * 101: (4, "a name of 101 characters is too long: write at most 100"),
    # functions
    "exp": (0, "exp is a function: write exp(...)"),
    "Max(a, b)": (0, "Max is not a function: write Max*(...) to multiply, or choose from maximum"),
    "2*sigmiod(a)": (2, "sigmiod is not a function: write sigmiod*(...) to multiply, or choose from sigmoid"),
    "a(b)": (0, "a is not a function: write a*(...) to multiply, or choose from abs, affine, at_least"),
    "pow(a, b)": (0, "pow is written x ** y here"),
    "2 + exp(a, b)": (4, "exp takes 1 operand, got 2"),
    "open(a)": (0, f"open is not a function: write open*(...) to multiply, or choose from {ALL_FUNCTIONS}"),
    # numbers
    "1.2.3": (0, f"1.2.3 {NO_NUMBER}"),
    "a+" + "9" * 101: (2, "a number of 101 characters is too long: write at most 100"),
    "9**9**9**9": (4, "the result is beyond the largest double, 1.8e308: take smaller numbers"),
    "exp(1000)*a": (0, "the result is beyond the largest double, 1.8e308: take smaller numbers"),
    # signs that are not its own
    "a^b": (1, "^ is not part of an expression: for a power, write **"),
    "a//b": (1, "// is not part of an expression: for a quotient, write /"),
    "a%b": (1, f"% is not part of an expression: {ITS_SIGNS}"),
    "a.real": (1, ". is not part of an expression: names have no attributes"),
    "a[0]": (1, f"[ {ROUND}"), "]": (0, f"] {ROUND}"), "{a}": (0, f"{{ {ROUND}"), "}": (0, f"}} {ROUND}"),
    "'a'": (0, f"' {NO_TEXT}"), 'a + "a"': (4, f'" {NO_TEXT}'), "`a`": (0, f"` {NO_TEXT}"),
    "a==b": (1, f"== {COMPARED}"), "a!=b": (1, f"!= {COMPARED}"),
    "a<b": (1, f"< {COMPARED}"), "a>b": (1, f"> {COMPARED}"),
    "a<=b": (1, f"<= {COMPARED}"), "a>=b": (1, f">= {COMPARED}"),
    "a+=b": (1, f"+= {ONCE}"), "a-=b": (1, f"-= {ONCE}"), "a*=b": (1, f"*= {ONCE}"),
    "a/=b": (1, f"/= {ONCE}"),
    "a**=b": (1, f"**= {ONCE}"), "a//=b": (1, f"//= {ONCE}"), "(x:=a)": (2, f":= {ONCE}"),
    "a:b": (1, f": is not part of an expression: {ITS_SIGNS}"),
    "a×b": (1, "× (U+00D7 MULTIPLICATION SIGN) is not part of an expression: write *"),
    "a·b": (1, "· (U+00B7 MIDDLE DOT) is not part of an expression: write *"),
    "a−b": (1, "− (U+2212 MINUS SIGN) is not part of an expression: write -"),
    "a÷b": (1, "÷ (U+00F7 DIVISION SIGN) is not part of an expression: write /"),
    "a²": (1, "² (U+00B2 SUPERSCRIPT TWO) is not part of an expression: write **2"),
    "½": (0, "½ (U+00BD VULGAR FRACTION ONE HALF) is not part of an expression: write 1/2"),
    "１": (0, "１ (U+FF11 FULLWIDTH DIGIT ONE) is not part of an expression: write 1"),
    "a\u00a0+b": (1, "this character (U+00A0 NO-BREAK SPACE) is not part of an expression: write a space"),
    "a\u200b+b": (1, "this character (U+200B ZERO WIDTH SPACE) is not part of an expression: leave it out"),
    "a\0": (1, "this character (U+0000 without a name) is not part of an expression: leave it out"),
    "\ud800": (0, "this character (U+D800 without a name) is not part of an expression: leave it out"),
    "√4": (0, f"√ (U+221A SQUARE ROOT) is not part of an expression: {ITS_SIGNS}"),
    "a\u0301 \u0301": (3, f"\u0301 (U+0301 COMBINING ACUTE ACCENT) is not {PART}: {ITS_SIGNS}"),
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_refused(text: str) -> None:
    position, problem = REFUSED[text]
    error = refused(text, a=2, b=3, c=4)
    assert error.position == position
    assert error.problem == problem
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
        ("(b-b)**-1", 5, ["0 ** -1"]),
        ("2*sin(1e308*b)", 2, ["sin(inf)"]),
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
        ("a +\r\n$\r\n", 5, "$ ", "^"),
        ("量+$", 2, "量+$", "   ^"),  # two columns each
        ("e\u0301+$", 3, "e\u0301+$", "  ^"),  # an accent takes none
        ("a\0\x1b[31m\x85$", 8, "a??[31m?$", "        ^"),
        ("a\u200b\u202e\ud800\u2028\u2029\ue000$", 7, "a??????$", "       ^"),
        ("x" * 71 + "$", 71, "..." + "x" * 68 + "$", " " * 71 + "^"),
        ("x" * 69 + "$", 69, "..." + "x" * 68 + "$", " " * 71 + "^"),
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
