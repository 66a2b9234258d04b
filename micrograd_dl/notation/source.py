"""A graph as a readable Python function: the forward and the backward pass, in the course's letters."""

from __future__ import annotations

import builtins
import keyword
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, count

from micrograd_dl.engine import ops
from micrograd_dl.engine.gradients import require_recorded, require_value
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.naming import UniqueNames, numbered
from micrograd_dl.notation.numbers import exact_term
from micrograd_dl.notation.slopes import SlopeFormulas
from micrograd_dl.output.terms import MUL, Term

# Python's compiler reads "a + b + ..." as nested: a sum of more operands than this is written as a call.
_MOST_OPERANDS = 100
_MOST_TEMPLATES = 1000  # kept, of graphs with ever new constants


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
    _require_table(order, notation)
    unique = UniqueNames(
        lambda name: chain([name, f"{name}_"], numbered(f"{name}_", 2)),
        {*keyword.kwlist, *TABLE, *dir(builtins)},
    )
    names = {node: unique.take(_identifier(name)) for node, name in notation.names.items()}
    gradients = {node: unique.take(f"d{name}") for node, name in names.items()}
    leaves = [node for node in order if node.is_leaf]
    templates = _Templates()

    forward = []
    computed = [(node, templates.of(node)) for node in order if node in names and not node.is_leaf]
    for node, template in computed:
        operands = [names.get(operand, "") for operand in node.operands]
        forward.append(f"{names[node]} = {template.forward.format(*operands)}")
    backward = []
    summed = {root}
    for node, template in reversed(computed):
        shared = [unique.take(f"{names[node]}_{i}") for i in range(1, len(template.shared) + 1)]
        terms = [*(names.get(operand, "") for operand in node.operands), names[node], *shared]
        for name, formula in zip(shared, template.shared, strict=True):
            backward.append(f"{name} = {formula.format(*terms)}")
        for operand, formula in zip(node.operands, template.backward, strict=True):
            if operand.is_constant:
                continue
            term = formula.format(*terms, gradient=gradients[node])
            # Not `+=`: on arrays that would change in place what another name holds too.
            before = f"{gradients[operand]} + " if operand in summed else ""
            backward.append(f"{gradients[operand]} = {before}{term}")
            summed.add(operand)

    example = next(iter(leaves), root)
    returned = ", ".join(f'"{names[leaf]}": {gradients[leaf]}' for leaf in leaves)
    parameters = [*(names[leaf] for leaf in leaves), f"{gradients[root]}=1.0"]
    lines = [f"def {names[root]}_and_gradient({', '.join(parameters)}):", "    # Forward pass."]
    lines += [f"    {line}" for line in forward]
    lines += ["", f"    # Backward pass; {gradients[example]} is short for {notation.total(example)}."]
    lines += [f"    {line}" for line in backward]
    lines += [f"    return {names[root]}, {{{returned}}}", ""]
    # Names of variables never clash with those of functions, which are reserved.
    imported = sorted(templates.called & TABLE.keys())
    head = [f"from micrograd_dl.engine.ops import {', '.join(imported)}", "", ""] if imported else []
    return "\n".join(head + lines)


def _require_table(order: Iterable[Value], notation: Notation) -> None:
    """Raise ValueError if a node's operation is not one of the table's: there is no code to import."""
    for node in order:
        if node.op is None or node.is_constant:
            continue
        if node.op.name not in TABLE or TABLE[node.op.name].forward is not node.op.forward:
            raise ValueError(
                f"{notation.name(node)} = {notation.formula(node)} is made by {node.op.name}, an operation "
                "of your own, whose source is not known: build the graph with operations of micrograd_dl only"
            )


@dataclass(frozen=True, slots=True)
class _Template:
    """The formulas of one node, with {0}, {1}, ... for the names of its operands, itself and `shared`.

    Attributes:
        forward: the operation.
        shared: what several derivatives have in common.
        backward: for each operand, the term of the chain rule, with {gradient} for the node's own gradient.
    """

    forward: str
    shared: Sequence[str]
    backward: Sequence[str]


class _Templates:
    """The templates of nodes: one for all nodes that are alike but for the names of their variables.

    Attributes:
        called: the names of all functions that are called in them.
    """

    def __init__(self) -> None:
        self.called: set[str] = set()
        self._known: dict[object, _Template] = {}

    def of(self, node: Value) -> _Template:
        """The template of one node."""
        places = {operand: place for place, operand in enumerate(node.operands) if not operand.is_constant}
        alike = (
            node.op,
            *(places.get(p, p.data.hex()) for p in node.operands),
            node.data if not places else 0,
        )
        template = self._known.get(alike)
        if template is None:
            template = _template(node)
            formulas = " ".join([template.forward, *template.shared, *template.backward])
            self.called |= set(re.findall(r"\b(\w+)\(", formulas))
            if len(self._known) < _MOST_TEMPLATES:
                self._known[alike] = template
        return template


def _template(node: Value) -> _Template:
    if node.op is None or node.is_constant:
        return _Template(exact_term(node.data), (), ())
    nodes = (*node.operands, node)
    terms = [exact_term(p.data) if p.is_constant else Term(f"{{{place}}}") for place, p in enumerate(nodes)]
    slopes = SlopeFormulas(node, terms, _written)
    shared = slopes.name_shared(f"{{{place}}}" for place in count(len(nodes)))
    shared_formulas = [formula for _, formula in shared]
    backward = [
        "" if p.is_constant else _times("{gradient}", slopes[index]) for index, p in enumerate(node.operands)
    ]
    operands = terms[:-1]
    if all(p.is_constant for p in node.operands):
        # Doubles, as they were computed: of whole numbers Python would make more digits (9 ** 9 ** 9).
        operands = [
            Term(repr(p.data), term.precedence) if math.isfinite(p.data) else term
            for p, term in zip(node.operands, operands, strict=True)
        ]
    return _Template(_written(node.op, operands), shared_formulas, backward)


def _written(operation: Operation, operands: Sequence[Term]) -> Term:
    """The operation in Python, for floats and for arrays."""
    if operation is ops.at_least:
        x, y = operands
        return Term(f"1.0 * ({x:1} >= {y:1})", MUL)
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
