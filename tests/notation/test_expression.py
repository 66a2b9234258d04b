"""The expression language: what it computes, the graph that it makes, what it refuses; anything ends well."""

from __future__ import annotations

import copy
import keyword
import math
import pickle
import unicodedata
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from micrograd_dl import Operation, Value, topological_order
from micrograd_dl.engine import ops
from micrograd_dl.notation.expression import ExpressionError, free_names, parse, parse_names

COURSE = "u = b*c; v = a + u; J = 3*v"

BINARY = {"add", "sub", "mul", "div", "pow"}
FUNCTIONS = {name: op for name, op in ops.TABLE.items() if name not in BINARY | {"neg"}}


def refused(text: str, **values: Any) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text, **values)
    return caught.value


def same(x: float, y: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y))


@pytest.mark.parametrize(
    "text",
    [
        COURSE,
        "J = 3 * (a + b*c)",
        "3*(a+b*c)",
        "u = b*c\nv = a + u\r\nJ = 3*v\n",
        "  u=b*c ;; # the product\n\n\tv = a+u; # then; the sum = 3\n 3*v;",
        "3*(a\n + b\n\n * c)  # an open bracket goes on in the next line",
        "3*sum(a,\n b*c)",
    ],
)
def test_the_course_gets_33(text: str) -> None:
    assert parse(text, a=5, b=3, c=2).data == 33


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1.0), ("1.5", 1.5), (".5", 0.5), ("2.", 2.0), ("1e-3", 0.001), ("1.e+2", 100.0),
        (".5E1", 5.0), ("007", 7.0), ("1e-999", 0.0), ("0." + "3" * 98, 1 / 3), ("-2**2", -4.0),
        ("2**-1", 0.5), ("2**3**2", 512.0), ("2**-2**2", 0.0625), ("-2*3", -6.0), ("2*-3", -6.0),
        ("-2-3", -5.0), ("7-2-1", 4.0), ("8/4/2", 1.0), ("8/4*2", 4.0), ("1+2*3", 7.0), ("1*2+3", 5.0),
        ("2*3**2", 18.0), ("(1+2)*3", 9.0), ("((2))", 2.0), ("--2", 2.0), ("-+-+2", 2.0), ("+2", 2.0),
        ("1++2", 3.0), ("2**+3", 8.0), ("abs(-2) + maximum(1, 4)", 6.0), ("sum(1, 2, 3, 4)", 10.0),
        ("sum(5)", 5.0), ("affine(2, 3, 1)", 7.0), ("maximum((1), -(2))", 1.0),
    ],
)  # fmt: skip
def test_numbers(text: str, expected: float) -> None:
    J = parse(text)
    assert J.data == expected
    assert J.is_leaf
    assert J.label == ""


@pytest.mark.parametrize("operation", FUNCTIONS.values(), ids=FUNCTIONS)
def test_every_function_of_the_table(operation: Operation) -> None:
    operands = [0.5, 0.25, 0.125][: operation.arity or 3]
    if operation is ops.dot:
        operands = operands[:2]
    named = dict(zip("xyz", operands, strict=False))
    J = parse(f"{operation.name}({', '.join(named)})", **named)
    assert J.op is operation
    assert [parent.label for parent in J.operands] == list(named)
    assert J.data == operation(*operands) == parse(f"{operation.name}({', '.join(map(str, operands))})").data


def test_infinities_and_nan_come_from_outside_or_from_overflow() -> None:
    found = [parse("a**9**9", a=9).data, parse("-inf", inf=math.inf).data, parse("a*2", a=math.nan).data]
    assert str(found) == "[inf, -inf, nan]"


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("max(a, b)", ops.maximum), ("min(a, b)", ops.minimum), ("ln(a)", ops.log), ("ReLU(a)", ops.relu),
        ("sigma(a)", ops.sigmoid), ("σ(a)", ops.sigmoid),
    ],
)  # fmt: skip
def test_second_names_of_functions(text: str, operation: Operation) -> None:
    J = parse(text, **dict.fromkeys(free_names(text), 0.5))
    assert J.op is operation
    name = text.partition("(")[0]
    assert parse(f"2*{name}", **{name: 3}).data == 6  # it may be a variable's name
    assert refused(f"{name}(1)", **{name: 3}).problem.startswith(f"{name} is not a function")


# Python's own reading of the same text

NUMBERS = st.sampled_from(["0.0", "1.0", "2.", ".5", "3.25", "1e1", "2.5e-1"])
ATOMS = NUMBERS | st.sampled_from("abc")


def larger(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Pieces side by side, without brackets: how they group is up to the language."""
    infix = st.tuples(part, st.sampled_from(["+", "-", "*", "/", "**", " + ", " ** "]), part).map("".join)
    signed = st.tuples(st.sampled_from("+-"), part).map("".join)
    bracket = part.map(lambda inner: f"({inner})") | part.map(lambda inner: f"tanh( {inner} )")
    return (
        infix
        | infix
        | signed
        | bracket
        | st.tuples(part, part).map(lambda two: "maximum({}, {})".format(*two))
    )


def larger_of(x: float, y: float) -> float:
    return x if x > y or x != x else y


@given(st.recursive(ATOMS, larger, max_leaves=12), st.tuples(*[st.floats(-4, 4)] * 3))
@example("-a**2", (3.0, 0.0, 0.0))
@example("a-b-c", (1.0, 2.0, 3.0))
@example("2.**-a**2.", (1.0, 0.0, 0.0))
@example("-a*b", (0.0, 1.0, 0.0))
def test_the_numbers_are_those_of_python(text: str, numbers: tuple[float, float, float]) -> None:
    values = dict(zip("abc", numbers, strict=True))
    try:
        expected = eval(text, {"__builtins__": {}, "tanh": math.tanh, "maximum": larger_of}, dict(values))
    except ZeroDivisionError:
        assert isinstance(refused(text, **values).__cause__, ZeroDivisionError)
        return
    except OverflowError:
        assume(False)  # Python refuses what is inf here
    except TypeError:  # a comparison of complex numbers
        assume(False)
    assume(not isinstance(expected, complex))
    try:
        found = parse(text, **values).data
    except ExpressionError as error:
        # A part overflows, or Python went by a complex number on its way to a real one.
        assume(not error.problem.startswith("the result is beyond") and "** " not in error.problem)
        raise
    assert same(found, expected)


def test_numbers_stay_numbers_until_they_meet_a_value() -> None:
    J = parse("2*3*x + exp(0)", x=5)
    assert [node.data for node in topological_order(J)] == [6, 5, 30, 1, 31]
    k = parse_names("k = 2*3; J = k*a", {"a": 5}).names["k"]
    assert (k.is_leaf, k.label) == (True, "k")


def test_a_copy_is_an_alias_and_keeps_its_first_label() -> None:
    names = parse_names("u = a*2; v = u; w = +(v); b = a; J = b + w", {"a": 5}).names
    assert names["u"] is names["v"] is names["w"]
    assert names["b"] is names["a"]
    assert [names[name].label for name in "wb"] == ["u", "a"]
    assert names["J"].operands == (names["a"], names["u"])


def test_a_value_is_used_as_it_stands() -> None:
    x, y = Value(2, "weight"), Value(3)
    names = parse_names("z = y; J = x*z", {"x": x, "y": y}).names
    assert names["x"] is x
    assert names["z"] is y
    assert (x.label, y.label) == ("weight", "")
    assert names["J"].operands == (x, y)
    assert x.origin is not None
    assert x.origin.file == __file__


def test_an_expression_tells_its_names_in_order() -> None:
    found = parse_names("z = b; y = a + 1; x = 2*y", {"b": 2, "a": 1, "c": 0})
    assert list(found.names) == ["b", "a", "c", "z", "y", "x"]
    assert found.root is found.names["x"]
    assert found.unused == ("b", "c", "z")
    assert parse("u = a; u", a=5).label == "a"


def fragments(text: str, **values: Any) -> dict[str, str]:
    nodes = [node for node in topological_order(parse(text, **values)) if node.origin is not None]
    return {node.op.name if node.op else node.label: node.origin.fragment for node in nodes if node.origin}


def test_every_node_knows_its_text() -> None:
    assert fragments("J = -(exp( x ) * (y + 2.5)) / k - x**2", x=1, y=2, k=3) == {
        "x": "x", "y": "y", "k": "k", "constant": "2",
        "exp": "exp( x )", "add": "y + 2.5", "mul": "exp( x ) * (y + 2.5)", "neg": "-(exp( x ) * (y + 2.5))",
        "div": "-(exp( x ) * (y + 2.5)) / k", "pow": "x**2", "sub": "-(exp( x ) * (y + 2.5)) / k - x**2",
    }  # fmt: skip
    constants = {"k": "2*3", "constant": "2 * 4", "maximum": "maximum(k, 2 * 4 )"}
    assert fragments("k = 2*3; maximum(k, 2 * 4 )") == constants
    assert fragments("(2) * 3") == {"": "(2) * 3"}


def test_free_names() -> None:
    assert free_names(COURSE) == ["b", "c", "a"]
    assert free_names("x + exp(y) * x; ") == ["x", "y"]
    assert free_names("k = 1; k") == []
    assert free_names("log(x - 1) / (x - 1)") == ["x"]  # no number is tried on it
    assert free_names("u / 0 + u ** (0 - 1)") == ["u"]
    with pytest.raises(ExpressionError, match="is not defined"):
        free_names("k = 1; J = u + 1 / 0")


def test_names_are_those_of_python() -> None:
    assert parse("größe*变量 + _1", größe=2, 变量=3, _1=1).data == 7
    assert parse_names("µ + \u03bc", {"\u00b5": 2}).root.data == 4  # the micro sign is NFKC-normalised to mu
    assert parse("ｅｘｐ(ﬁ)", fi=0).data == 1
    assert parse("text + match + values", text=1, match=2, values=3).data == 6
    assert parse("add + pow + max", add=1, pow=2, max=3).data == 6  # what is written with signs is free
    assert parse_names("ａ = x; J = a", {"x": 1}).names.keys() == {"x", "a", "J"}
    assert parse("x" * 100, **{"x" * 100: 1}).data == 1


@given(st.text(min_size=1, max_size=6))
@example("a·b")
@example("e\u0301")
@example("x\u0663")
@example("A¹")
def test_a_name_is_an_identifier(word: str) -> None:
    is_name = word.isidentifier() and not {"·", "\u0387"} & set(word)
    plain = unicodedata.normalize("NFKC", word)
    assume(plain not in FUNCTIONS)
    if is_name and not keyword.iskeyword(plain):
        assert free_names(word) == [plain]
        assert parse(word, **{word: 2}).label == plain
    else:
        with pytest.raises(ValueError, match="cannot be a variable"):
            parse("1", **{word: 2})


def test_what_cannot_be_a_variable() -> None:
    for name in ("", "2x", "a b", "a.b", "lambda", "exp", "ｅｘｐ", "x" * 101, "a·b", " a", "\ud800"):
        with pytest.raises(ValueError, match="cannot be a variable: write a name that has no") as caught:
            parse("1", **{name: 2})
        assert len(str(caught.value)) < 120
    with pytest.raises(ValueError, match="cannot be a variable"):
        parse_names("1", {"a": 1, "ａ": 2})


def test_values_are_real_numbers_and_an_expression_is_text() -> None:
    wrong: Any = "3"
    with pytest.raises(TypeError, match=r"the variable a takes a real number, not the str '3'"):
        parse("a", a=wrong)
    with pytest.raises(OverflowError, match="the variable a takes a double"):
        parse("a", a=10**400)
    wrong = b"a"
    with pytest.raises(TypeError, match=r"an expression is text, not b'a' of type bytes"):
        free_names(wrong)


def check_refusal(error: ExpressionError) -> None:
    problem, line, caret = str(error).split("\n")
    assert problem
    assert caret.strip() == "^"
    assert len(caret) <= 73
    assert len(line) <= 300
    assert 0 <= error.position <= len(error.text)
    str(error).encode()  # a lone surrogate could not be printed


def check_anything(text: str) -> None:
    """No text does anything but mean something or be refused."""
    try:
        names = free_names(text)
        found = parse_names(text, dict.fromkeys(names, 1.5))
    except ExpressionError as error:
        check_refusal(error)
    else:
        assert set(names) <= found.names.keys()
        assert math.isfinite(found.root.data) or names
        topological_order(found.root)


PIECES = [
    *"abxe().,;=+-*/^ \n#0123456789'[]\u0301·量\0", "**", "exp(", "maximum(", "dot(", "log",
    "u = ", "1e3", "==", "lambda ",
    "9**",
]  # fmt: skip


@given(st.text())
def test_any_text(text: str) -> None:
    check_anything(text)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@example("sum(((((a))),2)**-1\n)")
def test_any_text_of_the_language(text: str) -> None:
    check_anything(text)


HUGE = [
    "(", ")", "9", "a", " ", "-", "+", ";", "a+", "a,", "\n", "\t", "#", "$", ".", "=", "量", "\u0301",
    "\0", "((a)+", "a**", "x = 1\n",
]  # fmt: skip


@pytest.mark.parametrize("piece", HUGE, ids=ascii)
def test_as_much_as_is_allowed(piece: str) -> None:
    check_anything((piece * 20_000)[:20_000])


def test_the_limits() -> None:
    assert parse("a" + " " * 19_999, a=1).data == 1
    check_refusal(refused("$" * 1_000_000))
    assert refused("a" + " " * 20_000, a=1).problem == "20,001 characters are too many: write at most 20,000"
    assert parse("(" * 200 + "a" + ")" * 200, a=1).data == 1
    assert parse("+".join(["(a)"] * 300), a=1).data == 300  # one after the other is not nested
    assert parse("\n".join(f"x{i} = (a)" for i in range(300)), a=1).data == 1
    assert parse(f"sum({','.join(['a'] * 9_990)})", a=1).data == 9_990
    nested = refused("b*" + "(" * 199 + "exp((a", a=1, b=1)
    assert (nested.position, nested.problem) == (205, "over 200 brackets are open: give a part its own name")


def test_a_long_chain_is_not_recursive() -> None:
    assert parse("-" * 4_999 + "a", a=1).data == -1
    assert parse("a" + "**a" * 4_999, a=1).data == 1
    assert parse("a" + "+a" * 4_999, a=1).data == 5_000


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
    "a+" + "9" * 1101: (2, "a number of 1,101 characters is too long: write at most 1,100"),
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


def test_lookalikes_of_signs() -> None:
    for sign, characters in {"*": "×·⋅∗∙", "-": "−‐–—", "/": "÷∕⁄"}.items():
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


@pytest.mark.parametrize(
    ("text", "position", "line", "caret"),
    [
        ("", 0, "", 0), ("a + ", 4, "a + ", 4), ("a +\n$b\nc", 4, "$b", 0),
        ("量+$", 2, "量+$", 3),  # two columns each
        ("e\u0301+$", 3, "e\u0301+$", 2),  # an accent takes none
        ("a\0\x1b[31m\x85$", 8, "a??[31m?$", 8),
        ("a\u200b\u202e\ud800\u2028\u2029\ue000$", 7, "a??????$", 7),
        ("x" * 71 + "$", 71, "..." + "x" * 68 + "$", 71), ("$" + "x" * 36, 0, "$" + "x" * 35 + "...", 0),
        ("x" * 999 + "$" + "y" * 999, 999, "..." + "x" * 30 + "$" + "y" * 35 + "...", 33),
        ("量" * 99 + "$" + "量" * 99, 99, "..." + "量" * 15 + "$" + "量" * 17 + "...", 33),
        ("\u0301" * 999, 0, "\u0301" * 73 + "...", 0),
    ],
)  # fmt: skip
def test_the_caret_stands_under_the_spot(text: str, position: int, line: str, caret: int) -> None:
    shown = str(ExpressionError("problem", text, position))
    assert shown.split("\n") == ["problem", line, " " * caret + "^"]


def test_an_error_is_copied_with_all_that_it_says() -> None:
    error = ExpressionError("problem", "a $", 2)
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (other.problem, other.text, other.position) == ("problem", "a $", 2)
        assert str(other) == str(error) == "problem\na $\n  ^"
