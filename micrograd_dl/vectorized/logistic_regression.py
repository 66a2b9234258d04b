"""Logistic regression in the course's three forms (section 2): the same numbers at very different speeds.

All three take ``w (n_x, 1)``, a number b, ``X (n_x, m)`` and ``Y (1, m)`` of 0 and 1, and return the cost J,
``dw (n_x, 1)`` and the number db; ValueError if the shapes do not fit.
"""

from __future__ import annotations

import numpy as np

from micrograd_dl.engine.ops import sigmoid, softplus
from micrograd_dl.nn.network import Array


def by_loops(w: Array, b: float, X: Array, Y: Array) -> tuple[float, Array, float]:
    """Loop over the examples, and inside it twice over the features."""
    n_x, m = require_shapes(w, X, Y)
    J, dw, db = 0.0, [0.0] * n_x, 0.0
    for i in range(m):
        z = b
        for j in range(n_x):
            z += float(w[j, 0]) * float(X[j, i])
        a, y = sigmoid(z), float(Y[0, i])
        J += softplus(z) - y * z  # -(y log a + (1 - y) log(1 - a)), without a log of 0
        dz = a - y
        for j in range(n_x):
            dw[j] += float(X[j, i]) * dz
        db += dz
    return J / m, np.array([dw]).T / m, db / m


def by_examples(w: Array, b: float, X: Array, Y: Array) -> tuple[float, Array, float]:
    """Loop over the examples, with vectors for the features."""
    n_x, m = require_shapes(w, X, Y)
    J, dw, db = 0.0, np.zeros((n_x, 1)), 0.0
    for i in range(m):
        x, y = X[:, i : i + 1], float(Y[0, i])
        z = (w.T @ x).item() + b
        J += softplus(z) - y * z
        dz = sigmoid(z) - y
        dw += x * dz
        db += dz
    return J / m, dw / m, db / m


def by_matrices(w: Array, b: float, X: Array, Y: Array) -> tuple[float, Array, float]:
    """Use matrices instead of loops."""
    _, m = require_shapes(w, X, Y)
    Z = w.T @ X + b
    dZ = sigmoid(Z) - Y
    J = float(np.mean(softplus(Z) - Y * Z))
    return J, X @ dZ.T / m, float(np.mean(dZ))


FORMS = {"loops": by_loops, "a loop over examples": by_examples, "matrices": by_matrices}


def descend(
    X: Array, Y: Array, alpha: float = 0.5, iterations: int = 1000, every: int = 100
) -> tuple[Array, float, list[float]]:
    """Gradient descent from zero: ``w := w - alpha dw``, ``b := b - alpha db``.

    Returns w ``(n_x, 1)``, b, and the cost in every `every`-th iteration; ValueError if it is not finite.
    """
    w, b, costs = np.zeros((X.shape[0], 1)), 0.0, []
    for iteration in range(iterations):
        J, dw, db = by_matrices(w, b, X, Y)
        if not np.isfinite(J):
            raise ValueError(f"the cost is {J} in iteration {iteration}: try a smaller alpha than {alpha}")
        if iteration % every == 0:
            costs.append(J)
        w, b = w - alpha * dw, b - alpha * db
    return w, b, costs


def require_shapes(w: Array, X: Array, Y: Array) -> tuple[int, int]:
    """n_x and m; ValueError, with the shapes that are wanted, unless all three fit."""
    for name, array in (("w", w), ("X", X), ("Y", Y)):
        if array.ndim != 2:
            advice = f"reshape it to a column or a row, with {name}.reshape(-1, 1) or (1, -1)"
            raise ValueError(f"{name} is {array.shape}: {advice}")
    n_x, m = X.shape
    if w.shape != (n_x, 1) or Y.shape != (1, m) or not m:
        wanted = f"w is to be {(n_x, 1)} and Y {(1, m)}, not {w.shape} and {Y.shape}"
        raise ValueError(f"X is {X.shape}, so {wanted}")
    return n_x, m
