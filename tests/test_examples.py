"""Every lesson runs, and shows what it says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from micrograd_dl.optim import OPTIMISERS

EXAMPLES = Path(__file__).parent.parent / "examples"


def lesson(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tested_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def printed(name: str, capsys: pytest.CaptureFixture[str], **constants: object) -> str:
    module = lesson(name)
    for constant, value in constants.items():
        assert hasattr(module, constant)
        setattr(module, constant, value)
    module.main()
    return capsys.readouterr().out


def test_vectorization(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed("vectorization", capsys, SIZES=(10, 100))
    rows = re.findall(r"^ +(10|100) +.* (\d+)x +(\S+)$", out, re.MULTILINE)
    assert [m for m, _, _ in rows] == ["10", "100"]
    assert all(float(difference) < 1e-12 for _, _, difference in rows)


def test_house_price(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed("house_price", capsys)
    costs = [float(J) for J in re.findall(r"J = (\S+),", out)]
    assert len(costs) == 5
    assert costs == sorted(costs, reverse=True)
    table = re.findall(r"^ +\d+ +(\d+) +(\S+)$", out, re.MULTILINE)
    assert len(table) == 6
    assert all(float(predicted) == pytest.approx(float(price), rel=0.03) for price, predicted in table)


def test_xor(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed("xor", capsys)
    assert re.search(r"^one neuron: (0|25|50|75)% right, so it fails: no line separates", out, re.MULTILINE)
    assert "one hidden layer of 3: 100% right, so it learns XOR" in out
    assert len(re.findall(r"^ +[01] +[01] +[01] ", out, re.MULTILINE)) == 4


def test_symmetry(capsys: pytest.CaptureFixture[str]) -> None:
    zeros, xavier = printed("symmetry", capsys).strip().split("\n\n")
    rows = [re.findall(r"unit \d: +(.+)", text) for text in (zeros, xavier)]
    assert [len(set(found)) for found in rows] == [1, 3]
    assert "all rows are equal: three units do the work of one" in zeros
    assert "3 different units" in xavier


def test_linear_collapse(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed("linear_collapse", capsys)
    found = re.search(r"The largest difference is (\S+):", out)
    assert found is not None
    assert float(found[1]) < 1e-12
    rows = [line.split() for line in out.splitlines() if re.match(r" +\d ", line)]
    assert len(rows) == 4
    assert all(row[1:3] == row[3:5] for row in rows)


def test_vanishing_gradients(capsys: pytest.CaptureFixture[str]) -> None:
    module = lesson("vanishing_gradients")
    level = {}
    for name, case in module.CASES.items():
        numbers = module.one_pass(*case)
        level[name] = [
            np.array([module.size(array) for array in arrays]) for arrays in (numbers.A, numbers.dZ)
        ]
    fades, explodes, he = (level[name] for name in ("0.8 I, linear", "1.2 I, linear", "He, relu"))
    A, dZ = fades
    assert np.allclose(A[1:] / A[:-1], 0.8)
    assert np.allclose(dZ[:-1] / dZ[1:], 0.8)
    assert np.allclose(explodes[0][1:] / explodes[0][:-1], 1.2)
    assert he[0].max() < 10 * he[0].min()
    assert level["Xavier, relu"][0][-1] < 0.01 * level["Xavier, relu"][0][0]
    module.main()
    out = capsys.readouterr().out
    assert all(name in out for name in module.CASES)
    assert max(map(len, out.splitlines())) < 120


def test_pictures() -> None:
    pytest.importorskip("matplotlib")
    title = lesson("vanishing_gradients").picture().get_suptitle()
    assert "gradients shrink 10²⁴-fold on the way back" in title
    assert len(lesson("optimisers").picture().axes[0].lines) == 5
    assert "with 320 examples" in lesson("learning_curves").picture().get_suptitle()
    assert len(lesson("weighted_averages").picture().axes[0].lines) == 4
    assert lesson("xor").picture().get_suptitle() == "All 4 examples are on the right side of the boundary"


def test_gradient_checking(capsys: pytest.CaptureFixture[str]) -> None:
    cases = printed("gradient_checking", capsys).strip().split("\n\n")
    assert len(cases) == 5
    assert "backprop is right" in cases[0]
    for case, where in zip(cases[1:], ("dW[2][", "db[1][", "d", "dW["), strict=True):
        assert "there is a bug" in case
        assert case.splitlines()[2].strip().startswith(where)


def test_learning_curves(capsys: pytest.CaptureFixture[str]) -> None:
    module = lesson("learning_curves")
    module.main()
    by_size, by_lambda = module.curves()
    assert str(by_size) in capsys.readouterr().out
    assert by_size.train[0] < by_size.train[-1]
    assert by_size.dev[0] > by_size.dev[-1]
    assert by_lambda.x[0] < by_lambda.best < by_lambda.x[-1]
    assert by_lambda.train[0] < by_lambda.train[-1]


def test_optimisers(capsys: pytest.CaptureFixture[str]) -> None:
    module = lesson("optimisers")
    module.main()
    out = capsys.readouterr().out
    last = dict(re.findall(r"^(\w+) +\S+(?: +\d\S+e\S+){4} +(\d\S+e\S+)$", out, re.MULTILINE))
    assert list(last) == list(module.ALPHAS) == list(OPTIMISERS)
    for name in ("momentum", "nesterov", "rmsprop", "adam", "adamw", "amsgrad"):
        assert float(last[name]) < 1e-6 * float(last["descent"])
    ends = {name: module.at_the_end(schedule) for name, schedule in module.SCHEDULES.items()}
    assert all(f"{end:.4f}\n" in out for end in ends.values())
    assert all(end < 0.8 * ends["constant"] for name, end in ends.items() if name != "constant")


def test_augmentation(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed("augmentation", capsys)
    rows = re.findall(r"^(\S.*?) +100% +(\d+)%$", out, re.MULTILINE)
    anywhere = {name: int(part) for name, part in rows}
    assert list(anywhere) == list(lesson("augmentation").CASES)
    assert max(anywhere["nothing"], anywhere["noise"]) < 60
    assert min(anywhere["shifts"], anywhere["shifts, rotations, noise"]) > 95


def test_weighted_averages(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed("weighted_averages", capsys)
    rows = [[float(x) for x in line.split()] for line in out.splitlines() if re.match(r" +\d+ +-?\d", line)]
    assert [row[0] for row in rows] == list(lesson("weighted_averages").SHOWN)
    first, last = rows[0], rows[-1]
    assert first[1] == first[2] == first[3] == first[4]  # corrected, the first average is the first number
    assert first[5] == pytest.approx(0.02 * first[1], abs=0.01)
    assert last[5] == last[4]
    assert "beta = 0.98: an average of about the last 50 days" in out


def test_weight_decay(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed("weight_decay", capsys)
    descent, adam = re.findall(r"^(?:plain descent|Adam) .* (\S+)$", out, re.MULTILINE)
    assert float(descent) < 1e-12
    assert float(adam) > 0.1


def test_parity(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed("parity", capsys)
    rows = [line.split() for line in out.splitlines() if re.match(r" +[248] ", line)]
    assert [row[0] for row in rows] == ["2", "4", "8"]
    assert all(row[3] == row[6] == "100%" for row in rows)
    assert [int(row[5]) - 1 for row in rows] == [2, 8, 128]  # 2^(n-1) hidden units
    assert [int(row[1]) for row in rows] == [2, 4, 6]
