"""The prompt of ``micrograd-dl step``: a debugger for backpropagation, with pdb's manners.

>>> import sys
>>> from micrograd_dl.notation.expression import parse
>>> trace = Trace(parse("u = b*c; v = a + u; J = 3*v", a=5, b=3, c=2))
>>> Stepper(trace, script=["until dc", "print dJ/du * du/dc"], stdout=sys.stdout).run()
Backward pass: from J back to the leaves
  dc += dJ/du * du/dc = 3 * 3 = 9   (dc: 0 -> 9)
The walk is complete: dJ/da = 3, dJ/db = 6, dJ/dc = 9
dJ/du * du/dc = 9
0
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import IO, ClassVar

from micrograd_dl.cli import presentation
from micrograd_dl.cli.lookup import find
from micrograd_dl.cli.questions import Questions
from micrograd_dl.cli.terminal import paint
from micrograd_dl.engine.coerce import real_number, whole_number
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Breakpoint, Trace
from micrograd_dl.notation.numbers import number
from micrograd_dl.notation.steps import Contribute, Evaluate, Step

_HINT = """\
Enter does the next step, back undoes it, c goes on to the end, why tells why.
help lists all commands, q leaves."""
_MOST_UNDONE = 1000
_CONDITIONS = ("isnan", "isinf", "data", "grad", "abs(data)", "abs(grad)")


class Stepper(Questions):
    """A prompt that walks through a trace; ``run()`` opens it.

    Args:
        trace: the walk. The commands move it, and ``set`` changes its leaves.
        text: the expression as it was given, for the opening.
        script, stdout, stderr, colours: see :class:`micrograd_dl.cli.prompt.Prompt`.
    """

    groups: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "Move": {
            "step": "[COUNT]",
            "next": "[COUNT]",
            "back": "[COUNT]",
            "continue": "",
            "rcontinue": "",
            "until": "NAME",
            "goto": "STEP",
            "restart": "",
        },
        "Stop": {
            "break": "[WHAT]",
            "tbreak": "WHAT",
            "clear": "[NUMBER ...]",
            "watch": "[NODE]",
            "unwatch": "[NODE]",
        },
        "Change": {"set": "LEAF NUMBER", "undo": ""},
        **Questions.groups,
    }
    short: ClassVar[Mapping[str, str]] = {
        "s": "step",
        "n": "next",
        "c": "continue",
        "cont": "continue",
        "unt": "until",
        "b": "break",
        "cl": "clear",
        **Questions.short,
    }
    repeated: ClassVar[frozenset[str]] = frozenset({"step", "next", "back", "continue", "rcontinue", "until"})

    def __init__(
        self,
        trace: Trace,
        text: str = "",
        script: Iterable[str] | None = None,
        stdout: IO[str] | None = None,
        stderr: IO[str] | None = None,
        colours: bool = False,
    ) -> None:
        super().__init__(trace, script, stdout, stderr, colours)
        self.text = text
        self.again = "step"
        self._for_once: list[Breakpoint] = []
        # What `undo` brings back: the position and, if a leaf was set, the leaf and its data.
        self._past: deque[tuple[int, Value | None, float]] = deque(maxlen=_MOST_UNDONE)

    def run(self) -> int:
        """Carry out commands, at a terminal after a short introduction; the exit code."""
        if self.script is None:
            self.say(presentation.opening(self.trace, self.text, self.width), "", _HINT, "")
        return super().run()

    def meant(self, line: str) -> tuple[str, str]:
        """The command and its argument; ``a = 6`` sets a leaf."""
        return ("set", line) if re.match(r"\w+\s*=(?!=)", line) else super().meant(line)

    def words(self, command: str) -> Iterable[str]:
        """Names of nodes, gradients, operations: whatever the command takes."""
        if command == "set":
            return [name for node, name in self.trace.notation.names.items() if node.is_leaf]
        if command in ("break", "tbreak"):
            return [*super().words(command), *TABLE, *_CONDITIONS]
        return super().words(command)

    # --- moving ---------------------------------------------------------------------------------------

    def do_step(self, argument: str) -> None:
        """Do one step: compute a node, or add a term.

        With a COUNT, do as many.
        """
        self._walk(_count(argument))

    def do_next(self, argument: str) -> None:
        """Do all the steps of one node.

        In the forward pass that is the computation of the node, as with step. In the backward pass it is
        every term that the node passes on, one for each of its operands. With a COUNT, do it for as many
        nodes.
        """
        steps, at = self.trace.steps, self.trace.position
        for _ in range(min(_count(argument), len(steps) - at)):
            first = steps[at] if at < len(steps) else None
            at += 1
            while at < len(steps) and _leave_one_node(first, steps[at]):
                at += 1
        self._walk(at - self.trace.position)

    def do_back(self, argument: str) -> None:
        """Undo one step of the walk.

        With a COUNT, undo as many. To take back a longer move at once, there is undo.
        """
        before = self.trace.position
        for _ in range(min(_count(argument), before)):
            step = self.trace.back()
            assert step is not None
            undone = presentation.sentence(step, self.width, self.colours).lstrip()
            self.say(f"  {paint('undone:', 'faint', self.colours)} {undone}")
        self._arrived(before)

    def do_continue(self, argument: str) -> None:
        """Go on to the next breakpoint, or to the end."""
        del argument
        self._jump(self.trace.resume)
        self._tell_breakpoints()

    def do_rcontinue(self, argument: str) -> None:
        """Go back to the last breakpoint, or to the start."""
        del argument
        self._jump(lambda: self.trace.resume(backwards=True))
        self._tell_breakpoints()

    def do_until(self, argument: str) -> None:
        """Go on until a node or a gradient is written.

        NAME is a node, such as u, or a gradient, such as db. Given again, it goes on to the next term.
        """
        before, target = self.trace.position, self._target(argument)
        self._jump(lambda: self.trace.until(target))
        if self.trace.position == before:
            raise ValueError(f"no step from here on writes {argument}: back or restart goes to earlier ones")

    def do_goto(self, argument: str) -> None:
        """Go to any step, forwards or backwards.

        STEP is the number of steps that are done there, or start, or end.
        """
        ends = {"start": 0, "end": len(self.trace)}
        position = ends[argument] if argument in ends else whole_number(argument)
        self._jump(lambda: self.trace.goto(position))
        self.again = "step"

    def do_restart(self, argument: str) -> None:
        """Go back before the first step.

        Breakpoints, watches and data stay as they are.
        """
        del argument
        self._jump(self.trace.start)
        self.again = "step"

    def _walk(self, count: int) -> None:
        """Do so many steps and tell each."""
        before = self.trace.position
        for _ in range(min(count, len(self.trace) - before)):
            previous = self.trace.current
            self._tell(previous, self.trace.next())
        self._arrived(before)

    def _jump(self, move: Callable[[], object]) -> None:
        """Move, and tell the step just done there."""
        before, previous = self.trace.position, self.trace.current
        move()
        if self.trace.position != before:
            self._tell(previous, self.trace.current)
        self._arrived(before)

    def _tell(self, previous: Step | None, step: Step | None) -> None:
        if step is None:
            return
        if previous is None or isinstance(previous, Evaluate) != isinstance(step, Evaluate):
            self.say(presentation.heading(step, self.colours))
        self.say(presentation.sentence(step, self.width, self.colours))

    def _arrived(self, before: int) -> None:
        """After a move: remember where it began; say if this is an end of the walk; show the watches."""
        if self.trace.position != before:
            self._past.append((before, None, 0.0))
        if self.trace.upcoming is None:
            self.tell(f"The walk is complete: {presentation.outcome(self.trace)}")
        elif self.trace.current is None:
            self.say("This is the start: nothing is computed yet.")
        for line in self.trace.watched():
            self.say(paint(f"  watch: {line}", "faint", self.colours))

    # --- stopping -------------------------------------------------------------------------------------

    def do_break(self, argument: str) -> None:
        """Set a breakpoint, or list them.

        continue stops there. WHAT is a node (u), a gradient (db), an operation (mul), or a condition on
        what a step writes: data < 0, abs(grad) > 5, isnan.
        """
        if argument:
            point, _ = self._break_at(argument)
            if point in self._for_once:  # from now on it is not
                self._for_once.remove(point)
        self._list_breakpoints()

    def do_tbreak(self, argument: str) -> None:
        """Set a breakpoint that stops only once.

        WHAT is the same as for break.
        """
        point, new = self._break_at(argument)
        if new:
            self._for_once.append(point)
        self._list_breakpoints()

    def do_clear(self, argument: str) -> None:
        """Remove breakpoints by their numbers, or all."""
        points = self.trace.breakpoints
        numbers = [whole_number(word) for word in argument.split()] or list(range(1, len(points) + 1))
        for unknown in set(numbers) - set(range(1, len(points) + 1)):
            raise ValueError(f"there is no breakpoint {unknown}: break lists them")
        points[:] = [point for count, point in enumerate(points, 1) if count not in numbers]
        self._list_breakpoints()

    def do_watch(self, argument: str) -> None:
        """Show a node after every move, or list them."""
        if argument:
            self.trace.watch(self.node(argument))
        self._list(self.trace.watched(), "nothing is watched")

    def do_unwatch(self, argument: str) -> None:
        """Stop showing a node, or all of them."""
        gone = [self.node(argument)] if argument else list(self.trace.watches)
        self.trace.watches[:] = [node for node in self.trace.watches if node not in gone]
        self._list(self.trace.watched(), "nothing is watched")

    def _break_at(self, argument: str) -> tuple[Breakpoint, bool]:
        """The breakpoint that is meant, and whether it is new; if it is not, that is told."""
        target = self._target(argument)
        for point in self.trace.breakpoints:
            if point.text == target:
                self.say(f"  {target} is a breakpoint already")
                return point, False
        return self.trace.break_at(target), True

    def _list_breakpoints(self) -> None:
        texts = [point.text + " (once)" * (point in self._for_once) for point in self.trace.breakpoints]
        self._list([f"{count}  {text}" for count, text in enumerate(texts, 1)], "no breakpoints")

    def _list(self, lines: list[str], nothing: str) -> None:
        self.say(*(f"  {line}" for line in lines or [nothing]))

    def _tell_breakpoints(self) -> None:
        """Say which breakpoints the step just done hits, and forget those that are for once."""
        step = self.trace.current
        hit = [point for point in self.trace.breakpoints if step is not None and point.hit(step)]
        if hit:
            self.say(f"  breakpoint: {', '.join(point.text for point in hit)}")
        for point in hit:
            if point in self._for_once:
                self._for_once.remove(point)
                self.trace.breakpoints.remove(point)

    def _target(self, text: str) -> str:
        """What a Trace takes for a node or a gradient, in any of their forms; other text as it is."""
        if not self.is_name(text):
            return text
        node, gradient = find(self.trace, text)
        return self.trace.notation.gradient(node) if gradient else self.trace.notation.name(node)

    # --- changing -------------------------------------------------------------------------------------

    def do_set(self, argument: str) -> None:
        """Give a leaf another number: set a 6, or a = 6.

        All is computed again, and the walk stays at its step.
        """
        match = re.fullmatch(r"(.+?)(?:\s*=\s*|\s+)(\S+)", argument)
        if match is None:
            raise ValueError("set wants a leaf and its new number, such as set a 6")
        node, data = self.node(match[1]), real_number(match[2])
        before = node.data
        self._set(node, data)
        self._past.append((self.trace.position, node, before))

    def do_undo(self, argument: str) -> None:
        """Take back the last move or set."""
        del argument
        if not self._past:
            raise ValueError("there is nothing to undo")
        position, node, data = self._past.pop()
        if node is not None:
            self._set(node, data)
        else:
            self._jump(lambda: self.trace.goto(position))
            self._past.pop()  # undo is not undone

    def _set(self, node: Value, data: float) -> None:
        trace, root, write = self.trace, self.trace.root, self.trace.notation
        before, result = node.data, root.data
        trace.set(node, data)
        told = f"  {write.name(node)}: {number(before)} -> {number(data)}"
        if node is not root and trace.data(root) is not None:
            told += f", and with it {write.name(root)}: {number(result)} -> {number(root.data)}"
        self.say(told)
        if trace.current is not None:
            self.say(presentation.sentence(trace.current, self.width, self.colours))


def _leave_one_node(first: Step | None, step: Step) -> bool:
    return isinstance(first, Contribute) and isinstance(step, Contribute) and step.node is first.node


def _count(text: str) -> int:
    count = whole_number(text) if text else 1
    if count < 1:
        raise ValueError(f"a count is 1 or more, not {count}")
    return count
