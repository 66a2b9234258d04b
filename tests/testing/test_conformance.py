"""The conformance suite: right engines pass, and each planted mistake is found and named."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import pytest

from micrograd_dl import Value
from micrograd_dl.testing import EngineTests, conformance

Rules = dict[str, tuple[Callable[..., float], Callable[..., Sequence[float]]]]


class Plain:
    """An engine as one writes it: the operands and local derivatives are kept on the node."""

    rules: ClassVar[Rules] = {
        "add": (lambda x, y: x + y, lambda out, x, y: (1, 1)),
        "sub": (lambda x, y: x - y, lambda out, x, y: (1, -1)),
        "mul": (lambda x, y: x * y, lambda out, x, y: (y, x)),
        "div": (lambda x, y: x / y, lambda out, x, y: (1 / y, -x / y**2)),
        "pow": (lambda x, y: x**y, lambda out, x, y: (y * x ** (y - 1), out * math.log(x) if x > 0 else 0)),
        "neg": (lambda x: -x, lambda out, x: (-1,)),
        "abs": (abs, lambda out, x: (1 if x > 0 else -1,)),
        "exp": (math.exp, lambda out, x: (out,)),
        "log": (math.log, lambda out, x: (1 / x,)),
        "tanh": (math.tanh, lambda out, x: (1 - out**2,)),
        "sigmoid": (lambda x: 1 / (1 + math.exp(-x)), lambda out, x: (out * (1 - out),)),
        "relu": (lambda x: max(x, 0), lambda out, x: (x > 0,)),
        "maximum": (max, lambda out, x, y: (x > y, y >= x)),
    }

    def __init__(self, data: float, operands: tuple[Any, ...] = (), slopes: Sequence[float] = ()) -> None:
        self.data, self.operands, self.slopes = data, operands, slopes
        self.grad: Any = 0.0

    def of(self, name: str, *operands: Any) -> Any:
        nodes = tuple([x if isinstance(x, Plain) else type(self)(x) for x in operands])
        forward, slopes = self.rules[name]
        values = [node.data for node in nodes]
        out = forward(*values)
        return type(self)(out, nodes, slopes(out, *values))

    def order(self) -> list[Any]:
        """Each node once, operands first."""
        found: list[Any] = []
        seen: set[Any] = set()

        def visit(node: Any) -> None:
            if node.identity() not in seen:
                seen.add(node.identity())
                for operand in node.children():
                    visit(operand)
                found.append(node)

        visit(self)
        return found

    def identity(self) -> Any:
        return self

    def children(self) -> tuple[Any, ...]:
        return self.operands

    def visits(self) -> list[Any]:
        return self.order()[::-1]

    def begin(self) -> None:
        for node in self.order():
            if node.operands:
                node.grad = 0.0
        self.grad += 1.0

    def send(self) -> None:
        for operand, slope in zip(self.operands, self.slopes, strict=True):
            operand.grad += self.grad * slope

    def backward(self) -> None:
        self.begin()
        for node in self.visits():
            node.send()

    # fmt: off
    def __add__(self, x: Any) -> Any: return self.of("add", self, x)
    def __radd__(self, x: Any) -> Any: return self.of("add", x, self)
    def __sub__(self, x: Any) -> Any: return self.of("sub", self, x)
    def __rsub__(self, x: Any) -> Any: return self.of("sub", x, self)
    def __mul__(self, x: Any) -> Any: return self.of("mul", self, x)
    def __rmul__(self, x: Any) -> Any: return self.of("mul", x, self)
    def __truediv__(self, x: Any) -> Any: return self.of("div", self, x)
    def __rtruediv__(self, x: Any) -> Any: return self.of("div", x, self)
    def __pow__(self, x: Any) -> Any: return self.of("pow", self, x)
    def __rpow__(self, x: Any) -> Any: return self.of("pow", x, self)
    def __neg__(self) -> Any: return self.of("neg", self)
    def __abs__(self) -> Any: return self.of("abs", self)
    def exp(self) -> Any: return self.of("exp", self)
    def log(self) -> Any: return self.of("log", self)
    def tanh(self) -> Any: return self.of("tanh", self)
    def sigmoid(self) -> Any: return self.of("sigmoid", self)
    def relu(self) -> Any: return self.of("relu", self)
    def maximum(self, x: Any) -> Any: return self.of("maximum", self, x)
    # fmt: on


class Light:
    """In the manner of microGPT's Value: slots, local gradients kept, few operations, constants lifted."""

    __slots__ = ("children", "data", "grad", "local")

    def __init__(self, data: float, children: tuple[Any, ...] = (), local: tuple[float, ...] = ()) -> None:
        self.data: Any = data
        self.children, self.local = children, local
        self.grad: float = 0

    def __add__(self, x: Any) -> Light:
        x = x if isinstance(x, Light) else Light(x)
        return Light(self.data + x.data, (self, x), (1, 1))

    def __mul__(self, x: Any) -> Light:
        x = x if isinstance(x, Light) else Light(x)
        return Light(self.data * x.data, (self, x), (x.data, self.data))

    def __pow__(self, n: int) -> Light:
        return Light(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self) -> Light:
        return Light(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self) -> Light:
        return Light(math.log(self.data), (self,), (1 / self.data,))

    def relu(self) -> Light:
        return Light(max(0, self.data), (self,), (float(self.data > 0),))

    def __sub__(self, x: Any) -> Any:
        return self + (-x)

    def __neg__(self) -> Light:
        return self * -1

    def __truediv__(self, x: Any) -> Any:
        return self * x**-1

    __radd__, __rmul__ = __add__, __mul__

    def backward(self) -> None:
        done: list[Light] = []
        seen: set[Light] = set()

        def visit(node: Light) -> None:
            if node not in seen:
                seen.add(node)
                for child in node.children:
                    visit(child)
                done.append(node)

        visit(self)
        self.grad = 1
        for node in reversed(done):
            for child, slope in zip(node.children, node.local, strict=True):
                child.grad += slope * node.grad


# Planted mistakes, each a small change to the plain engine


def with_rule(name: str, slopes: Callable[..., Sequence[float]]) -> type[Plain]:
    return type("Planted", (Plain,), {"rules": Plain.rules | {name: (Plain.rules[name][0], slopes)}})


class Overwrites(Plain):
    def send(self) -> None:
        for operand, slope in zip(self.operands, self.slopes, strict=True):
            operand.grad = self.grad * slope


class OverwritesBackToFront(Plain):
    def send(self) -> None:
        for operand, slope in reversed(list(zip(self.operands, self.slopes, strict=True))):
            operand.grad = self.grad * slope


class OverwritesInProducts(Plain):
    def __mul__(self, x: Any) -> Any:
        out = super().__mul__(x)
        out.send = functools.partial(Overwrites.send, out)
        return out


class KeepsOperandsInASet(Plain):
    def send(self) -> None:
        for operand, slope in dict(zip(self.operands, self.slopes, strict=True)).items():
            operand.grad += self.grad * slope


def preorder(node: Any) -> Iterator[Any]:
    yield node
    for operand in node.operands:
        yield from preorder(operand)


class DepthFirst(Plain):
    def visits(self) -> list[Any]:
        return list(dict.fromkeys(preorder(self)))


class BreadthFirst(Plain):
    def visits(self) -> list[Any]:
        found: list[Any] = [self]
        for node in found:
            found += dict.fromkeys(p for p in node.operands if p not in found)
        return found


class NotReversed(Plain):
    def visits(self) -> list[Any]:
        return self.order()


class RemembersNoVisit(Plain):
    def visits(self) -> list[Any]:
        return list(preorder(self))


class SortsWithoutASet(Plain):
    def visits(self) -> list[Any]:
        def visit(node: Any) -> Iterator[Any]:
            for operand in node.operands:
                yield from visit(operand)
            yield node

        return list(visit(self))[::-1]


class NeverBegins(Plain):
    def begin(self) -> None:
        pass


class StartsAtOne(Plain):
    def __init__(self, *about: Any) -> None:
        super().__init__(*about)
        self.grad = 1.0

    def begin(self) -> None:
        self.grad = 1.0


class AddsToTheResult(Plain):
    def begin(self) -> None:
        self.grad += 1.0


class ResetsInTheMiddle(Plain):
    def backward(self) -> None:
        self.begin()
        for node in self.visits():
            if node is not self and node.operands:
                node.grad = 0.0
            node.send()


class ResetsWhenUsed(Plain):
    def of(self, name: str, *operands: Any) -> Any:
        for operand in operands:
            if isinstance(operand, Plain):
                operand.grad = 0.0
        return super().of(name, *operands)


class KeepsItsTape(Plain):
    tape: ClassVar[list[Any]] = []

    def of(self, name: str, *operands: Any) -> Any:
        out = super().of(name, *operands)
        self.tape.append(out)
        return out

    def begin(self) -> None:
        self.grad = 1.0

    def visits(self) -> list[Any]:
        return self.tape[::-1]


class NoUpstreamInTanh(Plain):
    def tanh(self) -> Any:
        out = super().tanh()

        def send() -> None:
            self.grad += out.slopes[0]

        out.send = send
        return out


class NoUpstreamInProducts(Plain):
    def send(self) -> None:
        for operand, slope in zip(self.operands, self.slopes, strict=True):
            operand.grad += slope if len(self.operands) == 2 and self.slopes[0] != 1 else self.grad * slope


class Composed(Plain):
    """Some operators made of others, as in micrograd."""

    # fmt: off
    def __neg__(self) -> Any: return self * -1
    def __sub__(self, x: Any) -> Any: return self + -x
    def __rsub__(self, x: Any) -> Any: return x + -self
    def __truediv__(self, x: Any) -> Any: return self * x**-1
    def __rtruediv__(self, x: Any) -> Any: return x * self**-1
    # fmt: on


class ComposedNotReversed(Composed):
    visits = NotReversed.visits


class ComposedWithRule(Composed):
    rules = with_rule("mul", lambda out, x, y: (x, y)).rules


class ConfusesEqualNumbers(Plain):
    def identity(self) -> Any:
        return self.data


class ForgetsAnOperand(Composed):
    is_product = False

    def __mul__(self, x: Any) -> Any:
        out = super().__mul__(x)
        out.is_product = True
        return out

    def children(self) -> tuple[Any, ...]:
        return self.operands[:1] if self.is_product else self.operands


class SubtractsTheOtherWay(Plain):
    def __rsub__(self, x: Any) -> Any:
        return self - x


class DividesTheOtherWay(Plain):
    def __rtruediv__(self, x: Any) -> Any:
        return self / x


PLANTED: dict[str, tuple[type[Plain], str, str]] = {
    "=": (Overwrites, "overwritten sums", "the second use of a was not added"),
    "= from the back": (OverwritesBackToFront, "overwritten sums", "was not added"),
    "= in mul": (OverwritesInProducts, "overwritten sums", "mul"),
    "a set of operands": (KeepsOperandsInASet, "operands in a set", ""),
    "depth first": (DepthFirst, "wrong order", ""),
    "breadth first": (BreadthFirst, "wrong order", ""),
    "not reversed": (NotReversed, "wrong order", ""),
    "no set of visited nodes": (RemembersNoVisit, "visited twice", ""),
    "sorted without a set": (SortsWithoutASet, "visited twice", ""),
    "no seed": (NeverBegins, "no gradient", ""),
    "starts at 1": (StartsAtOne, "not reset", "start at 0"),
    "seed added": (AddsToTheResult, "not reset", "set to 1"),
    "reset in the middle": (ResetsInTheMiddle, "wrong order", "reset on the way"),
    "reset when used": (ResetsWhenUsed, "reset too much", ""),
    "old tape": (KeepsItsTape, "not reset", ""),
    "tanh without upstream": (NoUpstreamInTanh, "missing chain factor", "tanh"),
    "exp without its slope": (with_rule("exp", lambda out, x: (1,)), "missing chain factor", "exp"),
    "mul by its own operand": (with_rule("mul", lambda out, x, y: (x, y)), "wrong operand's slope", "mul"),
    "mul by the right one": (with_rule("mul", lambda out, x, y: (y, y)), "wrong operand's slope", "mul"),
    "div's slopes exchanged": (
        with_rule("div", lambda out, x, y: (-x / y**2, 1 / y)), "wrong operand's slope", "div",
    ),
    "sub without its minus": (with_rule("sub", lambda out, x, y: (1, 1)), "wrong sign", "sub"),
    "div without its minus": (with_rule("div", lambda out, x, y: (1 / y, x / y**2)), "wrong sign", "div"),
    "pow without n": (
        with_rule("pow", lambda out, x, y: (x ** (y - 1), out * math.log(abs(x)))), "wrong slope", "factor n",
    ),
    "pow with n": (
        with_rule("pow", lambda out, x, y: (y * out, out * math.log(abs(x)))), "wrong slope", "smaller by 1",
    ),
    "tanh of the operand": (with_rule("tanh", lambda out, x: (1 - x**2,)), "wrong slope", "operand for"),
    "log of the result": (with_rule("log", lambda out, x: (1 / out,)), "wrong slope", "operand for"),
    "sigmoid without 1 - out": (with_rule("sigmoid", lambda out, x: (out,)), "wrong slope", "sigmoid"),
    "relu everywhere": (with_rule("relu", lambda out, x: (1,)), "missing chain factor", "relu"),
    "add loses its second": (with_rule("add", lambda out, x, y: (1, 0)), "lost operand", "second operand"),
    "composed, not reversed": (ComposedNotReversed, "wrong order", ""),
    "composed, mul by its own operand": (ComposedWithRule, "wrong operand's slope", "J = a * b"),
    "an operand of mul forgotten": (ForgetsAnOperand, "lost operand", "is not visited"),
    "add passes nothing on": (with_rule("add", lambda out, x, y: (0, 0)), "lost operand", "add passes"),
    "visited by number": (ConfusesEqualNumbers, "equal numbers confused", ""),
    "exchanged in 2 - a": (SubtractsTheOtherWay, "wrong result", "exchanged"),
    "exchanged in 2 / a": (DividesTheOtherWay, "wrong result", "exchanged"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found_and_named(name: str) -> None:
    planted, kind, words = PLANTED[name]
    KeepsItsTape.tape.clear()
    found = conformance(planted, depth=0, examples=50)
    assert not found.conforms
    assert found.mistakes[0].kind == kind, str(found)
    assert words in found.mistakes[0].message


def test_more_than_twenty_mistakes_are_planted() -> None:
    assert len(PLANTED) > 20


def micrograd() -> Any:
    return pytest.importorskip("micrograd.engine").Value


@pytest.mark.parametrize("engine_of", [micrograd, lambda: Light, lambda: Plain, lambda: Value])
def test_a_right_engine_conforms(engine_of: Any) -> None:
    found = conformance(engine_of(), depth=1000, examples=50)
    assert found.conforms, str(found)
    assert set(found.checks.values()) <= {"right", "lacking"}


def test_what_an_engine_lacks_is_listed_and_its_conventions_are_told() -> None:
    found = conformance(micrograd(), depth=1000, examples=10)
    assert "number ** Value" in found.lacking
    assert "tanh(Value)" in found.lacking
    assert "interior nodes" in found.conventions["a second backward()"]
    assert found.conventions["relu(a) at a = 0"] == "slope 0"
    assert "RecursionError" in found.conventions["deep chains"]
    assert "raises OverflowError" in found.conventions["a**2 at a = 1e+200"]
    assert conformance(Light, depth=0, examples=10).lacking.keys() > {"number - Value", "number / Value"}
    assert "at least 10,000" in conformance(Value, depth=10_000, examples=10).conventions["deep chains"]


@pytest.mark.parametrize(
    ("planted", "test"),
    [(Overwrites, "test_expressions"), (AddsToTheResult, "test_several_backward_passes")],
)
def test_the_class_for_pytest(planted: type[Plain], test: str) -> None:
    right = type("TestRight", (EngineTests,), {"engine": Plain, "examples": 20})()
    wrong = type("TestWrong", (EngineTests,), {"engine": planted, "examples": 20})()
    for name in ("test_expressions", "test_random_graphs", "test_several_backward_passes"):
        getattr(right, name)()
    with pytest.raises(AssertionError, match=r"yours|times what it was"):
        getattr(wrong, test)()


class WrongInCompositions(Plain):
    """Right in every expression that is picked by hand, wrong in tanh(relu(a))."""

    def of(self, name: str, *operands: Any) -> Any:
        out = super().of(name, *operands)
        if name in ("tanh", "sigmoid", "exp", "relu") and len(self.operands) == 1:
            out.slopes = [2 * slope for slope in out.slopes]
        return out


def test_a_random_graph_finds_and_shrinks_what_no_expression_shows() -> None:
    found = conformance(WrongInCompositions, depth=0, examples=50)
    [mistake] = found.mistakes
    assert mistake.kind == "wrong gradient"
    assert mistake.expression.count("(") <= 3, mistake.expression
    assert re.search("dJ/da is .*, yours ", mistake.message)


def test_functions_of_a_module_are_called_too() -> None:
    def sine(x: Any) -> Any:
        return type(x)(math.sin(x.data), (x,), (math.sin(x.data),))

    found = conformance(Plain, functions={"sin": sine}, depth=0, examples=10)
    assert [mistake.kind for mistake in found.mistakes] == ["wrong slope"]
    assert "dJ/da is cos(a) = " in found.mistakes[0].message


class Misspelt(Plain):
    def __radd__(self, x: Any) -> Any:
        return self + X  # type: ignore[name-defined]  # noqa: F821


class RecursesForEver(Plain):
    def __radd__(self, x: Any) -> Any:
        return x + self


class NeedsAnArgument(Plain):
    def backward(self, seed: float) -> None:  # type: ignore[override]
        self.grad = seed


@pytest.mark.parametrize("planted", [Misspelt, RecursesForEver, NeedsAnArgument])
def test_a_program_that_fails_does_not_pass_for_an_engine_that_lacks_something(planted: type[Plain]) -> None:
    found = conformance(planted, depth=0, examples=20)
    [mistake] = found.mistakes
    assert mistake.kind == "error"
    assert re.search(r"(Name|Recursion|Type)Error: .*", mistake.message)


def test_an_error_is_told_with_its_line() -> None:
    [mistake] = conformance(Misspelt, depth=0, examples=1).mistakes
    assert re.search(r"NameError: .*\(test_conformance.py, line \d+\)$", mistake.message)


def test_numbers_may_be_arrays_of_one() -> None:
    np = pytest.importorskip("numpy")

    class OfArrays(Light):
        __slots__ = ()

        def __init__(self, data: Any, *about: Any) -> None:
            super().__init__(np.array(data, float), *about)
            self.grad = np.zeros(1)

    assert conformance(OfArrays, depth=0, examples=5).conforms


@pytest.mark.parametrize("what", [float, object, lambda x: 1 / 0])
def test_what_is_no_engine_is_refused(what: Any) -> None:
    with pytest.raises(TypeError, match=r"raised|has no"):
        conformance(what)
