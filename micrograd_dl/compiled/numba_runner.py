"""Executing a program by an interpreter that Numba has compiled (extra ``fast``)."""

from __future__ import annotations

from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.compiled.numba_kernels import CODES, HEAD, WIDTH, run
from micrograd_dl.compiled.numpy_runner import NumpyRunner
from micrograd_dl.compiled.schedule import Group, Index, Program
from micrograd_dl.compiled.tape import LINEAR, MEAN
from micrograd_dl.compiled.tiles import alike, tiles
from micrograd_dl.compiled.vectors import BLOCK

Array: TypeAlias = NDArray[Any]


class NumbaRunner:
    """Executes one program; its memory is kept between calls.

    Args:
        program: what to execute.

    Raises:
        ValueError: the program has an operation that the interpreter does not know.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        phases = (program.before, program.each, program.after)
        numbers = [*map(len, phases), program.given_rows, len(program.broadcast), len(program.output_rows)]
        self._indices: list[Array] = []
        self._filled = HEAD + sum(map(len, phases)) * WIDTH
        for rows in (program.broadcast, program.broadcast_rows, program.output_rows):
            self._put(rows)
        table = [self._row(group) for groups in phases for group in groups]
        self._pool = np.concatenate([np.array([*numbers, *chain(*table)], np.int32), *self._indices])
        self._rows = _aligned_zeros((program.varying, BLOCK))
        self._out = np.empty((len(program.output_rows), 0))
        self._slow: NumpyRunner | None = None

    def run(self, shared: Array, X: Array) -> Array:
        """See :meth:`NumpyRunner.run`."""
        out = self._out
        # The rows are the caller's, and so never used again; where there are none, the empty array can be.
        if len(out) or out.shape[1] != X.shape[1]:
            self._out = out = np.empty((len(out), X.shape[1]))
        if run(self._pool, shared, self._rows, X, out):
            # The other runner finds out: an infinity may also have come in.
            self._slow = self._slow or NumpyRunner(self.program)
            return self._slow.run(shared, X)
        return out

    def _row(self, group: Group) -> list[int]:
        operation = group.operation
        code = CODES.get(operation)
        if code is None:
            raise ValueError(f"the runner numba does not know {operation.name}: use runner='numpy'")
        checked = group.checked and operation.defined is not None
        arrays = (group.a, group.b, group.starts, *self._together(group))
        offsets = [self._put(array) for array in arrays]
        if operation.arity == 1:
            offsets[1] = offsets[0]
        if operation.arity == 3:
            offsets[2] = self._put(group.c)
        return [code, int(checked), group.first, group.last, *offsets]

    @staticmethod
    def _together(group: Group) -> tuple[Index, Index, Index, Index]:
        """What the table has in its last four columns."""
        if group.operation is MEAN:
            return *tiles(group), group.a[:0]
        sums = group.operation is LINEAR and len(group.shared)
        return group.shared, group.weights, group.rows, alike(group) if sums else group.a[:0]

    def _put(self, array: Array) -> int:
        self._indices.append(array)
        self._filled += len(array)
        return self._filled - len(array)


def _aligned_zeros(shape: tuple[int, int]) -> Array:
    """Zeros that begin with a line of the cache: loads of vectors that straddle two take twice as long."""
    size = shape[0] * shape[1]
    memory = np.zeros(size + 8)
    begin = -memory.ctypes.data % 64 // 8
    return memory[begin : begin + size].reshape(shape)
