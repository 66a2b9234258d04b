"""Four bugs of hand-written backprop, and the gradient check that finds each (course, section 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.modelcheck import check_gradients
from micrograd_dl.vectorized import MLP

Bug = Callable[["Wrong", int], None]


def doubled(model: Wrong, m: int) -> None:
    model.layers_grad()[1][0][...] *= 2


def four_over_m(model: Wrong, m: int) -> None:
    model.layers_grad()[0][1][...] *= 4


def without_1_over_m(model: Wrong, m: int) -> None:
    model.dtheta *= m


def without_l2(model: Wrong, m: int) -> None:
    for (W, _), (dW, _) in zip(model.layers_data(), model.layers_grad(), strict=True):
        dW -= model.l2 / m * W


BUGS: dict[str, Bug] = {
    "no bug": lambda model, m: None,
    "dW2 is twice what it should be": doubled,
    "db1 is a sum times 4/m instead of 1/m": four_over_m,
    "1/m is forgotten everywhere": without_1_over_m,
    "the regularisation is in J, not in dW": without_l2,
}


class Wrong(MLP):
    """A network that spoils its gradient."""

    bug: Any

    def cost_and_grad(self, X: ArrayLike, Y: ArrayLike) -> float:
        J = super().cost_and_grad(X, Y)
        self.bug(self, np.shape(X)[1])
        return J


def main() -> None:
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((4, 3)), np.array([[1.0, 1.0, 0.0]])
    for what, bug in BUGS.items():
        model = Wrong(4, [5, 3, 1], ["relu", "relu", "sigmoid"], seed=1, l2=0.7)
        model.bug = bug
        verdict, *components = str(check_gradients(model, X, Y)).splitlines()
        print(f"{what}:\n  {verdict}")
        for line in components[:2]:
            print(f"  {line}")
        print()


if __name__ == "__main__":
    main()
