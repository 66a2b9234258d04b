"""Inverted dropout: the same masks in both backends, off in a prediction, frozen for a numerical check."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd_dl import nn, vectorized
from micrograd_dl.compare.comparison import compare
from micrograd_dl.gradcheck.graphs import check
from micrograd_dl.nn.network import Network
from micrograd_dl.optim.optimisers import GradientDescent
from micrograd_dl.training.fitting import fit

# The cost of a network of Values is a Value; float() takes the number of it.
pytestmark = pytest.mark.filterwarnings("ignore::micrograd_dl.GraphCutWarning")

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((3, 6)), RNG.integers(0, 2, (1, 6)).astype(float)


def network(MLP: type[Network], keep_prob: Any = 0.5, **options: Any) -> Network:
    return MLP(3, [5, 4, 1], ["tanh", "tanh", "sigmoid"], seed=1, keep_prob=keep_prob, **options)


def test_masks_are_the_same_in_both_and_new_in_every_pass() -> None:
    here, there = (network(MLP) for MLP in (nn.MLP, vectorized.MLP))
    seen = []
    for _ in range(4):
        assert compare(here, there, X, Y).equal
        seen.append((here.record(X, Y).A[0] == 0).tolist())
        for model in (here, there):
            model.cost_and_grad(X, Y)
    assert here.passes == there.passes == 4
    assert len({str(zeros) for zeros in seen}) == 4
    other = vectorized.MLP(3, [5, 4, 1], ["tanh", "tanh", "sigmoid"], seed=2, keep_prob=0.5)
    assert (other.record(X, Y).A[0] == 0).tolist() not in seen


def test_what_is_kept_is_divided_by_keep_prob(MLP: type[Network]) -> None:
    plain, model = network(MLP, 1.0), network(MLP, [0.25, 1.0])
    kept, whole = model.record(X, Y).A[0], plain.record(X, Y).A[0]
    assert set(np.round(kept / whole, 12).ravel()) == {0.0, 4.0}
    plain.cost_and_grad(X, Y)
    assert model.passes == plain.passes == 0  # without dropout there is nothing to count


def test_it_is_off_in_a_prediction(MLP: type[Network]) -> None:
    plain, model = network(MLP, 1.0), network(MLP)
    np.testing.assert_array_equal(model.forward(X), plain.forward(X))
    assert float(model.cost(X, Y)) == float(plain.cost(X, Y))
    assert float(model.cost(X, Y, training=True)) != float(plain.cost(X, Y))
    model.cost_and_grad(X, Y)
    np.testing.assert_array_equal(model.forward(X), plain.forward(X))


def test_a_numerical_check_refuses_it_unless_it_is_frozen(MLP: type[Network]) -> None:
    model = network(MLP)
    with pytest.raises(ValueError, match=r"dropout draws new masks .* check inside `with model.frozen\(\):`"):
        model.require_repeatable()
    network(MLP, 1.0).require_repeatable()
    with model.frozen():
        model.require_repeatable()
        with model.frozen():
            first = model.cost_and_grad(X, Y)
        model.require_repeatable()
        assert model.cost_and_grad(X, Y) == first
        assert float(model.cost(X, Y, training=True)) == first
    assert model.passes == 0
    with pytest.raises(RuntimeError), model.frozen():  # whatever happens inside
        raise RuntimeError
    with pytest.raises(ValueError, match="dropout draws new masks"):
        model.require_repeatable()


def test_the_graph_of_one_pass_has_its_masks_in_it() -> None:
    model = network(nn.MLP)
    assert check(model.cost(X[:, :2], Y[:, :2], training=True)).ok
    assert model.passes == 1


def test_a_loop_of_ones_own_trains_as_fit_does() -> None:
    by_fit, by_hand = (network(nn.MLP, normalisation="batch") for _ in range(2))
    fit(by_fit, X, Y, epochs=3, optimiser=GradientDescent(by_fit.parameters(), 0.1))
    assert isinstance(by_hand, nn.MLP)
    optimiser = GradientDescent(by_hand.parameters(), 0.1)
    for _ in range(3):
        J = by_hand.cost(X, Y, training=True)
        by_hand.zero_grad()
        J.backward()
        optimiser.step()
    for name, array in by_fit.named().items():
        np.testing.assert_allclose(array, by_hand.named()[name], rtol=1e-10, atol=1e-13)
    assert by_fit.passes == by_hand.passes == 3


@settings(max_examples=20)
@given(st.integers(1, 6), st.integers(0, 3))
def test_copied_networks_go_on_alike(m: int, passes: int) -> None:
    here, there = (network(MLP, normalisation=["batch", None]) for MLP in (nn.MLP, vectorized.MLP))
    for _ in range(passes):
        there.cost_and_grad(X, Y)
    here.copy_from(there)
    for _ in range(2):
        a, b = here.cost_and_grad(X[:, :m], Y[:, :m]), there.cost_and_grad(X[:, :m], Y[:, :m])
        assert a == pytest.approx(b, rel=1e-11)
    np.testing.assert_allclose(here.forward(X), there.forward(X), rtol=1e-10)
