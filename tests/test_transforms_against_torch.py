"""The derivatives of random functions as torch.func and, where it is installed, JAX give them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl import transforms
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.testing import Graph, graphs, numbers

torch: Any = pytest.importorskip("torch", reason="compared with torch.func, in the extra torch")
ours: Any = transforms

# torch.func compiles rules of its own for some second derivatives, by a deprecated road.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning")

PEERS = ["torch"] + ["jax"] * bool(find_spec("jax"))
NAMES = ["add", "sub", "mul", "div", "neg", "exp", "log", "sqrt", "tanh", "sigmoid", "sin", "cos"]
OPERATORS = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv}


class Peer:
    """The functions of another library, and its numbers from NumPy's and back."""

    def __init__(self, name: str) -> None:
        functions: list[Any]
        if name == "torch":
            from torch import func

            self.transforms: Any = func
            self.array: Callable[..., Any] = lambda x: torch.tensor(x, dtype=torch.float64)
            self.stack: Callable[..., Any] = torch.stack
            functions = [torch, torch.nn.functional]
        else:
            jax: Any = pytest.importorskip("jax")
            jax.config.update("jax_enable_x64", True)
            self.transforms = jax
            self.array = jax.numpy.asarray
            self.stack = jax.numpy.stack
            functions = [jax.numpy, jax.nn]
        self.operations = OPERATORS | {"neg": operator.neg}
        for name in set(NAMES) - set(self.operations):
            self.operations[name] = next(getattr(m, name) for m in functions if hasattr(m, name))

    def apply(self, name: str) -> Callable[..., Any]:
        return self.operations[name]


@pytest.fixture(params=PEERS, scope="module")
def peer(request: pytest.FixtureRequest) -> Peer:
    return Peer(request.param)


def results(graph: Graph, apply: Callable[[str], Callable[..., Any]]) -> Callable[[Any], list[Any]]:
    """The computation of a graph on a sequence, with the operations of some library; with several results."""

    def f(x: Any) -> list[Any]:
        nodes = [x[i] for i in range(len(graph.numbers))]
        for operation, references in graph.program:
            operands = (nodes[r] if isinstance(r, int) else r for r in references)
            nodes.append(apply(operation.name)(*operands))
        return nodes[-3:]

    return f


def numbers_in(tree: Any) -> Iterator[float]:
    if isinstance(tree, (dict, list, tuple)):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from numbers_in(part)
    else:
        yield from np.asarray(tree).ravel().tolist()


def same(mine: Any, theirs: Any) -> None:
    """Whether forms are equal, and numbers to 1e-12."""
    assert form(mine) == form(theirs)
    expected = list(numbers_in(theirs))
    size = max([1.0, *map(abs, expected)])
    assert list(numbers_in(mine)) == pytest.approx(expected, rel=1e-12, abs=1e-12 * size)


def form(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: form(part) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(map(form, tree))
    return np.shape(tree)


some_graphs = graphs([TABLE[name] for name in NAMES], max_results=5)


@given(some_graphs, st.data())
def test_functions_of_lists(peer: Peer, graph: Graph, data: st.DataObject) -> None:
    f, g = results(graph, lambda name: TABLE[name]), results(graph, peer.apply)
    x = list(graph.numbers)
    their_x = [peer.array(number) for number in x]
    v = [data.draw(numbers()) for _ in x]
    their_v = [peer.array(number) for number in v]
    same(ours.jacobian(f)(x), peer.transforms.jacrev(g)(their_x))
    same(ours.hessian(lambda x: f(x)[-1])(x), peer.transforms.hessian(lambda x: g(x)[-1])(their_x))
    same(ours.jvp(f, (x,), (v,)), peer.transforms.jvp(g, (their_x,), (their_v,)))
    value, pull_back = ours.vjp(f, x)
    their_value, their_pull_back = peer.transforms.vjp(g, their_x)
    weights = [1.0, -2.0, 0.5][: len(value)]
    same(value, their_value)
    same(pull_back(weights), their_pull_back([peer.array(weight) for weight in weights]))


@given(some_graphs, st.data())
def test_functions_of_arrays(peer: Peer, graph: Graph, data: st.DataObject) -> None:
    f, g = results(graph, lambda name: TABLE[name]), results(graph, peer.apply)
    x, v = np.array(graph.numbers), np.array([data.draw(numbers()) for _ in graph.numbers])
    their_x, their_v = peer.array(x), peer.array(v)

    def gradient(x: Any) -> Any:
        return peer.transforms.grad(lambda x: g(x)[-1])(x)

    stacked = peer.transforms.jacrev(lambda x: peer.stack(g(x)))
    same(ours.jacobian(lambda x: np.array(f(x)))(x), stacked(their_x))
    same(ours.value_and_grad(lambda x: f(x)[-1])(x)[1], gradient(their_x))
    same(ours.hessian(f)(x), peer.transforms.hessian(g)(their_x))
    same(
        ours.hvp(lambda x: f(x)[-1], (x,), (v,)),
        (peer.transforms.jvp(gradient, (their_x,), (their_v,))[1],),
    )


def test_arguments_in_several_places_and_forms(peer: Peer) -> None:
    W, b, x = np.array([[0.5, -1.0], [2.0, 0.25]]), np.array([0.1, -0.2]), 1.5

    def f(p: Any, x: Any, tanh: Any) -> Any:
        row = p["W"][0]
        return {"z": tanh(row[0] * x + row[1] * p["b"][1]), "row": p["W"] @ p["b"]}

    mine = ours.jacobian(lambda p, x: f(p, x, TABLE["tanh"]), argnums=(0, 1))({"W": W, "b": b}, x)
    tanh = peer.apply("tanh")
    p = {"W": peer.array(W), "b": peer.array(b)}
    theirs = peer.transforms.jacrev(lambda p, x: f(p, x, tanh), argnums=(0, 1))(p, peer.array(x))
    same(mine, {key: theirs[key] for key in mine})
