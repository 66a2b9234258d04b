"""Augmentation: a network that saw strokes in one place only, and one that did not (course, section 7).

Strokes are drawn in the middle of small images, upright or level. The same network is trained on them as they
are, and on copies that are moved, turned or noisy.

Because: what a network has never seen varied, it takes for a feature; shifts show it that the place does not
matter, noise does not.

Next: dropout
"""

from __future__ import annotations

import numpy as np

from micrograd_dl.data.augmentation import (
    Augmentation,
    noise,
    on_columns,
    one_after_another,
    rotations,
    shifted,
    shifts,
)
from micrograd_dl.data.preparation import columns_of
from micrograd_dl.nn.network import Array
from micrograd_dl.training import fit
from micrograd_dl.vectorized import MLP

SIZE, M = 9, 16
SHADES = " .:-=+*#%@"
CASES: dict[str, Augmentation | None] = {
    "nothing": None,
    "noise": noise(0.3),
    "shifts": shifts(3),
    "shifts, rotations, noise": one_after_another(shifts(3), rotations(10), noise(0.05)),
}


def strokes(m: int) -> tuple[Array, Array]:
    """Images of a vertical and a horizontal stroke in turn, in the middle, ``(m, 9, 9)``; their classes."""
    images = np.zeros((m, SIZE, SIZE))
    images[::2, 2:7, 4], images[1::2, 4, 2:7] = 1, 1
    return images, (np.arange(m) % 2)[np.newaxis].astype(float)


def accuracies(augmentation: Augmentation | None) -> tuple[float, float]:
    """The accuracy on strokes in the middle, which it was trained on, and on strokes anywhere."""
    images, Y = strokes(M)
    augment = None if augmentation is None else on_columns(augmentation, (SIZE, SIZE))
    model = MLP(SIZE * SIZE, [32, 1], ["relu", "sigmoid"], seed=1)
    fit(model, columns_of(images), Y, epochs=400, augment=augment)
    elsewhere, wanted = strokes(400)
    moved = shifted(elsewhere, *np.random.default_rng(0).integers(-2, 3, (2, 400)))
    return model.accuracy(columns_of(images), Y), model.accuracy(columns_of(moved), wanted)


def main() -> None:
    image = strokes(1)[0]
    print("One image, and what augmentation makes of it:\n")
    made = [image[0]]
    for seed in (3, 4):
        augmentation = CASES["shifts, rotations, noise"]
        assert augmentation is not None
        made.append(augmentation(np.random.default_rng(seed), image)[0])
    for rows in zip(*made, strict=True):
        drawn = ("".join(SHADES[round(9 * min(max(x, 0), 1))] for x in row) for row in rows)
        print("    " + "     ".join(drawn).rstrip())
    print(f"\nTrained on {M} strokes in the middle, upright or level, what is right:\n")
    print(f"{'augmented by':<26}{'in the middle':>14}{'anywhere':>14}")
    for name, augmentation in CASES.items():
        print(f"{name:<26}" + "".join(f"{part:>14.0%}" for part in accuracies(augmentation)))
    print("\nTraining has to vary as what comes later does: noise says nothing about places.")


if __name__ == "__main__":
    main()
