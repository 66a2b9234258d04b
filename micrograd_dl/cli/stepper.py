"""The prompt of ``micrograd-dl step``: a debugger for backpropagation, with commands like those of pdb.

A command is an entry of the table at the end.
"""

from __future__ import annotations

import cmd
import glob
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import groupby, islice
from typing import IO, NamedTuple

from micrograd_dl.cli import presentation, signs
from micrograd_dl.cli.answers import answer
from micrograd_dl.cli.quiz import INTRODUCTION, WORDS, Quiz
from micrograd_dl.cli.terminal import EXPECTED, complain, paint, wrapped, write
from micrograd_dl.engine.ops import TABLE
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.foundation.lookup import with_similar
from micrograd_dl.foundation.numbers import real_number, whole_number
from micrograd_dl.foundation.text import message_of
from micrograd_dl.notation.numbers import number
from micrograd_dl.notation.source import to_source
from micrograd_dl.notation.steps import written_node

_HINT = """\
Enter does the next step, back undoes it, c goes on to the end, why explains it.
help lists all commands, help notation explains all signs, q leaves."""
_CONDITIONS = ("isnan", "isinf", "data", "grad", "abs(data)", "abs(grad)")


class Command(NamedTuple):
    """A command of the prompt; ``do`` gets the text of its arguments, and returns True to end the session."""

    takes: str  # its arguments; those in brackets may be left out
    about: str
    do: Callable[[Stepper, str], bool | None]
    more: str = ""  # more that `help` says about it
    moves: bool = False  # Enter does it again


class Stepper(cmd.Cmd):
    """A prompt that walks through a trace; ``run()`` opens it.

    Given a `script`, it takes lines of commands from there instead of a terminal. There is no prompt then, an
    empty line does nothing, ``#`` begins a comment, and :meth:`run` returns 1 if a command failed.
    """

    def __init__(
        self,
        trace: Trace,
        text: str = "",
        script: Iterable[str] | None = None,
        stdout: IO[str] | None = None,
        stderr: IO[str] | None = None,
        colours: bool = False,
    ) -> None:
        super().__init__(stdout=stdout)
        self.trace = trace
        self.text = text
        self.script = script
        self.stderr = stderr or sys.stderr
        self.colours = colours
        self.quiz: Quiz | None = None  # while there is one, lines are answers
        self._again = "step"  # the line that Enter carries out
        self._failures = 0
        self._line = 0  # the line of the script that is running

    def run(self) -> int:
        """Carry out commands to ``quit`` or the end of input; 1 if a command of a script failed, else 0."""
        if self.script is None:
            opening = presentation.opening(self.trace, self.text, self.width)
            self.say(opening, "", *signs.in_short(self.trace), "", _HINT, "")
            while True:
                try:
                    self.cmdloop()
                    return 0
                except KeyboardInterrupt:
                    self.say("", "Ctrl-D or q leaves.")
        for line in self.script:
            self._line += 1
            if line.strip() and not line.lstrip().startswith("#") and self.onecmd(line):
                break
        self._stop_quiz()
        return int(self._failures > 0)

    @property
    def width(self) -> int:
        """The columns of the terminal, or 80."""
        return shutil.get_terminal_size().columns

    def say(self, *lines: str) -> None:
        """Write some lines, broken where they are too long."""
        write(*(wrapped(line, self.width) for line in lines), stream=self.stdout, colours=self.colours)

    @property
    def prompt(self) -> str:  # type: ignore[override]  # cmd.Cmd only reads it
        """The phase and the step, such as ``(forward 2/9)``."""
        phase = presentation.pass_of(self.trace.current) if self.trace.upcoming else "end"
        phase = "quiz" if self.quiz else phase
        return f"({phase} {self.trace.position}/{len(self.trace)}) "

    def onecmd(self, line: str) -> bool:
        """Carry out one line; True if it was the last. A failure is reported, and the prompt goes on."""
        if line == "EOF":  # what cmd.Cmd makes of the end of input
            self.say("")
            return not self._stop_quiz()
        try:
            if self.quiz:
                return self._answer(self.quiz, line.strip())
            return self._carry_out(line.strip() or self._again)
        except BrokenPipeError:
            raise
        except EXPECTED as error:
            problem = message_of(error)
        self._failures += 1
        self.stdout.flush()
        where = "***" if self.script is None else f"line {self._line}:"
        colours = self.colours and self.script is None
        complain(paint(f"{where} {problem}", "wrong"), stream=self.stderr, colours=colours)
        return False

    def _carry_out(self, line: str) -> bool:
        name, argument = self.meant(line)
        command = COMMANDS[name]
        if argument and not command.takes:
            raise ValueError(f"{name} takes no argument: leave out {argument:.40}")
        if not argument and command.takes and not command.takes.startswith("["):
            raise ValueError(f"{name} needs an argument: {name} {command.takes} (help {name} says more)")
        if not argument and self.is_name(line):
            self.say(f"({line} is the command {name}; p {line} shows the node {line})")
        if command.moves:
            self._again = "step" if name == "restart" else line
        ends = bool(command.do(self, argument))
        if command.moves:
            self._arrive()
        return ends

    def meant(self, line: str) -> tuple[str, str]:
        """The command of a line, in full, and its argument; ``a = 6`` sets a leaf, a name is printed."""
        if re.match(r"\w+\s*=(?!=)", line):
            return "set", line
        # A word and an operator, as in b * c, is arithmetic.
        match = re.match(r"(\?|[A-Za-z]+(?!\S))\s*+(?![-+*/]+\s)(.*)", line, re.DOTALL)
        if match is None:
            return "print", line
        word, argument = match[1], match[2].strip()
        if word in COMMANDS or word in SHORT:
            return SHORT.get(word, word), argument
        if self.is_name(line):
            return "print", line
        raise ValueError(f"there is no command {with_similar(word, COMMANDS)}: help lists them all")

    # --- completion -----------------------------------------------------------------------------------

    def completenames(self, text: str, *_: object) -> list[str]:
        """The commands that begin with `text`, a space behind those that take something."""
        if self.quiz:
            return [word for word in WORDS if word.startswith(text)]
        return [name + " " * bool(it.takes) for name, it in COMMANDS.items() if name.startswith(text)]

    def completedefault(self, text: str, line: str, *_: object) -> list[str]:
        """The words that begin with `text` and can be an argument of the command on the line."""
        try:
            takes = COMMANDS[self.meant(line.strip())[0]].takes
        except ValueError:
            return []
        if takes == "FILE":
            return glob.glob(glob.escape(text) + "*")
        nodes = self.trace.notation.names
        names = [*nodes.values(), *map(self.trace.notation.gradient, nodes)]
        words: Mapping[str, Iterable[str]] = {
            "LEAF": [label for node, label in nodes.items() if node.is_leaf],
            "NODE": nodes.values(),
            "NAME": names,
            "EXPR": names,
            "WHAT": [*names, *TABLE, *_CONDITIONS],
            "COMMAND": [*COMMANDS, "notation"],
        }
        first = re.split(r"\W+", takes.lstrip("["))[0]
        return [word for word in words.get(first, ()) if word.startswith(text)]

    def is_name(self, text: str) -> bool:
        """Whether `text` is a node or a gradient."""
        with suppress(KeyError):
            return bool(self.trace.notation.find(text))
        return False

    def node(self, text: str) -> Value:
        """The node of that name, or of that gradient; without text, the node that the last step wrote."""
        if text:
            return self.trace.notation.find(text)[0]
        if self.trace.current is None:
            raise ValueError(f"say which node: {self.trace.notation.listed()}")
        return written_node(self.trace.current)

    # --- moving ---------------------------------------------------------------------------------------

    def _move(self, move: Callable[[], object]) -> None:
        """Move, and show the step just done there."""
        position, before = self.trace.position, self.trace.current
        move()
        step = self.trace.current
        if step is not None and self.trace.position != position:
            if presentation.pass_of(before) != presentation.pass_of(step):
                self.say(presentation.heading(step))
            self.say(presentation.sentence(step, self.width))

    def _walk(self, count: int) -> None:
        for _ in range(min(count, len(self.trace) - self.trace.position)):
            self._move(self.trace.next)

    def _next(self, argument: str) -> None:
        ahead = (self.trace.steps[at] for at in range(self.trace.position, len(self.trace)))
        nodes = groupby(ahead, key=lambda step: (type(step), id(step.node)))
        self._walk(sum(len(list(group)) for _, group in islice(nodes, _count(argument))))

    def _back(self, argument: str) -> None:
        for _ in range(min(_count(argument), self.trace.position)):
            step = self.trace.back()
            assert step is not None
            self.say(f"  {paint('undone:', 'faint')} {presentation.sentence(step, self.width).lstrip()}")

    def _continue(self, _: str) -> None:
        self._move(self.trace.resume)
        step = self.trace.current
        if step and (hit := [point.text for point in self.trace.breakpoints if point.hit(step)]):
            self.say(f"  breakpoint: {', '.join(hit)}")

    def _until(self, argument: str) -> None:
        before = self.trace.position
        self._move(lambda: self.trace.until(argument))
        if self.trace.position == before:
            raise ValueError(f"no step from here on writes {argument}: back or restart goes to earlier ones")

    def _arrive(self) -> None:
        """After a move: announce the start or the end of the walk, and show the watched nodes."""
        if self.trace.upcoming is None:
            self.say(f"The walk is complete: {presentation.outcome(self.trace)}")
        elif self.trace.current is None:
            self.say("This is the start: nothing is computed yet.")
        self.say(*(paint(f"  watch: {line}", "faint") for line in self.trace.watched()))

    def _break(self, argument: str) -> None:
        points = self.trace.breakpoints
        if same := [point for point in points if point.text == argument]:
            points.remove(same[0])
        elif argument:
            self.trace.break_at(argument)
        self.say(*(f"  {text}" for text in [point.text for point in points] or ["no breakpoints"]))

    def _watch(self, argument: str) -> None:
        watches = self.trace.watches
        if argument and (node := self.node(argument)) in watches:
            watches.remove(node)
        elif argument:
            self.trace.watch(node)
        self.say(*(f"  {line}" for line in self.trace.watched() or ["nothing is watched"]))

    def _set(self, argument: str) -> None:
        match = re.fullmatch(r"(.+?)(?:\s*=\s*|\s+)(\S+)", argument)
        if match is None:
            raise ValueError("set wants a leaf and its new number, such as set a 6")
        trace, root, notation = self.trace, self.trace.root, self.trace.notation
        node, data = self.node(match[1]), real_number(match[2])
        before, result = node.data, root.data
        trace.set(node, data)
        text = f"  {notation.name(node)}: {number(before)} -> {number(data)}"
        if node is not root and trace.data(root) is not None:
            text += f", and with it {notation.name(root)}: {number(result)} -> {number(root.data)}"
        self.say(text)
        if trace.current is not None:
            self.say(presentation.sentence(trace.current, self.width))

    # --- looking and asking ---------------------------------------------------------------------------

    def _graph(self, argument: str) -> None:
        from micrograd_dl import viz

        name, lines = argument, "100"
        if (match := re.fullmatch(r"(?:(.*)\s)?(\d+)", argument)) and not self.is_name(argument):
            name, lines = (match[1] or "").strip(), match[2]
        top = self.node(name) if name else self.trace.root
        drawn = viz.text(self.trace, self.width, _count(lines), top).splitlines()
        self.say(*(paint(line, "strong") if line.startswith("->") else line for line in drawn))
        if drawn[-1].startswith("An outline"):
            self.say("graph NODE draws what is below a node, graph 1000 up to 1,000 branches.")

    def _draw(self, argument: str) -> None:
        from micrograd_dl import viz

        file = argument.strip("'\"")
        viz.draw(self.trace).save(file)
        write(f"Wrote {file}", stream=self.stdout)

    def _nudge(self, argument: str) -> None:
        name, h = argument, "0.001"
        if argument and not self.is_name(argument):
            name, _, h = argument.rpartition(" ")
        self.say(str(self.trace.nudge(self.node(name.strip()), real_number(h))))

    def _check(self, _: str) -> None:
        found = self.trace.check()
        self.say(str(found))
        self._failures += not (found.ok and found.complete)

    def _explain(self, title: str, text: str) -> None:
        prose = textwrap.fill(text, min(78, self.width), initial_indent="  ", subsequent_indent="  ")
        self.say(title, *[prose] * bool(text))

    # --- the quiz -------------------------------------------------------------------------------------

    def _begin_quiz(self, _: str) -> None:
        self.quiz = Quiz(self.trace)
        self.say(INTRODUCTION, self.quiz.question())

    def _answer(self, quiz: Quiz, line: str) -> bool:
        if line in ("stop", "quit") or SHORT.get(line) == "quit":
            self._stop_quiz()
        elif line == "graph":
            self._graph("")
        else:
            self.say(*quiz.reply(line, self.width))
            if quiz.is_over:
                self._stop_quiz()
        return False

    def _stop_quiz(self) -> bool:
        """End the quiz with the count; whether there was one."""
        quiz, self.quiz = self.quiz, None
        if quiz:
            self.say(quiz.score())
        return quiz is not None

    def _help(self, argument: str) -> None:
        shorts = {name: [word for word, full in SHORT.items() if full == name] for name in COMMANDS}
        if argument == "notation":
            for sign, meaning in signs.in_full(self.trace):
                self._explain(paint(sign, "strong"), meaning)
            return
        if argument and (name := self.meant(argument)[0]) in COMMANDS:
            takes, about, _, more, _ = COMMANDS[name]
            short = f"   (short: {' or '.join(shorts[name])})" * bool(shorts[name])
            self._explain(f"{paint(f'{name} {takes}'.strip(), 'strong')}{short}\n  {about}", more)
            return
        for name, it in COMMANDS.items():
            self.say(f"  {''.join(shorts[name][:1]):3} {f'{name} {it.takes}':22} {it.about}")
        self.say("help COMMAND says more; help notation explains dv, du/db and all other signs.")


def _count(text: str) -> int:
    count = whole_number(text) if text else 1
    if count < 1:
        raise ValueError(f"a count is 1 or more, not {count}")
    return count


SHORT: Mapping[str, str] = {
    "s": "step", "n": "next", "c": "continue", "b": "break", "p": "print", "h": "help", "?": "help",
    "q": "quit", "exit": "quit",
}  # fmt: skip
# The first argument that a command takes, such as NODE, decides what is completed.
COMMANDS: Mapping[str, Command] = {
    "step": Command("[COUNT]", "Do one step: compute a node, or add a term.",
        lambda s, text: s._walk(_count(text)), "With a COUNT, do as many.", moves=True),
    "next": Command("[COUNT]", "Do all the steps of one node.", Stepper._next,
        "In the backward pass that is every term that the node passes on, one for each of its operands. With "
        "a COUNT, do it for as many nodes.", moves=True),
    "back": Command("[COUNT]", "Undo one step of the walk.", Stepper._back, "With a COUNT, undo as many.",
        moves=True),
    "continue": Command("", "Go on to the next breakpoint, or to the end.", Stepper._continue, moves=True),
    "until": Command("NAME", "Go on until a node or a gradient is written.", Stepper._until,
        "NAME is a node, such as u, or a gradient, such as db. Given again, it goes on to the next term.",
        moves=True),
    "restart": Command("", "Go back before the first step.", lambda s, _: s.trace.start(),
        "Breakpoints, watches and data stay as they are.", moves=True),
    "break": Command("[WHAT]", "Set or remove a breakpoint, or list all.", Stepper._break,
        "continue stops there. WHAT is a node (u), a gradient (db), an operation (mul), or a condition on "
        "what a step writes: data < 0, abs(grad) > 5, isnan. Given again, the breakpoint is removed."),
    "watch": Command("[NODE]", "Show a node after every move, or list all.", Stepper._watch,
        "Given again, the node is not shown any more."),
    "set": Command("LEAF NUMBER", "Give a leaf another number: set a 6, or a = 6.", Stepper._set,
        "All is computed again, and the walk stays at its step."),
    "print": Command("EXPR", "Show a name, a derivative or an expression.",
        lambda s, text: s.say(answer(s.trace, text)),
        "EXPR is arithmetic on nodes (u, or u.data) and derivatives (db, dJ/db, b.grad, du/db), such as "
        "dJ/du * du/db. Numbers are shown in full. The word print may be left out."),
    "graph": Command("[NODE] [COUNT]", "Draw the graph in the terminal.", Stepper._graph,
        "It shows what is known by now; the arrow marks where the last step was. With NODE it is drawn from "
        "there on. Of a large graph, COUNT branches are drawn, 100 if left out: those nearest to the top."),
    "draw": Command("FILE", "Save a picture of the graph to a file.", Stepper._draw,
        "It shows what is known by now. The end of the name decides the format, such as .svg or .png."),
    "source": Command("", "Show both passes as a Python function.",
        lambda s, _: write(to_source(s.trace.root).rstrip(), stream=s.stdout)),
    "why": Command("[NODE]", "Show every term of a gradient, with its reason.",
        lambda s, text: s.say(str(s.trace.why(s.node(text)))),
        "Without NODE it is about the gradient that the last step wrote."),
    "paths": Command("[NODE]", "Show a gradient as a sum over paths.",
        lambda s, text: s.say(str(s.trace.paths(s.node(text)))),
        "A path leads from the result down to NODE, and its product has a factor for every edge."),
    "nudge": Command("[NODE] [H]", "Change a node a little; see what the result does.", Stepper._nudge,
        "NODE is changed by H, 0.001 if left out, and nothing stays changed. What the result changes by, "
        "over H, is close to the derivative."),
    "check": Command("", "Compare all gradients with numerical ones.", Stepper._check),
    "quiz": Command("", "Be asked for the number of each next step.", Stepper._begin_quiz,
        "An answer is a number, written in any way, or arithmetic on numbers. hint gives the term in "
        "symbols, then how it comes about; show the number; stop or Ctrl-D ends the quiz with the count. At "
        "the end of the walk it begins at the start."),
    "help": Command("[COMMAND]", "List all commands, or explain one.", Stepper._help),
    "quit": Command("", "Leave; so does Ctrl-D.", lambda *_: True),
}  # fmt: skip
