"""Each rule against a plain statement of it, on Values, arrays and one flat theta alike."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from micrograd_dl import nn, vectorized
from micrograd_dl.engine.value import Value
from micrograd_dl.nn.network import Parameter
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
from micrograd_dl.optim.schedules import by_steps, inverse_time

STEPS = 50


def average(xs: list[float], beta: float) -> float:
    v = 0.0
    for x in xs:
        v = beta * v + (1 - beta) * x
    return v


# Each gives the last change of one number w for all its gradients so far, as the course has the rule.
def descent(dw: list[float], alpha: float) -> float:
    return alpha * dw[-1]


def momentum(dw: list[float], alpha: float, beta: float) -> float:
    return alpha * average(dw, beta)


def nesterov(dw: list[float], alpha: float, beta: float) -> float:
    return alpha * (beta * average(dw, beta) + (1 - beta) * dw[-1])


def rmsprop(dw: list[float], alpha: float, beta2: float, eps: float) -> float:
    return alpha * dw[-1] / (math.sqrt(average([x * x for x in dw], beta2)) + eps)


def adam(dw: list[float], alpha: float, beta1: float, beta2: float, eps: float) -> float:
    v = average(dw, beta1) / (1 - beta1 ** len(dw))
    s = average([x * x for x in dw], beta2) / (1 - beta2 ** len(dw))
    return alpha * v / (math.sqrt(s) + eps)


def amsgrad(dw: list[float], alpha: float, beta1: float, beta2: float, eps: float) -> float:
    v = average(dw, beta1) / (1 - beta1 ** len(dw))
    largest = max(average([x * x for x in dw[:t]], beta2) for t in range(1, len(dw) + 1))
    return alpha * v / (math.sqrt(largest / (1 - beta2 ** len(dw))) + eps)


def lion(dw: list[float], alpha: float, beta1: float, beta2: float) -> float:
    return alpha * float(np.sign(beta1 * average(dw[:-1], beta2) + (1 - beta1) * dw[-1]))


RULES: list[tuple[type[Optimiser], dict[str, float], Callable[..., Any], tuple[float, ...]]] = [
    (GradientDescent, {"learning_rate": 0.2}, descent, (0.2,)),
    (GradientDescent, {}, descent, (0.1,)),
    (Momentum, {"learning_rate": 0.2, "beta": 0.8}, momentum, (0.2, 0.8)),
    (Momentum, {}, momentum, (0.1, 0.9)),
    (RMSprop, {"learning_rate": 0.05, "beta2": 0.9, "eps": 1e-3}, rmsprop, (0.05, 0.9, 1e-3)),
    (RMSprop, {}, rmsprop, (0.01, 0.99, 1e-8)),
    (Adam, {"learning_rate": 0.1, "beta1": 0.7, "beta2": 0.9, "eps": 1e-4}, adam, (0.1, 0.7, 0.9, 1e-4)),
    (Adam, {}, adam, (0.01, 0.9, 0.999, 1e-8)),
    (Nesterov, {"learning_rate": 0.2, "beta": 0.8}, nesterov, (0.2, 0.8)),
    (Nesterov, {}, nesterov, (0.1, 0.9)),
    (AdamW, {"weight_decay": 0.0}, adam, (0.01, 0.9, 0.999, 1e-8)),
    (AMSGrad, {"learning_rate": 0.1, "beta1": 0.7, "beta2": 0.9}, amsgrad, (0.1, 0.7, 0.9, 1e-8)),
    (AMSGrad, {}, amsgrad, (0.01, 0.9, 0.999, 1e-8)),
    (Lion, {"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.9}, lion, (0.01, 0.8, 0.9)),
    (Lion, {}, lion, (0.001, 0.9, 0.99)),
]
KINDS: list[Any] = list(OPTIMISERS.values())
START = [1.0, -2.0, 0.5, 3.0]


def gradient(w: float, i: int, t: int) -> float:
    """Of a bowl, with a part that changes from step to step; of the last number it is 0."""
    return 0.0 if i == 3 else (i + 1) * w + 0.1 * math.sin(t + i)


@pytest.mark.parametrize(("kind", "options", "rule", "constants"), RULES)
def test_a_rule(
    kind: Any, options: dict[str, float], rule: Callable[..., Any], constants: tuple[float, ...]
) -> None:
    plain, so_far = list(START), [list[float]() for _ in START]
    values = [Value(w) for w in START]
    theta = Parameter(np.array(START), np.zeros(4))
    halves = [Parameter(np.array([part]).T, np.zeros((2, 1))) for part in (START[:2], START[2:])]
    optimisers = [kind(parameters, **options) for parameters in (values, [theta], halves)]
    for t in range(STEPS):
        gradients = [gradient(w, i, t) for i, w in enumerate(plain)]
        for dws, dw in zip(so_far, gradients, strict=True):
            dws.append(dw)
        plain = [w - rule(dws, *constants) for w, dws in zip(plain, so_far, strict=True)]
        for value, dw in zip(values, gradients, strict=True):
            value.grad = dw
        theta.grad[...] = gradients
        halves[0].grad[:, 0], halves[1].grad[:, 0] = gradients[:2], gradients[2:]
        for optimiser in optimisers:
            optimiser.step()
        np.testing.assert_allclose(theta.data, plain, rtol=1e-13, atol=1e-14)
        assert [value.data for value in values] == theta.data.tolist()
        assert [*halves[0].data[:, 0], *halves[1].data[:, 0]] == theta.data.tolist()
    assert {optimiser.steps for optimiser in optimisers} == {STEPS}


def test_adam_corrects_its_bias_at_the_first_step() -> None:
    for dw in (1e-3, 1.0, 1e6, -5.0):
        w = Value(0.0)
        w.grad = dw
        Adam([w], 0.1).step()
        assert w.data == pytest.approx(-0.1 * math.copysign(1, dw), rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_arrays_are_changed_in_place_and_keep_their_type(kind: Any, dtype: Any) -> None:
    model = vectorized.MLP(2, [3, 1], ["tanh", "sigmoid"], dtype=dtype)
    arrays = [p.data for p in model.parameters()]
    before = [array.copy() for array in arrays]
    optimiser = kind(model.parameters())
    for _ in range(3):
        model.cost_and_grad([[1.0], [2.0]], [[1]])
        optimiser.step()
    assert [id(p.data) for p in model.parameters()] == [id(array) for array in arrays]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    assert all((x != y).any() for x, y in zip(arrays, before, strict=True))
    assert all(kept.dtype == dtype for state in optimiser.state.values() for kept in state)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_of_a_gradient_is_a_copy(kind: Any) -> None:
    """The gradient's array is written over by the next backward pass."""
    p, q = (Parameter(np.ones(2), np.ones(2)) for _ in range(2))
    one, other = kind([p]), kind([q])
    for dw in (1.0, 5.0, -1.0):
        p.grad[...], q.grad = dw, np.full(2, dw)
        one.step(), other.step()
        assert p.grad.tolist() == [dw, dw]
        p.grad[...] = np.nan
    assert p.data.tolist() == q.data.tolist()


@pytest.mark.parametrize("steps", [False, True])
def test_a_schedule_goes_by_the_epoch_or_by_the_steps_that_are_done(steps: bool) -> None:
    w, alpha = Value(1.0), inverse_time(0.5, 1.0)
    optimiser = GradientDescent([w], by_steps(alpha) if steps else alpha)
    alphas = []
    for epoch in range(4):
        optimiser.epoch = 0 if steps else epoch
        before, w.grad = w.data, 1.0
        optimiser.step()
        alphas.append(before - w.data)
    assert alphas == pytest.approx([0.5, 0.25, 0.5 / 3, 0.125])
    assert optimiser.hyperparameters() == {"learning_rate": 0.1 if steps else 0.125}


def stepped(kind: Any, data: list[float], grad: list[float], **options: Any) -> list[list[float]]:
    """Parameters after a step with alpha = 0.1: Values, and one array."""
    values = [Value(x) for x in data]
    for value, g in zip(values, grad, strict=True):
        value.grad = g
    array = Parameter(np.array(data), np.array(grad))
    which = options.pop("decays", None)
    kind(values, 0.1, **options, decays=which).step()
    kind([array], 0.1, **options, decays=None if which is None else [which]).step()
    assert [value.grad for value in values] == array.grad.tolist() == grad
    return [[value.data for value in values], array.data.tolist()]


@pytest.mark.parametrize(
    ("options", "used"),
    [
        ({"clip_value": 2.0}, [2.0, -2.0, 1.0]),
        ({"clip_norm": 13 / 26}, [3 / 26, -4 / 26, 12 / 26]),
        ({"clip_norm": 13.0}, [3.0, -4.0, 12.0]),
        ({"clip_value": 4.0, "clip_norm": 1.0}, [3 / 41**0.5, -4 / 41**0.5, 4 / 41**0.5]),
    ],
)
def test_clipped_gradients(options: dict[str, float], used: list[float]) -> None:
    grad = [3.0, -4.0, 1.0 if options == {"clip_value": 2.0} else 12.0]
    for found in stepped(GradientDescent, [0.0, 0.0, 0.0], grad, **options):
        assert found == pytest.approx([-0.1 * g for g in used], rel=1e-14)


def test_weights_decay_before_the_step_and_only_those_that_are_to() -> None:
    for kind in (GradientDescent, Nesterov, Lion):
        plain = stepped(kind, [2.0, -3.0], [0.5, 0.25])
        for decays, factors in ((None, (0.02, 0.02)), ([True, False], (0.02, 0.0))):
            found = stepped(kind, [2.0, -3.0], [0.5, 0.25], weight_decay=0.2, decays=decays)
            for with_decay, without in zip(found, plain, strict=True):
                assert with_decay == pytest.approx(
                    [without[0] - factors[0] * 2, without[1] + factors[1] * 3], rel=1e-14
                )


def test_amsgrad_does_not_forget_a_large_gradient() -> None:
    w, u = Value(0.0), Value(0.0)
    kept, forgets = AMSGrad([w], 0.1, beta2=0.5), Adam([u], 0.1, beta2=0.5)
    for dw in (10.0, *[1e-3] * 200):
        w.grad = u.grad = dw
        kept.step()
        forgets.step()
    assert u.data < -10
    assert w.data > -1


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (RMSprop, {"learning_rate": math.nan}, "the learning rate is a number above 0, not nan"),
        (Adam, {"learning_rate": lambda epoch: math.nan}, "of a schedule is a number from 0 up, not nan"),
        (Momentum, {"beta": 1}, "beta is from 0 to below 1, not 1.0"),
        (RMSprop, {"eps": 0}, "eps is a number above 0, not 0.0"),
        (Adam, {"clip_norm": 0}, "clip_norm is a number above 0, not 0.0"),
        (Momentum, {"clip_value": -1}, "clip_value is a number above 0, not -1.0"),
        (AdamW, {"weight_decay": -0.1}, "weight_decay is a number from 0 up, not -0.1"),
        (AdamW, {"decays": [np.ones(2)]}, r"decays\[0\] is True, False or an array of these like its"),
        (AdamW, {"decays": [True, True]}, "decays says of each parameter what decays: 1 of them, not 2"),
    ],
)
def test_options_are_refused(kind: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind([Value(1.0)], **options)


def test_what_are_no_parameters() -> None:
    no_value = "a parameter has data and grad, as a Value, not the "
    for parameters, message in (
        ([], r"no parameters to optimise: pass model.parameters\(\)"),
        (nn.MLP(2, [1]), r"the parameters, not the model: Adam\(model.parameters\(\)\)"),
        ([1.0], f"{no_value}float 1.0: make Values of numbers, or"),
        ([np.ones(2)], f"{no_value}ndarray"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            Adam(parameters)  # type: ignore[arg-type]  # they are none


def test_the_options_that_are_given_are_hyperparameters() -> None:
    found = GradientDescent([Value(1.0)], clip_norm=5, weight_decay=0.1).hyperparameters()
    assert found == {"learning_rate": 0.1, "clip_norm": 5.0, "weight_decay": 0.1}
    assert AdamW([Value(1.0)]).hyperparameters()["weight_decay"] == 0.01
    assert AdamW([Value(1.0)], weight_decay=0.5).hyperparameters()["weight_decay"] == 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_an_option_of_another_library_is_named_as_here(kind: Any) -> None:
    for name, advice in {
        "lr": "write learning_rate",
        "colour": "write one of those in its docstring",
    }.items():
        with pytest.raises(TypeError, match=rf"^{kind.__name__} has no option {name}: {advice}"):
            kind([Value(1.0)], **{name: 0.1})


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_side_by_side_go_the_way_of_each_alone(kind: Any) -> None:
    """To the bit, with a parameter that is an array among them."""
    values, array = [Value(x) for x in (1.0, -2.0, 0.5)], Parameter(np.array([3.0, -1.0]), np.zeros(2))
    alone = [Value(v.data) for v in values]
    together = kind([values[0], array, *values[1:]], 0.01, weight_decay=0.1)
    each = [kind([v], 0.01, weight_decay=0.1) for v in alone]
    for t in range(1, 20):
        for k, (v, w) in enumerate(zip(values, alone, strict=True)):
            v.grad = w.grad = math.sin(3.0 * t + k) * 10.0**k
        array.grad[...] = t
        for optimiser in (together, *each):
            optimiser.step()
    assert [v.data for v in values] == [w.data for w in alone]
    assert not np.isin(array.data, [3.0, -1.0]).any()
    together.zero_grad()
    assert not any(v.grad for v in values)
    assert not array.grad.any()


def test_a_gradient_that_is_none_is_no_number() -> None:
    w: Any = Value(1.0)
    w.grad = None
    with pytest.raises(TypeError, match="NoneType"):
        GradientDescent([w]).step()
    assert w.data == 1.0
