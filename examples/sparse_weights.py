"""What L1, L2 and an elastic net make of useless inputs (course, section 7).

One sigmoid unit with 20 inputs, of which three matter, and each penalty at the same lambda.

Because: the slope of |w| stays 1 however small w is, and takes w to 0; that of w^2 fades with w, and stops
short of it.

Next: weight_decay
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from micrograd_dl.nn.network import Array
from micrograd_dl.nn.regularisers import elastic_net
from micrograd_dl.optim import Adam, exponential
from micrograd_dl.training import fit
from micrograd_dl.vectorized import MLP

if TYPE_CHECKING:
    from matplotlib.figure import Figure

M, N_X, USEFUL = 150, 20, 3
EPOCHS = 1000
LAMBDAS = (0.3, 1.0, 3.0, 10.0, 20.0, 30.0, 50.0, 100.0)
SHOWN = 10.0  # lambda of the table
ZERO = 1e-3  # a smaller weight counts as 0
KINDS = {
    "L2": lambda lambda_: elastic_net(lambda_, 0.0),
    "L1": lambda lambda_: elastic_net(lambda_, 1.0),
    "elastic net": lambda lambda_: elastic_net(lambda_, 0.5),
}


def examples(m: int, seed: int) -> tuple[Array, Array]:
    """Inputs of which the first three decide the class, x_1 the most; one of ten classes is wrong."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N_X, m))
    Y = 2 * X[0] - 1.5 * X[1] + X[2] > 0
    return X, np.where(rng.random(m) < 0.1, ~Y, Y)[np.newaxis].astype(float)


TRAIN, DEV = examples(M, seed=0), examples(2000, seed=1)


@cache
def trained(kind: str, lambda_: float) -> MLP:
    """One sigmoid unit after training; the rate goes down, since |w| has the same slope however near 0."""
    model = MLP(N_X, [1], ["sigmoid"], regularisers=KINDS[kind](lambda_))
    optimiser = Adam(model.parameters(), exponential(0.05, 0.99))
    fit(model, *TRAIN, epochs=EPOCHS, optimiser=optimiser)
    return model


def weights(model: MLP) -> Array:
    """Its w, ``(n_x,)``."""
    return np.asarray(model.layers_data()[0][0][0])


def zeros(model: MLP) -> int:
    """How many weights count as 0."""
    return int((np.abs(weights(model)) < ZERO).sum())


def picture() -> Figure:
    from micrograd_dl.viz import plots

    return plots.line_plot(
        LAMBDAS,
        {kind: [zeros(trained(kind, lambda_)) for lambda_ in LAMBDAS] for kind in KINDS},
        title=f"{USEFUL} of {N_X} inputs are of use: L1 takes the weights of the others to 0, L2 does not",
        xlabel="lambda",
        ylabel=f"weights that are below {ZERO:g}",
        marks=True,
        log_x=True,
    )


def main() -> None:
    print(f"One sigmoid unit, {M} examples with {N_X} inputs, of which the first {USEFUL} matter.")
    print(
        "The cost gains lambda/(2m) sum w^2 (L2), lambda/(2m) sum |w| (L1), or half of each. "
        f"lambda = {SHOWN:g}:\n"
    )
    print(f"{'':<12}{'w_1':>8}{'w_2':>8}{'w_3':>8}{'largest other':>15}{'zeros':>7}{'train':>8}{'dev':>8}")
    for name in ("nothing", *KINDS):
        model = trained("L2", 0.0) if name == "nothing" else trained(name, SHOWN)
        w = weights(model)
        print(
            f"{name:<12}"
            + "".join(f"{x:>8.3f}" for x in w[:USEFUL])
            + f"{np.abs(w[USEFUL:]).max():>15.3f}{zeros(model):>7}"
            + f"{model.accuracy(*TRAIN):>8.1%}{model.accuracy(*DEV):>8.1%}"
        )
    print(f"\nHow many of the {N_X} weights are 0, that is below {ZERO:g}:\n")
    print(f"{'lambda':<12}" + "".join(f"{lambda_:>7g}" for lambda_ in LAMBDAS))
    for name in KINDS:
        print(f"{name:<12}" + "".join(f"{zeros(trained(name, x)):>7}" for x in LAMBDAS))
    print(
        "\nThe slope of w^2 is 2w, which fades as w does: L2 makes weights small, and one 0 by chance only."
        "\nThat of |w| is 1 or -1 however small w is: L1 takes a weight to 0 unless the data hold against it."
    )


if __name__ == "__main__":
    main()
