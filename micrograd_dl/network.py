"""What the two kinds of network have in common: their architecture, their shapes, and what they predict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micrograd_dl.activations import Activation, activation
from micrograd_dl.coerce import to_float
from micrograd_dl.initialisers import Initialiser, Weights, default_initialiser
from micrograd_dl.losses import Loss, default_loss, loss
from micrograd_dl.value import Value

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """Every number of one forward and backward pass, layer by layer: entry l - 1 is layer l's.

    Attributes:
        cost: J.
        Z, A, dZ: ``(n[l], m)``; dZ is the course's, of each example's loss, not divided by m.
        dW: ``(n[l], n[l-1])``.
        db: ``(n[l], 1)``.
        node: of a network of Values, the node behind an entry ``("Z" or "A", l, i, k)`` of layer l, unit i
            and example k, counted from 0 but for l.
    """

    cost: float
    Z: list[Array]
    A: list[Array]
    dZ: list[Array]
    dW: list[Array]
    db: list[Array]
    node: Callable[[str, int, int, int], Value] | None = None


class Network(ABC):
    """L layers of the course's kind; layer 0 is the input and is not counted.

    Args:
        n_x: the number of inputs.
        sizes: the number of units of each layer, ``[n1, ..., nL]``.
        activations: one name for each layer, or one for all hidden layers; by default ReLU in the hidden
            layers and a linear output, as micrograd has it.
        loss: by default the one that goes with the output activation: logistic for sigmoid, cross-entropy
            for softmax, squared error otherwise.
        initialiser: for all layers; by default He's for ReLU and its kind, Xavier's for the rest.
        seed: of the initial weights. The same seed gives the same weights in both backends.
        l2, l1: lambda of ``lambda/(2m) ||W||_F^2`` and of ``lambda/(2m) |W|``; biases are left out.

    Attributes:
        shape: ``(n[0], n[1], ..., n[L])``.
        activations: one Activation a layer.
        loss: the Loss.

    Raises:
        ValueError: a size, an activation, a loss or a lambda is not possible.
    """

    def __init__(
        self,
        n_x: int,
        sizes: Sequence[int],
        activations: str | Sequence[str] | None = None,
        loss: str | Loss | None = None,
        *,
        initialiser: Initialiser | None = None,
        seed: int = 0,
        l2: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        self.shape = (n_x, *sizes)
        if len(self.shape) < 2 or any(n != int(n) or n < 1 for n in self.shape):
            raise ValueError(
                f"a network takes at least one input and one layer of at least one unit, not {self.shape}"
            )
        self.activations = _activations(activations, len(sizes))
        self.loss = _loss(loss, self.activations[-1].name)
        self.initialiser = initialiser
        self.seed = seed
        self.l2, self.l1 = _penalty(l2, "l2"), _penalty(l1, "l1")
        rng = np.random.default_rng(seed)
        self._create([self._initial(rng, l) for l in range(1, len(self.shape))])

    # --- what a backend does ----------------------------------------------------------------------------

    @abstractmethod
    def _create(self, weights: Sequence[Weights]) -> None:
        """Make the parameters from the initial weights ``(n[l], n[l-1])``; biases begin at 0."""

    @abstractmethod
    def parameters(self) -> Sequence[Any]:
        """What an optimiser changes: things with ``data`` and ``grad``."""

    @abstractmethod
    def layers_data(self) -> list[tuple[Array, Array]]:
        """``W (n[l], n[l-1])`` and ``b (n[l], 1)`` of each layer."""

    @abstractmethod
    def set_layers_data(self, layers: Sequence[tuple[ArrayLike, ArrayLike]]) -> None:
        """Set every W and b.

        Raises:
            ValueError: a shape is wrong.
        """

    @abstractmethod
    def layers_grad(self) -> list[tuple[Array, Array]]:
        """``dW`` and ``db`` of each layer after `cost_and_grad`, in the shapes of W and b."""

    @abstractmethod
    def forward(self, X: ArrayLike) -> Array:
        """The output ``A[L] (n_y, m)`` for ``X (n_x, m)``."""

    @abstractmethod
    def cost_and_grad(self, X: ArrayLike, Y: ArrayLike) -> float:
        """The cost J over the m examples; its derivatives are then in the parameters' ``grad``, afresh.

        Args:
            X: ``(n_x, m)``, columns are examples.
            Y: ``(n_y, m)``.

        Raises:
            ValueError: a shape is wrong.
        """

    @abstractmethod
    def record(self, X: ArrayLike, Y: ArrayLike) -> Pass:
        """One forward and backward pass with every number in it.

        The parameters' ``grad`` is set as by `cost_and_grad`.
        """

    @abstractmethod
    def cost(self, X: ArrayLike, Y: ArrayLike) -> Any:
        """The cost J over the m examples."""

    # --- what follows -----------------------------------------------------------------------------------

    def predict(self, X: ArrayLike) -> Array:
        """What the output means, ``(1, m)`` or ``(n_y, m)``.

        The index of the class for softmax; 0 or 1 for sigmoid; -1 or 1 for max-margin; otherwise the output
        itself.
        """
        A = self.forward(X)
        if self.loss.name == "cross_entropy":
            return np.asarray(A.argmax(axis=0, keepdims=True))
        if self.loss.name == "logistic":
            return (A >= 0.5).astype(int)
        return np.where(A >= 0, 1, -1) if self.loss.name == "max_margin" else A

    def accuracy(self, X: ArrayLike, Y: ArrayLike) -> float:
        """The part of the examples that are predicted right, in every output.

        Raises:
            ValueError: a shape is wrong, or the outputs are numbers rather than classes.
        """
        if self.loss.name == "squared":
            raise ValueError("accuracy is for classes; a network with squared error predicts numbers")
        X, Y = self.require_examples(X, Y)
        wanted = Y.argmax(axis=0, keepdims=True) if self.loss.name == "cross_entropy" else Y
        return float((self.predict(X) == wanted).all(axis=0).mean())

    def copy_from(self, other: Network) -> None:
        """Take the weights and biases of another network of the same shape, of either backend.

        Raises:
            ValueError: the shapes differ.
        """
        if other.shape != self.shape:
            raise ValueError(f"the networks have different layers: {self.shape} here, {other.shape} there")
        self.set_layers_data(other.layers_data())

    def require_examples(self, X: ArrayLike, Y: ArrayLike | None = None) -> tuple[Array, Array]:
        """X and Y as arrays, of the shapes this network takes; ``Y`` is empty if it is left out.

        Raises:
            ValueError: a shape is wrong (the message shows the table of shapes), or Y is not what the loss
                takes.
        """
        inputs = np.asarray(X)
        if inputs.dtype.kind not in "fiub" or inputs.ndim != 2 or inputs.shape[0] != self.shape[0]:
            self._refuse("X", inputs, self.shape[0], "m")
        m = inputs.shape[1]
        if not m:
            self._refuse("X", inputs, self.shape[0], "m")
        if Y is None:
            return inputs, np.empty((0, m))
        targets = np.asarray(Y)
        if targets.dtype.kind not in "fiub" or targets.shape != (self.shape[-1], m):
            self._refuse("Y", targets, self.shape[-1], m)
        if self.loss.name == "cross_entropy" and not np.abs(targets.sum(axis=0) - 1).max() < 1e-5:
            raise ValueError(
                f"the loss cross_entropy takes as targets {self.loss.targets}: make them with one_hot"
            )
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
        n = self.shape
        rows = [("", "layer", "W, dW", "b, db", "Z, A, dZ, dA"), ("X", "0 input", "", "", f"X: ({n[0]}, m)")]
        rows += [
            (str(l), f"{l} {g.name}", f"({n[l]}, {n[l - 1]})", f"({n[l]}, 1)", f"({n[l]}, m)")
            for l, g in enumerate(self.activations, 1)
        ]
        rows.append(("Y", "", "", "", f"Y: ({n[-1]}, m)"))
        lines = []
        for key, *cells in rows:
            here = bool(key) and key == marked
            line = ("--> " if here else "    ") + " " + " ".join(f"{cell:<12}" for cell in cells)
            lines.append((line + (f" <-- {note}" if here else "")).rstrip())
        return "\n".join(lines)

    def __repr__(self) -> str:
        layers = " -> ".join(f"{n} {g.name}" for n, g in zip(self.shape[1:], self.activations, strict=True))
        penalties = "".join(f", {name}={x:g}" for name, x in (("l2", self.l2), ("l1", self.l1)) if x)
        count = sum(n * (n_in + 1) for n_in, n in zip(self.shape, self.shape[1:], strict=False))
        return (
            f"{type(self).__name__}({self.shape[0]} -> {layers}; {self.loss.name} loss{penalties}; "
            f"{count:,} parameters)"
        )

    def _initial(self, rng: np.random.Generator, l: int) -> Weights:
        initialiser = self.initialiser or default_initialiser(self.activations[l - 1])
        W = initialiser(rng, self.shape[l], self.shape[l - 1])
        self.require_shape(f"W[{l}] from the initialiser", W, (self.shape[l], self.shape[l - 1]), str(l))
        return W

    def require_shape(self, what: str, array: Array, shape: tuple[int, ...], marked: str) -> None:
        """Raise ValueError, with the table of shapes, unless `array` has that shape."""
        if array.shape != shape:
            note = f"{what} is {array.shape}, {shape} is wanted"
            raise ValueError(f"{note}\n{self.shapes(marked, note)}")

    def require_layers(self, layers: Sequence[tuple[Array, Array]]) -> None:
        """Raise ValueError, with the table of shapes, unless each layer has W and b of the right shape."""
        n = self.shape
        if len(layers) != len(n) - 1:
            raise ValueError(
                f"this network has {len(n) - 1} layers, and {len(layers)} are given\n{self.shapes()}"
            )
        for l, (W, b) in enumerate(layers, 1):
            self.require_shape(f"W[{l}]", W, (n[l], n[l - 1]), str(l))
            self.require_shape(f"b[{l}]", b, (n[l], 1), str(l))

    def _refuse(self, name: str, array: Array, rows: int, m: int | str) -> NoReturn:
        """Raise ValueError for X or Y: what it is, what is wanted, and what to do."""
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{name} holds {array.dtype}, not numbers: convert it with {name}.astype(float)")
        note = f"{name} is {array.shape}, ({rows}, {m}) is wanted"
        if array.ndim == 1:
            advice = f"it has one axis only: reshape it with {name}.reshape({rows}, -1), columns are examples"
        elif array.ndim == 2 and array.shape[1] == rows:
            advice = f"columns are examples: transpose it, {name}.T"
        elif array.ndim == 2 and array.shape[1] == 0:
            advice = "there is no example in it"
        else:
            advice = "columns are examples"
        raise ValueError(f"{note}: {advice}\n{self.shapes(name, note)}")


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
    index = index.reshape(-1)
    count = int(index.max()) + 1 if n_y is None else n_y
    if not np.isin(index, np.arange(count)).all():
        raise ValueError(
            f"classes are whole numbers from 0 to {count - 1}, "
            f"not {index[~np.isin(index, np.arange(count))][0]}"
        )
    return np.eye(count)[:, index.astype(int)]


def _activations(given: str | Sequence[str] | None, count: int) -> tuple[Activation, ...]:
    names = ["relu"] * (count - 1) + ["linear"] if given is None else given
    if isinstance(names, str):
        names = [names] * (count - 1) + ["linear"]
    if len(names) != count:
        raise ValueError(
            f"{count} layers take {count} activations, not {len(names)}: {', '.join(map(str, names))}"
        )
    found = tuple(activation(name) for name in names)
    if any(g.name == "softmax" for g in found[:-1]):
        raise ValueError("softmax is for the output layer; choose tanh or relu for a hidden one")
    return found


def _loss(given: str | Loss | None, output: str) -> Loss:
    return default_loss(output) if given is None else loss(given, output)


def _penalty(x: float, name: str) -> float:
    x = to_float(x, f"the regularisation {name}")
    if not 0 <= x < float("inf"):
        raise ValueError(f"the regularisation {name} is a number from 0 up, not {x!r}")
    return x
