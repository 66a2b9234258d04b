"""The gradient check of the course over theta, all parameters of a model in one vector (section 8).

>>> from micrograd_dl.vectorized import MLP
>>> model = MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, l2=0.5)
>>> check_gradients(model, [[0.0, 1.0], [1.0, 1.0]], [[1, 0]]).verdict
'backprop is right'
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import nullcontext, suppress
from typing import Any

import numpy as np

from micrograd_dl.gradcheck.differences import EPS, GOOD, KINK, NO_DIGITS, UNDEFINED, Line, Sample, steps
from micrograd_dl.gradcheck.verdict import EPSILON, Check, Component, Judge, NotJudged, judged, to_step
from micrograd_dl.nn.parameters import (
    Model,
    component_names,
    parameter_vector,
    require_model,
    restoring,
)
from micrograd_dl.output.numbers import to_seed, to_whole

_GROUPS = 5  # of steps that are tried for a component, besides the course's
_OPERATIONS = 16  # a cost is taken to be off by at least so many times the rounding of one operation


def check_gradients(
    model: Model,
    X: Any,
    Y: Any,
    *,
    epsilon: float = EPSILON,
    most: int | None = None,
    seed: int = 0,
) -> Check:
    """Compare a model's backprop with numerical derivatives of its cost, by every component of theta.

    The cost is the one that `cost_and_grad` returns, regularisation included. Where the course's step does
    not do, because rounding or curvature is in the way, longer and shorter ones are tried. What lies on a
    kink, where the slopes to both sides differ, is named and not judged. For debugging, never in training.

    Args:
        model: anything with ``parameters()`` and ``cost_and_grad(X, Y)``. It is left as it was, its gradients
            too, whatever happens.
        X, Y: a few examples, as `cost_and_grad` takes them.
        epsilon: the step.
        most: of a large model, check so many components, drawn at random; by default all.
        seed: of that.

    Returns:
        The outcome, which prints as a verdict and the worst components, called as in ``dW[2][0, 3]``.

    Raises:
        ValueError: the cost is another each time, as under dropout; the parameters are too short for such
            steps (float32); the cost is not finite; or an option is wrong.
        TypeError: it is no such model.
    """
    epsilon = to_step(epsilon)
    seed = to_seed(seed)
    _require_that_it_can_be_checked(model)
    called = component_names(model)
    # Frozen, a network with batch normalisation leaves its running averages alone.
    with getattr(model, "frozen", nullcontext)(), restoring(model.parameters()):
        J = model.cost_and_grad(X, Y)
        exact = parameter_vector(model.parameters(), "grad").tolist()
        if not math.isfinite(J):
            raise ValueError(f"the cost is {J}: there is no derivative to be checked")
        if model.cost_and_grad(X, Y) != J:
            raise ValueError(_RANDOM)
        judge = _ModelJudge(model, X, Y, float(J), called, exact)
        judge.noise = _noise(model, X, Y, seed)
        return judged(judge, _drawn(called, most, seed), epsilon, _Names())


_RANDOM = (
    "the cost is another each time, as under dropout, so that its differences say nothing: "
    "check the model with that switched off"
)


def _require_that_it_can_be_checked(model: Model) -> None:
    require_model(model)
    if hasattr(model, "require_repeatable"):
        model.require_repeatable()
    if getattr(model, "stochastic", False):
        raise ValueError(_RANDOM)
    for p in model.parameters():
        if isinstance(p.data, np.ndarray) and p.data.dtype != np.float64:
            raise ValueError(
                f"the parameters are {p.data.dtype}, in which steps of 1e-7 are lost: "
                "check a model of float64, to which copy_from copies the parameters"
            )


def _drawn(called: Sequence[str], most: Any, seed: int) -> Sequence[str]:
    if most is None:
        return called
    places = np.random.default_rng(seed).permutation(len(called))[: to_whole(most, 1, "most")]
    return [called[place] for place in sorted(places.tolist())]


def _noise(model: Model, X: Any, Y: Any, seed: int) -> float:
    """How far a cost is off by rounding, as seen along a short way from theta.

    The third differences of a smooth function vanish there; what they are is rounding. It may be much more
    than that of the cost itself, which is what is left of larger numbers where a model has been trained.
    """
    parameters, rng = model.parameters(), np.random.default_rng(seed)
    ways = [rng.choice([-1e-8, 1e-8], np.shape(p.data)) * (0.1 + np.abs(p.data)) for p in parameters]
    seen = []
    for sign in (1, -1):  # if there is a kink on one way, or an end, there is none on the way back
        costs = []
        with restoring(parameters), suppress(ValueError, ArithmeticError):
            for _ in range(12):
                for p, way in zip(parameters, ways, strict=True):
                    p.data += sign * (way if isinstance(p.data, np.ndarray) else float(way))
                costs.append(model.cost_and_grad(X, Y))
        if np.isfinite(costs).all() and len(costs) > 3:
            seen.append(float(np.abs(np.diff(costs, 3)).max()))
    # Somewhere on the way to a cost there are numbers of the size of 1.
    return max(min(seen, default=0.0), _OPERATIONS * EPS)


class _Names:
    """``W[2][0, 3]``, and the derivative by it as the course writes it: ``dW[2][0, 3]``."""

    def name(self, leaf: str, /) -> str:
        return leaf

    def total(self, leaf: str, /) -> str:
        return f"d{leaf}"


class _ModelJudge(Judge):
    """Of one model at one theta: changes a component, asks for the cost, and changes it back."""

    def __init__(
        self, model: Model, X: Any, Y: Any, J: float, called: Sequence[str], exact: Sequence[float]
    ) -> None:
        super().__init__(dict(zip(called, exact, strict=True)))
        self.model, self.X, self.Y, self.J = model, X, Y, J
        self.noise = 0.0
        self.sizes = np.abs(parameter_vector(model.parameters()))
        places = [(p, k) for p in model.parameters() for k in range(np.size(p.data))]
        self.places = dict(zip(called, places, strict=True))

    def cost(self, leaf: str, x: float) -> tuple[float, float]:
        """J with x in that component's place, and how far it may be off by rounding."""
        before = self.number(leaf)
        self._put(leaf, x)
        try:
            J = float(self.model.cost_and_grad(self.X, self.Y))
            # What the rounding of each parameter would do to it, by the gradient there.
            slopes = parameter_vector(self.model.parameters(), "grad")
        finally:  # a cost that is refused there must not leave the component where it is refused
            self._put(leaf, before)
        by_parameters = float(np.abs(slopes) @ self.sizes)
        return J, _OPERATIONS * EPS * (abs(J) + (by_parameters if math.isfinite(by_parameters) else 0.0))

    def _put(self, leaf: str, x: float) -> None:
        parameter, k = self.places[leaf]
        if isinstance(parameter.data, np.ndarray):
            parameter.data.flat[k] = x
        else:
            parameter.data = x

    def number(self, leaf: str) -> float:
        """What stands in that component's place."""
        parameter, k = self.places[leaf]
        return float(parameter.data.flat[k] if isinstance(parameter.data, np.ndarray) else parameter.data)

    def attempt(self, leaf: str, step: float) -> Component | str:
        """See `Judge.attempt`."""
        try:
            found = self.component(leaf, step)
            if found is None:
                return UNDEFINED
            component, gap = found
            if component.apart <= GOOD * self.size + component.doubt:
                return component
            half = self.component(leaf, step / 2)
        except (ValueError, ArithmeticError):
            return UNDEFINED
        # Towards a kink at the point itself the slopes to both sides stay apart; of a smooth function they
        # come together, and halving the step halves what is between them.
        if half and gap > max(16 * component.doubt, 0.01 * component.apart) and half[1] > 0.75 * gap:
            return KINK
        return component

    def component(self, leaf: str, step: float) -> tuple[Component, float] | None:
        """The central difference, and how far the slopes to both sides are apart; None if not finite."""
        x = self.number(leaf)
        up, down = x + step, x - step
        if up == x or down == x:
            return None
        (high, above), (low, below) = self.cost(leaf, up), self.cost(leaf, down)
        if not math.isfinite(high - low):
            return None
        doubt = (self.noise + max(above, below)) / (up - down)
        gap = abs((high - self.J) / (up - x) - (self.J - low) / (x - down))
        return Component(leaf, (high - low) / (up - down), self.exact[leaf], step, doubt), gap

    def best(self, first: Component | str, leaf: str, epsilon: float) -> Component | NotJudged:
        """See `Judge.best`; a kink at the point itself is there with any step."""
        if first == KINK:
            return NotJudged(leaf, self.exact[leaf], KINK)
        return super().best(first, leaf, epsilon)

    def line(self, leaf: str) -> Line:
        """See `Judge.line`."""
        return _CostLine(self, leaf)

    def other_steps(self, leaf: str, epsilon: float) -> Iterable[float]:
        """See `Judge.other_steps`: fewer than of a graph, as each takes the cost over all examples."""
        x = self.number(leaf)
        J, rounding = self.cost(leaf, x)
        if self.noise + rounding > NO_DIGITS * max(abs(J), 1.0):
            return ()  # rounding alone could make anything of the cost, as of the sine of 1e17
        return steps(x, epsilon, _GROUPS)


class _CostLine(Line):
    """The cost of a model as a function of one component; of what is on the way to it nothing is known."""

    def __init__(self, judge: _ModelJudge, leaf: str) -> None:
        super().__init__(judge.number(leaf))
        self.judge, self.leaf = judge, leaf

    def sample(self, x: float) -> Sample:
        """See `Line.sample`."""
        J, rounding = self.judge.cost(self.leaf, x)
        return Sample([J], [self.judge.noise + rounding])
