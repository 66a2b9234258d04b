"""Moves of a walk that look for a step: until, resume; breakpoints, their conditions; watches; reasons."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError

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


# until


def test_until_a_node_stops_at_its_evaluation_and_then_at_each_term() -> None:
    trace = course()
    assert str(trace.until("u")) == "u = b * c = 3 * 2 = 6"
    assert trace.position == 1
    assert str(trace.until("u")).startswith("du += ")
    assert trace.position == 7
    assert trace.until("u") is None
    assert trace.position == 7


def test_until_a_gradient_passes_over_the_evaluation() -> None:
    for symbol in ("du", "dJ/du"):
        trace = course()
        assert str(trace.until(symbol)).startswith("du += ")
        assert trace.position == 7


def test_until_the_gradient_of_the_result_is_the_seed() -> None:
    trace = course()
    assert str(trace.until("dJ")) == "dJ = dJ/dJ = 1"
    assert trace.position == 4


def test_until_takes_a_node_itself() -> None:
    trace = course()
    assert trace.until(trace.root) == trace.steps[2]
    assert trace.until(trace.root) == trace.steps[3]
    assert trace.until(trace.root) is None
    assert trace.position == 4


def test_until_the_very_next_step() -> None:
    trace = course()
    trace.goto(4)
    assert trace.until("v") == trace.steps[4]
    assert trace.position == 5


def test_until_stops_at_each_term() -> None:
    x = Value(3, "x")
    trace = Trace(x * x + x)
    positions = []
    while trace.until("dx") is not None:
        positions.append(trace.position)
    assert positions == [5, 6, 7]


def test_until_an_unknown_name_or_node_is_refused() -> None:
    trace = course()
    trace.goto(2)
    with pytest.raises(KeyError, match=r"no node is called 'q'; there are a, b, c, u, v, J"):
        trace.until("q")
    stranger = Value(1, "a")
    with pytest.raises(KeyError) as refused:
        trace.until(stranger)
    assert refused.value.args == (f"{stranger!r} is not a node of this graph",)
    with pytest.raises(TypeError, match=r"^a Value is wanted here, not the int 3"):
        trace.until(3)  # type: ignore[arg-type]  # that it is refused is what is tested
    assert trace.position == 2


def test_a_gradient_written_in_full_because_a_node_bears_its_name() -> None:
    a, da = Value(2, "a"), Value(3, "da")
    trace = Trace(a * da)
    assert trace.until("da") == trace.steps[3]
    trace.start()
    assert trace.until("dJ/da") == trace.steps[2]


# resume


def test_resume_without_breakpoints_goes_to_either_end() -> None:
    trace = course()
    trace.goto(3)
    assert trace.resume() == trace.steps[-1]
    assert trace.position == 9
    assert trace.resume() == trace.steps[-1]
    assert trace.position == 9
    assert trace.resume(backwards=True) is None
    assert trace.position == 0
    assert trace.resume(backwards=True) is None


def test_resume_stops_at_the_very_next_step() -> None:
    trace = course()
    trace.break_at("u")
    assert trace.resume() == trace.steps[0]
    assert trace.position == 1


def test_resume_stops_at_whichever_breakpoint_comes_first() -> None:
    assert stops(course(), "db", "v") == [2, 5, 8]


def test_resume_backwards_stops_at_the_same_steps() -> None:
    trace = course()
    trace.break_at("v")
    trace.break_at("u")
    trace.end()
    found = []
    while (step := trace.resume(backwards=True)) is not None:
        assert step == trace.current
        found.append(trace.position)
    assert found == [7, 5, 2, 1]
    assert trace.position == 0


def test_resume_backwards_leaves_the_step_it_stands_at() -> None:
    trace = course()
    trace.break_at("u")
    trace.goto(7)
    trace.resume(backwards=True)
    assert trace.position == 1
    trace.resume(backwards=True)
    assert trace.position == 0
    trace.goto(2)
    trace.resume(backwards=True)
    assert trace.position == 1


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


# Breakpoints


def test_a_breakpoint_cannot_be_changed() -> None:
    point = course().break_at("u")
    with pytest.raises(FrozenInstanceError):
        point.text = "v"  # type: ignore[misc]  # that it is refused is what is tested
    assert not hasattr(point, "__dict__")


def test_a_breakpoint_says_what_it_is() -> None:
    trace = course()
    points = [trace.break_at(what) for what in ("db", "mul", " abs(grad) > 5", trace.root)]
    assert [point.text for point in points] == ["db", "mul", " abs(grad) > 5", "J"]
    assert trace.breakpoints == points

    def first(step: Step) -> bool:
        return step == trace.steps[0]

    class Nameless:
        def __call__(self, step: Step) -> bool:
            return step == trace.steps[0]

    assert trace.break_at(first).text == "first"
    assert trace.break_at(Nameless()).text == "a condition"


def test_at_an_operation() -> None:
    # u = b * c, J = 3 * v, and what they pass on; the seed is not of J's operation.
    assert stops(course(), "mul") == [1, 3, 5, 8]
    assert stops(course(), " add ") == [2, 6, 7]
    assert stops(course(), "exp") == []


def test_at_a_node_or_gradient() -> None:
    assert stops(course(), "u") == [1, 7]
    assert stops(course(), "du") == stops(course(), "dJ/du") == [7]
    trace = course()
    assert stops(trace, trace.node("u")) == [1, 7]


def test_at_a_function_of_a_step() -> None:
    assert stops(course(), lambda step: isinstance(step, Contribute) and step.local == 1) == [6, 7]


def test_a_node_comes_before_an_operation_or_condition_of_its_name() -> None:
    total, test = Value(2, "sum"), Value(3, "isnan")
    trace = Trace((total * test).tanh())
    assert stops(trace, "sum") == [5]
    assert stops(trace, "dsum") == [5]
    trace.break_at("isnan")
    trace.goto(5)
    assert trace.resume() == trace.steps[5]


def test_a_gradient_comes_before_a_node_that_is_labelled_alike() -> None:
    a, da = Value(2, "a"), Value(3, "da")
    assert stops(Trace(a.tanh() * da), "da") == [5]
    assert stops(Trace(a.tanh() * da), "dda") == [5]
    assert stops(Trace((a * 2).tanh() * da), "dJ/da") == []  # the very last step


@pytest.mark.parametrize(
    "what", ["", "q", "abs(grad > 5", "grad > ", "grad => 5", "5 < grad", "abs > 5", "grad > 1 2", "is nan"]
)
def test_a_text_without_a_meaning_is_refused(what: str) -> None:
    trace = course()
    with pytest.raises(KeyError) as caught:
        trace.break_at(what)
    told = caught.value.args[0]
    assert told.startswith(
        f"no node is called {what.strip()!r}; there are a, b, c, u, v, J. A breakpoint may also be"
    )
    assert told.endswith(
        "a gradient such as dJ/dJ, an operation such as mul, or a condition such as abs(grad) > 5, "
        "data < 0 or isnan"
    )
    assert trace.breakpoints == []


def test_neither_text_nor_node_nor_function_is_refused() -> None:
    trace = course()
    with pytest.raises(TypeError, match=r"^a Value is wanted here, not the float 5"):
        trace.break_at(5.0)  # type: ignore[arg-type]  # that it is refused is what is tested
    with pytest.raises(KeyError, match="not a node of this graph"):
        trace.break_at(Value(1))
    assert trace.breakpoints == []


# Conditions. What the steps of `course` write, by position: data 6, 11, 33; gradients 1, 3, 3, 3, 6, and 9


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("grad > 3", [8]),
        ("grad >= 3", [5, 6, 7, 8]),
        ("grad < 3", [4]),
        ("grad <= 3", [4, 5, 6, 7]),
        ("grad == 6", [8]),
        ("grad != 3", [4, 8]),
        ("data > 6", [2, 3]),
        ("data==33", [3]),
        (" data\t>  1.1e1 ", [3]),
        ("data > 1.E1", [2, 3]),
        ("data > .5e+1", [1, 2, 3]),
        ("data > 0.6", [1, 2, 3]),
        ("data > - 10", [1, 2, 3]),
        ("data > +10", [2, 3]),
        ("grad < inf", [4, 5, 6, 7, 8]),
        ("grad > -inf", [4, 5, 6, 7, 8]),
        ("abs(grad) > 5", [8]),
        ("abs ( data ) > 5.5", [1, 2, 3]),
        ("isnan", []),
        ("isinf(data)", []),
    ],
)
def test_conditions(condition: str, expected: list[int]) -> None:
    assert stops(course(), condition) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("data < 0", [1, 2]),
        ("data > 0", []),
        ("abs(data) > 0", [1, 2]),
        ("abs(data) > 10", [2]),
        ("grad < 0", [5]),
        ("grad >= 8", []),
        ("abs(grad) >= 8", [5]),
        ("abs(grad) == 8", [5]),
        ("grad == - 8", [5]),
    ],
)
def test_conditions_on_negative_numbers(condition: str, expected: list[int]) -> None:
    x, y = Value(2, "x"), Value(2, "y")
    # u = -8, J = -16, dJ = 1, du = 2, dy = -8, and dx = -8 at the end.
    assert stops(Trace((x * -4) * y), condition) == expected


def test_is_nan_and_is_infinite() -> None:
    x, y = Value(math.inf, "x"), Value(0.0, "y")
    # u and J are NaN, dJ is 1, du, dx and dy NaN.
    undefined = Trace((x * y).tanh())
    assert stops(undefined, "isnan") == [1, 2, 4, 5]
    assert stops(undefined, "isnan(data)") == [1, 2]
    assert stops(undefined, "isnan ( grad )") == [4, 5]
    assert stops(undefined, "isinf") == []
    # u is infinite, J is 1.
    large = Trace((x + 1).tanh())
    assert stops(large, "isinf") == stops(large, "isinf(data)") == [1]
    assert stops(large, "isinf(grad)") == []
    # u and J are 0, dJ is 1, du and dy infinite.
    steep = Trace((y * 1).sqrt())
    assert stops(steep, "isinf") == stops(steep, "isinf(grad)") == [4]
    assert stops(steep, "isinf(data)") == []


# Watches


def test_watches() -> None:
    trace = course()
    assert trace.watched() == []
    assert trace.watch("u") is trace.node("u")
    assert trace.watch(trace.root) is trace.root
    trace.watch("u")
    assert trace.watches == [trace.node("u"), trace.root]
    assert trace.watched() == ["u = ?, du = ?", "J = ?, dJ = ?"]
    trace.until("v")
    assert trace.watched() == ["u = 6, du = ?", "J = ?, dJ = ?"]
    trace.end()
    assert trace.watched() == ["u = 6, du = 3", "J = 33, dJ = 1"]


def test_only_nodes_of_the_graph_are_watched() -> None:
    trace = course()
    for wrong in ("q", Value(1), trace.root.operands[0]):
        with pytest.raises(KeyError):
            trace.watch(wrong)
    assert trace.watches == []


# Reasons; more on them in test_explain and test_gradcheck


def test_why_marks_what_is_not_on_paper_yet() -> None:
    x = Value(3, "x")
    trace = Trace(x * x)
    assert str(trace.why("x")).count("(not added yet)") == 2
    trace.until("dx")
    reason = trace.why(x)
    assert (reason.done, len(reason.terms), reason.gradient) == (1, 2, 6)
    first, second = (line for line in str(reason).splitlines() if line.startswith("  dJ/dJ"))
    assert not first.endswith("(not added yet)")
    assert second.endswith("(not added yet)")
    trace.end()
    assert "(not added yet)" not in str(trace.why(x))


def test_why_of_the_result_is_done_with_the_seed() -> None:
    trace = course()
    trace.goto(3)
    assert trace.why("J").done == 0
    trace.next()
    assert trace.why("J").done == 1


def test_ten_paths_are_shown_unless_more_are_wanted() -> None:
    y = x = Value(1.0, "x")
    for _ in range(4):
        y = y + y
    assert len(Trace(y).paths(x).largest) == 10
    assert len(Trace(y).paths(x, 16).largest) == 16


def test_reasons_by_name_and_by_node() -> None:
    trace = course()
    b = trace.node("b")
    assert str(trace.why("b")) == str(trace.why(b))
    assert trace.paths("b").total == trace.paths(b).total == 6
    assert trace.paths("b", limit=0).largest == ()
    assert trace.nudge(b).after == trace.nudge("b").after
    assert trace.nudge("b").after == pytest.approx(33.006, abs=1e-12)
    assert trace.nudge("b", 1.0).after == 39
    assert trace.check().ok
    with pytest.raises(KeyError):
        trace.nudge("q")
