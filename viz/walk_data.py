"""A graph and its walk as data for a page that plays it: names, templates of sentences, programs of slopes.

The page computes forward and backward itself. What it knows of an operation is its forward rule; everything
else comes from the table: how the operation is written, as a template; its local derivatives and its kink, as
programs of operations of the table, found by applying the table's rules to stand-ins. Of a user's own
operation the page is given the definition, as such a program. One without a definition it cannot compute: the
leaves of a graph that has one are not to be changed there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.foundation.written import ADD, ATOM, Term
from micrograd_dl.notation.slopes import SlopeFormulas
from micrograd_dl.operations import BUILT_IN

from .labels import visible

Json = dict[str, Any]

_LONGEST_LATEX = 400
_HOLE = re.compile("\0(\\d+)\1")


def walk_data(trace: Trace) -> Json:
    """The graph of a trace, its names and its numbers, for the page."""
    rules = _Rules()
    origins: dict[str, int] = {}
    place = {node: i for i, node in enumerate(trace.order)}
    nodes = [_node(node, trace, place, rules, origins) for node in trace.order]
    own = ", ".join(f"{rule['name']}, an operation of your own" for rule in rules.written if rule["own"])
    definitions = {name: program for name, (_, program) in rules.definitions.items() if program}
    before, latex_before = _before_names(trace)
    return {
        "before": before,
        "latexBefore": latex_before,
        "seed": as_json(trace.seed),
        "position": trace.position,
        "nodes": nodes,
        "rules": rules.written,
        "definitions": definitions,
        "origins": list(origins),
        "frozen": f"The page cannot compute {own} without a definition: its numbers stay as they are."
        if own
        else "",
    }


def as_json(x: float) -> float | str:
    """A number for JSON, which has neither NaN nor infinities: those are texts."""
    return x if math.isfinite(x) else str(x)


def _node(node: Value, trace: Trace, place: dict[Value, int], rules: _Rules, origins: dict[str, int]) -> Json:
    if node.is_constant and node is not trace.root:
        return {"kind": "constant", "data": as_json(node.data), "operands": []}
    write = trace.notation
    before, latex_before = _before_names(trace)
    found: Json = {
        "kind": "operation" if node.operands else "leaf",
        "data": as_json(node.data),
        "name": write.name(node),
        "latex": str(write.latex_name(node)),
        "operands": [place[operand] for operand in node.operands],
    }
    symbols = {
        "gradient": (write.gradient(node), f"d{found['name']}"),
        "total": (write.total(node), f"{before}{found['name']}"),
        "latexTotal": (write.latex_total(node), f"{latex_before}{found['latex']}}}"),
    }
    found |= {key: symbol for key, (symbol, usual) in symbols.items() if symbol != usual}
    origin = node.origin
    if origin is not None and not (node.is_leaf and origin.file == "<expression>"):
        found["origin"] = origins.setdefault(visible(str(origin)), len(origins))
    if node.operands:
        assert node.op is not None
        found["rule"] = rules.of(node.op, len(node.operands))
        found["slopes"] = [as_json(slope) for slope in node.slopes]
        latex_slopes = _latex_slopes(node, write.latex_name)
        found["edges"] = [
            None if operand.is_constant else _edge(node, index, trace, latex_slopes)
            for index, operand in enumerate(node.operands)
        ]
        if rules.written[found["rule"]]["own"]:
            numbers = [operand.data for operand in node.operands]
            found["written"] = {
                "formula": write.formula(node),
                "numbers": write.numbers(node, numbers),
                "latexFormula": write.latex_formula(node),
                "latexNumbers": write.latex_formula(node, numbers),
                "kinks": [write.at_kink(node, index) for index in range(len(node.operands))],
            }
    return found


def _before_names(trace: Trace) -> tuple[str, str]:
    """What stands before the name in ``dJ/db``, and the same in LaTeX."""
    write, root = trace.notation, trace.root
    total, latex = write.total(root), write.latex_total(root)
    return total.removesuffix(write.name(root)), latex.removesuffix(f"{write.latex_name(root)}}}")


def _edge(node: Value, index: int, trace: Trace, latex_slopes: SlopeFormulas) -> Json:
    """The symbol and the formula of a local derivative; those that the page can put together are left out."""
    write, operand = trace.notation, node.operands[index]
    local, latex_local = write.local(node, index), write.latex_local(node, index)
    edge: Json = {"d": local[0]} if local[0] != "d" else {}
    if local != f"{local[0]}{write.name(node)}/{local[0]}{write.name(operand)}":
        edge["local"] = local
    d = "d" if local[0] == "d" else r"\partial "
    if latex_local != rf"\frac{{{d}{write.latex_name(node)}}}{{{d}{write.latex_name(operand)}}}":
        edge["latexLocal"] = latex_local
    formula, latex = write.local_formula(node, index), latex_slopes[index]
    for place, other in enumerate((*node.operands, node)):
        if not other.is_constant and (formula, latex) == (write.name(other), write.latex_name(other)):
            return edge | {"is": place}  # the formula is the name of an operand, or of the node itself
    edge["formula"] = f"{formula:{ADD}}"
    if len(latex) <= _LONGEST_LATEX and latex != edge["formula"]:
        edge["latexFormula"] = str(latex)
    return edge


def _latex_slopes(node: Value, name: Callable[[Value], Term]) -> SlopeFormulas:
    """The local derivatives as formulas in LaTeX."""
    assert node.op is not None
    operands = [operand.data if operand.is_constant else name(operand) for operand in node.operands]
    return SlopeFormulas(
        node.op, operands, name(node), lambda operation, terms: operation.written(terms, latex=True)
    )


class _Rules:
    """What the page is told of operations, each with its number of operands once.

    Attributes:
        written: of each operation how it is written, and its derivatives.
        definitions: of users' own, by name, the operation and the program that it is, or None.
    """

    def __init__(self) -> None:
        self.written: list[Json] = []
        self.definitions: dict[str, tuple[Operation, Json | None]] = {}
        self._places: dict[tuple[Operation, int], int] = {}

    def of(self, operation: Operation, count: int) -> int:
        """The place of an operation on so many operands."""
        key = operation, count
        if key not in self._places:
            self._places[key] = len(self.written)
            self.written.append(self._rule(operation, count))
        return self._places[key]

    def _rule(self, operation: Operation, count: int) -> Json:
        rule: Json = {"name": operation.name, "symbol": operation.symbol, "own": True}
        if not self._can_compute(operation):
            return rule
        stand_ins = [Value(math.nan) for _ in range(1 + count)]
        slopes = [_program(stand_ins, results) for results in _slopes(operation, stand_ins)]
        kink = None if operation.kink is None else _program(stand_ins, [operation.kink(*stand_ins[1:])])
        if not all(map(self._can_run, [*slopes, *([kink] if kink else [])])):
            return rule
        return rule | {
            "own": False,
            "text": _template(operation, count, latex=False),
            "latex": _template(operation, count, latex=True),
            "requirement": operation.requirement,
            "slopes": slopes,
            "kink": kink,
        }

    def _can_compute(self, operation: Operation) -> bool:
        """Whether the page has a forward rule for it; one by its definition is noted."""
        ours = BUILT_IN.get(operation.name)
        if ours is not None or operation.definition is None:
            return ours is not None and ours.forward is operation.forward
        if operation.name not in self.definitions:
            self.definitions[operation.name] = operation, None  # so that one in terms of itself has an end
            stand_ins = [Value(math.nan) for _ in range(1 + (operation.arity or 0))]
            program = _program(stand_ins, [operation.definition(*stand_ins[1:])])
            if self._can_run(program):
                self.definitions[operation.name] = operation, program
        known, by_definition = self.definitions[operation.name]
        return known is operation and by_definition is not None

    def _can_run(self, program: Json) -> bool:
        names = {line[0] for line in program["lines"]} - {"number"}
        return all(name in TABLE and self._can_compute(TABLE[name]) for name in names)


# --- how an operation is written ----------------------------------------------------------------------------


def _template(operation: Operation, count: int, latex: bool) -> list[Any]:
    """The written form: texts, and between them the number of an operand with the precedence that it needs.

    >>> from micrograd_dl.engine.ops import mul, pow
    >>> _template(mul, 2, latex=False), _template(pow, 2, latex=False)
    ([[0, 2], ' * ', [1, 3]], [[0, 5], ' ** ', [1, 3]])
    """

    def pieces(precedence: int) -> list[str]:
        terms = [Term(f"\0{i}\1", precedence) for i in range(count)]
        return _HOLE.split(str(operation.written(terms, latex=latex)))

    plain = pieces(ATOM)
    needed = [ATOM] * (len(plain) // 2)
    for precedence in range(ATOM - 1, -1, -1):
        for hole, is_wrapped in enumerate(_wrapped(plain, pieces(precedence))):
            if not is_wrapped:
                needed[hole] = precedence
    template: list[Any] = [plain[0]]
    for hole, precedence in enumerate(needed):
        template += [[int(plain[2 * hole + 1]), precedence], plain[2 * hole + 2]]
    return [piece for piece in template if piece != ""]


def _wrapped(plain: Sequence[str], written: Sequence[str]) -> list[bool]:
    """Of each hole, whether it has parentheses that the plain form has not."""
    found = []
    before = ""
    for text, there in zip(plain[:-1:2], written[:-1:2], strict=True):
        found.append(there == f"{before}{text}(")
        before = ")" if found[-1] else ""
    return found


# --- its derivatives and its kink, as programs --------------------------------------------------------------


def _slopes(operation: Operation, stand_ins: Sequence[Value]) -> list[Sequence[Any]]:
    """The local derivatives, each by itself; of any number of operands all of them together."""
    if operation.all_derivatives is not None:
        return [operation.all_derivatives(*stand_ins)]
    return [[rule(*stand_ins)] for rule in operation.derivatives]


def _program(given: Sequence[Value], results: Sequence[Any]) -> Json:
    """The graph of results as a list of operations on slots: first those given, then one a line."""
    slots = {node: i for i, node in enumerate(given)}
    lines: list[list[Any]] = []

    def slot(node: Value) -> int:
        for part in topological_order(node):
            if part not in slots:
                slots[part] = len(slots)
                name = part.op.name if part.op and part.operands else "number"
                operands: list[Any] = [slots[operand] for operand in part.operands]
                lines.append([name, *(operands or [as_json(part.data)])])
        return slots[node]

    nodes = [x if isinstance(x, Value) else Value.constant(x) for x in results]
    numbers: dict[str, Value] = {}
    nodes = [numbers.setdefault(repr(x.data), x) if x.is_constant else x for x in nodes]
    return {"lines": lines, "results": [slot(node) for node in nodes]}
