"""All engines build the same graphs and get the same numbers; no test asserts a time."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from benchmarks.apart import Apart
from benchmarks.eager import alive, compete, first, require_the_same, steps
from benchmarks.graphs import GRAPHS, Graph
from benchmarks.records import Record
from benchmarks.scalars import ENGINES, OURS, TUPLES, WITHOUT_NETWORKS, Engine
from micrograd_dl.engine.order import topological_order


def numbers(engine: Engine, graph: Graph) -> tuple[float, list[float]]:
    leaves = [engine.leaf(x) for x in graph.leaves]
    J = engine.build(graph, leaves)
    engine.backward(J)
    return engine.data(J), engine.gradients(leaves)


@pytest.mark.parametrize("kind", GRAPHS)
@pytest.mark.parametrize("name", ENGINES)
def test_all_who_are_installed_get_the_same_numbers(name: str, kind: str) -> None:
    try:
        engine = ENGINES[name]()
    except ImportError:
        # As a benchmark leaves out whom it does not find: peers are no requirement of the tests.
        pytest.skip(f"{name} is not installed")
    if kind == "calls" and name in WITHOUT_NETWORKS:
        return
    graph = GRAPHS[kind](150)
    require_the_same(name, numbers(engine, graph), numbers(ENGINES[OURS](), graph))


@pytest.mark.parametrize("kind", [kind for kind in GRAPHS if kind != "calls"])  # which is of fused neurons
@pytest.mark.parametrize("size", [100, 1000, 3000])
def test_nodes_are_counted_as_they_are_built(kind: str, size: int) -> None:
    graph, engine = GRAPHS[kind](size), ENGINES[OURS]()
    J = engine.build(graph, [engine.leaf(x) for x in graph.leaves])
    assert sum(bool(node.operands) for node in topological_order(J)) == graph.nodes
    assert graph.nodes == pytest.approx(size, rel=0.15)


def test_a_graph_that_is_too_deep_for_recursion_is_marked() -> None:
    limit = sys.getrecursionlimit()
    try:
        assert [first(name, "chain", 5000)[3] for name in (TUPLES, OURS)] == [True, False]
    finally:
        sys.setrecursionlimit(limit)


class Here(Apart):
    """All in this process."""

    def __init__(self) -> None:
        super().__init__([])

    def call(self, name: str, function: Any, *args: Any, **kwargs: Any) -> Any:
        del name
        return function(*args, **kwargs)


def test_who_takes_too_long_is_stopped_with_a_line() -> None:
    found = list(compete("chain", [10, 20], Here(), [OURS, TUPLES], rounds=2, patience=0.0, seconds=0.01))
    records = [r for r in found if isinstance(r, Record)]
    assert [(r.contestant, r.nodes) for r in records] == [(OURS, 10), (TUPLES, 10)]
    assert [line for line in found if isinstance(line, str)] == [
        f"{name} is stopped before 20 nodes: 0 s a step at least." for name in (OURS, TUPLES)
    ]


def test_processes_of_their_own() -> None:
    with Apart([OURS, "nobody"]) as processes:
        assert processes.installed(alive_or_missing) == [OURS]
        assert processes.call(OURS, alive, OURS) > 1000
        assert processes.call(OURS, steps, OURS, "chain", 100, 2) > 0


def alive_or_missing(name: str) -> int:
    if name == "nobody":
        raise ImportError(name)
    return alive(name)
