"""How optimisers go down a long valley, and what learning rates do on the way (course, section 9).

J = (y^2 + 0.01 x^2) / 2, steep across and flat along: each optimiser from the same place, then plain descent
with a noise and alphas that change.

Because: one alpha has to suit the steepest direction; momentum adds up along the flat one, RMSprop and Adam
divide by the size of each.

Next: weighted_averages
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from micrograd_dl.engine.value import Value
from micrograd_dl.optim import (
    OPTIMISERS,
    GradientDescent,
    Optimiser,
    Schedule,
    by_steps,
    cosine,
    exponential,
    inverse_time,
    one_cycle,
    staircase,
    warm_up,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = 300
START = (-8.0, 2.0)
STEEP, FLAT = 1.0, 0.01  # J = (steep y^2 + flat x^2) / 2: a hundred times as steep across as along
# Each works well with its learning rate; plain descent's brings y to 0 in one step.
ALPHAS = {
    "descent": 1.0,
    "momentum": 5.0,
    "nesterov": 5.0,
    "rmsprop": 0.1,
    "adam": 0.5,
    "adamw": 0.5,
    "amsgrad": 0.5,
    "lion": 0.05,
}
SCHEDULES: dict[str, Schedule] = {
    "constant": lambda t: 1.0,
    "1/t": inverse_time(1.0, 0.02),
    "exponential": exponential(1.0, 0.99),
    "staircase": staircase(1.0, 100, 0.3),
    "cosine": cosine(1.0, STEPS),
    "warm-up, cosine": warm_up(30, cosine(1.0, STEPS - 30)),
    "one cycle": one_cycle(1.0, STEPS),
}


def costs(make: Callable[[Sequence[Any]], Optimiser], noise: float = 0.0, seed: int = 0) -> list[float]:
    """J before each step and after the last, with a gradient that is disturbed as by mini-batches."""
    x, y = (Value(start) for start in START)
    optimiser, rng, found = make([x, y]), np.random.default_rng(seed), []
    for _ in range(STEPS + 1):
        J = (STEEP * y * y + FLAT * x * x) / 2
        found.append(J.data)
        optimiser.zero_grad()
        J.backward()
        for p in (x, y):
            p.grad += noise * float(rng.standard_normal())
        optimiser.step()
    return found


def at_the_end(schedule: Schedule) -> float:
    """J of the last 50 steps of plain descent with a noisy gradient, the mean over ten of them."""
    runs = [
        costs(lambda p: GradientDescent(p, by_steps(schedule)), noise=0.3, seed=seed)[-50:]
        for seed in range(10)
    ]
    return float(np.mean(runs))


def picture() -> Figure:
    from micrograd_dl.viz import plots

    lines = {
        f"{name}, alpha {alpha:g}": costs(partial(OPTIMISERS[name], learning_rate=alpha))[:101]
        for name, alpha in ALPHAS.items()
    }
    ends = {name: lines[f"{name}, alpha {alpha:g}"][-1] for name, alpha in ALPHAS.items()}
    fastest = min(ends, key=lambda name: ends[name])
    return plots.line_plot(
        range(101),
        lines,
        title=f"100 steps along a valley bring {fastest} to J = {plots.figures.brief(ends[fastest], 1)}, "
        f"plain descent to {plots.figures.brief(ends['descent'], 1)}",
        xlabel="step",
        ylabel="cost J (log scale)",
        log_y=True,
    )


def main() -> None:
    shown = (0, 10, 30, 100, STEPS)
    x, y = START
    print(f"J = ({STEEP:g} y^2 + {FLAT:g} x^2) / 2 from x = {x:g}, y = {y:g}, and J after so many steps\n")
    print(f"{'':<18}{'alpha':>8}" + "".join(f"{t:>11}" for t in shown))
    for name, alpha in ALPHAS.items():
        found = costs(partial(OPTIMISERS[name], learning_rate=alpha))
        print(f"{name:<18}{alpha:>8g}" + "".join(f"{found[t]:>11.1e}" for t in shown))
    alpha = ALPHAS["descent"]
    print(
        f"\nA step of plain descent multiplies y by 1 - {STEEP:g} alpha and x by 1 - {FLAT:g} alpha. "
        f"An alpha of {2 / STEEP:g} or more"
        f"\nwould throw y from side to side for ever; {alpha:g} leaves {abs(1 - alpha * STEEP):g} of y, "
        f"but {1 - alpha * FLAT:g} of x."
    )
    print("\nPlain descent with a noisy gradient, as mini-batches have it, and alphas that change:\n")
    steps = (0, 10, 30, 100, STEPS - 1)
    print(f"{'':<18}" + "".join(f"{f'alpha({t})':>13}" for t in steps) + f"{'J at the end':>15}")
    ends = {name: at_the_end(schedule) for name, schedule in SCHEDULES.items()}
    for name, schedule in SCHEDULES.items():
        alphas = "".join(f"{schedule(t):>13.4f}" for t in steps)
        print(f"{name:<18}{alphas}{ends[name]:>15.4f}")
    lowest = min(ends, key=lambda name: ends[name])
    print(
        f"\nThe noise keeps J at {ends['constant']:.4f} if alpha is constant; "
        f"it is lowest, {ends[lowest]:.4f}, with {lowest}, whose alpha\n"
        f"ends at {SCHEDULES[lowest](STEPS - 1):.4f}: small steps average the noise out."
    )


if __name__ == "__main__":
    main()
