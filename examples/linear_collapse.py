"""A stack of linear layers is one linear map ``W' x + b'`` (course, section 4).

Three layers without any activation, and one layer whose W' and b' are computed from theirs.

Because: a linear map of a linear map is linear: W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2). What makes
depth worth having are the activations.

Next: convexity
"""

from __future__ import annotations

import numpy as np

from micrograd_dl.vectorized import MLP


def collapsed(model: MLP) -> tuple[np.ndarray, np.ndarray]:
    """W' and b' of a network whose activations are all linear: W' = W[L] ... W[1], b' likewise."""
    W, b = np.eye(model.shape[0]), np.zeros((model.shape[0], 1))
    for W_l, b_l in model.layers_data():
        W, b = W_l @ W, W_l @ b + b_l
    return W, b


def main() -> None:
    rng = np.random.default_rng(0)
    model = MLP(3, [5, 4, 2], ["linear", "linear", "linear"], seed=1)
    model.set_layers_data([(W, rng.standard_normal(b.shape)) for W, b in model.layers_data()])
    W, b = collapsed(model)
    X = rng.standard_normal((3, 4))
    deep, single = model.forward(X), W @ X + b
    print(f"{model}\ncollapses to one layer with W' {W.shape} and b' {b.shape}:\n")
    print(f"{'example':>8} {'deep network':>24} {'W_ x + b_':>24}".replace("_", "'"))
    for k in range(X.shape[1]):
        row = [f"{x[0, k]:>11.6f} {x[1, k]:>11.6f}" for x in (deep, single)]
        print(f"{k + 1:>8} {row[0]:>24} {row[1]:>24}")
    print(f"\nThe largest difference is {np.abs(deep - single).max():.1e}: depth without kinks adds nothing.")


if __name__ == "__main__":
    main()
