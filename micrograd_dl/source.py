"""A graph as a readable Python function: the forward pass, then the backward pass, in the course's letters."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Mapping

from micrograd_dl.backprop import require_value
from micrograd_dl.notation import Notation, exact_term
from micrograd_dl.operation import ATOM, MUL, NEG, Term
from micrograd_dl.ops import TABLE
from micrograd_dl.value import Value, require_recorded, topological_order


def to_source(root: Value) -> str:
    """The forward and the backward pass of a recorded graph as the text of a Python function.

    The function takes the leaves, floats or NumPy columns of one shape (a column holds one example an entry),
    and returns the result and a dictionary of its derivatives by each leaf. It is plain arithmetic, so
    ``**`` and ``/`` have Python's own edges; functions such as ``exp`` are imported from the table.

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
    names = _identifiers(write.names)
    gradients = _gradient_identifiers(write.names, names)
    terms: dict[Value, Term] = {node: Term(name) for node, name in names.items()}
    terms |= {node: exact_term(node.data) for node in order if node.is_constant}

    forward = [
        f"{names[node]} = {node.op.written([terms[p] for p in node.parents])}"
        for node in order
        if node.op is not None and not node.is_constant
    ]
    backward: list[str] = []
    summed = {root}
    for node in reversed(order):
        slopes = write.local_formulas(node, terms.__getitem__) if node.parents else []
        for parent, slope in zip(node.parents, slopes, strict=True):
            if parent.is_constant:
                continue
            term = _times(gradients[node], slope)
            # Not `+=`: on arrays that would change in place what another name holds too.
            backward.append(f"{gradients[parent]} = " + (f"{gradients[parent]} + {term:{MUL}}" if parent in summed else term))
            summed.add(parent)

    example = next((node for node in leaves if node is not root), root)
    short, total = gradients[example], write.total(example)
    returned = ", ".join(f'"{names[leaf]}": {gradients[leaf]}' for leaf in leaves)
    parameters = [*(names[leaf] for leaf in leaves), f"{gradients[root]}=1.0"]
    lines = [f"def {names[root]}_and_gradient({', '.join(parameters)}):", "    # Forward pass."]
    lines += [f"    {line}" for line in forward]
    lines += ["", f"    # Backward pass; {short} is short for {total}."] if short != total else ["", "    # Backward pass."]
    lines += [f"    {line}" for line in backward]
    lines += [f"    return {names[root]}, {{{returned}}}", ""]
    return "\n".join(_imports(lines) + lines)


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
    functions = sorted(name for name in called if name in TABLE and TABLE[name].precedence == ATOM)
    return [f"from micrograd_dl.ops import {', '.join(functions)}", "", ""] if functions else []


def _identifiers(names: Mapping[Value, str]) -> dict[Value, str]:
    """Each node's name as an identifier that is not taken, reserved, or a function of the table."""
    taken = {*keyword.kwlist, *TABLE, *dir(builtins)}
    return {node: _free(re.sub(r"\W", "_", name).strip("_") or "x", taken) for node, name in names.items()}


def _gradient_identifiers(names: Mapping[Value, str], identifiers: Mapping[Value, str]) -> dict[Value, str]:
    taken = {*identifiers.values(), *TABLE, *keyword.kwlist, *dir(builtins)}
    return {node: _free(f"d{identifiers[node]}", taken) for node in names}


def _free(name: str, taken: set[str]) -> str:
    name = f"x{name}" if not name.isidentifier() else name
    while name in taken:
        name += "_"
    taken.add(name)
    return name
