"""The well-known mistakes of engines, each as a backward pass that makes it.

What an engine answers is held against what each mistake would give: the one that explains most of the answers
is named.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value

Gradient: TypeAlias = Mapping[Value, float]
Terms: TypeAlias = Sequence[tuple[Value, float]]  # what a node passes on, and to which operand
Rule: TypeAlias = Callable[[Value, float], Terms]  # the terms of a node with that upstream gradient
Pass: TypeAlias = Callable[[Value], Gradient]  # a backward pass from a result

_ORDINALS = ("first", "second", "third")
_COMPOSED: Sequence[Mapping[Operation | None, Callable[..., Value]]] = (
    {},
    {ops.sub: lambda x, y: x + -y, ops.div: lambda x, y: x * y**-1},
    {ops.sub: lambda x, y: x + y * -1, ops.div: lambda x, y: x * y**-1, ops.neg: lambda x: x * -1},
)
FORMS = len(_COMPOSED)


class Suspect(NamedTuple):
    """A mistake that an engine may make."""

    kind: str
    hint: str  # what may be wrong in the engine's code
    passes: Sequence[Pass]  # backward passes with that mistake
    operation: Operation | None = None  # whose rule is wrong; None: something that concerns all of them

    def explains(self, root: Value, got: Gradient, agree: Callable[[Gradient, Gradient], bool]) -> bool:
        """Whether one of the passes gives these gradients."""
        for backward in self.passes:
            # A wrong rule may be undefined here; and a graph may be too deep for a pass that recurses.
            with suppress(ArithmeticError, ValueError, RecursionError):
                if agree(backward(root), got):
                    return True
        return False


def forms(root: Value) -> list[Value]:
    """The expression as it stands; then ``x - y`` as ``x + -y`` and ``x / y`` as ``x * y**-1``.

    The last has ``-x`` as ``x * -1`` too: many engines compose them so.
    """
    return [_composed(root, rules) for rules in _COMPOSED]


def _composed(root: Value, rules: Mapping[Operation | None, Callable[..., Value]]) -> Value:
    order = topological_order(root)
    if not any(node.op in rules for node in order):
        return root
    new: dict[Value, Value] = {}
    for node in order:
        new[node] = node
        if node.op is not None and node.operands:
            operands = [new[p] for p in node.operands]
            rule = rules.get(node.op)
            new[node] = rule(*operands) if rule else Value.apply_operation(node.op, operands)
    return new[root]


def suspects(root: Value) -> Iterator[Suspect]:
    """The mistakes that may show in this graph, likelier ones first."""
    yield from _GENERAL
    for operation in dict.fromkeys(node.op for node in topological_order(root) if node.operands):
        assert operation is not None
        yield from _of_operation(operation)


def _terms(node: Value, upstream: float) -> Terms:
    return [(p, upstream * slope) for p, slope in zip(node.operands, node.slopes, strict=True)]


def _swept(
    root: Value,
    visits: Iterable[Value],
    rule: Rule = _terms,
    overwrites: Callable[[Value], bool] = lambda node: False,
    start: float = 0.0,
) -> Gradient:
    """The gradients after visiting these nodes one by one, each of which passes on what it has by then."""
    totals: defaultdict[Value, float] = defaultdict(lambda: start)
    totals[root] = 1.0
    for node in visits:
        for operand, term in rule(node, totals[node]) if node.operands else ():
            totals[operand] = term if overwrites(node) else totals[operand] + term
    return totals


def _backwards(root: Value) -> list[Value]:
    return topological_order(root)[::-1]


def _every_path(root: Value, mirrored: bool = False) -> list[Value]:
    """Each node as often as there are paths to it, before its operands."""
    operands = root.operands[::-1] if mirrored else root.operands
    return [root, *(node for operand in operands for node in _every_path(operand, mirrored))]


def _paths_backwards(root: Value) -> list[Value]:
    """The order of a topological sort, reversed, that forgets which nodes it has seen."""
    return [root, *(node for operand in root.operands[::-1] for node in _paths_backwards(operand))]


def _by_levels(root: Value) -> list[Value]:
    """Each node once, by its smallest distance from the result."""
    found = [root]
    for node in found:
        found += dict.fromkeys(p for p in node.operands if p not in found)
    return found


def _recursively(
    root: Value,
    operands: Callable[[Value], Sequence[Value]] = lambda node: node.operands,
    identity: Callable[[Value], Any] = lambda node: node,
) -> list[Value]:
    """A topological order, reversed, by the usual recursion: over these operands, with a set of these."""
    done: list[Value] = []
    seen: set[Any] = set()

    def visit(node: Value) -> None:
        if identity(node) not in seen:
            seen.add(identity(node))
            for operand in operands(node):
                visit(operand)
            done.append(node)

    visit(root)
    return done[::-1]


def _mirrored(root: Value) -> list[Value]:
    return _recursively(root, lambda node: node.operands[::-1])


def _reversed_terms(node: Value, upstream: float) -> Terms:
    return _terms(node, upstream)[::-1]


def _of_a_set(rule: Rule) -> Rule:
    return lambda node, upstream: list(dict(rule(node, upstream)).items())


def _visiting(
    visits: Callable[[Value], Iterable[Value]],
    rule: Rule = _terms,
    overwrites: Callable[[Value], bool] = lambda node: False,
    start: float = 0.0,
) -> Pass:
    """A backward pass that visits nodes in this order."""
    return lambda root: _swept(root, visits(root), rule, overwrites, start)


_OVERWRITTEN = "overwritten sums"
_GENERAL = (
    Suspect(
        _OVERWRITTEN,
        "",
        [
            _visiting(visits, rule, lambda node: True)
            for visits in (_backwards, _mirrored)
            for rule in (_terms, _reversed_terms)
        ],
    ),
    Suspect(
        "operands in a set",
        "a value used twice in one operation counts once (are the operands kept in a set?)",
        [_visiting(_backwards, _of_a_set(rule)) for rule in (_terms, _reversed_terms)],
    ),
    Suspect(
        "wrong order",
        "a node passes its gradient on before all of it has arrived "
        "(is the order topological, and reversed, and no gradient reset on the way?)",
        [
            _visiting(lambda root: dict.fromkeys(_every_path(root))),
            _visiting(lambda root: dict.fromkeys(_every_path(root, mirrored=True))),
            _visiting(_by_levels),
            _visiting(topological_order),
        ],
    ),
    Suspect(
        "visited twice",
        "a shared node passes its gradient on once for each use, and each time all of it "
        "(is a set of visited nodes missing?)",
        [_visiting(_every_path), _visiting(_paths_backwards)],
    ),
    Suspect(
        "no gradient",
        "all gradients are 0 (is the gradient of the result set to 1, and nothing reset afterwards?)",
        [lambda root: defaultdict(float)],
    ),
    Suspect("not reset", "gradients do not start at 0", [_visiting(_backwards, start=1.0)]),
    Suspect(
        "equal numbers confused",
        "nodes of the same number are taken for one (is == of the class that of the numbers?)",
        [_visiting(lambda root: _recursively(root, identity=lambda node: node.data))],
    ),
)


def _of_operation(operation: Operation) -> Iterator[Suspect]:
    """The mistakes in the rule of one operation."""
    name = operation.name

    def suspect(kind: str, hint: str, *rules: Rule) -> Suspect:
        return Suspect(kind, hint, [_with_rule(operation, rule) for rule in rules], operation)

    count = 2 if operation.arity is None else operation.arity
    each = range(count)
    yield Suspect(
        _OVERWRITTEN,
        f"the gradient is overwritten in {name} (+= instead of =?)",
        [
            _visiting(_backwards, rule, lambda node: node.op is operation)
            for rule in (_terms, _reversed_terms)
        ],
        operation,
    )  # fmt: skip
    yield suspect(
        "wrong sign",
        f"a local derivative of {name} has the wrong sign",
        lambda node, upstream: _terms(node, -upstream),
        *[_changed(i, lambda node, upstream, i: -upstream * node.slopes[i]) for i in each if count > 1],
    )
    yield suspect(
        "missing chain factor",
        f"the gradient that arrives at {name} is not a factor of what it passes on",
        lambda node, upstream: _terms(node, 1.0),
        *[_changed(i, lambda node, upstream, i: node.slopes[i]) for i in each if count > 1],
    )
    yield suspect(
        "missing chain factor",
        f"the local derivative of {name} is not a factor of what it passes on",
        lambda node, upstream: [(p, upstream) for p in node.operands],
        *[_changed(i, lambda node, upstream, i: upstream) for i in each if count > 1],
    )
    if count == 2:
        yield suspect(
            "wrong operand's slope",
            f"the local derivatives of {name} are mixed up: an operand has that of the other one",
            lambda node, upstream: [
                (p, upstream * s) for p, s in zip(node.operands, _slopes(node)[::-1], strict=True)
            ],
            *[_changed(i, lambda node, upstream, i: upstream * _slopes(node)[1 - i]) for i in each],
        )
    if operation is ops.pow:
        yield suspect(
            "wrong slope",
            "the derivative of x ** n is n * x ** (n - 1): is the factor n missing?",
            _changed(0, lambda node, upstream, i: upstream * node.slopes[0] / node.operands[1].data),
        )
        yield suspect(
            "wrong slope",
            "the derivative of x ** n is n * x ** (n - 1): is the exponent not made smaller by 1?",
            _changed(0, lambda node, upstream, i: upstream * node.operands[1].data * node.data),
        )
    if count == 1:
        yield suspect(
            "wrong slope",
            f"the rule of {name} takes its operand for its result, or the other way round",
            lambda node, upstream: _mixed(node, upstream, [node.operands[0].data] * 2),
            lambda node, upstream: _mixed(node, upstream, [node.data] * 2),
            lambda node, upstream: _mixed(node, upstream, [node.operands[0].data, node.data]),
        )
    yield suspect("lost operand", f"{name} passes nothing on", lambda node, upstream: [])
    for i in each if count > 1 else ():
        operand = f"{_ORDINALS[i]} operand"
        yield suspect(
            "lost operand",
            f"{name} passes nothing on to its {operand}",
            _changed(i, lambda node, upstream, i: 0.0),
        )
        yield Suspect(
            "lost operand",
            f"what comes before the {operand} of {name} is not visited (is the node told of that operand?)",
            [_visiting(partial(_recursively, operands=partial(_all_but, operation, i)))],
            operation,
        )  # fmt: skip


def _all_but(operation: Operation, index: int, node: Value) -> Sequence[Value]:
    """The operands, without one of this operation's."""
    return [p for i, p in enumerate(node.operands) if node.op is not operation or i != index]


def _with_rule(operation: Operation, rule: Rule) -> Pass:
    """The backward pass in which that operation alone has another rule."""

    def either(node: Value, upstream: float) -> Terms:
        return rule(node, upstream) if node.op is operation else _terms(node, upstream)

    return _visiting(_backwards, either)


def _changed(index: int, term: Callable[[Value, float, int], float]) -> Rule:
    """The right terms, but for that of one operand."""

    def rule(node: Value, upstream: float) -> Terms:
        terms = list(_terms(node, upstream))
        terms[index] = node.operands[index], term(node, upstream, index)
        return terms

    return rule


def _slopes(node: Value) -> Sequence[float]:
    """All local derivatives, those by constants too."""
    assert node.op is not None
    return list(map(float, node.op.slopes(node.data, [p.data for p in node.operands])))


def _mixed(node: Value, upstream: float, out_and_operand: Sequence[float]) -> Terms:
    assert node.op is not None
    [slope] = node.op.slopes(out_and_operand[0], out_and_operand[1:])
    return [(node.operands[0], upstream * float(slope))]


def missing_use(contributions: Sequence[float], got: float, name: str) -> str:
    """Which use of a variable is missing in a sum that was overwritten."""
    for which in (1, 0):
        if len(contributions) == 2 and math.isclose(contributions[1 - which], got, rel_tol=1e-7):
            return f"the {_ORDINALS[which]} use of {name} was not added (+= instead of =?)"
    return "not all uses of a value were added (+= instead of =?)"
