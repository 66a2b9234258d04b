"""What the interpreter computes in its own way is what the table has."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from micrograd_dl.compiled import compile_graph
from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.value import Value


def on_columns(operation: Operation, X: Any, runner: Any) -> Any:
    operands = [Value(1.0) for _ in X]
    node = operation(*operands)
    f = compile_graph(node, [operands], [], outputs=[node], gradient=False, runner=runner)
    return f.outputs(np.empty(0), X)[0]


@pytest.mark.parametrize("operation", [ops.exp, ops.tanh, ops.sigmoid, ops.softplus], ids=repr)
def test_written_out_functions_are_right_to_a_few_bits(runner: Any, operation: Operation) -> None:
    """Also where the result is nearly 0, or hardly a number."""
    small = np.geomspace(1e-310, 1.0, 500)
    x = np.concatenate([np.linspace(-750, 709, 3001), np.linspace(-25, 25, 3001), small, -small])
    expected = np.array([operation.evaluate([number]) for number in x.tolist()])
    difference = np.abs(on_columns(operation, x[None], runner) - expected)
    assert (difference <= 6 * np.spacing(np.abs(expected))).all()


def test_logsumexp_of_columns(runner: Any) -> None:
    edges = [0.0, 1.0, -1000.0, 1000.0, math.inf, -math.inf, math.nan]
    X = np.array([*itertools.product(edges, repeat=3)]).T
    expected = [ops.logsumexp.evaluate(column) for column in X.T.tolist()]
    assert on_columns(ops.logsumexp, X, runner) == pytest.approx(expected, rel=1e-15, nan_ok=True)
