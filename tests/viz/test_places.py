"""Nothing in a picture covers anything else, also where it is wrapped."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from itertools import combinations, product
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd_dl import nn
from micrograd_dl.engine.functions import sum as total
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.expression import parse
from viz import draw, layout, wrapping
from viz.layout import Box, Curve, Layout, Point
from viz.scene import Scene

SVG = "{http://www.w3.org/2000/svg}"
SLACK = 0.2  # pixels, since the picture's numbers are rounded
Rect = tuple[float, float, float, float]  # left, top, right, bottom


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
@given(graphs(), st.sampled_from(["right", "down"]))
def test_texts_overlap_nothing(root: Value, direction: Literal["right", "down"]) -> None:
    picture = draw(root, edges=True, limit=10_000, direction=direction)
    check(picture.svg, edges_of_variables(root))
    check_layout(picture.scene, picture.layout)


@pytest.mark.parametrize("make", [lambda: network(2, 3, 1), lambda: network(3, 5, 4, 1), logistic])
def test_texts_of_networks_overlap_nothing(make: Callable[[], Value]) -> None:
    root = make()
    check(draw(root, edges=True, limit=10_000).svg, edges_of_variables(root))


# --- wrapping ---------------------------------------------------------------------------------------------


def chain(length: int) -> Value:
    """A chain of products, each with a weight of its own."""
    result = Value(0.5, "x")
    for i in range(1, length + 1):
        result = result * Value(1.1, f"w{i}")
    return result


def points(curve: Curve) -> Iterator[Point]:
    """Many points of a curve."""
    for at in range(0, len(curve) - 1, 3):
        for t in (i / 8 for i in range(9)):
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            x, y = (sum(w * p[i] for w, p in zip(weights, curve[at : at + 4], strict=True)) for i in (0, 1))
            yield x, y


def check_layout(scene: Scene, found: Layout) -> None:
    """All is within the picture, cards are apart, and every edge leads from card to card past all others."""
    assert len(found.boxes) == len(scene.cards)
    boxes = np.array(found.boxes)
    apart = (
        np.abs(boxes[:, None, :2] - boxes[None, :, :2])
        + SLACK
        - (boxes[:, None, 2:] + boxes[None, :, 2:]) / 2
    )
    assert ((apart > 0).any(axis=2) | np.eye(len(boxes), dtype=bool)).all()
    for x, y, w, h in found.boxes:
        assert w / 2 - 1 <= x <= found.width - w / 2 + 1
        assert h / 2 - 1 <= y <= found.height - h / 2 + 1
    for curve, wire in zip(found.curves, scene.wires, strict=True):
        assert len(curve) % 3 == 1
        for end, card in ((curve[0], wire.tail), (curve[-1], wire.head)):
            assert inside(end, found.boxes[card], slack=1.5)
        for point in points(curve):
            assert -2 <= point[0] <= found.width + 2
            assert -2 <= point[1] <= found.height + 2


def inside(point: Point, box: Box, slack: float) -> bool:
    return all(abs(point[i] - box[i]) <= box[i + 2] / 2 + slack for i in (0, 1))


@pytest.mark.parametrize("direction", ["right", "down"])
@pytest.mark.parametrize("edges", [False, True])
@pytest.mark.parametrize("length", [5, 12, 40, 100, 200])
def test_chains_are_wrapped(length: int, edges: bool, direction: Literal["right", "down"]) -> None:
    picture = draw(chain(length), edges=edges, limit=1000, direction=direction)
    check_layout(picture.scene, picture.layout)
    found = picture.layout
    fits = found.width <= 1280 and found.height <= 720
    assert fits or 1.2 <= found.width / found.height <= 2.6


@pytest.mark.parametrize("direction", ["right", "down"])
def test_edges_that_lead_from_line_to_line_pass_no_card(direction: Literal["right", "down"]) -> None:
    picture = draw(chain(25), direction=direction)
    found = picture.layout
    for curve, wire in zip(found.curves, picture.scene.wires, strict=True):
        others = [box for card, box in enumerate(found.boxes) if card not in (wire.tail, wire.head)]
        assert not any(inside(point, box, slack=-1.0) for point in points(curve) for box in others)


def test_sizes_that_a_slide_takes() -> None:
    """On a slide of 1920 x 1080 a logistic loss is as large as on a screen, and a chain of 40 nearly so."""
    for root in (logistic(), chain(40)):
        found = draw(root).layout
        assert min(1920 / found.width, 1080 / found.height) > 0.95


@settings(max_examples=40)
@given(graphs(), st.lists(st.floats(0.05, 0.95), min_size=1, max_size=4))
def test_a_layout_can_be_cut_anywhere_between_cards(root: Value, where: list[float]) -> None:
    scene = draw(root, limit=10_000).scene
    whole = layout.lay_out(scene)
    texts = [wire.size for wire in scene.wires]
    places = sorted(wrapping._places_to_cut(whole, texts))
    cuts = sorted({places[int(part * len(places))] for part in where}) if places else []
    found = wrapping._lines(whole, texts, cuts)
    check_layout(scene, found)
