"""Learning curves: errors over the size of the training set, and over lambda."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.data.preparation import evenly_mixed
from micrograd_dl.foundation.numbers import to_seed
from micrograd_dl.nn.network import Network
from micrograd_dl.training.fitting import fit

Set: TypeAlias = tuple[ArrayLike, ArrayLike]
Train: TypeAlias = Callable[[Network, Any, Any], object]


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """The errors of models that differ in one thing, with the same `x`; printing it gives a table."""

    variable: str  # the quantity that varies, "m" or "lambda"
    x: tuple[float, ...]  # its values, ascending
    train: tuple[float, ...]  # the errors on the training examples, as `error` gives them
    dev: tuple[float, ...]
    of_classes: bool  # the part predicted wrong; otherwise the root of the mean squared error

    @property
    def best(self) -> float:
        """Where the dev error is lowest, the first if there are several."""
        return self.x[int(np.argmin(self.dev))]

    def __str__(self) -> str:
        form = "{:.1%}" if self.of_classes else "{:.4g}"
        lines = [f"{self.variable:>10} {'train error':>12} {'dev error':>12}"]
        for x, *errors in zip(self.x, self.train, self.dev, strict=True):
            lines.append(f"{x:>10g} " + " ".join(f"{form.format(error):>12}" for error in errors))
        return "\n".join(lines)


def error(model: Network, X: ArrayLike, Y: ArrayLike) -> float:
    """For classes the part predicted wrong, for numbers the root of the mean squared error."""
    X, Y = model.require_examples(X, Y)
    if model.loss.decide is not None:
        return 1 - model.accuracy(X, Y)
    return float(np.sqrt(np.mean((model.predict(X) - Y) ** 2)))


def over_examples(
    build: Callable[[], Network],
    train_set: Set,
    dev: Set,
    *,
    sizes: Sequence[int],
    train: Train = fit,
    seed: int = 0,
) -> LearningCurve:
    """Train on more and more examples: if the gap between the errors closes, more data would help.

    Args:
        build: makes a new model each time.
        train_set, dev: X and Y, as `fit` takes them.
        sizes: how many examples, ascending. Each part holds the one before it, and the classes in the
            proportions of the whole, as nearly as possible.
        train: called with a model, X and Y; such as ``functools.partial(fit, epochs=300)``.
        seed: decides the choice of examples.

    Raises:
        ValueError: the sizes are not ascending numbers from 1 to m, or a set does not fit the model.
    """
    model = build()
    X, Y = model.require_examples(*train_set)
    m = X.shape[1]
    if not sizes or list(sizes) != sorted(set(sizes)) or sizes[0] < 1 or sizes[-1] > m:
        raise ValueError(f"sizes are whole numbers from 1 to m, {m}, ascending; not {list(sizes)}")
    order = np.random.default_rng(to_seed(seed)).permutation(m)
    if model.loss.decide is not None:
        order = evenly_mixed(order, Y.argmax(axis=0) if len(Y) > 1 else Y[0])
    parts = (np.sort(order[:size]) for size in sizes)
    return _curve("m", sizes, ((build(), X[:, part], Y[:, part]) for part in parts), dev, train)


def over_lambda(
    build: Callable[[float], Network],
    train_set: Set,
    dev: Set,
    lambdas: Sequence[float],
    *,
    train: Train = fit,
) -> LearningCurve:
    """Train with more and more regularisation: too little leaves variance, too much is bias.

    `build` makes a new model for a lambda, such as ``lambda l2: MLP(2, [8, 1], l2=l2)``; `lambdas` ascend, or
    it is a ValueError. All else is as of `over_examples`; errors are without the regularisation.
    """
    if not lambdas or list(lambdas) != sorted(set(lambdas)):
        raise ValueError(f"lambdas are ascending numbers from 0 up, not {list(lambdas)}")
    models = [build(x) for x in lambdas]  # all before the first is trained: a lambda may be refused
    return _curve("lambda", lambdas, ((model, *train_set) for model in models), dev, train)


def _curve(variable: str, x: Sequence[float], models: Any, dev: Set, train: Train) -> LearningCurve:
    """The errors of each model, which comes with X and Y."""
    errors = []
    for model, X, Y in models:
        train(model, X, Y)
        errors.append((error(model, X, Y), error(model, *dev)))
    on_train, on_dev = zip(*errors, strict=True)
    return LearningCurve(variable, tuple(x), on_train, on_dev, model.loss.decide is not None)
