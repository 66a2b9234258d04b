"""Programs written for micrograd, with nothing but the import line changed."""

from __future__ import annotations

from typing import Any

from micrograd_dl import nn
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value


def tour(a: Any, b: Any) -> Any:
    """The tour of the operators in micrograd's README."""
    p = a + b
    q = a * b + b**3
    p += p + 1
    p += 1 + p + (-a)
    q += q * 2 + relu(b + a)
    q += 3 * q + relu(b - a)
    square = (p - q) ** 2
    g = square / 2.0
    g += 10.0 / square
    return g


def relu(x: Any) -> Any:
    return x.relu() if isinstance(x, Value) else max(x, 0.0)


def test_the_numbers_of_the_readme() -> None:
    a, b = Value(-4.0), Value(2.0)
    g = tour(a, b)
    g.backward()
    assert f"{g.data:.4f}" == "24.7041"
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"
    assert g.data == tour(-4.0, 2.0)


def test_what_micrograd_refuses_works() -> None:
    x = Value(2.0)
    assert (2**x).data == 4.0
    assert (x**x).data == 4.0
    zero = Value(0.0)
    y = zero**0
    y.backward()
    assert (y.data, zero.grad) == (1.0, 0.0)
    negative = Value(-2.0)
    z = negative**3
    z.backward()
    assert (z.data, negative.grad) == (-8.0, 12.0)


def edges_of(root: Value) -> tuple[set[Value], set[tuple[Value, Value]]]:
    """Nodes and edges, collected as the drawings of micrograd's users collect them."""
    nodes, edges = set(), set()

    def build(v: Value) -> None:
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return nodes, edges


def test_a_drawing_of_ones_own_reads_the_graph() -> None:
    neuron = nn.Neuron(2)
    y = neuron([Value(1.0), Value(-2.0)])
    y.backward()
    nodes, edges = edges_of(y)
    assert {str(node._op) for node in nodes} == {"", "w·x+b", "relu"}
    assert len(edges) == 5 + 1
    shown = sorted(f"{{ data {node.data:.4f} | grad {node.grad:.4f} }}" for node in nodes)
    assert len(shown) == 7


class Perceptron(nn.Module):
    """A network of one's own out of the package's parts, as micrograd's users write it."""

    def __init__(self, inputs: int, sizes: list[int]) -> None:
        ends = [inputs, *sizes]
        last = len(sizes) - 1
        self.layers = [nn.Layer(ends[i], ends[i + 1], nonlin=i != last) for i in range(len(sizes))]

    def __call__(self, x: list[Any]) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for p in layer.parameters()]


def test_modules_neurons_and_layers_are_micrograds() -> None:
    model, twin = Perceptron(3, [4, 4, 1]), Perceptron(3, [4, 4, 1])
    y = model([2.0, 3.0, -1.0])
    assert isinstance(y, Value)
    assert isinstance(model, nn.Module)
    (y - 1.0).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())
    assert [p.data for p in model.parameters()] != [p.data for p in twin.parameters()]  # no seed is given
    assert nn.Module().parameters() == []
    linear = nn.Neuron(2, nonlin=False)
    assert linear.activation.name == nn.Layer(2, 3, nonlin=False).activation.name == "linear"
    assert len(nn.Layer(2, 3)([1.0, 2.0])) == 3


def test_a_network_is_called_point_by_point() -> None:
    """Every node was made by the line that called the network, and has its label."""
    model: Any = nn.MLP(2, [3, 1], seed=1)
    for options in ({}, {"slope_at_kink": "left"}, {"normalisation": "layer"}, {"expanded": True}):
        other: Any = nn.MLP(2, [3, 1], seed=1, **options)
        y = other([0.5, Value(-1.0)])  # this line
        assert options.get("normalisation") or y.data == model([0.5, -1.0]).data
        assert y.label == "z2[1]"
        for node in topological_order(y):
            if node.operands:
                assert node.origin is not None
                assert node.origin.text.endswith("# this line")
    outputs: Any = nn.MLP(2, [3, 2], ["relu", "sigmoid"])([0.5, 1.0])
    assert [a.label for a in outputs] == ["a2[1]", "a2[2]"]
