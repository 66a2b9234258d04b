"""What belongs together in the graph of a network: neurons, layers, examples, the loss.

It is read from the labels that the networks of `micrograd_dl.nn` give their nodes, which are the course's
names: ``a1[2](3)`` is unit 2 of layer 1 for example 3. In other graphs there are no groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from micrograd_dl.engine.value import Value

KINDS = "neurons", "layers", "examples", "loss"

_UNIT = re.compile(r"(?:z|z_norm|z_tilde|a|g)(\d+)\[(\d+)\](?:\((\d+)\))?")
_PARAMETER = re.compile(r"(?:W|b|gamma|beta)(\d+)\[(\d+)(?:,(\d+))?\]")
_LOSS = 0  # stands for the layer of what comes after the last layer


class Group(NamedTuple):
    """Nodes that belong together, under one name."""

    name: str
    nodes: list[Value]
    counts: tuple[str, ...] = ()  # lines that a picture has below the name, such as "+ (3)"


class _Place(NamedTuple):
    """Where in a network a node is; 0 where that does not apply, as for the example of a parameter."""

    example: int
    layer: int
    unit: int


def is_parameter(node: Value) -> bool:
    """Whether a leaf is a weight or a bias of a network."""
    return node.is_leaf and _PARAMETER.fullmatch(node.label) is not None


def inputs(order: Sequence[Value]) -> dict[Value, str]:
    """The constants that are inputs of a network, and their names: ``x1``, or ``x1(2)`` for example 2."""
    places = _places(order)
    found = {}
    for node in order:
        for weight, x in zip(node.operands, node.operands[1:], strict=False):
            parameter = _PARAMETER.fullmatch(weight.label) if x.is_constant and node in places else None
            if parameter and parameter[3] and parameter[1] == "1":
                example = places[node].example
                found[x] = f"x{parameter[3]}" + f"({example})" * bool(example)
    return found


def groups(order: Sequence[Value]) -> dict[str, list[Group]]:
    """The groups of a graph by their kind, of those kinds that it has; the groups of a kind do not overlap.

    The result of the graph and the inputs of a network are in none. A parameter that several examples share
    is in a group of parameters. `order` is topological.

    >>> from micrograd_dl import nn
    >>> from micrograd_dl.engine.order import topological_order
    >>> J = nn.MLP(2, [2, 1], ["tanh", "sigmoid"], seed=1).cost([[0.5], [0.25]], [[1]])
    >>> {kind: [group.name for group in found] for kind, found in groups(topological_order(J)).items()}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'neurons': ['unit 1 of layer 1', 'unit 2 of layer 1', 'unit 1 of layer 2'],
     'layers': ['layer 1', 'layer 2'], 'loss': ['loss']}
    """
    places = {node: place for node, place in _places(order).items() if node is not order[-1]}
    places |= _owned(order, places)
    several = any(place.example for place in places.values())
    found: dict[str, dict[str, list[Value]]] = {kind: {} for kind in KINDS}
    for node, (example, layer, unit) in places.items():
        if layer == _LOSS:
            names = {"loss": "loss" + f" of example {example}" * several}
        elif several and not example:
            names = {"neurons": f"parameters of unit {unit}, layer {layer}"}
            names |= dict.fromkeys(("layers", "examples"), f"parameters of layer {layer}")
        else:
            of = f", example {example}" * several
            names = {"neurons": f"unit {unit} of layer {layer}{of}", "layers": f"layer {layer}{of}"}
        if example:
            names["examples"] = f"example {example}"
        for kind, name in names.items():
            found[kind].setdefault(name, []).append(node)
    return {
        kind: [Group(name, nodes) for name, nodes in of_kind.items() if len(nodes) > 1]
        for kind, of_kind in found.items()
        if any(len(nodes) > 1 for nodes in of_kind.values())
    }


def collapsed(order: Sequence[Value], kinds: Iterable[str]) -> list[Group]:
    """The nodes in groups of these kinds, each other node by itself; of nested groups the largest.

    Raises:
        ValueError: there is no such kind, or the graph has no such groups.
    """
    there = groups(order)
    place: dict[Value, str] = {}  # the name of the group that a node is in
    for kind in sorted(kinds, key=lambda kind: kind != "examples"):
        if kind not in KINDS:
            raise ValueError(f"collapse takes {', '.join(KINDS)}, or several of them, not {kind!r}")
        if kind not in there:
            names = "the names that the networks of micrograd_dl.nn give their nodes, such as a1[2](3)"
            raise ValueError(f"this graph has no {kind} to collapse: they are found by {names}")
        for name, nodes, _ in there[kind]:
            for node in nodes:
                place.setdefault(node, name)
    found: dict[str, list[Value]] = {}
    for node in order:
        if node in place:
            found.setdefault(place[node], []).append(node)
    singles = [Group("", [node]) for node in order if node not in place]
    return [*(Group(name, nodes) for name, nodes in found.items()), *singles]


def _places(order: Sequence[Value]) -> dict[Value, _Place]:
    """Where the results of operations are in a network, as far as its labels and their uses tell."""
    places: dict[Value, _Place] = {}
    for node in order:
        if (unit := _UNIT.fullmatch(node.label)) and node.operands:
            places[node] = _Place(int(unit[3] or 0), int(unit[1]), int(unit[2]))
        elif node.operands and node is not order[-1] and not node.label:
            # A node computed from the outputs of one example alone is its loss.
            examples = {places[operand].example for operand in node.operands if operand in places}
            if len(examples) == 1:
                places[node] = _Place(examples.pop(), _LOSS, 0)
    # What only one unit uses is a part of it: the terms of a weighted sum, say.
    for node, users in reversed(_users(order).items()):
        place = _only_place(users, places)
        if node.operands and place and not _UNIT.fullmatch(node.label):
            places[node] = place
    return places


def _only_place(users: Iterable[Value], places: dict[Value, _Place]) -> _Place | None:
    """The place of all users, if they have the same."""
    used_by = {places.get(user) for user in users}
    return used_by.pop() if len(used_by) == 1 else None


def _owned(order: Sequence[Value], places: dict[Value, _Place]) -> dict[Value, _Place]:
    """The places of leaves and constants: with what alone uses them; parameters otherwise by themselves."""
    inputs_of_network = inputs(order)
    owned = {}
    for node, users in _users(order).items():
        if node.operands or node in inputs_of_network:
            continue
        if place := _only_place(users, places):
            owned[node] = place
        elif parameter := _PARAMETER.fullmatch(node.label):
            owned[node] = _Place(0, int(parameter[1]), int(parameter[2]))
    return owned


def _users(order: Sequence[Value]) -> dict[Value, list[Value]]:
    users: dict[Value, list[Value]] = {node: [] for node in order}
    for node in order:
        for operand in node.operands:
            users[operand].append(node)
    return users
