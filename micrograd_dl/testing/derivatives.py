"""A derivative of one's own, held against numerical derivatives: of a function, and of a layer."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.numbers import from_zero, to_seed, to_whole
from micrograd_dl.foundation.text import plural
from micrograd_dl.gradcheck.numerical import (
    EPS,
    EPSILON,
    NO_DIGITS,
    Curve,
    Judge,
    Sample,
    central_difference,
    noise_in,
)
from micrograd_dl.gradcheck.report import GOOD, SUSPICIOUS, Component, NotJudged, Obstacle
from micrograd_dl.testing.arguments import (
    Array,
    alike,
    argument_names,
    as_array,
    by_argument,
    derivatives_by,
    is_leaf,
    is_tensor,
    leaves_of,
    name_of,
    precision,
    replaced,
)
from micrograd_dl.testing.mistakes import suspects

MOST = 200
_OPERATIONS = 16  # a result is taken to be off by this many roundings, at least
_MOST_SHOWN = 10
_LONGEST_POINT = 80
_LARGE_NOISE = 1_000  # in roundings of the result: perhaps it comes from a kink, or from another argument
_FIRST_STEP = 1e-4  # relative to the entry where that is above 1; does for most functions
_STREAM = 271828  # other numbers than a user draws with that seed: upstream = X would hide much
_LARGEST_GRAPH = 1_000
_RANDOM = "as under dropout: check it with that switched off, or with the same random numbers each time"


@dataclass(frozen=True)
class GradientCheck:
    """The outcome of a check, entry by entry; printing it says it in plain words.

    Attributes:
        name: of the gradient.
        call: the function and the point.
        components: the derivatives that were judged; the `symbol` of each is its argument and index.
        wrong: those of them that are wrong.
        not_judged: the others, each with the reason, such as a kink.
        notes: what was not checked.
        hints: what may be wrong.
    """

    name: str
    call: str
    components: Sequence[Component]
    wrong: Sequence[Component]
    not_judged: Sequence[NotJudged]
    notes: Sequence[str] = ()
    hints: Sequence[str] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; False if nothing could be judged."""
        return not self.wrong and bool(self.components)

    @property
    def unchecked(self) -> str:
        """What was not judged and why, a line each."""
        found = [f"{one.symbol} was not judged: {one.why}" for one in self.not_judged]
        return "\n".join([*_at_most(found), *self.notes])

    def __str__(self) -> str:
        count = plural(len(self.components), "derivative")
        if self.wrong:
            lines = [f"{self.name} is wrong by {len(self.wrong):,} of {count} of {self.call}:"]
            lines += [f"  {line}" for line in (*_at_most(map(_in_words, self.wrong)), *self.hints)]
        elif self.components:
            agree = "agrees" if len(self.components) == 1 else "agree"
            lines = [f"{self.name} is right: {count} of {self.call} {agree} with numerical ones"]
        else:
            lines = [f"{self.name} of {self.call} could not be judged"]
        return "\n".join([*lines, *([self.unchecked] if self.unchecked else [])])

    __repr__ = __str__


def check_gradient(
    f: Callable[..., Any],
    gradient: Callable[..., Any] | None,
    /,
    *args: Any,
    rtol: float = 1e-6,
    atol: float = 0.0,
    most: int = MOST,
    seed: int = 0,
    **kwargs: Any,
) -> GradientCheck:
    """Compare a gradient, written by hand or by another library, with numerical derivatives of `f`.

    A derivative is called wrong only where differences at several steps agree with each other and not with
    it; where rounding or a kink hides it, it is not judged.

    Args:
        f: a function of these arguments that returns a number: of Python, NumPy, PyTorch, JAX or Values.
        gradient: takes the same arguments. It returns a derivative for each argument that is made of floats,
            of the argument's shape: the derivative itself if there is one argument, else a tuple in order or
            a dict by name. None stands for a derivative that is not given. Instead of the function, None:
            the backward pass of `f` itself, as PyTorch's or JAX's; their tensors are the arguments then.
        args, kwargs: the point: numbers, arrays of floats, and lists, tuples and dicts of them. Others, such
            as text and arrays of int, are handed on as they are.
        rtol: the relative difference that is accepted.
        atol: the difference that is accepted beside it.
        most: of an argument with more entries, so many are drawn at random and checked one by one; the others
            are checked together, along a random direction.
        seed: decides the draw.

    Raises:
        TypeError: `f` does not return one real number, or there is nothing to differentiate by.
        ValueError: a derivative has another shape than its argument; or `f` or the gradient gives another
            result each time.

    >>> import numpy as np
    >>> A = np.array([[2.0, 1.0], [1.0, 3.0]])
    >>> check_gradient(lambda x: x @ A @ x, lambda x: 2 * A @ x, np.array([0.5, -1.0]))
    the gradient is right: 2 derivatives of f(x=[0.5, -1.0]) agree with numerical ones
    >>> print(check_gradient(lambda x: x @ A @ x, lambda x: A @ x, np.array([0.5, 1.0])))
    the gradient is wrong by 2 of 2 derivatives of f(x=[0.5, 1.0]):
      by x[0]: numerical 4, give or take ...e-12 (step 0.0131); yours is 2
      by x[1]: numerical 7, give or take ...e-12 (step 0.0131); yours is 3.5
      every derivative by x is 0.5 times what it should be
    """
    rng = np.random.default_rng([to_seed(seed), _STREAM])
    return _checked(_Function(f, gradient, args, kwargs), rtol, atol, most, rng)


def check_layer(
    forward: Callable[..., Any],
    backward: Callable[..., Any] | None,
    /,
    *args: Any,
    rtol: float = 1e-6,
    atol: float = 0.0,
    most: int = MOST,
    seed: int = 0,
    **kwargs: Any,
) -> GradientCheck:
    """Compare a layer's backward pass with numerical derivatives of its forward pass.

    The backward pass computes a vector-Jacobian product: from `upstream`, the derivatives of some number by
    the outputs, those by every input and parameter. It is checked with random ones, for which that number is
    ``sum(upstream * output)``.

    Args:
        forward: takes inputs and parameters, and returns the output; or a pair, ``output, cache``.
        backward: takes ``upstream, cache``; where `forward` gives no cache, ``upstream, *args``. It returns
            the derivatives as the gradient of `check_gradient` does. None: the backward pass of a tensor.
        args, kwargs, rtol, atol, most: as for `check_gradient`.
        seed: decides `upstream` and the draw.

    Raises:
        TypeError, ValueError: as for `check_gradient`.

    >>> import numpy as np
    >>> def forward(A, W, b):
    ...     return W @ A + b, (A, W)
    >>> def backward(dZ, cache):
    ...     A, W = cache
    ...     return W.T @ dZ, dZ @ A.T, dZ.sum(axis=1, keepdims=True)
    >>> rng = np.random.default_rng(0)
    >>> A, W, b = rng.normal(size=(3, 5)), rng.normal(size=(2, 3)), rng.normal(size=(2, 1))
    >>> check_layer(forward, backward, A, W, b)
    backward is right: 23 derivatives of forward(A, W, b) agree with numerical ones
    """
    rng = np.random.default_rng([to_seed(seed), _STREAM])
    return _checked(_Function(forward, backward, args, kwargs, rng), rtol, atol, most, rng)


def _checked(
    function: _Function, rtol: float, atol: float, most: int, rng: np.random.Generator
) -> GradientCheck:
    rtol, atol, most = from_zero(rtol, "rtol"), from_zero(atol, "atol"), to_whole(most, 1, "most")
    with np.errstate(all="ignore"):  # undefined beside the point is no fault
        claims = function.measure()
        judge = _Judge(function, np.concatenate([x.ravel() for x in claims if x is not None]), rtol, atol)
        found: list[Component | NotJudged] = []
        notes: list[str] = []
        for leaf, (name, claim) in enumerate(zip(function.names, claims, strict=True)):
            if claim is None:
                notes.append(f"no derivative by {name} is given")
                continue
            drawn = rng.permutation(claim.size)
            found += [judge.entry(leaf, claim, k) for k in sorted(drawn[:most].tolist())]
            if claim.size > most:
                notes.append(f"{most:,} of the {claim.size:,} entries of {name} were checked one by one")
                found.append(judge.rest(leaf, claim, drawn[most:], rng.choice([-1.0, 1.0], claim.size)))
        components = [one for one in found if isinstance(one, Component)]
        wrong = list(filter(judge.is_wrong, components))
        hints = [*_patterns(function, components, wrong)] or [*_operations(function, claims)] if wrong else []
    not_judged = [one for one in found if isinstance(one, NotJudged)]
    return GradientCheck(function.called, function.call, components, wrong, not_judged, notes, hints)


class _Function:
    """A user's function as one number, ``sum(upstream * output)``, of the entries of its arguments."""

    def __init__(
        self,
        f: Callable[..., Any],
        gradient: Callable[..., Any] | None,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        upstream: np.random.Generator | None = None,
    ) -> None:
        self.f, self.gradient, self.rng, self.keywords = f, gradient, upstream, list(kwargs)
        self.name = name_of(f)
        self.called = f"the backward pass of {self.name}"
        if gradient is not None:
            self.called = name_of(gradient, "the gradient" if upstream is None else "the backward pass")
        self.arguments = dict(zip(argument_names(f, len(args)), args, strict=True)) | dict(kwargs)
        found = [one for name, x in self.arguments.items() for one in leaves_of(x, name)]
        if not found:
            kinds = ", ".join(f"{name} is {_kind(x)}" for name, x in self.arguments.items())
            raise TypeError(
                f"{self.name} has no argument that is a number or an array of floats{kinds and ': '}{kinds}"
            )
        self.names, self.leaves = [name for name, _ in found], [x for _, x in found]
        self.arrays = [as_array(x).astype(float) for x in self.leaves]

    @property
    def call(self) -> str:
        """The function with its arguments, or where these are long, with their names."""
        if sum(x.size for x in self.arrays) <= _MOST_SHOWN:
            numbers = {name: as_array(x).tolist() if is_leaf(x) else x for name, x in self.arguments.items()}
            text = ", ".join(f"{name}={x!r}" for name, x in numbers.items())
            if len(text) <= _LONGEST_POINT and text.isprintable():
                return f"{self.name}({text})"
        return f"{self.name}({', '.join(self.arguments)})"

    def measure(self) -> list[Array | None]:
        """The derivatives that are claimed; sets how precise they and the function are."""
        output, *_ = self.output(self._alike(self.arrays))
        outputs = _outputs(output)
        shapes = [as_array(x).shape for x in outputs]
        if self.rng is None and sum(map(math.prod, shapes)) != 1:
            raise TypeError(
                f"{self.name} returns {_kind(output)}, not a number: sum it; "
                "or check its forward and backward pass by check_layer"
            )
        self.upstream: list[Any] = [
            np.ones(shape) if self.rng is None else self.rng.standard_normal(shape) for shape in shapes
        ]
        self.eps = max(map(precision, [*self.leaves, *outputs]))
        (value, self.size), (again, _) = self.value(self.arrays), self.value(self.arrays)
        if not np.array_equal(value, again, equal_nan=True):
            raise ValueError(f"{self.name} gives another result each time, {_RANDOM}")
        claims, second = self.claims(self.arrays), self.claims(self.arrays)
        given = [(x, y, at) for x, y, at in zip(claims, second, self.arrays, strict=True) if x is not None]
        if not given:
            raise ValueError(f"{self.called} gives no derivative")
        if not all(y is not None and np.array_equal(x, y, equal_nan=True) for x, y, _ in given):
            raise ValueError(f"{self.called} gives other derivatives each time, {_RANDOM}")
        rng = np.random.default_rng(0)
        signs = [
            np.zeros(x.shape) if claim is None else rng.choice([-1.0, 1.0], x.shape)
            for x, claim in zip(self.arrays, claims, strict=True)
        ]
        self.claims_noise = self._spread(claims, signs)
        # What the rounding of each entry would do to the result, by the derivatives.
        self.reach = sum(float(np.nansum(np.abs(x * at), where=np.isfinite(x * at))) for x, _, at in given)
        moves = [sign * (0.1 + np.abs(x)) for sign, x in zip(signs, self.arrays, strict=True)]
        self.noise, self.span = self.noise_on(moves)
        return claims

    def output(self, leaves: Sequence[Any]) -> tuple[Any, list[Any], dict[str, Any]]:
        """The output, and what else the gradient is called with: the cache of a layer, or the arguments."""
        args, kwargs = self._arguments(leaves)
        found = self.f(*args, **kwargs)
        if self.rng is not None and self.gradient and isinstance(found, tuple) and len(found) == 2:
            return found[0], [found[1]], {}
        return found, args, kwargs

    def value(self, arrays: Sequence[Array]) -> tuple[float, float]:
        """The number, and the size of what it is the sum of."""
        outputs = map(as_array, _outputs(self.output(self._alike(arrays))[0]))
        products = np.concatenate([(v * x).ravel() for v, x in zip(self.upstream, outputs, strict=True)])
        if not np.isfinite(products).all():
            return math.nan, math.inf
        return math.fsum(products), float(np.abs(products).sum())

    def claims(self, arrays: Sequence[Array]) -> list[Array | None]:
        """The derivatives that the gradient gives there, by each leaf."""
        leaves = self._alike(arrays)
        if self.gradient is None:
            return self._own(leaves)
        args, kwargs = self._arguments(leaves)
        if self.rng is not None:
            output, others, kwargs = self.output(leaves)
            outputs = zip(_outputs(output), self.upstream, strict=True)
            args = [replaced(output, iter([alike(x, v) for x, v in outputs])), *others]
        given = by_argument(self.gradient(*args, **kwargs), self.arguments, self.called)
        for name, x in self.arguments.items():
            if given.get(name) is not None and not any(leaves_of(x, name)):
                raise TypeError(f"{name} is {_kind(x)}, not of floats: its derivative is None")
        return [one for name, x in self.arguments.items() for one in derivatives_by(x, given.get(name), name)]

    def _own(self, leaves: Sequence[Any]) -> list[Array | None]:
        """The derivatives by the function's own backward pass, that of PyTorch or JAX."""
        ours = [i for i, x in enumerate(leaves) if is_tensor(x)]
        if not ours:
            raise TypeError(f"{self.called}: give its gradient, or tensors of PyTorch or JAX as arguments")

        def outputs(*tensors: Any) -> list[Any]:
            new = dict(zip(ours, tensors, strict=True))
            return _outputs(self.output([new.get(i, x) for i, x in enumerate(leaves)])[0])

        if hasattr(leaves[ours[0]], "detach"):
            tensors = [leaves[i].detach().requires_grad_() for i in ours]
            found = [(x, v) for x, v in zip(outputs(*tensors), self.upstream, strict=True) if x.requires_grad]
            derivatives = (
                sys.modules["torch"].autograd.grad(
                    [x for x, _ in found], tensors, [x.new_tensor(v) for x, v in found], allow_unused=True
                )
                if found
                else [None]
            )
        else:
            result, pull = sys.modules["jax"].vjp(outputs, *[leaves[i] for i in ours])
            derivatives = pull([alike(x, v) for x, v in zip(result, self.upstream, strict=True)])
        if all(x is None for x in derivatives):
            raise TypeError(f"{self.name} returns a tensor that has no backward pass to its arguments")
        claims: list[Array | None] = [None] * len(leaves)
        for i, derivative in zip(ours, derivatives, strict=True):  # None: by an argument that is not used
            claims[i] = np.zeros_like(self.arrays[i]) if derivative is None else as_array(derivative) + 0.0
        return claims

    def _alike(self, arrays: Sequence[Array]) -> list[Any]:
        return [alike(x, array) for x, array in zip(self.leaves, arrays, strict=True)]

    def _arguments(self, leaves: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        left = iter(leaves)
        new = {name: replaced(x, left) for name, x in self.arguments.items()}
        kwargs = {name: new.pop(name) for name in self.keywords}
        return list(new.values()), kwargs

    def _spread(self, claims: Sequence[Array | None], signs: Sequence[Array]) -> list[Array]:
        """How far rounding moves the derivatives that are claimed, seen at points a few digits off."""
        largest = max([float(np.abs(x[np.isfinite(x)]).max(initial=0.0)) for x in claims if x is not None])
        found = [np.full(x.shape, 4 * self.eps * largest) for x in self.arrays]
        for digits in (4 * self.eps, -4 * self.eps):
            moved = [x * (1 + digits * sign) for x, sign in zip(self.arrays, signs, strict=True)]
            with suppress(ValueError, ArithmeticError):
                for there, here, spread in zip(self.claims(moved), claims, found, strict=True):
                    if there is not None and here is not None:
                        apart = np.abs(there - here)
                        np.maximum(spread, apart, out=spread, where=np.isfinite(apart))
        return found

    def noise_on(self, moves: Sequence[Array]) -> tuple[float, float]:
        """What rounding is seen to do on short ways there and back, and the largest value."""
        largest = noise = 0.0
        for length in (1e-8, 1e-6, 1e-4):  # noise may come in steps that are longer than a way
            both = []
            for step in (length, -length):  # if there is a kink on the way, or an end, there is none back
                values: list[float] = []
                with suppress(ValueError, ArithmeticError):
                    for k in range(12):
                        at = [x + k * step * move for x, move in zip(self.arrays, moves, strict=True)]
                        values.append(self.value(at)[0])
                both.append(noise_in(values))
                largest = max(largest, *[abs(x) for x in values if math.isfinite(x)], 0.0)
            noise = max(noise, min(both) if math.isfinite(min(both)) else 0.0)
        return noise, largest


class _WayCurve(Curve):
    """The function along a direction in one leaf, on which the point is `x`; kinks on the way are unknown."""

    sees_kinks = False

    def __init__(
        self, function: _Function, leaf: Any, symbol: str, x: float, direction: Array, claim: Array
    ) -> None:
        self.function, self.index, self.direction = function, leaf[0], direction
        chosen = direction != 0
        super().__init__(leaf, symbol, x, float(np.sum(direction[chosen] * claim[chosen])))

    def sample(self, x: float) -> Sample:
        value, size = self.function.value(self._arrays(x))
        rounding = _OPERATIONS * self.function.eps * (size + self.function.reach)
        return [value], [self._noise + rounding]

    def _arrays(self, x: float) -> list[Array]:
        arrays = list(self.function.arrays)
        arrays[self.index] = arrays[self.index] + (x - self.x) * self.direction
        return arrays

    @cached_property
    def _noise(self) -> float:
        """What rounding does to the function; if it seems large, as measured along this way alone."""
        function = self.function
        if function.noise <= _LARGE_NOISE * EPS * function.span:
            return function.noise
        moves = [np.zeros(x.shape) for x in function.arrays]
        moves[self.index] = self.direction * max(0.1, abs(self.x))
        return min(function.noise, function.noise_on(moves)[0])

    def groups(self) -> int:
        """Fewer than of a graph, as each takes the whole function; none if that has no digits."""
        if self._noise > NO_DIGITS * self.function.span:
            return 0
        return 5 if self.function.eps <= EPS else 3

    def claimed_noise(self) -> float:
        """As far as points a few digits off show it."""
        return float(np.sum(np.abs(self.direction) * self.function.claims_noise[self.index]))


class _Judge(Judge):
    """Judges entries of arrays, each by itself or many together."""

    def __init__(self, function: _Function, claims: Array, rtol: float, atol: float) -> None:
        super().__init__(claims.tolist(), EPSILON, function.size)
        self.function, self.rtol, self.atol, self.least = function, rtol, atol, SUSPICIOUS * self.size

    def judged(self, curve: Curve) -> Component | NotJudged:
        """By one difference, which suffices for most, or by several."""
        quick = central_difference(curve, _FIRST_STEP * max(1.0, math.fabs(curve.x)))
        if isinstance(quick, Component) and (quick.is_right or quick.numerical == quick.analytic == 0.0):
            return quick
        first = self.first_look(curve)
        if isinstance(first, Obstacle) and not curve.groups():
            return curve.not_judged(first)
        # What is next to nothing beside the gradient is still measured by its own size.
        self.negligible = GOOD * min(self.least, math.fabs(curve.claimed) or math.inf)
        return self.second_look(curve, first)

    def is_wrong(self, one: Component | NotJudged) -> bool:
        """Whether the two numbers differ by more than what is uncertain and what is accepted."""
        if isinstance(one, NotJudged) or one.is_near:
            return False
        return not math.isclose(one.nearest, one.analytic, rel_tol=self.rtol, abs_tol=self.atol)

    def entry(self, leaf: int, claim: Array, k: int) -> Component | NotJudged:
        """The derivative by one entry."""
        direction = np.zeros(claim.shape)
        direction.flat[k] = 1.0
        place = ", ".join(map(str, np.unravel_index(k, claim.shape)))
        symbol = self.function.names[leaf] + (f"[{place}]" if claim.shape else "")
        x = float(self.function.arrays[leaf].flat[k])
        return self.judged(_WayCurve(self.function, (leaf, k), symbol, x, direction, claim))

    def rest(self, leaf: int, claim: Array, entries: Array, signs: Array) -> Component | NotJudged:
        """Many entries together, along a direction; or one that is wrong, found by halving."""

        def together(chosen: Array) -> Component | NotJudged:
            direction = np.zeros(claim.shape)
            direction.flat[chosen] = signs[chosen]
            symbol = f"{len(chosen):,} entries of {self.function.names[leaf]} together"
            return self.judged(_WayCurve(self.function, (leaf, None), symbol, 0.0, direction, claim))

        found = together(entries)
        if not self.is_wrong(found):
            return found
        while len(entries) > 1:
            half = entries[: len(entries) // 2]
            entries = half if self.is_wrong(together(half)) else entries[len(half) :]
        one = self.entry(leaf, claim, int(entries[0]))
        return one if self.is_wrong(one) else found


def own_derivatives(f: Callable[..., Any], tensors: Sequence[Any]) -> list[float] | None:
    """The derivatives of a function by its own backward pass; None if that does not reach the tensors."""
    with suppress(TypeError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as of a tensor that is taken for a number
        return [float(x) for x in _Function(f, None, tensors, {}).measure() if x is not None]
    return None


def _outputs(output: Any) -> list[Any]:
    """The numbers, arrays and Values in an output."""
    if isinstance(output, (Mapping, list, tuple)):
        return [x for e in (output.values() if isinstance(output, Mapping) else output) for x in _outputs(e)]
    return [output] if isinstance(output, Value) or is_leaf(output) else []


# What may be wrong


def _patterns(
    function: _Function, components: Sequence[Component], wrong: Sequence[Component]
) -> Iterator[str]:
    """Of each argument: whether its derivatives are all so many times too large, or transposed."""
    for leaf, (name, array) in enumerate(zip(function.names, function.arrays, strict=True)):
        found = [x for x in components if x.leaf[0] == leaf and x.leaf[1] is not None]
        if len(found) < 2 or not any(x.leaf[0] == leaf for x in wrong):
            continue
        yours, right = np.full((2, *array.shape), math.nan)
        for x in found:
            yours.flat[x.leaf[1]], right.flat[x.leaf[1]] = x.analytic, x.numerical
        uncertainty = max(x.uncertainty for x in found)
        ratios = (yours / right)[np.abs(right) > uncertainty]
        if ratios.size and ratios[0] and np.allclose(ratios, ratios[0], 1e-4, 0.0):
            if abs(ratios[0] - 1) > 1e-4:
                yield f"every derivative by {name} is {ratios[0]:.4g} times what it should be"
        elif (
            array.ndim == 2
            and array.shape == array.shape[::-1]
            and np.allclose(yours.T, right, 1e-4, uncertainty)
        ):
            yield f"the derivative by {name} is transposed"


def _operations(function: _Function, claims: Sequence[Array | None]) -> Iterator[str]:
    """Where the function can run on Values: the operation whose wrong rule gives these derivatives."""
    values = [np.vectorize(Value, otypes=[object])(x) for x in function.arrays]
    try:
        output, *_ = function.output([x if x.shape else x.item() for x in values])
        upstream = np.concatenate([np.ravel(v) for v in function.upstream])
        results = np.ravel(np.array(output, dtype=object))
        [root] = (
            results
            if function.rng is None
            else [sum(v * x for v, x in zip(upstream.tolist(), results, strict=True))]
        )
        order = topological_order(root)
    except Exception:  # noqa: BLE001 - a function that was not written for Values
        return
    if len(order) > _LARGEST_GRAPH:
        return
    by_leaf = [(x, claim) for x, claim in zip(values, claims, strict=True) if claim is not None]
    got = {v: float(d) for x, claim in by_leaf for v, d in zip(x.flat, claim.flat, strict=True)}
    largest = max(map(abs, got.values()))

    def agree(expected: Mapping[Value, float], got: Mapping[Value, float]) -> bool:
        return all(
            math.isclose(expected[v], d, rel_tol=1e-6, abs_tol=1e-12 * largest) for v, d in got.items()
        )

    for suspect in suspects(root):
        if suspect.operation and suspect.explains(root, got, agree):
            yield f"the same numbers come from this mistake: {suspect.hint}"
            return


def _in_words(one: Component) -> str:
    numerical = f"numerical {one.numerical:.10g}, give or take {one.uncertainty:.0e} (step {one.step:.3g})"
    return f"by {one.symbol}: {numerical}; yours is {one.analytic:.10g}"


def _kind(x: Any) -> str:
    shape = getattr(x, "shape", None)
    text = f"a {type(x).__name__}" + (f" of shape {tuple(shape)}" if shape is not None else "")
    return text + (f" of {x.dtype}" if hasattr(x, "dtype") else "")


def _at_most(lines: Iterable[str]) -> list[str]:
    first, left = (found := list(lines))[:_MOST_SHOWN], len(found) - _MOST_SHOWN
    return [*first, f"... and {left:,} more"] if left > 0 else first
