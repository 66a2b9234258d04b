"""Sums of products over the same rows: the interpreter does several at a time, and loads a row once for all.

A layer is full of them: its units weigh the same inputs, and each unit's derivative meets each input.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from micrograd_dl.compiled.schedule import Group, Index

SIDE = 4  # sums, or rows, that are taken together: `numba_kernels` has a variable for each
TILE, STRIP = 2 * SIDE + SIDE * SIDE, 1 + 2 * SIDE  # how many numbers `tiles` gives for each


def alike(group: Group) -> Index:
    """Of each sum of a LINEAR on examples 4 if it is the first of four over the same rows, else 1.

    The three that follow a 4 are not to be looked at.
    """
    counts = np.diff(group.shared)
    owner = np.repeat(np.arange(len(group)), counts)
    simple = np.diff(group.starts) == 0  # it has no products of two rows
    as_next = np.append(simple[1:] & simple[:-1] & (counts[1:] == counts[:-1]), False)
    terms = np.flatnonzero(as_next[owner])
    differ = group.rows[terms] != group.rows[terms + counts[owner[terms]]]
    as_next[owner[terms[differ]]] = False
    found = np.ones(len(group), np.int32)
    k = 0
    while k <= len(group) - SIDE:
        if as_next[k : k + SIDE - 1].all():
            found[k] = SIDE
        k += int(found[k])
    return found


def tiles(group: Group) -> tuple[Index, Index, Index]:
    """How the sums of a MEAN are taken together.

    Returns:
        Of four rows that are each multiplied by four others: these rows, those, and the places of the 16
        products, row by row. Of one row and four others: the same, with 4 places. And the numbers in the
        group of the sums that are left.
    """
    places, left = _single_products(group)
    partners: dict[int, list[int]] = defaultdict(list)
    for i, j in places:
        partners[i].append(j)
    layers: dict[tuple[int, ...], list[int]] = defaultdict(list)  # rows by what they are multiplied by
    for i, others in partners.items():
        layers[tuple(sorted(others))].append(i)
    by_four: list[int] = []
    by_one: list[int] = []
    for partners_of, rows in layers.items():
        fours, rest = _in_fours(rows)
        fours_of_others, rest_of_others = _in_fours(partners_of)
        for four in fours:
            for q in fours_of_others:
                by_four += [*four, *q, *(places.pop((i, j)) for i in four for j in q)]
            for j in rest_of_others:
                by_one += [j, *four, *(places.pop((i, j)) for i in four)]
        for i in rest:
            for q in fours_of_others:
                by_one += [i, *q, *(places.pop((i, j)) for j in q)]
    left += [place - group.first for place in places.values()]
    return np.array(by_four, np.int32), np.array(by_one, np.int32), np.array(left, np.int32)


def _single_products(group: Group) -> tuple[dict[tuple[int, int], int], list[int]]:
    """The places of the sums that are the product of two rows, and the numbers of the others."""
    a, b = group.a.tolist(), group.b.tolist()
    places: dict[tuple[int, int], int] = {}
    left = []
    for k, (begin, end) in enumerate(pairwise(group.starts.tolist())):
        if end - begin == 1 and (a[begin], b[begin]) not in places:
            places[a[begin], b[begin]] = group.first + k
        else:
            left.append(k)
    return places, left


def _in_fours(rows: Sequence[int]) -> tuple[list[Sequence[int]], Sequence[int]]:
    end = len(rows) - len(rows) % SIDE
    return [rows[k : k + SIDE] for k in range(0, end, SIDE)], rows[end:]
