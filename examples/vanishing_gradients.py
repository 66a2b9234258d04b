"""Vanishing and exploding: the size of activations and gradients, layer by layer (course, section 6)."""

from __future__ import annotations

import numpy as np

from micrograd_dl.initialisers import Initialiser, Weights, he, small, xavier
from micrograd_dl.vectorized import MLP

DEPTH, UNITS = 20, 30


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


def sizes(activation: str, initialiser: Initialiser) -> tuple[list[float], list[float]]:
    """The root mean square of A[l] and of dZ[l] in each layer, at the start of training."""
    rng = np.random.default_rng(0)
    model = MLP(
        UNITS, [UNITS] * DEPTH, [activation] * (DEPTH - 1) + ["linear"], initialiser=initialiser, seed=1
    )
    X, Y = rng.standard_normal((UNITS, 100)), rng.standard_normal((UNITS, 100))
    numbers = model.record(X, Y)
    return [float(np.sqrt(np.mean(A**2))) for A in numbers.A], [
        float(np.sqrt(np.mean(d**2))) for d in numbers.dZ
    ]


def main() -> None:
    print(f"Root mean square by layer, {DEPTH} layers of {UNITS} units, before training\n")
    shown = [1, 5, 10, 15, DEPTH]
    print(
        f"{'':<18}"
        + f"{'A[l] at l =':>13}"
        + "".join(f"{l:>9}" for l in shown)
        + f"{'dZ[l] at l =':>15}"
        + "".join(f"{l:>9}" for l in shown)
    )
    for name, (activation, initialiser) in CASES.items():
        A, dZ = sizes(activation, initialiser)
        row = (
            "".join(f"{A[l - 1]:>9.1e}" for l in shown)
            + " " * 15
            + "".join(f"{dZ[l - 1]:>9.1e}" for l in shown)
        )
        print(f"{name:<18}{'':>13}{row}")
    print(
        "\nUnder the identity both fade with depth, over it both explode; "
        "He's variance keeps ReLU layers level."
    )


if __name__ == "__main__":
    main()
