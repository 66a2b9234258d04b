"""Moves that look for a step: until, resume and its breakpoints; watches."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.steps import Contribute, Step
from micrograd_dl.testing import Graph, graphs


def course() -> Trace:
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    return Trace(3 * (a + b * c))


def stops(trace: Trace, *breakpoints: Value | str | Callable[[Step], bool]) -> list[int]:
    """The positions at which `resume` stops on the way from the start to the end, the end left out."""
    trace.breakpoints.clear()
    for what in breakpoints:
        trace.break_at(what)
    trace.start()
    found: list[int] = []
    while True:
        trace.resume()
        if trace.upcoming is None:
            return found
        found.append(trace.position)


def test_until_stops_at_every_step_that_writes_the_target() -> None:
    trace = course()
    assert str(trace.until("u")) == "u = b * c = 3 * 2 = 6"
    assert str(trace.until("u")).startswith("du += ")
    assert (trace.position, trace.until("u"), trace.position) == (7, None, 7)
    x = Value(3, "x")
    trace, positions = Trace(x * x + x), []
    while trace.until("dx") is not None:
        positions.append(trace.position)
    assert positions == [5, 6, 7]


def test_until_an_unknown_name_or_node_is_refused() -> None:
    trace = course()
    trace.goto(2)
    with pytest.raises(KeyError, match="no node is called 'q'; there are a, b, c, u, v, J"):
        trace.until("q")
    with pytest.raises(KeyError, match="is not a node of this graph"):
        trace.until(Value(1, "a"))
    with pytest.raises(TypeError, match=r"^a Value is wanted here, not the int 3"):
        trace.until(3)  # type: ignore[arg-type]  # that it is refused is what is tested
    assert trace.position == 2


@given(graphs(), st.data())
def test_resume_finds_what_a_search_of_all_steps_finds(graph: Graph, data: st.DataObject) -> None:
    trace = Trace(graph.root)
    chosen = data.draw(st.sets(st.sampled_from(range(len(trace)))))
    trace.break_at(lambda step: any(step == trace.steps[i] for i in chosen))
    position = data.draw(st.integers(0, len(trace)))
    after, before = [i + 1 for i in chosen if i >= position], [i + 1 for i in chosen if i + 1 < position]
    trace.goto(position)
    trace.resume()
    assert trace.position == min(after, default=len(trace))
    trace.goto(position)
    trace.resume(backwards=True)
    assert trace.position == max(before, default=0)


def test_where_breakpoints_stop() -> None:
    trace = course()
    assert stops(trace, "u") == stops(trace, trace.node("u")) == [1, 7]
    assert stops(trace, "du") == stops(trace, "dJ/du") == [7]
    assert stops(trace, "db", "v") == [2, 5, 8]
    # u = b * c, J = 3 * v, and what they pass on; the seed is not of J's operation.
    assert stops(trace, "mul") == [1, 3, 5, 8]
    assert stops(trace, " add ") == [2, 6, 7]
    assert stops(trace, "exp") == []
    assert stops(trace, lambda step: isinstance(step, Contribute) and step.local == 1) == [6, 7]


def test_a_text_with_several_meanings_is_a_node_a_gradient_or_an_operation_in_this_order() -> None:
    total, test = Value(2, "sum"), Value(3, "isnan")
    trace = Trace((total * test).tanh())
    assert (stops(trace, "sum"), stops(trace, "dsum")) == ([5], [5])
    trace.break_at("isnan")
    trace.goto(5)
    assert trace.resume() == trace.steps[5]


@pytest.mark.parametrize("what", ["", "q", "abs(grad > 5", "grad => 5", "5 < grad", "grad > 1 2", "is nan"])
def test_a_text_without_a_meaning_is_refused(what: str) -> None:
    trace = course()
    with pytest.raises(KeyError) as caught:
        trace.break_at(what)
    assert f"no node is called {what!r}; there are a, b, c, u, v, J. A" in caught.value.args[0]
    with pytest.raises(TypeError, match=r"^a Value is wanted here, not the float 5"):
        trace.break_at(5.0)  # type: ignore[arg-type]  # that it is refused is what is tested
    assert trace.breakpoints == []


# What the steps of `course` write, by position: data 6, 11, 33; gradients 1, 3, 3, 3, 6, and 9 at the end.
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("grad > 3", [8]), ("grad >= 3", [5, 6, 7, 8]), ("grad < 3", [4]), ("grad <= 3", [4, 5, 6, 7]),
        ("grad == 6", [8]), ("grad != 3", [4, 8]), ("data==33", [3]), (" data\t>  1.1e1 ", [3]),
        ("data > 1.E1", [2, 3]), ("data > .5e+1", [1, 2, 3]), ("data > - 10", [1, 2, 3]),
        ("grad < inf", [4, 5, 6, 7, 8]), ("abs(grad) > 5", [8]), ("abs ( data ) > 5.5", [1, 2, 3]),
        ("isinf(data)", []),
    ],
)  # fmt: skip
def test_conditions(condition: str, expected: list[int]) -> None:
    assert stops(course(), condition) == expected


def test_conditions_on_negative_numbers_nan_and_infinities() -> None:
    x, y = Value(2, "x"), Value(2, "y")
    # u = -8, J = -16, dJ = 1, du = 2, dy = -8, and dx = -8 at the end.
    negative = Trace((x * -4) * y)
    for condition, expected in {
        "data < 0": [1, 2], "data > 0": [], "abs(data) > 10": [2], "grad < 0": [5], "grad >= 8": [],
        "abs(grad) >= 8": [5], "grad == - 8": [5],
    }.items():  # fmt: skip
        assert stops(negative, condition) == expected
    x, y = Value(math.inf, "x"), Value(0.0, "y")
    undefined = Trace((x * y).tanh())  # u and J are NaN, dJ is 1, du, dx and dy are NaN
    assert stops(undefined, "isnan") == [1, 2, 4, 5]
    assert stops(undefined, "isnan(data)") == [1, 2]
    assert stops(undefined, "isnan ( grad )") == [4, 5]
    steep = Trace((y * 1).sqrt())  # u and J are 0, dJ is 1, du and dy are infinite
    assert stops(steep, "isinf") == stops(steep, "isinf(grad)") == [4]


def test_watches() -> None:
    trace = course()
    assert trace.watch("u") is trace.node("u")
    assert trace.watch(trace.root) is trace.root
    trace.watch("u")
    for wrong in ("q", Value(1), trace.root.operands[0]):
        with pytest.raises(KeyError):
            trace.watch(wrong)
    trace.until("v")
    assert trace.watched() == ["u = 6, du = ?", "J = ?, dJ = ?"]
    trace.end()
    assert trace.watched() == ["u = 6, du = 3", "J = 33, dJ = 1"]
