"""Loops against vectors: the same gradient of logistic regression, three times (course, sections 2 and 3).

The gradient of logistic regression with 20 features: by two loops, by one, and by matrices, for more and more
examples.

Because: a product of matrices does all multiplications in compiled code; a loop of Python pays for each of
them.

Next: shapes
"""

from __future__ import annotations

import time

import numpy as np

from micrograd_dl.vectorized.logistic_regression import FORMS

SIZES = (10, 100, 1_000, 10_000)
FEATURES = 20


def main() -> None:
    rng = np.random.default_rng(0)
    w, b = rng.standard_normal((FEATURES, 1)), 0.1
    print(f"The gradient of logistic regression with {FEATURES} features, in milliseconds:\n")
    print(
        f"{'m':>7}" + "".join(f"{name:>23}" for name in FORMS) + f"{'loops / matrices':>19}{'difference':>13}"
    )
    for m in SIZES:
        X = rng.standard_normal((FEATURES, m))
        Y = (rng.random((1, m)) < 0.5).astype(float)
        seconds, gradients = [], []
        for form in FORMS.values():
            best = np.inf
            for _ in range(3):
                began = time.perf_counter()
                _, dw, _ = form(w, b, X, Y)
                best = min(best, time.perf_counter() - began)
            seconds.append(best)
            gradients.append(dw)
        difference = max(np.abs(dw - gradients[-1]).max() for dw in gradients)
        row = "".join(f"{1e3 * s:>23.3f}" for s in seconds)
        print(f"{m:>7}{row}{seconds[0] / seconds[-1]:>18.0f}x{difference:>13.1e}")
    print("\nOne matrix product does what two nested loops do; the three differ by rounding only.")


if __name__ == "__main__":
    main()
