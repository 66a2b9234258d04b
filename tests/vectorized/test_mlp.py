"""The network as matrices: its memory, its types, and the formulas it is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd_dl.nn import losses
from micrograd_dl.nn.activations import ACTIVATIONS, Activation
from micrograd_dl.vectorized import MLP, formulas

X, Y = np.array([[0.0, 1.0, -1.0], [1.0, 1.0, 2.0]]), np.array([[1.0, 0.0, 1.0]])


def network(**options: Any) -> MLP:
    return MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, **options)


def test_parameters_are_views_of_one_vector() -> None:
    model = network()
    [parameter] = model.parameters()
    assert parameter.data is model.theta
    assert parameter.grad is model.dtheta
    assert all(np.shares_memory(x, model.theta) for layer in model.layers_data() for x in layer)
    assert all(np.shares_memory(x, model.dtheta) for layer in model.layers_grad() for x in layer)
    model.theta[...] = np.arange(13.0)
    (W1, b1), (W2, b2) = model.layers_data()
    assert W1.tolist() == [[0, 1], [3, 4], [6, 7]]
    assert b1.tolist() == [[2], [5], [8]]
    assert (W2.tolist(), b2.tolist()) == ([[9, 10, 11]], [[12]])


def test_gradients_are_afresh_each_time_and_zeroed_on_demand() -> None:
    model = network()
    model.cost_and_grad(X, Y)
    first = model.dtheta.copy()
    model.cost_and_grad(X, Y)
    np.testing.assert_array_equal(model.dtheta, first)
    model.zero_grad()
    assert not model.dtheta.any()


def test_memory_of_another_batch_size_is_not_mixed_up() -> None:
    model = network()
    wanted = {m: (model.cost_and_grad(X[:, :m], Y[:, :m]), model.dtheta.copy()) for m in (3, 1, 2)}
    for m in (1, 3, 2, 2, 1):
        J, gradient = wanted[m]
        assert model.cost_and_grad(X[:, :m], Y[:, :m]) == J
        np.testing.assert_array_equal(model.dtheta, gradient)
    for m in range(1, 30):
        model.forward(np.zeros((2, m)))
    assert len(model._caches) <= 4


def test_what_is_returned_is_the_callers_own() -> None:
    model = network()
    A = model.forward(X)
    numbers = model.record(X, Y)
    kept = [
        A.copy(),
        *(array.copy() for array in (*numbers.Z, *numbers.A, *numbers.dZ, *numbers.dW, *numbers.db)),
    ]
    model.theta += 1
    model.cost_and_grad(2 * X, Y)
    now = [A, *numbers.Z, *numbers.A, *numbers.dZ, *numbers.dW, *numbers.db]
    for x, y in zip(now, kept, strict=True):
        np.testing.assert_array_equal(x, y)


def test_X_and_Y_are_left_as_they_are() -> None:
    inputs, targets = X.copy(), Y.copy()
    inputs.flags.writeable = targets.flags.writeable = False
    network().record(inputs, targets)
    np.testing.assert_array_equal(inputs, X)
    np.testing.assert_array_equal(targets, Y)


@pytest.mark.parametrize("dtype", [np.float32, "float64"])
def test_types(dtype: object) -> None:
    model = network(dtype=dtype)
    model.cost_and_grad(X, Y)
    wanted = np.dtype(dtype)  # type: ignore[call-overload]  # any description of a type is taken
    assert model.forward(X).dtype == model.theta.dtype == model.dtheta.dtype == wanted


@pytest.mark.parametrize("dtype", ["float16", int, complex])
def test_other_types_are_refused(dtype: object) -> None:
    with pytest.raises(ValueError, match="computes in float64 or float32, not"):
        network(dtype=dtype)


# --- formulas -----------------------------------------------------------------------------------------------

Z = st.lists(
    st.sampled_from([-800.0, -30.0, -1.5, -1e-8, 0.0, 1e-8, 0.3, 2.0, 30.0, 800.0]), min_size=2, max_size=4
)


@pytest.mark.parametrize("name", ACTIVATIONS)
@settings(max_examples=50)
@given(z=Z)
def test_A_is_the_activation_of_the_table(name: str, z: list[float]) -> None:
    column = np.array([z]).T
    A = np.empty_like(column)
    with np.errstate(over="ignore", invalid="raise", divide="raise"):
        formulas.ACTIVATIONS[name].A(column, A)
    np.testing.assert_allclose(A[:, 0], ACTIVATIONS[name].of(z), rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize(
    ("name", "slopes"),
    [
        ("linear", [1, 1, 1]),
        ("relu", [0, 1, 1]),
        ("leaky_relu", [0.01, 1, 1]),
        ("sigmoid", [0.19661193324148185, 0.25, 0.19661193324148185]),
        ("tanh", [0.41997434161402614, 1, 0.41997434161402614]),
    ],
)
def test_slopes(name: str, slopes: list[float]) -> None:
    Z = np.array([[-1.0, 0.0, 1.0]])
    A, dZ = np.empty_like(Z), np.full_like(Z, 3)
    formulas.ACTIVATIONS[name].A(Z, A)
    formulas.ACTIVATIONS[name].dZ(dZ, Z, A, np.empty_like(Z))
    np.testing.assert_allclose(dZ, 3 * np.array([slopes]), rtol=1e-15)


def test_margins_on_the_kink_count() -> None:
    A, Y = np.array([[1.0, 2.0, -3.0]]), np.array([[1.0, 1.0, 1.0]])
    dZ = np.empty_like(A)
    formulas.MaxMargin.dZ(formulas.Linear, A, A, Y, dZ, np.empty_like(A))
    assert dZ.tolist() == [[-1, 0, -1]]


@settings(max_examples=50)
@given(z=Z, y=st.sampled_from([0.0, 0.05, 0.5, 1.0]))
def test_the_logistic_loss_is_exact_however_small(z: list[float], y: float) -> None:
    Z = np.array([z])
    A, Y = np.empty_like(Z), np.full_like(Z, y)
    with np.errstate(over="ignore"):
        formulas.Sigmoid.A(Z, A)
    total = formulas.Logistic.total(losses.logistic, Z, A, Y, np.empty_like(Z))
    wanted = sum(losses.logistic.of([z_k], [0.0], [y]) for z_k in z)
    assert total == pytest.approx(wanted, rel=1e-13)


@pytest.mark.parametrize("table", [formulas.ACTIVATIONS, formulas.LOSSES])
def test_an_unknown_name_says_where_to_add_it(table: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="there are no formulas for 'swish': add a class to"):
        formulas.formulas_of("swish", table)


def test_an_activation_that_is_called_like_a_built_in_one_is_refused() -> None:
    mine: Any = Activation("tanh", lambda z: [unit / 2 for unit in z])
    with pytest.raises(ValueError, match=r"tanh is a built-in activation, whose formulas .* another name"):
        MLP(1, [1], [mine])


def test_softmax_has_no_slope_by_itself() -> None:
    z = np.zeros((1, 1))
    with pytest.raises(ValueError, match="no formula for the slope of softmax by itself"):
        formulas.Softmax.dZ(z, z, z, z)


def test_every_activation_and_loss_has_its_formulas() -> None:
    assert list(formulas.ACTIVATIONS) == list(ACTIVATIONS)
    assert list(formulas.LOSSES) == list(losses.LOSSES)
