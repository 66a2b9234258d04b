"""`fit` trains any model that has ``parameters()`` and ``cost_and_grad(X, Y)``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from micrograd_dl.engine.value import Value
from micrograd_dl.nn.network import Array
from micrograd_dl.optim.optimisers import Adam, GradientDescent
from micrograd_dl.training.fitting import fit


class Line:
    """``w x + b`` of one Value each: no Network, but a model."""

    def __init__(self) -> None:
        self.w, self.b = Value(0.0, "w"), Value(0.0, "b")

    def parameters(self) -> list[Value]:
        return [self.w, self.b]

    def cost_and_grad(self, X: Array, Y: Array) -> float:
        self.w.zero_grad()
        self.b.zero_grad()
        squares = [(self.w * x + self.b - y) ** 2 for x, y in zip(X[0].tolist(), Y[0].tolist(), strict=True)]
        J: Value = sum(squares[1:], squares[0]) / len(squares)
        J.backward()
        return J.data


LINE = np.linspace(-1, 1, 20)[np.newaxis]


def test_anything_with_parameters_and_cost_and_grad_is_trained() -> None:
    model = Line()
    optimiser = Adam(model.parameters(), 0.05)
    dev = [[-2.0, 2.0]], [[-3.0, 5.0]]
    history = fit(model, LINE, 2 * LINE + 1, epochs=150, batch_size=5, optimiser=optimiser, dev=dev)
    assert model.w.data == pytest.approx(2, abs=1e-3)
    assert model.b.data == pytest.approx(1, abs=1e-3)
    assert history.accuracy == []
    assert min(history.dev_cost) < 1e-5 < history.dev_cost[0]
    assert model.cost_and_grad(*(np.array(part) for part in dev)) == min(history.dev_cost)  # the best is kept


def test_a_model_of_ones_own_stops_before_it_is_ruined() -> None:
    model = Line()
    with pytest.raises(FloatingPointError, match=r"epoch \d+, step \d+: the (cost|gradient) is .* not taken"):
        fit(model, LINE, 1e150 * LINE, epochs=500, optimiser=GradientDescent(model.parameters(), 1e9))
    assert np.isfinite([model.w.data, model.b.data]).all()


@pytest.mark.parametrize(
    ("X", "Y", "options", "message"),
    [
        (LINE[0], LINE, {}, r"X and Y of the training set are \(20,\) and \(1, 20\), \(n_x, m\) and"),
        (LINE, LINE[:, 1:], {}, r"are \(1, 20\) and \(1, 19\)"),
        (LINE[:, :0], LINE[:, :0], {}, r"are \(1, 0\) and \(1, 0\)"),
        (LINE, np.full_like(LINE, np.nan), {}, "Y of the training set holds nan in row 0, example 0"),
        (LINE, LINE, {"dev": (LINE[0], LINE[0])}, "X and Y of the dev set are"),
        (LINE, LINE, {"checkpoint": "c.npz"}, "a checkpoint holds a network of this package, and not a Line"),
    ],
)
def test_what_a_model_of_ones_own_is_refused(X: Any, Y: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(Line(), X, Y, **options)


def test_what_is_no_model() -> None:
    thing: Any = 3
    with pytest.raises(TypeError, match=r"parameters\(\) and cost_and_grad.*; the int has no parameters"):
        fit(thing, LINE, LINE)
