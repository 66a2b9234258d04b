"""Models of ONNX: what onnxruntime computes with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl import Value, compiled, nn
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.nn.activations import ACTIVATIONS, Activation
from micrograd_dl.nn.network import Network
from micrograd_dl.testing import Graph, graphs, operands
from micrograd_dl.vectorized import MLP

onnx: Any = pytest.importorskip("onnx", reason="to_onnx needs ONNX, in the extra onnx")
runtime: Any = pytest.importorskip("onnxruntime", reason="the models are run with onnxruntime")
to_onnx = pytest.importorskip("micrograd_dl.interop.onnx_models", reason="needs ONNX").to_onnx


def run(model: Any, **inputs: Any) -> Any:
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


def graph_is_the_same(root: Value, leaves: Any) -> None:
    found = run(to_onnx(root), **{leaf.label: np.full(2, leaf.data) for leaf in leaves})
    assert found.tolist() == pytest.approx([root.data] * 2, rel=1e-12, abs=1e-14)


# Runtimes have those of ONNX in single precision only.
LACKING = ("asin", "acos", "atan", "erf", "erfc", "gelu")
HAD = [operation for name, operation in TABLE.items() if name not in LACKING]


@pytest.mark.parametrize("name", LACKING)
def test_what_runtimes_lack_is_refused(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"ONNX has no counterpart of the operation (asin|atan|erf): give it"
    ):
        to_onnx(TABLE[name](Value(0.5, "x")))


@pytest.mark.parametrize("operation", HAD, ids=lambda operation: operation.name)
@given(data=st.data())
def test_operations(operation: Operation, data: st.DataObject) -> None:
    leaves = [Value(x, f"x{i}") for i, x in enumerate(data.draw(operands(operation)), 1)]
    graph_is_the_same(operation(*leaves), leaves)


@given(graphs(HAD))
def test_random_graphs(graph: Graph) -> None:
    graph_is_the_same(graph.root, graph.leaves)


@pytest.mark.parametrize("x", [-800.0, 0.0, 800.0])
@pytest.mark.parametrize("name", ["softplus", "sigmoid", "logsumexp", "relu", "abs", "sign"])
def test_nothing_overflows(name: str, x: float) -> None:
    leaf = Value(x, "x")
    graph_is_the_same(TABLE[name](leaf), [leaf])


@pytest.mark.parametrize(
    ("x", "y"), [(0.0, 0.5), (0.0, -1.0), (0.0, -0.5), (0.0, 1.0), (2.0, 0.0), (0.0, 0.0)]
)
def test_the_slope_of_a_power_at_its_edges(x: float, y: float) -> None:
    leaves = Value(x, "x"), Value(y, "y")
    graph_is_the_same(TABLE["power_slope"](*leaves), leaves)
    graph_is_the_same(TABLE["log_for_power"](leaves[0]), leaves[:1])


def test_inputs_are_columns_and_other_leaves_keep_their_numbers() -> None:
    w, x = Value(2.0, "w"), Value(3.0, "x")
    J = (w * x).tanh()
    J.label = "a"
    model = to_onnx(J, inputs=[x])
    assert [i.name for i in model.graph.input] == ["x"]
    assert [o.name for o in model.graph.output] == ["a"]
    np.testing.assert_allclose(run(model, x=np.array([0.1, 0.2, 0.3])), np.tanh([0.2, 0.4, 0.6]), rtol=1e-14)
    assert run(to_onnx(x + 0 * w, inputs=[w]), w=np.zeros(2)).shape == (2,)
    assert run(to_onnx(Value.constant(2.0))) == 2.0
    assert run(to_onnx(J, inputs=[])) == pytest.approx(J.data, rel=1e-14)


def some_network(kind: type[Network], seed: int) -> tuple[Network, Any]:
    rng = np.random.default_rng([seed, 5])
    hidden = [str(name) for name in rng.choice([n for n in ACTIVATIONS if n != "softmax"], 3)]
    side: Any = ["left", "right"][seed % 2]
    output = str(rng.choice(["sigmoid", "softmax", "linear", "tanh"]))
    model = kind(
        3, [4, 3, 5, 2], [*hidden, output], seed=seed, slope_at_kink=side,
        normalisation=[["batch", None, "layer"][k] for k in rng.permutation(3)], keep_prob=0.8,
    )  # fmt: skip
    model.set_named({name: x + 0.5 * rng.standard_normal(x.shape) for name, x in model.named().items()})
    X = rng.standard_normal((3, 6))
    model.cost_and_grad(X, np.tile([[0.0], [1.0]], 6))  # the running averages move
    return model, X


@pytest.mark.parametrize("seed", range(8))
def test_networks(seed: int) -> None:
    model, X = some_network((MLP, nn.MLP)[seed % 2], seed)
    np.testing.assert_allclose(run(to_onnx(model), X=X.T), model.forward(X).T, rtol=1e-12, atol=1e-14)


def test_every_activation_in_every_kind_of_network() -> None:
    X = np.array([[0.0, 0.5, -40.0], [2.0, -0.3, 1.0]])
    for name in ACTIVATIONS:
        for kind in (MLP, nn.MLP, compiled.MLP):
            model = kind(2, [2, 2], ["tanh", name], seed=1)
            np.testing.assert_allclose(run(to_onnx(model), X=X.T), model.forward(X).T, rtol=1e-12)


def test_single_precision_stays() -> None:
    model = MLP(2, [3, 1], ["mish", "sigmoid"], seed=1, dtype=np.float32, normalisation="layer")
    X = np.array([[0.5, 1.0], [2.0, -1.0]], np.float32)
    found = run(to_onnx(model), X=X.T)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, model.forward(X).T, rtol=1e-5)


def test_an_activation_of_ones_own_is_written_with_operations() -> None:
    swish = Activation("swish", lambda z: [x * TABLE["sigmoid"](x) for x in z])
    model = nn.MLP(2, [3, 1], [swish, "linear"], seed=1)
    X = np.array([[0.5, 1.0], [2.0, -1.0]])
    np.testing.assert_allclose(run(to_onnx(model), X=X.T), model.forward(X).T, rtol=1e-12)


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    model = to_onnx(MLP(2, [1], ["sigmoid"], seed=1), tmp_path / "model.onnx")
    there = onnx.load(tmp_path / "model.onnx")
    assert there.SerializeToString() == model.SerializeToString()
    onnx.checker.check_model(there, full_check=True)
    with pytest.raises(ValueError, match=r"saved as .onnx, not as 'model.pb'"):
        to_onnx(MLP(2, [1], ["sigmoid"], seed=1), tmp_path / "model.pb")


def test_what_is_no_graph_is_refused() -> None:
    with pytest.raises(TypeError, match="Value"):
        to_onnx(3)
    cube = Operation("cube", "^3", 1, lambda x: x**3, (lambda out, x: 3 * x * x,), str, str)
    with pytest.raises(ValueError, match="ONNX has no counterpart of the operation cube"):
        to_onnx(cube(Value(2.0)))
