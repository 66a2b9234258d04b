from __future__ import annotations

import pytest

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from viz.reading import Reading, Term


@pytest.fixture
def trace(course: Value) -> Trace:
    return Trace(course)


def test_numbers_on_the_nodes(course: Value) -> None:
    reading = Reading(course)
    b = reading.notation.node("b")
    u = reading.notation.node("u")
    assert (reading.data(b), reading.grad(b), reading.exact_grad(b)) == (3.0, "6", 6.0)
    assert reading.term(u, 0) == Term(2.0, 6.0)
    assert reading.all_grads(b) == {"6"}
    assert reading.caption == ()
    assert not reading.is_current(b)
    assert reading.passing() is None


def test_nothing_flows_before_backward() -> None:
    x = Value(3.0)
    reading = Reading(x * x)
    assert reading.term(reading.order[-1], 0) == Term(3.0, None)
    assert reading.grad(x) == "0"


def test_only_what_is_on_paper_is_known(trace: Trace) -> None:
    u, b = trace.node("u"), trace.node("b")
    reading = Reading(trace)
    assert (reading.data(b), reading.data(u), reading.grad(b)) == (3.0, None, "")
    assert reading.exact_grad(b) is None
    assert reading.term(u, 0) == Term(None, None, "waiting")
    assert reading.caption == ("Step 0 of 9", "Only the inputs are known.")

    trace.next()
    reading = Reading(trace)
    assert reading.data(u) == 6.0
    assert reading.is_current(u)
    assert reading.term(u, 0) == Term(None, None, "forward")
    assert reading.caption == ("Step 1 of 9: forward pass", "u = b * c = 3 * 2 = 6")

    trace.next()
    assert Reading(trace).term(u, 0) == Term(None, None, "plain")

    trace.until("db")
    reading = Reading(trace)
    assert reading.term(u, 0) == Term(2.0, 6.0, "back")
    assert reading.is_current(b)
    assert not reading.is_current(u)
    assert reading.passing() == (b, u)
    assert reading.caption[0] == "Step 8 of 9: backprop"

    trace.end()
    reading = Reading(trace)
    assert reading.term(u, 0) == Term(2.0, 6.0, "passed")
    assert reading.term(u, 1).state == "back"


def test_partial_sums_are_marked() -> None:
    x = Value(3.0, "x")
    trace = Trace(x * x)
    texts = []
    for position in range(len(trace) + 1):
        trace.goto(position)
        texts.append(Reading(trace).grad(x))
    assert texts == ["", "", "", "3 + …", "6"]
    assert Reading(trace).all_grads(x) == {"3 + …", "6"}


def test_numbers_get_no_gradient(trace: Trace) -> None:
    trace.end()
    three = next(node for node in trace.order if node.is_constant)
    reading = Reading(trace)
    assert reading.term(trace.root, trace.root.operands.index(three)) == Term(None, None)
    assert reading.all_grads(three) == set()


def test_at_a_kink_the_caption_says_which_slope_was_taken() -> None:
    z = Value(0.0, "z")
    trace = Trace(2 * z.relu())
    captions = []
    for position in range(len(trace) + 1):
        trace.goto(position)
        captions.append(Reading(trace).caption)
    assert {len(caption) for caption in captions} == {3}
    assert captions[-1][2] == "z = 0 is a kink: the slope of the right side, 1, is taken"
    assert [caption[2] for caption in captions[:-1]] == [""] * len(trace)
