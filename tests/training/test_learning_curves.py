"""Learning curves have the errors of models trained on what they say."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from micrograd_dl import nn, vectorized
from micrograd_dl.data.built_in import blobs, house_prices, moons
from micrograd_dl.nn.network import Network
from micrograd_dl.training.fitting import fit
from micrograd_dl.training.learning_curves import LearningCurve, error, over_examples, over_lambda

quick = partial(fit, epochs=3)


def moon_set(m: int, seed: int) -> Any:
    data = moons(m, noise=0.3, seed=seed)
    return data.X, data.targets("logistic")


TRAIN, DEV = moon_set(40, 0), moon_set(30, 1)


def network(MLP: type[Network] = vectorized.MLP, l2: float = 0.0) -> Network:
    return MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, l2=l2)


def test_each_part_is_trained_on_and_holds_the_one_before_with_both_classes() -> None:
    seen: list[Any] = []

    def train(model: Network, X: Any, Y: Any) -> None:
        assert (np.asarray(model.layers_data()[0][0]) == network().layers_data()[0][0]).all()  # a new one
        seen.append((X, Y))
        quick(model, X, Y)

    curve = over_examples(network, TRAIN, DEV, sizes=(2, 10, 40), train=train, seed=3)
    assert (curve.variable, curve.x, curve.of_classes) == ("m", (2, 10, 40), True)
    assert [X.shape[1] for X, _ in seen] == [2, 10, 40]
    for (small, _), (large, _) in pairwise(seen):
        assert {tuple(x) for x in small.T} < {tuple(x) for x in large.T}
    assert [int(Y.sum()) for _, Y in seen] == [1, 5, 20]
    for (X, Y), on_train, on_dev in zip(seen, curve.train, curve.dev, strict=True):
        model = network()
        quick(model, X, Y)
        assert on_train == 1 - model.accuracy(X, Y)
        assert on_dev == 1 - model.accuracy(*DEV)


def test_the_seed_chooses_the_examples_and_backends_agree() -> None:
    cases: list[Any] = [(network, 0), (network, 0), (partial(network, nn.MLP), 0), (network, 2)]
    one, again, values, other = (
        over_examples(build, TRAIN, DEV, sizes=(5, 20), train=quick, seed=seed) for build, seed in cases
    )
    assert one == again == values != other


def test_several_classes_and_numbers() -> None:
    data, parts = blobs(30), []
    every = data.X, data.targets("cross_entropy")
    over_examples(
        lambda: vectorized.MLP(2, [3], ["softmax"], seed=1), every, every, sizes=(3, 9),
        train=lambda m, X, Y: parts.append(Y.sum(axis=1).tolist()),
    )  # fmt: skip
    assert parts == [[1, 1, 1], [3, 3, 3]]

    prices = house_prices(20)
    X, Y = prices.X / prices.X.max(), prices.Y / prices.Y.max()
    models = [vectorized.MLP(1, [1], seed=1) for _ in range(3)]
    curve = over_examples(iter(models).__next__, (X, Y), (X, Y), sizes=(5, 20), train=quick)
    assert not curve.of_classes
    assert curve.dev[-1] == pytest.approx(float(np.sqrt(np.mean((models[-1].forward(X) - Y) ** 2))))


def test_over_lambda() -> None:
    curve = over_lambda(
        lambda l2: network(l2=l2), TRAIN, DEV, (0.0, 1.0, 1000.0), train=partial(fit, epochs=100)
    )
    assert (curve.variable, curve.x) == ("lambda", (0, 1, 1000))
    for l2, on_train, on_dev in zip(curve.x, curve.train, curve.dev, strict=True):
        model = network(l2=l2)
        fit(model, *TRAIN, epochs=100)
        assert (on_train, on_dev) == (error(model, *TRAIN), error(model, *DEV))
    assert len(set(curve.train)) > 1


def test_in_words() -> None:
    curve = LearningCurve("m", (10, 100), (0.0, 0.125), (0.5, 0.25), of_classes=True)
    assert str(curve).splitlines() == [
        "         m  train error    dev error",
        "        10         0.0%        50.0%",
        "       100        12.5%        25.0%",
    ]
    assert curve.best == 100
    numbers = LearningCurve("lambda", (0.0, 0.1), (1.5, 2.0), (1.23456, 3.0), of_classes=False)
    assert str(numbers).splitlines()[1] == "         0          1.5        1.235"


@pytest.mark.parametrize("sizes", [(), (0, 5), (5, 5), (10, 5), (5, 41)])
def test_what_is_refused(sizes: Any) -> None:
    with pytest.raises(ValueError, match="sizes are whole numbers from 1 to m, 40, ascending; not"):
        over_examples(network, TRAIN, DEV, sizes=sizes, train=quick)
    with pytest.raises(ValueError, match="lambdas are ascending numbers from 0 up, not"):
        over_lambda(lambda l2: network(l2=l2), TRAIN, DEV, (*sizes[:1], *sizes[:1]), train=quick)
