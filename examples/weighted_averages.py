"""Exponentially weighted averages of noisy numbers, with and without bias correction (course, section 9).

Temperatures of a year, v = beta v + (1 - beta) theta, with three betas.

Because: v starts at 0 and has seen only 1 - beta^t of the weights by day t; dividing by that takes the start
away.

Next: batch_norm
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from micrograd_dl.optim import weighted_averages

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DAYS = 365
BETAS = (0.5, 0.9, 0.98)
SHOWN = (1, 2, 5, 10, 50, 100, 200, 365)  # days of the table


def temperatures() -> list[float]:
    """A year in the north, in degrees Celsius: cold, warm, cold, and noisy."""
    day = np.arange(DAYS)
    noise = np.random.default_rng(0).standard_normal(DAYS)
    year = 10 - 8 * np.cos(2 * np.pi * day / DAYS) + 3 * noise
    return [float(t) for t in year]


def picture() -> Figure:
    from micrograd_dl.viz import plots

    theta = temperatures()
    lines = {f"beta = {beta}": weighted_averages(theta, beta) for beta in (0.9, 0.98)}
    lines["0.98, not corrected"] = weighted_averages(theta, 0.98, corrected=False)
    start = lines["0.98, not corrected"][0]
    return plots.line_plot(
        range(1, DAYS + 1),
        lines,
        points=theta,
        points_name="theta, day by day",
        title=f"A larger beta is smoother, and later; uncorrected, the average begins at {start:.2f} °C",
        xlabel="day",
        ylabel="temperature (°C)",
    )


def main() -> None:
    theta = temperatures()
    columns = [(beta, weighted_averages(theta, beta)) for beta in BETAS]
    columns.append((BETAS[-1], weighted_averages(theta, BETAS[-1], corrected=False)))
    print("Temperatures of a year, and v = beta v + (1 - beta) theta, corrected by 1 - beta^t\n")
    print(f"{'':>17}" + "".join(f"{f'beta = {beta}':>13}" for beta, _ in columns))
    print(f"{'day':>5}{'theta':>12}" + f"{'corrected':>13}" * len(BETAS) + f"{'uncorrected':>13}")
    for day in SHOWN:
        cells = "".join(f"{v[day - 1]:>13.2f}" for _, v in columns)
        print(f"{day:>5}{theta[day - 1]:>12.2f}{cells}")
    print()
    for beta in BETAS:
        print(f"beta = {beta}: an average of about the last {1 / (1 - beta):.0f} days")
    parts = ", ".join(f"{1 - BETAS[-1] ** day:.2%} on day {day}" for day in SHOWN[-4:])
    print("Uncorrected, the average begins near 0: of the corrected one it is")
    print(f"{1 - BETAS[-1]:.2%} on day 1, {parts}.")


if __name__ == "__main__":
    main()
