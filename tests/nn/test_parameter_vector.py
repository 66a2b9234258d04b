"""Each component of theta is called what it is, and everything is as it was after looking."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from micrograd_dl.data.built_in import moons
from micrograd_dl.nn.network import Network
from micrograd_dl.nn.parameter_vector import component_names, parameter_vector, restoring, weights_only
from micrograd_dl.optim.optimisers import Adam, GradientDescent

DATA = moons(20, seed=1)
X, Y = DATA.X, DATA.targets("logistic")


def network(MLP: type[Network], **options: Any) -> Network:
    model = MLP(2, [3, 4, 1], ["tanh", "relu", "sigmoid"], seed=1, **options)
    rng = np.random.default_rng(1)
    model.set_layers_data([(W, rng.standard_normal(b.shape)) for W, b in model.layers_data()])
    return model


def numbers(model: Network) -> list[Any]:
    return [x.tolist() for what in ("data", "grad") for x in model.named(what).values()]


def test_names_are_where_the_numbers_are(MLP: type[Network]) -> None:
    model = network(MLP)
    model.cost_and_grad(X, Y)
    before, found = numbers(model), component_names(model)
    assert numbers(model) == before
    for what in ("data", "grad"):
        named = model.named(what)
        for name, x in zip(found, parameter_vector(model.parameters(), what), strict=True):
            array, *place = re.findall(r"\w+", name)
            assert named[array][tuple(int(i) - 1 for i in [*place, 1][:2])] == x
    assert len(set(found)) == len(found) == 3 * 3 + 4 * 4 + 5


def test_gamma_and_beta_have_names_and_do_not_decay(MLP: type[Network]) -> None:
    model = MLP(2, [2, 1], ["tanh", "sigmoid"], normalisation="batch")
    found = component_names(model)
    assert {"gamma1[2]", "beta1[1]"} <= set(found)
    assert not any(name.startswith("b1[") for name in found)
    flat = np.concatenate([np.ravel(which) for which in weights_only(model)])
    assert flat.tolist() == [name.startswith("W") for name in found]


def test_names_of_what_is_no_network() -> None:
    U, W = SimpleNamespace(data=np.zeros((1, 2)), label="U"), SimpleNamespace(data=np.zeros((1, 1)))
    parameters = [U, W, SimpleNamespace(data=1.0, label="c"), SimpleNamespace(data=1.0)]
    model: Any = SimpleNamespace(parameters=lambda: parameters)
    assert component_names(model) == ["U[1,1]", "U[1,2]", "parameters[1][1,1]", "c", "parameters[3]"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_kept_whatever_happens(MLP: type[Network], error: type[BaseException]) -> None:
    model = network(MLP)
    model.cost_and_grad(X, Y)
    before = numbers(model)

    def interrupted() -> None:
        with restoring(model.parameters()):
            for p in model.parameters():
                p.data -= 0.3
            model.cost_and_grad(X[:, :3], Y[:, :3])
            assert numbers(model) != before
            raise error

    with pytest.raises(error):
        interrupted()
    assert numbers(model) == before


# --- weight decay and L2 ------------------------------------------------------------------------------------


def trained(MLP: type[Network], kind: Any, decay: bool) -> Any:
    alpha, l2 = 0.1, 3.0
    model = network(MLP, l2=0.0 if decay else l2)
    options = {"weight_decay": l2 / X.shape[1], "decays": weights_only(model)} if decay else {}
    optimiser = kind(model.parameters(), alpha, **options)
    for _ in range(20):
        model.cost_and_grad(X, Y)
        optimiser.step()
    return parameter_vector(model.parameters())


def test_l2_is_weight_decay_under_plain_descent(MLP: type[Network]) -> None:
    difference = trained(MLP, GradientDescent, decay=True) - trained(MLP, GradientDescent, decay=False)
    assert np.abs(difference).max() < 1e-12


def test_weight_decay_is_a_factor_on_the_weights(MLP: type[Network]) -> None:
    """What the course says of L2: W := (1 - alpha lambda / m) W - alpha dW, with the dW of the loss alone."""
    alpha, l2, m = 0.1, 3.0, X.shape[1]
    plain, penalised = network(MLP), network(MLP, l2=l2)
    for _ in range(20):
        plain.cost_and_grad(X, Y)
        factor = 1 - alpha * l2 / m
        pairs = zip(plain.layers_data(), plain.layers_grad(), strict=True)
        plain.set_layers_data([(factor * W - alpha * dW, b - alpha * db) for (W, b), (dW, db) in pairs])
        penalised.cost_and_grad(X, Y)
        GradientDescent(penalised.parameters(), alpha).step()
    theta, other = (parameter_vector(model.parameters()) for model in (plain, penalised))
    assert np.abs(theta - other).max() < 1e-12


def test_l2_is_not_weight_decay_under_adam(MLP: type[Network]) -> None:
    difference = trained(MLP, Adam, decay=True) - trained(MLP, Adam, decay=False)
    assert np.abs(difference).max() > 0.1
