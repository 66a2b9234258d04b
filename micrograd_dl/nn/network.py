"""The base class of all kinds of network: architecture, shapes and predictions."""

from __future__ import annotations

import copy
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, NoReturn, Self, TypeAlias, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.html import table
from micrograd_dl.foundation.numbers import above_zero, to_seed
from micrograd_dl.foundation.text import plural
from micrograd_dl.foundation.tracebacks import door
from micrograd_dl.nn import architecture
from micrograd_dl.nn.activations import Activation
from micrograd_dl.nn.frames import as_array, is_frame
from micrograd_dl.nn.initialisers import Initialiser, InitialiserName, Weights, default_initialiser
from micrograd_dl.nn.losses import Loss, LossName
from micrograd_dl.nn.losses import loss as loss_for
from micrograd_dl.nn.normalisation import Averages, Kind
from micrograd_dl.nn.regularisers import lambdas, max_norm

Array: TypeAlias = NDArray[Any]


class Options(TypedDict, total=False):
    """The arguments of all kinds of network that are given by name."""

    initialiser: InitialiserName | Initialiser | None
    seed: int | None
    l2: float
    l1: float
    regularisers: Mapping[str, float] | None
    max_norm: float | None
    normalisation: Kind | Sequence[Kind | None] | None
    keep_prob: float | Sequence[float] | None
    label_smoothing: float
    slope_at_kink: architecture.Side


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"


@dataclass(slots=True, eq=False, repr=False)
class Parameter:
    """Numbers that an optimiser changes, and the derivatives of the cost by them, in one shape.

    Attributes:
        label: what the array is called, such as W1.
        entries: what each of its numbers is called, row by row, where that does not follow from the label.
    """

    data: Array
    grad: Array
    label: str = "theta"
    entries: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"<parameter {self.label} {np.shape(self.data)}>"

    def zero_grad(self) -> None:
        """Set the gradient to 0."""
        self.grad = np.zeros_like(self.data)


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """Every number of one forward and backward pass, layer by layer: entry l - 1 is layer l's.

    Attributes:
        cost: J.
        Z, A, dZ: ``(n[l], m)``; dZ is the course's, of each example's loss, not divided by m. A is what the
            layer passes on, after dropout.
        dW: ``(n[l], n[l-1])``.
        db: ``(n[l], 1)``; 0 where the layer has no bias.
        Z_norm: ``(n[l], m)`` where the layer is normalised, else None.
        dgamma, dbeta: ``(n[l], 1)``, likewise.
        node: for a network of Values, the node of an entry ``("Z", "Z_norm" or "A", l, i, k)``: layer l from
            1, unit i and example k from 0; or of a parameter, ``("W", l, i, j)``, ``("b", l, i, 0)``, ....
    """

    cost: float
    Z: list[Array]
    A: list[Array]
    dZ: list[Array]
    dW: list[Array]
    db: list[Array]
    Z_norm: list[Array | None] = field(default_factory=list)
    dgamma: list[Array | None] = field(default_factory=list)
    dbeta: list[Array | None] = field(default_factory=list)
    node: Callable[[str, int, int, int], Value] | None = None

    @classmethod
    def of(cls, cost: float, gradients: Mapping[str, Array], **numbers: Any) -> Self:
        """A pass with the gradients by name, as `Network.named` gives them, and the other numbers."""
        L = range(1, len(numbers["Z"]) + 1)
        dW = [gradients[f"W{l}"] for l in L]
        db = [gradients.get(f"b{l}", np.zeros((len(d), 1), d.dtype)) for l, d in zip(L, dW, strict=True)]
        dgamma, dbeta = ([gradients.get(f"{name}{l}") for l in L] for name in ("gamma", "beta"))
        return cls(cost, dW=dW, db=db, dgamma=dgamma, dbeta=dbeta, **numbers)


class TrainingLock:
    """Lets one thread in and refuses others at once; that thread may come in again. A copy begins open."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise RuntimeError(
                "another thread is training this network, and its gradients would be mixed with yours: "
                "give each thread a network of its own, copy.deepcopy(model)"
            )

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[type[TrainingLock], tuple[()]]:
        return TrainingLock, ()


class Network(ABC):
    """L layers of the course's kind; layer 0 is the input and is not counted.

    Any number of threads may predict with one network and ask for its cost, or one thread may train it.
    A copy, by `copy` or by pickle, is a network of its own that trains as the original would have.

    Args:
        n_x: the number of inputs.
        sizes: the number of units of each layer, ``[n1, ..., nL]``; ``[1]`` has no hidden layer.
        activations: one name for each layer, or one for all hidden layers; by default ReLU in the hidden
            layers and a linear output, as micrograd has it.
        loss: by default logistic for sigmoid, cross-entropy for softmax, squared error otherwise.
        initialiser: by name or as a function; by default He's for ReLU and its kind, Xavier's for the rest.
        seed: decides the initial weights and dropout, for all kinds of network; by default another one each
            time, kept as `seed`.
        l2, l1: lambda of ``lambda/(2m) ||W||_F^2`` and of ``lambda/(2m) |W|``; biases are left out.
        regularisers: each lambda by name, as `elastic_net` gives them.
        max_norm: the largest norm that a row of W, the weights into one unit, may have after a step.
        normalisation: ``"batch"`` or ``"layer"``, for all hidden layers, or one or None for each of them; see
            :mod:`~micrograd_dl.nn.normalisation`.
        keep_prob: the part of the units that inverted dropout keeps, for all hidden layers or for each.
        label_smoothing: the epsilon of the cost's targets, ``(1 - epsilon) y + epsilon / classes``.
        slope_at_kink: the slope of ReLU, leaky ReLU and the max-margin loss at their kink: ``"right"``, 1, as
            in the course's lectures, or ``"left"``, 0 (leaky ReLU: 0.01), as in its assignments and PyTorch.

    Attributes:
        shape: ``(n[0], n[1], ..., n[L])``.
        activations, normalisations, keep_probs: one a layer.
        averages: the running averages of each layer with batch normalisation; None for other layers.
        passes: how many passes dropout has drawn masks for; with the seed, it decides the next ones.
        training_lock: a context in which no other thread can train the network; RuntimeError if one does.

    Raises:
        ValueError: a size, an activation, a loss, a lambda or another option is not possible.
    """

    def __init_subclass__(cls) -> None:
        for name in ("__init__", "forward", "cost", "cost_and_grad"):
            if name in vars(cls):
                setattr(cls, name, door(vars(cls)[name]))
        own, all_of_them = signature(cls.__init__), signature(Network.__init__).parameters
        parameters = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
        parameters += [p for name, p in all_of_them.items() if name not in own.parameters]  # its `options`
        vars(cls.__init__)["__signature__"] = own.replace(parameters=parameters)  # for help()

    @door
    def __init__(
        self,
        n_x: int,
        sizes: Sequence[int],
        activations: str | Sequence[str | Activation] | None = None,
        loss: LossName | Loss | None = None,
        *,
        initialiser: InitialiserName | Initialiser | None = None,
        seed: int | None = None,
        l2: float = 0.0,
        l1: float = 0.0,
        regularisers: Mapping[str, float] | None = None,
        max_norm: float | None = None,
        normalisation: Kind | Sequence[Kind | None] | None = None,
        keep_prob: float | Sequence[float] | None = None,
        label_smoothing: float = 0.0,
        slope_at_kink: architecture.Side = "right",
    ) -> None:
        self.shape = architecture.shape_of(n_x, sizes)
        L = len(self.shape) - 1
        self.activations = architecture.activations_of(activations, L)
        self.loss = loss_for(loss, self.activations[-1].name)
        self.normalisations = architecture.normalisations_of(normalisation, L)
        self.keep_probs = architecture.keep_probs_of(keep_prob, L)
        self.label_smoothing = architecture.smoothing_of(label_smoothing, self.loss)
        self.initialiser = architecture.initialiser_of(initialiser)
        self.slope_at_kink = architecture.side_of(slope_at_kink)
        self.seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else to_seed(seed)
        self.regularisers = lambdas(regularisers, l2=l2, l1=l1)
        self.max_norm = None if max_norm is None else above_zero(max_norm, "max_norm")
        self.averages = [
            Averages.begin(n) if kind == "batch" else None
            for n, kind in zip(self.shape[1:], self.normalisations, strict=True)
        ]
        self.passes = 0
        self.training_lock = TrainingLock()
        self._frozen = False
        self._share: tuple[slice, int] | None = None

    def initial_weights(self) -> list[Weights]:
        """The W of each layer, ``(n[l], n[l-1])``, as the initialiser draws them from the seed."""
        rng, found = np.random.default_rng(self.seed), []
        for l, (n_in, n, g) in enumerate(zip(self.shape, self.shape[1:], self.activations, strict=False), 1):
            W = np.asarray((self.initialiser or default_initialiser(g))(rng, n, n_in))
            self.require_shape(f"W[{l}] from the initialiser", W, (n, n_in), str(l))
            found.append(W)
        return found

    @property
    def l2(self) -> float:
        """Lambda of L2."""
        return self.regularisers.get("l2", 0.0)

    @property
    def l1(self) -> float:
        """Lambda of L1."""
        return self.regularisers.get("l1", 0.0)

    # --- what each kind of network does in its own way --------------------------------------------------

    @abstractmethod
    def parameters(self) -> Sequence[Any]:
        """The parameters that an optimiser changes: objects with ``data`` and ``grad``."""

    @abstractmethod
    def named(self, what: str = "data") -> dict[str, Array]:
        """Every parameter by its name: W1, b1, gamma1, beta1, W2, ...; copies, which `set_named` writes back.

        ``W (n[l], n[l-1])``, all others ``(n[l], 1)``; only a normalised layer has gamma and beta, and one
        with batch normalisation has no b. With ``what="grad"``, their derivatives after `cost_and_grad`.
        """

    @abstractmethod
    def _set_named(self, arrays: Mapping[str, Array]) -> None:
        """Set the parameters given; names and shapes are right."""

    @abstractmethod
    def forward(self, X: ArrayLike) -> Array:
        """The output ``A[L] (n_y, m)`` for ``X (n_x, m)``, without dropout, and by the running averages."""

    @abstractmethod
    def cost_and_grad(self, X: ArrayLike, Y: ArrayLike) -> float:
        """The cost J over the m examples; its derivatives are then in the parameters' ``grad``, afresh.

        It is a pass of training: with dropout, batch normalisation by this batch, and the running averages
        and the masks moving on, unless they are `frozen`. ``X (n_x, m)`` and ``Y (n_y, m)``.

        Raises:
            ValueError: a shape is wrong.
            RuntimeError: another thread is training the network.
        """

    @abstractmethod
    def record(self, X: ArrayLike, Y: ArrayLike) -> Pass:
        """Like `cost_and_grad`, returning all intermediate numbers; nothing but the gradients changes."""

    @abstractmethod
    def cost(self, X: ArrayLike, Y: ArrayLike, *, training: bool = False) -> Any:
        """The cost J over the m examples, as in prediction or, with `training`, as in a training pass."""

    # --- parameters, layer by layer ---------------------------------------------------------------------

    def set_named(self, arrays: Mapping[str, ArrayLike]) -> None:
        """Set every parameter, by the names that `named` gives.

        Raises:
            ValueError: one is missing, or there is one too many, or a shape is wrong.
        """
        there, given = self.named(), {name: np.asarray(array) for name, array in arrays.items()}
        if given.keys() != there.keys():
            wrong = ", ".join(sorted(given.keys() ^ there.keys()))
            raise ValueError(f"the parameters are {', '.join(there)}; {wrong} is missing or too many")
        for name, array in given.items():
            l = name.lstrip("Wbgamet")
            self.require_shape(f"{name.removesuffix(l)}[{l}]", array, there[name].shape, l)
        with self.training_lock:
            self._set_named(given)

    def layers_data(self, what: str = "data") -> list[tuple[Array, Array]]:
        """Copies of ``W (n[l], n[l-1])`` and ``b (n[l], 1)`` of each layer; a b that there is not is 0."""
        named, n = self.named(what), enumerate(self.shape[1:], 1)
        return [(named[f"W{l}"], named.get(f"b{l}", np.zeros((units, 1)))) for l, units in n]

    def layers_grad(self) -> list[tuple[Array, Array]]:
        """``dW`` and ``db`` of each layer after `cost_and_grad`, in the shapes of W and b."""
        return self.layers_data("grad")

    def set_layers_data(self, layers: Sequence[tuple[ArrayLike, ArrayLike]]) -> None:
        """Set every W and b; before batch normalisation, b makes no difference and is dropped.

        Raises:
            ValueError: a shape is wrong.
        """
        if len(layers) != len(self.shape) - 1:
            has = f"this network has {plural(len(self.shape) - 1, 'layer')}"
            raise ValueError(f"{has}, and {len(layers)} given\n{self.shapes()}")
        there = self.named()
        for l, (W, b) in enumerate(layers, 1):
            self.require_shape(f"b[{l}]", np.asarray(b), (self.shape[l], 1), str(l))
            there |= {f"W{l}": np.asarray(W), f"b{l}": np.asarray(b)}
            if self.normalisations[l - 1] == "batch":
                del there[f"b{l}"]
        self.set_named(there)

    def zero_grad(self) -> None:
        """Set every gradient to 0."""
        for p in self.parameters():
            p.zero_grad()

    def constrain(self) -> None:
        """Shorten the rows of W that are longer than `max_norm` allows; `fit` does it after every step."""
        if self.max_norm is not None:
            named = self.named()
            self._set_named({x: max_norm(W, self.max_norm) for x, W in named.items() if x.startswith("W")})

    # --- copies -----------------------------------------------------------------------------------------

    def copy_from(self, other: Network) -> None:
        """Take over another network of the same layers, of any kind: parameters, running averages, passes.

        Raises:
            ValueError: the layers differ.
            RuntimeError: another thread is training this network.
        """
        self.require_same_layers(other)
        with self.training_lock:
            self._set_named(other.named())
            self.passes = other.passes
            for mine, theirs in zip(self.averages, other.averages, strict=True):
                if mine is not None and theirs is not None:
                    mine.mean[...], mine.variance[...] = theirs.mean, theirs.variance

    def __copy__(self) -> Self:
        return copy.deepcopy(self)  # two networks with the same arrays would train each other

    def __getstate__(self) -> dict[str, Any]:
        return {
            **vars(self),
            "_frozen": False,
            "_share": None,
        }  # what a context set, it would not unset in a copy

    def activation_input(self, numbers: Pass, l: int) -> Array:
        """The argument of layer l's activation in a pass of this network: Z, or Z normalised and scaled."""
        Z_norm, named = numbers.Z_norm[l - 1], self.named()
        return numbers.Z[l - 1] if Z_norm is None else named[f"gamma{l}"] * Z_norm + named[f"beta{l}"]

    # --- what it predicts -------------------------------------------------------------------------------

    @door
    def predict(self, X: ArrayLike) -> Array:
        """Predictions, ``(1, m)`` or ``(n_y, m)``.

        The index of the class for softmax; 0 or 1 for sigmoid; -1 or 1 for max-margin; otherwise the output.
        """
        A = self.forward(X)
        return A if self.loss.decide is None else self.loss.decide(A)

    @door
    def accuracy(self, X: ArrayLike, Y: ArrayLike, top: int = 1) -> float:
        """The part of the examples that are predicted right, in every output.

        Args:
            X, Y: ``(n_x, m)`` and ``(n_y, m)``.
            top: with many classes, count a prediction as right if the class is among the `top` most probable.

        Raises:
            ValueError: a shape is wrong, the outputs are no classes, or `top` is not possible.
        """
        if self.loss.decide is None:
            what = f"a network with the loss {self.loss.name} predicts numbers"
            raise ValueError(f"accuracy is for classes; {what}")
        X, Y = self.require_examples(X, Y)
        if top == 1:
            return float((self.predict(X) == self.loss.decide(Y)).all(axis=0).mean())
        if self.loss.name != "cross_entropy" or not 1 <= top <= self.shape[-1]:
            found = f"{top} of {self.shape[-1]} with the loss {self.loss.name}"
            raise ValueError(f"the top classes are of softmax, from 1 to its number of classes; not {found}")
        A, right = self.forward(X), Y.argmax(axis=0)
        # Where several are equally probable, the first ones count, as argmax has it.
        most = np.argsort(-A, axis=0, kind="stable")[:top]
        return float((most == right).any(axis=0).mean())

    # --- dropout and running averages -------------------------------------------------------------------

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Inside, every pass of training is the same: it has the same masks, and leaves the averages alone.

        >>> from micrograd_dl.vectorized import MLP
        >>> model = MLP(2, [9, 1], ["tanh", "sigmoid"], keep_prob=0.5, seed=1)
        >>> with model.frozen():
        ...     model.cost_and_grad([[1.0], [2.0]], [[1]]) == model.cost_and_grad([[1.0], [2.0]], [[1]])
        True
        """
        with self.training_lock:
            before, self._frozen = self._frozen, True
            try:
                yield
            finally:
                self._frozen = before

    def require_repeatable(self) -> None:
        """Raise ValueError if two passes of training differ even with the same parameters."""
        if not self._frozen and any(keep < 1 for keep in self.keep_probs):
            raise ValueError(
                "dropout draws new masks for every pass, so the cost changes though the parameters do not, "
                "and a numerical derivative is meaningless: check inside `with model.frozen():`"
            )

    def masks(self, m: int) -> list[Array | None]:
        """The masks by which dropout multiplies A in the next training pass over m examples, one a layer.

        0, or 1 / keep_prob, ``(n[l], m)``; None where all is kept. Seed, count of passes and m decide it.
        """
        if all(keep == 1 for keep in self.keep_probs):
            return [None] * len(self.keep_probs)
        # A generator for each pass, so that a training taken up again goes on with the same masks. The last
        # number sets its numbers apart from those that `fit` shuffles with.
        rng = np.random.default_rng([self.seed, self.passes, 1])
        columns, m = self._share or (slice(None), m)
        return [
            (rng.random((n, m))[:, columns] < keep) / keep if keep < 1 else None
            for n, keep in zip(self.shape[1:], self.keep_probs, strict=True)
        ]

    @contextmanager
    def sharing(self, columns: slice, m: int, shares: int) -> Iterator[None]:
        """Inside, a pass is over these columns of a batch of m examples, of which there are as many shares.

        Dropout's masks are those of the columns, and the penalties on the weights one share of the whole.
        """
        with self.training_lock:
            before = self.regularisers
            self._share = columns, m
            self.regularisers = {name: lambda_ / shares for name, lambda_ in before.items()}
            try:
                yield
            finally:
                self._share, self.regularisers = None, before

    def skip_pass(self) -> None:
        """Move on as a pass of training does, for a share of no examples."""
        self._pass_is_over(0, [()] * len(self.averages))

    def _pass_is_over(self, m: int, statistics: Sequence[Sequence[Array]]) -> None:
        """Move on to other masks, and to other running averages by each layer's mean and variance."""
        if self._frozen:
            return
        if any(keep < 1 for keep in self.keep_probs):
            self.passes += 1
        for averages, found in zip(self.averages, statistics, strict=True):
            if averages is not None and m > 1:
                averages.take_in(*found)

    def _targets(self, Y: Array) -> Array:
        """The targets that the cost is computed with."""
        return self.loss.smoothed(Y, self.label_smoothing) if self.label_smoothing else Y

    # --- shapes -----------------------------------------------------------------------------------------

    def require_examples(self, X: ArrayLike, Y: ArrayLike | None = None) -> tuple[Array, Array]:
        """X and Y as arrays, of the shapes this network takes; ``Y`` is empty if it is left out.

        Raises:
            ValueError: a shape is wrong, or Y is not what the loss takes.
        """
        inputs = _array("X", X)
        if inputs.ndim != 2 or inputs.shape[0] != self.shape[0] or not inputs.shape[1]:
            self._refuse("X", inputs, self.shape[0], "m")
        m = inputs.shape[1]
        if Y is None:
            return inputs, np.empty((0, m))
        targets = _array("Y", Y)
        if targets.shape != (self.shape[-1], m):
            self._refuse("Y", targets, self.shape[-1], m)
        self.loss.require_possible(targets)
        return inputs, targets

    def shapes(self, marked: str = "", note: str = "") -> str:
        """The course's table of shapes, with the row of `marked` pointed at.

        >>> from micrograd_dl.vectorized import MLP
        >>> print(MLP(2, [4, 1], ["tanh", "sigmoid"]).shapes())
             layer        W, dW        b, db        Z, A, dZ, dA
             0 input                                X: (2, m)
             1 tanh       (4, 2)       (4, 1)       (4, m)
             2 sigmoid    (1, 4)       (1, 1)       (1, m)
                                                    Y: (1, m)
        """
        n, normalised = self.shape, any(self.normalisations)
        rows = [("", "layer", "W, dW", "b, db", *["gamma, beta"] * normalised, "Z, A, dZ, dA")]
        rows.append(("X", "0 input", *[""] * (2 + normalised), f"X: ({n[0]}, m)"))
        for l, kind in enumerate(self.normalisations, 1):
            column, scale = f"({n[l]}, 1)", [f"({n[l]}, 1)" if kind else ""] * normalised
            b, what = "" if kind == "batch" else column, f"{l} {self._described(l)}"
            rows.append((str(l), what, f"({n[l]}, {n[l - 1]})", b, *scale, f"({n[l]}, m)"))
        rows.append(("Y", *[""] * (3 + normalised), f"Y: ({n[-1]}, m)"))
        widths = [max(12, *map(len, column)) for column in list(zip(*rows, strict=True))[1:]]
        lines = []
        for key, *cells in rows:
            here = key == marked != ""
            line = ("--> " if here else "    ") + " " + " ".join(map(str.ljust, cells, widths))
            lines.append((line + (f" <-- {note}" if here else "")).rstrip())
        return "\n".join(lines)

    def require_shape(self, what: str, array: Array, shape: tuple[int, ...], marked: str) -> None:
        """Raise ValueError, with the table of shapes, unless `array` has that shape."""
        if array.shape != shape:
            note = f"{what} is {array.shape}, {shape} is wanted"
            advice = f": reshape it with .reshape{shape}" if array.size == np.prod(shape) else ""
            raise ValueError(f"{note}{advice}\n{self.shapes(marked, note)}")

    def require_same_layers(self, other: Network) -> None:
        """Raise ValueError unless another network has layers of the same sizes, normalised alike."""
        here, there = (
            " -> ".join(
                f"{n} {kind} norm" if kind else str(n)
                for n, kind in zip(network.shape, (None, *network.normalisations), strict=True)
            )
            for network in (self, other)
        )
        if here != there:
            raise ValueError(f"the networks have different layers: {here} here, {there} there")

    def _refuse(self, name: str, array: Array, rows: int, m: int | str) -> NoReturn:
        """Raise ValueError for X or Y."""
        note, advice = f"{name} is {array.shape}, ({rows}, {m}) is wanted", "columns are examples"
        if array.ndim == 1:
            advice = f"it has one axis only: reshape it with {name}.reshape({rows}, -1), {advice}"
        elif array.ndim == 2 and array.shape[1] == rows:
            advice += f": transpose it, {name}.T"
        elif array.ndim == 2 and array.shape[1] == 0:
            advice = "there is no example in it"
        raise ValueError(f"{note}: {advice}\n{self.shapes(name, note)}")

    def _described(self, l: int) -> str:
        """What a layer does to its Z."""
        kind, keep = self.normalisations[l - 1], self.keep_probs[l - 1]
        norm, dropout = f", {kind} norm" if kind else "", f", keep {keep:g}" if keep < 1 else ""
        return self.activations[l - 1].name + norm + dropout

    def _repr_html_(self) -> str:
        arrays = self.named()
        rows = []
        for l in range(1, len(self.shape)):
            own = {name: a for name, a in arrays.items() if name.lstrip(_LETTERS) == str(l)}
            shapes = ", ".join(f"{name} {a.shape}" for name, a in own.items())
            rows.append((l, self._described(l), shapes, f"{sum(a.size for a in own.values()):,}"))
        columns = ("layer", "units", "parameters, with their shapes", "numbers")
        return table(columns, rows, f"{self!r}", [f"X ({self.shape[0]}, m), Y ({self.shape[-1]}, m)"])

    def __repr__(self) -> str:
        layers = " -> ".join(f"{n} {self._described(l)}" for l, n in enumerate(self.shape[1:], 1))
        options = {**self.regularisers, "max_norm": self.max_norm, "label_smoothing": self.label_smoothing}
        more = "".join(f", {name}={x:g}" for name, x in options.items() if x)
        kink = ", slope at kink: left" if self.slope_at_kink == "left" else ""
        count = sum(np.size(p.data) for p in self.parameters())
        return (
            f"{type(self).__name__}({self.shape[0]} -> {layers}; {self.loss.name} loss{more}{kink}; "
            f"{count:,} parameters, seed {self.seed})"
        )


def _array(name: str, given: ArrayLike) -> Array:
    if is_frame(given):
        return as_array(name, given)
    try:
        array = np.asarray(given)
    except ValueError:
        wanted = "(n, m) is wanted, a column an example"
        raise ValueError(f"the rows of {name} are of different lengths: {wanted}") from None
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} holds {array.dtype}, not numbers: convert it with {name}.astype(float)")
    return array


def one_hot(classes: ArrayLike, n_y: int | None = None) -> Array:
    """Classes 0, 1, ... as columns with a single 1, ``(n_y, m)``.

    Args:
        classes: whole numbers, ``(1, m)`` or a plain sequence of m.
        n_y: the number of classes; by default one more than the largest.

    Raises:
        ValueError: a class is not one of 0 ... n_y - 1.

    >>> one_hot([2, 0])
    array([[0., 1.],
           [0., 0.],
           [1., 0.]])
    """
    index = np.asarray(classes)
    if index.size == 0 or index.shape[:-1] not in ((), (1,)) or not index.ndim:
        raise ValueError(f"classes are (1, m), or a sequence of m, not {index.shape}")
    if index.dtype.kind not in "fiub":
        advice = "number them with np.unique(classes, return_inverse=True)[1]"
        raise ValueError(f"classes are whole numbers, not {index.dtype}: {advice}")
    index = index.reshape(-1)
    count = int(index.max(where=np.isfinite(index), initial=0)) + 1 if n_y is None else n_y
    wrong = index[~np.isin(index, np.arange(count))]
    if wrong.size:
        raise ValueError(f"classes are whole numbers from 0 to {count - 1}, not {wrong[0]}")
    return np.eye(count)[:, index.astype(int)]
