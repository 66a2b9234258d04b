"""Networks and graphs in PyTorch and back: outputs and gradients to 1e-12."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl import Value, compiled, grad, nn, slope_at_kink
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.nn.activations import ACTIVATIONS, Activation
from micrograd_dl.nn.network import Network, one_hot
from micrograd_dl.testing import Graph, graphs, operands
from micrograd_dl.vectorized import MLP

torch: Any = pytest.importorskip("torch", reason="to_torch needs PyTorch, in the extra torch")
interop = pytest.importorskip("micrograd_dl.interop.pytorch", reason="needs PyTorch")
from_torch, to_torch = interop.from_torch, interop.to_torch
T = torch.nn


def same(here: Any, there: Any) -> None:
    here, there = np.asarray(here), np.asarray(there)
    np.testing.assert_allclose(here, there, rtol=1e-12, atol=1e-12 * max(1e-3, np.abs(there).max(initial=0)))


# Recorded graphs


@pytest.mark.parametrize("operation", TABLE.values(), ids=lambda operation: operation.name)
@given(data=st.data())
def test_operations(operation: Operation, data: st.DataObject) -> None:
    leaves = [Value(x, f"x{i}") for i, x in enumerate(data.draw(operands(operation)), 1)]
    graph_and_gradient_are_the_same(operation(*leaves), leaves)


@given(graphs())
def test_random_graphs(graph: Graph) -> None:
    graph_and_gradient_are_the_same(graph.root, graph.leaves)


def graph_and_gradient_are_the_same(root: Value, leaves: Any) -> None:
    module = to_torch(root)
    there = module()
    if there.requires_grad:
        there.backward()
    gradient = [getattr(module, leaf.label).grad for leaf in leaves]
    assert root.data == pytest.approx(there.item(), rel=1e-12, abs=1e-14)
    numbers = [0.0 if x is None else x.item() for x in gradient]
    assert grad(root, leaves) == pytest.approx(numbers, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "abs"])
@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, -1.0])
def test_slopes_at_kinks_are_those_that_were_recorded(name: str, x: float, side: str) -> None:
    leaf = Value(x, "x")
    with slope_at_kink(side):
        root = TABLE[name](leaf)
    graph_and_gradient_are_the_same(root, [leaf])


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_a_tie_belongs_to_the_last(name: str) -> None:
    a, b = Value(2.0, "a"), Value(2.0, "b")
    graph_and_gradient_are_the_same(TABLE[name](a, b), [a, b])
    assert np.isnan(to_torch(TABLE[name](a, b))(a=torch.tensor(np.nan)).item())


@pytest.mark.parametrize("name", ["at_least", "above"])
def test_a_comparison_with_nan_is_nan(name: str) -> None:
    module = to_torch(TABLE[name](Value(1.0, "a"), Value(2.0, "b")))
    assert np.isnan(module(a=torch.tensor(np.nan, dtype=torch.float64)).item())


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.5), (0.0, -1.0), (0.0, 1.0), (2.0, 0.0), (0.0, 0.0)])
def test_the_slope_of_a_power_at_its_edges(x: float, y: float) -> None:
    with_values = TABLE["power_slope"](Value(x, "x"), Value(y, "y"))
    assert to_torch(with_values)().item() == with_values.data
    assert to_torch(TABLE["log_for_power"](Value(0.0, "x")))().item() == 0.0


def test_leaves_are_given_by_name_as_columns() -> None:
    w, x = Value(2.0, "W1[1,2]"), Value(3.0, "type")
    module = to_torch((w * x).tanh() + 1)
    assert [name for name, _ in module.named_parameters()] == ["W1_1_2", "type_"]
    column = torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64)
    same(np.tanh(0.1 * np.arange(1, 4) * 2) + 1, module(type_=column).detach())
    with pytest.raises(ValueError, match=r"there is no leaf 'w1_1_2' .did you mean 'W1_1_2'"):
        module(w1_1_2=column)


def test_a_graph_is_copied_and_pickled() -> None:
    a, b = Value(0.5, "a"), Value(2.0, "b")
    module = to_torch((a * b).exp().maximum(1.0).sigmoid())
    for again in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert again().item() == module().item()


def test_constants_alone_are_a_graph() -> None:
    root = Value.constant(2.0) * 3.0
    assert to_torch(root)().item() == 6.0
    assert to_torch(Value(2.0, "a"))().item() == 2.0


def test_what_is_no_graph_and_no_network_is_refused() -> None:
    with pytest.raises(TypeError, match="a network or a Value, not the int 3"):
        to_torch(3)
    a = Value(2.0)
    J = a * 3
    a.data = 5.0
    with pytest.raises(RuntimeError, match="data has been changed"):
        to_torch(J)


# Networks


def loss_in_torch(name: str, A: Any, Y: Any) -> Any:
    """The mean over examples, which are rows."""
    if name == "logistic":
        return T.functional.binary_cross_entropy(A, Y, reduction="sum") / len(Y)
    if name == "cross_entropy":
        return -(Y * A.log()).sum() / len(Y)
    return ((A - Y) ** 2).sum() / 2 / len(Y)


def passes_are_the_same(model: Network, module: Any, X: Any, Y: Any) -> None:
    """In prediction, and in training with the masks that PyTorch drew."""
    rows = torch.tensor(X.T)
    same(model.forward(X), module.eval()(rows).detach().numpy().T)
    masks: list[Any] = []
    kept = [keep < 1 for keep in model.keep_probs]
    for each in module:
        if isinstance(each, T.Dropout):
            each.register_forward_hook(
                lambda _, given, out: masks.append(torch.nan_to_num(out / given[0]).detach().numpy().T)
            )
    A = module.train()(rows)
    drawn = iter(masks)
    masks_of_layers = [next(drawn) if drops else None for drops in kept]
    model.masks = lambda m: masks_of_layers  # type: ignore[method-assign]
    J = loss_in_torch(model.loss.name, A, torch.tensor(Y.T))
    module.zero_grad()
    J.backward()
    with model.frozen():
        assert model.cost_and_grad(X, Y) == pytest.approx(J.item(), rel=1e-12)
    found = [p.grad.numpy() for p in module.parameters()]
    ours = [g for name, g in model.named("grad").items()]
    for here, there in zip(ours, found, strict=True):
        same(here.reshape(there.shape), there)


def some_network(kind: type[Network], seed: int, side: Any, output: str) -> tuple[Network, Any, Any]:
    rng = np.random.default_rng([seed, 3])
    names = [str(name) for name in rng.choice([n for n in ACTIVATIONS if n != "softmax"], 3)]
    model = kind(
        3, [4, 3, 5, 2], [*names, output], seed=seed, slope_at_kink=side,
        normalisation=[[None, "batch", "layer"][k] for k in rng.permutation(3)],
        keep_prob=rng.choice([1.0, 0.7], 3).tolist(),
    )  # fmt: skip
    model.set_named({name: x + 0.5 * rng.standard_normal(x.shape) for name, x in model.named().items()})
    X = rng.standard_normal((3, 6))
    Y = one_hot(rng.integers(0, 2, 6), 2) if output in ("softmax", "sigmoid") else rng.standard_normal((2, 6))
    for _ in range(2):
        model.cost_and_grad(X, Y)  # the running averages move
    return model, X, Y


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "linear", "tanh"])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("seed", range(6))
def test_networks_there_and_back(seed: int, side: str, output: str) -> None:
    kind = (MLP, nn.MLP)[seed % 2]
    model, X, Y = some_network(kind, seed, side, output)
    module = to_torch(model)
    assert not module.training
    back = from_torch(module)
    same(back.forward(X), model.forward(X))
    assert (back.shape, back.loss, back.activations) == (model.shape, model.loss, model.activations)
    assert back.normalisations == model.normalisations
    assert back.keep_probs == pytest.approx(model.keep_probs)
    passes_are_the_same(copy.deepcopy(model), module, X, Y)
    passes_are_the_same(back, to_torch(back), X, Y)


def test_a_compiled_network() -> None:
    model = compiled.MLP(2, [3, 1], ["tanh", "sigmoid"], normalisation="layer", seed=1, runner="numpy")
    X, Y = np.random.default_rng(1).standard_normal((2, 5)), np.array([[0.0, 1.0, 1.0, 0.0, 1.0]])
    passes_are_the_same(from_torch(to_torch(model)), to_torch(model), X, Y)


def test_every_activation_has_a_module() -> None:
    for name in ACTIVATIONS:
        model = MLP(2, [2, 2], ["tanh", name], seed=1)
        X = np.array([[0.0, 0.5, -1.0], [2.0, -0.3, 1.0]])
        same(model.forward(X), to_torch(model)(torch.tensor(X.T)).detach().numpy().T)


def test_slopes_at_0_are_the_networks() -> None:
    X, Y = np.array([[0.0, 0.0, 1.0]]), np.ones((1, 3))
    for side in ("left", "right"):
        for g in ("relu", "leaky_relu"):
            model = MLP(1, [2, 1], [g, "linear"], seed=1, slope_at_kink=side)
            passes_are_the_same(model, to_torch(model), X, Y)
            assert from_torch(to_torch(model)).slope_at_kink == side


def test_an_activation_of_ones_own_is_written_with_operations() -> None:
    swish = Activation("swish", lambda z: [x * TABLE["sigmoid"](x) for x in z])
    model = nn.MLP(2, [3, 1], [swish, "linear"], seed=1)
    X = np.array([[0.5, 1.0], [2.0, -1.0]])
    same(model.forward(X), to_torch(model)(torch.tensor(X.T)).detach().numpy().T)
    assert "Elementwise(swish)" in str(to_torch(model))


def test_single_precision_stays() -> None:
    model = MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, dtype=np.float32)
    module = to_torch(model)
    assert module(torch.zeros(1, 2)).dtype == torch.float32
    assert from_torch(module).dtype == np.float32


def test_pytorchs_own_modules_are_read() -> None:
    torch.manual_seed(0)
    module = T.Sequential(
        T.Sequential(T.Linear(3, 4), T.BatchNorm1d(4), T.Identity(), T.Mish(), T.Dropout(0.5)),
        T.Linear(4, 3, bias=False), T.LayerNorm(3, elementwise_affine=False), T.LeakyReLU(),
        T.Linear(3, 2), T.Softmax(-1),
    ).double()  # fmt: skip
    X = np.random.default_rng(1).standard_normal((3, 7))
    rows = torch.tensor(X.T)
    module(rows)
    model = from_torch(module, seed=1)
    same(model.forward(X), module.eval()(rows).detach().numpy().T)
    assert model.loss.name == "cross_entropy"
    assert from_torch(T.Linear(2, 1), "huber", seed=3).loss.name == "huber"


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        (
            [T.Linear(2, 1), T.GELU()],
            "GELU.* has no counterpart in a network, which is of Linear, BatchNorm1d",
        ),
        ([T.ReLU(), T.Linear(2, 1)], "ReLU.* is out of place: a layer is a Linear, a normalisation, an act"),
        ([T.Linear(2, 2), T.Tanh(), T.BatchNorm1d(2), T.Linear(2, 1)], "BatchNorm1d.* is out of place"),
        ([T.Linear(2, 2), T.BatchNorm1d(2, eps=1e-3), T.Linear(2, 1)], "eps 0.001; a network has 1e-05"),
        (
            [T.Linear(2, 2), T.BatchNorm1d(2, momentum=None), T.Linear(2, 1)],
            "momentum None; a network has 0.1",
        ),
        ([T.Linear(2, 2), T.LeakyReLU(0.2), T.Linear(2, 1)], "negative_slope 0.2; a network has 0.01"),
        ([T.Linear(2, 2), T.Softmax(0)], "dim 0; a network has 1"),
        ([T.Linear(2, 2), T.Dropout(0.5)], "the output layer has a Dropout"),
        ([T.Linear(2, 2), T.LayerNorm(2)], "the output layer has a LayerNorm"),
        ([], "a network has one Linear at least"),
    ],
)
def test_modules_that_have_no_counterpart_are_refused(modules: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_torch(T.Sequential(*modules))


def test_slopes_of_both_sides_are_refused() -> None:
    right = to_torch(MLP(2, [2, 2], ["relu", "linear"], seed=1)).float()
    with pytest.raises(ValueError, match="slopes of both sides"):
        from_torch(T.Sequential(right, T.ReLU(), T.Linear(2, 1)))
