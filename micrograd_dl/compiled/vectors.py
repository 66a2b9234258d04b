"""Two things that Numba lacks: vectors in registers, and calls of a function by its address.

LLVM does not keep several sums over rows in registers by itself: the row that is written might be one of
those that are read. With these functions it does. A row is one of a matrix ``(n, BLOCK)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic, models, register_model

BLOCK = 128  # columns; sums go along a row by two vectors at a time, to its end and not beyond it

# How many numbers a register holds; any count is right, and others are slower.
_FEATURES: str = cpu_target.target_context.codegen().magic_tuple()[2]
LANES = 8 if "+avx512f" in _FEATURES else 4 if "+avx" in _FEATURES else 2
assert BLOCK % (2 * LANES) == 0

_DOUBLE, _INT32, _INT64 = ir.DoubleType(), ir.IntType(32), ir.IntType(64)
_DOUBLES = ir.VectorType(_DOUBLE, LANES)


class _Vector(types.Type):
    """Numba's type of LANES numbers."""

    def __init__(self) -> None:
        super().__init__(name=f"{LANES} doubles")


_VECTOR = _Vector()


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: Any) -> None:
        # Numba has no types for the checker, which would refuse to call what has none.
        super().__init__(manager, numba_type, _DOUBLES)  # type: ignore[no-untyped-call]  # see above


def _vector_at(builder: Any, args: Any) -> Any:
    """Where the numbers of row ``args[1]`` from column ``args[2]`` on are; ``args[0]`` points to all rows."""
    place = builder.add(builder.mul(args[1], ir.Constant(_INT64, BLOCK)), args[2])
    return builder.bitcast(builder.gep(args[0], [place]), _DOUBLES.as_pointer())


def _function(generator: Callable[..., Any]) -> Any:
    return intrinsic(generator)  # which a type checker would give the generator's first parameter, too


@_function
def zeros(_typing: Any) -> Any:
    """``zeros()``: 0 in all lanes."""
    return _VECTOR(), lambda *_: ir.Constant(_DOUBLES, [0.0] * LANES)


@_function
def load(_typing: Any, V: Any, row: Any, column: Any) -> Any:
    """``load(V, row, column)``: the numbers from that column on."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        loaded = builder.load(_vector_at(builder, args))
        loaded.align = 8  # bytes: no more is known of where a row begins
        return loaded

    return _VECTOR(V, types.uint64, types.uint64), generate


@_function
def store(_typing: Any, V: Any, row: Any, column: Any, vector: Any) -> Any:
    """``store(V, row, column, vector)``: write the numbers from that column on."""

    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        builder.store(args[3], _vector_at(builder, args)).align = 8
        return context.get_dummy_value()

    return types.void(V, types.uint64, types.uint64, vector), generate


@_function
def plus_product(_typing: Any, vector: Any, x: Any, y: Any) -> Any:
    """``plus_product(vector, x, y)``: ``vector + x * y`` of a number x and a vector y."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        total, x, y = args
        undefined = ir.Constant(_DOUBLES, ir.Undefined)
        first = builder.insert_element(undefined, x, ir.Constant(_INT32, 0))
        in_all_lanes = ir.Constant(ir.VectorType(_INT32, LANES), [0] * LANES)
        product = builder.fmul(builder.shuffle_vector(first, undefined, in_all_lanes), y, flags=("contract",))
        return builder.fadd(total, product, flags=("contract",))

    return _VECTOR(vector, x, y), generate


@_function
def call(_typing: Any, address: Any, U: Any, V: Any, pool: Any, row: Any, n: Any) -> Any:
    """``call(address, U, V, pool, row, n)``: the function there takes pointers instead of arrays, and n."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        arrays = zip(signature.args[1:5], args[1:5], strict=True)
        pointers = [context.make_array(kind)(context, builder, array).data for kind, array in arrays]
        kind = ir.FunctionType(ir.VoidType(), [*(p.type for p in pointers), _INT64])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [*pointers, args[5]])
        return context.get_dummy_value()

    return types.void(types.int64, U, V, pool, row, types.uint64), generate
