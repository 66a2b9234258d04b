from __future__ import annotations

import itertools

from micrograd_dl.engine import ops
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from viz import draw
from viz.outline import measure
from viz.scene import Card

apply = Value.apply_operation


def layers(width: int = 20, depth: int = 2) -> Value:
    """A network whose neurons are single nodes."""
    xs = [Value(0.01 * i, f"x{i}") for i in range(width)]
    for layer in range(depth):
        xs = [
            apply(
                ops.affine, [*itertools.chain(*((Value(0.1 * (i - layer)), x) for x in xs)), Value(0.0)]
            ).tanh()
            for i in range(width)
        ]
    return apply(ops.sum, xs)


def chain(length: int) -> Value:
    total = Value(0.0, "start")
    for _ in range(length):
        total = total + 1.0
    return total


def rows(card: Card) -> list[str]:
    return [f"{row.title} {row.value}".strip() for row in card.rows]


def test_one_box_for_one_operation_at_one_depth() -> None:
    J = layers()
    J.backward()
    found = draw(J, limit=1).scene
    names = [card.name for card in found.cards]
    assert sorted(names) == ["J"] + ["inputs (420)", "inputs (440)"] + ["tanh (20)"] * 2 + ["w·x+b (20)"] * 2
    assert [card.kind for card in found.cards] == ["group"] * 6 + ["result"]
    edges = {(names[wire.tail], wire.texts[0]) for wire in found.wires}
    assert edges == {
        ("inputs (440)", "820 edges"),
        ("inputs (420)", "420 edges"),
        ("w·x+b (20)", "20 edges"),
        ("tanh (20)", "400 edges"),
        ("tanh (20)", "20 edges"),
    }


def test_a_box_shows_the_range_of_its_numbers() -> None:
    xs = [Value(float(x), f"x{x}") for x in (3, -1, 2)]
    J = apply(ops.sum, xs)
    J.backward()
    box = draw(J, limit=1).scene.cards[0]
    assert rows(box) == ["data -1 … 3", "grad 1"]
    xs[0].grad = float("nan")
    box = draw(J, limit=1).scene.cards[0]
    assert rows(box) == ["data -1 … 3", "grad 1 nan"]


def test_a_deep_graph_is_drawn_in_stages() -> None:
    found = draw(chain(3000)).scene
    assert len(found.cards) == 7
    assert found.cards[0].name == "depth 0 to 500"
    assert rows(found.cards[1]) == ["+ (500)", "numbers (500)", "data 501 … 1000", "grad 0"]
    assert [(wire.tail, wire.head) for wire in found.wires] == [(i, i + 1) for i in range(6)]


def test_the_picture_says_that_it_is_an_outline() -> None:
    picture = draw(chain(300))
    assert repr(picture) == "<picture: The graph of J in outline: 601 nodes, 600 edges>"
    for text in ("Outline of 601 nodes, 600 edges", "(the limit is 300): ", "limit=601", "several nodes"):
        assert text in picture.svg
    assert "Outline of 601 nodes" in picture.source
    assert "Outline" in draw(chain(20), limit=40).svg
    assert "Outline" not in draw(chain(20), limit=41).svg


def test_a_walk_in_outline() -> None:
    J = layers(8)
    trace = Trace(J)
    frames = []
    for position in (0, 5, 20, len(trace) // 2, len(trace)):
        trace.goto(position)
        frames.append(draw(trace, limit=10).scene)
    assert len({tuple(card.size for card in frame.cards) for frame in frames}) == 1
    first, last = (next(card for card in frames[i].cards if card.name == "tanh (8)") for i in (0, -1))
    assert (rows(first), first.known) == (["data", "grad"], False)
    assert last.known
    assert all(row.value for row in last.rows)
    assert sum(card.current for card in frames[3].cards) == 1
    assert [wire.state for wire in frames[3].wires].count("back") == 1
    assert {"this step", "not evaluated yet"} < {sample.text for sample in frames[0].legend}
    trace.goto(30)
    assert draw(trace, limit=10).svg.count("Step 30 of") == 1


def test_far_edges_count() -> None:
    w, b = Value(0.5, "w"), Value(0.1, "b")
    h = Value(1.0, "h")
    for _ in range(50):
        h = (w * h + b).tanh()
    depths, needed = measure(topological_order(h))
    assert len(depths) == 153
    # Along the chain 150 depths; from w and from b 1, 4, ... 148 each.
    assert needed == (150 + 2 * sum(range(1, 150, 3))) / 5
    assert "(the limit is 300, and edges that reach far count too): " in draw(h).svg
