"""The interpreter of programs as Numba compiles it: once for all graphs, and kept on disk.

A row holds the numbers of one slot for a block of examples, and every inner loop goes along one; a block of
all rows fits the cache of a core.

What is done here is what the rules of the table in
:mod:`micrograd_dl.engine.ops` do, which a test holds it to.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from micrograd_dl.compiled.numba_functions import compiled, exp, sigmoid, softplus, tanh
from micrograd_dl.compiled.tape import GATE, LINEAR, MEAN
from micrograd_dl.compiled.tiles import STRIP, TILE
from micrograd_dl.compiled.vectors import BLOCK, LANES, load, load_first, plus_product, store, total, zeros
from micrograd_dl.engine import ops

# The whole numbers of a program, `pool`: HEAD counts (see `run`), a table of groups of WIDTH numbers each,
# and the indices it points to. Of a group the table has its code, whether it is checked, the places it
# writes (the last excluded), and where in `pool` the arrays of a `schedule.Group` begin: a, b, starts,
# shared, weights, rows, and what `tiles.alike` gives. An operation on one number has a in the place of b,
# one on three has c in that of starts. MEAN has what `tiles.tiles` gives from `shared` on.
HEAD, WIDTH = 6, 11
CODE, CHECKED, FIRST, LAST, A, B, STARTS, SHARED, WEIGHTS, ROWS, ALIKE = range(WIDTH)
TILES, STRIPS, REST, END = SHARED, WEIGHTS, ROWS, ALIKE  # of MEAN
C = STARTS  # of an operation on three numbers

# Unsigned, as all indices are: Numba would ask of a signed one whether it counts from the end.
_0, _1, _2, _3, _4 = (np.uint64(n) for n in range(5))
_LANES, _TILE, _STRIP = np.uint64(LANES), np.uint64(TILE), np.uint64(STRIP)

# Numba looks at this file alone to know whether its code on disk is of today. So it numbers the operations,
# and this line, which a test holds to the other files that the code comes from, changes with them:
# numba_functions.py, tiles.py and vectors.py have the checksum 67810f9c.
_KNOWN = (
    LINEAR, MEAN, GATE, ops.add, ops.sub, ops.mul, ops.neg, ops.div, ops.pow, ops.exp, ops.log, ops.sqrt,
    ops.tanh, ops.sigmoid, ops.relu, ops.leaky_relu, ops.softplus, ops.sin, ops.cos, ops.abs,
    ops.maximum, ops.minimum, ops.logsumexp, ops.at_least, ops.sign, ops.log_for_power,
    ops.power_slope,
)  # fmt: skip
CODES = {operation: code for code, operation in enumerate(_KNOWN)}
CODES |= {operation.left: code for operation, code in CODES.items() if operation.left is not None}
(
    _LINEAR, _MEAN, _GATE, _ADD, _SUB, _MUL, _NEG, _DIV, _POW, _EXP, _LOG, _SQRT,
    _TANH, _SIGMOID, _RELU, _LEAKY, _SOFTPLUS, _SIN, _COS, _ABS, _MAX, _MIN,
    _LOGSUMEXP, _AT_LEAST, _SIGN, _LOG_FOR_POWER, _POWER_SLOPE,
) = range(len(_KNOWN))  # fmt: skip


@compiled()
def _at_least(x: float, y: float) -> float:
    return math.nan if x != x or y != y else (1.0 if x >= y else 0.0)


@compiled()
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
        return 1.0 if x > 0 else (-1.0 if x < 0 else x + 0.0)  # which makes 0 of -0, and NaN of NaN
    if code == _LOG_FOR_POWER:
        return math.log(x) if x > 0 else (0.0 if x == 0 else math.nan)
    return math.nan


@compiled(fastmath={"contract"})
def _apply(code: int, x: Any) -> None:
    """An operation on each number of a row, in place."""
    if code == _TANH:
        for c in range(len(x)):
            x[c] = tanh(x[c])
    elif code == _EXP:
        for c in range(len(x)):
            x[c] = exp(x[c])
    elif code == _SIGMOID:
        for c in range(len(x)):
            x[c] = sigmoid(x[c])
    elif code == _SOFTPLUS:
        for c in range(len(x)):
            x[c] = softplus(x[c])
    else:
        for c in range(len(x)):
            x[c] = _one(code, x[c])


@compiled()
def _two(code: int, x: float, y: float, checked: int) -> Any:
    """An operation on two numbers."""
    if code == _DIV:
        return x / y if checked or y != 0 else math.inf  # a vertical tangent: Operation.local
    if code == _POW:
        return x**y
    if code == _POWER_SLOPE:
        if y == 0:
            return 0.0
        if x == 0 and y < 1:
            return math.copysign(math.inf, y) if y % 1 else 0.0
        return y * x ** (y - 1.0)
    if code == _MAX:
        return x if x > y or x != x else y
    if code == _MIN:
        return x if x < y or x != x else y
    return math.nan


@compiled()
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


@compiled(fastmath={"contract"})
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
                U[first + k] = _at_least(U[pool[a + k]], U[pool[b + k]])
        elif code == _GATE:
            for k in range(count):
                x, y = U[pool[b + k]], U[pool[row[C] + k]]
                U[first + k] = U[pool[a + k]] * _at_least(x, y)
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


@compiled()
def _linear(V: Any, U: Any, pool: Any, row: Any, n: Any) -> None:
    """Rows that are sums of products."""
    k, count = _0, row[LAST] - row[FIRST]
    while k < count:
        if pool[row[ALIKE] + k] > _1:
            _four_sums(V, U, pool, row, k, n)
            k += _4
        else:
            _one_sum(V, U, pool, row, k, n)
            k += _1


@compiled(inline="always")  # so that vectors stay in registers
def _plus_products(s0: Any, s1: Any, s2: Any, s3: Any, x0: Any, x1: Any, x2: Any, x3: Any, y: Any) -> Any:
    """Four sums, each with the product of y and its own number, or vector."""
    return plus_product(s0, x0, y), plus_product(s1, x1, y), plus_product(s2, x2, y), plus_product(s3, x3, y)


@compiled()
def _four_sums(V: Any, U: Any, pool: Any, row: Any, k: Any, n: Any) -> None:
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


@compiled()
def _one_sum(V: Any, U: Any, pool: Any, row: Any, k: Any, n: Any) -> None:
    o, weights, rows, a, b, c = row[FIRST] + k, row[WEIGHTS], row[ROWS], row[A], row[B], _0
    begin, end = pool[row[SHARED] + k] + _0, pool[row[SHARED] + k + _1] + _0
    first, last = pool[row[STARTS] + k] + _0, pool[row[STARTS] + k + _1] + _0
    while c < n:
        d = c + _LANES
        s, t = zeros(), zeros()
        for p in range(begin, end):
            w, r = U[pool[weights + p]], pool[rows + p]
            s, t = plus_product(s, w, load(V, r, c)), plus_product(t, w, load(V, r, d))
        for p in range(first, last):
            i, j = pool[a + p], pool[b + p]
            s = plus_product(s, load(V, i, c), load(V, j, c))
            t = plus_product(t, load(V, i, d), load(V, j, d))
        store(V, o, c, s), store(V, o, d, t)
        c = d + _LANES


@compiled()
def _mean(V: Any, U: Any, pool: Any, row: Any, n: Any) -> None:
    """Add the block's sums of products."""
    a, b, starts = row[A], row[B], row[STARTS]
    p = row[TILES] + _0
    while p < row[STRIPS]:
        _tile(V, U, pool, p, n)
        p += _TILE
    while p < row[REST]:
        _strip(V, U, pool, p, n)
        p += _STRIP
    while p < row[END]:
        k, s = pool[p] + _0, zeros()
        for q in range(pool[starts + k] + _0, pool[starts + k + _1] + _0):
            i, j, c = pool[a + q], pool[b + q], _0
            while c < n:
                s = plus_product(s, load_first(V, i, c, n - c), load_first(V, j, c, n - c))
                c += _LANES
        U[row[FIRST] + k] += total(s)
        p += _1


@compiled()
def _strip(V: Any, U: Any, pool: Any, p: Any, n: Any) -> None:
    """The sums of the products of one row and four others."""
    i, j0, j1, j2, j3 = pool[p], pool[p + _1], pool[p + _2], pool[p + _3], pool[p + _4]
    s0, s1, s2, s3, c = zeros(), zeros(), zeros(), zeros(), _0
    while c < n:
        x, left = load_first(V, i, c, n - c), n - c
        y0, y1 = load_first(V, j0, c, left), load_first(V, j1, c, left)
        y2, y3 = load_first(V, j2, c, left), load_first(V, j3, c, left)
        s0, s1, s2, s3 = _plus_products(s0, s1, s2, s3, y0, y1, y2, y3, x)
        c += _LANES
    _add_four(U, pool, p + np.uint64(5), s0, s1, s2, s3)


@compiled()
def _tile(V: Any, U: Any, pool: Any, p: Any, n: Any) -> None:
    """The sums of the products of four rows and four others, 16: each number is loaded once for four."""
    i0, i1, i2, i3 = pool[p], pool[p + _1], pool[p + _2], pool[p + _3]
    q = p + _4
    j0, j1, j2, j3, c = pool[q], pool[q + _1], pool[q + _2], pool[q + _3], _0
    s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = zeros()
    s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = zeros()
    while c < n:
        left = n - c
        x0, x1 = load_first(V, i0, c, left), load_first(V, i1, c, left)
        x2, x3 = load_first(V, i2, c, left), load_first(V, i3, c, left)
        y0, y1 = load_first(V, j0, c, left), load_first(V, j1, c, left)
        y2, y3 = load_first(V, j2, c, left), load_first(V, j3, c, left)
        s00, s10, s20, s30 = _plus_products(s00, s10, s20, s30, x0, x1, x2, x3, y0)
        s01, s11, s21, s31 = _plus_products(s01, s11, s21, s31, x0, x1, x2, x3, y1)
        s02, s12, s22, s32 = _plus_products(s02, s12, s22, s32, x0, x1, x2, x3, y2)
        s03, s13, s23, s33 = _plus_products(s03, s13, s23, s33, x0, x1, x2, x3, y3)
        c += _LANES
    q += _4
    _add_four(U, pool, q, s00, s01, s02, s03)
    _add_four(U, pool, q + _4, s10, s11, s12, s13)
    _add_four(U, pool, q + _4 * _2, s20, s21, s22, s23)
    _add_four(U, pool, q + _4 * _3, s30, s31, s32, s33)


@compiled()
def _add_four(U: Any, pool: Any, p: Any, s0: Any, s1: Any, s2: Any, s3: Any) -> None:
    """Add the sums of four vectors to the places that are named from p on."""
    U[pool[p]] += total(s0)
    U[pool[p + _1]] += total(s1)
    U[pool[p + _2]] += total(s2)
    U[pool[p + _3]] += total(s3)


@compiled()
def _simple(V: Any, pool: Any, row: Any, n: int) -> None:
    """An operation on one row, on two, or on three."""
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
                V[o, c] = _at_least(V[i, c], V[j, c])
        elif code == _GATE:
            upstream, x, y = i, j, pool[row[C] + k]
            for c in range(n):
                V[o, c] = V[upstream, c] * _at_least(V[x, c], V[y, c])
        elif b == a:  # an operation on one number
            for c in range(n):
                V[o, c] = V[i, c]
            _apply(code, V[o, :n])
        else:
            for c in range(n):
                V[o, c] = _two(code, V[i, c], V[j, c], checked)


@compiled()
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
                total[c] += exp(V[i, c] - largest[c])
        for c in range(n):
            if not math.isinf(largest[c]):
                largest[c] += math.log(total[c])


@compiled()
def _run_each(table: Any, pool: Any, U: Any, V: Any, X: Any, outputs: Any, out: Any) -> bool:
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
                _linear(V, U, pool, row, np.uint64(n))
            elif code == _MEAN:
                _mean(V, U, pool, row, np.uint64(n))
            elif code == _LOGSUMEXP:
                _of_many(V, pool, row, n)
            else:
                _simple(V, pool, row, n)
            if row[CHECKED]:
                for k in range(row[FIRST], row[LAST]):
                    for c in range(n):
                        suspect |= not math.isfinite(V[k, c])
        for k in range(len(outputs)):
            for c in range(n):
                out[k, begin + c] = V[outputs[k], c]
    return suspect


@compiled()
def run(pool: Any, U: Any, V: Any, X: Any, out: Any) -> bool:
    """Do a program; whether an operation may have been undefined.

    Args:
        pool: all whole numbers of the program: how many groups come before the examples, with each block of
            them, and after; how many rows a call brings, one more than X has, for the derivative of each
            example's result by itself; how many shared numbers are copied to rows, and how many rows are
            handed out. Then a table of groups, `WIDTH` numbers each; these shared places, and the rows they
            are copied to; the rows that are handed out; and the indices that the table points to.
        U, V: the shared vector, and the rows of a block.
        X: what varies, ``(n, m)``.
        out: where rows are handed out to.
    """
    before, with_each, after = pool[0], pool[1], pool[2]
    given_rows, copied, n_outputs = pool[3], pool[4], pool[5]
    n_groups = before + with_each + after
    end = HEAD + n_groups * WIDTH
    unsigned = pool.view(np.uint32)
    table = unsigned[HEAD:end].reshape(n_groups, WIDTH)
    suspect = _run_shared(table[:before], unsigned, U)
    if V.shape[0]:
        m = X.shape[1]
        each = table[before : before + with_each]
        for g in range(with_each):
            if each[g, CODE] == _MEAN:
                U[each[g, FIRST] : each[g, LAST]] = 0.0
        V[X.shape[0] : given_rows] = 1.0
        sources, copies = pool[end : end + copied], pool[end + copied : end + 2 * copied]
        for k in range(copied):
            V[copies[k], : min(m, BLOCK)] = U[sources[k]]
        outputs = pool[end + 2 * copied : end + 2 * copied + n_outputs]
        suspect |= _run_each(each, unsigned, U, V, X, outputs, out)
        for g in range(with_each):
            if each[g, CODE] == _MEAN:
                for k in range(each[g, FIRST], each[g, LAST]):
                    U[k] /= m
        _run_shared(table[before + with_each :], unsigned, U)
    return suspect
