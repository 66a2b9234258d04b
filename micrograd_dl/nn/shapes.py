"""The shapes that a network takes, and what it says of one that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micrograd_dl.nn.activations import Activation
from micrograd_dl.nn.losses import Loss
from micrograd_dl.output.text import plural

Array: TypeAlias = NDArray[Any]


_BITS_OF_1 = int(np.float64(1).view(np.uint64))


def _within_0_and_1(Y: Array) -> bool:
    """Whether all are doubles from 0 to 1; asked in every step, so by the largest only.

    Read as whole numbers, the bits of these are at most those of 1, and of all others more, the negative too.
    """
    return Y.dtype == np.float64 and bool(np.maximum.reduce(Y.view(np.uint64), None) <= _BITS_OF_1)


def _ragged(name: str) -> ValueError:
    """What is raised for lists that are no array."""
    return ValueError(f"the rows of {name} are of different lengths: (n, m) is wanted, a column an example")


class Shaped:
    """What of a :class:`~micrograd_dl.nn.network.Network` depends on its layers only, not on their numbers.

    Attributes:
        shape, activations, normalisations, keep_probs, loss: see Network.
    """

    shape: tuple[int, ...]
    activations: tuple[Activation, ...]
    normalisations: tuple[str | None, ...]
    keep_probs: tuple[float, ...]
    loss: Loss

    def require_examples(self, X: ArrayLike, Y: ArrayLike | None = None) -> tuple[Array, Array]:
        """X and Y as arrays, of the shapes this network takes; ``Y`` is empty if it is left out.

        Raises:
            ValueError: a shape is wrong (the message shows the table of shapes), or Y is not what the loss
                takes.
        """
        try:
            inputs = np.asarray(X)
        except ValueError:
            raise _ragged("X") from None
        if inputs.dtype.kind not in "fiub" or inputs.ndim != 2 or inputs.shape[0] != self.shape[0]:
            self._refuse("X", inputs, self.shape[0], "m")
        m = inputs.shape[1]
        if not m:
            self._refuse("X", inputs, self.shape[0], "m")
        if Y is None:
            return inputs, np.empty((0, m))
        try:
            targets = np.asarray(Y)
        except ValueError:
            raise _ragged("Y") from None
        if targets.dtype.kind not in "fiub" or targets.shape != (self.shape[-1], m):
            self._refuse("Y", targets, self.shape[-1], m)
        if self.loss.name == "cross_entropy" and not (
            np.abs(targets.sum(axis=0) - 1).max() < 1e-5 and targets.min() >= 0
        ):
            raise ValueError(
                f"the loss cross_entropy takes as targets {self.loss.targets}: make them with one_hot"
            )
        if self.loss.possible is not None and not (self.loss.name == "logistic" and _within_0_and_1(targets)):
            self._require_possible(targets)
        return inputs, targets

    def _require_possible(self, Y: Array) -> None:
        """Raise ValueError if a target is none of the loss; what is not finite is named by `fit`."""
        possible = self.loss.possible
        assert possible is not None
        is_possible = possible(Y)
        if is_possible.all():
            return
        wrong = np.argwhere(np.isfinite(Y) & ~is_possible)
        if len(wrong):
            i, k = (int(x) for x in wrong[0])
            raise ValueError(
                f"the loss {self.loss.name} takes as targets {self.loss.targets}; Y holds {Y[i, k]} "
                f"in row {i}, example {k} (from 0): convert them, or take the loss squared, for numbers"
            )

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
        normalised = any(self.normalisations)
        rows = [("", "layer", "W, dW", "b, db", *(["gamma, beta"] * normalised), "Z, A, dZ, dA")]
        rows.append(("X", "0 input", *([""] * (2 + normalised)), f"X: ({n[0]}, m)"))
        for l in range(1, len(n)):
            column, kind = f"({n[l]}, 1)", self.normalisations[l - 1]
            cells = [f"({n[l]}, {n[l - 1]})", "" if kind == "batch" else column]
            cells += [column if kind else ""] * normalised
            rows.append((str(l), f"{l} {self._described(l)}", *cells, f"({n[l]}, m)"))
        rows.append(("Y", *([""] * (3 + normalised)), f"Y: ({n[-1]}, m)"))
        widths = [max(12, *map(len, column)) for column in list(zip(*rows, strict=True))[1:]]
        lines = []
        for key, *cells in rows:
            here = bool(key) and key == marked
            line = ("--> " if here else "    ") + " " + " ".join(map(str.ljust, cells, widths))
            lines.append((line + (f" <-- {note}" if here else "")).rstrip())
        return "\n".join(lines)

    def _described(self, l: int) -> str:
        """What a layer does to its Z."""
        kind, keep = self.normalisations[l - 1], self.keep_probs[l - 1]
        more = (f", {kind} norm" if kind else "") + (f", keep {keep:g}" if keep < 1 else "")
        return f"{self.activations[l - 1].name}{more}"

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
                f"this network has {plural(len(n) - 1, 'layer')}, and {len(layers)} "
                f"{'is' if len(layers) == 1 else 'are'} given\n{self.shapes()}"
            )
        for l, (W, b) in enumerate(layers, 1):
            self.require_shape(f"W[{l}]", W, (n[l], n[l - 1]), str(l))
            self.require_shape(f"b[{l}]", b, (n[l], 1), str(l))

    def require_same_layers(self, other: Shaped) -> None:
        """Raise ValueError unless another network has layers of the same sizes, normalised alike."""
        if self.shape != other.shape:
            raise ValueError(f"the networks have different layers: {self.shape} here, {other.shape} there")
        for l, (here, there) in enumerate(zip(self.normalisations, other.normalisations, strict=True), 1):
            if here != there:
                one, another = (f"{kind} norm" if kind else "no normalisation" for kind in (here, there))
                raise ValueError(
                    f"the networks have different layers: layer {l} has {one} here, {another} there: "
                    "make both with the same normalisation"
                )

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
