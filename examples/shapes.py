"""The shapes of a network, what broadcasting makes of two shapes, and what is refused (course, section 3).

One network's arrays, a small matrix with a row, a column and a number, and arrays of rank 1.

Because: Z = W A + b works on all examples at once only if columns are examples and b is a column.

Next: parity
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import numpy as np

from micrograd_dl.engine import ops
from micrograd_dl.nn.network import Array
from micrograd_dl.vectorized import MLP

W, A = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[1.0, -1.0, 2.0], [0.0, 1.0, 1.0]])
OTHERS: dict[str, Array | float] = {
    "a row": np.array([[10.0, 20.0, 30.0]]),
    "a column": np.array([[10.0], [20.0]]),
    "a number": 10.0,
}


def network() -> MLP:
    return MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1)


def wrong() -> dict[str, Array]:
    """X in the wrong shapes that are common instead of (2, m)."""
    return {
        "one example of rank 1": np.array([0.5, 0.2]),
        "examples in rows": np.ones((5, 2)),
        "a feature too many": np.ones((3, 5)),
    }


def refusal(act: Callable[..., object], *arguments: Array) -> str:
    """The message on arguments whose shapes do not fit."""
    try:
        act(*arguments)
    except ValueError as error:
        return str(error)
    return "nothing"


def main() -> None:
    print("Columns are examples, and layer 0 is the input:\n")
    print(network().shapes())

    print("\nOperations go number by number; where one shape has 1, it is taken again and again, as b is")
    print(f"in Z = W A + b.\n\nA {A.shape} =\n{A}\n")
    for name, other in OTHERS.items():
        print(f"A + {name} {np.shape(other)} =\n{ops.add(A, other)}\n")
    print(textwrap.fill(f"A + W is refused: {refusal(ops.add, A, W)}.", 100))
    print(f"The product W A is another thing, {W.shape} times {A.shape}: {(W @ A).shape}.\n")
    for axis, where in enumerate(("down the columns", "along the rows")):
        total = A.sum(axis=axis, keepdims=True)
        print(f"sum(axis={axis}, keepdims=True), {where}: {total.shape} {total.tolist()}")

    x = np.array([1.0, 2.0, 3.0])
    print(f"\nAn array of rank 1, {x.shape}, is neither row nor column: x.T is x again, x @ x.T the number")
    print(f"{x @ x.T:g}, and x plus a column is {(x + x.reshape(-1, 1)).shape}.")
    print("So a network refuses it, and says what to do:\n")
    first, *others = ((name, X, refusal(network().forward, X)) for name, X in wrong().items())
    print(f"{first[0]}, {first[1].shape}:\n{first[2]}\n")
    for name, X, text in others:
        print(f"{name}, {X.shape}:\n{text.splitlines()[0]}\n")


if __name__ == "__main__":
    main()
