"""The gradient check of a model over theta, all its parameters in one vector (course, section 8)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import numpy as np

from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.numbers import to_seed
from micrograd_dl.gradcheck.numerical import EPS, EPSILON, NO_DIGITS, Curve, Judge, Sample, noise_in
from micrograd_dl.gradcheck.report import Check, NotJudged, Obstacle
from micrograd_dl.nn.model import Model, require_model
from micrograd_dl.nn.network import Network
from micrograd_dl.nn.parameter_vector import component_names, parameter_vector, restoring

_OPERATIONS = 16  # a cost is taken to be off by at least this many roundings of one operation
_RANDOM = (
    "the cost is another each time, as under dropout, so that its differences say nothing: "
    "check the model with that switched off"
)


def check_gradients(
    model: Model, X: Any, Y: Any, *, epsilon: float = EPSILON, most: int | None = None, seed: int = 0
) -> Check:
    """Compare a model's backprop with numerical derivatives of its cost, by every component of theta.

    The cost is the one that `cost_and_grad` returns, regularisation included. Where the course's step does
    not do, because of rounding or curvature, longer and shorter ones are tried. At a kink, where the slopes
    to both sides differ, a network's derivative is held against the slope on the side that its
    ``slope_at_kink`` takes; if that does not settle it, it is named and not judged.

    Args:
        model: anything with ``parameters()`` and ``cost_and_grad(X, Y)``. It is left as it was, its gradients
            too, whatever happens.
        X, Y: a few examples, as `cost_and_grad` takes them.
        epsilon: the step.
        most: check this many components, drawn at random, of a large model; by default all.
        seed: decides the draw.

    Raises:
        ValueError: the cost is another each time, as under dropout; the parameters are too short for such
            steps (float32); the cost is not finite; there are no parameters; or an option is wrong.
        TypeError: it is no such model.

    >>> from micrograd_dl.vectorized import MLP
    >>> model = MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, l2=0.5)
    >>> check_gradients(model, [[0.0, 1.0], [1.0, 1.0]], [[1, 0]]).verdict
    'backprop is right'
    """
    seed = to_seed(seed)
    _require_checkable(model)
    parameters = model.parameters()
    # Frozen, a network with batch normalisation leaves its running averages alone.
    with getattr(model, "frozen", nullcontext)(), restoring(parameters):
        costs = _Costs(model, X, Y)
        J = costs.here()
        exact = dict(zip(component_names(model), parameter_vector(parameters, "grad").tolist(), strict=True))
        if not math.isfinite(J):
            raise ValueError(f"the cost is {J}: there is no derivative to be checked")
        if costs.here() != J:
            raise ValueError(_RANDOM)
        judge, called = Judge(exact.values(), epsilon), list(exact)
        # A cost that is level here moves at a distance, unless it is computed from other numbers.
        if all(costs.on_a_way(step, 1) == [J] for step in (0.1, 10.0, -10.0)):
            flat = tuple(NotJudged(name, f"d{name}", exact[name], Obstacle.FLAT) for name in called)
            return Check(0.0, judge.epsilon, (), flat, len(called))
        places = dict(zip(called, ((p, k) for p in parameters for k in range(np.size(p.data))), strict=True))
        costs.noise = costs.measured_noise(seed)
        most = len(called) if most is None else most
        return judge.check(
            called, lambda name: _CostCurve(costs, name, *places[name], exact[name]), most, seed
        )


def _require_checkable(model: Model) -> None:
    require_model(model)
    if hasattr(model, "require_repeatable"):
        model.require_repeatable()
    if getattr(model, "stochastic", False):
        raise ValueError(_RANDOM)
    if not sum(np.size(p.data) for p in model.parameters()):
        raise ValueError("the model has no parameters: there is no derivative to be checked")
    for p in model.parameters():
        if isinstance(p.data, np.ndarray) and p.data.dtype != np.float64:
            raise ValueError(
                f"the parameters are {p.data.dtype}, in which steps of 1e-7 are lost: "
                "check a model of float64, to which copy_from copies the parameters"
            )


class _Costs:
    """The costs of a model, at its parameters and beside them; `noise` is how far rounding puts them off."""

    noise = 0.0

    def __init__(self, model: Model, X: Any, Y: Any) -> None:
        self.model, self.X, self.Y, self.parameters = model, X, Y, model.parameters()
        self.sizes = np.abs(parameter_vector(self.parameters))

    def here(self) -> float:
        """The cost; sets the gradients at these parameters."""
        J: Any = self.model.cost_and_grad(self.X, self.Y)
        return J.data if isinstance(J, Value) else float(J)

    def on_a_way(self, step: float, count: int, seed: int = 0) -> list[float]:
        """The costs at `count` points on a straight way from theta, on which all parameters change."""
        rng, costs = np.random.default_rng(seed), []
        moves = [
            step * rng.choice([-1, 1], np.shape(p.data)) * (0.1 + np.abs(p.data)) for p in self.parameters
        ]
        with restoring(self.parameters), suppress(ValueError, ArithmeticError):
            for _ in range(count):
                for p, move in zip(self.parameters, moves, strict=True):
                    p.data += move if isinstance(p.data, np.ndarray) else float(move)
                costs.append(self.here())
        return costs

    def measured_noise(self, seed: int) -> float:
        """What rounding is seen to do on a short way.

        Once a model is trained, that may be much more than the rounding of the cost itself.
        """
        # If there is a kink on one way, or an end, there is none on the way back.
        seen = min(noise_in(self.on_a_way(step, 12, seed)) for step in (1e-8, -1e-8))
        # Somewhere on the way to a cost there are numbers of the size of 1.
        return max(seen if math.isfinite(seen) else 0.0, _OPERATIONS * EPS)


class _CostCurve(Curve):
    """The cost of a model as a function of one component; nothing is known of what is on the way to it."""

    sees_kinks = False

    def __init__(self, costs: _Costs, name: str, parameter: Any, k: int, claimed: float) -> None:
        self.costs, self.parameter, self.k = costs, parameter, k
        super().__init__(name, f"d{name}", float(np.ravel(parameter.data)[k]), claimed)

    def groups(self) -> int:
        """Fewer than of a graph, as each takes the cost over all examples; none if it has no digits."""
        J, noise = self.result(self.x)
        return 5 if noise <= NO_DIGITS * max(abs(J), 1.0) else 0

    @contextmanager
    def _moved_to(self, x: float) -> Iterator[None]:
        with restoring([self.parameter]):  # also where a cost is refused at x
            if isinstance(self.parameter.data, np.ndarray):
                self.parameter.data.flat[self.k] = x
            else:
                self.parameter.data = x
            yield

    def sample(self, x: float) -> Sample:
        with self._moved_to(x):
            J = self.costs.here()
            slopes = parameter_vector(self.costs.parameters, "grad")
        # What the rounding of each parameter would do to the cost, by the gradient there.
        by_parameters = float(np.abs(slopes) @ self.costs.sizes)
        rounding = abs(J) + (by_parameters if math.isfinite(by_parameters) else 0.0)
        return [J], [self.costs.noise + _OPERATIONS * EPS * rounding]

    def side_taken(self) -> int:
        """The direction in which each z at a kink moves to the side that the network takes."""
        if not isinstance(self.costs.model, Network):
            return 0
        at_kink = self._inputs_of_relu(self.x) == 0
        taken = -1 if self.costs.model.slope_at_kink == "left" else 1
        for side in (1, -1):
            moved = taken * self._inputs_of_relu(self.x + side * 1e-3)[at_kink]
            if (moved >= 0).all() and moved.any():
                return side
        return 0

    def _inputs_of_relu(self, x: float) -> np.ndarray[Any, Any]:
        model: Any = self.costs.model
        with self._moved_to(x):
            numbers = model.record(self.costs.X, self.costs.Y)
            kinds = enumerate(model.activations, 1)
            relus = [l for l, g in kinds if g.name in ("relu", "leaky_relu")]
            found = [model.activation_input(numbers, l).ravel() for l in relus]
        return np.concatenate([np.empty(0), *found])
