"""Optimisers, schedules and clipping against PyTorch: 1,000 steps, to 1e-10 where the definitions agree."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from micrograd_dl.engine.value import Value
from micrograd_dl.nn.network import Parameter
from micrograd_dl.optim.clipping import clip_by_norm, clip_by_value
from micrograd_dl.optim.optimisers import (
    Adam,
    AdamW,
    AMSGrad,
    GradientDescent,
    Momentum,
    Nesterov,
    Optimiser,
    RMSprop,
)
from micrograd_dl.optim.schedules import (
    by_steps,
    cosine,
    exponential,
    inverse_time,
    one_cycle,
    staircase,
    warm_up,
)

torch = pytest.importorskip("torch", reason="compared with PyTorch, in the extra torch")
optim, scheduler = torch.optim, torch.optim.lr_scheduler

STEPS = 1000
START = np.array([1.0, -2.0, 0.5, 3.0, -0.1])


def gradient(w: Any, t: int) -> Any:
    """Of a bowl that is steep one way and flat the other, with a part that changes from step to step."""
    return np.array([10.0, 1.0, 0.1, 3.0, 0.0]) * w + 0.3 * np.sin(0.7 * t + np.arange(5.0))


CASES: dict[str, tuple[Any, Any, Any, Any]] = {
    "descent": (GradientDescent, (0.05,), optim.SGD, {"lr": 0.05}),
    "momentum": (Momentum, (0.05 / (1 - 0.9), 0.9), optim.SGD, {"lr": 0.05, "momentum": 0.9}),
    "nesterov": (Nesterov, (0.25, 0.8), optim.SGD, {"lr": 0.05, "momentum": 0.8, "nesterov": True}),
    "rmsprop": (RMSprop, (0.01, 0.9, 1e-6), optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": 1e-6}),
    "adam": (Adam, (0.01, 0.8, 0.99, 1e-6), optim.Adam, {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-6}),
    "adam by default": (Adam, (), optim.Adam, {"lr": 0.01}),
    "adamw": (AdamW, (0.02,), optim.AdamW, {"lr": 0.02}),
    "decay": (
        partial(GradientDescent, weight_decay=0.3),
        (0.01,),
        optim.SGD,
        {"lr": 0.01, "weight_decay": 0.3},
    ),
    "adamw's decay": (
        partial(AdamW, weight_decay=0.3),
        (0.02,),
        optim.AdamW,
        {"lr": 0.02, "weight_decay": 0.3},
    ),
    "amsgrad": (AMSGrad, (0.01, 0.8, 0.9), optim.Adam, {"lr": 0.01, "betas": (0.8, 0.9), "amsgrad": True}),
}


def paths(ours: Any, theirs: Any, schedule: Any = None) -> tuple[Any, Any]:
    """Where both are after each step: theirs, and ours as an array."""
    theta = Parameter(START.copy(), np.zeros(5))
    values = [Value(w) for w in START.tolist()]
    tensor = torch.tensor(START.copy(), requires_grad=True)
    here: list[Optimiser] = [ours([theta]), ours(values)]
    there = theirs([tensor])
    clock = schedule(there) if schedule else None
    found = np.empty((2, STEPS, 5))
    for t in range(STEPS):
        theta.grad = gradient(theta.data, t)
        for value, g in zip(values, theta.grad.tolist(), strict=True):
            value.grad = g
        tensor.grad = torch.tensor(gradient(tensor.detach().numpy(), t))
        for optimiser in (*here, there):
            optimiser.step()
        if clock:
            clock.step()
        found[0, t], found[1, t] = theta.data, tensor.detach().numpy()
    assert [value.data for value in values] == theta.data.tolist()
    return found[0], found[1]


@pytest.mark.parametrize("name", CASES)
def test_the_same_path_as_pytorchs(name: str) -> None:
    kind, numbers, torchs, options = CASES[name]
    ours, theirs = paths(lambda p: kind(p, *numbers), lambda p: torchs(p, **options))
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


def test_without_its_factor_the_courses_momentum_is_another() -> None:
    ours, theirs = paths(lambda p: Momentum(p, 0.05), lambda p: optim.SGD(p, lr=0.05, momentum=0.9))
    assert np.abs(ours - theirs).max() > 0.1


def warmed(optimiser: Any) -> Any:
    up = scheduler.LinearLR(optimiser, start_factor=1 / 50, total_iters=49)
    down = scheduler.CosineAnnealingLR(optimiser, 950)
    return scheduler.SequentialLR(optimiser, [up, down], [50])


SCHEDULES: dict[str, tuple[Any, Any]] = {
    "staircase": (staircase(0.05, 100, 0.7), lambda o: scheduler.StepLR(o, 100, 0.7)),
    "exponential": (exponential(0.05, 0.999), lambda o: scheduler.ExponentialLR(o, 0.999)),
    "inverse time": (inverse_time(0.05, 0.01), lambda o: scheduler.LambdaLR(o, lambda t: 1 / (1 + 0.01 * t))),
    "cosine": (cosine(0.05, STEPS, 0.001), lambda o: scheduler.CosineAnnealingLR(o, STEPS, 0.001)),
    "warm-up, then cosine": (warm_up(50, cosine(0.05, 950)), warmed),
    "one cycle": (
        one_cycle(0.05, STEPS + 1),
        lambda o: scheduler.OneCycleLR(o, 0.05, total_steps=STEPS + 1, cycle_momentum=False),
    ),
    "one cycle of its own": (
        one_cycle(0.05, STEPS + 1, rise=0.45, start=0.1, end=0.01),
        lambda o: scheduler.OneCycleLR(
            o,
            0.05,
            total_steps=STEPS + 1,
            pct_start=0.45,
            div_factor=10,
            final_div_factor=100,
            cycle_momentum=False,
        ),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("kind", ["descent", "adam"])
@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step:UserWarning")  # by SequentialLR
def test_schedules_are_pytorchs(name: str, kind: str) -> None:
    ours, theirs = SCHEDULES[name]
    Ours, Theirs = (GradientDescent, optim.SGD) if kind == "descent" else (Adam, optim.Adam)
    here, there = paths(lambda p: Ours(p, by_steps(ours)), lambda p: Theirs(p, lr=0.05), theirs)
    np.testing.assert_allclose(here, there, rtol=1e-10, atol=1e-10)


def test_clipped_gradients_are_pytorchs() -> None:
    rng = np.random.default_rng(0)
    clips = torch.nn.utils.clip_grad_norm_, torch.nn.utils.clip_grad_value_
    for most in np.geomspace(0.5, 100, 100).tolist():
        grads = [rng.standard_normal(shape) for shape in ((2, 3), (4,))]
        for theirs, ours in zip(clips, (clip_by_norm(grads, most), clip_by_value(grads, most)), strict=True):
            tensors = [torch.zeros(g.shape, dtype=torch.float64) for g in grads]
            for tensor, g in zip(tensors, grads, strict=True):
                tensor.grad = torch.tensor(g)
            theirs(tensors, most)
            for tensor, clipped in zip(tensors, ours, strict=True):
                np.testing.assert_allclose(tensor.grad, clipped, rtol=1e-5)  # 1e-6 is added to the norm there
