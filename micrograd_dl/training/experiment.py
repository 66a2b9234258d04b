"""From a dataset to a trained and judged model, in one call: what ``micrograd-dl train`` does."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from inspect import signature
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from micrograd_dl.data.archives import require_form
from micrograd_dl.data.dataset import Dataset
from micrograd_dl.data.preparation import Normaliser, split
from micrograd_dl.foundation.lookup import look_up
from micrograd_dl.foundation.numbers import to_whole
from micrograd_dl.nn import initialisers
from micrograd_dl.nn.frames import features_like, is_frame
from micrograd_dl.nn.network import Array, Network
from micrograd_dl.nn.parameter_vector import weights_only
from micrograd_dl.optim import schedules
from micrograd_dl.optim.optimisers import OPTIMISERS, Optimiser
from micrograd_dl.training.diagnosis import bias_and_variance, confusion_matrix, confusion_text, divergence
from micrograd_dl.training.fitting import History, Recorder, fit, require_options
from micrograd_dl.training.options import TrainingOptions
from micrograd_dl.training.sharing import Communicator
from micrograd_dl.training.storage import BACKENDS, load, save

File: TypeAlias = "str | os.PathLike[str]"

_NOTES = {"features": [str], "target": str, "classes": [str], "history": dict, "options": dict}
FEWEST = 10  # examples that are split, so that dev and test get two each


@dataclass(frozen=True, slots=True, eq=False)
class Predictor:
    """A trained model with all that it needs to predict new examples."""

    model: Network
    normaliser: Normaliser  # fitted to its training set
    scale: Normaliser | None  # for targets that are numbers: training normalises them
    features: tuple[str, ...]
    target: str
    classes: tuple[str, ...]  # none where it predicts numbers
    history: History
    options: TrainingOptions

    def predict(self, X: Any) -> Array:
        """The prediction for ``X (n_x, m)`` in original units: classes or numbers.

        Of a data frame, whose rows are examples, the columns of the features are taken.
        """
        predicted = self.model.predict(self._prepared(X))
        return self.scale.undo(predicted) if self.scale else predicted

    def probabilities(self, X: Any) -> Array | None:
        """The probabilities of the classes, as the output layer has them; None for numbers."""
        return self.model.forward(self._prepared(X)) if self.classes else None

    def _prepared(self, X: Any) -> Array:
        return self.normaliser.apply(features_like(X, self.features) if is_frame(X) else X)

    def error(self, data: Dataset) -> float:
        """The part of the classes predicted wrong; for numbers, the root of the mean squared error."""
        if self.classes:
            return float((self.predict(data.X) != data.Y).mean())
        return float(np.sqrt(np.mean((self.predict(data.X) - data.Y) ** 2)))

    def r_squared(self, data: Dataset) -> float:
        """Of numbers, R^2: the part of their variance that is explained, the mean over those of an example.

        1 is a perfect prediction, 0 that of the mean of these targets, and worse ones are below 0.
        """
        squares = ((self.predict(data.X) - data.Y) ** 2).sum(axis=1)
        around_mean = ((data.Y - data.Y.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            explained = np.where(around_mean > 0, 1 - squares / around_mean, squares == 0)
        return float(explained.mean())

    def loss(self, data: Dataset) -> float:
        """The mean loss of the examples, without penalties; of numbers on the scale they were measured on."""
        P = self.probabilities(data.X)
        if P is None:
            return self.error(data) ** 2 / 2
        right = np.where(data.Y == 1, P, 1 - P) if len(P) == 1 else np.take_along_axis(P, data.Y, axis=0)
        return float(-np.log(np.maximum(right, np.finfo(float).tiny)).mean())

    def save(self, path: File) -> Path:
        """Write everything to one ``.npz`` file."""
        arrays = asdict(self.normaliser)
        if self.scale:
            arrays |= {f"target {name}": array for name, array in asdict(self.scale).items()}
        notes = {
            "features": self.features,
            "target": self.target,
            "classes": self.classes,
            "history": self.history.columns(),
            "options": {**self.options.changed(), "hidden": self.options.hidden},
        }
        return save(path, self.model, arrays, notes)

    @classmethod
    def load(cls, path: File) -> Predictor:
        """Read what `save` wrote; ValueError if it is not a whole file of this kind, or cannot predict."""
        saved = load(path)
        notes, arrays, shape = saved.notes, saved.arrays, saved.model.shape
        try:
            require_form(notes, _NOTES, "its notes")
            normaliser = Normaliser(arrays["mean"], arrays["deviation"])
            scale = None
            if "target mean" in arrays:
                scale = Normaliser(arrays["target mean"], arrays["target deviation"])
            features, target, classes = tuple(notes["features"]), notes["target"], tuple(notes["classes"])
            if not len(features) == len(normaliser.mean) == shape[0]:
                raise ValueError(f"there are {len(features)} features for {shape[0]} inputs")
            outputs = max(2, shape[-1]) if classes else shape[-1]
            if (len(classes) or len(scale.mean if scale else "")) != outputs:
                raise ValueError(f"its classes or its scale do not fit {shape[-1]} outputs")
            for name, array in saved.model.named().items():
                if not np.isfinite(array).all():
                    problem = f"{name} of its network holds {array[~np.isfinite(array)][0]}"
                    raise ValueError(f"{problem}, so that it cannot predict: train it anew")
            history, options = History.from_columns(notes["history"]), TrainingOptions(**notes["options"])
        except (KeyError, TypeError, ValueError) as error:
            problem = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"{path} holds a model, but not one that train saved: {problem}") from None
        return cls(saved.model, normaliser, scale, features, target, classes, history, options)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A trained model and the sets it was trained and judged on; printing it gives the verdict.

    The three sets are the same one if there were too few examples to be split.
    """

    predictor: Predictor
    train: Dataset
    dev: Dataset
    test: Dataset

    def __str__(self) -> str:
        p, is_split = self.predictor, self.dev is not self.train
        sets = {"train": self.train} | ({"dev": self.dev, "test": self.test} if is_split else {})
        errors = {name: p.error(data) for name, data in sets.items()}
        counts = ", ".join(f"{name} {data.m}" for name, data in sets.items())
        if not is_split:
            counts += f"; fewer than {FEWEST} cannot be split, so nothing is known of new examples"
        lines = [f"{p.model!r}", f"initial weights: {_initial_weights(p.model)}", f"examples: {counts}"]
        lines.append(f"{p.history}")
        chance = float(np.mean(p.scale.deviation**2)) / 2 if p.scale else math.log(len(p.classes))
        verdict = divergence(p.history.cost, p.loss(self.dev), chance)
        if p.classes:
            lines.append("right: " + ", ".join(f"{name} {1 - error:.2%}" for name, error in errors.items()))
            matrix = confusion_matrix(self.test.Y, p.predict(self.test.X), len(p.classes))
            name = "test" if is_split else "training"
            lines += ["", f"On the {name} set:", confusion_text(matrix, p.classes)]
            if is_split and not verdict:
                verdict = bias_and_variance(errors["train"], errors["dev"], p.options.bayes, m_dev=self.dev.m)
        else:
            explained = {name: p.r_squared(data) for name, data in sets.items()}
            baseline = float(np.sqrt(np.mean((self.train.Y.mean(axis=1, keepdims=True) - self.test.Y) ** 2)))
            judged = ", ".join(f"{name} {error:.4g}" for name, error in errors.items())
            lines.append(f"root mean squared error: {judged}; of the training mean, {baseline:.4g}")
            lines.append("R^2: " + ", ".join(f"{name} {x:.4f}" for name, x in explained.items()))
            if is_split and not verdict:
                parts = [min(1.0, 1 - explained[name]) for name in ("train", "dev")]
                chance = self._standard_error()
                verdict = "Errors as parts of the variance of the targets, 1 - R^2.\n"
                verdict += bias_and_variance(
                    parts[0], parts[1], p.options.bayes, m_dev=self.dev.m, chance=2 * chance
                )
        return "\n".join([*lines, "", verdict] if verdict else lines)

    def _standard_error(self) -> float:
        """That of ``1 - R^2`` on the dev set, taking the variance of the targets as known."""
        squares = ((self.predictor.predict(self.dev.X) - self.dev.Y) ** 2).mean(axis=0)
        variance = float(self.dev.Y.var(axis=1).mean())
        return float(squares.std()) / math.sqrt(self.dev.m) / variance if variance else math.inf


def train(
    data: Dataset,
    options: TrainingOptions | None = None,
    *,
    checkpoint: File | None = None,
    progress: bool | Literal["curve"] | None = None,
    callbacks: Sequence[Callable[[int, History], object]] = (),
    film: Recorder | None = None,
    comm: Communicator | None = None,
) -> Outcome:
    """Split a dataset, normalise it by its training part, train a network on it, and judge it.

    A dataset of fewer than 10 examples, such as XOR, is not split: the network is trained on all of it.
    `checkpoint`, `progress`, `callbacks`, `film` and `comm` are as `fit` takes them.

    Raises:
        ValueError: an option is wrong.
        FloatingPointError: the numbers overflowed.

    >>> from micrograd_dl.data.built_in import moons
    >>> train(moons(60), TrainingOptions(hidden=(4,), epochs=5)).predictor.model.shape
    (2, 4, 1)
    """
    o = options or TrainingOptions()
    require_options(o.epochs, o.batch_size, o.patience, True)
    parts = split(data, seed=o.seed) if data.m >= FEWEST else (data,) * 3
    normaliser = Normaliser.fit(parts[0].X)
    scale = None if data.classes else Normaliser.fit(parts[0].Y)
    model = make_network(data, o)
    rule = make_optimiser(model, o, steps=math.ceil(parts[0].m / o.batch_size))
    (X, Y), dev = [
        (normaliser.apply(part.X), scale.apply(part.Y) if scale else part.targets(model.loss))
        for part in parts[:2]
    ]
    is_split = parts[0] is not parts[1]
    history = fit(
        model, X, Y,
        epochs=o.epochs, batch_size=o.batch_size, optimiser=rule, dev=dev if is_split else None,
        patience=o.patience if is_split else None, seed=o.seed,
        callbacks=callbacks, film=film, checkpoint=checkpoint, progress=progress, comm=comm,
    )  # fmt: skip
    predictor = Predictor(model, normaliser, scale, data.features, data.target, data.classes, history, o)
    return Outcome(predictor, *parts)


def make_network(data: Dataset, options: TrainingOptions) -> Network:
    """The untrained network, with the outputs that suit the targets."""
    o = options
    network = look_up(o.backend, BACKENDS, "backend")
    names: Any = {k: getattr(o, k) for k in ("initialiser", "normalisation", "slope_at_kink")}
    n_y, output = data.Y.shape[0], "linear"
    if data.classes:
        n_y, output = (1, "sigmoid") if len(data.classes) == 2 else (len(data.classes), "softmax")
    return network(
        data.X.shape[0], [*o.hidden, n_y], [o.activation] * len(o.hidden) + [output],
        seed=o.seed, l2=o.l2, l1=o.l1, max_norm=o.max_norm, keep_prob=o.keep_prob,
        label_smoothing=o.label_smoothing, **names,
    )  # fmt: skip


def make_optimiser(model: Network, options: TrainingOptions, steps: int = 1) -> Optimiser:
    """The optimiser for a training with this many steps an epoch. Weights decay, biases do not."""
    o = options
    kind = look_up(o.optimiser, OPTIMISERS, "optimiser")
    names = ("learning_rate", "beta1", "beta2", "weight_decay", "clip_norm")
    given = {name: x for name in names if (x := getattr(o, name)) is not None}
    for beta in ("beta1", "beta2"):
        if beta in given and beta not in signature(kind).parameters:
            raise ValueError(f"the optimiser {o.optimiser} has no {beta}: leave it out, or choose adam")
    rule = kind(model.parameters(), decays=weights_only(model), **given)
    if o.schedule is not None or o.warm_up is not None:
        rise = to_whole(o.warm_up or 0, 0, "warm_up")
        rule.learning_rate = schedules.schedule(
            o.schedule or "constant", rule.alpha, epochs=o.epochs, steps=steps, rise=rise
        )
    return rule


def _initial_weights(model: Network) -> str:
    """The initialisers of the layers, by name; one name if all have the same."""
    chosen = [model.initialiser or initialisers.default_initialiser(g) for g in model.activations]
    names = [getattr(draw, "__name__", repr(draw)) for draw in chosen]
    return ", ".join(names if len(set(names)) > 1 else names[:1])
