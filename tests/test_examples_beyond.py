"""The lessons beyond the course run, and show what they say."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

from micrograd_dl.cli.lesson import load_lesson
from micrograd_dl.engine.value import Value
from micrograd_dl.nn import Neuron


def test_autoencoder(capsys: pytest.CaptureFixture[str]) -> None:
    load_lesson("autoencoder").main(steps=100, widths=(1, 3))
    out = capsys.readouterr().out
    rows = re.findall(r"^ +(\d) +(\S+) +(\S+) +(\d) of 8$", out, re.MULTILINE)
    assert [row[0] for row in rows] == ["1", "3"]
    assert all(float(after) < float(before) for _, before, after, _ in rows)
    assert int(rows[0][-1]) < int(rows[1][-1]) == 8
    codes = re.findall(r"^  symbol \d  .*   ([01]{3})$", out, re.MULTILINE)
    assert len(codes) == 8
    assert f"{len(set(codes))} different codes of 3 bits, of 8 there are." in out


def test_convolution(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn", reason="the data are those of scikit-learn, in the extra data")
    load_lesson("convolution").main(epochs=6, per_class=15, held_out=10)
    out = capsys.readouterr().out
    assert "(chance 33%)" in out
    before, after = (re.search(rf"^ +{name}.* (\d+)%$", out, re.MULTILINE) for name in ("before", "after"))
    assert before is not None
    assert after is not None
    assert int(before[1]) < 60
    assert int(after[1]) > 75
    assert "A 3, and what the 3 kernels say of it:" in out


def test_convolution_and_pooling_by_hand() -> None:
    lesson = load_lesson("convolution")
    image = [[Value(float(8 * i + j)) for j in range(8)] for i in range(8)]
    kernel = Neuron(9, "relu", w=[0, 0, 0, 0, 1, 0, 0, 0, -1], b=0.5)  # a pixel less the one right below it
    z = lesson.convolve(kernel, image)
    assert [[x.data for x in row] for row in z] == [[-8.5] * 6] * 6
    pooled = lesson.pool(image)
    assert [x.data for x in pooled[0]] == [9, 11, 13, 15]
    assert len(pooled) == 4


def test_recurrent(capsys: pytest.CaptureFixture[str]) -> None:
    lesson = load_lesson("recurrent")
    [(xs, ys)] = lesson.sums(np.random.default_rng(0), 1, 4)
    a, b, total = (sum(bit << k for k, bit in enumerate(column)) for column in (*zip(*xs, strict=True), ys))
    assert a + b == total
    lesson.main(steps=230)
    out = capsys.readouterr().out
    costs = [float(cost) for cost in re.findall(r"cost (\S+)$", out, re.MULTILINE)]
    assert costs[0] > 0.6
    assert costs[-1] < 0.1
    rows = re.findall(r"^ +(\d+) +(\d+)% +(\d+)% +(\d+)% +(\d+)%$", out, re.MULTILINE)
    assert [row[0] for row in rows] == ["5", "10", "20"]
    for _, _, right, no_carry, guess in rows:
        assert int(right) > 90 > int(no_carry) > 50
        assert int(guess) < 60


def test_lstm(capsys: pytest.CaptureFixture[str]) -> None:
    lesson = load_lesson("lstm")
    lesson.main(steps=50, seeds=(0,))
    out = capsys.readouterr().out
    lstm = re.search(r"^LSTM +\d+ +0 +(\S+) +(\S+) +(\d+)% +(\d+)% +(\d+)%$", out, re.MULTILINE)
    assert lstm is not None
    assert float(lstm[2]) < 0.3 < 0.6 < float(lstm[1])
    assert int(lstm[3]) > 90
    fades = {
        name: [float(size) for size in row.split()]
        for name, row in re.findall(r"^(\w+) +((?:\d\.\de-\d\d *)+)$", out, re.MULTILINE)
    }
    assert fades["recurrent"][-1] < 1e-3 * fades["recurrent"][0]
    assert fades["LSTM"][-1] > 1e-2 * fades["LSTM"][0]


def test_transformer(capsys: pytest.CaptureFixture[str]) -> None:
    lesson = load_lesson("transformer")
    lesson.main(steps=72, samples=3)
    out = capsys.readouterr().out
    losses = [float(x) for x in re.findall(r"^ +\d+ to \d+ +(\S+)$", out, re.MULTILINE)]
    assert losses[0] < np.log(lesson.VOCABULARY) + 0.1
    assert losses[-1] < losses[0] - 0.2
    chance, before, frequency, after = (
        float(x) for x in re.findall(r"^  [a-z].* (\d\.\d{3})$", out, re.MULTILINE)
    )
    assert chance == pytest.approx(before, abs=0.1)
    assert after < frequency < chance
    made_up = out.split("is one of the list): ")[1].split(", ")
    assert len(made_up) == 3


def test_pytorch_is_asked_for() -> None:
    lesson = load_lesson("pytorch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "torch", None)
        with pytest.raises(ModuleNotFoundError, match=r"pip install 'micrograd-dl\[torch\]'"):
            lesson.main()


def test_transformer_looks_back_only() -> None:
    lesson = load_lesson("transformer")
    parameters = lesson.init_parameters(1)
    one, other = (lesson.logits(parameters, lesson.encode(name)) for name in ("anna", "anton"))
    same = [[x.data for x in a] == [x.data for x in b] for a, b in zip(one, other, strict=False)]
    assert same == [True, True, True, False, False, False]
