"""The gradient check over theta: no false alarms, every planted bug by name, and nothing left behind."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl import nn, vectorized
from micrograd_dl.engine.value import Value
from micrograd_dl.gradcheck.models import check_gradients
from micrograd_dl.gradcheck.report import Check, Obstacle, distance
from micrograd_dl.nn.network import Network, Parameter, one_hot
from micrograd_dl.nn.parameter_vector import component_names, parameter_vector
from micrograd_dl.optim.optimisers import Adam
from micrograd_dl.training.fitting import fit

BACKENDS: list[type[Network]] = [nn.MLP, vectorized.MLP]
both = pytest.mark.parametrize("MLP", BACKENDS, ids=["values", "numpy"])
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((2, 4)), np.array([[1.0, 0.0, 0.0, 1.0]])
OUTPUTS = [
    ("sigmoid", "logistic"), ("softmax", "cross_entropy"), ("linear", "squared"), ("linear", "max_margin"),
]  # fmt: skip


def network(MLP: type[Network], **options: Any) -> Network:
    model = MLP(2, [3, 2, 1], ["tanh", "leaky_relu", "sigmoid"], seed=1, l2=0.7, **options)
    model.set_layers_data([(W, b + 0.1) for W, b in model.layers_data()])
    return model


@both
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
@pytest.mark.parametrize("hidden", ["linear", "sigmoid", "tanh", "relu", "leaky_relu"])
def test_both_backends_are_right(MLP: type[Network], hidden: str, output: str, loss: Any) -> None:
    for seed in range(6 if MLP is vectorized.MLP else 1):
        rng, n_y, m = np.random.default_rng(seed), 2, 3
        x = rng.standard_normal((3, m)) * 10.0 ** (seed % 3 - 1)
        y = rng.integers(0, 2, (n_y, m)).astype(float)
        if loss == "cross_entropy":
            y = one_hot(rng.integers(0, n_y, m), n_y)
        elif loss == "max_margin":
            y = 2 * y - 1
        model = MLP(3, [4, 3, n_y], [hidden, hidden, output], loss, seed=seed, l2=0.3 * seed, l1=0.2 * seed)
        found = check_gradients(model, x, y)
        assert found.ok, found


@pytest.mark.parametrize("epochs", [10, 300, 1000, pytest.param(3000, marks=pytest.mark.full)])
@pytest.mark.parametrize(("output", "loss"), [("sigmoid", "logistic"), ("linear", "squared")])
@pytest.mark.parametrize("hidden", ["tanh", "relu"])
def test_no_false_alarm_where_training_has_left_next_to_no_gradient(
    hidden: str, output: str, loss: Any, epochs: int
) -> None:
    model = vectorized.MLP(2, [5, 1], [hidden, output], loss, seed=2)
    fit(model, X, Y, epochs=epochs, optimiser=Adam(model.parameters(), 0.05))
    found = check_gradients(model, X, Y)
    assert found.ok, found


@both
def test_a_cost_that_no_parameter_moves_is_never_right(MLP: type[Network]) -> None:
    class Detached(MLP):  # type: ignore[valid-type, misc]  # either backend
        """As a careless copy: its cost is computed from other numbers than those of `parameters`."""

        def cost_and_grad(self, X: Any, Y: Any) -> float:
            J = float(network(MLP).cost_and_grad(X, Y))
            set_grads(self, {name: 0 * d for name, d in grads(self)})
            return J

    found = check_gradients(network(Detached), X, Y)
    assert (found.ok, found.components, found.verdict) == (False, (), "nothing could be judged here")
    assert str(found).splitlines()[1].startswith("Not judged, no parameter moves the cost: is it computed ")


def test_two_gradients_of_zero_are_equal() -> None:
    model = vectorized.MLP(2, [1], ["linear"], initialiser=lambda rng, n_out, n_in: np.zeros((n_out, n_in)))
    found = check_gradients(model, X, np.zeros((1, 4)))
    assert (found.ok, found.distance) == (True, 0)
    assert {c.analytic for c in found.components} == {0}


def test_the_courses_distance_over_theta() -> None:
    """At the course's step, by its formula, written out."""
    model = network(vectorized.MLP)
    found = check_gradients(model, X, Y)
    model.cost_and_grad(X, Y)
    exact, approx = parameter_vector(model.parameters(), "grad"), []
    for p in model.parameters():
        for place in np.ndindex(p.data.shape):
            there = p.data[place]
            costs = []
            for sign in (1, -1):
                p.data[place] = there + sign * 1e-7
                costs.append(model.cost_and_grad(X, Y))
            p.data[place] = there
            approx.append((costs[0] - costs[1]) / 2e-7)
    assert found.distance < 1e-7
    assert found.distance == pytest.approx(distance(approx, exact.tolist()), rel=0.5)
    named = dict(zip(component_names(model), exact, strict=True))
    assert {c.leaf: c.analytic for c in found.components} == named


@both
def test_batch_normalisation_is_right_and_its_running_averages_are_left_alone(MLP: type[Network]) -> None:
    model = network(MLP, normalisation="batch")
    before = copy.deepcopy(model.averages)
    found = check_gradients(model, X, Y)
    assert found.ok
    assert "gamma1[1]" in {c.leaf for c in found.components}
    for one, other in zip(filter(None, model.averages), filter(None, before), strict=True):
        assert np.array_equal([one.mean, one.variance], [other.mean, other.variance])


@both
def test_dropout_is_checked_with_its_masks_frozen(MLP: type[Network]) -> None:
    model = network(MLP, keep_prob=0.5)
    with model.frozen():
        assert check_gradients(model, X, Y).ok


def grads(model: Network) -> list[tuple[str, Any]]:
    return [(name, x.copy()) for name, x in model.named("grad").items()]


def set_grads(model: Network, wanted: dict[str, Any]) -> None:
    for p in model.parameters():
        name, _, place = p.label.rstrip("]").partition("[")
        if place:  # one entry, counted from 1
            p.grad = wanted[name][tuple(int(i) - 1 for i in place.split(","))].item()
        else:
            p.grad[...] = wanted[name]


Spoil = Callable[[Any, int], dict[str, Any]]


def spoiling(MLP: type[Network], spoil: Spoil) -> type[Network]:
    """Networks whose derivatives are what `spoil` makes of them."""

    class Spoiled(MLP):  # type: ignore[valid-type, misc]  # either backend
        def cost_and_grad(self, X: Any, Y: Any) -> float:
            J = float(super().cost_and_grad(X, Y))
            set_grads(self, dict(grads(self)) | spoil(self, np.shape(X)[1]))
            return J

    return Spoiled


def spoiled(MLP: type[Network], spoil: Spoil) -> Network:
    return network(spoiling(MLP, spoil))


def factor(name: str, x: float) -> Spoil:
    return lambda model, m: {name: x * model.named("grad")[name]}


def without_regularisation(model: Any, m: int) -> dict[str, Any]:
    return {name: d - model.l2 / m * model.named()[name] for name, d in grads(model) if name[0] == "W"}


BUGS: dict[str, tuple[Spoil, str]] = {
    "a factor 2 in dW2": (factor("W2", 2.0), "W2["),
    "4/m in db1": (factor("b1", 4.0), "b1["),
    "1/m missing in dW1": (factor("W1", 4.0), "W1["),
    "1/m missing everywhere": (lambda model, m: {name: m * d for name, d in grads(model)}, ""),
    "a sign in db3": (factor("b3", -1.0), "b3["),
    "dW3 forgotten": (factor("W3", 0.0), "W3["),
    "no regularisation": (without_regularisation, "W"),
    "not a number": (factor("b2", np.nan), "b2["),
}


@both
@pytest.mark.parametrize("name", BUGS)
def test_planted_bugs_are_found_and_named(MLP: type[Network], name: str) -> None:
    bug, where = BUGS[name]
    found = check_gradients(spoiled(MLP, bug), X, Y)
    assert found.verdict == "there is a bug: the two are different"
    assert found.components[0].leaf.startswith(where)
    wrong = [c for c in found.components if not c.difference <= 1e-5 * (1 + abs(c.analytic))]
    assert wrong
    assert all(c.leaf.startswith(where) for c in wrong)
    assert str(found).splitlines()[1].startswith(f"  d{found.components[0].leaf} ")


def test_a_small_error_is_looked_at_closer() -> None:
    found = check_gradients(spoiled(vectorized.MLP, factor("W2", 1 + 1e-4)), X, Y)
    assert found.verdict == "look closer: the two differ by more than rounding should"
    assert found.components[0].leaf.startswith("W2[")


def test_a_bug_is_found_where_training_has_left_little_gradient() -> None:
    model = spoiled(vectorized.MLP, factor("W3", 2.0))
    fit(model, X, Y, epochs=300, optimiser=Adam(model.parameters(), 0.05))
    assert not check_gradients(model, X, Y).ok


def at_a_kink(MLP: type[Network], side: Any) -> Network:
    """The z of its first unit is exactly 0 for every example."""
    model = MLP(2, [2, 1], ["relu", "sigmoid"], seed=1, slope_at_kink=side)
    model.set_layers_data([([[0.0, 0.0], [0.5, 0.3]], [[0.0], [0.2]]), ([[1.0, -1.0]], [[0.1]])])
    return model


@both
@pytest.mark.parametrize("side", ["right", "left"])
def test_at_a_kink_the_slope_of_the_networks_side_counts(MLP: type[Network], side: str) -> None:
    """z of the kink moves to one side with b; with W, it moves to the side of the sign of x."""
    positive = np.abs(X) + 0.1
    found = check_gradients(at_a_kink(MLP, side), positive, Y)
    assert (found.verdict, found.not_judged) == ("backprop is right", ())
    mixed = np.array([[1.0, -1.0, 2.0, -2.0], [1.0, 2.0, 3.0, 4.0]])
    found = check_gradients(at_a_kink(MLP, side), mixed, Y)
    assert found.not_judged_for(Obstacle.KINK) == ("W1[1,1]",)
    assert found.verdict == "backprop is right where it could be judged (8 of 9 derivatives)"
    assert str(found).splitlines()[-1] == "Not judged, a kink lies within the step: dW1[1,1]"


@both
def test_the_slope_of_the_other_side_is_not_called_right(MLP: type[Network]) -> None:
    def left(model: Any, m: int) -> dict[str, Any]:
        return {name: d * ([0], [1]) for name, d in grads(model) if name in ("W1", "b1")}

    Wrong = spoiling(MLP, left)
    found = check_gradients(at_a_kink(Wrong, "right"), np.abs(X), Y)
    assert {"W1[1,1]", "W1[1,2]", "b1[1]"} == {*found.not_judged_for(Obstacle.KINK)}
    assert check_gradients(at_a_kink(Wrong, "left"), np.abs(X), Y).complete


@pytest.mark.parametrize("seed", range(4))
def test_a_kink_at_which_both_slopes_are_0_is_no_bug(seed: int) -> None:
    """As many of either class at X = 0: beside b[1] = 0 J is flat to one side, and not to the other."""
    model = vectorized.MLP(2, [3, 1], ["relu", "sigmoid"], seed=seed)
    assert check_gradients(model, np.zeros((2, 4)), [[0, 1, 0, 1]]).ok


def test_a_bug_is_found_beside_kinks() -> None:
    model = spoiled(vectorized.MLP, factor("b3", 2.0))
    W, b = model.layers_data()[1]
    layers = model.layers_data()
    model.set_layers_data([layers[0], (W * [[0.0], [1.0]], b * [[0.0], [1.0]]), layers[2]])
    found = check_gradients(model, X, Y)
    at_kink = found.not_judged_for(Obstacle.KINK)
    assert at_kink
    assert {leaf[:3] for leaf in at_kink} <= {"W2[", "b2["}
    assert (found.verdict[:14], found.components[0].leaf) == ("there is a bug", "b3[1]")


def test_a_kink_within_the_step_but_beside_the_point_is_no_hindrance() -> None:
    model = vectorized.MLP(1, [1, 1], ["relu", "linear"], seed=1)
    for beside in (3e-8, 6e-8, -5e-8, 3e-7):
        model.set_layers_data([([[1.0]], [[beside - 1]]), ([[2.0]], [[0.5]])])
        found = check_gradients(model, [[1.0]], [[3.0]])
        assert found.ok, found


def scalar_model(J: Callable[[float], float], dJ: Callable[[float], float], at: float) -> Any:
    """A model of one parameter w, as a user might write it."""
    w = SimpleNamespace(data=at, grad=0.0, label="w")

    def cost_and_grad(X: Any, Y: Any) -> float:
        w.grad = dJ(w.data)
        return J(w.data)

    return SimpleNamespace(parameters=lambda: [w], cost_and_grad=cost_and_grad)


def checked(J: Callable[[float], float], dJ: Callable[[float], float], at: float) -> Check:
    return check_gradients(scalar_model(J, dJ, at), None, None)


def test_any_model_with_the_seam_of_training() -> None:
    found = checked(lambda w: w**3, lambda w: 3 * w**2, 2.0)
    assert found.ok
    assert str(found).splitlines()[1].startswith("  dw  numerical ")
    assert not checked(lambda w: w**3, lambda w: 2 * w**2, 2.0).ok


def test_as_in_micrograd_the_cost_may_be_a_value() -> None:
    w = Value(2.0, "w")

    def cost_and_grad(X: Any, Y: Any) -> Any:
        w.zero_grad()
        (J := w**3).backward()
        return J

    model: Any = SimpleNamespace(parameters=lambda: [w], cost_and_grad=cost_and_grad)
    assert check_gradients(model, None, None).verdict == "backprop is right"


def square_from_0_up(w: float) -> float:
    if w < 0:
        raise ValueError("w is from 0 up")
    return w * w


@pytest.mark.parametrize(
    ("J", "dJ", "at", "why"),
    [
        (lambda w: w**0.5 if w >= 0 else math.nan, lambda w: 1.0, 0.0, Obstacle.UNDEFINED),
        (square_from_0_up, lambda w: 2 * w, 0.0, Obstacle.UNDEFINED),
        (lambda w: math.sin(1e12 * w), lambda w: 1e12 * math.cos(1e12 * w), 0.3, Obstacle.HIDDEN),
        (lambda w: math.sin(1e17 * w), lambda w: 1e17 * math.cos(1e17 * w), 0.3, Obstacle.HIDDEN),
        (abs, lambda w: 1.0, 0.0, Obstacle.KINK),
        (lambda w: 3.0, lambda w: 0.0, 1.0, Obstacle.FLAT),
    ],
)
def test_what_cannot_be_judged(J: Any, dJ: Any, at: float, why: Obstacle) -> None:
    found = checked(J, dJ, at)
    assert (found.not_judged_for(why), found.ok) == (("w",), False)
    assert found.verdict == "nothing could be judged here"


def test_a_cost_that_is_refused_nearby_and_a_step_that_is_lost_in_the_number_are_no_hindrance() -> None:
    assert checked(square_from_0_up, lambda w: 2 * w, 1e-4).ok
    assert not checked(square_from_0_up, lambda w: 3 * w, 1e-4).ok
    found = checked(lambda w: 3 * w, lambda w: 3.0, 1e10)
    assert found.ok
    assert found.components[0].step > 1
    assert not checked(lambda w: 3 * w, lambda w: 2.0, 1e10).ok


def test_a_component_whose_cost_is_refused_does_not_disturb_the_next() -> None:
    w, v = (SimpleNamespace(data=x, grad=0.0, label=name) for x, name in ((0.0, "w"), (2.0, "v")))

    def cost_and_grad(X: Any, Y: Any) -> float:
        square_from_0_up(w.data)
        w.grad, v.grad = v.data, w.data + 2 * v.data
        return float(w.data * v.data + v.data**2)

    found = check_gradients(SimpleNamespace(parameters=lambda: [w, v], cost_and_grad=cost_and_grad), 0, 0)
    assert (found.not_judged_for(Obstacle.UNDEFINED), found.ok) == (("w",), True)
    assert [c.leaf for c in found.components] == ["v"]


@given(st.floats(-5, 5), st.sampled_from([0.0, -1.0, 1.0001, 2.0]))
def test_a_wrong_factor_is_found_anywhere(w: float, factor: float) -> None:
    def slope(w: float) -> float:
        return (math.cos(w) + math.sin(w)) * math.exp(w)

    found = checked(lambda w: math.sin(w) * math.exp(w), lambda w: factor * slope(w), w)
    assert found.ok == (abs(slope(w)) * math.exp(-w) * abs(factor - 1) < 1e-8)


def test_arrays_without_a_label_and_a_shape_of_their_own() -> None:
    U = Parameter(np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros((2, 2)), label="")

    def cost_and_grad(X: Any, Y: Any) -> float:
        U.grad[...] = 2 * U.data
        U.grad[1, 0] *= 3
        return float((U.data**2).sum())

    found = check_gradients(SimpleNamespace(parameters=lambda: [U], cost_and_grad=cost_and_grad), None, None)
    assert found.components[0].leaf == "parameters[0][2,1]"


# --- what is refused, and what is left behind ---------------------------------------------------------------

DRAWS = np.random.default_rng(0)


def a_model(**attributes: Any) -> Any:
    return SimpleNamespace(**(vars(scalar_model(lambda w: w**2, lambda w: 2 * w, 1.0)) | attributes))


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (a_model(stochastic=True), {}, "the cost is another each time, as under dropout.* switched off"),
        (scalar_model(lambda w: DRAWS.random(), abs, 1.0), {}, "the cost is another each time, as under dro"),
        (network(nn.MLP, keep_prob=0.5), {}, "dropout draws new masks"),
        (network(vectorized.MLP, dtype="float32"), {}, "float32, in which steps of 1e-7 are lost: check a"),
        (scalar_model(lambda w: np.inf, abs, 1.0), {}, "the cost is inf: there is no derivative to be che"),
        (a_model(parameters=list), {}, "the model has no parameters: there is no derivative to be checked"),
        (a_model(), {"epsilon": 0.0}, "the step of a numerical derivative is above 0"),
        (a_model(), {"epsilon": "1"}, "the step of a numerical derivative takes a real number, not the str"),
        (a_model(), {"most": 0}, "most is a whole number from 1 up, not 0"),
        (a_model(), {"most": 2.5}, "most is a whole number from 1 up, not 2.5"),
        (a_model(), {"seed": -1}, "seed is a whole number from 0 up, not -1"),
        (3, {}, r"a model has parameters\(\) and cost_and_grad.*; the int has no param"),
    ],
)
def test_what_is_refused(model: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        check_gradients(model, X, Y, **options)


@both
@pytest.mark.parametrize("error", [None, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("at", [1, 2, 5, 20, 33])
def test_nothing_is_left_behind(MLP: type[Network], error: type[BaseException] | None, at: int) -> None:
    class Interrupted(MLP):  # type: ignore[valid-type, misc]  # either backend
        calls = 0

        def cost_and_grad(self, X: Any, Y: Any) -> float:
            self.calls += 1
            if self.calls == at and error:
                raise error
            return float(super().cost_and_grad(X, Y))

    model = network(Interrupted)
    if error is None:
        model.cost_and_grad(X[:, :2], Y[:, :2])
    before = [part.tolist() for layer in model.layers_data() + model.layers_grad() for part in layer]
    with pytest.raises(error) if error else nullcontext():
        check_gradients(model, X, Y)
    after = [part.tolist() for layer in model.layers_data() + model.layers_grad() for part in layer]
    assert after == before
