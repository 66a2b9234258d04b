"""A conformance suite for scalar engines: are the gradients right, and if not, what is the mistake?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, ClassVar

from hypothesis import HealthCheck, find, settings
from hypothesis.errors import HypothesisException, NoSuchExample

from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import pow
from micrograd_dl.engine.order import chain_rule, topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.text import plural
from micrograd_dl.foundation.written import Term
from micrograd_dl.gradcheck.numerical import EPSILON
from micrograd_dl.notation.kinks import is_at_kink
from micrograd_dl.notation.numbers import exact_term, number
from micrograd_dl.notation.steps import Contribute, steps
from micrograd_dl.testing.engines import (
    OPERATIONS,
    Answer,
    Engine,
    Expression,
    LackingError,
    described,
    expression,
    number_of,
    single_operations,
)
from micrograd_dl.testing.mistakes import FORMS, Suspect, forms, missing_use, suspects
from micrograd_dl.testing.strategies import MARGIN, Graph, graphs

DEEPEST = 1_000_000
_LONGEST_FORMULA = 60
_MOST_REASONS = 12
_SHARED = (
    "a", "a + a", "a * a", "a - a", "a / a", "a*b + a", "a + a*b", "a*a*a", "a*2 + 3*a", "(a + b)*(b + 1)",
    "u = a*b; J = u + u", "u = a*b; J = u*u", "u = a*b; v = u*c; J = u*v", "u = a*b; v = u*c; J = v*u",
    "u = a*b; v = u + a; w = u*c; J = v*w", "u = a + b; v = 2*u; w = 3*u; J = v*w",
    "u = a*b; v = u*u; w = v*u; J = w*v + u", "u = a + 1; v = u*u; w = v*v; J = w + u",
    "a - b - c", "a / b / c", "-(-a)", "2*a*b*c + 1", "-a*b", "(a - 2*b)*(a - 2*b)",
)  # fmt: skip
_POWERS = ("a**2", "a**3", "a**1", "a**0", "a**-1", "a**-2", "a**0.5", "2**a", "a**b", "c*a**3", "(a*b)**2")
# Where engines may differ: at the end of a float's range, and where an operation is undefined.
_LIMITS = (
    ("exp(a)", 1000.0), ("tanh(a)", 1000.0), ("sigmoid(a)", -1000.0), ("softplus(a)", 1000.0),
    ("a*a", 1e200), ("a**2", 1e200), ("1/a", 0.0), ("a**-1", 0.0), ("a**0", 0.0),
    ("log(a)", 0.0), ("sqrt(a)", 0.0),
)  # fmt: skip


@dataclass(frozen=True)
class Mistake:
    """A wrong gradient or result, at the smallest expression that shows it.

    Attributes:
        kind: such as ``overwritten sums``; ``wrong gradient`` if no known mistake explains it.
        expression, point: where it shows.
        message: the right number, the engine's, and what may be wrong, in one line.
        reasons: the terms of the right gradient, from the result to the variables, a line each.
    """

    kind: str
    expression: str
    point: str
    message: str
    reasons: Sequence[str] = ()

    def __str__(self) -> str:
        lines = [f"{self.kind}, at {self.point}:", f"  {self.message}", *map("    {}".format, self.reasons)]
        return "\n".join(lines)


@dataclass
class Conformance:
    """What the suite found out about an engine; printing it shows all of it.

    Attributes:
        name: the engine.
        mistakes: wrong gradients and results.
        checks: each expression that was tried: ``right``, ``lacking``, or what is wrong.
        lacking: the features that the engine does not have, with the error where there was one.
        conventions: what is the engine's own choice, such as the slope at a kink.
    """

    name: str
    mistakes: list[Mistake] = field(default_factory=list)
    checks: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    conventions: dict[str, str] = field(default_factory=dict)

    @property
    def conforms(self) -> bool:
        """Whether nothing is wrong."""
        return not self.mistakes

    def as_dict(self) -> dict[str, object]:
        """The same as plain data, for JSON."""
        return {"conforms": self.conforms, **asdict(self)}

    def __str__(self) -> str:
        tried = [outcome for outcome in self.checks.values() if outcome != "lacking"]
        wrong = sum(outcome != "right" for outcome in tried)
        verdict = "conforms" if self.conforms else f"{wrong:,} wrong"
        lines = [f"{self.name}: {verdict} ({plural(len(tried), 'check')})", *map(str, self.mistakes)]
        if self.lacking:
            lines += ["It does not have:"]
            lines += [f"  {name}{f' ({reason})' if reason else ''}" for name, reason in self.lacking.items()]
        if self.conventions:
            lines += ["Its conventions:", *[f"  {name}: {what}" for name, what in self.conventions.items()]]
        return "\n".join(lines)

    __repr__ = __str__


def conformance(
    make: Callable[[Any], Any],
    *,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    tolerance: float = EPSILON,
    examples: int = 200,
    depth: int = DEEPEST,
    progress: Callable[[str], object] = lambda text: None,
) -> Conformance:
    """Hold the gradients of a scalar engine against those of this one.

    Of the engine only operators, ``.data``, ``.grad``, ``.backward()`` and those functions are asked that it
    has. It runs in this process; ``micrograd-dl verify`` gives it one of its own.

    Args:
        make: the engine's class; called with a number it gives a variable.
        functions: its functions that are no methods of the class, by the names of the reference: ``exp``, ...
        tolerance: the relative difference that is accepted, as in a gradient check.
        examples: how many random graphs are tried.
        depth: the longest chain that is tried; 0 tries none.
        progress: is told each expression before it is tried, to say where an engine hangs.

    Raises:
        TypeError: `make` gives no value with data, grad and backward, or no operator of it works.

    >>> print(conformance(Value, depth=0).conforms)
    True
    """
    return _Suite(Engine(make, functions or {}, progress), tolerance).run(examples, depth)


class EngineTests:
    """Tests of an engine for pytest: subclass it, with your class as `engine`.

    >>> class TestMyEngine(EngineTests):
    ...     engine = Value
    """

    engine: ClassVar[Callable[[Any], Any]]
    functions: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    tolerance: ClassVar[float] = EPSILON
    examples: ClassVar[int] = 200

    def _suite(self) -> _Suite:
        return _Suite(Engine(type(self).engine, self.functions), self.tolerance)

    def test_expressions(self) -> None:
        """Each operation, and hand-picked expressions in which values are used again."""
        suite = self._suite()
        suite.try_hand_picked()
        _require(suite.found)

    def test_random_graphs(self) -> None:
        """Random graphs of the operations that are right by themselves."""
        suite = self._suite()
        suite.try_hand_picked()
        before = len(suite.found.mistakes)
        suite.try_random(self.examples)
        suite.found.mistakes = suite.found.mistakes[before:]
        _require(suite.found)

    def test_several_backward_passes(self) -> None:
        """Gradients are added up or set afresh, and stay as they are otherwise."""
        suite = self._suite()
        suite.try_several_passes()
        _require(suite.found)


def _require(found: Conformance) -> None:
    if found.mistakes:
        raise AssertionError("\n".join(map(str, found.mistakes)))


def how_deep(make: Callable[[Any], Any], depth: int = DEEPEST) -> Iterator[str]:
    """The longest chain of operations, up to `depth`, that an engine goes backward through, so far."""
    passed, size = "no operations", 100
    while size <= depth:
        start = total = make(1.0)
        try:
            for _ in range(size):
                total = total + start
            total.backward()
            got = number_of(start.grad)
        except Exception as error:  # noqa: BLE001 - the program is the user's
            yield f"{passed}; at {size:,}, {described(error)}"
            return
        if got != size + 1:
            yield f"{passed}; at {size:,}, the gradient is {number(got)} instead of {size + 1:,}"
            return
        passed, size = f"{size:,} operations", size * 10
        yield f"at least {passed}"


class _Suite:
    """A run on one engine; what is found so far."""

    def __init__(self, engine: Engine, tolerance: float) -> None:
        self.engine, self.tolerance = engine, tolerance
        self.found = Conformance(engine.name)
        self.answers: list[Answer] = []
        self.forms: dict[Value, Sequence[Value]] = {}  # of each expression, as an engine may compose it
        self.named: set[tuple[str, str] | None] = set()
        self.all_concerned = False  # by a mistake that is not of one operation

    def run(self, examples: int, depth: int) -> Conformance:
        self.try_hand_picked()
        self.try_random(examples)
        if self.found.conforms:
            self.try_several_passes()
        if not self.all_concerned:
            self.note_kinks()
        self.note_limits()
        for known in how_deep(self.engine.make, depth):
            self.found.conventions["deep chains"] = known
        return self.found

    # Wrong gradients

    def try_hand_picked(self) -> None:
        """Try the expressions that are always the same."""
        picked = [*map(expression, _SHARED), *map(expression, _POWERS), *single_operations()]
        for wanted in sorted({e.text + e.point: e for e in picked}.values(), key=_size):
            self._try(wanted)
        self.found.lacking = dict(self.engine.lacks)
        if not self.answers or not self.engine.has:
            reasons = "; ".join(f"{what}: {why}" for what, why in list(self.engine.lacks.items())[:3])
            raise TypeError(f"no operator of {self.engine.name} works ({reasons})")
        self._explain([answer for answer in self.answers if not self._is_right(answer)])

    def _try(self, wanted: Expression) -> Answer | None:
        name = f"{wanted.text} at {wanted.point}"
        try:
            answer = self.engine.answer(wanted)
        except LackingError:
            self.found.checks[name] = "lacking"
            return None
        self.answers.append(answer)
        self.found.checks[name] = "right" if self._is_right(answer) else self._difference(answer)
        return answer

    def _is_right(self, answer: Answer) -> bool:
        return (
            not answer.error
            and self._close(answer.data, answer.expression.root.data)
            and self._agree(_right(answer.expression), answer.gradient)
        )

    def _close(self, x: float, y: float, size: float = 1.0) -> bool:
        return math.isclose(x, y, rel_tol=self.tolerance, abs_tol=self.tolerance * size)

    def _agree(self, expected: Mapping[Value, float], got: Mapping[Value, float]) -> bool:
        return next(self._differing(expected, got), None) is None

    def _differing(self, expected: Mapping[Value, float], got: Mapping[Value, float]) -> Iterator[Value]:
        size = max([1.0, *(math.fabs(expected[leaf]) for leaf in got)])
        return (leaf for leaf, x in got.items() if not self._close(expected[leaf], x, size))

    def _explain(self, wrong: list[Answer]) -> None:
        """Name the mistake behind the smallest wrong answer; then behind what it does not concern."""
        while wrong:
            answer = wrong[0]
            suspect, form = self._suspect(answer)
            blamed = suspect.operation if suspect else answer.expression.root.op
            if suspect and form:  # an operation that others are composed of is shown where it is written
                written = [x for x in wrong if blamed in _operations(x.expression.root)]
                answer = next((x for x in written if self._explains(suspect, form, x)), answer)
            named = suspect and (suspect.kind, suspect.hint)
            if named is None or named not in self.named:
                self.found.mistakes.append(self._mistake(answer, suspect))
            self.named.add(named)
            if suspect and suspect.operation is None:
                self.all_concerned = True  # it may be behind all the others
                return
            wrong = [
                x
                for x in wrong
                if x is not answer
                and not (x.error and x.error == answer.error)
                and (answer.error or blamed not in _operations(self._form(x, form)))
            ]

    def _suspect(self, answer: Answer) -> tuple[Suspect | None, int]:
        """The mistake that explains this answer, and most of the others; and in which form of expressions.

        Right answers count as well.
        """
        if answer.error or not self._close(answer.data, answer.expression.root.data):
            return None, 0
        explaining = [
            (suspect, form)
            for form in range(FORMS)
            for suspect in suspects(self._form(answer, form))
            if self._explains(suspect, form, answer)
        ]
        others = [x for x in self.answers if not x.error]

        def how_many(suspect: Suspect, form: int) -> int:
            return sum(self._explains(suspect, form, x) for x in others)

        return max(explaining, key=lambda one: how_many(*one), default=(None, 0))

    def _explains(self, suspect: Suspect, form: int, answer: Answer) -> bool:
        return suspect.explains(self._form(answer, form), answer.gradient, self._agree)

    def _form(self, answer: Answer, which: int) -> Value:
        """The answer's expression, as it stands (0) or as an engine may compose it."""
        root = answer.expression.root
        if root not in self.forms:
            self.forms[root] = forms(root)
        return self.forms[root][which]

    def _mistake(self, answer: Answer, suspect: Suspect | None) -> Mistake:
        wanted = answer.expression
        kind, hint = ("wrong gradient", "") if suspect is None else suspect[:2]
        reasons: list[str] = []
        if answer.error:
            kind = "error"
        elif not self._close(answer.data, wanted.root.data):
            kind, hint = "wrong result", self._swapped(answer)
        else:
            leaf = self._wrong_leaf(answer)
            if suspect is not None and not hint:
                order = wanted.order
                terms = [t.contribution for t in chain_rule(order, 1.0) if t.node.operands[t.which] is leaf]
                hint = missing_use(terms, answer.gradient[leaf], leaf.label)
            elif suspect is None and len(_operations(wanted.root)) == 1:
                [operation] = _operations(wanted.root)
                kind, hint = "wrong slope", f"the derivative of {operation.name} is wrong"
            if _size(wanted)[0] > 1:
                reasons = [str(step) for step in steps(wanted.root) if isinstance(step, Contribute)][
                    :_MOST_REASONS
                ]
        message = self._difference(answer) + (f": {hint}" if hint else "")
        return Mistake(kind, wanted.text, wanted.point, message, reasons)

    def _swapped(self, answer: Answer) -> str:
        root = answer.expression.root
        if root.op is not None and root.op.arity == 2:
            try:
                swapped = root.op.evaluate([p.data for p in root.operands[::-1]])
            except ArithmeticError:
                return ""
            return "the operands are exchanged" if self._close(answer.data, swapped) else ""
        return ""

    def _wrong_leaf(self, answer: Answer) -> Value:
        return next(self._differing(_right(answer.expression), answer.gradient))

    def _difference(self, answer: Answer) -> str:
        """The right number and the engine's, in words."""
        wanted = answer.expression
        if answer.error:
            return f"{wanted.text}: {answer.error}"
        if not self._close(answer.data, wanted.root.data):
            return f"{wanted.text}: J is {number(wanted.root.data)}, yours {number(answer.data)}"
        leaf = self._wrong_leaf(answer)
        formula, right = _formula_of_gradient(wanted, leaf), number(_right(wanted)[leaf])
        is_what = right if formula in ("", right) else f"{formula} = {right}"
        return f"{wanted.text}: dJ/d{leaf.label} is {is_what}, yours {number(answer.gradient[leaf])}"

    def try_random(self, examples: int) -> None:
        """Look for a random graph with a wrong gradient, of operations that are right by themselves."""
        wrong = {x for a in self.answers if not self._is_right(a) for x in _operations(a.expression.root)}
        right = {x for a in self.answers if self._is_right(a) for x in _operations(a.expression.root)}
        usable = [x for x in OPERATIONS if x in right - wrong]
        if not usable or self.all_concerned:
            return
        smallest: list[Answer] = []

        def is_wrong(graph: Graph) -> bool:
            answer = self._of_graph(graph)
            if answer is None or self._is_right(answer):
                return False
            if not smallest or _size(answer.expression) <= _size(smallest[0].expression):
                smallest[:] = [answer]
            return True

        options = settings(
            max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck)
        )
        # Hypothesis also raises where answers differ from call to call; `smallest` has one of them.
        with suppress(NoSuchExample, HypothesisException):
            find(graphs(usable), is_wrong, settings=options, random=Random(0))  # noqa: S311 - no secret
        self.found.checks[f"{plural(examples, 'random graph')}"] = "right"
        if smallest:
            self.found.checks[f"{plural(examples, 'random graph')}"] = self._difference(smallest[0])
            self._explain(smallest)

    def _of_graph(self, graph: Graph) -> Answer | None:
        for leaf, name in zip(graph.leaves, "abcdefgh", strict=False):
            leaf.label = name
        wanted = Expression(graph.text, graph.root)
        if not self.engine.has.issuperset(wanted.features):
            return None
        if any(n.op is pow and math.fabs(n.operands[0].data) < MARGIN for n in wanted.order):
            return None  # n * x ** (n - 1) may be undefined at 0, where the slope of x ** 0 is 0
        return self.engine.answer(wanted)

    # Conventions

    def try_several_passes(self) -> None:
        """What a second backward pass adds to, and whether anything else changes a gradient."""
        try:
            self._try_second_pass()
            self._try_reset()
        except LackingError:
            pass
        except Exception as error:  # noqa: BLE001 - the program is the user's
            self.found.conventions["several backward passes"] = f"raises {described(error)}"

    def _try_second_pass(self) -> None:
        flat, nested = self._second_pass("a*b"), self._second_pass("a*b*c")
        known = {
            (1.0, 1.0): "sets the gradients afresh",
            (2.0, 2.0): "adds to the gradients of variables",
            (2.0, 3.0): "adds to all gradients, those of interior nodes too: build the expression again",
        }
        if isinstance(flat, str) or isinstance(nested, str):
            self.found.conventions["a second backward()"] = (
                f"raises {flat if isinstance(flat, str) else nested}"
            )
        elif (flat, nested) in known:
            self.found.conventions["a second backward()"] = known[flat, nested]
        else:
            self._passes_are_wrong(
                "not reset" if flat > 1 else "reset too much",
                "J = a * b, backward() twice",
                f"the second backward() makes dJ/da {number(flat)} times what it was, neither 1 nor 2 times "
                "(is the gradient of the result set to 1, not added to?)",
            )

    def _passes_are_wrong(self, kind: str, text: str, message: str) -> None:
        self.found.checks[text] = message
        self.found.mistakes.append(Mistake(kind, text, "a = 3, b = 2, c = 5", message))

    def _second_pass(self, text: str) -> float | str:
        """How many times as large the gradient of a is after a second backward pass; or the error."""
        wanted = expression(text)
        theirs = self.engine.forward(wanted, {})
        a, result = theirs[wanted.leaves[0]], theirs[wanted.root]
        result.backward()
        first = number_of(a.grad)
        try:
            result.backward()
        except Exception as error:  # noqa: BLE001 - the program is the user's
            return described(error)
        return number_of(a.grad) / first if first else math.nan

    def _try_reset(self) -> None:
        """Build, go backward, set to 0, build again."""
        first = expression("a*b")
        theirs = self.engine.forward(first, {})
        theirs[first.root].backward()
        a, before = theirs[first.leaves[0]], number_of(theirs[first.leaves[0]].grad)
        second = Expression("J = a*b + a", (first.leaves[0] * first.leaves[1]) + first.leaves[0])
        again = self.engine.forward(second, {leaf: theirs[leaf] for leaf in first.leaves})
        if number_of(a.grad) != before:
            self._passes_are_wrong(
                "reset too much",
                "J = a * b, backward(), then a * b + a",
                f"dJ/da is {number(before)}, but {number(number_of(a.grad))} once a is used again "
                "(does building an expression set gradients to 0?)",
            )
            return
        for leaf in first.leaves:
            theirs[leaf].grad = 0.0
        again[second.root].backward()
        if not self._close(number_of(a.grad), 3.0):
            self._passes_are_wrong(
                "not reset",
                "J = a * b, backward(), a.grad = b.grad = 0, then J = a * b + a",
                f"dJ/da is b + 1 = 3, yours {number(number_of(a.grad))} (what is kept of the first pass?)",
            )

    def note_kinks(self) -> None:
        """The slopes at kinks: any between those of both sides is a choice, others are wrong."""
        for operation in OPERATIONS:
            values = [0.0] if operation.arity == 1 else [1.0, 1.0]
            if operation.arity not in (1, 2) or not is_at_kink(operation, values):
                continue
            numbers = dict(zip("ab", values, strict=False))
            wanted = expression(str(operation.written(list(numbers))), **numbers)
            try:
                answer = self.engine.answer(wanted)
            except LackingError:
                continue
            where = f"{wanted.text.removeprefix('J = ')} at {wanted.point}"
            if answer.error:
                self.found.conventions[where] = answer.error
                continue
            slopes = ", ".join(number(x) for x in answer.gradient.values())
            self.found.conventions[where] = f"slope {slopes}"
            for i, (leaf, got) in enumerate(answer.gradient.items()):
                sides = [_slope_beside(operation, values, i, step) for step in (-1e-3, 1e-3)]
                if not min(sides) <= got <= max(sides):
                    message = (
                        f"{wanted.text}: dJ/d{leaf.label} at the kink is between {number(min(sides))} "
                        f"and {number(max(sides))}, yours {number(got)}"
                    )
                    self.found.checks[where] = message
                    self.found.mistakes.append(Mistake("wrong slope", wanted.text, wanted.point, message))

    def note_limits(self) -> None:
        """What becomes of numbers too large for a float, and where an operation is undefined."""
        for text, x in _LIMITS:
            wanted = expression(text, a=1.0)
            wanted.leaves[0].data = x
            try:
                answer = self.engine.answer(wanted)
            except LackingError:
                continue
            [slope] = answer.gradient.values() or [0.0]
            error, _, _ = answer.error.partition(":")
            self.found.conventions[f"{wanted.text.removeprefix('J = ')} at {wanted.point}"] = (
                f"raises {error}" if error else f"{number(answer.data)}, slope {number(slope)}"
            )


def _right(wanted: Expression) -> dict[Value, float]:
    return dict(zip(wanted.leaves, grad(wanted.root, wanted.leaves), strict=True))


def _size(wanted: Expression) -> tuple[int, int]:
    return sum(node.op is not None and not node.is_constant for node in wanted.order), len(wanted.order)


def _operations(root: Value) -> dict[Operation, None]:
    return {node.op: None for node in topological_order(root) if node.op is not None and node.operands}


def _slope_beside(operation: Operation, values: Sequence[float], index: int, step: float) -> float:
    moved = [x + step if i == index else x for i, x in enumerate(values)]
    return operation.local(index, operation.evaluate(moved), moved)


def _formula_of_gradient(wanted: Expression, leaf: Value) -> str:
    """The derivative as a formula of the variables; empty if it is long."""
    [derivative] = grad(wanted.root, [leaf], create_graph=True)
    terms: dict[Value, Term] = {}
    for node in topological_order(derivative):
        if node.op is None or node.is_constant:
            terms[node] = Term(node.label) if node.is_leaf else exact_term(node.data)
        else:
            terms[node] = node.op.written([terms[p] for p in node.operands])
            if len(terms[node]) > _LONGEST_FORMULA:
                return ""
    return terms[derivative]
