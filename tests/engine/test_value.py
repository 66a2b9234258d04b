"""The face of a Value: what it is made of, what it refuses, how it compares, shows itself and is copied."""

from __future__ import annotations

import copy
import math
import operator
import pickle
import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.engine import ops
from micrograd_dl.engine.functions import affine
from micrograd_dl.engine.gradients import grad
from micrograd_dl.engine.operation import Operation
from micrograd_dl.engine.ops import CONSTANT, TABLE
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.foundation.number_like import GraphCutWarning
from micrograd_dl.testing import numbers, operands

apply = Value.apply_operation

NUMPY_TYPES = [
    np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64,
    np.float16, np.float32, np.float64, np.longdouble,
]  # fmt: skip


def record(node: Value) -> tuple[Any, ...]:
    """All that a node has recorded, the derivatives by constants aside: nobody may ask for those."""
    slopes = [
        slope for parent, slope in zip(node.operands, node.slopes, strict=True) if not parent.is_constant
    ]
    operands = [(parent if parent.is_leaf else parent.data) for parent in node.operands]
    return node.op, node.data, node.grad, node.label, operands, slopes


def test_what_a_leaf_is() -> None:
    x = Value(3, "x")
    assert (x.data, x.grad, x.op, x.label, x.operands, x.slopes) == (3.0, 0.0, None, "x", (), ())
    assert type(x.data) is float
    assert x.is_leaf
    assert not x.is_constant
    assert Value(1.0).label == ""
    assert x.origin is not None
    assert x.origin.file == __file__


def test_a_constant() -> None:
    c = Value.constant(3)
    assert (c.data, c.op, c.operands, c.slopes) == (3.0, CONSTANT, (), ())
    assert c.is_constant
    assert not c.is_leaf


def test_a_value_of_a_value_is_refused() -> None:
    for make in (Value, Value.constant):
        with pytest.raises(TypeError, match=r"Value"):
            make(Value(1.0))
    with pytest.raises(TypeError, match=r"^this is a Value already; .* write Value\(v\.data\)$"):
        Value(Value(1.0))


@pytest.mark.parametrize("label", [1, None, b"x", Value(1.0)])
def test_a_label_is_text(label: object) -> None:
    with pytest.raises(TypeError, match=rf"^a label is text, not the {type(label).__name__} "):
        Value(1.0, label)  # type: ignore[arg-type]  # that it is refused is what is tested


def test_there_is_no_room_for_other_attributes() -> None:
    with pytest.raises(AttributeError):
        Value(1.0).gradient = 1.0  # type: ignore[attr-defined]  # a misspelling, which is to be noticed


# --- operators ----------------------------------------------------------------------------------------------

OPERATORS = [
    (getattr(operator, spelling), TABLE[name])
    for name in TABLE
    for spelling in (name, f"true{name}")
    if hasattr(operator, spelling)
]


@pytest.mark.parametrize(("python", "operation"), OPERATORS, ids=str)
@given(data=st.data())
def test_an_operator_records_what_the_table_says(
    python: Callable[..., Value], operation: Operation, data: st.DataObject
) -> None:
    x = [Value(number) for number in data.draw(operands(operation))]
    assert record(python(*x)) == record(apply(operation, x))
    if operation.arity == 2:
        pairs: list[list[Any]] = [[x[0], x[1].data], [x[0].data, x[1]], [x[0], x[0]]]
        for mixed in pairs:
            try:
                expected = apply(operation, mixed)
            except (ValueError, ZeroDivisionError):
                continue  # a negative number to the power of itself, 0 / 0
            assert record(python(*mixed)) == record(expected)


@pytest.mark.parametrize("python", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
@pytest.mark.parametrize(
    "number", [2, 2.0, True, Fraction(3, 2), Decimal("1.5"), *(kind(1) for kind in NUMPY_TYPES)], ids=repr
)
def test_numbers_of_every_kind_take_part_on_both_sides(python: Callable[..., Any], number: Any) -> None:
    x = Value(3.0)
    for node, expected in (
        (python(x, number), python(3.0, float(number))),
        (python(number, x), python(float(number), 3.0)),
    ):
        assert type(node) is Value
        assert node.data == expected
        assert sum(parent is x for parent in node.operands) == 1
        assert sum(parent.is_constant and parent.data == float(number) for parent in node.operands) == 1


@pytest.mark.parametrize("python", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ("1", "float"),
        (None, "forgotten its return"),
        (1j, "real"),
        ([1.0], r"\[Value\(x\) for x in xs\]"),
        (np.ones(2), "item"),
        (np.array(1.0), "item"),
        (np.ones((2, 1)), "item"),
    ],
    ids=repr,
)
def test_what_is_no_number_is_refused_on_both_sides(
    python: Callable[..., Value], wrong: Any, advice: str
) -> None:
    for pair in ((Value(1.0), wrong), (wrong, Value(1.0))):
        with pytest.raises(
            TypeError, match=rf"^arithmetic with a Value takes a real number, not the .*{advice}"
        ):
            python(*pair)


@pytest.mark.parametrize(
    "operation",
    [op for op in TABLE.values() if hasattr(Value, op.name)],
    ids=lambda operation: operation.name,
)
def test_a_method_is_the_operation_of_its_name(operation: Operation) -> None:
    x = [Value(0.5), Value(2.0)][: operation.arity]
    assert record(getattr(x[0], operation.name)(*x[1:])) == record(operation(*x))
    assert getattr(Value, operation.name).__doc__


def test_an_operand_used_twice_is_two_operands() -> None:
    x = Value(3.0)
    for node in (x + x, x * x, x - x, x / x, ops.sum(x, x), ops.dot(x, x)):
        assert node.operands == (x, x)
        assert len(node.slopes) == 2


@given(numbers())
def test_conversions_speak_of_the_data(x: float) -> None:
    v = Value(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GraphCutWarning)
        assert (float(v), int(v), bool(v), v.item()) == (x, int(x), bool(x), x)


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
@given(x=numbers(), y=numbers())
def test_order_is_that_of_the_data(compare: Callable[[Any, Any], bool], x: float, y: float) -> None:
    expected = compare(x, y)
    for pair in ((Value(x), Value(y)), (Value(x), y), (x, Value(y)), (np.float64(x), Value(y))):
        assert compare(*pair) is expected
    assert compare(Value(x), Value(x)) is compare(x, x)


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
def test_order_among_other_things(compare: Callable[[Any, Any], bool]) -> None:
    assert compare(Value(math.nan), 1.0) is False
    assert compare(Value(1.0), Fraction(1, 2)) is compare(1.0, 0.5)
    for wrong in ("1", None, np.ones(1)):
        with pytest.raises(TypeError, match=r"^comparison with a Value takes a real number"):
            compare(Value(1.0), wrong)


def test_two_values_are_equal_if_they_are_one_and_a_number_is_compared_with_the_data() -> None:
    x, twin = Value(1.0), Value(1.0)
    everything: list[object] = [x, twin, 1.0, 1, Fraction(1), Decimal(1), np.float32(1), 2.0, "1", None]
    equal = [True, False, True, True, True, True, True, False, False, False]
    assert [x == other for other in everything] == equal
    assert [other == x for other in everything] == equal
    assert [x != other for other in everything] == [not same for same in equal]
    assert len({x, twin, x}) == 2
    x.data = 5.0
    assert {x: "found"}[x] == "found"


@pytest.mark.parametrize("convert", [float, int, math.exp, math.cos, lambda v: np.array([v], float)])
def test_a_conversion_to_a_plain_number_warns_at_its_line(convert: Callable[[Any], Any]) -> None:
    with pytest.warns(GraphCutWarning, match=r"write exp\(v\)|Write exp\(v\)") as caught:
        convert(Value(1.0))
    assert [warning.filename for warning in caught] == [__file__]


def test_what_is_no_cut_does_not_warn() -> None:
    v = Value(1.0)
    assert (f"{v:.2f}", f"{v}", v.item(), v.data, bool(v), v > 0) == ("1.00", repr(v), 1.0, 1.0, True, True)
    assert math.exp(Value.constant(1.0)) == math.e


@pytest.mark.parametrize(
    ("use", "remedy"),
    [
        (
            lambda v: np.exp(v),
            r"np\.exp does not take a Value: write exp\(v\), with `from micrograd_dl import exp`",
        ),
        (lambda v: np.arctan(v), r"write np\.arctan\(v\.data\)"),
        (lambda v: np.add(np.ones(2), v), "take one element with"),
        (lambda v: round(v), r"write round\(v\.data\).*, to show it f'\{v:\.2f\}'"),
        (lambda v: round(v, 2), r"round\(v\.data\)"),
        (lambda v: v // 2, r"v\.data // 2.*to divide, v / w"),
        (lambda v: 2 // v, "to divide, v / w"),
        (lambda v: v % 2, r"v\.data % 2"),
        (lambda v: 2 % v, r"v\.data % 2"),
        (lambda v: divmod(v, 2), r"divmod\(v\.data, 2\)"),
        (lambda v: divmod(2, v), r"divmod\(v\.data, 2\)"),
        (lambda v: math.floor(v), r"math\.floor\(v\.data\)"),
        (lambda v: math.ceil(v), r"math\.ceil\(v\.data\)"),
        (lambda v: math.trunc(v), r"math\.trunc\(v\.data\)"),
        (lambda v: v @ v, r"write v \* w; the product of two lists of Values is dot\(w, x\)"),
        (lambda v: [1.0] @ v, r"dot\(w, x\)"),
        (lambda v: Value("a", 5), r"the number comes first, Value\(5, 'a'\)"),  # type: ignore[arg-type]  # refused
        (lambda v: ops.exp("text"), r"exp takes a real number, not the str 'text': convert text with float"),
    ],
)
def test_what_a_first_user_types_is_answered_with_a_remedy(use: Callable[[Any], Any], remedy: str) -> None:
    with pytest.raises(TypeError, match=remedy):
        use(Value(1.5))


BUILDS: list[Callable[[Value], Value]] = [
    lambda w: w * w,
    lambda w: w + 1,
    lambda w: w - 1,
    lambda w: (w * 2).tanh(),
    lambda w: w.relu(),
    lambda w: ops.dot(w, w),
    lambda w: affine([w], [Value(3.0)], Value(1.0)),
]


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("wrong", [np.array([1.0, 2.0]), "x", None])
def test_what_is_no_number_in_data_is_refused_at_the_latest_by_backward(
    build: Callable[[Value], Value], wrong: Any
) -> None:
    w = Value(1.0, "w")
    w.data = wrong
    with pytest.raises(TypeError, match="the data of w takes a real number, not the "):
        build(w).backward()
    with pytest.raises(TypeError, match="the data of w takes a real number, not the "):
        grad(build(w), [w], create_graph=True)


@pytest.mark.parametrize("number", [3, np.float64(3.0), np.int64(3), True, Decimal(3)])
def test_any_number_may_be_assigned_to_data(number: Any) -> None:
    w = Value(1.0)
    w.data = number
    J = w * w + w - w / 1
    J.backward()
    assert (float(J.data), w.grad) == (number * number, 2 * number)
    for build in BUILDS:
        w.data = number
        assert build(w).data == build(Value(number)).data


def test_a_gradient_that_is_none_is_refused_with_what_to_write() -> None:
    w = Value(1.0, "w")
    for J in (w * w, w.exp(), ops.dot(w, w), w):
        w.grad = None  # type: ignore[assignment]  # as PyTorch's users write it
        with pytest.raises(
            TypeError, match=r"the grad of w is None: write v\.grad = 0\.0, or v\.zero_grad\(\)"
        ):
            J.backward()


def test_a_gradient_of_another_kind_is_refused_or_converted() -> None:
    w: Any = Value(2.0, "w")
    w.grad = Decimal(1)
    try:
        (w * w).backward()
    except TypeError as error:
        assert "call zero_grad() of the leaves" in str(error)  # noqa: PT017 - the plain engine converts it
    else:
        assert w.grad == 5.0


def test_what_micrograd_calls_them() -> None:
    a, b = Value(2.0), Value(3.0)
    c = a * b + a
    assert +c is c
    assert c._prev == {a, c.operands[0]}
    assert (c._op, c.operands[0]._op, a._op, a._prev) == ("+", "*", "", set())


def test_representations() -> None:
    x = Value(0.1 + 0.2, 'the "x"')
    assert repr(x) == "Value(data=0.30000000000000004, label='the \"x\"')"
    x.grad = -2.0
    assert repr(x) == "Value(data=0.30000000000000004, grad=-2.0, label='the \"x\"')"
    assert repr(Value(1)) == "Value(data=1.0)"
    assert str(Value(1)) == f"{Value(1)}" == "Value(data=1.0)"
    assert f"{x:.2f}" == "0.30"
    assert f"{Value(1234.5):>10,.1f}" == "   1,234.5"


def pickled(value: Value) -> Value:
    twin: Value = pickle.loads(pickle.dumps(value))
    return twin


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_a_leaf_is_copied_with_what_it_holds(copied: Callable[[Value], Value]) -> None:
    x = Value(3.0, "x")
    x.grad = 4.0
    twin = copied(x)
    assert twin is not x
    assert record(twin) == record(x)
    constant = copied(Value.constant(2.0))
    assert constant.is_constant
    assert constant.data == 2.0


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_graph_is_not_copied(copied: Callable[[Value], Any]) -> None:
    with pytest.raises(TypeError, match=r"^only leaves are copied or pickled: run the program again"):
        copied(Value(1.0) + 1)


def test_a_subclass_takes_part_like_any_other() -> None:
    class Parameter(Value):
        """A leaf that is to be trained."""

    w = Parameter(3.0, "w")
    J = (-w).exp() + w * w + ops.sum(w, w) + (2 * w)
    assert all(parent is w for parent in w.exp().operands)
    J.backward()
    assert w.grad == pytest.approx(-math.exp(-3.0) + 6.0 + 2.0 + 2.0)
    assert (2 * w).operands[1] is w


def test_operands_come_before_results_and_left_before_right() -> None:
    a, b, c = Value(1, "a"), Value(2, "b"), Value(3, "c")
    left, right = a * b, b * c
    root = left + right
    assert topological_order(root) == [a, b, left, c, right, root]
