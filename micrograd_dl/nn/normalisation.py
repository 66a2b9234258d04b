"""Batch and layer normalisation (course, section 10), over the operations of the table.

Of numbers that belong together, ``z_norm = (z - mean) / sqrt(var + eps)``; the network then takes
``gamma z_norm + beta`` as what its activation is of. Those that belong together are

* with ``"batch"``, one unit's over the examples of a batch; when the network predicts, running averages of
  the mean and the variance take their place;
* with ``"layer"``, one example's over the units of a layer.

A unit that is the same for all examples has the variance 0, and eps, under the root, keeps its z_norm at 0.
This holds for every unit in a batch of one example: only beta receives a useful gradient, and the running
averages leave the batch out. (Likewise a layer of one unit, layer-normalised, is just beta.) The variance is
the mean of the squares, as in the course; PyTorch's running variance divides by m - 1 instead.

The bias is redundant before batch normalisation, which takes it away again with the mean, so those layers
have none. Layer normalisation does not, and its layers keep theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.engine import ops

Kind: TypeAlias = Literal["batch", "layer"]
KINDS = ("batch", "layer")
EPSILON = 1e-5
BETA = 0.9  # running averages are v = beta v + (1 - beta) new


def normalised(z: Sequence[Any], label: str = "") -> list[Any]:
    """z_norm of numbers that belong together; `label` follows ``mu`` and ``var`` in labels of Values.

    >>> [round(x, 4) for x in normalised([1.0, 2.0, 3.0])]
    [-1.2247, 0.0, 1.2247]
    """
    mean = ops.sum(*z) / len(z)
    centred = [x - mean for x in z]
    variance = ops.sum(*(x * x for x in centred)) / len(z)
    if label:
        mean.label, variance.label = f"mu{label}", f"var{label}"
    deviation = ops.sqrt(variance + EPSILON)
    return [x / deviation for x in centred]


@dataclass(slots=True, eq=False)
class Averages:
    """Running averages of each unit's mean and variance over the training batches, ``(n, 1)``."""

    mean: NDArray[Any]
    variance: NDArray[Any]

    @classmethod
    def begin(cls, n: int) -> Averages:
        """Mean 0 and variance 1, as if z were normal already."""
        return cls(np.zeros((n, 1)), np.ones((n, 1)))

    def take_in(self, mean: NDArray[Any], variance: NDArray[Any]) -> None:
        """Average in a batch of more than one example. NaN or inf would stay for ever, so it is ignored."""
        if not (np.isfinite(mean).all() and np.isfinite(variance).all()):
            return
        for average, new in ((self.mean, mean), (self.variance, variance)):
            average *= BETA
            average += (1 - BETA) * new

    def apply(self, z: Any, i: int) -> Any:
        """z_norm of unit i, computed with these averages."""
        return (z - float(self.mean[i, 0])) / float(np.sqrt(self.variance[i, 0] + EPSILON))
