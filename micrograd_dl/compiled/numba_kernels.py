"""The interpreter of programs, which Numba compiles once for all graphs.

A row of the matrix `V` has the numbers of one slot for a block of examples, and inner loops go along rows. A
block of all rows fits the cache of a core. Numbers that all examples share are in the vector `U`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from micrograd_dl.compiled.numba_rules import compiled, exp
from micrograd_dl.compiled.vectors import BLOCK, LANES, call, load, plus_product, store, zeros

# `pool` has all whole numbers of a program: HEAD counts, the addresses of kernels, a table of WIDTH numbers
# for each group, and the indices that the table points to. Its row for a group has the number of the kernel,
# two flags, the first place that is written, how many, and where the arrays of the `schedule.Group` begin.
# A kernel takes pointers to U, V, the pool and its row. It works on U if n is 0, else on n columns of V.
HEAD, WIDTH = 8, 13
KERNEL, CHECKED, OF_MEANS, FIRST, COUNT, A, B, C, STARTS, SHARED, WEIGHTS, ROWS, FOURS = range(WIDTH)

# Unsigned, as all indices are: Numba would ask of a signed one whether it counts from the end.
_0, _1, _2, _3, _4 = (np.uint64(n) for n in range(5))
_LANES, _BLOCK = np.uint64(LANES), np.uint64(BLOCK)


def kernel_of(rule: Any, count: int) -> Any:
    """The kernel of a rule on up to three numbers; it passes the first `count`."""

    def kernel(U: Any, V: Any, pool: Any, row: Any, n: Any) -> None:
        first, a, b, c = row[FIRST], row[A], row[B], row[C]
        if n:
            for k in range(row[COUNT]):
                out, x = _BLOCK * (first + k), _BLOCK * pool[a + k]
                y, z = _BLOCK * pool[b + k], _BLOCK * pool[c + k]
                for column in range(n):
                    V[out + column] = rule(V[x + column], V[y + column], V[z + column])
        elif count == 1:
            for k in range(row[COUNT]):  # first to where they follow each other: a rule then goes by vectors
                U[first + k] = U[pool[a + k]]
            for k in range(row[COUNT]):
                U[first + k] = rule(U[first + k], 0.0, 0.0)
        else:
            for k in range(row[COUNT]):
                U[first + k] = rule(U[pool[a + k]], U[pool[b + k]], U[pool[c + k]])

    return kernel


def sums(U: Any, V: Any, pool: Any, row: Any, n: Any) -> None:
    """The kernel of sums of products."""
    a, b, starts = row[A], row[B], row[STARTS]
    if n:
        k = _0
        while k < row[COUNT]:
            if pool[row[FOURS] + k]:
                _four_sums(U, V, pool, row, k, n)
                k += _4
            else:
                _one_sum(U, V, pool, row, k, n)
                k += _1
        return
    for number in range(row[COUNT]):
        # Two sums in turns, so that an addition need not wait for the one before it.
        even, odd, p, end = 0.0, 0.0, pool[starts + number] + _0, pool[starts + number + _1] + _0
        while p + _2 <= end:
            even += U[pool[a + p]] * U[pool[b + p]]
            odd += U[pool[a + p + _1]] * U[pool[b + p + _1]]
            p += _2
        if p < end:
            even += U[pool[a + p]] * U[pool[b + p]]
        U[row[FIRST] + number] = even + odd


@compiled(inline="always")  # so that vectors stay in registers
def _plus_products(s0: Any, s1: Any, s2: Any, s3: Any, x0: Any, x1: Any, x2: Any, x3: Any, y: Any) -> Any:
    """Four sums, each with the product of y and its own number."""
    return plus_product(s0, x0, y), plus_product(s1, x1, y), plus_product(s2, x2, y), plus_product(s3, x3, y)


@compiled()
def _four_sums(U: Any, V: Any, pool: Any, row: Any, k: Any, n: Any) -> None:
    """Sum k and the next three, of the same rows: each number of a row is loaded once for all."""
    o, rows, c = row[FIRST] + k, row[ROWS] + pool[row[SHARED] + k], _0
    count = pool[row[SHARED] + k + _1] - pool[row[SHARED] + k]
    w0 = row[WEIGHTS] + pool[row[SHARED] + k]
    w1, w2, w3 = w0 + count, w0 + _2 * count, w0 + _3 * count
    while c < n:
        d = c + _LANES
        s0, s1, s2, s3 = zeros(), zeros(), zeros(), zeros()
        t0, t1, t2, t3 = zeros(), zeros(), zeros(), zeros()
        for p in range(count):
            r = pool[rows + p]
            x, y = load(V, r, c), load(V, r, d)
            u0, u1, u2, u3 = U[pool[w0 + p]], U[pool[w1 + p]], U[pool[w2 + p]], U[pool[w3 + p]]
            s0, s1, s2, s3 = _plus_products(s0, s1, s2, s3, u0, u1, u2, u3, x)
            t0, t1, t2, t3 = _plus_products(t0, t1, t2, t3, u0, u1, u2, u3, y)
        store(V, o, c, s0), store(V, o, d, t0)
        store(V, o + _1, c, s1), store(V, o + _1, d, t1)
        store(V, o + _2, c, s2), store(V, o + _2, d, t2)
        store(V, o + _3, c, s3), store(V, o + _3, d, t3)
        c = d + _LANES


@compiled(fastmath={"contract"})
def _one_sum(U: Any, V: Any, pool: Any, row: Any, k: Any, n: Any) -> None:
    out = _BLOCK * (row[FIRST] + k)
    for c in range(n):
        V[out + c] = 0.0
    for p in range(pool[row[SHARED] + k], pool[row[SHARED] + k + _1]):
        w, x = U[pool[row[WEIGHTS] + p]], _BLOCK * pool[row[ROWS] + p]
        for c in range(n):
            V[out + c] += w * V[x + c]
    for p in range(pool[row[STARTS] + k], pool[row[STARTS] + k + _1]):
        x, y = _BLOCK * pool[row[A] + p], _BLOCK * pool[row[B] + p]
        for c in range(n):
            V[out + c] += V[x + c] * V[y + c]


@compiled(fastmath={"contract", "reassoc"})  # sums in any order: one after the other would take longer
def _sum_of_products(V: Any, i: Any, j: Any, n: Any) -> Any:
    i, j, s = _BLOCK * i, _BLOCK * j, 0.0
    for c in range(n):
        s += V[i + c] * V[j + c]
    return s


@compiled(fastmath={"contract", "reassoc"})
def _four_sums_of_products(V: Any, i: Any, j0: Any, j1: Any, j2: Any, j3: Any, n: Any) -> Any:
    """Row i with four others; each number of row i is loaded once for all."""
    i, j0, j1, j2, j3 = _BLOCK * i, _BLOCK * j0, _BLOCK * j1, _BLOCK * j2, _BLOCK * j3
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    for c in range(n):
        x = V[i + c]
        s0 += x * V[j0 + c]
        s1 += x * V[j1 + c]
        s2 += x * V[j2 + c]
        s3 += x * V[j3 + c]
    return s0, s1, s2, s3


def means(U: Any, V: Any, pool: Any, row: Any, n: Any) -> None:
    """The kernel of means: add the block's sums of products to numbers, which are divided at the end."""
    a, b, starts, k = row[A], row[B], row[STARTS], _0
    while k < row[COUNT]:
        p, end, out = pool[starts + k] + _0, pool[starts + k + _1] + _0, row[FIRST] + k
        if pool[row[FOURS] + k]:
            j = b + p
            s0, s1, s2, s3 = _four_sums_of_products(
                V, pool[a + p], pool[j], pool[j + _1], pool[j + _2], pool[j + _3], n
            )
            U[out] += s0
            U[out + _1] += s1
            U[out + _2] += s2
            U[out + _3] += s3
            k += _4
        else:
            for q in range(p, end):
                U[out] += _sum_of_products(V, pool[a + q], pool[b + q], n)
            k += _1


def logsumexps(U: Any, V: Any, pool: Any, row: Any, n: Any) -> None:
    """The kernel of logarithms of sums of exponentials."""
    numbers, stride, width = (V, _BLOCK, n) if n else (U, _1, _1)
    others = np.empty(width)  # the sum of e^(x - largest) for all x but the largest so far
    for k in range(row[COUNT]):
        out = stride * (row[FIRST] + k)
        first, end = row[A] + pool[row[STARTS] + k], row[A] + pool[row[STARTS] + k + _1]
        for c in range(width):
            numbers[out + c], others[c] = numbers[stride * pool[first] + c], 0.0
        for p in range(first + _1, end):
            for c in range(width):
                x, largest = numbers[stride * pool[p] + c], numbers[out + c]
                e = 1.0 if x == largest else exp(-abs(x - largest))  # inf - inf is NaN
                others[c] = (others[c] + 1.0) * e if x > largest else others[c] + e
                numbers[out + c] = max(largest, x)
        for c in range(width):
            numbers[out + c] += math.log1p(others[c])


@compiled()
def _do(U: Any, V: Any, pool: Any, table: Any, n: Any, addresses: Any) -> bool:
    """Run groups on the shared vector (n is 0) or on n columns; True if a result may be undefined."""
    suspect = False
    for row in table:
        first, last = row[FIRST], row[FIRST] + row[COUNT]
        call(addresses[row[KERNEL]], U, V, pool, row, n)
        if row[CHECKED]:
            for k in range(first, last):
                if n == 0:
                    suspect |= not math.isfinite(U[k])
                for c in range(n):
                    suspect |= not math.isfinite(V[k, c])
    return suspect


@compiled()
def _divide_means(U: Any, table: Any, m: int) -> None:
    """Divide sums over m examples by m; make them 0 if it is 0."""
    for row in table:
        if row[OF_MEANS]:
            for k in range(row[FIRST], row[FIRST] + row[COUNT]):
                U[k] = U[k] / m if m else 0.0


@compiled()
def run(pool: Any, U: Any, V: Any, X: Any, out: Any) -> bool:
    """Run a program on U, V and the columns X ``(n, m)``; True if an operation may have been undefined.

    After the table, `pool` has the places of shared numbers that are copied to rows, those rows, and the rows
    that are handed out, to `out`.
    """
    before, with_each, after = pool[0], pool[1], pool[2]
    given_rows, copied, n_outputs = pool[3], pool[4], pool[5]
    n_groups = before + with_each + after
    begin = HEAD + 2 * pool[6]
    end = begin + n_groups * WIDTH
    addresses, unsigned = pool[HEAD:begin].view(np.int64), pool.view(np.uint32)
    table = unsigned[begin:end].reshape(n_groups, WIDTH)
    suspect = _do(U, V, unsigned, table[:before], _0, addresses)
    if V.shape[0] == 0:
        return suspect
    m = X.shape[1]
    each = table[before : before + with_each]
    _divide_means(U, each, 0)
    V[X.shape[0] : given_rows] = 1.0
    sources, copies = pool[end : end + copied], pool[end + copied : end + 2 * copied]
    for k in range(copied):
        V[copies[k], : min(m, BLOCK)] = U[sources[k]]
    outputs = pool[end + 2 * copied : end + 2 * copied + n_outputs]
    for first in range(0, m, BLOCK):
        n = min(BLOCK, m - first)
        V[: X.shape[0], :n] = X[:, first : first + n]
        suspect |= _do(U, V, unsigned, each, np.uint64(n), addresses)
        for k in range(n_outputs):
            out[k, first : first + n] = V[outputs[k], :n]
    _divide_means(U, each, m)
    _do(U, V, unsigned, table[before + with_each :], _0, addresses)
    return suspect
