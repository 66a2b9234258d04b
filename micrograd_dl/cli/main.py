"""The command ``micrograd-dl``: step through an expression, draw it, check its gradient, write it as source.

Exit codes: 0 is fine; 1, the check failed, a command of a script failed, a file could not be written, or the
value of an option is refused; 2, the command line is not understood, or the expression is wrong; 130, stopped
by Ctrl-C; 141, nobody reads the output.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shlex
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from micrograd_dl import __version__
from micrograd_dl.cli.terminal import (
    complain,
    line_editing,
    read_anything,
    wants_colours,
    write,
    write_stand_ins,
)
from micrograd_dl.engine.coerce import number_or_none
from micrograd_dl.output.text import message_of

if TYPE_CHECKING:
    from micrograd_dl.notation.expression import Expression

EXAMPLE = "u = b*c; v = a + u; J = 3*v"
EXAMPLE_VALUES = {"a": 5.0, "b": 3.0, "c": 2.0}

_TOP = """\
Walk through backpropagation of your own expression, one chain-rule term at a time.

commands:
  step      walk forwards and backwards through every step, at a prompt
  draw      save a picture of the computation graph
  check     compare the gradient with numerical derivatives
  source    write the forward and the backward pass as a Python function
  train     train a network on a table or a built-in set of data
  predict   use a trained network on new examples
  tune      search the hyperparameters of a network
  lesson    run a lesson of the course"""
_TOP_EXAMPLES = """\
examples:
  micrograd-dl step
  micrograd-dl step "u = b*c; v = a + u; J = 3*v" a=5 b=3 c=2
  micrograd-dl step --all "z = w*x + b; a = sigmoid(z)" w=0.5 x=2 b=-1
  micrograd-dl draw "x*x + x" x=3 -o graph.svg
  micrograd-dl check "log(1 + exp(-y*z))" y=1 z=0.3
  echo "x**3 - 2*x" | micrograd-dl source - x=2

micrograd-dl COMMAND --help says more of a command.
Exit codes: 0, fine; 1, it failed, or the value of an option is refused; 2, the
command line is not understood, or the expression is wrong."""
_EXPRESSION = f"""\
EXPR is arithmetic with + - * / ** and functions such as exp, log, tanh, sigmoid,
relu; several statements have ";" between them, and the last one is the result.
Put it in quotes, or write - to read it from standard input. Each variable gets a
value: a=5, b=-3, c=1e-3, d=inf. Without EXPR it is the course's example,
"{EXAMPLE}" at a=5 b=3 c=2."""
_STEP = """\
Walk through an expression, forwards and backwards, at a prompt with pdb's manners:
Enter does the next step, help lists the commands. Commands can come from a pipe as
well; the exit code is 1 if one of them failed."""
_DRAW = "Save a picture of the computation graph, with data and gradients."
_CHECK = """\
Compare the gradient with numerical derivatives. The exit code is 1 if they differ,
or if some derivative could not be judged. At a kink, as of relu at 0, the slope is
a choice that no difference can judge: beside others that are right it does no harm."""
_SOURCE = "Write the forward and the backward pass as a Python function."
_VALUE = re.compile(r"\s*([^\W\d]\w*)\s*=\s*(.*?)\s*", re.DOTALL)


class _UsageError(Exception):
    """The command line or the expression is wrong; the message says how."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line and return the exit code.

    Args:
        arguments: the words after the command's name; those of this process if left out.

    >>> main(["step", "--all", "x*x", "x=3"])
    x*x
    at x = 3
    <BLANKLINE>
    Forward pass: from the leaves to J
      J = x * x = 3 * 3 = 9
    <BLANKLINE>
    Backward pass: from J back to the leaves
      dJ = dJ/dJ = 1
      dx += dJ/dJ * ∂J/∂x[1] = 1 * 3 = 3   (dx: 0 -> 3)
      dx += dJ/dJ * ∂J/∂x[2] = 1 * 3 = 3   (dx: 3 -> 6)
    <BLANKLINE>
    Gradient of J
      dJ/dx = 6
    0
    """
    if sys.stdout is None:  # started with its output closed
        sys.stdout = io.StringIO()
    if sys.stderr is None:
        sys.stderr = io.StringIO()
    write_stand_ins(sys.stdout)
    write_stand_ins(sys.stderr)
    read_anything(sys.stdin)
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with _warnings_in_a_line():
            code = _carry_out(words)
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse has said what was wrong, or shown its help
        return int(stop.code or 0)
    except _UsageError as error:
        return _fail(str(error), 2)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever reads the output has had enough, as in `| head`
        return 141
    except (OSError, ValueError, ArithmeticError, RuntimeError, ImportError) as error:
        return _fail(message_of(error), 1)
    except MemoryError as error:  # of NumPy, which says how much it was; Python's own says nothing
        amount = f" ({error})" if str(error) else ""
        return _fail(f"{shlex.join(words):.200}: the memory does not suffice{amount}: ask for less", 1)
    finally:
        _leave_nothing_to_write()


@contextmanager
def _warnings_in_a_line() -> Iterator[None]:
    """Show warnings as this command does its own: a line of source would say nothing to those who run it."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        _warn(" ".join(str(message).split()))

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _warn(message: str) -> None:
    complain(f"micrograd-dl: warning: {message}")


def _fail(problem: str, code: int) -> int:
    complain(f"micrograd-dl: {problem}")
    return code


def _leave_nothing_to_write() -> None:
    """Drop what cannot be written; Python would try again at its exit, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _carry_out(arguments: list[str]) -> int:
    """Find the command and its options, read the expression, and do it."""
    if arguments and arguments[0] == "tune":
        from micrograd_dl.cli.searching import run as tune

        return tune(arguments[1:])
    if arguments and arguments[0] in _LEARNING:
        from micrograd_dl.cli.learning import run

        return run(arguments)
    if not arguments or arguments[0] not in _COMMANDS:
        return _no_command(arguments)
    name = arguments[0]
    usage, description, do = _COMMANDS[name]
    parser = _parser(f"micrograd-dl {name}", usage, description, _EXPRESSION)
    if name == "step":
        parser.add_argument("--all", action="store_true", help="print the whole walk, without a prompt")
    if name == "draw":
        parser.add_argument("-o", "--output", metavar="FILE", required=True, help="such as J.svg or J.png")
        parser.add_argument("--edges", action="store_true", help="write on each edge what flows along it")
    # No positional arguments are declared: argparse would not let them stand on both sides of an option, and
    # would refuse an expression such as -a*b.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options, words = parser.parse_known_args(arguments[1:end])
    for word in words:
        if word.startswith("--"):
            parser.error(f"there is no option {word}")
    text, values = _sorted_out(words + arguments[end + 1 :])
    if text == "-":
        if name == "step" and not options.all:
            raise _UsageError("step reads commands from standard input: give the expression, or add --all")
        text = _standard_input()
    return do(text, _expression(text, values), options)


def _no_command(arguments: list[str]) -> int:
    parser = _parser("micrograd-dl", "COMMAND [EXPR] [NAME=NUMBER ...]", _TOP, _TOP_EXAMPLES)
    parser.add_argument("--version", action="version", version=f"micrograd-dl {__version__}")
    parser.add_argument(
        "command", nargs="?", choices=[*_COMMANDS, *_LEARNING, "tune"], help=argparse.SUPPRESS
    )
    parser.parse_args(arguments)
    parser.print_help(sys.stderr)
    return 2


def _parser(name: str, usage: str, description: str, epilog: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=name,
        usage=f"{name} {usage}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


# --- the expression and its values ------------------------------------------------------------------


def _expression(text: str, values: dict[str, float]) -> Expression:
    from micrograd_dl.notation.expression import parse_names

    try:
        expression = parse_names(text, values)
    except (ValueError, ArithmeticError) as error:
        raise _UsageError(str(error)) from None
    if expression.unused:
        _warn(f"not used: {', '.join(expression.unused)}")
    return expression


def _standard_input() -> str:
    from micrograd_dl.notation.expression import MAX_LENGTH

    # No more than is needed to see that it is too much.
    return sys.stdin.read(MAX_LENGTH + 1) if sys.stdin else ""


def _sorted_out(words: Sequence[str]) -> tuple[str, dict[str, float]]:
    """The expression among the words of a command line, or else the course's example, and the values."""
    values: dict[str, float] = {}
    texts = []
    for word in words:
        match = _VALUE.fullmatch(word)
        number = number_or_none(match[2]) if match else None
        if match is None or number is None:
            texts.append(word)
        elif match[1] in values:
            raise _UsageError(f"{match[1]} is given two values, {values[match[1]]:g} and {number:g}")
        else:
            values[match[1]] = number
    if len(texts) > 1:
        raise _UsageError(
            f"{texts[1]!r} is not a value, such as a=5, b=-3, c=1e-3 or d=inf; "
            "if it belongs to the expression, put the whole expression in quotes"
        )
    if texts:
        return texts[0], values
    if unknown := [name for name in values if name not in EXAMPLE_VALUES]:
        raise _UsageError(
            f"there is no expression, and the course's example has no {', '.join(unknown)}: "
            f"its variables are {', '.join(EXAMPLE_VALUES)}"
        )
    return EXAMPLE, EXAMPLE_VALUES | values


# --- the commands -----------------------------------------------------------------------------------


def _step(text: str, expression: Expression, options: argparse.Namespace) -> int:
    from micrograd_dl.cli.presentation import whole_walk
    from micrograd_dl.cli.stepper import Stepper
    from micrograd_dl.explain.trace import Trace

    trace, colours = Trace(expression.root), wants_colours(sys.stdout)
    if options.all:
        for line in whole_walk(trace, text, shutil.get_terminal_size().columns, colours):
            write(line, colours=colours)
        return 0
    if sys.stdin is None or not sys.stdin.isatty():
        return Stepper(trace, text, script=sys.stdin or (), colours=colours).run()
    with line_editing():
        return Stepper(trace, text, colours=colours).run()


def _draw(text: str, expression: Expression, options: argparse.Namespace) -> int:
    from micrograd_dl import viz

    del text
    expression.root.backward()
    viz.draw(expression.root, edges=options.edges).save(options.output)
    write(f"Wrote {options.output}")
    return 0


def _check(text: str, expression: Expression, options: argparse.Namespace) -> int:
    from micrograd_dl.gradcheck.graphs import check

    del text, options
    found = check(expression.root)
    write(str(found))
    return 0 if found.ok and found.complete else 1


def _source(text: str, expression: Expression, options: argparse.Namespace) -> int:
    from micrograd_dl.notation.source import to_source

    del text, options
    write(to_source(expression.root).rstrip())
    return 0


_LEARNING = ("train", "predict", "lesson")  # these have their own room, learning_cli.py

# Of each other command: the usage, the description, and what does it.
_COMMANDS: dict[str, tuple[str, str, Callable[[str, Expression, argparse.Namespace], int]]] = {
    "step": ("[--all] [EXPR] [NAME=NUMBER ...]", _STEP, _step),
    "draw": ("[--edges] [EXPR] [NAME=NUMBER ...] -o FILE", _DRAW, _draw),
    "check": ("[EXPR] [NAME=NUMBER ...]", _CHECK, _check),
    "source": ("[EXPR] [NAME=NUMBER ...]", _SOURCE, _source),
}
