"""The text on edges covers nothing and is covered by nothing, whichever Graphviz lays the picture out."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd_dl import nn
from micrograd_dl.engine.functions import sum as total
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.expression import parse
from viz import draw, layout

SVG = "{http://www.w3.org/2000/svg}"
SLACK = 0.2  # pixels, since the picture's numbers are rounded
Rect = tuple[float, float, float, float]  # left, top, right, bottom


@pytest.fixture(params=["program", "built-in"], scope="module", autouse=True)
def graphviz(request: pytest.FixtureRequest) -> Iterator[None]:
    """All tests run with the ``dot`` program of this machine and with none."""
    layout._lay_out.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "built-in":
            patch.setenv("PATH", "/nowhere")
        elif not shutil.which("dot"):
            pytest.skip("this machine has no dot program")
        yield
    layout._lay_out.cache_clear()


@st.composite
def graphs(draw: st.DrawFn) -> Value:
    """A random graph: numbers of many widths, the same operand twice, edges that reach far, sums of many."""
    sizes = st.sampled_from([1.0, 2.5, -0.333333333, 1e-7, -12345.678])
    nodes = [Value(draw(sizes)) for _ in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(1, 25))):
        recent = nodes[-draw(st.integers(1, len(nodes))) :]
        a, b = draw(st.sampled_from(recent)), draw(st.sampled_from(nodes))
        made = [a * b, a + b, a.tanh(), 0.001 * a, total([*recent, a])]
        nodes.append(draw(st.sampled_from(made)))
    nodes[-1].backward()
    return nodes[-1]


def network(*sizes: int) -> Value:
    inner = ["tanh", "relu"][: len(sizes) - 2]
    X = [[0.1 * i, 1.0 - i] for i in range(sizes[0])]
    cost = nn.MLP(sizes[0], list(sizes[1:]), [*inner, "sigmoid"], seed=1).cost(X, [[1, 0]])
    cost.backward()
    return cost


def logistic() -> Value:
    z = "sigmoid(w1*x1+w2*x2+b)"
    loss = parse(f"loss = -(y*log({z}) + (1-y)*log(1-{z}))", y=1.0, w1=0.5, x1=1.0, w2=-0.3, x2=2.0, b=0.1)
    loss.backward()
    return loss


def rects(root: ET.Element, kind: str) -> list[Rect]:
    """The frames of the cards (``node``), or the grounds of the texts (``local``)."""
    found = []
    for group in root.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect") if group.get("class", "").split(" ")[0] == kind else None
        if rect is not None:
            x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


def overlap(a: Rect, b: Rect) -> bool:
    return all(min(a[i + 2], b[i + 2]) - max(a[i], b[i]) > SLACK for i in (0, 1))


def check(svg: str, wires: int) -> None:
    """Every edge of a variable has its text, and none lies over a card or over another."""
    root = ET.fromstring(svg)
    texts, cards = rects(root, "local"), rects(root, "node")
    assert len(texts) == wires
    assert not [pair for pair in combinations(texts, 2) if overlap(*pair)]
    assert not [pair for pair in product(texts, cards) if overlap(*pair)]


def edges_of_variables(root: Value) -> int:
    return sum(not parent.is_constant for node in Trace(root).order for parent in node.operands)


@settings(max_examples=60)
@given(graphs())
def test_texts_overlap_nothing(root: Value) -> None:
    check(draw(root, edges=True, limit=10_000).svg, edges_of_variables(root))


@pytest.mark.parametrize("make", [lambda: network(2, 3, 1), lambda: network(3, 5, 4, 1), logistic])
def test_texts_of_networks_overlap_nothing(make: Callable[[], Value]) -> None:
    root = make()
    check(draw(root, edges=True, limit=10_000).svg, edges_of_variables(root))
