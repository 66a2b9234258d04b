"""Optimisers, each once for Values and arrays, and what changes their steps: schedules and clipping."""

from micrograd_dl.optim.averages import weighted_averages
from micrograd_dl.optim.clipping import clip_by_norm, clip_by_value, gradient_norm
from micrograd_dl.optim.optimisers import (
    OPTIMISERS,
    Adam,
    AdamW,
    AMSGrad,
    GradientDescent,
    Lion,
    Momentum,
    Nesterov,
    Optimiser,
    RMSprop,
)
from micrograd_dl.optim.schedules import (
    Schedule,
    by_steps,
    cosine,
    exponential,
    inverse_time,
    one_cycle,
    staircase,
    warm_up,
)

__all__ = [
    "OPTIMISERS", "AMSGrad", "Adam", "AdamW", "GradientDescent", "Lion", "Momentum", "Nesterov", "Optimiser",
    "RMSprop", "Schedule", "by_steps", "clip_by_norm", "clip_by_value", "cosine", "exponential",
    "gradient_norm", "inverse_time", "one_cycle", "staircase", "warm_up", "weighted_averages",
]  # fmt: skip
