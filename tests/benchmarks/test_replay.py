"""What is replayed gives the numbers of the eager engine; no test asserts a time."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import columns, demo, networks
from benchmarks.eager import require_the_same
from benchmarks.graphs import GRAPHS
from benchmarks.records import NUMBA, NUMPY
from benchmarks.replay import REPLAYS
from benchmarks.scalars import ENGINES, OURS
from benchmarks.straight_line import source, statements
from micrograd_dl.engine.value import Value


@pytest.mark.parametrize("kind", sorted({*GRAPHS} - {"calls"}))  # which only engines with networks run
@pytest.mark.parametrize("name", REPLAYS)
def test_all_who_are_installed_get_the_same_numbers(name: str, kind: str) -> None:
    graph, engine = GRAPHS[kind](120), ENGINES[OURS]()
    try:
        made = REPLAYS[name](graph)
    except ImportError:
        # As a benchmark leaves out whom it does not find: peers are no requirement of the tests.
        pytest.skip(f"{name} is not installed")
    leaves = [engine.leaf(x) for x in graph.leaves]
    J = engine.build(graph, leaves)
    engine.backward(J)
    assert made.step() == made.step()
    require_the_same(name, (made.step(), list(made.gradients())), (J.data, engine.gradients(leaves)))


def test_straight_line_c_has_a_statement_a_node_and_one_for_its_adjoint() -> None:
    x, y = Value(1.0), Value(2.0)
    forward, backward = statements((x * y + 1.0).relu(), [x, y])
    assert forward == ["v[2] = v[0] * v[1];", "v[3] = v[2] + 1.0;", "v[4] = v[3] > 0 ? v[3] : 0;"]
    assert backward == [
        *["g[4] = 1;", "g[3] = g[4] * (v[3] > 0);", "g[2] = g[3];"],
        *["g[1] = g[2] * v[0];", "g[0] = g[2] * v[1];"],
    ]
    assert source(forward * 67).count("static void part") == 2


def test_adjoints_of_a_number_that_is_used_twice_or_never() -> None:
    x, y = Value(1.0), Value(2.0)
    assert statements((x + x).tanh(), [x, y])[1][-2:] == ["g[1] = 0;", "g[0] = g[2] + g[2];"]


@pytest.mark.parametrize("m", [1, 3, 200])
def test_columns_of_all_who_are_installed_have_the_same_cost(m: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "PEERS", ("NumPy by hand",))  # the others are compared in every run
    found, missing = columns.contestants(m)
    assert {networks.OURS, "NumPy by hand"} <= set(found)
    assert set(found) | set(missing) == {networks.OURS, "NumPy by hand", NUMBA, NUMPY}
    assert columns.NODES == 643


@pytest.mark.parametrize("module", demo.DEMONSTRATIONS)
def test_whole_trainings_have_the_same_losses(module: str) -> None:
    wanted: Any = None
    for name in demo.names(module):
        if module == "moons" and name in ("micrograd", "PyTorch, 0-dimensional"):
            continue  # as engines they are in test_scalars
        try:
            demo.prepare(module, name)
        except ImportError:
            continue
        losses, _, again = demo.warm_up(module, name, 2)
        wanted = wanted or losses
        demo.require_the_same(name, losses, wanted)
        assert again > 0
    assert len(wanted) == 2
