"""Operations of one's own in every room, with and without a definition; and what is refused."""

from __future__ import annotations

import copy
import math
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import micrograd_dl
from micrograd_dl import Trace, check, compiled, exp, grad, latex, nn, parse, sin, to_source, vectorized, viz
from micrograd_dl.compiled import compile_graph
from micrograd_dl.engine import functions, ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.expression import ExpressionError
from micrograd_dl.operations import operation, own_operations
from micrograd_dl.testing import assert_gradients_match
from micrograd_dl.training.storage import load, save
from viz.walk_data import walk_data


class Example(NamedTuple):
    """The arguments of `operation`, and numbers to apply it to."""

    arguments: dict[str, Any]
    point: tuple[float, ...]

    @property
    def name(self) -> str:
        return str(self.arguments["name"])


def _cube(x: float) -> float:
    return x * x * x


WAVE: dict[str, Any] = {
    "name": "wave", "forward": lambda x: math.sin(x) * math.exp(-x),
    "derivative": lambda out, x: micrograd_dl.cos(x) * exp(-x) - out,
}  # fmt: skip
MIXED: dict[str, Any] = {
    "name": "mixed", "forward": lambda x, y: x * y + math.sin(x),
    "derivative": (lambda out, x, y: y + micrograd_dl.cos(x), lambda out, x, y: x),
}  # fmt: skip
FMA: dict[str, Any] = {
    "name": "fma", "forward": lambda x, y, z: x * y + z,
    "derivative": [lambda out, x, y, z: y, lambda out, x, y, z: x, lambda out, x, y, z: 1],
}  # fmt: skip
EXAMPLES = {
    "cube": Example({"name": "cube", "forward": _cube, "derivative": lambda out, x: 3 * x * x}, (1.5,)),
    "cube with all forms": Example(
        {
            "name": "cube", "forward": _cube, "derivative": lambda out, x: 3 * x * x,
            "definition": lambda x: x * x * x, "array": lambda np, x: x**3, "symbol": "³",
            "text": lambda x: f"{x:5}³", "latex": lambda x: f"{x:5}^{{3}}", "meaning": "x to the power 3",
        },
        (1.5,),
    ),
    "wave": Example(WAVE, (0.75,)),
    "wave with a definition": Example(WAVE | {"definition": lambda x: sin(x) * exp(-x)}, (0.75,)),
    "mixed": Example(MIXED, (0.5, -2.0)),
    "mixed with a definition": Example(
        MIXED | {"definition": lambda x, y: x * y + micrograd_dl.sin(x)}, (0.5, -2.0)
    ),
    "fma": Example(FMA, (2.0, 3.0, -1.0)),
    "fma with a definition": Example(FMA | {"definition": lambda x, y, z: x * y + z}, (2.0, 3.0, -1.0)),
}  # fmt: skip
each_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=list(EXAMPLES))
of_one = pytest.mark.parametrize(
    "example", [x for x in EXAMPLES.values() if len(x.point) == 1], ids=[k for k in EXAMPLES if k[0] in "cw"]
)


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with own_operations():
        yield


def graph_of(example: Example) -> tuple[Operation, list[Value], Value]:
    f = operation(**example.arguments)
    leaves = [Value(x, name) for x, name in zip(example.point, "abc", strict=False)]
    J = 2 * f(*leaves) + f(*leaves) * leaves[0]
    J.label = "J"
    return f, leaves, J


def on_floats(example: Example, *x: float) -> float:
    result: float = example.arguments["forward"](*x)
    return 2 * result + result * x[0]


# --- every room ---------------------------------------------------------------------------------------------


@each_example
def test_values_floats_and_arrays(example: Example) -> None:
    f, leaves, J = graph_of(example)
    assert TABLE[example.name] is getattr(micrograd_dl, example.name) is getattr(functions, example.name) is f
    assert J.data == on_floats(example, *example.point)
    assert f(*example.point) == f(*[np.array([[x]]) for x in example.point]).item()
    assert_gradients_match(f, *example.point)
    assert_gradients_match(lambda *x: grad(f(*x), x[:1], create_graph=True)[0], *example.point)
    J.backward()
    assert [leaf.grad for leaf in leaves] == grad(J, leaves)
    assert [type(slope) for slope in f(*leaves).slopes] == [float] * len(leaves)
    assert check(J).verdict == "backprop is right"
    if len(leaves) == 1:
        assert getattr(leaves[0], example.name)().op is f
        assert example.arguments.get("meaning", example.name) in str(getattr(Value, example.name).__doc__)


@each_example
def test_it_is_expanded_by_its_definition(example: Example) -> None:
    f, leaves, _ = graph_of(example)
    node = f(*leaves)
    expanded = node.expand()
    assert (expanded is node) == ("definition" not in example.arguments)
    assert expanded.data == pytest.approx(node.data)
    assert grad(expanded, leaves) == pytest.approx(grad(node, leaves))


@each_example
def test_expressions_steps_sentences_and_pictures(example: Example) -> None:
    f, leaves, J = graph_of(example)
    call = f"{example.name}({', '.join('abc'[: len(leaves)])})"
    read = parse(f"2 * {call} + {call} * a", **{leaf.label: leaf.data for leaf in leaves})
    assert read.data == J.data
    trace = Trace(J)
    assert f.written([leaf.label for leaf in leaves]) in str(trace.steps[0])
    assert f.written([leaf.label for leaf in leaves], latex=True) in latex(J)
    assert f.symbol in viz.draw(J).svg
    with pytest.raises(ExpressionError, match=f"{example.name} is a function"):
        parse(example.name)


@each_example
def test_the_page_computes_by_the_definition_or_says_that_it_cannot(example: Example) -> None:
    J = graph_of(example)[2]
    data = walk_data(Trace(J))
    if "definition" in example.arguments:
        assert not data["frozen"]
        assert [*data["definitions"]] == [example.name]
    else:
        assert (
            f"The page cannot compute {example.name}, an operation of your own without a definition"
            in data["frozen"]
        )
        assert not data["definitions"]


@each_example
def test_the_source_calls_it(example: Example) -> None:
    _, leaves, J = graph_of(example)
    names: dict[str, Any] = {}
    exec(to_source(J), names)
    for point in (example.point, [np.array([[x, x]]) for x in example.point]):
        result, gradient = names["J_and_gradient"](*point)
        assert np.mean(result) == pytest.approx(J.data)
        assert [np.mean(x) for x in gradient.values()] == pytest.approx(grad(J, leaves))


@each_example
@pytest.mark.parametrize("runner", ["numpy", "numba"])
def test_replays(example: Example, runner: Any) -> None:
    if runner == "numba":
        pytest.importorskip("numba", reason="in the extra fast")
    _, leaves, J = graph_of(example)
    f = compile_graph(J, inputs=leaves, runner=runner)
    assert f(*example.point).value == pytest.approx(J.data)
    columns = [np.array([[x, x + 0.5]]) for x in example.point]
    wanted = (J.data + on_floats(example, *[x + 0.5 for x in example.point])) / 2
    assert f(*columns).value == pytest.approx(wanted)
    g = compile_graph(J, inputs=(), runner=runner)
    assert g().gradient == pytest.approx(grad(J, leaves))


@of_one
def test_as_an_activation_of_all_three_kinds_in_files_copies_and_pickles(
    example: Example, tmp_path: Path
) -> None:
    operation(**example.arguments)
    X, Y = np.array([[0.5, -1.0, 2.0], [1.0, 0.25, -0.5]]), np.array([[1.0, 0.0, 1.0]])
    kinds: list[Callable[..., Any]] = [nn.MLP, vectorized.MLP, compiled.MLP]
    models = [kind(2, [3, 1], [example.name, example.name], seed=1) for kind in kinds]
    costs = [model.cost_and_grad(X, Y) for model in models]
    assert costs == pytest.approx([costs[0]] * 3, rel=1e-12)
    gradients = [model.named("grad") for model in models]
    for name, wanted in gradients[0].items():
        for other in gradients[1:]:
            np.testing.assert_allclose(other[name], wanted, rtol=1e-12, atol=1e-14)
    for model in models:
        found = load(save(tmp_path / "model.npz", model)).model
        for again in (found, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert again.cost(X, Y) == pytest.approx(costs[0], rel=1e-12)
    narrow = vectorized.MLP(2, [3, 1], example.name, seed=1, dtype=np.float32)
    narrow.cost_and_grad(X, Y)
    assert {array.dtype for array in narrow.named("grad").values()} == {np.dtype(np.float32)}


def test_a_model_whose_operation_is_not_defined_says_what_to_do(tmp_path: Path) -> None:
    with own_operations():
        operation(**WAVE)
        path = save(tmp_path / "model.npz", nn.MLP(2, [3, 1], ["wave", "linear"], seed=1))
        model = nn.MLP(2, [3, 1], ["wave", "linear"], seed=1)
        pickled = pickle.dumps(model)
        node = pickle.dumps(TABLE["wave"])
    told = r"there is no activation 'wave'.* is to be defined first, with micrograd_dl\.operation"
    with pytest.raises(ValueError, match=told):
        load(path)
    with pytest.raises(ValueError, match=told):
        pickle.loads(pickled)
    with pytest.raises(ValueError, match=r"no operation wave: define it first, with micrograd_dl\.operation"):
        pickle.loads(node)
    x = [[1.0], [2.0]]
    assert copy.deepcopy(model).forward(x) == model.forward(x)
    with pytest.raises(ValueError, match=r"the activation wave is not one of"):
        save(path, model)


# --- where it is undefined ----------------------------------------------------------------------------------


def _root(x: float) -> float:
    if x < 0:
        raise ValueError
    return math.sqrt(x)


UNDEFINED = {
    "that raises": {"forward": _root, "requirement": "a number from 0"},
    "that math refuses": {"forward": lambda x: math.sqrt(x)},
    "with a definition": {
        "forward": _root,
        "definition": lambda x: micrograd_dl.sqrt(x) + 0 * x,
        "requirement": "a number from 0",
    },
}


@pytest.mark.parametrize("more", UNDEFINED.values(), ids=list(UNDEFINED))
@pytest.mark.parametrize("runner", ["numpy", "numba"])
def test_what_is_undefined_is_refused_in_every_room(more: dict[str, Any], runner: Any) -> None:
    root = operation("root", derivative=lambda out, x: 0.5 / out, **more)
    needs = r"root\((?:x|-1)\) is not defined.*: root needs (?:a number from 0|other operands)"
    for x in (-1.0, Value(-1.0, "x"), np.array([[1.0, -1.0]])):
        with pytest.raises(ValueError, match=needs):
            root(x)
    assert root.defined is not None
    assert (root.defined(1.0), root.defined(-1.0)) == (True, False)
    if runner == "numba":
        pytest.importorskip("numba", reason="in the extra fast")
    x = Value(4.0, "x")
    f = compile_graph(root(x) + 1, inputs=[x], runner=runner)
    if runner == "numba" and more is UNDEFINED["that raises"]:
        with pytest.raises(ValueError, match=r"the runner numba cannot compile root: use runner='numpy', or"):
            f(4.0)
        return
    assert f(9.0).value == 4.0
    with pytest.raises(ValueError, match=needs):
        f(-1.0)
    with pytest.raises(ValueError, match=rf"{needs} \(example 1"):
        f(np.array([[1.0, -1.0]]))


def test_overflow_is_refused_unless_the_rule_gives_an_infinity() -> None:
    f = operation("power_of_e", math.exp, lambda out, x: out)
    with pytest.raises(ValueError, match=r"power_of_e\(x\) is not defined at x = 1000"):
        f(1000.0)
    always = operation("always", lambda x: x, lambda out, x: 1, defined=True)
    assert always.defined is None


# --- the scope, names, threads ------------------------------------------------------------------------------


def test_an_operation_ends_with_its_block_and_values_keep_it() -> None:
    with own_operations():
        cube = operation(**EXAMPLES["cube"].arguments)
        with own_operations():
            operation("inner", _cube, lambda out, x: 3 * x * x)
        assert "inner" not in TABLE
        assert "cube" in TABLE
        x = Value(2.0, "x")
        J = cube(x) + 1
    assert "cube" not in TABLE
    assert not hasattr(Value, "cube")
    J.backward()
    assert x.grad == 12.0
    assert str(Trace(J).steps[0]) == "u = cube(x) = cube(2) = 8"
    assert "The page cannot compute cube" in walk_data(Trace(J))["frozen"]
    with pytest.raises(ValueError, match=r"^cube is not in the table of operations, so a program cannot"):
        to_source(J)
    with pytest.raises(AttributeError, match=r"^there is no operation 'cube'; the table has add, sub"):
        ops.__getattr__("cube")
    again = operation(**EXAMPLES["cube"].arguments)
    assert again is not cube
    assert copy.copy(cube) is not cube
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(cube)


def test_two_threads_cannot_define_one_name() -> None:
    refused: list[Exception] = []
    ready = threading.Barrier(8)

    def define() -> None:
        with own_operations():
            ready.wait()
            try:
                operation("twice", lambda x: 2 * x, lambda out, x: 2)
            except ValueError as error:
                refused.append(error)
            ready.wait()

    threads = [threading.Thread(target=define) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    assert "twice" not in TABLE


CUBE: dict[str, Any] = {"name": "cube", "forward": _cube, "derivative": lambda out, x: 3 * x * x}


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (
            {"name": "exp"},
            ValueError,
            "the operation exp is defined already: choose another name; a definition",
        ),
        ({"name": "silu"}, ValueError, "the operation silu is defined already"),
        ({"name": "label"}, ValueError, "label has a meaning already: choose another name"),
        ({"name": "TABLE"}, ValueError, "TABLE has a meaning already"),
        ({"name": "a b"}, ValueError, "an operation has a name of ASCII letters, digits and _, such as erf"),
        ({"name": "lambda"}, ValueError, "not 'lambda'"),
        ({"name": "würfel"}, ValueError, "not 'würfel'"),
        ({"name": 3}, ValueError, "not 3"),
        ({"derivative": ()}, ValueError, "cube takes one to three operands, a derivative for each, not 0"),
        ({"derivative": [lambda out, x: 1] * 4}, ValueError, "not 4"),
        ({"derivative": 3}, TypeError, "the derivative of cube is a rule, or a sequence of rules, not 3"),
        ({"derivative": [3]}, TypeError, "the derivative of cube, called with 2 arguments: 'int' object is"),
        ({"derivative": lambda x: 1}, TypeError, r"called with 2 arguments: .*takes 1 positional argument"),
        ({"derivative": lambda out, x: "x"}, TypeError, "its result takes a real number, not the str 'x'"),
        ({"derivative": lambda out, x: math.exp(x)}, TypeError, "it turns an operand into a plain number"),
        (
            {"derivative": lambda out, x: np.exp(x)},
            TypeError,
            r"np.exp does not take a Value: write exp\(v\)",
        ),
        ({"derivative": lambda out, x: 1 if x > 0 else 0}, TypeError, "it asks whether an operand is > "),
        ({"definition": lambda x: math.sin(x)}, TypeError, "the definition of cube, called with 1 argument"),
        ({"kink": lambda x, y: x}, TypeError, "the kink of cube, called with 1 argument: .* missing 1"),
        ({"forward": 3}, TypeError, "the forward rule of cube is a function of floats, not 3"),
        ({"forward": lambda x, y: x}, TypeError, "missing 1 required positional argument"),
        ({"forward": lambda x: 1j}, TypeError, "the result of cube takes a real number, not the complex 1j"),
        ({"text": lambda x, y: "xy"}, TypeError, "missing 1 required positional argument"),
        ({"latex": lambda x: 3}, TypeError, "the written form of cube is a text, not 3"),
    ],
)
def test_what_is_refused(wrong: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        operation(**(CUBE | wrong))
    assert "cube" not in TABLE


def test_a_rule_may_use_what_is_defined_after_it() -> None:
    up = operation("up", math.sinh, lambda out, x: down(x))
    down = operation("down", math.cosh, lambda out, x: up(x))
    x = Value(0.5)
    [first] = grad(up(x), [x], create_graph=True)
    assert grad(first, [x]) == [pytest.approx(math.sinh(0.5))]
