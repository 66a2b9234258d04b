"""From a dataset to a trained and judged model, in one call: what ``micrograd-dl train`` does."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from micrograd_dl.data.dataset import Dataset
from micrograd_dl.data.preparation import Normaliser, split
from micrograd_dl.engine.coerce import to_whole
from micrograd_dl.nn import initialisers
from micrograd_dl.nn.network import Array, Network
from micrograd_dl.nn.theta import weights_only
from micrograd_dl.optim import schedules
from micrograd_dl.optim.optimisers import Optimiser, optimiser
from micrograd_dl.output.text import plural
from micrograd_dl.training.diagnosis import bias_and_variance, confusion_matrix, confusion_text
from micrograd_dl.training.fitting import History, fit, require_options
from micrograd_dl.training.storage import BACKENDS, load, save

File: TypeAlias = "str | os.PathLike[str]"

_FEWEST = 10  # examples, of which dev and test get two each


@dataclass(frozen=True, slots=True, eq=False)
class Predictor:
    """A trained model with all that it needs to meet new examples.

    Attributes:
        model: the network.
        normaliser: fitted to its training set.
        scale: of the targets that are numbers, which are trained on normalised; None for classes.
        features, target, classes: the names it was trained with; no classes where it predicts numbers.
        history: of its training.
    """

    model: Network
    normaliser: Normaliser
    scale: Normaliser | None
    features: tuple[str, ...]
    target: str
    classes: tuple[str, ...]
    history: History

    def predict(self, X: Array) -> Array:
        """What is predicted for ``X (n_x, m)`` as it was measured, not normalised; see `Network.predict`."""
        predicted = self.model.predict(self.normaliser.apply(X))
        return self.scale.undo(predicted) if self.scale else predicted

    def probabilities(self, X: Array) -> Array | None:
        """The probabilities of the classes, as the output layer has them; None where it has none."""
        return self.model.forward(self.normaliser.apply(X)) if self.classes else None

    def error(self, data: Dataset) -> float:
        """Of classes, the part predicted wrong; of numbers, the root of the mean squared error."""
        if self.classes:
            return float((self.predict(data.X) != data.Y).mean())
        return float(np.sqrt(np.mean((self.predict(data.X) - data.Y) ** 2)))

    def loss(self, data: Dataset) -> float:
        """The mean loss of the examples, without penalties, which would differ with lambda.

        Of classes, minus the logarithm of the probability of the right one; of numbers, half the square of
        what is missing, on the scale they were measured on.
        """
        P = self.probabilities(data.X)
        if P is None:
            return self.error(data) ** 2 / 2
        right = np.where(data.Y == 1, P, 1 - P) if len(P) == 1 else np.take_along_axis(P, data.Y, axis=0)
        return float(-np.log(np.maximum(right, np.finfo(float).tiny)).mean())

    def save(self, path: File) -> Path:
        """Write everything to one ``.npz`` file."""
        arrays = self.normaliser.arrays()
        if self.scale:
            arrays |= {f"target {name}": array for name, array in self.scale.arrays().items()}
        notes = {
            "features": list(self.features),
            "target": self.target,
            "classes": list(self.classes),
            "history": self.history.columns(),
        }
        return save(path, self.model, arrays, notes)

    @classmethod
    def load(cls, path: File) -> Predictor:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is not a whole file of this kind.
        """
        saved = load(path)
        try:
            notes, arrays = saved.notes, saved.arrays
            normaliser = Normaliser(arrays["mean"], arrays["deviation"])
            scale = None
            if "target mean" in arrays:
                scale = Normaliser(arrays["target mean"], arrays["target deviation"])
            names = tuple(notes["features"]), notes["target"], tuple(notes["classes"])
            history = History(**notes["history"])
        except (KeyError, TypeError, ValueError) as error:
            problem = f"{error} is missing" if isinstance(error, KeyError) else error
            raise ValueError(f"{path} holds a model, but not one that train saved: {problem}") from None
        for name, array in saved.model.named().items():
            if not np.isfinite(array).all():
                raise ValueError(
                    f"{path}: {name} of its network holds {array[~np.isfinite(array)][0]}, so that it cannot "
                    "predict: train it anew"
                )
        return cls(saved.model, normaliser, scale, *names, history)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A trained model and the sets it was trained and judged on; printing it gives the verdict."""

    predictor: Predictor
    train: Dataset
    dev: Dataset
    test: Dataset
    bayes: float = 0.0

    def __str__(self) -> str:
        p = self.predictor
        errors = {data: p.error(data) for data in (self.train, self.dev, self.test)}
        train, dev, test = errors.values()
        sizes = ", ".join(
            f"{name} {data.m}" for name, data in zip(("train", "dev", "test"), errors, strict=True)
        )
        lines = [
            repr(p.model),
            f"initial weights: {_initial_weights(p.model)}",
            f"examples: {sizes}",
            str(p.history),
        ]
        if not p.classes:
            return "\n".join(
                [*lines, f"root mean squared error: train {train:.4g}, dev {dev:.4g}, test {test:.4g}"]
            )
        lines.append(f"right: train {1 - train:.2%}, dev {1 - dev:.2%}, test {1 - test:.2%}")
        matrix = confusion_matrix(self.test.Y, p.predict(self.test.X), len(p.classes))
        lines += ["", "On the test set:", confusion_text(matrix, p.classes)]
        return "\n".join([*lines, "", bias_and_variance(train, dev, self.bayes, m_dev=self.dev.m)])


def train(
    data: Dataset,
    hidden: Sequence[int] = (16,),
    *,
    activation: str = "relu",
    backend: str = "numpy",
    epochs: int = 200,
    batch_size: int = 64,
    optimiser: str = "adam",
    learning_rate: float | schedules.Schedule | None = None,
    schedule: str | None = None,
    warm_up: int | None = None,
    beta1: float | None = None,
    beta2: float | None = None,
    weight_decay: float | None = None,
    clip_norm: float | None = None,
    initialiser: str | None = None,
    l2: float = 0.0,
    l1: float = 0.0,
    max_norm: float | None = None,
    normalisation: str | None = None,
    keep_prob: float | None = None,
    label_smoothing: float = 0.0,
    patience: int | None = 30,
    seed: int = 0,
    bayes: float = 0.0,
    checkpoint: File | None = None,
    progress: bool | None = None,
    callbacks: Sequence[Callable[[int, History], object]] = (),
) -> Outcome:
    """Split a dataset, normalise it by its training part, train a network on it, and judge it.

    Args:
        data: classes or numbers.
        hidden: the sizes of the hidden layers.
        activation: of the hidden layers.
        backend: ``"numpy"``, ``"values"`` or ``"compiled"``.
        optimiser: a name in ``OPTIMISERS``.
        learning_rate, beta1, beta2, weight_decay, clip_norm: of the optimiser, by default its own. Biases do
            not decay.
        schedule: how the learning rate changes, in words that
            :func:`~micrograd_dl.optim.schedules.schedule` reads; by default it does not.
        warm_up: in so many epochs it rises first; by default in none.
        initialiser: a name in ``INITIALISERS``; by default what suits each layer's activation.
        epochs, batch_size, patience, seed, checkpoint, progress, callbacks: see
            :func:`~micrograd_dl.training.fitting.fit`.
        l2, l1, max_norm, normalisation, keep_prob, label_smoothing: see
            :class:`~micrograd_dl.nn.network.Network`.
        bayes: the error that nobody could be below.

    Raises:
        ValueError: an option is wrong, or the data too small.
    """
    if not 0 <= bayes <= 1:
        raise ValueError(f"bayes is a part of 1, from 0 to 1, not {bayes!r}")
    if data.m < _FEWEST:
        raise ValueError(
            f"{data.name} has {plural(data.m, 'example')}, too few to be split into train, dev and test, so "
            f"that the verdict would mean nothing: take {_FEWEST} or more; to learn all by heart, use fit"
        )
    require_options(epochs, batch_size, patience, True)
    parts = training, dev, test = split(data, seed=seed)
    normaliser = Normaliser.fit(training.X)
    scale = None if data.classes else Normaliser.fit(training.Y)
    model = network(
        data,
        hidden,
        activation=activation,
        backend=backend,
        initialiser=initialiser,
        seed=seed,
        l2=l2,
        l1=l1,
        max_norm=max_norm,
        normalisation=normalisation,
        keep_prob=keep_prob,
        label_smoothing=label_smoothing,
    )
    rule = rule_of(
        model,
        optimiser,
        epochs=epochs,
        steps=math.ceil(training.m / batch_size),
        schedule=schedule,
        warm_up=warm_up,
        learning_rate=learning_rate,
        beta1=beta1,
        beta2=beta2,
        weight_decay=weight_decay,
        clip_norm=clip_norm,
    )
    targets = [part.targets(model.loss) for part in parts]
    sets = [
        (normaliser.apply(part.X), scale.apply(Y) if scale else Y)
        for part, Y in zip(parts, targets, strict=True)
    ]
    history = fit(
        model, *sets[0],
        epochs=epochs, batch_size=batch_size, optimiser=rule, dev=sets[1],
        patience=patience, seed=seed, callbacks=callbacks, checkpoint=checkpoint, progress=progress,
    )  # fmt: skip
    predictor = Predictor(model, normaliser, scale, data.features, data.target, data.classes, history)
    return Outcome(predictor, training, dev, test, bayes)


def network(
    data: Dataset,
    hidden: Sequence[int] = (16,),
    *,
    activation: str = "relu",
    backend: str = "numpy",
    initialiser: str | None = None,
    **options: Any,
) -> Network:
    """The untrained network of `train`, with the outputs that suit the targets; see there."""
    if backend not in BACKENDS:
        raise ValueError(f"there is no backend {backend!r}: choose one of {', '.join(BACKENDS)}")
    n_y, output = _output(data)
    return BACKENDS[backend](
        data.X.shape[0],
        [*hidden, n_y],
        [activation] * len(hidden) + [output],
        initialiser=initialiser,
        **options,
    )


def rule_of(
    model: Network,
    name: str = "adam",
    *,
    epochs: int = 1,
    steps: int = 1,
    schedule: str | None = None,
    warm_up: int | None = None,
    **given: Any,
) -> Optimiser:
    """The optimiser of that name, with what is given and is not None; weights decay, biases do not.

    Its learning rate changes by the schedule, in so many epochs of so many steps.
    """
    kind = optimiser(name)
    given = {hyperparameter: x for hyperparameter, x in given.items() if x is not None}
    takes = signature(kind).parameters
    for beta in ("beta1", "beta2"):
        if beta in given and beta not in takes:
            raise ValueError(f"the optimiser {name} has no {beta}: leave it out, or choose adam")
    rule = kind(model.parameters(), decays=weights_only(model), **given)
    if schedule is None and warm_up is None:
        return rule
    if callable(rule.learning_rate):
        raise ValueError("the learning rate is a schedule already: leave out schedule and warm_up")
    rise = to_whole(warm_up or 0, 0, "warm_up")
    rule.learning_rate = schedules.schedule(
        schedule or "constant", rule.alpha, epochs=epochs, steps=steps, rise=rise
    )
    return rule


def _initial_weights(model: Network) -> str:
    """The initialisers of the layers, by name; one name if all have the same."""
    chosen = [model.initialiser or initialisers.default_initialiser(g) for g in model.activations]
    names = [getattr(draw, "__name__", repr(draw)) for draw in chosen]
    return names[0] if len(set(names)) == 1 else ", ".join(names)


def _output(data: Dataset) -> tuple[int, str]:
    """The number of outputs and the activation that suit the targets."""
    if not data.classes:
        return data.Y.shape[0], "linear"
    return (1, "sigmoid") if len(data.classes) == 2 else (len(data.classes), "softmax")
