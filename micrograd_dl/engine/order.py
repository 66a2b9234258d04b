"""The order in which a graph is computed and backpropagated; no function here is recursive."""

from __future__ import annotations

from typing import Any, TypeVar

from micrograd_dl.engine.ops import CONSTANT

Node = TypeVar("Node")  # a Value, which need not be known here


def topological_order(root: Node) -> list[Node]:
    """Every node that `root` depends on, operands before results, left before right, `root` last.

    >>> from micrograd_dl.engine.value import Value
    >>> a, b = Value(1, "a"), Value(2, "b")
    >>> [node.label for node in topological_order(a * b + a)]
    ['a', 'b', '', '']
    """
    order: list[Any] = []
    seen: set[Any] = set()
    # What is still to be visited, the next one last. None: the operands of the one below it are done.
    path: list[Any] = [root]
    while path:
        node = path.pop()
        if node is None:
            order.append(path.pop())
            continue
        if node in seen:
            continue
        seen.add(node)
        a, b = node._a, node._b
        if a is None:
            order.append(node)
            continue
        path.append(node)
        path.append(None)
        if b is not None:
            path.append(b)
        if type(a) is tuple:
            path.extend(reversed(a))
        else:
            path.append(a)
    return order


def cleared_order(root: Node) -> tuple[list[Node], list[Node]]:
    """Set the gradients of interior nodes to 0; these in topological order, and the constants among operands.

    Leaves, half of most graphs, have no operands to wait for: backward() need not visit them.
    """
    order: list[Any] = []
    constants: list[Any] = []
    # A zero of this call: whose gradient is that very object has been visited. Sets are slower to ask.
    zero = float("0")
    path: list[Any] = [root]
    while path:
        node = path.pop()
        if node is None:
            order.append(path.pop())
            continue
        if node.grad is zero:
            continue
        node.grad = zero
        path.append(node)
        path.append(None)
        a, b = node._a, node._b
        if b is not None:  # written out: with a loop over the two, backward() takes a fifth longer
            if b._a is not None:
                path.append(b)
            elif b.op is CONSTANT:
                constants.append(b)
        elif type(a) is tuple:
            _push(a, path, zero, constants)
            continue
        if a._a is not None:
            path.append(a)
        elif a.op is CONSTANT:
            constants.append(a)
    return order, constants


def _push(operands: tuple[Any, ...], path: list[Any], zero: float, constants: list[Any]) -> None:
    for operand in reversed(operands):
        if operand._a is not None:
            if operand.grad is not zero:  # the inputs of a layer, once one of its units has been there
                path.append(operand)
        elif operand.op is CONSTANT:
            constants.append(operand)
