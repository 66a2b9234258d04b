"""A compiled program in words: the lines done once, for every example, and over all examples."""

from __future__ import annotations

from collections.abc import Sequence

from micrograd_dl.compiled.lowering import lower
from micrograd_dl.compiled.recording import Recording
from micrograd_dl.compiled.schedule import flattened, levels_and_phases, live_slots
from micrograd_dl.compiled.tape import LINEAR, MEAN, Tape
from micrograd_dl.notation.naming import free_name, unique_names
from micrograd_dl.notation.numbers import number_term

_OVER_ALL = "Over all examples"
_TITLES = ("Once", "For every example", _OVER_ALL, "Once, from the means")


def described(recording: Recording, columns: Sequence[bool]) -> str:
    """The program that a graph becomes, line by line, for inputs of which some are columns."""
    lowered = lower(recording, columns)
    tape = lowered.tape
    order = live_slots(
        tape, [lowered.value, *lowered.gradient, *lowered.outputs], flattened(tape)[1]
    ).tolist()
    phases = levels_and_phases(tape, lowered.checked_below)[1]
    names: dict[int, str] = {slot: number_term(x) for slot, x in tape.constants.items()}
    taken: set[str] = set()

    def call(slot: int, name: str) -> None:
        if slot not in names:
            names[slot] = free_name(name, taken)
            taken.add(names[slot])

    for node, name in unique_names(recording.order).items():
        if node in lowered.slots:
            call(lowered.slots[node], name)
    if tape.varies[lowered.slots[recording.root]]:
        names[lowered.given[-1]] = "1"  # the derivative of each example's result by itself
        call(lowered.value, f"mean {names[lowered.slots[recording.root]]}")
    for slot, derivative in lowered.derivatives.items():
        if slot in names and slot not in tape.constants:
            call(derivative, f"d{names[slot]}")
    sections: dict[str, list[str]] = {title: [] for title in _TITLES}
    for slot in order:
        operation = tape.operations[slot]
        if operation is not None:
            call(slot, "t")
            title = _OVER_ALL if operation is MEAN else (*_TITLES[:2], _TITLES[3])[phases[slot]]
            sections[title].append(f"{names[slot]} = {_formula(tape, slot, names)}")
    return "\n".join("\n    ".join([f"{title}:", *lines]) for title, lines in sections.items() if lines)


def _formula(tape: Tape, slot: int, names: dict[int, str]) -> str:
    """The formula of a slot; factors of 1 are left out."""
    operation, operands = tape.operations[slot], tape.operands[slot]
    assert operation is not None
    if operation not in (LINEAR, MEAN):
        return operation.written([names[i] for i in operands])
    terms = []
    for pair in zip(operands[::2], operands[1::2], strict=True):
        factors = [names[k] for k in pair]
        sign = "-" if "-1" in factors else ""
        terms.append(sign + (" * ".join(f for f in factors if f not in ("1", "-1")) or "1"))
    total = " + ".join(terms).replace("+ -", "- ")
    return f"mean({total})" if operation is MEAN else total
