"""micrograd's demonstration: 100 points of two moons, 2-16-16-1, max-margin and L2, 100 steps of all.

Each contestant is made once and gives ``train(steps)``, which begins anew each time and returns the loss of
every step.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import scalars
from benchmarks.graphs import Graph, moons, moons_loss
from benchmarks.records import NUMBA, NUMPY
from benchmarks.scalars import ENGINES

Array = NDArray[np.float64]
Train = Callable[[int], Sequence[float]]
POINTS, STEPS, L2 = 100, 100, 1e-4
SIZES = (2, 16, 16, 1)


def task() -> Graph:
    """The loss as a program over scalars."""
    return moons_loss(16, POINTS, "micrograd's moons")


def rate(step: int) -> float:
    """The learning rate of a step, as the demonstration has it."""
    return 1.0 - 0.9 * step / STEPS


def matrices() -> tuple[Array, Array, list[tuple[Array, Array]]]:
    """X ``(2, m)``, y ``(1, m)``, and W and b of each layer, of the same numbers."""
    rows, signs = moons(POINTS)
    leaves, at, layers = np.array(task().leaves), 0, []
    for n_in, n_out in pairwise(SIZES):
        both = leaves[at : at + n_out * (n_in + 1)].reshape(n_out, n_in + 1)
        layers.append((both[:, :-1].copy(), both[:, -1:].copy()))
        at += both.size
    return np.array(rows).T.copy(), np.array([signs]), layers


def eager(name: str) -> Train:
    """An engine that builds the graph anew in each step."""
    engine, graph = ENGINES[name](), task()

    def train(steps: int) -> list[float]:
        leaves, losses = [engine.leaf(x) for x in graph.leaves], []
        for step in range(steps):
            J = engine.build(graph, leaves)
            engine.backward(J)
            losses.append(engine.data(J))
            J = None
            engine.descend(leaves, rate(step))
        return losses

    return train


def compiled(runner: str) -> Train:
    """The loss of one point, written with Values, recorded once and run over all points at a time."""
    compile_graph = importlib.import_module("micrograd_dl.compiled").compile_graph
    nn = importlib.import_module("micrograd_dl.nn")
    functions = importlib.import_module("micrograd_dl.engine.functions")
    value = importlib.import_module("micrograd_dl.engine.value").Value
    X, y, initial = matrices()
    model = nn.MLP(SIZES[0], SIZES[1:], ["relu", "relu", "linear"])
    model.set_layers_data(initial)
    p, x, sign = model.parameters(), [value(0.0), value(0.0)], value(0.0)
    J = functions.relu(1 - sign * model(x)) + L2 * functions.dot(p, p)
    f = compile_graph(J, inputs=[x, sign], parameters=p, runner=runner)
    start = np.array([v.data for v in p])

    def train(steps: int) -> list[float]:
        theta, losses = start.copy(), []
        for step in range(steps):
            J, gradient = f.at(theta, X, y)
            theta -= rate(step) * gradient
            losses.append(J)
        return losses

    return train


def by_hand() -> Train:
    """NumPy, with the formulas of the backward pass written out."""
    X, y, initial = matrices()

    def train(steps: int) -> list[float]:
        layers, losses = [(W.copy(), b.copy()) for W, b in initial], []
        for step in range(steps):
            A = [X]
            for W, b in layers[:-1]:
                A.append(np.maximum(W @ A[-1] + b, 0))
            W, b = layers[-1]
            margin = np.maximum(1 - y * (W @ A[-1] + b), 0)
            losses.append(margin.mean() + L2 * sum(np.vdot(p, p) for layer in layers for p in layer))
            dZ, alpha = (margin > 0) * y * (-1 / POINTS), rate(step)
            for (W, b), A_prev in zip(reversed(layers), reversed(A), strict=True):
                dW, db = dZ @ A_prev.T, dZ.sum(axis=1, keepdims=True)
                if A_prev is not X:
                    dZ = (W.T @ dZ) * (A_prev > 0)
                W -= alpha * (dW + 2 * L2 * W)
                b -= alpha * (db + 2 * L2 * b)
        return losses

    return train


def torch() -> Train:
    """PyTorch on matrices, eager."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    X, y, initial = matrices()
    points, signs = torch.tensor(X.T.copy()), torch.tensor(y[0])
    linear = torch.nn.functional.linear

    def train(steps: int) -> list[float]:
        layers = [(torch.tensor(W), torch.tensor(b[:, 0])) for W, b in initial]
        parameters = [p.requires_grad_() for layer in layers for p in layer]
        optimiser = torch.optim.SGD(parameters, lr=1.0)
        losses = []
        for step in range(steps):
            A = points
            for layer in layers[:-1]:
                A = torch.relu(linear(A, *layer))
            score = linear(A, *layers[-1])[:, 0]
            J = torch.relu(1 - signs * score).mean() + L2 * sum((p * p).sum() for p in parameters)
            optimiser.zero_grad()
            J.backward()
            optimiser.param_groups[0]["lr"] = rate(step)
            optimiser.step()
            losses.append(J.item())
        return losses

    return train


def jax(*, whole: bool) -> Train:
    """JAX: a step is compiled, or the whole training as one loop."""
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    X, y, initial = (jax.tree_util.tree_map(jnp.asarray, x) for x in matrices())

    def loss(layers: Any) -> Any:
        A = X
        for W, b in layers[:-1]:
            A = jnp.maximum(W @ A + b, 0)
        W, b = layers[-1]
        margin = jnp.maximum(1 - y * (W @ A + b), 0)
        return margin.mean() + L2 * sum(jnp.vdot(p, p) for layer in layers for p in layer)

    def step(layers: Any, k: Any) -> Any:
        J, slopes = jax.value_and_grad(loss)(layers)
        return jax.tree_util.tree_map(lambda p, d: p - rate(k) * d, layers, slopes), J

    run = jax.jit(lambda layers, steps: jax.lax.scan(step, layers, steps)[1])
    one = jax.jit(step)

    def train(steps: int) -> list[float]:
        layers, losses = initial, []
        for k in range(steps):
            layers, J = one(layers, float(k))
            losses.append(J)
        return [float(J) for J in losses]  # asked for at the end, so that no step waits for the one before

    return train if not whole else lambda steps: np.asarray(run(initial, jnp.arange(steps))).tolist()


CONTESTANTS: dict[str, Callable[[], Train]] = {
    NUMBA: partial(compiled, "numba"),
    NUMPY: partial(compiled, "numpy"),
    "NumPy, by hand": by_hand,
    "JAX, jit of a step": partial(jax, whole=False),
    "JAX, jit of the whole loop": partial(jax, whole=True),
    "PyTorch, matrices": torch,
    **{
        name: partial(eager, name)
        for name in (scalars.FUSED, scalars.OURS, scalars.TUPLES, "PyTorch, 0-dimensional", "micrograd")
    },
}
