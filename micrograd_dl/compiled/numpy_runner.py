"""Executing a program with NumPy: one call an operation and level of the graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micrograd_dl.compiled.schedule import Group, Program
from micrograd_dl.compiled.tape import LINEAR, MEAN
from micrograd_dl.engine import ops
from micrograd_dl.engine.operation import Operation

Array: TypeAlias = NDArray[Any]

_NUMBERS_AT_A_TIME = 2**22  # numbers of examples that are computed at a time
_DENSE = 0.3  # weights that fill at least this part of a matrix are multiplied as one, by BLAS
_ARITHMETIC = {ops.add, ops.sub, ops.mul, ops.neg, ops.div}  # whose rules for numbers serve arrays


class SuspectError(Exception):
    """An operation that may be undefined for the example of this number."""

    def __init__(self, example: int) -> None:
        super().__init__(example)
        self.example = example


class Memory:
    """The arrays that one call works in, so that several calls may run at a time."""

    def __init__(self, program: Program, n_columns: int, parameters: slice) -> None:
        self.shared = program.numbers.copy()
        self.theta = self.shared[parameters]
        self.X = np.empty((n_columns, 0))  # the columns that are given, (n, m)
        self.rows: Array = np.empty((program.varying, 0))  # the matrix of slots that vary


class NumpyRunner:
    """Executes one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._products = {id(group): _Product(group) for group in program.each if group.operation is LINEAR}

    @np.errstate(all="ignore")
    def run(self, memory: Memory) -> Array:
        """Execute the program: shared results stay in the memory, rows are handed out, ``(n, m)``.

        SuspectError if an operation is undefined for an example.
        """
        shared, X = memory.shared, memory.X
        program, m = self.program, X.shape[1]
        for group in program.before:
            self._execute(group, shared, shared, 0)
        out = np.empty((len(program.output_rows), m))
        means = [group for group in program.each if group.operation is MEAN]
        for group in means:
            shared[group.first : group.last] = 0
        width = max(1, min(m, _NUMBERS_AT_A_TIME // max(1, program.varying)))
        for begin in range(0, m if program.varying else 0, width):
            columns = X[:, begin : begin + width]
            if memory.rows.shape[1] != columns.shape[1]:
                memory.rows = np.empty((program.varying, columns.shape[1]))
            V = memory.rows
            V[: len(X)] = columns
            V[len(X) : program.given_rows] = 1.0  # the derivative of each example's result by itself
            V[program.broadcast_rows] = shared[program.broadcast][:, None]
            for group in program.each:
                self._execute(group, V, shared, begin)
            out[:, begin : begin + width] = V[program.output_rows]
        for group in means:
            shared[group.first : group.last] /= m
        for group in program.after:
            self._execute(group, shared, shared, 0)
        return out

    def _execute(self, group: Group, V: Array, shared: Array, begin: int) -> None:
        """Do one group, on the shared vector or on the matrix of examples."""
        a, b, operation = group.a, group.b, group.operation
        target = slice(group.first, group.last)
        if operation is MEAN:
            shared[target] += _sums(np.einsum("ij,ij->i", V[a], V[b]), group.starts)
        elif operation is LINEAR:
            total = _sums(V[a] * V[b], group.starts)
            V[target] = total if V is shared else total + self._products[id(group)](shared, V)
        elif operation.arity is None:
            for k, (start, end) in enumerate(pairwise(group.starts)):
                V[group.first + k] = _applied(operation, [*V[a[start:end]]])
        else:
            operands = [V[places] for places in (a, b, group.c)[: operation.arity]]
            V[target] = _applied(operation, operands)
            if group.checked and operation.defined is not None:
                _require_defined(group, operands, V[target], begin)


def _applied(operation: Operation, operands: Sequence[Array]) -> Array:
    """The result of an operation for each entry; without a rule for arrays one after the other."""

    def entry(*numbers: float) -> float:
        try:
            return float(operation.forward(*map(float, numbers)))
        except (ValueError, ZeroDivisionError):
            return math.nan

    if operation in _ARITHMETIC:
        result: Array = operation.forward(*operands)
    elif operation.array is not None:
        result = operation.array(np, *operands)
    else:
        result = np.vectorize(entry, otypes=[float])(*operands)
    return result


def _sums(terms: Array, starts: Array) -> Array:
    """The sum of ``terms[starts[k]:starts[k + 1]]`` for each k; 0 of none."""
    total = np.zeros((len(starts) - 1, *terms.shape[1:]))
    some = np.flatnonzero(np.diff(starts))
    if len(some):
        total[some] = np.add.reduceat(terms, starts[some], axis=0)
    return total


def _require_defined(group: Group, operands: Sequence[Array], result: Array, begin: int) -> None:
    """Raise SuspectError if an operation is undefined for an example: its result is not finite then."""
    for entry in zip(*np.nonzero(~np.isfinite(result)), strict=True):
        values = [float(x[entry]) for x in operands]
        try:
            group.operation.forward(*values)
        except (ValueError, ZeroDivisionError):
            raise SuspectError(begin + int(entry[1]) if len(entry) > 1 else -1) from None


class _Product:
    """The terms of a group that multiply shared numbers by rows: as a matrix product if that is faster."""

    def __init__(self, group: Group) -> None:
        self.weights, self.rows, self.starts = group.weights, group.rows, group.shared
        self.inputs, columns = np.unique(group.rows, return_inverse=True)
        owner = np.repeat(np.arange(len(group)), np.diff(group.shared))
        self.flat = owner * len(self.inputs) + columns
        self.shape = (len(group), len(self.inputs))
        self.dense = 0 < self.shape[0] * self.shape[1] <= len(self.rows) / _DENSE

    def __call__(self, shared: Array, V: Array) -> Array:
        if self.dense:
            W = np.bincount(self.flat, shared[self.weights], self.shape[0] * self.shape[1])
            product: Array = W.reshape(self.shape) @ V[self.inputs]
            if np.isfinite(product).all():  # else 0 times an infinity is in it, in sums without that row
                return product
        return _sums(shared[self.weights][:, None] * V[self.rows], self.starts)
