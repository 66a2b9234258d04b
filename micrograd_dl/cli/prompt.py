"""A prompt with pdb's manners: abbreviations, help, completion; errors are told and not raised."""

from __future__ import annotations

import cmd
import difflib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import IO, ClassVar

from micrograd_dl.cli.terminal import complain, paint, write
from micrograd_dl.output.text import message_of

_LEAVING = "Ctrl-D or q leaves."


class Prompt(cmd.Cmd):
    """Reads commands from a terminal or a script and calls the methods ``do_<command>``.

    The docstring of such a method is the command's help; its first line says what the command does.

    Args:
        script: lines of commands instead of a terminal. There is no prompt then, an empty line does
            nothing, ``#`` begins a comment, and :meth:`run` returns 1 if a command failed.
        stdout: where to write; ``sys.stdout`` if left out.
        stderr: where to write what was wrong with a command; ``sys.stderr`` if left out.
        colours: whether to write colours.

    Attributes:
        groups: every command and its arguments, in the order of ``help``. Arguments in brackets may be
            left out.
        short: abbreviations. Besides them, any beginning that only one command has will do.
        repeated: commands that Enter repeats.
        again: the line that Enter carries out.
        failures: how many commands failed.
    """

    groups: ClassVar[Mapping[str, Mapping[str, str]]] = {"Leave": {"help": "[COMMAND]", "quit": ""}}
    short: ClassVar[Mapping[str, str]] = {"h": "help", "q": "quit", "exit": "quit"}
    repeated: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        script: Iterable[str] | None = None,
        stdout: IO[str] | None = None,
        stderr: IO[str] | None = None,
        colours: bool = False,
    ) -> None:
        super().__init__(stdout=stdout)
        self.arguments = {name: takes for group in self.groups.values() for name, takes in group.items()}
        self.script = script
        self.stderr = stderr or sys.stderr
        self.colours = colours
        self.again = "help"
        self.failures = 0
        self._line = 0  # of the script

    # --- what a particular prompt says of itself ------------------------------------------------------

    def where_we_are(self) -> str:
        """The prompt."""
        return "> "

    def is_name(self, text: str) -> bool:
        """Whether `text` is the name of something to show."""
        del text
        return False

    def show(self, text: str) -> None:
        """Show what is meant by a line that is no command."""

    def words(self, command: str) -> Iterable[str]:
        """What the argument of `command` can be, for completion."""
        return self.arguments if command == "help" else ()

    # --- reading and carrying out ---------------------------------------------------------------------

    def run(self) -> int:
        """Carry out commands to ``quit`` or the end of input; 1 if a command of a script failed, else 0."""
        if self.script is not None:
            return self._run_script(self.script)
        while True:
            try:
                self.cmdloop()
                return 0
            except KeyboardInterrupt:
                self.say("", _LEAVING)

    def _run_script(self, script: Iterable[str]) -> int:
        for line in script:
            self._line += 1
            if line.strip() and not line.lstrip().startswith("#") and self.onecmd(line):
                break
        return int(self.failures > 0)

    def say(self, *lines: str) -> None:
        """Write some lines."""
        write(*lines, stream=self.stdout, colours=self.colours)

    def preloop(self) -> None:
        """Make the first prompt; cmd.Cmd calls this before it reads a line."""
        self.prompt = self._prompt()

    def postcmd(self, stop: bool, line: str) -> bool:
        """Make the prompt anew after each command."""
        del line
        self.prompt = self._prompt()
        return stop

    def onecmd(self, line: str) -> bool:
        """Carry out one line. What is wrong with it is told, not raised. True if it was the last."""
        if line == "EOF":  # what cmd.Cmd makes of the end of input
            self.say("")
            return True
        try:
            return self._carried_out(line.strip() or self.again)
        except BrokenPipeError:
            raise
        except (ValueError, ArithmeticError, LookupError, OSError, RuntimeError, ImportError) as error:
            self._tell_failure(message_of(error))
        return False

    def meant(self, line: str) -> tuple[str, str]:
        """The command that `line` begins with, in full, and its argument; no command if it is to be shown.

        Raises:
            ValueError: there is no such command, or there are several.
        """
        # A word and an operator, as in b * c, is arithmetic.
        match = re.match(r"(\?|[A-Za-z]+(?!\S))\s*+(?![-+*/]+\s)(.*)", line, re.DOTALL)
        if match is None:
            return "", line
        word, argument = match[1].replace("?", "help"), match[2].strip()
        if word in self.arguments or word in self.short:
            return self.short.get(word, word), argument
        begun = [name for name in self.arguments if name.startswith(word)]
        if len(begun) == 1:
            return begun[0], argument
        if self.is_name(line):
            return "", line
        if begun:
            raise ValueError(f"{word} could be {', '.join(begun[:-1])} or {begun[-1]}")
        near = difflib.get_close_matches(word, self.arguments, 1)
        raise ValueError(
            f"there is no command {word}: "
            + (f"{near[0]}, perhaps? " if near else "")
            + "help lists them all"
        )

    def _carried_out(self, line: str) -> bool:
        command, argument = self.meant(line)
        if not command:
            self.show(line)
            return False
        takes = self.arguments[command]
        if argument and not takes:
            raise ValueError(f"{command} takes no argument: leave out {argument:.40}")
        if not argument and takes and not takes.startswith("["):
            raise ValueError(f"{command} needs an argument: {command} {takes} (help {command} says more)")
        if command in self.repeated:
            self.again = line
        return bool(self._method(command)(argument))

    def _method(self, command: str) -> Callable[[str], bool | None]:
        method: Callable[[str], bool | None] = getattr(self, f"do_{command}")
        return method

    def _tell_failure(self, problem: str) -> None:
        self.failures += 1
        self.stdout.flush()
        text = f"*** {problem}" if self.script is None else f"line {self._line}: {problem}"
        colours = self.colours and self.script is None
        complain(paint(text, "wrong", colours), stream=self.stderr, colours=colours)

    def _prompt(self) -> str:
        readline = sys.modules.get("readline")
        if not self.colours or readline is None or "libedit" in (readline.__doc__ or ""):
            return self.where_we_are()
        # Readline has to be told which characters take no room.
        return re.sub(r"(\x1b\[\d+m)", "\001\\1\002", paint(self.where_we_are(), "strong"))

    # --- completion -----------------------------------------------------------------------------------

    def completenames(self, text: str, *_: object) -> list[str]:
        """The commands that begin with `text`, a space behind those that take something."""
        return [name + " " * bool(takes) for name, takes in self.arguments.items() if name.startswith(text)]

    def completedefault(self, text: str, line: str, *_: object) -> list[str]:
        """The words that begin with `text` and can be an argument of the command on the line."""
        try:
            command, _argument = self.meant(line.strip())
        except ValueError:
            return []
        return [word for word in self.words(command) if word.startswith(text)]

    # --- help and leaving -----------------------------------------------------------------------------

    def do_help(self, argument: str) -> None:
        """List all commands, or explain one."""
        command = self.meant(argument)[0] if argument else ""
        if not command:
            self._overview()
            return
        short = " or ".join(word for word, full in self.short.items() if full == command)
        head = f"{command} {self.arguments[command]}".strip()
        self.say(paint(head, "strong", self.colours) + (f"   (short: {short})" if short else ""))
        self.say(
            *(textwrap.indent(textwrap.fill(part, 76), "  ") for part in self._help(command).split("\n\n"))
        )

    def do_quit(self, argument: str) -> bool:
        """Leave; so does Ctrl-D."""
        del argument
        return True

    def _overview(self) -> None:
        shortest = {full: word for word, full in reversed(list(self.short.items()))}
        for group, commands in self.groups.items():
            self.say(paint(group, "strong", self.colours))
            for name, takes in commands.items():
                summary = self._help(name).partition("\n")[0]
                self.say(f"  {shortest.get(name, ''):3} {f'{name} {takes}':22} {summary}")
        self.say("Any beginning that only one command has will do. help COMMAND says more.")

    def _help(self, command: str) -> str:
        return inspect.getdoc(self._method(command)) or "(Python was started without docstrings.)"
