from __future__ import annotations

import json
from pathlib import Path

import pytest

from viz import layout, wasm
from viz.layout import along, lay_out
from viz.scene import LINE, Card, Row, Scene, Wire


def scene(count: int, *wires: Wire) -> Scene:
    cards = tuple(Card("input", (f"card {i}",), "", (), "") for i in range(count))
    return Scene(cards, wires, (), (), "")


def inside(point: tuple[float, float], box: tuple[float, float, float, float], slack: float) -> bool:
    return all(abs(point[i] - box[i]) <= box[i + 2] / 2 + slack for i in (0, 1))


def test_boxes_have_their_sizes_and_do_not_overlap() -> None:
    cards = scene(4, Wire(0, 2), Wire(1, 2), Wire(2, 3))
    found = lay_out(cards)
    for card, box in zip(cards.cards, found.boxes, strict=True):
        assert box[2:] == (card.width, card.height)
        assert box[2] / 2 - 1 <= box[0] <= found.width - box[2] / 2 + 1
        assert box[3] / 2 - 1 <= box[1] <= found.height - box[3] / 2 + 1
    for i, one in enumerate(found.boxes):
        for other in found.boxes[:i]:
            assert layout._common(one, other) == 0


def test_from_left_to_right() -> None:
    boxes = lay_out(scene(3, Wire(0, 1), Wire(1, 2))).boxes
    assert boxes[0][0] < boxes[1][0] < boxes[2][0]


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
    wires = [Wire(0, head, "× 1", room=40, lines=2) for head in range(1, 8) for _ in range(2)]
    found = lay_out(scene(8, *wires))
    for curve, wire in zip(found.curves, wires, strict=True):
        for end, card in ((curve[0], wire.tail), (curve[-1], wire.head)):
            assert inside(end, found.boxes[card], slack=1.5)
            assert not inside(end, found.boxes[card], slack=-1.5)


def test_many_parallel_wires_stay_together() -> None:
    found = lay_out(scene(2, *[Wire(0, 1)] * 100))
    assert len(set(found.curves)) == 100
    heights = [y for curve in found.curves for _, y in curve]
    assert max(heights) - min(heights) < 400


def test_text_on_a_wire_has_its_room() -> None:
    silent, spoken = (lay_out(scene(2, Wire(0, 1, room=room, lines=1))) for room in (0, 200))
    assert silent.labels == (None,)
    gap = spoken.boxes[1][0] - spoken.boxes[0][0] - spoken.boxes[0][2]
    assert gap > 200
    assert spoken.labels[0] is not None
    assert spoken.boxes[0][0] < spoken.labels[0][0] < spoken.boxes[1][0]


def test_text_on_a_wire_that_passes_a_card_does_not_cover_it() -> None:
    rows = (Row("data", "9", "data", 10.0), Row("grad", "1", "grad", 10.0))
    cards = tuple(Card("operation", (name,), "", rows, "") for name in "xuJ")
    wires = tuple(Wire(*ends, "× 3", room=30, lines=2) for ends in ((0, 1), (0, 1), (1, 2), (0, 2)))
    found = lay_out(Scene(cards, wires, (), (), ""))
    for label in found.labels:
        assert label is not None
        for box in found.boxes:
            assert layout._common((*label, 30.0, 2 * LINE), box) == 0


def test_texts_avoid_one_another_and_the_cards() -> None:
    crossing = layout._straight((0.0, 0.0), (300.0, 200.0)), layout._straight((0.0, 200.0), (300.0, 0.0))
    card = (150.0, 100.0, 60.0, 40.0)
    places = list(layout._labels((card,), crossing, ((0, 0, 40.0, 2), (0, 0, 40.0, 2))))
    boxes = [(*place, 40.0, 34.0) for place in places if place]
    assert len(boxes) == 2
    assert layout._common(*boxes) == layout._common(boxes[0], card) == layout._common(boxes[1], card) == 0


def test_texts_of_two_bundles_from_one_card_have_room() -> None:
    """As in ``(x * x) * (x + x)``: the inner edges bow towards each other."""
    rows = (Row("data", "9", "data", 10.0), Row("grad", "1", "grad", 10.0))
    cards = tuple(Card("operation", (name,), "", rows, "") for name in "xuv")
    wires = tuple(Wire(0, head, "× 2", room=30, lines=2) for head in (1, 1, 2, 2))
    found = lay_out(Scene(cards, wires, (), (), ""))
    texts = [(*label, 36.0, 2.0 * LINE) for label in found.labels if label is not None]
    assert len(texts) == 4
    for text in texts:
        assert not any(
            layout._common(text, box) for box in (*found.boxes, *(t for t in texts if t is not text))
        )


def test_text_stands_in_the_middle_where_nothing_is_in_the_way() -> None:
    line = layout._straight((0.0, 0.0), (300.0, 0.0))
    [place] = layout._labels((), [line], ((0, 1, 40.0, 2),))
    assert place == pytest.approx((144.0, 0.0), abs=8)


def test_laid_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = scene(2, Wire(0, 1, "a"))
    found = lay_out(cards)
    monkeypatch.setattr(layout, "render", lambda *_: pytest.fail("laid out again"))
    assert lay_out(scene(2, Wire(0, 1, "b", state="back"))) is found


def test_an_edge_that_graphviz_drops_is_straight(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_edges(dot: str, format: str) -> bytes:
        found = json.loads(wasm.run(dot, format))
        del found["edges"]
        return json.dumps(found).encode()

    layout._lay_out.cache_clear()
    monkeypatch.setattr(layout, "render", without_edges)
    found = lay_out(scene(2, Wire(0, 1)))
    layout._lay_out.cache_clear()
    assert inside(found.curves[0][0], found.boxes[0], slack=0.1)
    assert inside(found.curves[0][-1], found.boxes[1], slack=0.1)


def test_with_a_program(fake_dot: Path) -> None:
    layout._lay_out.cache_clear()
    by_program = lay_out(scene(3, Wire(0, 1), Wire(1, 2)))
    assert fake_dot.read_text() == "json0\n"
    layout._lay_out.cache_clear()
    assert by_program.boxes[0][0] < by_program.boxes[2][0]


def test_along_a_curve() -> None:
    long_and_short = (
        (0.0, 0.0),
        (30.0, 0.0),
        (60.0, 0.0),
        (90.0, 0.0),
        (93.0, 0.0),
        (97.0, 0.0),
        (100.0, 0.0),
    )
    for fraction, (x, y) in zip((0, 0.25, 0.5, 1), along(long_and_short, (0, 0.25, 0.5, 1)), strict=True):
        assert x == pytest.approx(100 * fraction)
        assert y == 0
    point = ((5.0, 5.0),) * 4
    assert along(point, (0.5,)) == [(5.0, 5.0)]
