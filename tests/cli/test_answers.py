from __future__ import annotations

import pytest

from micrograd_dl.cli.answers import answer
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.expression import parse


def course(position: int = 9) -> Trace:
    trace = Trace(parse("u = b*c; v = a + u; J = 3*v", a=5, b=3, c=2))
    trace.goto(position)
    return trace


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("b", "b = 3"),
        ("b.data", "b.data = 3"),
        ("db", "db = 6"),
        ("dJ/db", "dJ/db = 6"),
        ("3*(a + b*c) - J", "3*(a + b*c) - J = 0"),
        ("dJ / du*du / db", "dJ / du*du / db = 6"),
        ("dv/db", "dv/db = 2"),
        ("∂u/∂b", "∂u/∂b = 2"),
        ("db * 2 + b.grad + c.data", "db * 2 + b.grad + c.data = 20"),
        ("exp(0) + a/b*0", "exp(0) + a/b*0 = 1"),
        ("0.1 + 0.2", "0.1 + 0.2 = 0.30000000000000004"),
    ],
)
def test_answers(text: str, shown: str) -> None:
    assert answer(course(), text) == shown


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("u / 0", "u / 0 is not defined at u = 6: "),
        ("__import__('os')", "not part of an expression|no place|function"),
        ("∂J/∂b", "there is no ∂J/∂b: J = 3 \\* v"),
        ("∂u/∂b[2]", "there is no ∂u/∂b\\[2\\]"),
    ],
)
def test_what_has_no_meaning_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        answer(course(), text)


def test_nothing_is_told_before_its_time() -> None:
    trace = course(0)
    assert answer(trace, "a") == "a = 5"
    assert answer(trace, "u") == "u = ?   (not computed yet)"
    assert answer(trace, "da") == "da = ?   (no term has been added yet)"
    for text in ("u + 1", "dJ/du + 1", "du/db", "∂u/∂b + 1", "u.data + 1"):
        with pytest.raises(ValueError, match="yet: go on"):
            answer(trace, text)


def test_a_gradient_that_is_not_complete_is_not_taken_for_one() -> None:
    trace = Trace(parse("x*x + x", x=3))
    trace.until("dx")
    assert answer(trace, "dx") == "dx = 1 so far   (term 1 of 3)"
    with pytest.raises(ValueError, match="dx is not complete yet"):
        answer(trace, "dx * 2")
    trace.end()
    assert answer(trace, "dx * 2") == "dx * 2 = 14"


def test_partial_derivatives_by_one_operand_of_two() -> None:
    trace = Trace(parse("u = x*y + x; J = u*u*3", x=3, y=2))
    trace.end()
    [p] = [node for node in trace.order if trace.notation.formula(node) == "u * u"]
    name = trace.notation.name(p)
    assert answer(trace, f"∂{name}/∂u[1]") == f"∂{name}/∂u[1] = 9"
    assert answer(trace, f"∂{name}/∂u") == f"∂{name}/∂u = 18"


def test_names_made_for_symbols_do_not_collide() -> None:
    x, other = Value(3, "x"), Value(100, "dJ_dx")
    trace = Trace(x * x + other)
    trace.end()
    assert answer(trace, "dJ/dx + dJ_dx") == "dJ/dx + dJ_dx = 106"


def test_a_seed_other_than_one() -> None:
    trace = Trace(parse("a*b", a=2, b=3), seed=10)
    trace.end()
    total = trace.notation.total(trace.node("a"))
    assert answer(trace, total) == f"{total} = 30"
    assert answer(trace, f"{total} + 0") == f"{total} + 0 = 30"


def test_names_that_there_are_not() -> None:
    for text in ("z", "z.data * 2", "dJ/dz"):
        with pytest.raises(KeyError, match="no node is called"):
            answer(course(), text)


def test_accents_are_understood_however_they_are_encoded() -> None:
    trace = Trace(parse("2*é", é=3))
    trace.end()
    assert answer(trace, "dJ/de\u0301 + e\u0301") == "dJ/dé + é = 5"
