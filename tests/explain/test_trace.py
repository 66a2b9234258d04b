"""A walk shows at every position what a person doing backprop by hand would have on paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.forward import recompute
from micrograd_dl.notation.steps import Evaluate, Step, Walk
from micrograd_dl.testing import Graph, graphs, numbers


def course() -> tuple[Trace, dict[str, Value]]:
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    trace = Trace(3 * (a + b * c))
    return trace, {name: trace.node(name) for name in "abcuvJ"}


SENTENCES = [
    "u = b * c = 3 * 2 = 6",
    "v = a + u = 5 + 6 = 11",
    "J = 3 * v = 3 * 11 = 33",
    "dJ = dJ/dJ = 1",
    "dv += dJ/dJ * dJ/dv = 1 * 3 = 3   (dv: 0 -> 3)",
    "da += dJ/dv * dv/da = 3 * 1 = 3   (da: 0 -> 3)",
    "du += dJ/dv * dv/du = 3 * 1 = 3   (du: 0 -> 3)",
    "db += dJ/du * du/db = 3 * 2 = 6   (db: 0 -> 6)",
    "dc += dJ/du * du/dc = 3 * 3 = 9   (dc: 0 -> 9)",
]


def test_the_courses_sentences() -> None:
    assert [str(step) for step in course()[0]] == SENTENCES


Paper = tuple[dict[Value, float], dict[Value, float], dict[Value, int]]


def on_paper(trace: Trace) -> Iterator[Paper]:
    """Data, gradients, and how many terms each gradient still lacks, at each position; by hand."""
    order = trace.order
    data = {node: node.data for node in order if not node.operands}
    grads: dict[Value, float] = {}
    lacking = {node: sum(user.operands.count(node) for user in order) for node in order}
    lacking[trace.root] = 1
    yield dict(data), dict(grads), dict(lacking)
    for node in order:
        if node.operands:
            assert node.op is not None
            data[node] = node.op.forward(*(data[p] for p in node.operands))
            yield dict(data), dict(grads), dict(lacking)
    grads[trace.root] = trace.seed
    lacking[trace.root] = 0
    yield dict(data), dict(grads), dict(lacking)
    for node in reversed(order):
        for index, parent in enumerate(node.operands):
            if not parent.is_constant:
                assert node.op is not None
                slope = node.op.local(index, data[node], [data[p] for p in node.operands])
                grads[parent] = grads.get(parent, 0.0) + grads[node] * slope
                lacking[parent] -= 1
                yield dict(data), dict(grads), dict(lacking)


def assert_shows(trace: Trace, state: Paper) -> None:
    data, grads, lacking = state
    for node in trace.order:
        assert trace.data(node) == data.get(node)
        assert trace.grad(node) == grads.get(node)
        assert trace.finished(node) == (not node.is_constant and lacking[node] == 0)


@given(graphs(), st.sampled_from([1.0, -2.5]), st.data())
def test_every_position_of_every_walk(graph: Graph, seed: float, data: st.DataObject) -> None:
    trace = Trace(graph.root, seed=seed)
    states = list(on_paper(trace))
    assert len(states) == len(trace) + 1
    for position, state in enumerate(states):
        assert trace.position == position
        assert_shows(trace, state)
        trace.next()
    for state in reversed(states):
        assert_shows(trace, state)
        trace.back()
    assert trace.position == 0
    for position in data.draw(st.lists(st.integers(0, len(trace)), max_size=5)):
        trace.goto(position)
        assert_shows(trace, states[position])


def test_goto() -> None:
    trace, _ = course()
    for position in (-1, 10, 1_000):
        with pytest.raises(IndexError, match=rf"^the walk has 9 steps: go to 0 \.\.\. 9, not {position}"):
            trace.goto(position)
    with pytest.raises(TypeError, match="float"):
        trace.goto(1.5)  # type: ignore[arg-type]  # on purpose
    assert trace.position == 0
    assert (trace.current, trace.back(), trace.upcoming) == (None, None, trace.steps[0])
    assert (trace.next(), trace.current, trace.position) == (trace.steps[0], trace.steps[0], 1)
    assert trace.goto(9) == trace.end() == trace.current == trace.steps[8]
    assert (trace.next(), trace.upcoming, trace.position) == (None, None, 9)
    assert trace.back() == trace.steps[8]
    assert trace.goto(0) is None


def test_no_move_looks_through_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    y = x = Value(0.5, "x")
    for _ in range(100):
        y = (y + x).tanh()
    trace, made, make = Trace(y), [0], Walk._step

    def counted(walk: Walk, at: int) -> Step:
        made[0] += 1
        return make(walk, at)

    monkeypatch.setattr(Walk, "_step", counted)
    for move in (trace.next, trace.back, trace.end, trace.start, lambda: trace.goto(250)):
        made[0] = 0
        move()
        assert (trace.data(x), trace.finished(x)) == (0.5, trace.position == len(trace))
        trace.grad(x), trace.grad(y), trace.data(y)
        assert made[0] <= 4


def test_sentences_on_thousands_of_operands_stay_readable() -> None:
    trace = Trace(ops.sum(*(Value(i, f"a{i}") for i in range(2_000))))
    assert max(len(str(step)) for step in trace) < 400
    assert max(len(step.latex()) for step in trace) < 1_200
    assert len(str(trace.why("J"))) < 400


def test_a_leaf_or_a_constant_is_a_walk_of_one_step() -> None:
    constant = Trace(Value.constant(3))
    assert str(constant.why("J")).splitlines()[:2] == ["dJ/dJ = 1: backprop begins here", "J = 3, a constant"]
    x = Value(3, "x")
    trace = Trace(x)
    assert [str(step) for step in trace] == ["dx = dx/dx = 1"]
    assert (trace.data(x), trace.grad(x), trace.finished(x)) == (3, None, False)
    trace.next()
    assert (trace.grad(x), trace.finished(x)) == (1, True)


def test_what_is_on_paper_is_asked_by_name_too() -> None:
    trace, node = course()
    trace.goto(7)
    three, asked = node["J"].operands[0], (trace.data, trace.grad, trace.finished)
    assert [ask(three) for ask in asked] == [3, None, False]
    for ask in asked:
        assert [ask(name) for name in node] == [ask(node[name]) for name in node]
        for stranger in ("w", "", "db", Value(1, "a")):
            with pytest.raises(KeyError):
                ask(stranger)
        with pytest.raises(TypeError, match="a Value is wanted here"):
            ask(None)  # type: ignore[arg-type]  # that it is refused is what is tested


def test_what_cannot_be_walked() -> None:
    a, wrong = Value(2, "a"), [1]
    J = a * 3
    a.data = 5
    for argument in (J, wrong):
        with pytest.raises((RuntimeError, TypeError), match=r"recompute|a Value is wanted here"):
            Trace(argument)  # type: ignore[arg-type]  # that it is refused is what is tested


def test_data_changed_after_it_does_not_mix() -> None:
    trace, node = course()
    trace.end()
    why, paths, nudge = str(trace.why("a")), trace.paths("b"), trace.nudge("c")
    shown = str(paths), str(nudge)
    node["a"].data, node["c"].data = 50, 70
    recompute(trace.root)
    assert [str(step) for step in trace] == SENTENCES
    assert str(trace.why("a")) == why
    assert (str(paths), str(nudge)) == shown
    assert trace.data(node["a"]) == 5


def test_set_recomputes_and_the_cursor_stays() -> None:
    trace, node = course()
    with pytest.raises(ValueError, match=r"u is computed, b \* c: set one of the leaves instead"):
        trace.set("u", 1)
    for wrong in ("q", node["J"].operands[0]):
        with pytest.raises(KeyError):
            trace.set(wrong, 1)
    trace.watch("b")
    trace.break_at("db")
    trace.resume()
    position = trace.position
    trace.set("c", 7)
    assert trace.position == position
    assert str(trace.current) == "db += dJ/du * du/db = 3 * 7 = 21   (db: 0 -> 21)"
    assert (trace.data(node["J"]), trace.grad(node["b"]), trace.grad(node["c"])) == (78, 21, None)
    assert (node["J"].data, node["c"].data) == (78, 7)
    assert trace.watched() == ["b = 3, db = 21"]
    trace.set(node["c"], 2)
    assert [str(step) for step in trace] == SENTENCES


@pytest.mark.parametrize(
    ("data", "error"),
    [(-1.0, ValueError), (0.0, ZeroDivisionError), ("4", TypeError), (10**400, OverflowError)],
)
def test_a_set_that_fails_changes_nothing(data: Any, error: type[Exception]) -> None:
    x, y = Value(4, "x"), Value(2, "y")
    trace = Trace(y / x.sqrt() + y)
    trace.goto(3)
    steps, before = trace.steps, [node.data for node in trace.order]
    with pytest.raises(error):
        trace.set("x", data)
    assert [node.data for node in trace.order] == before
    assert trace.steps is steps
    assert trace.position == 3
    assert trace.check().ok


@given(graphs(), st.data())
def test_set_is_a_walk_of_the_graph_at_the_new_point(graph: Graph, data: st.DataObject) -> None:
    trace = Trace(graph.root)
    leaf = data.draw(st.sampled_from(graph.leaves))
    x = data.draw(numbers())
    try:
        trace.set(leaf, x)
    except (ValueError, ZeroDivisionError):
        assert [leaf.data for leaf in graph.leaves] == list(graph.numbers)
    moved = [leaf.data for leaf in graph.leaves]
    again = Graph(moved, graph.program)
    assert [repr(step.value) for step in trace if isinstance(step, Evaluate)] == [
        repr(step.value) for step in Trace(again.root) if isinstance(step, Evaluate)
    ]
    trace.end()
    # Compared as text, since NaN is no number's equal.
    assert repr([trace.grad(leaf) for leaf in graph.leaves]) == repr(grad(again.root, again.leaves))
