from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine import ops
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.foundation.text import columns
from micrograd_dl.notation.expression import parse
from viz import text


@st.composite
def graphs(draw: st.DrawFn) -> Value:
    """A graph of sums and products whose operands are any earlier nodes, so that nodes are shared."""
    nodes = [Value(1.5, "a"), Value(-2.0, "宽"), Value(0.5)]
    for _ in range(draw(st.integers(1, 25))):
        left, right = (nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(2))
        nodes.append(draw(st.sampled_from([ops.add, ops.mul, ops.maximum]))(left, right))
    return nodes[-1]


def test_at_the_end() -> None:
    trace = Trace(parse("u = b*c; v = a + u; J = 3*v", a=5, b=3, c=2))
    trace.end()
    assert text(trace) == (
        "   J = 3 * v         33   dJ = 1\n"
        "   └─ v = a + u      11   dv = 3\n"
        "      ├─ a            5   da = 3\n"
        "      └─ u = b * c    6   du = 3\n"
        "         ├─ b         3   db = 6\n"
        "->       └─ c         2   dc = 9"
    )


def test_each_use_of_a_shared_node_is_marked_on_its_own_edge() -> None:
    trace = Trace(parse("x*x + x", x=3))
    trace.until("dx")
    assert text(trace) == (
        "   J = u + x          12   dJ = 1\n"
        "   ├─ u = x * x        9   du = 1\n"
        "   │  ├─ x (3 uses)    3   dx = 1 so far\n"
        "   │  └─ x ↑ drawn above\n"
        "-> └─ x ↑ drawn above"
    )
    trace.end()
    assert "-> │  └─ x ↑ drawn above" in text(trace).splitlines()


def test_a_single_leaf_and_a_number() -> None:
    assert text(Trace(Value(3, "x"))) == "   x   3"
    assert text(Trace(Value.constant(3))).endswith("3")


def test_an_outline_says_so() -> None:
    node = Value(0)
    for _ in range(20_000):
        node = node + 1
    assert text(Trace(node)).endswith(" of 20,001 nodes, those nearest to J.")
    assert "↓ 992 more" in text(Trace(ops.sum(*[Value(i) for i in range(1000)]))).splitlines()[0]


@given(graphs(), st.integers(20, 120), st.integers(8, 40), st.data())
def test_any_graph_fits(root: Value, width: int, limit: int, data: st.DataObject) -> None:
    trace = Trace(root)
    trace.goto(data.draw(st.integers(0, len(trace))))
    lines = text(trace, width, limit).splitlines()
    assert all(columns(line) <= width for line in lines)
    # Kinks, that it is an outline, and one line more for each branch that goes on at the margin.
    assert len([line for line in lines if "↓ below" not in line]) <= limit + 5


@given(graphs(), st.integers(70, 120))
def test_every_node_is_drawn_exactly_once(root: Value, width: int) -> None:
    trace = Trace(root)
    lines = text(trace, width, limit=1000).splitlines()
    drawn = [line.lstrip("->│├└─ ").split()[0] for line in lines if not re.search("[↑↓]|^\\(", line)]
    assert sorted(drawn) == sorted(trace.notation.names.values())


def test_a_deep_branch_goes_on_at_the_margin() -> None:
    x = Value(0.5, "x")
    for _ in range(40):
        x = x.tanh()
    lines = text(x, width=80).splitlines()
    assert len(lines) == 41 + sum("↓" in line for line in lines)
    assert not any("…" in line or "left out" in line for line in lines)
    parts = [line for line in lines if not line.startswith(" ")]
    assert [line.split()[0] for line in parts if "└" not in line] == ["J", "u26", "u12"]


def test_long_formulas_are_cut_at_operators() -> None:
    root = ops.sum(*[Value(i, f"a long name {i}") for i in range(9)])
    first = text(root * 1, width=60).splitlines()[1]
    assert first.split("   ")[0] == "└─ u = `a long name 0` + `a long name 1` + …"
    below = text(root * 1, limit=5, below=root).splitlines()
    assert below[0].startswith("u = ")
    assert below[-1] == "An outline: 1 of 10 nodes, those nearest to u."


@given(graphs(), st.data())
def test_exactly_the_last_step_is_marked(root: Value, data: st.DataObject) -> None:
    trace = Trace(root)
    trace.goto(data.draw(st.integers(0, len(trace))))
    marked = [line for line in text(trace, width=300, limit=1000).splitlines() if line.startswith("->")]
    assert len(marked) == (trace.position > 0)


def test_kinks_are_said_below_the_tree() -> None:
    trace = Trace(Value(0.0, "z").relu())
    assert "kink" not in text(trace)
    trace.end()
    assert text(trace).splitlines()[-1] == "(z = 0 is a kink: the slope of the right side, 1, is taken)"


def test_in_a_narrow_text_numbers_are_worth_more_than_their_names() -> None:
    chain = Value(1.0, "x")
    for _ in range(30):
        chain = (chain * 1.01 + 0.1).tanh()
    chain.backward()
    grads = [line.split()[-1] for line in text(chain, width=40, limit=12).splitlines() if "0." in line]
    assert len(grads) > 8
    assert not any("=" in grad or "…" in grad for grad in grads)
