"""An autoencoder squeezes eight symbols through three units and restores them (beyond the course).

It is an ordinary network whose targets are its inputs: the narrow layer's numbers are a code it has found.

Because: eight symbols are three bits, so three numbers can tell them apart; descent finds a code, since only
with one can the cost fall.

Next: convolution
"""

from __future__ import annotations

import math

import numpy as np

from micrograd_dl.nn import MLP
from micrograd_dl.optim import Adam
from micrograd_dl.training import fit

SYMBOLS = 8
X = np.eye(SYMBOLS)  # one-hot columns


def autoencoder(units: int, seed: int = 0) -> MLP:
    """From 8 numbers through a few units to 8 probabilities."""
    return MLP(SYMBOLS, [units, SYMBOLS], ["sigmoid", "softmax"], seed=seed)


def train(model: MLP, steps: int) -> None:
    """Learn to reproduce the input."""
    fit(model, X, X, epochs=steps, optimiser=Adam(model.parameters(), 0.1))


def codes(model: MLP) -> list[list[float]]:
    """The outputs of the narrow layer for each symbol."""
    found: list[list[float]] = model.record(X, X).A[0].T.tolist()
    return found


def main(steps: int = 200, widths: tuple[int, ...] = (1, 2, 3)) -> None:
    print(
        f"{SYMBOLS} symbols ({math.log2(SYMBOLS):.0f} bits), one-hot, through a layer of a few units and back"
    )
    print(
        f"by {steps} steps of Adam; a guess restores 1 of {SYMBOLS}, "
        f"at the cost log {SYMBOLS} = {math.log(SYMBOLS):.3f}\n"
    )
    print(f"{'units':>5} {'cost before':>12} {'after':>7} {'restored':>9}")
    for units in widths:
        model = autoencoder(units)
        before = model.cost(X, X).data
        train(model, steps)
        restored = f"{model.accuracy(X, X) * SYMBOLS:.0f} of {SYMBOLS}"
        after = model.cost(X, X).data
        print(f"{units:>5} {before:>12.3f} {after:>7.3f} {restored:>9}")
    print(f"\nThe codes of {units} units, as they are and rounded:")
    for k, code in enumerate(codes(model)):
        bits = "".join(str(round(unit)) for unit in code)
        print(f"  symbol {k}  " + " ".join(f"{unit:.2f}" for unit in code) + f"   {bits}")
    distinct = len({tuple(round(unit) for unit in code) for code in codes(model)})
    print(f"{distinct} different codes of {units} bits, of {2**units} there are.")


if __name__ == "__main__":
    main()
