"""What is compiled, and its tape: forward, then the derivatives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from micrograd_dl.compiled.comparisons import Comparison
from micrograd_dl.compiled.lowering import differentiate, write_graph
from micrograd_dl.compiled.tape import Tape
from micrograd_dl.engine.gradients import require_value
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.output.text import plural


class Request(NamedTuple):
    """What a call gives beside the value; see :func:`compile_graph`."""

    gradient: bool
    outputs: tuple[Value, ...]
    derivatives: tuple[Value, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def nodes(self) -> list[Value]:
        """What has to be computed besides the result."""
        return [*(comparison.node for comparison in self.comparisons), *self.outputs, *self.derivatives]


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """A graph that is to be compiled.

    Attributes:
        root: the result.
        inputs: of each input its leaves.
        parameters: the leaves that the gradient is by.
        request: what else is to be computed.
        order: the graph's nodes, operands before results.
    """

    root: Value
    inputs: list[list[Value]]
    parameters: list[Value]
    request: Request
    order: list[Value]


def recorded(
    root: Value, inputs: list[list[Value]], parameters: Sequence[Value] | None, request: Request
) -> Recorded:
    """What is to be compiled; the parameters are all leaves that are not inputs, if they are not named.

    Raises:
        TypeError, ValueError: see :func:`~micrograd_dl.compiled.compile_graph`.
    """
    found: dict[Value, None] = {}
    for node in (*request.nodes, root):
        require_value(node)
        if node not in found:
            found.update(dict.fromkeys(topological_order(node)))
    order = list(found)
    leaves = [node for node in order if node.is_leaf]
    flat = [v for given in inputs for v in given]
    if parameters is None:
        among = set(flat)
        parameters = [v for v in leaves if v not in among]
    _require_leaves(leaves, flat, parameters)
    return Recorded(root, inputs, list(parameters), request, order)


def _require_leaves(leaves: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value]) -> None:
    """Raise unless every leaf of the graph is an input or a parameter, and only one of them."""
    given = dict.fromkeys([*inputs, *parameters])
    for node in given:
        require_value(node)
        if not node.is_leaf:
            raise TypeError(
                f"{node.label or node!r} is computed or a constant: inputs and parameters are leaves"
            )
    if len(given) != len(inputs) + len(parameters):
        twice = next(node for node, count in Counter([*inputs, *parameters]).items() if count > 1)
        raise ValueError(f"{twice.label or twice!r} is given twice: a leaf is one input, or one parameter")
    left = [node for node in leaves if node not in given]
    if left:
        names = ", ".join(node.label or repr(node) for node in left[:5]) + (", ..." if len(left) > 5 else "")
        raise ValueError(
            f"{plural(len(left), 'leaf', 'leaves')} neither an input nor a parameter: {names}. Name them, "
            "or make numbers that never change with Value.constant"
        )


class Written(NamedTuple):
    """A graph and its derivatives on a tape.

    Attributes:
        tape: the program.
        slots: of each node that has a slot of its own that slot.
        given: what a call brings, in the order in which it does: the inputs, the parameters, and, if the
            result varies, the derivative of it by itself.
        checked_below: slots from this one on are derivatives.
        derivatives: of a slot the slot of the derivative by it.
        value, gradient: the slots of what every call gives.
        outputs: those of the comparisons, outputs and derivatives that were requested.
    """

    tape: Tape
    slots: dict[Value, int]
    given: list[int]
    checked_below: int
    derivatives: dict[int, int]
    value: int
    gradient: list[int]
    outputs: list[int]

    @property
    def wanted(self) -> list[int]:
        """The slots of all that a call gives."""
        return [self.value, *self.gradient, *self.outputs]


def write(recorded: Recorded, kinds: Sequence[bool]) -> Written:
    """Write a graph and its derivatives on a tape, for inputs that are columns where `kinds` says so."""
    tape = Tape()
    leaves: dict[Value, int] = {}
    for nodes, varies in zip(recorded.inputs, kinds, strict=True):
        leaves |= {node: tape.given(varies) for node in nodes}
    leaves |= {node: tape.given(False) for node in recorded.parameters}
    given = list(leaves.values())
    request = recorded.request
    slots = write_graph(tape, recorded.order, leaves, [recorded.root, *request.nodes])
    checked_below = len(tape)
    root = value = slots[recorded.root]
    seed = tape.one
    if tape.varies[root]:
        seed = tape.given(True)
        given.append(seed)
        value = tape.mean([root, seed])
    parameters = [leaves[node] for node in recorded.parameters]
    by = [*(parameters if request.gradient else ()), *_unshared(slots, request.derivatives)]
    derivatives = differentiate(tape, root, seed, by) if by else {}
    zero = tape.constant(0.0)
    outputs = [slots[node] for node in (*(c.node for c in request.comparisons), *request.outputs)]
    outputs += [derivatives.get(slots[node], zero) for node in request.derivatives]
    gradient = [derivatives.get(slot, zero) for slot in parameters]
    return Written(tape, slots, given, checked_below, derivatives, value, gradient, outputs)


def _unshared(slots: Mapping[Value, int], nodes: Sequence[Value]) -> list[int]:
    """The slots of nodes to differentiate by.

    Raises:
        ValueError: another node, which does not depend on it, has its slot: the derivative would be by both.
    """
    counts = Counter(slots.values())
    for node in nodes:
        others = (
            [v for v in slots if slots[v] == slots[node] and v is not node] if counts[slots[node]] > 1 else []
        )
        if any(node not in topological_order(other) for other in others):
            raise ValueError(
                f"there is no derivative by {node.label or repr(node)} alone: another node computes the "
                "same, and the program computes it once. Use one of them for both, or ask grad(J, [node])"
            )
    return [slots[node] for node in nodes]
