from __future__ import annotations

from typing import Any

import pytest

from micrograd_dl import nn
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from viz import draw, groups

X, Y = [[0.5, 1.0, -2.0], [0.25, 3.0, 4.0]], [[1, 0, 1]]


def cost(m: int, **options: Any) -> Value:
    model = nn.MLP(2, [3, 1], ["tanh", "sigmoid"], seed=1, **options)
    J = model.cost([row[:m] for row in X], [row[:m] for row in Y])
    J.backward()
    return J


@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"expanded": True}, {"l2": 0.1}, {"normalisation": "layer"}])
def test_groups_of_a_kind_do_not_overlap_and_leave_out_result_and_inputs(
    m: int, options: dict[str, Any]
) -> None:
    order = topological_order(cost(m, **options))
    inputs = groups.inputs(order)
    assert len(inputs) == 2 * m
    found = groups.groups(order)
    assert list(found) == ["neurons", "layers", *["examples"] * (m > 1), "loss"]
    for kind, of_kind in found.items():
        nodes = [node for group in of_kind for node in group.nodes]
        assert len(nodes) == len(set(nodes))
        assert not {order[-1], *inputs} & set(nodes)
        cards = groups.collapsed(order, [kind])
        assert sorted(map(order.index, (node for card in cards for node in card.nodes))) == [
            *range(len(order))
        ]


def test_expanded_sums_are_in_the_same_neurons() -> None:
    plain, expanded = (
        groups.groups(topological_order(cost(1, expanded=e)))["neurons"] for e in (False, True)
    )
    assert {group.name for group in plain} == {group.name for group in expanded}
    assert {len(group.nodes) for group in expanded} == {8, 10}  # 3 parameters, 2 products, 2 sums, tanh


@pytest.mark.parametrize("edges", [False, True])
@pytest.mark.parametrize("kinds", ["neurons", "layers", "examples", "loss", ("layers", "loss")])
def test_collapsed_pictures(kinds: Any, edges: bool) -> None:
    J = cost(2)
    picture = draw(J, collapse=kinds, edges=edges)
    assert picture.svg.startswith("<svg")
    assert "several nodes" in picture.svg
    assert len(picture.scene.cards) < 42
    trace = Trace(J)
    frames = []
    for position in range(0, len(trace), 7):
        trace.goto(position)
        frames.append(draw(trace, collapse=kinds, edges=edges).scene)
    assert len({tuple(card.size for card in frame.cards) for frame in frames}) == 1
    assert len({frame.legend for frame in frames}) == 1


def test_inputs_and_parameters_are_told_apart() -> None:
    cards = {card.name: card.kind for card in draw(cost(1)).scene.cards}
    assert cards["x1"] == cards["x2"] == "input"
    assert cards["W1[1,2]"] == cards["b2[1]"] == "parameter"
    of_layers = {card.name: card for card in draw(cost(1), collapse="neurons").scene.cards}
    rows = [row.value for row in of_layers["unit 1 of layer 1"].rows]
    assert rows[0] == "a1[1] = tanh(z1[1])"


def test_what_cannot_be_collapsed(course: Value) -> None:
    with pytest.raises(
        ValueError, match="collapse takes neurons, layers, examples, loss, or several of them"
    ):
        draw(course, collapse="units")
    with pytest.raises(ValueError, match="this graph has no layers to collapse"):
        draw(course, collapse="layers")
