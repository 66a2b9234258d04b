"""Why logistic regression has a loss of its own: squared error is not convex in w (course, section 2).

One unit without b, a = sigma(w x), five examples, one of them far out; J over w with each of the two losses,
and descent from three places.

Because: the logistic loss bends upward everywhere, so that descent ends in the same place from wherever it
starts.

Next: vectorization
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from micrograd_dl.engine import ops
from micrograd_dl.engine.value import Value
from micrograd_dl.nn.losses import LOSSES
from micrograd_dl.optim import GradientDescent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# One weight, no bias. The last example is an outlier: the others would put it into the other class.
EXAMPLES = ((1.0, 1.0), (0.5, 1.0), (1.5, 1.0), (-1.0, 0.0), (8.0, 0.0))
GRID = np.linspace(-1.5, 4, 221)
SHOWN = 20  # the table shows every 20th point
STEPS = 2000
STARTS = (-2.0, 0.5, 3.0)
NAMES = ("logistic", "squared")


def cost(w: Value, loss: str) -> Value:
    """J, the mean of the losses of all examples."""
    losses = []
    for x, y in EXAMPLES:
        z = w * x
        losses.append(LOSSES[loss].of([z], [ops.sigmoid(z)], [y]))
    J: Value = ops.sum(*losses) / len(losses)
    return J


def curve(loss: str) -> list[float]:
    """J at each w of the grid."""
    return [cost(Value(w), loss).data for w in GRID]


def bends_down(J: list[float]) -> list[float]:
    """Where the curve lies above its chord, as no convex one does."""
    return [float(w) for w, bend in zip(GRID[1:-1], np.diff(J, 2), strict=True) if bend < -1e-12]


def descended(start: float, loss: str) -> Value:
    """w after gradient descent from `start`."""
    w = Value(start, "w")
    optimiser = GradientDescent([w], 0.3)
    for _ in range(STEPS):
        optimiser.zero_grad()
        cost(w, loss).backward()
        optimiser.step()
    return w


def picture() -> Figure:
    from micrograd_dl.viz import plots

    curves = {name: curve(name) for name in NAMES}
    return plots.line_plot(
        GRID.tolist(),
        {name: [J / max(curve) for J in curve] for name, curve in curves.items()},
        title="The logistic loss leads down to one place; squared error has a hill between two",
        xlabel="w",
        ylabel="J, its largest here taken as 1",
    )


def main() -> None:
    print("One weight, and a = sigma(w x). The last of the examples is far out:")
    print("; ".join(f"x = {x:g}, y = {y:g}" for x, y in EXAMPLES) + "\n")
    curves = {name: curve(name) for name in NAMES}
    print(f"{'w':>10}" + "".join(f"{f'J, {name}':>14}" for name in NAMES))
    for k in range(0, len(GRID), SHOWN):
        print(f"{GRID[k]:>10.2f}" + "".join(f"{J[k]:>14.3f}" for J in curves.values()))
    for name, J in curves.items():
        bent = bends_down(J)
        found = (
            f"bends down at {len(bent)} of {len(GRID) - 2} points, and is not"
            if bent
            else "bends up everywhere: it is"
        )
        print(f"\n{name}: J {found} convex.")
        for start in STARTS:
            w = descended(start, name)
            J_there = cost(w, name).data
            print(f"  {STEPS} steps of descent from w = {start:>4.1f}: w = {w.data:.3f}, J = {J_there:.3f}")
    print("\nThe squared error of a sigmoid is nearly flat where the unit is sure of itself, right or wrong,")
    print("and where descent ends depends on where it starts. The slope of the logistic loss by z is a - y.")


if __name__ == "__main__":
    main()
