"""Bugs of hand-written backprop, the gradient check that finds each, and its edges (course, section 8).

A network of three layers whose gradients are spoiled, one bug at a time, and compared with (J(w + eps) - J(w
- eps)) / 2 eps.

Because: the numerical derivative knows nothing of the formulas, so that both agree only where the formulas
are right; at a kink, or with dropout, there is nothing to compare.

Next: log_scale
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.gradcheck.models import check_gradients
from micrograd_dl.nn.initialisers import zeros
from micrograd_dl.nn.network import Array
from micrograd_dl.vectorized import MLP

Bug = Callable[["Wrong", int], None]


def doubled(model: Wrong, m: int) -> None:
    model.layers[1].W.grad *= 2


def four_over_m(model: Wrong, m: int) -> None:
    b1 = model.layers[0].b
    assert b1 is not None
    b1.grad *= 4


def without_1_over_m(model: Wrong, m: int) -> None:
    for p in model.parameters():
        p.grad *= m


def without_l2(model: Wrong, m: int) -> None:
    for layer in model.layers:
        layer.W.grad -= model.l2 / m * layer.W.data


BUGS: dict[str, Bug] = {
    "no bug": lambda model, m: None,
    "dW2 is twice what it should be": doubled,
    "db1 is a sum times 4/m instead of 1/m": four_over_m,
    "1/m is forgotten everywhere": without_1_over_m,
    "the regularisation is in J, not in dW": without_l2,
}


class Wrong(MLP):
    """A network with a bug in its gradient."""

    bug: Any

    def cost_and_grad(self, X: ArrayLike, Y: ArrayLike) -> float:
        J = super().cost_and_grad(X, Y)
        self.bug(self, np.shape(X)[1])
        return J


def examples() -> tuple[Array, Array]:
    """Three examples of four features."""
    X = np.random.default_rng(1).standard_normal((4, 3))
    return X, np.array([[1.0, 1.0, 0.0]])


def with_dropout() -> MLP:
    return MLP(4, [5, 3, 1], ["relu", "relu", "sigmoid"], seed=1, keep_prob=0.8)


def on_a_kink() -> MLP:
    """The z of its first unit is 0 for every example, where ReLU has two slopes."""
    model = MLP(4, [3, 1], ["relu", "sigmoid"], seed=1)
    (W, b), last = model.layers_data()
    model.set_layers_data([(W * [[0.0], [1.0], [1.0]], b), last])
    return model


def at_rest() -> tuple[MLP, Array, Array]:
    """A network whose cost is 0 wherever it is near: each gradient is 0, by backprop and by differences."""
    X, Y = examples()
    model = MLP(4, [1], ["linear"], loss="max_margin", initialiser=zeros)
    model.set_layers_data([(np.zeros((1, 4)), np.full((1, 1), 2.0))])
    return model, X, np.ones_like(Y)


def main() -> None:
    X, Y = examples()
    for what, bug in BUGS.items():
        model = Wrong(4, [5, 3, 1], ["relu", "relu", "sigmoid"], seed=1, l2=0.7)
        model.bug = bug
        verdict, *components = str(check_gradients(model, X, Y)).splitlines()
        print(f"{what}:\n  {verdict}")
        for line in components[:2]:
            print(f"  {line}")
        print()

    random = with_dropout()
    try:
        check_gradients(random, X, Y)
    except ValueError as error:
        print("dropout, refused:")
        print(textwrap.fill(str(error), 100, initial_indent="  ", subsequent_indent="  "))
    with random.frozen():
        print(f"dropout, its masks frozen:\n  {str(check_gradients(random, X, Y)).splitlines()[0]}\n")
    first, *_, last = str(check_gradients(on_a_kink(), X, Y)).splitlines()
    print(f"a unit whose z is exactly 0:\n  {first}\n  {last}\n")
    verdict = str(check_gradients(*at_rest())).splitlines()[0]
    print(f"both gradients 0, of which the formula for the distance would make 0/0:\n  {verdict}")


if __name__ == "__main__":
    main()
