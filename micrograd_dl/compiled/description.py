"""A compiled program in words: what is done once, for every example, and with the means over them."""

from __future__ import annotations

from collections.abc import Sequence

from micrograd_dl.compiled.lowering import Lowered, lower
from micrograd_dl.compiled.recording import Recording
from micrograd_dl.compiled.schedule import flattened, levels_and_phases, live_slots
from micrograd_dl.compiled.tape import LINEAR, MEAN, Tape
from micrograd_dl.engine.value import Value
from micrograd_dl.notation.naming import free_name, unique_names
from micrograd_dl.notation.numbers import number_term


def described(recording: Recording, columns: Sequence[bool]) -> str:
    """The program that a graph becomes, line by line.

    Args:
        recording: the graph.
        columns: of each input, whether it is columns.

    >>> from micrograd_dl.compiled import compile_graph
    >>> from micrograd_dl.engine.value import Value
    >>> x, y, w, b = Value(1.0, "x"), Value(1.0, "y"), Value(2.0, "w"), Value(0.0, "b")
    >>> a = (w * x + b).tanh()
    >>> J = (a - y) ** 2 + 0.1 * w * w
    >>> a.label, J.label = "a", "J"
    >>> print(compile_graph(J, inputs=[x, y]).describe(True, True))
    Once:
        r = w * 0.1
    For every example:
        v = w * x + b
        a = tanh(v)
        p = a - y
        q = p * p
        J = q + r * w
        dp = p + p
        t = a * a
        t1 = 1 - t
        dv = dp * t1
    Over all examples:
        mean J = mean(J)
        dr = mean(w)
        db = mean(dv)
        t2 = mean(r + dv * x)
    Once, from the means:
        dw = dr * 0.1 + t2
    Result:
        J = mean J
    """
    lowered = lower(recording, columns)
    tape = lowered.tape
    order = live_slots(tape, lowered.wanted, flattened(tape)[1]).tolist()
    _, phases = levels_and_phases(tape, lowered.checked_below)
    names = _names(recording, lowered, order)
    # The derivative of the result by itself is 1, for every example.
    ones = {tape.one, lowered.derivatives.get(lowered.slots[recording.root], tape.one)}
    sections: dict[str, list[str]] = {}
    for slot in order:
        operation = tape.operations[slot]
        if operation is not None:
            title = _OVER_ALL if operation is MEAN else _TITLES[phases[slot]]
            sections.setdefault(title, []).append(f"{names[slot]} = {_formula(tape, slot, names, ones)}")
    result = [f"{_name(recording.root)} = {names[lowered.value]}"]
    result += [
        f"d{_name(p)} = {names[slot]}" for p, slot in zip(recording.parameters, lowered.gradient, strict=True)
    ]
    sections[_CONDITION] = [
        condition.text if condition.was or condition.relation == "is" else f"not {condition.text}"
        for condition in recording.conditions
    ]
    sections[_RESULT] = [line for line in result if line.split(" = ")[0] != line.split(" = ")[1]]
    titles = (_CONDITION, *_TITLES[:2], _OVER_ALL, _TITLES[2], _RESULT)
    return "\n".join(
        line
        for title in titles
        if sections.get(title)
        for line in (f"{title}:", *(f"    {line}" for line in sections[title]))
    )


_TITLES = ("Once", "For every example", "Once, from the means")
_CONDITION, _OVER_ALL, _RESULT = "Only if", "Over all examples", "Result"


def _name(node: Value) -> str:
    return node.label or "J"


def _names(recording: Recording, lowered: Lowered, order: Sequence[int]) -> dict[int, str]:
    """A name for each slot: the node's, d and that for a derivative, a constant's number, or t, t1, ..."""
    tape = lowered.tape
    names: dict[int, str] = {slot: number_term(x) for slot, x in tape.constants.items()}
    taken: set[str] = set()

    def call(slot: int, name: str) -> None:
        if slot not in names:
            names[slot] = free_name(name, taken)
            taken.add(names[slot])

    for node, name in unique_names(recording.order).items():
        if node in lowered.slots:
            call(lowered.slots[node], name)
    for slot, derivative in lowered.derivatives.items():
        if slot in names and slot not in tape.constants:
            call(derivative, f"d{names[slot]}")
    if lowered.value not in names:
        call(lowered.value, f"mean {names[lowered.slots[recording.root]]}")
    for slot in order:
        call(slot, "t" if tape.operations[slot] else "1")
    return names


def _formula(tape: Tape, slot: int, names: dict[int, str], ones: set[int]) -> str:
    """What a slot is computed by; factors that are 1 go without saying."""
    operation, operands = tape.operations[slot], tape.operands[slot]
    assert operation is not None
    if operation not in (LINEAR, MEAN):
        return operation.written([names[i] for i in operands])
    terms = []
    for i, j in zip(operands[::2], operands[1::2], strict=True):
        factors = [names[k] for k in (i, j) if k not in ones and k != tape.minus_one] or ["1"]
        terms.append("-" * (tape.minus_one in (i, j)) + " * ".join(factors))
    total = " + ".join(terms).replace("+ -", "- ")
    return f"mean({total})" if operation is MEAN else total
