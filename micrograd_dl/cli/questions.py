"""The commands of the stepper that look and ask, and change nothing."""

from __future__ import annotations

import glob
import shutil
from collections.abc import Iterable, Mapping
from typing import IO, ClassVar

from micrograd_dl.cli import presentation
from micrograd_dl.cli.lookup import answer, find
from micrograd_dl.cli.prompt import Prompt
from micrograd_dl.cli.terminal import paint, wrapped
from micrograd_dl.cli.textgraph import text_graph
from micrograd_dl.engine.coerce import real_number, whole_number
from micrograd_dl.engine.value import Value
from micrograd_dl.explain.trace import Trace
from micrograd_dl.notation.source import to_source
from micrograd_dl.notation.steps import written_node

_NEARBY = 4  # steps that `list` shows on either side of the one just done


class Questions(Prompt):
    """A prompt that answers questions about a walk, at the moment where it is.

    Args:
        trace: the walk.
        script, stdout, stderr, colours: see :class:`micrograd_dl.cli.prompt.Prompt`.
    """

    groups: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "Look": {
            "print": "EXPR",
            "where": "",
            "list": "[FIRST [LAST]]",
            "graph": "",
            "draw": "FILE",
            "source": "",
        },
        "Ask": {"why": "[NODE]", "paths": "[NODE]", "nudge": "[NODE] [H]", "check": ""},
        **Prompt.groups,
    }
    short: ClassVar[Mapping[str, str]] = {"p": "print", "w": "where", "l": "list", **Prompt.short}

    def __init__(
        self,
        trace: Trace,
        script: Iterable[str] | None = None,
        stdout: IO[str] | None = None,
        stderr: IO[str] | None = None,
        colours: bool = False,
    ) -> None:
        super().__init__(script, stdout, stderr, colours)
        self.trace = trace

    # --- what the prompt says of itself ---------------------------------------------------------------

    def where_we_are(self) -> str:
        """The phase and the step, such as ``(forward 2/9)``."""
        return f"({presentation.phase(self.trace)} {self.trace.position}/{len(self.trace)}) "

    def is_name(self, text: str) -> bool:
        """Whether `text` is a node or a gradient."""
        try:
            find(self.trace, text)
        except KeyError:
            return False
        return True

    def show(self, text: str) -> None:
        """Print a name or an expression."""
        self.do_print(text)

    def words(self, command: str) -> Iterable[str]:
        """The names of nodes and, where they are meant too, of gradients."""
        names = self.trace.notation.names
        if command in ("why", "paths", "nudge", "watch", "unwatch"):
            return names.values()
        if command in ("print", "until", "break", "tbreak", ""):
            return [*names.values(), *map(self.trace.notation.gradient, names)]
        return super().words(command)

    @property
    def width(self) -> int:
        """The columns of the terminal, or 80."""
        return shutil.get_terminal_size().columns

    def tell(self, found: object) -> None:
        """Write something as text, its lines broken where they are too long."""
        self.say(wrapped(str(found), self.width))

    def node(self, text: str) -> Value:
        """The node that is meant by its name or its gradient's; without text, the one the last step wrote.

        Raises:
            KeyError: there is no such node.
            ValueError: there is no text, and no last step.
        """
        if text:
            return find(self.trace, text)[0]
        step = self.trace.current
        if step is None:
            raise ValueError(f"say which node: {self.trace.notation.listed()}")
        return written_node(step)

    # --- looking --------------------------------------------------------------------------------------

    def do_print(self, argument: str) -> None:
        """Show a name, a derivative or an expression.

        EXPR is arithmetic on nodes (u, or u.data) and derivatives (db, dJ/db, b.grad, du/db), such as
        dJ/du * du/db. Numbers are shown in full. The word print may be left out.
        """
        self.tell(answer(self.trace, argument))

    def do_where(self, argument: str) -> None:
        """Show all that is known by now.

        Each node has a line with its formula, its data and its gradient.
        """
        del argument
        self.say(self.trace.paper())

    def do_list(self, argument: str) -> None:
        """List the steps around here, or those asked for.

        The arrow marks the step just done; steps that are still to come have no numbers.
        """
        words = [whole_number(word) for word in argument.split()]
        if len(words) > 2:
            raise ValueError(f"list takes a first and a last step, not {argument:.40}")
        first = words[0] if words else self.trace.position - _NEARBY
        last = words[1] if len(words) == 2 else first + 2 * _NEARBY
        first, last = max(1, first), min(last, len(self.trace))
        if first > last:
            raise ValueError(f"there is nothing to list: the steps are 1 ... {len(self.trace)}")
        self.say(presentation.listing(self.trace, first, last, self.width, self.colours))

    def do_graph(self, argument: str) -> None:
        """Draw the graph in the terminal.

        It shows what is known by now; the arrow marks where the last step was.
        """
        del argument
        for line in text_graph(self.trace, self.width).splitlines():
            self.say(paint(line, "strong", self.colours and line.startswith("->")))

    def do_draw(self, argument: str) -> None:
        """Save a picture of the graph to a file.

        It shows what is known by now. The end of the name decides the format, such as .svg or .png.
        """
        from micrograd_dl import viz

        file = argument.strip("'\"")
        viz.draw(self.trace).save(file)
        self.say(f"Wrote {file}")

    def complete_draw(self, text: str, *_: object) -> list[str]:
        """The files that begin with `text`."""
        return glob.glob(glob.escape(text) + "*")

    def do_source(self, argument: str) -> None:
        """Show both passes as a Python function."""
        del argument
        self.say(to_source(self.trace.root).rstrip())

    # --- asking ---------------------------------------------------------------------------------------

    def do_why(self, argument: str) -> None:
        """Show every term of a gradient, with its reason.

        Without NODE it is about the gradient that the last step wrote.
        """
        self.tell(self.trace.why(self.node(argument)))

    def do_paths(self, argument: str) -> None:
        """Show a gradient as a sum over paths.

        A path leads from the result down to NODE, and its product has a factor for every edge.
        """
        self.tell(self.trace.paths(self.node(argument)))

    def do_nudge(self, argument: str) -> None:
        """Change a node a little; see what the result does.

        NODE is changed by H, 0.001 if left out, and nothing stays changed. What the result changes by,
        over H, is close to the derivative.
        """
        name, h = argument, "0.001"
        if not self.is_name(argument) and argument:
            name, _, h = argument.rpartition(" ")
        self.tell(self.trace.nudge(self.node(name.strip()), real_number(h)))

    def do_check(self, argument: str) -> None:
        """Compare all gradients with numerical ones."""
        del argument
        found = self.trace.check()
        self.tell(found)
        self.failures += not (found.ok and found.complete)
