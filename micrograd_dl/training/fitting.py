"""Training: `fit` improves any model that has ``parameters()`` and ``cost_and_grad(X, Y)``."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike

from micrograd_dl.data.preparation import minibatches
from micrograd_dl.engine.coerce import to_seed, to_whole
from micrograd_dl.engine.collector import collector_paused
from micrograd_dl.nn.network import Array, Network
from micrograd_dl.nn.theta import Model, require_model
from micrograd_dl.optim.clipping import gradient_norm
from micrograd_dl.optim.optimisers import Adam, Optimiser
from micrograd_dl.output.text import plural
from micrograd_dl.training.storage import described, load, require_npz, save


@dataclass(slots=True)
class History:
    """What happened in each epoch, one entry of each list an epoch.

    Attributes:
        cost: the mean over the epoch's batches.
        gradient_norm: the length of the gradient, before it is clipped, the mean over the batches.
        seconds: how long the epoch took.
        accuracy, dev_cost, dev_accuracy: of the whole sets after the epoch; empty where they do not apply.
        stopped: why training ended, in words.
        resumed: how many of the epochs are from a checkpoint.
        kept: the epoch that `fit` went back to, as the best one; 0 if it left the model as the last one did.
    """

    cost: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    dev_cost: list[float] = field(default_factory=list)
    dev_accuracy: list[float] = field(default_factory=list)
    stopped: str = ""
    kept: int = 0
    resumed: int = 0

    def __len__(self) -> int:
        return len(self.cost)

    def columns(self) -> dict[str, list[float]]:
        """The lists that have entries, by name."""
        names = ("cost", "dev_cost", "accuracy", "dev_accuracy", "gradient_norm", "seconds")
        return {name: getattr(self, name) for name in names if getattr(self, name)}

    def __str__(self) -> str:
        if not len(self):
            return "no epoch was run"
        last = ", ".join(
            f"{name} {values[-1]:.6g}" for name, values in self.columns().items() if name != "seconds"
        )
        stopped = f" ({self.stopped})" if self.stopped else ""
        kept = f"; kept: epoch {self.kept}" if self.kept else ""
        if self.kept and self.dev_cost:
            kept += f", with the lowest dev_cost, {self.dev_cost[self.kept - 1]:.6g}"
        taken = "all" if self.resumed == len(self) else self.resumed
        resumed = f"; {taken} of them from the checkpoint" if self.resumed else ""
        epochs = plural(len(self), "epoch")
        return (
            f"{epochs} in {math.fsum(self.seconds):.2f} s{resumed}; in the last epoch: {last}{stopped}{kept}"
        )


Callback = Callable[[int, History], object]
Augment = Callable[[np.random.Generator, Array], Array]

INTERRUPTED = "interrupted: the best parameters so far are kept"  # why training ended, after Ctrl-C


def fit(
    model: Model,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    epochs: int = 100,
    batch_size: int | None = None,
    optimiser: Optimiser | None = None,
    dev: tuple[ArrayLike, ArrayLike] | None = None,
    patience: int | None = None,
    seed: int = 0,
    augment: Augment | None = None,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> History:
    """Train a model.

    Args:
        model: changed in place. Anything with ``parameters()`` and ``cost_and_grad(X, Y)``; of one that is no
            `Network` there are no accuracies and no checkpoints, and its cost on `dev` is the one that
            `cost_and_grad` returns.
        X, Y: the training set, ``(n_x, m)`` and ``(n_y, m)``.
        epochs: how often the whole set is seen.
        batch_size: examples a step; None is all of them (batch descent), 1 is stochastic descent. They are
            shuffled anew in every epoch, and the last batch may be short.
        optimiser: of ``model.parameters()``, or of some of them; by default Adam.
        dev: a set that is not trained on; the parameters with the lowest cost on it are kept.
        patience: stop when the cost on dev has not fallen for so many epochs.
        seed: of the shuffling and of `augment`.
        augment: called with a generator and each mini-batch, ``(n_x, m)``, gives the one that is trained on;
            see :mod:`~micrograd_dl.data.augmentation`. What is judged after an epoch is not augmented.
        callbacks: each is called with the epoch's number, from 1, and the history; one that returns True
            stops the training.
        checkpoint: a ``.npz`` file, written after every epoch; if it is there, training goes on from it, to
            the same result as if it had never stopped. The data, the network, the optimiser with all its
            numbers, the batch size and the seed have to be the same, which is checked. So has `augment`, of
            which it is only checked that there is one, or none.
        progress: show a bar; by default only on a terminal.

    Returns:
        The history. Ctrl-C ends the training early and keeps the best parameters so far.

    Raises:
        TypeError: it is no such model.
        ValueError: a shape or an option is wrong, the optimiser is of another model, the data holds a NaN or
            an infinity, or the name of the checkpoint does not end in ``.npz``.
        OSError: the checkpoint could not be written, which is asked before the training, or cannot be.
        FloatingPointError: the cost or the gradient became NaN or infinite. The message names epoch, step,
            layer and example; the parameters are those before that step.
    """
    require_model(model)
    X, Y = _examples(model, X, Y, "the training set")
    if dev is not None:
        dev = _examples(model, *_pair(dev), "the dev set")
    require_options(epochs, batch_size, patience, dev)
    optimiser = optimiser or Adam(model.parameters())
    _require_own(optimiser, model)
    run = _Run(model, optimiser, checkpoint, to_seed(seed), int(batch_size or X.shape[1]))
    if checkpoint is not None and run.network is None:
        raise ValueError(
            f"a checkpoint holds a network of this package, and not a {type(model).__name__}: "
            "save its parameters by a callback"
        )
    if checkpoint is not None and run.network is not None:
        require_npz(checkpoint)
        described(run.network)  # which could not be saved if it cannot be described
        run.data = {"training set": _checksum(X, Y), "augment": "none" if augment is None else "some"}
        run.data["dev set"] = "none" if dev is None else _checksum(*dev)
    if checkpoint is not None and os.path.exists(checkpoint):
        run.resume()
    try:
        for epoch in _bar(range(len(run.history) + 1, epochs + 1), progress, run.history):
            if run.history.stopped:
                break
            run.epoch(epoch, X, Y, augment, alone=dev is None)
            run.judge(X, Y, dev, patience)
            # A list first: every callback is called, even if an earlier one has already returned True.
            answers = [callback(epoch, run.history) for callback in callbacks]
            if any(answer is True for answer in answers):
                run.history.stopped = "a callback stopped it"
            run.save()
    except KeyboardInterrupt:
        run.history.stopped = INTERRUPTED
        run.keep_best()
    if dev is not None:
        run.keep_best()
    return run.history


class _Run:
    """A training under way: everything that a checkpoint has to hold."""

    def __init__(
        self,
        model: Model,
        optimiser: Optimiser,
        checkpoint: str | os.PathLike[str] | None,
        seed: int,
        batch_size: int,
    ) -> None:
        self.model = model
        self.network = model if isinstance(model, Network) else None
        self.optimiser = optimiser
        self.checkpoint = checkpoint
        self.seed = seed
        self.batch_size = batch_size
        self.data: dict[str, str] = {}  # what is known of it in a checkpoint
        self.history = History()
        self.best = math.inf
        self.best_parameters = _snapshot(optimiser, model)
        self.best_epoch = 0

    def epoch(self, number: int, X: Array, Y: Array, augment: Augment | None, *, alone: bool) -> None:
        """One pass over the training set in shuffled mini-batches; `alone`, without a dev set to judge by."""
        began = time.perf_counter()
        self.optimiser.epoch = number - 1
        # A generator for each epoch, so that a resumed training shuffles as the first one would have.
        rng = np.random.default_rng([self.seed, number])
        changes = np.random.default_rng([self.seed, number, 2])
        costs, norms, sizes = [], [], []
        for columns in minibatches(X.shape[1], self.batch_size, rng):
            Xb, Yb = (X, Y) if len(columns) == X.shape[1] else (X[:, columns], Y[:, columns])
            if augment is not None:
                Xb = augment(changes, Xb)
            with collector_paused():  # it would look through all nodes of a graph of Values
                J = self.model.cost_and_grad(Xb, Yb)
            norm = gradient_norm(p.grad for p in self.optimiser.parameters)
            if not (math.isfinite(J) and math.isfinite(norm)):
                raise FloatingPointError(
                    _diagnosis(self.model, Xb, Yb, columns, number, self.optimiser.steps + 1, J)
                )
            if alone and len(columns) == X.shape[1] and self.best > J:
                self.remember(J, number)  # before the step: J is the cost of these parameters
            self.optimiser.step()
            if self.network is not None:
                self.network.constrain()
            costs.append(J)
            norms.append(norm)
            sizes.append(Xb.shape[1])
        self.history.cost.append(float(np.average(costs, weights=sizes)) if len(costs) > 1 else costs[0])
        self.history.gradient_norm.append(float(np.mean(norms)))
        self.history.seconds.append(time.perf_counter() - began)

    def judge(
        self, X: Array, Y: Array, dev: tuple[ArrayLike, ArrayLike] | None, patience: int | None
    ) -> None:
        """Measure on the whole sets, remember the best parameters, and stop if they are long past."""
        h, network = self.history, self.network
        if dev is not None:
            cost = self.model.cost_and_grad(*dev) if network is None else network.cost(*dev)
            h.dev_cost.append(float(cost))
        if network is not None and network.loss.decide is not None:
            h.accuracy.append(network.accuracy(X, Y))
            if dev is not None:
                h.dev_accuracy.append(network.accuracy(*dev))
        judged = (h.dev_cost or h.cost)[-1]
        if judged < self.best:
            self.remember(judged, len(h))
        elif patience is not None and len(h) - self.best_epoch >= patience:
            h.stopped = (
                f"the dev cost has not fallen for {plural(patience, 'epoch')}; "
                f"the best was epoch {self.best_epoch}"
            )

    def remember(self, cost: float, epoch: int) -> None:
        """The parameters as they are now are the best."""
        self.best, self.best_epoch, self.best_parameters = cost, epoch, _snapshot(self.optimiser, self.model)

    def keep_best(self) -> None:
        """Go back to the best parameters."""
        self.history.kept = self.best_epoch
        _restore(self.optimiser, self.model, self.best_parameters)

    def save(self) -> None:
        """Write the checkpoint, if one is wanted."""
        if self.checkpoint is None:
            return
        o = self.optimiser
        arrays = {f"best {i}": x for i, x in enumerate(self.best_parameters)}
        arrays |= {f"state {name} {i}": x for name, xs in o.state.items() for i, x in enumerate(xs)}
        notes = {
            "history": json.loads(json.dumps(self.history.columns())),
            "stopped": self.history.stopped,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "optimiser": type(o).__name__,
            "hyperparameters": o.hyperparameters(),
            "steps": o.steps,
            "seed": self.seed,
            "batch_size": self.batch_size,
            "data": self.data,
        }
        assert self.network is not None
        save(self.checkpoint, self.network, arrays, notes)

    def resume(self) -> None:
        """Take up where the checkpoint left off.

        Raises:
            ValueError: the checkpoint is of another model, optimiser, batch size, seed or data.
        """
        assert self.checkpoint is not None
        assert self.network is not None
        saved = load(self.checkpoint)
        notes, o = saved.notes, self.optimiser
        if "optimiser" not in notes:
            raise ValueError(
                f"{self.checkpoint} is a saved model and no checkpoint, which `fit` writes: give another name"
            )
        # What a learning rate that changes goes by.
        o.epoch, o.steps = len(notes.get("history", {}).get("cost", [0])) - 1, notes.get("steps", 0)
        for what, there, here in (
            *_differing("a network with", described(saved.model), described(self.network)),
            ("an optimiser", notes.get("optimiser"), type(o).__name__),
            *_differing("an optimiser with", notes.get("hyperparameters", {}), o.hyperparameters()),
            ("a batch size of", notes.get("batch_size"), self.batch_size),
            ("a seed", notes.get("seed"), self.seed),
            *_differing("data:", notes.get("data", {}), self.data),
        ):
            if there != here:
                raise ValueError(
                    f"the checkpoint {self.checkpoint} is of another training: it has {what} "
                    f"{_shown(there)}, this one {_shown(here)}; train as it was trained, remove the file, "
                    "or give another name"
                )
        self.network.copy_from(saved.model)
        for name, values in notes["history"].items():
            getattr(self.history, name).extend(values)
        self.history.resumed = len(self.history)
        self.history.stopped = notes["stopped"]
        self.best, self.best_epoch = notes["best"], notes["best_epoch"]
        for name, array in saved.arrays.items():
            kind, *which, i = name.split()
            if kind == "best":
                self.best_parameters[int(i)] = array
            elif kind == "state":
                o.kept(" ".join(which))[int(i)] = float(array) if array.ndim == 0 else array


def _snapshot(optimiser: Optimiser, model: Model) -> list[Array]:
    """The parameters, then what batch normalisation predicts with."""
    return [np.array(p.data) for p in optimiser.parameters] + [x.copy() for x in _averages(model)]


def _averages(model: Model) -> list[Array]:
    if not isinstance(model, Network):
        return []
    return [x for found in model.averages if found is not None for x in (found.mean, found.variance)]


def _restore(optimiser: Optimiser, model: Model, snapshot: Sequence[Array]) -> None:
    count = len(optimiser.parameters)
    for array, kept in zip(_averages(model), snapshot[count:], strict=True):
        array[...] = kept
    for p, data in zip(optimiser.parameters, snapshot[:count], strict=True):
        if data.ndim:
            p.data[...] = data
        else:
            p.data = float(data)


def _checksum(X: ArrayLike, Y: ArrayLike) -> str:
    """What tells one set of examples from another."""
    found = 0
    for array in (X, Y):
        found = crc32(np.ascontiguousarray(array, float).data, found)
    return f"m = {np.shape(X)[1]}, checksum {found:08x}"


def _differing(what: str, there: Mapping[str, Any], here: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """What two networks or optimisers are, entry by entry, each with the words that a message has for it."""
    return [
        (f"{what} {name.replace('_', ' ')}", there.get(name), here.get(name)) for name in {**there, **here}
    ]


def _shown(x: Any) -> Any:
    """A shape as 2-16-1, other lists and tables in a line."""
    if isinstance(x, Mapping):
        return ", ".join(f"{name} {entry}" for name, entry in x.items()) or "none"
    if isinstance(x, list):
        return ("-" if all(isinstance(entry, int) for entry in x) else ", ").join(map(str, x)) or "none"
    return x


def _diagnosis(model: Model, X: Array, Y: Array, index: Array, epoch: int, step: int, J: float) -> str:
    """Where the first number that is not finite stands."""
    where = f"epoch {epoch}, step {step}: "
    what = f"the cost is {J}" if not math.isfinite(J) else "the gradient is not finite"
    if not isinstance(model, Network):
        return f"{where}{what}; the step was not taken. Try a smaller learning rate"
    model.passes = max(0, model.passes - 1)  # the masks of that pass again
    with np.errstate(all="ignore"):
        numbers = model.record(X, Y)
    for l, (Z, A) in enumerate(zip(numbers.Z, numbers.A, strict=True), 1):
        for name, array in (("Z", Z), ("A", A)):
            if not np.isfinite(array).all():
                i, k = (int(x) for x in np.argwhere(~np.isfinite(array))[0])
                return (
                    f"{where}{name}[{l}] of unit {i + 1} is {array[i, k]} for example {index[k]} "
                    "(column of X, from 0); the step was not taken. "
                    "Try a smaller learning rate, or look at that example"
                )
    return (
        f"{where}{what}, though every Z and A is finite; the step was not taken. Try a smaller learning rate"
    )


def _examples(model: Model, X: ArrayLike, Y: ArrayLike, where: str) -> tuple[Array, Array]:
    """X and Y as arrays, of the shapes that the model takes, and finite."""
    if isinstance(model, Network):
        X, Y = model.require_examples(X, Y)
    else:
        X, Y = np.asarray(X), np.asarray(Y)
        if not (X.ndim == Y.ndim == 2 and X.shape[1] == Y.shape[1] > 0):
            raise ValueError(
                f"X and Y of {where} are {X.shape} and {Y.shape}, (n_x, m) and (n_y, m) are wanted: "
                "columns are examples"
            )
    for name, array in (("X", X), ("Y", Y)):
        if not np.isfinite(array).all():
            i, k = (int(x) for x in np.argwhere(~np.isfinite(array))[0])
            raise ValueError(
                f"{name} of {where} holds {array[i, k]} in row {i}, example {k} (from 0): "
                "remove or replace it"
            )
    return X, Y


def _pair(dev: Any) -> tuple[ArrayLike, ArrayLike]:
    try:
        X, Y = dev
    except (TypeError, ValueError):
        what = f"the {type(dev).__name__} {dev!r:.60}"
        raise ValueError(f"dev is X and Y of the dev set, dev=(X_dev, Y_dev), not {what}") from None
    return X, Y


def require_options(epochs: int, batch_size: int | None, patience: int | None, dev: Any) -> None:
    """Raise ValueError if one of these options of `fit` is not possible."""
    for name, x in (("epochs", epochs), ("batch_size", batch_size), ("patience", patience)):
        if x is not None:
            to_whole(x, 1, name)
    if patience is not None and dev is None:
        raise ValueError("patience needs a dev set to judge by: pass dev=(X_dev, Y_dev)")


def _require_own(optimiser: Optimiser, model: Model) -> None:
    if isinstance(optimiser, (str, type)):
        raise ValueError(
            "an optimiser is made of the model's parameters, such as Adam(model.parameters()); "
            f"not {optimiser!r}"
        )
    own = {id(p) for p in model.parameters()}
    if not all(id(p) in own for p in optimiser.parameters):
        kind = type(optimiser).__name__
        raise ValueError(
            "the optimiser is of another model's parameters, so that this model would not be trained: "
            f"make one of its own, {kind}(model.parameters())"
        )


def _bar(epochs: range, progress: bool | None, history: History) -> Iterable[int]:
    """The epochs, behind a progress bar where somebody watches."""
    watched = sys.stderr is not None and sys.stderr.isatty()  # a program without a console has none
    if not (watched if progress is None else progress):
        return epochs
    from tqdm import tqdm

    bar = tqdm(epochs, unit="epoch", leave=False)

    def shown() -> Iterable[int]:
        for epoch in bar:
            yield epoch
            bar.set_postfix_str(f"cost {history.cost[-1]:.4g}", refresh=False)

    return shown()
