"""Where to search: a log scale for alpha and 1 - beta, and chance instead of a grid (course, section 9).

Ten thousand draws of a beta, 25 trials of two hyperparameters, and a search on the two moons, coarse to fine.

Because: from 0.9 to 0.99 is as large a change as from 0.99 to 0.999, so draws are spread evenly over the
exponents.

Next: optimisers
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from micrograd_dl.data import moons
from micrograd_dl.training.options import TrainingOptions
from micrograd_dl.tuning import Found, Plan, Range, tune

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWS = 10_000
ALPHA = Range(0.0001, 1, "log")


def shares(scale: str) -> list[float]:
    """Of draws of beta from 0.9 to 0.9999, the part with 1 - beta in each decade."""
    rng = np.random.default_rng(0)
    where = Range(0.9, 0.9999, scale)
    decades = [math.floor(-math.log10(1 - where.draw(rng)) + 1e-9) for _ in range(DRAWS)]
    # 0.9999 itself is the end of the last decade.
    return [sum(min(decade, 3) == k for decade in decades) / DRAWS for k in (1, 2, 3)]


def miss(tried: list[float]) -> float:
    """The mean distance, in decades, from the best alpha to the nearest one tried."""
    places = np.log10(sorted(tried))
    best = np.linspace(math.log10(ALPHA.low), math.log10(ALPHA.high), 2001)
    return float(np.abs(best[:, None] - places).min(axis=1).mean())


def grid() -> list[float]:
    """The alphas of 25 trials on a grid, five of them with each of five values of another hyperparameter."""
    return [ALPHA.at(part) for part, _ in itertools.product((0.1, 0.3, 0.5, 0.7, 0.9), range(5))]


def at_random(seed: int) -> list[float]:
    """The alphas of 25 trials at random."""
    rng = np.random.default_rng(seed)
    return [ALPHA.draw(rng) for _ in range(25)]


def found() -> Found:
    """A small search, coarse to fine."""
    beta, l2 = Range(0.5, 0.99, "log-from-1"), Range(0.001, 10, "log")
    space = {"learning_rate": ALPHA, "beta1": beta, "l2": l2}
    return tune(
        moons(200, noise=0.2),
        space,
        Plan(trials=18, epochs=45),
        TrainingOptions(hidden=(8,)),
        progress=False,
    )


def picture() -> Figure:
    from micrograd_dl.viz import plots

    return plots.parallel_coordinates(found())


def main() -> None:
    print(f"Of {DRAWS:,} draws of beta from 0.9 to 0.9999, 1 - beta is\n")
    print(f"{'':<28}{'0.1 to 0.01':>14}{'to 0.001':>12}{'to 0.0001':>12}")
    for name, scale in (("beta uniform", "linear"), ("1 - beta on a log scale", "log-from-1")):
        print(f"{name:<28}{{:>14.1%}}{{:>12.1%}}{{:>12.1%}}".format(*shares(scale)))

    print("\nOf 25 trials of alpha and of a second hyperparameter that matters less\n")
    print(f"{'':<12}{'alphas tried':>14}{'the best one is missed by':>28}")
    tries = {"a grid": [grid()], "at random": [at_random(seed) for seed in range(100)]}
    for name, each in tries.items():
        missed = float(np.mean([miss(tried) for tried in each]))
        print(f"{name:<12}{len(set(each[0])):>14}{missed:>20.2f} decades")

    result = found()
    fine = [trial.options["learning_rate"] for trial in result.trials if trial.round == 2]
    print(f"\n{result.plan}, on moons:\n\n{result.table(5)}\n")
    print(
        f"Alpha was drawn from {ALPHA.low:g} to {ALPHA.high:g}, and then from {min(fine):g} to {max(fine):g}."
    )


if __name__ == "__main__":
    main()
