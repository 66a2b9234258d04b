"""What a compiled graph may be given, and what is asked for at the door."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from micrograd_dl.compiled import compile_graph
from micrograd_dl.engine.value import Value


def test_numbers_beside_columns_are_shared(runner: Any) -> None:
    x, scale, w = Value(1.0, "x"), Value(1.0, "scale"), Value(2.0, "w")
    f = compile_graph(w * x * scale + w * w, [x, scale], [w], runner=runner)
    value, gradient = f([[1.0, 2.0, 3.0]], 10.0)
    assert value == pytest.approx(2 * 2 * 10 + 4)
    assert gradient == pytest.approx([2 * 10 + 4])


def test_the_present_data_of_the_parameters_is_taken(runner: Any) -> None:
    x, w = Value(1.0), Value(2.0)
    f = compile_graph(x * w, [x], runner=runner)
    w.data = 5.0
    assert f(3.0).value == 15.0
    assert f.at(np.array([7.0]), 3.0).value == 21.0
    assert (w.data, w.grad) == (5.0, 0.0), "a call changes nothing"


def test_outputs(runner: Any) -> None:
    x, w = Value(1.0, "x"), Value(2.0, "w")
    z = w * x + 1.0
    a = z.tanh()
    f = compile_graph(a * a, [x], [w], outputs=[z, a, w * w], runner=runner)
    found = f.outputs(np.array([2.0]), [[0.0, 1.0]])
    assert found == pytest.approx(np.array([[1.0, 3.0], [math.tanh(1), math.tanh(3)], [4.0, 4.0]]))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (([1.0, 2.0], [1.0]), r"input 1 \(x\) is \(2,\): give a number, or a row with reshape\(1, -1\)"),
        ((1.0, [2.0], 3.0), "this graph takes 2 inputs, not 3"),
        (([[1.0], [2.0]], [1.0]), r"input 1 \(x\) is \(2, 1\), \(1,\) or \(1, m\) is wanted"),
        ((np.empty((1, 0)), [1.0]), r"is \(1, 0\)"),
        (("3", [1.0]), r"input 1 \(x\) holds <U1, not numbers"),
        ((1.0, [[1.0, 2.0], [1.0]]), r"input 2 \(y, ...\) has rows of different lengths"),
        (([[1.0, 2.0]], [[1.0, 2.0, 3.0]]), r"input 2 \(y, ...\) has 3 examples, another input has 2"),
    ],
)
def test_what_does_not_fit_is_refused_at_the_door(inputs: Any, message: str) -> None:
    x, y = Value(1.0, "x"), Value(2.0, "y")
    f = compile_graph(x * y, [x, [y]], [], runner="numpy")
    with pytest.raises((TypeError, ValueError), match=message):
        f(*inputs)
    with pytest.raises(ValueError, match=r"theta is \(1,\), \(0,\) is wanted"):
        f.at(np.zeros(1), 1.0, [1.0])


@pytest.mark.parametrize("name", ["inputs", "parameters", "outputs", "derivatives"])
def test_what_is_no_list_of_values_is_refused(name: str) -> None:
    x = Value(1.0, "x")
    for given, message in (
        (x, f"{name} is a list: {name}=[x] rather than {name}=x"),
        (3, f"{name}: Values in a list are wanted, not the int 3"),
        ([[3.0] if name == "inputs" else 3.0], "a Value is wanted here, not the float 3.0"),
    ):
        options: dict[str, Any] = {"inputs": [], name: given}
        with pytest.raises(TypeError, match=re.escape(message)):
            compile_graph(x * x, **options)


def test_every_leaf_has_to_be_named() -> None:
    x, w, b = Value(1.0, "x"), Value(2.0, "w"), Value(3.0, "b")
    J = w * x + b
    for result, inputs, parameters, message in (
        (J, [x], [w], "1 leaf neither an input nor a parameter: b"),
        (J, [x], [x, w, b], "is given twice"),
        (J, [x, J], [w, b], "is computed or a constant"),
        (3.0, [x], None, "a Value is wanted"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            compile_graph(result, inputs, parameters)  # type: ignore[arg-type]  # 3.0 is refused


def test_an_unknown_runner_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(1.0)
    cuda: Any = "cuda"
    with pytest.raises(ValueError, match="a runner is one of numpy, numba, not 'cuda'"):
        compile_graph(x * x, [x], runner=cuda)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert compile_graph(x * x, [x]).runner == "numpy"
    with pytest.raises(ImportError, match=r"pip install 'micrograd-dl\[fast\]'"):
        compile_graph(x * x, [x], runner="numba")
