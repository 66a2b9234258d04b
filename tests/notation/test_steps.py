"""The steps: their numbers are those of backward(), bit for bit; their sentences; nothing is written."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.steps import Contribute, Evaluate, Walk, steps
from micrograd_dl.testing import Graph, graphs


def state(root: Value) -> list[tuple[Any, ...]]:
    order = topological_order(root)
    return [(node.data, node.grad, node.label, node.op, node.operands, node.slopes) for node in order]


def contributions(root: Value, seed: float = 1.0) -> list[Contribute]:
    return [step for step in steps(root, seed) if isinstance(step, Contribute)]


def test_the_terms_of_a_gradient_are_counted() -> None:
    x = Value(3.0, "x")
    J = x * x + x
    found = [(s.before, s.contribution, s.after, s.term, s.terms) for s in contributions(J) if s.operand is x]
    assert found == [(0.0, 1.0, 1.0, 1, 3), (1.0, 3.0, 4.0, 2, 3), (4.0, 3.0, 7.0, 3, 3)]
    assert [(s.index, s.term) for s in contributions(x * x)] == [(0, 1), (1, 2)]


@given(graphs(), st.sampled_from([1.0, -2.0, 0.3]))
def test_the_stream_is_backward_bit_for_bit(graph: Graph, seed: float) -> None:
    before = state(graph.root)
    found = list(steps(graph.root, seed))
    assert state(graph.root) == before  # nothing is written
    graph.root.backward(seed)
    totals = {graph.root: seed}
    for step in found:
        if isinstance(step, Evaluate):
            assert step.value == step.node.data
            assert step.operands == tuple(parent.data for parent in step.node.operands)
        elif isinstance(step, Contribute):
            assert step.operand is step.node.operands[step.index]
            assert step.upstream == totals[step.node] == step.node.grad
            assert step.local == step.node.slopes[step.index]
            assert step.contribution == step.upstream * step.local
            assert step.before == totals.get(step.operand, 0.0)
            assert step.after == step.before + step.contribution
            totals[step.operand] = step.after
    for node in topological_order(graph.root):
        assert totals.get(node, 0.0) == node.grad


@given(graphs())
def test_every_edge_once_and_in_order(graph: Graph) -> None:
    order = topological_order(graph.root)
    place = {node: i for i, node in enumerate(order)}
    found = list(steps(graph.root))
    evaluated = [place[step.node] for step in found if isinstance(step, Evaluate)]
    assert Trace(graph.root).steps[1:-1] == found[1:-1]
    assert evaluated == sorted(evaluated) == [place[node] for node in order if node.operands]
    walked = [(place[s.node], s.index) for s in found if isinstance(s, Contribute)]
    assert walked == sorted(walked, key=lambda edge: (-edge[0], edge[1]))
    assert len(set(walked)) == sum(not p.is_constant for node in order for p in node.operands)
    last_terms = {s.operand: (s.term, s.terms) for s in found if isinstance(s, Contribute)}
    assert all(term == terms for term, terms in last_terms.values())


@pytest.mark.parametrize("wrong", [None, "1", [1.0]])
def test_only_values_are_walked_and_a_seed_is_a_number(wrong: Any) -> None:
    with pytest.raises(TypeError, match=rf"^a Value is wanted here, not the {type(wrong).__name__} "):
        steps(wrong)
    with pytest.raises(TypeError, match=r"^the seed of backprop takes a real number"):
        steps(Value(1.0), wrong)


def test_sentences_with_negative_numbers_and_uses() -> None:
    x = Value(-2.0, "x")
    assert [repr(step) for step in steps(x * x, seed=-1.0)] == [
        "J = x * x = -2 * -2 = 4",
        "dJ = dL/dJ = -1",
        "dx += dL/dJ * ∂J/∂x[1] = -1 * -2 = 2   (dx: 0 -> 2)",
        "dx += dL/dJ * ∂J/∂x[2] = -1 * -2 = 2   (dx: 2 -> 4)",
    ]


def test_a_walk_of_a_large_graph_is_kept_in_arrays() -> None:
    y = Value(0.5)
    for _ in range(20_000):
        y = y.tanh()
    order = topological_order(y)
    tracemalloc.start()
    walk = Walk(order, Notation(order))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(walk) == 40_001
    assert peak < 300 * len(order)  # a step alone has 200 bytes, and there are two a node


def test_latex() -> None:
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    found = list(steps(3 * (a + b * c)))
    evaluate_, seed, contribute = found[0], found[3], found[-2]
    assert evaluate_.latex() == r"u = b \cdot c = 3 \cdot 2 = 6"
    assert seed.latex() == r"\frac{dJ}{dJ} = 1"
    assert contribute.latex() == (
        r"\frac{dJ}{db} \mathrel{+}= \frac{dJ}{du} \cdot \frac{du}{db} = 3 \cdot 2 = 6"
    )
    for step in (evaluate_, seed, contribute):
        assert step._repr_latex_() == rf"$\displaystyle {step.latex()}$"
    x = Value(-2.0, "x")
    minus = list(steps(x * 1.5e-7 * x))[-1]
    assert minus.latex().endswith(r"-2 \cdot (1.5 \cdot 10^{-7}) = -3 \cdot 10^{-7}")
    negative = list(steps(x * -3))[-1]
    assert negative.latex().endswith(r"1 \cdot (-3) = -3")
