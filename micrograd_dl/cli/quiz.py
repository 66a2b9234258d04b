"""The quiz of ``micrograd-dl step``: the next number of the walk is hidden and asked for.

Its rules and its words are those of the practice on a player's page.
"""

from __future__ import annotations

import math
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from micrograd_dl.cli import presentation
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.foundation.numbers import number_or_none
from micrograd_dl.foundation.text import plural
from micrograd_dl.notation.expression import parse_names
from micrograd_dl.notation.numbers import number
from micrograd_dl.notation.steps import Contribute, Evaluate, Step

_CLOSE = 5e-4  # relatively: an answer has rounding errors of its own
_EPSILON = sys.float_info.epsilon
_SIGNS = str.maketrans({"−": "-", "–": "-", "∞": "inf", "×": "*", "·": "*", "÷": "/"})
INTRODUCTION = """\
The next number is hidden, and you are asked for it. Write 0.5, 1/2 or 2*0.25
as you like. hint gives the term in symbols, show the number; graph shows what
is known; stop ends the quiz."""
WORDS = ("hint", "show", "graph", "stop")


class Quiz:
    """Questions about the steps of a trace, from where it is; a trace at its end starts again."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._asked = self._right = self._hints = 0
        self._tries = self._hinted = 0  # at this question
        if trace.upcoming is None:
            trace.start()

    @property
    def is_over(self) -> bool:
        """Whether there is no step left to ask about."""
        return self._trace.upcoming is None

    def question(self) -> str:
        """What is asked for."""
        step = self._step
        name, at = step.notation.name(step.node), self._trace.position + 1
        if isinstance(step, Evaluate):
            return f"Step {at}: what is {name}?"
        if isinstance(step, Contribute):
            operand, gradient = step.notation.name(step.operand), step.notation.gradient(step.operand)
            return f"Step {at}: which number does the edge from {name} back to {operand} add to {gradient}?"
        return f"Step {at}: backprop begins. What is {step.notation.gradient(step.node)}?"

    def reply(self, line: str, width: int) -> Iterator[str]:
        """What is said to an answer, to ``hint`` or to ``show``; ``""`` has the question repeated."""
        if line == "hint":
            hints = _hints(self._step)
            yield hints[min(self._hinted, len(hints) - 1)]
            self._hints += self._hinted < len(hints)
            self._hinted += 1
        elif line == "show":
            self._asked += not self._tries
            yield from self._go_on("", width)
        elif not line:
            yield self.question()
        elif (answer := read_number(line)) is None:
            yield "That is no number: write 0.5, 1/2, 5e-1 or 2*0.25; or hint, show, graph or stop."
        else:
            self._asked += not self._tries
            self._tries += 1
            if is_right(answer, hidden(self._step)) or (answer == 0 and self._is_noise()):
                self._right += self._tries == 1 and not self._hinted
                yield from self._go_on("Right: ", width)
            else:
                yield f"{number(answer)} is not it: try again, or ask for a hint."

    def score(self) -> str:
        """The right answers and the hints."""
        hints = f", with {plural(self._hints, 'hint')}" if self._hints else ""
        return f"{self._right} of {self._asked} right at the first try{hints}."

    @property
    def _step(self) -> Step:
        step = self._trace.upcoming
        assert step is not None
        return step

    def _is_noise(self) -> bool:
        """Whether the number is not larger than the rounding errors in it, so that it may as well be 0."""
        *_, (found, error) = rounding_errors(islice(self._trace, self._trace.position + 1))
        return abs(found) <= error

    def _go_on(self, verdict: str, width: int) -> Iterator[str]:
        """Do the step, say it, and ask for the next."""
        yield verdict + presentation.sentence(self._step, width - len(verdict)).lstrip()
        self._trace.next()
        self._tries = self._hinted = 0
        yield "That was the last step." if self.is_over else self.question()


def hidden(step: Step) -> float:
    """The number that is asked for: data, the seed, or a term (not the sum that it is added to)."""
    if isinstance(step, Evaluate):
        return step.value
    return step.contribution if isinstance(step, Contribute) else step.gradient


def is_right(answer: float, expected: float) -> bool:
    """Whether an answer is the number as it is printed; or to three digits, unless both are whole."""
    if number(answer) == number(expected):  # also NaN, which equals nothing
        return True
    both_whole = answer.is_integer() and expected.is_integer()
    is_close = math.isclose(answer, expected, rel_tol=_CLOSE) or answer == float(f"{expected:.3g}")
    return is_close and not both_whole


def rounding_errors(steps: Iterable[Step]) -> Iterator[tuple[float, float]]:
    """The number that each step finds, and how far rounding may have moved it (NaN: this is not known).

    Each number is wrong by its last digit, and passes that on, by the slopes. 0.1 + 0.2 - 0.3 is 5.6e-17:

    >>> from micrograd_dl.notation.expression import parse
    >>> x, error = list(rounding_errors(Trace(parse("a + b - 0.3", a=0.1, b=0.2))))[1]
    >>> abs(x) <= error
    True
    """
    of_data: dict[Value, float] = {}
    of_gradient: defaultdict[Value, float] = defaultdict(float)
    for step in steps:
        node, error = step.node, math.nan
        values = [operand.data for operand in node.operands]
        errors = [of_data.get(operand, _EPSILON * abs(operand.data)) for operand in node.operands]
        last_digit = _EPSILON * abs(hidden(step))
        if isinstance(step, Evaluate):
            passed_on = (abs(slope) * e for slope, e in zip(node.slopes, errors, strict=True))
            error = of_data[node] = last_digit + sum(passed_on)
        elif isinstance(step, Contribute):
            assert node.op is not None
            moved = [x + e for x, e in zip(values, errors, strict=True)]
            with suppress(ValueError, ArithmeticError):
                of_local = node.op.local(step.index, node.op.evaluate(moved), moved) - step.local
                error = last_digit + abs(of_gradient[node] * step.local) + abs(step.upstream * of_local)
            of_gradient[step.operand] += error
        yield hidden(step), error


def read_number(text: str) -> float | None:
    """The number that somebody wrote, as 0.5, .5, 1/2, 5e-1, 0,5 or 3*2; None if it is none.

    >>> read_number("-1/4"), read_number("0,5"), read_number("2*(1 + .5)"), read_number("half")
    (-0.25, 0.5, 3.0, None)
    """
    text = text.strip().translate(_SIGNS)
    if "(" not in text:  # where a comma is between operands
        text = re.sub(r"(?<=\d),(?=\d)|^,(?=\d)", ".", text)
    found = number_or_none(text)
    with suppress(ValueError, ArithmeticError):
        return parse_names(text, {}).root.data if found is None else found
    return None


def _hints(step: Step) -> list[str]:
    """First the term in symbols, then how its numbers come about."""
    write = step.notation
    name, total = write.name(step.node), write.total(step.node)
    if isinstance(step, Evaluate):
        return [f"{name} = {write.formula(step.node)}", f"{name} = {write.numbers(step.node, step.operands)}"]
    if not isinstance(step, Contribute):
        return [f"{total} is the derivative of {name} by itself"]
    local, formula = write.local(step.node, step.index), write.local_formula(step.node, step.index)
    return [f"{total} * {local}", f"{local} = {formula}, since {name} = {write.formula(step.node)}"]
