"""The commands on an expression: ``step``, ``play``, ``draw``, ``check`` and ``source``."""

from __future__ import annotations

import argparse
import shutil
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from micrograd_dl.cli.parser import Parser, whole
from micrograd_dl.cli.terminal import edit_lines, wants_colours, warn, write
from micrograd_dl.foundation.numbers import number_or_none

if TYPE_CHECKING:
    from micrograd_dl.engine.value import Value
    from micrograd_dl.notation.expression import Expression

EXAMPLE = "u = b*c; v = a + u; J = 3*v"
EXAMPLE_VALUES = {"a": 5.0, "b": 3.0, "c": 2.0}
_CHECK = """\
Compare the gradient with numerical derivatives. The exit code is 1 if they
differ, or if a derivative could not be judged. At a kink, such as that of relu
at 0, the slope is a choice, which no difference can judge: it does not count as
a failure."""
_STEP = """\
Walk through an expression, forwards and backwards, at a prompt like that of
pdb: Enter does the next step, help lists the commands. Commands can come from a
pipe as well; the exit code is 1 if one of them failed."""
_PLAY = """\
Play the walk on a page, where every number is live: step, ask why, change the
variables, practise. It opens in the browser, or is written to a file (.html),
which needs nothing else and asks nothing of any network."""
_DRAW = """\
Save a picture of the computation graph, with data and gradients: as .svg, .png,
.pdf or .dot; as .html, the page of play. With --walk, save a picture of every
step instead: PATH is a folder for numbered pictures, or such as frames/step.png
for numbered PNGs, or a file that plays them, walk.gif or walk.svg."""
# For each command its options, as its usage shows them, and its description.
_HELP = {
    "step": ("[--all] ", _STEP),
    "play": ("[-o FILE] ", _PLAY),
    "draw": ("[options] -o FILE ", _DRAW),
    "check": ("", _CHECK),
    "source": ("", "Write the forward and the backward pass as a Python function."),
}
_EXPRESSION = f"""\
EXPR is arithmetic with + - * / ** and functions such as exp, log, tanh,
sigmoid, relu. Several statements have ";" between them, and the last one is the
result. Put it in quotes, or write - to read it from standard input. Each
variable gets a value: a=5, b=-3, c=1e-3, d=1/2, e=inf. Without EXPR it is the
course's example, "{EXAMPLE}" at a=5 b=3 c=2."""


class UsageError(Exception):
    """The command line or the expression is wrong; the message says how."""


def add_options(parser: Parser) -> None:
    """Add the options and the help of one of the commands, that of the parser."""
    command = parser.prog.split()[-1]
    options, parser.description = _HELP[command]
    parser.usage = f"{parser.prog} {options}[EXPR] [NAME=NUMBER ...]"
    parser.epilog = _EXPRESSION
    if command == "step":
        parser.add_argument("--all", action="store_true", help="print the whole walk, without a prompt")
    if command == "play":
        text = "such as J.html; without it, a browser opens"
        parser.add_argument("-o", "--output", metavar="FILE", help=text)
    if command == "draw":
        parser.add_argument("-o", "--output", metavar="FILE", help="such as J.svg, J.png or J.html")
        parser.add_argument("--walk", metavar="PATH", help="a picture of every step: a folder, or walk.gif")
        parser.add_argument("--step", metavar="N", type=whole, help="the picture after N steps of the walk")
        parser.add_argument("--edges", action="store_true", help="write on each edge what flows along it")
        text = "from inputs to result (right)"
        parser.add_argument("--direction", choices=("right", "down"), default="right", help=text)
        text = "most nodes to draw one by one (300)"
        parser.add_argument("--limit", metavar="N", type=whole, default=300, help=text)


def run(options: argparse.Namespace) -> int:
    """Carry out one of the commands and return the exit code."""
    text, expression = _read(options)
    root = expression.root
    if options.command == "step":
        return _step(options, text, root)
    if options.command == "play":
        return _play(options.output, root)
    if options.command == "draw":
        return _draw(options, root)
    if options.command == "source":
        from micrograd_dl.notation.source import to_source

        write(to_source(root).rstrip())
        return 0
    from micrograd_dl.gradcheck.graphs import check

    found = check(root)
    write(str(found))
    return 0 if found.ok and found.complete else 1


def _play(output: str | None, root: Value) -> int:
    from micrograd_dl import viz

    player = viz.play(root)
    if output is not None:
        player.save(output)
        write(f"Wrote {output}")
        return 0
    file = player.save(Path(mkdtemp(prefix="micrograd-dl-")) / "walk.html")
    if not webbrowser.open(file.as_uri()):
        warn(f"no browser was found: open {file} in one, or name a file with -o")
        return 1
    write(f"Opened {file}")
    return 0


def _draw(options: argparse.Namespace, root: Value) -> int:
    from micrograd_dl import viz
    from micrograd_dl.explain.trace import Trace

    looks: dict[str, Any] = {"edges": options.edges, "limit": options.limit, "direction": options.direction}
    if (options.output is None) == (options.walk is None):
        raise UsageError("draw writes -o FILE, or all steps with --walk PATH: give one of these")
    if options.walk is not None:
        if options.step is not None:
            raise UsageError("--step is one picture, --walk all of them: give one of these")
        write(f"Wrote {viz.animate(root, **looks).save(options.walk)}")
        return 0
    what: Value | Trace = root
    if options.step is None:
        root.backward()
    else:
        what = Trace(root)
        if not 0 <= options.step <= len(what):
            raise UsageError(f"--step is from 0 to {len(what)}, the steps of this walk, not {options.step}")
        what.goto(options.step)
    write(f"Wrote {viz.draw(what, **looks).save(options.output)}")
    return 0


def _step(options: argparse.Namespace, text: str, root: Value) -> int:
    from micrograd_dl.cli.presentation import whole_walk
    from micrograd_dl.cli.stepper import Stepper
    from micrograd_dl.explain.trace import Trace

    trace, colours = Trace(root), wants_colours(sys.stdout)
    if options.all:
        for line in whole_walk(trace, text, shutil.get_terminal_size().columns):
            write(line, colours=colours)
        return 0
    if sys.stdin is None or not sys.stdin.isatty():
        return Stepper(trace, text, script=sys.stdin or (), colours=colours).run()
    edit_lines()
    return Stepper(trace, text, colours=colours).run()


def _read(options: argparse.Namespace) -> tuple[str, Expression]:
    """The expression as it was given, and parsed."""
    from micrograd_dl.notation.expression import MAX_LENGTH, parse_names

    text, values = expression_and_values(options.words)
    if text == "-":
        if options.command == "step" and not options.all:
            raise UsageError("step reads commands from standard input: give the expression, or add --all")
        # No more than is needed to see that it is too much.
        text = sys.stdin.read(MAX_LENGTH + 1) if sys.stdin else ""
    try:
        expression = parse_names(text, values)
    except (ValueError, ArithmeticError) as error:
        raise UsageError(str(error)) from None
    if expression.unused:
        warn(f"not used: {', '.join(expression.unused)}")
    return text, expression


def expression_and_values(words: Sequence[str]) -> tuple[str, dict[str, float]]:
    """The expression among the words, or else the course's example, and the values."""
    values: dict[str, float] = {}
    texts = []
    for word in words:
        name, equals, text = (part.strip() for part in normalize("NFC", word).partition("="))
        number = _number(name, text) if equals and name.isidentifier() else None
        if number is None:
            texts.append(word)
        elif name in values:
            raise UsageError(f"{name} is given two values, {values[name]:g} and {number:g}")
        else:
            values[name] = number
    if len(texts) > 1:
        raise UsageError(
            f"{texts[1]!r} is not a value, such as a=5, b=-3, c=1e-3 or d=inf; "
            "if it belongs to the expression, put the whole expression in quotes"
        )
    if texts:
        return texts[0], values
    if unknown := ", ".join(name for name in values if name not in EXAMPLE_VALUES):
        variables = ", ".join(EXAMPLE_VALUES)
        raise UsageError(
            f"there is no expression, and the course's example has only {variables}, no {unknown}"
        )
    return EXAMPLE, EXAMPLE_VALUES | values


def _number(name: str, text: str) -> float | None:
    """The number, or the quotient of two, that a variable is given; None if it is neither."""
    if "," in text and number_or_none(point := text.replace(",", ".")) is not None:
        raise UsageError(f"{name}={text}: a number has a decimal point, {name}={point}")
    above, slash, below = text.partition("/")
    numbers = number_or_none(above), number_or_none(below) if slash else 1.0
    if numbers[0] is None or numbers[1] is None:
        return None
    if numbers[1] == 0:
        raise UsageError(f"{name}={text} divides by zero")
    return numbers[0] / numbers[1]
