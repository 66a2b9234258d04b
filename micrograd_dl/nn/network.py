"""What the two kinds of network have in common: their architecture, their shapes, and what they predict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micrograd_dl.engine.value import Value
from micrograd_dl.nn import architecture
from micrograd_dl.nn.initialisers import Initialiser, Weights, default_initialiser
from micrograd_dl.nn.losses import Loss
from micrograd_dl.nn.normalisation import Averages
from micrograd_dl.nn.regularisers import lambdas, max_norm
from micrograd_dl.nn.shapes import Shaped
from micrograd_dl.output.numbers import above_zero, to_seed

Array: TypeAlias = NDArray[Any]


@dataclass(slots=True, eq=False)
class Parameter:
    """Numbers that an optimiser changes, and the derivatives of the cost by them, of one shape."""

    data: Array
    grad: Array
    label: str = "theta"


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
        node: of a network of Values, the node behind an entry ``("Z", "Z_norm" or "A", l, i, k)`` of layer l,
            unit i and example k, counted from 0 but for l; or ``("W", l, i, j)``, and ``("b", l, i, 0)``
            and likewise gamma and beta.
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


class Network(Shaped, ABC):
    """L layers of the course's kind; layer 0 is the input and is not counted.

    Args:
        n_x: the number of inputs.
        sizes: the number of units of each layer, ``[n1, ..., nL]``.
        activations: one name for each layer, or one for all hidden layers; by default ReLU in the hidden
            layers and a linear output, as micrograd has it.
        loss: by default the one that goes with the output activation: logistic for sigmoid, cross-entropy
            for softmax, squared error otherwise.
        initialiser: for all layers, by name or as a function; by default He's for ReLU and its kind,
            Xavier's for the rest.
        seed: of the initial weights and of dropout. The same seed gives the same in both backends.
        l2, l1: lambda of ``lambda/(2m) ||W||_F^2`` and of ``lambda/(2m) |W|``; biases are left out.
        regularisers: the lambda of each by name, such as what `elastic_net` gives.
        max_norm: how long a row of W, the weights into one unit, may be after a step.
        normalisation: ``"batch"`` or ``"layer"``, for all hidden layers, or one or None for each of them; see
            :mod:`~micrograd_dl.nn.normalisation`.
        keep_prob: the part of the units that inverted dropout keeps, for all hidden layers or for each.
        label_smoothing: epsilon of the targets ``(1 - epsilon) y + epsilon / classes``, of which the cost is.

    Attributes:
        shape: ``(n[0], n[1], ..., n[L])``.
        activations, normalisations, keep_probs: one a layer.
        loss: the Loss.
        averages: of each layer with batch normalisation, what it predicts with; else None.
        passes: how many passes dropout has drawn masks for; with the seed, it decides the next ones.

    Raises:
        ValueError: a size, an activation, a loss, a lambda or another option is not possible.
    """

    def __init__(
        self,
        n_x: int,
        sizes: Sequence[int],
        activations: str | Sequence[str] | None = None,
        loss: str | Loss | None = None,
        *,
        initialiser: str | Initialiser | None = None,
        seed: int = 0,
        l2: float = 0.0,
        l1: float = 0.0,
        regularisers: Mapping[str, float] | None = None,
        max_norm: float | None = None,
        normalisation: str | Sequence[str | None] | None = None,
        keep_prob: float | Sequence[float] | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        self.shape = architecture.shape_of(n_x, sizes)
        L = len(self.shape) - 1
        self.activations = architecture.activations_of(activations, L)
        self.loss = architecture.loss_of(loss, self.activations[-1].name)
        self.normalisations = architecture.normalisations_of(normalisation, L)
        self.keep_probs = architecture.keep_probs_of(keep_prob, L)
        self.label_smoothing = architecture.smoothing_of(label_smoothing, self.loss)
        self.initialiser = architecture.initialiser_of(initialiser)
        self.seed = to_seed(seed)
        self.regularisers = lambdas(regularisers, l2=l2, l1=l1)
        self.max_norm = None if max_norm is None else above_zero(max_norm, "max_norm")
        self.averages = [
            Averages.begin(n) if kind == "batch" else None
            for n, kind in zip(self.shape[1:], self.normalisations, strict=True)
        ]
        # Whether a pass of training leaves something changed beside the gradients.
        self._stateful = any(keep < 1 for keep in self.keep_probs) or "batch" in self.normalisations
        self.passes = 0
        self._frozen = False
        rng = np.random.default_rng(seed)
        self._create([self._initial(rng, l) for l in range(1, len(self.shape))])

    @property
    def l2(self) -> float:
        """Lambda of L2."""
        return self.regularisers.get("l2", 0.0)

    @property
    def l1(self) -> float:
        """Lambda of L1."""
        return self.regularisers.get("l1", 0.0)

    # --- what a backend does ----------------------------------------------------------------------------

    @abstractmethod
    def _create(self, weights: Sequence[Weights]) -> None:
        """Make the parameters from the initial weights ``(n[l], n[l-1])``; biases begin at 0."""

    @abstractmethod
    def parameters(self) -> Sequence[Any]:
        """What an optimiser changes: things with ``data`` and ``grad``."""

    @abstractmethod
    def named(self, what: str = "data") -> dict[str, Array]:
        """Every parameter by its name: W1, b1, gamma1, beta1, W2, ...

        ``W (n[l], n[l-1])``, all others ``(n[l], 1)``; only a normalised layer has gamma and beta, and one
        with batch normalisation has no b.

        Args:
            what: ``"data"``, or ``"grad"`` for their derivatives after `cost_and_grad`.
        """

    @abstractmethod
    def _set_named(self, arrays: Mapping[str, Array]) -> None:
        """Set the parameters given; names and shapes are right."""

    @abstractmethod
    def forward(self, X: ArrayLike) -> Array:
        """The output ``A[L] (n_y, m)`` for ``X (n_x, m)``, as the network predicts.

        Dropout is off, and batch normalisation goes by its running averages.
        """

    @abstractmethod
    def cost_and_grad(self, X: ArrayLike, Y: ArrayLike) -> float:
        """The cost J over the m examples; its derivatives are then in the parameters' ``grad``, afresh.

        It is a pass of training: with dropout, batch normalisation by this batch, and the running averages
        and the masks moving on, unless they are `frozen`.

        Args:
            X: ``(n_x, m)``, columns are examples.
            Y: ``(n_y, m)``.

        Raises:
            ValueError: a shape is wrong.
        """

    @abstractmethod
    def record(self, X: ArrayLike, Y: ArrayLike) -> Pass:
        """One forward and backward pass with every number in it.

        The parameters' ``grad`` is set as by `cost_and_grad`, while it is frozen: the masks are those that
        the next pass of training will have.
        """

    @abstractmethod
    def cost(self, X: ArrayLike, Y: ArrayLike, *, training: bool = False) -> Any:
        """The cost J over the m examples.

        Args:
            X, Y: as of `cost_and_grad`.
            training: with dropout and batch statistics, as `cost_and_grad` has it; else as it predicts.
        """

    # --- parameters, layer by layer ---------------------------------------------------------------------

    def set_named(self, arrays: Mapping[str, ArrayLike]) -> None:
        """Set every parameter, by the names that `named` gives.

        Raises:
            ValueError: one is missing, or there is one too many, or a shape is wrong.
        """
        there = self.named()
        given = {name: np.asarray(array) for name, array in arrays.items()}
        if given.keys() != there.keys():
            apart = ", ".join(sorted(given.keys() ^ there.keys()))
            raise ValueError(f"the parameters are {', '.join(there)}; {apart} is missing or too many")
        for name, array in given.items():
            l = name.lstrip("Wbgamet")
            self.require_shape(f"{name.removesuffix(l)}[{l}]", array, there[name].shape, l)
        self._set_named(given)

    def layers_data(self) -> list[tuple[Array, Array]]:
        """``W (n[l], n[l-1])`` and ``b (n[l], 1)`` of each layer; a b that there is not is 0."""
        return self._layers(self.named())

    def layers_grad(self) -> list[tuple[Array, Array]]:
        """``dW`` and ``db`` of each layer after `cost_and_grad`, in the shapes of W and b."""
        return self._layers(self.named("grad"))

    def set_layers_data(self, layers: Sequence[tuple[ArrayLike, ArrayLike]]) -> None:
        """Set every W and b; before batch normalisation, b makes no difference and is dropped.

        Raises:
            ValueError: a shape is wrong.
        """
        arrays = [(np.asarray(W), np.asarray(b)) for W, b in layers]
        self.require_layers(arrays)
        there = self.named()
        given = {
            f"{name}{l}": x for l, layer in enumerate(arrays, 1) for name, x in zip("Wb", layer, strict=True)
        }
        self._set_named({name: array for name, array in given.items() if name in there})

    def _layers(self, named: Mapping[str, Array]) -> list[tuple[Array, Array]]:
        return [
            (named[f"W{l}"], named[f"b{l}"] if f"b{l}" in named else np.zeros((n, 1)))
            for l, n in enumerate(self.shape[1:], 1)
        ]

    # --- what follows -----------------------------------------------------------------------------------

    def predict(self, X: ArrayLike) -> Array:
        """What the output means, ``(1, m)`` or ``(n_y, m)``.

        The index of the class for softmax; 0 or 1 for sigmoid; -1 or 1 for max-margin; otherwise the output
        itself.
        """
        A = self.forward(X)
        return A if self.loss.decide is None else self.loss.decide(A)

    def accuracy(self, X: ArrayLike, Y: ArrayLike, top: int = 1) -> float:
        """The part of the examples that are predicted right, in every output.

        Args:
            X, Y: ``(n_x, m)`` and ``(n_y, m)``.
            top: of many classes, count as right the one that is among the `top` most probable.

        Raises:
            ValueError: a shape is wrong, the outputs are numbers rather than classes, or `top` is not
                possible.
        """
        if self.loss.decide is None:
            raise ValueError(
                f"accuracy is for classes; a network with the loss {self.loss.name} predicts numbers"
            )
        X, Y = self.require_examples(X, Y)
        if top == 1:
            return float((self.predict(X) == self.loss.decide(Y)).all(axis=0).mean())
        if self.loss.name != "cross_entropy" or not 1 <= top <= self.shape[-1]:
            raise ValueError(
                f"the top classes are of softmax, from 1 to its number of classes; not {top} of "
                f"{self.shape[-1]} with the loss {self.loss.name}"
            )
        A, right = self.forward(X), Y.argmax(axis=0)
        # Where several are equally probable, the first ones count, as argmax has it.
        most = np.argsort(-A, axis=0, kind="stable")[:top]
        return float((most == right).any(axis=0).mean())

    # --- dropout, running averages, max-norm ------------------------------------------------------------

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Inside, every pass of training is the same: it has the same masks, and leaves the averages alone.

        >>> from micrograd_dl.vectorized import MLP
        >>> model, X, Y = MLP(2, [9, 1], ["tanh", "sigmoid"], keep_prob=0.5), [[1.0], [2.0]], [[1]]
        >>> with model.frozen():
        ...     model.cost_and_grad(X, Y) == model.cost_and_grad(X, Y)
        True
        >>> model.cost_and_grad(X, Y) == model.cost_and_grad(X, Y)
        False
        """
        before, self._frozen = self._frozen, True
        try:
            yield
        finally:
            self._frozen = before

    def require_repeatable(self) -> None:
        """Raise ValueError if two passes of training differ even with the same parameters.

        Numerical derivatives then say nothing.
        """
        if not self._frozen and any(keep < 1 for keep in self.keep_probs):
            raise ValueError(
                "dropout draws new masks for every pass, so the cost changes though the parameters do not, "
                "and a numerical derivative is meaningless: check inside `with model.frozen():`"
            )

    def constrain(self) -> None:
        """Shorten the rows of W that are longer than `max_norm` allows; `fit` does it after every step."""
        if self.max_norm is not None:
            named = self.named()
            self._set_named({x: max_norm(W, self.max_norm) for x, W in named.items() if x.startswith("W")})

    def masks(self, m: int) -> list[Array | None]:
        """What dropout multiplies the A of each layer by in the next pass of training over m examples.

        0, or 1 / keep_prob, ``(n[l], m)``; None where all is kept. Seed, count of passes and m decide it.
        """
        if all(keep == 1 for keep in self.keep_probs):
            return [None] * len(self.keep_probs)
        # A generator for each pass, so that a training taken up again goes on with the same masks. The last
        # number sets its numbers apart from those that `fit` shuffles with.
        rng = np.random.default_rng([self.seed, self.passes, 1])
        return [
            (rng.random((n, m)) < keep) / keep if keep < 1 else None
            for n, keep in zip(self.shape[1:], self.keep_probs, strict=True)
        ]

    def _passed(self, m: int, statistics: Sequence[tuple[Array, Array] | None]) -> None:
        """A pass of training is over; of each layer with batch normalisation, the mean and variance."""
        if self._frozen:
            return
        if any(keep < 1 for keep in self.keep_probs):
            self.passes += 1
        for averages, found in zip(self.averages, statistics, strict=True):
            if averages is not None and found is not None and m > 1:
                averages.take_in(*found)

    def _targets(self, Y: Array) -> Array:
        """What the cost is of."""
        return self.loss.smoothed(Y, self.label_smoothing) if self.label_smoothing else Y

    def copy_from(self, other: Network) -> None:
        """Take all parameters of another network of the same layers, of either backend.

        The running averages and the count of passes come along, so that both go on alike.

        Raises:
            ValueError: the layers differ.
        """
        self.require_same_layers(other)
        self._set_named(other.named())
        self.passes = other.passes
        for mine, theirs in zip(self.averages, other.averages, strict=True):
            if mine is not None and theirs is not None:
                mine.mean[...], mine.variance[...] = theirs.mean, theirs.variance

    def __repr__(self) -> str:
        layers = " -> ".join(f"{n} {self._described(l)}" for l, n in enumerate(self.shape[1:], 1))
        options = {**self.regularisers, "max_norm": self.max_norm, "label_smoothing": self.label_smoothing}
        more = "".join(f", {name}={x:g}" for name, x in options.items() if x)
        count = sum(array.size for array in self.named().values())
        return (
            f"{type(self).__name__}({self.shape[0]} -> {layers}; {self.loss.name} loss{more}; "
            f"{count:,} parameters)"
        )

    def _initial(self, rng: np.random.Generator, l: int) -> Weights:
        initialiser = self.initialiser or default_initialiser(self.activations[l - 1])
        W = np.asarray(initialiser(rng, self.shape[l], self.shape[l - 1]))
        self.require_shape(f"W[{l}] from the initialiser", W, (self.shape[l], self.shape[l - 1]), str(l))
        return W


def one_hot(classes: ArrayLike, n_y: int | None = None) -> Array:
    """Classes 0, 1, ... as columns with a single 1.

    Args:
        classes: whole numbers, ``(1, m)`` or a plain sequence of m.
        n_y: the number of classes; by default one more than the largest.

    Returns:
        ``(n_y, m)``.

    Raises:
        ValueError: a class is not one of 0 ... n_y - 1.

    >>> one_hot([2, 0])
    array([[0., 1.],
           [0., 0.],
           [1., 0.]])
    """
    index = np.asarray(classes)
    if index.size == 0 or (index.ndim == 2 and index.shape[0] != 1) or index.ndim not in (1, 2):
        raise ValueError(f"classes are (1, m), or a sequence of m, not {index.shape}")
    if index.dtype.kind not in "fiub":
        raise ValueError(
            f"classes are whole numbers, not {index.dtype}: number them with "
            "np.unique(classes, return_inverse=True)[1]"
        )
    index = index.reshape(-1)
    count = int(index.max(where=np.isfinite(index), initial=0)) + 1 if n_y is None else n_y
    wrong = index[~np.isin(index, np.arange(count))]
    if wrong.size:
        raise ValueError(f"classes are whole numbers from 0 to {count - 1}, not {wrong[0]}")
    return np.eye(count)[:, index.astype(int)]
