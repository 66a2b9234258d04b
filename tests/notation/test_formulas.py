"""How a graph is written. Above all: within one graph, no symbol has two meanings."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.numbers import exact
from micrograd_dl.notation.steps import Contribute, Walk
from micrograd_dl.testing import Graph, graphs

TRAPS = [
    "", "a", "da", "J", "dJ", "dJ/da", "x", "x[1]", "x[2]", "(x)", "x1", "x_1", "x_", "L", "d", "a b",
    "`a b`", "a a`/d`b b", "b b`/d`c c", "a a", "c c", "{", r"\{", "}$", "ab", "ab_1", "ab1", "名", "😀",
    "∂u/∂x",
]  # fmt: skip


def notation(root: Value) -> Notation:
    return Notation(topological_order(root))


def variables(*labels: str) -> list[Value]:
    return [Value(position, label) for position, label in enumerate(labels, 2)]


@st.composite
def labelled(draw: st.DrawFn) -> Graph:
    graph = draw(graphs(max_results=6))
    for node in topological_order(graph.root):
        node.label = draw(st.one_of(st.sampled_from(TRAPS), st.text(max_size=3)))
    return graph


@given(st.floats())
def test_exact_reads_back_to_the_same_double(x: float) -> None:
    assert repr(float(eval(exact(x)))) == repr(x)


def test_the_refusal_is_short_for_long_names_and_large_graphs() -> None:
    few = ops.sum(*variables(*(f"a{i}" for i in range(19))))
    with pytest.raises(KeyError, match=r"a18, J\"$"):
        notation(few).node("q")
    many = ops.sum(*variables(*(f"a{i}" for i in range(5_000))))
    with pytest.raises(KeyError, match=r"a18, a19 and 4,981 more\"$") as caught:
        notation(many).node("q" * 10_000)
    assert len(str(caught.value)) < 300


def test_a_node_named_like_a_gradient_makes_that_one_be_written_in_full() -> None:
    a, da = variables("a", "da")
    write = notation(a * da)
    assert [write.gradient(a), write.gradient(da)] == ["dJ/da", "dda"]


def test_with_a_seed_the_result_is_a_part_of_something_else() -> None:
    a, L = variables("a", "L")
    J = a * 3
    write = Notation(topological_order(J), seeded=True)
    assert [write.total(J), write.gradient(a), write.local(J, 0)] == ["dL/dJ", "da", "dJ/da"]
    assert write.latex_total(a) == r"\frac{dL}{da}"
    assert Notation(topological_order(L * a), seeded=True).latex_total(L) == r"\frac{dL_{1}}{dL}"


@pytest.mark.parametrize("operation", ops.TABLE.values(), ids=lambda operation: operation.name)
def test_every_operation_has_formulas_of_its_derivatives_that_are_right(operation: Operation) -> None:
    count = operation.arity or (4 if operation is ops.dot else 3)
    numbers = [0.5, 0.75, 1.25, 1.5][:count]
    nodes = [Value(x, f"x{i}") for i, x in enumerate(numbers)]
    J = operation(*nodes)
    known = {f"x{i}": x for i, x in enumerate(numbers)} | ops.TABLE | {"J": J.data}
    for index, slope in enumerate(J.slopes):
        assert eval(notation(J).local_formula(J, index), known) == slope


def meanings(root: Value, write: Notation, symbols: dict[str, Any]) -> dict[str, Any]:
    """Each symbol that stands in a sentence, and what it stands for; it fails where that is not one thing."""
    found: dict[str, Any] = {}

    def means(symbol: str, *meaning: object) -> None:
        assert found.setdefault(symbol, meaning) == meaning, symbol

    for node in write.names:
        means(symbols["name"](node), node)
        means(symbols["total"](node), "derivative", root, node)
        if "gradient" in symbols:
            means(symbols["gradient"](node), "derivative", root, node)
        for index, parent in enumerate(node.operands):
            if parent.is_constant:
                continue
            symbol = symbols["local"](node, index)
            if symbol.startswith(("∂", r"\frac{\partial", r"\left.")):
                others = node.operands.count(parent) > 1
                means(symbol, "partial", node, parent, node.operands[:index].count(parent) if others else -1)
            else:
                means(symbol, "derivative", node, parent)
                assert grad(node, [parent]) == [node.slopes[index]]
    return found


@given(labelled(), st.booleans())
def test_no_symbol_has_two_meanings(graph: Graph, seeded: bool) -> None:
    write, root = Notation(topological_order(graph.root), seeded=seeded), Value(0) if seeded else graph.root
    symbols: dict[str, Any] = {
        "name": write.name,
        "total": write.total,
        "gradient": write.gradient,
        "local": write.local,
    }
    meanings(root, write, symbols)
    symbols = {"name": write.latex_name, "total": write.latex_total, "local": write.latex_local}
    for symbol in meanings(root, write, symbols):
        unescaped = symbol.replace(r"\{", "").replace(r"\}", "")
        assert unescaped.count("{") == unescaped.count("}")
        assert not re.search(r"(?<!\\)[$%#&~]", unescaped)


@given(labelled())
def test_sentences_are_made_of_these_symbols_and_their_numbers(graph: Graph) -> None:
    order = topological_order(graph.root)
    write = Notation(order)
    values: dict[str, float] = {}
    for step in Walk(order, write):
        if isinstance(step, Contribute):
            total, local = write.total(step.node), write.local(step.node, step.index)
            assert str(step).startswith(f"{write.gradient(step.operand)} += {total} * {local} = ")
            assert values.setdefault(total, step.upstream) == step.upstream
            assert values.setdefault(local, step.local) == step.local


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b", ("b", False)), (" b ", ("b", False)), ("b.data", ("b", False)), ("db", ("b", True)),
        ("dJ/db", ("b", True)), ("b.grad", ("b", True)), ("da", ("da", False)), ("dJ/da", ("a", True)),
        ("w[1]", ("w[1]", False)), ("dw[1]", ("w[1]", True)), ("two words", ("two words", False)),
        ("`two words`", ("two words", False)), ("é", ("é", False)), ("e\u0301", ("é", False)),
        ("de\u0301", ("é", True)), ("`dJ/db`", ("dJ/db", False)), ("ａ", ("a", False)),
    ],
)  # fmt: skip
def test_a_text_means_a_node_or_a_gradient(text: str, expected: tuple[str, bool]) -> None:
    nodes = {label: Value(1, label) for label in ("a", "b", "da", "w[1]", "two words", "é", "dJ/db")}
    write = notation(ops.sum(*nodes.values()))
    label, is_gradient = expected
    assert write.find(text) == (nodes[label], is_gradient)
    if is_gradient:
        with pytest.raises(KeyError, match="is the gradient of "):
            write.node(text)
    else:
        assert write.node(text) is nodes[label]


@pytest.mark.parametrize("text", ["", "z", "dz", "dJ/dz", "dJ/du", "z.grad", "b.grads", "b + c", "3", "d"])
def test_a_text_that_means_neither_is_refused(text: str) -> None:
    a, b = variables("a", "b")
    with pytest.raises(KeyError, match=r"no node is called .*; there are a, b, J\"$"):
        notation(a * b).find(text)


@given(labelled(), st.booleans())
def test_every_symbol_that_is_printed_is_understood(graph: Graph, seeded: bool) -> None:
    write = Notation(topological_order(graph.root), seeded=seeded)
    for node in write.names:
        assert write.find(write.name(node)) == (node, False)
        assert write.find(write.gradient(node)) == write.find(write.total(node)) == (node, True)


@pytest.mark.parametrize(
    ("label", "latex"),
    [
        ("a", "a"), ("w1", "w_{1}"), ("w_12", "w_{12}"), ("loss", r"\mathit{loss}"),
        ("dz1", r"\mathit{dz}_{1}"), ("名", "名"), ("a_", r"\text{a\_}"), ("w_x", r"\text{w\_x}"),
        ("w[1]", r"\text{w[1]}"), ("a b", r"\text{`a b`}"), ("{}$%", r"\text{`\{\}\$\%`}"),
        (r"\^~", r"\text{`\textbackslash{}\textasciicircum{}\textasciitilde{}`}"),
        ("#&_ ", r"\text{`\#\&\_ `}"),
    ],
)  # fmt: skip
def test_names_in_latex(label: str, latex: str) -> None:
    a = Value(2, label)
    assert notation(a * 2).latex_name(a) == latex


def test_of_long_formulas_latex_shows_the_first_and_the_last_operand() -> None:
    J = ops.sum(*variables(*(f"a{i}" for i in range(1_000))))
    assert notation(J).latex_formula(J) == r"\operatorname{sum}(a_{0}, \dots, a_{999})"
    assert notation(J).latex_formula(J, [1.0] * 1_000) == r"\operatorname{sum}(1, \dots, 1)"
