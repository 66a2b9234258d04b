"""Softmax: two classes are logistic regression; label smoothing; the k most probable (course, section 10).

Three inputs and two classes by softmax and by sigmoid, then five classes that overlap.

Because: softmax sees differences only: with two classes the difference is one z, which is a sigmoid; and a
target below 1 leaves nothing to gain from being too sure.

Next: autoencoder
"""

from __future__ import annotations

import numpy as np

from micrograd_dl.data import blobs
from micrograd_dl.nn.network import one_hot
from micrograd_dl.optim import Adam
from micrograd_dl.training import fit
from micrograd_dl.training.diagnosis import confusion_matrix, confusion_text
from micrograd_dl.vectorized import MLP

CLASSES, EPOCHS = 5, 300
TRAIN, DEV = (blobs(m, classes=CLASSES, noise=2.5, seed=seed) for m, seed in ((100, 0), (1000, 1)))
SMOOTHINGS = (0.0, 0.1, 0.3)


def two_classes() -> tuple[MLP, MLP, float]:
    """A softmax of two units, the sigmoid of one with their difference, and how far their numbers part."""
    rng = np.random.default_rng(1)
    X, classes = rng.standard_normal((3, 6)), np.array([[0, 1, 1, 0, 1, 0]])
    W, b = rng.standard_normal((2, 3)), rng.standard_normal((2, 1))
    two, one = MLP(3, [2], ["softmax"]), MLP(3, [1], ["sigmoid"])
    two.set_layers_data([(W, b)])
    one.set_layers_data([(W[1:] - W[:1], b[1:] - b[:1])])
    costs = two.cost_and_grad(X, one_hot(classes, 2)) - one.cost_and_grad(X, classes)
    outputs = two.forward(X)[1:] - one.forward(X)
    [(dW_two, db_two)], [(dW_one, db_one)] = two.layers_grad(), one.layers_grad()
    parts = (costs, outputs, dW_two[1:] - dW_one, dW_two[:1] + dW_one, db_two[1:] - db_one)
    return two, one, max(float(np.abs(part).max()) for part in parts)


def trained(smoothing: float) -> MLP:
    """The network after training with this much label smoothing."""
    model = MLP(2, [32, CLASSES], ["relu", "softmax"], seed=1, label_smoothing=smoothing)
    X, Y = TRAIN.X, TRAIN.targets(model.loss.name)
    fit(model, X, Y, epochs=EPOCHS, optimiser=Adam(model.parameters(), 0.02), seed=1)
    return model


def main() -> None:
    two, one, difference = two_classes()
    print("Two classes. With w = w_2 - w_1 and b = b_2 - b_1, a sigmoid does what a softmax of two does,")
    print("since e^z2 / (e^z1 + e^z2) = 1 / (1 + e^-(z2 - z1)):\n")
    for name, model in (("softmax", two), ("sigmoid", one)):
        for row, slopes in zip(model.layers_data()[0][0], model.layers_grad()[0][0], strict=True):
            numbers = ("".join(f"{x:>9.4f}" for x in array) for array in (row, slopes))
            print(f"  {name}   w = {next(numbers)}    dw = {next(numbers)}")
    print(f"\nTheir costs, outputs and derivatives differ by {difference:.0e} at most; dw_1 = -dw_2.\n")

    print(f"{CLASSES} classes that overlap. Smoothed by eps, targets are eps / {CLASSES} instead of 0:\n")
    print(f"{'':<9}{'train':>7}{'dev':>7}{'among 2':>10}{'among 3':>9}{'surest':>9}{'dev cost':>10}")
    classes, Y = DEV.Y, DEV.targets("cross_entropy")
    for smoothing in SMOOTHINGS:
        model = trained(smoothing)
        A = model.forward(DEV.X)
        cost = float(-np.log(A[classes[0].astype(int), np.arange(A.shape[1])]).mean())
        parts = (model.accuracy(DEV.X, Y, top) for top in (1, 2, 3))
        print(
            f"eps {smoothing:<5}{model.accuracy(TRAIN.X, TRAIN.targets('cross_entropy')):>7.1%}"
            + "".join(f"{part:>{width}.1%}" for part, width in zip(parts, (7, 10, 9), strict=True))
            + f"{A.max(axis=0).mean():>9.1%}{cost:>10.3f}"
        )
        if not smoothing:
            matrix = confusion_matrix(classes, model.predict(DEV.X), CLASSES)
    print("\n`among k`: the class is one of the k most probable. `surest`: the mean of the largest a.")
    print("`dev cost` is that of the targets as they are: who is wrong and sure of it pays most.\n")
    print(f"Which class is taken for which, with eps = 0:\n\n{confusion_text(matrix, DEV.classes)}")


if __name__ == "__main__":
    main()
