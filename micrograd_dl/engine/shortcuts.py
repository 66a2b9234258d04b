"""The engine's hot paths once more, fast; ``install`` puts them in the place of the plain ones.

Results and gradients are the same, bit for bit: the engine's tests run with this module and without it. What
makes the difference:

* One or two operands and their slopes have slots of their own, for a tuple a node would cost as much as the
  rest of the node. An operation on any number of operands has a tuple in `_a` and one in `_da`.
* `+`, `*`, ``relu()``, `dot` and `affine` write down what the table says without asking it.
* A node is made by the innermost code outside this package. Mostly that is the code that made the last node,
  or the one before it (the products of a sum are made in a generator and added by its caller).
* ``backward()`` knows by the gradients which nodes it has visited, and visits no leaves.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from operator import mul
from types import CodeType, FrameType
from typing import Any

from micrograd_dl.engine import functions, ops, value
from micrograd_dl.engine.operation import Operation, kink_side
from micrograd_dl.engine.ops import CONSTANT
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.output.numbers import require_numbers, to_float
from micrograd_dl.output.origin import is_inside

_new, _frame = object.__new__, sys._getframe  # bound here: every node calls both
_last_origin: CodeType | None = None
_other_origin: CodeType | None = None


# --- making nodes -----------------------------------------------------------------------------------------


def _add_method(self: Any, other: Any) -> Any:
    if type(other) is not Value:
        other = _operand(other, _frame(1))
    try:
        return _node(self.data + other.data, ops.add, self, other, 1.0, 1.0, _frame(1))
    except TypeError:  # what was assigned to `data` is no float
        return _plain_record(ops.add, self, other)


def _mul_method(self: Any, other: Any) -> Any:
    if type(other) is not Value:
        other = _operand(other, _frame(1))
    x, y = self.data, other.data
    try:
        return _node(x * y, ops.mul, self, other, y, x, _frame(1))
    except TypeError:
        return _plain_record(ops.mul, self, other)


def _unary_method(operation: Operation) -> Any:
    is_relu = operation is ops.relu

    def method(self: Any) -> Any:
        data, op = self.data, operation
        if op.left is not None and kink_side.get() == "left":
            op = op.left
        if is_relu and type(data) is float and data:  # most activations of most networks, away from the kink
            out, slope = (data, 1.0) if data > 0 else (0.0, 0.0) if data < 0 else (data, data)
            return _node(out, op, self, None, slope, 0.0, _frame(1))
        return _unary(op, self, _frame(1))

    method.__name__, method.__doc__ = operation.name, f"{operation.meaning}."
    return method


def _constant(data: Any) -> Any:
    return _node(to_float(data), CONSTANT, None, None, 0.0, 0.0, _frame(1))


def _record(operation: Operation, *operands: Any) -> Any:
    return _recorded(operation, operands, _frame(1))


def _recorded(operation: Operation, operands: Sequence[Any], frame: FrameType) -> Any:
    operation.require_arity(len(operands))
    if operation.arity == 1:
        return _unary(operation, _operand(operands[0], frame), frame)
    if operation.arity == 2:
        return _binary(operation, _operand(operands[0], frame), _operand(operands[1], frame), frame)
    return _nary(operation, operands, frame)


def _on(self: Operation, operands: Sequence[Any]) -> Any:
    operation = self.left if self.left is not None and kink_side.get() == "left" else self
    for operand in operands:
        if type(operand) is Value:
            return _recorded(operation, operands, _frame(1))
        if type(operand) is not float:
            return _plain_on(self, operands)
    self.require_arity(len(operands))
    return self.evaluate(operands)


def _affine_of_units(weights: Any, x: Any, b: Any) -> list[Any]:
    if not b or type(b[0]) is not Value:
        return _plain_affine_of_units(weights, x, b)
    frame, units = _outside(_frame(1)), zip(weights, b, strict=True)  # once for all
    return [_nary(ops.affine, [*functions.paired(w, x, "affine"), bias], frame) for w, bias in units]


def _unary(operation: Operation, x: Any, frame: FrameType) -> Any:
    data = x.data
    try:
        out = operation.forward(data)
        slope = 0.0 if x.op is CONSTANT else operation.derivatives[0](out, data)  # type: ignore[index]  # one rule
    except (ValueError, ZeroDivisionError, TypeError):
        return _plain_record(operation, x)
    return _node(out, operation, x, None, slope, 0.0, frame)


def _binary(operation: Operation, x: Any, y: Any, frame: FrameType) -> Any:
    a, b, rules = x.data, y.data, operation.derivatives
    try:
        out = operation.forward(a, b)
        by_x = 0.0 if x.op is CONSTANT else rules[0](out, a, b)  # type: ignore[index]  # two rules
        by_y = 0.0 if y.op is CONSTANT else rules[1](out, a, b)  # type: ignore[index]
    except (ValueError, ZeroDivisionError, TypeError):
        return _plain_record(operation, x, y)
    return _node(out, operation, x, y, by_x, by_y, frame)


def _nary(operation: Operation, nodes: Sequence[Any], frame: FrameType) -> Any:
    try:
        values = [x._number for x in nodes]
    except AttributeError:  # a number, or what is none
        nodes = [_operand(x, frame) for x in nodes]
        values = [x._number for x in nodes]
    pairs = len(values) // 2 * 2
    try:
        if operation is (ops.affine if len(values) % 2 else ops.dot):
            w, x = values[:pairs:2], values[1:pairs:2]
            out = -0.0
            for product in map(mul, w, x):
                out += product
            if pairs < len(values):
                out += values[-1]
            slopes: Any = [1.0] * len(values)
            slopes[:pairs:2], slopes[1:pairs:2] = x, w
        else:
            out = operation.forward(*values)
            slopes = operation.slopes(out, values)
    except (ValueError, ZeroDivisionError, TypeError):
        return _plain_record(operation, *nodes)
    return _node(out, operation, tuple(nodes), None, tuple(slopes), 0.0, frame)


def _node(data: Any, op: Operation, a: Any, b: Any, da: Any, db: Any, frame: FrameType) -> Any:
    """A new interior node or constant, made on behalf of `frame`."""
    node: Any = _new(Value)
    node.data = data
    node.grad = 0.0
    node.op = op
    node.label = ""
    node._a = a
    node._b = b
    node._da = da
    node._db = db
    node._where = code = frame.f_code
    node._at = frame.f_lasti
    if code is not _last_origin and code is not _other_origin:
        _note_origin(node, frame)
    return node


def _operand(x: Any, frame: FrameType) -> Any:
    """A Value as it is, a number as a constant made on behalf of `frame`."""
    if isinstance(x, Value):
        return x
    data = x if type(x) is float else to_float(x, "arithmetic with a Value")
    return _node(data, CONSTANT, None, None, 0.0, 0.0, frame)


def _note_origin(node: Any, frame: FrameType) -> None:
    """For code that has not made a node of late."""
    global _last_origin, _other_origin
    frame = _outside(frame)
    node._where = code = frame.f_code
    node._at = frame.f_lasti
    if code is not _last_origin and not is_inside(frame.f_globals.get("__package__")):
        _last_origin, _other_origin = code, _last_origin


def _outside(frame: FrameType) -> FrameType:
    """The innermost frame outside this package; where there is none, the outermost."""
    while is_inside(frame.f_globals.get("__package__")) and frame.f_back is not None:
        frame = frame.f_back
    return frame


# --- backward -------------------------------------------------------------------------------------------


def _backward(self: Any, seed: Any = 1.0) -> None:
    seed = to_float(seed, "the seed of backward()")
    if type(self.data) is not float:  # what was assigned to a leaf spreads to the result
        require_numbers(topological_order(self))
    if self._a is None:
        require_numbers([self])
        self.grad = 0.0 if self.op is CONSTANT else self.grad + seed
        return
    nodes, constants = _cleared_order(self)
    self.grad += seed
    try:
        for node in reversed(nodes):
            a, b, upstream = node._a, node._b, node.grad
            if b is not None:
                a.grad += upstream * node._da
                b.grad += upstream * node._db
            elif type(a) is tuple:
                if upstream or node.data - node.data:  # else 0 times what is finite, as that of a finite sum
                    for operand, slope in zip(a, node._da, strict=True):
                        operand.grad += upstream * slope
            else:
                a.grad += upstream * node._da
    except TypeError:
        require_numbers(topological_order(self))
        message = "a gradient was no float: call zero_grad() of the leaves, then backward() again"
        raise TypeError(message) from None
    for constant in constants:
        constant.grad = 0.0


def _cleared_order(root: Any) -> tuple[list[Any], list[Any]]:  # noqa: C901 - one loop, written out
    """Interior nodes in topological order, their gradients set to 0; and the constants among operands."""
    found: list[Any] = []
    constants: list[Any] = []
    # A zero of this call: whose gradient is that very object has been visited. Sets are slower to ask.
    zero = float("0")
    path: list[Any] = [root]
    while path:
        node = path.pop()
        if node is None:
            found.append(path.pop())
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
            for operand in reversed(a):
                if operand._a is not None:
                    if operand.grad is not zero:  # the inputs of a layer, once a unit of it has been there
                        path.append(operand)
                elif operand.op is CONSTANT:
                    constants.append(operand)
            continue
        if a._a is not None:
            path.append(a)
        elif a.op is CONSTANT:
            constants.append(a)
    return found, constants


# --- in the place of the plain ones ---------------------------------------------------------------------


def _operands(self: Any) -> tuple[Any, ...]:
    if type(self._a) is tuple:
        return self._a
    return () if self._a is None else (self._a,) if self._b is None else (self._a, self._b)


def _set_operands(self: Any, operands: tuple[Any, ...]) -> None:
    is_packed = self.op is not None and self.op.arity in (1, 2)
    self._a, self._b = (*operands, None)[:2] if is_packed else (operands or None, None)


def _slopes(self: Any) -> tuple[float, ...]:
    return self._da if type(self._da) is tuple else (self._da, self._db)[: len(self.operands)]


def _set_slopes(self: Any, slopes: tuple[float, ...]) -> None:
    self._da, self._db = (slopes, 0.0) if type(self._a) is tuple else (*slopes, 0.0, 0.0)[:2]


_plain_on, _plain_record, _plain_affine_of_units = Operation.on, value.record, functions.affine_of_units


def install() -> None:
    """Replace the plain definitions. The engine's other modules are to be imported afterwards."""
    slots: Any = vars(Value)
    fast: dict[str, Any] = {
        "_a": slots["operands"], "_da": slots["slopes"], "_number": slots["data"],
        "operands": property(_operands, _set_operands), "slopes": property(_slopes, _set_slopes),
        "backward": _backward, "constant": staticmethod(_constant), "__neg__": _unary_method(ops.neg),
        "__add__": _add_method, "__mul__": _mul_method,
    }  # fmt: skip
    fast |= {op.name: _unary_method(op) for op in ops.TABLE.values() if op.arity == 1 and op is not ops.neg}
    for name, replacement in fast.items():
        if callable(plain := slots.get(name)):
            replacement.__doc__ = plain.__doc__
        setattr(Value, name, replacement)
    value.record = _record
    functions.affine_of_units = _affine_of_units
    Operation.on = _on  # type: ignore[method-assign]  # that is what this module is for
