"""The arguments of a user's function: the numbers and arrays of floats in them, called leaves."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from micrograd_dl.engine.value import Value
from micrograd_dl.gradcheck.numerical import EPS

Array: TypeAlias = np.ndarray[Any, Any]


def name_of(f: Callable[..., Any], otherwise: str = "f") -> str:
    """What a function is called."""
    return str(getattr(f, "__name__", type(f).__name__)).replace("<lambda>", otherwise)


def argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """The names of the first `count` positional arguments; numbered where they have none of their own."""
    names: list[str] = []
    with suppress(TypeError, ValueError):  # some functions written in C have no signature
        for parameter in inspect.signature(f).parameters.values():
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                names.append(parameter.name)
            elif parameter.kind is parameter.VAR_POSITIONAL:
                names += [f"{parameter.name}{i}" for i in range(1, count - len(names) + 1)]
    return (names + [f"x{i}" for i in range(len(names) + 1, count + 1)])[:count]


def is_leaf(x: Any) -> bool:
    """Whether it is a number, or an array or tensor of floats."""
    if isinstance(x, Real):
        return not isinstance(x, bool)
    if hasattr(x, "is_floating_point"):
        return bool(x.is_floating_point())
    return hasattr(x, "dtype") and hasattr(x, "shape") and np.issubdtype(x.dtype, np.floating)


def is_tensor(x: Any) -> bool:
    """Whether it is a tensor of PyTorch or an array of JAX."""
    return hasattr(x, "dtype") and hasattr(x, "shape") and not isinstance(x, (np.ndarray, np.generic))


def leaves_of(x: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The leaves of an argument, or of lists, tuples and dicts of them, by name."""
    if is_leaf(x):
        yield name, x
    elif isinstance(x, (Mapping, list, tuple)):
        for key, element in x.items() if isinstance(x, Mapping) else enumerate(x):
            yield from leaves_of(element, f"{name}[{key!r}]")


def replaced(x: Any, leaves: Iterator[Any]) -> Any:
    """The same with these in place of its leaves."""
    if is_leaf(x):
        return next(leaves)
    if isinstance(x, Mapping):
        return {key: replaced(element, leaves) for key, element in x.items()}
    if isinstance(x, (list, tuple)):
        elements = [replaced(element, leaves) for element in x]
        return type(x)(*elements) if hasattr(x, "_fields") else type(x)(elements)
    return x


def derivatives_by(x: Any, given: Any, name: str) -> Iterator[Array | None]:
    """The derivatives by the leaves of an argument: each None or of its leaf's shape, else ValueError.

    TypeError for complex ones.
    """
    if is_leaf(x):
        if np.iscomplexobj(given):
            raise TypeError(f"the derivative by {name} is complex: give that of a real function")
        found, shape = None if given is None else as_array(given).astype(float), as_array(x).shape
        if found is not None and found.shape != shape and not found.size == 1 == math.prod(shape):
            turned = ": is it transposed?" if found.shape == shape[::-1] else ""
            raise ValueError(
                f"the derivative by {name} has the shape {found.shape}, and {name} has {shape}{turned}"
            )
        yield found if found is None else found.reshape(shape)
    elif isinstance(x, (list, tuple)) and given is not None and len(given) != len(x):
        raise ValueError(f"the derivative by {name} has {len(given)} elements, and {name} has {len(x)}")
    elif isinstance(x, (Mapping, list, tuple)):
        for key, element in x.items() if isinstance(x, Mapping) else enumerate(x):
            if isinstance(given, Mapping):
                part = given.get(key, given.get(f"d{key}"))
            else:
                part = None if given is None else given[key]
            yield from derivatives_by(element, part, f"{name}[{key!r}]")


def by_argument(given: Any, arguments: Mapping[str, Any], gradient: str) -> dict[str, Any]:
    """What a gradient has returned, by the names of the arguments; ValueError if it does not fit them."""
    wanted = [name for name, x in arguments.items() if any(leaves_of(x, name))]
    if isinstance(given, Mapping):
        named = {key.removeprefix("d") if key not in arguments else key: x for key, x in given.items()}
        if named.keys() <= arguments.keys():
            return named
    is_many = isinstance(given, (tuple, list))
    if len(wanted) == 1 and not (is_many and len(given) == len(arguments) > 1):
        alone = is_many and len(given) == 1 and not isinstance(arguments[wanted[0]], (tuple, list))
        return {wanted[0]: given[0] if alone else given}
    for names in (list(arguments), wanted) if is_many or np.ndim(given) else ():
        if len(given) == len(names):
            return dict(zip(names, given, strict=True))
    count = f"{len(given)} derivatives" if is_many else f"a {type(given).__name__}"
    raise ValueError(
        f"{gradient} gives {count}; wanted is a tuple of {len(wanted)}, for {', '.join(wanted)}, or a dict "
        "by these names, with None for what is not to be checked"
    )


def as_array(x: Any) -> Array:
    """A number, array, tensor or Value as an array."""
    if isinstance(x, Value):
        return np.asarray(x.data)
    return np.asarray(x.detach().cpu().numpy() if hasattr(x, "detach") else x)


def alike(x: Any, array: Any) -> Any:
    """An array of doubles as what `x` is: a number, or an array or tensor of its library and precision."""
    if isinstance(x, np.ndarray):
        return array.astype(x.dtype)
    if not hasattr(x, "dtype"):  # an int stays one unless it is moved: it may be an axis
        return x if float(array) == x else float(array)
    if isinstance(x, np.generic):
        return type(x)(array)
    if hasattr(x, "detach"):
        return x.detach().new_tensor(array).requires_grad_(x.requires_grad)
    return sys.modules["jax"].numpy.asarray(array, x.dtype)


def tensor_like(result: Any) -> Callable[[float], Any] | None:
    """What makes a number a tensor to be differentiated by, of the library of `result`."""
    if hasattr(result, "new_tensor"):
        return partial(result.new_tensor, dtype=sys.modules["torch"].double, requires_grad=True)
    return sys.modules["jax"].numpy.asarray if "jax" in sys.modules and is_tensor(result) else None


def precision(x: Any) -> float:
    """The epsilon of a number, array or tensor."""
    if not hasattr(x, "dtype") or not is_leaf(x):
        return EPS
    return float((sys.modules["torch"] if hasattr(x, "detach") else np).finfo(x.dtype).eps)
