"""The options of a training: `train`, `tune`, the command line and saved models all take them from here."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


def _option(default: Any, help: str, **more: Any) -> Any:
    """An option with its help, its ``choices``, and the ``scale`` of a search."""
    return field(default=default, metadata={"help": help, **more})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOptions:
    """How a network is made and trained. The text of an option says in brackets what None means for it.

    >>> TrainingOptions(hidden=(8, 8), l2=0.1).changed()
    {'hidden': (8, 8), 'l2': 0.1}
    """

    hidden: tuple[int, ...] = _option((16,), "sizes of the hidden layers; 0: none")
    activation: str = _option("relu", "of the hidden layers: relu, tanh, ...")
    backend: str = _option(
        "numpy", "matrices, Values, or Values compiled", choices=("numpy", "values", "compiled")
    )
    epochs: int = _option(200, "at most")
    batch_size: int = _option(64, "examples a step", scale="log")
    optimiser: str = _option("adam", "adam, adamw, momentum, descent, ...")
    learning_rate: float | None = _option(None, "alpha (the optimiser's own: Adam's is 0.01)", scale="log")
    schedule: str | None = _option(
        None, "how alpha changes: cosine, one_cycle, staircase:30,0.5, ... (constant)"
    )
    warm_up: int | None = _option(None, "epochs in which alpha rises first (0)")
    beta1: float | None = _option(None, "of the average of the gradients (Adam's is 0.9)", scale="log-from-1")
    beta2: float | None = _option(
        None, "of the average of their squares (Adam's is 0.999)", scale="log-from-1"
    )
    weight_decay: float | None = _option(
        None, "what weights lose in a step, times alpha (0; 0.01 for adamw)", scale="log"
    )
    clip_norm: float | None = _option(None, "the longest a gradient may be (any length)", scale="log")
    initialiser: str | None = _option(None, "of the weights: he, xavier, orthogonal, ... (by activation)")
    l2: float = _option(0.0, "lambda of the L2 regularisation", scale="log")
    l1: float = _option(0.0, "lambda of the L1 regularisation")
    max_norm: float | None = _option(None, "how long the weights into one unit may be (any length)")
    normalisation: str | None = _option(
        None, "of the hidden layers, over a batch or a layer (none)", choices=("batch", "layer")
    )
    keep_prob: float | None = _option(None, "part of the units that dropout keeps (1)")
    label_smoothing: float = _option(0.0, "how far targets are from 0 and 1")
    slope_at_kink: str = _option(
        "right", "the slope of ReLU at exactly 0: right is 1, left is 0", choices=("right", "left")
    )
    patience: int | None = _option(30, "epochs without a lower dev cost before it stops")
    seed: int = _option(0, "of the split, the weights and the shuffling")
    bayes: float = _option(0.0, "the error that nobody could be below, from 0 to 1")

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))
        if not 0 <= self.bayes <= 1:
            raise ValueError(f"bayes is a part of 1, from 0 to 1, not {self.bayes!r}")

    def changed(self) -> dict[str, Any]:
        """The options that are not the default ones."""
        return {name: x for name, x in asdict(self).items() if x != getattr(_DEFAULTS, name)}


_DEFAULTS = TrainingOptions()
