"""What a small change of one number does to the result, beside what its derivative says."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.nudge import nudge
from micrograd_dl.notation.kinks import kinks_between
from micrograd_dl.testing import Graph, graphs


def course() -> tuple[Value, Value, Value, Value]:
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    return 3 * (a + b * c), a, b, c


@pytest.mark.parametrize(("name", "after"), [("a", 33.003), ("b", 33.006), ("c", 33.009)])
def test_nudges_of_the_course(name: str, after: float) -> None:
    J, *leaves = course()
    leaf = next(leaf for leaf in leaves if leaf.label == name)
    found = nudge(J, leaf)
    assert found.before == 33
    assert found.after == pytest.approx(after, abs=1e-12)
    assert found.ratio == pytest.approx(found.derivative)
    assert [J.data, *(leaf.data for leaf in leaves)] == [33, 5, 3, 2]


def test_a_nudge_in_words() -> None:
    J, _, b, _ = course()
    found = nudge(J, b)
    first, second, *table = str(found).splitlines()
    assert first == "b: 3 -> 3.001 gives u = 6.002, v = 11.002, J = 33.006"
    assert second == "ratio (33.006 - 33) / 0.001 = 6, dJ/db = 6"
    assert table[0].split() == ["h:", *(f"1e-0{i}" for i in range(1, 9))]


def test_the_error_shrinks_with_h_until_rounding_grows() -> None:
    x = Value(1.0, "x")
    errors = dict(nudge(x**3, x, 0.5).errors)
    assert list(errors) == [0.5, *(10.0**-i for i in range(1, 9))]
    for h in (0.5, 0.1, 0.01, 0.001, 1e-4):
        assert errors[h] == pytest.approx(3 * h + h * h, rel=1e-6)


def test_a_nudge_that_is_lost() -> None:
    J, a, *_ = course()
    found = nudge(J, a, 1e-20)
    assert (found.after, found.ratio, found.changed) == (33, 0, ())
    assert str(found).splitlines()[-1] == "Warning: of doubles, 5 + 1e-20 is 5; take a larger h."
    assert "Warning" not in str(nudge(J, a, 1e-10))


def test_a_nudge_of_a_node_between_and_of_the_result() -> None:
    J, *_ = course()
    v = J.operands[1]
    found = nudge(J, v, 1.0)
    assert (found.after, found.ratio, found.derivative) == (36, 3, 3)
    assert nudge(J, Value(1, "other")).derivative == 0
    found = nudge(J, J, 1.0)
    assert (found.after, found.derivative) == (34, 1)


@pytest.mark.parametrize("h", [0.0, -0.0, math.inf, -math.inf, math.nan])
def test_a_nudge_is_a_number_other_than_zero(h: float) -> None:
    J, a, *_ = course()
    with pytest.raises(ValueError, match=r"a nudge is a small number other than 0, such as 0.001; not "):
        nudge(J, a, h)


def test_an_undefined_point_is_refused_beside_the_table() -> None:
    x, y = Value(0.005, "x"), Value(1.0, "y")
    with pytest.raises(ValueError, match=r"log\(x\) is not defined at x = -0.995"):
        nudge(x.log(), x, -1.0)
    with pytest.raises(ZeroDivisionError):
        nudge(x / y, y, -1.0)
    errors = dict(nudge(x.log(), x, -0.001).errors)
    assert {h: math.isnan(error) for h, error in list(errors.items())[:3]} == {
        -0.1: True,
        -0.01: True,
        -0.001: False,
    }


@pytest.mark.parametrize(
    ("at", "h", "warned"),
    [
        (0.5, 0.1, False), (0.5, -0.5, True), (0.5, -1.0, True), (0.0, 1.0, True), (0.0, -1.0, True),
        (-0.5, 0.1, False), (-0.5, 0.5, True), (-0.5, 1.0, True),
    ],
)  # fmt: skip
def test_a_kink_is_warned_of(at: float, h: float, warned: bool) -> None:
    x = Value(at, "x")
    found = nudge((x * 1).relu(), x, h)
    assert (found.kinks != ()) == warned
    warning = "Warning: a kink lies within the nudge, at J = relu(u); the ratio depends on the side."
    assert (str(found).splitlines()[-1] == warning) == warned


def test_nan_is_no_kink() -> None:
    x, y = Value(1.0, "x"), Value(math.nan, "y")
    assert nudge((x * y).relu() + x, x).kinks == ()
    assert nudge(ops.maximum(x, x) + y, x).kinks == ()  # it moves along with the kink
    order = topological_order(x.relu())
    for here_, there in ((0.0, math.nan), (math.nan, 1.0), (math.nan, -1.0), (math.nan, math.nan)):
        assert kinks_between(order, {x: here_}, {x: there}) == ()


@given(graphs(), st.data())
def test_a_nudge_is_the_graph_at_the_other_point(graph: Graph, data: st.DataObject) -> None:
    index = data.draw(st.sampled_from(range(len(graph.leaves))))
    h = data.draw(st.sampled_from([0.01, -0.01, 1e-6]))
    moved = [x + h * (i == index) for i, x in enumerate(graph.numbers)]
    found = nudge(graph.root, graph.leaves[index], h)
    assert found.after == graph(*moved)
    assert found.derivative == grad(graph.root, [graph.leaves[index]])[0]
    again = topological_order(Graph(moved, graph.program).root)
    there = dict(found.changed)
    for node, other in zip(topological_order(graph.root), again, strict=True):
        if node is not graph.leaves[index]:
            assert there.get(node, node.data) == other.data
