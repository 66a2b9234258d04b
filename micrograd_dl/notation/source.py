"""A graph as a readable Python function: the forward and the backward pass, in the course's letters."""

from __future__ import annotations

import builtins
import keyword
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping

from micrograd_dl.engine.gradients import require_value
from micrograd_dl.engine.operation import MUL, NEG, Term
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.recording import require_recorded
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.formulas import Notation
from micrograd_dl.notation.numbers import exact_term

# A line may hold so many operands; of more, Python's compiler tires ("a + b + ..." is nested for it).
_MOST_OPERANDS = 100


def to_source(root: Value) -> str:
    """The forward and the backward pass of a recorded graph as the text of a Python function.

    The function takes the leaves, floats or NumPy columns of one shape (a column holds one example an entry),
    and returns the result and a dictionary of its derivatives by each leaf. It is plain arithmetic, so
    ``**`` and ``/`` have Python's own edges; functions such as ``exp`` are imported from the table, and so
    are sums of very many operands.

    Of columns, a derivative that is the same for all entries may come as one number: give a column of ones
    as the last argument to have columns throughout. Equal derivatives may be one and the same array
    (``da = dv``): copy one before changing it in place.

    Args:
        root: the result.

    Raises:
        TypeError: `root` is not a Value.
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
    write = Notation(order)
    leaves = [node for node in order if node.is_leaf]
    taken = {*keyword.kwlist, *TABLE, *dir(builtins)}
    names = {node: _free(_identifier(name), taken) for node, name in write.names.items()}
    gradients = {node: _free(f"d{name}", taken) for node, name in names.items()}
    terms: dict[Value, Term] = {node: Term(name) for node, name in names.items()}
    terms |= {node: exact_term(node.data) for node in order if node.is_constant}

    forward = [
        f"{names[node]} = {_formula(node, terms)}" for node in order if node in names and not node.is_leaf
    ]
    backward: list[str] = []
    summed = {root}
    for node in reversed(order):
        slopes = write.local_formulas(node, terms.__getitem__) if node.operands else []
        for parent, slope in zip(node.operands, slopes, strict=True):
            if parent.is_constant:
                continue
            term = _times(gradients[node], slope)
            # Not `+=`: on arrays that would change in place what another name holds too.
            before = f"{gradients[parent]} + " if parent in summed else ""
            backward.append(f"{gradients[parent]} = {before}{term}")
            summed.add(parent)

    example = next(iter(leaves), root)
    short, total = gradients[example], write.total(example)
    returned = ", ".join(f'"{names[leaf]}": {gradients[leaf]}' for leaf in leaves)
    parameters = [*(names[leaf] for leaf in leaves), f"{gradients[root]}=1.0"]
    lines = [f"def {names[root]}_and_gradient({', '.join(parameters)}):", "    # Forward pass."]
    lines += [f"    {line}" for line in forward]
    lines += ["", f"    # Backward pass; {short} is short for {total}."]
    lines += [f"    {line}" for line in backward]
    lines += [f"    return {names[root]}, {{{returned}}}", ""]
    return "\n".join(_imports(forward + backward) + lines)


def _formula(node: Value, terms: Mapping[Value, Term]) -> str:
    """The node's operation on written operands; a constant's number."""
    if node.is_constant:
        return terms[node]
    assert node.op is not None
    operands = [terms[p] for p in node.operands]
    if all(p.is_constant for p in node.operands):
        # Doubles, as they were computed: of whole numbers Python would make more digits (9 ** 9 ** 9).
        operands = [
            Term(repr(p.data), t.precedence) if math.isfinite(p.data) else t
            for p, t in zip(node.operands, operands, strict=True)
        ]
    if len(operands) > _MOST_OPERANDS:
        return f"{node.op.name}({', '.join(operands)})"
    return node.op.written(operands)


def _times(gradient: str, local: Term) -> Term:
    """``dv * local``, without the factors 1 and -1."""
    if local == "1":
        return Term(gradient)
    if local == "-1":
        return Term(f"-{gradient}", NEG)
    return Term(f"{gradient} * {local:{MUL + 1}}", MUL)


def _imports(lines: Iterable[str]) -> list[str]:
    """An import of the functions that the lines call; names of variables never clash with these."""
    called = {name for line in lines for name in re.findall(r"\b(\w+)\(", line)}
    functions = sorted(called & TABLE.keys())
    return [f"from micrograd_dl.engine.ops import {', '.join(functions)}", "", ""] if functions else []


def _identifier(name: str) -> str:
    """The identifier that is most like a name, in the form in which Python compares identifiers."""
    letters = (c if f"x{c}".isidentifier() else "_" for c in unicodedata.normalize("NFKC", name))
    kept = "".join(letters).strip("_")
    return unicodedata.normalize("NFKC", kept if kept.isidentifier() else f"x{kept}")


def _free(name: str, taken: set[str]) -> str:
    """The name, with underscores behind it until nothing else has it; it is taken then."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name
