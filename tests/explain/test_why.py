"""The terms of one gradient, with symbols, numbers and lines of source; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.nudge import nudge
from micrograd_dl.explain.paths import paths
from micrograd_dl.explain.trace import Trace
from micrograd_dl.explain.why import why
from micrograd_dl.foundation.written import Term
from micrograd_dl.notation.slopes import SlopeFormulas
from micrograd_dl.notation.steps import Contribute
from micrograd_dl.testing import Graph, graphs


def course() -> tuple[Value, Value, Value, Value]:
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    return 3 * (a + b * c), a, b, c


def without_origins(text: object) -> list[str]:
    return [line for line in str(text).splitlines() if not line.lstrip().startswith("from ")]


def test_why_of_a_leaf_that_is_used_once() -> None:
    a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    J = 3 * (a + b * c)
    made, used = b.origin, J.origin
    assert made is not None
    assert used is not None
    reason = why(J, b)
    assert str(reason).splitlines() == [
        "dJ/db = 6, one term, since b is used once:",
        "  dJ/du * du/db = 3 * 2 = 6",
        "    du/db = c = 2, since u = b * c",
        f"    from {__file__}:{used.line}: b * c",
        "b = 3, a leaf",
        f'  from {__file__}:{made.line}: Value(3, "b")',
    ]


def test_why_of_a_node_that_is_used_several_times() -> None:
    x = Value(3, "x")
    assert without_origins(why(x * x + x, x)) == [
        "dJ/dx = 7, the sum of 3 terms, one for each use:",
        "  dJ/dJ * ∂J/∂x = 1 * 1 = 1",
        "    ∂J/∂x = 1, since J = u + x",
        "  dJ/du * ∂u/∂x[1] = 1 * 3 = 3",
        "    ∂u/∂x[1] = x = 3, since u = x * x",
        "  dJ/du * ∂u/∂x[2] = 1 * 3 = 3",
        "    ∂u/∂x[2] = x = 3, since u = x * x",
        "x = 3, a leaf",
    ]


def test_why_of_the_result_and_of_nodes_that_take_no_part() -> None:
    J, *_ = course()
    assert without_origins(why(J, J)) == ["dJ/dJ = 1: backprop begins here", "J = 3 * v = 33"]
    reason = why(J, Value(1, "other"))
    assert without_origins(reason) == ["dJ/dother = 0: J does not depend on other", "other = 1, a leaf"]
    assert (reason.gradient, reason.terms, reason.done) == (0, (), 0)


def test_why_at_a_kink_says_which_slope_was_taken() -> None:
    z = Value(0, "z")
    assert without_origins(why(z.relu(), z))[1:4] == [
        "  dJ/dJ * dJ/dz = 1 * 1 = 1",
        "    dJ/dz = (1 if z >= 0 else 0) = 1, since J = relu(z)",
        "    z = 0 is a kink: the slope of the right side, 1, is taken",
    ]


def test_the_work_is_in_proportion_to_the_operands(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Value] = []
    write = SlopeFormulas._formula

    def counted(formulas: SlopeFormulas, node: Value) -> Term:
        written.append(node)
        return write(formulas, node)

    def work(n: int) -> int:
        written.clear()
        z = [Value(i, f"z{i}") for i in range(n)]
        str(why(ops.logsumexp(*z), z[0]))
        return len(written)

    monkeypatch.setattr(SlopeFormulas, "_formula", counted)
    assert work(400) < 5 * work(100)


@given(graphs())
def test_why_adds_up_to_the_gradient(graph: Graph) -> None:
    order = [node for node in topological_order(graph.root) if not node.is_constant]
    for node, gradient in zip(order, grad(graph.root, order), strict=True):
        reason = why(graph.root, node)
        assert reason.gradient == gradient
        if node is not graph.root:
            terms = [term for term in reason.terms if isinstance(term, Contribute)]
            assert len(terms) == len(reason.terms) == sum(n.operands.count(node) for n in order)
            total = 0.0
            for term in terms:
                total += term.upstream * term.local
            assert total == gradient


def test_in_the_middle_of_a_walk_what_is_still_to_come_is_marked() -> None:
    x = Value(3, "x")
    trace = Trace(x * x)
    assert str(trace.why("x")).count("(not added yet)") == 2
    assert trace.why("J").done == 0
    trace.until("dx")
    reason = trace.why(x)
    assert (reason.done, len(reason.terms), reason.gradient) == (1, 2, 6)
    first, second = (line for line in str(reason).splitlines() if line.startswith("  dJ/dJ"))
    assert not first.endswith("(not added yet)")
    assert second.endswith("(not added yet)")
    trace.end()
    assert "(not added yet)" not in str(trace.why(x))


@pytest.mark.parametrize("ask", [why, paths, nudge])
def test_what_has_no_derivative_is_refused(ask: Any) -> None:
    J, a, *_ = course()
    for arguments in ((3.0, a), (J, "a")):
        with pytest.raises(TypeError, match="a Value is wanted here"):
            ask(*arguments)
    with pytest.raises(ValueError, match="3 is a constant, which has no derivative: make it a variable"):
        ask(J, J.operands[0])
    a.data = 50
    with pytest.raises(RuntimeError, match="recompute"):
        ask(J, a)
