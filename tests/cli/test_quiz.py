from __future__ import annotations

import io
import math
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from micrograd_dl.cli.quiz import hidden
from micrograd_dl.cli.stepper import Stepper
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.expression import parse

COURSE = "u = b*c; v = a + u; J = 3*v"
ANSWERS = ["6", "11", "33", "1", "3", "3", "3", "6", "9"]


def course(position: int = 0) -> Trace:
    trace = Trace(parse(COURSE, a=5, b=3, c=2))
    trace.goto(position)
    return trace


def quiz(*script: str, trace: Trace | None = None) -> list[str]:
    """What is said in a quiz after its introduction, line by line."""
    out = io.StringIO()
    Stepper(trace or course(), "", ["quiz", *script], out, out).run()
    return out.getvalue().splitlines()[3:]


def says(line: str, expected: float) -> bool:
    """Whether `line` is right where a node with that number is asked for."""
    verdict = quiz(line, trace=Trace(Value(expected, "x") * 1))[1]
    assert verdict.startswith(("Right: J = ", "That is no number")) or "is not it" in verdict
    return verdict.startswith("Right")


def test_a_quiz_from_the_start_to_the_end() -> None:
    trace = course(9)  # at the end it begins again
    lines = quiz(*ANSWERS, "p J", trace=trace)
    assert lines[:3] == ["Step 1: what is u?", "Right: u = b * c = 3 * 2 = 6", "Step 2: what is v?"]
    assert lines[6:8] == ["Step 4: backprop begins. What is dJ?", "Right: dJ = dJ/dJ = 1"]
    assert "Step 8: which number does the edge from u back to b add to db?" in lines
    assert "Right: db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)" in lines
    assert lines[-3:] == ["That was the last step.", "9 of 9 right at the first try.", "J = 33"]
    assert trace.position == 9


@pytest.mark.parametrize(
    ("at", "script", "said", "score"),
    [
        (0, "7; 6", "7 is not it: try again, or ask for a hint.", "0 of 1 right at the first try."),
        (0, "hint; 6", "u = b * c", "0 of 1 right at the first try, with 1 hint."),
        (0, "hint; hint; hint", "u = 3 * 2", "0 of 0 right at the first try, with 2 hints."),
        (3, "hint", "dJ/dJ is the derivative of J by itself", "0 of 0 right at the first try, with 1 hint."),
        (7, "hint", "dJ/du * du/db", "0 of 0 right at the first try, with 1 hint."),
        (7, "hint; hint", "du/db = c, since u = b * c", "0 of 0 right at the first try, with 2 hints."),
        (0, "show", "u = b * c = 3 * 2 = 6", "0 of 1 right at the first try."),
        (0, "6; six", "That is no number: write 0.5, 1/2, 5e-1 or 2*0.25; or hint, show, graph or stop.",
         "1 of 1 right at the first try."),
        (1, "graph", "   └─ v = a + u      ?", "0 of 0 right at the first try."),
    ],
)  # fmt: skip
def test_what_is_said(at: int, script: str, said: str, score: str) -> None:
    for end in ("stop", "q", "EOF"):
        lines = quiz(*script.split("; "), end, "p 1 + 1", trace=course(at))
        assert said in lines
        assert lines[-2:] == [score, "1 + 1 = 2"]
    assert quiz(*script.split("; "), trace=course(at))[-1] == score


def test_the_prompt_of_a_quiz(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["quiz", "6", "", EOFError, EOFError])
    prompts = []

    def read(prompt: str) -> str:
        prompts.append(prompt)
        line = next(typed)
        if isinstance(line, str):
            return line
        raise EOFError

    monkeypatch.setattr("builtins.input", read)
    out = io.StringIO()
    stepper = Stepper(course(), COURSE, stdout=out)
    stepper.completekey = ""  # cmd.Cmd leaves readline alone then
    assert stepper.run() == 0
    assert prompts == ["(start 0/9) ", "(quiz 0/9) ", *["(quiz 1/9) "] * 2, "(forward 1/9) "]
    assert out.getvalue().count("Step 2: what is v?") == 2  # Enter has it repeated
    stepper.onecmd("quiz")
    assert stepper.completenames("s") == ["show", "stop"]


# Ways of writing a number

numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e200, max_value=1e200)
ways = st.sampled_from([repr, "{:.17g}".format, "{:.16e}".format, " {:+.17g} ".format, "({!r})".format,
    "1*{!r}".format, "{!r}/1".format, "0 + {!r}".format, "2*({!r})/2".format,
    lambda x: f"{x!r}".replace("-", "−"), lambda x: f"{x!r}".replace(".", ","),
    lambda x: f"{x:.17g}".replace("0.", "."), lambda x: "{}/{}".format(*x.as_integer_ratio()),
])  # fmt: skip


@given(numbers.filter(lambda x: x == 0 or abs(x) > 1e-12), ways)
@example(1e100, lambda x: "{}/{}".format(*x.as_integer_ratio()))
@example(5e-324, lambda x: f"{x:.1074f}")  # all digits of the smallest double
def test_any_way_of_writing_a_number(x: float, way: object) -> None:
    assert callable(way)
    assert says(way(x), x)


@given(st.fractions(-1000, 1000, max_denominator=1000))
def test_a_fraction(x: Fraction) -> None:
    assert says(f"{x.numerator}/{x.denominator}", float(x))
    assert says(f"{float(x):.6g}", float(x))  # as it is printed


@given(numbers, numbers)
def test_another_number_is_wrong(x: float, other: float) -> None:
    if not math.isclose(x, other, rel_tol=6e-3) or (x.is_integer() and other.is_integer() and abs(x) < 1e6):
        assert says(repr(other), x) == (x == other)


@pytest.mark.parametrize(
    ("line", "x", "right"),
    [
        (".5", 0.5, True), ("0.333", 1 / 3, True), ("0.33", 1 / 3, False), ("-1/3", -1 / 3, True),
        ("3e8", 3e8, True), ("2000", 2001, False), ("0.30", 0.1 + 0.2, True), ("-0", 0.0, True),
        ("exp(1)", math.e, True), ("maximum(2, 3)", 3.0, True), ("2^3", 8.0, False),
        ("1/0", 0.0, False), ("x", 3.0, False), ("u = ", 3.0, False), ("1_0", 10.0, False),
    ],
)  # fmt: skip
def test_answers(line: str, x: float, right: bool) -> None:
    assert says(line, x) == right
    assert math.isfinite(x)


@pytest.mark.parametrize(
    ("text", "values", "noise"),
    [
        ("J = a + b - 0.3", {"a": 0.1, "b": 0.2}, [2]),
        ("v = a + b - 0.3; J = v*v*7", {"a": 0.1, "b": 0.2}, [2, 3, 4, 7, 8, 9, 10, 11]),
        ("J = a*1e-20", {"a": 1.0}, []),  # small, and no noise
        ("J = a - b", {"a": 1.0, "b": 1.0 - 1e-12}, []),
        ("J = log(a)*0.1", {"a": 5e-324}, []),  # with a slope that is infinite
    ],
)
def test_zero_is_right_for_what_is_rounding_noise(
    text: str, values: dict[str, float], noise: list[int]
) -> None:
    steps = Trace(parse(text, **values))
    right = []
    for at, step in enumerate(steps):
        trace = Trace(steps.root)
        trace.goto(at)
        if hidden(step) and quiz("0", trace=trace)[1].startswith("Right"):
            right.append(at + 1)
    assert right == noise
