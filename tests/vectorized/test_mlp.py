"""The network as matrices: its parameters, its types, and the formulas it is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd_dl.nn import losses
from micrograd_dl.nn.activations import ACTIVATIONS, Activation
from micrograd_dl.vectorized import MLP
from micrograd_dl.vectorized.formulas import ACTIVATION_FORMULAS, LOSS_FORMULAS

X, Y = np.array([[0.0, 1.0, -1.0], [1.0, 1.0, 2.0]]), np.array([[1.0, 0.0, 1.0]])


def network(**options: Any) -> MLP:
    return MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, **options)


def test_each_parameter_is_an_array_of_its_own() -> None:
    model = network(normalisation="layer")
    parameters = model.parameters()
    assert [p.label for p in parameters] == ["W1", "b1", "gamma1", "beta1", "W2", "b2"]
    assert [id(p) for p in parameters] == [id(p) for p in model.parameters()]
    arrays = [array for p in parameters for array in (p.data, p.grad)]
    assert not any(np.shares_memory(x, y) for i, x in enumerate(arrays) for y in arrays[:i])
    parameters[0].data[0, 1] = 7.0
    assert model.named()["W1"][0, 1] == 7.0


def test_gradients_are_afresh_each_time_and_zeroed_on_demand() -> None:
    model = network()
    first, second = [(model.cost_and_grad(X, Y), model.named("grad")) for _ in range(2)]
    assert str(first) == str(second)
    model.zero_grad()
    assert not any(d.any() for d in model.named("grad").values())


def test_arrays_are_their_owners() -> None:
    """What is given is left as it is, and what is returned does not change afterwards."""
    model, inputs, targets = network(), X.copy(), Y.copy()
    inputs.flags.writeable = targets.flags.writeable = False
    numbers = model.record(inputs, targets)
    arrays = [model.forward(inputs), *numbers.Z, *numbers.A, *numbers.dZ, *numbers.dW, *numbers.db]
    before = [array.copy() for array in arrays]
    model.set_named({name: array + 1 for name, array in model.named().items()})
    model.cost_and_grad(2 * X, Y)
    for x, y in zip([inputs, targets, *arrays], [X, Y, *before], strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("options", [{}, {"normalisation": "batch", "keep_prob": 0.5, "l1": 0.1, "l2": 0.1}])
@pytest.mark.parametrize("dtype", [np.float32, "float64"])
def test_types(dtype: Any, options: Any) -> None:
    model = network(dtype=dtype, label_smoothing=0.1, **options)
    for array in (X, X.astype(np.float32), X.astype(int)):
        numbers = model.record(array, Y)
        found = [model.forward(array), *numbers.Z, *numbers.A, *numbers.dZ, *numbers.dW, *numbers.db]
        found += [x for p in model.parameters() for x in (p.data, p.grad)]
        assert {x.dtype for x in found} == {np.dtype(dtype)}


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
    with np.errstate(over="ignore", invalid="raise", divide="raise"):
        A = ACTIVATION_FORMULAS[name].g(np.array([z]).T)
    np.testing.assert_allclose(A[:, 0], ACTIVATIONS[name].of(z), rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize(
    ("name", "slopes"),
    [
        ("linear", [1, 1, 1]),
        ("relu", [0, 1, 1]),
        ("relu left", [0, 0, 1]),
        ("leaky_relu", [0.01, 1, 1]),
        ("leaky_relu left", [0.01, 0.01, 1]),
        ("sigmoid", [0.19661193324148185, 0.25, 0.19661193324148185]),
        ("tanh", [0.41997434161402614, 1, 0.41997434161402614]),
    ],
)
def test_slopes(name: str, slopes: list[float]) -> None:
    Z = np.array([[-1.0, 0.0, 1.0]])
    g, slope = ACTIVATION_FORMULAS[name]
    np.testing.assert_allclose(np.ones_like(Z) * slope(Z, g(Z)), [slopes], rtol=1e-15)


@pytest.mark.parametrize(("name", "dZ"), [("max_margin", [-1, 0, -1]), ("max_margin left", [0, 0, -1])])
def test_margins_on_the_kink(name: str, dZ: list[float]) -> None:
    A, Y = np.array([[1.0, 2.0, -3.0]]), np.array([[1.0, 1.0, 1.0]])
    found = LOSS_FORMULAS[name].dZ(A, A, Y, lambda Z, A: 1)
    assert found.tolist() == [dZ]


@settings(max_examples=50)
@given(z=Z, y=st.sampled_from([0.0, 0.05, 0.5, 1.0]))
def test_the_logistic_loss_is_exact_however_small(z: list[float], y: float) -> None:
    Z = np.array([z])
    total = LOSS_FORMULAS["logistic"].total(Z, Z, np.full_like(Z, y))
    wanted = sum(losses.logistic.of([z_k], [0.0], [y]) for z_k in z)
    assert total == pytest.approx(wanted, rel=1e-13)


@pytest.mark.parametrize("name", ["tanh", "squared", "swish"])
def test_what_has_no_formulas_says_where_to_add_them(name: str) -> None:
    """Also what is called like a built-in one, whose formulas are not its own."""
    mine: Any = Activation(name, list)
    odd = losses.Loss(name, lambda z, a, y: 0.0, None, "numbers")
    message = f"no formulas for this '{name}': add them to the tables .* under a name of its own"
    with pytest.raises(ValueError, match=message):
        MLP(1, [1], [mine])
    with pytest.raises(ValueError, match=message):
        MLP(1, [1], loss=odd)
