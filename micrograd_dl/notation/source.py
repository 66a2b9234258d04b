"""A graph as a readable Python function: the forward and the backward pass, in the course's letters."""

from __future__ import annotations

import builtins
import keyword
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, count

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.written import MUL, Term
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.forward import recorded_order
from micrograd_dl.notation.naming import UniqueNames, numbered
from micrograd_dl.notation.numbers import exact_term
from micrograd_dl.notation.slopes import SlopeFormulas

# Python's compiler reads "a + b + ..." as nested: a sum of more operands than this is written as a call.
_MOST_OPERANDS = 100


def to_source(root: Value) -> str:
    """The forward and the backward pass of a recorded graph as the text of a Python function.

    The function takes the leaves, floats or NumPy columns of one shape (a column holds one example an entry),
    and returns the result and a dictionary of its derivatives by each leaf. It is plain arithmetic, with
    Python's own edges: ``1 / 0`` raises ZeroDivisionError, and a comparison with NaN is false.

    Of columns, a derivative that is the same for all entries may come as one number: give a column of ones
    as the last argument to have columns throughout. Equal derivatives may be one and the same array
    (``da = dv``): copy one before changing it in place.

    Raises:
        TypeError: `root` is not a Value.
        ValueError: the graph has an operation that is not in the table.
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
    order = recorded_order(root)
    notation = Notation(order)
    unique = UniqueIdentifiers({*TABLE, *dir(builtins)})
    names = {node: unique.of(name) for node, name in notation.names.items()}
    gradients = {node: unique.take(f"d{name}") for node, name in names.items()}

    forward: list[str] = []
    # For each node: lines that its derivatives share, and a term for each operand.
    terms: list[tuple[list[str], list[tuple[Value, str]]]] = []
    called: set[str] = set()
    for node in order:
        if node not in names or not node.operands:
            continue
        assert node.op is not None
        places = {operand: place for place, operand in enumerate(node.operands)}
        kind = tuple([p.data.hex() if p.is_constant else places[p] for p in node.operands])
        formula, functions, shared, backward_terms = _template(node.op, kind)
        called |= functions
        parts = [unique.take(f"{names[node]}_{i}") for i in range(1, len(shared) + 1)]
        known = [*(names.get(operand, "") for operand in node.operands), names[node], *parts]
        forward.append(f"{names[node]} = {formula.format(*known)}")
        lines = [f"{name} = {x.format(*known)}" for name, x in zip(parts, shared, strict=True)]
        upstream, by_operand = gradients[node], zip(node.operands, backward_terms, strict=True)
        terms.append((lines, [(p, x.format(*known, upstream=upstream)) for p, x in by_operand if x]))
    if root.is_constant:
        forward.append(f"{names[root]} = {exact_term(root.data)}")

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
    parameters = ", ".join([*(names[leaf] for leaf in leaves), f"{gradients[root]}=1.0"])
    imported = ", ".join(sorted(called & TABLE.keys()))  # no variable is called so: the names are reserved
    body = [
        "# Forward pass.", *forward, "",
        f"# Backward pass; {gradients[example]} is short for {notation.total(example)}.", *backward,
        f"return {names[root]}, {{{returned}}}",
    ]  # fmt: skip
    head = f"from micrograd_dl.engine.ops import {imported}\n\n\n" if imported else ""
    head += f"def {names[root]}_and_gradient({parameters}):\n"
    return head + "".join(f"    {line}\n" if line else "\n" for line in body)


@lru_cache(maxsize=1000)  # most nodes of a large graph are alike but for the names of their variables
def _template(
    operation: Operation, kind: tuple[int | str, ...]
) -> tuple[str, set[str], list[str], list[str]]:
    """A node's formula, the functions it calls, what its derivatives share, and the term for each operand.

    In `kind` a variable is its place among the operands, a constant its number in hexadecimal. In what is
    returned, {0}, {1}, ... are for the names of the operands, the node itself and the shared parts.
    """
    if operation.name not in TABLE or TABLE[operation.name].forward is not operation.forward:
        raise ValueError(
            f"{operation.name} is not in the table of operations, so a program cannot call it: define it "
            "with micrograd_dl.operation, and not in a block that has ended"
        )
    operands = [Term(f"{{{x}}}") if isinstance(x, int) else float.fromhex(x) for x in kind]
    terms = [x if isinstance(x, Term) else exact_term(x) for x in operands]
    slopes = SlopeFormulas(operation, operands, Term(f"{{{len(kind)}}}"), _written)
    shared = [str(part) for _, part in slopes.name_shared(f"{{{i}}}" for i in count(len(kind) + 1))]
    backward = [_times("{upstream}", slopes[i]) if isinstance(x, int) else "" for i, x in enumerate(kind)]
    if not any(isinstance(x, int) for x in kind):
        # Doubles, as they were computed: of whole numbers Python would make more digits (9 ** 9 ** 9).
        terms = [
            Term(repr(x), term.precedence) if math.isfinite(x) else term
            for x, term in zip(map(float, operands), terms, strict=True)
        ]
    formula = str(_written(operation, terms))
    functions = set(re.findall(r"\b(\w+)\(", " ".join([formula, *shared, *backward])))
    return formula, functions, shared, backward


def _written(operation: Operation, operands: Sequence[Term]) -> Term:
    """The operation in Python, for floats and for arrays."""
    if operation in (ops.at_least, ops.above):
        x, y = operands
        return Term(f"1.0 * ({x:1} {'>=' if operation is ops.at_least else '>'} {y:1})", MUL)
    # Beyond the engine's own entries, the written form may be mathematics that is no Python.
    if len(operands) > _MOST_OPERANDS or operation.name not in vars(ops):
        return Term(f"{operation.name}({', '.join(operands)})")
    return operation.written(operands)


def _times(gradient: str, local: Term) -> str:
    """``dv * local``, without the factors 1 and -1."""
    if local == "1":
        return gradient
    if local == "-1":
        return f"-{gradient}"
    return f"{gradient} * {local:{MUL + 1}}"


class UniqueIdentifiers(UniqueNames):
    """Identifiers of Python, no two the same, and none of the reserved ones."""

    def __init__(self, reserved: Iterable[str]) -> None:
        variants = lambda name: chain([name, f"{name}_"], numbered(f"{name}_", 2))
        super().__init__(variants, {*keyword.kwlist, *reserved})

    def of(self, name: str) -> str:
        """The identifier that is most like a name, in the form in which Python compares identifiers."""
        letters = (c if f"x{c}".isidentifier() else "_" for c in unicodedata.normalize("NFKC", name))
        kept = "".join(letters).strip("_")
        return self.take(unicodedata.normalize("NFKC", kept if kept.isidentifier() else f"x{kept}"))
