from __future__ import annotations

import json
from typing import Literal

import pytest

from viz import layout, rendering
from viz.layout import Box, lay_out
from viz.scene import Card, Scene, Wire


def scene(count: int, *wires: Wire) -> Scene:
    cards = tuple(Card("input", (f"card {i}",), "", (), "") for i in range(count))
    return Scene(cards, wires, (), (), "")


def inside(point: tuple[float, float], box: tuple[float, float, float, float], slack: float) -> bool:
    return all(abs(point[i] - box[i]) <= box[i + 2] / 2 + slack for i in (0, 1))


def overlap(a: Box, b: Box) -> bool:
    return all((a[i + 2] + b[i + 2]) / 2 > abs(a[i] - b[i]) for i in (0, 1))


def test_boxes_have_their_sizes_and_do_not_overlap() -> None:
    cards = scene(4, Wire(0, 2), Wire(1, 2), Wire(2, 3))
    found = lay_out(cards)
    for card, box in zip(cards.cards, found.boxes, strict=True):
        assert box[2:] == (card.width, card.height)
        assert box[2] / 2 - 1 <= box[0] <= found.width - box[2] / 2 + 1
        assert box[3] / 2 - 1 <= box[1] <= found.height - box[3] / 2 + 1
    for i, one in enumerate(found.boxes):
        for other in found.boxes[:i]:
            assert not overlap(one, other)


def test_wires_lead_from_tail_to_head() -> None:
    found = lay_out(scene(3, Wire(0, 2), Wire(1, 2)))
    for curve, tail in zip(found.curves, (0, 1), strict=True):
        assert len(curve) % 3 == 1
        assert inside(curve[0], found.boxes[tail], slack=2)
        assert inside(curve[-1], found.boxes[2], slack=2)


def test_parallel_wires_are_apart() -> None:
    found = lay_out(scene(2, Wire(0, 1, "× 3", room=30, lines=2), Wire(0, 1, "× 3", room=30, lines=2)))
    first, second = found.curves
    assert first != second
    assert found.labels[0] is not None
    assert found.labels[1] is not None
    assert abs(found.labels[0][1] - found.labels[1][1]) > 30


def test_parallel_wires_end_at_the_sides_of_their_cards() -> None:
    """However steep they are: of seven cards the first is far above the one before them, the last below."""
    wires = [Wire(0, head) for head in range(1, 8) for _ in range(2)]
    found = lay_out(scene(8, *wires))
    for curve, wire in zip(found.curves, wires, strict=True):
        for end, card in ((curve[0], wire.tail), (curve[-1], wire.head)):
            assert inside(end, found.boxes[card], slack=1.5)
            assert not inside(end, found.boxes[card], slack=-1.5)


def test_text_stands_on_its_wire() -> None:
    found = lay_out(
        scene(3, Wire(0, 1, room=40, lines=2), Wire(1, 2, room=40, lines=2), Wire(0, 2, room=40, lines=2))
    )
    for curve, label in zip(found.curves, found.labels, strict=True):
        assert label is not None
        assert len(curve) % 3 == 1
        assert any(
            left[0] <= label[0] <= right[0] and left[1] == pytest.approx(label[1], abs=1)
            for left, right in zip(curve, curve[3:], strict=False)
        )


def test_no_wire_passes_the_text_of_another() -> None:
    """Three cards are each joined with three others, so that the wires have to cross."""
    wires = [Wire(tail, head, room=40, lines=2) for tail in range(3) for head in range(3, 6)]
    found = lay_out(scene(6, *wires))
    texts = [(*label, 40.0, 30.0) for label in found.labels if label is not None]
    assert len(texts) == 9
    for i, text in enumerate(texts):
        for curve in (*found.curves[:i], *found.curves[i + 1 :]):
            assert not any(inside(point, text, slack=0) for point in points(curve))


def test_the_more_wires_meet_the_more_room_they_have() -> None:
    def gap(count: int) -> float:
        boxes = lay_out(scene(count + 1, *(Wire(0, i + 1, room=40, lines=2) for i in range(count)))).boxes
        return boxes[1][0] - boxes[1][2] / 2 - boxes[0][0] - boxes[0][2] / 2

    assert gap(1) < gap(8) < gap(30) < 250


def points(curve: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    """Many points of a curve."""
    found = []
    for at in range(0, len(curve) - 1, 3):
        for t in (i / 16 for i in range(17)):
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            x, y = (sum(w * p[i] for w, p in zip(weights, curve[at : at + 4], strict=True)) for i in (0, 1))
            found.append((x, y))
    return found


def test_laid_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = scene(2, Wire(0, 1, "a"))
    found = lay_out(cards)
    monkeypatch.setattr(layout, "render", lambda *_: pytest.fail("laid out again"))
    assert lay_out(scene(2, Wire(0, 1, "b", state="back"))) is found


def test_an_edge_that_graphviz_drops_is_straight(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_edges(dot: str, format: Literal["json0"]) -> bytes:
        found = json.loads(rendering.built_in(dot, format))
        del found["edges"]
        return json.dumps(found).encode()

    layout._lay_out.cache_clear()
    monkeypatch.setattr(layout, "render", without_edges)
    found = lay_out(scene(2, Wire(0, 1)))
    layout._lay_out.cache_clear()
    assert inside(found.curves[0][0], found.boxes[0], slack=0.1)
    assert inside(found.curves[0][-1], found.boxes[1], slack=0.1)
