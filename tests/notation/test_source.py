"""The generated function runs, and gives the graph's own numbers."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.source import to_source
from micrograd_dl.testing import Graph, graphs


def function(root: Value) -> Any:
    """The generated function, made."""
    namespace: dict[str, Any] = {}
    exec(compile(to_source(root), "<generated>", "exec"), namespace)
    [made] = [item for name, item in namespace.items() if name.endswith("_and_gradient")]
    return made


def leaves_of(root: Value) -> list[Value]:
    return [node for node in topological_order(root) if node.is_leaf]


def run(root: Value) -> tuple[Any, list[Any]]:
    """The result and the derivatives by the leaves in order, at the graph's own numbers."""
    result, gradient = function(root)(*[leaf.data for leaf in leaves_of(root)])
    return result, list(gradient.values())


def test_the_course() -> None:
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    J = 3 * (a + b * c)
    assert function(J)(5, 3, 2) == (33, {"a": 3, "b": 6, "c": 9})
    assert function(J)(5, 3, 2, dJ=2.0)[1] == {"a": 6, "b": 12, "c": 18}


@given(graphs())
def test_the_same_floats_bit_for_bit(graph: Graph) -> None:
    result, gradient = run(graph.root)
    assert result == graph.root.data
    assert gradient == grad(graph.root, leaves_of(graph.root))


@given(graphs(max_results=6), st.integers(0, 2**32))
def test_on_columns_it_gives_what_it_gives_on_each_entry(graph: Graph, seed: int) -> None:
    """With a column of ones for the seed, each derivative is a column; the inputs are left alone."""
    made, jitter = function(graph.root), random.Random(seed)
    columns = [
        np.array([[leaf.data + jitter.uniform(0, 1e-3)] for _ in range(3)]) for leaf in leaves_of(graph.root)
    ]
    inputs, ones = [column.copy() for column in columns], np.ones((3, 1))
    result, gradient = made(*inputs, ones)
    for i in range(3):
        value, slopes = made(*(float(column[i, 0]) for column in columns))
        assert np.allclose(np.broadcast_to(result, (3, 1))[i, 0], value, rtol=1e-12, atol=1e-12)
        for name, slope in slopes.items():
            assert gradient[name].shape == (3, 1)
            assert np.allclose(gradient[name][i, 0], slope, rtol=1e-11, atol=1e-11)
    assert np.array_equal([*inputs, ones], [*columns, np.ones((3, 1))])


@pytest.mark.parametrize("c", [0.1, -2.0, -0.0, 1e15, 1e300, 5e-324, math.inf, -math.inf, math.nan, 1e-320])
def test_constants_are_exact(c: float) -> None:
    x = Value(2.0, "x")
    for J in (x * c, c - x, (x + c) * c):
        result, gradient = run(J)
        assert repr(result) == repr(J.data)
        # + 0.0: of zeros, the sign may differ
        assert repr([slope + 0.0 for slope in gradient]) == repr(grad(J, [x]))


def test_of_constants_only_it_computes_with_doubles() -> None:
    x, nine = Value(2.0, "x"), Value.constant(9)
    power = ops.pow(nine, nine)
    lines = to_source(power * x).splitlines()
    assert "    u = 9.0 ** 9.0" in lines
    assert run(power * x) == (2 * 9.0**9, [9.0**9])
    exact, infinite = Value.constant(-(10**14)), Value.constant(math.inf)
    assert run(exact * exact * x)[0] == (exact * exact * x).data
    assert "    u = (-2.0) ** 3.0" in to_source(ops.pow(Value.constant(-2), Value.constant(3)) * x)
    assert '    u = float("inf") * 9.0' in to_source(infinite * nine * x)
    assert "    u = 9 * x" in to_source((nine * x).tanh())


def test_a_constant_or_a_leaf_that_is_the_result() -> None:
    x = Value(3, "x")
    assert function(x)(3, 5) == (3, {"x": 5})
    assert "    # Backward pass; dx is short for dx/dx." in to_source(x)
    assert to_source(Value.constant(3)).splitlines()[2] == "    J = 3"
    assert run(Value.constant(3)) == (3, [])


HOSTILE = [
    *("a", "a", "a_", "da", "dda", "J", "dJ", "J_and_gradient", "dJ_", "log_for_power"),
    *("exp", "sum", "dot", "lambda", "None", "class", "print", "float", "abs", "match", "__debug__"),
    *("_", "", "3", "3a", "a b", "two\nlines", "x = 1", '"', "'", "\\", "\ud800", "\x00"),
    *("ﬁ", "fi", "x²", "½", "名", "😀", "\u0301", "é", "e\u0301", "\u0307", "d\u0307"),
]


@given(graphs(max_results=5), st.data())
def test_labels_of_any_kind(graph: Graph, data: st.DataObject) -> None:
    labels = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=4))
    for node in topological_order(graph.root):
        node.label = data.draw(labels)
    names = function(graph.root).__code__.co_varnames
    assert len(set(names)) == len(names)
    result, gradient = run(graph.root)
    assert result == graph.root.data
    assert gradient == grad(graph.root, leaves_of(graph.root))


def test_a_sum_of_very_many_terms_is_complete() -> None:
    leaves = [Value(1 / (i + 1), f"a{i}") for i in range(10_000)]
    J = ops.sum(*leaves)
    assert run(J) == (J.data, [1.0] * 10_000)
    weights = [Value(i % 7, f"w{i}") for i in range(2_000)]
    z = ops.affine(*(x for pair in zip(weights, leaves, strict=False) for x in pair), 0.5)
    result, gradient = run(z)
    assert result == z.data
    assert gradient == grad(z, leaves_of(z))


def test_what_the_derivatives_of_a_softmax_share_is_written_once() -> None:
    def source(n: int) -> str:
        return to_source(ops.logsumexp(*(Value(i / n, f"z{i}") for i in range(n))))

    assert source(2).splitlines()[-6:] == [
        "    J_1 = exp(z0 - J)",
        "    J_2 = exp(z1 - J)",
        "    J_3 = J_1 + J_2",
        "    dz0 = dJ * (J_1 / J_3)",
        "    dz1 = dJ * (J_2 / J_3)",
        '    return J, {"z0": dz0, "z1": dz1}',
    ]
    assert len(source(2_000)) < 25 * len(source(100))


def test_operations_of_the_users_own_are_refused() -> None:
    x = Value(2.0, "x")
    for name in ("cube", "exp"):  # that of the table is another
        own = Operation(
            name, name, 1, forward=lambda x: x**3, derivatives=(lambda out, x: 3 * x * x,),
            text=str, latex=lambda x: x,
        )  # fmt: skip
        with pytest.raises(ValueError, match=f"^{name} is not in the table of operations, so a program"):
            to_source(own(x) + 1)


def test_what_is_no_value_and_data_that_was_changed_are_refused() -> None:
    with pytest.raises(TypeError, match="a Value is wanted here"):
        to_source(3.0)  # type: ignore[arg-type]  # that it is refused is what is tested
    x = Value(2.0, "x")
    J = x * x
    x.data = 3.0
    with pytest.raises(RuntimeError, match="recompute"):
        to_source(J)


def test_the_edges_are_pythons() -> None:
    x = Value(1.0, "x")
    with pytest.raises(ZeroDivisionError):
        function(1 / x)(0.0)
    with pytest.raises(ValueError, match="log"):
        function(x.log())(-1.0)
