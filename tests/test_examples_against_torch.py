"""The lessons beyond the course against PyTorch's own layers: losses and every derivative to 1e-10."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from micrograd_dl.cli.lesson import load_lesson
from micrograd_dl.engine.value import Value
from micrograd_dl.nn import Layer, Neuron
from micrograd_dl.nn.network import one_hot

torch: Any = pytest.importorskip("torch", reason="compared with PyTorch, in the extra torch")
F = torch.nn.functional
SEEDS = pytest.mark.parametrize("seed", range(3))


def tensor(values: Sequence[Any]) -> Any:
    """The data of Values, in nested lists or not, as a leaf."""
    data = np.vectorize(lambda value: value.data)(np.array(values, dtype=object))
    return torch.tensor(data, dtype=torch.float64, requires_grad=True)


def weights(neurons: Sequence[Neuron]) -> tuple[Any, Any]:
    """W and b of neurons side by side; the biases get numbers first, so that they count."""
    for k, neuron in enumerate(neurons):
        neuron.b.data = 0.3 - 0.1 * k
    return tensor([neuron.w for neuron in neurons]), tensor([neuron.b for neuron in neurons])


def assert_same(J: Value, theirs: Any, pairs: Sequence[tuple[Sequence[Any], Any]]) -> None:
    """The loss, and the derivatives by Values and by the tensors of their shapes."""
    assert J.data == pytest.approx(theirs.item(), rel=1e-10)
    J.backward()
    theirs.backward()
    for values, leaf in pairs:
        ours = np.vectorize(lambda value: value.grad)(np.array(values, dtype=object))
        gradient = leaf.grad.numpy()
        assert np.abs(gradient).max() > 0
        np.testing.assert_allclose(ours, gradient, rtol=1e-10, atol=1e-10 * np.abs(gradient).max())


def of_neurons(neurons: Sequence[Neuron], W: Any, b: Any) -> list[tuple[Sequence[Any], Any]]:
    return [([neuron.w for neuron in neurons], W), ([neuron.b for neuron in neurons], b)]


@SEEDS
def test_convolution(seed: int) -> None:
    lesson = load_lesson("convolution")
    model, rng = lesson.ConvolutionalNetwork(seed=seed), np.random.default_rng(seed)
    X, index = rng.random((64, 3)), rng.integers(0, 3, 3)
    kernels, kernel_b = weights(model.kernels)
    W, b = weights(model.output.neurons)
    images = torch.tensor(X.T.copy()).reshape(-1, 1, 8, 8)
    maps = F.max_pool2d(F.relu(F.conv2d(images, kernels.reshape(-1, 1, 3, 3), kernel_b)), 2)
    theirs = F.cross_entropy(maps.flatten(1) @ W.T + b, torch.tensor(index))
    pairs = of_neurons(model.kernels, kernels, kernel_b) + of_neurons(model.output.neurons, W, b)
    assert_same(model.cost(X, one_hot(index, 3)), theirs, pairs)


def recurrent_inputs(layers: Sequence[Layer], n_in: int) -> tuple[list[Any], Any, Any, list[Any]]:
    """PyTorch's weights of the input, of the state, and biases; and ours beside their leaves."""
    leaves = [weights(layer.neurons) for layer in layers]
    W = torch.cat([W for W, _ in leaves])
    b = torch.cat([b for _, b in leaves])
    pairs = [
        pair for layer, leaf in zip(layers, leaves, strict=True) for pair in of_neurons(layer.neurons, *leaf)
    ]
    return [W[:, :n_in], W[:, n_in:]], b, torch.zeros_like(b), pairs


@SEEDS
def test_recurrent(seed: int) -> None:
    lesson = load_lesson("recurrent")
    model = lesson.RecurrentNetwork(seed=seed)
    [(xs, ys)] = lesson.sums(np.random.default_rng(seed), 1, 6)
    (W_x, W_h), b, zero, pairs = recurrent_inputs([model.cell], 2)
    W_y, b_y = weights(model.output.neurons)
    h, z = torch.zeros(1, model.hidden, dtype=torch.float64), []
    for x in torch.tensor(xs, dtype=torch.float64):
        h = torch.rnn_tanh_cell(x[None], h, W_x, W_h, b, zero)
        z.append((h @ W_y.T + b_y)[0, 0])
    theirs = F.binary_cross_entropy_with_logits(torch.stack(z), torch.tensor(ys, dtype=torch.float64))
    assert_same(model.loss(xs, ys), theirs, pairs + of_neurons(model.output.neurons, W_y, b_y))


@SEEDS
def test_lstm(seed: int) -> None:
    lesson = load_lesson("lstm")
    model = lesson.Echo(lesson.LSTMCell(1, 3, seed))
    xs = [1, 0, 1, 1, 0, 0, 1]
    f, i, o, g = model.cell.layers
    (W_x, W_h), b, zero, pairs = recurrent_inputs([i, f, g, o], 1)  # in PyTorch's order
    W_y, b_y = weights(model.output.neurons)
    h = c = torch.zeros(1, 3, dtype=torch.float64)
    for x in xs:
        h, c = torch.lstm_cell(torch.tensor([[2.0 * x - 1]]).double(), (h, c), W_x, W_h, b, zero)
    z = (h @ W_y.T + b_y)[0, 0]
    theirs = F.binary_cross_entropy_with_logits(z, torch.tensor(float(xs[0])).double())
    ours = model.loss(model.states(xs), xs)
    assert_same(ours, theirs, pairs + of_neurons(model.output.neurons, W_y, b_y))


@SEEDS
def test_autoencoder(seed: int) -> None:
    lesson = load_lesson("autoencoder")
    model = lesson.autoencoder(3, seed)
    (W1, b1), (W2, b2) = (weights(layer.neurons) for layer in model.layers)
    codes = torch.sigmoid(torch.tensor(lesson.X) @ W1.T + b1)
    theirs = F.cross_entropy(codes @ W2.T + b2, torch.arange(lesson.SYMBOLS))
    first, second = (layer.neurons for layer in model.layers)
    assert_same(
        model.cost(lesson.X, lesson.X), theirs, of_neurons(first, W1, b1) + of_neurons(second, W2, b2)
    )


def transformer_loss(p: dict[str, Any], tokens: Sequence[int], heads: int) -> Any:
    """All places at once, with PyTorch's attention and norm."""
    index, width = torch.tensor(tokens), p["token"].shape[1]

    def norm(x: Any) -> Any:
        return F.rms_norm(x, (width,), eps=1e-5)

    def by_heads(x: Any) -> Any:
        return x.reshape(len(x), heads, -1).transpose(0, 1)[None]

    x = norm(p["token"][index[:-1]] + p["place"][: len(tokens) - 1])
    q, k, v = (by_heads(norm(x) @ p[name].T) for name in ("query", "key", "value"))
    seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)[0]
    x = x + seen.transpose(0, 1).reshape(len(x), width) @ p["mix"].T
    x = x + F.relu(norm(x) @ p["widen"].T) @ p["narrow"].T
    return F.cross_entropy(x @ p["predict"].T, index[1:])


@pytest.mark.parametrize("arithmetic", ["FUSED", "PLAIN"])
@pytest.mark.parametrize("one_hot_tokens", [False, True])
@pytest.mark.parametrize("name", ["ivo", "martin"])
def test_transformer(name: str, one_hot_tokens: bool, arithmetic: str) -> None:
    lesson = load_lesson("transformer")
    parameters, tokens = lesson.init_parameters(4), lesson.encode(name)
    leaves = {key: tensor(matrix) for key, matrix in parameters.items()}
    given = one_hot(tokens, lesson.VOCABULARY).T.tolist() if one_hot_tokens else tokens
    J = lesson.loss(parameters, given, getattr(lesson, arithmetic))
    theirs = transformer_loss(leaves, tokens, lesson.HEADS)
    assert_same(J, theirs, [(parameters[key], leaf) for key, leaf in leaves.items()])


def test_the_transformer_is_trained_as_by_pytorch() -> None:
    lesson, steps = load_lesson("transformer"), 12
    _, losses = lesson.train(steps)
    leaves = {key: tensor(matrix) for key, matrix in lesson.init_parameters().items()}
    adam = torch.optim.Adam(leaves.values(), 0.02, betas=(0.85, 0.99))
    falling = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: 1 - step / steps)
    for name, ours in zip(lesson.order(steps), losses, strict=True):
        adam.zero_grad()
        theirs = transformer_loss(leaves, lesson.encode(name), lesson.HEADS)
        theirs.backward()
        assert ours == pytest.approx(theirs.item(), rel=1e-10)
        adam.step()
        falling.step()


def test_pytorch(capsys: pytest.CaptureFixture[str]) -> None:
    load_lesson("pytorch").main()
    out = capsys.readouterr().out
    rows = re.findall(r"^(\w+) +(\S+) +(\S+) +(\S+e\S+)$", out, re.MULTILINE)
    assert [row[0] for row in rows] == ["J", "dW1", "db1", "dW2", "db2"] * 2
    assert all(mine == other for _, mine, other, _ in rows)
    assert all(float(apart) < 1e-10 for *_, apart in rows)
    assert float(rows[5][1]) < 0.5 * float(rows[0][1])  # both have learnt
    table = out.split("as the course has it:")[1]
    decided = re.findall(r" +(-?\d+\.\d+) +(-?\d+\.\d+)$", table, re.MULTILINE)
    assert decided == [("1.00", "0.00"), ("-0.01", "-0.10"), ("1.00", "1.10")]
