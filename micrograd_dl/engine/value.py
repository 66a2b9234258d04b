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

from collections.abc import Callable, Sequence
from decimal import Decimal
from numbers import Real
from types import CodeType
from typing import TYPE_CHECKING, Any, TypeAlias

from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import CONSTANT
from micrograd_dl.engine.order import topological_order
from micrograd_dl.foundation.number_like import NumberLike, leaf_data
from micrograd_dl.foundation.numbers import require_numbers, to_float
from micrograd_dl.foundation.origin import Origin, TextSpan, note_origin, resolve
from micrograd_dl.foundation.undefined import undefined
from micrograd_dl.foundation.written import names_of


def method_of(operation: Operation) -> Callable[[Value], Value]:
    """An operation of one operand as a method."""

    def method(self: Value) -> Any:
        return operation(self)

    method.__name__, method.__doc__ = operation.name, f"{operation.meaning}."
    return method


class Value(NumberLike):
    """A scalar node of a computation graph.

    Attributes:
        data: the number, a double.
        grad: dJ/d(this node) after ``J.backward()``; 0.0 before. A second backward pass adds to the leaves
            and sets interior nodes afresh.
        op: the operation that made it; None for a leaf; ``ops.CONSTANT`` for a plain number that took part.
        operands: what the operation was applied to, in order; the same Value twice in ``a + a``.
        slopes: the local derivative by each operand; the one by a constant is never used.
        label: its name in sentences and pictures; any text.

    Two Values are equal only if they are the same node, so that they can be kept in sets and dictionaries;
    a Value and a number are compared by the data, and Values are ordered by it.

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

    # On a first reading, ignore the names that begin with _: `_where` and `_at` say where the node was made,
    # and `_b` and `_db` are for shortcuts.py.
    __slots__ = (
        "__weakref__", "_at", "_b", "_db", "_where", "data", "grad", "label", "op", "operands", "slopes",
    )  # fmt: skip

    data: float
    grad: float
    op: Operation | None
    operands: tuple[Value, ...]
    slopes: tuple[float, ...]
    label: str
    _where: CodeType | TextSpan
    _at: int

    def __init__(self, data: Operand, label: str = "") -> None:
        fill(self, leaf_data(data, label), None, (), ())
        self.label = label

    @classmethod
    def constant(cls, data: Operand) -> Value:
        """A constant: it takes part in operations, and receives no gradient."""
        return fill(object.__new__(Value), to_float(data), CONSTANT, (), ())

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

    def __reduce__(self) -> tuple[Any, ...]:
        # A leaf is copied with what it holds; a graph belongs to the program that records it.
        if self.operands:
            raise TypeError("only leaves are copied or pickled: run the program again, or copy its leaves")
        return Value, (self.data, self.label), (None, {"grad": self.grad, "op": self.op})

    def __add__(self, other: Operand) -> Value:
        return record(ops.add, self, other)

    def __radd__(self, other: Operand) -> Value:
        return record(ops.add, other, self)

    def __sub__(self, other: Operand) -> Value:
        return record(ops.sub, self, other)

    def __rsub__(self, other: Operand) -> Value:
        return record(ops.sub, other, self)

    def __mul__(self, other: Operand) -> Value:
        return record(ops.mul, self, other)

    def __rmul__(self, other: Operand) -> Value:
        return record(ops.mul, other, self)

    def __truediv__(self, other: Operand) -> Value:
        return record(ops.div, self, other)

    def __rtruediv__(self, other: Operand) -> Value:
        return record(ops.div, other, self)

    def __pow__(self, other: Operand) -> Value:
        return record(ops.pow, self, other)

    def __rpow__(self, other: Operand) -> Value:
        return record(ops.pow, other, self)

    def __neg__(self) -> Value:
        return record(ops.neg, self)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return record(ops.abs, self)

    def maximum(self, other: Operand) -> Value:
        """The larger of the two; where they are equal the slope belongs to `other`."""
        return record(ops.maximum, self, other)

    def minimum(self, other: Operand) -> Value:
        """The smaller of the two; where they are equal the slope belongs to `other`."""
        return record(ops.minimum, self, other)

    # Every operation on one number is a method. Type checkers know those listed here; a loop adds the others.
    exp, log, sqrt, abs = method_of(ops.exp), method_of(ops.log), method_of(ops.sqrt), method_of(ops.abs)
    relu, leaky_relu = method_of(ops.relu), method_of(ops.leaky_relu)
    tanh, sigmoid, softplus = method_of(ops.tanh), method_of(ops.sigmoid), method_of(ops.softplus)
    sin, cos = method_of(ops.sin), method_of(ops.cos)
    if TYPE_CHECKING:  # of operations/further.py
        log1p = expm1 = tan = asin = acos = atan = sinh = cosh = erf = erfc = exp
        silu = gelu = softsign = elu = hard_tanh = square = reciprocal = exp

    def expand(self) -> Value:
        """This node's operation written with simpler ones, on the same operands; itself if it is primitive.

        The numbers are those of this node, bit for bit for ``sum``, ``dot`` and ``affine``.
        """
        if self.op is None or self.op.definition is None:
            return self
        expanded: Value = self.op.definition(*self.operands)
        return expanded

    @staticmethod
    def apply_operation(operation: Operation, operands: Sequence[Operand]) -> Value:
        """Record a node; an operation calls this when one of its operands is a Value."""
        return record(operation, *operands)

    def backward(self, seed: float = 1.0) -> None:
        """Backpropagate: add ``seed * d(self)/d(node)`` to the `grad` of leaves, and set that of the rest.

        A second call doubles the leaves' gradients (as adding up the examples of a batch needs) and leaves
        those of interior nodes as they are. Constants keep the gradient 0. If it is interrupted, by Ctrl-C
        or an error, some of the leaves' gradients may have been added to already: set them to 0 first.

        Args:
            seed: the derivative of the final result by this node; 1 where this node is the final result.

        Raises:
            TypeError: `seed`, or a leaf's `data` or `grad`, is not a number.
        """
        seed = to_float(seed, "the seed of backward()")
        order = topological_order(self)
        require_numbers(order)
        for node in order:
            if node.op is not None:
                node.grad = 0.0
        if not self.is_constant:
            self.grad += seed
        for node in reversed(order):
            for operand, slope in zip(node.operands, node.slopes, strict=True):
                if not operand.is_constant:
                    operand.grad += node.grad * slope

    def zero_grad(self) -> None:
        """Set this node's gradient to 0, as is wanted for leaves between two steps of training."""
        self.grad = 0.0


for _operation in ops.TABLE.values():
    if _operation.arity == 1 and not hasattr(Value, _operation.name):
        setattr(Value, _operation.name, method_of(_operation))

ROLE = "arithmetic with a Value"  # the role of an operand, for the message that refuses it
Operand: TypeAlias = "Value | float | Real | Decimal"


def record(operation: Operation, *operands: Operand) -> Value:
    """A new node: the operation applied to Values and numbers, with its local derivatives.

    Raises:
        TypeError: an operand is neither a Value nor a real number, or their number is wrong.
        ValueError, ZeroDivisionError: the operation is undefined there; the message names the operands.
    """
    operation.require_arity(len(operands))
    nodes = tuple([x if isinstance(x, Value) else Value.constant(to_float(x, ROLE)) for x in operands])
    for node in nodes:
        if type(node.data) is not float:  # data was overwritten with something that is no float
            require_numbers(topological_order(node), "data")
    values = [node.data for node in nodes]
    try:
        data: float = operation.forward(*values)
    except (ValueError, ZeroDivisionError) as error:
        raise undefined(operation, error, values, names_of(nodes)) from None
    slopes = operation.slopes(data, values, [not x.is_constant for x in nodes])
    return fill(object.__new__(Value), data, operation, nodes, tuple(slopes))


def fill(node: Value, data: float, op: Operation | None, operands: Any, slopes: tuple[float, ...]) -> Value:
    """Write the slots of a new node."""
    node.data, node.grad, node.label = data, 0.0, ""
    node.op, node.operands, node.slopes = op, operands, slopes
    note_origin(node)
    return node
