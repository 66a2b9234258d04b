from __future__ import annotations

import re

import pytest

from micrograd_dl.cli import presentation
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.expression import parse

COURSE = "u = b*c; v = a + u; J = 3*v"


def course() -> Trace:
    return Trace(parse(COURSE, a=5, b=3, c=2))


def test_an_opening_without_leaves() -> None:
    assert presentation.opening(Trace(Value.constant(2)), "1 + 1") == "1 + 1\non numbers only"


def test_a_long_opening_is_cut() -> None:
    text = "\n".join(f"u{i} = x * {'1' * 90}" for i in range(50))
    lines = presentation.opening(Trace(parse(text, x=1)), text, width=40).splitlines()
    assert len(lines) == 9
    assert all(len(line) <= 40 for line in lines)


def test_colours_say_what_is_written_and_in_which_pass() -> None:
    forward, *_, backward = course().steps
    assert presentation.sentence(forward) == "  \x1b[1;36mu\x1b[0m = b * c = 3 * 2 = 6"
    assert presentation.sentence(backward) == (
        "  \x1b[1;33mdc\x1b[0m += dJ/du * du/dc = 3 * 3 = 9\x1b[2m   (dc: 0 -> 9)\x1b[0m"
    )
    assert presentation.heading(forward).startswith("\x1b[1;36mForward")
    assert presentation.heading(backward).startswith("\x1b[1;33mBackward")


@pytest.mark.parametrize("width", [1, 5, 20, 30, 45])
def test_a_sentence_that_is_too_long_loses_nothing(width: int) -> None:
    for step in course().steps:
        told = re.sub(r"\x1b\[[0-9;]*m", "", presentation.sentence(step, width))
        assert "".join(told.split()) == "".join(str(step).split())


def test_an_outcome_of_many_leaves_is_short() -> None:
    assert presentation.outcome(course()) == "dJ/da = 3, dJ/db = 6, dJ/dc = 9"
    root = Value(0, "x0")
    for i in range(1, 20):
        root = root + Value(i, f"x{i}")
    assert presentation.outcome(Trace(root)).endswith("dJ/dx7 = 1 and 12 more")
