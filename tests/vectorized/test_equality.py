"""The two backends compute the same: every number of a pass, over architectures, losses and all inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from micrograd_dl import nn, vectorized
from micrograd_dl.compare.comparison import compare
from micrograd_dl.nn.activations import ACTIVATIONS
from micrograd_dl.nn.initialisers import small, uniform, xavier, zeros
from micrograd_dl.nn.losses import LOSSES
from micrograd_dl.nn.network import Array, Network, Pass, one_hot
from micrograd_dl.nn.parameter_vector import parameter_vector

HIDDEN = [name for name in ACTIVATIONS if name != "softmax"]
OUTPUTS = [
    (output, loss.name)
    for loss in LOSSES.values()
    for output in ([loss.output] if loss.output is not None else HIDDEN)
]


@dataclass(frozen=True)
class Case:
    """How to make a network, and examples for it."""

    args: tuple[Any, ...]
    options: dict[str, Any]
    X: Array
    Y: Array

    def network(self, kind: Any, **more: Any) -> Any:
        return kind(*self.args, **self.options, **more)

    def pair(self) -> tuple[Network, Network]:
        return self.network(nn.MLP), self.network(vectorized.MLP)


@st.composite
def cases(
    draw: st.DrawFn, inputs: str = "normal", initialisers: Any = (None, uniform), everything: bool = False
) -> Case:
    n_x, m = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    output, loss = draw(st.sampled_from(OUTPUTS))
    hidden = draw(st.lists(st.sampled_from(HIDDEN), min_size=len(sizes) - 1, max_size=len(sizes) - 1))
    options = {
        "seed": draw(st.integers(0, 2**32)),
        "l2": draw(st.sampled_from([0.0, 0.7])),
        "l1": draw(st.sampled_from([0.0, 0.3])),
        "initialiser": draw(st.sampled_from(initialisers)),
    }
    if everything:
        hidden_layers = len(sizes) - 1
        kinds = st.sampled_from([None, "batch", "layer"])
        keep = st.sampled_from([1.0, 0.8, 0.5])
        options |= {
            "normalisation": draw(st.lists(kinds, min_size=hidden_layers, max_size=hidden_layers)),
            "keep_prob": draw(st.lists(keep, min_size=hidden_layers, max_size=hidden_layers)),
            "label_smoothing": draw(st.sampled_from([0.0, 0.1])) if LOSSES[loss].classes else 0.0,
            "slope_at_kink": draw(st.sampled_from(["right", "left"])),
        }
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    X, n_y = 2 * rng.standard_normal((n_x, m)), sizes[-1]
    if inputs == "whole":
        X = rng.integers(-2, 3, (n_x, m)).astype(float)
    elif inputs == "extreme":
        X *= 10.0 ** rng.integers(-8, 9, (n_x, 1))
    Y = rng.integers(0, 2, (n_y, m)).astype(float)
    if loss == "cross_entropy":
        Y = one_hot(rng.integers(0, n_y, m), n_y)
    elif loss == "max_margin":
        Y = 2 * Y - 1
    return Case((n_x, sizes, [*hidden, output], loss), options, X, Y)


def arrays(numbers: Pass) -> list[Array]:
    parts = (numbers.Z, numbers.A, numbers.dZ, numbers.dW, numbers.db)
    more = (numbers.Z_norm, numbers.dgamma, numbers.dbeta)
    found = [np.array(numbers.cost), *(array for part in parts for array in part)]
    return [*found, *(array for part in more for array in part if array is not None)]


def shaken(model: Network, seed: int) -> Network:
    """With numbers of its own for every parameter that is not a weight."""
    rng = np.random.default_rng(seed)
    noise = {name: 0.5 * rng.standard_normal(array.shape) for name, array in model.named().items()}
    model.set_named({x: a if x.startswith("W") else a + noise[x] for x, a in model.named().items()})
    return model


def assert_equal(case: Case, here: Network, there: Network, tolerance: float = 1e-12) -> None:
    comparison = compare(here, there, case.X, case.Y, tolerance=tolerance)
    assert comparison.equal, f"{case}\n{comparison}"
    assert comparison.largest <= tolerance


@given(cases(initialisers=(None, uniform, xavier, small, zeros)))
def test_equal(case: Case) -> None:
    """From the same seed on."""
    here, there = case.pair()
    assert str(here.layers_data()) == str(there.layers_data())
    assert_equal(case, here, there)


@given(cases(everything=True), st.integers(0, 2**32), st.integers(0, 3))
def test_equal_with_everything(case: Case, seed: int, passes: int) -> None:
    """Dropout, batch and layer normalisation, label smoothing and regularisers mixed."""
    here, there = (shaken(model, seed) for model in case.pair())
    for model in (here, there):
        for _ in range(passes):
            model.cost_and_grad(case.X, case.Y)
    if any(here.normalisations):  # behind one, a z is rounded
        numbers = here.record(case.X, case.Y)
        assume(away_from_kinks(numbers, here, case.Y, 1e-9))
        for Z, kind in zip(numbers.Z, here.normalisations, strict=True):
            variance = Z.var(axis=1 if kind == "batch" else 0)  # not that of last bits alone
            assume(kind is None or ((variance == 0) | (variance > 1e-20)).all())
    assert_equal(case, here, there)
    np.testing.assert_allclose(here.forward(case.X), there.forward(case.X), rtol=1e-9, atol=1e-11)
    assert here.passes == there.passes
    for mine, theirs in zip(here.averages, there.averages, strict=True):
        if mine is not None and theirs is not None:
            np.testing.assert_allclose(mine.mean, theirs.mean, rtol=1e-11, atol=1e-12)
            np.testing.assert_allclose(mine.variance, theirs.variance, rtol=1e-11, atol=1e-12)


def away_from_kinks(numbers: Pass, model: Network, Y: Array, by: float) -> bool:
    """Whether no activation or loss is beside its kink, where either side may be right."""
    A = numbers.A[-1]
    distances = [model.activation_input(numbers, l) for l in range(1, len(numbers.Z) + 1)]
    distances += {"max_margin": [1 - Y * A], "huber": [np.abs(A - Y) - 1]}.get(model.loss.name, [])
    return all((np.abs(distance) > by).all() for distance in distances)


@given(cases(inputs="whole", initialisers=(zeros, lambda rng, n, k: rng.integers(-2, 3, (n, k)) / 2)))
def test_equal_at_kinks_that_are_hit_exactly(case: Case) -> None:
    """Zeros and small whole numbers: sums are exact, and z is often 0, where a ReLU has its kink.

    After a sigmoid they are not, and a sum may miss 0 by its last bits, on either side of the kink.
    """
    here, there = case.pair()
    for model in (here, there):
        Z = np.concatenate([np.abs(Z).ravel() for Z in model.record(case.X, case.Y).Z])
        assume(not ((Z > 0) & (Z < 1e-12)).any())
    assert_equal(case, here, there)


def well_conditioned(numbers: Pass, activations: Any) -> bool:
    """Whether no number hangs on the last bits of another.

    They do just beside a kink, and where a unit is nearly, but not quite, level: 1 - a of a = 1 - 1e-12 has
    four digits, as has a subnormal number. At extreme inputs rounding alone then sets two right computations
    apart.
    """
    for Z, A, g in zip(numbers.Z, numbers.A, activations, strict=True):
        distance = 1 - np.abs(A)
        if g.name in ("sigmoid", "tanh", "softmax") and ((distance != 0) & (distance < 1e-2)).any():
            return False
        if any(((x != 0) & (np.abs(x) < 1e-300)).any() for x in (Z, A)):
            return False
        if ((Z != 0) & (np.abs(Z) < 1e-6 * np.abs(Z).max())).any():
            return False
    return True


@given(cases(inputs="extreme"))
def test_equal_at_extreme_inputs(case: Case) -> None:
    """Features from 1e-8 to 1e8 side by side."""
    here, there = case.pair()
    for model in (here, there):
        assume(well_conditioned(model.record(case.X, case.Y), model.activations))
    assert_equal(case, here, there, 1e-10)


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 0.0, 1e3, 1e8])
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
def test_finite_and_without_a_warning_at_every_scale(scale: float, output: str, loss: Any) -> None:
    X = scale * np.array([[1.0, -1.0, 0.5], [-2.0, 1.0, 0.0]])
    Y = one_hot([0, 1, 1]) * (2 if loss == "max_margin" else 1) - (loss == "max_margin")
    for kind in (nn.MLP, vectorized.MLP):
        model = kind(2, [3, 2], ["tanh", output], loss, seed=1)
        assert all(np.isfinite(array).all() for array in arrays(model.record(X, Y)))


@settings(max_examples=50)
@given(cases())
def test_expanded_sums_give_the_same_bits(case: Case) -> None:
    fused, expanded = case.network(nn.MLP), case.network(nn.MLP, expanded=True)
    for a, b in zip(*(arrays(model.record(case.X, case.Y)) for model in (fused, expanded)), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(fused.forward(case.X), expanded.forward(case.X))


@settings(max_examples=50)
@given(cases())
def test_float32_is_float64_rounded(case: Case) -> None:
    X = case.X.astype(np.float32)
    there = case.network(vectorized.MLP, dtype=np.float32)
    here = case.network(nn.MLP)
    here.copy_from(there)
    numbers = here.record(X, case.Y)
    assume(well_conditioned(numbers, here.activations))
    single = there.record(X, case.Y.astype(np.float32))
    assert {array.dtype for array in arrays(single)[1:]} == {np.dtype(np.float32)}
    if here.loss.name == "max_margin":
        assume((np.abs(1 - case.Y * numbers.A[-1]) > 1e-4).all())
    assert compare(here, there, X, case.Y, tolerance=1e-4).equal, case


@settings(max_examples=60)
@given(cases(everything=True), st.integers(0, 2**32))
def test_gradients_against_central_differences(case: Case, seed: int) -> None:
    """Against the cost alone, entry by entry of theta, with the masks of dropout frozen."""
    model = shaken(case.network(vectorized.MLP), seed)
    assert isinstance(model, vectorized.MLP)
    numbers = model.record(case.X, case.Y)
    # Away also from units that are nearly the same for all examples: there the variance is small beside eps,
    # and the cost bends within the step.
    assume(away_from_kinks(numbers, model, case.Y, 1e-3))
    for Z, kind in zip(numbers.Z, model.normalisations, strict=True):
        assume(kind is None or (Z.var(axis=1 if kind == "batch" else 0) > 1e-2).all())
    weights = np.concatenate([W.ravel() for W, _ in model.layers_data()])
    assume(not model.l1 or (np.abs(weights) > 1e-3).all())
    with model.frozen():
        model.cost_and_grad(case.X, case.Y)
        gradient, differences, epsilon = parameter_vector(model.parameters(), "grad"), [], 1e-6
        for p in model.parameters():
            for place, x in np.ndenumerate(p.data.copy()):
                costs = [
                    model.cost(case.X, case.Y, training=True) for p.data[place] in (x + epsilon, x - epsilon)
                ]
                p.data[place] = x
                differences.append((costs[0] - costs[1]) / (2 * epsilon))
        approximate = np.array(differences)
    scale = np.abs(gradient).max() + 1e-3 * (1 + abs(numbers.cost))
    assert np.abs(gradient - approximate).max() <= 1e-5 * scale
