"""Programs are few groups."""

from __future__ import annotations

from micrograd_dl.compiled import compile_graph
from micrograd_dl.compiled.lowering import differentiate, write_graph
from micrograd_dl.compiled.schedule import schedule
from micrograd_dl.compiled.tape import Tape
from micrograd_dl.engine.order import topological_order
from micrograd_dl.engine.value import Value


def test_what_derivatives_make_of_the_forward_pass_is_done_at_once() -> None:
    """Of a chain of n functions the local derivatives, 1 - a a, are two groups, not 2 n."""
    x = a = Value(0.5)
    for _ in range(6):
        a = a.tanh()
    tape = Tape()
    slot = tape.given(False)
    root = write_graph(tape, topological_order(a), {x: slot}, [a])[a]
    forward = len(tape)
    derivative = differentiate(tape, root, tape.one, [slot])[slot]
    program = schedule(tape, [root, derivative], [slot], forward)
    groups = [(group.operation.name, len(group), group.checked) for group in program.before]
    assert groups[:8] == [("tanh", 1, True)] * 6 + [("mul", 6, False), ("sub", 6, False)]
    assert [name for name, _, _ in groups[8:]] == ["mul"] * 5  # upstream times local, one by one


def test_a_graph_without_operations() -> None:
    x = Value(3.0)
    value, gradient = compile_graph(x, [])()
    assert (value, *gradient) == (3.0, 1.0)
