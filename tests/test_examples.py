"""The lessons of the course run, and show what they say; those beyond it have a file of their own."""

from __future__ import annotations

import re
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pytest

from micrograd_dl.cli.lesson import load_lesson
from micrograd_dl.optim.optimisers import OPTIMISERS

Capture = pytest.CaptureFixture[str]


def printed(lesson: str | ModuleType, capsys: Capture, **constants: object) -> str:
    """What it prints; its picture is drawn too, from the same numbers."""
    module = load_lesson(lesson) if isinstance(lesson, str) else lesson
    for constant, value in constants.items():
        assert hasattr(module, constant)
        setattr(module, constant, value)
    module.main()
    if hasattr(module, "picture") and find_spec("matplotlib"):  # in the extra plots
        assert module.picture().get_suptitle()
    return capsys.readouterr().out


def table(pattern: str, out: str) -> list[tuple[str, ...]]:
    """The groups of each line that has the pattern."""
    found = re.findall(pattern, out, re.MULTILINE)
    assert found
    return [row if isinstance(row, tuple) else (row,) for row in found]


def test_vectorization(capsys: Capture) -> None:
    rows = table(r"^ +(10|100) +.* \d+x +(\S+)$", printed("vectorization", capsys, SIZES=(10, 100)))
    assert [m for m, _ in rows] == ["10", "100"]
    assert all(float(difference) < 1e-12 for _, difference in rows)


def test_shapes(capsys: Capture) -> None:
    out = printed("shapes", capsys)
    assert load_lesson("shapes").network().shapes() in out
    for line in (
        "[[11. 19. 32.]\n [10. 21. 31.]]",  # plus the row
        "A + W is refused: add goes entry by entry, and the shapes (2, 3) and (3, 2) do not fit:",
        "down the columns: (1, 3) [[1.0, 0.0, 3.0]]",
        "X is (2,), (2, m) is wanted",
    ):
        assert line in out


def test_convexity(capsys: Capture) -> None:
    out = printed("convexity", capsys, STEPS=300)
    assert "logistic: J bends up everywhere: it is convex." in out
    assert re.search(r"squared: J bends down at \d+ of \d+ points, and is not convex.", out)
    ends = [float(w) for w in re.findall(r"descent from w = .*: w = (\S+),", out)]
    assert ends[0] == ends[1] == ends[2]  # of the logistic loss
    assert ends[3] < 0 < 2 < ends[4] < ends[5]


def test_convexity_by_the_second_derivative() -> None:
    """Of the squared error ``(a - y)^2 / 2`` by z: ``a (1 - a) (a (1 - a) + (a - y) (1 - 2a))``."""
    lesson = load_lesson("convexity")
    bent = lesson.bends_down(lesson.curve("squared"))
    x, y = np.array(lesson.EXAMPLES).T
    for w in lesson.GRID[1:-1]:
        a = 1 / (1 + np.exp(-w * x))
        second = (x * x * a * (1 - a) * (a * (1 - a) + (a - y) * (1 - 2 * a))).sum()
        if abs(second) > 0.03:
            assert (w in bent) == (second < 0)


def test_house_price(capsys: Capture) -> None:
    out = printed("house_price", capsys)
    costs = [float(J) for (J,) in table(r"J = (\S+),", out)]
    assert costs == sorted(costs, reverse=True)
    for price, predicted in table(r"^ +\d+ +(\d+) +(\S+)$", out):
        assert float(predicted) == pytest.approx(float(price), rel=0.03)


def test_xor(capsys: Capture) -> None:
    out = printed("xor", capsys)
    assert re.search(r"^one neuron: (0|25|50|75)% right, so it fails: no line separates", out, re.MULTILINE)
    assert "one hidden layer of 3: 100% right, so it learns XOR" in out
    assert len(re.findall(r"^ +[01] +[01] +[01] ", out, re.MULTILINE)) == 4


def test_symmetry(capsys: Capture) -> None:
    zeros, xavier = printed("symmetry", capsys).strip().split("\n\n")
    assert [len(set(table(r"unit \d: +(.+)", text))) for text in (zeros, xavier)] == [1, 3]


def test_linear_collapse(capsys: Capture) -> None:
    out = printed("linear_collapse", capsys)
    [[difference]] = table(r"The largest difference is (\S+):", out)
    assert float(difference) < 1e-12
    rows = [line.split() for line in out.splitlines() if re.match(r" +\d ", line)]
    assert len(rows) == 4
    assert all(row[1:3] == row[3:5] for row in rows)


def test_dropout(capsys: Capture) -> None:
    rows = table(r"^(\S.*?) +(\S+)% +(\S+)% +(\S+) +(\d+) of", printed("dropout", capsys))
    train, cost, rises = ({row[0]: float(row[k]) for row in rows} for k in (1, 3, 4))
    assert train.pop("nothing") == 100  # by heart
    assert max(train.values()) < 100
    assert cost.pop("nothing") > max(cost.values())
    assert min(rises["keep 0.8"], rises["keep 0.5"]) > 100 > 3 * rises["nothing"]


def test_sparse_weights(capsys: Capture) -> None:
    module = load_lesson("sparse_weights")
    out = printed(module, capsys, LAMBDAS=(1.0, 10.0, 100.0), EPOCHS=600)
    rows = table(r"^(\S.*?) {2,}(?:\S+ +){4}(\d+) +\S+% +(\S+)%$", out)
    zeros, dev = ({row[0]: float(row[k]) for row in rows} for k in (1, 2))
    assert zeros["nothing"] == zeros["L2"] == 0
    assert zeros["L1"] > zeros["elastic net"] > 4
    assert dev["L1"] > dev["nothing"] + 2
    w = module.weights(module.trained("L1", module.SHOWN))
    assert np.abs(w[:3]).min() > 0.2  # those that matter are there
    by_lambda = {name: [int(n) for n in row.split()] for name, row in table(r"^(L1|L2) +((?:\d+ *)+)$", out)}
    assert max(by_lambda["L2"]) <= 1
    assert by_lambda["L1"] == sorted(by_lambda["L1"])
    assert by_lambda["L1"][-1] == module.N_X


def test_batch_norm(capsys: Capture) -> None:
    out = printed("batch_norm", capsys)
    rows = table(r"^(\S+ \S.*?)  +(\S+) +(\S+)% +(\S+) +(\S+)% +(\S+) +(\S+)%$", out)
    plain, batch = ([float(row[k]) for row in rows if row[0] != "He"] for k in (1, 3))
    assert len(plain) == 2
    assert min(plain) > 0.5
    assert max(batch) < 0.05
    sizes = table(r"^(\S+ \S.*?|He)  +(\S+) +(\d[\d.]*) +(\d[\d.]*)$", out)
    assert [name for name, *_ in sizes] == list(load_lesson("batch_norm").INITIALISERS)
    assert all(0.9 < float(size) <= 1 for _, _, *normalised in sizes for size in normalised)


def test_batch_norm_edges(capsys: Capture) -> None:
    out = printed("batch_norm_edges", capsys)
    same = table(r"b = (\d): .*z_norm = +(.*)$", out)
    assert [b for b, _ in same] == ["0", "7"]
    assert same[0][1] == same[1][1]
    many, one = table(r"m = \d +dW1 (\S+) +dgamma1 (\S+) +dbeta1 (\S+)$", out)
    assert all(float(size) > 0 for size in many)
    assert [float(size) > 0 for size in one] == [False, False, True]
    [[constant]] = table(r"^ +z_norm +(.*)$", out)
    assert set(constant.split()) == {"0.0000"}


def test_vanishing_gradients(capsys: Capture) -> None:
    module = load_lesson("vanishing_gradients")
    level = {}
    for name, case in module.CASES.items():
        numbers = module.one_pass(*case)
        level[name] = [np.array([module.size(x) for x in arrays]) for arrays in (numbers.A, numbers.dZ)]
    (A, dZ), explodes, he = (level[name] for name in ("0.8 I, linear", "1.2 I, linear", "He, relu"))
    assert np.allclose(A[1:] / A[:-1], 0.8)
    assert np.allclose(dZ[:-1] / dZ[1:], 0.8)
    assert np.allclose(explodes[0][1:] / explodes[0][:-1], 1.2)
    assert he[0].max() < 10 * he[0].min()
    assert level["Xavier, relu"][0][-1] < 0.01 * level["Xavier, relu"][0][0]
    out = printed(module, capsys)
    assert all(name in out for name in module.CASES)


def test_gradient_checking(capsys: Capture) -> None:
    cases = printed("gradient_checking", capsys).strip().split("\n\n")
    assert len(cases) == 8
    assert "backprop is right" in cases[0]
    for case, where in zip(cases[1:5], ("dW2[", "db1[", "d", "dW"), strict=True):
        assert "there is a bug" in case
        assert case.splitlines()[2].strip().startswith(where)
    dropout, kink, zeros = cases[5:]
    assert "dropout draws new masks for every pass" in dropout
    assert all("backprop is right" in case for case in (dropout, kink, zeros))
    assert "Not judged, a kink lies within the step: dW1[1,2], dW1[1,3]" in kink


def test_learning_curves(capsys: Capture) -> None:
    module = load_lesson("learning_curves")
    out = printed(module, capsys, SIZES=(10, 80, 320), LAMBDAS=(0.0, 1.0, 10.0))
    by_size, by_lambda = module.curves()
    assert str(by_size) in out
    assert by_size.train[0] < by_size.train[-1]
    assert by_size.dev[0] > by_size.dev[-1]
    assert by_size.dev[0] - by_size.train[0] > 5 * (by_size.dev[-1] - by_size.train[-1])
    assert by_lambda.x[0] < by_lambda.best < by_lambda.x[-1]
    assert by_lambda.train[0] < by_lambda.train[-1]


def test_optimisers(capsys: Capture) -> None:
    module = load_lesson("optimisers")
    out = printed(module, capsys)
    rows = table(r"^(\w+) +\S+(?: +\d\S+e\S+){4} +(\d\S+e\S+)$", out)
    last = {row[0]: row[1] for row in rows}
    assert list(last) == list(module.ALPHAS)
    assert last.keys() <= OPTIMISERS.keys()
    for name in ("momentum", "nesterov", "rmsprop", "adam", "adamw", "amsgrad"):
        assert float(last[name]) < 1e-6 * float(last["descent"])
    ends = {name: module.at_the_end(schedule) for name, schedule in module.SCHEDULES.items()}
    assert all(end < 0.8 * ends["constant"] for name, end in ends.items() if name != "constant")


def test_augmentation(capsys: Capture) -> None:
    rows = table(r"^(\S.*?) +100% +(\d+)%$", printed("augmentation", capsys))
    anywhere = {name: int(part) for name, part in rows}
    assert max(anywhere["nothing"], anywhere["noise"]) < 60
    assert min(anywhere["shifts"], anywhere["shifts, rotations, noise"]) > 95


def test_weighted_averages(capsys: Capture) -> None:
    out = printed("weighted_averages", capsys)
    lines = [line for line in out.splitlines() if re.match(r" +\d+ +-?\d", line)]
    rows = [[float(x) for x in line.split()] for line in lines]
    assert [row[0] for row in rows] == list(load_lesson("weighted_averages").SHOWN)
    first, last = rows[0], rows[-1]
    assert first[1] == first[2] == first[3] == first[4]  # corrected, the first average is the first number
    assert first[5] == pytest.approx(0.02 * first[1], abs=0.01)
    assert last[5] == last[4]


def test_weight_decay(capsys: Capture) -> None:
    (descent,), (adam,) = table(r"^(?:plain descent|Adam) .* (\S+)$", printed("weight_decay", capsys))
    assert float(descent) < 1e-12
    assert float(adam) > 0.1


def test_many_classes(capsys: Capture) -> None:
    out = printed("many_classes", capsys)
    [[apart]] = table(r"differ by (\S+) at most", out)
    assert float(apart) < 1e-14
    (first,), (second,), (single,) = table(r"(?:softmax|sigmoid) .* dw = (.*)$", out)
    assert second == single
    assert [-float(x) for x in first.split()] == [float(x) for x in second.split()]
    pattern = r"^eps (\S+) +(\S+)% +(\S+)% +(\S+)% +(\S+)% +(\S+)% +(\S+)$"
    rows = [[float(x) for x in row] for row in table(pattern, out)]
    assert [row[0] for row in rows] == [0, 0.1, 0.3]
    assert all(row[2] < row[3] < row[4] for row in rows)  # the class, among two, among three
    surest, cost = [row[5] for row in rows], [row[6] for row in rows]
    assert surest[0] > surest[1] > surest[2]
    assert cost[0] > max(cost[1:])


def test_parity(capsys: Capture) -> None:
    out = printed("parity", capsys)
    rows = [line.split() for line in out.splitlines() if re.match(r" +[248] ", line)]
    assert [row[0] for row in rows] == ["2", "4", "8"]
    assert all(row[3] == row[6] == "100%" for row in rows)
    assert [int(row[5]) - 1 for row in rows] == [2, 8, 128]  # 2^(n-1) hidden units
    assert [int(row[1]) for row in rows] == [2, 4, 6]
    assert [int(row[2]) for row in rows] == [3 * (n - 1) for n in (2, 4, 8)]


def test_log_scale(capsys: Capture) -> None:
    out = printed("log_scale", capsys)
    uniform, log = (
        [float(x) for x in re.findall(r"(\S+)%", line)] for line in out.splitlines() if line.endswith("%")
    )
    assert uniform == pytest.approx([100 * 0.09 / 0.0999, 100 * 0.009 / 0.0999, 0.9], abs=1)
    assert log == pytest.approx([33.3] * 3, abs=2)
    grid, chance = table(r"^(?:a grid|at random) +(\d+) +(\S+) decades$", out)
    assert grid == ("5", "0.20")
    assert chance[0] == "25"
    assert float(chance[1]) < 0.1
