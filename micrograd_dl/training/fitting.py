"""Training: `fit` improves any model that has ``parameters()`` and ``cost_and_grad(X, Y)``."""

from __future__ import annotations

import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike
from tqdm import tqdm

from micrograd_dl.data.archives import require_form
from micrograd_dl.data.augmentation import Augmentation
from micrograd_dl.data.preparation import minibatches
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.collector import collector_paused
from micrograd_dl.foundation.html import curves, table
from micrograd_dl.foundation.numbers import to_seed, to_whole
from micrograd_dl.foundation.products import halved_products
from micrograd_dl.foundation.text import plural
from micrograd_dl.foundation.tracebacks import door
from micrograd_dl.nn.frames import as_array
from micrograd_dl.nn.model import Model, require_model
from micrograd_dl.nn.network import Array, Network
from micrograd_dl.optim.clipping import gradient_norm
from micrograd_dl.optim.optimisers import Adam, Optimiser
from micrograd_dl.training import storage
from micrograd_dl.training.sharing import Communicator, Shares
from micrograd_dl.vectorized import MLP

INTERRUPTED = "interrupted: the best parameters so far are kept"  # why training ended, after Ctrl-C

_COLUMNS = ("cost", "dev_cost", "accuracy", "dev_accuracy", "gradient_norm", "seconds")
_CHECKPOINT = {  # the form of its notes
    "history": dict,
    "initial_cost": float,
    "stopped": str,
    "best": float,
    "best_epoch": int,
    "steps": int,
    "identity": dict,
}


@dataclass(slots=True, repr=False)
class History:
    """What happened in each epoch: each list has one entry an epoch. Printing it gives a summary.

    Accuracies and what is of the dev set are those after the epoch, and empty where they do not apply.
    """

    cost: list[float] = field(default_factory=list)  # the mean over the epoch's examples
    gradient_norm: list[float] = field(default_factory=list)  # before it is clipped, the mean over batches
    seconds: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    dev_cost: list[float] = field(default_factory=list)
    dev_accuracy: list[float] = field(default_factory=list)
    initial_cost: float = math.inf  # on the first batch, before the first step; inf if unknown
    stopped: str = ""  # why training ended early, in words
    best_epoch: int = 0  # the one whose parameters `fit` went back to; 0 if it did not
    resumed: int = 0  # how many epochs are from a checkpoint

    @classmethod
    def from_columns(cls, columns: Any) -> History:
        """A history from the columns that `columns` gave; ValueError if they are not such."""
        require_form(columns, {str: [float]}, "the history")
        if not columns.keys() <= set(_COLUMNS) or len({len(x) for x in columns.values() if x}) > 1:
            raise ValueError("the history has other columns, or columns of different lengths")
        return cls(**columns)

    def __len__(self) -> int:
        return len(self.cost)

    def columns(self) -> dict[str, list[float]]:
        """The lists that have entries, by name."""
        return {name: getattr(self, name) for name in _COLUMNS if getattr(self, name)}

    def __repr__(self) -> str:
        return f"<history: {self}>"

    def _repr_html_(self) -> str:
        shown = {"training": self.cost, "dev": self.dev_cost} if self.dev_cost else {"training": self.cost}
        return table((), (), f"{self}") + curves(shown, "The cost by epoch")

    def __str__(self) -> str:
        if not len(self):
            return "no epoch was run"
        last = ", ".join(f"{name} {x[-1]:.6g}" for name, x in self.columns().items() if name != "seconds")
        text = f"{plural(len(self), 'epoch')} in {math.fsum(self.seconds):.2f} s"
        text += f"; {self.resumed} of them from the checkpoint" if self.resumed else ""
        text += f"; in the last epoch: {last}" + (f" ({self.stopped})" if self.stopped else "")
        if self.best_epoch:
            text += f"; kept: epoch {self.best_epoch}"
            if self.dev_cost:
                text += f", with the lowest dev_cost, {self.dev_cost[self.best_epoch - 1]:.6g}"
        if self.cost[-1] > 1.5 * self.initial_cost:
            rise = f"from {self.initial_cost:.6g} to {self.cost[-1]:.6g}"
            text += f"; the cost rose {rise}: try a smaller learning rate"
        return text


class Recorder(Protocol):
    """What keeps the look of a network while it is trained, such as `viz.plots.Film`."""

    def record(self, model: Any, X: Array, Y: Array, history: History, *, last: bool = False) -> None:
        """Called before the first epoch, after each, and, with `last`, when all is over."""


Callback = Callable[[int, History], object]


@door
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
    augment: Augmentation | None = None,
    callbacks: Sequence[Callback] = (),
    film: Recorder | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool | Literal["curve"] | None = None,
    comm: Communicator | None = None,
) -> History:
    """Train a model.

    Args:
        model: changed in place. Anything with ``parameters()`` and ``cost_and_grad(X, Y)``; one that is no
            `Network` has no accuracies and no checkpoints.
        X, Y: the training set, ``(n_x, m)`` and ``(n_y, m)``; or data frames of numbers, whose rows are
            examples.
        epochs: how often the whole set is seen.
        batch_size: examples a step; None is all of them (batch descent), 1 is stochastic descent. They are
            shuffled anew in every epoch, and the last batch may be short.
        optimiser: made from ``model.parameters()``, or from some of them; by default Adam.
        dev: a set that is not trained on; the parameters with the lowest cost on it are kept.
        patience: stop when the cost on dev has not fallen for this many epochs.
        seed: decides the shuffling and `augment`.
        augment: called with a generator and each mini-batch, ``(n_x, m)``, gives the one that is trained on;
            see :mod:`~micrograd_dl.data.augmentation`. What is judged after an epoch is not augmented.
        callbacks: each is called with the epoch's number, from 1, and the history; one that returns True
            stops the training.
        film: a :class:`viz.plots.Film`, which keeps what the network looked like in each epoch.
        checkpoint: a ``.npz`` or ``.safetensors`` file, written after every epoch. If it exists, training
            goes on from it, to the same bits as if it had never stopped. All but `epochs` must be as it was,
            which is checked; of `augment` only whether there is one.
        progress: show a bar, which leaves nothing behind; by default on a terminal and in a notebook. With
            "curve" a notebook shows the cost so far as well.
        comm: an MPI communicator, such as ``mpi4py.MPI.COMM_WORLD``. Every process calls `fit` with the same
            arguments and does its share of each mini-batch; the gradients are summed, so that all end with
            the parameters that one process would have found, but for rounding. The first process writes
            files, shows progress and calls back. It takes a network without batch normalisation.

    Returns:
        The history. Ctrl-C ends the training early and keeps the best parameters so far.

    Raises:
        TypeError, ValueError: the model, a set, an option or the checkpoint is not possible, or does not fit.
        OSError: the checkpoint cannot be written (checked before training).
        RuntimeError: another thread is training this network.
        FloatingPointError: the cost or the gradient became NaN or infinite. The message names epoch, step,
            layer and example; the parameters are those before that step.
    """
    require_model(model)
    X, Y = _examples(model, (X, Y), "the training set")
    if dev is not None:
        dev = _examples(model, dev, "the dev set")
    require_options(epochs, batch_size, patience, dev, progress)
    optimiser = optimiser or Adam(model.parameters())
    _require_own(optimiser, model)
    size = int(batch_size or X.shape[1])
    shares = Shares(comm)
    shares.require_shareable(model)
    training = _Training(model, optimiser, X, Y, dev, augment, size, to_seed(seed), film, shares)
    lock = model.training_lock if isinstance(model, Network) else nullcontext()
    with lock, halved_products() if isinstance(model, MLP) else nullcontext():
        training.begin(checkpoint)
        history = training.history
        to_do = range(len(history) + 1, 1 if history.stopped else epochs + 1)
        hidden = is_hidden(progress) or not shares.is_first
        bar = progress_bar(to_do, unit="epoch", leave=False, disable=hidden)
        with bar, live_curve(progress == "curve") as draw_curve, shares.interruptible():
            try:
                for epoch in bar:
                    training.run_epoch(epoch)
                    training.measure()
                    if patience is not None and epoch - training.best.epoch >= patience:
                        since = f"the dev cost has not fallen for {plural(patience, 'epoch')}"
                        history.stopped = f"{since}; the best was epoch {training.best.epoch}"
                    history.stopped = shares.from_first(
                        lambda: training.tell(callbacks, draw_curve, checkpoint)
                    )
                    if history.stopped:
                        break
                    bar.set_postfix_str(f"cost {history.cost[-1]:.4g}", refresh=False)
            except KeyboardInterrupt:
                history.stopped = INTERRUPTED
        if dev is not None or history.stopped == INTERRUPTED:
            training.keep_best()
        training.show(last=True)
    return history


class _Best(NamedTuple):
    """The best parameters so far; replaced at once, so that Ctrl-C finds the old ones or the new ones."""

    cost: float
    epoch: int
    state: dict[str, Array]


@dataclass(slots=True)
class _Training:
    """A training under way: what a checkpoint has to hold."""

    model: Model
    optimiser: Optimiser
    X: Array
    Y: Array
    dev: tuple[Array, Array] | None
    augment: Augmentation | None
    batch_size: int
    seed: int
    film: Recorder | None
    shares: Shares
    history: History = field(default_factory=History)
    best: _Best = field(init=False)

    def __post_init__(self) -> None:
        self.best = _Best(math.inf, 0, _state(self.model))

    def begin(self, checkpoint: str | os.PathLike[str] | None) -> None:
        """Go on from a checkpoint, if there is one; processes that share a training begin with the same."""
        model: Any = self.model
        here = self.shares.comm and (f"seed {self.seed}", self.batch_size, _checksum(self.X, self.Y))

        def first() -> Any:
            if checkpoint is not None:
                self.resume_from(checkpoint)
            self.show()
            o = self.optimiser
            return here, model, o.state, o.steps, o.epoch, self.history, self.best

        def take_over() -> None:
            if here != there:
                problem = "all processes of a training are to have the same seed, batch size and training set"
                raise ValueError(f"{problem}: one has {here}, the first {there}")
            if not self.shares.is_first:
                model.copy_from(theirs)
                model.seed = theirs.seed  # which decides dropout's masks
                o = self.optimiser
                o.state, o.steps, o.epoch, self.history, self.best = state

        there, theirs, *state = self.shares.from_first(first)
        self.shares.everywhere(take_over)

    def tell(
        self,
        callbacks: Sequence[Callback],
        draw_curve: Callable[[History], None],
        checkpoint: str | os.PathLike[str] | None,
    ) -> str:
        """Call back, draw and save what has been reached; returns why the training is to stop, if it is."""
        if True in [callback(len(self.history), self.history) is True for callback in callbacks]:
            self.history.stopped = "a callback stopped it"
        self.show()
        draw_curve(self.history)
        if checkpoint is not None:
            self.save(checkpoint)
        return self.history.stopped

    def run_epoch(self, number: int) -> None:
        began, m, h = time.perf_counter(), self.X.shape[1], self.history
        self.optimiser.epoch = number - 1
        # Generators for each epoch, so that a resumed training shuffles as the first one would have.
        rng = np.random.default_rng([self.seed, number])
        rng_of_augment = np.random.default_rng([self.seed, number, 2])
        costs, norms, sizes = [], [], []
        for columns in minibatches(m, self.batch_size, rng):
            X, Y = (self.X, self.Y) if len(columns) == m else (self.X[:, columns], self.Y[:, columns])
            if self.augment is not None:
                X = self.augment(rng_of_augment, X)
            J, norm = self.cost_and_gradient_norm(X, Y, columns, number)
            if h.initial_cost == math.inf:
                h.initial_cost = J
            if self.dev is None and len(columns) == m:
                self.remember_if_best(J, number)  # before the step: J is the cost of these parameters
            self.optimiser.step()
            if isinstance(self.model, Network):
                self.model.constrain()
            costs.append(J)
            norms.append(norm)
            sizes.append(len(columns))
        h.cost.append(float(np.average(costs, weights=sizes)) if len(costs) > 1 else costs[0])
        h.gradient_norm.append(float(np.mean(norms)))
        h.seconds.append(time.perf_counter() - began)

    def cost_and_gradient_norm(self, X: Array, Y: Array, columns: Array, epoch: int) -> tuple[float, float]:
        try:
            with collector_paused():  # it would look through all nodes of a graph of Values
                J = self.shares.mean(self.model, self.model.cost_and_grad, X, Y)
        except MemoryError as error:
            batch = f"a batch of {plural(X.shape[1], 'example')}"
            raise MemoryError(f"{batch} does not fit into the memory: set a smaller batch_size") from error
        norm = gradient_norm(p.grad for p in self.optimiser.parameters)
        if not (math.isfinite(J) and math.isfinite(norm)):
            problem = _what_is_not_finite(self.model, X, Y, columns, J)
            raise FloatingPointError(
                f"epoch {epoch}, step {self.optimiser.steps + 1}: {problem}; the step was not taken. "
                "Try a smaller learning rate"
            )
        return J, norm

    def measure(self) -> None:
        """The cost on dev and the accuracies after an epoch, as far as they apply; remember the best."""
        h, model = self.history, self.model
        if self.dev is not None:
            cost = model.cost if isinstance(model, Network) else model.cost_and_grad
            J: Any = self.shares.mean(model, cost, *self.dev)
            h.dev_cost.append(J.data if isinstance(J, Value) else float(J))
        if isinstance(model, Network) and model.loss.decide is not None:
            h.accuracy.append(self.shares.mean(model, model.accuracy, self.X, self.Y))
            if self.dev is not None:
                h.dev_accuracy.append(self.shares.mean(model, model.accuracy, *self.dev))
        self.remember_if_best((h.dev_cost or h.cost)[-1], len(h))

    def show(self, last: bool = False) -> None:
        """Let the film, if there is one, keep what the network looks like now."""
        if self.film is not None and self.shares.is_first:
            self.film.record(self.model, self.X, self.Y, self.history, last=last)

    def remember_if_best(self, cost: float, epoch: int) -> None:
        """Keep a copy of the parameters if their cost is the lowest so far."""
        if cost < self.best.cost:
            self.best = _Best(cost, epoch, _state(self.model))

    def keep_best(self) -> None:
        """Go back to the best parameters. An epoch that Ctrl-C cut short leaves the history."""
        _set_state(self.model, self.best.state)
        self.history.best_epoch = self.best.epoch
        columns = self.history.columns().values()
        for column in columns:
            del column[min(map(len, columns)) :]

    def identity(self, network: Network) -> dict[str, Any]:
        """What has to be the same in a training that is resumed, in the words of a message."""
        return {
            **{f"a network with {name}": x for name, x in storage.describe(network).items()},
            "the optimiser": type(self.optimiser).__name__,
            **{f"an optimiser with {name}": x for name, x in self.optimiser.hyperparameters().items()},
            "a batch size of": self.batch_size,
            "a seed of": self.seed,
            "a training set with": _checksum(self.X, self.Y),
            "a dev set with": None if self.dev is None else _checksum(*self.dev),
            "augmented examples:": self.augment is not None,
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        assert isinstance(self.model, Network)
        arrays: dict[str, Any] = {f"best {name}": x for name, x in self.best.state.items()}
        for name, xs in self.optimiser.state.items():
            arrays |= {f"state {name} {i}": x for i, x in enumerate(xs)}
        notes = {
            "history": self.history.columns(),
            "initial_cost": self.history.initial_cost,
            "stopped": self.history.stopped,
            "best": self.best.cost,
            "best_epoch": self.best.epoch,
            "steps": self.optimiser.steps,
            "identity": self.identity(self.model),
        }
        storage.save(path, self.model, arrays, notes)

    def resume_from(self, path: str | os.PathLike[str]) -> None:
        """Go on from a checkpoint, if it exists; ValueError if it is damaged, or of another training."""
        model, optimiser = self.model, self.optimiser
        if not isinstance(model, Network):
            kind = type(model).__name__
            raise ValueError(f"a checkpoint holds a network of this package, not a {kind}: use a callback")
        storage.require_name(path)
        storage.describe(model)  # raises if it could not be saved
        if not os.path.exists(path):
            return
        saved = storage.load(path)
        notes = saved.notes
        try:
            require_form(notes, _CHECKPOINT, "its notes")
            history = History.from_columns(notes["history"])
            optimiser.epoch, optimiser.steps = len(history) - 1, notes["steps"]  # the rate may depend on it
            there, here = notes["identity"], self.identity(model)
            for what in there | here:
                if there.get(what) != here.get(what):
                    what = f"{what.replace('_', ' ')} {there.get(what)}, this one {here.get(what)}"
                    advice = "train as it was trained, remove the file"
                    raise ValueError(f"it is of another training: it has {what}; {advice}")
            best, state = self._best_and_state(saved.arrays)
            if notes["best_epoch"] > len(history):
                raise ValueError(f"its best epoch is {notes['best_epoch']}, of {len(history)}")
        except ValueError as error:
            raise ValueError(f"fit cannot go on from {path}: {error}, or give another name") from None
        model.copy_from(saved.model)
        optimiser.state, self.history = state, history
        self.best = _Best(notes["best"], notes["best_epoch"], best)
        history.resumed, history.stopped = len(history), notes["stopped"]
        history.initial_cost = notes["initial_cost"]

    def _best_and_state(self, arrays: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, list[Any]]]:
        """The best parameters and the optimiser's state in a checkpoint; ValueError if they do not fit."""
        shapes = self.optimiser.block_shapes()
        best: dict[str, Array] = {}
        state: dict[str, list[Any]] = {}
        for full_name, array in arrays.items():
            kind, _, name = full_name.partition(" ")
            if kind == "best":
                best[name] = array
                continue
            name, _, i = name.rpartition(" ")
            if not (i.isdecimal() and int(i) < len(shapes) and array.shape in ((), shapes[int(i)])):
                raise ValueError(f"its array {full_name!r} {array.shape} does not fit the optimiser")
            state.setdefault(name, [0.0] * len(shapes))[int(i)] = array if array.ndim else float(array)
        if {k: x.shape for k, x in best.items()} != {k: x.shape for k, x in self.best.state.items()}:
            raise ValueError("its best parameters do not fit the network")
        return best, state


def _checksum(X: Array, Y: Array) -> str:
    """A fingerprint that tells one set of examples from another."""
    found = crc32(np.ascontiguousarray(Y, float).data, crc32(np.ascontiguousarray(X, float).data))
    return f"m = {X.shape[1]}, checksum {found:08x}"


def _state(model: Model) -> dict[str, Array]:
    """A copy of all that training changes."""
    if isinstance(model, Network):
        return storage.state_of(model)
    return {str(i): np.array(p.data) for i, p in enumerate(model.parameters())}


def _set_state(model: Model, state: Mapping[str, Array]) -> None:
    if isinstance(model, Network):
        storage.set_state(model, state)
        return
    for p, data in zip(model.parameters(), state.values(), strict=True):
        if data.ndim:
            p.data[...] = data
        else:
            p.data = float(data)


def _what_is_not_finite(model: Model, X: Array, Y: Array, columns: Array, J: float) -> str:
    """The first number of a pass that is NaN or infinite."""
    what = f"the cost is {J}" if not math.isfinite(J) else "the gradient is not finite"
    if not isinstance(model, Network):
        return what
    model.passes = max(0, model.passes - 1)  # the masks of that pass again
    with np.errstate(all="ignore"):
        numbers = model.record(X, Y)
    for l, layer in enumerate(zip(numbers.Z, numbers.A, strict=True), 1):
        for name, array in zip("ZA", layer, strict=True):
            for i, k in np.argwhere(~np.isfinite(array)).tolist():
                example = f"example {columns[k] + 1}, X[:, {columns[k]}]"
                return f"{name}[{l}] of unit {i + 1} is {array[i, k]} for {example}"
    return f"{what}, though every Z and A is finite"


def _examples(model: Model, given: tuple[ArrayLike, ArrayLike], where: str) -> tuple[Array, Array]:
    """X and Y as finite arrays in the shapes that the model takes."""
    try:
        X, Y = given
    except (TypeError, ValueError):
        what = f"the {type(given).__name__} {given!r:.60}"
        raise ValueError(f"{where} is X and Y, such as dev=(X_dev, Y_dev), not {what}") from None
    if isinstance(model, Network):
        X, Y = model.require_examples(X, Y)
    else:
        X, Y = as_array("X", X), as_array("Y", Y)
        if not (X.ndim == Y.ndim == 2 and X.shape[1] == Y.shape[1] > 0):
            wanted = "(n_x, m) and (n_y, m) are wanted: columns are examples"
            raise ValueError(f"X and Y of {where} are {X.shape} and {Y.shape}, {wanted}")
    for name, array in (("X", X), ("Y", Y)):
        if not np.isfinite(array).all():
            i, k = np.argwhere(~np.isfinite(array))[0].tolist()
            problem = f"{name}[{i}, {k}] of {where} is {array[i, k]}"
            raise ValueError(f"{problem}: replace it, or leave the example out")
    return X, Y


def require_options(
    epochs: int, batch_size: int | None, patience: int | None, dev: Any, progress: object = None
) -> None:
    """Raise ValueError if one of these options of `fit` is not possible."""
    for name, x in (("epochs", epochs), ("batch_size", batch_size), ("patience", patience)):
        if x is not None:
            to_whole(x, 1, name)
    if patience is not None and dev is None:
        raise ValueError("patience needs a dev set to judge by: pass dev=(X_dev, Y_dev)")
    if isinstance(progress, str) and progress != "curve":
        raise ValueError(f"progress is True, False or 'curve', not {progress!r}")


def _require_own(optimiser: Any, model: Model) -> None:
    own, its = {id(p) for p in model.parameters()}, getattr(optimiser, "parameters", None)
    if its is None or not all(id(p) in own for p in its):
        what = repr(optimiser) if its is None else "of another model's, so that this one would not be trained"
        raise ValueError(f"an optimiser is of the model's parameters, Adam(model.parameters()); not {what}")


def is_hidden(progress: bool | str | None) -> bool:
    """Whether a bar is hidden, for the option `progress`: by default off terminals and notebooks."""
    # A program without a console has no stderr.
    seen = in_notebook() or (sys.stderr is not None and sys.stderr.isatty())
    return not (seen if progress is None else progress)


def in_notebook() -> bool:
    """Whether this program is the kernel of a notebook."""
    return "ipykernel" in sys.modules


def progress_bar(*args: Any, **options: Any) -> Any:
    """A bar of tqdm, in a notebook one of its widgets where these are installed."""
    if not in_notebook():
        return tqdm(*args, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without widgets there is a bar of text, which is no trouble
        from tqdm.auto import tqdm as notebook_tqdm

        return notebook_tqdm(*args, **options)


@contextmanager
def live_curve(wanted: bool) -> Iterator[Callable[[History], None]]:
    """Draws the cost so far in a notebook, at most twice a second, and takes it away in the end."""
    if not (wanted and in_notebook()):
        yield lambda history: None
        return
    notebook = sys.modules["IPython.display"]
    shown, drawn_at = notebook.display(notebook.HTML(""), display_id=True), -math.inf

    def draw(history: History) -> None:
        nonlocal drawn_at
        if time.monotonic() - drawn_at > 0.5:
            drawn_at = time.monotonic()
            shown.update(notebook.HTML(history._repr_html_()))

    try:
        yield draw
    finally:
        shown.update(notebook.HTML(""))
