"""A graph of scalars that is prepared once and run again and again: ours, CasADi, C and JAX.

Each is made for a graph and gives a `Replay`: forward and backward with the gradient by every leaf.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import straight_line
from benchmarks.graphs import Graph
from benchmarks.records import NUMBA, NUMPY
from benchmarks.scalars import Engine, Ours, OursFused, affine, squares, total


@dataclass(frozen=True, slots=True)
class Replay:
    """A graph made ready.

    Attributes:
        step: forward and backward; the value.
        gradients: of the last step, by each leaf.
        preparation: seconds from the built graph, or the traced program, to the first result.
    """

    step: Callable[[], float]
    gradients: Callable[[], Sequence[float]]
    preparation: float


class Symbols(Engine):
    """An engine whose program gives a symbolic expression; constants are plain numbers."""

    def __init__(self, relu: Callable[[Any], Any], tanh: Callable[[Any], Any]) -> None:
        super().__init__(float, float, relu, tanh, (affine, total, squares))


def casadi(graph: Graph) -> Replay:
    """CasADi's virtual machine for SX expressions, called without copies."""
    ca = importlib.import_module("casadi")
    p = ca.SX.sym("p", len(graph.leaves))
    engine = Symbols(lambda x: ca.fmax(x, 0), ca.tanh)
    J = graph.run(engine, [p[i] for i in range(len(graph.leaves))])
    built = time.perf_counter()
    function = ca.Function("J", [p], [J, ca.gradient(J, p)])
    leaves, value, slopes = np.array(graph.leaves), np.zeros(1), np.zeros(len(graph.leaves))
    buffer, trigger = function.buffer()
    buffer.set_arg(0, leaves.data)
    buffer.set_res(0, value.data)
    buffer.set_res(1, slopes.data)

    used = function, buffer, leaves, slopes  # the trigger reads them and does not keep them

    def step(used: object = used) -> float:
        del used
        trigger()
        return float(value[0])

    step()
    return Replay(step, slopes.tolist, time.perf_counter() - built)


def c(graph: Graph) -> Replay:
    """Straight-line C."""
    return Replay(*straight_line.compiled(graph))


def jax(graph: Graph) -> Replay:
    """jax.jit of the program, traced over scalars."""
    module = importlib.import_module("jax")
    module.config.update("jax_enable_x64", True)
    jnp = module.numpy
    engine = Symbols(lambda x: jnp.maximum(x, 0.0), jnp.tanh)
    leaves = jnp.asarray(graph.leaves)
    function = module.jit(module.value_and_grad(lambda p: graph.run(engine, list(p))))
    traced = function.lower(leaves)
    built = time.perf_counter()
    compiled = traced.compile()
    result: list[Any] = [None, None]

    def step() -> float:
        result[:] = compiled(leaves)
        return float(result[0])

    step()
    return Replay(step, lambda: np.asarray(result[1]).tolist(), time.perf_counter() - built)


def ours(runner: str, *, fused: bool) -> Callable[[Graph], Replay]:
    """The graph of Values through `micrograd_dl.compiled`."""

    def make(graph: Graph) -> Replay:
        compile_graph = importlib.import_module("micrograd_dl.compiled").compile_graph
        engine = OursFused() if fused else Ours()
        leaves = [engine.leaf(x) for x in graph.leaves]
        J = engine.build(graph, leaves)
        built = time.perf_counter()
        f = compile_graph(J, inputs=[], parameters=leaves, runner=runner)
        theta = np.array(graph.leaves)
        gradient: Any = None

        def step() -> float:
            nonlocal gradient
            value: float
            value, gradient = f.at(theta)
            return value

        step()
        return Replay(step, lambda: gradient.tolist(), time.perf_counter() - built)

    return make


REPLAYS: dict[str, Callable[[Graph], Replay]] = {
    NUMBA: ours("numba", fused=False),
    NUMPY: ours("numpy", fused=False),
    "CasADi, SX": casadi,
    "C, gcc -O1": c,
    "JAX, jit": jax,
}
