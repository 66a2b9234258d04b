"""Logistic regression in the course's three forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.vectorized import MLP
from micrograd_dl.vectorized.logistic_regression import FORMS, by_matrices, descend


@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 2**32), st.sampled_from([1e-8, 1.0, 100.0, 1e8]))
def test_three_forms_agree(n_x: int, m: int, seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    w, b = rng.standard_normal((n_x, 1)), float(rng.standard_normal())
    X, Y = scale * rng.standard_normal((n_x, m)), rng.integers(0, 2, (1, m)).astype(float)
    results = [form(w, b, X, Y) for form in FORMS.values()]
    J, dw, db = results[-1]
    terms = np.abs(X).max()  # what dw is a mean of, times a number below 1
    for J_k, dw_k, db_k in results[:-1]:
        assert J_k == pytest.approx(J, rel=1e-12)
        assert dw_k.shape == (n_x, 1)
        assert np.abs(dw_k - dw).max() <= 1e-12 * terms
        assert db_k == pytest.approx(db, rel=1e-12, abs=1e-12)


def test_it_is_a_network_of_one_unit() -> None:
    rng = np.random.default_rng(3)
    model = MLP(3, [1], ["sigmoid"], seed=3)
    X, Y = rng.standard_normal((3, 7)), rng.integers(0, 2, (1, 7)).astype(float)
    (W, b), J = model.layers_data()[0], model.cost_and_grad(X, Y)
    cost, dw, db = by_matrices(W.T, b.item(), X, Y)
    [(dW, db_network)] = model.layers_grad()
    assert cost == pytest.approx(J, rel=1e-14)
    np.testing.assert_allclose(dw.T, dW, rtol=1e-13)
    assert db == pytest.approx(db_network.item(), rel=1e-13)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    ("w", "X", "Y", "message"),
    [
        ((3,), (3, 5), (1, 5), r"w is \(3,\): reshape it to a column or a row, with w.reshape\(-1, 1\)"),
        ((3, 1), (15,), (1, 5), r"X is \(15,\): reshape it"),
        ((3, 1), (3, 5), (5, 1), r"so w is to be \(3, 1\) and Y \(1, 5\), not \(3, 1\) and \(5, 1\)"),
        ((3, 1), (5, 3), (1, 5), r"so w is to be \(5, 1\) and Y \(1, 3\)"),
        ((3, 1), (3, 0), (1, 0), r"X is \(3, 0\)"),
    ],
)
def test_shapes_are_refused(form: Any, w: Any, X: Any, Y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        form(np.zeros(w), 0.0, np.zeros(X), np.zeros(Y))


def test_descend_lowers_the_cost() -> None:
    X = np.random.default_rng(0).standard_normal((2, 100))
    Y = (X[:1] + 2 * X[1:] > 0.3).astype(float)
    w, b, costs = descend(X, Y, alpha=0.5, iterations=300, every=50)
    assert len(costs) == 6
    assert costs[0] == pytest.approx(np.log(2))
    assert costs == sorted(costs, reverse=True)
    assert w.shape == (2, 1)
    assert w[1, 0] > w[0, 0] > 0 > b
    assert ((w.T @ X + b > 0) == Y).mean() > 0.97


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_descend_stops_where_the_cost_is_not_finite() -> None:
    message = r"the cost is .* in iteration \d+: try a smaller alpha than 1e\+308"
    with pytest.raises(ValueError, match=message):
        descend(np.array([[1e200, 1e200]]), np.array([[0.0, 0.0]]), alpha=1e308)
