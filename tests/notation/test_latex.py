"""Blocks of LaTeX: whole, and every name in them defined before it is used."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given

from micrograd_dl import Trace, Value, latex, steps
from micrograd_dl.testing import Graph, graphs


def rows(block: str) -> list[str]:
    """The lines of a block, each of which Matplotlib can typeset where it is installed."""
    first, *lines, last = block.split("\n")
    assert (first, last) == (r"\begin{aligned}", r"\end{aligned}")
    assert all(line.endswith(r" \\") for line in lines[:-1])
    assert not lines[-1].endswith("\\")
    lines = [line.removesuffix(r" \\") for line in lines]
    for line in lines:
        assert len(re.findall(r"(?<!\\)&", line)) == 1
        bare = re.sub(r"\\[{}\\]", "", line)
        depths = [0]
        for character in bare:
            depths.append(depths[-1] + (character == "{") - (character == "}"))
        assert min(depths) == depths[-1] == 0
    return lines


@given(graphs())
def test_blocks_are_whole(graph: Graph) -> None:
    walk = rows(Trace(graph.root).latex())
    short = rows(latex(graph.root))
    count = len(short)
    leaves = sum(node.is_leaf for node in Trace(graph.root).order)
    assert walk[: count - leaves] + walk[len(walk) - leaves :] == short
    assert len(walk) == count + len(list(steps(graph.root)))


def test_matplotlib_typesets_every_line() -> None:
    mathtext = pytest.importorskip("matplotlib.mathtext", reason="the extra plots")
    a, b = Value(2.0, "a"), Value(-3.0, "a_b & c")
    block = Trace((a * b - (a - b)).tanh() ** 2 / a + abs(-b)).latex()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about glyphs
        for line in rows(block):
            plain = re.sub(r"(?<!\\)&", "", line).replace(r"\mathrel{+}=", "+=")
            mathtext.MathTextParser("path").parse(f"${plain}$")


def test_what_is_long_or_shared_has_a_line_of_its_own() -> None:
    x = Value(2.0, "x")
    square = x * x
    assert rows(latex(square + square.exp()))[0] == r"u &= x \cdot x = 4"
    chain = x
    for _ in range(60):
        chain = chain * 1.5
    found = rows(latex(chain))
    defined = {line.partition(" &=")[0] for line in found}
    assert len(found) > 3
    assert set(re.findall(r"u_\{\d+\}", "".join(found))) <= defined
    assert max(map(len, found)) < 200
