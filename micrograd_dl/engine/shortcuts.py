"""The engine's hot paths once more, fast; ``install`` puts them in the place of the plain ones.

Results and gradients are the same, bit for bit: the engine's tests run with this module and without it. What
makes the difference:

* One or two operands and their slopes have slots of their own, for a tuple a node would cost as much as the
  rest of the node. An operation on any number of operands has a tuple in `_a` and one in `_da`.
* `+` and `*` write down what the table says, and so do `dot` and `affine`, without asking it.
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

from micrograd_dl.engine import functions, ops, order, value
from micrograd_dl.engine.operation import Operation, kink_side
from micrograd_dl.engine.ops import CONSTANT
from micrograd_dl.engine.value import Value, is_inside, require_numbers
from micrograd_dl.output.numbers import to_float

_new, _frame = object.__new__, sys._getframe  # bound here: every node calls both
_add, _sub, _mul, _neg = ops.add, ops.sub, ops.mul, ops.neg
_last_origin: CodeType | None = None
_other_origin: CodeType | None = None


# --- making nodes -----------------------------------------------------------------------------------------


def _init(self: Any, data: Any, label: str = "") -> None:
    is_plain = type(data) is float and type(label) is str
    self.data = data if is_plain else value.leaf_data(data, label)
    self.grad = 0.0
    self.op = None
    self.label = label
    self._a = self._b = None
    self._da = self._db = 0.0
    _note_origin(self, _frame())


def _add_method(self: Any, other: Any) -> Any:
    if type(other) is not Value:
        other = _operand(other, _frame(1))
    node: Any = _new(Value)
    try:
        node.data = self.data + other.data
    except TypeError:  # what was assigned to `data` is no float
        require_numbers([*_topological_order(self), *_topological_order(other)], "data")
        return self + other
    node.grad = 0.0
    node.op = _add
    node.label = ""
    node._a = self
    node._b = other
    node._da = node._db = 1.0
    frame = _frame(1)
    node._where = code = frame.f_code
    node._at = frame.f_lasti
    if code is not _last_origin and code is not _other_origin:
        _note_origin(node, frame)
    return node


def _mul_method(self: Any, other: Any) -> Any:
    if type(other) is not Value:
        other = _operand(other, _frame(1))
    node: Any = _new(Value)
    node._db = x = self.data
    node._da = y = other.data
    try:
        node.data = x * y
    except TypeError:
        require_numbers([*_topological_order(self), *_topological_order(other)], "data")
        return self * other
    node.grad = 0.0
    node.op = _mul
    node.label = ""
    node._a = self
    node._b = other
    frame = _frame(1)
    node._where = code = frame.f_code
    node._at = frame.f_lasti
    if code is not _last_origin and code is not _other_origin:
        _note_origin(node, frame)
    return node


def _sub_method(self: Any, other: Any) -> Any:
    if type(other) is not Value:
        other = _operand(other, _frame(1))
    try:
        return _node(self.data - other.data, _sub, self, other, 1.0, -1.0, _frame(1))
    except TypeError:
        require_numbers([*_topological_order(self), *_topological_order(other)], "data")
        return self - other


def _binary_method(operation: Operation, is_reversed: bool = False) -> Any:
    def method(self: Any, other: Any) -> Any:
        if type(other) is not Value:
            other = _operand(other, _frame(1))
        x, y = (other, self) if is_reversed else (self, other)
        return _binary(operation, x, y, _frame(1))

    return method


def _unary_method(operation: Operation) -> Any:
    left, apply = operation.left, _relu if operation is ops.relu else _unary

    def method(self: Any) -> Any:
        if left is not None and kink_side.get() == "left":
            return apply(left, self, _frame(1))
        return apply(operation, self, _frame(1))

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


def _unary(operation: Operation, x: Any, frame: FrameType) -> Any:
    data = x.data
    try:
        out = operation.forward(data)
        slope = 0.0 if x.op is CONSTANT else operation.derivatives[0](out, data)  # type: ignore[index]  # one rule
    except (ValueError, ZeroDivisionError, TypeError):
        return _plainly(operation, (x,), frame)
    return _node(out, operation, x, None, slope, 0.0, frame)


def _relu(operation: Operation, x: Any, frame: FrameType) -> Any:
    """ReLU, most of the activations of most networks, away from its kink."""
    data = x.data
    if type(data) is float and data > 0:
        return _node(data, operation, x, None, 1.0, 0.0, frame)
    if type(data) is float and data < 0:
        return _node(0.0, operation, x, None, 0.0, 0.0, frame)
    return _unary(operation, x, frame)


def _binary(operation: Operation, x: Any, y: Any, frame: FrameType) -> Any:
    a, b, rules = x.data, y.data, operation.derivatives
    try:
        out = operation.forward(a, b)
        by_x = 0.0 if x.op is CONSTANT else rules[0](out, a, b)  # type: ignore[index]  # two rules
        by_y = 0.0 if y.op is CONSTANT else rules[1](out, a, b)  # type: ignore[index]
    except (ValueError, ZeroDivisionError, TypeError):
        return _plainly(operation, (x, y), frame)
    return _node(out, operation, x, y, by_x, by_y, frame)


def _plainly(operation: Operation, operands: Sequence[Any], frame: FrameType) -> Any:
    """What the plain engine does where a rule has raised: an error that explains, or an infinite slope."""
    data, slopes = value.applied(operation, operands)
    a, b = operands if len(operands) == 2 else (*operands, None)
    return _node(data, operation, a, b, slopes[0], slopes[-1], frame)


def _nary(operation: Operation, operands: Sequence[Any], frame: FrameType) -> Any:
    try:
        values = [x._number for x in operands]
    except AttributeError:  # a number, or what is none
        operands = [_operand(x, frame) for x in operands]
        values = [x._number for x in operands]
    try:
        if (operation is ops.affine and len(values) % 2) or (operation is ops.dot and len(values) % 2 == 0):
            end = len(values) // 2 * 2
            w, inputs = values[:end:2], values[1:end:2]
            return _weighted(operation, tuple(operands), w, inputs, values[end:], frame)
        out = operation.forward(*values)
        slopes = tuple(operation.slopes(out, values))
    except (ValueError, ZeroDivisionError, TypeError):
        out, slopes = value.applied(operation, operands)
    return _node(out, operation, tuple(operands), None, slopes, 0.0, frame)


def _weighted(
    operation: Operation, operands: Any, w: list[Any], inputs: list[Any], bias: list[Any], frame: FrameType
) -> Any:
    """A node of dot or affine: w1 x1 + w2 x2 + ... from left to right, and the bias."""
    total = -0.0
    for product in map(mul, w, inputs):
        total += product
    slopes = [1.0] * len(operands)
    slopes[: len(w) * 2 : 2], slopes[1 : len(w) * 2 : 2] = inputs, w
    return _node(total + bias[0] if bias else total, operation, operands, None, tuple(slopes), 0.0, frame)


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


class _Inside(dict[Any, bool]):
    """`is_inside` of each package, kept."""

    def __missing__(self, package: Any) -> bool:
        self[package] = inside = is_inside(package)
        return inside


_inside = _Inside()


def _note_origin(node: Any, frame: FrameType) -> None:
    global _last_origin, _other_origin
    frame, is_outside = _outside(frame)
    if is_outside and frame.f_code is not _last_origin:
        _last_origin, _other_origin = frame.f_code, _last_origin
    node._where = frame.f_code
    node._at = frame.f_lasti


def _outside(frame: FrameType) -> tuple[FrameType, bool]:
    """The innermost frame outside this package and True; where there is none, the outermost and False."""
    while (inside := _inside[frame.f_globals.get("__package__")]) and frame.f_back is not None:
        frame = frame.f_back
    return frame, not inside


# --- functions of sequences -----------------------------------------------------------------------------


def _sequence_function(operation: Operation, operands_of: Any) -> Any:
    def function(*sequences: Any) -> Any:
        operands = operands_of(*sequences)
        if type(operands[0]) is Value:
            return _nary(operation, operands, _frame(1))
        return operation.on(operands)

    return function


def _affine_of_units(weights: Any, x: Any, b: Any) -> list[Any]:
    """The inputs are read once, and so is the line of the program."""
    frame, affine = _outside(_frame(1))[0], ops.affine
    try:
        inputs = [v._number for v in x]
        units = []
        end = 2 * len(inputs)
        for row, bias in zip(weights, b, strict=True):
            w = [v._number for v in row]
            operands, slopes = [bias] * (end + 1), [1.0] * (end + 1)
            operands[:end:2], operands[1:end:2], slopes[:end:2], slopes[1:end:2] = row, x, inputs, w
            total = -0.0
            for product in map(mul, w, inputs):
                total += product
            units.append(
                _node(total + bias._number, affine, tuple(operands), None, tuple(slopes), 0.0, frame)
            )
    except (AttributeError, TypeError, ValueError):  # what is no Value, or not as many
        return _plain_affine_of_units(weights, x, b)
    return units


def _of_each(operation: Any, x: Any) -> list[Any]:
    frame = _outside(_frame(1))[0]
    if not isinstance(operation, Operation) or operation.arity != 1:
        return _plain_of_each(operation, x)
    apply = _relu if operation is ops.relu else _unary
    if operation.left is not None and kink_side.get() == "left":
        operation = operation.left
    return [apply(operation, v, frame) if type(v) is Value else operation(v) for v in x]


def _on(self: Operation, operands: Sequence[Any]) -> Any:
    for operand in operands:
        if type(operand) is not float:
            return _plain_on(self, operands)
    self.require_arity(len(operands))
    return self.evaluate(operands)


# --- walking through a graph ----------------------------------------------------------------------------


def _topological_order(root: Any) -> list[Any]:
    found: list[Any] = []
    seen: set[Any] = set()
    # What is still to be visited, the next one last. None: the operands of the one below it are done.
    path: list[Any] = [root]
    while path:
        node = path.pop()
        if node is None:
            found.append(path.pop())
            continue
        if node in seen:
            continue
        seen.add(node)
        a, b = node._a, node._b
        if a is None:
            found.append(node)
            continue
        path.append(node)
        path.append(None)
        if b is not None:
            path.append(b)
        if type(a) is tuple:
            path.extend(reversed(a))
        else:
            path.append(a)
    return found


def _backward(self: Any, seed: Any = 1.0) -> None:
    seed = to_float(seed, "the seed of backward()")
    if type(self.data) is not float:  # what was assigned to a leaf spreads to the result
        require_numbers(_topological_order(self))
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
        require_numbers(_topological_order(self))
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
    if self._a is None:
        return ()
    if type(self._a) is tuple:
        return self._a
    return (self._a,) if self._b is None else (self._a, self._b)


def _slopes(self: Any) -> tuple[float, ...]:
    if type(self._da) is tuple:
        return self._da
    return (self._da, self._db)[: len(self.operands)]


def _set_slopes(self: Any, slopes: tuple[float, ...]) -> None:
    if type(self._a) is tuple:
        self._da = slopes
    else:
        self._da, self._db = (*slopes, 0.0)[:2]


_plain_on = Operation.on
_plain_affine_of_units, _plain_of_each = functions.affine_of_units, functions.of_each


def install() -> None:
    """Replace the plain definitions. The engine's other modules are to be imported afterwards."""
    slots: Any = vars(Value)
    # `data` by a name that no array or tensor has: what can be read by it is a Value.
    fast: dict[str, Any] = {
        "_a": slots["operands"], "_da": slots["slopes"], "_number": slots["data"],
        "operands": property(_operands), "slopes": property(_slopes, _set_slopes),
        "__init__": _init, "constant": staticmethod(_constant), "backward": _backward,
        "__add__": _add_method, "__mul__": _mul_method, "__sub__": _sub_method,
        "__radd__": _binary_method(_add, True), "__rmul__": _binary_method(_mul, True),
        "__rsub__": _binary_method(_sub, True),
        "__truediv__": _binary_method(ops.div), "__rtruediv__": _binary_method(ops.div, True),
        "__pow__": _binary_method(ops.pow), "__rpow__": _binary_method(ops.pow, True),
        "maximum": _binary_method(ops.maximum), "minimum": _binary_method(ops.minimum),
        "__neg__": _unary_method(_neg), "__abs__": _unary_method(ops.abs),
    }  # fmt: skip
    fast |= {op.name: _unary_method(op) for op in ops.TABLE.values() if op.arity == 1 and op is not _neg}
    for name, replacement in fast.items():
        plain = slots.get(name)
        if callable(plain) and plain.__doc__:
            replacement.__doc__ = plain.__doc__
        setattr(Value, name, replacement)
    order.topological_order = _topological_order
    value.record = _record
    Operation.on = _on  # type: ignore[method-assign]  # that is what this module is for
    functions.affine = _sequence_function(ops.affine, lambda w, x, b: [*functions.paired(w, x, "affine"), b])
    functions.dot = _sequence_function(ops.dot, lambda w, x: functions.paired(w, x, "dot"))
    functions.sum = _sequence_function(ops.sum, lambda x: functions.some([*x], "sum"))
    functions.affine_of_units, functions.of_each = _affine_of_units, _of_each
