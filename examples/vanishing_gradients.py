"""Vanishing and exploding: the size of activations and gradients, layer by layer (course, section 6).

Twenty layers of 30 units before any training: the root mean square of A forward and of dZ backward, for
several initial weights.

Because: each layer multiplies by a factor, twenty of them by its twentieth power; with variance 1/n (Xavier),
or 2/n for ReLU (He), the factor is about 1.

Next: augmentation
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from micrograd_dl.nn.initialisers import Initialiser, Weights, he, small, xavier
from micrograd_dl.nn.network import Array, Pass
from micrograd_dl.vectorized import MLP

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEPTH, UNITS = 20, 30
SHOWN = (1, 5, 10, 15, DEPTH)  # layers of the table


def scaled_identity(scale: float) -> Initialiser:
    """Weights a little under or over the identity."""

    def weights(rng: np.random.Generator, n_out: int, n_in: int) -> Weights:
        return scale * np.eye(n_out, n_in)

    return weights


CASES: dict[str, tuple[str, Initialiser]] = {
    "0.8 I, linear": ("linear", scaled_identity(0.8)),
    "1.2 I, linear": ("linear", scaled_identity(1.2)),
    "0.01 randn, tanh": ("tanh", small),
    "Xavier, tanh": ("tanh", xavier),
    "Xavier, relu": ("relu", xavier),
    "He, relu": ("relu", he),
}


def one_pass(activation: str, initialiser: Initialiser) -> Pass:
    """All numbers of a pass forward and backward, at the start of training."""
    rng = np.random.default_rng(0)
    model = MLP(
        UNITS, [UNITS] * DEPTH, [activation] * (DEPTH - 1) + ["linear"], initialiser=initialiser, seed=1
    )
    X, Y = rng.standard_normal((UNITS, 100)), rng.standard_normal((UNITS, 100))
    return model.record(X, Y)


def size(array: Array) -> float:
    """The root mean square of the entries."""
    return float(np.sqrt(np.mean(array**2)))


def picture() -> Figure:
    from micrograd_dl.viz import plots

    return plots.sizes_by_layer({name: one_pass(*case) for name, case in CASES.items()})


def main() -> None:
    print(f"Root mean square by layer, {DEPTH} layers of {UNITS} units, before training\n")
    print(f"{'':<18}{'A[l] at layer l':>22}{'dZ[l] at layer l':>49}")
    print(f"{'':<18}" + "   ".join("".join(f"{l:>9}" for l in SHOWN) for _ in ("A", "dZ")))
    spreads = {}
    for name, case in CASES.items():
        numbers = one_pass(*case)
        spreads[name] = [
            max(sizes) / min(sizes)  # of A without the output, which is no ReLU
            for sizes in (list(map(size, numbers.A[:-1])), list(map(size, numbers.dZ)))
        ]
        rows = ("".join(f"{size(arrays[l - 1]):>9.1e}" for l in SHOWN) for arrays in (numbers.A, numbers.dZ))
        print(f"{name:<18}" + "   ".join(rows))
    print("\nUnder the identity both fade on their way, over it both explode. The largest layer of ReLUs has")
    for name in ("Xavier, relu", "He, relu"):
        A, dZ = spreads[name]
        whose = name.split(",")[0]
        print(f"  {A:.3g} times the A and {dZ:.3g} times the dZ of the smallest with {whose}'s variance")


if __name__ == "__main__":
    main()
