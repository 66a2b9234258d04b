"""Planted mistakes are each named in one line: where, both numbers, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from micrograd_dl import nn, vectorized
from micrograd_dl.compare.comparison import Comparison, compare, trace_to
from micrograd_dl.nn.activations import activation
from micrograd_dl.nn.network import Array, one_hot
from micrograd_dl.notation.steps import Contribute
from micrograd_dl.vectorized.formulas import ACTIVATION_FORMULAS, LOSS_FORMULAS
from micrograd_dl.vectorized.layer import Cache, DenseLayer

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((3, 5)), RNG.integers(0, 2, (1, 5)).astype(float)
LAYERS: tuple[Any, ...] = (3, [3, 3, 1], ["tanh", "tanh", "sigmoid"])

Plant = Callable[[vectorized.MLP], None]


class Planted(vectorized.MLP):
    """A network whose backward pass is followed by a mistake in what it left behind."""

    mistake: Plant

    def _forward_and_backward(self, X: Array, Y: Array) -> Any:
        found = super()._forward_and_backward(X, Y)
        self.mistake(self)
        return found


def compared(
    there: vectorized.MLP, layers: tuple[Any, ...] = LAYERS, Y: Array = Y, **options: Any
) -> Comparison:
    return compare(nn.MLP(*layers, seed=1, **options), there, X, Y)


def after_backward(
    mistake: Plant, layers: tuple[Any, ...] = LAYERS, Y: Array = Y, **options: Any
) -> Comparison:
    there = Planted(*layers, seed=1, **options)
    there.mistake = mistake
    return compared(there, layers, Y, **options)


def one_reason(comparison: Comparison) -> str:
    assert not comparison.equal
    [reason] = comparison.reasons
    assert "\n" not in reason
    assert reason in str(comparison)
    row = comparison.forward or comparison.backward
    assert row is not None
    [line] = [line for line in str(comparison).splitlines() if line.endswith("<-- they part here")]
    assert line.startswith(row.name)
    return reason


def scale_dW(l: int, factor: float) -> Plant:
    def mistake(model: Any) -> None:
        model.layers[l - 1].W.grad *= factor

    return mistake


def plant_in_the_loss(monkeypatch: pytest.MonkeyPatch, name: str, wrong: Callable[[Array], Array]) -> None:
    """From now on that loss's dZ is wrong."""
    right = LOSS_FORMULAS[name]
    planted = right._replace(dZ=lambda *args: wrong(right.dZ(*args)))
    monkeypatch.setitem(LOSS_FORMULAS, name, planted)


# --- backward -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("l", [1, 2, 3])
@pytest.mark.parametrize(("factor", "name"), [(5, "m"), (1 / 5, "1/m")])
def test_a_mean_missing_or_done_twice_in_dW(l: int, factor: float, name: str) -> None:
    comparison = after_backward(scale_dW(l, factor))
    row = comparison.backward
    assert row is not None
    assert (row.what, row.l) == ("dW", l)
    i, j = row.at
    pattern = rf"Backward, they first part at dW\[{l}\], row {i + 1}, column {j + 1}, (\S+) against (\S+): "
    found = re.match(pattern, one_reason(comparison))
    assert found is not None
    here, there = map(float, found.groups())
    assert there == pytest.approx(factor * here, rel=1e-4)
    assert f"dW[{l}] is {name} times what it should be, as if a 1/m were missing" in comparison.reasons[0]
    assert comparison.node is not None
    assert comparison.node.label == f"W{l}[{i + 1},{j + 1}]"


def test_a_mean_missing_everywhere_shows_in_dZ_first(monkeypatch: pytest.MonkeyPatch) -> None:
    plant_in_the_loss(monkeypatch, "logistic", lambda dZ: 5 * dZ)
    reason = one_reason(compared(vectorized.MLP(*LAYERS, seed=1)))
    assert re.search(r"at dZ\[3\], unit 1, example \d, .*: dZ\[3\] is m times what it should be", reason)


def test_a_mean_missing_in_db() -> None:
    def mistake(model: Any) -> None:
        model.layers[1].b.grad *= 5

    assert re.search(
        r"at db\[2\], unit \d, .*: db\[2\] is m times what it should be", one_reason(after_backward(mistake))
    )


def test_another_mistake_in_db() -> None:
    def mistake(model: Any) -> None:
        model.layers[1].b.grad[1] += 0.5

    reason = one_reason(after_backward(mistake))
    assert "at db[2], unit 2," in reason
    assert "dZ[2] and dW[2] agree, so it is the sum of dZ over the examples, or its 1/m" in reason


def test_a_transposed_dW() -> None:
    def mistake(model: Any) -> None:
        model.layers[1].W.grad = model.layers[1].W.grad.T

    assert "it is transposed: dW = dZ A^T / m" in one_reason(after_backward(mistake))


def test_another_mistake_in_dW() -> None:
    def mistake(model: Any) -> None:
        model.layers[1].W.grad[2, 0] = 7

    reason = one_reason(after_backward(mistake))
    assert re.search(r"at dW\[2\], row 3, column 1, \S+ against 7: ", reason)
    assert reason.endswith("dZ[2] agrees, so it is the product dZ A^T / m, or the regularisation")


def test_a_forgotten_transpose_in_dA(monkeypatch: pytest.MonkeyPatch) -> None:
    right = DenseLayer.dA_prev
    square = (3, 3)
    monkeypatch.setattr(
        DenseLayer,
        "dA_prev",
        lambda self, dZ: self.W.data @ dZ if self.W.data.shape == square else right(self, dZ),
    )
    reason = one_reason(compared(vectorized.MLP(*LAYERS, seed=1)))
    assert re.search(r"at dZ\[1\], unit \d, example \d, ", reason)
    assert "W[2] stands where its transpose should: dA[1] = W[2]^T dZ[2]" in reason


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("linear", lambda Z, A: 0.5),
        ("sigmoid", lambda Z, A: A),
        ("tanh", lambda Z, A: 1 - A),
        ("relu", lambda Z, A: 1.0),
        ("leaky_relu", lambda Z, A: np.where(Z >= 0, 1, 0.1)),
    ],
)
def test_a_wrong_derivative_of_an_activation(
    name: str, wrong: Callable[[Array, Array], Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = (3, [4, 4, 1], [name, "relu" if name == "tanh" else "tanh", "sigmoid"])

    monkeypatch.setitem(ACTIVATION_FORMULAS, name, ACTIVATION_FORMULAS[name]._replace(slope=wrong))
    comparison = compared(vectorized.MLP(*layers, seed=1), layers)
    reason = one_reason(comparison)
    row = comparison.backward
    assert row is not None
    assert row.name == "dZ[1]"
    found = re.search(
        rf"dZ\[2\] agrees, so it is the derivative of {name}: at z = (\S+) it is (\S+), not (\S+) ", reason
    )
    assert found is not None
    z, slope, claimed = map(float, found.groups())
    Z = comparison.rows[0].here[row.at]
    A = comparison.rows[1].here[row.at]
    assert z == pytest.approx(Z, rel=1e-4)
    assert claimed == pytest.approx(float(np.asarray(wrong(np.array(Z), np.array(A)))), rel=1e-4)
    step = 1e-6
    up, down = (float(activation(name).of([Z + h])[0]) for h in (step, -step))
    assert slope == pytest.approx((up - down) / (2 * step), rel=1e-3, abs=1e-6)
    assert comparison.node is not None
    assert comparison.node.label == f"z1[{row.at[0] + 1}]({row.at[1] + 1})"


@pytest.mark.parametrize(
    ("activation", "loss"),
    [("sigmoid", "logistic"), ("softmax", "cross_entropy"), ("tanh", "squared"), ("linear", "max_margin")],
)
def test_a_wrong_derivative_of_the_loss(activation: str, loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = (3, [4, 2], ["tanh", activation], loss)
    targets = one_hot([0, 1, 1, 0, 1]) * (2 if loss == "max_margin" else 1) - (loss == "max_margin")
    plant_in_the_loss(monkeypatch, loss, lambda dZ: dZ + 0.5)
    reason = one_reason(compared(vectorized.MLP(*layers, seed=1), layers, targets))
    assert re.search(r"at dZ\[2\], unit \d, example \d, ", reason)
    assert f"the outputs agree, so the derivative of the loss {loss} is wrong" in reason


@pytest.mark.parametrize(
    ("options", "forgotten", "name"),
    [
        ({"l2": 0.7}, ("l2",), "the L2 regularisation"),
        ({"l1": 0.7}, ("l1",), "the L1 regularisation"),
        ({"l2": 0.7, "l1": 0.3}, ("l2",), "the L2 regularisation"),
        ({"l2": 0.7, "l1": 0.3}, ("l1",), "the L1 regularisation"),
        ({"l2": 0.7, "l1": 0.3}, ("l2", "l1"), "the regularisation"),
    ],
)
def test_regularisation_forgotten_in_the_gradient(
    options: Any, forgotten: tuple[str, ...], name: str
) -> None:
    def mistake(model: Any) -> None:
        for W in (layer.W for layer in model.layers):
            if "l2" in forgotten:
                W.grad -= model.l2 / 5 * W.data
            if "l1" in forgotten:
                W.grad -= model.l1 / 10 * np.sign(W.data)

    reason = one_reason(after_backward(mistake, **options))
    assert re.search(r"at dW\[3\], row 1, column \d, ", reason)
    assert reason.endswith(f"it lacks {name}")


# --- forward ------------------------------------------------------------------------------------------------


def test_regularisation_forgotten_in_the_cost() -> None:
    class Forgets(vectorized.MLP):
        def _cost(self, caches: Sequence[Cache], Y: Array) -> float:
            kept, self.regularisers = self.regularisers, {}
            J = super()._cost(caches, Y)
            self.regularisers = kept
            return J

    reason = one_reason(compared(Forgets(*LAYERS, seed=1, l2=0.7), l2=0.7))
    assert re.match(r"Forward, they first part at the cost, \S+ against \S+: ", reason)
    assert reason.endswith("the outputs agree, so it is the loss, its mean over m, or the regularisation")


def test_a_wrong_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = LOSS_FORMULAS["logistic"]._replace(total=LOSS_FORMULAS["squared"].total)
    monkeypatch.setitem(LOSS_FORMULAS, "logistic", wrong)
    assert "at the cost" in one_reason(compared(vectorized.MLP(*LAYERS, seed=1)))


@pytest.mark.parametrize("l", [1, 2])
def test_a_wrong_activation(l: int) -> None:
    there = vectorized.MLP(*LAYERS, seed=1)
    there.layers[l - 1].g = "relu"
    comparison = compared(there)
    row = comparison.forward
    assert row is not None
    assert row.name == f"A[{l}]"
    reason = comparison.reasons[0]
    i, k = row.at
    assert reason.startswith(f"Forward, they first part at A[{l}], unit {i + 1}, example {k + 1}, ")
    assert reason.endswith(f"Z[{l}] agrees, so the activation is not the tanh it should be")
    assert comparison.node is not None
    assert comparison.node.label == f"a{l}[{i + 1}]({k + 1})"
    assert f"To step there: Trace(J).until('{comparison.node.label}')" in str(comparison)


def test_a_wrong_weight() -> None:
    there = vectorized.MLP(*LAYERS, seed=1)
    there.layers_data()[1][0][2, 0] += 0.1
    comparison = compared(there)
    assert comparison.forward is not None
    assert (comparison.forward.name, comparison.forward.at[0]) == ("Z[2]", 2)
    forward, backward = comparison.reasons
    assert "the product W A + b of layer 2, or its weights, are not the same" in forward
    assert backward.endswith("it follows from Z[2]; repair that first")


def test_a_walk_to_where_they_part() -> None:
    here, there = nn.MLP(*LAYERS, seed=1), vectorized.MLP(*LAYERS, seed=1)
    there.layers_data()[0][1][1] += 0.1
    comparison = compare(here, there, X, Y)
    J = here.cost(X, Y)
    trace = trace_to(comparison, J)
    assert comparison.node is not None
    assert trace.current is not None
    assert comparison.node.label in str(trace.current)


@pytest.mark.parametrize(
    ("name", "label"),
    [("W2", "W2[1,2]"), ("b2", "b2[1]"), ("gamma1", "gamma1[2]"), ("beta1", "beta1[2]")],
)
def test_a_walk_to_a_parameter_whose_derivative_parts(name: str, label: str) -> None:
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
    current = trace_to(comparison, here.cost(X, Y)).current
    assert isinstance(current, Contribute)
    assert current.operand is comparison.node


def test_a_wrong_output_is_stepped_to_by_its_z() -> None:
    """The logistic loss is computed from z: the output itself takes no part in J."""
    here, there = nn.MLP(1, [1], ["sigmoid"], seed=1), vectorized.MLP(1, [1], ["tanh"], seed=1)
    x, y = np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]])
    comparison = compare(here, there, x, y)
    assert comparison.forward is not None
    assert comparison.forward.name == "A[1]"
    assert comparison.node is not None
    assert comparison.node.label == f"z1[1]({comparison.forward.at[1] + 1})"
    assert trace_to(comparison, here.cost(x, y)).current is not None


# --- equal --------------------------------------------------------------------------------------------------


def test_equal() -> None:
    comparison = compared(vectorized.MLP(*LAYERS, seed=1))
    assert comparison.equal
    assert comparison.largest <= 1e-14
    assert comparison.reasons == ()
    assert comparison.node is None
    assert [row.name for row in comparison.rows] == [
        *("Z[1]", "A[1]", "Z[2]", "A[2]", "Z[3]", "A[3]", "J"),
        *("dZ[3]", "dW[3]", "db[3]", "dZ[2]", "dW[2]", "db[2]", "dZ[1]", "dW[1]", "db[1]"),
    ]
    assert repr(comparison) == str(comparison)
    assert str(comparison).endswith("Equal: no relative difference above 1e-12.")


def test_a_sum_that_cancels_is_no_difference() -> None:
    """db is the mean of -1, 1, ...: what rounding leaves of it is not judged by itself."""
    layers = (1, [1], ["sigmoid"])
    x = np.array([[1e-8, -1e-8, 3e-8, 2e-8]])
    here, there = nn.MLP(*layers, seed=1), vectorized.MLP(*layers, seed=1)
    assert compare(here, there, x, np.array([[0.0, 1.0, 0.0, 1.0]])).equal


def test_a_nan_on_one_side_is_a_difference() -> None:
    there = vectorized.MLP(*LAYERS, seed=1)
    there.set_named({name: np.full_like(x, np.nan) for name, x in there.named().items()})
    comparison = compared(there)
    assert comparison.forward is not None
    assert comparison.forward.name == "Z[1]"
    assert comparison.largest == np.inf


def test_two_of_a_kind_and_either_order() -> None:
    pair = nn.MLP(*LAYERS, seed=1), vectorized.MLP(*LAYERS, seed=1)
    for here in pair:
        for there in pair:
            assert compare(here, there, X, Y).equal


def test_other_layers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"different layers: \(3, 1\) here, \(3, 2\) there"):
        compare(nn.MLP(3, [1]), vectorized.MLP(3, [2]), X, Y)


def test_rounding_that_the_layers_below_carry_on_is_no_difference() -> None:
    """The output's two derivatives cancel but for the last bit, and all layers below have only that."""
    layers = 1, [1, 1, 2, 2], ["linear", "linear", "linear", "softmax"], "cross_entropy"
    halves: list[tuple[Any, Any]] = [
        ([[0.5]], [[0]]),
        ([[0.5]], [[0]]),
        ([[0], [-0.5]], [[0], [0]]),
        ([[0.5, 1], [0.5, 1]], [[0], [0]]),
    ]
    here, there = nn.MLP(*layers), vectorized.MLP(*layers)
    here.set_layers_data(halves)
    there.copy_from(here)
    result = compare(here, there, [[2.0]], [[1.0], [0.0]])
    assert result.equal, result
