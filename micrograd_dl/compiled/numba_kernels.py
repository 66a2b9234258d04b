"""The interpreter of programs as Numba compiles it: once for all graphs, and kept on disk.

A row holds the numbers of one slot for a block of examples, and every inner loop goes along one; a block of
all rows fits the cache of a core.

What is done here is what the rules of the table in :mod:`micrograd_dl.ops` do, which a test holds it to.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

from micrograd_dl import ops
from micrograd_dl.compiled.schedule import CODES
from micrograd_dl.compiled.tape import LINEAR, MEAN

BLOCK = 128

# What the table that tells the interpreter what to do begins with, and its columns: see `run`.
HEAD, WIDTH = 5, 10
CODE, CHECKED, FIRST, LAST, A, B, STARTS, SHARED, WEIGHTS, ROWS = range(WIDTH)

# Unsigned, as all indices are: Numba would ask of a signed one whether it counts from the end.
_0, _1, _2 = np.uint64(0), np.uint64(1), np.uint64(2)

_LINEAR, _MEAN = CODES[LINEAR], CODES[MEAN]
_ADD, _SUB, _MUL, _NEG, _DIV, _POW = (
    CODES[op] for op in (ops.add, ops.sub, ops.mul, ops.neg, ops.div, ops.pow)
)
_EXP, _LOG, _SQRT, _TANH, _SIGMOID = (CODES[op] for op in (ops.exp, ops.log, ops.sqrt, ops.tanh, ops.sigmoid))
_RELU, _LEAKY, _SOFTPLUS, _SIN, _COS = (
    CODES[op] for op in (ops.relu, ops.leaky_relu, ops.softplus, ops.sin, ops.cos)
)
_ABS, _MAX, _MIN, _LOGSUMEXP = (CODES[op] for op in (ops.abs, ops.maximum, ops.minimum, ops.logsumexp))
_AT_LEAST, _SIGN, _LOG_FOR_POWER = (CODES[op] for op in (ops.at_least, ops.sign, ops.log_for_power))

KNOWN = {
    _LINEAR, _MEAN, _ADD, _SUB, _MUL, _NEG, _DIV, _POW, _EXP, _LOG, _SQRT, _TANH, _SIGMOID, _RELU, _LEAKY,
    _SOFTPLUS, _SIN, _COS, _ABS, _MAX, _MIN, _LOGSUMEXP, _AT_LEAST, _SIGN, _LOG_FOR_POWER,
}  # fmt: skip


_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(**options: Any) -> Callable[[_Function], _Function]:
    # Division by zero gives what IEEE says, as it does in C.
    compiled: Callable[[_Function], _Function] = numba.njit(
        cache=True, error_model="numpy", nogil=True, **options
    )
    return compiled


# exp, tanh, sigmoid and softplus are written out: a loop then takes several numbers at once, as it does not
# with calls of the C library. A number is k ln 2 + r, e^r a polynomial; log(1 + e) is 2 artanh(e / (2 + e)).
_LOG2_E, _LN2_HIGH, _LN2_LOW = 1.4426950408889634, 6.93147180369123816490e-01, 1.90821492927058770002e-10
_LN2 = math.log(2.0)
_WHOLE = 1.5 * 2.0**52  # added to a number, it leaves the nearest whole one in the last bits
_EXP_TERMS = tuple(1 / math.factorial(n) for n in range(14, 1, -1))
_LOG_TERMS = tuple(2 / n for n in range(21, 0, -2))


@_compiled(fastmath={"contract"})
def _split(x: float) -> Any:
    """A whole number k and e^r - 1 for x = k ln 2 + r."""
    shifted = x * _LOG2_E + _WHOLE
    k = shifted - _WHOLE
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = 0.0
    for term in _EXP_TERMS:
        p = p * r + term
    return np.int32(k), r + r * r * p


@_compiled()
def _power_of_two(k: int) -> Any:
    return np.int64((np.int64(k) + 1023) << 52).view(np.float64)


@_compiled(fastmath={"contract"})
def _exp(x: float) -> float:
    k, p = _split(min(max(x, -746.0), 710.0))
    half = k >> 1  # 2^k itself may be too small or too large
    return (1.0 + p) * _power_of_two(half) * _power_of_two(k - half) if x == x else x


@_compiled(fastmath={"contract"})
def _tanh(x: float) -> float:
    k, p = _split(2.0 * min(abs(x), 20.0))
    scale = _power_of_two(k)
    e = scale * p + (scale - 1.0)  # e^2x - 1
    return math.copysign(e / (e + 2.0), x) if x == x else x


@_compiled(fastmath={"contract"})
def _sigmoid(x: float) -> float:
    e = _exp(-abs(x))
    return (1.0 if x >= 0 else e) / (1.0 + e)


@_compiled(fastmath={"contract"}, inline="always")  # LLVM finds it too long to write it into the loop
def _softplus(x: float) -> float:
    e = _exp(-abs(x))
    halved = e > 0.4  # log(1 + e) is log 2 + log((1 + e) / 2)
    s = (e - 1.0 if halved else e) / (e + (3.0 if halved else 2.0))
    p = 0.0
    for term in _LOG_TERMS:
        p = p * (s * s) + term
    return max(x, 0.0) + ((_LN2 if halved else 0.0) + s * p)


@_compiled()
def _one(code: int, x: float) -> float:
    """An operation on one number."""
    if code == _LOG:
        return math.log(x)
    if code == _SQRT:
        return math.sqrt(x)
    if code == _LEAKY:
        return 0.01 * x if x < 0 else x
    if code == _SIN:
        return math.sin(x)
    if code == _COS:
        return math.cos(x)
    if code == _ABS:
        return abs(x)
    if code == _SIGN:
        return 1.0 if x > 0 else (-1.0 if x < 0 else x)
    if code == _LOG_FOR_POWER:
        return math.log(x) if x > 0 else (0.0 if x == 0 else math.nan)
    return math.nan


@_compiled(fastmath={"contract"})
def _apply(code: int, x: Any) -> None:
    """An operation on each number of a row, in place."""
    if code == _TANH:
        for c in range(len(x)):
            x[c] = _tanh(x[c])
    elif code == _EXP:
        for c in range(len(x)):
            x[c] = _exp(x[c])
    elif code == _SIGMOID:
        for c in range(len(x)):
            x[c] = _sigmoid(x[c])
    elif code == _SOFTPLUS:
        for c in range(len(x)):
            x[c] = _softplus(x[c])
    else:
        for c in range(len(x)):
            x[c] = _one(code, x[c])


@_compiled()
def _two(code: int, x: float, y: float, checked: int) -> Any:
    """An operation on two numbers."""
    if code == _DIV:
        return x / y if checked or y != 0 else math.inf  # a vertical tangent: Operation.local
    if code == _POW:
        return x**y
    if code == _MAX:
        return x if x > y or x != x else y
    if code == _MIN:
        return x if x < y or x != x else y
    return math.nan


@_compiled()
def _logsumexp_of(x: Any) -> Any:
    largest = -math.inf
    for value in x:
        if value != value:
            return value
        largest = max(largest, value)
    if math.isinf(largest):
        return largest
    total = 0.0
    for value in x:
        total += math.exp(value - largest)
    return largest + math.log(total)


@_compiled(fastmath={"contract"})
def _run_shared(table: Any, pool: Any, U: Any) -> bool:
    """Do the groups of a phase on the shared vector; whether a result may be undefined."""
    suspect = False
    for g in range(table.shape[0]):
        row = table[g]
        code, checked, first, a, b = row[CODE], row[CHECKED], row[FIRST], row[A], row[B]
        one = b == row[A]  # an operation on one number
        count = row[LAST] - first
        if code == _LINEAR:
            starts = row[STARTS]
            for k in range(count):
                # Two sums in turns, so that an addition need not wait for the one before it. (In a function
                # of their own they take four times as long where there are few terms.)
                even, odd, p, end = 0.0, 0.0, pool[starts + k] + _0, pool[starts + k + _1] + _0
                while p + _2 <= end:
                    even += U[pool[a + p]] * U[pool[b + p]]
                    odd += U[pool[a + p + _1]] * U[pool[b + p + _1]]
                    p += _2
                if p < end:
                    even += U[pool[a + p]] * U[pool[b + p]]
                U[first + k] = even + odd
        elif code == _MUL:
            for k in range(count):
                U[first + k] = U[pool[a + k]] * U[pool[b + k]]
        elif code == _ADD:
            for k in range(count):
                U[first + k] = U[pool[a + k]] + U[pool[b + k]]
        elif code == _SUB:
            for k in range(count):
                U[first + k] = U[pool[a + k]] - U[pool[b + k]]
        elif code == _NEG:
            for k in range(count):
                U[first + k] = -U[pool[a + k]]
        elif code == _RELU:
            for k in range(count):
                x = U[pool[a + k]]
                U[first + k] = 0.0 if x <= 0 else x
        elif code == _AT_LEAST:
            for k in range(count):
                x, y = U[pool[a + k]], U[pool[b + k]]
                U[first + k] = math.nan if x != x or y != y else (1.0 if x >= y else 0.0)
        elif code == _LOGSUMEXP:
            starts = row[STARTS]
            for k in range(count):
                operands = pool[a + pool[starts + k] : a + pool[starts + k + _1]]
                U[first + k] = _logsumexp_of(U[operands])
        elif one:
            for k in range(count):
                U[first + k] = U[pool[a + k]]
            _apply(code, U[first : row[LAST]])
        else:
            for k in range(count):
                U[first + k] = _two(code, U[pool[a + k]], U[pool[b + k]], checked)
        if checked:
            for k in range(first, row[LAST]):
                suspect |= not math.isfinite(U[k])
    return suspect


@_compiled(fastmath={"contract"})
def _linear(V: Any, U: Any, pool: Any, row: Any, n: int) -> None:
    """Rows that are sums of products; eight terms at a time, so that they are written an eighth as often."""
    shared, weights, rows = row[SHARED], row[WEIGHTS], row[ROWS]
    a, b, starts = row[A], row[B], row[STARTS]
    for k in range(row[LAST] - row[FIRST]):
        o = row[FIRST] + k
        p, end = pool[shared + k], pool[shared + k + 1]
        for c in range(n):
            V[o, c] = 0.0
        while p + 8 <= end:
            w, r = weights + p, rows + p
            w0, w1, w2, w3 = U[pool[w]], U[pool[w + 1]], U[pool[w + 2]], U[pool[w + 3]]
            w4, w5, w6, w7 = U[pool[w + 4]], U[pool[w + 5]], U[pool[w + 6]], U[pool[w + 7]]
            r0, r1, r2, r3 = pool[r], pool[r + 1], pool[r + 2], pool[r + 3]
            r4, r5, r6, r7 = pool[r + 4], pool[r + 5], pool[r + 6], pool[r + 7]
            for c in range(n):
                total = (((V[o, c] + w0 * V[r0, c]) + w1 * V[r1, c]) + w2 * V[r2, c]) + w3 * V[r3, c]
                V[o, c] = (((total + w4 * V[r4, c]) + w5 * V[r5, c]) + w6 * V[r6, c]) + w7 * V[r7, c]
            p += 8
        while p < end:
            w0, r0 = U[pool[weights + p]], pool[rows + p]
            for c in range(n):
                V[o, c] += w0 * V[r0, c]
            p += 1
        for q in range(pool[starts + k], pool[starts + k + 1]):
            i, j = pool[a + q], pool[b + q]
            for c in range(n):
                V[o, c] += V[i, c] * V[j, c]


@_compiled(fastmath={"contract", "reassoc"})
def _mean(V: Any, U: Any, pool: Any, row: Any, n: int) -> None:
    """Add the block's sums of products; four at a time that share a row, as a neuron's derivatives do."""
    a, b, starts, first = row[A], row[B], row[STARTS], row[FIRST]
    count = row[LAST] - first
    k = 0
    while k < count:
        p = starts + k
        i = pool[a + pool[p]]
        if (
            k + 4 <= count
            and pool[p + 4] - pool[p] == 4
            and i == pool[a + pool[p] + 1]
            and i == pool[a + pool[p] + 2]
            and i == pool[a + pool[p] + 3]
        ):
            q = b + pool[p]
            r0, r1, r2, r3 = pool[q], pool[q + 1], pool[q + 2], pool[q + 3]
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for c in range(n):
                x = V[i, c]
                s0 += x * V[r0, c]
                s1 += x * V[r1, c]
                s2 += x * V[r2, c]
                s3 += x * V[r3, c]
            U[first + k] += s0
            U[first + k + 1] += s1
            U[first + k + 2] += s2
            U[first + k + 3] += s3
            k += 4
        else:
            total = 0.0
            for q in range(pool[p], pool[p + 1]):
                r0, r1 = pool[a + q], pool[b + q]
                for c in range(n):
                    total += V[r0, c] * V[r1, c]
            U[first + k] += total
            k += 1


@_compiled()
def _simple(V: Any, pool: Any, row: Any, n: int) -> None:
    """An operation on one or two rows."""
    code, checked, first, last, a, b = row[CODE], row[CHECKED], row[FIRST], row[LAST], row[A], row[B]
    for k in range(last - first):
        o, i = first + k, pool[a + k]
        j = pool[b + k]
        if code == _MUL:
            for c in range(n):
                V[o, c] = V[i, c] * V[j, c]
        elif code == _ADD:
            for c in range(n):
                V[o, c] = V[i, c] + V[j, c]
        elif code == _SUB:
            for c in range(n):
                V[o, c] = V[i, c] - V[j, c]
        elif code == _NEG:
            for c in range(n):
                V[o, c] = -V[i, c]
        elif code == _RELU:
            for c in range(n):
                x = V[i, c]
                V[o, c] = 0.0 if x <= 0 else x
        elif code == _AT_LEAST:
            for c in range(n):
                x, y = V[i, c], V[j, c]
                V[o, c] = math.nan if x != x or y != y else (1.0 if x >= y else 0.0)
        elif b == a:  # an operation on one number
            for c in range(n):
                V[o, c] = V[i, c]
            _apply(code, V[o, :n])
        else:
            for c in range(n):
                V[o, c] = _two(code, V[i, c], V[j, c], checked)


@_compiled()
def _of_many(V: Any, pool: Any, row: Any, n: int) -> None:
    """The logarithm of a sum of exponentials, as `_logsumexp_of` has it, along rows."""
    a, starts, first = row[A], row[STARTS], row[FIRST]
    for k in range(row[LAST] - first):
        largest, total = V[first + k, :n], np.zeros(n)
        largest[:] = -math.inf
        operands = pool[a + pool[starts + k] : a + pool[starts + k + 1]]
        for i in operands:
            for c in range(n):
                x = V[i, c]
                largest[c] = x if x > largest[c] or x != x else largest[c]
        for i in operands:
            for c in range(n):
                total[c] += _exp(V[i, c] - largest[c])
        for c in range(n):
            if not math.isinf(largest[c]):
                largest[c] += math.log(total[c])


@_compiled()
def _run_each(table: Any, pool: Any, U: Any, V: Any, X: Any, asked: Any, out: Any) -> bool:
    """Do the groups of the middle phase, block by block; whether a result may be undefined."""
    suspect = False
    m = X.shape[1]
    for begin in range(0, m, BLOCK):
        n = min(BLOCK, m - begin)
        for r in range(X.shape[0]):
            for c in range(n):
                V[r, c] = X[r, begin + c]
        for g in range(table.shape[0]):
            row = table[g]
            code = row[CODE]
            if code == _LINEAR:
                _linear(V, U, pool, row, n)
            elif code == _MEAN:
                _mean(V, U, pool, row, n)
            elif code == _LOGSUMEXP:
                _of_many(V, pool, row, n)
            else:
                _simple(V, pool, row, n)
            if row[CHECKED]:
                for k in range(row[FIRST], row[LAST]):
                    for c in range(n):
                        suspect |= not math.isfinite(V[k, c])
        for k in range(len(asked)):
            for c in range(n):
                out[k, begin + c] = V[asked[k], c]
    return suspect


@_compiled()
def run(pool: Any, U: Any, V: Any, X: Any, asked: Any, out: Any) -> bool:
    """Do a program; whether an operation may have been undefined.

    Args:
        pool: all whole numbers of the program: how many groups come before the examples, with each block of
            them, and after; how many rows a call brings, one more than X has, for the derivative of each
            example's result by itself; how many shared numbers are copied to rows. Then a table of groups,
            `WIDTH` numbers each; these shared places, and the rows; and the indices that the table points to.
        U, V: the shared vector, and the rows of a block.
        X: what varies, ``(n, m)``.
        asked, out: the rows that are handed out, and where to.
    """
    before, with_each, after, given_rows, copied = pool[0], pool[1], pool[2], pool[3], pool[4]
    n_groups = before + with_each + after
    end = HEAD + n_groups * WIDTH
    table = pool[HEAD:end].reshape(n_groups, WIDTH)
    unsigned, unsigned_table = pool.view(np.uint32), table.view(np.uint32)
    suspect = _run_shared(unsigned_table[:before], unsigned, U)
    if V.shape[0]:
        m = X.shape[1]
        each = table[before : before + with_each]
        for g in range(with_each):
            if each[g, CODE] == _MEAN:
                U[each[g, FIRST] : each[g, LAST]] = 0.0
        V[X.shape[0] : given_rows] = 1.0
        sources = pool[end:]
        for k in range(copied):
            V[sources[copied + k]] = U[sources[k]]
        suspect |= _run_each(each, pool, U, V, X, asked, out)
        for g in range(with_each):
            if each[g, CODE] == _MEAN:
                for k in range(each[g, FIRST], each[g, LAST]):
                    U[k] /= m
        _run_shared(unsigned_table[before + with_each :], unsigned, U)
    return suspect
