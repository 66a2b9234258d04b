"""Learning curves: the errors over the number of examples and over lambda (course, section 7).

One network trained on more and more examples, then with more and more L2; errors on the training set and on
the dev set.

Because: few examples are learned by heart, and then the dev error is far above the training error; more data,
or a penalty, bring the two together.

Next: sparse_weights
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from micrograd_dl.data import moons
from micrograd_dl.nn.network import Array, Network
from micrograd_dl.optim import Adam
from micrograd_dl.training import fit
from micrograd_dl.training.learning_curves import LearningCurve, over_examples, over_lambda
from micrograd_dl.vectorized import MLP

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZES = (10, 20, 40, 80, 160, 320)
FEW = 40  # examples for the curve over lambda, which matters where the variance is high
LAMBDAS = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
TRAIN, DEV = (
    (data.X, data.targets("logistic"))
    for data in (moons(SIZES[-1], noise=0.35), moons(1000, noise=0.35, seed=1))
)


def network(l2: float = 0.0) -> MLP:
    return MLP(2, [16, 16, 1], ["tanh", "tanh", "sigmoid"], seed=1, l2=l2)


def train(model: Network, X: Array, Y: Array) -> None:
    fit(model, X, Y, epochs=500, optimiser=Adam(model.parameters(), 0.01))


@cache
def curves() -> tuple[LearningCurve, LearningCurve]:
    few = TRAIN[0][:, :FEW], TRAIN[1][:, :FEW]
    return (
        over_examples(network, TRAIN, DEV, sizes=SIZES, train=train),
        over_lambda(network, few, DEV, LAMBDAS, train=train),
    )


def picture() -> Figure:
    from micrograd_dl.viz import plots

    return plots.learning_curve(curves()[0])


def main() -> None:
    by_size, by_lambda = curves()
    print(f"The same network, trained on more and more of the same examples:\n\n{by_size}\n")
    train, dev = by_size.train, by_size.dev
    gaps = [100 * (b - a) for a, b in zip(train, dev, strict=True)]
    print(
        f"From {SIZES[0]} to {SIZES[-1]} examples the training error goes from {train[0]:.1%} "
        f"to {train[-1]:.1%}, the dev error from {dev[0]:.1%} to {dev[-1]:.1%}."
    )
    print(
        f"The gap between them goes from {gaps[0]:.1f} to {gaps[-1]:.1f} points: "
        "it was variance, which more data cures."
    )
    if rises := [f"{size}" for size, a, b in zip(SIZES[1:], dev, dev[1:], strict=False) if b > a]:
        print(
            f"With few examples chance has a say: the dev error rises on the way, at m = {', '.join(rises)}."
        )
    print()
    print(f"On {FEW} examples, with more and more L2 regularisation:\n\n{by_lambda}\n")
    train, dev = by_lambda.train, by_lambda.dev
    print(f"The dev error is lowest with lambda = {by_lambda.best:g}.")
    print(
        f"With {LAMBDAS[0]:g} it is {100 * (dev[0] - train[0]):.1f} points above the training error: "
        "variance. "
        f"With {LAMBDAS[-1]:g} even the training error is {train[-1]:.1%}: bias."
    )


if __name__ == "__main__":
    main()
