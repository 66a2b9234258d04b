"""The strategies: what they promise, for every operation of the table, and that they shrink well."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from micrograd_dl import grad, topological_order
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.expression import parse
from micrograd_dl.testing import Graph, graphs, is_smooth, numbers, operands
from micrograd_dl.testing.strategies import LARGEST, MARGIN

every_operation = pytest.mark.parametrize("operation", TABLE.values(), ids=list(TABLE))
# Each of these tests is many, one for every operation.
fewer = settings(max_examples=settings().max_examples // 4)

# `find` as the documentation has it, but repeatable and with more patience than the profile has.
PATIENT = settings(settings(), max_examples=2_000, derandomize=True, database=None)


def smallest(strategy: st.SearchStrategy[Any], condition: Callable[[Any], bool]) -> Any:
    return find(strategy, condition, settings=PATIENT)


def uses(graph: Graph) -> Counter[float]:
    """How often each node is an operand, by its number."""
    return Counter(x for _, references in graph.program for x in references if isinstance(x, int))


@given(numbers())
def test_numbers_behave(x: float) -> None:
    assert -4 <= x <= 4
    assert x == round(x, 6)
    assert math.copysign(1.0, x) == 1.0 or x < 0  # no negative zero


@given(numbers(0.5, 2), numbers(0.25, 0.75), numbers(-0.1, -0.1))
def test_numbers_of_a_range(x: float, y: float, z: float) -> None:
    assert 0.5 <= x <= 2
    assert 0.25 <= y <= 0.75
    assert z == -0.1


def test_numbers_shrink_to_whole_ones() -> None:
    assert smallest(numbers(), lambda x: x > 1.5) == 2.0
    assert smallest(numbers(), lambda x: x < 0) == -1.0
    assert smallest(numbers(), lambda x: True) == 0.0


@every_operation
@fewer
@given(data=st.data())
def test_operands_are_smooth(operation: Operation, data: st.DataObject) -> None:
    point = data.draw(operands(operation))
    assert len(point) == (operation.arity or len(point)) >= 1
    assert is_smooth(operation, point)
    out = operation.evaluate(point)
    assert abs(out) <= LARGEST
    assert all(abs(operation.local(index, out, point)) <= LARGEST for index in range(len(point)))
    if operation.kink is not None:
        assert abs(operation.kink(*point)) >= MARGIN


@pytest.mark.parametrize(
    ("name", "accepted"),
    [("sum", [1, 2, 3, 4, 5]), ("dot", [2, 4]), ("affine", [1, 3, 5]), ("logsumexp", [1, 2, 3, 4, 5])],
)
@fewer
@given(data=st.data())
def test_operands_of_any_number(name: str, accepted: list[int], data: st.DataObject) -> None:
    assert len(data.draw(operands(TABLE[name]))) in accepted
    count = data.draw(st.sampled_from(accepted))
    assert len(data.draw(operands(TABLE[name], count))) == count


@pytest.mark.parametrize(
    ("name", "smallest_operands"), [("log", (1.0,)), ("div", (0.0, 1.0)), ("sum", (0.0,))]
)
def test_operands_shrink(name: str, smallest_operands: tuple[float, ...]) -> None:
    assert smallest(operands(TABLE[name]), lambda point: True) == smallest_operands


@pytest.mark.parametrize(
    ("name", "point", "variables", "smooth"),
    [
        ("relu", [0.5], None, True), ("relu", [0.0], None, False), ("relu", [MARGIN / 2], None, False),
        ("relu", [-MARGIN], None, True), ("log", [2 * MARGIN], None, True), ("log", [-1.0], None, False),
        ("log", [MARGIN], None, False),  # at its edge, a margin away from where it is undefined
        ("div", [1.0, 0.05], None, False),  # the slope is 400
        ("div", [1.0, 0.0], None, False), ("div", [1.0, 0.0], [0], False), ("sqrt", [0.0], None, False),
        ("exp", [5.0], None, False), ("exp", [4.5], None, True), ("exp", [math.inf], None, False),
        ("add", [math.nan, 1.0], None, False), ("add", [90.0, 9.0], None, True),
        ("add", [90.0, 11.0], None, False), ("pow", [-2.0, 3.0], None, False),
        ("pow", [-2.0, 3.0], [0], True), ("pow", [-2.0, 2.5], [0], False), ("pow", [0.0, 0.5], [0], False),
        ("maximum", [1.0, 1.01], None, False), ("maximum", [1.0, 2.0], None, True),
    ],
)  # fmt: skip
def test_what_is_smooth(name: str, point: list[float], variables: list[int] | None, smooth: bool) -> None:
    assert is_smooth(TABLE[name], point, variables) is smooth


@given(graphs())
def test_a_graph_is_what_its_program_says(graph: Graph) -> None:
    assert [leaf.data for leaf in graph.leaves] == list(graph.numbers)
    assert [leaf.label for leaf in graph.leaves] == [f"x{i}" for i in range(1, len(graph.leaves) + 1)]
    assert graph.root.data == graph(*graph.numbers)
    order = topological_order(graph.root)
    assert set(graph.leaves) == {node for node in order if node.is_leaf}
    assert len(graph.program) == sum(bool(node.operands) for node in order)
    assert 1 <= len(graph.leaves) <= 4
    assert 1 <= len(graph.program) <= 12
    assert all(uses(graph)[node] for node in range(len(graph.leaves) + len(graph.program) - 1))


@given(graphs())
def test_a_graph_is_smooth_everywhere(graph: Graph) -> None:
    for node in topological_order(graph.root):
        if node.op is not None and node.operands:
            variables = [i for i, parent in enumerate(node.operands) if not parent.is_constant]
            assert variables
            assert is_smooth(node.op, [parent.data for parent in node.operands], variables)
    assert all(abs(slope) <= LARGEST for slope in grad(graph.root, graph.leaves))


@given(graphs())
def test_a_graph_works_on_other_kinds_of_numbers(graph: Graph) -> None:
    again = graph(*(Value(x) for x in graph.numbers))
    assert again is not graph.root
    assert again.data == graph.root.data
    columns = graph(*(np.full((1, 3), x) for x in graph.numbers))
    assert columns.shape == (1, 3)
    assert columns[0].tolist() == pytest.approx([graph.root.data] * 3, rel=1e-12, abs=1e-12)


def test_a_graph_written_by_hand() -> None:
    graph = Graph([0.5, 2.0], [(TABLE["mul"], [0, 1]), (TABLE["add"], [2, -3.0]), (TABLE["mul"], [3, 2])])
    assert repr(graph) == "Graph('u1 = x1 * x2; u2 = u1 + -3; J = u2 * u1', x1=0.5, x2=2.0)"
    assert graph.root.data == -2.0
    assert [uses(graph)[node] for node in range(5)] == [1, 1, 2, 1, 0]
    assert graph.program[1] == (TABLE["add"], (2, -3.0))


@pytest.mark.parametrize("name", ["tanh", "affine"])
def test_a_fault_in_one_operation_shrinks_to_that_operation_alone(name: str) -> None:
    """As if its rule were wrong: the graph is one node on one leaf."""
    graph = smallest(graphs(), lambda graph: any(operation.name == name for operation, _ in graph.program))
    assert [op.name for op, _ in graph.program] == [name]
    assert graph.numbers == (1.0,)


@pytest.mark.parametrize(
    ("condition", "results", "leaf_count"),
    [
        (lambda graph: len(graph.leaves) == 2, 1, 2),
        (lambda graph: len(graph.program) >= 3, 3, 1),
        (lambda graph: any(uses(graph)[node] > 1 for node in range(9)), 1, 1),
        (lambda graph: abs(graph.root.data) > 5, 3, 1),
    ],
)
def test_graphs_shrink_to_few_nodes(
    condition: Callable[[Graph], bool], results: int, leaf_count: int
) -> None:
    graph = smallest(graphs(), condition)
    assert len(graph.program) <= results
    assert len(graph.leaves) == leaf_count


@given(graphs())
def test_the_text_of_a_graph_means_its_result(graph: Graph) -> None:
    values = dict(zip([leaf.label for leaf in graph.leaves], graph.numbers, strict=True))
    assert parse(graph.text, **values).data == graph.root.data
