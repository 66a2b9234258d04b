from __future__ import annotations

import gc
import weakref

import pytest

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from viz import readings
from viz.readings import OnNodes, OnPaper, Term


@pytest.fixture
def trace(course: Value) -> Trace:
    return Trace(course)


def test_numbers_on_the_nodes(course: Value) -> None:
    reading = OnNodes(course)
    b = reading.notation.node("b")
    u = reading.notation.node("u")
    assert (reading.data(b), reading.grad(b), reading.exact_grad(b)) == (3.0, "6", 6.0)
    assert reading.term(u, 0) == Term(2.0, 6.0)
    assert reading.widest(b) == (("3",), ("6",))
    assert reading.caption == ()
    assert not reading.is_current(b)
    assert reading.passing() is None


def test_nothing_flows_before_backward() -> None:
    x = Value(3.0)
    reading = OnNodes(x * x)
    assert reading.term(reading.order[-1], 0) == Term(3.0, None)
    assert reading.grad(x) == "0"


def test_only_what_is_on_paper_is_known(trace: Trace) -> None:
    u, b = trace.node("u"), trace.node("b")
    reading = OnPaper(trace)
    assert (reading.data(b), reading.data(u), reading.grad(b)) == (3.0, None, "")
    assert reading.exact_grad(b) is None
    assert reading.term(u, 0) == Term(None, None, "waiting")
    assert reading.caption == ("Step 0 of 9", "Only the inputs are known.")

    trace.next()
    reading = OnPaper(trace)
    assert reading.data(u) == 6.0
    assert reading.is_current(u)
    assert reading.term(u, 0) == Term(None, None, "forward")
    assert reading.caption == ("Step 1 of 9: forward pass", "u = b * c = 3 * 2 = 6")

    trace.next()
    assert OnPaper(trace).term(u, 0) == Term(None, None, "plain")

    trace.until("db")
    reading = OnPaper(trace)
    assert reading.term(u, 0) == Term(2.0, 6.0, "back")
    assert reading.is_current(b)
    assert not reading.is_current(u)
    assert reading.passing() == (b, u)
    assert reading.caption[0] == "Step 8 of 9: backprop"

    trace.end()
    reading = OnPaper(trace)
    assert reading.term(u, 0) == Term(2.0, 6.0, "passed")
    assert reading.term(u, 1).state == "back"


def test_partial_sums_are_marked() -> None:
    x = Value(3.0, "x")
    trace = Trace(x * x)
    texts = []
    for position in range(len(trace) + 1):
        trace.goto(position)
        texts.append(OnPaper(trace).grad(x))
    assert texts == ["", "", "", "3 + …", "6"]
    assert set(OnPaper(trace).widest(x)[1]) == {"3 + …", "6"}


def test_numbers_get_no_gradient(trace: Trace) -> None:
    trace.end()
    three = next(node for node in trace.order if node.is_constant)
    reading = OnPaper(trace)
    assert reading.term(trace.root, trace.root.operands.index(three)) == Term(None, None)
    assert reading.widest(three)[1] == ()


def test_the_widest_text_is_known_from_the_start(trace: Trace) -> None:
    reading = OnPaper(trace)
    assert reading.widest(trace.root) == (("33",), ("1",))
    assert reading.last_term(trace.node("u"), 0) == Term(2.0, 6.0)


def test_a_leaf_that_is_set_makes_a_new_walk(trace: Trace) -> None:
    b = trace.node("b")
    assert OnPaper(trace).widest(b) == (("3",), ("6",))
    trace.set("c", 7.0)
    assert OnPaper(trace).widest(b) == (("3",), ("21",))


def test_traces_are_not_kept_alive(course: Value) -> None:
    trace = Trace(course)
    OnPaper(trace).widest(course)
    assert trace in readings._walks
    gone = weakref.ref(trace)
    del trace
    gc.collect()
    assert gone() is None
