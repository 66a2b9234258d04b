"""Neurons, layers and networks of Values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.nn import MLP, Layer, Neuron
from micrograd_dl.nn.initialisers import he, xavier

# --- neurons ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expanded", [False, True])
def test_a_neuron_by_hand(expanded: bool) -> None:
    neuron = Neuron(2, "tanh", w=[-3, 1], b=6.7, expanded=expanded)
    x = [Value(2.0), Value(0.0)]
    a = neuron(x)
    assert a.data == math.tanh(-6 + 0 + 6.7)
    a.backward()
    slope = 1 - a.data**2
    assert [p.grad for p in neuron.parameters()] == pytest.approx([2 * slope, 0, slope])
    assert [unit.grad for unit in x] == pytest.approx([-3 * slope, slope])
    neuron.zero_grad()
    assert [p.grad for p in neuron.parameters()] == [0, 0, 0]


def test_the_weighted_sum_is_one_node_or_its_parts() -> None:
    fused, expanded = (
        Neuron(3, w=[1, 2, 3], b=4, expanded=flag).z([1.0, 1.0, 1.0]) for flag in (False, True)
    )
    assert fused.op is not None
    assert fused.op.name == "affine"
    names = [node.op.name for node in topological_order(expanded) if node.op is not None and node.operands]
    assert sorted(names) == ["add", "add", "add", "mul", "mul", "mul"]
    assert fused.data == expanded.data == 10


def test_a_neuron_draws_what_suits_its_activation() -> None:
    drawn = [p.data for p in Neuron(4, "relu", seed=5).parameters()]
    assert drawn == [*he(np.random.default_rng(5), 1, 4)[0], 0]
    assert [p.label for p in Neuron(2).parameters()] == ["w1", "w2", "b"]
    units = [*(Neuron(1) for _ in range(3)), *(Layer(1, 1).neurons[0] for _ in range(3))]
    assert len({unit.w[0].data for unit in units}) == 6  # no two learn the same


# --- layers -------------------------------------------------------------------------------------------------


def test_a_layer() -> None:
    layer = Layer(2, 3, "softmax", seed=4, number=2)
    W = np.array([[w.data for w in neuron.w] for neuron in layer.neurons])
    np.testing.assert_array_equal(W, xavier(np.random.default_rng(4), 3, 2))
    a = layer([1.0, -1.0])
    z = W @ [1.0, -1.0]
    assert [unit.data for unit in a] == pytest.approx((np.exp(z) / np.exp(z).sum()).tolist())
    assert [unit.label for unit in a] == ["a2[1]", "a2[2]", "a2[3]"]
    assert [p.label for p in layer.parameters()][:4] == ["W2[1,1]", "W2[1,2]", "b2[1]", "W2[2,1]"]
    assert repr(layer) == "Layer(2 -> 3 softmax)"
    a[0].backward()
    layer.zero_grad()
    assert not any(p.grad for p in layer.parameters())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Neuron(2, w=[1.0]), "2 inputs, 1 weights"),
        (lambda: Neuron(0, w=[]), "one input at least, not 0"),
        (lambda: Neuron(0), "one input at least, not 0"),
        (lambda: Neuron(1, "softmax"), r"softmax is of a whole layer: use Layer\(n_in, n_out, 'softmax'\)"),
        (lambda: Neuron(1, "gulu"), "no activation 'gulu'"),
        (lambda: Neuron(2)([1.0, 2.0, 3.0]), "this neuron takes 2 inputs, got 3"),
        (lambda: Layer(3, 4)([1.0, 2.0]), "this neuron takes 3 inputs, got 2"),
        (lambda: Layer(0, 3), "one input and one unit at least, not 0 and 3"),
        (lambda: Layer(3, 0), "one input and one unit at least, not 3 and 0"),
        (lambda: Layer(2, 5, weights=np.ones((3, 2))), r"are \(3, 2\), \(5, 2\) is wanted: a row a unit"),
        (lambda: Layer(2, 2, weights=np.ones(2)), r"the weights are \(2,\), \(2, 2\) is wanted"),
    ],
)
def test_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


# --- networks -----------------------------------------------------------------------------------------------


def test_as_in_micrograd() -> None:
    model, x = MLP(3, [4, 4, 1]), [2.0, 3.0, -1.0]
    a, several = model(x), MLP(3, [4, 2])(x)
    assert isinstance(a, Value)
    assert a.data == model.forward([[unit] for unit in x]).item()
    assert len(model.parameters()) == 41
    assert isinstance(several, list)
    assert len(several) == 2


def test_gradients_do_not_pile_up_in_cost_and_grad() -> None:
    model = MLP(2, [2, 1], ["tanh", "sigmoid"])
    gradients = []
    for _ in range(2):
        model.cost_and_grad([[1.0], [2.0]], [[1]])
        gradients.append([p.grad for p in model.parameters()])
    assert gradients[0] == gradients[1]
    model.cost([[1.0], [2.0]], [[1]]).backward()  # a plain backward adds, as it does everywhere
    assert [p.grad for p in model.parameters()] == pytest.approx([2 * g for g in gradients[0]])


@pytest.mark.parametrize("expanded", [False, True])
def test_every_unit_has_a_name_that_can_be_stepped_to(expanded: bool) -> None:
    model = MLP(2, [2, 1], ["tanh", "sigmoid"], seed=1, expanded=expanded)
    X, Y = [[0.5, 1.0], [-1.0, 2.0]], [[1, 0]]
    J = model.cost(X, Y)
    labels = {node.label for node in topological_order(J)}
    wanted = {f"{kind}{l}[{i}]({k})" for kind in "za" for l, i in ((1, 1), (1, 2), (2, 1)) for k in (1, 2)}
    # The logistic loss is of z: a of the last layer is not in it.
    assert wanted - {"a2[1](1)", "a2[1](2)"} <= labels
    assert {p.label for p in model.parameters()} <= labels
    trace = Trace(J)
    trace.until("z1[2](2)")
    z = next(node for node in topological_order(J) if node.label == "z1[2](2)")
    assert trace.data(z) == model.record(X, Y).Z[0][1, 1]


def test_the_nodes_of_a_record() -> None:
    model = MLP(2, [2, 2], ["relu", "linear"], seed=1)
    numbers = model.record([[0.5, 1.0, 3.0], [-1.0, 2.0, 0.0]], np.ones((2, 3)))
    assert numbers.node is not None
    for l in (1, 2):
        for what, array in (("Z", numbers.Z[l - 1]), ("A", numbers.A[l - 1])):
            for (i, k), x in np.ndenumerate(array):
                assert numbers.node(what, l, i, k).data == x


@pytest.mark.parametrize(
    ("x", "seen"),
    [
        (np.ones((2, 4)), "2 of type ndarray"),
        ([[1.0], [2.0]], "2 of type list"),
        ([1.0, 2.0, Value(3.0)], "3 of type Value, float"),
        ([], "0 of type nothing"),
    ],
)
def test_what_is_not_one_example(x: Any, seen: str) -> None:
    model = MLP(2, [3, 1])
    with pytest.raises(ValueError, match=f"one example is 2 numbers or Values, not {seen}: for X, whose"):
        model(x)
