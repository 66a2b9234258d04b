"""The command ``step``: walk through an expression, at a prompt or all at once."""

from __future__ import annotations

import argparse
import shutil
import sys

from micrograd_dl.cli.expression import describe, read_expression
from micrograd_dl.cli.parser import Parser
from micrograd_dl.cli.terminal import line_editing, wants_colours, write


def add_options(parser: Parser) -> None:
    """Add the command's options and its help."""
    describe(
        parser,
        "[--all] EXPR",
        """\
Walk through an expression, forwards and backwards, at a prompt like that of
pdb: Enter does the next step, help lists the commands. Commands can come from a
pipe as well; the exit code is 1 if one of them failed.""",
    )
    parser.add_argument("--all", action="store_true", help="print the whole walk, without a prompt")


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
    text, expression = read_expression(options)
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
