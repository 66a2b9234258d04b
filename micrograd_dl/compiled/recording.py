"""What is compiled: a recorded graph, and what is asked of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from micrograd_dl.compiled.conditions import Condition
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.output.number_like import require_value
from micrograd_dl.output.text import plural


@dataclass(frozen=True, eq=False, slots=True)
class Recording:
    """A graph that is to be compiled; for what is not told here see `compile_graph`.

    Attributes:
        root: the result.
        inputs: of each input its leaves.
        order: the graph's nodes, operands before results.
    """

    root: Value
    inputs: list[list[Value]]
    parameters: list[Value]
    gradient: bool
    conditions: list[Condition]
    outputs: list[Value]
    derivatives: list[Value]
    order: list[Value]


def order_of(nodes: Iterable[Value]) -> list[Value]:
    """All that these nodes depend on, operands before results."""
    found: dict[Value, None] = {}
    for node in nodes:
        require_value(node)
        if node not in found:
            found.update(dict.fromkeys(topological_order(node)))
    return list(found)


def parameters_of(
    order: Sequence[Value], inputs: Sequence[Sequence[Value]], parameters: Sequence[Value] | None
) -> list[Value]:
    """The parameters: those given, or all leaves that are not inputs.

    Raises:
        TypeError: an input or a parameter is not a leaf.
        ValueError: a leaf is neither of them, or is given twice.
    """
    leaves = [node for node in order if node.is_leaf]
    given = Counter(chain.from_iterable(inputs))
    if parameters is None:
        parameters = [node for node in leaves if node not in given]
    given.update(parameters)
    for node, count in given.items():
        require_value(node)
        name = node.label or repr(node)
        if not node.is_leaf:
            raise TypeError(f"{name} is computed or a constant: inputs and parameters are leaves")
        if count > 1:
            raise ValueError(f"{name} is given twice: a leaf is one input, or one parameter")
    left = [node.label or repr(node) for node in leaves if node not in given]
    if left:
        names = ", ".join(left[:5]) + (", ..." if len(left) > 5 else "")
        raise ValueError(
            f"{plural(len(left), 'leaf', 'leaves')} neither an input nor a parameter: {names}. Name them, or "
            "make numbers that never change with Value.constant"
        )
    return list(parameters)
