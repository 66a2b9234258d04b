"""The same step of gradient descent, as a user of each other library would write it to be fast."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.nn.network import one_hot

Step = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Task:
    """A network, its batch and its data.

    Attributes:
        sizes: the number of features, then the units of each layer.
        m: the number of examples.
        hidden: the activation of the hidden layers; the output is a sigmoid, or softmax if it is wider.
    """

    sizes: tuple[int, ...]
    m: int
    hidden: str

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.sizes))}, m = {self.m}"

    def data(self, dtype: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """X ``(n_x, m)`` and Y ``(n_y, m)``."""
        rng = np.random.default_rng(1)
        X = rng.standard_normal((self.sizes[0], self.m))
        classes = rng.integers(0, max(2, self.sizes[-1]), self.m)
        Y = one_hot(classes, self.sizes[-1]) if self.sizes[-1] > 1 else classes[np.newaxis]
        return X.astype(dtype), Y.astype(dtype)

    def weights(self, dtype: str) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """W ``(n[l], n[l-1])`` and b ``(n[l], 1)`` of each layer, the same for all.

        b is not 0, where a ReLU that gets nothing would be at its kink.
        """
        rng = np.random.default_rng(2)
        return [
            ((rng.standard_normal((n, k)) / np.sqrt(k)).astype(dtype), np.full((n, 1), 0.1, dtype))
            for k, n in pairwise(self.sizes)
        ]


def by_hand(task: Task, dtype: str, alpha: float) -> Step:
    """NumPy as the course writes it, line by line."""
    X, Y = task.data(dtype)
    layers = task.weights(dtype)
    m, last = task.m, len(layers) - 1

    def step() -> float:
        A, kept = X, []
        for l, (W, b) in enumerate(layers):
            Z = W @ A + b
            kept.append((A, Z))
            if l < last:
                A = np.tanh(Z) if task.hidden == "tanh" else np.maximum(Z, 0)
        if len(Y) == 1:
            A = 1 / (1 + np.exp(-Z))
            J = -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))
        else:
            e = np.exp(Z - Z.max(axis=0))
            A = e / e.sum(axis=0)
            J = -np.sum(Y * np.log(A)) / m
        dZ = (A - Y) / m
        for l in range(last, -1, -1):
            W, b = layers[l]
            A, _ = kept[l]
            if l:
                dA = W.T @ dZ
                following = dA * (1 - A**2) if task.hidden == "tanh" else dA * (kept[l - 1][1] > 0)
            layers[l] = (W - alpha * (dZ @ A.T), b - alpha * dZ.sum(axis=1, keepdims=True))
            if l:
                dZ = following
        return float(J)

    return step


def torch_eager(task: Task, dtype: str, alpha: float) -> Step:
    """PyTorch without compilation; its layout, examples as rows."""
    torch = importlib.import_module("torch")
    F = torch.nn.functional
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    X, Y = (torch.tensor(np.ascontiguousarray(x.T)) for x in task.data(dtype))
    layers = [
        (torch.tensor(W, requires_grad=True), torch.tensor(b[:, 0], requires_grad=True))
        for W, b in task.weights(dtype)
    ]
    optimiser = torch.optim.SGD([p for layer in layers for p in layer], lr=alpha)
    g = torch.tanh if task.hidden == "tanh" else torch.relu
    classes = Y.argmax(1)

    def step() -> float:
        A = X
        for W, b in layers[:-1]:
            A = g(F.linear(A, W, b))
        Z = F.linear(A, *layers[-1])
        J = F.binary_cross_entropy_with_logits(Z, Y) if Z.shape[1] == 1 else F.cross_entropy(Z, classes)
        optimiser.zero_grad()
        J.backward()
        optimiser.step()
        return float(J.detach())

    return step


def _cost(np_: Any, hidden: str, logsumexp: Any, layers: Any, X: Any, Y: Any) -> Any:
    """The cost, in the words of NumPy's heirs."""
    A = X
    for l, (W, b) in enumerate(layers):
        Z = np_.dot(W, A) + b
        if l < len(layers) - 1:
            A = np_.tanh(Z) if hidden == "tanh" else np_.maximum(Z, 0)
    if len(Y) == 1:
        return np_.mean(np_.logaddexp(0, Z) - Y * Z)
    return np_.mean(logsumexp(Z) - np_.sum(Y * Z, axis=0))


def jax_jit(task: Task, dtype: str, alpha: float) -> Step:
    """JAX: the whole step is one compiled function that may reuse the memory of the old weights."""
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    X, Y = (jnp.asarray(x) for x in task.data(dtype))
    layers = [(jnp.asarray(W), jnp.asarray(b)) for W, b in task.weights(dtype)]

    def cost(layers: Any, X: Any, Y: Any) -> Any:
        return _cost(jnp, task.hidden, lambda Z: jax.nn.logsumexp(Z, axis=0), layers, X, Y)

    def update(layers: Any, X: Any, Y: Any) -> Any:
        J, slopes = jax.value_and_grad(cost)(layers, X, Y)
        return J, jax.tree_util.tree_map(lambda p, d: p - alpha * d, layers, slopes)

    compiled = jax.jit(update, donate_argnums=0)

    def step() -> float:
        nonlocal layers
        J, layers = compiled(layers, X, Y)
        return float(J)

    return step


def autograd(task: Task, dtype: str, alpha: float) -> Step:
    """The package autograd (HIPS)."""
    module = importlib.import_module("autograd")
    anp = importlib.import_module("autograd.numpy")
    logsumexp = importlib.import_module("autograd.scipy.special").logsumexp
    X, Y = task.data(dtype)
    layers = task.weights(dtype)
    slopes_of = module.value_and_grad(
        lambda layers: _cost(anp, task.hidden, lambda Z: logsumexp(Z, axis=0), layers, X, Y)
    )

    def step() -> float:
        nonlocal layers
        J, slopes = slopes_of(layers)
        layers = [(W - alpha * dW, b - alpha * db) for (W, b), (dW, db) in zip(layers, slopes, strict=True)]
        return float(J)

    return step


def mygrad(task: Task, dtype: str, alpha: float) -> Step:
    """The package MyGrad, with its softmax cross-entropy."""
    mg = importlib.import_module("mygrad")
    nnet = importlib.import_module("mygrad.nnet")
    X, Y = task.data(dtype)
    layers = [(mg.tensor(W), mg.tensor(b)) for W, b in task.weights(dtype)]
    classes = Y.argmax(axis=0)

    def step() -> float:
        A: Any = X
        for W, b in layers[:-1]:
            Z = W @ A + b
            A = mg.tanh(Z) if task.hidden == "tanh" else nnet.relu(Z)
        W, b = layers[-1]
        Z = W @ A + b
        binary = len(Y) == 1
        J = mg.mean(mg.logaddexp(0, Z) - Y * Z) if binary else nnet.softmax_crossentropy(Z.T, classes)
        J.backward()
        for parameter in (p for layer in layers for p in layer):
            parameter.data -= alpha * parameter.grad  # outside of the graph, in place
        return float(J.item())

    return step


PEERS: dict[str, Callable[[Task, str, float], Step]] = {
    "NumPy by hand": by_hand,
    "PyTorch, eager": torch_eager,
    "JAX, jit": jax_jit,
    "autograd (HIPS)": autograd,
    "MyGrad": mygrad,
}
