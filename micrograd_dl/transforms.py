"""Derivatives of functions: value_and_grad, jacobian, hessian, jvp, vjp and hvp, as in JAX and torch.func.

They take a function of Values and give numbers. Arguments and results are numbers, NumPy arrays of numbers,
and lists, tuples and dictionaries of these, one in another. The function is called with a Value for each
number, and with an array of Values (of dtype ``object``) for each array.

>>> from micrograd_dl import Value, exp, hessian, jvp, value_and_grad
>>> def f(x: Value, y: Value) -> Value:
...     return x * exp(-y)
>>> value_and_grad(f, argnums=(0, 1))(2.0, 0.0)
(2.0, (1.0, -2.0))
>>> hessian(f, argnums=1)(2.0, 0.0)
2.0
>>> jvp(f, (2.0, 0.0), (1.0, 0.5))
(2.0, 0.0)

Each may be applied to the result of another: inside one, the derivatives of another are Values.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar, overload

from micrograd_dl.engine.functions import dot, sum
from micrograd_dl.engine.gradients import grad, product, slope_graphs, total
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.numbers import to_float
from micrograd_dl.foundation.tracebacks import door
from micrograd_dl.foundation.written import shortened

if TYPE_CHECKING:
    from numpy import float64, object_
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[float64]
    Tree: TypeAlias = "float | Value | Array | NDArray[object_] | Sequence[Tree] | Mapping[str, Tree]"
    Function: TypeAlias = Callable[..., Tree]

    Of = TypeVar("Of", bound=Tree, covariant=True)

    class ValueAndGrad(Protocol):
        """A value, and the derivative by the first argument, in the form of that argument."""

        @overload
        def __call__(self, x: float, /, *others: Tree, **keywords: object) -> tuple[float, float]: ...
        @overload
        def __call__(self, x: Value, /, *others: Tree, **keywords: object) -> tuple[Value, Value]: ...
        @overload
        def __call__(self, x: Array, /, *others: Tree, **keywords: object) -> tuple[float, Array]: ...
        @overload
        def __call__(
            self, x: list[float], /, *others: Tree, **keywords: object
        ) -> tuple[float, list[float]]: ...
        @overload
        def __call__(self, x: Tree, /, *others: Tree, **keywords: object) -> tuple[float | Value, Tree]: ...

    class Derivatives(Protocol[Of]):
        """Derivatives by the first argument, of which one by a number is an `Of`."""

        @overload
        def __call__(self, x: float, /, *others: Tree, **keywords: object) -> Of: ...
        @overload
        def __call__(self, x: Array, /, *others: Tree, **keywords: object) -> Array: ...
        @overload
        def __call__(self, x: Tree, /, *others: Tree, **keywords: object) -> Tree: ...


# Whether one of these functions is at work: what is differentiated inside it is differentiated again.
_nested: ContextVar[bool] = ContextVar("nested", default=False)


@overload
def value_and_grad(f: Function, argnums: Literal[0] = 0) -> ValueAndGrad: ...
@overload
def value_and_grad(f: Function, argnums: int | Sequence[int]) -> Callable[..., tuple[float, Tree]]: ...
def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Callable[..., tuple[Any, Any]]:
    """A function that gives the value of `f` and its gradient, ``(value, gradient)``, in one pass.

    The gradient has the form of the argument; where `f` gives a plain number, it is 0.

    Args:
        f: its result is one number. It gets keywords, and arguments that are not in `argnums`, as they are.
        argnums: the position of the argument to differentiate by, or several: then the gradient is a tuple.

    Raises:
        TypeError: the result is not one number, or an argument is none and holds none.
        ValueError: there is no argument of that position.

    >>> value_and_grad(lambda w: w[0] * w[1])([2.0, 3.0])
    (6.0, [3.0, 2.0])
    """

    @door
    @functools.wraps(f)
    def value_and_gradient(*arguments: Any, **keywords: Any) -> tuple[Any, Any]:
        run = _Run(f, arguments, argnums, keywords)
        if isinstance(run.result, (list, tuple, dict)) or _shape(run.result):
            raise TypeError(
                f"a gradient is that of one number, and the function gives {_form(run.result)}: see jacobian"
            )
        return run.value(), _with_entries(run.tree, run.derivatives(run.entries[0]))

    return value_and_gradient


@overload
def jacobian(f: Callable[..., Value], argnums: Literal[0] = 0) -> Derivatives[float]: ...
@overload
def jacobian(f: Callable[..., NDArray[object_]], argnums: Literal[0] = 0) -> Derivatives[Array]: ...
@overload
def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Callable[..., Tree]: ...
def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function that gives the derivatives of each number in the result of `f` by each in an argument.

    Of an array of shape (m,) by one of shape (n,) it has the shape (m, n). Where the result is a list it is a
    list with the derivatives of each element, and these have the form of the argument. It takes one pass
    backwards for each number in the result. `argnums` and errors are those of :func:`value_and_grad`.

    >>> jacobian(lambda x, y: [x * y, x + y], argnums=(0, 1))(2.0, 3.0)
    [(3.0, 2.0), (1.0, 1.0)]
    """

    @door
    @functools.wraps(f)
    def derivatives(*arguments: Any, **keywords: Any) -> Any:
        run = _Run(f, arguments, argnums, keywords)
        results, variables = _blocks(run.result), _blocks(run.tree)
        rows = [_split(run.derivatives(entry), variables) for entry in run.entries]

        def by_each(block: Any, its_rows: list[Any]) -> Iterator[Any]:
            for i, variable in enumerate(variables):
                yield _shaped([x for row in its_rows for x in row[i]], _shape(block) + _shape(variable))

        parts = zip(results, _split(rows, results), strict=True)
        return _rebuilt(run.result, (_rebuilt(run.tree, by_each(*part)) for part in parts))

    return derivatives


@overload
def hessian(f: Callable[..., Value], argnums: Literal[0] = 0) -> Derivatives[float]: ...
@overload
def hessian(f: Callable[..., NDArray[object_]], argnums: Literal[0] = 0) -> Derivatives[Array]: ...
@overload
def hessian(f: Function, argnums: int | Sequence[int] = 0) -> Callable[..., Tree]: ...
def hessian(f: Function, argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function that gives the second derivatives of `f`: the jacobian of its jacobian.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 5.0])
    [[10.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(jacobian(f, argnums), argnums)


@overload
def jvp(
    f: Callable[..., Value], primals: Sequence[Tree], tangents: Sequence[Tree]
) -> tuple[float, float]: ...
@overload
def jvp(f: Function, primals: Sequence[Tree], tangents: Sequence[Tree]) -> tuple[Tree, Tree]: ...
@door
def jvp(f: Function, primals: Sequence[Tree], tangents: Sequence[Tree]) -> tuple[Any, Any]:
    """The value of `f`, and its Jacobian times the vector `tangents`, in one pass forwards.

    Args:
        f: the function; its result may have any form, which the derivative has too.
        primals: its arguments, in a tuple or a list.
        tangents: for each argument, what it moves by, in the form of the argument.

    Raises:
        TypeError: `primals` or `tangents` is no tuple and no list.
        ValueError: a tangent has another form than its argument.
    """
    _require_tangents(primals, tangents)
    run = _Run(f, primals, range(len(primals)))
    moves = dict(zip(run.leaves, _entries(tangents), strict=True))
    if nodes := [x for x in run.entries if isinstance(x, Value)]:
        for node in topological_order(sum(nodes))[:-1]:
            if node not in moves and any(x in moves for x in node.operands):
                slopes = slope_graphs(node) if run.nested else node.slopes
                edges = zip(node.operands, slopes, strict=True)
                terms = [product(moves[x], slope) for x, slope in edges if x in moves]
                moves[node] = functools.reduce(total, terms)
    return run.value(), _with_entries(run.result, [moves.get(x, 0.0) for x in run.entries])


@overload
def vjp(f: Callable[..., Value], *primals: Tree) -> tuple[float, Callable[[Tree], tuple[Tree, ...]]]: ...
@overload
def vjp(f: Function, *primals: Tree) -> tuple[Tree, Callable[[Tree], tuple[Tree, ...]]]: ...
@door
def vjp(f: Function, *primals: Tree) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of `f`, and a function that multiplies a vector by the Jacobian, in one pass backwards.

    The vector ("cotangents") has the form of the value, else a ValueError refuses it; the product is a
    tuple with a part for each argument.

    >>> value, pull_back = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
    >>> value, pull_back([1.0, 10.0])
    ([6.0, 5.0], (13.0, 12.0))
    """
    run = _Run(f, primals, range(len(primals)))

    @door
    def pull_back(cotangent: Any) -> tuple[Any, ...]:
        _require_form("cotangents", cotangent, "the value", run.result)
        both = zip(run.entries, _entries(cotangent), strict=True)
        pairs = [(x, weight) for x, weight in both if isinstance(x, Value)]
        root = dot(*zip(*pairs, strict=True)) if pairs else 0.0
        return tuple(_with_entries(run.tree, run.derivatives(root)))

    return run.value(), pull_back


@door
def hvp(f: Function, primals: Sequence[Tree], tangents: Sequence[Tree]) -> tuple[Tree, ...]:
    """The Hessian of `f` times the vector `tangents`, by one more pass backwards; a part for each argument.

    Arguments and errors are those of :func:`jvp`; the result of `f` is one number.

    >>> hvp(lambda x: x[0] ** 2 * x[1], ([3.0, 5.0],), ([1.0, 0.0],))
    ([10.0, 6.0],)
    """
    _require_tangents(primals, tangents)
    value_and_gradient = value_and_grad(f, range(len(primals)))
    _, pull_back = vjp(lambda *arguments: value_and_gradient(*arguments)[1], *primals)
    return pull_back(tuple(tangents))


class _Run:
    """One run of a function on Values.

    `tree` has the arguments to differentiate by, `leaves` the Values of their numbers; `entries` are the
    numbers of the result.
    """

    def __init__(
        self,
        f: Any,
        arguments: Sequence[Any],
        argnums: int | Sequence[int],
        keywords: Mapping[str, Any] | None = None,
    ) -> None:
        chosen = [argnums] if isinstance(argnums, int) else [*argnums]
        count = len(arguments)
        if not all(-count <= i < count for i in chosen):
            raise ValueError(f"argnums={argnums} asks for an argument that is not there: {count} were given")
        trees = tuple([arguments[i] for i in chosen])
        self.tree: Any = trees[0] if isinstance(argnums, int) else trees
        numbers = _entries(self.tree)
        self.nested = _nested.get() or any(isinstance(x, Value) for x in numbers)
        # Another node for a Value of the outer function, which may be in use beside the argument.
        self.leaves = [
            x * 1.0 if isinstance(x, Value) else Value(to_float(x, "a derivative")) for x in numbers
        ]
        new = list(arguments)
        for i, tree in zip(chosen, _with_entries(trees, self.leaves), strict=True):
            new[i] = tree
        token = _nested.set(True)
        try:
            self.result = f(*new, **(keywords or {}))
        finally:
            _nested.reset(token)
        self.entries = _entries(self.result)
        for entry in self.entries:
            if not isinstance(entry, Value):
                to_float(entry, "the result of a function to differentiate")

    def value(self) -> Any:
        """The result of the function, as numbers unless it is differentiated further."""
        if self.nested:
            return self.result
        return _with_entries(
            self.result, [x.data if isinstance(x, Value) else float(x) for x in self.entries]
        )

    def derivatives(self, root: Any) -> Sequence[Any]:
        """The derivatives of a node of the graph, or 0 of a plain number, by each of the leaves."""
        if not isinstance(root, Value):
            return [0.0] * len(self.leaves)
        return grad(root, self.leaves, self.nested)


# Nested lists, tuples and dictionaries ("trees") of numbers and arrays ("blocks") of numbers ("entries").


def _is_array(block: Any) -> bool:
    numpy = sys.modules.get("numpy")  # who has an array has imported it
    return numpy is not None and isinstance(block, numpy.ndarray)


def _shape(block: Any) -> tuple[int, ...]:
    return tuple(block.shape) if _is_array(block) else ()


def _blocks(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [block for part in tree for block in _blocks(part)] if isinstance(tree, (list, tuple)) else [tree]


def _entries(tree: Any) -> list[Any]:
    return [x for block in _blocks(tree) for x in (block.flat if _is_array(block) else [block])]


def _split(entries: Iterable[Any], blocks: Sequence[Any]) -> list[list[Any]]:
    """The entries of each block."""
    rest = iter(entries)
    return [list(islice(rest, block.size if _is_array(block) else 1)) for block in blocks]


def _rebuilt(tree: Any, blocks: Iterator[Any]) -> Any:
    """A tree of the same form with other blocks."""
    if isinstance(tree, dict):
        return {key: _rebuilt(part, blocks) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        parts = [_rebuilt(part, blocks) for part in tree]
        return parts if isinstance(tree, list) else tuple(parts)
    return next(blocks)


def _shaped(entries: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """A number, or an array of that shape."""
    if not shape:
        return entries[0]
    numpy = sys.modules["numpy"]
    kind = object if any(isinstance(x, Value) for x in entries) else float
    return numpy.array(entries, dtype=kind).reshape(shape)


def _with_entries(tree: Any, entries: Iterable[Any]) -> Any:
    """A tree of the same form with other numbers."""
    blocks = _blocks(tree)
    parts = zip(_split(entries, blocks), blocks, strict=True)
    return _rebuilt(tree, (_shaped(part, _shape(block)) for part, block in parts))


def _form(tree: Any) -> str:
    """The form of a tree in words."""
    if isinstance(tree, dict):
        return f"{{{', '.join(f'{key}: {_form(part)}' for key, part in tree.items())}}}"
    if isinstance(tree, (list, tuple)):
        parts = ", ".join(map(_form, tree))
        return f"[{parts}]" if isinstance(tree, list) else f"({parts})"
    return f"an array of shape {tree.shape}" if _is_array(tree) else "a number"


def _require_tangents(primals: Any, tangents: Any) -> None:
    for name, found in (("primals", primals), ("tangents", tangents)):
        if not isinstance(found, (list, tuple)):
            raise TypeError(
                f"{name} are a tuple with an entry for each argument, not {_form(found)}: write (x,)"
            )
    _require_form("the tangents", tuple(tangents), "the primals", tuple(primals))


def _require_form(what: str, tree: Any, of_what: str, other: Any) -> None:
    """Raise ValueError unless two trees have one form."""
    form, expected = _form(tree), _form(other)
    if form != expected:
        raise ValueError(
            f"{what} are to have the form of {of_what}, {shortened(expected)}, not {shortened(form)}"
        )
