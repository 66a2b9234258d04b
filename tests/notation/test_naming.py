"""Names are unique and short, whatever the labels are."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl import Trace, check, why
from micrograd_dl.engine import ops
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.naming import name_values, unique_names
from micrograd_dl.testing import Graph, graphs

HOSTILE = [
    "", "J", "a", "a_2", "da", "dJ/da", "a b", "two\nlines", "\x00\x1b[31m", "😀", "名字", "x" * 10_000,
    "3", "`", "a`b", "`a b`", "x[1]", "\\", "{}$%#_^~&", "<script>", "ﬁ", "fi", "\ud800", "\u200b",
    "\u2028",
]  # fmt: skip


def names(root: Value) -> list[str]:
    return list(unique_names(topological_order(root)).values())


def chain(length: int) -> Value:
    x = Value(1.0)
    for _ in range(length):
        x = x.tanh()
    return x


def test_seven_letters_then_numbers() -> None:
    assert names(chain(8)) == ["x", "u", "v", "p", "q", "r", "s", "t", "J"]
    assert names(chain(9)) == ["x", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "J"]


def test_the_result_is_called_j_unless_that_is_taken_or_it_has_a_label() -> None:
    assert names(Value(1, "J") * 2) == ["J", "J1"]
    assert names(Value(1, "J") * Value(1, "J1")) == ["J", "J1", "J2"]
    loss = Value(1, "a") * 2
    loss.label = "L"
    assert names(loss) == ["a", "L"]


def test_equal_labels_are_numbered() -> None:
    assert names(ops.sum(Value(1, "é"), Value(2, "e\u0301"))) == ["é", "é_2", "J"]
    assert names(ops.sum(*(Value(1, "w") for _ in range(20_000))))[-2] == "w_20000"
    assert names(ops.sum(Value(1, "w"), Value(2, "w"), Value(3, "w"))) == ["w", "w_2", "w_3", "J"]


@st.composite
def labelled(draw: st.DrawFn) -> Graph:
    graph = draw(graphs(max_results=6))
    for node in topological_order(graph.root):
        node.label = draw(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=5)))
    return graph


@given(labelled())
def test_names_are_unique_short_and_on_one_line(graph: Graph) -> None:
    order = topological_order(graph.root)
    named = unique_names(order)
    assert list(named) == [node for node in order if not node.is_constant]
    assert len(set(named.values())) == len(named)
    for name in named.values():
        assert name
        assert name.isprintable()
        assert len(name) <= 70


def test_name_values_reads_the_callers_variables() -> None:
    a, b = Value(1), Value(2)
    J = a * b
    name_values()
    assert (a.label, b.label, J.label) == ("a", "b", "J")


def test_labels_that_are_there_and_the_first_of_two_names_stay() -> None:
    a, b, hidden, three = Value(1, "alpha"), Value(1), Value(1), Value.constant(3)
    name_values({})
    name_values({"a": a, "_": b, "first": b, "second": b, "_hidden": hidden, "three": three, "text": "abc"})
    assert [x.label for x in (a, b, hidden, three)] == ["alpha", "first", "", ""]


def test_sequences_are_numbered_from_one() -> None:
    w, pair = [Value(1), 2.0, Value(3)], (Value(4),)
    name_values({"w": w, "b": pair})
    assert [x.label for x in w if isinstance(x, Value)] == ["w1", "w3"]
    assert pair[0].label == "b1"


PROGRAM = """
a, b = Value(2.0), Value(3.0, "beta")
inner = a * b
_hidden, loss = inner + 1, inner.tanh()
again = loss
trace, found, verdict = Trace(loss), why(loss, a), check(loss)
def function(result): return Trace(result)
other = function(loss)
"""


def test_what_has_no_label_is_called_by_its_variable() -> None:
    """That of the notebook or script; labels come first, nothing is written on the graph."""
    program: dict[str, Any] = {"Value": Value, "Trace": Trace, "why": why, "check": check}
    exec(compile(PROGRAM, "program", "exec"), program)
    assert list(program["trace"].notation.names.values()) == ["a", "beta", "inner", "loss"]
    assert str(program["found"]).startswith("dloss/da = ")
    assert "dloss/da" in str(program["verdict"])
    assert list(program["other"].notation.names.values()) == ["x", "beta", "u", "J"]
    program["b"].label = "loss"
    exec("taken = Trace(loss)", program)
    assert list(program["taken"].notation.names.values()) == ["a", "loss", "inner", "J"]
    assert program["loss"].label == ""
