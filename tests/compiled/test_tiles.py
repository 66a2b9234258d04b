"""Sums that are taken together are the same sums, each once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_dl.compiled import network as compiled
from micrograd_dl.compiled.schedule import Group
from micrograd_dl.compiled.tape import LINEAR, MEAN
from micrograd_dl.compiled.tiles import SIDE, STRIP, TILE, alike, tiles
from micrograd_dl.nn.network import Network
from micrograd_dl.vectorized import MLP


def numbers(x: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(x, np.int32)


def starts(lengths: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return numbers([0, *np.cumsum(lengths)])


rows = st.integers(0, 11)
products = st.lists(st.tuples(rows, rows), min_size=1, max_size=2)


@st.composite
def layer_derivatives(draw: st.DrawFn) -> list[list[tuple[int, int]]]:
    """The products of some rows and others, as of a layer, among sums of no order."""
    n, k = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    layer = [[(i, 20 + j)] for i in range(n) for j in range(k)]
    return draw(st.permutations(layer + draw(st.lists(products, max_size=6))))


@given(layer_derivatives())
def test_every_mean_is_taken_once(sums: list[list[tuple[int, int]]]) -> None:
    flat = [pair for terms in sums for pair in terms]
    group = Group(
        MEAN,
        False,
        100,
        100 + len(sums),
        numbers([i for i, _ in flat]),
        numbers([j for _, j in flat]),
        starts([len(terms) for terms in sums]),
    )
    by_four, by_one, left = tiles(group)
    found = [(100 + k, sums[k]) for k in left.tolist()]
    for tile in by_four.reshape(-1, TILE).tolist():
        pairs = [(i, j) for i in tile[:SIDE] for j in tile[SIDE : 2 * SIDE]]
        found += [(place, [pair]) for place, pair in zip(tile[2 * SIDE :], pairs, strict=True)]
    for one, *strip in by_one.reshape(-1, STRIP).tolist():
        for place, other in zip(strip[SIDE:], strip[:SIDE], strict=True):
            terms = sums[place - 100]
            assert terms in ([(one, other)], [(other, one)])
            found.append((place, terms))
    assert sorted(found) == list(enumerate(sums, 100))


def test_a_layer_has_almost_nothing_left() -> None:
    n, k = 9, 6
    i, j = np.divmod(np.arange(n * k), k)
    group = Group(MEAN, False, 0, n * k, i.astype(np.int32), numbers([*(20 + j)]), starts([1] * n * k))
    by_four, by_one, left = tiles(group)
    assert (len(by_four) // TILE, len(by_one) // STRIP, len(left)) == (2 * 1, 2 * 2 + 1, 2)


@given(st.lists(st.tuples(st.lists(st.sampled_from([1, 2, 3]), max_size=3), st.booleans()), max_size=20))
def test_four_that_are_alike_have_the_same_rows(sums: list[tuple[list[int], bool]]) -> None:
    terms = [weighed for weighed, _ in sums]
    both = [int(is_both) for _, is_both in sums]
    group = Group(
        LINEAR,
        False,
        0,
        len(sums),
        numbers([7] * sum(both)),
        numbers([8] * sum(both)),
        starts(both),
        starts([len(weighed) for weighed in terms]),
        numbers([5] * sum(map(len, terms))),
        numbers([row for weighed in terms for row in weighed]),
    )
    found, k = alike(group).tolist(), 0
    while k < len(sums):
        same = all(x == y for x, y in pairwise(terms[k : k + SIDE])) and not any(both[k : k + SIDE])
        assert (found[k] == SIDE) == (same and k + SIDE <= len(sums))
        k += found[k]


@pytest.mark.parametrize("widths", [(1, 1), (2, 3), (4, 4), (5, 9), (8, 6), (17, 4)], ids=str)
@pytest.mark.parametrize("m", [1, 3, 8, 15, 16, 17, 100, 127, 128, 129, 300])
def test_layers_of_every_width_and_blocks_of_every_size(widths: tuple[int, int], m: int) -> None:
    rng = np.random.default_rng(m)
    X, Y = rng.normal(size=(3, m)), rng.integers(0, 2, size=(2, m)).astype(float)
    models: list[Network] = [
        kind(3, [*widths, 2], ["relu", "tanh", "sigmoid"], seed=m) for kind in (MLP, compiled.MLP)
    ]
    by_hand, replayed = models
    assert replayed.cost_and_grad(X, Y) == pytest.approx(by_hand.cost_and_grad(X, Y), rel=1e-12)
    for name, gradient in by_hand.named("grad").items():
        np.testing.assert_allclose(replayed.named("grad")[name], gradient, rtol=1e-11, atol=1e-14)
