"""Executing a program by an interpreter that Numba has compiled (extra ``fast``)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import chain, pairwise
from typing import Any, TypeAlias

import numpy as np
from numba import types
from numba.core.ccallback import CFunc
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from micrograd_dl.compiled import numba_kernels as kernels
from micrograd_dl.compiled import tape
from micrograd_dl.compiled.numba_cache import keep_on_disk
from micrograd_dl.compiled.numba_rules import of_definition, of_three
from micrograd_dl.compiled.numpy_runner import Memory, NumpyRunner
from micrograd_dl.compiled.schedule import Group, Program
from micrograd_dl.compiled.vectors import BLOCK
from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation
from micrograd_dl.operations import BUILT_IN

Array: TypeAlias = NDArray[Any]

_WRITTEN = {tape.LINEAR: kernels.sums, tape.MEAN: kernels.means, ops.logsumexp: kernels.logsumexps}
# Whose kernels are kept on disk, by name: a user's own operation may be another one tomorrow. (With another
# slope at a kink, an operation has the same kernel.)
_KEPT = {
    op.name: op.forward for op in (*BUILT_IN.values(), tape.LINEAR, tape.MEAN, tape.GATE, tape.SLOPE_QUOTIENT)
}
_pointer: Any = types.CPointer
_NUMBERS, _INDICES = _pointer(types.float64), _pointer(types.uint32)
_SIGNATURE = ((_NUMBERS, _NUMBERS, _INDICES, _INDICES, types.uint64), types.void)

keep_on_disk(kernels.run)


@cache
def _kernel(operation: Operation) -> Any:
    """The compiled kernel of an operation: its forward rule, or else its definition by other operations."""
    ways: list[Callable[[], Any]] = []
    if operation in _WRITTEN:
        ways = [lambda: _WRITTEN[operation]]
    elif (count := operation.arity or 0) > 0:
        ways = [lambda: kernels.kernel_of(of_three(operation.forward, count), count)]
        if operation.definition is not None:
            ways.append(lambda: kernels.kernel_of(of_definition(operation.definition, count), count))
    for way in ways:
        try:
            function = way()
            function.__qualname__ = f"kernel_{operation.name}"
            kernel = CFunc(function, _SIGNATURE, {}, {"error_model": "numpy", "fastmath": {"contract"}})
            if _KEPT.get(operation.name) is operation.forward:
                keep_on_disk(kernel)
            kernel.compile()
        except (NumbaError, NotImplementedError):
            continue
        return kernel
    raise ValueError(
        f"the runner numba cannot compile {operation.name}: use runner='numpy', or give the operation a "
        "forward rule of arithmetic and math, which raises nothing, or a definition"
    )


class NumbaRunner:
    """Executes one program; ValueError if it has an operation that Numba cannot compile."""

    def __init__(self, program: Program) -> None:
        self.program = program
        phases = (program.before, program.each, program.after)
        operations = dict.fromkeys(g.operation for gs in phases for g in gs)
        self._kernels = {operation: k for k, operation in enumerate(operations)}
        addresses = np.array([_kernel(operation).address for operation in operations], np.int64)
        sizes = len(program.broadcast), len(program.output_rows), len(addresses), 0
        numbers = [*map(len, phases), program.given_rows, *sizes]
        self._indices: list[Array] = []
        self._filled = kernels.HEAD + 2 * len(addresses) + sum(map(len, phases)) * kernels.WIDTH
        for rows in (program.broadcast, program.broadcast_rows, program.output_rows):
            self._put(rows)
        table = [self._row(group) for groups in phases for group in groups]
        head = (numbers, addresses.view(np.int32), [*chain(*table)])
        self._pool = np.concatenate([*(np.array(x, np.int32) for x in head), *self._indices])
        self._n_outputs, self._none = len(program.output_rows), np.empty((0, 0))

    def run(self, memory: Memory) -> Array:
        """As :meth:`NumpyRunner.run`."""
        X, rows = memory.X, memory.rows
        if rows.shape[1] != BLOCK:
            rows = memory.rows = _aligned_zeros((self.program.varying, BLOCK))
        out = np.empty((self._n_outputs, X.shape[1])) if self._n_outputs else self._none
        if kernels.run(self._pool, memory.shared, rows, X, out):
            memory.rows = rows[:, :0]
            return NumpyRunner(self.program).run(memory)  # it finds out: an infinity may also have come in
        return out

    def _row(self, group: Group) -> list[int]:
        operation = group.operation
        checked = group.checked and operation.defined is not None
        terms = (group.starts, group.shared, group.weights, group.rows, fours(group))
        offsets = [self._put(array) for array in (group.a, group.b, group.c, *terms)]
        for k in range(operation.arity or 3, 3):  # operands that are not there, and not looked at
            offsets[k] = offsets[0]
        flags = int(checked), int(operation is tape.MEAN)
        return [self._kernels[operation], *flags, group.first, len(group), *offsets]

    def _put(self, array: Array) -> int:
        self._indices.append(array)
        self._filled += len(array)
        return self._filled - len(array)


def fours(group: Group) -> Array:
    """For each sum over examples, True if it and the next three read the same rows, as a layer's units do."""
    found = np.zeros(len(group), np.int32)
    pairs = pairwise(group.starts.tolist())
    if group.operation is tape.MEAN:
        rows: list[Any] = [int(group.a[p]) if end == p + 1 else None for p, end in pairs]
    elif len(group.shared):
        ends = pairwise(group.shared.tolist())
        rows = [
            group.rows[i:j].tobytes() if p == q else None for (i, j), (p, q) in zip(ends, pairs, strict=True)
        ]
    else:
        return found[:0]
    k = 0
    while k + 4 <= len(rows):
        found[k] = rows[k] is not None and rows[k : k + 4] == [rows[k]] * 4
        k += 4 if found[k] else 1
    return found


def _aligned_zeros(shape: tuple[int, int]) -> Array:
    """Zeros that begin with a line of the cache: loads of vectors that straddle two take twice as long."""
    size = shape[0] * shape[1]
    memory = np.zeros(size + 8)
    begin = -memory.ctypes.data % 64 // 8
    return memory[begin : begin + size].reshape(shape)
