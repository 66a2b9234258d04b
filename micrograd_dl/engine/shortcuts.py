"""Fast versions of the engine's hot paths; results and gradients agree with the plain ones, bit for bit.

One or two operands have the slots `_a` and `_b`, their slopes `_da` and `_db`. A node of `affine` has its
weights and bias in `_a`, their numbers in `_da`, and in `_db` the inputs and their numbers, which all units
of a layer share. Other operands are a tuple in `_a`, with the slopes in `_db`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import update_wrapper
from operator import mul
from types import FrameType
from typing import Any

from micrograd_dl.engine import functions, ops, value
from micrograd_dl.engine.functions import affine, require_pairs, woven
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import CONSTANT
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import ROLE, Value, fill, record
from micrograd_dl.foundation.kink_side import kink_side
from micrograd_dl.foundation.number_like import leaf_data
from micrograd_dl.foundation.numbers import require_numbers, to_float
from micrograd_dl.foundation.origin import outside
from micrograd_dl.foundation.tracebacks import door, fold

_RELU = (ops.relu, ops.relu.left)
_new, _frame = object.__new__, sys._getframe  # bound here, since every node calls both
_last_origin = _other_origin = _frame().f_code  # the last two; most new nodes have one of them
_plain_on, _plain_record, _plain_affine, _plain_backward = Operation.on, record, affine, Value.backward


def _init(self: Any, data: Any, label: str = "") -> None:
    try:
        fill(self, leaf_data(data, label), None, (), ())
        self.label = label
    except Exception as error:
        fold(error)
        raise


def _add(self: Any, other: Any) -> Any:
    try:
        if type(other) is not Value:
            other = _operand(other, _frame(1))
        try:
            return _node(self.data + other.data, ops.add, self, other, 1.0, 1.0, _frame(1))
        except TypeError:  # `data` was overwritten with something that is no float
            return _plain_record(ops.add, self, other)
    except Exception as error:
        fold(error)
        raise


def _mul(self: Any, other: Any) -> Any:
    try:
        if type(other) is not Value:
            other = _operand(other, _frame(1))
        try:
            return _node(self.data * other.data, ops.mul, self, other, other.data, self.data, _frame(1))
        except TypeError:
            return _plain_record(ops.mul, self, other)
    except Exception as error:
        fold(error)
        raise


def _operator(operation: Operation, swapped: bool = False) -> Any:
    def method(self: Any, other: Any) -> Any:
        try:
            operands = (other, self) if swapped else (self, other)
            return _record(operation, operands, _frame(1))
        except Exception as error:
            fold(error)
            raise

    return method


def _method(operation: Operation) -> Any:
    def method(self: Any) -> Any:
        try:
            return _unary(operation if operation.left is None else _sided(operation), self, _frame(1))
        except Exception as error:
            fold(error)
            raise

    return method


def _sided(operation: Operation) -> Any:
    return operation.left if operation.left is not None and kink_side.get() == "left" else operation


def _record(operation: Operation, operands: Sequence[Any], frame: FrameType) -> Any:
    operation.require_arity(len(operands))
    if operation.arity == 1:
        return _unary(operation, _operand(operands[0], frame), frame)
    if operation.arity == 2:
        return _binary(operation, _operand(operands[0], frame), _operand(operands[1], frame), frame)
    return _plain_record(operation, *operands)


def _call(self: Operation, *operands: Any) -> Any:
    try:
        return _on(self, operands)
    except Exception as error:
        fold(error)
        raise


def _on(self: Operation, operands: Sequence[Any]) -> Any:
    for operand in operands:
        if type(operand) is Value:
            return _record(_sided(self), operands, _frame(1))
        if type(operand) is not float:
            return _plain_on(self, operands)
    self.require_arity(len(operands))
    return self.evaluate(operands)


def _each(self: Operation, operands: Sequence[Any]) -> list[Any]:
    operation, frame = _sided(self), outside(_frame(1))  # found once for all operands
    return [_record(operation, (x,), frame) if type(x) is Value else operation(x) for x in operands]


def _affine(w: Any, x: Any, b: Any) -> Any:
    try:
        return _affine_of_units([w], x, [b])[0] if type(b) is Value else _plain_affine(w, x, b)
    except Exception as error:
        fold(error)
        raise


def _affine_of_units(weights: Any, x: Any, b: Any) -> list[Any]:
    inputs = _numbers(x, frame := outside(_frame(1)), 1.0)
    units = []
    try:
        for w, bias in zip(weights, b, strict=True):
            require_pairs("affine", w, x)
            nodes, numbers = _numbers((*w, bias), frame)
            z = -0.0
            for product in map(mul, numbers, inputs[1]):  # the bias times 1.0 is the last
                z += product
            units.append(_node(z, ops.affine, nodes, None, numbers, inputs, frame))
    except TypeError:  # `data` was overwritten with something that is no float
        return [_plain_affine(w, x, bias) for w, bias in zip(weights, b, strict=True)]
    return units


def _unary(operation: Operation, x: Any, frame: FrameType) -> Any:
    data = x.data
    if operation in _RELU and type(data) is float and data:  # most activations, away from the kink
        if data > 0:
            return _node(data, operation, x, None, 1.0, 0.0, frame)
        out = 0.0 if data < 0 else data  # else NaN, and so is the slope
        return _node(out, operation, x, None, out, 0.0, frame)
    try:
        out = operation.forward(data)
        slope = 0.0 if x.op is CONSTANT else operation.derivatives[0](out, data)
    except (ValueError, ZeroDivisionError, TypeError):
        return _plain_record(operation, x)
    return _node(out, operation, x, None, slope, 0.0, frame)


def _binary(operation: Operation, x: Any, y: Any, frame: FrameType) -> Any:
    a, b, rules = x.data, y.data, operation.derivatives
    try:
        out = operation.forward(a, b)
        by_x = 0.0 if x.op is CONSTANT else rules[0](out, a, b)
        by_y = 0.0 if y.op is CONSTANT else rules[1](out, a, b)
    except (ValueError, ZeroDivisionError, TypeError):
        return _plain_record(operation, x, y)
    return _node(out, operation, x, y, by_x, by_y, frame)


def _numbers(x: Sequence[Any], frame: FrameType, *more: float) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    try:
        return tuple(x), (*[v._number for v in x], *more)
    except AttributeError:  # a plain number, or no number at all
        return _numbers([_operand(v, frame) for v in x], frame, *more)


def _operand(x: Any, frame: FrameType) -> Any:
    return x if isinstance(x, Value) else _node(to_float(x, ROLE), CONSTANT, None, None, 0.0, 0.0, frame)


def _node(data: Any, op: Operation, a: Any, b: Any, da: Any, db: Any, frame: FrameType) -> Any:
    """A new interior node or constant, made on behalf of `frame`."""
    global _last_origin, _other_origin
    node: Any = _new(Value)
    node.data = data
    node.grad = 0.0
    node.op = op
    node.label = ""
    node._a = a
    node._b = b
    node._da = da
    node._db = db
    if (code := frame.f_code) is not _last_origin and code is not _other_origin:
        frame = outside(frame)
        if (code := frame.f_code) is not _last_origin:
            _last_origin, _other_origin = code, _last_origin
    node._where = code
    node._at = frame.f_lasti
    return node


def _backward(self: Any, seed: Any = 1.0) -> None:  # noqa: C901 - one loop, written out
    if self._a is None or type(self.data) is not float:  # a leaf's data was overwritten by no float
        _plain_backward(self, seed)
        return
    seed = to_float(seed, "the seed of backward()")
    nodes, constants = _cleared_order(self)
    self.grad += seed
    try:
        for node in reversed(nodes):
            a, b, upstream = node._a, node._b, node.grad
            if b is not None:
                a.grad += upstream * node._da
                b.grad += upstream * node._db
            elif type(a) is not tuple:
                a.grad += upstream * node._da
            elif not node._da:
                for x, by_x in zip(a, node._db[1], strict=True):
                    x.grad += upstream * by_x
            elif upstream or node.data - node.data:  # skipped where it adds 0 times finite numbers
                for w, x, by_w, by_x in zip(a, *node._db, node._da, strict=False):
                    w.grad += upstream * by_w
                    x.grad += upstream * by_x
                a[-1].grad += upstream
    except TypeError:
        require_numbers(topological_order(self))
        raise TypeError("a gradient was no float: call zero_grad() of the leaves and try again") from None
    for constant in constants:
        constant.grad = 0.0


def _cleared_order(root: Any) -> tuple[list[Any], list[Any]]:
    """Interior nodes in topological order, their gradients set to 0; and the constants among operands."""
    found, constants, path, layers = list[Any](), list[Any](), [root], set[int]()
    zero = float("0")  # a new object each call: a node whose `grad` is this object has been visited
    while path:
        node = path.pop()
        if node is None:
            found.append(path.pop())
        elif node.grad is not zero:
            node.grad = zero
            path.append(node)
            path.append(None)
            a, b = node._a, node._b
            if type(a) is tuple:
                inner = [x for x in a if x.op is not None]  # no leaves, as most weights are
                if id(node._db) not in layers:  # the first unit of its layer: visit the inputs
                    layers.add(id(node._db))
                    both = woven(a, node._db[0]) if inner else node._db[0]
                    inner = [x for x in both if x.op is not None and x.grad is not zero]
                for operand in reversed(inner):
                    (path if operand._a is not None else constants).append(operand)
            else:  # written out: with a loop over the two, backward() takes a fifth longer
                if b is not None and b.op is not None:
                    (path if b._a is not None else constants).append(b)
                if a.op is not None:
                    (path if a._a is not None else constants).append(a)
    return found, constants


def _operands(self: Any) -> tuple[Any, ...]:
    if type(self._a) is tuple:
        return woven(self._a, self._db[0])
    return () if self._a is None else (self._a,) if self._b is None else (self._a, self._b)


def _slopes(self: Any) -> tuple[float, ...]:
    if type(self._a) is tuple:
        return woven(self._db[1], self._da[: len(self._db[0])])
    return (self._da, self._db)[: len(self.operands)]


def _set_edges(self: Any, operands: tuple[Any, ...], slopes: tuple[float, ...] = ()) -> None:
    self._a, self._b, self._da, self._db = operands or None, None, (), ((), slopes)


def install() -> None:
    """Replace the plain definitions; modules that import them by name are to be imported afterwards."""
    slots: Any = vars(Value)
    fast: dict[str, Any] = {op.name: _method(op) for op in ops.TABLE.values() if op.arity == 1}
    binary = {"add": ops.add, "sub": ops.sub, "mul": ops.mul, "truediv": ops.div, "pow": ops.pow}
    for name, operation in binary.items():
        fast |= {f"__{name}__": _operator(operation), f"__r{name}__": _operator(operation, swapped=True)}
    fast |= {
        "__init__": _init, "__neg__": fast.pop("neg"), "__add__": _add, "__mul__": _mul,
        "backward": _backward,
        "maximum": _operator(ops.maximum), "minimum": _operator(ops.minimum),
        "_a": slots["operands"], "_da": slots["slopes"], "_number": slots["data"],
        "operands": property(_operands, _set_edges),
        "slopes": property(_slopes, lambda self, slopes: _set_edges(self, self.operands, slopes)),
    }  # fmt: skip
    for name, new in fast.items():
        setattr(Value, name, update_wrapper(new, slots[name]) if callable(new) else new)
    value.record = lambda operation, *operands: _record(operation, operands, _frame(1))
    functions.affine, functions.affine_of_units = update_wrapper(_affine, _plain_affine), _affine_of_units
    for name in ("sum", "dot", "logsumexp"):
        setattr(functions, name, door(getattr(functions, name)))
    setattr(Operation, "__call__", update_wrapper(_call, Operation.__call__))  # noqa: B010 - as meant
    Operation.on, Operation.each = _on, _each  # type: ignore[method-assign]  # that is what this module is for
