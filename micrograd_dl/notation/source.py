"""A graph as a readable Python function: the forward and the backward pass, in the course's letters."""

from __future__ import annotations

import builtins
import keyword
import math
import re
import unicodedata
from collections.abc import Sequence
from itertools import chain, count
from typing import NamedTuple

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.naming import UniqueNames, numbered
from micrograd_dl.notation.numbers import exact_term
from micrograd_dl.notation.slopes import SlopeFormulas
from micrograd_dl.output.number_like import require_value
from micrograd_dl.output.recorded import require_recorded
from micrograd_dl.output.written import MUL, Term

# Python's compiler reads "a + b + ..." as nested: a sum of more operands than this is written as a call.
_MOST_OPERANDS = 100
_MOST_TEMPLATES = 1000  # kept at a time; a graph may have ever new constants


def to_source(root: Value) -> str:
    """The forward and the backward pass of a recorded graph as the text of a Python function.

    The function takes the leaves, floats or NumPy columns of one shape (a column holds one example an entry),
    and returns the result and a dictionary of its derivatives by each leaf. It is plain arithmetic, with
    Python's own edges: ``1 / 0`` and ``0 ** -1`` raise ZeroDivisionError, and a comparison with NaN is false.
    Functions such as ``exp`` are imported from the table, and so are sums of very many operands.

    Of columns, a derivative that is the same for all entries may come as one number: give a column of ones
    as the last argument to have columns throughout. Equal derivatives may be one and the same array
    (``da = dv``): copy one before changing it in place.

    Args:
        root: the result.

    Raises:
        TypeError: `root` is not a Value.
        ValueError: the graph has an operation that is not in the table, but the user's own.
        RuntimeError: data was changed after the forward pass was recorded.

    >>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
    >>> print(to_source(3 * (a + b * c)))
    def J_and_gradient(a, b, c, dJ=1.0):
        # Forward pass.
        u = b * c
        v = a + u
        J = 3 * v
    <BLANKLINE>
        # Backward pass; da is short for dJ/da.
        dv = dJ * 3
        da = dv
        du = dv
        db = du * c
        dc = du * b
        return J, {"a": da, "b": db, "c": dc}
    <BLANKLINE>
    """
    require_value(root)
    order = topological_order(root)
    require_recorded(order)
    notation = Notation(order)
    unique = UniqueNames(
        lambda name: chain([name, f"{name}_"], numbered(f"{name}_", 2)),
        {*keyword.kwlist, *TABLE, *dir(builtins)},
    )
    names = {node: unique.take(_identifier(name)) for node, name in notation.names.items()}
    gradients = {node: unique.take(f"d{name}") for node, name in names.items()}

    forward: list[str] = []
    # Of each node: the lines for what its derivatives share, and the term for each of its operands.
    terms: list[tuple[list[str], list[tuple[Value, str]]]] = []
    templates: dict[object, _Template] = {}
    called: set[str] = set()
    for node in order:
        if node not in names or node.is_leaf:
            continue
        kind = _kind(node)
        if kind not in templates:
            if len(templates) == _MOST_TEMPLATES:
                templates.clear()
            templates[kind] = _template(node)
            called.update(re.findall(r"\b(\w+)\(", " ".join(chain(*templates[kind]))))
        template = templates[kind]
        shared = [unique.take(f"{names[node]}_{i}") for i in range(1, len(template.shared) + 1)]
        known = [*(names.get(operand, "") for operand in node.operands), names[node], *shared]
        forward.append(f"{names[node]} = {template.forward[0].format(*known)}")
        lines = [f"{name} = {x.format(*known)}" for name, x in zip(shared, template.shared, strict=True)]
        parts = zip(node.operands, template.backward, strict=True)
        gradient = gradients[node]
        terms.append((lines, [(p, x.format(*known, gradient=gradient)) for p, x in parts if x]))

    backward: list[str] = []
    summed = {root}
    for lines, contributions in reversed(terms):
        backward += lines
        for operand, term in contributions:
            # Not `+=`: on arrays that would change in place what another name holds too.
            before = f"{gradients[operand]} + " if operand in summed else ""
            backward.append(f"{gradients[operand]} = {before}{term}")
            summed.add(operand)

    leaves = [node for node in order if node.is_leaf]
    example = next(iter(leaves), root)
    returned = ", ".join(f'"{names[leaf]}": {gradients[leaf]}' for leaf in leaves)
    parameters = [*(names[leaf] for leaf in leaves), f"{gradients[root]}=1.0"]
    imported = sorted(called & TABLE.keys())  # no variable is called like a function: the names are reserved
    head = [f"from micrograd_dl.engine.ops import {', '.join(imported)}", "", ""] if imported else []
    return "\n".join([
        *head,
        f"def {names[root]}_and_gradient({', '.join(parameters)}):",
        "    # Forward pass.",
        *(f"    {line}" for line in forward),
        "",
        f"    # Backward pass; {gradients[example]} is short for {notation.total(example)}.",
        *(f"    {line}" for line in backward),
        f"    return {names[root]}, {{{returned}}}",
        "",
    ])  # fmt: skip


class _Template(NamedTuple):
    """The formulas of one node: {0}, {1}, ... are for the names of its operands, itself, and shared parts."""

    forward: list[str]  # the one formula of the operation
    shared: list[str]  # what several derivatives have in common
    backward: list[str]  # the term for each operand, empty for a constant; {gradient} is the node's own


def _kind(node: Value) -> object:
    """What nodes have in common that are alike but for the names of their variables."""
    places = {operand: place for place, operand in enumerate(node.operands)}
    operands = [p.data.hex() if p.is_constant else places[p] for p in node.operands]
    return (node.op, *operands, node.data.hex() if node.is_constant else "")


def _template(node: Value) -> _Template:
    if node.op is None or node.is_constant:
        return _Template([exact_term(node.data)], [], [])
    if node.op.name not in TABLE or TABLE[node.op.name].forward is not node.op.forward:
        raise ValueError(
            f"the source of {node.op.name}, an operation of your own, is not known: build the graph with "
            "operations of micrograd_dl only"
        )
    nodes = (*node.operands, node)
    terms = [exact_term(p.data) if p.is_constant else Term(f"{{{place}}}") for place, p in enumerate(nodes)]
    slopes = SlopeFormulas(node, terms, _written)
    shared = [str(part) for _, part in slopes.name_shared(f"{{{place}}}" for place in count(len(nodes)))]
    backward = ["" if p.is_constant else _times("{gradient}", slopes[i]) for i, p in enumerate(node.operands)]
    operands = terms[:-1]
    if all(p.is_constant for p in node.operands):
        # Doubles, as they were computed: of whole numbers Python would make more digits (9 ** 9 ** 9).
        operands = [
            Term(repr(p.data), x.precedence) if math.isfinite(p.data) else x
            for p, x in zip(node.operands, operands, strict=True)
        ]
    return _Template([_written(node.op, operands)], shared, backward)


def _written(operation: Operation, operands: Sequence[Term]) -> Term:
    """The operation in Python, for floats and for arrays."""
    if operation in (ops.at_least, ops.above):
        x, y = operands
        return Term(f"1.0 * ({x:1} {'>=' if operation is ops.at_least else '>'} {y:1})", MUL)
    if len(operands) > _MOST_OPERANDS:
        return Term(f"{operation.name}({', '.join(operands)})")
    return operation.written(operands)


def _times(gradient: str, local: Term) -> str:
    """``dv * local``, without the factors 1 and -1."""
    if local == "1":
        return gradient
    if local == "-1":
        return f"-{gradient}"
    return f"{gradient} * {local:{MUL + 1}}"


def _identifier(name: str) -> str:
    """The identifier that is most like a name, in the form in which Python compares identifiers."""
    letters = (c if f"x{c}".isidentifier() else "_" for c in unicodedata.normalize("NFKC", name))
    kept = "".join(letters).strip("_")
    return unicodedata.normalize("NFKC", kept if kept.isidentifier() else f"x{kept}")
