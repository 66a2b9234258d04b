"""Softmax: two classes are logistic regression; label smoothing; the top classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.nn.losses import cross_entropy, logistic
from micrograd_dl.nn.network import Network, one_hot

# The cost of a network of Values is a Value; float() takes the number of it.
pytestmark = pytest.mark.filterwarnings("ignore::micrograd_dl.GraphCutWarning")


@given(
    n_x=st.integers(1, 4),
    m=st.integers(1, 6),
    seed=st.integers(0, 2**32),
    smoothing=st.sampled_from([0, 0.2]),
)
def test_two_classes_are_logistic_regression(
    MLP: type[Network], n_x: int, m: int, seed: int, smoothing: float
) -> None:
    """With ``w = w_2 - w_1`` and ``b = b_2 - b_1``: the output, the cost, and ``dw = dw_2 = -dw_1``."""
    rng = np.random.default_rng(seed)
    X, classes = rng.standard_normal((n_x, m)), rng.integers(0, 2, m)
    W, b = rng.standard_normal((2, n_x)), rng.standard_normal((2, 1))
    two = MLP(n_x, [2], ["softmax"], label_smoothing=smoothing)
    one = MLP(n_x, [1], ["sigmoid"], label_smoothing=smoothing)
    two.set_layers_data([(W, b)])
    one.set_layers_data([(W[1:] - W[:1], b[1:] - b[:1])])
    wanted = one.cost_and_grad(X, classes[np.newaxis])
    # Where it is all but 0, it is what two numbers of the size of z leave.
    assert two.cost_and_grad(X, one_hot(classes, 2)) == pytest.approx(wanted, rel=1e-12, abs=1e-14)
    np.testing.assert_allclose(two.forward(X)[1:], one.forward(X), rtol=1e-12)
    for d_2, d_1 in zip(two.layers_grad()[0], one.layers_grad()[0], strict=True):
        np.testing.assert_allclose(d_2[1:], d_1, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(d_2[:1], -d_1, rtol=1e-12, atol=1e-14)


def test_smoothed_targets() -> None:
    np.testing.assert_allclose(
        cross_entropy.smoothed(one_hot([2, 0]), 0.3), [[0.1, 0.8], [0.1, 0.1], [0.8, 0.1]], rtol=1e-15
    )
    np.testing.assert_allclose(logistic.smoothed(np.array([[0.0, 1.0]]), 0.1), [[0.05, 0.95]], rtol=1e-15)


def test_smoothing_is_of_the_cost_and_not_of_the_accuracy(MLP: type[Network]) -> None:
    X, Y = np.array([[-1.0, 2.0, 0.5]]), one_hot([0, 2, 1])
    plain, model = (MLP(1, [3], ["softmax"], seed=1, label_smoothing=e) for e in (0.0, 0.3))
    A = model.forward(X)
    np.testing.assert_array_equal(A, plain.forward(X))
    wanted = -((0.7 * Y + 0.1) * np.log(A)).sum(axis=0).mean()
    assert model.cost_and_grad(X, Y) == pytest.approx(wanted, rel=1e-13)
    assert float(model.cost(X, Y)) == pytest.approx(wanted, rel=1e-13)
    assert model.accuracy(X, Y) == plain.accuracy(X, Y)


def test_the_top_classes(MLP: type[Network]) -> None:
    model = MLP(1, [4], ["softmax"])
    model.set_layers_data([(np.array([[4.0], [3.0], [2.0], [1.0]]), np.zeros((4, 1)))])
    X, Y = [[1.0, 1.0, -1.0, -1.0]], one_hot([0, 1, 1, 0], 4)  # ranks 1, 2, 3, 4
    assert [model.accuracy(X, Y, top) for top in (1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1.0]
    level = MLP(1, [4], ["softmax"])
    level.set_layers_data([(np.zeros((4, 1)), np.zeros((4, 1)))])
    assert [level.accuracy(X, Y, top) for top in (1, 2)] == [0.5, 1.0]  # the first ones, as argmax has it


def test_more_classes_than_there_are(MLP: type[Network]) -> None:
    for top in (0, 5):
        with pytest.raises(ValueError, match=f"from 1 to its number of classes; not {top} of 4"):
            MLP(1, [4], ["softmax"]).accuracy([[1.0]], one_hot([0], 4), top)
    with pytest.raises(ValueError, match="the top classes are of softmax"):
        MLP(1, [1], ["sigmoid"]).accuracy([[1.0]], [[1]], 2)
