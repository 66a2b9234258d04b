"""Value: a number that remembers the operation and the operands it came from.

A program written with ordinary arithmetic on Values records a graph, and ``backward()`` walks it from the
result to the leaves with the chain rule:

>>> a, b, c = Value(5, "a"), Value(3, "b"), Value(2, "c")
>>> J = 3 * (a + b * c)
>>> J.data
33.0
>>> J.backward()
>>> a.grad, b.grad, c.grad
(3.0, 6.0, 9.0)

A node notes its local derivatives while the forward pass computes it. Backpropagation therefore gives the
gradient of the pass that was recorded, even if a leaf's ``data`` is changed afterwards.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from operator import mul
from types import CodeType, FrameType
from typing import Any, TypeAlias

from micrograd_dl.engine import ops
from micrograd_dl.engine.coerce import to_float
from micrograd_dl.engine.operation import Operation, names_of
from micrograd_dl.engine.ops import CONSTANT
from micrograd_dl.engine.order import cleared_order
from micrograd_dl.engine.origin import Origin, TextSpan, outside, resolve
from micrograd_dl.engine.watching import seen

_new, _frame = object.__new__, sys._getframe  # bound here: every node calls both
_add, _sub, _mul, _neg = ops.add, ops.sub, ops.mul, ops.neg

# The code outside this package that made the last node, and the one before it: mostly one of them makes the
# next, too. Two, since the products of a sum are made in a generator and added by its caller.
_last_origin: CodeType | None = None
_other_origin: CodeType | None = None


class Value:
    """A scalar node of a computation graph.

    Attributes:
        data: the number, a double.
        grad: the derivative of the last result that went backward by this node; 0.0 before. Leaves
            accumulate over several backward passes, interior nodes are set afresh in each.
        op: the operation that made it; None for a leaf; ``ops.CONSTANT`` for a plain number that took part.
        label: its name in sentences and pictures; any text.

    Two Values are equal only if they are the same node (so they can be kept in sets and dictionaries), and
    they are ordered by their data. ``float(v)`` and ``bool(v)`` speak of the data.

    Args:
        data: an int, float, bool, Fraction, Decimal or NumPy scalar.
        label: optional name.

    Raises:
        TypeError: `data` is not a real number, or `label` is not text.
        OverflowError: `data` is an integer or a fraction beyond the largest double.

    >>> x = Value(3, "x")
    >>> y = x**2 + 1
    >>> y
    Value(data=10.0)
    >>> y.op, y.operands[0].operands[0] is x
    (<operation add: x + y>, True)
    """

    # Operands and local derivatives have two slots each, because a tuple a node would cost as much as the
    # rest of it. An operation on any number of operands keeps a tuple in _a and one in _da.
    __slots__ = ("__weakref__", "_a", "_at", "_b", "_da", "_db", "_where", "data", "grad", "label", "op")

    data: float
    grad: float
    op: Operation | None
    label: str
    _a: Any  # None, a Value, or a tuple of them; Any, since the loops below know which without asking
    _b: Value | None
    _da: Any  # a number, or a tuple of them beside a tuple in _a
    _db: float
    _where: Any
    _at: int
    _number: float  # data

    __array_ufunc__ = (
        None  # NumPy hands `array * value` to us, which refuses, instead of making an array of objects
    )

    def __init__(self, data: Operand, label: str = "") -> None:
        if isinstance(data, Value):
            raise TypeError("this is a Value already; for a new leaf write Value(float(v))")
        if not isinstance(label, str):
            raise TypeError(f"a label is text, not the {type(label).__name__} {label!r}")
        self.data = data if type(data) is float else to_float(data)
        self.grad = 0.0
        self.op = None
        self.label = label
        self._a = self._b = None
        self._da = self._db = 0.0
        _note_origin(self, _frame())

    @classmethod
    def constant(cls, data: Operand) -> Value:
        """A number that takes part without being a variable: backprop passes it over."""
        return _record(to_float(data), CONSTANT, None, None, 0.0, 0.0, _frame(1))

    # --- what it is -------------------------------------------------------------------------------------

    @property
    def operands(self) -> tuple[Value, ...]:
        """The operands, in their order; the same Value twice in ``a + a``; empty for a leaf."""
        if self._a is None:
            return ()
        if isinstance(self._a, tuple):
            return self._a
        return (self._a,) if self._b is None else (self._a, self._b)

    @property
    def slopes(self) -> tuple[float, ...]:
        """The local derivative by each operand, as recorded in the forward pass."""
        if isinstance(self._da, tuple):
            return self._da
        return (self._da, self._db)[: len(self.operands)]

    @property
    def is_leaf(self) -> bool:
        """Whether it is a variable: it has no operands and is not a constant."""
        return self.op is None

    @property
    def is_constant(self) -> bool:
        """Whether it is a plain number that took part in an operation, such as the 3 of ``3 * v``."""
        return self.op is CONSTANT

    @property
    def origin(self) -> Origin | None:
        """The line of source that made it, or None where that is unknown."""
        return resolve(self._where, self._at)

    def __repr__(self) -> str:
        parts = [f"data={self.data!r}"]
        if self.grad != 0:
            parts.append(f"grad={self.grad!r}")
        if self.label:
            parts.append(f"label={self.label!r}")
        return f"Value({', '.join(parts)})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __float__(self) -> float:
        return seen("is", self, self.data, self.data)

    def __int__(self) -> int:
        return int(float(self))

    def __bool__(self) -> bool:
        return seen("!=", self, 0.0, self.data != 0)

    def __lt__(self, other: Operand) -> bool:
        return seen("<", self, other, self.data < _number(other))

    def __le__(self, other: Operand) -> bool:
        return seen("<=", self, other, self.data <= _number(other))

    def __gt__(self, other: Operand) -> bool:
        return seen(">", self, other, self.data > _number(other))

    def __ge__(self, other: Operand) -> bool:
        return seen(">=", self, other, self.data >= _number(other))

    def __reduce__(self) -> tuple[Any, ...]:
        # A leaf is copied with what it holds; a graph belongs to the program that records it.
        if self._a is not None:
            raise TypeError("only leaves are copied or pickled: run the program again, or copy its leaves")
        return _restore, (self.data, self.label, self.grad, self.op)

    # --- arithmetic -------------------------------------------------------------------------------------
    # The four operations of every inner loop write down what the table says, and so does `nary` for dot and
    # affine; tests hold them to it. `+` and `*` fill slots themselves: a call is a quarter of their time.

    def __add__(self, other: Operand) -> Value:
        if type(other) is not Value:
            other = _operand(other, _frame(1))
        node = _new(Value)
        node.data = self.data + other.data
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

    def __mul__(self, other: Operand) -> Value:
        if type(other) is not Value:
            other = _operand(other, _frame(1))
        node = _new(Value)
        node._db = x = self.data
        node._da = y = other.data
        node.data = x * y
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

    def __sub__(self, other: Operand) -> Value:
        if type(other) is not Value:
            other = _operand(other, _frame(1))
        return _record(self.data - other.data, _sub, self, other, 1.0, -1.0, _frame(1))

    def __neg__(self) -> Value:
        return _record(-self.data, _neg, self, None, -1.0, 0.0, _frame(1))

    def __radd__(self, other: Operand) -> Value:
        constant = _operand(other, _frame(1))
        return _record(constant.data + self.data, _add, constant, self, 1.0, 1.0, _frame(1))

    def __rmul__(self, other: Operand) -> Value:
        constant = _operand(other, _frame(1))
        return _record(constant.data * self.data, _mul, constant, self, self.data, constant.data, _frame(1))

    def __rsub__(self, other: Operand) -> Value:
        constant = _operand(other, _frame(1))
        return _record(constant.data - self.data, _sub, constant, self, 1.0, -1.0, _frame(1))

    def __truediv__(self, other: Operand) -> Value:
        return _binary(ops.div, self, _operand(other, _frame(1)), _frame(1))

    def __rtruediv__(self, other: Operand) -> Value:
        return _binary(ops.div, _operand(other, _frame(1)), self, _frame(1))

    def __pow__(self, other: Operand) -> Value:
        return _binary(ops.pow, self, _operand(other, _frame(1)), _frame(1))

    def __rpow__(self, other: Operand) -> Value:
        return _binary(ops.pow, _operand(other, _frame(1)), self, _frame(1))

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return _unary(ops.abs, self, _frame(1))

    # --- functions --------------------------------------------------------------------------------------

    def exp(self) -> Value:
        """``e`` to the power of this; overflow gives inf."""
        return _unary(ops.exp, self, _frame(1))

    def log(self) -> Value:
        """The natural logarithm; ValueError at 0 and below."""
        return _unary(ops.log, self, _frame(1))

    def sqrt(self) -> Value:
        """The square root; ValueError below 0, slope inf at 0."""
        return _unary(ops.sqrt, self, _frame(1))

    def tanh(self) -> Value:
        """The hyperbolic tangent."""
        return _unary(ops.tanh, self, _frame(1))

    def sigmoid(self) -> Value:
        """``1 / (1 + e^-x)``, stable for every x."""
        return _unary(ops.sigmoid, self, _frame(1))

    def relu(self) -> Value:
        """``max(0, x)``, with the slope 1 at 0 as the course has it (see `set_slope_at_kink`)."""
        return _unary(ops.relu, self, _frame(1))

    def leaky_relu(self) -> Value:
        """``max(0.01 x, x)``, with the slope 1 at 0 as the course has it."""
        return _unary(ops.leaky_relu, self, _frame(1))

    def softplus(self) -> Value:
        """``log(1 + e^x)``, stable for every x."""
        return _unary(ops.softplus, self, _frame(1))

    def sin(self) -> Value:
        """The sine, in radians."""
        return _unary(ops.sin, self, _frame(1))

    def cos(self) -> Value:
        """The cosine, in radians."""
        return _unary(ops.cos, self, _frame(1))

    def abs(self) -> Value:
        """The distance from 0, with the slope 0 at 0."""
        return _unary(ops.abs, self, _frame(1))

    def maximum(self, other: Operand) -> Value:
        """The larger of the two; where they are equal the slope belongs to `other`."""
        return _binary(ops.maximum, self, _operand(other, _frame(1)), _frame(1))

    def minimum(self, other: Operand) -> Value:
        """The smaller of the two; where they are equal the slope belongs to `other`."""
        return _binary(ops.minimum, self, _operand(other, _frame(1)), _frame(1))

    def expand(self) -> Value:
        """This node's operation written with simpler ones, on the same operands; itself if it is primitive.

        The numbers are those of this node, bit for bit for ``sum``, ``dot`` and ``affine``.

        >>> w, x, b = Value(2), Value(3), Value(1)
        >>> z = apply(ops.affine, (w, x, b))
        >>> z.op.name, z.expand().op.name, z.expand().data == z.data
        ('affine', 'add', True)
        """
        if self.op is None or self.op.definition is None:
            return self
        expanded: Value = self.op.definition(*self.operands)
        return expanded

    # The table calls this on any operand that has it; it need not import Value for that.
    @staticmethod
    def apply_operation(
        operation: Operation, operands: Sequence[Operand], frame: FrameType | None = None
    ) -> Value:
        """Apply an operation of the table, record the node and its local derivatives; `apply` is this.

        The node is made on behalf of `frame`, by default the caller's.

        Raises:
            TypeError: an operand is neither a Value nor a real number, or their number is wrong.
            ValueError, ZeroDivisionError: the operation is undefined there; the message names the operands.
        """
        operation.require_arity(len(operands))
        frame = frame or _frame(1)
        if operation.arity == 1:
            return _unary(operation, _operand(operands[0], frame), frame)
        if operation.arity == 2:
            return _binary(operation, _operand(operands[0], frame), _operand(operands[1], frame), frame)
        return nary(operation, tuple(operands), frame)

    # --- the chain rule ---------------------------------------------------------------------------------

    def backward(self, seed: float = 1.0) -> None:
        """Backpropagate: add ``seed * d(self)/d(node)`` to the `grad` of leaves, and set that of the rest.

        A second call doubles the leaves' gradients (as adding up the examples of a batch needs) and leaves
        those of interior nodes as they are. Constants keep the gradient 0.

        Args:
            seed: the derivative of the final result by this node; 1 where this node is the final result.

        Raises:
            TypeError: `seed` is not a real number.
        """
        seed = to_float(seed, "the seed of backward()")
        if self._a is None:
            self.grad = 0.0 if self.op is CONSTANT else self.grad + seed
            return
        order, constants = cleared_order(self)
        self.grad += seed
        for node in reversed(order):
            a, b, upstream = node._a, node._b, node.grad
            if b is not None:
                a.grad += upstream * node._da
                b.grad += upstream * node._db
            elif type(a) is tuple:
                if upstream or node.data - node.data:  # else 0 times what is finite, as that of a finite sum
                    for parent, local in zip(a, node._da, strict=True):
                        parent.grad += upstream * local
            else:
                a.grad += upstream * node._da
        for constant in constants:
            constant.grad = 0.0

    def zero_grad(self) -> None:
        """Set this node's gradient to 0, as is wanted for leaves between two steps of training."""
        self.grad = 0.0


Operand: TypeAlias = "Value | float | Real | Decimal"

# `data` by a name that no array or tensor has: whoever reads the numbers of a long sum by it knows its types.
Value._number = vars(Value)["data"]
apply = Value.apply_operation


def _unary(operation: Operation, x: Value, frame: FrameType) -> Value:
    data = x.data
    try:
        out = operation.forward(data)
    except (ValueError, ZeroDivisionError) as error:
        raise operation.refusal(error, (data,), names_of((x,))) from None
    rules: Any = operation.derivatives  # a tuple, as of every operation on one number
    try:
        slope = 0.0 if x.op is CONSTANT else rules[0](out, data)
    except ZeroDivisionError:
        slope = operation.local(0, out, (data,))
    return _record(out, operation, x, None, slope, 0.0, frame)


def _binary(operation: Operation, x: Value, y: Value, frame: FrameType) -> Value:
    values = (x.data, y.data)
    try:
        out = operation.forward(*values)
    except (ValueError, ZeroDivisionError) as error:
        raise operation.refusal(error, values, names_of((x, y))) from None
    by_x = 0.0 if x.op is CONSTANT else operation.local(0, out, values)
    by_y = 0.0 if y.op is CONSTANT else operation.local(1, out, values)
    return _record(out, operation, x, y, by_x, by_y, frame)


def nary(operation: Operation, x: tuple[Any, ...], frame: FrameType) -> Value:
    """`apply` for an operation on any number of operands, of which there is one at least."""
    try:
        values = [operand._number for operand in x]
    except AttributeError:  # some of them are numbers yet
        x = tuple([_operand(operand, frame) for operand in x])
        values = [operand.data for operand in x]
    end = len(values) - (operation is ops.affine)
    if operation in (ops.dot, ops.affine) and not end % 2:  # as the table says, in half the time
        w, inputs, total = values[:end:2], values[1:end:2], -0.0
        for product in map(mul, w, inputs):
            total += product
        slopes = [1.0] * len(values)
        slopes[:end:2], slopes[1:end:2] = inputs, w
        out = total if end == len(values) else total + values[-1]
        return _record(out, operation, x, None, tuple(slopes), 0.0, frame)
    try:
        out = operation.forward(*values)
    except (ValueError, ZeroDivisionError) as error:
        raise operation.refusal(error, values, names_of(x)) from None
    return _record(out, operation, x, None, tuple(operation.slopes(out, values)), 0.0, frame)


def _record(
    data: float, op: Operation, a: Any, b: Value | None, da: Any, db: float, frame: FrameType
) -> Value:
    """A new interior node or constant, made on behalf of `frame`."""
    node = _new(Value)
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


def _note_origin(node: Value, frame: FrameType) -> None:
    """Note the innermost frame outside this package; its line is looked up only if somebody asks."""
    global _last_origin, _other_origin
    frame, is_outside = outside(frame)
    if is_outside and frame.f_code is not _last_origin:
        _last_origin, _other_origin = frame.f_code, _last_origin
    node._where = frame.f_code
    node._at = frame.f_lasti


def set_origin(node: Value, text: str, start: int, end: int) -> None:
    """Say that ``text[start:end]`` of an expression made `node`."""
    node._where = TextSpan(text, start, end)
    node._at = 0


def _operand(x: Operand, frame: FrameType) -> Value:
    """A Value as it is, a number as a constant made on behalf of `frame`."""
    if isinstance(x, Value):
        return x
    data = x if type(x) is float else to_float(x, "arithmetic with a Value")
    return _record(data, CONSTANT, None, None, 0.0, 0.0, frame)


def _number(x: Operand) -> float:
    return x.data if isinstance(x, Value) else to_float(x, "comparison with a Value")


def _restore(data: float, label: str, grad: float, op: Operation | None) -> Value:
    leaf = Value(data, label)
    leaf.grad, leaf.op = grad, op
    return leaf
