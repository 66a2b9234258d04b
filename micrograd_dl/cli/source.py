"""The command ``source``: write an expression and its gradient as a Python function."""

from __future__ import annotations

import argparse

from micrograd_dl.cli.expression import describe, read_expression
from micrograd_dl.cli.parser import Parser
from micrograd_dl.cli.terminal import write


def add_options(parser: Parser) -> None:
    """Add the command's help."""
    describe(parser, "EXPR", "Write the forward and the backward pass as a Python function.")


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
    from micrograd_dl.notation.source import to_source

    _, expression = read_expression(options)
    write(to_source(expression.root).rstrip())
    return 0
