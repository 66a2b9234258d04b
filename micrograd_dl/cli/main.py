"""The command ``micrograd-dl``: finds the command that is meant, carries it out, tells what went wrong.

Exit codes: 0 is fine; 1, the command failed, or the value of an option is refused; 2, the command line is not
understood, or the expression is wrong; 130, stopped by Ctrl-C; 141, nobody reads the output; 143, ended.
"""

from __future__ import annotations

import errno
import importlib
import os
import shlex
import signal
import sys
import warnings
from collections.abc import Collection, Sequence
from types import ModuleType
from typing import Any, NoReturn

from micrograd_dl import __version__
from micrograd_dl.cli.expression import UsageError
from micrograd_dl.cli.parser import Parser, usual_spelling
from micrograd_dl.cli.terminal import EXPECTED, adapt_streams, complain, on_signal, warn
from micrograd_dl.foundation.lookup import with_similar
from micrograd_dl.foundation.text import install_hint, message_of, required

# Each command is a module of this folder with two functions, `add_options(parser)` and `run(options)`; those
# on an expression are one module.
COMMANDS = {
    "step": "walk forwards and backwards, step by step, at a prompt",
    "play": "play the walk on a page, where every number is live",
    "draw": "save a picture of the computation graph",
    "check": "compare the gradient with numerical derivatives",
    "source": "write both passes as a Python function",
    "train": "train a network on a table or a built-in set of data",
    "predict": "use a trained network on new examples",
    "tune": "search the hyperparameters of a network",
    "lesson": "run a lesson of the course",
    "verify": "check the gradients of an engine of your own",
}
_ON_AN_EXPRESSION = ("step", "play", "draw", "check", "source")
_DESCRIPTION = """\
Walk through backpropagation of your own expression, one chain-rule term at a
time; train networks, and look into them."""
EXAMPLES = """\
examples:
  micrograd-dl step
  micrograd-dl step "u = b*c; v = a + u; J = 3*v" a=5 b=3 c=2
  micrograd-dl step --all "z = w*x + b; a = sigmoid(z)" w=0.5 x=2 b=-1
  micrograd-dl play "x*x + x" x=3 -o walk.html
  micrograd-dl draw "x*x + x" x=3 -o graph.svg
  micrograd-dl check "log(1 + exp(-y*z))" y=1 z=0.3
  echo "x**3 - 2*x" | micrograd-dl source - x=2
  micrograd-dl train moons --hidden 8,8

Exit codes: 0, fine; 1, it failed, or the value of an option is refused; 2, the
command line is not understood, or the expression is wrong."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default this process's, and return the exit code.

    >>> main(["check", "x*x", "x=3"])
    distance 0.0e+00 (step 1e-07): backprop is right
      dJ/dx  numerical            6   backprop            6
    0
    """
    adapt_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        # SIGTERM ends a command as an error does: files in the making are removed, processes ended.
        with warnings.catch_warnings(), on_signal(signal.SIGTERM, signal.SIG_DFL, _leave):
            # Without the line of source that Python adds, which says nothing to users.
            warnings.showwarning = lambda message, *_, **__: warn(" ".join(str(message).split()))
            code = _carry_out(words)
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse has said what was wrong, or shown its help
        return int(stop.code or 0)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # nobody reads the output any more, as in `| head`
        return 141
    except (UsageError, *EXPECTED) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
            error.filename = "standard output"  # all other files are named
        complain(f"micrograd-dl: {message_of(error)}")
        return 2 if isinstance(error, UsageError) else 1
    except MemoryError as error:  # NumPy's says how much memory; Python's own says nothing
        problem = f"there is not enough memory: ask for less ({error})"
        complain(f"micrograd-dl: {shlex.join(words):.200}: {problem}")
        return 1
    finally:
        try:
            sys.stdout.flush()
        except OSError:  # Python would try again at its exit, and complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _leave(*_: object) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)


def _carry_out(words: list[str]) -> int:
    """Find the command and its options, and do it."""
    if words[:1] == ["help"]:
        words = [*words[1:2], "--help"]
    first = words[0] if words else ""
    behind: list[str] = []  # the words behind --, where an expression may begin with a minus
    if first in _ON_AN_EXPRESSION and "--" in words:
        place = words.index("--")
        words, behind = words[:place], words[place + 1 :]
    parser, commands = command_line([first])
    if not words:
        parser.print_help(sys.stderr)
        return 2
    if first not in COMMANDS and not first.startswith("-"):
        parser.error(f"there is no command {with_similar(first, COMMANDS)}: micrograd-dl help lists them")
    options, unknown = parser.parse_known_args([usual_spelling(word) for word in words])
    if options.print_completion:
        return _print_completion(options.print_completion)
    if first in _ON_AN_EXPRESSION:
        # No positional arguments are declared: argparse would not let them stand on both sides of an
        # option, and would refuse an expression such as -a*b.
        options.words = unknown + behind
        unknown = [word for word in unknown if word.startswith("--")]
    if unknown:
        commands.get(first, parser).unknown(unknown)
    if first not in COMMANDS:  # nothing but --
        parser.error("the command is missing: micrograd-dl help lists them")
    code: int = _module(first).run(options)
    return code


def _module(command: str) -> ModuleType:
    name = "expression" if command in _ON_AN_EXPRESSION else command
    return importlib.import_module(f"{__package__}.{name}")


def command_line(complete: Collection[str]) -> tuple[Parser, dict[str, Parser]]:
    """The parsers of the command line and of its commands; only those in `complete` get their options."""
    parser = Parser(
        prog="micrograd-dl",
        usage="micrograd-dl COMMAND [ARGUMENT ...]",
        description=_DESCRIPTION,
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"micrograd-dl {__version__}")
    parser.add_argument(
        "--print-completion",
        choices=("bash", "zsh"),
        help="print what lets a shell complete commands and options",
    )
    branches: Any = parser.add_subparsers(
        dest="command", title="commands", metavar="COMMAND", parser_class=Parser
    )
    commands: dict[str, Parser] = {}
    for name, what in COMMANDS.items():
        commands[name] = branches.add_parser(name, help=what, prog=f"micrograd-dl {name}")
        if name in complete:
            _module(name).add_options(commands[name])
    branches.add_parser("help", help="explain a command: micrograd-dl help COMMAND")
    return parser, commands


def _print_completion(shell: str) -> int:
    shtab = required("shtab", "completion", install_hint("completion"))
    parser, _ = command_line(COMMANDS)
    sys.stdout.write(shtab.complete(parser, shell))
    return 0
