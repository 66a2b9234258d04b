"""L2 regularisation is weight decay under plain descent, and is not under Adam (course, section 7).

One network trained twice with plain descent and twice with Adam: with lambda/(2m) ||W||^2 in J, and with
weights that decay by themselves.

Because: plain descent adds the penalty's gradient as it is; Adam divides it by the size of the gradients, so
that large ones decay less.

Next: gradient_checking
"""

from __future__ import annotations

from typing import Any

import numpy as np

from micrograd_dl.data import moons
from micrograd_dl.nn.network import Array
from micrograd_dl.nn.parameter_vector import parameter_vector, weights_only
from micrograd_dl.optim import Adam, GradientDescent
from micrograd_dl.vectorized import MLP

ALPHA, LAMBDA, STEPS = 0.1, 4.0, 200
DATA = moons(100, seed=0)
X, Y = DATA.X, DATA.targets("logistic")


def trained(kind: Any, *, decay: bool) -> Array:
    """All parameters after training, with lambda in the cost or as a decay of the weights by themselves."""
    model = MLP(2, [8, 1], ["tanh", "sigmoid"], seed=1, l2=0.0 if decay else LAMBDA)
    options = {"weight_decay": LAMBDA / DATA.m, "decays": weights_only(model)} if decay else {}
    optimiser = kind(model.parameters(), ALPHA, **options)
    for _ in range(STEPS):
        model.cost_and_grad(X, Y)
        optimiser.step()
    return parameter_vector(model.parameters())


def main() -> None:
    print("The gradient of lambda/(2m) ||W||^2 is lambda/m W, so that a step of plain descent,")
    print("    W := W - alpha (dW + lambda/m W) = (1 - alpha lambda/m) W - alpha dW,")
    print("lets W decay. Adam divides that gradient too by its size, and so it is another thing.\n")
    print(f"{STEPS} steps, alpha = {ALPHA}, lambda = {LAMBDA:g}, m = {DATA.m}\n")
    print(f"{'':<18}{'size of W, b':>14}{'size of W, b':>14}{'largest':>14}")
    print(f"{'':<18}{'with L2':>14}{'with decay':>14}{'difference':>14}")
    for name, kind in (("plain descent", GradientDescent), ("Adam", Adam)):
        l2, decay = trained(kind, decay=False), trained(kind, decay=True)
        sizes = "".join(f"{np.linalg.norm(theta):>14.4f}" for theta in (l2, decay))
        print(f"{name:<18}{sizes}{np.abs(l2 - decay).max():>14.1e}")


if __name__ == "__main__":
    main()
