"""Errors end at the user's line: this package's frames are not in their tracebacks."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import micrograd_dl
from micrograd_dl import Value, compiled, dot, exp, log, logsumexp, maximum, nn, parse, vectorized
from micrograd_dl.foundation.tracebacks import PLAIN, door, fold
from micrograd_dl.training import fit

mg: Any = micrograd_dl
v: Any = Value(1.0)
models: Any = [kind.MLP(2, [2, 1], "relu", seed=1) for kind in (nn, vectorized, compiled)]

MISTAKES: list[Callable[[], Any]] = [
    lambda: mg.exp("text"),
    lambda: log(-v),
    lambda: (-v).log(),
    lambda: mg.exp(v, v),
    lambda: maximum(v, "text"),  # type: ignore[call-overload]
    lambda: v.maximum("text"),
    lambda: 1 / (v - 1),
    lambda: v / 0,
    lambda: (-v) ** 0.5,
    lambda: v + "text",
    lambda: "text" + v,
    lambda: v * None,
    lambda: v - [1],
    lambda: mg.Value("3"),
    lambda: mg.affine([v], [1, 2], 3),
    lambda: dot([v], [1, 2]),
    lambda: logsumexp([]),
    lambda: parse("a * b", a=1),
    lambda: parse("a **", a=1),
    lambda: parse(),  # type: ignore[call-arg]  # by Python itself
    lambda: mg.grad(v, v),
    lambda: mg.value_and_grad(lambda x: [x])(1.0),
    lambda: mg.jacobian(lambda x: "text")(1.0),
    lambda: mg.jvp(exp, (1.0,), ([1.0],)),
    lambda: mg.vjp(exp, 1.0)[1]([1.0]),
    lambda: mg.Trace(3),
    lambda: mg.check(3),
    lambda: nn.MLP(2, [1], ["tahn"]),
    lambda: models[0]([1.0]),
    *[(lambda model=model: model.cost([[1.0]], [[1.0]])) for model in models],
    *[(lambda model=model: model.predict([1.0])) for model in models],
    *[(lambda model=model: model.accuracy([[1.0]], [[1.0]])) for model in models],
    lambda: fit(models[1], [[1.0]], [[1.0]]),
]
folded = pytest.mark.skipif(PLAIN, reason="the plain engine shows all frames")


def names(error: BaseException) -> list[str]:
    """The functions in the traceback of an error, beginning with the test's."""
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


@folded
@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_last_line_is_the_users(mistake: Callable[[], Any]) -> None:
    with pytest.raises((TypeError, ValueError, ZeroDivisionError)) as caught:
        mistake()
    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert files == [__file__] * 2


@folded
def test_a_users_function_in_between_stays() -> None:
    def energy(x: Any) -> Any:
        return log(x)

    with pytest.raises(ValueError, match="log needs an operand above 0") as caught:
        mg.value_and_grad(energy)(-1.0)
    assert names(caught.value)[1:] == ["energy"]
    with pytest.raises(ValueError, match="log needs") as caught:
        mg.hessian(energy)(-1.0)
    assert names(caught.value)[1:] == ["energy"]


def test_errors_of_a_users_function_are_left_as_they_are() -> None:
    def energy(x: Any) -> Any:
        raise KeyError(x)

    with pytest.raises(KeyError) as caught:
        mg.value_and_grad(energy)(1.0)
    assert names(caught.value)[-1] == "energy"
    assert len(names(caught.value)) > 2


def test_mistakes_in_the_package_keep_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("micrograd_dl.notation.expression.parse_names", lambda *_: None)
    with pytest.raises(AttributeError, match="root") as caught:
        parse("a", a=1)
    assert names(caught.value)[-1] == "parse"


@folded
def test_type_and_message_are_those_of_the_error() -> None:
    with pytest.raises(ValueError, match=r"^twice: 3$") as caught:
        raise_twice(3)
    assert names(caught.value)[1:] == ["raise_twice"]  # this module is no part of the package


@door
def raise_twice(x: int) -> None:
    try:
        raise ValueError(f"twice: {x}")
    except ValueError as error:
        fold(error)
        raise


PROGRAM = "from micrograd_dl import exp\n\ndef f(x):\n    return exp(x)\n\nf('text')\n"


@pytest.mark.parametrize("plain", ["", "1"])
@pytest.mark.parametrize("how", ["python", "IPython"])
def test_in_programs_and_in_notebooks(how: str, plain: str) -> None:
    if how == "IPython" and importlib.util.find_spec("IPython") is None:
        pytest.skip("IPython is not installed")
    options = ["-m", "IPython", "--no-banner", "--colors=NoColor"] if how == "IPython" else []
    run = subprocess.run(
        [sys.executable, *options, "-c", PROGRAM],
        env=os.environ | {"MICROGRAD_DL_PLAIN": plain}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    shown = run.stdout + run.stderr
    assert "exp takes a real number, not the str 'text'" in shown
    assert ("operation.py" in shown) == bool(plain)
