from __future__ import annotations

import json
from itertools import combinations

import pytest

from viz import layout, rendering
from viz.layout import Box, Curve, Point, lay_out
from viz.scene import Card, Scene, Wire


def scene(count: int, *wires: Wire) -> Scene:
    cards = tuple(Card("input", f"card {i}") for i in range(count))
    return Scene(cards, wires, (), 0.0, (), "")


def spoken(tail: int, head: int) -> Wire:
    return Wire(tail, head, size=(46, 31))


def inside(point: Point, box: Box, slack: float) -> bool:
    return all(abs(point[i] - box[i]) <= box[i + 2] / 2 + slack for i in (0, 1))


def test_boxes_have_their_sizes_and_do_not_overlap() -> None:
    cards = scene(4, Wire(0, 2), Wire(1, 2), Wire(2, 3))
    found = lay_out(cards)
    for card, (x, y, width, height) in zip(cards.cards, found.boxes, strict=True):
        assert (width, height) == card.size
        assert width / 2 - 1 <= x <= found.width - width / 2 + 1
        assert height / 2 - 1 <= y <= found.height - height / 2 + 1
    for a, b in combinations(found.boxes, 2):
        assert not all((a[i + 2] + b[i + 2]) / 2 > abs(a[i] - b[i]) for i in (0, 1))
    assert found.boxes[0][0] < found.boxes[2][0] < found.boxes[3][0]  # from left to right


def test_wires_lead_from_the_side_of_the_tail_to_that_of_the_head() -> None:
    """Parallel ones too, however steep: of seven cards the first is far above the one before them."""
    wires = [Wire(0, head) for head in range(1, 8) for _ in range(2)]
    found = lay_out(scene(8, *wires))
    assert len(set(found.curves)) == len(wires)
    for curve, wire in zip(found.curves, wires, strict=True):
        assert len(curve) % 3 == 1
        for end, card in ((curve[0], wire.tail), (curve[-1], wire.head)):
            assert inside(end, found.boxes[card], slack=1.5)
            assert not inside(end, found.boxes[card], slack=-1.5)


def test_text_stands_on_its_wire_and_on_no_other() -> None:
    """Three cards are each joined with three others, so that the wires have to cross."""
    found = lay_out(scene(6, *(spoken(tail, head) for tail in range(3) for head in range(3, 6))))
    for i, label in enumerate(found.labels):
        assert label is not None
        own, *others = found.curves[i], *found.curves[:i], *found.curves[i + 1 :]
        assert any(
            left[0] <= label[0] <= right[0] and left[1] == pytest.approx(label[1], abs=1)
            for left, right in zip(own, own[3:], strict=False)
        )
        assert not any(
            inside(point, (*label, 40.0, 30.0), slack=0) for other in others for point in points(other)
        )


def points(curve: Curve) -> list[Point]:
    """Many points of a curve."""
    found = []
    for at in range(0, len(curve) - 1, 3):
        for t in (i / 16 for i in range(17)):
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            x, y = (sum(w * p[i] for w, p in zip(weights, curve[at : at + 4], strict=True)) for i in (0, 1))
            found.append((x, y))
    return found


def test_an_edge_that_graphviz_drops_is_straight(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_edges(dot: str, _: str) -> bytes:
        found = json.loads(rendering.rendered(dot, "json0"))
        del found["edges"]
        return json.dumps(found).encode()

    layout._lay_out.cache_clear()
    monkeypatch.setattr(layout, "rendered", without_edges)
    found = lay_out(scene(2, Wire(0, 1)))
    layout._lay_out.cache_clear()
    assert inside(found.curves[0][0], found.boxes[0], slack=0.1)
    assert inside(found.curves[0][-1], found.boxes[1], slack=0.1)
