"""Two networks are equal but for rounding, or the first difference is found, and can be stepped to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from micrograd_dl import nn, vectorized
from micrograd_dl.compare.comparison import compare, trace_to
from micrograd_dl.nn.network import Array
from micrograd_dl.notation.steps import Contribute

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((3, 5)), RNG.integers(0, 2, (1, 5)).astype(float)
LAYERS: tuple[Any, ...] = (3, [3, 3, 1], ["tanh", "tanh", "sigmoid"])


def pair(*layers: Any, **options: Any) -> tuple[nn.MLP, vectorized.MLP]:
    return nn.MLP(*layers, seed=1, **options), vectorized.MLP(*layers, seed=1, **options)


# --- equal --------------------------------------------------------------------------------------------------


def test_equal() -> None:
    both = pair(*LAYERS)
    for one in both:
        for other in both:
            assert compare(one, other, X, Y).equal
    comparison = compare(*both, X, Y)
    assert comparison.largest <= 1e-14
    assert (comparison.reasons, comparison.node) == ((), None)
    assert [row.name for row in comparison.rows] == [
        *("Z1", "A1", "Z2", "A2", "Z3", "A3", "J"),
        *("dZ3", "dW3", "db3", "dZ2", "dW2", "db2", "dZ1", "dW1", "db1"),
    ]
    assert repr(comparison) == str(comparison)
    assert str(comparison).endswith("Equal: no relative difference above 1e-12.")


def test_the_rows_of_a_normalised_layer() -> None:
    comparison = compare(*pair(3, [4, 1], "tanh", normalisation="batch", keep_prob=0.5), X, Y)
    assert " ".join(row.name for row in comparison.rows) == (
        "Z1 Z_norm1 A1 Z2 A2 J dZ2 dW2 db2 dgamma1 dbeta1 dZ1 dW1"
    )


def test_a_sum_that_cancels_is_no_difference() -> None:
    """db is the mean of -1, 1, ...: the small rest is not measured by itself."""
    x = np.array([[1e-8, -1e-8, 3e-8, 2e-8]])
    assert compare(*pair(1, [1], ["sigmoid"]), x, np.array([[0.0, 1.0, 0.0, 1.0]])).equal


@pytest.mark.parametrize(
    ("layers", "weights", "x", "y"),
    [
        # The output's two derivatives cancel but for the last bit, and all layers before have only that.
        (
            (1, [1, 1, 2, 2], ["linear", "linear", "linear", "softmax"], "cross_entropy"),
            [([[0.5]], [[0]]), ([[0.5]], [[0]]), ([[0], [-0.5]], [[0], [0]]), ([[0.5, 1]] * 2, [[0], [0]])],
            [[2.0]],
            [[1.0], [0.0]],
        ),
        # Activations that are level: nothing but rounding is left of 1 - a^2.
        (
            (1, [1, 2, 1], ["tanh", "tanh", "sigmoid"]),
            [([[18.3]], [[0]]), ([[17], [-18]], [[0.1], [0]]), ([[30, 7]], [[0.3]])],
            [[1.0, 0.99]],
            [[1.0, 1.0]],
        ),
    ],
)
def test_rounding_that_the_layers_before_carry_on_is_no_difference(
    layers: Any, weights: Any, x: Any, y: Any
) -> None:
    here, there = pair(*layers)
    here.set_layers_data(weights)
    there.copy_from(here)
    result = compare(here, there, x, y)
    assert result.equal, result


def test_nothing_is_left_behind() -> None:
    here, there = pair(*LAYERS, normalisation="batch", keep_prob=0.5)
    before = [{name: x.tolist() for name, x in model.named().items()} for model in (here, there)]
    compare(here, there, X, Y)
    assert [{name: x.tolist() for name, x in model.named().items()} for model in (here, there)] == before
    assert here.passes == there.passes == 0


# --- different ----------------------------------------------------------------------------------------------


def changed(model: vectorized.MLP, name: str, place: tuple[int, int], change: float) -> vectorized.MLP:
    arrays = model.named()
    arrays[name][place] += change
    model.set_named(arrays)
    return model


def test_a_wrong_weight() -> None:
    here, there = pair(*LAYERS)
    for change in (0.1, np.nan):
        comparison = compare(here, changed(there, "W2", (2, 0), change), X, Y)
        assert comparison.forward is not None
        assert (comparison.forward.name, comparison.forward.at[0]) == ("Z2", 2)
        forward, backward = comparison.reasons
        assert "the product W A + b of layer 2, or its weights, are not the same" in forward
        assert backward.endswith("it follows from Z2; repair that first")


def test_a_walk_to_the_first_difference() -> None:
    here, there = pair(*LAYERS)
    comparison = compare(here, changed(there, "b1", (1, 0), 0.1), X, Y)
    trace = trace_to(comparison, here.cost(X, Y))
    assert comparison.node is not None
    assert comparison.node.label in str(trace.current)
    assert f"To step there: Trace(J).until('{comparison.node.label}')" in str(comparison)


@pytest.mark.parametrize(
    ("name", "label"),
    [("W2", "W2[1,2]"), ("b2", "b2[1]"), ("gamma1", "gamma1[2]"), ("beta1", "beta1[2]")],
)
def test_a_walk_to_a_parameter_whose_derivative_differs(name: str, label: str) -> None:
    class Wrong(vectorized.MLP):
        def _forward_and_backward(self, X: Array, Y: Array) -> Any:
            found = super()._forward_and_backward(X, Y)
            [wrong] = [p for p in self.parameters() if p.label == name]
            wrong.grad.flat[0 if name == "b2" else 1] += 0.1
            return found

    layers = (3, [4, 1], ["tanh", "sigmoid"])
    here = nn.MLP(*layers, seed=1, normalisation="layer")
    comparison = compare(here, Wrong(*layers, seed=1, normalisation="layer"), X, Y)
    assert comparison.node is not None
    assert comparison.node.label == label
    assert f"the first difference is at d{label}, " in comparison.reasons[0]
    current = trace_to(comparison, here.cost(X, Y)).current
    assert isinstance(current, Contribute)
    assert current.operand is comparison.node


def test_a_wrong_output_is_stepped_to_by_its_z() -> None:
    """The logistic loss is computed from z: the output itself takes no part in J."""
    here, there = nn.MLP(1, [1], ["sigmoid"], seed=1), vectorized.MLP(1, [1], ["tanh"], seed=1)
    x, y = np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]])
    comparison = compare(here, there, x, y)
    assert comparison.forward is not None
    assert comparison.node is not None
    assert comparison.node.label == f"z1[1]({comparison.forward.at[1] + 1})"
    assert trace_to(comparison, here.cost(x, y)).current is not None


def test_networks_of_other_layers_are_refused() -> None:
    here = nn.MLP(*LAYERS, seed=1, normalisation="batch")
    for there, layers in ((vectorized.MLP(3, [2]), "3 -> 2"), (vectorized.MLP(*LAYERS), "3 -> 3 -> 3 -> 1")):
        wanted = f"different layers: 3 -> 3 batch norm -> 3 batch norm -> 1 here, {layers} there"
        with pytest.raises(ValueError, match=wanted):
            compare(here, there, X, Y)
